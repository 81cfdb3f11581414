"""Softmax cross entropy with integer labels, and its gradient."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel
from renkei.core.errors import RangeError


@kernel("softmax_cross_entropy", backend="reference")
def softmax_cross_entropy(
    x: Any, t: Any, class_weight: Any = None, *, ignore_label: int
) -> tuple[Any, Any]:
    r"""The loss at each position and log Z, both of the shape of ``t``.

    ``x``: (n, c) or (n, c, d1, ...); ``t``: integers (n,) or (n, d1, ...); ``class_weight``: (c,)
    of the dtype of ``x``, or None. ``loss = (log Z - x[t]) * class_weight[t]``, 0 where ``t`` is
    ``ignore_label``, in the dtype of ``x``; ``log Z = log sum_c exp(x)``, at least float32.
    """
    xp = get_array_module(x)
    _check_labels(xp, x, t, ignore_label)
    ignored = t == ignore_label
    z, label = _wide(xp, x), t
    if ignored.any():  # such a row may hold anything, infinities too
        z, label = xp.where(xp.expand_dims(ignored, 1), 0, z), xp.where(ignored, 0, t)
    top = _top(xp, z)
    log_z = xp.log(xp.exp(z - xp.expand_dims(top, 1)).sum(axis=1)) + top
    loss = log_z - _picked(xp, z, label)
    if class_weight is not None:
        loss = loss * class_weight[label]
    if ignored.any():
        loss = xp.where(ignored, 0, loss)
    return loss.astype(x.dtype, copy=False), log_z


@kernel("softmax_cross_entropy_grad", backend="reference")
def softmax_cross_entropy_grad(
    x: Any, t: Any, log_z: Any, coeff: Any, class_weight: Any = None, *, ignore_label: int
) -> Any:
    r"""The gradient by ``x``: ``(exp(x - log Z) - onehot(t)) * coeff * class_weight[t]``.

    ``x``, ``t``, ``log_z`` and ``class_weight`` as above; ``coeff``: the shape of ``t``, or ().
    The result has the shape and dtype of ``x``; it is 0 where ``t`` is ``ignore_label``.
    """
    xp = get_array_module(x)
    ignored, wide = t == ignore_label, _wide(xp, x)
    scale, label = _wide(xp, coeff), t
    if ignored.any():
        wide, label = xp.where(xp.expand_dims(ignored, 1), 0, wide), xp.where(ignored, 0, t)
        scale, log_z = scale * ~ignored, xp.where(ignored, 0, log_z)
    if class_weight is not None:
        scale = scale * class_weight[label]
    if scale.ndim == 0:
        scale = xp.broadcast_to(scale, t.shape)
    gx = xp.exp(wide - xp.expand_dims(log_z, 1))
    classes = xp.arange(x.shape[1]).reshape((-1,) + (1,) * (x.ndim - 2))
    gx -= classes == xp.expand_dims(label, 1)
    gx *= xp.expand_dims(scale, 1)
    return gx.astype(x.dtype, copy=False)


def _wide(xp: Any, x: Any) -> Any:
    return x.astype(xp.float32) if x.dtype == xp.float16 else x


def _top(xp: Any, z: Any) -> Any:
    """The largest score of each row, where it is finite: exp(x - top) then cannot overflow."""
    if z.size == 0:
        return xp.zeros(z.shape[:1] + z.shape[2:], z.dtype)
    top = z.max(axis=1)
    return xp.where(xp.isinf(top), 0, top)


def _picked(xp: Any, z: Any, label: Any) -> Any:
    if z.shape[1] == 0:  # no label was in range, so every row is ignored
        return xp.zeros(label.shape, z.dtype)
    return xp.take_along_axis(z, xp.expand_dims(label, 1), axis=1)[:, 0]


def _check_labels(xp: Any, x: Any, t: Any, ignore_label: int) -> None:
    wrong = (t != ignore_label) & ((t < 0) | (t >= x.shape[1]))
    if not wrong.any():
        return
    place = tuple(int(i[0]) for i in xp.nonzero(wrong))
    row = f"row {place[0]}" + (f", position {place[1:]}" if place[1:] else "")
    raise RangeError(
        "softmax_cross_entropy(x, t)",
        f"label {int(t[place])} at {row}",
        f"labels in [0, {x.shape[1]}) (x has {x.shape[1]} classes along axis 1), "
        f"or ignore_label={ignore_label}",
    )
