"""Losses of large vocabularies: NegativeSampling, BlackOut, BinaryHierarchicalSoftmax."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from renkei.core.errors import DtypeError, RangeError, UsageError, describe
from renkei.core.parameter import Parameter
from renkei.core.shapes import need_integer, need_number
from renkei.core.variable import Variable, as_variable
from renkei.functions.loss_sampled import binary_hierarchical_softmax, black_out, negative_sampling
from renkei.initializers import Uniform, get_initializer
from renkei.links.alias import WalkerAlias
from renkei.links.link import Link
from renkei.links.sizes import input_shape

__all__ = ["BinaryHierarchicalSoftmax", "BlackOut", "NegativeSampling"]


class _Sampled(Link):
    """A loss over sampled classes; ``sampler`` draws them."""

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "sample_size")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size",)
    W: Parameter
    sampler: WalkerAlias
    sample_size: int

    @property
    def in_size(self) -> int:
        """The size of the inputs."""
        return self.W.shape[1]

    def _move(self, device: Any) -> None:
        super()._move(device)
        self.sampler.to_device(device)


def _count(link: Link, sample_size: Any) -> int:
    call = f"{type(link).__name__}(sample_size=...)"
    if need_integer(call, "sample_size", sample_size) < 0:
        raise RangeError(call, str(sample_size), "0 or more")
    return sample_size


class NegativeSampling(_Sampled):
    r"""The loss of telling the right class from wrong ones drawn by frequency.

    The formula is that of ``F.negative_sampling``. Wrong classes are drawn with probabilities
    proportional to ``counts ** power``.

    Mikolov et al., "Distributed representations of words and phrases and their compositionality"
    (2013).

    Args:
        in_size: the size of the inputs.
        counts: how often each class occurs, a list or array (classes,).
        sample_size: the number of wrong classes for each input.
        power: the exponent of the counts.
        dtype: the dtype of ``W`` (classes, in_size), which begins with zeros; None: the configured
            one.

    >>> loss = L.NegativeSampling(3, counts=[5, 2, 1], sample_size=4)
    >>> loss(np.ones((2, 3), np.float32), np.array([0, 2])).shape
    ()
    """

    def __init__(
        self, in_size: int, counts: Any, sample_size: int, power: float = 0.75, dtype: Any = None
    ) -> None:
        super().__init__()
        need_number("NegativeSampling(power=...)", "power", power)
        self.sample_size = _count(self, sample_size)
        self.sampler = WalkerAlias(counts, power)
        self.W = Parameter(get_initializer(0, dtype=dtype), (len(counts), in_size))

    def forward(self, x: Any, t: Any, reduce: str = "sum", *, return_samples: bool = False) -> Any:
        r"""Computes the loss.

        Args:
            x: array or Variable (n, in_size).
            t: integer array (n,) of right classes; -1 leaves a row out.
            reduce: ``"sum"`` over the rows, or ``"no"``.
            return_samples: also return the classes, right one first.

        Returns:
            Variable (), or with ``"no"`` (n,); with ``return_samples`` also an integer array
            (n, sample_size + 1).
        """
        return negative_sampling(
            x, t, self.W, self.sampler.sample, self.sample_size, reduce,
            return_samples=return_samples,
        )  # fmt: skip


class BlackOut(_Sampled):
    r"""The loss of a softmax over the right class and wrong ones drawn by frequency.

    The formula is that of ``F.black_out``. Wrong classes are drawn with probabilities proportional
    to ``counts``. Assign an integer array (n, sample_size) to ``sample_data`` to use those.

    Ji et al., "BlackOut: speeding up recurrent neural network language models with very large
    vocabularies" (2016).

    Args:
        in_size: the size of the inputs.
        counts: how often each class occurs, a list or array (classes,).
        sample_size: the number of wrong classes for each input.

    >>> loss = L.BlackOut(3, counts=[5, 2, 1], sample_size=4)
    >>> loss(np.ones((2, 3), np.float32), np.array([0, 2])).shape
    ()
    """

    sample_data: Any = None

    def __init__(self, in_size: int, counts: Any, sample_size: int) -> None:
        super().__init__()
        self.sample_size = _count(self, sample_size)
        self.sampler = WalkerAlias(counts)
        self.W = Parameter(get_initializer(None), (len(counts), in_size))

    def forward(self, x: Any, t: Any) -> Variable:
        r"""Computes the mean loss.

        Args:
            x: array or Variable (n, in_size).
            t: integer array (n,) of right classes.

        Returns:
            Variable ().
        """
        samples = self.sample_data
        if samples is None:
            shape = input_shape("BlackOut(...)(x, t)", x, 2, "examples and features")
            samples = self.sampler.sample((shape[0], self.sample_size))
        return black_out(x, t, self.W, samples)


class BinaryHierarchicalSoftmax(Link):
    r"""The loss of a class at a leaf of a binary tree, whose inner nodes each decide left or right.

    The formula is that of ``F.binary_hierarchical_softmax``; the loss is summed over the inputs. A
    class costs as many products as its leaf is deep.

    Morin and Bengio, "Hierarchical probabilistic neural network language model" (2005).

    Args:
        in_size: the size of the inputs.
        tree: nested pairs whose leaves are the classes, such as ``((0, 1), 2)``.
        dtype: the dtype of ``W`` (inner nodes, in_size); None: the configured one.

    Raises:
        DtypeError: the tree is something else.
        RangeError: a class is there twice.

    >>> tree = L.BinaryHierarchicalSoftmax.create_huffman_tree({0: 8, 1: 5, 2: 6, 3: 4})
    >>> tree
    ((3, 1), (2, 0))
    >>> loss = L.BinaryHierarchicalSoftmax(3, tree)
    >>> loss(np.ones((2, 3), np.float32), np.array([0, 2])).shape
    ()
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size",)
    _sizes: ClassVar[tuple[str, ...]] = ("in_size",)

    def __init__(self, in_size: int, tree: Any, dtype: Any = None) -> None:
        super().__init__()
        self.nodes, self.codes, self.begins, n_inner = _paths(tree)
        self.W = Parameter(get_initializer(Uniform(1.0), dtype=dtype), (n_inner, in_size))

    @property
    def in_size(self) -> int:
        """The size of the inputs."""
        return self.W.shape[1]

    def _move(self, device: Any) -> None:
        super()._move(device)
        for name in ("nodes", "codes", "begins"):
            setattr(self, name, device.send(getattr(self, name)))

    @staticmethod
    def create_huffman_tree(word_counts: Mapping[int, float]) -> Any:
        r"""Makes the tree whose paths are shortest on average, of how often each class occurs.

        Huffman, "A method for the construction of minimum-redundancy codes" (1952).

        Args:
            word_counts: a mapping from classes to their counts.

        Returns:
            Nested pairs, or a single class.

        Raises:
            UsageError: there is no class.
        """
        if not word_counts:
            raise UsageError("create_huffman_tree(word_counts): there are no classes")
        # The first class of a tree breaks ties, so that trees are never compared.
        heap: list[tuple[float, int, Any]] = [
            (count, order, word) for order, (word, count) in enumerate(word_counts.items())
        ]
        heapq.heapify(heap)
        while len(heap) > 1:
            (n1, order1, left), (n2, order2, right) = heapq.heappop(heap), heapq.heappop(heap)
            heapq.heappush(heap, (n1 + n2, min(order1, order2), (left, right)))
        return heap[0][2]

    def forward(self, x: Any, t: Any) -> Variable:
        r"""Computes the loss.

        Args:
            x: array or Variable (n, in_size).
            t: integer array (n,) of classes.

        Returns:
            Variable (): the sum over the inputs.
        """
        tree = self.nodes, self.codes, self.begins
        return as_variable(binary_hierarchical_softmax(x, t, self.W, *tree))


def _paths(tree: Any) -> tuple[Any, Any, Any, int]:
    """The paths to all classes, one behind the other, where each begins, and the inner nodes."""
    call = "BinaryHierarchicalSoftmax(in_size, tree)"
    paths: dict[int, tuple[list[int], list[float]]] = {}
    stack: list[tuple[Any, list[int], list[float]]] = [(tree, [], [])]
    n_inner = 0
    while stack:  # left before right: inner nodes are numbered in the order of visits
        node, path, code = stack.pop()
        if isinstance(node, tuple) and len(node) == 2:
            here, n_inner = [*path, n_inner], n_inner + 1
            stack += [(node[1], here, [*code, -1.0]), (node[0], here, [*code, 1.0])]
        elif isinstance(node, (int, np.integer)) and node >= 0:
            if int(node) in paths:
                raise RangeError(call, f"class {node} twice", "each class at one leaf")
            paths[int(node)] = path, code
        else:
            got = (
                f"a node {describe(node)}" if not isinstance(node, tuple) else f"{len(node)} in one"
            )
            raise DtypeError(call, got, "pairs of nodes, whose leaves are classes 0, 1, ...")
    none: tuple[list[int], list[float]] = ([], [])
    every = [paths.get(c, none) for c in range(max(paths) + 1)]
    begins = np.cumsum([0, *(len(path) for path, _ in every)])
    nodes = np.array([k for path, _ in every for k in path], np.int64)
    return nodes, np.array([c for _, code in every for c in code]), begins, n_inner
