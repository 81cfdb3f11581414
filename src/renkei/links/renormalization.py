"""Normalization over the batch that knows what it will be when testing, or that decorrelates."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from renkei.core.config import current
from renkei.core.errors import ShapeError
from renkei.core.shapes import need_integer
from renkei.core.variable import as_variable
from renkei.functions.decorrelation import (
    decorrelated_batch_normalization,
    fixed_decorrelated_batch_normalization,
)
from renkei.functions.renormalization import batch_renormalization
from renkei.links.link import Link, State
from renkei.links.normalization import BatchNormalization
from renkei.links.sizes import input_shape

__all__ = ["BatchRenormalization", "DecorrelatedBatchNormalization"]


class BatchRenormalization(BatchNormalization):
    r"""Batch normalization corrected towards its running averages.

    .. math:: y = \gamma \Big( \frac{x - \mu}{\sigma} r + d \Big) + \beta

    with r and d as in ``batch_renormalization``. Raise ``rmax`` and ``dmax`` as training goes on;
    with their defaults it is batch normalization.

    Ioffe, "Batch renormalization: towards reducing minibatch dependence in batch-normalized models"
    (2017).

    Args:
        size: the shape of mean and variance, as a rule the number of channels; None: taken from
            the first input.
        rmax: the largest stretch r, at least 1.
        dmax: the largest move d.
        decay: the weight of the old moving average.
        eps: a small constant against division by zero.
        dtype: of parameters and averages; None: the configured one, float32 for ``mixed16``.
        use_gamma: scale by ``gamma``.
        use_beta: shift by ``beta``.
        initial_gamma: what fills ``gamma``; None: ones.
        initial_beta: what fills ``beta``; None: zeros.
        initial_avg_mean: what fills ``avg_mean``; None: zeros.
        initial_avg_var: what fills ``avg_var``; None: ones.

    >>> L.BatchRenormalization(3, rmax=3, dmax=5)(np.ones((4, 3), np.float32)).shape
    (4, 3)
    """

    _shown: ClassVar[tuple[str, ...]] = ("size", "rmax", "dmax", "decay", "eps")
    _before: tuple[Any, Any] | None = None  # the averages that the last batch was corrected to

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        rmax: float = 1,
        dmax: float = 0,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: Any = None,
        use_gamma: bool = True,
        use_beta: bool = True,
        initial_gamma: Any = None,
        initial_beta: Any = None,
        initial_avg_mean: Any = None,
        initial_avg_var: Any = None,
    ) -> None:
        super().__init__(
            size,
            decay,
            eps,
            dtype,
            use_gamma,
            use_beta,
            initial_gamma,
            initial_beta,
            initial_avg_mean=initial_avg_mean,
            initial_avg_var=initial_avg_var,
        )
        self.rmax, self.dmax = rmax, dmax

    def forward(self, x: Any, finetune: bool = False) -> Any:
        r"""Normalizes x.

        Args:
            x: array or Variable (batch, channel, ...).
            finetune: average the statistics of all batches since ``start_finetuning`` equally,
                instead of with ``decay``.

        Returns:
            Variable of the shape of ``x``.
        """
        if not current().train:
            return super().forward(x)
        if self.avg_mean is None:
            call = "BatchRenormalization(...)(x)"
            self._make((input_shape(call, x, 2, "(batch, channel, ...)")[1],))
        x = as_variable(x)
        mean: Any = self.avg_mean
        var: Any = self.avg_var
        again, decay = current().in_recomputing, self.decay
        if again:  # this batch has been counted
            mean, var = self._before or (mean, var)
        else:
            self._before = mean.copy(), var.copy()
            if finetune:
                self.N += 1  # pyright: ignore[reportConstantRedefinition]
                decay = 1 - 1 / self.N
        gamma = x.xp.ones_like(mean) if self.gamma is None else self.gamma
        beta = x.xp.zeros_like(mean) if self.beta is None else self.beta
        limits = self.rmax, self.dmax
        return batch_renormalization(
            x, gamma, beta, *limits, self.eps, mean, var, decay, update_statistics=not again
        )


class DecorrelatedBatchNormalization(Link):
    r"""Whitens groups of channels over the batch: mean 0, variance 1 and no correlation.

    In training, mean and projection are those of the batch, and moving averages of them are kept
    in the states ``avg_mean`` and ``avg_projection``; with ``config.train`` False those are used.

    Huang et al., "Decorrelated batch normalization" (2018).

    Args:
        size: the number of channels.
        groups: the number of groups into which they fall.
        decay: the weight of the old moving average.
        eps: added to the variances.
        dtype: of the averages.

    Raises:
        ShapeError: ``groups`` does not divide ``size``.

    >>> bn = L.DecorrelatedBatchNormalization(4, groups=2)
    >>> bn(np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)).shape
    (8, 4)
    >>> {name: np.shape(value) for name, value in bn.state().items()}
    {'N': (), 'avg_mean': (2, 2), 'avg_projection': (2, 2, 2)}
    """

    _shown: ClassVar[tuple[str, ...]] = ("size", "groups", "decay", "eps")
    _sizes: ClassVar[tuple[str, ...]] = ("size",)

    def __init__(
        self,
        size: int,
        groups: int = 16,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        call = "DecorrelatedBatchNormalization(...)"
        size, groups = need_integer(call, "size", size), need_integer(call, "groups", groups)
        if groups < 1 or size < 0 or size % groups:
            raise ShapeError(call, f"size={size} and groups={groups}", "groups that divide size")
        self.size, self.groups, self.decay, self.eps = size, groups, decay, eps
        n = size // groups
        self.avg_mean: Any = State(np.zeros((groups, n), dtype))
        self.avg_projection: Any = State(np.tile(np.eye(n, dtype=dtype), (groups, 1, 1)))
        self.N: Any = State(0)

    def forward(self, x: Any, *, finetune: bool = False) -> Any:
        r"""Whitens x.

        Args:
            x: array or Variable (batch, channel, ...).
            finetune: average the statistics of all batches since ``start_finetuning`` equally,
                instead of with ``decay``.

        Returns:
            Variable of the shape of ``x``.
        """
        x = as_variable(x)
        mean: Any = self.avg_mean
        projection: Any = self.avg_projection
        if not current().train:
            return fixed_decorrelated_batch_normalization(x, mean, projection, self.groups)
        decay = self.decay
        if current().in_recomputing:  # this batch has been counted
            mean = projection = None
        elif finetune:
            self.N += 1  # pyright: ignore[reportConstantRedefinition]
            decay = 1 - 1 / self.N
        return decorrelated_batch_normalization(
            x,
            groups=self.groups,
            eps=self.eps,
            running_mean=mean,
            running_projection=projection,
            decay=decay,
        )

    def start_finetuning(self) -> None:
        """Begins to average anew: call the link with ``finetune=True`` on each batch after it."""
        self.N = 0  # pyright: ignore[reportConstantRedefinition]
