"""The classes of FunctionNodes that programs name, as the engine's functions."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer.function_node import FunctionNode

__all__ = ["find"]

# Chainer's class: the function that makes it, for those whose arguments are the class's own
_CLASSES = {
    "ReLU": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "ClippedReLU": "clipped_relu",
    "CReLU": "crelu",
    "Softplus": "softplus",
    "HardSigmoid": "hard_sigmoid",
    "Concat": "concat",
    "Identity": "identity",
    "Reshape": "reshape",
    "BroadcastTo": "broadcast_to",
    "Cast": "cast",
    "ExpandDims": "expand_dims",
    "GetItem": "get_item",
    "Sum": "sum",
    "Exp": "exp",
    "Log": "log",
    "Dropout": "dropout",
    "MatMul": "matmul",
    "LinearFunction": "linear",
    "Convolution2DFunction": "convolution_2d",
    "Deconvolution2DFunction": "deconvolution_2d",
    "SoftmaxCrossEntropy": "softmax_cross_entropy",
    "SigmoidCrossEntropy": "sigmoid_cross_entropy",
    "MeanSquaredError": "mean_squared_error",
    "EmbedIDFunction": "embed_id",
    "SelectItem": "select_item",
}
_made: dict[str, type] = {}


def find(name: str) -> Any:
    """The class of a name."""
    if name not in _CLASSES:
        raise AttributeError(f"chainer.functions has no class {name!r}")
    if name not in _made:
        _made[name] = type(name, (_Applied,), {"_function": _CLASSES[name]})
    return _made[name]


class _Applied(FunctionNode):
    """A function with its options, which ``apply`` or, as in the oldest programs, a call takes."""

    _function = ""

    def __init__(self, *options: Any, **named: Any) -> None:
        self._options, self._named = options, named

    def apply(self, inputs: Any) -> tuple[Any, ...]:
        from renkei.compat.chainer import functions

        inputs = tuple(inputs)
        function = getattr(functions, self._function)
        joined = (inputs,) if self._function == "concat" else inputs
        y = function(*joined, *self._options, **self._named)
        return y if isinstance(y, tuple) else (y,)

    def __call__(self, *inputs: Any) -> Any:
        y = self.apply(inputs)
        return y[0] if len(y) == 1 else y
