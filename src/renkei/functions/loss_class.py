"""Losses of classification: softmax and sigmoid cross entropy, hinge, Bernoulli likelihood."""

from __future__ import annotations

from typing import Any

from renkei.core.config import get_dtype
from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import run
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_integer, need_number
from renkei.core.variable import Variable
from renkei.functions.activation import relu, softplus
from renkei.functions.arithmetic import multiply
from renkei.functions.math import log
from renkei.functions.reduction import mean, sum
from renkei.functions.softmax import SoftmaxGrad, log_softmax, softmax

__all__ = [
    "bernoulli_nll",
    "hinge",
    "sigmoid_cross_entropy",
    "smooth_labels",
    "softmax_cross_entropy",
]


def _values(x: Any) -> Any:
    return x._values() if isinstance(x, Variable) else x


def _one_of(call: str, name: str, value: Any, *allowed: str) -> None:
    if value not in allowed:
        raise RangeError(call, f"{name}={value!r}", " or ".join(map(repr, allowed)))


def _want_floats(call: str, name: str, x: Any) -> None:
    if _kind(x) != "f":
        raise DtypeError(call, f"{name} {describe(x)}", f"{name} to be an array of floats")


def _want_labels(call: str, t: Any) -> None:
    if _kind(t) not in ("i", "u"):
        hint = "Use t.astype(numpy.int32)."
        raise DtypeError(call, f"t {describe(t)}", "an array of integer labels", hint)


def _kind(x: Any) -> str:
    return getattr(getattr(x, "dtype", None), "kind", "")


def _averaged(loss: Any, count: int) -> Any:
    """The sum over count: by way of the mean, since sums of float16 overflow."""
    if loss.size == 0:
        return sum(loss)
    return multiply(mean(loss), loss.size / max(count, 1))


# -- softmax cross entropy -------------------------------------------------------------------------

_SOFTMAX = "softmax_cross_entropy(x, t)"


class SoftmaxCrossEntropy(Function):
    """The node of ``softmax_cross_entropy`` with integer labels.

    Residuals: log Z of each row, and the factor of the sum over rows (None where nothing is
    summed).
    """

    residuals = ("log_z", "factor")

    def __init__(self, normalize: bool, ignore_label: int, reduce: str) -> None:
        self.normalize, self.ignore_label, self.reduce = normalize, ignore_label, reduce

    def check(self, x: Any, t: Any, class_weight: Any) -> Spec:
        _want_floats(_SOFTMAX, "x", x)
        _want_labels(_SOFTMAX, t)
        shape = x.shape
        if len(shape) < 2 or t.shape != shape[:1] + shape[2:]:
            raise _unfit(x, t)
        if class_weight is not None and class_weight.shape != shape[1:2]:
            raise ShapeError(
                "softmax_cross_entropy(x, t, class_weight=w)",
                f"x {shape} and w {class_weight.shape}",
                f"a weight for each class: w of shape ({shape[1]},)",
            )
        return Spec((), x.dtype) if self.reduce == "mean" else Spec(t.shape, x.dtype)

    def forward(self, x: Any, t: Any, class_weight: Any) -> Any:
        ignore = self.ignore_label
        loss, log_z = run("softmax_cross_entropy", x, t, class_weight, ignore_label=ignore)
        if self.reduce == "no":
            return loss, log_z, None
        count = int((t != ignore).sum()) if self.normalize else len(t)
        factor = 1.0 / max(count, 1)
        return as_array(loss.sum(dtype=log_z.dtype) * factor, x.dtype), log_z, factor

    def grad_x(self, gy: Any, x: Any, t: Any, class_weight: Any, log_z: Any, factor: Any) -> Any:
        coeff = gy if factor is None else gy * factor
        if not isinstance(coeff, Variable):
            coeff = as_array(coeff)
        return SoftmaxCrossEntropyGrad(self.ignore_label)(x, t, log_z, coeff, class_weight)


class SoftmaxCrossEntropyGrad(Function):
    r"""The gradient by x: :math:`(softmax(x) - onehot(t)) \cdot coeff \cdot class\_weight_t`."""

    outputs = ("gx",)

    def __init__(self, ignore_label: int) -> None:
        self.ignore_label = ignore_label

    def forward(self, x: Any, t: Any, log_z: Any, coeff: Any, class_weight: Any) -> Any:
        ignore = self.ignore_label
        return run(
            "softmax_cross_entropy_grad", x, t, log_z, coeff, class_weight, ignore_label=ignore
        )

    # log_z is a function of x, so x alone has a gradient, through softmax.
    def grad_x(self, ggx: Any, x: Any, t: Any, coeff: Any, class_weight: Any) -> Any:
        _, weight = self._target(x, t, class_weight)
        rows = (1,) * (x.ndim - 1) if coeff.ndim == 0 else _with_axis(t.shape)
        return SoftmaxGrad(1)(softmax(x), ggx * (coeff.reshape(rows) * weight))

    def grad_coeff(self, ggx: Any, x: Any, t: Any, coeff: Any, class_weight: Any) -> Any:
        onehot, weight = self._target(x, t, class_weight)
        g = ggx * (softmax(x) - onehot) * weight
        return sum(g) if coeff.ndim == 0 else sum(g, axis=1)

    def _target(self, x: Any, t: Any, class_weight: Any) -> tuple[Any, Any]:
        """One-hot labels in the shape of x, and the weight of each row with an axis of size 1."""
        xp = get_array_module(x)
        ignored = t == self.ignore_label
        weight = (~ignored).astype(x.dtype)
        if class_weight is not None:
            weight *= class_weight[xp.where(ignored, 0, t)]
        classes = xp.arange(x.shape[1]).reshape((-1,) + (1,) * (x.ndim - 2))
        onehot = classes == xp.expand_dims(t, 1)
        return onehot.astype(x.dtype), weight.reshape(_with_axis(t.shape))


def _with_axis(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:1] + (1,) + shape[1:]


def _unfit(x: Any, t: Any) -> ShapeError:
    got = f"x {x.shape} and t {t.shape}"
    if x.ndim < 2:
        return ShapeError(_SOFTMAX, got, "x of shape (n, classes, ...)", "Axis 0 is the batch.")
    hint = "t holds one label for each row of x."
    if t.shape[:1] == x.shape[:1] and t.shape[1:] == (1,):
        hint += " Drop the last axis of t: t[:, 0]."
    elif t.shape == x.shape:
        hint += " Probabilities instead of labels must be floats."
    return ShapeError(_SOFTMAX, got, f"t of shape {x.shape[:1] + x.shape[2:]}", hint)


def _soft_targets(x: Any, t: Any, class_weight: Any, reduce: str, kind: str) -> Any:
    """Cross entropy or Kullback-Leibler divergence from given probabilities."""
    _want_floats(_SOFTMAX, "x", x)
    if x.shape != t.shape or x.ndim < 2:
        raise ShapeError(
            _SOFTMAX,
            f"x {x.shape} and t {t.shape}",
            "equal shapes (n, classes, ...), since t holds floats: probabilities of the classes",
            "Labels must be integers.",
        )
    t = t if isinstance(t, Variable) else as_array(t, x.dtype)
    log_p = log_softmax(x, axis=1)
    if class_weight is not None:
        log_p = log_p * class_weight.reshape((-1,) + (1,) * (x.ndim - 2))
    terms = t * (log(t + 1e-7) - log_p) if kind == "kl-divergence" else -(t * log_p)
    loss = sum(terms, axis=1)
    return _averaged(loss, loss.size) if reduce == "mean" else loss


def softmax_cross_entropy(
    x: Any,
    t: Any,
    normalize: bool = True,
    cache_score: bool = True,
    class_weight: Any = None,
    ignore_label: int = -1,
    reduce: str = "mean",
    enable_double_backprop: bool = False,
    soft_target_loss: str = "cross-entropy",
) -> Any:
    r"""Cross entropy of the softmax of scores: :math:`y = -w_t \log \mathrm{softmax}(x)_t`.

    Args:
        x: scores before softmax, array or Variable of shape (n, c) or (n, c, d1, ...).
        t: integer labels in [0, c) of shape (n,) or (n, d1, ...); or probabilities of the classes,
            floats of the shape of ``x``.
        normalize: with labels and ``reduce="mean"``, divide the sum by the number of labels that
            are not ignored; otherwise by the batch size n.
        cache_score: without effect, since the scores are never copied.
        class_weight: a factor for the loss of each class, an array of shape (c,), or None.
        ignore_label: rows with this label count as nothing.
        reduce: ``"mean"``, or ``"no"`` for one loss for each label.
        enable_double_backprop: without effect, since gradients can always be differentiated again.
        soft_target_loss: with probabilities, ``"cross-entropy"`` or ``"kl-divergence"``.

    Returns:
        Array or Variable of shape (), or of the shape of ``t`` (of ``x`` without axis 1) with
        ``reduce="no"``.

    Raises:
        ShapeError: the shapes of ``x``, ``t`` and ``class_weight`` do not fit.
        DtypeError: the scores are no floats, or the labels neither integers nor floats.
        RangeError: a label is out of range, or an option has an unknown value.

    >>> x = np.array([[2.0, 0.0], [0.0, 0.0]])
    >>> round(float(F.softmax_cross_entropy(x, np.array([0, 1]))), 4)
    0.41
    >>> F.softmax_cross_entropy(x, np.array([0, -1]), reduce="no").round(4)
    array([0.1269, 0.    ])
    """
    _one_of(_SOFTMAX, "reduce", reduce, "mean", "no")
    if class_weight is not None:
        _want_floats(_SOFTMAX, "x", x)
        class_weight = as_array(_values(class_weight), x.dtype)
    if _kind(t) == "f":
        _one_of(_SOFTMAX, "soft_target_loss", soft_target_loss, "cross-entropy", "kl-divergence")
        return _soft_targets(x, t, class_weight, reduce, soft_target_loss)
    return SoftmaxCrossEntropy(normalize, ignore_label, reduce)(x, t, class_weight)


def smooth_labels(t: Any, n_classes: int, smoothing: float = 0.1, ignore_label: int = -1) -> Any:
    r"""Labels as probabilities that leave a little to each class, for ``softmax_cross_entropy``.

    .. math:: p_k = (1 - smoothing) [k = t] + smoothing / n

    Args:
        t: array of integer labels in [0, n_classes) of shape (n,) or (n, d1, ...).
        n_classes: the number of classes.
        smoothing: the share that is divided among all classes, in [0, 1].
        ignore_label: labels that get zeros, and so no loss; a mean over the batch counts them.

    Returns:
        Array of shape (n, n_classes) or (n, n_classes, d1, ...), of the configured dtype.

    Raises:
        DtypeError: the labels are no integers.
        ShapeError: the labels have no axis.
        RangeError: a label or ``smoothing`` is out of range.

    Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016).

    >>> F.smooth_labels(np.array([1, 0]), 4, 0.2)
    array([[0.05, 0.85, 0.05, 0.05],
           [0.85, 0.05, 0.05, 0.05]], dtype=float32)
    """
    call = "smooth_labels(t, n_classes, smoothing)"
    t = _values(t)
    _want_labels(call, t)
    n = need_integer(call, "n_classes", n_classes)
    need_number(call, "smoothing", smoothing)
    if n < 1:
        raise RangeError(call, f"n_classes={n}", "at least 1")
    if t.ndim == 0:
        raise ShapeError(call, f"t {t.shape}", "an array of labels (n,) or (n, d1, ...)")
    if not 0 <= smoothing <= 1:
        raise RangeError(call, f"smoothing={smoothing}", "a number in [0, 1]")
    wrong = ((t < 0) | (t >= n)) & (t != ignore_label)
    if wrong.any():
        label = int(t[wrong][0])
        raise RangeError(call, f"label {label}", f"labels in [0, {n}) or {ignore_label}")
    xp = get_array_module(t)
    dtype = get_dtype(None, map_mixed16=xp.float32)
    labels = xp.expand_dims(t, 1)
    classes = xp.arange(n).reshape(n, *[1] * (t.ndim - 1))
    p = (labels == classes).astype(dtype) * (1 - smoothing) + smoothing / n
    return p * (labels != ignore_label).astype(dtype)


# -- others ----------------------------------------------------------------------------------------


def sigmoid_cross_entropy(x: Any, t: Any, normalize: bool = True, reduce: str = "mean") -> Any:
    r"""Cross entropy of sigmoids: :math:`y = -t \log \sigma(x) - (1 - t) \log(1 - \sigma(x))`.

    Args:
        x: scores before the sigmoid, array or Variable of any shape.
        t: integers of the same shape: 1, 0, or -1 for what is to be ignored.
        normalize: divide the sum by the number of labels that are not ignored; otherwise by the
            batch size.
        reduce: ``"mean"``, or ``"no"`` for the loss of each element.

    Returns:
        Array or Variable of shape (), or of the shape of ``x`` with ``reduce="no"``.

    Raises:
        ShapeError: ``x`` and ``t`` differ in shape.
        DtypeError: the scores are no floats, or the labels no integers.
        RangeError: a label is not -1, 0 or 1, or ``reduce`` is unknown.

    >>> x, t = np.array([[-2.0, 3.0, 0.5]]), np.array([[0, 1, -1]])
    >>> F.sigmoid_cross_entropy(x, t, reduce="no").round(4)
    array([[0.1269, 0.0486, 0.    ]])
    """
    call = "sigmoid_cross_entropy(x, t)"
    _one_of(call, "reduce", reduce, "mean", "no")
    _want_floats(call, "x", x)
    _want_labels(call, t)
    if x.shape != t.shape:
        raise ShapeError(call, f"x {x.shape} and t {t.shape}", "equal shapes")
    t = _values(t)
    used = t != -1
    wrong = used & (t != 0) & (t != 1)
    if wrong.any():
        place = tuple(int(i[0]) for i in get_array_module(t).nonzero(wrong))
        raise RangeError(call, f"label {int(t[place])} at {place}", "labels 0, 1 or -1 (ignored)")
    # log(1 + e^x) - x t is log(1 + e^-x) for t = 1: no digits are lost in a difference.
    sign = ((1 - 2 * t) * used).astype(x.dtype)
    loss = softplus(x * sign) * used.astype(x.dtype)
    if reduce == "no":
        return loss
    count = int(used.sum()) if normalize else len(t)
    return _averaged(loss, count)


def hinge(x: Any, t: Any, norm: str = "L1", reduce: str = "mean") -> Any:
    r"""Hinge loss of one classifier per class: :math:`y_{ij} = \max(0, 1 - \delta_{ij} x_{ij})^p`.

    :math:`\delta_{ij}` is 1 where ``t[i]`` is j and -1 elsewhere; p is 1 or 2.

    Args:
        x: scores, array or Variable of shape (n, c).
        t: integer labels in [0, c) of shape (n,).
        norm: ``"L1"`` for p = 1, ``"L2"`` for p = 2.
        reduce: ``"mean"`` to divide the sum of all by n, or ``"no"``.

    Returns:
        Array or Variable of shape (), or (n, c) with ``reduce="no"``.

    Raises:
        ShapeError: ``x`` and ``t`` do not fit.
        DtypeError: the scores are no floats, or the labels no integers.
        RangeError: a label is out of range, or an option has an unknown value.

    >>> x = np.array([[-2.0, 3.0, 0.5], [5.0, 2.0, -0.5]])
    >>> F.hinge(x, np.array([1, 0]), reduce="no")
    array([[0. , 0. , 1.5],
           [0. , 3. , 0.5]])
    """
    call = "hinge(x, t)"
    _one_of(call, "norm", norm, "L1", "L2")
    _one_of(call, "reduce", reduce, "mean", "no")
    _want_floats(call, "x", x)
    _want_labels(call, t)
    if x.ndim != 2 or t.shape != x.shape[:1]:
        raise ShapeError(call, f"x {x.shape} and t {t.shape}", "x (n, classes) and t (n,)")
    t = _values(t)
    wrong = (t < 0) | (t >= x.shape[1])
    if wrong.any():
        i = int(wrong.argmax())
        raise RangeError(call, f"label {int(t[i])} at row {i}", f"labels in [0, {x.shape[1]})")
    xp = get_array_module(t)
    sign = 1 - 2 * (xp.arange(x.shape[1]) == t[:, None]).astype(x.dtype)
    loss = relu(1 + x * sign)
    if norm == "L2":
        loss = loss * loss
    return loss if reduce == "no" else _averaged(loss, len(t))


def bernoulli_nll(x: Any, y: Any, reduce: str = "sum") -> Any:
    r"""Negative log-likelihood of bits under sigmoids: :math:`z = \log(1 + e^y) - x y`.

    Args:
        x: bits or probabilities in [0, 1], array or Variable of any shape.
        y: scores before the sigmoid, of the same shape.
        reduce: ``"sum"``, ``"mean"``, or ``"no"``.

    Returns:
        Array or Variable of shape (), or of the shape of ``x`` with ``reduce="no"``.

    Raises:
        ShapeError: ``x`` and ``y`` differ in shape.
        RangeError: ``reduce`` is unknown.

    >>> F.bernoulli_nll(np.array([1.0, 0.0]), np.array([2.0, 0.0]), reduce="no").round(4)
    array([0.1269, 0.6931])
    """
    call = "bernoulli_nll(x, y)"
    _one_of(call, "reduce", reduce, "sum", "mean", "no")
    _want_floats(call, "x", x)
    _want_floats(call, "y", y)
    if x.shape != y.shape:
        raise ShapeError(call, f"x {x.shape} and y {y.shape}", "equal shapes")
    loss = softplus(y) - x * y
    if reduce == "no":
        return loss
    return sum(loss) if reduce == "sum" else _averaged(loss, loss.size)
