"""Batch renormalization: batch normalization that knows what it will be when testing."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_number
from renkei.functions.conversion import cast
from renkei.functions.normalization import batch_normalization, fixed_batch_normalization

__all__ = ["batch_renormalization", "fixed_batch_renormalization"]

_CALL = "batch_renormalization(x, gamma, beta, rmax, dmax)"


class RenormalizationFactors(Function):
    """By what normalized values are stretched and moved; it writes to the running averages.

    No gradient goes through: the factors are constants to the network.
    """

    outputs = ("r", "d")

    def __init__(
        self,
        eps: float,
        rmax: float,
        dmax: float,
        decay: float,
        axis: tuple[int, ...],
        update: bool,
    ) -> None:
        self.eps, self.rmax, self.dmax, self.decay = eps, rmax, dmax, decay
        self.axis, self.update = axis, update

    def check(self, x: Any, running_mean: Any, running_var: Any) -> tuple[Spec, Spec]:
        dtype = np.result_type(np.float32, x.dtype, running_mean.dtype)
        spec = Spec(running_mean.shape, dtype)
        return spec, spec

    def forward(self, x: Any, running_mean: Any, running_var: Any) -> Any:
        return self.kernel("renormalization_factors", x, running_mean, running_var, **self.attrs)


def batch_renormalization(
    x: Any,
    gamma: Any,
    beta: Any,
    rmax: float,
    dmax: float,
    eps: float = 2e-5,
    running_mean: Any = None,
    running_var: Any = None,
    decay: float = 0.9,
    update_statistics: bool = False,
) -> Any:
    r"""Normalizes by the batch, then corrects towards what the running averages would give.

    .. math:: y = \gamma \Big( \frac{x - \mu}{\sigma} r + d \Big) + \beta, \qquad
        r = \mathrm{clip}\Big( \frac{\sigma}{\sigma_r}, \frac{1}{r_{max}}, r_{max} \Big), \quad
        d = \mathrm{clip}\Big( \frac{\mu - \mu_r}{\sigma_r}, -d_{max}, d_{max} \Big)

    with mean :math:`\mu` and standard deviation :math:`\sigma = \sqrt{\sigma^2 + \epsilon}` of the
    batch, and :math:`\mu_r` and :math:`\sigma_r` from the running averages. No gradient goes
    through r and d. With ``rmax`` 1 and ``dmax`` 0 it is batch normalization.

    Args:
        x: array or Variable of floats, (batch, channel, ...).
        gamma: scale, of the shape of the axes of ``x`` from axis 1 on: (channel,).
        beta: shift, of the same shape.
        rmax: largest stretch r, at least 1.
        dmax: largest move d, not negative.
        eps: added to the variances.
        running_mean: array of the shape of ``gamma``.
        running_var: array of the shape of ``gamma``; not biased, as batch normalization keeps it.
        decay: weight of the old averages.
        update_statistics: update the running averages in place.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    Raises:
        ShapeError: a parameter or average does not have the shape of channels, or ``x`` is empty.
        DtypeError: an argument is no array of floats, or a running average is missing.
        RangeError: ``rmax`` is below 1, or ``dmax`` or ``eps`` negative.

    Ioffe, "Batch renormalization: towards reducing minibatch dependence in batch-normalized models"
    (2017).

    >>> x = np.array([[1.0], [3.0]])
    >>> mean, var = np.array([1.0]), np.array([4.0])
    >>> F.batch_renormalization(x, np.ones(1), np.zeros(1), 3, 5, 0.0, mean, var)
    array([[0.],
           [1.]])
    """
    averages = [getattr(a, "array", a) for a in (running_mean, running_var)]
    _check(x, gamma, averages, rmax, dmax)
    check_eps(_CALL, eps)
    if getattr(beta, "shape", None) != gamma.shape:
        raise ShapeError(_CALL, f"gamma {gamma.shape} and beta {describe(beta)}", "equal shapes")
    axis = (0, *range(gamma.ndim + 1, x.ndim))
    node = RenormalizationFactors(eps, rmax, dmax, decay, axis, bool(update_statistics))
    r, d = (cast(a, gamma.dtype) for a in node(x, *averages))
    # gamma (normal * r + d) + beta
    return batch_normalization(x, gamma * r, gamma * d + beta, eps, axis=axis)


def _check(x: Any, gamma: Any, averages: list[Any], rmax: float, dmax: float) -> None:
    for name, a in (("x", x), ("gamma", gamma), *zip(("running_mean", "running_var"), averages)):
        if getattr(getattr(a, "dtype", None), "kind", "") != "f":
            raise DtypeError(_CALL, f"{name} {describe(a)}", "an array of floats")
    kept = x.shape[1 : gamma.ndim + 1]
    for name, a in zip(("gamma", "running_mean", "running_var"), (gamma, *averages)):
        if a.shape != kept or x.size == 0 or x.ndim < 2:
            raise ShapeError(
                _CALL,
                f"x {x.shape} and {name} {a.shape}",
                f"x (batch, channel, ...) that is not empty and {name}.shape == {kept}",
            )
    need_number(_CALL, "rmax", rmax)
    need_number(_CALL, "dmax", dmax)
    if rmax < 1 or dmax < 0:
        raise RangeError(_CALL, f"rmax={rmax} and dmax={dmax}", "rmax >= 1 and dmax >= 0")


def check_eps(call: str, eps: float) -> None:
    need_number(call, "eps", eps)
    if eps < 0:
        raise RangeError(call, f"eps={eps}", "a number that is not negative")


def fixed_batch_renormalization(
    x: Any, gamma: Any, beta: Any, mean: Any, var: Any, eps: float = 2e-5
) -> Any:
    r"""What batch renormalization is when testing: ``fixed_batch_normalization``.

    Args:
        x, gamma, beta, mean, var, eps: as for ``fixed_batch_normalization``.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    >>> one = np.ones(1)
    >>> F.fixed_batch_renormalization(np.array([[3.0]]), one, one, one, 4 * one, 0.0)
    array([[2.]])
    """
    return fixed_batch_normalization(x, gamma, beta, mean, var, eps)
