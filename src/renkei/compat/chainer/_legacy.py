"""Arguments that Chainer dropped long ago, and what it says to those who still give them.

With ``renkei run-chainer --era v1`` some of them mean again what they meant: see ``era_v1``.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LegacyError", "era", "is_on", "refuse_removed"]

era = "v7"  # "v1" after era_v1.enable()


class LegacyError(TypeError):
    """A TypeError in Chainer's words."""


def refuse_removed(function: str, given: dict[str, Any], **removed: str) -> None:
    """Raises for keyword arguments that a function does not take.

    Args:
        function: its name.
        given: the arguments that are left over.
        removed: for each argument that an older version took, what to do instead.

    >>> refuse_removed("relu", {})
    """
    for name, advice in removed.items():
        if name in given:
            raise ValueError(f"{name} argument is not supported anymore. {advice}")
    if given:
        names = ", ".join(repr(name) for name in sorted(given))
        raise LegacyError(f"{function}() got unexpected keyword argument(s) {names}")


def is_on(volatile: Any) -> bool:
    """Whether a ``volatile`` argument, a flag of Chainer 1, is on."""
    return volatile is True or str(volatile).lower() == "on"
