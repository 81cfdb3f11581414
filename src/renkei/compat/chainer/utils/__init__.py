"""Utilities: arrays, argument and type checks, convolution geometry, experimental features."""

from __future__ import annotations

import collections.abc as collections_abc
import contextlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from renkei.compat.chainer.utils import (
    argument,
    array,
    cache,
    conv,
    conv_nd,
    error,
    imgproc,
    meta,
    precision,
    sparse,
    type_check,
    walker_alias,
)
from renkei.compat.chainer.utils.array import size_of_shape, sum_to
from renkei.compat.chainer.utils.conv import get_conv_outsize, get_deconv_outsize
from renkei.compat.chainer.utils.error import _format_array_props
from renkei.compat.chainer.utils.meta import enable_final, final
from renkei.compat.chainer.utils.sparse import CooMatrix, get_order, to_coo
from renkei.compat.chainer.utils.walker_alias import WalkerAlias

__all__ = [
    "CooMatrix",
    "WalkerAlias",
    "argument",
    "array",
    "cache",
    "collections_abc",
    "conv",
    "conv_nd",
    "enable_final",
    "error",
    "experimental",
    "final",
    "force_array",
    "force_type",
    "get_conv_outsize",
    "get_deconv_outsize",
    "get_order",
    "imgproc",
    "meta",
    "nondeterministic",
    "precision",
    "size_of_shape",
    "sparse",
    "sum_to",
    "tempdir",
    "to_coo",
    "type_check",
    "walker_alias",
]


def force_array(x: Any, dtype: Any = None) -> Any:
    r"""An array from a scalar or an array, cast to a dtype if one is given.

    >>> import numpy as np
    >>> from renkei.compat.chainer.utils import force_array
    >>> force_array(np.float32(2))
    array(2., dtype=float32)
    """
    if np.isscalar(x):
        return np.array(x) if dtype is None else np.array(x, dtype)
    return x if dtype is None else x.astype(dtype, copy=False)


def force_type(dtype: Any, value: Any) -> Any:
    """A number or an array, cast to a dtype."""
    if np.isscalar(value):
        return dtype.type(value)
    return value if value.dtype == dtype else value.astype(dtype, copy=False)


def experimental(api_name: str) -> None:
    """Warns that a function may change, unless ``disable_experimental_feature_warning`` is set."""
    from renkei.compat import chainer

    if not chainer.disable_experimental_feature_warning:
        warnings.warn(
            f"{api_name} is experimental. The interface can change in the future.",
            FutureWarning,
            stacklevel=2,
        )


def nondeterministic(f_name: str) -> None:
    """Warns that a function is not deterministic, if ``config.warn_nondeterministic`` is set."""
    from renkei.compat import chainer

    if chainer.config.warn_nondeterministic:
        warnings.warn(
            "Potentially non-deterministic code is being executed while "
            f'config.warn_nondeterministic set. Source: "{f_name}"',
            stacklevel=2,
        )


@contextlib.contextmanager
def tempdir(**kwargs: Any) -> Iterator[str]:
    """A block with a folder of its own, removed afterwards."""
    ignore_errors = kwargs.pop("ignore_errors", False)
    folder = tempfile.mkdtemp(**kwargs)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=ignore_errors)
