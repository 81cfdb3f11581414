"""Evaluator with Chainer's interface."""

from __future__ import annotations

import copy
import datetime
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from renkei.compat.chainer import backend
from renkei.compat.chainer.dataset.convert import _call_converter, concat_examples
from renkei.compat.chainer.reporter import DictSummary, Reporter, report, report_scope
from renkei.compat.chainer.training.extension import PRIORITY_WRITER, Extension
from renkei.compat.chainer.training.extensions._reports import ConsoleBar
from renkei.compat.chainer.training.updaters import _call
from renkei.core.config import scoped
from renkei.training.extensions.evaluator import Evaluator as OurEvaluator

__all__ = ["Evaluator"]


class Evaluator(Extension, OurEvaluator):
    r"""Runs models over a validation set without recording and in test mode; reports the means.

    Args:
        iterator: the validation data, or a dictionary of iterators with the key ``main``.
        target: the link, or a dictionary of links, that reports.
        converter: makes arrays from a list of examples.
        device: where the batches go.
        eval_hook: called with the Evaluator before each run.
        eval_func: called with the arrays of a batch; None: the link ``main``.
        progress_bar: draw a bar on standard output.
    """

    trigger = (1, "epoch")
    default_name: Any = "validation"
    priority = PRIORITY_WRITER
    name = None

    def __init__(
        self,
        iterator: Any,
        target: Any,
        converter: Any = concat_examples,
        device: Any = None,
        eval_hook: Callable[[Any], None] | None = None,
        eval_func: Callable[..., Any] | None = None,
        *,
        progress_bar: bool = False,
    ) -> None:
        self._iterators = iterator if isinstance(iterator, dict) else {"main": iterator}
        self._targets = target if isinstance(target, dict) else {"main": target}
        self.converter, self.eval_hook, self.eval_func = converter, eval_hook, eval_func
        self.device = None if device is None else backend.get_device(device)
        self._progress_bar = progress_bar
        for key, each in self._iterators.items():
            if getattr(each, "repeat", False):
                warnings.warn(
                    f"The `repeat` property of the iterator {key} is set to `True`. Typically, "
                    "the evaluator sweeps over iterators until they stop, but as the property "
                    "being `True`, this iterator might not stop and evaluation could go into an "
                    "infinite loop. We recommend to check the configuration of iterators",
                    stacklevel=2,
                )

    def get_all_iterators(self) -> dict[str, Any]:
        """All iterators by name."""
        return dict(self._iterators)

    def __call__(self, trainer: Any = None) -> dict[str, Any]:
        reporter = Reporter()
        prefix = "" if self.name is None else self.name + "/"
        for name, target in self._targets.items():
            reporter.add_observer(prefix + name, target)
            reporter.add_observers(prefix + name, target.namedlinks(skipself=True))
        with reporter, scoped(train=False):
            result = self.evaluate()
        report(result)
        return result

    def evaluate(self) -> dict[str, Any]:
        """One run over the validation set; returns the mean of each reported value."""
        iterator = self._iterators["main"]
        function = self.eval_func or self._targets["main"]
        if self.eval_hook:
            self.eval_hook(self)
        if hasattr(iterator, "reset"):
            iterator.reset()
        else:
            warnings.warn(
                "This iterator does not have the reset method. Evaluator copies the iterator "
                "instead of resetting. This behavior is deprecated. Please implement the reset "
                "method.",
                DeprecationWarning,
                stacklevel=2,
            )
            iterator = copy.copy(iterator)
        summary = DictSummary()
        bar = _Bar(iterator) if self._progress_bar else None
        for batch in iterator:
            observation: dict[str, Any] = {}
            with report_scope(observation), scoped(enable_backprop=False):
                arrays = _call_converter(self.converter, batch, self.device)
                _call(function, arrays, lambda f, *a, **k: f(*a, **k))
            summary.add(observation)
            if bar is not None:
                bar.update()
        if bar is not None:
            bar.close()
        return summary.compute_mean()

    def finalize(self) -> None:
        for iterator in self._iterators.values():
            iterator.finalize()


class _Bar(ConsoleBar):
    """How far an evaluation is, in two lines."""

    def __init__(self, iterator: Any) -> None:
        super().__init__(None, sys.stdout)
        self._iterator, self._batches = iterator, 0

    def get_lines(self) -> list[str]:
        iterator = self._iterator
        self._batches += 1
        detail = getattr(iterator, "epoch_detail", 0.0)
        done = detail % 1 if detail < 1 else 1.0
        speed, _ = self.update_speed(self._batches, detail)
        left = 0.0 if not detail else (time.time() - self._started) * (1 - done) / max(done, 1e-9)
        return [
            self._drawn("validation", done),
            f"{self._batches:10} / {'?'} iterations\n",
            f"{speed:10.5g} iters/sec. Estimated time to finish: "
            f"{datetime.timedelta(seconds=left)}.\n",
        ]
