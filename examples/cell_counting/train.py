"""Counting cells: a convolution-deconvolution network marks each cell; the marks are counted."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

import renkei as rk
from renkei import functions as F
from renkei import links as L

SIZE = 64  # pixels of an image, each way
MARGIN = 4
SPREAD = 1.2  # pixels: the standard deviation of the mark of a cell


def make_image(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An image (SIZE, SIZE) of blurred, overlapping, noisy cells, and their centres (n, 2)."""
    count = rng.integers(5, 31)
    centres = place_cells(count, rng)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    image = np.zeros((SIZE, SIZE))
    for y, x in centres:
        angle, (a, b) = rng.uniform(0, np.pi), rng.uniform(2.5, 4.5, 2)
        u = (rows - y) * np.cos(angle) + (columns - x) * np.sin(angle)
        v = (columns - x) * np.cos(angle) - (rows - y) * np.sin(angle)
        distance = np.sqrt((u / a) ** 2 + (v / b) ** 2)
        image += rng.uniform(0.5, 1.0) / (1 + np.exp(6 * (distance - 1)))  # a soft edge
    background = 0.2 * np.sin(rng.uniform(0, 6) + rows / 20) * np.cos(columns / 25)
    image += background + rng.normal(0, 0.1, image.shape)
    return image.astype(np.float32), centres


def place_cells(count: int, rng: np.random.Generator) -> np.ndarray:
    """Random centres; cells may overlap, but no two have the same place."""
    centres: list[np.ndarray] = []
    while len(centres) < count:
        new = rng.uniform(MARGIN, SIZE - MARGIN, 2)
        if all(np.hypot(*(new - c)) >= 4.5 for c in centres):
            centres.append(new)
    return np.array(centres)


def marks(centres: np.ndarray) -> np.ndarray:
    """What the network shall answer: a small bell of height 1 at each centre."""
    grid = np.arange(SIZE)
    rows = np.exp(-((grid - centres[:, :1]) ** 2) / (2 * SPREAD**2))  # (n, SIZE)
    columns = np.exp(-((grid - centres[:, 1:]) ** 2) / (2 * SPREAD**2))
    return (rows[:, :, None] * columns[:, None, :]).max(axis=0).astype(np.float32)


def make_data(count: int, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images and marks (count, 1, SIZE, SIZE), numbers of cells (count,)."""
    pairs = [make_image(rng) for _ in range(count)]
    images = np.stack([image[None] for image, _ in pairs])
    targets = np.stack([marks(centres)[None] for _, centres in pairs])
    return images, targets, np.array([len(centres) for _, centres in pairs])


class Network(rk.Chain):
    """Down to half the size and up again: convolutions see the surroundings of each pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = L.Convolution2D(1, 16, 3, pad=1)
        self.conv2 = L.Convolution2D(16, 32, 4, stride=2, pad=1)
        self.conv3 = L.Convolution2D(32, 32, 3, pad=1)
        self.conv4 = L.Convolution2D(32, 32, 3, pad=1)
        self.deconv = L.Deconvolution2D(32, 16, 4, stride=2, pad=1)
        self.out = L.Convolution2D(32, 1, 3, pad=1)

    def forward(self, x):
        fine = F.relu(self.conv1(x))  # (n, 16, 64, 64)
        h = F.relu(self.conv2(fine))  # (n, 32, 32, 32)
        h = F.relu(self.conv3(h))
        h = F.relu(self.conv4(h))
        h = F.relu(self.deconv(h))  # (n, 16, 64, 64)
        return self.out(F.concat([h, fine]))


def count_peaks(y: np.ndarray, threshold: float) -> np.ndarray:
    """How many pixels of each map (n, 1, SIZE, SIZE) are the highest within a 5 x 5 window."""
    highest = F.max_pooling_2d(y, 5, stride=1, pad=2)
    return ((y == highest) & (y > threshold)).sum(axis=(1, 2, 3))


def predict(model: Network, x: np.ndarray) -> np.ndarray:
    with rk.using_config("train", False), rk.no_backprop_mode():
        return np.concatenate([model(x[i : i + 20]).array for i in range(0, len(x), 20)])


def counting_error(counted: np.ndarray, true: np.ndarray) -> float:
    """The mean of |counted - true| / true."""
    return float(np.mean(np.abs(counted - true) / true))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=6, help="passes over the images")
    parser.add_argument("--images", type=int, default=800, help="to train on")
    parser.add_argument("--batch-size", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two steps only")
    args = parser.parse_args()
    if args.quick:
        args.epochs, args.images, args.batch_size = 1, 4, 2
    rk.seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x, target, true = make_data(args.images, rng)
    x_test, _, true_test = make_data(4 if args.quick else 200, rng)

    model = Network()
    steps = args.epochs * (len(x) // args.batch_size)
    optimizer = rk.optimizers.Adam(alpha=lambda t: 0.002 * (1 - t / (steps + 1)))
    optimizer.setup(model)
    began = time.perf_counter()
    for epoch in range(args.epochs):
        order, losses = rng.permutation(len(x)), []
        for start in range(0, len(x), args.batch_size):
            batch = order[start : start + args.batch_size]
            loss = F.mean_squared_error(model(x[batch]), target[batch])
            model.cleargrads()
            loss.backward()
            optimizer.update()
            losses.append(float(loss))
        counted = count_peaks(predict(model, x[:100]), 0.4)
        error, seconds = counting_error(counted, true[:100]), time.perf_counter() - began
        print(
            f"epoch {epoch + 1:2d}  loss {np.mean(losses):.5f}  "
            f"training images miscounted by {error:.1%}  ({seconds:.0f} s)"
        )

    # Which height of a peak says "cell"? The training images decide.
    y = predict(model, x[:200])
    errors = {t: counting_error(count_peaks(y, t), true[:200]) for t in np.arange(0.2, 0.65, 0.05)}
    threshold = min(errors, key=errors.__getitem__)
    y = predict(model, x_test)
    error = counting_error(count_peaks(y, threshold), true_test)
    guess = counting_error(np.full(len(true_test), true.mean()), true_test)
    print(
        f"{len(x_test)} new images, {true_test.sum()} cells: mean counting error {error:.2%} "
        f"(always guessing {true.mean():.0f}: {guess:.0%})"
    )
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    rk.serializers.save_npz(out / "model.npz", model)
    figures = {"counting_error": error, "guessing_error": guess, "loss": float(np.mean(losses))}
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
