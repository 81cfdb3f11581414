"""Spikes at exact times: an LSTM cell that can see its own state, and one that cannot."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

import renkei as rk
from renkei import functions as F
from renkei import links as L

KINDS = {"plain": L.LSTM, "peephole": L.StatefulPeepholeLSTM}


class Cell(rk.Chain):
    """One LSTM cell. What it puts out is the spike train itself, so it must be silent between."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.lstm = KINDS[kind](1, 1)
        for param in self.lstm.params():
            param.array *= 0.3
        # In the beginning the state moves (input), slowly (input gate), remembers (forget gate) and
        # is hardly seen (output gate).
        self.lstm.upward.b.array[:] = (0.5, -1, 3, -1)

    def start(self) -> None:
        self.lstm.reset_state()

    def forward(self, x):
        return self.lstm(x)


def spike_train(interval: int, steps: int) -> np.ndarray:
    """(steps, 1, 1): 1 at every interval-th step, beginning with the first; 0 between."""
    spikes = np.zeros((steps, 1, 1), np.float32)
    spikes[::interval] = 1
    return spikes


def train(cell: Cell, interval: int, updates: int) -> float:
    """Teaches the cell to foretell, at each step, whether the next one has a spike."""
    optimizer = rk.optimizers.Adam(alpha=lambda t: 0.2 * (1 - t / (updates + 1)))
    optimizer.setup(cell)
    optimizer.add_hook(rk.optimizer.GradientClipping(1.0))
    spikes = spike_train(interval, 2 * interval + 1)
    inputs, target = spikes[:-1], spikes[1:]
    weight = np.where(target > 0, np.float32(interval / 2), np.float32(1))  # spikes are rare
    for _ in range(updates):
        cell.start()
        y = F.stack([cell(x) for x in inputs])
        loss = F.mean(weight * F.square(y - target))
        cell.cleargrads()
        loss.backward()
        optimizer.update()
    return float(loss)


def generate(cell: Cell, steps: int) -> np.ndarray:
    """What the cell does alone: each spike it makes, and no other, is its next input."""
    cell.start()
    spike, spikes = np.ones((1, 1), np.float32), []
    with rk.no_backprop_mode():
        for _ in range(steps):
            spike = (cell(spike).array > 0.5).astype(np.float32)
            spikes.append(spike.item())
    return np.array(spikes)


def exact_intervals(spikes: np.ndarray, interval: int) -> int:
    """How many intervals pass until the first spike that is missing or at a wrong time."""
    right = spike_train(interval, len(spikes) + 1)[1:, 0, 0]
    wrong = np.flatnonzero(spikes != right)
    return (wrong[0] if len(wrong) else len(spikes)) // interval


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interval", type=int, default=40, help="steps between two spikes")
    parser.add_argument("--runs", type=int, default=3, help="initial weights to try, of each kind")
    parser.add_argument("--updates", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two updates of each kind only")
    args = parser.parse_args()
    if args.quick:
        args.runs, args.updates = 1, 2

    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    wanted = 20
    figures: dict[str, object] = {"wanted": wanted}
    for kind in KINDS:
        results, began = [], time.perf_counter()
        for run in range(args.runs):
            rk.seed(args.seed + run)
            cell = Cell(kind)
            loss = train(cell, args.interval, args.updates)
            spikes = generate(cell, wanted * args.interval)
            results.append(int(exact_intervals(spikes, args.interval)))
            print(
                f"{kind:8s} run {run + 1}: loss {loss:.4f}, "
                f"{results[-1]:2d} of {wanted} intervals of exactly {args.interval} steps "
                f"({time.perf_counter() - began:.0f} s)"
            )
            if results[-1] == max(results):
                rk.serializers.save_npz(out / f"{kind}.npz", cell)
        solved = sum(result == wanted for result in results)
        figures[kind] = {"solved": solved, "runs": args.runs, "best": max(results)}
    for kind in KINDS:
        print(f"{kind:8s} solved {figures[kind]['solved']} of {args.runs} runs")
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
