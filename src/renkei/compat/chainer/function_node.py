"""FunctionNode: functions of one's own, on Variables, with gradients of every order."""

from __future__ import annotations

import collections
import traceback
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from renkei.compat.chainer.utils import type_check
from renkei.compat.chainer.variable import Variable, VariableNode, as_variable
from renkei.core.config import current
from renkei.core.device import get_array_module, get_array_types
from renkei.core.errors import NanError
from renkei.core.graph import grad as _grad
from renkei.core.variable import Output, tick

__all__ = ["FunctionNode", "grad"]


class FunctionNode:
    r"""The base of differentiable functions; an object of it is one application.

    A subclass defines ``forward`` (or ``forward_cpu`` and ``forward_gpu``) on tuples of arrays and
    ``backward(target_input_indexes, grad_outputs)`` on Variables. What backward needs, forward
    retains with ``retain_inputs`` and ``retain_outputs``.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> class Square(chainer.FunctionNode):
    ...     def forward(self, inputs):
    ...         self.retain_inputs((0,))
    ...         return np.square(inputs[0]),
    ...     def backward(self, target_input_indexes, grad_outputs):
    ...         x, = self.get_retained_inputs()
    ...         return 2 * x * grad_outputs[0],
    >>> x = chainer.Variable(np.array([3.0], np.float32))
    >>> y, = Square().apply((x,))
    >>> y.grad = np.ones(1, np.float32)
    >>> y.backward()
    >>> x.grad
    array([6.], dtype=float32)
    """

    stack: Any = None
    lazy_grad_sum = False
    is_elementwise = False
    chainerx_device = None
    input_layouts: Any = None
    output_layouts: Any = None

    _edges: Any = None
    _nodes: Any = None
    _specs: Any = None
    _variables: Any = None
    _engine: Any = None
    _input_indexes_to_retain: Any = None
    _output_indexes_to_retain: Any = None
    _retained_inputs: dict[int, Any] | None = None
    _retained_outputs: dict[int, Any] | None = None
    _local_function_hooks: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            f"{type(self).__name__} is a FunctionNode: apply it with the method `apply`, which "
            "takes a tuple of inputs and returns a tuple of outputs."
        )

    # -- what the graph knows ----------------------------------------------------------------------

    @property
    def label(self) -> str:
        """The name that drawings, hooks and messages use."""
        return type(self).__name__

    @property
    def _impl_name(self) -> str:
        return type(self).__name__

    @property
    def rank(self) -> int:
        """The length of the longest way from a leaf."""
        engine = None if self._engine is None else self._engine()
        told = [v.node._rank for v in (r() for r in self._variables or ()) if v is not None]
        return max([0 if engine is None else engine.rank, *(r for r in told if r is not None)])

    @property
    def inputs(self) -> Any:
        """The VariableNodes of the inputs; None before ``apply`` and after ``unchain``."""
        if self._edges is None:
            return None
        if self._nodes is None:
            pairs = zip(self._edges, self._variables, self._specs, strict=True)
            self._nodes = tuple(VariableNode._of(e, v(), spec=s) for e, v, s in pairs)
        return self._nodes

    @inputs.setter
    def inputs(self, nodes: Any) -> None:
        self._nodes = nodes
        self._edges = None if nodes is None else tuple(n._edge for n in nodes)

    @property
    def outputs(self) -> Any:
        """References to the VariableNodes of the outputs: call one to get the node."""
        return self._outputs

    _outputs: Any = None

    @outputs.setter
    def outputs(self, references: Any) -> None:
        self._outputs = references

    @property
    def output_data(self) -> tuple[Any, ...]:
        """The retained output arrays, None for the others."""
        kept = self._retained_outputs
        if kept is None:
            raise RuntimeError("retained output data is gone")
        return tuple(kept.get(i) for i in range(len(self._outputs or kept)))

    def _engine_or_new(self) -> Any:
        """The engine's function; for a node that was never applied, one without inputs."""
        from renkei.compat.chainer._node import Engine

        engine = None if self._engine is None else self._engine()
        if engine is None:
            self._edges = self._edges or ()
            engine = Engine(self, self._edges, 1)
            self._engine = weakref.ref(engine)
        return engine

    # -- hooks -------------------------------------------------------------------------------------

    @property
    def local_function_hooks(self) -> Any:
        """The hooks of this function alone, by name."""
        if self._local_function_hooks is None:
            self._local_function_hooks = collections.OrderedDict()
        return self._local_function_hooks

    def add_hook(self, hook: Any, name: str | None = None) -> None:
        """Lets a hook watch this function."""
        name = hook.name if name is None else name
        if name in self.local_function_hooks:
            raise KeyError(f"hook {name} already exists")
        self.local_function_hooks[name] = hook
        hook.added(self)

    def delete_hook(self, name: str) -> None:
        """Takes a hook away."""
        if name not in self.local_function_hooks:
            raise KeyError(f"hook {name} does not exist")
        self.local_function_hooks.pop(name).deleted(self)

    # -- application -------------------------------------------------------------------------------

    def apply(self, inputs: Iterable[Any]) -> tuple[Any, ...]:
        """Computes the outputs and records the function.

        Args:
            inputs: Variables or arrays.

        Returns:
            A tuple of Variables.
        """
        values = list(inputs)
        in_data = tuple(v._values() if isinstance(v, Variable) else v for v in values)
        self._check_arrays("input", in_data)
        variables = [as_variable(v) for v in values]
        settings = current()
        if settings.debug:
            self.stack = traceback.extract_stack()[:-1]
        if settings.type_check:
            self._check_types(in_data)
        hooks = self._hooks() if settings.function_hooks or self._local_function_hooks else ()
        for hook in hooks:
            hook.forward_preprocess(self, in_data)
        self._input_indexes_to_retain = self._output_indexes_to_retain = None
        outputs = self.forward(in_data)
        self._check_outputs(outputs)
        for hook in hooks:
            hook.forward_postprocess(self, in_data)
        if settings.debug:
            self._check_nan(outputs)
        if not settings.enable_backprop:
            return tuple(Variable(y, requires_grad=False) for y in outputs)
        return self._recorded(variables, in_data, outputs)

    def _recorded(
        self, variables: list[Any], in_data: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        from renkei.compat.chainer._node import Engine

        edges = tuple(v._edge for v in variables)
        self._edges, self._nodes = edges, None
        self._variables = [weakref.ref(v) for v in variables]
        self._specs = [_Spec(x) for x in in_data]
        keep = self._input_indexes_to_retain or ()
        self._retained_inputs = {i: in_data[i] for i in keep}
        keep = self._output_indexes_to_retain
        self._retained_outputs = None if keep is None else {i: outputs[i] for i in keep}
        engine = Engine(self, edges, len(outputs))
        engine.seq, engine.stack = tick(), self.stack
        self._engine = weakref.ref(engine)
        places = [Output(engine, i, y) for i, y in enumerate(outputs)]
        wanted = any(e is not None for e in edges)
        results = []
        for y, place in zip(outputs, places, strict=True):
            variable = Variable.__new__(Variable)
            variable._array, variable._grad = y, None
            variable._edge = place if wanted and y.dtype.kind in "fc" else None
            results.append(variable)
        self._outputs = tuple(_Output(weakref.ref(v), _Spec(v._array)) for v in results)
        return tuple(results)

    def _hooks(self) -> list[Any]:
        from renkei.compat.chainer.function_hook import get_function_hooks

        return [*get_function_hooks().values(), *(self._local_function_hooks or {}).values()]

    def _check_arrays(self, what: str, arrays: tuple[Any, ...]) -> None:
        types = get_array_types()
        if all(isinstance(a, types) for a in arrays) and len({type(a) for a in arrays}) < 2:
            return
        if all(isinstance(a, np.ndarray) for a in arrays):
            return
        kinds = ", ".join(str(type(a)) for a in arrays)
        raise TypeError(
            f"incompatible array types are mixed in the forward {what} ({self.label}).\n"
            f"Actual: {kinds}"
        )

    def _check_types(self, in_data: tuple[Any, ...]) -> None:
        check = getattr(self.check_type_forward, "__func__", None)
        if check is not FunctionNode.check_type_forward:
            type_check.run(self, in_data)

    def _check_outputs(self, outputs: Any) -> None:
        if type(outputs) is not tuple:
            raise TypeError(
                f"forward output must be a tuple ({self.label})\nActual: {type(outputs)}"
            )
        if not all(isinstance(y, get_array_types()) for y in outputs):
            raise TypeError(
                f"forward output must be a tuple of ndarrays.\nFunction: {self.label}\n"
                f"Actual: {tuple(map(type, outputs))}"
            )
        self._check_arrays("output", outputs)

    def _check_nan(self, outputs: tuple[Any, ...]) -> None:
        for y in outputs:
            if y.dtype.kind in "fc" and get_array_module(y).isnan(y).any():
                raise NanError(f"NaN is detected on forward computation of {self.label}")

    def check_type_forward(self, in_types: Any) -> None:
        """Checks the types of the inputs with ``type_check.expect``."""

    def check_layout_forward(self, inputs: Any) -> None:
        """Checks memory layouts: there is only one."""

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Computes the output arrays: ``forward_gpu`` if an input is on a GPU."""
        if any(not isinstance(x, np.ndarray) for x in inputs):
            return self.forward_gpu(inputs)
        return self.forward_cpu(inputs)

    def forward_cpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Computes the output arrays with NumPy."""
        raise NotImplementedError(f"{type(self).__name__}.forward_cpu")

    def forward_gpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Computes the output arrays with CuPy."""
        raise NotImplementedError(f"{type(self).__name__}.forward_gpu")

    def forward_chainerx(self, inputs: tuple[Any, ...]) -> Any:
        """There is no ChainerX: always declines."""
        from renkei.compat import chainer

        return chainer.Fallback

    # -- gradients ---------------------------------------------------------------------------------

    def retain_inputs(self, indexes: Iterable[int]) -> None:
        """Called in ``forward``: keeps these inputs for ``backward``."""
        self._input_indexes_to_retain = tuple(indexes)

    def retain_outputs(self, indexes: Iterable[int]) -> None:
        """Called in ``forward``: keeps these outputs for ``backward``."""
        self._output_indexes_to_retain = tuple(indexes)

    def get_retained_inputs(self) -> tuple[Any, ...]:
        """The retained inputs as Variables of the graph, in the order of ``retain_inputs``."""
        from renkei.compat.chainer._node import revived

        kept = self._retained_inputs
        if not kept:
            return ()
        edges, known = self._edges, self._variables
        result = []
        for i, x in kept.items():
            variable = known[i]()
            same = variable is not None and variable._array is x
            result.append(variable if same else revived(x, edges[i] if edges else None))
        return tuple(result)

    def get_retained_outputs(self) -> tuple[Any, ...]:
        """The retained outputs as Variables of the graph."""
        from renkei.compat.chainer._node import revived

        engine = None if self._engine is None else self._engine()
        result = []
        for i, y in (self._retained_outputs or {}).items():
            alive = self._outputs[i].variable() if self._outputs else None
            if alive is not None and alive._array is y:
                result.append(alive)
            else:
                result.append(revived(y, None if engine is None else Output(engine, i, y)))
        return tuple(result)

    def backward(
        self, target_input_indexes: tuple[int, ...], grad_outputs: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Computes gradients of the wanted inputs from those of the outputs, as Variables."""
        return (None,) * len(target_input_indexes)

    def backward_accumulate(
        self,
        target_input_indexes: tuple[int, ...],
        grad_outputs: tuple[Any, ...],
        grad_inputs: tuple[Any, ...],
    ) -> tuple[Any, ...]:
        """Computes gradients and adds them to those that the inputs have already."""
        gxs = self.backward(target_input_indexes, grad_outputs)
        gxs = (gxs,) if isinstance(gxs, Variable) else tuple(gxs)
        count = len(self._edges or ())
        if len(gxs) == count:
            gxs = tuple(gxs[i] for i in target_input_indexes)
        elif len(gxs) != len(target_input_indexes):
            raise ValueError(self._wrong_count(len(gxs), len(target_input_indexes)))
        return tuple(
            gx if g is None else g if gx is None else gx + g
            for gx, g in zip(gxs, grad_inputs, strict=True)
        )

    def _wrong_count(self, got: int, expected: int) -> str:
        return self._incorrect("number", f"{got} != expected {expected}")

    def _incorrect(self, what: str, difference: str) -> str:
        """Says what is wrong with the gradients, with the types of inputs and outputs."""
        lines = [
            f"{what} of gradients returned from backward is incorrect: {difference}",
            f"  function={self._impl_name} ({self.label})",
        ]
        for i, spec in enumerate(self._specs or ()):
            lines.append(f"    input {i}: shape={spec._shape} dtype={spec._dtype}")
        for i, output in enumerate(self._outputs or ()):
            lines.append(f"    output {i}: shape={output.spec._shape} dtype={output.spec._dtype}")
        return "\n".join(lines)

    def unchain(self) -> None:
        """Cuts the function out of the graph: its inputs are forgotten."""
        engine = None if self._engine is None else self._engine()
        if engine is not None:
            engine._unchain()
        self._edges = self._nodes = self._outputs = None


class _Spec:
    """Shape and dtype of an array, named as an edge names them."""

    __slots__ = ("_dtype", "_shape")

    def __init__(self, array: Any) -> None:
        self._shape, self._dtype = array.shape, array.dtype


class _Output:
    """A reference to an output's VariableNode: called, it gives the node while it lives."""

    __slots__ = ("spec", "variable")

    def __init__(self, variable: Any, spec: _Spec) -> None:
        self.variable, self.spec = variable, spec

    def __call__(self) -> Any:
        variable = self.variable()
        return None if variable is None else variable.node


def grad(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    grad_outputs: Sequence[Any] | None = None,
    grad_inputs: Sequence[Any] | None = None,
    set_grad: bool = False,
    retain_grad: bool = False,
    enable_double_backprop: bool = False,
    loss_scale: float | None = None,
) -> list[Any]:
    r"""Gradients of outputs with respect to inputs, returned instead of stored.

    Args:
        outputs: Variables to differentiate.
        inputs: Variables to differentiate by, leaves or intermediate ones.
        grad_outputs: gradients of the outputs; missing ones are ones of the output's shape.
        grad_inputs: gradients to add to the results.
        set_grad: also store the results in ``grad`` of the inputs.
        retain_grad: also store the gradients of the Variables between.
        enable_double_backprop: record the computation, so that the results can be differentiated.
        loss_scale: multiplies the ones.

    Returns:
        A list with a Variable for each input, or None where no way leads to it.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> x = chainer.Variable(np.array(2.0, np.float32))
    >>> chainer.grad([x * x], [x])
    [variable(4.)]
    """
    found = _grad(
        outputs,
        inputs,
        grad_outputs,
        grad_inputs,
        set_grad,
        retain_grad,
        enable_double_backprop,
        loss_scale,
    )
    return [None if g is None else as_variable(g) for g in found]
