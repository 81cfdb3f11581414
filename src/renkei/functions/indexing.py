"""Picking elements out of arrays, and adding into them."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.broadcast import broadcast_to, sum_to
from renkei.core.config import current
from renkei.core.device import get_array_module, get_array_types
from renkei.core.elementwise import same_dtype
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, broadcast_shapes, normalize_axis
from renkei.core.variable import Variable

__all__ = ["get_item", "permutate", "scatter_add", "select_item", "where"]

_CALL = "get_item(x, slices)"
_ARRAY = "array"  # stands in a pattern for the next array of indices
_PLAIN = {int, slice, type(None), type(Ellipsis)}


class GetItem(Function):
    """Indexing. ``pattern`` is the index, with ``"array"`` in place of each array of integers.

    The arrays themselves are inputs of the operation.
    """

    def __init__(self, pattern: tuple[Any, ...]) -> None:
        self.pattern = pattern

    def check(self, x: Any, *indices: Any) -> Spec:
        return Spec(_picked(x.shape, self.pattern, [i.shape for i in indices]), x.dtype)

    def forward(self, x: Any, *indices: Any) -> Any:
        try:
            y = x[_filled(self.pattern, indices)]
        except IndexError:
            _explain_range(x.shape, self.pattern, indices)
            raise
        return y if isinstance(y, get_array_types()) else np.asarray(y)

    def grad_x(self, gy: Any, indices: Any) -> Any:
        return GetItemGrad(self.pattern, self.specs.x.shape)(gy, *indices)


class GetItemGrad(Function):
    """The adjoint of indexing: zeros, with the values added where the index points."""

    outputs = ("gx",)

    def __init__(self, pattern: tuple[Any, ...], shape: tuple[int, ...]) -> None:
        self.pattern, self.shape = pattern, shape

    def check(self, gy: Any, *indices: Any) -> Spec:
        return Spec(self.shape, gy.dtype)

    def forward(self, gy: Any, *indices: Any) -> Any:
        if indices:
            return self.kernel("scatter_add", gy, *indices, pattern=self.pattern, shape=self.shape)
        gx = get_array_module(gy).zeros(self.shape, gy.dtype)
        gx[self.pattern] = gy
        return gx

    def grad_gy(self, ggx: Any, indices: Any) -> Any:
        return GetItem(self.pattern)(ggx, *indices)


def _filled(pattern: tuple[Any, ...], indices: Any) -> tuple[Any, ...]:
    """The index that a pattern and its arrays stand for."""
    if not indices:
        return pattern
    arrays = iter(indices)
    return tuple(next(arrays) if isinstance(p, str) else p for p in pattern)


def _is_mask(part: Any) -> bool:
    dtype = getattr(part, "dtype", None)
    return dtype is not None and dtype.kind == "b"


def _axes_taken(part: Any) -> int:
    """How many axes of ``x`` a part of an index, as its user wrote it, uses up."""
    if part is None or part is Ellipsis or isinstance(part, (bool, np.bool_)):
        return 0
    return part.ndim if _is_mask(part) else 1


def _pattern(x: Any, index: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Takes an index apart: its pattern and its arrays of integers."""
    parts = index if isinstance(index, tuple) else (index,)
    if {*map(type, parts)} <= _PLAIN:
        return parts, []
    pattern: list[Any] = []
    arrays: list[Any] = []
    axis = 0
    for i, part in enumerate(parts):
        if part is Ellipsis:
            axis = x.ndim - sum(_axes_taken(_as_part(x, p)) for p in parts[i + 1 :])
        elif part.__class__ is not int and not isinstance(part, slice) and part is not None:
            part = _as_part(x, part)
            if _is_mask(part):
                _check_mask(x.shape, axis, part)
                nonzero = part.nonzero()
                arrays += nonzero
                pattern += [_ARRAY] * len(nonzero)
                axis += part.ndim
                continue
            if isinstance(part, get_array_types()):
                arrays.append(part)
                part = _ARRAY
        pattern.append(part)
        axis += part is not Ellipsis and _axes_taken(part)
    return tuple(pattern), arrays


def _as_part(x: Any, part: Any) -> Any:
    """A part of an index as an int, a bool, None, Ellipsis, a slice, or an array."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if isinstance(part, Variable):
        part = part._values()
    if isinstance(part, (list, tuple)):
        part = get_array_module(x).asarray(part if len(part) else np.zeros(0, np.intp))
    if isinstance(part, (bool, int)):
        return part
    dtype = getattr(part, "dtype", None)
    if dtype is None or dtype.kind not in "iub":
        raise DtypeError(
            _CALL,
            f"slices with {describe(part)}",
            "integers, slices, None, ... and integer or boolean arrays",
        )
    return part if part.ndim else part.item()


def _check_mask(shape: tuple[int, ...], axis: int, mask: Any) -> None:
    masked = tuple(shape[axis : axis + mask.ndim])
    if masked != mask.shape:
        raise ShapeError(
            _CALL, f"a boolean mask {mask.shape} for axes {masked} of x {shape}", "equal shapes"
        )


def _picked(
    shape: tuple[int, ...], pattern: tuple[Any, ...], indices: list[tuple[int, ...]]
) -> tuple[int, ...]:
    """The shape of the result, by NumPy's rules."""
    kinds, ellipses = {*map(type, pattern)}, pattern.count(Ellipsis)
    used = len(pattern) - pattern.count(None) - ellipses
    if bool in kinds:
        used -= sum(isinstance(p, bool) for p in pattern)
    if used > len(shape):
        raise RangeError(_CALL, f"{used} indexes for x {shape}", f"at most {len(shape)}")
    if ellipses > 1:
        raise RangeError(_CALL, f"slices={pattern}", "at most one Ellipsis")
    out: list[int] = []
    fancy = not kinds.isdisjoint((str, bool))
    shapes, places, axis, arrays = [], [], 0, iter(indices)
    for i, p in enumerate(pattern):
        if p is None:
            out.append(1)
        elif p is Ellipsis:
            out += shape[axis : axis + len(shape) - used]
            axis += len(shape) - used
        elif isinstance(p, slice):
            out.append(len(range(*p.indices(shape[axis]))))
            axis += 1
        elif isinstance(p, bool):
            shapes.append((int(p),))
            places.append((i, len(out)))
        else:
            if not isinstance(p, str):
                _check_integer(shape, axis, p)
            if fancy:
                shapes.append(() if not isinstance(p, str) else next(arrays))
                places.append((i, len(out)))
            axis += 1
    if fancy:
        # NumPy puts the axes of the arrays where the arrays stand, or first if these stand apart.
        together = places[-1][0] - places[0][0] == len(places) - 1
        at = places[0][1] if together else 0
        out[at:at] = broadcast_shapes(_CALL, *shapes)
    return (*out, *shape[axis:])


def _check_integer(shape: tuple[int, ...], axis: int, index: int) -> None:
    size = shape[axis]
    if not -size <= index < size:
        raise RangeError(
            _CALL, f"index {index} for axis {axis} of x {shape}", f"an index in [{-size}, {size})"
        )


def _explain_range(shape: tuple[int, ...], pattern: tuple[Any, ...], indices: Any) -> None:
    """Raises for the first index of an array that is out of range."""
    arrays, axis = iter(indices), 0
    used = sum(_axes_taken(p) for p in pattern)
    for p in pattern:
        if isinstance(p, str):
            array, size = next(arrays), shape[axis]
            wrong = array[(array < -size) | (array >= size)]
            if wrong.size:
                _check_integer(shape, axis, int(wrong.ravel()[0]))
        axis += len(shape) - used if p is Ellipsis else _axes_taken(p)


def get_item(x: Any, slices: Any) -> Any:
    r"""Picks elements, as ``x[slices]`` does.

    Args:
        x: array or Variable.
        slices: any index that NumPy takes: integers, slices with any step, None, ``...``, boolean
            masks, arrays or lists of integers, or a tuple of these.

    Returns:
        Array or Variable of the shape that NumPy's rules give. With integers and slices alone it
        is a view: it shares the memory of ``x``.

    Raises:
        RangeError: an integer is out of range, or there are more indexes than axes. Arrays of
            integers on a GPU are not checked: there, integers out of range wrap around.
        ShapeError: a mask does not fit, or arrays of integers do not broadcast.
        DtypeError: an index of another type.

    >>> x = rk.Variable(np.arange(6, dtype=np.float32).reshape(2, 3))
    >>> F.get_item(x, (slice(None), [2, 0]))
    variable([[2., 0.],
              [5., 3.]])
    >>> x[1, ::-1]
    variable([5., 4., 3.])
    """
    if not hasattr(x, "ndim"):
        raise DtypeError(_CALL, describe(x), "an array or a Variable")
    pattern, arrays = _pattern(x, slices)
    return GetItem(pattern)(x, *arrays)


def scatter_add(a: Any, slices: Any, b: Any) -> Any:
    r"""Adds values at an index, without changing the array that is given.

    :math:`y = a`, then ``y[slices] += b``, where an element that the index names twice gets both.

    Args:
        a: array or Variable.
        slices: any index of ``a``, as ``get_item`` takes it.
        b: array or Variable of a shape that broadcasts to that of ``a[slices]``.

    Returns:
        Array or Variable of the shape of ``a``.

    Raises:
        RangeError: the index is out of range.
        ShapeError: ``b`` does not broadcast to ``a[slices]``.
        DtypeError: ``a`` and ``b`` differ in dtype.

    >>> F.scatter_add(np.zeros(3), [0, 2, 2], np.array([1.0, 2.0, 3.0]))
    array([1., 0., 5.])
    """
    call = "scatter_add(a, slices, b)"
    if not hasattr(a, "ndim") or not hasattr(b, "ndim"):
        raise DtypeError(call, f"{describe(a)} and {describe(b)}", "arrays or Variables")
    same_dtype(call, a, b)
    pattern, arrays = _pattern(a, slices)
    shape = _picked(a.shape, pattern, [i.shape for i in arrays])
    if broadcast_shapes(call, b.shape, shape) != shape:
        raise ShapeError(call, f"b {b.shape} for {shape} elements of a", "one that broadcasts")
    return a + GetItemGrad(pattern, a.shape)(broadcast_to(b, shape), *arrays)


def select_item(x: Any, t: Any) -> Any:
    r"""Picks one element of each row: :math:`y_i = x_{i, t_i}`.

    Args:
        x: array or Variable of shape (n, c).
        t: integer array of shape (n,), with values in [0, c).

    Returns:
        Array or Variable of shape (n,).

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: ``t`` is no integer array.
        RangeError: a value of ``t`` lies outside of [0, c).

    >>> F.select_item(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]))
    array([2., 3.])
    """
    call = "select_item(x, t)"
    index = _indices(call, "t", t)
    if getattr(x, "ndim", None) != 2 or index.shape != x.shape[:1]:
        raise ShapeError(call, f"x {describe(x)}, t {index.shape}", "x (n, c) and t (n,)")
    _check_all(call, "t", index, x.shape[1])
    rows = get_array_module(index).arange(index.shape[0])
    return get_item(x, (rows, index))


def _indices(call: str, name: str, value: Any) -> Any:
    """The array of integers behind an argument."""
    array = value._values() if isinstance(value, Variable) else value
    if not isinstance(array, get_array_types()) or array.dtype.kind not in "iu":
        raise DtypeError(call, f"{name} {describe(value)}", "an integer array")
    return array


def _looked_at(array: Any) -> bool:
    """Whether values are checked: elsewhere than on the host a look would wait for the device."""
    return isinstance(array, np.ndarray) or current().debug


def _check_all(call: str, name: str, array: Any, size: int) -> None:
    """Refuses indices outside of [0, size), naming the first."""
    if _looked_at(array) and array.size and (array.min() < 0 or array.max() >= size):
        wrong = (array < 0) | (array >= size)
        place = tuple(map(int, np.unravel_index(int(wrong.argmax()), array.shape)))
        at = ", ".join(map(str, place))
        raise RangeError(call, f"{name}[{at}] = {int(array[place])}", f"values in [0, {size})")


class Where(Function):
    """Elements of one array where a condition holds, of another where it does not."""

    outputs = ("z",)

    def check(self, condition: Any, x: Any, y: Any) -> Spec:
        call = "where(condition, x, y)"
        arrays = [v for v in (x, y) if hasattr(v, "dtype")]
        same_dtype(call, *arrays)
        shapes = [getattr(v, "shape", ()) for v in (condition, x, y)]
        dtype = arrays[0].dtype if arrays else np.result_type(x, y)
        return Spec(broadcast_shapes(call, *shapes), dtype)

    def forward(self, condition: Any, x: Any, y: Any) -> Any:
        z = get_array_module(condition).where(condition, x, y)
        like = x if hasattr(x, "dtype") else y
        return z.astype(like.dtype, copy=False) if hasattr(like, "dtype") else z

    def grad_x(self, gz: Any, condition: Any) -> Any:
        # Not gz * condition: an infinite gradient at an element that is not taken would be NaN.
        return sum_to(Where()(condition, gz, 0.0), self.specs.x.shape)

    def grad_y(self, gz: Any, condition: Any) -> Any:
        return sum_to(Where()(condition, 0.0, gz), self.specs.y.shape)


def where(condition: Any, x: Any, y: Any) -> Any:
    r"""Takes elements of ``x`` where a condition holds and of ``y`` elsewhere.

    Args:
        condition: boolean array.
        x: array, Variable or number.
        y: array, Variable or number. The three shapes must broadcast.

    Returns:
        Array or Variable of the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: ``condition`` is not boolean, or ``x`` and ``y`` differ in dtype.

    >>> F.where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    call = "where(condition, x, y)"
    mask = condition._values() if isinstance(condition, Variable) else condition
    if not isinstance(mask, get_array_types()) or mask.dtype != bool:
        hint = "Compare, as in where(x.array > 0, x, y)."
        raise DtypeError(call, f"condition {describe(condition)}", "a boolean array", hint)
    for name, value in (("x", x), ("y", y)):
        if not isinstance(value, (Variable, int, float, *get_array_types())):
            raise DtypeError(call, f"{name} {describe(value)}", "an array, a Variable or a number")
    return Where()(mask, x, y)


def _repeats(index: Any) -> bool:
    return index.size > 0 and bool(get_array_module(index).bincount(index).max() > 1)


class Permutate(Function):
    """The slices along an axis in another order, or back in their old one."""

    def __init__(self, axis: int, inv: bool) -> None:
        self.axis, self.inv = axis, inv

    def check(self, x: Any, indices: Any) -> Spec:
        call = "permutate(x, indices, axis, inv)"
        size = x.shape[normalize_axis(call, self.axis, x.ndim)]
        if indices.shape != (size,):
            raise ShapeError(
                call, f"x {x.shape}, axis={self.axis}, indices {indices.shape}", f"({size},)"
            )
        return Spec(x.shape, x.dtype)

    def forward(self, x: Any, indices: Any) -> Any:
        xp = get_array_module(x)
        if self.inv:
            order = xp.empty_like(indices)
            order[indices] = xp.arange(indices.size, dtype=indices.dtype)
            indices = order
        return xp.take(x, indices, self.axis)

    def grad_x(self, gy: Any, indices: Any) -> Any:
        return Permutate(self.axis, not self.inv)(gy, indices)


def permutate(x: Any, indices: Any, axis: int = 0, inv: bool = False) -> Any:
    r"""Puts the slices along an axis in another order: ``y[i] = x[indices[i]]``.

    Args:
        x: array or Variable.
        indices: integer array, a permutation of 0 ... n-1, n being the size of the axis.
        axis: the axis.
        inv: undo that permutation: ``y[indices[i]] = x[i]``.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        ShapeError: ``indices`` is not of shape (n,).
        RangeError: a value of ``indices`` lies outside of [0, n) or is there twice.
        DtypeError: ``indices`` is no integer array.

    >>> F.permutate(np.array([10, 20, 30]), np.array([2, 0, 1]))
    array([30, 10, 20])
    >>> F.permutate(np.array([10, 20, 30]), np.array([2, 0, 1]), inv=True)
    array([20, 30, 10])
    """
    call = "permutate(x, indices, axis, inv)"
    index = _indices(call, "indices", indices)
    _check_all(call, "indices", index, index.size)
    if _looked_at(index) and index.ndim == 1 and _repeats(index):
        raise RangeError(call, f"indices {index}", "each value once")
    return Permutate(axis, bool(inv))(x, index)
