"""Chainer's optimizers: ours, with rules that programs may subclass.

>>> from renkei.compat.chainer import optimizers
>>> optimizers.Adam(alpha=0.01).hyperparam.alpha
0.01
"""

from __future__ import annotations

import inspect
from typing import Any

from renkei import optimizers as ours
from renkei.compat.chainer import _tree
from renkei.compat.chainer.optimizer import GradientMethod, UpdateRule
from renkei.optimizers import ada_bound as _ada_bound
from renkei.optimizers import adam as _adam
from renkei.optimizers.update_rule import Hyperparameter
from renkei.optimizers.update_rule import UpdateRule as OurRule

_NAMES = """
    AMSBound AMSGrad AdaBound AdaDelta AdaGrad Adam AdamW CorrectedMomentumSGD MSVAG MomentumSGD
    NesterovAG RMSprop RMSpropGraves SGD SMORMS3
""".split()

__all__ = _NAMES


def _rule(base: type[OurRule], defaults: dict[str, Any]) -> Any:
    """What stands for one of our rules: its constructor takes hyper-parameters."""

    def __init__(self: Any, parent_hyperparam: Any = None, **values: Any) -> None:
        if parent_hyperparam is None:
            parent_hyperparam = Hyperparameter()
            for name, value in defaults.items():
                setattr(parent_hyperparam, name, value)
        UpdateRule.__init__(self, parent_hyperparam)
        for name, value in values.items():
            if name not in defaults:
                raise TypeError(f"{base.__name__}() got an unexpected argument {name!r}")
            if value is not None:
                setattr(self.hyperparam, name, value)

    named = inspect.Parameter
    first = [named("self", named.POSITIONAL_OR_KEYWORD)]
    rest = [named(n, named.POSITIONAL_OR_KEYWORD, default=None) for n in defaults]
    parent = named("parent_hyperparam", named.POSITIONAL_OR_KEYWORD, default=None)
    __init__.__signature__ = inspect.Signature([*first, parent, *rest])  # type: ignore[attr-defined]
    body = {
        "__init__": __init__,
        "__module__": __name__,
        "__doc__": base.__doc__,
        "is_elementwise": True,
    }
    return type(base.__name__, (UpdateRule, base), body)


_rules: dict[type, type] = {}


def _optimizer(name: str) -> Any:
    """What stands for one of our optimizers."""
    base = getattr(ours, name)

    def create_update_rule(self: Any) -> Any:
        rule = base.create_update_rule(self)
        rule.__class__ = _rule_of(type(rule), self)
        return rule

    parents = [globals()[p.__name__] for p in base.__bases__ if p.__name__ in globals()]
    parents = [p for p in parents if p is not GradientMethod]
    body = {
        "__module__": __name__,
        "__doc__": base.__doc__,
        "create_update_rule": create_update_rule,
    }
    return type(name, (base, *parents, GradientMethod), body)


def _rule_of(base: type[OurRule], optimizer: Any) -> type:
    if base not in _rules:
        defaults = dict(optimizer.hyperparam.get_dict())
        _rules[base] = _rule(base, defaults)
    return _rules[base]


def _defaults(name: str) -> dict[str, Any]:
    return dict(globals()[name]().hyperparam.get_dict())


def _define() -> None:
    # The bases first: AdamW is an Adam here as well.
    for name in sorted(_NAMES, key=lambda n: len(getattr(ours, n).__mro__)):
        globals()[name] = _optimizer(name)
    for name in _NAMES:
        base = getattr(ours, name).rule
        if base is not OurRule:
            globals()[base.__name__] = _rules[base] = _rule(base, _defaults(name))
    for base in (_adam.AdamRule, _adam.AMSGradRule, _ada_bound.AdaBoundRule):
        globals()[base.__name__] = _rules[base] = _rule(base, _defaults("Adam"))


_define()


__getattr__ = _tree.submodules("optimizers")
