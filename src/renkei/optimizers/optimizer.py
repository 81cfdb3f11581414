"""Optimizer: the loop around the update rules; GradientMethod: the rules that need one gradient."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from renkei.core.errors import DtypeError, UsageError, describe
from renkei.core.parameter import Parameter
from renkei.links.link import Link
from renkei.optimizers import state as optimizer_state
from renkei.optimizers.loss_scaling import LossScaling, all_finite
from renkei.optimizers.optimizer_hooks import (
    GradientClipping,
    GradientHardClipping,
    GradientLARS,
    GradientNoise,
    Lasso,
    WeightDecay,
)
from renkei.optimizers.update_rule import (
    HookList,
    Hyperparameter,
    UpdateRule,
    checked,
    hyperparameter,
    update_parameters,
)

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientMethod",
    "GradientNoise",
    "Hyperparameter",
    "Lasso",
    "Optimizer",
    "UpdateRule",
    "WeightDecay",
    "hyperparameter",
]


class Optimizer:
    r"""The base of all optimizers: a target, counters, hooks and the scale of the loss.

    Attributes:
        target: the link whose parameters are trained; None before ``setup``.
        t: the number of updates so far.
        epoch: the number of epochs so far.
        use_auto_new_epoch: whether an updater calls ``new_epoch``.

    >>> class RandomSearch(rk.optimizers.Optimizer):
    ...     def update(self, lossfun=None, *args):
    ...         for param in self.target.params():
    ...             trial, before = np.random.default_rng(self.t), param.array.copy()
    ...             loss = float(lossfun(*args))
    ...             param.array += trial.normal(size=param.shape)
    ...             if float(lossfun(*args)) > loss:
    ...                 param.array[...] = before
    ...         self.t += 1
    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 5
    >>> optimizer = RandomSearch().setup(model)
    >>> for _ in range(100):
    ...     optimizer.update(lambda: F.sum(model.w ** 2))
    >>> bool(abs(model.w.array[0]) < 0.1)
    True
    """

    target: Any = None
    t: int = 0
    epoch: int = 0
    use_auto_new_epoch: bool = False

    def __init__(self) -> None:
        self._hooks = HookList()
        self._scaling = LossScaling()
        self._named: list[tuple[str, Parameter]] = []
        self._params: list[Parameter] = []

    def setup(self, link: Link) -> Any:
        r"""Makes a link the target and starts from nothing: no state, no hooks, t = 0.

        Args:
            link: its parameters are updated from now on. Parameters it gets later are not.

        Returns:
            The optimizer itself.

        Raises:
            DtypeError: ``link`` is no link.
        """
        if not isinstance(link, Link):
            call = f"{type(self).__name__}().setup(link): optimization target must be a link"
            raise DtypeError(call, describe(link))
        self.target = link
        self.t = self.epoch = 0
        self._hooks = HookList()
        self._named = [(path[1:], param) for path, param in link.namedparams()]
        self._params = [param for _, param in self._named]
        return self

    def update(self, lossfun: Callable[..., Any] | None = None, *args: Any, **kwds: Any) -> None:
        """Updates the parameters once; subclasses define how."""
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    # -- epochs ------------------------------------------------------------------------------------

    def new_epoch(self, auto: bool = False) -> None:
        r"""Counts an epoch.

        Args:
            auto: whether an updater calls this. It sets ``use_auto_new_epoch`` first.

        Raises:
            UsageError: both an updater and the program count epochs.
        """
        if auto and not self.use_auto_new_epoch:
            raise UsageError(
                "invalid new_epoch call with auto=True",
                hint="The updater has to set optimizer.use_auto_new_epoch = True.",
            )
        if self.use_auto_new_epoch and not auto:
            raise UsageError(
                "duplicated new_epoch with the updater",
                hint="Pass auto_new_epoch=False to the updater, or don't call new_epoch yourself.",
            )
        self.epoch += 1

    # -- hooks -------------------------------------------------------------------------------------

    def add_hook(
        self, hook: Callable[..., Any], name: str | None = None, timing: str = "auto"
    ) -> None:
        r"""Calls a hook around every update, after those added before.

        Args:
            hook: called as ``hook(rule, param)`` for every parameter if it has a true attribute
                ``call_for_each_param``, otherwise as ``hook(optimizer)``.
            name: what ``remove_hook`` calls it; the hook's own name by default.
            timing: ``"pre"``: after the gradients and before the update; ``"post"``: after it;
                ``"auto"``: as the hook says, or before.

        Raises:
            UsageError: there is a hook of this name, or no target yet.
        """
        self._check_set_up("add_hook(hook)")
        self._hooks.add(hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Takes a hook away."""
        self._check_set_up("remove_hook(name)")
        self._hooks.remove(name)

    def call_hooks(self, timing: str = "pre") -> None:
        """Calls all hooks of one time, in the order they were added."""
        self._check_set_up("call_hooks(timing)")
        for hook in self._hooks.at(timing):
            self.call_hook(hook)

    def call_hook(self, hook: Callable[..., Any]) -> None:
        """Calls one hook, for every parameter or once."""
        if not getattr(hook, "call_for_each_param", False):
            hook(self)
            return
        for param in self._params:
            if param.update_rule is not None and param.requires_grad:
                hook(param.update_rule, param)

    def _check_set_up(self, call: str) -> None:
        if self.target is None:
            raise UsageError(call, "an optimizer without a target", hint="Call setup(model) first.")

    # -- loss scaling ------------------------------------------------------------------------------

    @property
    def loss_scale(self) -> float | None:
        """What the loss is multiplied by before backward; None: loss scaling is off."""
        return self._scaling.scale

    def loss_scaling(self, interval: int = 1000, scale: float | None = None) -> None:
        r"""Multiplies the loss so that small gradients survive in float16.

        Args:
            interval: dynamic scaling doubles the scale in so many updates without an infinity.
            scale: a fixed scale; None: dynamic. An update whose gradients are not finite is
                skipped, with a warning, and halves the scale.

        Raises:
            RangeError: interval < 1 or scale <= 0.
        """
        self._scaling = LossScaling.make(interval, scale)

    def set_loss_scale(self, loss_scale: float) -> None:
        """Multiplies the loss by a fixed number."""
        self.loss_scaling(scale=loss_scale)

    def check_nan_in_grads(self) -> None:
        """Under dynamic loss scaling, warns of gradients that are not finite; then the update is
        skipped."""
        self._scaling.found = False
        if not self._scaling.dynamic:
            return
        for path, param in self._named:
            if not all_finite(param.grad):
                self._scaling.found = self._scaling.ever = True
                warnings.warn(
                    f"Non finite number found in param.grad of /{path} (iteration: {self.t}, "
                    f"loss_scale: {self._scaling.scale}): the update is skipped",
                    RuntimeWarning,
                )

    def is_safe_to_update(self) -> bool:
        """Whether the last check found all gradients finite."""
        return not self._scaling.found

    def update_loss_scale(self) -> None:
        """Moves a dynamic scale after an update."""
        self._scaling.move()

    # -- state -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        r"""Everything that continues the optimization; the target's parameters are not included.

        Returns:
            A flat mapping from path to array, the arrays themselves: ``t``, ``epoch``, for every
            parameter ``<path>/t`` and its state arrays, and under ``_renkei/`` the
            hyper-parameters and the scale of the loss. Schedules are not included.

        >>> optimizer = rk.optimizers.MomentumSGD().setup(rk.Link(w=2))
        >>> optimizer.target.w.grad = np.ones(2, np.float32)
        >>> optimizer.update()
        >>> [key for key in optimizer.state() if "hyperparam" not in key]
        ['t', 'epoch', 'w/t', 'w/v']
        """
        self._check_set_up("state()")
        return optimizer_state.state(self)

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        r"""Continues where ``state`` was taken. After an error nothing has changed.

        Args:
            state: a mapping from path to array. Hyper-parameters that it lacks stay as they are.
            strict: refuse missing and unexpected keys.

        Raises:
            LoadError: keys are missing or unexpected, or shapes do not fit.
        """
        self._check_set_up("load_state(state)")
        optimizer_state.load_state(self, state, strict)


class GradientMethod(Optimizer):
    r"""The base of the optimizers that take one gradient per update.

    A subclass names its ``rule``, declares its hyper-parameters with ``hyperparameter()`` and
    passes their values to ``__init__``.

    Args:
        hyperparameters: first values by name; a callable is a schedule ``t -> value`` of the
            number t of the update, beginning with 1.

    >>> from renkei.optimizers import GradientMethod, UpdateRule, hyperparameter
    >>> class DescentRule(UpdateRule):
    ...     def scalars(self, t):
    ...         return self.hyperparam.values(t)
    ...     def apply(self, p, g, state, scalars):
    ...         p -= scalars["lr"] * g
    >>> class Descent(GradientMethod):
    ...     rule = DescentRule
    ...     lr = hyperparameter()
    ...     def __init__(self, lr=0.1):
    ...         super().__init__(lr=lr)
    >>> Descent(0.5)
    Descent(lr=0.5)
    """

    rule: ClassVar[type[UpdateRule]] = UpdateRule

    def __init__(self, **hyperparameters: Any) -> None:
        super().__init__()
        self.hyperparam = Hyperparameter()
        self._use_fp32_update = False
        for name, value in hyperparameters.items():
            setattr(self.hyperparam, name, checked(name, value))

    def create_update_rule(self) -> UpdateRule:
        """A new rule for one parameter, whose hyper-parameters come from the optimizer."""
        return self.rule(self.hyperparam)

    def setup(self, link: Link) -> Any:
        super().setup(link)
        self.hyperparam._t = 0
        for param in self._params:
            param.update_rule = self.create_update_rule()
            param.update_rule.use_fp32_update(self._use_fp32_update)
        return self

    setup.__doc__ = Optimizer.setup.__doc__

    def update(self, lossfun: Callable[..., Any] | None = None, *args: Any, **kwds: Any) -> None:
        r"""Updates the parameters once.

        Args:
            lossfun: called with the other arguments; gradients are cleared, and those of the loss
                that it returns are computed. None: the parameters have gradients already,
                multiplied by ``loss_scale`` if loss scaling is on.
            args: arguments of ``lossfun``.
            kwds: more of them.

        Raises:
            UsageError: ``setup`` was not called.
            UninitializedError: a parameter has no array yet.
            DtypeError: ``lossfun`` returned no Variable.
        """
        self._check_set_up("update()")
        if lossfun is not None:
            loss: Any = lossfun(*args, **kwds)
            if not hasattr(loss, "backward"):
                call = f"update({getattr(lossfun, '__name__', type(lossfun).__name__)}, ...)"
                raise DtypeError(call, f"a loss {describe(loss)}", "a Variable")
            self._clear()
            loss.backward(loss_scale=self._scaling.scale)
            del loss  # the graph; its memory is free while the parameters are updated
        scaled = self._scaling.scale is not None
        if scaled:
            self.check_nan_in_grads()
        hooked = bool(self._hooks.hooks)
        if hooked:
            self._fill(self._scaling.scale or 1.0)
            self.call_hooks("pre")
        self.t += 1
        self.hyperparam._t = self.t
        if not self._scaling.found:
            update_parameters(self._params, 1.0 / (self._scaling.scale or 1.0), path=self._path)
        if hooked:
            self.call_hooks("post")
        if scaled:
            self.update_loss_scale()
        if self.t & (self.t - 1) == 0:  # walking the target is too much for every update
            self._warn_of_new_parameters()

    def _clear(self) -> None:
        if type(self.target).cleargrads is not Link.cleargrads:
            self.target.cleargrads()
        for param in self._params:
            param._grad = None

    def _fill(self, scale: float) -> None:
        """Before hooks: parameters that the loss does not depend on get gradients of zeros."""
        for param in self._params:
            rule = param.update_rule
            if rule is not None:
                rule.loss_scale = scale
            if param._grad is None and param._edge is not None:
                param.zerograd()

    def _path(self, param: Parameter) -> str:
        return next(f"/{path}" for path, p in self._named if p is param)

    def _warn_of_new_parameters(self) -> None:
        known = {id(param) for param in self._params}
        new = [path for path, param in self.target.namedparams() if id(param) not in known]
        if new:
            warnings.warn(
                f"{type(self).__name__} does not update {', '.join(new[:10])}, which "
                f"{'was' if len(new) == 1 else 'were'} added to the target after setup(); "
                "call setup(model) again",
                UserWarning,
                stacklevel=3,
            )

    def use_fp32_update(self, flag: bool = True) -> None:
        r"""Whether float16 parameters are updated in float32, in copies that the rules keep.

        >>> optimizer = rk.optimizers.SGD(lr=1e-4)
        >>> optimizer.use_fp32_update()
        >>> link = rk.Link()
        >>> link.w = rk.Parameter(np.ones(1, np.float16))
        >>> _ = optimizer.setup(link)
        >>> for _ in range(10):  # in float16, 1 - 0.0001 is 1
        ...     link.w.grad = np.ones(1, np.float16)
        ...     optimizer.update()
        >>> link.w.array
        array([0.999], dtype=float16)
        """
        self._use_fp32_update = flag
        for param in self._params:
            if param.update_rule is not None:
                param.update_rule.use_fp32_update(flag)

    def __repr__(self) -> str:
        values = ", ".join(f"{k}={v!r}" for k, v in self.hyperparam.get_dict().items())
        return f"{type(self).__name__}({values})"
