"""The 8x8 handwritten digits that scikit-learn carries: real data without a download."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.errors import RangeError, require
from renkei.datasets.combine import TupleDataset

__all__ = ["get_digits", "stratified_split"]


def get_digits(test_ratio: float = 0.2, seed: int = 0) -> tuple[TupleDataset, TupleDataset]:
    r"""1,797 real handwritten digits, split so that each class has the same share in both parts.

    Args:
        test_ratio: the share of the test part, in (0, 1).
        seed: of the split; the same seed gives the same parts.

    Returns:
        Training and test data: pairs of an image, float32 (1, 8, 8) in [0, 1], and a label, int32.

    Raises:
        MissingExtra: scikit-learn is not installed.
        RangeError: the ratio is not between 0 and 1.

    >>> from renkei.datasets import get_digits
    >>> train, test = get_digits()
    >>> len(train), len(test), train[0][0].shape
    (1438, 359, (1, 8, 8))

    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI (1998).
    """
    data = require("sklearn.datasets", extra="digits").load_digits()
    images = (data.images / 16).astype(np.float32)[:, None]
    labels = data.target.astype(np.int32)
    train, test = stratified_split(labels, test_ratio, seed)
    return TupleDataset(images[train], labels[train]), TupleDataset(images[test], labels[test])


def stratified_split(labels: Any, test_ratio: float, seed: int) -> tuple[Any, Any]:
    """Positions of the training and of the test part, each class split in the same ratio."""
    if not 0 < test_ratio < 1:
        raise RangeError("stratified_split(test_ratio=...)", str(test_ratio), "between 0 and 1")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    test = [
        order[labels[order] == label][: max(1, round(int((labels == label).sum()) * test_ratio))]
        for label in np.unique(labels)
    ]
    chosen = np.zeros(len(labels), bool)
    chosen[np.concatenate(test)] = True
    return order[~chosen[order]], order[chosen[order]]
