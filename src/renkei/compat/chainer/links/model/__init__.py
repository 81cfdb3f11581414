"""Whole models and ``Classifier``."""

from renkei.compat.chainer import _tree

__getattr__ = _tree.submodules("links.model")
