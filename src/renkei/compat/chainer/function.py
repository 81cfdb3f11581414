"""Function: the older kind of functions of one's own, which computes gradients on arrays."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from renkei.compat.chainer.configuration import force_backprop_mode, no_backprop_mode
from renkei.compat.chainer.function_node import FunctionNode
from renkei.compat.chainer.variable import Variable
from renkei.core.config import current
from renkei.core.device import get_array_types
from renkei.core.function import Function as CoreFunction
from renkei.core.variable import Output, tick

__all__ = ["Function", "FunctionAdapter", "force_backprop_mode", "no_backprop_mode"]


class FunctionAdapter(FunctionNode):
    """The FunctionNode that runs an old-style Function.

    Args:
        function: the Function.
    """

    def __init__(self, function: Function) -> None:
        self._function = function
        function._node_ref = weakref.ref(self)
        function._owned_node = None

    @property
    def function(self) -> Function:
        """The Function."""
        return self._function

    @property
    def label(self) -> str:
        return self._function.label

    @property
    def _impl_name(self) -> str:
        return type(self._function).__name__

    def _check_types(self, in_data: tuple[Any, ...]) -> None:
        if type(self._function).check_type_forward is not Function.check_type_forward:
            super()._check_types(in_data)

    def check_type_forward(self, in_types: Any) -> None:
        self._function.check_type_forward(in_types)

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        self.retain_inputs(range(len(inputs)))
        return self._function.forward(inputs)

    def backward(
        self, target_input_indexes: tuple[int, ...], grad_outputs: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        kept = self._retained_inputs or {}
        in_data = tuple(kept.get(i) for i in range(len(self._edges)))
        gys = tuple(None if g is None else g.array for g in grad_outputs)
        found = self._function.backward(in_data, gys)
        if not isinstance(found, tuple):
            raise TypeError(
                f"backward output must be a tuple ({self.label})\nActual: {type(found)}"
            )
        self._check_gradients(found, in_data)
        results = []
        for i in target_input_indexes:
            gx = found[i] if len(found) > i else None
            results.append(None if gx is None else self._marked(gx, grad_outputs))
        return tuple(results)

    def _check_gradients(self, found: tuple[Any, ...], in_data: tuple[Any, ...]) -> None:
        if len(found) != len(in_data):
            raise ValueError(self._wrong_count(len(found), len(in_data)))
        for gx in found:
            if gx is not None and not isinstance(gx, get_array_types()):
                raise TypeError(
                    f"Function `{self._impl_name}` ({self.label}) has a bug.\n"
                    f"Type of grad is invalid:\nExpected: an array or None\nActual: {type(gx)}"
                )

    def _marked(self, gx: Any, grad_outputs: tuple[Any, ...]) -> Any:
        """A gradient that refuses to be differentiated again."""
        result = Variable(gx, requires_grad=False)
        if current().enable_backprop:
            kept = (*self._edges, *(g._edge for g in grad_outputs if g is not None))
            result._edge = Output(_Once(self.label, kept), 0, gx)
        return result


class _Once(CoreFunction):
    """Stands where a gradient of an old-style Function was computed."""

    _single = False

    def __init__(self, name: str, edges: tuple[Any, ...]) -> None:
        self.name, self.inputs, self.kept, self.seq = name, edges, [], tick()
        self.plan = self  # type: ignore[assignment]

    calls: tuple[Any, ...] = ()
    kept_inputs: frozenset[int] = frozenset()

    def joint(self, function: Any, wanted: Any, values: Any) -> Any:
        raise RuntimeError(f'cannot twice-differentiate an old style Function "{self.name}"')

    def _revived(self, gys: list[Any]) -> list[Any]:
        return gys


class Function:
    r"""The base of older functions: ``forward`` and ``backward`` both work on arrays.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> class Double(chainer.Function):
    ...     def forward(self, inputs):
    ...         return np.asarray(2 * inputs[0]),
    ...     def backward(self, inputs, grad_outputs):
    ...         return np.asarray(2 * grad_outputs[0]),
    >>> x = chainer.Variable(np.array(3.0, np.float32))
    >>> y = Double()(x)
    >>> y.backward()
    >>> x.grad
    array(2., dtype=float32)
    """

    _node_ref: Any = None
    _owned_node: Any = None

    def __call__(self, *inputs: Any) -> Any:
        node = self.node
        if node._edges is not None or node._outputs is not None:  # applied before: a new node
            node = FunctionAdapter(self)
        self._owned_node = None  # from now on the graph holds the node
        self._node_ref = weakref.ref(node)
        outputs = node.apply(inputs)
        return outputs[0] if len(outputs) == 1 else outputs

    @property
    def node(self) -> Any:
        """The FunctionNode that runs it."""
        node = None if self._node_ref is None else self._node_ref()
        if node is None:
            node = FunctionAdapter(self)
            self._owned_node = node
        return node

    @property
    def inputs(self) -> Any:
        """The VariableNodes of the inputs."""
        return self.node.inputs

    @property
    def outputs(self) -> Any:
        """References to the VariableNodes of the outputs."""
        return self.node.outputs

    @property
    def output_data(self) -> Any:
        """The retained output arrays."""
        return self.node.output_data

    @property
    def rank(self) -> int:
        """The length of the longest way from a leaf."""
        return self.node.rank

    @property
    def label(self) -> str:
        """The name that drawings and messages use."""
        return type(self).__name__

    @property
    def stack(self) -> Any:
        """Where it was called, in debug mode."""
        return self.node.stack

    @property
    def local_function_hooks(self) -> Any:
        """The hooks of this function alone."""
        return self.node.local_function_hooks

    def add_hook(self, hook: Any, name: str | None = None) -> None:
        """Lets a hook watch this function."""
        self.node.add_hook(hook, name)

    def delete_hook(self, name: str) -> None:
        """Takes a hook away."""
        self.node.delete_hook(name)

    def check_type_forward(self, in_types: Any) -> None:
        """Checks the types of the inputs with ``type_check.expect``."""

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Computes the output arrays."""
        if any(not isinstance(x, np.ndarray) for x in inputs):
            return self.forward_gpu(inputs)
        return self.forward_cpu(inputs)

    def forward_cpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Computes the output arrays with NumPy."""
        raise NotImplementedError(f"{type(self).__name__}.forward_cpu")

    def forward_gpu(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Computes the output arrays with CuPy."""
        raise NotImplementedError(f"{type(self).__name__}.forward_gpu")

    def backward(self, inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Computes the input gradients from the inputs and the output gradients."""
        arrays = [a for a in (*inputs, *grad_outputs) if a is not None]
        if any(not isinstance(a, np.ndarray) for a in arrays):
            return self.backward_gpu(inputs, grad_outputs)
        return self.backward_cpu(inputs, grad_outputs)

    def backward_cpu(
        self, inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Computes the input gradients with NumPy: none, unless overridden."""
        return (None,) * len(inputs)

    def backward_gpu(
        self, inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Computes the input gradients with CuPy: none, unless overridden."""
        return (None,) * len(inputs)

    def unchain(self) -> None:
        """Cuts the function out of the graph."""
        self.node.unchain()

    def retain_inputs(self, indexes: Any) -> None:
        """Called in ``forward``: keeps only these inputs; the others arrive as None."""
        self.node.retain_inputs(indexes)

    def retain_outputs(self, indexes: Any, retain_after_backward: bool = False) -> None:
        """Called in ``forward``: keeps these outputs for ``output_data``."""
        self.node.retain_outputs(indexes)
