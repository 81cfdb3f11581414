"""Handwritten digits in a plain `for` loop, with extensions that watch it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.datasets import get_digits
from renkei.iterators import SerialIterator
from renkei.training import Progress, extensions


class Network(rk.Chain):
    """Images (n, 1, 8, 8) to scores (n, 10); sizes of inputs are found by the first call."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = L.Convolution2D(1, 32, 3, pad=1)
        self.conv2 = L.Convolution2D(32, 64, 3, pad=1)
        self.scores = L.Linear(None, 10)

    def forward(self, x):
        h = F.max_pooling_2d(F.relu(self.conv1(x)), 2)
        h = F.max_pooling_2d(F.relu(self.conv2(h)), 2)
        return self.scores(F.dropout(h, 0.3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30, help="passes over the data")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two steps only")
    args = parser.parse_args()
    rk.seed(args.seed)

    train, test = get_digits()
    batches = SerialIterator(train, args.batch_size)
    tests = SerialIterator(test, len(test), repeat=False, shuffle=False)
    model = L.Classifier(Network())  # adds the loss, and reports it with the accuracy
    optimizer = rk.optimizers.Adam(alpha=0.002)
    optimizer.setup(model)

    # Progress counts iterations and epochs and runs the extensions; the loop stays yours.
    stop = (2, "iteration") if args.quick else (args.epochs, "epoch")
    period = stop if args.quick else (1, "epoch")
    progress = Progress(batches, out=args.out, model=model, optimizer=optimizer)
    progress.extend(extensions.Evaluator(tests, model), trigger=period)
    progress.extend(extensions.LogReport(trigger=period))
    columns = ["epoch", "main/loss", "validation/main/loss", "validation/main/accuracy"]
    progress.extend(extensions.PrintReport(columns))
    for x, t in progress.over(stop=stop):
        loss = model(x, t)
        model.cleargrads()
        loss.backward()
        optimizer.update()

    out = Path(args.out)
    rk.serializers.save_npz(out / "model.npz", model)
    last = progress.get_extension("LogReport").log[-1]
    print(f"test accuracy {last['validation/main/accuracy']:.4f}")
    figures = {"test_accuracy": last["validation/main/accuracy"], "loss": last["main/loss"]}
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
