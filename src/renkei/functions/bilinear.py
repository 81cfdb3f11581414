"""Bilinear functions: every product of a value of one vector and one of another, weighted."""

from __future__ import annotations

from math import prod
from typing import Any

from renkei.core.errors import DtypeError, ShapeError, UsageError, describe
from renkei.core.shapes import need_arrays
from renkei.functions.linalg import matmul
from renkei.functions.shape import reshape

__all__ = ["bilinear"]

_CALL = "bilinear(e1, e2, W, V1, V2, b)"


def bilinear(e1: Any, e2: Any, W: Any, V1: Any = None, V2: Any = None, b: Any = None) -> Any:
    r"""Applies a bilinear function, with linear parts and a bias if they are given.

    .. math:: y_{i l} = \sum_{j k} e^1_{i j} e^2_{i k} W_{j k l}
        \; + \sum_j e^1_{i j} V^1_{j l} + \sum_k e^2_{i k} V^2_{k l} + b_l

    Args:
        e1: left vectors (batch, left size), array or Variable of floats; further axes are taken
            as one.
        e2: right vectors (batch, right size).
        W: weight (left size, right size, out size).
        V1: weight (left size, out size), or None.
        V2: weight (right size, out size), or None.
        b: bias (out size,), or None. V1, V2 and b are given all or not at all.

    Returns:
        Array or Variable (batch, out size).

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: an argument is no array of floats.
        UsageError: only some of V1, V2 and b are given.

    Socher et al., "Reasoning with neural tensor networks for knowledge base completion" (2013).

    >>> W = np.array([[[1.0], [10.0]], [[100.0], [1000.0]]])
    >>> F.bilinear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), W)
    array([[8643.]])
    """
    linear = {"V1": V1, "V2": V2, "b": b}
    given = [name for name, a in linear.items() if a is not None]
    if given and len(given) < 3:
        raise UsageError(_CALL, f"only {' and '.join(given)}", "V1, V2 and b, or none of them")
    arrays = {"e1": e1, "e2": e2, "W": W, **(linear if given else {})}
    need_arrays(_CALL, **arrays)
    for name, a in arrays.items():
        if a.dtype.kind != "f":
            raise DtypeError(_CALL, f"{name} {describe(a)}", "an array of floats", "See F.cast.")
    _check_shapes(e1, e2, W, linear if given else {})
    n, (left, right, out) = e1.shape[0], W.shape
    e1, e2 = reshape(e1, (n, left)), reshape(e2, (n, right))
    pairs = reshape(e1, (n, left, 1)) * reshape(e2, (n, 1, right))
    y = matmul(reshape(pairs, (n, left * right)), reshape(W, (left * right, out)))
    return y + matmul(e1, V1) + matmul(e2, V2) + b if given else y


def _check_shapes(e1: Any, e2: Any, W: Any, linear: dict[str, Any]) -> None:
    sizes = [prod(e.shape[1:]) if e.ndim > 1 else -1 for e in (e1, e2)]
    if W.ndim != 3 or list(W.shape[:2]) != sizes or e1.shape[0] != e2.shape[0]:
        raise ShapeError(
            _CALL,
            f"e1 {e1.shape}, e2 {e2.shape} and W {W.shape}",
            "e1 (batch, left size), e2 (batch, right size), W (left size, right size, out size)",
        )
    left, right, out = W.shape
    for (name, a), shape in zip(linear.items(), ((left, out), (right, out), (out,))):
        if a.shape != shape:
            raise ShapeError(_CALL, f"{name} {a.shape} and W {W.shape}", f"{name}.shape == {shape}")
