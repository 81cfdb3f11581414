"""The kernel table: which function of arrays computes an operation, and why.

Backends are folders of ``renkei.kernels`` and entry points of the group ``renkei.kernels``; each
registers its kernels here with ``@kernel``. ``run`` chooses one by a fixed preference, remembers
the choice per signature, and never leaves the device that the arrays are on.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from numpy import ndarray

from renkei.core.config import current
from renkei.core.errors import MissingKernel, describe

__all__ = [
    "PREFERENCE",
    "Explanation",
    "Kernel",
    "explain",
    "fast_kernels",
    "kernel",
    "run",
    "select",
]

PREFERENCE = ("cudnn", "cupy", "native", "reference")
SMALL = 16384  # elements; below, an elementwise function is one NumPy call and asks no table

_Called = TypeVar("_Called", bound=Callable[..., Any])
_Key = tuple[Any, ...]


@dataclass(frozen=True)
class Kernel:
    """A kernel and what is known of it.

    ``when`` returns True or the reason why it refuses; ``writes`` names the arguments it writes to;
    ``reads`` are the attributes that ``when`` looks at.
    """

    op: str
    backend: str
    function: Callable[..., Any]
    when: Callable[..., bool | str] | None
    writes: tuple[str, ...]
    reads: tuple[str, ...]

    def refusal(self, args: tuple[Any, ...], attrs: dict[str, Any]) -> str | None:
        """None if the kernel takes these arguments, or the reason why not."""
        reason = _wrong_arrays(self.backend, args)
        if reason or self.when is None:
            return reason
        answer = self.when(*args, **{k: attrs[k] for k in self.reads if k in attrs})
        return None if answer is True else str(answer)


class _Entry:
    """The kernels of one operation in order of preference, and the choices made so far."""

    __slots__ = ("chosen", "kernels", "reads")

    def __init__(self) -> None:
        self.kernels: list[Kernel] = []
        self.reads: tuple[str, ...] = ()
        self.chosen: dict[_Key, Callable[..., Any] | None] = {}

    def add(self, new: Kernel) -> None:
        same = [k for k in self.kernels if k.backend == new.backend and k.function is new.function]
        if not same:
            self.kernels.append(new)
        self.kernels.sort(
            key=lambda k: PREFERENCE.index(k.backend) if k.backend in PREFERENCE else -1
        )
        self.reads = tuple(sorted({name for k in self.kernels for name in k.reads}))
        self.chosen.clear()


_table: dict[str, _Entry] = {}
_fast: dict[str, list[Kernel]] = {}
_loaded = False


def kernel(
    op: str,
    *,
    backend: str,
    when: Callable[..., bool | str] | None = None,
    writes: tuple[str, ...] = (),
) -> Callable[[_Called], _Called]:
    r"""Registers a function of arrays as a kernel of an operation.

    Args:
        op: the operation's name, as in ``"convolution_2d"``.
        backend: ``"reference"``, ``"native"``, ``"cupy"``, ``"cudnn"`` or a package's own name
            (which goes before all others).
        when: takes the kernel's arrays and, by keyword, the attributes it wants to see; returns
            True or the reason for refusing. Its answer may depend on types, dtypes, numbers of
            axes and those attributes, never on sizes or strides: it is remembered.
        writes: the arguments that the kernel writes to.

    >>> from renkei.core.dispatch import kernel, run
    >>> @kernel("doc_twice", backend="reference")
    ... def twice(x):
    ...     return x + x
    >>> import numpy as np
    >>> run("doc_twice", np.ones(2))
    array([2., 2.])
    """

    def register(function: _Called) -> _Called:
        reads: tuple[str, ...] = ()
        if when is not None:
            code = when.__code__
            first = code.co_argcount
            reads = code.co_varnames[first : first + code.co_kwonlyargcount]
        new = Kernel(op, backend, function, when, writes, reads)
        _table.setdefault(op, _Entry()).add(new)
        if backend != "reference":
            fast_kernels(op).append(new)
        return function

    return register


def fast_kernels(op: str) -> list[Kernel]:
    """The list, kept up to date, of the kernels of an operation other than its reference."""
    return _fast.setdefault(op, [])


def _signature(args: tuple[Any, ...]) -> list[Any]:
    """What a choice may depend on: of a list of arrays, its first stands for all."""
    parts: list[Any] = []
    for a in args:
        if a.__class__ is ndarray:
            parts.append((a.dtype, a.ndim))
        elif isinstance(a, (list, tuple)):
            parts.append((a.__class__, *_signature(tuple(a[:1]))))
        else:
            parts.append((a.__class__, getattr(a, "dtype", None), getattr(a, "ndim", None)))
    return parts


def select(op: str, args: tuple[Any, ...], attrs: dict[str, Any]) -> Callable[..., Any] | None:
    """The preferred kernel that takes these arguments, or None. The choice is remembered."""
    entry = _table.get(op)
    if entry is None:
        load()
        entry = _table.get(op)
        if entry is None:
            return None
    key = (*_signature(args), current().kernels, *[_hashable(attrs.get(k)) for k in entry.reads])
    try:
        return entry.chosen[key]
    except KeyError:
        load()
    judged = _judged(entry, args, attrs)
    chosen = next((k.function for k, refusal in judged if refusal is None), None)
    if len(entry.chosen) >= 256:
        entry.chosen.clear()
    entry.chosen[key] = chosen
    return chosen


def run(op: str, *args: Any, **attrs: Any) -> Any:
    r"""Runs the preferred kernel of an operation that takes these arrays.

    Raises:
        MissingKernel: none does; the message lists why each one refused.
    """
    return (select(op, args, attrs) or _missing(op, args, attrs))(*args, **attrs)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _judged(
    entry: _Entry, args: tuple[Any, ...], attrs: dict[str, Any]
) -> list[tuple[Kernel, str | None]]:
    allowed = current().kernels
    return [
        (k, f"config.kernels is {allowed}")
        if allowed is not None and k.backend not in allowed
        else (k, k.refusal(args, attrs))
        for k in entry.kernels
    ]


def _missing(op: str, args: tuple[Any, ...], attrs: dict[str, Any] | None = None) -> Any:
    entry = _table.get(op)
    lines = [
        f"  {k.backend}: {why}" for k, why in (_judged(entry, args, attrs or {}) if entry else [])
    ]
    raise MissingKernel(
        f"No kernel of {op!r} takes ({', '.join(describe(a) for a in args)})",
        hint="\n" + "\n".join(lines) if lines else "No backend has this operation.",
    )


def _wrong_arrays(backend: str, args: tuple[Any, ...]) -> str | None:
    cupy = sys.modules.get("cupy")
    on_gpu = cupy is not None and any(isinstance(a, cupy.ndarray) for a in args)
    if backend == "native" and on_gpu:
        return "wants NumPy arrays, got CuPy's"
    if backend in ("cupy", "cudnn") and not on_gpu:
        return "wants CuPy arrays, got NumPy's"
    return None


def load() -> None:
    """Imports all kernels of the backends that are present, once."""
    global _loaded
    if _loaded:
        return
    from importlib.metadata import entry_points  # 20 ms that most imports need not pay

    package = importlib.import_module("renkei.kernels")
    for folder in pkgutil.iter_modules(package.__path__):
        backend = importlib.import_module(f"{package.__name__}.{folder.name}")
        if not getattr(backend, "available", lambda: True)():
            continue
        for module in pkgutil.iter_modules(backend.__path__):
            importlib.import_module(f"{backend.__name__}.{module.name}")
    for point in entry_points(group="renkei.kernels"):
        try:
            point.load()
        except Exception as error:  # another package's trouble must not stop ours
            warnings.warn(f"The kernels of {point.value} cannot be loaded: {error!r}", stacklevel=2)
    _loaded = True  # only now: a kernel that fails to import says so each time


class Explanation(list[tuple[str, str, str]]):
    """Rows (backend, kernel, verdict) that print as a table."""

    def __init__(self, op: str, rows: list[tuple[str, str, str]]) -> None:
        super().__init__(rows)
        self.op = op

    def __repr__(self) -> str:
        return "\n".join([f"{self.op}:", *(f"  {b:<10} {n}  {v}" for b, n, v in self)])


def explain(op: str, *args: Any, **attrs: Any) -> Explanation:
    r"""Lists every kernel of an operation with *taken* or the reason why it was refused.

    Args:
        op: the operation's name.
        args: the arrays or Variables that it would be given.
        attrs: its attributes.

    >>> import numpy as np, renkei as rk
    >>> x, t = np.zeros((2, 3)), np.zeros(2, np.int64)
    >>> rk.explain("softmax_cross_entropy", x, t, ignore_label=-1)[-1][0]
    'reference'
    """
    load()
    arrays = tuple(getattr(a, "array", a) for a in args)
    entry = _table.get(op) or _missing(op, arrays)
    rows, taken = [], False
    for k, refusal in _judged(entry, arrays, attrs):
        verdict = f"refused: {refusal}" if refusal else "not needed" if taken else "taken"
        taken = taken or refusal is None
        rows.append((k.backend, f"{k.function.__module__}.{k.function.__name__}", verdict))
    return Explanation(op, rows)
