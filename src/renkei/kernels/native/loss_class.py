"""Softmax cross entropy with integer labels: two passes forward, one backward, no temporaries."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei import _native
from renkei.core.dispatch import kernel
from renkei.kernels.reference.loss_class import _check_labels

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_LABELS = (np.dtype(np.int32), np.dtype(np.int64))


def able(x: Any, t: Any, *others: Any) -> bool | str:
    for a in (x, t, *others):
        if a is not None and type(a) is not np.ndarray:
            return f"wants NumPy arrays, got {type(a).__name__}"
    if x.dtype not in _FLOATS:
        return f"wants float32 or float64, got {x.dtype}"
    if t.dtype not in _LABELS:
        return f"wants labels of int32 or int64, got {t.dtype}"
    for a in others:
        if a is not None and a.dtype != x.dtype:
            return f"wants one dtype, got {x.dtype} and {a.dtype}"
    return True


def _dense(a: np.ndarray) -> np.ndarray:
    return a if a.flags.carray else np.require(a, requirements=["C", "A"])


@kernel("softmax_cross_entropy", backend="native", when=able)
def softmax_cross_entropy(
    x: np.ndarray, t: np.ndarray, class_weight: np.ndarray | None = None, *, ignore_label: int
) -> tuple[np.ndarray, np.ndarray]:
    loss, log_z = np.empty(t.shape, x.dtype), np.empty(t.shape, x.dtype)
    weight = None if class_weight is None else _dense(class_weight)
    try:
        _native.softmax_cross_entropy(_dense(x), _dense(t), loss, log_z, ignore_label, weight)
    except ValueError:
        _check_labels(np, x, t, ignore_label)  # says it in the words of the reference
        raise
    return loss, log_z


@kernel("softmax_cross_entropy_grad", backend="native", when=able)
def softmax_cross_entropy_grad(
    x: np.ndarray,
    t: np.ndarray,
    log_z: np.ndarray,
    coeff: np.ndarray,
    class_weight: np.ndarray | None = None,
    *,
    ignore_label: int,
) -> np.ndarray:
    gx = np.empty(x.shape, x.dtype)
    weight = None if class_weight is None else _dense(class_weight)
    x, t, log_z, coeff = _dense(x), _dense(t), _dense(log_z), _dense(coeff)
    _native.softmax_cross_entropy_grad(x, t, log_z, coeff, gx, ignore_label, weight)
    return gx
