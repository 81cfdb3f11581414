"""Iterators: batches of examples, epoch after epoch, resumable in the middle of one."""

from renkei._lazy import lazy

_FAMILIES = {
    "iterator": "Iterator OrderedIterator ShuffleOrderSampler",
    "multiprocess": "MultiprocessIterator",
    "multithread": "MultithreadIterator",
    "serial": "SerialIterator",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
