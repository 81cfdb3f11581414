"""SerialIterator reads only when it is asked."""

from __future__ import annotations

from renkei.iterators import SerialIterator


def test_reads_in_the_calling_thread_and_on_demand():
    reads = []

    class Data:
        def __len__(self):
            return 4

        def __getitem__(self, i):
            reads.append(i)
            return i

    it = SerialIterator(Data(), 2, shuffle=False)
    assert reads == []
    next(it)
    assert reads == [0, 1]
