"""Losses of distances and of statistics between examples: embeddings, covariances, clusters."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.elementwise import same_dtype
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.shapes import need_arrays, need_integer, need_number
from renkei.core.variable import Variable
from renkei.functions.activation import relu
from renkei.functions.arithmetic import absolute, multiply
from renkei.functions.indexing import where
from renkei.functions.linalg import matmul
from renkei.functions.math import sqrt, square
from renkei.functions.reduction import mean, sum
from renkei.functions.shape import expand_dims

__all__ = [
    "contrastive",
    "cross_covariance",
    "decov",
    "discriminative_margin_based_clustering_loss",
    "triplet",
]


def _values(x: Any) -> Any:
    return x._values() if isinstance(x, Variable) else x


def _one_of(call: str, name: str, value: Any, *allowed: Any) -> None:
    if value not in allowed:
        raise RangeError(call, f"{name}={value!r}", " or ".join(map(repr, allowed)))


def _positive(call: str, name: str, value: Any) -> None:
    need_number(call, name, value)
    if not value > 0:
        raise RangeError(call, f"{name}={value!r}", "a positive number")


def _rows(call: str, alike: bool, **arrays: Any) -> None:
    """Floats of two axes; alike: of one shape, otherwise with as many rows."""
    need_arrays(call, **arrays)
    shapes = {a.shape for a in arrays.values()}
    got = ", ".join(f"{name} {describe(a)}" for name, a in arrays.items())
    if any(a.dtype.kind != "f" for a in arrays.values()):
        raise DtypeError(call, got, "arrays of floats")
    if any(a.ndim != 2 for a in arrays.values()) or (alike and len(shapes) > 1):
        raise ShapeError(call, got, "arrays (n, d)" + (" of one shape" if alike else ""))
    if len({a.shape[0] for a in arrays.values()}) > 1 or 0 in {a.shape[0] for a in arrays.values()}:
        raise ShapeError(call, got, "one row at least, and as many in each")
    same_dtype(call, *arrays.values())


def _root(x: Any) -> Any:
    """The square root, whose gradient at 0 counts as 0."""
    zero = _values(x) == 0
    return where(zero, 0.0, sqrt(where(zero, 1.0, x)))


def contrastive(x0: Any, x1: Any, y: Any, margin: float = 1, reduce: str = "mean") -> Any:
    r"""The loss of distances that shall be small in pairs of a kind and large in others.

    .. math::
        loss_i = \frac12 \left(y_i d_i^2 + (1 - y_i) \max(margin - d_i, 0)^2\right), \qquad
        d_i = \|x_{0,i} - x_{1,i}\|_2

    Args:
        x0: the first of each pair, array or Variable (n, d).
        x1: the second of each pair (n, d).
        y: integer array (n,), 1 for pairs of a kind and 0 for others.
        margin: the distance that is large enough, positive.
        reduce: ``"mean"`` over the pairs, or ``"no"``.

    Returns:
        Array or Variable () with ``"mean"``, (n,) with ``"no"``. The gradient where two are equal
        counts as 0.

    Raises:
        ShapeError: the shapes differ.
        RangeError: ``margin`` is not positive, or ``reduce`` is something else.
        DtypeError: ``y`` is no integer array.

    >>> x0, x1 = np.array([[0.0], [0.0]]), np.array([[2.0], [0.25]])
    >>> F.contrastive(x0, x1, np.array([1, 0]), reduce="no")
    array([2.     , 0.28125])

    Hadsell et al., "Dimensionality reduction by learning an invariant mapping", 2006.
    """
    call = "contrastive(x0, x1, y)"
    _one_of(call, "reduce", reduce, "mean", "no")
    _positive(call, "margin", margin)
    _rows(call, True, x0=x0, x1=x1)
    need_arrays(call, y=y)
    label = _values(y)
    if label.shape != x0.shape[:1]:
        raise ShapeError(call, f"x0 {x0.shape} and y {describe(y)}", f"y of shape {x0.shape[:1]}")
    if label.dtype.kind not in "iu":
        raise DtypeError(call, f"y {describe(y)}", "integers 0 and 1")
    label = label.astype(x0.dtype)
    distance2 = sum(square(x0 - x1), axis=1)
    apart = relu(margin - _root(distance2))
    loss = (distance2 * label + square(apart) * (1 - label)) * 0.5
    return mean(loss) if reduce == "mean" else loss


def triplet(
    anchor: Any, positive: Any, negative: Any, margin: float = 0.2, reduce: str = "mean"
) -> Any:
    r"""The loss of anchors that shall be nearer to one example than to another.

    .. math:: loss_i = \max(\|a_i - p_i\|^2 - \|a_i - n_i\|^2 + margin, 0)

    Args:
        anchor: a, array or Variable (n, d).
        positive: p, examples of the kind of the anchors (n, d).
        negative: n, examples of another kind (n, d).
        margin: how much nearer is enough, positive.
        reduce: ``"mean"`` over the rows, or ``"no"``.

    Returns:
        Array or Variable () with ``"mean"``, (n,) with ``"no"``.

    Raises:
        ShapeError: the shapes differ.
        RangeError: ``margin`` is not positive, or ``reduce`` is something else.

    >>> a, p, n = np.array([[0.0]]), np.array([[2.0]]), np.array([[1.0]])
    >>> float(F.triplet(a, p, n, margin=0.5))
    3.5

    Schroff et al., "FaceNet: a unified embedding for face recognition and clustering", 2015.
    """
    call = "triplet(anchor, positive, negative)"
    _one_of(call, "reduce", reduce, "mean", "no")
    _positive(call, "margin", margin)
    _rows(call, True, anchor=anchor, positive=positive, negative=negative)
    difference = square(anchor - positive) - square(anchor - negative)
    loss = relu(sum(difference, axis=1) + margin)
    return mean(loss) if reduce == "mean" else loss


def _covariance(y: Any, z: Any) -> Any:
    """Of each column of y with each of z, over rows: (d, e)."""
    y, z = (v - mean(v, axis=0, keepdims=True) for v in (y, z))
    return matmul(y, z, transa=True) * (1 / y.shape[0])


def cross_covariance(y: Any, z: Any, reduce: str = "half_squared_sum") -> Any:
    r"""The loss of two representations that shall not vary together.

    .. math:: loss = \frac12 \sum_{ij} C_{ij}^2, \qquad
        C_{ij} = \frac1n \sum_k (y_{ki} - \bar y_i)(z_{kj} - \bar z_j)

    Args:
        y: array or Variable (n, d).
        z: array or Variable (n, e).
        reduce: ``"half_squared_sum"``, or ``"no"`` for C itself.

    Returns:
        Array or Variable () with ``"half_squared_sum"``, (d, e) with ``"no"``.

    Raises:
        ShapeError: the numbers of rows differ, or there is no row.
        RangeError: ``reduce`` is something else.

    >>> y, z = np.array([[0.0], [2.0]]), np.array([[1.0], [5.0]])
    >>> F.cross_covariance(y, z), F.cross_covariance(y, z, "no")
    (array(2.), array([[2.]]))

    Cheung et al., "Discovering hidden factors of variation in deep networks", 2014.
    """
    call = "cross_covariance(y, z)"
    _one_of(call, "reduce", reduce, "half_squared_sum", "no")
    _rows(call, False, y=y, z=z)
    c = _covariance(y, z)
    return multiply(sum(square(c)), 0.5) if reduce == "half_squared_sum" else c


def decov(h: Any, reduce: str = "half_squared_sum") -> Any:
    r"""The loss of features that shall not vary together.

    .. math:: loss = \frac12 \sum_{i \ne j} C_{ij}^2, \qquad
        C_{ij} = \frac1n \sum_k (h_{ki} - \bar h_i)(h_{kj} - \bar h_j)

    Args:
        h: array or Variable (n, d).
        reduce: ``"half_squared_sum"``, or ``"no"`` for C with zeros on its diagonal.

    Returns:
        Array or Variable () with ``"half_squared_sum"``, (d, d) with ``"no"``.

    Raises:
        ShapeError: ``h`` does not have two axes, or no row.
        RangeError: ``reduce`` is something else.

    >>> F.decov(np.array([[0.0, 1.0], [2.0, 5.0]]))
    array(4.)

    Cogswell et al., "Reducing overfitting in deep networks by decorrelating representations", 2016.
    """
    call = "decov(h)"
    _one_of(call, "reduce", reduce, "half_squared_sum", "no")
    _rows(call, True, h=h)
    xp, d = get_array_module(_values(h)), h.shape[1]
    c = _covariance(h, h) * (1 - xp.eye(d, dtype=h.dtype))
    return multiply(sum(square(c)), 0.5) if reduce == "half_squared_sum" else c


def discriminative_margin_based_clustering_loss(
    embeddings: Any,
    labels: Any,
    delta_v: float,
    delta_d: float,
    max_embedding_dim: int,
    norm: int = 1,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.001,
) -> tuple[Any, Any, Any]:
    r"""The losses of pixels that shall gather by label: variance, distance, regularization.

    With :math:`\mu_c` the mean of the pixels of cluster c of an image, C clusters and B images:

    .. math::
        L_{var} &= \frac1C \sum_c \frac{1}{N_c} \sum_{i \in c}
                   \max(\|\mu_c - x_i\| - \delta_v, 0)^2 \\
        L_{dist} &= \frac{2}{C (C - 1) B} \sum_{a < b} \max(2 \delta_d - \|\mu_a - \mu_b\|, 0)^2 \\
        L_{reg} &= \frac{1}{C B} \sum_c \|\mu_c\|

    Args:
        embeddings: x, array or Variable (B, C, height, width): C numbers for each pixel.
        labels: integer array (B, height, width): the cluster of each pixel, 1 to C; others count
            as background.
        delta_v: the distance from its mean that a pixel may have.
        delta_d: half the distance that means shall have.
        max_embedding_dim: C, the number of clusters and of ``embeddings.shape[1]``.
        norm: 1 for sums of absolute values, 2 for Euclidean norms.
        alpha: weight of the variance.
        beta: weight of the distance.
        gamma: weight of the regularization.

    Returns:
        Three arrays or Variables (): the weighted losses. In :math:`L_{reg}` the norm of the means
        of a cluster is taken over all images at once.

    Raises:
        ShapeError: the shapes do not fit.
        RangeError: ``norm`` is neither 1 nor 2, or ``max_embedding_dim`` is not positive.
        DtypeError: ``labels`` are no integers.

    >>> x = np.array([0.0, 2.0, 9.0, 9.0]).reshape(1, 1, 2, 2)
    >>> labels = np.array([[[1, 1], [0, 0]]])
    >>> loss = F.discriminative_margin_based_clustering_loss
    >>> [float(v) for v in loss(x, labels, 0.5, 1.5, 1)]  # one cluster, whose mean is 1
    [0.25, 0.0, 0.001]

    De Brabandere et al., "Semantic instance segmentation with a discriminative loss function",
    2017.
    """
    call = "discriminative_margin_based_clustering_loss(embeddings, labels, ...)"
    _check_clusters(call, embeddings, labels, max_embedding_dim)
    _one_of(call, "norm", norm, 1, 2)
    options = {"delta_v": delta_v, "delta_d": delta_d, "alpha": alpha, "beta": beta, "gamma": gamma}
    for name, value in options.items():
        need_number(call, name, value)
    xp, n = get_array_module(_values(embeddings)), max_embedding_dim
    label, dtype = _values(labels), embeddings.dtype
    clusters = xp.arange(1, n + 1).reshape(-1, 1, 1, 1, 1)
    member = (label[None, :, None] == clusters).astype(dtype)  # (C, B, 1, height, width)
    every = expand_dims(embeddings, 0)
    count = member.sum(axis=(3, 4), dtype=xp.float64)  # (C, B, 1)
    means = sum(every * member, axis=(3, 4)) * (1 / xp.maximum(count, 1)).astype(dtype)
    size = n * embeddings.shape[0]
    regular = multiply(sum(_norm(means, norm, (1, 2))), gamma / size)
    away = _norm((expand_dims(expand_dims(means, 3), 4) - every) * member, norm, 2)
    share = 1 / (xp.maximum(count.sum(axis=(1, 2)), 1) * n)
    outside = sum(square(relu(away - delta_v)), axis=(1, 2, 3))
    variance = sum(outside * (alpha * share).astype(dtype))
    first, second = xp.triu_indices(n, 1)
    gaps = _norm(means[first] - means[second], norm, 2)
    near = sum(square(relu(2 * delta_d - gaps)))
    pairs = len(first) * embeddings.shape[0]
    return variance, multiply(near, beta / max(pairs, 1)), regular


def _norm(x: Any, norm: int, axis: Any) -> Any:
    return sum(absolute(x), axis=axis) if norm == 1 else _root(sum(square(x), axis=axis))


def _check_clusters(call: str, x: Any, labels: Any, n: int) -> None:
    need_integer(call, "max_embedding_dim", n)
    _positive(call, "max_embedding_dim", n)
    need_arrays(call, embeddings=x, labels=labels)
    if labels.dtype.kind not in "iu" or x.dtype.kind != "f":
        got = f"embeddings {describe(x)} and labels {describe(labels)}"
        raise DtypeError(call, got, "arrays of floats and of integers")
    if x.ndim != 4 or labels.shape != (x.shape[0], *x.shape[2:]):
        got = f"embeddings {describe(x)} and labels {labels.shape}"
        raise ShapeError(call, got, "(batch, C, height, width) and (batch, height, width)")
    if x.shape[1] != n:
        got = f"embeddings {x.shape} and max_embedding_dim={n}"
        raise ShapeError(call, got, f"embeddings.shape[1] == {n}")
