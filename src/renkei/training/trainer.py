"""Trainer: runs an updater until a trigger says stop, with extensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renkei.core.errors import DtypeError, UsageError, describe
from renkei.training.progress import Progress, _put
from renkei.training.triggers import get_trigger

__all__ = ["Trainer"]


class Trainer(Progress):
    r"""The training loop: ``updater.update()``, then the extensions whose triggers fire.

    The optimizers' targets report as ``main`` (or the optimizer's name), their sub-links under
    their paths. Ctrl-C ends training after the present iteration.

    Args:
        updater: does the work of one iteration.
        stop_trigger: when to stop, as in ``(20, "epoch")``; None: never.
        out: the directory that extensions write to.
        extensions: extensions to begin with.

    Raises:
        DtypeError: the updater is none.
        UsageError: an optimizer was not set up.
    """

    def __init__(
        self, updater: Any, stop_trigger: Any = None, out: str = "result", extensions: Any = None
    ) -> None:
        if not hasattr(updater, "get_all_optimizers"):
            raise DtypeError(
                "Trainer(updater)",
                describe(updater),
                "an updater",
                "Use StandardUpdater(iterator, optimizer).",
            )
        super().__init__(None, out)
        self.updater = updater
        self.stop_trigger = get_trigger(stop_trigger)
        self._done = False
        for name, optimizer in updater.get_all_optimizers().items():
            if optimizer.target is None:
                raise UsageError(
                    "Trainer(updater)",
                    f"the optimizer {name!r} without a target",
                    hint="Call optimizer.setup(model) first.",
                )
            self._observe(name, optimizer.target)
        updater.connect_trainer(self)
        for extension in extensions or ():
            self.extend(extension)

    # Where we are is the updater's knowledge.
    iteration = property(lambda self: self.updater.iteration, lambda self, value: None)
    epoch = property(lambda self: self.updater.epoch)
    epoch_detail = property(lambda self: self.updater.epoch_detail)
    previous_epoch_detail = property(lambda self: self.updater.previous_epoch_detail)
    is_new_epoch = property(lambda self: self.updater.is_new_epoch)

    @property
    def iterator(self) -> Any:
        return self.updater.get_iterator("main")

    @property
    def targets(self) -> dict[str, Any]:
        optimizers = self.updater.get_all_optimizers()
        return {name: o.target for name, o in optimizers.items()}

    @property
    def optimizers(self) -> dict[str, Any]:
        return self.updater.get_all_optimizers()

    def run(self) -> None:
        """Trains until the stop trigger fires.

        Raises:
            UsageError: training is over already.
        """
        if self._done:
            raise UsageError(
                "cannot run training loop multiple times", hint="Make another Trainer."
            )
        self._done = True
        try:
            for _ in self._loop(self.updater.update, lambda nothing: nothing):
                pass
        finally:
            self.updater.finalize()

    def state(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        _put(result, "updater", self.updater)
        return result | self._outer_state()

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        parts = [(f"updater/{path}", part) for path, part in self.updater.parts()]
        self._load(state, parts, strict)
        self.updater.iteration = int(state["updater/iteration"])
