"""A stacked denoising autoencoder: learns from unlabelled digits, then from a few labels."""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.datasets import concat_examples, get_digits

WIDTHS = (64, 256, 256, 256)  # the image, then three layers of codes


class Layer(rk.Chain):
    """One autoencoder: code = sigmoid(W x + b); the way back has the same W, transposed."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.encoder = L.Linear(n_in, n_out)
        self.decoder_bias = rk.Parameter(0, n_in)

    def forward(self, x):
        return F.sigmoid(self.encoder(x))

    def rebuild(self, x):
        """Scores, before the sigmoid, of what x was."""
        return F.matmul(self(x), self.encoder.W) + self.decoder_bias


class Network(rk.Chain):
    """The encoders one upon the other, and scores of the ten digits on top."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [Layer(n_in, n_out) for n_in, n_out in pairwise(WIDTHS)]
        self.scores = L.Linear(WIDTHS[-1], 10)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.scores(x)


def pretrain(network: Network, x: np.ndarray, epochs: int, args, rng) -> float:
    """Layer by layer: each learns to rebuild the codes below it from damaged ones."""
    for depth, layer in enumerate(network.layers):
        optimizer = rk.optimizers.Adam(alpha=0.002)
        optimizer.setup(layer)
        for _ in range(epochs):
            losses = []
            for batch in batches(len(x), args, rng):
                clean = x[batch]
                damaged = clean * (rng.random(clean.shape) >= args.noise)
                scores = layer.rebuild(damaged.astype(np.float32))
                loss = F.bernoulli_nll(clean, scores, reduce="mean")
                layer.cleargrads()
                loss.backward()
                optimizer.update()
                losses.append(float(loss))
        print(f"layer {depth + 1}: cross entropy of rebuilt elements {np.mean(losses):.4f}")
        with rk.no_backprop_mode():
            x = layer(x).array  # what the next layer learns to rebuild
    return float(np.mean(losses))


def finetune(network: Network, x: np.ndarray, t: np.ndarray, epochs: int, args, rng) -> None:
    """Trains all layers together on labels."""
    optimizer = rk.optimizers.Adam(alpha=0.001)
    optimizer.setup(network)
    for _ in range(epochs):
        for batch in batches(len(x), args, rng):
            loss = F.softmax_cross_entropy(network(x[batch]), t[batch])
            network.cleargrads()
            loss.backward()
            optimizer.update()


def batches(count: int, args, rng) -> list[np.ndarray]:
    order = rng.permutation(count)
    starts = range(0, count, args.batch_size)
    return [order[i : i + args.batch_size] for i in starts][: 2 if args.quick else None]


def rebuilding_error(network: Network, x: np.ndarray, noise: float, rng) -> tuple[float, float]:
    """Mean squared errors: of damaged images, and of what the first layer makes of them."""
    damaged = (x * (rng.random(x.shape) >= noise)).astype(np.float32)
    with rk.no_backprop_mode():
        rebuilt = F.sigmoid(network.layers[0].rebuild(damaged)).array
    return float(np.square(damaged - x).mean()), float(np.square(rebuilt - x).mean())


def accuracy(network: Network, x: np.ndarray, t: np.ndarray) -> float:
    with rk.using_config("train", False), rk.no_backprop_mode():
        return float(F.accuracy(network(x), t))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pretrain-epochs", type=int, default=60, help="for each layer")
    parser.add_argument("--finetune-epochs", type=int, default=100)
    parser.add_argument("--noise", type=float, default=0.3, help="share of elements set to 0")
    parser.add_argument("--labels", type=int, default=5, help="labelled images of each digit")
    parser.add_argument("--draws", type=int, default=5, help="choices of labelled images")
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two steps of each kind only")
    args = parser.parse_args()
    if args.quick:
        args.pretrain_epochs = args.finetune_epochs = args.draws = 1
    rk.seed(args.seed)
    rng = np.random.default_rng(args.seed)

    (x, t), (x_test, t_test) = (concat_examples(part[:]) for part in get_digits())
    x, x_test = x.reshape(len(x), -1), x_test.reshape(len(x_test), -1)

    pretrained, fresh = Network(), Network()
    pretrain(pretrained, x, args.pretrain_epochs, args, rng)
    before, after = rebuilding_error(pretrained, x_test, args.noise, rng)
    print(f"squared error of damaged test images {before:.4f}, of rebuilt ones {after:.4f}\n")

    results: dict[str, list[float]] = {"pretrained": [], "fresh": []}
    for _ in range(args.draws):
        chosen = [rng.choice(np.flatnonzero(t == d), args.labels, False) for d in range(10)]
        few = np.concatenate(chosen)
        for name, start in (("pretrained", pretrained), ("fresh", fresh)):
            network = start.copy(mode="copy")  # every draw begins at the same weights
            finetune(network, x[few], t[few], args.finetune_epochs, args, rng)
            results[name].append(accuracy(network, x_test, t_test))
        print(
            f"test accuracy: pretrained {results['pretrained'][-1]:.3f}, "
            f"not {results['fresh'][-1]:.3f}"
        )
    means = {name: float(np.mean(values)) for name, values in results.items()}
    print(
        f"mean test accuracy with {10 * args.labels} labels: pretrained "
        f"{means['pretrained']:.3f}, not pretrained {means['fresh']:.3f}"
    )

    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    rk.serializers.save_npz(out / "model.npz", pretrained)
    figures = {**means, "damaged_error": before, "rebuilt_error": after}
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
