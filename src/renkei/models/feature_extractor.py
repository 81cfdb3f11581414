"""FeatureExtractor: a network whose layers have names and can be asked for one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from renkei.core.config import get_dtype, no_backprop_mode, using_config
from renkei.core.errors import DataError, LoadError, RangeError, ShapeError, describe, require
from renkei.core.variable import as_variable
from renkei.datasets.download import get_dataset_directory
from renkei.functions.reduction import mean
from renkei.functions.shape import reshape
from renkei.links.chain import Chain
from renkei.serializers.npz import load_npz

__all__ = ["FeatureExtractor", "prepare_image"]

_HOME = "pfnet/chainer/models"  # where Chainer keeps the weights under the root of data sets
_CROP = 224


class FeatureExtractor(Chain):
    r"""A classifier of images with named layers: the base of VGG, ResNet and GoogLeNet.

    Subclasses define ``functions``, the name of the file of their weights, and the mean of the
    images they were trained on.

    >>> class Tiny(rk.models.FeatureExtractor):
    ...     def __init__(self):
    ...         super().__init__(fc=L.Linear(None, 5))
    ...     @property
    ...     def functions(self):
    ...         return {"fc": [self.fc, F.relu], "prob": [F.softmax]}
    >>> found = Tiny()(np.ones((2, 3, 4, 4), np.float32), layers=["fc", "prob"])
    >>> {name: y.shape for name, y in found.items()}
    {'fc': (2, 5), 'prob': (2, 5)}
    """

    _feature: ClassVar[str] = "prob"  # the layer that ``extract`` gives unless asked
    _file: ClassVar[str] = ""  # the npz file that ``pretrained_model="auto"`` stands for
    _mean: ClassVar[tuple[float, float, float]] = (0.0, 0.0, 0.0)  # of blue, green and red
    _branches: ClassVar[dict[str, str]] = {}  # layers beside the line: the layer each starts from

    @property
    def functions(self) -> dict[str, list[Callable[[Any], Any]]]:
        """The layers by name in order, each a list of functions to apply."""
        raise NotImplementedError(f"{type(self).__name__}.functions")

    @property
    def available_layers(self) -> list[str]:
        """The names of the layers in order."""
        return list(self.functions)

    def forward(self, x: Any, layers: Iterable[str] | None = None) -> dict[str, Any]:
        r"""Computes the layers that are asked for, and none behind the last of them.

        Args:
            x: array or Variable (batch, 3, height, width), prepared as ``prepare`` does.
            layers: names of layers; None: ``["prob"]``, the classes' probabilities.

        Returns:
            The Variables by name, in the order of the layers.

        Raises:
            RangeError: there is no layer of such a name.
        """
        functions, branches = self.functions, self._branches
        wanted = self._known(["prob"] if layers is None else layers)
        sources = {branches.get(name, name) for name in wanted}
        outputs: dict[str, Any] = {}
        h: Any = as_variable(x)
        for name in functions:
            if not sources - outputs.keys():
                break
            if name not in branches:
                h = _through(functions[name], h)
                outputs[name] = h if name in sources else None
        for name in wanted & branches.keys():
            outputs[name] = _through(functions[name], outputs[branches[name]])
        return {name: outputs[name] for name in functions if name in wanted}

    def _known(self, layers: Iterable[str]) -> set[str]:
        wanted = {layers} if isinstance(layers, str) else set(layers)
        unknown = sorted(wanted - self.functions.keys())
        if unknown:
            call = f"{type(self).__name__}(...)(x, layers)"
            raise RangeError(call, f"layers={unknown}", f"some of {self.available_layers}")
        return wanted

    def prepare(self, image: Any, size: tuple[int, int] | None = (224, 224)) -> Any:
        r"""Makes of an image the array that the network was trained on.

        Args:
            image: a PIL image, or an array of 0 to 255: (height, width), (channel, height, width)
                or (height, width, 3) with 1 or 3 channels, which are red, green and blue. Where
                both could be meant, the channels come first.
            size: (width, height) that it is resized to; None: as it is.

        Returns:
            Array (3, height, width) of blue, green and red, less their means.
        """
        return prepare_image(image, size, self._mean)

    def extract(
        self,
        images: Sequence[Any],
        layers: Iterable[str] | None = None,
        size: tuple[int, int] | None = (224, 224),
    ) -> dict[str, Any]:
        r"""Computes features of images. For trained weights set ``config.train`` to False.

        Args:
            images: images as ``prepare`` takes them.
            layers: names of layers; None: the last one before the classes.
            size: (width, height) that they are resized to; None: as they are.

        Returns:
            Variables by name, as ``forward`` gives them.
        """
        x = self._batch(images, size)
        return self(self.device.send(x), [self._feature] if layers is None else layers)

    def predict(self, images: Sequence[Any], oversample: bool = True) -> Any:
        r"""The probabilities of the classes, without recording and with ``config.train`` False.

        Args:
            images: images as ``prepare`` takes them; they are resized to 256 by 256 pixels.
            oversample: average over ten windows of 224 by 224 pixels: the corners, the middle, and
                their mirror images; else take the middle only.

        Returns:
            Variable (image, class).
        """
        x = self._batch(images, (256, 256))
        windows = _windows(x) if oversample else x[:, None, :, 16:240, 16:240]
        n, times = windows.shape[:2]
        with no_backprop_mode(), using_config("train", False):
            flat = windows.reshape(n * times, *windows.shape[2:])
            y = self(self.device.send(flat), ["prob"])["prob"]
            return mean(reshape(y, (n, times, *y.shape[1:])), axis=1)

    def _batch(self, images: Sequence[Any], size: tuple[int, int] | None) -> Any:
        arrays = [self.prepare(image, size) for image in images]
        shapes = {a.shape for a in arrays}
        if len(shapes) != 1:
            call = f"{type(self).__name__}.extract(images)"
            got = f"images of sizes {sorted(shapes)}" if shapes else "no images"
            raise DataError(call, got, "images of one size", "Give a size, as in size=(224, 224).")
        return np.stack(arrays)

    def _load(self, pretrained_model: Any) -> None:
        """Fills the parameters from a file: a path, or ``"auto"`` for where Chainer keeps it."""
        if pretrained_model is None:
            return
        path = Path(pretrained_model)
        if pretrained_model == "auto":
            path = Path(get_dataset_directory(_HOME, create_directory=False)) / self._file
        if not path.is_file():
            name = type(self).__name__
            raise LoadError(
                f"{name}(pretrained_model={pretrained_model!r})",
                f"no file {path}",
                "the weights as an npz file in Chainer's layout",
                "Put the file there or give its path; weights are never downloaded. "
                f"{name}(pretrained_model=None) begins with random weights.",
            )
        load_npz(path, self)


def _through(steps: list[Callable[[Any], Any]], h: Any) -> Any:
    for step in steps:
        h = step(h)
    return h


def fill(pretrained_model: Any, initial: Any) -> dict[str, Any]:
    """What fills weights and biases: zeros where a file overwrites them anyway."""
    return {"initialW": initial if pretrained_model is None else 0, "initial_bias": 0}


def prepare_image(
    image: Any, size: tuple[int, int] | None, means: tuple[float, float, float]
) -> Any:
    r"""Resizes an image and makes a (3, height, width) array of blue, green and red of it.

    Args:
        image: a PIL image or an array, see ``FeatureExtractor.prepare``.
        size: (width, height); None: as it is.
        means: what is subtracted from blue, green and red.

    Returns:
        Array (3, height, width) of the configured dtype.

    Raises:
        ShapeError: the array is no image.
        MissingExtra: Pillow is not installed.

    >>> from renkei.models.feature_extractor import prepare_image
    >>> red = np.array([[[200, 0, 0]], [[200, 0, 0]]], np.uint8)  # two pixels
    >>> prepare_image(red, None, (1, 2, 3))[:, 0, 0]
    array([ -1.,  -2., 197.], dtype=float32)
    """
    pillow = require("PIL.Image", extra="image")
    if not isinstance(image, pillow.Image):
        image = pillow.fromarray(_upright(np.asarray(image)).astype(np.uint8))
    image = image.convert("RGB")
    if size is not None:
        image = image.resize(size, pillow.Resampling.BICUBIC)
    dtype = get_dtype(None, map_mixed16=np.float32)
    pixels = np.asarray(image, dtype)[:, :, ::-1]  # pixels: (height, width, channel)
    return (pixels - np.array(means, dtype)).transpose(2, 0, 1)


def _upright(array: Any) -> Any:
    """(height, width) or (height, width, 3) of an image array with its channels anywhere."""
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and (array.ndim != 3 or array.shape[2] != 3):
        expected = "(height, width), (channel, height, width) or (height, width, 3)"
        raise ShapeError("prepare(image, size)", f"image {describe(array)}", expected)
    return array


def _windows(x: Any) -> Any:
    """(image, 10, channel, 224, 224): corners and middle of each image, and their mirror images."""
    bottom, right = x.shape[2] - _CROP, x.shape[3] - _CROP
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    windows = [x[:, :, top : top + _CROP, left : left + _CROP] for top, left in corners]
    return np.stack([*windows, *(w[..., ::-1] for w in windows)], axis=1)
