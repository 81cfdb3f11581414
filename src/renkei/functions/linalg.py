"""Products of matrices and tensors."""

from __future__ import annotations

import math
import operator
import string
from collections import Counter
from typing import Any

import numpy as np

from renkei.core.broadcast import sum_to
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, normalize_axis
from renkei.functions.conversion import cast
from renkei.functions.rearrange import diagonal
from renkei.functions.reduction import sum
from renkei.functions.shape import transpose

__all__ = ["batch_matmul", "einsum", "matmul", "tensordot"]

_CALL = "matmul(a, b, transa, transb)"


class Matmul(Function):
    """Product of stacks of matrices, each of which may be transposed."""

    def __init__(self, transa: bool, transb: bool) -> None:
        self.transa, self.transb = transa, transb

    def check(self, a: Any, b: Any) -> Spec:
        rows, inner = a.shape[-2:][::-1] if self.transa else a.shape[-2:]
        inner_b, columns = b.shape[-2:][::-1] if self.transb else b.shape[-2:]
        if inner != inner_b:
            _refuse(a.shape, b.shape, self.transa, self.transb)
        batch = a.shape[:-2]
        try:
            if batch != b.shape[:-2]:
                batch = np.broadcast_shapes(batch, b.shape[:-2])
        except ValueError:
            raise ShapeError(
                _CALL,
                f"a {a.shape} and b {b.shape}",
                f"batch axes that broadcast, here {a.shape[:-2]} and {b.shape[:-2]}",
                "The last two axes are the matrices, all others the batch.",
            ) from None
        dtype = a.dtype if a.dtype == b.dtype else np.result_type(a.dtype, b.dtype)
        return Spec((*batch, rows, columns), dtype)

    def forward(self, a: Any, b: Any) -> Any:
        return self.kernel("matmul", a, b, transa=self.transa, transb=self.transb)

    # Transposition is a flag, so no gradient copies a matrix.
    def grad_a(self, gy: Any, b: Any) -> Any:
        spec = self.specs.a
        if self.transa:
            return _fitted(Matmul(self.transb, True)(b, gy), spec)
        return _fitted(Matmul(False, not self.transb)(gy, b), spec)

    def grad_b(self, gy: Any, a: Any) -> Any:
        spec = self.specs.b
        if self.transb:
            return _fitted(Matmul(True, self.transa)(gy, a), spec)
        return _fitted(Matmul(not self.transa, False)(a, gy), spec)


def _fitted(g: Any, spec: Spec) -> Any:
    """The gradient in the shape and dtype of the input: operands broadcast and promote."""
    if g.shape != spec.shape:
        g = sum_to(g, spec.shape)
    return g if g.dtype == spec.dtype else cast(g, spec.dtype)


def _refuse(a: tuple[int, ...], b: tuple[int, ...], transa: bool, transb: bool) -> None:
    i = -1 if len(a) == 1 or not transa else -2
    j = -1 if len(b) == 1 or transb else -2
    flags = "".join(f", {n}=True" for n, on in (("transa", transa), ("transb", transb)) if on)
    raise ShapeError(
        _CALL,
        f"a {a} and b {b}{flags}",
        f"a.shape[{i}] == b.shape[{j}], here {a[i]} != {b[j]}",
        "The columns of the first matrix must be as many as the rows of the second.",
    )


def _axis_counts(a: Any, b: Any) -> tuple[int, int]:
    """How many axes both operands have: one at least."""
    counts = getattr(a, "ndim", None), getattr(b, "ndim", None)
    for name, x, n in (("a", a, counts[0]), ("b", b, counts[1])):
        if n is None:
            raise DtypeError(_CALL, f"{name} {describe(x)}", "arrays or Variables")
        if n == 0:
            raise ShapeError(
                _CALL, f"{name} of no axes", "at least one axis", "Use a * b for numbers."
            )
    return counts  # type: ignore[return-value]


def matmul(a: Any, b: Any, transa: bool = False, transb: bool = False) -> Any:
    r"""Matrix product of two arrays: :math:`y = a b`.

    The last two axes are the matrices; all axes before them are the batch and broadcast. An array
    of one axis is a row as ``a`` and a column as ``b``, and that axis is dropped from the result.
    Operands of different dtypes promote; each gradient has the dtype of its input.

    Args:
        a: array or Variable of shape (..., m, k), or (..., k, m) with ``transa``, or (k,).
        b: array or Variable of shape (..., k, n), or (..., n, k) with ``transb``, or (k,).
        transa: transpose each matrix of ``a``.
        transb: transpose each matrix of ``b``.

    Returns:
        Array or Variable of shape (..., m, n).

    Raises:
        ShapeError: the inner sizes differ, or the batch axes do not broadcast.

    >>> F.matmul(np.array([[1.0, 0.0], [2.0, 3.0]]), np.array([[4.0, 1.0], [2.0, 2.0]]))
    array([[ 4.,  1.],
           [14.,  8.]])
    """
    m, n = _axis_counts(a, b)
    if m == 1 or n == 1:
        return _with_vector(a, b, transa, transb)
    if m > 2 and n == 2 and not transa:
        return _stacked(a, b, bool(transb))
    return Matmul(bool(transa), bool(transb))(a, b)


def _stacked(a: Any, b: Any, transb: bool) -> Any:
    """A batch times one matrix: one large product, whose gradient by b needs no batch of b's."""
    inner, columns = b.shape[::-1] if transb else b.shape
    if a.shape[-1] != inner:
        _refuse(a.shape, b.shape, False, transb)
    y = Matmul(False, transb)(a.reshape((math.prod(a.shape[:-1]), inner)), b)
    return y.reshape((*a.shape[:-1], columns))


def _with_vector(a: Any, b: Any, transa: bool, transb: bool) -> Any:
    """The product where an operand has one axis: it becomes a row or a column for a moment."""
    inner_a = a.shape[-2] if transa and a.ndim > 1 else a.shape[-1]
    inner_b = b.shape[-1] if transb or b.ndim == 1 else b.shape[-2]
    if inner_a != inner_b:
        _refuse(a.shape, b.shape, transa, transb)
    row, column = a.ndim == 1, b.ndim == 1
    if row:
        a, transa = a.reshape((1, inner_a)), False
    if column:
        b, transb = b.reshape((inner_b, 1)), False
    y = matmul(a, b, transa, transb)
    batch = y.shape[:-2]
    return y.reshape(batch + (() if row else y.shape[-2:-1]) + (() if column else y.shape[-1:]))


def batch_matmul(a: Any, b: Any, transa: bool = False, transb: bool = False) -> Any:
    r"""Product of two batches of matrices; a batch of vectors counts as one of columns.

    ``matmul`` does the same for more axes and is the one to prefer.

    Args:
        a: array or Variable of shape (batch, m, k), or (batch, m) for columns.
        b: array or Variable of shape (batch, k, n), or (batch, k) for columns.
        transa: transpose each matrix of ``a``.
        transb: transpose each matrix of ``b``.

    Returns:
        Array or Variable of shape (batch, m, n).

    Raises:
        ShapeError: an operand has other than two or three axes, or the sizes do not fit.

    >>> a = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> F.batch_matmul(a, a, transa=True)
    array([[[ 5.]],
    <BLANKLINE>
           [[25.]]])
    """
    if not {*_axis_counts(a, b)} <= {2, 3} or a.shape[0] != b.shape[0]:
        raise ShapeError(
            "batch_matmul(a, b)",
            f"a {a.shape} and b {b.shape}",
            "(batch, rows, columns) or (batch, rows), with the same batch size",
        )
    a = a if a.ndim == 3 else a.reshape((*a.shape, 1))
    b = b if b.ndim == 3 else b.reshape((*b.shape, 1))
    return matmul(a, b, transa, transb)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    r"""Sum of products over chosen axes of two arrays.

    Args:
        a: array or Variable.
        b: array or Variable.
        axes: how many of the last axes of ``a`` meet as many of the first axes of ``b``; or a pair
            of an axis or a sequence of axes of ``a`` and of ``b``.

    Returns:
        Array or Variable of the shape of the other axes of ``a``, then those of ``b``.

    Raises:
        ShapeError: the sizes of axes that meet differ, or their numbers do.
        RangeError: an operand has no such axis.

    >>> a, b = np.arange(24.0).reshape(2, 3, 4), np.ones((3, 4, 5))
    >>> F.tensordot(a, b, axes=2).shape, F.tensordot(a, b, axes=([2, 1], [1, 0])).shape
    ((2, 5), (2, 5))
    """
    call = f"tensordot(a, b, axes={axes!r})"
    over_a, over_b = _met_axes(call, a, b, axes)
    sizes_a, sizes_b = [a.shape[i] for i in over_a], [b.shape[i] for i in over_b]
    if sizes_a != sizes_b:
        raise ShapeError(
            call,
            f"a {a.shape} and b {b.shape}",
            f"equal sizes along the axes that meet, here {sizes_a} and {sizes_b}",
        )
    rest_a, matrix_a, transa = _unfolded(a, over_a)
    rest_b, matrix_b, first_b = _unfolded(b, over_b)
    return Matmul(transa, not first_b)(matrix_a, matrix_b).reshape(rest_a + rest_b)


def _met_axes(call: str, a: Any, b: Any, axes: Any) -> tuple[list[int], list[int]]:
    for name, x in (("a", a), ("b", b)):
        if getattr(x, "shape", None) is None:
            raise DtypeError(call, f"{name} {describe(x)}", "arrays or Variables")
    try:
        n = operator.index(axes)
        over_a, over_b = list(range(-n, 0)), list(range(n))
    except TypeError:
        if isinstance(axes, str) or getattr(axes, "__len__", int)() != 2:
            raise DtypeError(call, f"axes={describe(axes)}", "an integer or two lists") from None
        over_a, over_b = (list(s) if np.iterable(s) else [s] for s in axes)
    if len(over_a) != len(over_b):
        raise ShapeError(call, f"{len(over_a)} and {len(over_b)} axes", "as many of a as of b")
    over_a = [normalize_axis(call, i, a.ndim) for i in over_a]
    over_b = [normalize_axis(call, i, b.ndim) for i in over_b]
    for over in (over_a, over_b):
        if len(set(over)) != len(over):
            raise ShapeError(call, f"axes {over}", "each axis at most once")
    return over_a, over_b


def _unfolded(x: Any, over: list[int]) -> tuple[tuple[int, ...], Any, bool]:
    """The other sizes, x as a matrix, and whether the axes that are summed stand first in it."""
    rest = [i for i in range(x.ndim) if i not in over]
    sizes = tuple(x.shape[i] for i in rest)
    inner, outer = math.prod(x.shape[i] for i in over), math.prod(sizes)
    if over + rest == list(range(x.ndim)):
        return sizes, x.reshape((inner, outer)), True
    if rest + over != list(range(x.ndim)):
        x = x.transpose(rest + over)
    return sizes, x.reshape((outer, inner)), False


# -- einsum ----------------------------------------------------------------------------------------


class Einsum(Function):
    """Sum of products, every letter of which stands in two operands or in the result."""

    def __init__(self, subscripts: str) -> None:
        self.subscripts = subscripts

    def _terms(self) -> tuple[list[str], str]:
        terms, output = self.subscripts.split("->")
        return terms.split(","), output

    def check(self, *xs: Any) -> Spec:
        terms, output = self._terms()
        sizes = {c: n for term, x in zip(terms, xs) for c, n in zip(term, x.shape)}
        return Spec(tuple(sizes[c] for c in output), np.result_type(*[x.dtype for x in xs]))

    def forward(self, *xs: Any) -> Any:
        return self.kernel("einsum", *xs, subscripts=self.subscripts)

    def grads(self, wanted: tuple[bool, ...], gy: Any, xs: Any) -> list[Any]:
        terms, output = self._terms()
        result: list[Any] = [None] * len(xs)
        for i, term in enumerate(terms):
            if wanted[i]:
                others = ",".join([output, *terms[:i], *terms[i + 1 :]])
                g = Einsum(f"{others}->{term}")(gy, *xs[:i], *xs[i + 1 :])
                result[i] = _fitted(g, self.specs[i])
        return result


def einsum(*operands: Any) -> Any:
    r"""Sum of products by Einstein's convention, with every spelling that NumPy takes.

    Each letter names an axis. Letters that are missing in the result are summed over, a letter that
    stands twice in one term takes its diagonal, and ``...`` stands for further axes, which
    broadcast. Without ``->`` the result has all letters that stand once, in alphabetical order.

    Args:
        operands: the subscripts as a string, then an array or Variable for each term; or, in turn,
            an array or Variable and a list of its axes' numbers, and at the end, if wanted, the
            list of the axes of the result.

    Returns:
        Array or Variable with the axes of the result.

    Raises:
        ShapeError: the subscripts do not fit the operands, or axes of one letter differ in size.

    >>> a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 1.0])
    >>> F.einsum("ij,j->i", a, b)
    array([12., 34.])
    >>> F.einsum("ii", a)
    array(5.)
    """
    subscripts, xs = _spelled(operands)
    call = f"einsum({subscripts!r}, ...)"
    for x in xs:
        if getattr(x, "shape", None) is None:
            raise DtypeError(call, describe(x), "arrays or Variables")
    terms, output = _letters(call, subscripts, xs)
    sizes = _sizes(call, terms, xs)
    pairs = [_without_repeats(x, term, sizes) for x, term in zip(xs, terms)]
    counts = Counter("".join(term for _, term in pairs) + output)
    pairs = [_without_alone(x, term, counts) for x, term in pairs]
    if len(pairs) == 1:
        x, term = pairs[0]
        return x if term == output else transpose(x, [term.index(c) for c in output])
    return Einsum(",".join(term for _, term in pairs) + "->" + output)(*[x for x, _ in pairs])


def _spelled(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """The subscripts as a string, from either way to write them, and the arrays."""
    if operands and isinstance(operands[0], str):
        return operands[0].replace(" ", ""), list(operands[1:])
    if len(operands) < 2:
        raise DtypeError("einsum(*operands)", f"{len(operands)} operands", "subscripts and arrays")

    def word(axes: Any) -> str:
        return "".join("..." if i is Ellipsis else string.ascii_letters[i] for i in axes)

    n = len(operands) // 2 * 2
    result = f"->{word(operands[n])}" if len(operands) > n else ""
    return ",".join(map(word, operands[1:n:2])) + result, list(operands[0:n:2])


def _letters(call: str, subscripts: str, xs: list[Any]) -> tuple[list[str], str]:
    """One letter for each axis of each operand and of the result; no ``...`` any more."""
    left, arrow, output = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(xs):
        raise ShapeError(call, f"{len(xs)} operands", f"{len(terms)}, one for each term")
    if not all(c.isalpha() for c in (left + output).replace("...", "").replace(",", "")):
        raise ShapeError(call, repr(subscripts), "letters, ',', '...' and one '->'")
    free = [c for c in reversed(string.ascii_letters) if c not in subscripts]
    extra = [x.ndim - len(t.replace("...", "")) for t, x in zip(terms, xs)]
    for term, n, x in zip(terms, extra, xs):
        if term.count("...") > 1 or n < 0 or (n and "..." not in term):
            raise ShapeError(
                call, f"{x.ndim} axes of shape {x.shape} for {term!r}", "a letter for each axis"
            )
    most = max((n for t, n in zip(terms, extra) if "..." in t), default=0)
    dots = "".join(free[:most])
    named = Counter(left.replace("...", "").replace(",", ""))
    terms = [t.replace("...", dots[most - n :]) for t, n in zip(terms, extra)]
    if not arrow:
        return terms, dots + "".join(sorted(c for c, n in named.items() if n == 1))
    wrong = [c for c in output.replace("...", "") if c not in named]
    if wrong or len(set(output) - {"."}) != len(output.replace("...", "")):
        raise ShapeError(call, f"the result {output!r}", "letters of the operands, each once")
    if most and "..." not in output:
        raise ShapeError(call, f"the result {output!r}", "'...' in the result, as in the operands")
    return terms, output.replace("...", dots)


def _sizes(call: str, terms: list[str], xs: list[Any]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, x in zip(terms, xs):
        for c, n in zip(term, x.shape):
            if sizes.setdefault(c, n) != n and n != 1:
                if sizes[c] != 1:
                    shapes = " and ".join(str(x.shape) for x in xs)
                    raise ShapeError(
                        call, f"{shapes}, where {c!r} is {sizes[c]} and {n}", "one size per letter"
                    )
                sizes[c] = n
    return sizes


def _without_repeats(x: Any, term: str, sizes: dict[str, int]) -> tuple[Any, str]:
    """Takes diagonals of letters that stand twice, and drops axes that only broadcast."""
    kept = [i for i, c in enumerate(term) if not (x.shape[i] == 1 and sizes[c] != 1)]
    if len(kept) < len(term):
        x = x.reshape(tuple(x.shape[i] for i in kept))
        term = "".join(term[i] for i in kept)
    while len(set(term)) < len(term):
        c = next(c for c in term if term.count(c) > 1)
        i = term.index(c)
        j = term.index(c, i + 1)
        x = diagonal(x, 0, i, j)
        term = term[:i] + term[i + 1 : j] + term[j + 1 :] + c
    return x, term


def _without_alone(x: Any, term: str, counts: Counter[str]) -> tuple[Any, str]:
    """Sums over axes whose letters stand nowhere else."""
    alone = tuple(i for i, c in enumerate(term) if counts[c] == 1)
    return (sum(x, alone), "".join(c for c in term if counts[c] > 1)) if alone else (x, term)
