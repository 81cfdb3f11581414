"""Methods that no subclass may override."""

from __future__ import annotations

from typing import Any

__all__ = ["enable_final", "final"]


def final(*args: Any, **kwargs: Any) -> Any:
    """Marks a method as one that subclasses of an ``enable_final`` class may not override.

    Args:
        args: the method.
        kwargs: ``action``, the exception class to raise; TypeError if left out.
    """
    action = kwargs.pop("action", TypeError)
    if args:
        method = args[0]
        method._final_action = action
        return method
    return lambda method: final(method, action=action)


class _EnableFinal(type):
    def __new__(mcs, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> Any:
        for key in members:
            for base in bases:
                action = getattr(getattr(base, key, None), "_final_action", None)
                if action is not None:
                    raise action(f"{key!r} of {base.__name__} is final; {name} overrides it")
        return super().__new__(mcs, name, bases, members)


def enable_final(base: Any = (), meta_base: Any = ()) -> Any:
    """A base class that makes ``final`` hold in its subclasses.

    Args:
        base: base classes of the result.
        meta_base: base classes of its metaclass.
    """
    bases = base if isinstance(base, tuple) else tuple(base)
    metas = meta_base if isinstance(meta_base, tuple) else tuple(meta_base)
    metaclass = type("_EnableFinal", (_EnableFinal, *metas), {})
    return metaclass("base", bases, {})
