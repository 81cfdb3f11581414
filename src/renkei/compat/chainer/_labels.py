"""What Chainer calls the engine's functions, in drawings, hooks and messages."""

from __future__ import annotations

from typing import Any

__all__ = ["label_of"]

# the engine's class: Chainer's label, where they differ
_LABELS = {
    "Absolute": "|_|",
    "Add": "_ + _",
    "BatchNormalization": "BatchNormalization",
    "Concat": "Concat",
    "Convolution": "Convolution2DFunction",
    "ConvolutionNd": "ConvolutionND",
    "Crelu": "CReLU",
    "Deconvolution": "Deconvolution2DFunction",
    "Divide": "_ / _",
    "Elu": "ELU",
    "EmbedId": "EmbedIDFunction",
    "Linear": "LinearFunction",
    "Lstm": "LSTM",
    "Matmul": "MatMul",
    "Multiply": "_ * _",
    "Negative": "__neg__",
    "Power": "_ ** _",
    "Prelu": "PReLUFunction",
    "Relu": "ReLU",
    "Rrelu": "RReLU",
    "Slstm": "SLSTM",
    "Subtract": "_ - _",
}


def label_of(function: Any) -> str:
    """The label of an engine's function."""
    name = type(function).__name__
    return _LABELS.get(name, name)
