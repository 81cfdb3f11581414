"""summary: a table of a model's links and functions with shapes, parameters, flops and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from renkei.core.config import scoped
from renkei.core.device import get_array_module
from renkei.core.hooks import FunctionHook, LinkHook
from renkei.core.parameter import Parameter
from renkei.core.variable import Variable
from renkei.links.link import Link

__all__ = ["summary"]

# Operations that only move values: they count no arithmetic.
_MOVES = """
    as_strided broadcast_to cast concat copy depth2space dstack expand_dims flatten flip fliplr
    flipud get_item hstack im2col moveaxis pad pad_sequence permutate repeat reshape rollaxis
    select_item separate space2depth split_axis squeeze stack swapaxes tile transpose
    transpose_sequence vstack where
"""


@dataclass
class Row:
    r"""One call of a link or of a function.

    Attributes:
        path: the link's path in the model; empty for a function.
        type: the link's class or the function's name.
        depth: how deep it is nested.
        shapes: of its outputs.
        params: the number of trained values in the link and below, each parameter counted once.
        multiply_adds: of products (linear, convolution, matrix product).
        flops: two for each multiply-add, one for each output element of other functions.
        memory: bytes of all arrays that functions made here.
    """

    path: str
    type: str
    depth: int
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    params: int = 0
    multiply_adds: int = 0
    flops: int = 0
    memory: int = 0


class Summary:
    r"""The rows of a summary in the order of the calls; it prints as a table.

    Attributes:
        rows: the calls.
        params: the number of trained values.
        multiply_adds, flops, memory: the sums of the rows' columns.
        filled: the paths of parameters whose open sizes this run has filled.
    """

    def __init__(self, rows: list[Row], params: int, filled: list[str]) -> None:
        self.rows, self.params, self.filled = rows, params, filled
        top = [row for row in rows if row.depth == 0]
        self.multiply_adds = sum(row.multiply_adds for row in top)
        self.flops = sum(row.flops for row in top)
        self.memory = sum(row.memory for row in top)

    def __str__(self) -> str:
        head = ["link or function", "type", "output", "parameters", "multiply-adds", "memory"]
        table = [head, *map(_cells, self.rows)]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = [_line(cells, widths) for cells in table]
        rule = "-" * max(map(len, lines))
        totals = [
            f"parameters: {self.params:,}",
            f"multiply-adds: {self.multiply_adds:,}  flops: {self.flops:,}",
            f"memory of activations: {_bytes(self.memory)}",
        ]
        if self.filled:
            totals.append(f"open sizes that this run filled: {', '.join(self.filled)}")
        return "\n".join([lines[0], rule, *lines[1:], rule, *totals])

    __repr__ = __str__


def _cells(row: Row) -> list[str]:
    shapes = ", ".join(str(shape) for shape in row.shapes)
    counts = [f"{n:,}" if n else "" for n in (row.params, row.multiply_adds)]
    return ["  " * row.depth + row.path, row.type, shapes, *counts, _bytes(row.memory)]


def _line(cells: list[str], widths: list[int]) -> str:
    left = [c.ljust(w) for c, w in zip(cells[:3], widths[:3])]
    return "  ".join([*left, *(c.rjust(w) for c, w in zip(cells[3:], widths[3:]))]).rstrip()


def _bytes(n: int) -> str:
    for unit in ("B", "KiB", "MiB"):
        if n < 1024:
            return f"{n} B" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024  # type: ignore[assignment]
    return f"{n:.1f} GiB"


class _Recorder:
    """Collects rows while a model runs."""

    def __init__(self, model: Link) -> None:
        self.paths = {id(link): path.lstrip("/") or "/" for path, link in model.namedlinks()}
        self.rows: list[Row] = []
        self.open: list[tuple[Link, Row]] = []  # the links that are running now
        self.seen: set[int] = set()

    def enter(self, link: Link) -> None:
        row = Row(self.paths.get(id(link), "?"), type(link).__name__, len(self.open))
        self.rows.append(row)
        self.open.append((link, row))

    def leave(self, link: Link, out: Any) -> None:
        _, row = self.open.pop()
        row.shapes = list(_shapes(out))
        if id(link) not in self.seen:  # a link that runs twice has its parameters once
            row.params = sum(p.size for p in link.params(include_uninit=False))
        self.seen.add(id(link))

    def function(self, function: Any, in_data: tuple[Any, ...]) -> None:
        outs = function._results
        multiply_adds = _multiply_adds(function.op, in_data, outs)
        elements = 0 if function.op in _MOVES.split() else sum(y.size for y in outs)
        shares = get_array_module(*outs).may_share_memory
        new = [y for y in outs if not any(shares(x, y) for x in in_data)]  # views are not
        row = Row("", function.label, len(self.open), [y.shape for y in outs])
        rows = [row, *(link_row for _, link_row in self.open)]
        for each in rows:
            each.multiply_adds += multiply_adds
            each.flops += 2 * multiply_adds or elements
            each.memory += sum(y.nbytes for y in new)
        if not self.open or any(True for _ in self.open[-1][0].children()):
            self.rows.append(row)  # inside a link without links, the link's own row says it all


def _shapes(out: Any) -> Iterator[tuple[int, ...]]:
    if isinstance(out, (list, tuple)):
        for item in out:
            yield from _shapes(item)
    elif isinstance(out, dict):
        yield from _shapes(list(out.values()))
    elif hasattr(out, "shape"):
        yield tuple(out.shape)


def _multiply_adds(op: str, in_data: tuple[Any, ...], outs: tuple[Any, ...]) -> int:
    """How often the operation multiplies and adds, from the shapes of its inputs and output."""
    if op not in ("convolution", "deconvolution", "linear", "matmul"):
        return 0
    x, W = in_data[:2]
    if op == "matmul":
        return outs[0].size * x.shape[-1]
    # Each output of a convolution, and each input of its transpose, meets all of W[0].
    return (x if op == "deconvolution" else outs[0]).size * math.prod(W.shape[1:])


class _Links(LinkHook):
    name = "renkei summary"

    def __init__(self, recorder: _Recorder) -> None:
        self.recorder = recorder

    def forward_preprocess(self, args: Any) -> None:
        self.recorder.enter(args.link)

    def forward_postprocess(self, args: Any) -> None:
        self.recorder.leave(args.link, args.out)


class _Functions(FunctionHook):
    name = "renkei summary"

    def __init__(self, recorder: _Recorder) -> None:
        self.recorder = recorder

    def forward_postprocess(self, function: Any, in_data: tuple[Any, ...]) -> None:
        self.recorder.function(function, in_data)


def summary(model: Link, *args: Any, **kwargs: Any) -> Summary:
    r"""Runs a model once and lists its links and the functions between them.

    Nothing is recorded, ``config.train`` is False, and what recurrent links keep is put back
    afterwards; only parameters whose sizes are open are filled, as by any first call.

    Args:
        model: the model.
        args, kwargs: an example input, as for ``model(...)``: arrays or Variables.

    Returns:
        A Summary, which prints as a table.

    >>> model = rk.Sequential(L.Convolution2D(1, 4, 3), F.relu, L.Linear(None, 10))
    >>> table = rk.summary(model, np.zeros((1, 1, 8, 8), np.float32))
    >>> table.params, table.multiply_adds, table.filled
    (1490, 2736, ['/1/W'])
    >>> print(table)
    link or function  type           output        parameters  multiply-adds   memory
    ---------------------------------------------------------------------------------
    /                 Sequential     (1, 10)            1,490          2,736  1.2 KiB
      0               Convolution2D  (1, 4, 6, 6)          40          1,296    576 B
                      Relu           (1, 4, 6, 6)                               576 B
      1               Linear         (1, 10)            1,450          1,440     40 B
    ---------------------------------------------------------------------------------
    parameters: 1,490
    multiply-adds: 2,736  flops: 5,616
    memory of activations: 1.2 KiB
    open sizes that this run filled: /1/W
    """
    recorder = _Recorder(model)
    unfilled = [(path, p) for path, p in model.namedparams() if not p.is_initialized]
    links = list(model.links())
    before = [dict(link.__dict__) for link in links]
    try:
        with (
            scoped(train=False, enable_backprop=False),
            _Links(recorder),
            _Functions(recorder),
        ):
            model(*args, **kwargs)
    finally:
        for link, attributes in zip(links, before):
            _put_back(link, attributes)
    filled = [path for path, p in unfilled if p.is_initialized]
    params = sum(p.size for p in model.params(include_uninit=False))
    return Summary(recorder.rows, params, filled)


def _put_back(link: Link, before: dict[str, Any]) -> None:
    """Undoes what a call left in attributes: the states of recurrent links, results, losses."""
    for name, value in list(link.__dict__.items()):
        if isinstance(value, Variable) and not isinstance(value, Parameter):
            if name in before:
                link.__dict__[name] = before[name]
            else:
                del link.__dict__[name]
