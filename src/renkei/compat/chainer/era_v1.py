"""What Chainer 1 knew and later versions dropped: ``renkei run-chainer --era v1``.

``enable()`` brings back, for the running process: ``volatile`` of Variables; the arguments
``train``, ``test``, ``use_cudnn`` and ``deterministic`` of functions and links; ``wscale`` and
``bias`` of links; ``FunctionSet``; functions with parameters such as ``F.Linear``; function classes
such as ``F.ReLU()``; and methods of optimizers such as ``use_cleargrads`` and ``zero_grads``.
"""

from __future__ import annotations

import contextlib
import functools
import math
from typing import Any

from renkei.compat.chainer import _legacy, functions, links
from renkei.compat.chainer.backends import cuda
from renkei.compat.chainer.configuration import using_config
from renkei.compat.chainer.functions import _classes
from renkei.compat.chainer.initializers import LeCunNormal
from renkei.compat.chainer.link import Chain, Link
from renkei.compat.chainer.optimizer import Optimizer
from renkei.compat.chainer.variable import Variable
from renkei.core.device import get_array_types

__all__ = ["FunctionSet", "enable"]

# the order of the arguments in Chainer 1, where it differs
_ORDERS = {
    "average_pooling_2d": "x ksize stride pad use_cudnn",
    "batch_normalization": "x gamma beta eps running_mean running_var decay use_cudnn",
    "convolution_2d": "x W b stride pad use_cudnn cover_all deterministic",
    "deconvolution_2d": "x W b stride pad outsize use_cudnn deterministic",
    "dropout": "x ratio train",
    "log_softmax": "x use_cudnn",
    "max_pooling_2d": "x ksize stride pad cover_all use_cudnn",
    "relu": "x use_cudnn",
    "sigmoid": "x use_cudnn",
    "softmax": "x use_cudnn",
    "softmax_cross_entropy": "x t use_cudnn normalize cache_score class_weight ignore_label",
    "tanh": "x use_cudnn",
    "zoneout": "h x ratio train",
}
_IGNORED = ("use_cudnn", "deterministic")
# links that took a scale of their weights or an argument for cuDNN
_SCALED = (
    "BatchNormalization Convolution2D ConvolutionND Deconvolution2D DeconvolutionND "
    "DilatedConvolution2D Linear"
).split()
# links that were also functions with parameters
_PARAMETRIC = (
    "BatchNormalization Bilinear BinaryHierarchicalSoftmax Convolution2D EmbedID Inception "
    "InceptionBN Linear NegativeSampling PReLU"
).split()


def enable() -> None:
    """Brings the first era back. Calling it again changes nothing."""
    if _legacy.era == "v1":
        return
    _legacy.era = "v1"
    for name in functions.__all__:
        setattr(functions, name, _as_in_v1(name, getattr(functions, name)))
    for name in _SCALED:
        _take_scales(getattr(links, name))
    for name in _PARAMETRIC:
        setattr(functions, name, getattr(links, name))
    for name in _classes._CLASSES:
        setattr(functions, name, _classes.find(name))
    Link.__call__ = _link_call(Link.__call__)  # type: ignore[method-assign]
    Variable.volatile = property(_volatile, _set_volatile)  # type: ignore[attr-defined]
    for name, method in _OPTIMIZER.items():
        setattr(Optimizer, name, method)
    from renkei.compat import chainer

    chainer.FunctionSet = FunctionSet  # type: ignore[attr-defined]
    cuda.init = lambda device=None: cuda.check_cuda_available()  # type: ignore[attr-defined]


def _mode(options: dict[str, Any]) -> contextlib.AbstractContextManager[Any]:
    """The block in which ``train=`` or ``test=`` holds; takes them out of the arguments."""
    for name in _IGNORED:
        options.pop(name, None)
    train = options.pop("train", None)
    test = options.pop("test", None)
    if train is None and test is None:
        return contextlib.nullcontext()
    return using_config("train", bool(train) if train is not None else not test)


def _as_in_v1(name: str, function: Any) -> Any:
    order = _ORDERS.get(name, "").split()

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if order:
            options = dict(zip(order, args)) | options
            args = ()
        elif name == "simplified_dropconnect":  # its argument `train` is still there
            return function(*args, **options)
        with _mode(options):
            return function(*args, **options)

    return call


def _take_scales(cls: Any) -> None:
    """Lets a link take ``wscale`` and ``bias``, and what cuDNN once wanted to know."""
    make = cls.__init__

    @functools.wraps(make)
    def init(self: Any, *args: Any, **options: Any) -> None:
        for name in _IGNORED:
            options.pop(name, None)
        scale = options.pop("wscale", 1)
        if scale != 1:
            options["initialW"] = _scaled(options.get("initialW"), math.sqrt(scale))
        bias = options.pop("bias", None)
        if bias is not None:
            options.setdefault("initial_bias", bias)
        make(self, *args, **options)

    cls.__init__ = init


def _scaled(initial: Any, scale: float) -> Any:
    if initial is None:
        return LeCunNormal(scale)
    if isinstance(initial, (int, float, *get_array_types())):
        return initial * scale
    return initial


def _link_call(original: Any) -> Any:
    @functools.wraps(original)
    def call(self: Any, *args: Any, **options: Any) -> Any:
        if type(self).__module__.partition(".")[0] != "renkei":
            return original(self, *args, **options)
        with _mode(options):
            return original(self, *args, **options)

    return call


def _volatile(self: Any) -> bool:
    """Whether the Variable is left out of graphs."""
    return not self.requires_grad


def _set_volatile(self: Any, value: Any) -> None:
    if _legacy.is_on(value):
        self.unchain()
        self._edge = None


class FunctionSet(Chain):
    r"""A Chain to whose attributes links can be assigned at any time.

    Args:
        links: links by name.
    """

    def __init__(self, **links: Any) -> None:
        super().__init__()
        for name, link in links.items():
            setattr(self, name, link)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Link) and not name.startswith("_"):
            with self.init_scope():
                super().__setattr__(name, value)
        else:
            super().__setattr__(name, value)

    def collect_parameters(self) -> Any:
        """What an optimizer is set up with: the set itself."""
        return self

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The arrays of all parameters, in the order of ``params``."""
        return tuple(p.array for p in self.params())

    @parameters.setter
    def parameters(self, arrays: Any) -> None:
        for p, array in zip(self.params(), arrays, strict=True):
            p.array = array

    @property
    def gradients(self) -> tuple[Any, ...]:
        """The gradients of all parameters."""
        return tuple(p.grad for p in self.params())

    @gradients.setter
    def gradients(self, arrays: Any) -> None:
        for p, array in zip(self.params(), arrays, strict=True):
            p.grad = array

    def copy_parameters_from(self, params: Any) -> None:
        """Copies values into the parameters."""
        for p, array in zip(self.params(), params, strict=True):
            p.copydata(Variable(array))


def _use_cleargrads(self: Any, use: bool = True) -> None:
    """Gradients are always cleared, not zeroed."""


def _zero_grads(self: Any) -> None:
    """Clears the gradients of the target."""
    self.target.cleargrads()


def _accumulate_grads(self: Any, grads: Any) -> None:
    """Adds gradients to those of the target."""
    for p, grad in zip(self.target.params(), grads, strict=True):
        p.grad = grad if p.grad is None else p.grad + grad


def _compute_grads_norm(self: Any) -> float:
    """The Euclidean norm of all gradients together."""
    return math.sqrt(sum(float((p.grad**2).sum()) for p in self.target.params()))


def _clip_grads(self: Any, maxnorm: float) -> None:
    """Scales the gradients down to a norm."""
    rate = maxnorm / max(_compute_grads_norm(self), maxnorm)
    for p in self.target.params():
        p.grad = p.grad * p.grad.dtype.type(rate)


def _weight_decay(self: Any, decay: float) -> None:
    """Adds the weights, times a rate, to the gradients."""
    for p in self.target.params():
        p.grad = p.grad + p.array * p.array.dtype.type(decay)


_OPTIMIZER = {
    "accumulate_grads": _accumulate_grads,
    "clip_grads": _clip_grads,
    "compute_grads_norm": _compute_grads_norm,
    "use_cleargrads": _use_cleargrads,
    "weight_decay": _weight_decay,
    "zero_grads": _zero_grads,
}
