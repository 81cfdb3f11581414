"""Update rules: what one parameter remembers between steps, and the step of all parameters.

``update_parameters`` sorts parameters into groups of one rule, dtype and device, and gives each
group to one kernel call. A parameter with hooks or hyper-parameters of its own steps by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from numpy import ndarray

from renkei.core.device import device_of, get_array_module, using_device
from renkei.core.dispatch import run
from renkei.core.errors import (
    ConfigError,
    DtypeError,
    RangeError,
    UninitializedError,
    UsageError,
    describe,
)
from renkei.core.parameter import Parameter
from renkei.core.variable import Leaf, tick

__all__ = ["Hyperparameter", "UpdateRule", "hyperparameter"]


class Hyperparameter:
    r"""Hyper-parameters by name; what is not set here is asked of the parent.

    A value may be a schedule, a callable ``t -> value`` of the number t of the update, the first
    one having t = 1.

    >>> from renkei.optimizers import Hyperparameter
    >>> shared = Hyperparameter()
    >>> shared.lr, shared.momentum = 0.1, 0.9
    >>> own = Hyperparameter(shared)
    >>> own.lr = 0.01
    >>> own
    Hyperparameter(lr=0.01, momentum=0.9)
    """

    __slots__ = ("__dict__", "_parent", "_t")

    def __init__(self, parent: Hyperparameter | None = None) -> None:
        object.__setattr__(self, "_parent", parent)
        object.__setattr__(self, "_t", None)  # the optimizer's count of updates

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self._parent is None:
            raise AttributeError(f"no hyper-parameter {name!r}")
        return getattr(self._parent, name)

    @property
    def parent(self) -> Hyperparameter | None:
        """Where values that are not set here come from."""
        return self._parent

    def get_dict(self) -> dict[str, Any]:
        """All values by name, the parents' included."""
        return {**(self._parent.get_dict() if self._parent else {}), **self.__dict__}

    def values(self, t: int) -> dict[str, Any]:
        """All values by name with schedules evaluated: at the optimizer's update, or else at t."""
        root: Any = self
        while root._parent is not None:
            root = root._parent
        now = t if root._t is None else root._t
        return {k: v(now) if callable(v) else v for k, v in self.get_dict().items()}

    def __repr__(self) -> str:
        pairs = sorted(self.get_dict().items())
        return f"Hyperparameter({', '.join(f'{k}={v}' for k, v in pairs)})"


def checked(name: str, value: Any) -> Any:
    """A hyper-parameter's value, unless it can be none."""
    if isinstance(value, str):
        raise DtypeError(f"{name}=...", describe(value), "a number or a schedule t -> number")
    if isinstance(value, (float, np.floating)) and np.isnan(value):
        raise RangeError(f"{name}=...", str(value), "a number")
    return value


class hyperparameter:
    r"""Declares an attribute of an optimizer as a hyper-parameter.

    It is read from and written to ``optimizer.hyperparam``, which all update rules ask.

    >>> from renkei.optimizers import GradientMethod, hyperparameter
    >>> class Mine(GradientMethod):
    ...     lr = hyperparameter()
    >>> optimizer = Mine(lr=0.1)
    >>> optimizer.lr = 0.2
    >>> optimizer.hyperparam
    Hyperparameter(lr=0.2)
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self.__doc__ = f"The hyper-parameter {name}: a number, or a schedule t -> number."

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        return self if optimizer is None else getattr(optimizer.hyperparam, self._name)

    def __set__(self, optimizer: Any, value: Any) -> None:
        setattr(optimizer.hyperparam, self._name, checked(self._name, value))


class HookList:
    """Hooks by name and time, in the order they were added."""

    __slots__ = ("hooks",)

    def __init__(self) -> None:
        self.hooks: dict[str, tuple[str, Callable[..., Any]]] = {}

    def add(self, hook: Callable[..., Any], name: str | None, timing: str) -> None:
        if not callable(hook):
            raise ConfigError("add_hook(hook)", repr(hook), "a callable")
        if timing == "auto":
            timing = getattr(hook, "timing", "pre")
        if timing not in ("pre", "post"):
            raise ConfigError("add_hook(hook, timing=...)", repr(timing), "'pre', 'post' or 'auto'")
        name = name or getattr(hook, "name", None) or getattr(hook, "__name__", None)
        if not name:
            raise ConfigError("add_hook(hook)", "a hook without a name", "add_hook(hook, name=...)")
        if name in self.hooks:
            raise UsageError(f"hook {name!r} already exists", hint="Give the second one a name.")
        self.hooks[name] = timing, hook

    def remove(self, name: str) -> None:
        if name not in self.hooks:
            have = ", ".join(map(repr, self.hooks)) or "none"
            raise UsageError(f"remove_hook({name!r})", "no such hook", f"one of: {have}")
        del self.hooks[name]

    def at(self, timing: str) -> list[Callable[..., Any]]:
        return [hook for when, hook in self.hooks.values() if when == timing]


class UpdateRule:
    r"""How one parameter is updated, and what that remembers: its count t and its state arrays.

    A rule is three things: ``init(p)`` makes the state, ``scalars(t)`` computes the numbers of the
    t-th update, and ``apply(p, g, state, scalars)`` writes the new p and state in place.

    Args:
        parent_hyperparam: where hyper-parameters come from that are not set for this parameter.

    >>> from renkei.optimizers import GradientMethod, UpdateRule
    >>> class SignRule(UpdateRule):
    ...     def scalars(self, t):
    ...         return {"lr": self.hyperparam.values(t)["lr"] / t}
    ...     def apply(self, p, g, state, scalars):
    ...         p -= scalars["lr"] * np.sign(g)
    >>> class Sign(GradientMethod):
    ...     rule = SignRule
    ...     def __init__(self, lr=0.1):
    ...         super().__init__(lr=lr)
    >>> model = rk.Link(w=2)
    >>> model.w.array[...] = 1
    >>> model.w.grad = np.array([3, -4], np.float32)
    >>> Sign().setup(model).update()
    >>> model.w.array
    array([0.9, 1.1], dtype=float32)
    """

    op: ClassVar[str] = ""  # the kernel that updates a whole group; none: ``apply`` one by one
    keys: ClassVar[tuple[str, ...]] = ()  # the names of the state arrays, as they are saved
    names: ClassVar[tuple[str, ...]] = ()  # the hyper-parameters that the kernel wants as they are

    def __init__(self, parent_hyperparam: Hyperparameter | None = None) -> None:
        self.hyperparam = Hyperparameter(parent_hyperparam)
        self.enabled = True
        self.t = 0
        self.state: dict[str, Any] | None = None
        self.loss_scale = 1.0  # what gradients are multiplied by when hooks see them
        self.master: Any = None  # the float32 copy of a float16 parameter
        self._fp32 = False
        self._home: Any = None  # where the state is: ndarray, or a GPU; None: not made yet
        self._hooks = HookList()

    # -- the rule ----------------------------------------------------------------------------------

    def init(self, p: Any) -> dict[str, Any]:
        """The state arrays before the first update of the array p: zeros."""
        xp = get_array_module(p)
        return {key: xp.zeros_like(p) for key in self.keys}

    def scalars(self, t: int) -> dict[str, Any]:
        """The numbers that the t-th update needs, by name."""
        values = self.hyperparam.values(t)
        return {name: values[name] for name in self.names}

    def apply(self, p: Any, g: Any, state: dict[str, Any], scalars: dict[str, Any]) -> None:
        """Writes the updated p and state into the arrays themselves."""
        if not self.op:
            raise UsageError(f"{type(self).__name__} has no apply(p, g, state, scalars)")
        columns = [[state[key]] for key in self.keys]
        self.fused([p], [g], columns, scalars)

    def fused(self, ps: list[Any], gs: list[Any], columns: list[Any], scalars: Any) -> None:
        """Updates a whole group by one kernel call. ``columns`` are the state arrays by key."""
        run(self.op, ps, gs, *columns, **scalars)

    # -- one parameter -----------------------------------------------------------------------------

    def update(self, param: Parameter) -> None:
        """Updates one parameter along its gradient, with the rule's hooks, unless disabled."""
        update_parameters([param], rules=[self])

    def _alone(self, param: Parameter, grad: Any, grad_scale: float) -> None:
        """The step of a parameter that is in no group."""
        array: Any = param._array
        before = self._hooks.hooks
        if before:
            param._grad = grad
            for hook in self._hooks.at("pre"):
                hook(self, param)
            grad = param.grad
        target = array
        if self.master is not None:
            target, grad = self.master, grad.astype(np.float32)
        scalars = self.scalars(self.t)
        if self.op:
            scalars["grad_scale"] = grad_scale
        elif grad_scale != 1.0:
            grad = grad * grad_scale
        self.apply(target, grad, self.state or {}, scalars)
        if target is not array:
            array[...] = target
        for hook in self._hooks.at("post") if before else ():
            hook(self, param)

    def _settle(self, array: Any) -> None:
        """Makes the state if it is missing, and brings it to the array's device."""
        with _on(array):
            self._refresh_master(array)
            target = array if self.master is None else self.master
            if self.state is None:
                self.state = self.init(target)
        send = device_of(array).send
        self.state = {key: send(value) for key, value in self.state.items()}
        self._home = _home(array)

    def _refresh_master(self, array: Any) -> None:
        """Makes the float32 copy where one is wanted; anew if somebody else wrote to the array."""
        if not (self._fp32 and array.dtype == np.float16):
            self.master = None
            return
        if self.master is not None:
            self.master = device_of(array).send(self.master)
            if bool((self.master.astype(np.float16) == array).all()):
                return
        self.master = array.astype(np.float32)

    def use_fp32_update(self, flag: bool = True) -> None:
        """Whether a float16 parameter is updated in float32, in a copy that the rule keeps."""
        self._fp32 = flag
        self._home = None

    def add_hook(
        self, hook: Callable[..., Any], name: str | None = None, timing: str = "auto"
    ) -> None:
        """Calls ``hook(rule, param)`` before or after each update of this parameter."""
        self._hooks.add(hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Takes a hook of this parameter away."""
        self._hooks.remove(name)


def update_parameters(
    params: Iterable[Parameter],
    grad_scale: float = 1.0,
    rules: Iterable[UpdateRule] | None = None,
    path: Callable[[Parameter], str] = lambda param: param._described(),
) -> None:
    """Updates parameters along their gradients, with as few kernel calls as there are groups.

    Args:
        params: the parameters; those without a rule, disabled or frozen are left out.
        grad_scale: gradients are multiplied by it.
        rules: the rule of each, if not its ``update_rule``.
        path: names a parameter in an error message.

    Raises:
        UninitializedError: a parameter has no array yet; nothing has been updated.
    """
    chosen = [(p, p.update_rule) for p in params] if rules is None else zip(params, rules)
    pairs = [(p, rule) for p, rule in chosen if rule is not None and rule.enabled and p._wanted]
    for p, _ in pairs:
        if p._array is None:
            _refuse(p, path)
    groups, alone = _sorted(pairs)
    for rule, ps, gs, columns, masters in groups:
        with _on(ps[0]):
            scalars = rule.scalars(rule.t)
            scalars["grad_scale"] = grad_scale
            rule.fused(ps, gs, columns, scalars)
            for array, master in masters:
                array[...] = master
    for rule, p, grad in alone:
        with _on(p._array):
            rule._alone(p, grad, grad_scale)


def _sorted(pairs: list[tuple[Any, Any]]) -> tuple[Iterable[Any], list[Any]]:
    """Groups (rule, ps, gs, state columns, float32 copies), and what steps alone. Counts t."""
    groups: dict[Any, Any] = {}
    alone: list[Any] = []
    seen: set[int] = set()
    now = tick()
    # No Python call per parameter in the common case: this loop is what a step costs.
    for p, rule in pairs:
        array, grad, edge = p._array, p._grad, p._edge
        if edge is None:
            continue
        rule.t += 1
        hooks = rule._hooks.hooks
        if grad is None:
            if rule.op and not rule.keys and not hooks:
                continue  # a step along zero changes nothing
            grad = _zeros(array)
        elif grad.__class__ is not ndarray:
            grad = getattr(grad, "_array", grad)
        if edge.__class__ is Leaf:
            edge.written = now
        home = ndarray if array.__class__ is ndarray else array.device
        if rule._home != home:
            rule._settle(array)
        elif rule.master is not None:
            rule._refresh_master(array)
        if hooks or not rule.op or rule.hyperparam.__dict__ or id(array) in seen:
            alone.append((rule, p, grad))
            continue
        seen.add(id(array))  # two parameters may share an array; one kernel may not write it twice
        kind = (rule.__class__, id(rule.hyperparam._parent), rule.t)
        key = (kind, array.dtype, rule.master is None, home)
        group = groups.get(key)
        if group is None:
            groups[key] = group = (rule, [], [], [[] for _ in rule.keys], [])
        if rule.master is not None:
            group[4].append((array, rule.master))
            array, grad = rule.master, grad.astype(np.float32)
        group[1].append(array)
        group[2].append(grad)
        for column, name in zip(group[3], rule.keys):
            column.append(rule.state[name])
    return groups.values(), alone


def _home(array: Any) -> Any:
    return ndarray if array.__class__ is ndarray else array.device


def _on(array: Any) -> Any:
    if array.__class__ is ndarray:
        return contextlib.nullcontext()
    return using_device(device_of(array))


def _zeros(array: Any) -> Any:
    return get_array_module(array).zeros_like(array)


def _refuse(param: Parameter, path: Callable[[Parameter], str]) -> None:
    raise UninitializedError(
        f"The optimizer cannot update {path(param)}: it has no array yet",
        hint="Run the model once on an example before the first update, or give the open sizes; "
        "is the link called at all?",
    )
