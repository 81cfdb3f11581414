"""Matrices with given singular values."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["generate_matrix"]


def generate_matrix(
    shape: tuple[int, ...], dtype: Any = float, *, singular_values: Any = None
) -> np.ndarray:
    r"""A random matrix, or a batch of them, with given singular values.

    Args:
        shape: the shape; the last two axes are the matrices.
        dtype: a float or complex dtype.
        singular_values: numbers that broadcast to the singular values.

    >>> from renkei.compat.chainer import testing
    >>> a = testing.generate_matrix((2, 2), singular_values=(2, 1))
    >>> np.linalg.svd(a)[1].round(6)
    array([2., 1.])
    """
    if len(shape) <= 1:
        raise ValueError(f"shape {shape} is invalid for matrices: too few axes")
    dtype = np.dtype(dtype)
    if dtype.kind not in "fc":
        raise TypeError(f"dtype {dtype} is not supported")
    if singular_values is None:
        raise TypeError("singular_values is not given")
    values = np.asarray(singular_values)
    if not np.isrealobj(values):
        raise TypeError("singular_values is not real")
    if (values < 0).any():
        raise ValueError("negative singular value is given")
    values = np.broadcast_to(values, (*shape[:-2], min(shape[-2:])))
    if 0 in shape:
        return np.empty(shape, dtype)
    a = np.random.randn(*shape)
    if dtype.kind == "c":
        a = a + 1j * np.random.randn(*shape)
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return np.asarray((u * values[..., None, :]) @ vh, dtype)
