"""Variable, Parameter and VariableNode with the names and rules of Chainer."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from renkei.compat.chainer import _legacy
from renkei.compat.chainer._legacy import LegacyError, refuse_removed
from renkei.compat.chainer._variable_node import VariableNode, attach, cut
from renkei.core.device import as_array as _as_array
from renkei.core.device import get_array_types
from renkei.core.errors import GraphError, UninitializedError
from renkei.core.graph import backward as _backward
from renkei.core.parameter import Parameter as CoreParameter
from renkei.core.variable import Variable as CoreVariable
from renkei.functions.methods import _METHODS, _OPERATORS

__all__ = [
    "Parameter",
    "Variable",
    "VariableNode",
    "as_array",
    "as_variable",
    "backward",
    "variable_repr",
    "variable_str",
]


class _AlsoTheEngines(type):
    """Lets ``isinstance`` hold for the engine's own objects, which behave like the facade's."""

    _engine: type

    def __instancecheck__(cls, instance: Any) -> bool:
        kind = instance.__class__
        return issubclass(kind, cls) or (
            "_engine" in cls.__dict__ and issubclass(kind, cls._engine)
        )


class _NoArray(UninitializedError, AttributeError):
    """A Variable has no array yet."""


class Variable(CoreVariable, metaclass=_AlsoTheEngines):
    r"""An array that remembers the computation it came from.

    Args:
        data: the array, or None.
        name: shown in drawings and messages.
        grad: the gradient to begin with, an array.
        requires_grad: whether ``backward`` shall compute a gradient for it.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> x = chainer.Variable(np.array([3.0], np.float32), name='x')
    >>> y = chainer.functions.sum(x * x)
    >>> y.backward()
    >>> x.grad, y.creator.label
    (array([6.], dtype=float32), 'Sum')
    """

    __slots__ = ()
    _engine = CoreVariable
    _overwritable = True  # programs with several optimizers rely on it

    def __init__(
        self,
        data: Any = None,
        *,
        name: str | None = None,
        grad: Any = None,
        requires_grad: bool = True,
        **removed: Any,
    ) -> None:
        removed.pop("_grad_valid", None)
        removed.pop("layout", None)
        if removed and _legacy.era == "v1":
            requires_grad = requires_grad and not _legacy.is_on(removed.pop("volatile", False))
        if removed:
            refuse_removed("__init__", removed, volatile="Use chainer.using_config")
        super().__init__(data, name=name, requires_grad=requires_grad)
        if grad is not None:
            if not isinstance(grad, get_array_types()):
                types = ", ".join(map(str, get_array_types()))
                raise LegacyError(
                    f"Type of grad is invalid:\nExpected: Any of {types}\nActual: {type(grad)}"
                )
            self.grad = grad

    _has_chainerx_array = False

    @classmethod
    def _init_unchecked(
        cls, data: Any = None, device: Any = None, name: Any = None, grad: Any = None,
        requires_grad: bool = True, is_chainerx_array: Any = None, node: Any = None,
    ) -> Variable:  # fmt: skip
        return cls(data, name=name, grad=grad, requires_grad=requires_grad)

    shape = property(lambda self: self._filled().shape, doc="The shape of the array.")
    ndim = property(lambda self: self._filled().ndim, doc="The number of axes.")
    size = property(lambda self: self._filled().size, doc="The number of elements.")

    def _filled(self) -> Any:
        if self._array is None:
            raise _NoArray(f"{self._described()} holds no array yet")
        return self._array

    def __len__(self) -> int:
        if self._array is None:
            raise TypeError(f"{self._described()} holds no array yet")
        return len(self._array)

    @property
    def label(self) -> str:
        """Shape and dtype, as drawings show them."""
        return self.node.label

    # -- the graph ---------------------------------------------------------------------------------

    @property
    def node(self) -> VariableNode:
        """What the graph knows of this Variable."""
        return VariableNode._of(self._edge, self)

    _node = node

    @property
    def creator_node(self) -> Any:
        """The FunctionNode that made this Variable, or None."""
        from renkei.compat.chainer._node import node_of

        function = self._made_by()[0]
        return None if function is None or function.inputs is None else node_of(function)

    @creator_node.setter
    def creator_node(self, node: Any) -> None:
        self.set_creator_node(node)

    @property
    def creator(self) -> Any:  # type: ignore[override]
        """The function that made this Variable: a FunctionNode, or an old-style Function."""
        node = self.creator_node
        return getattr(node, "function", node) if node is not None else None

    @creator.setter
    def creator(self, function: Any) -> None:
        self.set_creator(function)

    def set_creator(self, gen_func: Any) -> None:
        """Says which function made this Variable; None makes it a leaf."""
        self.set_creator_node(getattr(gen_func, "node", gen_func))

    def set_creator_node(self, fnode: Any) -> None:
        """Says which FunctionNode made this Variable; None makes it a leaf."""
        if fnode is None:
            self.unchain()
            return
        made = [i for i, y in enumerate(fnode._outputs or ()) if y.variable() is self]
        attach(self, fnode._engine_or_new(), made[0] if made else 0)
        self.node._told = None

    def unchain(self) -> None:
        """Cuts this Variable off the function that made it; gradients end here from now on."""
        if self._made_by()[0] is not None:
            rank = self.rank
            cut(self)
            self.node._rank = rank

    rank = property(lambda self: self.node.rank, doc="How many functions lie before it.")
    layout = property(lambda self: None, doc="The memory layout; always the plain one.")
    raw_array = property(lambda self: self.array, doc="The array.")

    def as_layout(self, layout: Any) -> Variable:
        """The Variable itself: there is only the plain memory layout."""
        if layout is not None:
            raise GraphError("as_layout(layout)", repr(layout), "None", "Layouts need cuDNN.")
        return self

    def retain_data(self) -> None:
        """Keeps the array with the node."""
        self.node.retain_data()

    def backward(
        self,
        retain_grad: bool = False,
        enable_double_backprop: bool = False,
        loss_scale: float | None = None,
    ) -> None:
        """Computes gradients of this Variable with respect to all that it depends on."""
        array = self._array
        if array is not None and array.size == 1 and array.ndim and self._get_grad() is None:
            warnings.warn(
                "Treating a variable with only one element as a scalar in Variable.backward is "
                "deprecated. Apply chainer.functions.squeeze to get a 0-dimensional variable.",
                DeprecationWarning,
                stacklevel=2,
            )
        given = self._get_grad() if retain_grad else None
        CoreVariable.backward(self, retain_grad, enable_double_backprop, loss_scale)
        if given is not None:  # the same object, not a copy
            self._set_grad(given)

    # -- gradients ---------------------------------------------------------------------------------

    @property
    def grad_var(self) -> Any:  # type: ignore[override]
        """The gradient as a Variable, or None."""
        found = CoreVariable.grad_var.__get__(self)
        if found is not None and found.__class__ is CoreVariable:
            found.__class__ = Variable
        return found

    @grad_var.setter
    def grad_var(self, grad: Any) -> None:
        CoreVariable.grad_var.__set__(self, grad)  # type: ignore[attr-defined]

    def zerograd(self) -> None:
        """Fills the gradient with zeros; deprecated, see ``cleargrad``."""
        warnings.warn(
            "Variable.zerograd is deprecated. Use Variable.cleargrad instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        super().zerograd()

    def addgrad(self, var: Any) -> None:
        """Adds another Variable's gradient to this one's, with its graph."""
        theirs = var._get_grad()
        if theirs is None:
            return
        if isinstance(theirs, CoreVariable) and theirs._edge is not None:
            mine = self.grad_var
            self.grad_var = theirs if mine is None else mine + theirs
        else:
            super().addgrad(var)

    def copydata(self, var: Any) -> None:
        """Copies another Variable's values into this array."""
        if self._array is None and var._array is not None:
            self._initialize_from(var)
        elif self._array is not None and var._array is None and hasattr(var, "initialize"):
            var.initialize(self.shape)
        if self._array is not None:
            super().copydata(var)

    def _initialize_from(self, var: Any) -> None:
        self.array = var._array.copy()

    # -- devices -----------------------------------------------------------------------------------

    @property
    def device(self) -> Any:
        """The device on which the array lies."""
        from renkei.compat.chainer import backend

        return backend.get_device_from_array(self._array)

    def to_device(self, device: Any) -> None:
        """Moves array and gradient to a device, in place."""
        from renkei.compat.chainer import backend

        super().to_device(backend.get_device(device)._engine)

    def to_cpu(self) -> None:
        """Moves array and gradient to the host."""
        self.to_device("@numpy")

    def to_gpu(self, device: Any = None) -> None:
        """Moves array and gradient to a GPU."""
        from renkei.compat.chainer.backends import cuda

        cuda.check_cuda_available()
        self.to_device(cuda.GpuDevice.from_device_id(device or 0))

    def to_intel64(self) -> None:
        """Stays on the host: iDeep does not exist here, as on any machine without it."""
        from renkei.compat.chainer.backends import intel64

        intel64.check_ideep_available()

    def to_chx(self) -> None:
        """ChainerX does not exist here."""
        from renkei.compat.chainer import backend

        backend.to_chx(self._array)

    def from_chx(self) -> None:
        """Nothing to do: no Variable is on a ChainerX device."""

    def mean(self, axis: Any = None, *, weights: Any = None, keepdims: bool = False) -> Any:
        """See ``F.average``."""
        from renkei.compat.chainer import functions

        return functions.average(self, axis, weights, keepdims)

    def debug_print(self) -> str:
        """A few lines on where the Variable lives, its shape and the statistics of its values."""
        text = super().debug_print().replace("- device: @numpy", "- device: CPU")
        grad = self.grad
        if grad is not None and grad.size and not grad.any():
            text = text[: text.rindex("- grad: ")] + "- grad: 0"
        return text


def _number(value: Any) -> str:
    return f"({value})" if value < 0 else f"{value}"


# what an operator with a number is called in drawings
_TOLD = {
    "__add__": lambda v: f"_ + {_number(v)}",
    "__radd__": lambda v: f"_ + {_number(v)}",
    "__sub__": lambda v: f"_ + {_number(-v)}",
    "__rsub__": lambda v: f"{_number(v)} - _",
    "__mul__": lambda v: f"_ * {_number(v)}",
    "__rmul__": lambda v: f"_ * {_number(v)}",
    "__truediv__": lambda v: f"_ * {_number(1 / v)}" if v else "_ / 0",
    "__rtruediv__": lambda v: f"{_number(v)} / _",
    "__pow__": lambda v: f"_ ** {_number(v)}",
    "__rpow__": lambda v: f"{_number(v)} ** _",
}


def _operator(name: str, function: Any) -> Any:
    told = _TOLD.get(name)
    if told is None:
        return _returning(name, function)

    def method(self: Any, other: Any) -> Any:
        y = function(self, other)
        if other.__class__ in (int, float) and y._edge is not None:
            y._edge.__dict__["_told"] = told(other)
        y.__class__ = Variable
        return y

    method.__name__, method.__doc__ = name, function.__doc__
    return method


def _returning(name: str, function: Any) -> Any:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        y = function(self, *args, **options)
        if y.__class__ is CoreVariable:
            y.__class__ = Variable
            return y
        return _facade(y)

    method.__name__, method.__doc__ = name, function.__doc__
    return method


def _facade(y: Any) -> Any:
    from renkei.compat.chainer._wrap import wrapped

    return wrapped(y) if isinstance(y, (CoreVariable, tuple, list)) else y


def _late(name: str) -> Any:
    def call(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(CoreVariable, name)(self, *args, **options)  # becomes the function itself

    call.__doc__ = getattr(CoreVariable, name).__doc__
    return _returning(name, call)


def _iterate(self: Any) -> Any:
    for y in CoreVariable.__iter__(self):
        yield _facade(y)


def _install_methods() -> None:
    for name, function in _OPERATORS.items():
        late = name in ("__getitem__",)
        setattr(Variable, name, _late(name) if late else _operator(name, function))
    for name in _METHODS:
        if name != "mean":
            setattr(Variable, name, _late(name))
    more = {"__div__": "__truediv__", "__rdiv__": "__rtruediv__", "__nonzero__": "__bool__"}
    for name, present in more.items():
        setattr(Variable, name, getattr(Variable, present))
    Variable.__iter__ = _iterate  # type: ignore[attr-defined]
    Variable.T = property(lambda self: self.transpose(), doc="The axes in reverse order.")  # type: ignore[attr-defined]


_install_methods()
_UNKNOWN = object()  # the gradient of an open parameter that nobody has cleared


class Parameter(Variable, CoreParameter):
    r"""A Variable that optimizers train.

    Args:
        initializer: a callable that fills an array, a number, an array, or None for NaN.
        shape: the shape; left open, ``initialize`` makes the array later.
        name: the parameter's name.
        layout: only None.

    >>> from renkei.compat import chainer
    >>> chainer.Parameter(0.5, (2,)).grad  # NaN until cleargrad, so that forgetting it shows
    array([nan, nan], dtype=float32)
    """

    __slots__ = ()
    _engine = CoreParameter

    def __init__(
        self, initializer: Any = None, shape: Any = None, name: str | None = None, *,
        layout: Any = None,
    ) -> None:  # fmt: skip
        CoreParameter.__init__(self, initializer, shape, name)
        if self._array is None or self._array is not initializer:
            self._forget_grad()

    def _forget_grad(self) -> None:
        """The state of a gradient that nobody has cleared yet."""
        if self._array is None:
            self._grad = _UNKNOWN
        elif self._array.dtype.kind == "f":
            self._grad = self.xp.full_like(self._array, float("nan"))

    def initialize(self, shape: Any) -> None:
        """Makes the array on the remembered device."""
        unknown = self._grad is _UNKNOWN
        if unknown:
            self._grad = None
        CoreParameter.initialize(self, shape)
        if unknown:
            self._forget_grad()

    def _get_grad(self) -> Any:
        grad = self._grad
        if grad is _UNKNOWN:
            raise GraphError(
                "Cannot retrieve Variable.grad. Either it must be set manually or "
                "Variable.cleargrad() must be called beforehand"
            )
        return grad

    def zerograd(self) -> None:
        """Fills the gradient with zeros; deprecated, see ``cleargrad``."""
        super().zerograd() if self._array is not None else self._set_grad(None)

    def addgrad(self, var: Any) -> None:
        """Adds another Variable's gradient to this one's; an open parameter takes its shape."""
        if self._array is None and var._get_grad() is not None:
            self.initialize(var.shape)
        super().addgrad(var)

    def _initialize_from(self, var: Any) -> None:
        self.initialize(var.shape)

    def _copy_into(self, twin: Any) -> None:
        unknown = self._grad is _UNKNOWN
        if unknown:
            self._grad = None
        CoreParameter._copy_into(self, twin)
        if unknown:
            self._grad = twin._grad = _UNKNOWN

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self._grad is not _UNKNOWN:
            return CoreParameter.__deepcopy__(self, memo)
        memo[id(self)] = twin = self.__copy__()
        return twin

    def __reduce__(self) -> Any:
        if self._grad is _UNKNOWN:
            return _open_parameter, (type(self), self.initializer, self.name)
        return CoreParameter.__reduce__(self)

    @property
    def device(self) -> Any:
        """The device of the array, or where it will be made."""
        from renkei.compat.chainer import backend

        return backend._facade_device(self._device)

    def to_device(self, device: Any) -> None:
        """Moves array and gradient; an open parameter remembers where it shall be made."""
        from renkei.compat.chainer import backend

        CoreParameter.to_device(self, backend.get_device(device)._engine)


def _open_parameter(cls: type, initializer: Any, name: str | None) -> Any:
    return cls(initializer, None, name)


def _as_facade(value: Any) -> Any:
    if not isinstance(value, CoreVariable):
        return Variable(value, requires_grad=False)
    if value.__class__ is CoreVariable:
        value.__class__ = Variable
    return value


def as_variable(obj: Any) -> Variable:
    r"""The value itself if it is a Variable; an array as a Variable that wants no gradient.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> chainer.as_variable(np.zeros(2)).requires_grad
    False
    """
    return _as_facade(obj)


def as_array(obj: Any) -> Any:
    """The array of a Variable, or the array itself."""
    if isinstance(obj, CoreVariable):
        return obj.array
    return _as_array(obj)


def backward(
    outputs: Sequence[Any],
    grad_outputs: Sequence[Any] | None = None,
    *,
    enable_double_backprop: bool = False,
    **kwargs: Any,
) -> None:
    r"""Runs backward from several Variables at once.

    Args:
        outputs: the Variables to start from.
        grad_outputs: their gradients; None takes each Variable's own ``grad``.
        enable_double_backprop: record the gradients' computation.
    """
    if kwargs:
        refuse_removed("backward", kwargs)
    _backward(outputs, grad_outputs, enable_double_backprop=enable_double_backprop)


def variable_repr(var: Any) -> str:
    """The text of ``repr(var)``."""
    return repr(var)


def variable_str(var: Any) -> str:
    """The text of ``str(var)``."""
    return str(var)
