"""Optimizers with Chainer's rules: update rules by inheritance, hooks, ``serialize``."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from renkei.compat.chainer import optimizer_hooks
from renkei.compat.chainer.serializer import Deserializer
from renkei.compat.chainer.variable import Parameter, Variable
from renkei.core.device import device_of, get_array_types
from renkei.optimizers import optimizer as ours
from renkei.optimizers.update_rule import Hyperparameter, hyperparameter, update_parameters
from renkei.optimizers.update_rule import UpdateRule as OurRule

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientMethod",
    "GradientNoise",
    "Hyperparameter",
    "HyperparameterProxy",
    "Lasso",
    "Optimizer",
    "UpdateRule",
    "WeightDecay",
    "make_deprecation_message",
]

_TIMINGS = ("pre", "post", "auto")


class HyperparameterProxy(hyperparameter):
    r"""An attribute of an optimizer that stands for one of its hyper-parameters.

    Args:
        attr_name: the name of the hyper-parameter.
    """

    def __init__(self, attr_name: str) -> None:
        self._name = attr_name
        self.__doc__ = f"Alias to ``self.hyperparam.{attr_name}``"

    def __set_name__(self, owner: type, name: str) -> None:
        """The name is the argument's, whatever the attribute is called."""


def _add_hook(hooks: Any, hook: Any, name: str | None, timing: str) -> None:
    if not callable(hook):
        raise TypeError("hook function must be callable")
    if timing not in _TIMINGS:
        raise ValueError(f"timing must be one of {_TIMINGS}")
    name = name or getattr(hook, "name", getattr(hook, "__name__", None))
    if name is None:
        raise ValueError("the name of the hook function is not specified")
    if name in hooks.hooks:
        raise KeyError(f'hook "{name}" already exists')
    hooks.add(hook, name, timing)


def _remove_hook(hooks: Any, name: str) -> None:
    if name not in hooks.hooks:
        raise KeyError(name)
    hooks.remove(name)


def _hooks_at(hooks: Any, timing: str) -> OrderedDict[str, Any]:
    return OrderedDict((k, hook) for k, (when, hook) in hooks.hooks.items() if when == timing)


class UpdateRule(OurRule):
    r"""How one parameter is updated: subclasses define ``init_state`` and ``update_core``.

    Args:
        parent_hyperparam: where hyper-parameters come from that are not set for this parameter.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> class Descent(chainer.UpdateRule):
    ...     def update_core_cpu(self, param):
    ...         param.array -= self.hyperparam.lr * param.grad
    >>> rule, param = Descent(), chainer.Parameter(np.ones(2, np.float32))
    >>> rule.hyperparam.lr, param.grad = 0.5, np.ones(2, np.float32)
    >>> rule.update(param)
    >>> param.array
    array([0.5, 0.5], dtype=float32)
    """

    is_elementwise = False
    state: dict[str, Any] | None = None

    def update_core_chainerx(self, param: Any) -> None:
        """Never called: there is no ChainerX."""
        self.update_core_cpu(param)

    @property
    def _state(self) -> dict[str, Any] | None:
        return self.state

    @_state.setter
    def _state(self, state: dict[str, Any] | None) -> None:
        self.state = state

    _pre_update_hooks = property(lambda self: _hooks_at(self._hooks, "pre"))
    _post_update_hooks = property(lambda self: _hooks_at(self._hooks, "post"))

    def add_hook(
        self, hook: Callable[..., Any], name: str | None = None, timing: str = "auto"
    ) -> None:
        """Calls ``hook(rule, param)`` before or after each update of this parameter."""
        _add_hook(self._hooks, hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Takes a hook of this parameter away."""
        _remove_hook(self._hooks, name)

    def update(self, param: Parameter) -> None:
        """Updates one parameter along its gradient, with the rule's hooks, unless disabled."""
        if not self.enabled:
            return
        self.t += 1
        array = param.array
        if not (self._fp32 and array is not None and array.dtype == np.float16):
            self._update(param)
            return
        self._refresh_master(array)
        wide = self._create_uninitialized_parameter(np.float32, param.name)
        wide.array = self.master
        wide.grad = None if param.grad is None else param.grad.astype(np.float32)
        self._update(wide)
        param.array[...] = wide.array

    def _create_uninitialized_parameter(self, dtype: Any, name: str | None) -> Parameter:
        """The float32 parameter that takes the place of a float16 one during the update."""
        param = Parameter(name=name)
        param.cleargrad()
        return param

    def _update(self, param: Any) -> None:
        if param.array is None:
            return
        self._init_states(param)
        for hook in self._hooks.at("pre"):
            hook(self, param)
        if self.loss_scale != 1.0 and param.grad is not None:
            param.grad /= self.loss_scale
            self.loss_scale = 1.0
        self.update_core(param)
        for hook in self._hooks.at("post"):
            hook(self, param)

    def update_core(self, param: Any) -> None:
        """Updates the parameter: by ``update_core_cpu`` or ``update_core_gpu``."""
        if isinstance(param.array, np.ndarray):
            self.update_core_cpu(param)
        else:
            self.update_core_gpu(param)

    def update_core_cpu(self, param: Any) -> None:
        """Updates a parameter on the host."""
        self._step(param)

    def update_core_gpu(self, param: Any) -> None:
        """Updates a parameter on a GPU."""
        self._step(param)

    def _step(self, param: Any) -> None:
        """The step of one of our own rules, by its kernel."""
        if not self.op and type(self).apply is OurRule.apply:
            raise NotImplementedError(f"{type(self).__name__}.update_core")
        if param.grad is None:
            return
        scalars = self.scalars(self.t)
        if self.op:
            scalars["grad_scale"] = 1.0
        self.apply(param.array, param.grad, self.state or {}, scalars)

    def init_state(self, param: Any) -> None:
        """Puts what the rule remembers into ``self.state``."""
        if self.keys:
            self.state.update(self.init(param.array))  # type: ignore[union-attr]

    def _init_states(self, param: Any) -> None:
        if self.state is None:
            self.state = {}
            self.init_state(param)
            return
        send = device_of(param.array).send
        for key, value in self.state.items():
            if isinstance(value, get_array_types()) and device_of(value) != device_of(param.array):
                self.state[key] = send(value)

    def _settle(self, array: Any) -> None:
        if self.state is None and type(self).init_state is not UpdateRule.init_state:
            self.state = {}
            with_grad = array if self.master is None else self.master
            self.init_state(Variable(with_grad, grad=with_grad))
        super()._settle(array)

    def use_fp32_update(self, flag: bool = True) -> None:
        """Whether a float16 parameter is updated in float32, in a copy that the rule keeps."""
        super().use_fp32_update(flag)
        self._use_fp32_update = flag

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the count and the state arrays."""
        self.t = serializer("t", self.t)
        self._home = None
        if self.state is None:
            if isinstance(serializer, Deserializer):
                self._read_new_state(serializer)
            return
        for key in self.state:
            self.state[key] = serializer(key, self.state[key])
            if self.state[key] is None:
                self.state = None
                return

    def _read_new_state(self, serializer: Any) -> None:
        """Asks ``init_state`` which arrays there are, and reads them."""
        trial, array = copy.copy(self), np.empty(1, np.float32)
        trial.state = {}
        trial.init_state(Variable(array, grad=array))
        found: dict[str, Any] = {}
        for key in trial.state:
            try:
                found[key] = serializer(key, None)
            except KeyError:
                if self.enabled:
                    raise
                return
            if found[key] is None:  # begins afresh with the first update
                return
        self.state = found


class Optimizer(ours.Optimizer):
    r"""The base of all optimizers.

    >>> from renkei.compat import chainer
    >>> optimizer = chainer.optimizers.SGD(lr=0.1).setup(chainer.links.Linear(2, 1))
    >>> optimizer.t, optimizer.lr
    (0, 0.1)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        ours.Optimizer.__init__(self)  # subclasses in programs need not call it
        return self

    def __init__(self) -> None:
        """Nothing: see ``__new__``."""

    _pre_update_hooks = property(lambda self: _hooks_at(self._hooks, "pre"))
    _post_update_hooks = property(lambda self: _hooks_at(self._hooks, "post"))
    _loss_scale = property(lambda self: self._scaling.scale)
    _loss_scaling_is_dynamic = property(lambda self: self._scaling.dynamic)
    __repr__ = object.__repr__

    def update(self, lossfun: Callable[..., Any] | None = None, *args: Any, **kwds: Any) -> None:
        """Updates the parameters once; subclasses define how."""
        raise NotImplementedError(f"{type(self).__name__}.update")

    def add_hook(
        self, hook: Callable[..., Any], name: str | None = None, timing: str = "auto"
    ) -> None:
        """Calls a hook around every update: see ``renkei.optimizers.Optimizer.add_hook``."""
        self._check_set_up()
        _add_hook(self._hooks, hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Takes a hook away."""
        self._check_set_up()
        _remove_hook(self._hooks, name)

    def call_hook(self, hook: Callable[..., Any]) -> None:
        """Calls one hook, for every parameter or once."""
        if not getattr(hook, "call_for_each_param", False):
            hook(self)
            return
        for param in self.target.params():
            if param.update_rule is not None:
                hook(param.update_rule, param)

    def _check_set_up(self, call: str = "") -> None:
        if self.target is None:
            raise RuntimeError("Optimizer is not set up. Call `setup` method.")

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the counters and the rules; hyper-parameters are not part of it."""
        self._check_set_up()
        self.t = serializer("t", self.t)
        self.epoch = serializer("epoch", self.epoch)
        for name, param in self.target.namedparams():
            if param.update_rule is not None:
                param.update_rule.serialize(serializer[name])


@cache
def _fusable(kind: type) -> bool:
    """Whether a rule is one of ours that no program has changed: then one kernel takes many."""
    own = ("update", "update_core", "update_core_cpu", "update_core_gpu")
    plain = all(getattr(kind, name) is getattr(UpdateRule, name, None) for name in own)
    return bool(getattr(kind, "op", "")) and (plain or not issubclass(kind, UpdateRule))


class GradientMethod(Optimizer, ours.GradientMethod):
    r"""The base of the optimizers that take one gradient per update.

    Subclasses define ``create_update_rule`` and set ``self.hyperparam``.

    >>> from renkei.compat import chainer
    >>> isinstance(chainer.optimizers.Adam(), chainer.GradientMethod)
    True
    """

    _use_cleargrads = True

    def __init__(self, **hyperparameters: Any) -> None:
        ours.GradientMethod.__init__(self, **hyperparameters)

    def setup(self, link: Any) -> Any:
        """Makes a link the target; each of its parameters gets a fresh rule."""
        Optimizer.setup(self, link)
        object.__setattr__(self.hyperparam, "_t", 0)
        for param in link.params():
            param.update_rule = self.create_update_rule()
            if self._use_fp32_update:
                param.update_rule.use_fp32_update()
        return self

    def create_update_rule(self) -> Any:
        """A new rule for one parameter; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__}.create_update_rule")

    def reallocate_cleared_grads(self) -> None:
        """Gives parameters without a gradient one of zeros."""
        for _, param in self.target.namedparams(False):
            if param.grad is None:
                param._set_grad(param.xp.zeros_like(param.array))

    def update(self, lossfun: Callable[..., Any] | None = None, *args: Any, **kwds: Any) -> None:
        r"""Updates the parameters once.

        Args:
            lossfun: called with the other arguments; gradients are cleared and those of the loss
                that it returns computed. None: the parameters have gradients already.
        """
        if lossfun is not None:
            loss = lossfun(*args, **kwds)
            if self._use_cleargrads:
                self.target.cleargrads()
            else:
                self.target.zerograds()
            loss.backward(loss_scale=self._scaling.scale)
            del loss
        self._check_set_up()
        self.reallocate_cleared_grads()
        self.check_nan_in_grads()
        self._tell_loss_scale()
        self.call_hooks("pre")
        self.t += 1
        object.__setattr__(self.hyperparam, "_t", self.t)
        if self.is_safe_to_update():
            self._update_params()
        self.reallocate_cleared_grads()
        self.call_hooks("post")
        self.update_loss_scale()

    def _tell_loss_scale(self) -> None:
        scale = self._scaling.scale
        if scale is not None:
            for param in self.target.params():
                if param.update_rule is not None:
                    param.update_rule.loss_scale = scale

    def _update_params(self) -> None:
        together = []
        for param in self.target.params():
            rule = param.update_rule
            if rule is None or not rule.enabled:
                continue
            if param.array is None:
                rule.t += 1
            elif _fusable(type(rule)):
                together.append(param)
            else:
                param.update()
        if together:
            update_parameters(together, 1.0 / (self._scaling.scale or 1.0))

    def use_cleargrads(self, use: bool = True) -> None:
        """Whether gradients are cleared (or filled with zeros) before backward."""
        warnings.warn("GradientMethod.use_cleargrads is deprecated.", DeprecationWarning, 2)
        self._use_cleargrads = use

    def use_fp32_update(self, flag: bool = True) -> None:
        """Whether float16 parameters are updated in float32."""
        self._use_fp32_update = flag
        if self.target is not None:
            for param in self.target.params():
                if param.update_rule is not None:
                    param.update_rule.use_fp32_update(flag)


def make_deprecation_message(module_name: str) -> str:
    """What the names of hooks in this module warn with."""
    return (
        f"chainer.optimizer.{module_name} is deprecated from v4. "
        f"Use chainer.optimizer_hooks.{module_name} instead."
    )


def _deprecated(name: str) -> type:
    base = getattr(optimizer_hooks, name)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        warnings.warn(make_deprecation_message(name), DeprecationWarning, 2)
        base.__init__(self, *args, **kwargs)

    return type(name, (base,), {"__init__": __init__, "__module__": __name__})


WeightDecay = _deprecated("WeightDecay")
Lasso = _deprecated("Lasso")
GradientClipping = _deprecated("GradientClipping")
GradientNoise = _deprecated("GradientNoise")
GradientHardClipping = _deprecated("GradientHardClipping")
