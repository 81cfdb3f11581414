"""@elementwise: a primitive from one array expression and one gradient per input.

The function that the decorator returns is compiled from a template, so that a call on small arrays
costs two Python calls, and its node is an ordinary ``Function`` for everything else.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from renkei.core.broadcast import broadcast_to, sum_array_to, sum_to
from renkei.core.config import current
from renkei.core.device import as_array, get_array_module, get_array_types
from renkei.core.dispatch import SMALL, fast_kernels, run
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function, Plan
from renkei.core.hooks import observe
from renkei.core.shapes import Spec, broadcast_shapes
from renkei.core.variable import Variable, tick

__all__ = ["Elementwise", "elementwise"]


class Elementwise(Function):
    """The base of the nodes that ``@elementwise`` makes: broadcasting and its gradient."""

    def check(self, *inputs: Any) -> Spec:
        shapes = [getattr(x, "shape", ()) for x in inputs]
        dtypes = [x.dtype for x in inputs if hasattr(x, "dtype")]
        names = self._input_names(len(inputs))[0]
        shape = broadcast_shapes(f"{self.op}({', '.join(names)})", *shapes)
        return Spec(shape, np.result_type(*dtypes) if dtypes else np.dtype(float))

    def _apply(self, args: tuple[Any, ...], settings: Any) -> Any:
        arrays = [a for a in args if isinstance(a, Variable)]
        if arrays:
            args = tuple(
                a if isinstance(a, Variable) else operand(a, arrays[0]._values(), self.op)
                for a in args
            )
            same_dtype(self.op, *[a._values() for a in arrays])
        return super()._apply(args, settings)

    def _fitted(self, g: Any, edge: Any, i: int) -> Any:
        """Undoes broadcasting: sums over the axes along which the input was repeated."""
        shape = edge._shape
        if g.shape != shape:
            if len(g.shape) < len(shape) or _smaller(g.shape, shape):
                g = broadcast_to(g, np.broadcast_shapes(g.shape, shape))
            g = sum_to(g, shape) if isinstance(g, Variable) else sum_array_to(g, shape)
        return super()._fitted(g, edge, i)


def _smaller(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    lead = len(shape) - len(target)
    return any(size < target[i] for i, size in enumerate(shape[lead:]))


def operand(value: Any, like: Any, op: str = "operator") -> Any:
    """The other operand of a Variable: Python numbers stay, arrays are cast to its dtype."""
    if value.__class__ is float or value.__class__ is int or value.__class__ is bool:
        return value
    if isinstance(value, (*get_array_types(), np.generic)):
        return as_array(value, like.dtype)
    if isinstance(value, (int, float)):
        return value
    raise DtypeError(op, describe(value), "a Variable, an array or a number")


def same_dtype(op: str, *arrays: Any) -> None:
    """Refuses Variables of different dtypes."""
    if any(a.dtype != arrays[0].dtype for a in arrays):
        raise DtypeError(
            op,
            " and ".join(str(a.dtype) for a in arrays),
            "Variables of one dtype",
            "Convert one: F.cast(x, dtype).",
        )


def settle(y: Any, like: Any) -> Any:
    """The result as an array of the operands' dtype: NumPy scalars and promotions end here."""
    y = as_array(y)
    if y.dtype is not like.dtype and like.dtype.kind == "f" and y.dtype.kind == "f":
        y = y.astype(like.dtype)
    return y


_UNARY = """\
def {name}({signature}):
    if not isinstance({x}, _Variable):
        return _arrays_only({arguments})
    _settings = _current()
    if _settings.slow:
        return _observe(_Node({attributes}), ({x},), _settings)
    _a = {x}._array
    try:
        _y = {compute}
        if _y.__class__ is not _ndarray or _y.dtype is not _a.dtype:
            _y = _settle(_y, _a)
    except Exception as _error:
        return _failed(_Node({attributes}), ({x},), _error)
    _result = _new(_Variable)
    _result._array = _y
    _edge = {x}._edge
    if _edge is None or not _settings.enable_backprop:
        _result._edge = None
        return _result
    _node = _new(_Node)
    {store}_node.inputs = (_edge,)
    _node.plan = _plan1
    _node.kept = [{keep1}]
    _node.seq = _tick()
    _node._shape = _y.shape
    _node._dtype = _y.dtype
    _result._edge = _node
    return _result
"""

_BINARY = """\
def {name}({signature}):
    if isinstance({x}, _Variable):
        _a = {x}._array
        _ea = {x}._edge
        if isinstance({y}, _Variable):
            _b = {y}._array
            _eb = {y}._edge
            _like = _a
            if _a is None or _b is None or _a.dtype is not _b.dtype:
                _same_dtype("{name}", {x}._values(), {y}._values())
        else:
            _eb = None
            _like = _a
            _b = {y}
            if _b.__class__ is not float and _b.__class__ is not int:
                _b = _operand(_b, {x}._values(), "{name}")
    elif isinstance({y}, _Variable):
        _b = {y}._array
        _eb = {y}._edge
        _ea = None
        _like = _b
        _a = {x}
        if _a.__class__ is not float and _a.__class__ is not int:
            _a = _operand(_a, {y}._values(), "{name}")
    else:
        return _arrays_only({arguments})
    _settings = _current()
    if _settings.slow:
        return _observe(_Node({attributes}), ({x}, {y}), _settings)
    try:
        _c = {compute}
    except Exception as _error:
        return _failed(_Node({attributes}), ({x}, {y}), _error)
    if _c.__class__ is not _ndarray or _c.dtype is not _like.dtype:
        _c = _settle(_c, _like)
    _result = _new(_Variable)
    _result._array = _c
    if _ea is None:
        if _eb is None or not _settings.enable_backprop:
            _result._edge = None
            return _result
        _node = _new(_Node)
        _node.plan = _plan2
        _node.kept = [{keep2}]
    elif not _settings.enable_backprop:
        _result._edge = None
        return _result
    else:
        _node = _new(_Node)
        if _eb is None:
            _node.plan = _plan1
            _node.kept = [{keep1}]
        else:
            _node.plan = _plan3
            _node.kept = [{keep3}]
    {store}_node.inputs = (_ea, _eb)
    _node.seq = _tick()
    _node._shape = _c.shape
    _node._dtype = _c.dtype
    _result._edge = _node
    return _result
"""

_ANY = """\
def {name}({signature}):
    if {bare}:
        return _arrays_only({arguments})
    return _Node({attributes})({x})
"""


def elementwise(**gradients: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    r"""Makes a differentiable function from an array expression.

    The decorated function takes the array module ``xp``, the inputs, and after them the attributes
    (parameters with defaults, or after ``*``). Each keyword argument of the decorator is the
    gradient of one input, a function whose parameter names say what it needs: ``gy``, inputs, the
    output ``y`` (``z`` if an input is called ``y``), attributes. Broadcasting is undone for it.

    >>> import numpy as np, renkei as rk
    >>> from renkei.core.elementwise import elementwise
    >>> @elementwise(x=lambda gy, x: gy * 2 * x)
    ... def doc_square(xp, x):
    ...     return x * x
    >>> x = rk.Variable(np.array([3.0], np.float32))
    >>> doc_square(x).backward()
    >>> x.grad
    array([6.], dtype=float32)
    """

    def decorate(expression: Callable[..., Any]) -> Any:
        return _build(expression, gradients)

    return decorate


def _build(expression: Callable[..., Any], gradients: dict[str, Callable[..., Any]]) -> Any:
    parameters = list(inspect.signature(expression).parameters.values())[1:]
    inputs = [p.name for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
    attributes = [p for p in parameters if p.name not in inputs]
    name = expression.__name__.lstrip("_")  # a helper or the inside of a public function
    node = _node_class(name, inputs, [p.name for p in attributes], expression, gradients)
    space = _namespace(name, node, inputs, attributes, expression)
    # Without all gradients a result may be cut off the graph, which Function does.
    templates = {1: _UNARY, 2: _BINARY} if len(gradients) == len(inputs) else {}
    template = templates.get(len(inputs), _ANY)
    slots = _slots(name, node, inputs, attributes)
    if template is _ANY:
        slots["x"] = ", ".join(inputs)
    result = _compiled(name, template.format(**slots), space)
    result.__doc__, result.__module__ = expression.__doc__, expression.__module__
    result.__annotations__ = {k: v for k, v in expression.__annotations__.items() if k != "xp"}
    node.__module__ = expression.__module__
    result.node = node
    return result


def _compiled(name: str, source: str, space: dict[str, Any]) -> Any:
    filename = f"<elementwise {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), space)
    return space[name]


def _namespace(
    name: str, node: type[Function], inputs: list[str], attributes: list[Any], expression: Any
) -> dict[str, Any]:
    count = 2 ** len(inputs) if len(inputs) < 3 else 1
    plans = {f"_plan{m}": Plan(node, m, len(inputs), 1) for m in range(1, count)}
    defaults = {f"_default_{p.name}": p.default for p in attributes if p.default is not p.empty}
    # Underscores, because inputs and attributes may have any other names.
    return {
        "_Node": node,
        "_SMALL": SMALL,
        "_Variable": Variable,
        "_array_module": get_array_module,
        "_arrays_only": _arrays_only(name, expression, node),
        "_current": current,
        "_expression": expression,
        "_failed": _failed,
        "_fast": fast_kernels(name),
        "_ndarray": ndarray,
        "_new": object.__new__,
        "_np": np,
        "_observe": observe,
        "_operand": operand,
        "_run": run,
        "_same_dtype": same_dtype,
        "_settle": settle,
        "_tick": tick,
        **plans,
        **defaults,
    }


def _slots(
    name: str, node: type[Function], inputs: list[str], attributes: list[Any]
) -> dict[str, str]:
    """What goes into the template: the signature, the computation, what each plan keeps."""
    names = [p.name for p in attributes]
    signature, starred = list(inputs), False
    for p in attributes:
        if p.kind is p.KEYWORD_ONLY and not starred:
            signature.append("*")
            starred = True
        signature.append(p.name if p.default is p.empty else f"{p.name}=_default_{p.name}")
    arrays = ["_a", "_b"][: len(inputs)]
    output = "_y" if len(inputs) == 1 else "_c"
    values = [*arrays, output]
    first, *rest = arrays or ["_a"]
    size = f"{first}.size" if not rest else "_like.size"
    module = first if not rest else "_like"
    passed = ", ".join([*arrays, *(f"{n}={n}" for n in names)])
    slots = {
        "name": name,
        "signature": ", ".join(signature),
        "arguments": ", ".join([*inputs, *(f"{n}={n}" for n in names)]),
        "attributes": ", ".join(f"{n}={n}" for n in names),
        "store": "".join(f"_node.{n} = {n}\n    " for n in names),
        "x": inputs[0],
        "bare": " and ".join(f"not isinstance({x}, _Variable)" for x in inputs),
        "compute": (
            f"_expression(_np if {module}.__class__ is _ndarray else _array_module({module}), "
            f"{passed}) if not _fast or {size} < _SMALL else _run({name!r}, {passed})"
        ),
    }
    if len(inputs) == 2:
        slots["y"] = inputs[1]
    for mask in range(1, 2 ** len(inputs) if len(inputs) < 3 else 1):
        keep = Plan(node, mask, len(inputs), 1).keep
        slots[f"keep{mask}"] = ", ".join(values[k] for k in keep)
    return slots


def _node_class(
    name: str,
    inputs: list[str],
    attributes: list[str],
    expression: Callable[..., Any],
    gradients: dict[str, Callable[..., Any]],
) -> type[Function]:
    """The Function of which each application of the elementwise function is an object."""
    unknown = set(gradients) - set(inputs)
    if unknown:
        raise TypeError(f"{name}: gradients for {sorted(unknown)}, which are no inputs")
    output = "z" if "y" in inputs else "y"
    space: dict[str, Any] = {"_expression": expression, "_array_module": get_array_module}
    listed = ", ".join(["self", *inputs])
    passed = ", ".join([*inputs, *(f"{a}=self.{a}" for a in attributes)])
    source = [f"def forward({listed}):"]
    source += [
        f"    _out = _expression(_array_module({', '.join(inputs)}), {passed})",
        f"    return _settled(_out, ({', '.join(inputs)},))",
    ]
    setters = "".join(f"\n    self.{a} = {a}" for a in attributes) or "\n    pass"
    source += [f"def __init__({', '.join(['self', *attributes])}):{setters}"]
    bare = []  # the gradients that can be called without the node, as they need no attribute
    for key, function in gradients.items():
        code = function.__code__
        wants = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        given = [w for w in wants if w not in attributes]
        call = ", ".join(f"{w}={f'self.{w}' if w in attributes else w}" for w in wants)
        if list(wants) == given and not code.co_kwonlyargcount:
            call = ", ".join(wants)
            bare.append(key)
        space[f"_gradient_{key}"] = function
        source.append(f"def grad_{key}({', '.join(['self', *given])}):")
        source.append(f"    return _gradient_{key}({call})")
    space["_settled"] = _settled
    exec(compile("\n".join(source), f"<elementwise node {name}>", "exec"), space)
    members = {k: v for k, v in space.items() if k in ("forward", "__init__") or k[:5] == "grad_"}
    for key in bare:
        members["grad_" + key].bare = gradients[key]
    title = "".join(part.capitalize() for part in name.split("_"))
    return type(title, (Elementwise,), {**members, "op": name, "outputs": (output,)})


def _settled(y: Any, inputs: tuple[Any, ...]) -> Any:
    arrays = [x for x in inputs if hasattr(x, "dtype")]
    return settle(y, arrays[0]) if len({x.dtype for x in arrays}) == 1 else as_array(y)


def _taken() -> tuple[type, ...]:
    return (np.generic, int, float, *get_array_types())


def _arrays_only(
    name: str, expression: Callable[..., Any], node: type[Function]
) -> Callable[..., Any]:
    """The function on bare arrays: nothing is recorded, NumPy's promotion holds."""
    fast = fast_kernels(name)

    def compute(*inputs: Any, **attributes: Any) -> Any:
        for x in inputs:
            if x.__class__ is not ndarray and not isinstance(x, _taken()):
                raise DtypeError(name, describe(x), "a Variable, an array or a number")
        try:
            if fast and getattr(inputs[0], "size", 0) >= SMALL:
                return run(name, *inputs, **attributes)
            y = expression(get_array_module(*inputs), *inputs, **attributes)
            if y.__class__ is ndarray and y.dtype is getattr(inputs[0], "dtype", None):
                return y
            return _settled(y, inputs)
        except Exception as error:
            return _failed(node(**attributes), inputs, error)

    return compute


def _failed(node: Function, args: tuple[Any, ...], error: Exception) -> Any:
    """Raises for a computation that failed, in the caller's words."""
    if isinstance(error, Warning):  # made an error by the warnings filter: it speaks for itself
        raise error
    arrays = [a._values() if isinstance(a, Variable) else a for a in args]
    better = node._explained(error, arrays)
    try:
        node.check(*arrays)
    except (ShapeError, DtypeError) as wrong:
        better = wrong
    except TypeError:  # dtypes that no promotion joins, which is said already
        pass
    raise better from (None if better is error else error)
