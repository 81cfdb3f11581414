"""Lines in a terminal that are drawn over again."""

from renkei.compat.chainer.training.extensions._reports import ConsoleBar as ProgressBar

__all__ = ["ProgressBar"]
