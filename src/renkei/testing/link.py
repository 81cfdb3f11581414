"""check_link: what every layer must do, from one way of making it and its inputs."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from renkei.core.config import scoped, using_config
from renkei.core.graph import backward
from renkei.core.variable import Variable
from renkei.testing.case import Case, flat
from renkei.testing.compare import assert_allclose, tolerance
from renkei.testing.gradient import GradientCheck, floating

__all__ = ["check_link"]


def check_link(
    make: Callable[[], Any],
    inputs: Sequence[Any],
    *,
    expected: Callable[..., Any] | None = None,
    dtypes: Sequence[str] = ("float16", "float32", "float64"),
    order: int = 2,
    train: bool = True,
    tol: dict[str, tuple[float, float]] | None = None,
) -> None:
    r"""Runs all checks that apply to a link.

    For each dtype: results are Variables of that dtype, and equal ``expected``. In float64: first
    and second gradients by the inputs and all parameters. Then: every parameter gets a gradient,
    none when frozen; state, deep copies and pickles give the same results. A link that has
    ``reset_state`` runs two steps each time.

    Args:
        make: makes the link; it is called under the configured dtype of each check.
        inputs: one item per input of ``forward``, as in ``Case``: a shape, an array, a callable
            ``rng -> array`` or None.
        expected: takes the link and float64 arrays; returns what the link must give.
        dtypes: the dtypes that the link works in.
        order: up to which order gradients are checked; 0: none.
        train: whether the link runs as in training.
        tol: relative and absolute tolerance per dtype name, and under ``"grad"``.

    Raises:
        AssertionError: a check failed; a note names the check.

    >>> from renkei.testing import check_link
    >>> check_link(lambda: L.Linear(3, 2), [(4, 3)],
    ...            expected=lambda link, x: x @ link.W.array.T + link.b.array)
    """
    with scoped(train=train, enable_backprop=True):
        for dtype in dtypes:
            with using_config("dtype", dtype):
                _Layer(make, inputs, dtype, tol or {}).check(expected, order)


class _Layer:
    """A link with its inputs in one dtype."""

    def __init__(self, make: Any, inputs: Sequence[Any], dtype: str, tol: Any) -> None:
        self.link, self.make = make(), make
        self.case = Case(self.call, inputs, label=type(self.link).__name__)
        self.arguments = self.case.draw(dtype)
        self.dtype, self.tol = np.dtype(dtype), tol

    def call(self, *arguments: Any) -> Any:
        return called(self.link, arguments)

    def check(self, expected: Any, order: int) -> None:
        checks = [self.forward, self.parameters, self.state, self.copies]
        if self.dtype == np.float64 and order:
            checks.insert(1, self.gradients)
        for check in checks:
            try:
                check(expected, order)
            except Exception as error:
                kind = type(self.link).__name__
                error.add_note(f"in the check of {check.__name__} of {kind} in {self.dtype}")
                raise

    def forward(self, expected: Any, order: int) -> None:
        """Results are Variables of the dtype, and what they should be."""
        ys = self.case.call(self.arguments)
        for k, y in enumerate(ys):
            if not isinstance(y, Variable):
                raise AssertionError(f"result {k} is a {type(y).__name__}, not a Variable")
            if y.dtype.kind == "f" and floating(self.arguments) and y.dtype != self.dtype:
                raise AssertionError(f"result {k} is {y.dtype}, not {self.dtype}")
        if expected is None:
            return
        for k, (y, e) in enumerate(zip(ys, self.right(expected), strict=True)):
            assert_allclose(y, e, **tolerance(self.dtype, self.tol), what=f"result {k}")

    def right(self, expected: Any) -> list[Any]:
        wide = [a.astype(np.float64) if a is not None and a.dtype.kind == "f" else a
                for a in self.arguments]  # fmt: skip
        return flat(expected(self.link, *wide))

    def gradients(self, expected: Any, order: int) -> None:
        """First and second gradients by the inputs and all parameters."""
        rtol, atol = self.tol.get("grad", (1e-5, 1e-6))
        check = _LinkCheck(self.link, self.arguments, self.case.random)
        check.first(rtol, atol)
        if order > 1:
            check.second(rtol, atol)

    def parameters(self, expected: Any, order: int) -> None:
        """Parameters get gradients of their dtype; frozen ones get none."""
        params = list(self.link.namedparams())
        for frozen in (False, True):
            self.link.cleargrads()
            self.link.freeze() if frozen else self.link.unfreeze()
            ys = [y for y in self.case.call(self.arguments) if y.requires_grad]
            backward(ys, [Variable(np.ones_like(y.array)) for y in ys])
            for path, p in params:
                if frozen and p.grad is not None:
                    raise AssertionError(f"{path} is frozen and got a gradient")
                if not frozen and p.grad is None:
                    raise AssertionError(f"{path} got no gradient")
        self.link.unfreeze()
        self.link.cleargrads()

    def state(self, expected: Any, order: int) -> None:
        """Another link with this one's state gives the same results."""
        twin = self.make()
        twin.load_state({k: np.array(v) for k, v in self.link.state().items()})
        self.same(twin, "after load_state")
        mine, theirs = self.link.state(), twin.state()
        if mine.keys() != theirs.keys():
            raise AssertionError(f"state after load_state: {sorted(mine.keys() ^ theirs.keys())}")

    def copies(self, expected: Any, order: int) -> None:
        """Deep copies and pickles give the same results, in memory of their own."""
        for what, twin in (
            ("of a deep copy", copy.deepcopy(self.link)),
            ("of a pickle", pickle.loads(pickle.dumps(self.link))),
        ):
            self.same(twin, what)
            for (path, p), q in zip(self.link.namedparams(), twin.params(), strict=True):
                if p is q or np.shares_memory(p.array, q.array):
                    raise AssertionError(f"{path} {what} shares memory with the original")

    def same(self, twin: Any, what: str) -> None:
        """Compared as in inference, where running statistics matter."""
        with scoped(train=False):
            ys = flat(called(self.link, self.arguments))
            for k, (y, z) in enumerate(zip(ys, flat(called(twin, self.arguments)), strict=True)):
                assert_allclose(z, y, atol=0, rtol=0, what=f"result {k} {what}")


def called(link: Any, arguments: Sequence[Any]) -> Any:
    """Runs a link; a recurrent one two steps from its first state, so that all weights matter."""
    if hasattr(link, "reset_state"):
        link.reset_state()
        link(*arguments)
    return link(*arguments)


class _LinkCheck(GradientCheck):
    """Gradients by the inputs and by the link's own parameters."""

    def __init__(self, link: Any, arguments: list[Any], rng: Any) -> None:
        called(link, arguments)  # fills open sizes
        self.link, self.params = link, list(link.params())
        self.n_inputs = len(arguments)
        every = [*arguments, *(p.array for p in self.params)]
        super().__init__(lambda values: flat(called(link, values)), every, None, rng)

    def run(self, arguments: list[Any]) -> tuple[list[Variable], list[Variable]]:
        inputs = [Variable(a) if i in self.wrt else a for i, a in enumerate(arguments)]
        inputs = inputs[: self.n_inputs]
        for p, a in zip(self.params, arguments[self.n_inputs :], strict=True):
            p.array = a
            p.cleargrad()
        ys = [y for y in self.f(inputs) if y.requires_grad]
        return [x for i, x in enumerate([*inputs, *self.params]) if i in self.wrt], ys
