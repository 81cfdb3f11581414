"""A recipe: all that a training needs, read from a configuration and checked before work begins."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from renkei import optimizers
from renkei.cli.config import Table
from renkei.core.device import get_device
from renkei.core.errors import DataError, LoadError, RenkeiError
from renkei.datasets.combine import SubDataset
from renkei.datasets.digits import get_digits, stratified_split
from renkei.datasets.files import ImageFolder, read_csv, read_npz
from renkei.links.link import Link

__all__ = ["DIGITS", "Data", "ModelSpec", "Recipe", "TrainSpec"]

_BUILT_IN = {"convnet": "renkei.models:ConvNet", "mlp": "renkei.models:MLP"}
_RECIPE_KEY = "_renkei/recipe"

# What `renkei train digits` runs.
DIGITS: dict[str, Any] = {
    "model": {"name": "convnet", "stages": [[32, 32], [64]], "dropout": 0.3},
    "data": {"kind": "digits"},
    "optimizer": {"name": "Adam", "alpha": 0.003},
    "schedule": {"kind": "cosine"},
    "train": {"epochs": 20, "batch_size": 32},
}


@dataclass
class ModelSpec:
    """Which network: a built-in name or ``package.module:Class``, and its arguments."""

    name: str
    arguments: dict[str, Any]

    @classmethod
    def read(cls, table: Table) -> ModelSpec:
        name = table.get("name", str)
        if name not in _BUILT_IN and ":" not in name:
            raise table.refuse(
                "name", repr(name), f"one of {sorted(_BUILT_IN)} or 'package.module:Class'"
            )
        return cls(name, table.rest())

    def build(self, classes: int, table: Table | None = None) -> Any:
        """The network, for a number of classes."""
        table = table or Table({}, "model")
        module, _, name = _BUILT_IN.get(self.name, self.name).partition(":")
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise table.refuse(
                "name", repr(self.name), "an importable class", str(error)
            ) from error
        # Weights from a stranger name their network, too: nothing but networks is called.
        if not (isinstance(kind, type) and issubclass(kind, Link)):
            raise table.refuse("name", repr(self.name), "the name of a Link class")
        try:
            return kind(**{"classes": classes, **self.arguments})
        except (TypeError, RenkeiError) as error:
            raise table.refuse(
                "", f"arguments {self.arguments}", f"those of {name}", f"{error}"
            ) from error


@dataclass
class Data:
    """Training and test data, the names of the classes, and how an image becomes an array."""

    train: Any
    test: Any
    classes: list[str]
    prepare: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, table: Table, seed: int) -> Data:
        kind = table.get("kind", str, choices=("csv", "digits", "images", "npz"))
        data = {"csv": _csv, "digits": _digits, "images": _images, "npz": _npz}[kind](table, seed)
        table.finish()
        if len(data.classes) < 2:
            raise DataError("The training data", f"classes {data.classes}", "at least two classes")
        return data


def _digits(table: Table, seed: int) -> Data:
    ratio = table.get("test_ratio", float, 0.2, low=0.01, high=0.9)
    train, test = get_digits(ratio, table.get("split_seed", int, 0, low=0))
    prepare = {"size": [8, 8], "mode": "L", "ink": True}
    return Data(train, test, [str(i) for i in range(10)], prepare)


def _split(table: Table, whole: Any, labels: Any, seed: int) -> tuple[Any, Any]:
    ratio = table.get("test_ratio", float, 0.2, low=0.01, high=0.9)
    train, test = stratified_split(labels, ratio, seed)
    if not len(train):
        got = f"{len(labels)} examples, all of them for the test"
        raise table.refuse("train", got, "at least two of some class")
    order = np.concatenate([train, test])
    n = len(whole)
    return SubDataset(whole, 0, len(train), order), SubDataset(whole, len(train), n, order)


def _images(table: Table, seed: int) -> Data:
    size = table.get("size", (list, int))
    size = [size, size] if isinstance(size, int) else size
    if len(size) != 2 or not all(isinstance(s, int) and s > 0 for s in size):
        raise table.refuse("size", repr(size), "[height, width] in pixels")
    prepare = {
        "size": size,
        "mode": table.get("mode", str, "RGB", choices=("L", "RGB")),
        "ink": table.get("ink", bool, False),
    }
    whole = ImageFolder(table.get("train", str), prepare)
    test_path = table.get("test", (str, type(None)), None)
    if test_path is not None:
        return Data(whole, ImageFolder(test_path, prepare, whole.classes), whole.classes, prepare)
    return Data(*_split(table, whole, whole.labels, seed), whole.classes, prepare)


def _csv(table: Table, seed: int) -> Data:
    label = table.get("label", str, "label")
    whole, classes = read_csv(table.get("train", str), label)
    test_path = table.get("test", (str, type(None)), None)
    if test_path is None:
        labels = np.array([t for _, t in whole[:]])
        return Data(*_split(table, whole, labels, seed), classes)
    test, test_classes = read_csv(test_path, label)
    unseen = sorted(set(test_classes) - set(classes))
    if unseen:
        raise table.refuse(
            "test", f"labels {unseen}", f"only those of the training data, {classes}"
        )
    position = [classes.index(name) for name in test_classes]
    renamed = [(x, np.int32(position[t])) for x, t in test[:]]
    return Data(whole, renamed, classes)


def _npz(table: Table, seed: int) -> Data:
    keys = table.get("x", str, "x"), table.get("t", str, "t")
    whole = read_npz(table.get("train", str), *keys)
    labels = np.array([t for _, t in whole[:]])
    if labels.min() < 0:
        raise table.refuse("t", f"a label {labels.min()}", "labels from 0")
    classes = [str(i) for i in range(int(labels.max()) + 1)]
    test_path = table.get("test", (str, type(None)), None)
    if test_path is None:
        return Data(*_split(table, whole, labels, seed), classes)
    test = read_npz(test_path, *keys)
    unseen = sorted({int(t) for _, t in test[:]} - set(range(len(classes))))
    if unseen:
        got, expected = (
            f"labels {unseen}",
            f"only those of the training data, 0 to {len(classes) - 1}",
        )
        raise table.refuse("test", got, expected)
    return Data(whole, test, classes)


@dataclass
class TrainSpec:
    """How long and in which steps to train."""

    epochs: int
    batch_size: int
    seed: int
    out: str
    device: str

    @classmethod
    def read(cls, table: Table) -> TrainSpec:
        spec = cls(
            table.get("epochs", int, 20, low=1),
            table.get("batch_size", int, 32, low=1),
            table.get("seed", int, 0, low=0),
            table.get("out", str, "result"),
            table.get("device", str, "@numpy"),
        )
        table.finish()
        try:
            get_device(spec.device)
        except RenkeiError as error:
            raise table.refuse(
                "device", repr(spec.device), "'@numpy' or '@cupy:N'", f"{error}"
            ) from error
        return spec


@dataclass
class Recipe:
    """A whole training, checked."""

    model: ModelSpec
    data: Data
    train: TrainSpec
    optimizer: Any
    schedule: dict[str, Any]

    @classmethod
    def read(cls, config: Table, **overrides: Any) -> Recipe:
        """Checks all parts; ``overrides`` replace values of the part ``train``."""
        parts = {name: config.table(name, required=name in ("model", "data")) for name in _PARTS}
        config.finish()
        values = {**parts["train"].rest(), **{k: v for k, v in overrides.items() if v is not None}}
        train = TrainSpec.read(Table(values, "train"))
        model = ModelSpec.read(parts["model"])
        optimizer = _optimizer(parts["optimizer"])
        schedule = _schedule(parts["schedule"], optimizer[0])
        return cls(model, Data.read(parts["data"], train.seed), train, optimizer, schedule)

    def describe(self) -> str:
        """What a prediction needs to know, as JSON, to be saved with the weights."""
        return json.dumps(
            {
                "model": {"name": self.model.name, **self.model.arguments},
                "classes": self.data.classes,
                "prepare": self.data.prepare,
            }
        )


_PARTS = ("model", "data", "optimizer", "schedule", "train")


def _optimizer(table: Table) -> Any:
    names = [n for n in optimizers.__all__ if isinstance(getattr(optimizers, n), type)]
    base = optimizers.GradientMethod  # which is none itself
    names = [n for n in names if issubclass(getattr(optimizers, n), base) and n != base.__name__]
    name = table.get("name", str, "Adam", choices=sorted(names))
    decay = table.get("weight_decay", float, 0.0, low=0.0)
    clip = table.get("gradient_clipping", float, 0.0, low=0.0)
    arguments = table.rest()
    try:
        optimizer = getattr(optimizers, name)(**arguments)
    except (TypeError, RenkeiError) as error:
        raise table.refuse(
            "name", f"{name} with {arguments}", "its arguments", str(error)
        ) from error
    hooks = [optimizers.WeightDecay(decay)] if decay else []
    hooks += [optimizers.GradientClipping(clip)] if clip else []
    return optimizer, hooks


def rate_name(optimizer: Any) -> str | None:
    """What an optimizer calls its learning rate; None if it has none."""
    return next((name for name in ("lr", "alpha") if name in optimizer.hyperparam.get_dict()), None)


def _schedule(table: Table, optimizer: Any) -> dict[str, Any]:
    kind = table.get("kind", str, "constant", choices=("constant", "cosine", "exponential", "step"))
    if kind != "constant" and rate_name(optimizer) is None:
        got = f"{kind!r} for {type(optimizer).__name__}, which has no learning rate"
        raise table.refuse("kind", got, "'constant'")
    schedule = {"kind": kind}
    if kind in ("exponential", "step"):
        schedule["rate"] = table.get("rate", float, 0.95 if kind == "exponential" else 0.1, low=0.0)
    if kind == "step":
        schedule["every"] = table.get("every", int, 10, low=1)
    table.finish()
    return schedule


def load_recipe(state: dict[str, Any], path: str) -> dict[str, Any]:
    """The description that was saved with the weights."""
    try:
        recipe = json.loads(str(state[_RECIPE_KEY]))
        _ = recipe["model"]["name"], len(recipe["classes"]), recipe["prepare"]
        return recipe
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise LoadError(
            f"{path} does not say which network it is for",
            hint="`renkei predict` reads the model.npz that `renkei train` writes.",
        ) from error
