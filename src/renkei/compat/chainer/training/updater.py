"""Updater: the interface of what does the work of one iteration."""

from __future__ import annotations

from typing import Any

__all__ = ["Updater"]


class Updater:
    """What a Trainer calls: ``update``, and questions about optimizers and epochs."""

    def connect_trainer(self, trainer: Any) -> None:
        """Called when a Trainer takes this updater."""

    def finalize(self) -> None:
        """Called when training is over."""

    def get_optimizer(self, name: str) -> Any:
        """The optimizer of a name."""
        raise NotImplementedError(f"{type(self).__name__}.get_optimizer")

    def get_all_optimizers(self) -> dict[str, Any]:
        """All optimizers by name."""
        raise NotImplementedError(f"{type(self).__name__}.get_all_optimizers")

    def update(self) -> None:
        """Runs one iteration."""
        raise NotImplementedError(f"{type(self).__name__}.update")

    def serialize(self, serializer: Any) -> None:
        """Reads or writes what a resumed training needs."""
        raise NotImplementedError(f"{type(self).__name__}.serialize")


def __getattr__(name: str) -> Any:
    if name in ("StandardUpdater", "ParallelUpdater"):  # where they were in the first versions
        from renkei.compat.chainer.training import updaters

        return getattr(updaters, name)
    raise AttributeError(name)
