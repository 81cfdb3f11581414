"""Throughput of the data path: JPEG decoding, augmentation and the way back to the trainer.

    python bench/data_path.py [--images N] [--json FILE]

SerialIterator in this process is one core's throughput. MultiprocessIterator must reach 90 % of it
with one worker and 1.7 times it with two. The kinds take turns, so that a busy machine is busy for
all of them; medians of the rounds are compared.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

import renkei as rk
from renkei.core.random import generator
from renkei.datasets import DatasetMixin, concat_examples
from renkei.iterators import MultiprocessIterator, SerialIterator

WANTED = {"one worker": 0.9, "two workers": 1.7}


def photograph(rng: np.random.Generator, height: int = 375, width: int = 500) -> bytes:
    """A JPEG file with the size and the smoothness of a photograph, about 40 kB."""
    coarse = rng.integers(0, 256, (height // 25, width // 25, 3), np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    noise = rng.normal(0, 6, (height, width, 3))
    array = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(array).save(file, "JPEG", quality=85)
    return file.getvalue()


class Augmented(DatasetMixin):
    """Decodes a JPEG, cuts out a random part, scales it to 224x224, mirrors and normalizes it."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(0)
        self._files = [photograph(rng) for _ in range(32)]
        self._n = n

    def __len__(self) -> int:
        return self._n

    def get_example(self, i: int) -> tuple[Any, Any]:
        rng = generator().host
        with Image.open(io.BytesIO(self._files[i % len(self._files)])) as file:
            side = min(file.size)
            crop = int(side * rng.uniform(0.6, 1.0))
            left, top = (int(rng.integers(0, size - crop + 1)) for size in file.size)
            box = (left, top, left + crop, top + crop)
            image = file.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR, box)
        x = np.asarray(image)[:, :: rng.choice((-1, 1))].transpose(2, 0, 1)
        return (x - np.float32(127.5)) * np.float32(1 / 64), np.int32(i % 10)


def throughput(make: Callable[[], Any], images: int, batch_size: int) -> float:
    """Images a second, with the batches concatenated as a trainer does, workers running."""
    rk.seed(0)
    with make() as iterator:
        for _ in range(2):  # the workers have started and memory is measured
            next(iterator)
        start = time.perf_counter()
        for _ in range(images // batch_size):
            concat_examples(next(iterator))
        return images / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=768)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    data = Augmented(10 * options.images)
    kinds: dict[str, Callable[[], Any]] = {
        "one core": lambda: SerialIterator(data, options.batch_size),
        "one worker": lambda: MultiprocessIterator(data, options.batch_size, n_processes=1),
        "two workers": lambda: MultiprocessIterator(data, options.batch_size, n_processes=2),
    }
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(options.rounds):
        for name, make in kinds.items():
            rates[name].append(throughput(make, options.images, options.batch_size))
    base = statistics.median(rates["one core"])
    figures: dict[str, Any] = {"cores": os.cpu_count()}
    for name, each in rates.items():
        rate = statistics.median(each)
        figures[name] = {"images_per_second": rate, "of_one_core": rate / base}
        wanted = f", wanted {WANTED[name]}" if name in WANTED else ""
        print(f"{name:12} {rate:7.1f} images/s, {rate / base:.2f} times one core{wanted}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
