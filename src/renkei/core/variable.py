"""Variable: an array, and the edge of the graph that it came from.

A Variable's ``_edge`` is None (no gradient is wanted), a ``Leaf`` (gradients are collected here), a
``Function`` (its only output) or an ``Output`` (one of several). The graph holds edges, never
Variables: an intermediate Variable that nobody names is freed at once, with its array unless a
gradient needs it.
"""

from __future__ import annotations

import copy
import html
import itertools
import sys
import weakref
from typing import Any

import numpy as np
from numpy import ndarray

from renkei.core.device import (
    device_of,
    get_array_module,
    get_array_types,
    get_device,
)
from renkei.core.errors import DtypeError, GraphError, ShapeError, UninitializedError, describe

__all__ = ["Leaf", "Output", "Variable", "as_variable", "from_dlpack", "tick"]

# One clock for recording and for writing: a write that is newer than a node has spoilt what the
# node kept, and a node is newer than all nodes that it was computed from.
tick = itertools.count(1).__next__


class Leaf:
    """The edge of a Variable that no function made: where gradients are collected.

    ``ref`` is a weak reference to the Variable, ``written`` the time of the last write through our
    own API into its array.
    """

    __slots__ = ("_dtype", "_shape", "node", "ref", "written")  # node: what a facade shows of it

    def __init__(self, variable: Variable) -> None:
        self.ref = weakref.ref(variable)
        array = variable._array
        self._shape, self._dtype = (None, None) if array is None else (array.shape, array.dtype)
        self.written = 0


class Output:
    """The edge of one output among several of a function."""

    __slots__ = ("_dtype", "_shape", "function", "index", "node")

    def __init__(self, function: Any, index: int, array: Any) -> None:
        self.function, self.index = function, index
        self._shape, self._dtype = array.shape, array.dtype


class Variable:
    r"""An array that remembers the computation it came from.

    Args:
        data: the array (NumPy or CuPy), or None for a Variable that is filled later.
        name: shown in drawings and messages.
        grad: an array of the same shape and dtype, the gradient to begin with.
        requires_grad: whether ``backward`` shall compute a gradient for it. Variables of integer or
            boolean arrays never have one.

    Raises:
        DtypeError: ``data`` or ``grad`` is no array.
        ShapeError: ``grad`` and ``data`` differ in shape.

    >>> import numpy as np, renkei as rk
    >>> x = rk.Variable(np.array([1.0, 2.0], np.float32))
    >>> y = x * x
    >>> y.grad = np.ones(2, np.float32)
    >>> y.backward()
    >>> x.grad
    array([2., 4.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_array", "_edge", "_grad", "_name")
    _overwritable = False  # whether backward takes values that were written since as they are now
    __array_priority__ = 200
    __array_ufunc__ = None  # so that ``ndarray + Variable`` comes to us
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        data: Any = None,
        *,
        name: str | None = None,
        grad: Any = None,
        requires_grad: bool = True,
    ) -> None:
        if data is not None and not isinstance(data, get_array_types()):
            hint = "Use .array of it." if isinstance(data, Variable) else "Use numpy.asarray(data)."
            raise DtypeError("Variable(data)", describe(data), "an array", hint)
        self._array = data
        self._grad = None
        self._name = name
        wanted = requires_grad and (data is None or data.dtype.kind in "fc")
        self._edge: Any = Leaf(self) if wanted else None
        if grad is not None:
            self.grad = grad

    # -- the array ---------------------------------------------------------------------------------

    @property
    def array(self) -> Any:
        """The array of values; assigning another array of any shape replaces it."""
        return self._array

    @array.setter
    def array(self, array: Any) -> None:
        if array is not None and not isinstance(array, get_array_types()):
            raise DtypeError("Variable.array = a", describe(array), "an array or None")
        self._array = array
        edge = self._edge
        if edge.__class__ is Leaf and array is not None:
            edge._shape, edge._dtype = array.shape, array.dtype
            if array.dtype.kind not in "fc":
                self._edge = None

    data = array

    def _values(self) -> Any:
        if self._array is None:
            raise UninitializedError(
                f"{self._described()} holds no array yet",
                hint="Run the model once on an example, or give the open sizes.",
            )
        return self._array

    def _described(self) -> str:
        kind = type(self).__name__
        return f"{kind} {self.name!r}" if self.name else f"This {kind}"

    shape = property(lambda self: self._values().shape, doc="The shape of the array.")
    ndim = property(lambda self: self._values().ndim, doc="The number of axes.")
    size = property(lambda self: self._values().size, doc="The number of elements.")
    dtype = property(lambda self: self._values().dtype, doc="The dtype of the array.")
    xp = property(lambda self: get_array_module(self._array), doc="The array module.")
    device = property(lambda self: device_of(self._array), doc="The device of the array.")

    @property
    def name(self) -> str | None:
        """A name for drawings and messages."""
        try:
            return self._name
        except AttributeError:  # results of functions are made without one
            return None

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = name
        function, index = self._made_by()
        if function is not None:
            function._names = {**(function._names or {}), index: name}

    def __len__(self) -> int:
        return len(self._values())

    def item(self) -> Any:
        """The value of a Variable of one element, as a Python number."""
        if (array := self._values()).size != 1:
            raise ShapeError(f"{self._described()}.item()", f"shape {array.shape}", "one element")
        return array.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> ndarray:
        array = self._values()
        return np.array(array if isinstance(array, ndarray) else array.get(), dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        return self._values().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._values().__dlpack_device__()

    # -- gradients ---------------------------------------------------------------------------------

    def _made_by(self) -> tuple[Any, int]:
        """The function whose output this is, and which one; (None, 0) for a leaf."""
        edge = self._edge
        if edge is None or edge.__class__ is Leaf:
            return None, 0
        return (edge.function, edge.index) if edge.__class__ is Output else (edge, 0)

    def _get_grad(self) -> Any:
        function, index = self._made_by()
        if function is None:
            try:
                return self._grad
            except AttributeError:  # a result that was made while nothing was recorded
                return None
        return None if function._grads is None else function._grads[index]

    def _set_grad(self, grad: Any) -> None:
        function, index = self._made_by()
        if function is None:
            self._grad = grad
        elif grad is not None or function._grads is not None:
            grads = function._grads or [None] * function.n_outputs
            function._grads = [grad if i == index else g for i, g in enumerate(grads)]

    @property
    def grad(self) -> Any:
        """The gradient as an array, or None. Assigning checks its type, shape and dtype."""
        grad = self._get_grad()
        return grad._array if isinstance(grad, Variable) else grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._check_grad(grad)
        self._set_grad(grad)

    @property
    def grad_var(self) -> Variable | None:
        """The gradient as a Variable, with its own graph after double backprop; or None."""
        grad = self._get_grad()
        if grad is None or isinstance(grad, Variable):
            return grad
        result = Variable(grad)
        self._set_grad(result)
        return result

    @grad_var.setter
    def grad_var(self, grad: Variable | None) -> None:
        self._check_grad(getattr(grad, "array", grad))
        self._set_grad(grad)

    def _check_grad(self, grad: Any) -> None:
        if grad is None or self._array is None:
            return
        if not isinstance(grad, get_array_types()):
            raise DtypeError("Variable.grad = g", describe(grad), "an array or None")
        if grad.dtype != self._array.dtype:
            raise DtypeError(
                "Dtype of data and grad mismatch",
                f"grad: {grad.dtype} != data: {self._array.dtype}",
            )
        if grad.shape != self._array.shape:
            raise ShapeError(
                "Shape of data and grad mismatch",
                f"grad: {grad.shape} != data: {self._array.shape}",
            )

    @property
    def requires_grad(self) -> bool:
        """Whether backward computes a gradient here. Settable for leaves: that freezes them."""
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self._made_by()[0] is not None:
            raise GraphError("requires_grad can be set only on Variables that no function made")
        if not wanted:
            self._edge = None
        elif self._edge is None:
            if self._array is not None and self._array.dtype.kind not in "fc":
                raise DtypeError("requires_grad = True", str(self.dtype), "a float dtype")
            self._edge = Leaf(self)

    def cleargrad(self) -> None:
        """Forgets the gradient."""
        self._set_grad(None)

    def zerograd(self) -> None:
        """Fills the gradient with zeros; ``cleargrad`` is cheaper."""
        self._set_grad(self.xp.zeros_like(self._values()))

    def addgrad(self, other: Variable) -> None:
        """Adds another Variable's gradient to this one's, moving it to this device if need be."""
        theirs = other.grad
        if theirs is None:
            return
        theirs = device_of(self._values()).send(theirs)
        self._check_grad(theirs)
        mine = self.grad
        self.grad = theirs.copy() if mine is None else mine + theirs

    def copydata(self, other: Variable) -> None:
        """Copies another Variable's values into this array, whose shape must be the same."""
        source, mine = other._values(), self._values()
        if mine.shape != source.shape:
            raise ShapeError("copydata(other)", str(source.shape), str(mine.shape))
        mine[...] = device_of(mine).send(source)
        self._mark_written()

    def _mark_written(self) -> None:
        """Notes that the array was written in place: graphs that kept it are spoilt."""
        if self._edge.__class__ is Leaf:
            self._edge.written = tick()

    # -- the graph ---------------------------------------------------------------------------------

    @property
    def creator(self) -> Any:
        """The function that made this Variable, or None for a leaf or after ``unchain``."""
        function = self._made_by()[0]
        return None if function is None or function.inputs is None else function

    def unchain(self) -> None:
        """Cuts this Variable off the function that made it: it becomes a leaf."""
        if self._made_by()[0] is not None:
            self._grad = self._get_grad()
            self._edge = Leaf(self)

    @property
    def label(self) -> str:
        """Shape and dtype, as drawings show them."""
        if self._array is None:
            return "(None)"
        return f"{self.shape}, {self.dtype}" if self.shape else str(self.dtype)

    # -- devices and copies ------------------------------------------------------------------------

    def to_device(self, spec: Any) -> None:
        """Moves array and gradient to a device, in place."""
        device = get_device(spec)
        if self._array is not None and device_of(self._array) != device:
            self.array = device.send(self._array)
            if self.grad is not None:
                self._set_grad(device.send(self.grad))

    def to_cpu(self) -> None:
        """Moves array and gradient to the host."""
        self.to_device("@numpy")

    def to_gpu(self, device: Any = 0) -> None:
        """Moves array and gradient to a GPU."""
        self.to_device(device)

    def __copy__(self) -> Variable:
        twin = Variable.__new__(type(self))
        self._copy_into(twin)
        return twin

    def _copy_into(self, twin: Any) -> None:
        twin._array, twin._grad, twin._name = self._array, self._get_grad(), self.name
        twin._edge = None if self._edge is None else Leaf(twin)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        twin = copy.copy(self)
        memo[id(self)] = twin
        if self._array is not None:
            twin._array = self._array.copy()
        twin._grad = None if self.grad is None else self.grad.copy()
        return twin

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self._array, self.name, self.grad, self.requires_grad)

    # -- what it looks like ------------------------------------------------------------------------

    def _formatted(self, separator: str) -> str:
        head = "variable " + self.name if self.name else "variable"
        if self._array is None:
            return head + "(None)"
        array = np.asarray(self)
        if array.size == 0 and array.ndim > 1:
            return f"{head}([], shape={array.shape})"
        return f"{head}({np.array2string(array, separator=separator, prefix=head + '(')})"

    def __repr__(self) -> str:
        return self._formatted(", ")

    def __str__(self) -> str:
        return self._formatted(" ")

    def _repr_html_(self) -> str:
        made = self.creator
        origin = f"made by {made.label}" if made is not None else "leaf"
        text = "None" if self._array is None else np.array2string(np.asarray(self), threshold=64)
        return (
            f"<b>{html.escape(self.name or type(self).__name__)}</b> "
            f"<code>{html.escape(self.label)}</code> {html.escape(origin)}"
            f"<pre>{html.escape(text)}</pre>"
        )

    def summary(self) -> str:
        """One short line that identifies the Variable."""
        return f"<variable {self.name}>" if self.name else f"<variable at 0x{id(self):x}>"

    def debug_print(self) -> str:
        """A few lines on where the Variable lives, its shape and the statistics of its values."""
        lines = [self.summary(), f"- device: {self.device}", f"- backend: {type(self._array)}"]
        if self._array is not None:
            lines += [f"- shape: {self.shape}", f"- dtype: {self.dtype}"]
            lines += [f"- statistics: {_statistics(self._array)}"]
        grad = self.grad
        lines.append(f"- grad: {'None' if grad is None else _statistics(grad)}")
        return "\n".join(lines)

    def _refuse(self, operator: str) -> Any:
        raise DtypeError(
            f"Variables do not support {operator} operator",
            hint="You could use `array` attribute instead.",
        )

    def __lt__(self, other: Any) -> Any:
        self._refuse("<")

    def __le__(self, other: Any) -> Any:
        self._refuse("<=")

    def __eq__(self, other: object) -> Any:
        self._refuse("==")

    def __ne__(self, other: object) -> Any:
        self._refuse("!=")

    def __gt__(self, other: Any) -> Any:
        self._refuse(">")

    def __ge__(self, other: Any) -> Any:
        self._refuse(">=")

    def __bool__(self) -> bool:
        return self._refuse("bool()")


def _statistics(array: Any) -> str:
    if array.size == 0:
        return "empty"
    return f"mean={float(array.mean()):.8f}, std={float(array.std()):.8f}"


def _rebuild(cls: type, array: Any, name: str | None, grad: Any, requires_grad: bool) -> Any:
    result = Variable.__new__(cls)
    Variable.__init__(result, array, name=name, grad=grad, requires_grad=requires_grad)
    return result


def as_variable(value: Any) -> Variable:
    r"""The value itself if it is a Variable; an array as a Variable that wants no gradient.

    >>> import numpy as np, renkei as rk
    >>> rk.as_variable(np.zeros(2)).requires_grad
    False
    """
    return value if isinstance(value, Variable) else Variable(value, requires_grad=False)


def from_dlpack(source: Any) -> Variable:
    """A Variable that shares the memory of any array that speaks DLPack, PyTorch's included."""
    if hasattr(source, "__dlpack_device__") and source.__dlpack_device__()[0] == 1:
        return Variable(np.from_dlpack(source))
    cupy = sys.modules.get("cupy")
    if cupy is None:
        raise DtypeError("from_dlpack(source)", describe(source), "an array with __dlpack__")
    return Variable(cupy.from_dlpack(source))
