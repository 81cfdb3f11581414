"""A trainer whose updates do nothing, for tests of extensions and triggers."""

from __future__ import annotations

from typing import Any
from unittest import mock

__all__ = ["check_available", "get_error", "get_trainer_with_mock_updater", "is_available"]


def is_available() -> bool:
    """True: mocks are in the standard library."""
    return True


def check_available() -> None:
    """Nothing to do: mocks are in the standard library."""


def get_error() -> None:
    """None: mocks are in the standard library."""


def get_trainer_with_mock_updater(
    stop_trigger: Any = (10, "iteration"), iter_per_epoch: int = 10, extensions: Any = None
) -> Any:
    """A Trainer with an updater that only counts.

    Args:
        stop_trigger: when to stop.
        iter_per_epoch: iterations of an epoch.
        extensions: extensions of the trainer.
    """
    from renkei.compat.chainer import training

    updater = mock.Mock()
    updater.get_all_optimizers.return_value = {}
    updater.iteration = updater.epoch = updater.epoch_detail = 0
    updater.is_new_epoch, updater.previous_epoch_detail = True, None

    def update() -> None:
        updater.update_core()
        before = updater.iteration
        updater.iteration = now = before + 1
        updater.epoch, updater.epoch_detail = now // iter_per_epoch, now / iter_per_epoch
        updater.is_new_epoch = before // iter_per_epoch != updater.epoch
        updater.previous_epoch_detail = before / iter_per_epoch

    updater.update = update
    return training.Trainer(updater, stop_trigger, extensions=extensions or [])
