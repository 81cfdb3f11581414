"""Initializers: callables that fill an array with first values.

Random numbers are drawn on the host in float64 and then cast, so that a seed gives the same values
for every dtype and device.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from renkei.core.config import get_dtype
from renkei.core.device import device_of, get_array_types, get_device
from renkei.core.errors import ConfigError, DtypeError, ShapeError, describe
from renkei.core.random import generator

__all__ = [
    "Constant",
    "DownsamplingConvFilter",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "NaN",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "UpsamplingDeconvFilter",
    "Zero",
    "generate_array",
    "get_fans",
    "get_initializer",
    "use_random_source",
    "using_random_source",
]


def _default_source() -> Any:
    return generator().host


_source: Callable[[], Any] = _default_source
_scoped: ContextVar[Any] = ContextVar("renkei random source", default=None)


def _drawn_from() -> Any:
    return _scoped.get() or _source()


@contextlib.contextmanager
def using_random_source(source: Any) -> Iterator[None]:
    r"""Lets initializers without an ``rng`` of their own draw from an object, for a block.

    Args:
        source: has ``normal(loc, scale, size)`` and ``uniform(low, high, size)``, as the module
            ``numpy.random``.

    Returns:
        A context manager.

    >>> with rk.initializers.using_random_source(np.random.RandomState(0)):
    ...     rk.initializers.generate_array(rk.initializers.Normal(1.0), (2,))
    array([1.7640524, 0.4001572], dtype=float32)
    """
    token = _scoped.set(source)
    try:
        yield
    finally:
        _scoped.reset(token)


def use_random_source(source: Callable[[], Any] | None) -> None:
    r"""Sets where initializers without an ``rng`` of their own draw from.

    Args:
        source: returns an object with ``normal(loc, scale, size)`` and ``uniform(low, high, size)``
            (the module ``numpy.random`` is one); None goes back to the generator that
            ``renkei.seed`` starts.

    >>> rk.initializers.use_random_source(lambda: np.random.RandomState(0))
    >>> rk.initializers.generate_array(rk.initializers.Normal(1.0), (2,))
    array([1.7640524, 0.4001572], dtype=float32)
    >>> rk.initializers.use_random_source(None)
    """
    global _source
    _source = source or _default_source


class Initializer:
    r"""The base of initializers: a callable that fills an array in place.

    Args:
        dtype: the dtype of parameters made with it; None takes the configured default.

    >>> import numpy as np, renkei as rk
    >>> class Halves(rk.initializers.Initializer):
    ...     def __call__(self, array):
    ...         array[...] = 0.5
    >>> rk.Parameter(Halves(np.float64), (2,)).array
    array([0.5, 0.5])
    """

    def __init__(self, dtype: Any = None) -> None:
        self.dtype = dtype

    def __call__(self, array: Any) -> None:
        """Fills the array."""
        raise NotImplementedError(f"{type(self).__name__}.__call__")

    def __repr__(self) -> str:
        shown = {k: v for k, v in vars(self).items() if v is not None}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"


class Constant(Initializer):
    r"""Fills an array with a number, or with the values of an array that broadcasts to its shape.

    Args:
        fill_value: a number or an array.
        dtype: the dtype of parameters made with it; None takes the configured default.

    Raises:
        ShapeError: the values do not broadcast to the array that is to be filled.

    >>> a = np.empty(2, np.float32)
    >>> rk.initializers.Constant(3)(a)
    >>> a
    array([3., 3.], dtype=float32)
    """

    fill_value: Any = None

    def __init__(self, fill_value: Any, dtype: Any = None) -> None:
        super().__init__(dtype)
        self.fill_value = fill_value

    def __call__(self, array: Any) -> None:
        value = self.fill_value
        if not isinstance(value, get_array_types()):
            array[...] = value
            return
        lead = max(0, value.ndim - array.ndim)
        if value.shape[:lead] == (1,) * lead:  # as in an assignment of NumPy's
            value = value.reshape(value.shape[lead:])
        try:
            np.broadcast_to(np.empty(value.shape), array.shape)
        except ValueError:
            raise ShapeError(
                "Constant(fill_value)",
                f"values of shape {value.shape} for an array of shape {array.shape}",
                "shapes that broadcast",
            ) from None
        array[...] = device_of(array).send(value)


class Zero(Constant):
    """Fills an array with zeros.

    >>> rk.initializers.generate_array(rk.initializers.Zero(), (2,)).tolist()
    [0.0, 0.0]
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(0.0, dtype)


class One(Constant):
    """Fills an array with ones.

    >>> rk.initializers.generate_array(rk.initializers.One(), (2,)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(1.0, dtype)


class NaN(Constant):
    """Fills an array with NaN: whoever forgets to set the values will see it.

    >>> rk.initializers.generate_array(rk.initializers.NaN(), (2,)).tolist()
    [nan, nan]
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(math.nan, dtype)


class Identity(Initializer):
    r"""Fills a square matrix with ``scale`` times the identity.

    Args:
        scale: the value on the diagonal.
        dtype: the dtype of parameters made with it; None takes the configured default.

    Raises:
        ShapeError: the array is no square matrix.

    >>> rk.initializers.generate_array(rk.initializers.Identity(2), (2, 2)).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, scale: float = 1.0, dtype: Any = None) -> None:
        super().__init__(dtype)
        self.scale = scale

    def __call__(self, array: Any) -> None:
        shape = array.shape
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ShapeError("Identity()", f"an array of shape {shape}", "a square matrix")
        array[...] = 0
        index = np.arange(shape[0])
        array[index, index] = self.scale


class _Random(Initializer):
    """The base of initializers that draw; ``rng`` takes the place of the common generator."""

    def __init__(self, scale: float = 1.0, dtype: Any = None, *, rng: Any = None) -> None:
        super().__init__(dtype)
        self.scale, self.rng = scale, rng

    def _normal(self, array: Any, std: float) -> None:
        rng = self.rng or _drawn_from()
        _write(array, rng.normal(loc=0.0, scale=std, size=array.shape))

    def _uniform(self, array: Any, bound: float) -> None:
        rng = self.rng or _drawn_from()
        _write(array, rng.uniform(low=-bound, high=bound, size=array.shape))


def _write(array: Any, values: np.ndarray) -> None:
    array[...] = device_of(array).send(values.astype(array.dtype))


class Normal(_Random):
    r"""Draws from the normal distribution with mean 0 and standard deviation ``scale``.

    Args:
        scale: the standard deviation.
        dtype: the dtype of parameters made with it; None takes the configured default.
        rng: a NumPy generator to draw from instead of the common one.

    >>> a = np.empty(1000)
    >>> rk.initializers.Normal(2.0, rng=np.random.default_rng(0))(a)
    >>> bool(1.9 < a.std() < 2.1)
    True
    """

    def __init__(self, scale: float = 0.05, dtype: Any = None, *, rng: Any = None) -> None:
        super().__init__(scale, dtype, rng=rng)

    def __call__(self, array: Any) -> None:
        self._normal(array, self.scale)


class Uniform(_Random):
    r"""Draws uniformly from [-scale, scale).

    Args:
        scale: the bound.
        dtype, rng: as for ``Normal``.

    >>> a = rk.initializers.generate_array(rk.initializers.Uniform(2.0), (1000,))
    >>> bool(1.9 < abs(a).max() < 2)
    True
    """

    def __init__(self, scale: float = 0.05, dtype: Any = None, *, rng: Any = None) -> None:
        super().__init__(scale, dtype, rng=rng)

    def __call__(self, array: Any) -> None:
        self._uniform(array, self.scale)


class LeCunNormal(_Random):
    r"""Normal with standard deviation :math:`scale \sqrt{1 / fan_{in}}`: the default of weights.

    LeCun et al., "Efficient BackProp" (1998).

    Args:
        scale, dtype, rng: as for ``Normal``, ``scale`` being a factor.

    >>> a = rk.initializers.generate_array(rk.initializers.LeCunNormal(), (50, 100))
    >>> bool(0.09 < a.std() < 0.11)
    True
    """

    def __call__(self, array: Any) -> None:
        fan_in, _ = get_fans(array.shape)
        self._normal(array, self.scale * math.sqrt(1 / fan_in))


class LeCunUniform(_Random):
    r"""Uniform in :math:`\pm scale \sqrt{3 / fan_{in}}`.

    LeCun et al., "Efficient BackProp" (1998).

    Args:
        scale, dtype, rng: as for ``Normal``, ``scale`` being a factor.

    >>> a = rk.initializers.generate_array(rk.initializers.LeCunUniform(), (50, 100))
    >>> bool(0.17 < abs(a).max() < 0.174)
    True
    """

    def __call__(self, array: Any) -> None:
        fan_in, _ = get_fans(array.shape)
        self._uniform(array, self.scale * math.sqrt(3 / fan_in))


class GlorotNormal(_Random):
    r"""Normal with standard deviation :math:`scale \sqrt{2 / (fan_{in} + fan_{out})}`.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
    (2010).

    Args:
        scale, dtype, rng: as for ``Normal``, ``scale`` being a factor.

    >>> a = rk.initializers.generate_array(rk.initializers.GlorotNormal(), (100, 300))
    >>> bool(0.065 < a.std() < 0.076)
    True
    """

    def __call__(self, array: Any) -> None:
        self._normal(array, self.scale * math.sqrt(2 / sum(get_fans(array.shape))))


class GlorotUniform(_Random):
    r"""Uniform in :math:`\pm scale \sqrt{6 / (fan_{in} + fan_{out})}`.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
    (2010).

    Args:
        scale, dtype, rng: as for ``Normal``, ``scale`` being a factor.

    >>> a = rk.initializers.generate_array(rk.initializers.GlorotUniform(), (100, 300))
    >>> bool(0.12 < abs(a).max() < 0.123)
    True
    """

    def __call__(self, array: Any) -> None:
        self._uniform(array, self.scale * math.sqrt(6 / sum(get_fans(array.shape))))


class HeNormal(_Random):
    r"""Normal with standard deviation :math:`scale \sqrt{2 / fan}`: keeps the variance under ReLU.

    He et al., "Delving deep into rectifiers" (2015).

    Args:
        scale: a factor.
        dtype, rng: as for ``Normal``.
        fan_option: ``"fan_in"`` keeps the variance forward, ``"fan_out"`` backward.

    Raises:
        ConfigError: ``fan_option`` is neither.

    >>> a = rk.initializers.generate_array(rk.initializers.HeNormal(), (50, 100))
    >>> bool(0.13 < a.std() < 0.15)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        dtype: Any = None,
        fan_option: str = "fan_in",
        *,
        rng: Any = None,
    ) -> None:
        super().__init__(scale, dtype, rng=rng)
        if fan_option not in ("fan_in", "fan_out"):
            call = f"{type(self).__name__}(fan_option)"
            raise ConfigError(call, repr(fan_option), "'fan_in' or 'fan_out'")
        self.fan_option = fan_option

    def _fan(self, array: Any) -> int:
        return get_fans(array.shape)[self.fan_option == "fan_out"]

    def __call__(self, array: Any) -> None:
        self._normal(array, self.scale * math.sqrt(2 / self._fan(array)))


class HeUniform(HeNormal):
    r"""Uniform in :math:`\pm scale \sqrt{6 / fan}`: keeps the variance under ReLU.

    He et al., "Delving deep into rectifiers" (2015).

    Args:
        scale, dtype, fan_option, rng: as for ``HeNormal``.

    >>> a = rk.initializers.generate_array(rk.initializers.HeUniform(), (50, 100))
    >>> bool(0.24 < abs(a).max() < 0.245)
    True
    """

    def __call__(self, array: Any) -> None:
        self._uniform(array, self.scale * math.sqrt(6 / self._fan(array)))


class Orthogonal(_Random):
    r"""Fills an array with ``scale`` times an orthogonal matrix.

    An array (out, ...) counts as a matrix of ``out`` rows. The matrix is Q of the QR decomposition
    of a normal random matrix, its signs chosen so that the distribution is uniform.

    Saxe et al., "Exact solutions to the nonlinear dynamics of learning" (2013).

    Args:
        scale: a factor.
        dtype, rng: as for ``Normal``.
        mode: ``"projection"`` wants no more rows than columns, ``"embedding"`` no fewer,
            ``"basis"`` as many, ``"auto"`` takes all.

    Raises:
        ConfigError: ``mode`` is none of these.
        ShapeError: the array has no axes, or a shape that ``mode`` rules out.

    >>> a = np.empty((2, 5))
    >>> rk.initializers.Orthogonal(1.0)(a)
    >>> bool(np.allclose(a @ a.T, np.eye(2)))
    True
    """

    _allows: dict[str, Callable[[int, int], bool]] = {
        "auto": lambda rows, columns: True,
        "projection": lambda rows, columns: rows <= columns,
        "embedding": lambda rows, columns: rows >= columns,
        "basis": lambda rows, columns: rows == columns,
    }

    def __init__(
        self, scale: float = 1.1, dtype: Any = None, mode: str = "auto", *, rng: Any = None
    ) -> None:
        super().__init__(scale, dtype, rng=rng)
        if mode not in self._allows:
            expected = " or ".join(map(repr, self._allows))
            raise ConfigError("Orthogonal(mode)", repr(mode), expected)
        self.mode = mode

    def __call__(self, array: Any) -> None:
        shape = array.shape
        if not shape or not array.size:
            raise ShapeError("Orthogonal()", f"an array of shape {shape}", "a matrix or more axes")
        rows, columns = shape[0], math.prod(shape[1:])
        if not self._allows[self.mode](rows, columns):
            raise ShapeError(
                f"Orthogonal(mode={self.mode!r})",
                f"an array of shape {shape}, as a matrix {(rows, columns)}",
                "a matrix that the mode allows",
            )
        wide = columns > rows
        rng = self.rng or _drawn_from()
        a = rng.normal(0.0, 1.0, (rows, columns))
        q, r = np.linalg.qr(a.T if wide else a)
        q *= np.copysign(self.scale, np.diag(r))
        _write(array, (q.T if wide else q).reshape(shape))


class UpsamplingDeconvFilter(Initializer):
    r"""Fills the weight of a deconvolution (in, out, ...) so that it interpolates linearly.

    Long et al., "Fully convolutional networks for semantic segmentation" (2015).

    Args:
        interpolation: ``"linear"``.
        dtype: the dtype of parameters made with it; None takes the configured default.

    Raises:
        ConfigError: another interpolation.
        ShapeError: the channels are neither equal in number nor one on the summed side.

    >>> W = np.empty((1, 1, 4))
    >>> rk.initializers.UpsamplingDeconvFilter()(W)
    >>> W
    array([[[0.25, 0.75, 0.75, 0.25]]])
    """

    _one = 1  # the axis of channels that may have size 1

    def __init__(self, interpolation: str = "linear", dtype: Any = None) -> None:
        super().__init__(dtype)
        if interpolation != "linear":
            call = f"{type(self).__name__}(interpolation)"
            raise ConfigError(call, repr(interpolation), "'linear'")
        self.interpolation = interpolation

    def __call__(self, array: Any) -> None:
        shape = array.shape
        fits = len(shape) > 2 and (shape[0] == shape[1] or shape[self._one] == 1)
        if not fits:
            raise ShapeError(
                f"{type(self).__name__}()",
                f"an array of shape {shape}",
                f"as many channels in axis 0 as in axis 1, or one in axis {self._one}",
            )
        array[...] = 0
        array[np.arange(shape[0]), np.arange(shape[1])] = device_of(array).send(
            self._filter(shape[2:]).astype(array.dtype)
        )

    def _filter(self, sizes: tuple[int, ...]) -> np.ndarray:
        result = np.ones(())
        for size in sizes:
            factor = (size + 1) // 2
            center = factor - (1 if size % 2 else 0.5)
            result = result[..., None] * (1 - np.abs(np.arange(size) - center) / factor)
        return result


class DownsamplingConvFilter(UpsamplingDeconvFilter):
    r"""Fills the weight of a convolution (out, in, ...) so that it averages with linear weights.

    Args:
        interpolation, dtype: as for ``UpsamplingDeconvFilter``.

    >>> W = np.empty((1, 1, 4))
    >>> rk.initializers.DownsamplingConvFilter()(W)
    >>> W
    array([[[0.125, 0.375, 0.375, 0.125]]])
    """

    def _filter(self, sizes: tuple[int, ...]) -> np.ndarray:
        result = super()._filter(sizes)
        return result / result.sum()


def get_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    r"""How many values flow into and out of each unit of a weight (out, in, ...).

    Args:
        shape: of a weight of two or more axes.

    Returns:
        (fan_in, fan_out), both multiplied by the size of the window.

    Raises:
        ShapeError: fewer than two axes.

    >>> rk.initializers.get_fans((8, 3, 5, 5))
    (75, 200)
    """
    if len(shape) < 2:
        raise ShapeError(
            "get_fans(shape)",
            str(tuple(shape)),
            "two axes or more",
            "For biases and other vectors take an initializer that asks for no fans.",
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def get_initializer(value: Any, default: Any = None, dtype: Any = None) -> Any:
    r"""The initializer that an argument stands for.

    Args:
        value: an initializer (any callable that fills an array), a number, an array, or None.
        default: what None stands for, an initializer or a number; None: LeCunNormal.
        dtype: the dtype that the initializer gets if it has none of its own.

    Returns:
        A callable that fills an array.

    Raises:
        DtypeError: anything else.

    >>> rk.initializers.get_initializer(0.5)
    Constant(fill_value=0.5)
    """
    if value is None:
        if default is None:
            return LeCunNormal()
        value = default
    if callable(value):
        own = getattr(value, "dtype", None)
        return value if dtype is None or own is not None else _Typed(value, dtype)
    if isinstance(value, (*get_array_types(), int, float, np.number)):
        return Constant(value, dtype)
    raise DtypeError("initializer", describe(value), "a callable, a number, an array or None")


class _Typed(Initializer):
    """An initializer or any callable that fills an array, with a dtype."""

    def __init__(self, fill: Callable[[Any], object], dtype: Any) -> None:
        super().__init__(dtype)
        self.fill = fill

    def __call__(self, array: Any) -> None:
        self.fill(array)


def generate_array(
    initializer: Any, shape: tuple[int, ...], xp: Any = np, dtype: Any = None, device: Any = None
) -> Any:
    r"""Makes an array and lets an initializer fill it.

    Args:
        initializer: what ``get_initializer`` takes.
        shape: of the array.
        xp: the array module.
        dtype: of the array; the initializer's own wins, None is the configured default.
        device: where to make it; None is the module's current device.

    Returns:
        Array of shape ``shape``.

    >>> rk.initializers.generate_array(rk.initializers.One(), (2,), np)
    array([1., 1.], dtype=float32)
    """
    fill = get_initializer(initializer)
    own = getattr(fill, "dtype", None)
    array = np.empty(shape, get_dtype(dtype if own is None else own))
    fill(array)
    if device is not None:
        return get_device(device).send(array)
    return array if xp is np else xp.asarray(array)
