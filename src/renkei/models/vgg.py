"""VGG: stages of 3x3 convolutions and three wide layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from renkei.core.errors import RangeError
from renkei.functions.activation import relu
from renkei.functions.noise import dropout
from renkei.functions.pooling import max_pooling_2d
from renkei.functions.softmax import softmax
from renkei.initializers import Normal
from renkei.links.conv import Convolution2D
from renkei.links.linear import Linear
from renkei.models.feature_extractor import FeatureExtractor, fill, prepare_image

__all__ = ["VGG16Layers", "VGG19Layers", "VGGLayers", "prepare"]

_MEAN = (103.939, 116.779, 123.68)
_DEPTHS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # convolutions of each stage


class VGGLayers(FeatureExtractor):
    r"""The networks of the Visual Geometry Group, with 16 or 19 layers that hold parameters.

    Layers are ``conv1_1``, ``conv1_2``, ``pool1`` ... ``pool5``, ``fc6``, ``fc7``, ``fc8`` and
    ``prob``. Weights are those of Chainer and Caffe, in an npz file.

    Args:
        pretrained_model: a path of an npz file; ``"auto"``: ``VGG_ILSVRC_16_layers.npz`` in
            ``pfnet/chainer/models`` under the root of data sets; None: random weights.
        n_layers: 16 or 19.

    Raises:
        RangeError: ``n_layers`` is another number.
        LoadError: there is no such file, or it does not fit.

    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition"
    (2014).
    """

    _feature: ClassVar[str] = "fc7"
    _mean: ClassVar[tuple[float, float, float]] = _MEAN
    _widths: ClassVar[tuple[int, ...]] = (64, 128, 256, 512, 512)
    _hidden: ClassVar[int] = 4096

    def __init__(self, pretrained_model: Any = "auto", n_layers: int = 16) -> None:
        super().__init__()
        if n_layers not in _DEPTHS:
            raise RangeError("VGGLayers(...)", f"n_layers={n_layers!r}", "16 or 19")
        self.n_layers = n_layers
        self._file = f"VGG_ILSVRC_{n_layers}_layers.npz"  # type: ignore[misc]
        init = fill(pretrained_model, Normal(0.01))
        width = 3
        for name, out in zip(self._convolutions(), self._outs()):
            setattr(self, name, Convolution2D(width, out, 3, pad=1, **init))
            width = out
        self.fc6 = Linear(width * 7 * 7, self._hidden, **init)
        self.fc7 = Linear(self._hidden, self._hidden, **init)
        self.fc8 = Linear(self._hidden, 1000, **init)
        self._load(pretrained_model)

    def _convolutions(self) -> list[str]:
        depths = _DEPTHS[self.n_layers]
        return [f"conv{i + 1}_{j + 1}" for i, depth in enumerate(depths) for j in range(depth)]

    def _outs(self) -> list[int]:
        depths = _DEPTHS[self.n_layers]
        return [width for width, depth in zip(self._widths, depths) for _ in range(depth)]

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """The layers by name in order, each a list of functions to apply."""
        found: dict[str, list[Any]] = {}
        for i, depth in enumerate(_DEPTHS[self.n_layers], 1):
            names = [f"conv{i}_{j + 1}" for j in range(depth)]
            found.update({name: [self[name], relu] for name in names})
            found[f"pool{i}"] = [_pool]
        found["fc6"] = [self.fc6, relu, dropout]
        found["fc7"] = [self.fc7, relu, dropout]
        return {**found, "fc8": [self.fc8], "prob": [softmax]}


class VGG16Layers(VGGLayers):
    r"""VGG with 16 layers: 13 convolutions and 3 linear layers; see ``VGGLayers``.

    Args:
        pretrained_model: a path of an npz file, ``"auto"`` or None.

    Raises:
        LoadError: there is no such file, or it does not fit.
    """

    def __init__(self, pretrained_model: Any = "auto") -> None:
        super().__init__(pretrained_model, 16)


class VGG19Layers(VGGLayers):
    r"""VGG with 19 layers: 16 convolutions and 3 linear layers; see ``VGGLayers``.

    Args:
        pretrained_model: a path of an npz file, ``"auto"`` or None.

    Raises:
        LoadError: there is no such file, or it does not fit.
    """

    def __init__(self, pretrained_model: Any = "auto") -> None:
        super().__init__(pretrained_model, 19)


def prepare(image: Any, size: tuple[int, int] | None = (224, 224)) -> Any:
    r"""Makes of an image the array that VGG was trained on.

    Args:
        image: a PIL image or an array of 0 to 255.
        size: (width, height) that it is resized to; None: as it is.

    Returns:
        Array (3, height, width) of blue, green and red, less their means.

    >>> from renkei.models.vgg import prepare
    >>> prepare(np.zeros((8, 8, 3), np.uint8)).shape
    (3, 224, 224)
    """
    return prepare_image(image, size, _MEAN)


def _pool(x: Any) -> Any:
    return max_pooling_2d(x, 2)
