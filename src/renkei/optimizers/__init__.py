"""Optimizers: rules that change a link's parameters along their gradients.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "ada_bound": "AMSBound AdaBound",
    "ada_delta": "AdaDelta",
    "ada_grad": "AdaGrad",
    "adam": "AMSGrad Adam AdamW",
    "corrected_momentum_sgd": "CorrectedMomentumSGD",
    "lamb": "LAMB",
    "lion": "Lion",
    "momentum_sgd": "MomentumSGD",
    "msvag": "MSVAG",
    "nesterov_ag": "NesterovAG",
    "optimizer": "GradientMethod Optimizer",
    "optimizer_hooks": "GradientClipping GradientHardClipping GradientLARS GradientNoise "
    "Lasso WeightDecay",
    "rmsprop": "RMSprop",
    "rmsprop_graves": "RMSpropGraves",
    "schedules": "cosine linear_warmup one_cycle step",
    "sgd": "SGD",
    "smorms3": "SMORMS3",
    "update_rule": "Hyperparameter UpdateRule hyperparameter",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
