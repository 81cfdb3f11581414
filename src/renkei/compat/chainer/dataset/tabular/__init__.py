"""Data sets with columns: ours."""

from renkei.compat.chainer import _tree
from renkei.datasets.tabular import DelegateDataset, TabularDataset, from_data

__all__ = ["DelegateDataset", "TabularDataset", "from_data"]

__getattr__ = _tree.submodules("dataset.tabular")
