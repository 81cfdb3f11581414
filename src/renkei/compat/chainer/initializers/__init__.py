"""Initializers that draw from the global state of ``numpy.random``, as Chainer's do.

>>> import numpy as np
>>> from renkei.compat.chainer import initializers
>>> np.random.seed(0)
>>> initializers.generate_array(initializers.Normal(1.0), (2,), np)
array([1.7640524, 0.4001572], dtype=float32)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei import initializers as ours
from renkei.compat.chainer import _tree
from renkei.compat.chainer.initializer import Initializer, get_fans, numpy_random
from renkei.core.config import get_dtype
from renkei.core.device import get_array_types, get_device

__all__ = [
    "Constant",
    "DownsamplingConvFilter",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LeCunNormal",
    "LeCunUniform",
    "NaN",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "UpsamplingDeconvFilter",
    "Zero",
    "generate_array",
    "get_fans",
]

Constant, Zero, One, NaN = ours.Constant, ours.Zero, ours.One, ours.NaN
Identity = ours.Identity
DownsamplingConvFilter = ours.DownsamplingConvFilter
UpsamplingDeconvFilter = ours.UpsamplingDeconvFilter


class _Drawn(Initializer):
    """Draws from ``numpy.random`` where no ``rng`` is given."""

    def __call__(self, array: Any) -> None:
        with numpy_random():
            super().__call__(array)


class Normal(_Drawn, ours.Normal):
    __doc__ = ours.Normal.__doc__


class Uniform(_Drawn, ours.Uniform):
    __doc__ = ours.Uniform.__doc__


class LeCunNormal(_Drawn, ours.LeCunNormal):
    __doc__ = ours.LeCunNormal.__doc__


class LeCunUniform(_Drawn, ours.LeCunUniform):
    __doc__ = ours.LeCunUniform.__doc__


class GlorotNormal(_Drawn, ours.GlorotNormal):
    __doc__ = ours.GlorotNormal.__doc__


class GlorotUniform(_Drawn, ours.GlorotUniform):
    __doc__ = ours.GlorotUniform.__doc__


class HeNormal(_Drawn, ours.HeNormal):
    __doc__ = ours.HeNormal.__doc__


class HeUniform(_Drawn, ours.HeUniform):
    __doc__ = ours.HeUniform.__doc__


class Orthogonal(_Drawn, ours.Orthogonal):
    __doc__ = ours.Orthogonal.__doc__


class _Wrapped(_Drawn):
    """Any initializer of ours that asks others to fill parts, as those of recurrent links."""

    def __init__(self, fill: Any) -> None:
        super().__init__(getattr(fill, "dtype", None))
        self.fill = fill

    def __call__(self, array: Any) -> None:
        with numpy_random():
            self.fill(array)


_DRAWN = (
    Normal,
    Uniform,
    LeCunNormal,
    LeCunUniform,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Orthogonal,
)
_THEIRS = {cls.__mro__[2]: cls for cls in _DRAWN}
_QUIET = (Constant, Identity, UpsamplingDeconvFilter)


def drawing_from_numpy(initializer: Any) -> Any:
    """An initializer that a link of our own has chosen, made to draw from ``numpy.random``."""
    if not isinstance(initializer, Initializer) or isinstance(initializer, (_Drawn, *_QUIET)):
        return initializer
    cls = _THEIRS.get(type(initializer))
    if cls is None:
        return _Wrapped(initializer)
    initializer.__class__ = cls
    return initializer


def generate_array(
    initializer: Any, shape: Any, xp: Any, dtype: Any = None, device: Any = None
) -> Any:
    r"""Makes an array and lets an initializer fill it.

    Args:
        initializer: a callable that fills an array; its attribute ``dtype`` is that of the array.
        shape: of the array.
        xp: the array module.
        dtype: of the array; must be that of the initializer, if it has one.
        device: where to make it.
    """
    own = getattr(initializer, "dtype", None)
    if dtype is not None and own is not None and np.dtype(own) != np.dtype(dtype):
        raise ValueError(f"dtype mismatch: {np.dtype(own)} of the initializer != {np.dtype(dtype)}")
    array = np.empty(shape, get_dtype(dtype if own is None else own))
    with numpy_random():
        initializer(array)
    if device is not None:
        return get_device(device).send(array)
    return array if xp is np else xp.asarray(array)


def _get_initializer(initializer: Any) -> Any:
    """The initializer that an argument of a link stands for."""
    if initializer is None:
        return LeCunNormal()
    if np.isscalar(initializer) or isinstance(initializer, get_array_types()):
        return Constant(initializer)
    if not callable(initializer):
        raise TypeError(f"invalid type of initializer: {type(initializer)}")
    return initializer


__getattr__ = _tree.submodules("initializers")
