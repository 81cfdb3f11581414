"""Training in seven steps, written by hand: three spirals, a network with two hidden layers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import renkei as rk
from renkei import functions as F
from renkei import links as L


def make_spirals(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, 2) on three arms that wind around each other, and the arm (count,) of each."""
    arm = rng.integers(0, 3, count)
    radius = rng.uniform(0.05, 1.0, count)
    angle = 2 * np.pi * (arm / 3 + radius) + rng.normal(0, 0.4, count)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points.astype(np.float32), arm.astype(np.int32)


class Network(rk.Chain):
    """Two hidden layers. Layers that are assigned to attributes are found by the optimizer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden1 = L.Linear(2, width)
        self.hidden2 = L.Linear(width, width)
        self.scores = L.Linear(width, 3)

    def forward(self, x):
        h = F.relu(self.hidden1(x))
        h = F.relu(self.hidden2(h))
        return self.scores(h)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30, help="passes over the data")
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two steps only")
    args = parser.parse_args()
    rk.seed(args.seed)  # the initial weights
    rng = np.random.default_rng(args.seed)  # the data and its order

    # 1. Data: arrays whose first axis is the example. float32 inputs, integer labels.
    x_train, t_train = make_spirals(1500, rng)
    x_test, t_test = make_spirals(500, rng)

    # 2. Model: an object that holds the parameters.
    model = Network(width=50)

    # 3. Optimizer: changes the parameters of the model along their gradients.
    optimizer = rk.optimizers.Adam(alpha=0.01)
    optimizer.setup(model)

    steps = 0
    for epoch in range(1 if args.quick else args.epochs):
        order = rng.permutation(len(x_train))
        total = 0.0
        for start in range(0, 2 * args.batch_size if args.quick else len(order), args.batch_size):
            batch = order[start : start + args.batch_size]
            x, t = x_train[batch], t_train[batch]

            # 4. Forward: run the network. The computation is recorded while it runs.
            y = model(x)

            # 5. Loss: one number that says how wrong the scores are.
            loss = F.softmax_cross_entropy(y, t)

            # 6. Backward: the gradient of the loss with respect to every parameter. Gradients add
            #    up until they are cleared, so clear those of the last batch first.
            model.cleargrads()
            loss.backward()

            # 7. Update: one small step.
            optimizer.update()

            total += float(loss) * len(batch)
            steps += 1
        if epoch % 10 == 9 or args.quick:
            print(f"epoch {epoch + 1:3d}  training loss {total / len(order):.4f}")

    # How good is it on points that it has not seen? Nothing needs to be recorded here.
    with rk.using_config("train", False), rk.no_backprop_mode():
        accuracy = float(F.accuracy(model(x_test), t_test))
    print(f"test accuracy {accuracy:.3f} after {steps} steps")

    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    rk.serializers.save_npz(out / "model.npz", model)
    figures = {"test_accuracy": accuracy, "steps": steps, "loss": float(loss)}
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
