"""Inception: windows of several sizes side by side."""

from __future__ import annotations

from typing import Any

from renkei.core.errors import RangeError, UsageError
from renkei.functions.activation import relu
from renkei.functions.join_split import concat
from renkei.functions.pooling import average_pooling_2d, max_pooling_2d
from renkei.links.chain import Chain
from renkei.links.conv import Convolution2D
from renkei.links.normalization import BatchNormalization

__all__ = ["Inception", "InceptionBN"]


class Inception(Chain):
    r"""Four paths side by side: windows of 1, 3 and 5 pixels and max pooling, as in GoogLeNet.

    .. math:: y = \mathrm{relu}\big[ \mathrm{conv}_1(x),\;
        \mathrm{conv}_3(\mathrm{relu}(\mathrm{proj}_3(x))),\;
        \mathrm{conv}_5(\mathrm{relu}(\mathrm{proj}_5(x))),\;
        \mathrm{proj}_p(\mathrm{pool}(x)) \big]

    Szegedy et al., "Going deeper with convolutions" (2015).

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out1: output channels of the path with windows of 1 pixel.
        proj3: channels before the windows of 3 by 3 pixels.
        out3: output channels of that path.
        proj5: channels before the windows of 5 by 5 pixels.
        out5: output channels of that path.
        proj_pool: output channels of the path with pooling.
        conv_init: what fills the weights; None: LeCunNormal.
        bias_init: what fills the biases; None: zeros.

    >>> L.Inception(3, 4, 2, 5, 2, 6, 7)(np.zeros((1, 3, 8, 8), np.float32)).shape
    (1, 22, 8, 8)
    """

    def __init__(
        self,
        in_channels: int | None,
        out1: int,
        proj3: int,
        out3: int,
        proj5: int,
        out5: int,
        proj_pool: int,
        conv_init: Any = None,
        bias_init: Any = None,
    ) -> None:
        super().__init__()
        fill = {"initialW": conv_init, "initial_bias": bias_init}
        self.conv1 = Convolution2D(in_channels, out1, 1, **fill)
        self.proj3 = Convolution2D(in_channels, proj3, 1, **fill)
        self.conv3 = Convolution2D(proj3, out3, 3, pad=1, **fill)
        self.proj5 = Convolution2D(in_channels, proj5, 1, **fill)
        self.conv5 = Convolution2D(proj5, out5, 5, pad=2, **fill)
        self.projp = Convolution2D(in_channels, proj_pool, 1, **fill)

    def forward(self, x: Any) -> Any:
        """Applies the layers: x (batch, in_channels, h, w), y (batch, out_channels, h, w)."""
        paths = [
            self.conv1(x),
            self.conv3(relu(self.proj3(x))),
            self.conv5(relu(self.proj5(x))),
            self.projp(max_pooling_2d(x, 3, stride=1, pad=1)),
        ]
        return relu(concat(paths, axis=1))


class InceptionBN(Chain):
    r"""Four paths side by side, each convolution normalized over the batch.

    The paths are windows of 1 pixel (none if ``out1`` is 0), of 3 by 3, twice of 3 by 3, and
    pooling, with a projection behind it unless ``proj_pool`` is None.

    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift" (2015).

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out1: output channels of the path with windows of 1 pixel; 0: there is no such path.
        proj3: channels before the windows of 3 by 3 pixels.
        out3: output channels of that path.
        proj33: channels before the two windows of 3 by 3 pixels.
        out33: output channels of that path.
        pooltype: ``"max"`` or ``"avg"``.
        proj_pool: output channels of the path with pooling; None: those that the input has.
        stride: the step of the last window of each path.
        conv_init: what fills the weights; None: LeCunNormal.
        dtype: of the parameters and averages of the normalizations.

    Raises:
        RangeError: ``pooltype`` is neither of the two.
        UsageError: ``out1`` is not 0 with a stride or without ``proj_pool``.

    >>> block = L.InceptionBN(3, 4, 2, 5, 2, 6, "max", proj_pool=7)
    >>> block(np.ones((1, 3, 8, 8), np.float32)).shape
    (1, 22, 8, 8)
    """

    def __init__(
        self,
        in_channels: int | None,
        out1: int,
        proj3: int,
        out3: int,
        proj33: int,
        out33: int,
        pooltype: str,
        proj_pool: int | None = None,
        stride: Any = 1,
        conv_init: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if pooltype not in ("max", "avg"):
            raise RangeError("InceptionBN(...)", f"pooltype={pooltype!r}", "'max' or 'avg'")
        if out1 > 0 and (stride != 1 or proj_pool is None):
            got = f"out1={out1}, stride={stride} and proj_pool={proj_pool}"
            raise UsageError("InceptionBN(...)", got, "stride=1 and a proj_pool unless out1=0")
        self.out1, self.proj_pool = out1, proj_pool
        self.stride, self.pooltype = stride, pooltype

        def layer(name: str, sizes: tuple[Any, int, int], step: Any = 1) -> None:
            conv = Convolution2D(*sizes, step, sizes[2] // 2, nobias=True, initialW=conv_init)
            setattr(self, name, conv)
            setattr(self, f"{name}n", BatchNormalization(sizes[1], dtype=dtype))

        layer("proj3", (in_channels, proj3, 1))
        layer("conv3", (proj3, out3, 3), stride)
        layer("proj33", (in_channels, proj33, 1))
        layer("conv33a", (proj33, out33, 3))
        layer("conv33b", (out33, out33, 3), stride)
        if out1 > 0:
            layer("conv1", (in_channels, out1, 1))
        if proj_pool is not None:
            layer("poolp", (in_channels, proj_pool, 1))

    def _path(self, x: Any, *names: str) -> Any:
        for name in names:
            x = relu(getattr(self, f"{name}n")(getattr(self, name)(x)))
        return x

    def forward(self, x: Any) -> Any:
        """Applies the layers: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        paths = [self._path(x, "conv1")] if self.out1 > 0 else []
        paths.append(self._path(x, "proj3", "conv3"))
        paths.append(self._path(x, "proj33", "conv33a", "conv33b"))
        if self.pooltype == "max":
            pooled = max_pooling_2d(x, 3, self.stride, pad=1, cover_all=False)
        else:
            pooled = average_pooling_2d(x, 3, self.stride, pad=1)
        paths.append(pooled if self.proj_pool is None else self._path(pooled, "poolp"))
        return concat(paths, axis=1)
