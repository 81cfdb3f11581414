"""Link: a plain object whose parameters, states and links are found by walking its attributes."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from renkei.core.config import current
from renkei.core.device import current_device, device_of, get_array_types, get_device
from renkei.core.errors import (
    DtypeError,
    RenkeiError,
    UsageError,
    describe,
)
from renkei.core.parameter import Parameter
from renkei.core.variable import Variable
from renkei.initializers import get_initializer

__all__ = ["Link", "State"]

_LEAVES = (str, bytes, int, float, complex, np.generic, np.ndarray)


class State:
    r"""Marks a value that is saved with a link but not trained.

    Assigned to an attribute of a link, it registers the attribute; the attribute itself holds the
    bare value, and what is assigned to it later stays registered.

    Args:
        value: an array, a number, a string, or None for an array that is made later.
        dtype: the dtype that a later array gets when it is loaded before it is made.

    Raises:
        DtypeError: the value is of another kind.

    >>> class Counter(rk.Link):
    ...     def __init__(self):
    ...         self.count = rk.State(np.zeros(()))
    ...     def forward(self, x):
    ...         self.count += 1
    ...         return x
    >>> counter = Counter()
    >>> counter(1), counter(2), counter.state()
    (1, 2, {'count': array(2.)})
    """

    __slots__ = ("dtype", "value")

    def __init__(self, value: Any, dtype: Any = None) -> None:
        kinds = (*get_array_types(), np.generic, int, float, str, type(None))
        if not isinstance(value, kinds):
            hint = "Use .array of it." if isinstance(value, Variable) else ""
            expected = "an array, a number, a string or None"
            raise DtypeError("State(value)", describe(value), expected, hint)
        self.value = value
        self.dtype = None if dtype is None else np.dtype(dtype)


class Link:
    r"""An object with parameters. Subclasses define ``forward``; calling the link calls it.

    Parameters, states, links, and lists, tuples and dicts of them are registered by assigning them
    to attributes. They are found by walking the attributes when somebody asks, so that a layer
    appended to a list later is seen. A link or parameter that is reached twice counts once. Their
    order is: the link's own parameters by name, then its links by name or index.

    Args:
        params: shapes of parameters to make, as in ``Link(W=(2, 3))``.

    >>> class Scale(rk.Link):
    ...     def __init__(self):
    ...         self.factor = rk.Parameter(3.0, ())
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(np.array(2.0, np.float32))
    variable(6.)
    >>> [path for path, _ in Scale().namedparams()]
    ['/factor']
    """

    # "always": whatever is assigned is registered; "init_scope": only inside that block.
    _registration: ClassVar[str] = "always"
    _shown: ClassVar[tuple[str, ...]] = ()  # the attributes that str() shows
    _sizes: ClassVar[tuple[str, ...]] = ()  # the attributes that error messages show
    _containers: ClassVar[
        tuple[str, ...]
    ] = ()  # attributes that hold links besides registered ones

    name: str | None = None
    _in_scope = False
    _states: dict[str, Any] = {}  # class-wide while empty: __init__ need not have run
    _registered: frozenset[str] = frozenset()
    _hooks: dict[str, Any] = {}
    _device: Any = None

    def __init__(self, **params: Any) -> None:
        for name, shape in params.items():
            self.add_param(name, shape)

    # -- calling -----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current().link_hooks or self._hooks:
            return self._observed(args, kwargs)
        try:
            return self.forward(*args, **kwargs)
        except RenkeiError as error:
            self._locate(error)
            raise

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the link's outputs; subclasses define it."""
        raise UsageError(
            f"{type(self).__name__} cannot be called",
            hint="Define forward(self, x) in the class.",
        )

    def _observed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        hooks = [*current().link_hooks, *self._hooks.values()]
        seen = SimpleNamespace(link=self, forward_name="forward", args=args, kwargs=kwargs)
        for hook in hooks:
            hook.forward_preprocess(seen)
        try:
            seen.out = self.forward(*args, **kwargs)
        except RenkeiError as error:
            self._locate(error)
            raise
        for hook in hooks:
            hook.forward_postprocess(seen)
        return seen.out

    def add_hook(self, hook: Any, name: str | None = None) -> Link:
        """Lets a LinkHook watch this link only; returns the link."""
        key = name or hook.name or type(hook).__name__
        if key in self._hooks:
            raise UsageError(f"hook {key} already exists", hint="Give the second one a name.")
        self._hooks = {**self._hooks, key: hook}
        hook.added(self)
        return self

    def delete_hook(self, name: str) -> None:
        """Takes a hook of this link away."""
        if name not in self._hooks:
            raise UsageError(f"hook {name} does not exist")
        self._hooks = dict(self._hooks)
        self._hooks.pop(name).deleted(self)

    def _locate(self, error: RenkeiError) -> None:
        """Adds to an error on its way up where it happened."""
        if not error.link:
            error.link = self._short()
        else:
            inner = error.__dict__.get("_at")
            paths = (path for path, link in self.namedlinks(skipself=True) if link is inner)
            error.place.extend(reversed(next(paths, "")[1:].split("/")) if inner else ())
        error._at = self  # type: ignore[attr-defined]

    def _short(self) -> str:
        sizes = [getattr(self, name, None) for name in self._sizes]
        shown = "→".join("?" if size is None else str(size) for size in sizes)
        return f"{type(self).__name__} {shown}".rstrip()

    # -- registration ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def init_scope(self) -> Iterator[None]:
        """A block for assigning parameters and links. Our own links register outside of it, too."""
        before = self._in_scope
        self._in_scope = True
        try:
            yield
        finally:
            self._in_scope = before

    @property
    def within_init_scope(self) -> bool:
        """Whether this runs inside the link's ``init_scope``."""
        return self._in_scope

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Parameter, Link)):
            self._register(name)
            if value.name is None:
                value.name = name
        elif value.__class__ is State:
            self._states = {**self._states, name: value.dtype}
            value = value.value
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._states = {k: v for k, v in self._states.items() if k != name}
        self._registered = self._registered - {name}

    def _register(self, name: str) -> None:
        if self._registration != "always" and self._in_scope:
            self._registered = self._registered | {name}

    def add_param(
        self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None
    ) -> None:
        """Makes a parameter and registers it; without a shape it is made by ``initialize``."""
        self._check_new(name)
        fill = get_initializer(initializer, np.nan, dtype)
        with self.init_scope():
            setattr(self, name, Parameter(fill, shape, name))

    def add_persistent(self, name: str, value: Any) -> None:
        """Registers a value that is saved but not trained; the same as assigning a State."""
        self._check_new(name)
        setattr(self, name, State(value))

    def register_persistent(self, name: str) -> None:
        """Makes an existing attribute one that is saved but not trained."""
        if not hasattr(self, name):
            raise UsageError(f"register_persistent({name!r})", "no such attribute")
        setattr(self, name, State(getattr(self, name)))

    def add_link(self, name: str, link: Link) -> None:
        """Registers a link under a name; the same as assigning it to the attribute."""
        self._check_new(name)
        with self.init_scope():
            setattr(self, name, _link(f"add_link({name!r}, link)", link))

    def _check_new(self, name: str) -> None:
        if name in self.__dict__ or hasattr(type(self), name):
            raise UsageError(
                f"cannot register {name!r} in {type(self).__name__}: attribute exists",
                hint="Choose another name, or assign to the attribute.",
            )

    # -- walking -----------------------------------------------------------------------------------

    def _parts(self) -> tuple[list[tuple[str, Parameter]], list[tuple[str, Link]]]:
        """The link's own parameters and links with their names, in order."""
        params: list[tuple[str, Parameter]] = []
        links: list[tuple[str, Link]] = []
        always = self._registration == "always"
        values = self.__dict__
        for name in sorted(values) if always else sorted(self._registered & values.keys()):
            _sort_out(name, values[name], params, links)
        return params, links

    def _walk(self, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Link]]:
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield path, self
        for name, link in self._parts()[1]:
            yield from link._walk(f"{path}/{name}", seen)

    def namedparams(self, include_uninit: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Yields pairs of a path such as ``/l1/W`` and a parameter."""
        seen = set()
        for path, link in self._walk():
            for name, param in link._parts()[0]:
                if id(param) not in seen and (include_uninit or param.is_initialized):
                    seen.add(id(param))
                    yield f"{path}/{name}", param

    def params(self, include_uninit: bool = True) -> Iterator[Parameter]:
        """Yields all parameters."""
        return (param for _, param in self.namedparams(include_uninit))

    def namedstates(self) -> Iterator[tuple[str, Any]]:
        """Yields pairs of a path such as ``/bn/avg_mean`` and the value of a state."""
        for path, link in self._walk():
            for name in sorted(link._states):
                yield f"{path}/{name}", getattr(link, name)

    def namedlinks(self, skipself: bool = False) -> Iterator[tuple[str, Link]]:
        """Yields pairs of a path such as ``/`` or ``/a/b`` and a link: this one and all below."""
        for path, link in self._walk():
            if path or not skipself:
                yield path or "/", link

    def links(self, skipself: bool = False) -> Iterator[Link]:
        """Yields this link and all below it."""
        return (link for _, link in self.namedlinks(skipself))

    def children(self) -> Iterator[Link]:
        """Yields the links directly below this one."""
        return (link for _, link in self._parts()[1])

    def count_params(self) -> int:
        """The number of trained values; warns of parameters that have no size yet."""
        open_ones = [path for path, p in self.namedparams() if not p.is_initialized]
        if open_ones:
            warnings.warn(f"not counted, not initialized: {', '.join(open_ones)}", UserWarning, 2)
        return sum(p.size for p in self.params(include_uninit=False))

    # -- gradients and training --------------------------------------------------------------------

    def cleargrads(self) -> None:
        """Forgets all gradients; call it before ``backward``."""
        for param in self.params():
            param._grad = None

    def zerograds(self) -> None:
        """Fills all gradients with zeros; ``cleargrads`` is cheaper."""
        for param in self.params(include_uninit=False):
            param.zerograd()

    def freeze(self) -> Link:
        """Computes no gradients for the parameters from now on; returns the link."""
        return self._set_requires_grad(False)

    def unfreeze(self) -> Link:
        """Computes gradients for the parameters again; returns the link."""
        return self._set_requires_grad(True)

    def _set_requires_grad(self, wanted: bool) -> Link:
        for param in self.params():
            param.requires_grad = wanted
        return self

    def enable_update(self) -> None:
        """Lets optimizers update all parameters, after ``optimizer.setup``."""
        self._set_enabled(True)

    def disable_update(self) -> None:
        """Stops optimizers from updating; gradients are still computed, unlike after ``freeze``."""
        self._set_enabled(False)

    def _set_enabled(self, enabled: bool) -> None:
        for param in self.params():
            if param.update_rule is not None:
                param.update_rule.enabled = enabled

    @property
    def update_enabled(self) -> bool:
        """Whether an optimizer updates at least one parameter."""
        rules = [param.update_rule for param in self.params()]
        return any(rule is not None and rule.enabled for rule in rules)

    # -- devices -----------------------------------------------------------------------------------

    @property
    def device(self) -> Any:
        """The device of the parameters and states; without any, where ``to_device`` sent them."""
        for param in self.params():
            return param.device if param.is_initialized else param._device
        for _, value in self.namedstates():
            if isinstance(value, get_array_types()):
                return device_of(value)
        return self._device or current_device()

    @property
    def xp(self) -> Any:
        """The array module of the link's device."""
        return self.device.xp

    def to_device(self, spec: Any) -> Link:
        """Moves parameters, gradients and states to a device; returns the link."""
        device = get_device(spec)
        for param in self.params():
            param.to_device(device)
        for link in self.links():
            link._move(device)
        return self

    def _move(self, device: Any) -> None:
        """Moves what is not a parameter; links with further arrays extend it."""
        self._device = device
        for name in self._states:
            value = getattr(self, name)
            if isinstance(value, get_array_types()):
                setattr(self, name, device.send(value))

    def to_cpu(self) -> Link:
        """Moves everything to the host; returns the link."""
        return self.to_device("@numpy")

    def to_gpu(self, device: Any = 0) -> Link:
        """Moves everything to a GPU; returns the link."""
        return self.to_device(device)

    # -- copies ------------------------------------------------------------------------------------

    def copy(self, mode: str = "share") -> Any:
        r"""Copies the link and all below it.

        Args:
            mode: ``"share"`` makes new parameters on the same arrays, with gradients of their own
                (one without an array yet is itself shared); ``"copy"`` copies the arrays, too;
                ``"init"`` copies and draws new first values.

        Raises:
            UsageError: another mode.
        """
        if mode not in ("share", "copy", "init"):
            raise UsageError("copy(mode)", repr(mode), "'share', 'copy' or 'init'")
        if mode == "share":
            twin = _share(self, {})
        else:
            twin = copy.deepcopy(self)
            for param in twin.params(include_uninit=False) if mode == "init" else ():
                param.initialize(param.shape)
                param._grad = None
        twin.name = None
        return twin

    def repeat(self, n_repeat: int, mode: str = "init") -> Any:
        r"""A Sequential of copies of this link.

        Args:
            n_repeat: how many.
            mode: what ``copy`` takes.

        >>> len(L.Linear(2, 2).repeat(3))
        3
        """
        from renkei.links.chain import Sequential  # chain.py builds on this module

        return Sequential(*(self.copy(mode) for _ in range(n_repeat)))

    def copyparams(self, link: Link, copy_persistent: bool = True) -> None:
        r"""Copies the values of another link of the same structure into this one's arrays.

        Args:
            link: where the values come from.
            copy_persistent: copy the states, too.

        Raises:
            UsageError: the other link lacks a parameter of this one.
            ShapeError: two arrays of one path differ in shape.
            UninitializedError: a parameter has values here but none there.
        """
        for _, param, other in self._pairs(link, "copyparams"):
            if param.is_initialized:
                param.copydata(other)
            elif other.is_initialized:
                param.array = param._device.send(other.array.copy())
        if copy_persistent:
            from renkei.links.state import load_states

            load_states(self, {path[1:]: value for path, value in link.namedstates()})

    def addgrads(self, link: Link) -> None:
        """Adds the gradients of another link of the same structure to this one's."""
        for _, param, other in self._pairs(link, "addgrads"):
            if other.grad is not None:
                if not param.is_initialized:
                    param.initialize(other.shape)
                param.addgrad(other)

    def _pairs(self, link: Link, call: str) -> list[tuple[str, Parameter, Parameter]]:
        mine, theirs = dict(self.namedparams()), dict(_link(call, link).namedparams())
        missing = [path for path in mine if path not in theirs]
        if missing:
            raise UsageError(f"{call}(link)", f"a link without {', '.join(missing)}")
        return [(path, param, theirs[path]) for path, param in mine.items()]

    # -- state -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        r"""Everything that is saved, as a flat mapping from path to array.

        Returns:
            The arrays themselves, not copies, under paths such as ``l1/W``; a number as an array of
            no axes, a string as str.

        Raises:
            UninitializedError: a parameter has no array yet.

        >>> sorted(rk.Chain(l1=L.Linear(2, 3)).state())
        ['l1/W', 'l1/b']
        """
        from renkei.links.state import state

        return state(self)

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        r"""Takes over what ``state`` gave, into the same arrays; open sizes are filled.

        Everything is checked first: after an error nothing has changed.

        Args:
            state: a mapping from path to array. Values are cast to the dtypes that are here.
            strict: refuse missing and unexpected keys.

        Raises:
            LoadError: keys are missing or unexpected, or shapes or dtypes do not fit; the message
                lists them.
        """
        from renkei.links.state import load_state

        load_state(self, state, strict)

    # -- what it looks like ------------------------------------------------------------------------

    @property
    def printable_specs(self) -> Iterator[tuple[str, Any]]:
        """Yields pairs of an argument of the class and its value, for ``str``."""
        return ((name, getattr(self, name)) for name in self._shown)

    def __str__(self) -> str:
        specs = ", ".join(f"{name}={value}" for name, value in self.printable_specs)
        lines = self._lines()
        if not lines:
            return f"{type(self).__name__}({specs})"
        body = "\n".join(f"({name}): {text}," for name, text in lines)
        return f"{type(self).__name__}({specs}\n  " + body.replace("\n", "\n  ") + "\n)"

    __repr__ = __str__

    def _lines(self) -> list[tuple[str, str]]:
        return [(name, str(link)) for name, link in self._parts()[1]]


def _link(call: str, value: Any) -> Link:
    if not isinstance(value, Link):
        raise DtypeError(call, describe(value), "a link")
    return value


def _sort_out(name: str, value: Any, params: list[Any], links: list[Any]) -> None:
    """Puts a value, or what a list, tuple or dict holds, where it belongs."""
    if isinstance(value, Link):
        links.append((name, value))
    elif isinstance(value, Parameter):
        params.append((name, value))
    elif isinstance(value, (list, tuple)):
        if value and not isinstance(value[0], _LEAVES):  # not through long lists of words
            for i, item in enumerate(value):
                _sort_out(f"{name}/{i}", item, params, links)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (Link, Parameter)):
                _sort_out(f"{name}/{key}", item, params, links)


def _share(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of links and parameters that shares their arrays; other values stay themselves."""
    if id(value) in memo:
        return memo[id(value)]
    result = value
    if isinstance(value, Link):
        result = memo[id(value)] = type(value).__new__(type(value))
        always = value._registration == "always"
        for name, item in value.__dict__.items():
            mine = always or name in value._registered or name in value._containers
            result.__dict__[name] = _share(item, memo) if mine else item
    elif isinstance(value, Parameter):
        if value.is_initialized:
            result = copy.copy(value)
            result._grad = None
    elif type(value) in (list, tuple) and value and not isinstance(value[0], _LEAVES):
        result = type(value)(_share(item, memo) for item in value)
    elif type(value) is dict:
        result = {key: _share(item, memo) for key, item in value.items()}
    memo[id(value)] = result
    return result
