"""Inverse square roots of covariances, and what decorrelation keeps of them."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__ = ["inverse_square_root", "inverse_square_root_grad", "whitening_averages"]


@kernel("inverse_square_root", backend="reference")
def inverse_square_root(a: Any, *, eps: float) -> Any:
    """(a + eps I) ** -1/2 of symmetric matrices (groups, n, n)."""
    xp = get_array_module(a)
    values, vectors = xp.linalg.eigh(a)
    # rounding may have made an eigenvalue of 0 a little negative
    roots = xp.sqrt(xp.maximum(values, 0) + eps)
    return xp.matmul(vectors / roots[:, None, :], vectors.swapaxes(1, 2))


@kernel("inverse_square_root_grad", backend="reference")
def inverse_square_root_grad(root: Any, g: Any) -> Any:
    """The gradient of an inverse square root, given the square root and a symmetric gradient.

    In the basis of eigenvectors the derivative is a product with the divided differences of
    s ** -1/2, which are -1 / (r_i r_j (r_i + r_j)) for eigenvalues r of the root.
    """
    xp = get_array_module(g)
    values, vectors = xp.linalg.eigh(root)
    turned = vectors.swapaxes(1, 2)
    r, s = values[:, :, None], values[:, None, :]
    inner = xp.matmul(xp.matmul(turned, g), vectors) / (r * s * (r + s))
    return -xp.matmul(xp.matmul(vectors, inner), turned)


@kernel("whitening_averages", backend="reference", writes=("running_mean", "running_projection"))
def whitening_averages(
    mean: Any,
    projection: Any,
    running_mean: Any = None,
    running_projection: Any = None,
    *,
    decay: float,
    adjust: float,
) -> tuple[Any, Any]:
    """Updates the averages that are given."""
    for running, value, factor in (
        (running_mean, mean, 1),
        (running_projection, projection, adjust),
    ):
        if running is not None:
            running *= decay
            running += (value.reshape(running.shape) * ((1 - decay) * factor)).astype(running.dtype)
    return mean, projection
