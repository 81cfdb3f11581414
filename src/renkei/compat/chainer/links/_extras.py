"""What classes of Chainer's links have besides ours: ``from_params``, attributes as pairs."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from renkei.compat.chainer.initializer import numpy_random
from renkei.compat.chainer.initializers import _get_initializer
from renkei.compat.chainer.utils.walker_alias import WalkerAlias

__all__ = ["extras"]


# The links whose arguments ``str`` shows.
_SHOWN = {"BatchNormalization", "BatchRenormalization", "Convolution2D", "Linear"}


def extras(ours: Any) -> dict[str, Any]:
    """Further members of what stands for a class."""
    name = ours.__name__
    body = dict(_EXTRAS.get(name, {}))
    if name not in _SHOWN:
        body["_shown"] = ()
    if hasattr(ours, "_drop"):
        body["_drop"] = staticmethod(_dropout)
        body["rnn"] = _rnn_of(name)
    if name in ("LSTM", "StatelessLSTM"):
        body |= _interleaved(ours)
    if name in ("BlackOut", "NegativeSampling"):
        body |= _sampled(ours)
    return body


def _dropout(x: Any, ratio: float) -> Any:
    from renkei.compat.chainer.functions import dropout

    return dropout(x, ratio)


def _rnn_of(name: str) -> Any:
    """The function that a stack of recurrent layers is; programs may override it."""
    kind = next(kind for kind in ("lstm", "gru", "rnn") if kind.upper() in name)

    def rnn(self: Any, *args: Any) -> Any:
        from renkei.compat.chainer import functions

        function = getattr(functions, f"n_step_{'bi' if self.use_bi_direction else ''}{kind}")
        options = {"activation": self._mode} if kind == "rnn" else {}
        return function(*args, **options)

    return rnn


def _array(value: Any) -> Any:
    return getattr(value, "array", value)


def _bias(b: Any, nobias: bool) -> dict[str, Any]:
    """Arguments for a bias that is given, left out, or made of zeros."""
    return {"nobias": nobias or b is None, "initial_bias": None if nobias else _array(b)}


def _linear_from_params(cls: Any, W: Any, b: Any = None, nobias: bool = False) -> Any:
    """Makes the layer around given parameters: W (out, in), b (out,)."""
    out_size, in_size = W.shape
    return cls(in_size, out_size, initialW=_array(W), **_bias(b, nobias))


def _convolution_from_params(
    cls: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    nobias: bool = False,
    **options: Any,
) -> Any:
    """Makes the layer around given parameters: W (out, in, height, width), b (out,)."""
    out_channels, in_channels = W.shape[0], W.shape[1] * options.get("groups", 1)
    return cls(
        in_channels,
        out_channels,
        W.shape[2:],
        stride,
        pad,
        initialW=_array(W),
        **_bias(b, nobias),
        **options,
    )


def _deconvolution_from_params(
    cls: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    nobias: bool = False,
    outsize: Any = None,
    **options: Any,
) -> Any:
    """Makes the layer around given parameters: W (in, out, height, width), b (out,)."""
    in_channels, out_channels = W.shape[0], W.shape[1] * options.get("groups", 1)
    return cls(
        in_channels,
        out_channels,
        W.shape[2:],
        stride,
        pad,
        outsize=outsize,
        initialW=_array(W),
        **_bias(b, nobias),
        **options,
    )


def _embed_from_params(cls: Any, W: Any, ignore_label: int | None = None) -> Any:
    """Makes the layer around a given table W (in, out)."""
    in_size, out_size = W.shape
    return cls(in_size, out_size, _array(W), ignore_label)


def _pair_of(name: str) -> Any:
    """An attribute that is shown as a pair however it was given."""

    def get(self: Any) -> Any:
        value = self.__dict__[name]
        return value if hasattr(value, "__getitem__") else (value, value)

    def put(self: Any, value: Any) -> None:
        self.__dict__[name] = value

    return property(get, put, doc=f"{name} as a pair.")


def _interleaved(ours: Any) -> dict[str, Any]:
    """Members of an LSTM that draws its first weights gate by gate, lateral before upward."""

    def __init__(
        self: Any,
        in_size: int | None,
        out_size: int | None = None,
        lateral_init: Any = None,
        upward_init: Any = None,
        bias_init: Any = None,
        forget_bias_init: Any = 1,
    ) -> None:
        with self._construction():
            ours.__init__(self, in_size, out_size, 0, 0, 0, 0)
        given = (lateral_init, upward_init, bias_init or 0, forget_bias_init)
        self._fills = [_get_initializer(value) for value in given]
        if self.upward.W.is_initialized:
            self._initialize_params()

    def _initialize_params(self: Any) -> None:
        lateral, upward, bias, forget_bias = self._fills
        size = self.state_size
        with numpy_random():
            for start in range(0, 4 * size, size):
                lateral(self.lateral.W.array[start : start + size])
                upward(self.upward.W.array[start : start + size])
            for gate, fill in enumerate((bias, bias, forget_bias, bias)):
                fill(self.upward.b.array[gate::4])

    def forward(self: Any, *args: Any) -> Any:
        if not self.upward.W.is_initialized:
            x = args[-1]
            self.upward.W.initialize((4 * self.state_size, x.size // x.shape[0]))
            self._initialize_params()
        return ours.forward(self, *args)

    return {"__init__": __init__, "_initialize_params": _initialize_params, "forward": forward}


def _sampled(ours: Any) -> dict[str, Any]:
    """Members of a loss that draws its classes from ``np.random``."""

    @functools.wraps(ours.__init__)
    def __init__(self: Any, in_size: int, counts: Any, *args: Any, **kwargs: Any) -> None:
        with self._construction():
            ours.__init__(self, in_size, counts, *args, **kwargs)
        given = inspect.signature(ours.__init__).bind(self, in_size, counts, *args, **kwargs)
        given.apply_defaults()
        power = given.arguments.get("power", 1)
        self.sampler = WalkerAlias(np.array(counts, np.float32) ** np.float32(power))

    return {"__init__": __init__}


_PAIRS = {name: _pair_of(name) for name in ("stride", "pad", "dilate")}

_EXTRAS: dict[str, dict[str, Any]] = {
    "Linear": {"from_params": classmethod(_linear_from_params)},
    "Convolution2D": {"from_params": classmethod(_convolution_from_params), **_PAIRS},
    "DilatedConvolution2D": {"from_params": classmethod(_convolution_from_params)},
    "Deconvolution2D": {"from_params": classmethod(_deconvolution_from_params), **_PAIRS},
    "EmbedID": {"from_params": classmethod(_embed_from_params), "ignore_label": None},
    "BatchNormalization": {"gamma": None, "beta": None, "avg_mean": None, "avg_var": None},
    "Bilinear": {"zero_grads": lambda self: self.zerograds()},
}
