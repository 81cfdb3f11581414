"""Evaluator: means of what models report on a validation set."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from renkei.core.config import scoped
from renkei.core.device import get_device
from renkei.core.errors import DtypeError, UsageError, describe
from renkei.datasets.convert import concat_examples
from renkei.reporter import DictSummary, Reporter, report, report_scope
from renkei.training.extension import PRIORITY_WRITER, Extension

__all__ = ["Evaluator"]


class Evaluator(Extension):
    r"""Runs models over a validation set without recording and in test mode; reports the means.

    The means are over batches, each weighted equally. They are reported as
    ``<name>/<target>/<key>``, as in ``validation/main/loss``.

    Args:
        iterator: the validation data; must not repeat. A dictionary of them, with key ``main``.
        target: the link, or a dictionary of links, that reports.
        converter: makes arrays from a list of examples.
        device: where the batches go.
        eval_hook: called with the Evaluator before each run.
        eval_func: called with the arrays of a batch; None: the link ``main``.

    Raises:
        DtypeError: an iterator or a link is none, or there is no ``main``.

    >>> import renkei as rk
    >>> from renkei.iterators import SerialIterator
    >>> from renkei.training.extensions import Evaluator
    >>> def measure(x):
    ...     rk.report({"mean": float(x.mean())})
    >>> data = SerialIterator(np.arange(4.0), 2, repeat=False, shuffle=False)
    >>> Evaluator(data, {}, eval_func=measure)()
    {'validation/mean': 1.5}
    """

    trigger = (1, "epoch")
    priority = PRIORITY_WRITER
    name = "validation"

    def __init__(
        self,
        iterator: Any,
        target: Any,
        converter: Callable[..., Any] = concat_examples,
        device: Any = None,
        eval_hook: Callable[[Any], None] | None = None,
        eval_func: Callable[..., Any] | None = None,
    ) -> None:
        self._iterators = iterator if isinstance(iterator, dict) else {"main": iterator}
        self._targets = target if isinstance(target, dict) else {"main": target}
        self.converter, self.eval_hook, self.eval_func = converter, eval_hook, eval_func
        self.device = None if device is None else get_device(device)
        _check("iterator", self._iterators, "__next__", "an iterator, as SerialIterator(data, 32)")
        _check("target", self._targets, "namedlinks", "a link", main=eval_func is None)
        for name, each in self._iterators.items():
            if getattr(each, "repeat", False):
                warnings.warn(
                    f"The iterator {name!r} of the Evaluator repeats for ever", stacklevel=2
                )

    def get_iterator(self, name: str) -> Any:
        """The iterator of a name."""
        return self._iterators[name]

    def get_target(self, name: str) -> Any:
        """The link of a name."""
        return self._targets[name]

    def get_all_targets(self) -> dict[str, Any]:
        """All links by name."""
        return dict(self._targets)

    def __call__(self, progress: Any = None) -> dict[str, float]:
        reporter = Reporter()
        prefix = f"{self.name}/"
        for name, target in self._targets.items():
            reporter.add_observer(prefix + name, target)
            reporter.add_observers(prefix + name, target.namedlinks(skipself=True))
        with reporter, scoped(train=False, enable_backprop=False):
            result = self.evaluate()
        named = {k if k.startswith(prefix) else prefix + k: v for k, v in result.items()}
        report(named)
        return named

    def evaluate(self) -> dict[str, float]:
        """One run over the validation set; returns the mean of each reported value."""
        iterator = self._iterators["main"]
        if getattr(iterator, "repeat", False):
            raise UsageError(
                "Evaluator: its iterator repeats for ever", hint="Make it with repeat=False."
            )
        if self.eval_hook:
            self.eval_hook(self)
        if hasattr(iterator, "reset"):
            iterator.reset()
        else:
            iterator = copy.copy(iterator)
        function = self.eval_func or self._targets["main"]
        summary = DictSummary()
        for batch in iterator:
            observation: dict[str, Any] = {}
            with report_scope(observation):
                arrays = self.converter(batch, self.device)
                if isinstance(arrays, tuple):
                    function(*arrays)
                elif isinstance(arrays, Mapping):
                    function(**arrays)
                else:
                    function(arrays)
            summary.add(observation)
        return summary.compute_mean()

    def finalize(self) -> None:
        for iterator in self._iterators.values():
            iterator.finalize()


def _check(name: str, parts: Any, attribute: str, expected: str, main: bool = True) -> None:
    if main and "main" not in parts:
        raise DtypeError(f"Evaluator({name}=...)", f"the keys {sorted(parts)}", "the key 'main'")
    for part in parts.values():
        if not hasattr(part, attribute):
            raise DtypeError(f"Evaluator({name}=...)", describe(part), expected)
