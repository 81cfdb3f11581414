"""The logarithm of the gamma function, its derivatives, and Hurwitz's zeta function."""

from __future__ import annotations

from typing import Any

from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import run
from renkei.core.elementwise import elementwise
from renkei.core.errors import DtypeError, GraphError, RangeError, describe
from renkei.core.variable import Variable

__all__ = ["digamma", "lgamma", "polygamma", "zeta"]


@elementwise(x=lambda gy, x: gy * digamma(x))
def lgamma(xp: Any, x: Any) -> Any:
    r"""The logarithm of the absolute value of the gamma function.

    .. math:: y = \ln |\Gamma(x)|, \qquad \Gamma(x) = \int_0^\infty t^{x-1} e^{-t} dt

    Args:
        x: array or Variable; at 0 and at negative whole numbers the result is infinite.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.lgamma(np.array([0.5, 1.0, 5.0]))
    array([0.57236494, 0.        , 3.17805383])
    """
    return run("lgamma", x)


@elementwise(x=lambda gy, x: gy * polygamma(1, x))
def digamma(xp: Any, x: Any) -> Any:
    r"""The derivative of ``lgamma``: :math:`y = \psi(x) = \Gamma'(x) / \Gamma(x)`.

    Args:
        x: array or Variable; at negative whole numbers the result is NaN.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.digamma(np.array([1.0, 10.0]))
    array([-0.57721566,  2.25175259])
    """
    return run("digamma", x)


def _next_order(gy: Any, n: Any, x: Any) -> Any:
    return gy * _polygamma(n + 1, x)


# n is an input of the node, not an attribute, because it may be an array.
@elementwise(x=_next_order)
def _polygamma(xp: Any, n: Any, x: Any) -> Any:
    return run("polygamma", n, x)


def polygamma(n: Any, x: Any) -> Any:
    r"""The derivatives of ``digamma``: :math:`y = \psi^{(n)}(x) = \frac{d^n}{dx^n} \psi(x)`.

    Args:
        n: the order: an integer, or an array or Variable of integers from 0 to 170. It has no
            gradient.
        x: array or Variable of floats of a shape that broadcasts with ``n``.

    Returns:
        Array or Variable of the broadcast shape.

    Raises:
        DtypeError: ``n`` is not of integers, or ``x`` not of floats.
        ShapeError: the shapes do not broadcast.
        RangeError: an order is negative.

    >>> F.polygamma(1, np.array([1.0, 2.0]))
    array([1.64493407, 0.64493407])
    """
    call = "polygamma(n, x)"
    if not hasattr(x, "dtype") or x.dtype.kind != "f":
        raise DtypeError(call, f"x {describe(x)}", "an array of floats", "See F.cast.")
    order = n._values() if isinstance(n, Variable) else n
    if isinstance(order, (list, tuple)):
        raise DtypeError(call, f"n {describe(n)}", "an integer, or an array of integers")
    if not hasattr(order, "dtype"):
        order = get_array_module(x).asarray(order)
    if order.dtype.kind not in "iu":
        raise DtypeError(call, f"n {describe(n)}", "an integer, or an array of integers")
    if order.size and (order < 0).any():
        raise RangeError(call, f"n {int(order.min())}", "orders that are not negative")
    return _polygamma(as_array(order, x.dtype), x)


def _no_slope(gy: Any) -> Any:
    raise GraphError(
        "zeta(x, q)",
        "x that wants a gradient",
        "an array, or a Variable made with requires_grad=False",
        "Only the derivative with respect to q is known.",
    )


@elementwise(x=_no_slope, q=lambda gy, x, q: gy * (zeta(x + 1, q) * -x))
def _zeta(xp: Any, x: Any, q: Any) -> Any:
    return run("zeta", x, q)


def zeta(x: Any, q: Any) -> Any:
    r"""The zeta function of Hurwitz.

    .. math:: y = \zeta(x, q) = \sum_{k=0}^\infty \frac{1}{(q + k)^x}

    Args:
        x: exponent, array, Variable or number; below 1 the result is NaN. No gradient is known by
            it: backward raises if it wants one.
        q: array, Variable or number of a shape that broadcasts with ``x``; where it is negative,
            ``x`` must be a whole number, otherwise the result is NaN.

    Returns:
        Array or Variable of the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> F.zeta(2.0, np.array([1.0, 2.0]))
    array([1.64493407, 0.64493407])
    """
    return _zeta(x, q)
