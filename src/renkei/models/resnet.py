"""ResNet: blocks that add to what they were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from renkei.core.errors import RangeError
from renkei.functions.activation import relu
from renkei.functions.pooling import max_pooling_2d
from renkei.functions.reduction import mean
from renkei.functions.softmax import softmax
from renkei.initializers import HeNormal
from renkei.links.chain import Chain
from renkei.links.conv import Convolution2D
from renkei.links.linear import Linear
from renkei.links.normalization import BatchNormalization
from renkei.models.feature_extractor import FeatureExtractor, fill, prepare_image

__all__ = [
    "BottleneckA",
    "BottleneckB",
    "BuildingBlock",
    "ResNet50Layers",
    "ResNet101Layers",
    "ResNet152Layers",
    "ResNetLayers",
    "prepare",
]

_MEAN = (103.063, 115.903, 123.152)
_DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}  # blocks of each stage


class ResNetLayers(FeatureExtractor):
    r"""Residual networks with 50, 101 or 152 layers: :math:`y = \mathrm{relu}(x + f(x))`.

    Layers are ``conv1``, ``pool1``, ``res2``, ``res3``, ``res4``, ``res5``, ``pool5``, ``fc6`` and
    ``prob``. Weights are those of Chainer and Caffe, in an npz file. Images may be of any size.

    Args:
        pretrained_model: a path of an npz file; ``"auto"``: ``ResNet-50-model.npz`` in
            ``pfnet/chainer/models`` under the root of data sets; None: random weights.
        n_layers: 50, 101 or 152.
        downsample_fb: let the 3x3 convolutions take the steps of 2, as in Facebook's networks, and
            not the 1x1 convolutions before them.

    Raises:
        RangeError: ``n_layers`` is another number.
        LoadError: there is no such file, or it does not fit.

    He et al., "Deep residual learning for image recognition" (2015).
    """

    _feature: ClassVar[str] = "pool5"
    _mean: ClassVar[tuple[float, float, float]] = _MEAN
    _widths: ClassVar[tuple[int, ...]] = (64, 128, 256, 512)  # within the blocks of each stage

    def __init__(
        self, pretrained_model: Any = "auto", n_layers: int = 50, downsample_fb: bool = False
    ) -> None:
        super().__init__()
        if n_layers not in _DEPTHS:
            raise RangeError("ResNetLayers(...)", f"n_layers={n_layers!r}", "50, 101 or 152")
        self.n_layers = n_layers
        self._file = f"ResNet-{n_layers}-model.npz"  # type: ignore[misc]
        init = fill(pretrained_model, HeNormal())
        width = self._widths[0]
        self.conv1 = Convolution2D(3, width, 7, 2, 3, **init)
        self.bn1 = BatchNormalization(width)
        for i, (mid, depth) in enumerate(zip(self._widths, _DEPTHS[n_layers])):
            sizes = depth, width, mid, 4 * mid, 1 if i == 0 else 2
            block = BuildingBlock(*sizes, init["initialW"], downsample_fb)
            setattr(self, f"res{i + 2}", block)
            width = 4 * mid
        self.fc6 = Linear(width, 1000, **fill(pretrained_model, None))
        self._load(pretrained_model)

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """The layers by name in order, each a list of functions to apply."""
        return {
            "conv1": [self.conv1, self.bn1, relu],
            "pool1": [_pool],
            **{f"res{i}": [self[f"res{i}"]] for i in range(2, 6)},
            "pool5": [_global_average],
            "fc6": [self.fc6],
            "prob": [softmax],
        }


class ResNet50Layers(ResNetLayers):
    r"""A residual network with 50 layers; see ``ResNetLayers``.

    Args:
        pretrained_model: a path of an npz file, ``"auto"`` or None.
        downsample_fb: let the 3x3 convolutions take the steps of 2.

    Raises:
        LoadError: there is no such file, or it does not fit.
    """

    def __init__(self, pretrained_model: Any = "auto", downsample_fb: bool = False) -> None:
        super().__init__(pretrained_model, 50, downsample_fb)


class ResNet101Layers(ResNetLayers):
    r"""A residual network with 101 layers; see ``ResNetLayers``.

    Args:
        pretrained_model: a path of an npz file, ``"auto"`` or None.
        downsample_fb: let the 3x3 convolutions take the steps of 2.

    Raises:
        LoadError: there is no such file, or it does not fit.
    """

    def __init__(self, pretrained_model: Any = "auto", downsample_fb: bool = False) -> None:
        super().__init__(pretrained_model, 101, downsample_fb)


class ResNet152Layers(ResNetLayers):
    r"""A residual network with 152 layers; see ``ResNetLayers``.

    Args:
        pretrained_model: a path of an npz file, ``"auto"`` or None.
        downsample_fb: let the 3x3 convolutions take the steps of 2.

    Raises:
        LoadError: there is no such file, or it does not fit.
    """

    def __init__(self, pretrained_model: Any = "auto", downsample_fb: bool = False) -> None:
        super().__init__(pretrained_model, 152, downsample_fb)


class BuildingBlock(Chain):
    r"""One stage: a block ``a`` that changes the size, and blocks ``b1``, ``b2`` ... that keep it.

    Args:
        n_layers: the number of blocks.
        in_channels: input channels.
        mid_channels: channels within the blocks.
        out_channels: output channels.
        stride: the step of the first block.
        initialW: what fills the weights; None: LeCunNormal.
        downsample_fb: let the 3x3 convolution take the step.

    >>> from renkei.models.resnet import BuildingBlock
    >>> BuildingBlock(2, 3, 2, 8, 2)(np.ones((1, 3, 8, 8), np.float32)).shape
    (1, 8, 4, 4)
    """

    def __init__(
        self,
        n_layers: int,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int,
        initialW: Any = None,
        downsample_fb: bool = False,
    ) -> None:
        super().__init__()
        sizes = in_channels, mid_channels, out_channels
        self.a = BottleneckA(*sizes, stride, initialW, downsample_fb)
        self._order = ["a", *(f"b{i}" for i in range(1, n_layers))]
        for name in self._order[1:]:
            setattr(self, name, BottleneckB(out_channels, mid_channels, initialW))

    def forward(self, x: Any) -> Any:
        """Applies the blocks: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        for name in self._order:  # not the order of attributes, in which b10 comes before b2
            x = self[name](x)
        return x


class BottleneckA(Chain):
    r"""Convolutions of 1x1, 3x3 and 1x1 pixels, added to a 1x1 convolution of the input.

    Args:
        in_channels: input channels.
        mid_channels: channels between.
        out_channels: output channels.
        stride: the step in pixels.
        initialW: what fills the weights; None: LeCunNormal.
        downsample_fb: let the 3x3 convolution take the step, not the first one.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 2,
        initialW: Any = None,
        downsample_fb: bool = False,
    ) -> None:
        super().__init__()
        first, second = (1, stride) if downsample_fb else (stride, 1)
        init = {"initialW": initialW, "nobias": True}
        self.conv1 = Convolution2D(in_channels, mid_channels, 1, first, **init)
        self.bn1 = BatchNormalization(mid_channels)
        self.conv2 = Convolution2D(mid_channels, mid_channels, 3, second, 1, **init)
        self.bn2 = BatchNormalization(mid_channels)
        self.conv3 = Convolution2D(mid_channels, out_channels, 1, **init)
        self.bn3 = BatchNormalization(out_channels)
        self.conv4 = Convolution2D(in_channels, out_channels, 1, stride, **init)
        self.bn4 = BatchNormalization(out_channels)

    def forward(self, x: Any) -> Any:
        """Applies the block: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        return relu(_bottleneck(self, x) + self.bn4(self.conv4(x)))


class BottleneckB(Chain):
    r"""Convolutions of 1x1, 3x3 and 1x1 pixels, added to the input.

    Args:
        in_channels: input and output channels.
        mid_channels: channels between.
        initialW: what fills the weights; None: LeCunNormal.
    """

    def __init__(self, in_channels: int, mid_channels: int, initialW: Any = None) -> None:
        super().__init__()
        init = {"initialW": initialW, "nobias": True}
        self.conv1 = Convolution2D(in_channels, mid_channels, 1, **init)
        self.bn1 = BatchNormalization(mid_channels)
        self.conv2 = Convolution2D(mid_channels, mid_channels, 3, pad=1, **init)
        self.bn2 = BatchNormalization(mid_channels)
        self.conv3 = Convolution2D(mid_channels, in_channels, 1, **init)
        self.bn3 = BatchNormalization(in_channels)

    def forward(self, x: Any) -> Any:
        """Applies the block: x and y (batch, in_channels, h, w)."""
        return relu(_bottleneck(self, x) + x)


def prepare(image: Any, size: tuple[int, int] | None = (224, 224)) -> Any:
    r"""Makes of an image the array that the residual networks were trained on.

    Args:
        image: a PIL image or an array of 0 to 255.
        size: (width, height) that it is resized to; None: as it is.

    Returns:
        Array (3, height, width) of blue, green and red, less their means.

    >>> from renkei.models.resnet import prepare
    >>> prepare(np.zeros((8, 8, 3), np.uint8), None).shape
    (3, 8, 8)
    """
    return prepare_image(image, size, _MEAN)


def _bottleneck(block: Any, x: Any) -> Any:
    h = relu(block.bn1(block.conv1(x)))
    h = relu(block.bn2(block.conv2(h)))
    return block.bn3(block.conv3(h))


def _pool(x: Any) -> Any:
    return max_pooling_2d(x, 3, stride=2)


def _global_average(x: Any) -> Any:
    return mean(x, axis=(2, 3))
