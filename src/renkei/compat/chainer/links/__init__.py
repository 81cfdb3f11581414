"""Chainer's links: ours under Chainer's rules, made on first use.

>>> import numpy as np
>>> from renkei.compat.chainer import Link, links
>>> layer = links.Linear(2, 3)
>>> isinstance(layer, Link), layer(np.ones((1, 2), np.float32)).shape
(True, (1, 3))
"""

from __future__ import annotations

import importlib
from typing import Any

from renkei import links as ours
from renkei.compat.chainer import _tree
from renkei.compat.chainer.links._adopt import PACKAGE, facade

# Links that have no class of ours behind them.
_OWN = {"caffe": "CaffeFunction"}
_HOMES = {name: module for module, names in _OWN.items() for name in names.split()}
_NAMES = """
    BatchNormalization BatchRenormalization Bias Bilinear BinaryHierarchicalSoftmax BlackOut CRF1d
    ChildSumTreeLSTM Classifier Convolution1D Convolution2D Convolution3D ConvolutionND
    Deconvolution1D Deconvolution2D Deconvolution3D DeconvolutionND DecorrelatedBatchNormalization
    DeformableConvolution2D DepthwiseConvolution2D DilatedConvolution2D EmbedID GRU GoogLeNet
    GroupNormalization Highway Inception InceptionBN LSTM LayerNormalization Linear
    LocalConvolution2D MLPConvolution2D Maxout NStepBiGRU NStepBiLSTM NStepBiRNNReLU NStepBiRNNTanh
    NStepGRU NStepLSTM NStepRNNReLU NStepRNNTanh NaryTreeLSTM NegativeSampling PReLU Parameter
    ResNet101Layers ResNet152Layers ResNet50Layers Scale SimplifiedDropconnect StatefulGRU
    StatefulMGU StatefulPeepholeLSTM StatefulZoneoutLSTM StatelessGRU StatelessLSTM StatelessMGU
    Swish TheanoFunction VGG16Layers VGG19Layers
""".split()

__all__ = _NAMES


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{PACKAGE}.{_HOMES[name]}"), name)
    elif name == "model" or _tree.exists(f"links.{name}"):
        return importlib.import_module(f"{PACKAGE}.{name}")
    elif name.startswith("__"):
        raise AttributeError(name)
    elif name == "GRU":  # ours is another name of StatefulGRU
        base = facade(ours.StatefulGRU)
        value = type(name, (base,), {"__module__": PACKAGE, "__doc__": base.__doc__})
    else:
        value = facade(_ours(name))
    globals()[name] = value
    return value


def _ours(name: str) -> type:
    for module in (ours, importlib.import_module("renkei.models")):
        cls = getattr(module, name, None)
        if cls is not None:
            return cls
    raise AttributeError(f"module {PACKAGE!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*_NAMES, *globals()})
