"""What Chainer calls the engine's functions, in drawings, hooks and messages."""

from __future__ import annotations

from typing import Any

__all__ = ["class_name_of", "label_of"]

# the engine's class: Chainer's, where they differ
_CLASSES = {
    "AveragePooling": "AveragePooling2D",
    "ClippedRelu": "ClippedReLU",
    "Convolution": "Convolution2DFunction",
    "ConvolutionGradW": "Convolution2DGradW",
    "CooMatmul": "CooMatMul",
    "Crelu": "CReLU",
    "Ctc": "ConnectionistTemporalClassification",
    "Deconvolution": "Deconvolution2DFunction",
    "Det": "BatchDet",
    "Digamma": "DiGamma",
    "Divide": "Div",
    "Einsum": "EinSum",
    "Elu": "ELU",
    "EmbedId": "EmbedIDFunction",
    "EmbedIdGrad": "EmbedIDGrad",
    "Erfcinv": "ErfcInv",
    "Erfinv": "ErfInv",
    "Huber": "HuberLoss",
    "Im2col": "Im2Col",
    "Inv": "BatchInv",
    "LeakyRelu": "LeakyReLU",
    "Lgamma": "LGamma",
    "Linear": "LinearFunction",
    "Logsumexp": "LogSumExp",
    "Lstm": "LSTM",
    "Matmul": "MatMul",
    "MaxPooling": "MaxPoolingND",
    "Multiply": "Mul",
    "Negative": "Neg",
    "Polygamma": "PolyGamma",
    "Power": "PowVarVar",
    "Prelu": "PReLUFunction",
    "RRelu": "RReLU",
    "Relu": "ReLU",
    "Slstm": "SLSTM",
    "Subtract": "Sub",
    "Unpooling": "UnpoolingND",
    "Upsampling": "Upsampling2D",
}
# Chainer's class: its label, where they differ
_LABELS = {
    "Absolute": "|_|",
    "Add": "_ + _",
    "BatchDet": "det",
    "Div": "_ / _",
    "Mul": "_ * _",
    "Neg": "__neg__",
    "PowVarVar": "_ ** _",
    "Sub": "_ - _",
    **{
        name: name.lower()
        for name in (
            "Arccos Arcsin Arctan Arctan2 Cholesky Cos Cosh DiGamma Erf ErfInv Erfc ErfcInv Erfcx "
            "Exp Expm1 Fmod LGamma Log Log10 Log1p Log2 Ndtr Ndtri PolyGamma Sin Sinh Sqrt Square "
            "Tan Zeta"
        ).split()
    },
    "LogNdtr": "log_ndtr",
}


def class_name_of(function: Any) -> str:
    """The name of Chainer's class for an engine's function."""
    name = type(function).__name__
    return _CLASSES.get(name, name)


def label_of(function: Any) -> str:
    """The label of an engine's function; operators with a number say which."""
    told = function.__dict__.get("_told")
    if told is not None:
        return told
    name = class_name_of(function)
    return _LABELS.get(name, name)
