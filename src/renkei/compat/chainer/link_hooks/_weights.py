"""Hooks that change the weight of a link for the time of each call."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.compat.chainer.link_hook import LinkHook
from renkei.compat.chainer.variable import Parameter
from renkei.core.config import current
from renkei.functions import broadcast_to, matmul, mean, moveaxis, reshape, sqrt
from renkei.functions import sum as sum_of
from renkei.links.link import State

__all__ = ["SpectralNormalization", "WeightStandardization"]


class _Reweighting(LinkHook):
    """The base: puts another weight in the place of the parameter while the link runs."""

    weight_name = "W"

    def _weight(self, link: Any) -> Any:
        raise NotImplementedError

    def _prepare(self, link: Any) -> None:
        """Called once, when the weight has its size."""

    def added(self, link: Any) -> None:
        """Called when the hook is added; it needs one link with a weight."""
        if link is None:
            raise NotImplementedError("This hook is not supposed to be used as context manager.")
        if not hasattr(link, self.weight_name):
            raise ValueError(f"Weight '{self.weight_name}' does not exist!")
        self._ready = False
        if getattr(link, self.weight_name).array is not None:
            self._make_ready(link)

    def _make_ready(self, link: Any) -> None:
        self._ready = True
        self._prepare(link)

    def forward_preprocess(self, args: Any) -> None:
        link = args.link
        weight = getattr(link, self.weight_name)
        if weight.array is None:
            self._initialize(link, args.args[0])
        if not self._ready:
            self._make_ready(link)
        self._original = getattr(link, self.weight_name)
        object.__setattr__(link, self.weight_name, self._weight(link))

    def forward_postprocess(self, args: Any) -> None:
        object.__setattr__(args.link, self.weight_name, self._original)
        self._original = None

    def _initialize(self, link: Any, x: Any) -> None:
        """Makes a weight of open size for an input."""
        from renkei.links.conv import _Convolution

        if isinstance(link, _Convolution):
            link._fill(x)
        else:
            getattr(link, self.weight_name).initialize((link.out_size, x.size // x.shape[0]))


class SpectralNormalization(_Reweighting):
    r"""Divides the weight by its largest singular value, found by power iteration.

    Miyato et al., "Spectral normalization for generative adversarial networks" (2018).

    Args:
        n_power_iteration: the number of iterations for each call while training.
        eps: a small constant against division by zero.
        use_gamma: multiply by a trained scalar that begins with the singular value.
        factor: multiply by a constant.
        weight_name: the name of the weight.
        name: of the hook.

    >>> import numpy as np
    >>> from renkei.compat.chainer import link_hooks, links
    >>> layer = links.Linear(3, 3).add_hook(link_hooks.SpectralNormalization(50))
    >>> y = layer(np.eye(3, dtype=np.float32))
    >>> round(float(np.linalg.svd(y.array)[1][0]), 3)
    1.0
    """

    name = "SpectralNormalization"

    def __init__(
        self,
        n_power_iteration: int = 1,
        eps: float = 1e-6,
        use_gamma: bool = False,
        factor: float | None = None,
        weight_name: str = "W",
        name: str | None = None,
    ) -> None:
        if n_power_iteration < 1:
            raise ValueError("n_power_iteration must be at least 1")
        self.n_power_iteration, self.eps = n_power_iteration, eps
        self.use_gamma, self.factor, self.weight_name = use_gamma, factor, weight_name
        self.vector_name, self.axis = weight_name + "_u", 0
        self.name = name or type(self).name

    def added(self, link: Any) -> None:
        from renkei.links.conv import Deconvolution2D, DeconvolutionND

        self.axis = int(isinstance(link, (Deconvolution2D, DeconvolutionND)))
        super().added(link)

    def deleted(self, link: Any) -> None:
        """Takes away what the hook has registered."""
        for name in (self.vector_name, "gamma") if self.use_gamma else (self.vector_name,):
            if hasattr(link, name):
                delattr(link, name)

    def reshape_W(self, W: Any) -> Any:
        """The weight as a matrix with a row for each output."""
        if self.axis:
            W = moveaxis(W, self.axis, 0)
        return reshape(W, (W.shape[0], -1))

    def _prepare(self, link: Any) -> None:
        weight = getattr(link, self.weight_name)
        u = np.random.normal(size=(weight.shape[self.axis],)).astype(weight.dtype)
        setattr(link, self.vector_name, State(weight.device.send(u)))
        if self.use_gamma:
            matrix = self.reshape_W(weight.array)
            largest = weight.xp.linalg.svd(matrix, compute_uv=False)[0]
            with link.init_scope():
                link.gamma = Parameter(weight.xp.asarray(largest, weight.dtype))

    def _weight(self, link: Any) -> Any:
        return self.normalize_weight(link)

    def normalize_weight(self, link: Any) -> Any:
        """The weight divided by its largest singular value."""
        weight = getattr(link, self.weight_name)
        matrix = self.reshape_W(weight)
        u = getattr(link, self.vector_name)
        u, v = self._iterated(u, matrix.array)
        if current().train:
            getattr(link, self.vector_name)[...] = u
        sigma = sum_of(reshape(u, (-1, 1)) * matmul(matrix, reshape(v, (-1, 1))))
        scaled = weight / broadcast_to(sigma, weight.shape)
        if self.factor is not None:
            scaled = scaled * self.factor
        if self.use_gamma:
            scaled = scaled * broadcast_to(link.gamma, weight.shape)
        return scaled

    def _iterated(self, u: Any, matrix: Any) -> tuple[Any, Any]:
        for _ in range(self.n_power_iteration):
            v = self._unit(u @ matrix)
            u = self._unit(matrix @ v)
        return u, v

    def _unit(self, x: Any) -> Any:
        return x / (float((x * x).sum()) ** 0.5 + self.eps)


class WeightStandardization(_Reweighting):
    r"""Gives each output's weights mean 0 and variance 1.

    Qiao et al., "Weight standardization" (2019).

    Args:
        eps: a small constant against division by zero.
        weight_name: the name of the weight.
        name: of the hook.
    """

    name = "WeightStandardization"

    def __init__(
        self, *, eps: float = 1e-5, weight_name: str = "W", name: str | None = None
    ) -> None:
        self.eps, self.weight_name, self.name = eps, weight_name, name or type(self).name

    def _weight(self, link: Any) -> Any:
        weight = getattr(link, self.weight_name)
        axes = tuple(range(1, weight.ndim))
        centred = weight - broadcast_to(mean(weight, axis=axes, keepdims=True), weight.shape)
        variance = mean(centred * centred, axis=axes, keepdims=True)
        return centred / broadcast_to(sqrt(variance + self.eps), weight.shape)
