"""Chainer's links out of ours: the same classes, with Chainer's rules of registration.

Each of our classes gets one subclass here. It is a Link, Chain or ChainList of the facade; what its
``__init__`` assigns is registered, and what a subclass's assigns only in ``init_scope``.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from renkei.compat.chainer.link import Chain, ChainList, Link
from renkei.compat.chainer.links._extras import extras
from renkei.core.parameter import Parameter
from renkei.links.chain import Chain as OurChain
from renkei.links.chain import ChainList as OurChainList
from renkei.links.chain import Sequential as OurSequential
from renkei.links.link import Link as OurLink

__all__ = ["adopt", "facade"]

PACKAGE = "renkei.compat.chainer.links"

# Links of Chainer's that hold no other links; all others are chains.
_PLAIN = set(
    "PReLU SimplifiedDropconnect Swish Bias Bilinear Convolution1D Convolution2D Convolution3D "
    "ConvolutionND Deconvolution1D Deconvolution2D Deconvolution3D DeconvolutionND "
    "DepthwiseConvolution2D DilatedConvolution2D EmbedID Linear LocalConvolution2D Parameter "
    "BlackOut CRF1d BinaryHierarchicalSoftmax NegativeSampling BatchNormalization "
    "BatchRenormalization DecorrelatedBatchNormalization GroupNormalization LayerNormalization "
    "TheanoFunction".split()
)

# What stands for our own bases; the others are made when they are asked for.
_facades: dict[type, type] = {OurLink: Link, OurChain: Chain, OurChainList: ChainList}


def facade(ours: type) -> type:
    """The class that stands for one of our links in Chainer's programs."""
    if ours is OurSequential:
        from renkei.compat.chainer.sequential import Sequential

        return Sequential
    if ours not in _facades:
        _facades[ours] = _make(ours)
    return _facades[ours]


def _public_parents(ours: type) -> list[type]:
    """The nearest public classes of links that a class descends from."""
    found: list[type] = []
    for base in ours.__bases__:
        if not issubclass(base, OurLink) or base.__module__ == OurLink.__module__:
            continue
        if base.__name__.startswith("_"):
            found += _public_parents(base)
        elif base.__module__ != OurChainList.__module__:
            found.append(base)
    return found


def _base(ours: type) -> type:
    if ours.__name__ in _PLAIN:
        return Link
    return ChainList if issubclass(ours, OurChainList) else Chain


def _make(ours: type) -> type:
    parents = tuple(facade(parent) for parent in _public_parents(ours))
    body = {"__module__": PACKAGE, "__doc__": ours.__doc__, **extras(ours)}
    cls = type(ours.__name__, (ours, *parents, _base(ours)), body)
    if "__init__" not in body:
        cls.__init__ = _constructor(ours, cls)  # type: ignore[misc]
    return cls


def _constructor(ours: Any, cls: Any) -> Any:
    @functools.wraps(ours.__init__)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        with self._construction():
            super(cls, self).__init__(*args, **kwargs)

    __init__.__signature__ = inspect.signature(ours.__init__)  # type: ignore[attr-defined]
    return __init__


def adopt(link: Any) -> Any:
    """Turns a link of ours, and those in it, into what stands for it here; returns it."""
    cls = facade(type(link))
    values = dict(link.__dict__)
    states = values.pop("_states", {})
    for name in ("_registered", "_in_scope"):
        values.pop(name, None)
    link.__dict__.clear()
    link.__class__ = cls
    Link.__init__(link)
    link.__dict__.update(_children=[] if issubclass(cls, ChainList) else set())
    link.__dict__.update(
        _persistent=set(states), _dtypes=dict(states), name=values.pop("name", None)
    )
    layers = values.pop("_layers", [])
    with link._construction():
        for name, value in values.items():
            if isinstance(value, (Parameter, OurLink)):
                setattr(link, name, value)
            else:
                link.__dict__[name] = value
        for layer in layers:
            link.append(layer)
    return link
