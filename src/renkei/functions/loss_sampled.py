"""Losses of large vocabularies that look at few classes: sampled ones and those of a tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.core.device import get_array_module, get_array_types
from renkei.core.elementwise import same_dtype
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.shapes import need_arrays, need_integer
from renkei.core.variable import Variable
from renkei.functions.activation import softplus
from renkei.functions.embedding import embed_id
from renkei.functions.indexing import get_item
from renkei.functions.linalg import matmul
from renkei.functions.math import exp, log1p
from renkei.functions.reduction import logsumexp, mean, sum
from renkei.functions.shape import expand_dims, reshape

__all__ = ["binary_hierarchical_softmax", "black_out", "negative_sampling"]


def _values(x: Any) -> Any:
    return x._values() if isinstance(x, Variable) else x


def _one_of(call: str, value: Any, *allowed: str) -> None:
    if value not in allowed:
        raise RangeError(call, f"reduce={value!r}", " or ".join(map(repr, allowed)))


def _classes(call: str, name: str, value: Any) -> Any:
    array = _values(value)
    if not isinstance(array, get_array_types()) or array.dtype.kind not in "iu":
        hint = "Use astype(numpy.int32)."
        raise DtypeError(call, f"{name} {describe(value)}", "an array of integer classes", hint)
    return array


def _check(call: str, x: Any, t: Any, W: Any) -> None:
    need_arrays(call, x=x, W=W)
    if x.ndim != 2 or t.shape != x.shape[:1]:
        raise ShapeError(call, f"x {describe(x)} and t {t.shape}", "x (n, d) and t (n,)")
    got = f"x {x.shape} and W {W.shape}"
    if W.ndim != 2:
        raise ShapeError(call, got, "W of shape (classes, d)")
    if W.shape[1] != x.shape[1]:
        sizes = f"{x.shape[1]} != {W.shape[1]}"
        raise ShapeError(call, got, f"x.shape[1] == W.shape[1], here {sizes}")
    if x.dtype.kind != "f":
        raise DtypeError(call, f"x {describe(x)}", "arrays of floats")
    same_dtype(call, x, W)


def _scores(x: Any, W: Any, classes: Any) -> Any:
    """The products of each row of x with the weights of its classes: (n, classes)."""
    picked = embed_id(classes, W)  # (n, classes, d)
    return reshape(matmul(picked, expand_dims(x, 2)), classes.shape)


def negative_sampling(
    x: Any,
    t: Any,
    W: Any,
    sampler: Callable[[tuple[int, ...]], Any],
    sample_size: int,
    reduce: str = "sum",
    *,
    return_samples: bool = False,
) -> Any:
    r"""The loss of telling the right class from sampled wrong ones.

    .. math:: loss = -\ln \sigma(w_t \cdot x) - \sum_{k=1}^K \ln \sigma(-w_{s_k} \cdot x)

    Args:
        x: array or Variable (n, d).
        t: integer array (n,) of right classes; -1 leaves a row out.
        W: weights of all classes, array or Variable (classes, d).
        sampler: takes a shape, returns an integer array of that shape with classes drawn at random,
            such as ``L.NegativeSampling`` has.
        sample_size: K, the number of wrong classes for each row.
        reduce: ``"sum"`` over the rows, or ``"no"``.
        return_samples: also return the classes.

    Returns:
        Array or Variable () with ``"sum"``, (n,) with ``"no"``; with ``return_samples`` also the
        integer array (n, K + 1) of the classes, the right one first.

    Raises:
        ShapeError: the shapes do not fit.
        RangeError: a class lies outside of [0, classes), or ``reduce`` is something else.
        DtypeError: ``t`` is no integer array.

    >>> x, W = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 2.0]])
    >>> loss = F.negative_sampling(x, np.array([0]), W, lambda shape: np.ones(shape, int), 2)
    >>> float(loss.round(4))  # 3 ln 2
    2.0794

    Mikolov et al., "Distributed representations of words and phrases and their compositionality",
    2013.
    """
    call = "negative_sampling(x, t, W, sampler, sample_size)"
    _one_of(call, reduce, "sum", "no")
    right = _classes(call, "t", t)
    _check(call, x, right, W)
    if need_integer(call, "sample_size", sample_size) < 0:
        raise RangeError(call, f"sample_size={sample_size}", "0 or more")
    xp = get_array_module(right)
    kept = right != -1
    samples = xp.array(_classes(call, "the samples", sampler((len(right), sample_size + 1))))
    if samples.shape != (len(right), sample_size + 1):
        got = f"samples {samples.shape} from the sampler"
        raise ShapeError(call, got, f"the shape asked for, {(len(right), sample_size + 1)}")
    samples[:, 0] = xp.where(kept, right, 0)
    signs = xp.ones(samples.shape, x.dtype)
    signs[:, 0] = -1
    loss = sum(softplus(_scores(x, W, samples) * signs) * kept[:, None].astype(x.dtype), axis=1)
    if reduce == "sum":
        loss = sum(loss)
    if not return_samples:
        return loss
    samples[:, 0] = right
    return loss, samples


def black_out(x: Any, t: Any, W: Any, samples: Any, reduce: str = "mean") -> Any:
    r"""The loss of a softmax over the right class and sampled ones that it must tell apart.

    .. math::
        p_k = \frac{e^{w_k \cdot x}}{e^{w_t \cdot x} + \sum_{s} e^{w_s \cdot x}}, \qquad
        loss = -\ln p_t - \sum_s \ln(1 - p_s)

    Args:
        x: array or Variable (n, d).
        t: integer array (n,) of right classes.
        W: weights of all classes, array or Variable (classes, d).
        samples: integer array (n, K) of wrong classes.
        reduce: ``"mean"`` over the rows, or ``"no"``.

    Returns:
        Array or Variable () with ``"mean"``, (n,) with ``"no"``.

    Raises:
        ShapeError: the shapes do not fit.
        RangeError: a class lies outside of [0, classes), or ``reduce`` is something else.
        DtypeError: ``t`` or ``samples`` is no integer array.

    >>> x, W = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 2.0]])
    >>> float(F.black_out(x, np.array([0]), W, np.array([[1]])).round(4))  # p = 1/2 each
    1.3863

    Ji et al., "BlackOut: speeding up recurrent neural network language models with very large
    vocabularies", 2016.
    """
    call = "black_out(x, t, W, samples)"
    _one_of(call, reduce, "mean", "no")
    right, wrong = _classes(call, "t", t), _classes(call, "samples", samples)
    _check(call, x, right, W)
    if wrong.ndim != 2 or len(wrong) != len(right):
        raise ShapeError(call, f"t {right.shape} and samples {wrong.shape}", "samples (n, K)")
    scores = _scores(x, W, get_array_module(right).concatenate([right[:, None], wrong], axis=1))
    log_p = scores - expand_dims(logsumexp(scores, axis=1), 1)
    loss = -(log_p[:, 0] + sum(log1p(-exp(log_p[:, 1:])), axis=1))
    return mean(loss) if reduce == "mean" else loss


def binary_hierarchical_softmax(x: Any, t: Any, W: Any, nodes: Any, codes: Any, begins: Any) -> Any:
    r"""The loss of a class at a leaf of a binary tree, whose inner nodes each decide left or right.

    .. math:: loss = \sum_{k \in path(t)} \ln(1 + e^{-code_k \, w_{node_k} \cdot x})

    The path from the root to class c is in ``nodes`` and ``codes`` from ``begins[c]`` up to
    ``begins[c + 1]``. ``L.BinaryHierarchicalSoftmax`` makes all three from a tree.

    Args:
        x: array or Variable (n, d).
        t: integer array (n,) of classes.
        W: weights of the inner nodes, array or Variable (inner nodes, d).
        nodes: integer array, the inner nodes on the paths of all classes.
        codes: array as long, 1 where the path goes left and -1 where it goes right.
        begins: integer array (classes + 1,).

    Returns:
        Array or Variable (): the sum over the rows.

    Raises:
        ShapeError: the shapes do not fit.
        RangeError: a class is not in the tree.
        DtypeError: ``t`` is no integer array.

    >>> x, W = np.array([[0.0]]), np.array([[1.0]])  # a tree of one inner node
    >>> tree = np.array([0, 0]), np.array([1.0, -1.0]), np.array([0, 1, 2])
    >>> float(F.binary_hierarchical_softmax(x, np.array([1]), W, *tree).round(4))  # ln 2
    0.6931

    Morin and Bengio, "Hierarchical probabilistic neural network language model", 2005.
    """
    call = "binary_hierarchical_softmax(x, t, W, nodes, codes, begins)"
    right = _classes(call, "t", t)
    _check(call, x, right, W)
    xp = get_array_module(right)
    n_classes = len(begins) - 1
    bad = (right < 0) | (right >= n_classes)
    known = xp.where(bad, 0, right)
    starts, lengths = begins[known], begins[known + 1] - begins[known]
    bad |= lengths == 0
    if bad.any():
        raise RangeError(call, f"class {int(right[bad][0])}", f"one of the {n_classes} of the tree")
    rows = xp.repeat(xp.arange(len(right)), lengths.tolist())
    places = xp.arange(len(rows)) - (xp.cumsum(lengths) - lengths - starts)[rows]
    picked = embed_id(nodes[places], W) * get_item(x, (rows,))  # (steps of all paths, d)
    return sum(softplus(sum(picked, axis=1) * -codes[places].astype(x.dtype)))
