"""Warnings of Chainer's own."""

__all__ = ["PerformanceWarning"]


class PerformanceWarning(RuntimeWarning):
    """Something runs, but slowly."""
