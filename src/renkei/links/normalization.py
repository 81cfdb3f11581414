"""Normalization over the batch, over the features, over groups of channels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from renkei.core.config import current, get_dtype
from renkei.core.device import current_device
from renkei.core.parameter import Parameter
from renkei.core.variable import as_variable
from renkei.functions.normalization import (
    batch_normalization,
    fixed_batch_normalization,
    group_normalization,
    layer_normalization,
    rms_normalization,
)
from renkei.initializers import generate_array, get_initializer
from renkei.links.link import Link, State
from renkei.links.sizes import check_sizes, input_shape

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNorm"]


def _size(array: Any) -> Any:
    """The shape of an array, an integer if it has one axis; None for None."""
    if array is None:
        return None
    return array.shape[0] if array.ndim == 1 else array.shape


class BatchNormalization(Link):
    r"""Normalizes over the batch: :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + eps} + \beta`.

    In training, mean and variance are those of the batch, and moving averages of them are kept
    in the states ``avg_mean`` and ``avg_var``; with ``config.train`` False those are used.

    Ioffe and Szegedy, "Batch normalization" (2015).

    Args:
        size: the shape of mean and variance, as a rule the number of channels; None: taken from
            the first input.
        decay: the weight of the old moving average.
        eps: a small constant against division by zero.
        dtype: of parameters and averages; None: the configured one, float32 for ``mixed16``.
        use_gamma: scale by ``gamma``.
        use_beta: shift by ``beta``.
        initial_gamma: what fills ``gamma``; None: ones.
        initial_beta: what fills ``beta``; None: zeros.
        axis: the axes to average over; None: all but those of ``size``, which begins at axis 1.
        initial_avg_mean: what fills ``avg_mean``; None: zeros.
        initial_avg_var: what fills ``avg_var``; None: ones.

    >>> bn = L.BatchNormalization(3)
    >>> y = bn(np.random.default_rng(0).normal(5, 2, (100, 3)).astype(np.float32))
    >>> bool(abs(y.array.mean()) < 1e-5), bool(abs(y.array.std() - 1) < 1e-4)
    (True, True)
    >>> sorted(bn.state())
    ['N', 'avg_mean', 'avg_var', 'beta', 'gamma']
    """

    _shown: ClassVar[tuple[str, ...]] = ("size", "decay", "eps", "dtype", "use_gamma", "use_beta")
    _sizes: ClassVar[tuple[str, ...]] = ("size",)

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: Any = None,
        use_gamma: bool = True,
        use_beta: bool = True,
        initial_gamma: Any = None,
        initial_beta: Any = None,
        axis: int | tuple[int, ...] | None = None,
        initial_avg_mean: Any = None,
        initial_avg_var: Any = None,
    ) -> None:
        super().__init__()
        self.decay, self.eps = decay, eps
        self.axis = (axis,) if isinstance(axis, int) else axis
        self.dtype = dtype = get_dtype(dtype, map_mixed16=np.float32)
        self.gamma = self.beta = None
        if use_gamma:
            self.gamma = Parameter(get_initializer(initial_gamma, 1, dtype))
        if use_beta:
            self.beta = Parameter(get_initializer(initial_beta, 0, dtype))
        self.avg_mean: Any = State(None, dtype)
        self.avg_var: Any = State(None, dtype)
        self.N: Any = State(0)
        self._averages = initial_avg_mean, initial_avg_var
        if size is not None:
            self._make(tuple(size) if isinstance(size, (tuple, list)) else (size,))

    def _make(self, shape: tuple[int, ...]) -> None:
        """Makes what is not there yet: some of it may have been loaded."""
        for param in (self.gamma, self.beta):
            if param is not None and not param.is_initialized:
                param.initialize(shape)
        device = current_device()
        for param in (self.gamma, self.beta):
            device = device if param is None else param._device
        for name, value, default in zip(("avg_mean", "avg_var"), self._averages, (0, 1)):
            if getattr(self, name) is None:
                fill = get_initializer(value, default, self.dtype)
                setattr(self, name, generate_array(fill, shape, device=device))

    @property
    def size(self) -> Any:
        """The shape of mean and variance, an integer if it has one axis; None while open."""
        return _size(self.avg_mean)

    @property
    def use_gamma(self) -> bool:
        """Whether there is a ``gamma``."""
        return self.gamma is not None

    @property
    def use_beta(self) -> bool:
        """Whether there is a ``beta``."""
        return self.beta is not None

    def forward(self, x: Any, *, finetune: bool = False) -> Any:
        r"""Normalizes x.

        Args:
            x: array or Variable (batch, channel, ...), or as ``axis`` says.
            finetune: average the statistics of all batches since ``start_finetuning`` equally,
                instead of with ``decay``.

        Returns:
            Variable of the shape of ``x``.
        """
        axis = self.axis
        if self.avg_mean is None:
            shape = input_shape("BatchNormalization(...)(x)", x, 2, "(batch, channel, ...)")
            over = axis or (0, *range(2, len(shape)))
            self._make(tuple(n for i, n in enumerate(shape) if i not in over))
        mean: Any = self.avg_mean
        var: Any = self.avg_var
        if axis is None and mean.ndim > 1:
            axis = (0, *range(mean.ndim + 1, x.ndim))
        x = as_variable(x)
        xp = x.xp
        gamma = xp.ones_like(mean) if self.gamma is None else self.gamma
        beta = xp.zeros_like(mean) if self.beta is None else self.beta
        if not current().train:
            return fixed_batch_normalization(x, gamma, beta, mean, var, self.eps, axis)
        decay = self.decay
        if current().in_recomputing:  # this batch has been counted
            mean = var = None
        elif finetune:
            self.N += 1  # pyright: ignore[reportConstantRedefinition]
            decay = 1 - 1 / self.N
        return batch_normalization(
            x,
            gamma,
            beta,
            eps=self.eps,
            running_mean=mean,
            running_var=var,
            decay=decay,
            axis=axis,
        )

    def start_finetuning(self) -> None:
        """Begins to average anew: call the link with ``finetune=True`` on each batch after it."""
        self.N = 0  # pyright: ignore[reportConstantRedefinition]


class LayerNormalization(Link):
    r"""Normalizes each example over its features, then scales and shifts.

    :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + eps} + \beta`, with mean and variance over the
    last axis.

    Ba et al., "Layer normalization" (2016).

    Args:
        size: the number of features, or a tuple: the sizes of as many last axes, all averaged
            over; None: taken from the last axis of the first input.
        eps: a small constant against division by zero.
        initial_gamma: what fills ``gamma`` (size,); None: ones.
        initial_beta: what fills ``beta`` (size,); None: zeros.

    >>> L.LayerNormalization(3)(np.array([[1, 2, 3]], np.float64)).array.round(3).tolist()
    [[-1.225, 0.0, 1.225]]
    """

    _shown: ClassVar[tuple[str, ...]] = ("size", "eps")
    _sizes: ClassVar[tuple[str, ...]] = ("size",)

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        eps: float = 1e-6,
        initial_gamma: Any = None,
        initial_beta: Any = None,
    ) -> None:
        super().__init__()
        self.eps = eps
        self.gamma = Parameter(get_initializer(initial_gamma, 1))
        self.beta = Parameter(get_initializer(initial_beta, 0))
        if size is not None:
            self._make(size)

    def _make(self, size: int | tuple[int, ...]) -> None:
        for param in (self.gamma, self.beta):
            if not param.is_initialized:
                param.initialize(size)

    @property
    def size(self) -> Any:
        """The number of features, or the sizes of the last axes; None while open."""
        return _size(self.gamma.array)

    def forward(self, x: Any) -> Any:
        """Normalizes x (batch, ..., size)."""
        if self.gamma._array is None:
            shape = input_shape("LayerNormalization(...)(x)", x, 2, "(batch, ..., features)")
            self._make(shape[-1])
        return layer_normalization(x, self.gamma, self.beta, self.eps)


class RMSNorm(Link):
    r"""Divides each vector by the root mean square of its features, then scales.

    :math:`y = \gamma x / \sqrt{\mathrm{mean}(x^2) + eps}`, with the mean over the last axis.

    Zhang and Sennrich, "Root mean square layer normalization" (2019).

    Args:
        size: the number of features; None: taken from the last axis of the first input.
        eps: a small constant against division by zero.
        initial_gamma: what fills ``gamma`` (size,); None: ones.

    >>> L.RMSNorm(2)(np.array([[1, 7]], np.float64)).array.round(3).tolist()
    [[0.2, 1.4]]
    """

    _shown: ClassVar[tuple[str, ...]] = ("size", "eps")
    _sizes: ClassVar[tuple[str, ...]] = ("size",)

    def __init__(
        self, size: int | None = None, eps: float = 1e-6, initial_gamma: Any = None
    ) -> None:
        super().__init__()
        self.eps = eps
        self.gamma = Parameter(get_initializer(initial_gamma, 1))
        if size is not None:
            check_sizes("RMSNorm", size=size)
            self.gamma.initialize(size)

    @property
    def size(self) -> int | None:
        """The number of features; None while it is open."""
        return self.gamma.shape[0] if self.gamma.is_initialized else None

    def forward(self, x: Any) -> Any:
        """Normalizes x (..., size)."""
        if self.gamma._array is None:
            self.gamma.initialize(input_shape("RMSNorm(...)(x)", x, 1, "(..., features)")[-1])
        return rms_normalization(x, self.gamma, eps=self.eps)


class GroupNormalization(Link):
    r"""Normalizes each example over groups of its channels, then scales and shifts each channel.

    Wu and He, "Group normalization" (2018).

    Args:
        groups: the number of groups, which divides the number of channels.
        size: the number of channels; None: taken from the first input.
        eps: a small constant against division by zero.
        initial_gamma: what fills ``gamma`` (size,); None: ones.
        initial_beta: what fills ``beta`` (size,); None: zeros.

    >>> L.GroupNormalization(2)(np.zeros((1, 4, 5, 5), np.float32)).shape
    (1, 4, 5, 5)
    """

    _shown: ClassVar[tuple[str, ...]] = ("groups", "size", "eps")
    _sizes: ClassVar[tuple[str, ...]] = ("groups", "size")

    def __init__(
        self,
        groups: int,
        size: int | None = None,
        eps: float = 1e-5,
        initial_gamma: Any = None,
        initial_beta: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("GroupNormalization", groups=groups)
        self.groups, self.eps = groups, eps
        dtype = get_dtype(None, map_mixed16=np.float32)
        self.gamma = Parameter(get_initializer(initial_gamma, 1, dtype))
        self.beta = Parameter(get_initializer(initial_beta, 0, dtype))
        if size is not None:
            self._make(size)

    def _make(self, size: int) -> None:
        for param in (self.gamma, self.beta):
            if not param.is_initialized:
                param.initialize(size)

    @property
    def size(self) -> int | None:
        """The number of channels; None while it is open."""
        return self.gamma.shape[0] if self.gamma.is_initialized else None

    def forward(self, x: Any) -> Any:
        """Normalizes x (batch, channel, ...)."""
        if self.gamma._array is None:
            self._make(input_shape("GroupNormalization(...)(x)", x, 2, "(batch, channel, ...)")[1])
        return group_normalization(x, self.groups, self.gamma, self.beta, self.eps)
