"""How good predictions are: accuracy, precision and recall, R². None of these has a gradient."""

from __future__ import annotations

from typing import Any

from renkei.core.device import as_array, get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.shapes import need_arrays, need_integer, need_number
from renkei.core.variable import Variable

__all__ = [
    "accuracy",
    "binary_accuracy",
    "classification_summary",
    "f1_score",
    "precision",
    "r2_score",
    "recall",
]


def _arrays(call: str, y: Any, t: Any) -> tuple[Any, Any, bool]:
    """Both as arrays, checked, and whether Variables were given."""
    variables = isinstance(y, Variable) or isinstance(t, Variable)
    y = y._values() if isinstance(y, Variable) else y
    t = t._values() if isinstance(t, Variable) else t
    kinds = [getattr(getattr(a, "dtype", None), "kind", "") for a in (y, t)]
    if kinds[0] != "f":
        raise DtypeError(call, f"y {describe(y)}", "y to be an array of floats")
    if kinds[1] not in ("i", "u"):
        hint = "Use t.astype(numpy.int32)."
        raise DtypeError(call, f"t {describe(t)}", "an array of integer labels", hint)
    return y, t, variables


def _result(values: Any, variables: bool) -> Any:
    return Variable(values, requires_grad=False) if variables else values


def _check_scores(call: str, y: Any, t: Any) -> None:
    """y has the shape of t with the classes as axis 1, and maybe axes of size 1 at its end."""
    wanted = t.shape[:1] + y.shape[1:2] + t.shape[1:]
    rest = y.shape[len(wanted) :]
    empty = y.ndim < 2 or t.ndim < 1 or not y.shape[1]
    if empty or y.shape[: len(wanted)] != wanted or any(n != 1 for n in rest):
        raise ShapeError(
            call,
            f"y {y.shape} and t {t.shape}",
            "y (n, classes, ...) and t (n, ...), alike but for the classes",
        )


def accuracy(y: Any, t: Any, ignore_label: int | None = None) -> Any:
    r"""The fraction of labels that have the highest score.

    Args:
        y: scores, array or Variable of shape (n, c) or (n, c, d1, ...).
        t: integer labels of shape (n,) or (n, d1, ...).
        ignore_label: labels that do not count, or None.

    Returns:
        Array or Variable of shape () and the dtype of ``y``; 0 where nothing counts.

    Raises:
        ShapeError: ``y`` and ``t`` do not fit.
        DtypeError: the scores are no floats, or the labels no integers.

    >>> F.accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    array(0.5)
    """
    call = "accuracy(y, t)"
    y, t, variables = _arrays(call, y, t)
    _check_scores(call, y, t)
    right = y.argmax(axis=1).reshape(t.shape) == t if t.size else t == 0
    total = t.size
    if ignore_label is not None:
        ignore_label = need_integer(call, "ignore_label", ignore_label)
        used = t != ignore_label
        right, total = right & used, used.sum()
    xp = get_array_module(y)
    return _result(xp.asarray(right.sum() / xp.maximum(total, 1), y.dtype), variables)


def binary_accuracy(y: Any, t: Any) -> Any:
    r"""The fraction of bits whose score has the right sign.

    Args:
        y: scores, array or Variable of any shape; a score >= 0 says 1.
        t: integers of the same shape: 1, 0, or -1 for what does not count.

    Returns:
        Array or Variable of shape () and the dtype of ``y``; 0 where nothing counts.

    Raises:
        ShapeError: ``y`` and ``t`` differ in shape.
        DtypeError: the scores are no floats, or the labels no integers.

    >>> F.binary_accuracy(np.array([-2.0, 3.0, 0.5, 1.0]), np.array([0, 1, -1, 0]))
    array(0.66666667)
    """
    call = "binary_accuracy(y, t)"
    y, t, variables = _arrays(call, y, t)
    if y.shape != t.shape:
        raise ShapeError(call, f"y {y.shape} and t {t.shape}", "equal shapes")
    xp = get_array_module(y)
    used = t != -1
    right = ((y >= 0) == t) & used
    return _result(xp.asarray(right.sum() / xp.maximum(used.sum(), 1), y.dtype), variables)


def r2_score(
    pred: Any, true: Any, sample_weight: Any = None, multioutput: str = "uniform_average"
) -> Any:
    r"""The coefficient of determination:
    :math:`R^2 = 1 - \sum (true - pred)^2 / \sum (true - \overline{true})^2`.

    Args:
        pred: predictions, array or Variable of shape (n, ...).
        true: true values of the same shape.
        sample_weight: a weight for each of the n examples, or None.
        multioutput: ``"uniform_average"`` over all outputs, or ``"raw_values"``.

    Returns:
        Array or Variable of shape (), or of ``pred.shape[1:]`` with ``"raw_values"``. An output
        whose true values are all equal scores 0.

    Raises:
        ShapeError: the shapes do not fit.
        RangeError: ``multioutput`` is unknown.

    >>> F.r2_score(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]))
    array(0.5)
    """
    call = "r2_score(pred, true)"
    if multioutput not in ("uniform_average", "raw_values"):
        raise RangeError(call, f"multioutput={multioutput!r}", "'uniform_average' or 'raw_values'")
    variables = isinstance(pred, Variable) or isinstance(true, Variable)
    pred, true, weight = (
        v._values() if isinstance(v, Variable) else v for v in (pred, true, sample_weight)
    )
    need_arrays(call, pred=pred, true=true)
    if weight is not None:
        need_arrays(call, sample_weight=weight)
    if pred.shape != true.shape or not pred.ndim:
        raise ShapeError(call, f"pred {pred.shape} and true {true.shape}", "equal shapes (n, ...)")
    if weight is not None and weight.shape != pred.shape[:1]:
        raise ShapeError(call, f"sample_weight {weight.shape}", f"shape {pred.shape[:1]}")
    xp = get_array_module(pred)
    w = xp.ones(len(true), pred.dtype) if weight is None else weight
    w = w.reshape((-1,) + (1,) * (pred.ndim - 1))
    mean = (w * true).sum(axis=0) / w.sum()
    rest = as_array((w * (true - pred) ** 2).sum(axis=0))
    total = as_array((w * (true - mean) ** 2).sum(axis=0))
    score = xp.where(total == 0, 0, 1 - rest / xp.where(total == 0, 1, total)).astype(pred.dtype)
    if multioutput == "uniform_average":
        score = as_array(score.mean())
    return _result(score, variables)


# -- by class --------------------------------------------------------------------------------------


def _counts(
    call: str, y: Any, t: Any, label_num: int | None, ignore_label: int
) -> tuple[Any, Any, Any, bool]:
    """For each class: how many were predicted rightly, predicted, and present."""
    y, t, variables = _arrays(call, y, t)
    _check_scores(call, y, t)
    xp = get_array_module(y)
    ignore_label = need_integer(call, "ignore_label", ignore_label)
    if label_num is not None and need_integer(call, "label_num", label_num) < 0:
        raise RangeError(call, f"label_num={label_num}", "a number of classes")
    used = (t != ignore_label).ravel()
    guess, label = y.argmax(axis=1).ravel()[used], t.ravel()[used]
    n = label_num if label_num is not None else int(label.max()) + 1 if label.size else 0
    classes = xp.arange(n)[:, None]
    guessed, present = guess == classes, label == classes
    right, predicted, support = (m.sum(axis=1) for m in (guessed & present, guessed, present))
    return right.astype(y.dtype), predicted.astype(y.dtype), support.astype(t.dtype), variables


def _ratio(a: Any, b: Any) -> Any:
    """a / b, NaN where b is 0."""
    xp = get_array_module(a)
    return xp.where(b == 0, xp.nan, a / xp.where(b == 0, 1, b)).astype(a.dtype)


def precision(
    y: Any, t: Any, label_num: int | None = None, ignore_label: int = -1
) -> tuple[Any, Any]:
    r"""For each class, the fraction of its predictions that are right.

    Args:
        y: scores, array or Variable of shape (n, c) or (n, c, d1, ...).
        t: integer labels of shape (n,) or (n, d1, ...).
        label_num: the number of classes; None: the greatest label and one.
        ignore_label: labels that do not count.

    Returns:
        Two arrays or Variables of shape (label_num,): precision, NaN for a class that was never
        predicted; and how often each class is present.

    Raises:
        ShapeError: ``y`` and ``t`` do not fit.
        DtypeError: the scores are no floats, or the labels no integers.

    >>> y = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> F.precision(y, np.array([0, 1, 1]))
    (array([0.5, 1. ]), array([1, 2]))
    """
    right, predicted, support, variables = _counts("precision(y, t)", y, t, label_num, ignore_label)
    return _result(_ratio(right, predicted), variables), _result(support, variables)


def recall(y: Any, t: Any, label_num: int | None = None, ignore_label: int = -1) -> tuple[Any, Any]:
    r"""For each class, the fraction of its members that were found.

    Args:
        y: scores, array or Variable of shape (n, c) or (n, c, d1, ...).
        t: integer labels of shape (n,) or (n, d1, ...).
        label_num: the number of classes; None: the greatest label and one.
        ignore_label: labels that do not count.

    Returns:
        Two arrays or Variables of shape (label_num,): recall, NaN for a class that is not present;
        and how often each class is present.

    Raises:
        ShapeError: ``y`` and ``t`` do not fit.
        DtypeError: the scores are no floats, or the labels no integers.

    >>> y = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> F.recall(y, np.array([0, 1, 1]))
    (array([1. , 0.5]), array([1, 2]))
    """
    right, _, support, variables = _counts("recall(y, t)", y, t, label_num, ignore_label)
    return _result(_ratio(right, support), variables), _result(support, variables)


def f1_score(
    y: Any, t: Any, label_num: int | None = None, ignore_label: int = -1
) -> tuple[Any, Any]:
    r"""For each class, the harmonic mean of precision and recall.

    Args:
        y: scores, array or Variable of shape (n, c) or (n, c, d1, ...).
        t: integer labels of shape (n,) or (n, d1, ...).
        label_num: the number of classes; None: the greatest label and one.
        ignore_label: labels that do not count.

    Returns:
        Two arrays or Variables of shape (label_num,): the F1 score, NaN where precision or recall
        is, or where both are 0; and how often each class is present.

    >>> y = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> F.f1_score(y, np.array([0, 1, 1]))[0].round(3)
    array([0.667, 0.667])
    """
    summary = classification_summary(y, t, label_num, 1.0, ignore_label)
    return summary[2], summary[3]


def classification_summary(
    y: Any,
    t: Any,
    label_num: int | None = None,
    beta: float = 1.0,
    ignore_label: int = -1,
) -> tuple[Any, Any, Any, Any]:
    r"""Precision, recall, :math:`F_\beta` score and support of each class.

    :math:`F_\beta = (1 + \beta^2) \, p r / (\beta^2 p + r)` with precision p and recall r.

    Args:
        y: scores, array or Variable of shape (n, c) or (n, c, d1, ...).
        t: integer labels of shape (n,) or (n, d1, ...).
        label_num: the number of classes; None: the greatest label and one.
        beta: how much more recall weighs than precision.
        ignore_label: labels that do not count.

    Returns:
        Four arrays or Variables of shape (label_num,): precision, recall, F score, and how often
        each class is present. What is undefined is NaN.

    Raises:
        ShapeError: ``y`` and ``t`` do not fit.
        DtypeError: the scores are no floats, or the labels no integers.

    >>> y = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> [a.round(3).tolist() for a in F.classification_summary(y, np.array([0, 1, 1]))]
    [[0.5, 1.0], [1.0, 0.5], [0.667, 0.667], [1, 2]]
    """
    call = "classification_summary(y, t)"
    need_number(call, "beta", beta)
    right, predicted, support, variables = _counts(call, y, t, label_num, ignore_label)
    p, r = _ratio(right, predicted), _ratio(right, support)
    score = _ratio((1 + beta**2) * p * r, beta**2 * p + r)
    return tuple(_result(a, variables) for a in (p, r, score, support))  # type: ignore[return-value]
