"""Scales and biases along chosen axes, and a parameter alone."""

from __future__ import annotations

from typing import Any, ClassVar

from renkei.core.device import get_array_types
from renkei.core.errors import DtypeError, UsageError, describe
from renkei.core.parameter import Parameter as CoreParameter
from renkei.core.variable import as_variable
from renkei.functions.broadcast import bias, scale
from renkei.functions.conversion import identity
from renkei.links.link import Link

__all__ = ["Bias", "Parameter", "Scale"]


class Bias(Link):
    r"""Adds an array that is repeated along the axes that it lacks.

    Args:
        axis: the axis of x where the axes of the bias begin.
        shape: of the parameter ``b``, zeros at first; None: the bias is the second input.

    >>> L.Bias(1, (3,))(np.ones((2, 3, 4), np.float32)).shape
    (2, 3, 4)
    """

    _shown: ClassVar[tuple[str, ...]] = ("axis", "shape")
    b: CoreParameter | None = None

    def __init__(self, axis: int = 1, shape: Any = None) -> None:
        super().__init__()
        self.axis = axis
        if shape is not None:
            self.b = CoreParameter(0, shape)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of ``b``; None: there is none."""
        return None if self.b is None else self.b.shape

    def forward(self, *xs: Any) -> Any:
        """Adds ``b`` to the input, or the second input to the first."""
        x, b = _two("Bias", xs, self.b, "b")
        return bias(x, b, self.axis)


class Scale(Link):
    r"""Multiplies by an array that is repeated along the axes that it lacks, then adds a bias.

    Args:
        axis: the axis of x where the axes of the scale begin.
        W_shape: of the parameter ``W``, ones at first; None: the scale is the second input.
        bias_term: add a bias, the link ``bias``.
        bias_shape: of the bias, where ``W_shape`` does not tell it.

    Raises:
        UsageError: there is a bias and no shape for it.

    >>> L.Scale(1, (3,), bias_term=True)(np.ones((2, 3, 4), np.float32)).shape
    (2, 3, 4)
    """

    _shown: ClassVar[tuple[str, ...]] = ("axis", "W_shape", "bias_term")
    W: CoreParameter | None = None
    bias: Bias | None = None

    def __init__(
        self,
        axis: int = 1,
        W_shape: Any = None,
        bias_term: bool = False,
        bias_shape: Any = None,
    ) -> None:
        super().__init__()
        self.axis = axis
        if W_shape is not None:
            self.W = CoreParameter(1, W_shape)  # pyright: ignore[reportConstantRedefinition]
            bias_shape = W_shape
        if bias_term:
            if bias_shape is None:
                hint = "Give bias_shape where the scale is an input."
                raise UsageError("Scale(...)", "bias_term without a shape", "bias_shape", hint)
            self.bias = Bias(axis, bias_shape)

    @property
    def W_shape(self) -> tuple[int, ...] | None:
        """The shape of ``W``; None: there is none."""
        return None if self.W is None else self.W.shape

    @property
    def bias_term(self) -> bool:
        """Whether a bias is added."""
        return self.bias is not None

    def forward(self, *xs: Any) -> Any:
        """Multiplies the input by ``W``, or the first input by the second."""
        x, W = _two("Scale", xs, self.W, "W")
        y = scale(x, W, self.axis)
        return y if self.bias is None else self.bias(y)


def _two(link: str, xs: tuple[Any, ...], own: Any, name: str) -> tuple[Any, Any]:
    """The first input as a Variable, and the parameter or the second input."""
    wanted = 2 if own is None else 1
    if len(xs) != wanted:
        reason = f"without a parameter {name}" if own is None else f"with a parameter {name}"
        raise UsageError(f"{link}(...)(*xs)", f"{len(xs)} inputs", f"{wanted} {reason}")
    return as_variable(xs[0]), xs[1] if own is None else own


class Parameter(Link):
    r"""A link that is one parameter: calling it gives the parameter's value.

    Args:
        array: the first value of ``W``.

    Raises:
        DtypeError: ``array`` is no array.

    >>> L.Parameter(np.array([1.0, 2.0]))()
    variable([1., 2.])
    """

    def __init__(self, array: Any) -> None:
        super().__init__()
        if not isinstance(array, get_array_types()):
            raise DtypeError("Parameter(array)", describe(array), "an array")
        self.W = CoreParameter(array)

    def forward(self) -> Any:
        """The value, as a Variable that leads to ``W``."""
        return identity(self.W)
