"""Dropconnect: linear functions whose weights, not inputs, fall out at random."""

from __future__ import annotations

from math import prod
from typing import Any

from renkei.core.broadcast import broadcast_to
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.random import generator
from renkei.core.shapes import need_arrays, need_number
from renkei.functions.linalg import matmul
from renkei.functions.linear import linear
from renkei.functions.noise import Dropout
from renkei.functions.shape import reshape

__all__ = ["simplified_dropconnect"]

_CALL = "simplified_dropconnect(x, W, b, ratio)"


def simplified_dropconnect(
    x: Any,
    W: Any,
    b: Any = None,
    ratio: float = 0.5,
    train: bool = True,
    mask: Any = None,
    use_batchwise_mask: bool = True,
) -> Any:
    r"""A linear function that drops weights at random, and scales the rest up to the same mean.

    .. math:: y_{i j} = b_j + \frac{1}{1 - ratio} \sum_k m_{i j k} W_{j k} x_{i k}

    It is simplified: the paper draws the sum from a normal distribution, and averages behind the
    activation when testing.

    Args:
        x: array or Variable of floats (batch, ...); the axes behind the first are taken as one.
        W: weight (out size, in size).
        b: bias (out size,), or None.
        ratio: probability that a weight is replaced by 0.
        train: False: no weight is dropped.
        mask: array (batch, out size, in size) or (out size, in size) of zeros and ones to take
            instead of random ones, also if ``train`` is False.
        use_batchwise_mask: choose anew for each example.

    Returns:
        Array or Variable (batch, out size).

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: an argument is no array of floats.
        RangeError: ``ratio`` is not in [0, 1).

    Wan et al., "Regularization of neural networks using DropConnect" (2013).

    >>> x, W = np.array([[1.0, 10.0]]), np.array([[1.0, 1.0], [2.0, 2.0]])
    >>> mask = np.array([[True, False], [True, True]])
    >>> F.simplified_dropconnect(x, W, ratio=0.5, mask=mask)
    array([[ 2., 44.]])
    """
    need_number(_CALL, "ratio", ratio)
    if not 0 <= ratio < 1:
        raise RangeError(_CALL, f"ratio={ratio!r}", "a number in the range [0, 1)")
    mask = getattr(mask, "array", mask)
    _check(x, W, b, mask)
    ratio = ratio if train else 0
    weight, each = W, (x.shape[0], *W.shape)
    if mask is not None:
        weight = W * (mask * (1 / (1 - ratio))).astype(W.dtype)
    elif ratio:
        weight = broadcast_to(W, each) if use_batchwise_mask else W
        weight = Dropout(ratio, *generator().take(prod(weight.shape)))(weight)
    if weight.ndim == 2:
        return linear(x, weight, b)
    y = matmul(weight, reshape(x, (each[0], each[2], 1)))
    y = reshape(y, each[:2])
    return y if b is None else y + b


def _check(x: Any, W: Any, b: Any, mask: Any) -> None:
    arrays = {"x": x, "W": W, **({} if b is None else {"b": b})}
    need_arrays(_CALL, **arrays, **({} if mask is None else {"mask": mask}))
    for name, a in arrays.items():
        if a.dtype.kind != "f":
            raise DtypeError(_CALL, f"{name} {describe(a)}", "an array of floats", "See F.cast.")
    if W.ndim != 2 or x.ndim < 2 or prod(x.shape[1:]) != W.shape[1]:
        raise ShapeError(
            _CALL, f"x {x.shape} and W {W.shape}", "x (batch, in size) and W (out size, in size)"
        )
    if b is not None and b.shape != W.shape[:1]:
        raise ShapeError(_CALL, f"b {b.shape} and W {W.shape}", f"b.shape == {W.shape[:1]}")
    if mask is not None and mask.shape not in (W.shape, (x.shape[0], *W.shape)):
        got = f"mask {mask.shape}, x {x.shape} and W {W.shape}"
        raise ShapeError(_CALL, got, f"a mask {W.shape} or {(x.shape[0], *W.shape)}")
