"""renkei train: trains a network on data from files, without code."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.cli.config import Table, read_config
from renkei.cli.recipe import _RECIPE_KEY, DIGITS, Recipe, rate_name
from renkei.core.config import scoped
from renkei.core.device import get_device
from renkei.core.errors import (
    ConfigError,
    DtypeError,
    MissingExtra,
    RangeError,
    ShapeError,
    require,
)
from renkei.core.random import seed
from renkei.datasets.convert import concat_examples
from renkei.iterators.serial import SerialIterator
from renkei.links.classifier import Classifier
from renkei.serializers.atomic import atomic_write
from renkei.serializers.npz import load_npz, save_npz
from renkei.training import StandardUpdater, Trainer, extensions, make_extension

__all__ = ["add_parser", "train"]


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "train",
        help="train a network on the built-in digits or as a configuration file says",
        description="Trains on scikit-learn's handwritten digits (`renkei train digits`) or as "
        "a .json or .toml file says: model, data, optimizer, schedule, train.",
    )
    parser.add_argument("config", help="`digits`, or a configuration file (.json, .toml)")
    parser.add_argument("--out", help="output directory (default: result)")
    parser.add_argument("--epochs", type=int, help="how many times to go through the data")
    parser.add_argument("--batch-size", type=int, help="examples in a step")
    parser.add_argument("--seed", type=int, help="of the random numbers (default: 0)")
    parser.add_argument("--device", help="@numpy or @cupy:N")
    parser.add_argument("--resume", metavar="SNAPSHOT", help="go on from a snapshot")
    parser.add_argument("--no-plots", action="store_true", help="draw no pictures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the training that the command line asks for."""
    config = Table(DIGITS, "") if options.config == "digits" else read_config(options.config)
    recipe = Recipe.read(
        config,
        out=options.out,
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
        device=options.device,
    )
    train(recipe, resume=options.resume, plots=not options.no_plots)
    return 0


def train(recipe: Recipe, resume: str | None = None, plots: bool = True) -> dict[str, Any]:
    """Trains, reports test accuracy, saves weights and pictures; returns the figures."""
    spec, data = recipe.train, recipe.data
    seed(spec.seed)
    model = Classifier(recipe.model.build(len(data.classes)))
    _fill(recipe, model)
    trainer = _trainer(recipe, model, plots and _can_plot())
    if resume:
        load_npz(resume, trainer)
    print(
        f"{recipe.model.name}: {model.count_params():,} parameters, {len(data.train):,} training "
        f"and {len(data.test):,} test examples of {len(data.classes)} classes"
    )
    start = time.perf_counter()
    trainer.run()
    seconds = time.perf_counter() - start
    confusion = _confusion(model.predictor, data, spec)
    accuracy = float(np.trace(confusion) / confusion.sum())
    _save(recipe, model, confusion, plots and _can_plot())
    figures = {"test_accuracy": accuracy, "seconds": seconds, "parameters": model.count_params()}
    with atomic_write(os.path.join(spec.out, "figures.json"), "w") as file:
        json.dump(figures, file, indent=2)
    _tell(recipe, accuracy, seconds)
    return figures


def _fill(recipe: Recipe, model: Any) -> None:
    """Fills the sizes that were left open, and finds out whether model and data fit."""
    x = concat_examples([recipe.data.train[0]], None)[0]
    try:
        with scoped(train=False, enable_backprop=False):
            y = model.predictor(x)
    except (ShapeError, DtypeError, RangeError) as error:
        got = f"{recipe.model.name!r}, which cannot take an example of shape {x.shape[1:]}"
        raise ConfigError("model.name", got, "a model for this data", f"{error}") from error
    wanted = (1, len(recipe.data.classes))
    if y.shape != wanted:
        got = f"{recipe.model.name!r}, which returns {y.shape} for one example"
        raise ConfigError("model.name", got, f"a model that returns {wanted}: a score a class")


def _trainer(recipe: Recipe, model: Any, plots: bool) -> Trainer:
    spec, data = recipe.train, recipe.data
    optimizer, hooks = recipe.optimizer
    model.to_device(get_device(spec.device))
    optimizer.setup(model)
    for hook in hooks:
        optimizer.add_hook(hook)
    batches = SerialIterator(data.train, spec.batch_size)
    tests = SerialIterator(data.test, max(spec.batch_size, 256), repeat=False, shuffle=False)
    updater = StandardUpdater(batches, optimizer, device=spec.device)
    trainer = Trainer(updater, (spec.epochs, "epoch"), out=spec.out)
    trainer.extend(extensions.Evaluator(tests, model, device=spec.device))
    _schedule(recipe, trainer, optimizer)
    columns = ["main/loss", "main/accuracy", "validation/main/loss", "validation/main/accuracy"]
    trainer.extend(extensions.FailOnNonNumber(), trigger=(1, "epoch"))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(["epoch", *columns, "elapsed_time"]))
    if plots:
        curves = extensions.PlotReport([columns[1], columns[3]], "epoch", filename="accuracy.png")
        trainer.extend(curves, name="accuracy_plot")
        curves = extensions.PlotReport([columns[0], columns[2]], "epoch", filename="loss.png")
        trainer.extend(curves, name="loss_plot")
    trainer.extend(extensions.snapshot(filename="snapshot.npz"))
    try:
        require("tqdm", extra="progress")
        trainer.extend(extensions.ProgressBar())
    except MissingExtra:
        pass
    return trainer


def _schedule(recipe: Recipe, trainer: Trainer, optimizer: Any) -> None:
    """Sets the learning rate before every iteration, from how far training has come."""
    kind = recipe.schedule["kind"]
    if kind == "constant":
        return
    attribute = rate_name(optimizer) or "lr"
    first = getattr(optimizer, attribute)
    total = recipe.train.epochs
    rate, every = recipe.schedule.get("rate", 1.0), recipe.schedule.get("every", 1)
    factors: dict[str, Callable[[float], float]] = {
        "cosine": lambda epoch: 0.5 * (1 + math.cos(math.pi * min(epoch / total, 1.0))),
        "exponential": lambda epoch: rate ** int(epoch),
        "step": lambda epoch: rate ** (int(epoch) // every),
    }

    @make_extension(trigger=(1, "iteration"), default_name="schedule")
    def shift(progress: Any) -> None:
        setattr(optimizer, attribute, first * factors[kind](progress.epoch_detail))

    trainer.extend(shift)


def _can_plot() -> bool:
    try:
        require("matplotlib", extra="plot")
    except MissingExtra as error:
        print(f"No pictures: {error}", file=sys.stderr)
        return False
    return True


def _confusion(predictor: Any, data: Any, spec: Any) -> Any:
    """Counts of (true class, predicted class) over the test data."""
    counts = np.zeros((len(data.classes),) * 2, np.int64)
    device = get_device(spec.device)
    with scoped(train=False, enable_backprop=False):
        for batch in SerialIterator(data.test, 256, repeat=False, shuffle=False):
            x, t = concat_examples(batch, device)
            y = np.asarray(predictor(x)).argmax(axis=1)
            np.add.at(counts, (get_device("@numpy").send(t), y), 1)
    return counts


def _save(recipe: Recipe, model: Any, confusion: Any, plots: bool) -> None:
    out = recipe.train.out
    weights = {**model.predictor.state(), _RECIPE_KEY: recipe.describe()}
    save_npz(os.path.join(out, "model.npz"), weights)
    if plots:
        _draw_confusion(os.path.join(out, "confusion.png"), confusion, recipe.data.classes)


def _draw_confusion(path: str, counts: Any, classes: list[str]) -> None:
    figure = require("matplotlib.figure", extra="plot").Figure((6, 5.4), layout="constrained")
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(picture, label="share of the true class")
    places = range(len(classes))
    axes.set(xticks=places, yticks=places, xlabel="predicted class", ylabel="true class")
    axes.set_xticklabels(classes)
    axes.set_yticklabels(classes)
    if len(classes) <= 30:
        for i, j in np.argwhere(counts):
            color = "white" if shares[i, j] > 0.5 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=color)
    with atomic_write(path) as file:
        figure.savefig(file, format="png")


def _tell(recipe: Recipe, accuracy: float, seconds: float) -> None:
    out = recipe.train.out
    print(f"\ntest accuracy: {accuracy:.4f} after {seconds:.1f} seconds")
    for title, name in (
        ("weights", "model.npz"),
        ("learning curve", "accuracy.png"),
        ("confusion matrix", "confusion.png"),
    ):
        path = os.path.join(out, name)
        if os.path.exists(path):
            print(f"{title + ':':<17} {path}")
    if recipe.data.prepare:
        print(f"predict with:     renkei predict {os.path.join(out, 'model.npz')} IMAGE.png")
