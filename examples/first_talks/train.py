"""The first programs of define-by-run: a polynomial, then a network for words."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import renkei as rk
from renkei import Chain, Variable, optimizers, serializers
from renkei import functions as F
from renkei import links as L


def polynomial() -> tuple[float, float]:
    x = Variable(np.array(2, dtype=np.float32))
    y = Variable(np.array(3, dtype=np.float32))
    z = x**2 + 2 * x * y + y
    z.backward()
    print(f"z = x ** 2 + 2 * x * y + y = {float(z):g}")
    print(f"dz/dx = 2 x + 2 y = {float(x.grad):g}, dz/dy = 2 x + 1 = {float(y.grad):g}")
    return float(x.grad), float(y.grad)


def words(seed: int, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of words, and of the word that shall follow each."""
    rng = np.random.default_rng(seed)
    return rng.permutation(10000)[:count], rng.permutation(10000)[:count]


def make_model() -> Chain:
    return Chain(
        embed=L.EmbedID(10000, 100), layer1=L.Linear(100, 100), layer2=L.Linear(100, 10000)
    )


def train(model: Chain, x: np.ndarray, t: np.ndarray, steps: int) -> list[float]:
    optimizer = optimizers.SGD()
    optimizer.setup(model)
    optimizer.add_hook(rk.optimizer.WeightDecay(5e-4))
    losses = []
    for step in range(steps):
        model.zerograds()
        y = model.layer2(F.relu(model.layer1(model.embed(x))))
        loss = F.softmax_cross_entropy(y, t)
        loss.backward()
        optimizer.update()
        losses.append(float(loss))
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step + 1:3d}  loss {losses[-1]:.4f}")
    return losses


def save_and_load(path: Path, model: Chain) -> bool:
    """Saves the network inside another chain, and loads it into a new one."""
    nested = Chain(words=model, extra=L.Linear(2, 1))
    serializers.save_hdf5(path, nested)
    loaded = Chain(words=make_model(), extra=L.Linear(2, 1))
    serializers.load_hdf5(path, loaded)
    pairs = zip(nested.params(), loaded.params())
    return all((p.array == q.array).all() for p, q in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100, help="updates of the network")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two steps only")
    args = parser.parse_args()
    rk.seed(args.seed)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)

    gx, gy = polynomial()
    model = make_model()
    losses = train(model, *words(args.seed), 2 if args.quick else args.steps)
    same = save_and_load(out / "my.model", model)
    print(f"saved to {out / 'my.model'} and loaded again: {'the same' if same else 'DIFFERENT'}")
    figures = {"gx": gx, "gy": gy, "first_loss": losses[0], "last_loss": losses[-1], "same": same}
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
