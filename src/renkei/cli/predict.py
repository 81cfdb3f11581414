"""renkei predict: what a trained network sees in image files."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from renkei.cli.recipe import ModelSpec, load_recipe
from renkei.core.config import scoped
from renkei.core.errors import DataError, LoadError
from renkei.datasets.files import prepare_image
from renkei.functions.softmax import softmax
from renkei.serializers.npz import read_npz_state

__all__ = ["add_parser", "predict"]


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("predict", help="classify image files with trained weights")
    parser.add_argument("model", help="the model.npz that `renkei train` wrote")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image files")
    parser.add_argument("--json", action="store_true", help="print one JSON object an image")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the class of each image with the probabilities of all."""
    rows = predict(options.model, options.images)
    for path, (label, shares) in zip(options.images, rows, strict=True):
        if options.json:
            print(json.dumps({"image": path, "class": label, "probabilities": shares}))
            continue
        print(f"{path}: {label} ({shares[label]:.1%})")
        ordered = sorted(shares.items(), key=lambda item: -item[1])
        print("  " + "  ".join(f"{name}: {share:.1%}" for name, share in ordered[:10]))
    return 0


def predict(model_path: str, image_paths: list[str]) -> list[tuple[str, dict[str, float]]]:
    """For each image, the most probable class and the probability of every class."""
    state = read_npz_state(model_path)
    recipe = load_recipe(state, model_path)
    if not recipe.get("prepare"):
        raise DataError(
            f"{model_path} was not trained on images", hint="predict takes images only."
        )
    classes = recipe["classes"]
    arguments = dict(recipe["model"])
    model = ModelSpec(arguments.pop("name"), arguments).build(len(classes))
    images = np.stack([prepare_image(path, **recipe["prepare"]) for path in image_paths])
    with scoped(train=False, enable_backprop=False):
        model(images[:1])  # fills the sizes that were left open
        weights = {k: v for k, v in state.items() if not k.startswith("_renkei/")}
        try:
            model.load_state(weights)
        except LoadError as error:
            raise LoadError(f"{model_path} does not fit its own network: {error}") from error
        shares = np.asarray(softmax(model(images)))
    return [
        (classes[int(row.argmax())], {c: float(p) for c, p in zip(classes, row, strict=True)})
        for row in shares
    ]
