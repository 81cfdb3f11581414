"""GoogLeNet: nine inception modules, and two classifiers on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from renkei.functions.activation import relu
from renkei.functions.noise import dropout
from renkei.functions.normalization import local_response_normalization
from renkei.functions.pooling import average_pooling_2d, max_pooling_2d
from renkei.functions.softmax import softmax
from renkei.initializers import LeCunUniform
from renkei.links.conv import Convolution2D
from renkei.links.inception import Inception
from renkei.links.linear import Linear
from renkei.models.feature_extractor import FeatureExtractor, fill, prepare_image

__all__ = ["GoogLeNet", "prepare"]

_MEAN = (104.0, 117.0, 123.0)
# input channels, 1x1, 3x3 reduced, 3x3, 5x5 reduced, 5x5, pooled
_MODULES = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class GoogLeNet(FeatureExtractor):
    r"""The network of 22 layers that won ILSVRC 2014, as trained for Caffe.

    Layers are ``conv1``, ``pool1``, ``conv2_reduce``, ``conv2``, ``pool2``, ``inception_3a`` ...
    ``inception_5b``, ``pool5``, ``loss3_fc``, ``prob``, and two classifiers for training that begin
    at ``inception_4a`` and ``inception_4d``: ``loss1_fc2`` and ``loss2_fc2``.

    Args:
        pretrained_model: a path of an npz file; ``"auto"``: ``bvlc_googlenet.npz`` in
            ``pfnet/chainer/models`` under the root of data sets; None: random weights.

    Raises:
        LoadError: there is no such file, or it does not fit.

    Szegedy et al., "Going deeper with convolutions" (2015).
    """

    _feature: ClassVar[str] = "pool5"
    _file: ClassVar[str] = "bvlc_googlenet.npz"
    _mean: ClassVar[tuple[float, float, float]] = _MEAN
    _branches: ClassVar[dict[str, str]] = {
        "loss1_fc2": "inception_4a",
        "loss2_fc2": "inception_4d",
    }

    def __init__(self, pretrained_model: Any = "auto") -> None:
        super().__init__()
        init = fill(pretrained_model, LeCunUniform())
        self.conv1 = Convolution2D(3, 64, 7, 2, 3, **init)
        self.conv2_reduce = Convolution2D(64, 64, 1, **init)
        self.conv2 = Convolution2D(64, 192, 3, 1, 1, **init)
        for name, sizes in _MODULES.items():
            module = Inception(*sizes, conv_init=init["initialW"], bias_init=0)
            setattr(self, f"inc{name}", module)
        self.loss3_fc = Linear(1024, 1000, **init)
        self.loss1_conv = Convolution2D(512, 128, 1, **init)
        self.loss1_fc1 = Linear(2048, 1024, **init)
        self.loss1_fc2 = Linear(1024, 1000, **init)
        self.loss2_conv = Convolution2D(528, 128, 1, **init)
        self.loss2_fc1 = Linear(2048, 1024, **init)
        self.loss2_fc2 = Linear(1024, 1000, **init)
        self._load(pretrained_model)

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """The layers by name in order, each a list of functions to apply."""
        found: dict[str, list[Any]] = {
            "conv1": [self.conv1, relu],
            "pool1": [_pool, _normalize],
            "conv2_reduce": [self.conv2_reduce, relu],
            "conv2": [self.conv2, relu, _normalize],
            "pool2": [_pool],
        }
        for name in _MODULES:
            found[f"inception_{name}"] = [self[f"inc{name}"]]
            if name in ("3b", "4e"):
                found[f"pool{name[0]}"] = [_pool]
        found["pool5"] = [_average_7]
        found["loss3_fc"] = [_dropout, self.loss3_fc]
        found["prob"] = [softmax]
        for loss in ("loss1", "loss2"):
            conv, fc1, fc2 = (self[f"{loss}_{part}"] for part in ("conv", "fc1", "fc2"))
            found[f"{loss}_fc2"] = [_average_5, conv, relu, fc1, relu, fc2]
        return found


def prepare(image: Any, size: tuple[int, int] | None = (224, 224)) -> Any:
    r"""Makes of an image the array that GoogLeNet was trained on.

    Args:
        image: a PIL image or an array of 0 to 255.
        size: (width, height) that it is resized to; None: as it is.

    Returns:
        Array (3, height, width) of blue, green and red, less their means.

    >>> from renkei.models.googlenet import prepare
    >>> prepare(np.zeros((8, 8), np.uint8), (4, 2)).shape
    (3, 2, 4)
    """
    return prepare_image(image, size, _MEAN)


def _pool(x: Any) -> Any:
    return max_pooling_2d(x, 3, stride=2)


def _normalize(x: Any) -> Any:
    return local_response_normalization(x, n=5, k=1, alpha=1e-4 / 5)


def _average_5(x: Any) -> Any:
    return average_pooling_2d(x, 5, stride=3)


def _average_7(x: Any) -> Any:
    return average_pooling_2d(x, 7, stride=1)


def _dropout(x: Any) -> Any:
    return dropout(x, 0.4)
