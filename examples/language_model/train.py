"""A language model: an LSTM that predicts the next character of a text, and writes its own."""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np

import renkei as rk
from renkei import functions as F
from renkei import links as L

TEXT = Path(__file__).parent / "text.txt"


class CharacterModel(rk.Chain):
    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.embed = L.EmbedID(vocabulary, 64)
        self.lstm = L.LSTM(64, width)
        self.scores = L.Linear(width, vocabulary)

    def reset_state(self) -> None:
        self.lstm.reset_state()

    def forward(self, x):
        """Scores (batch, vocabulary) of the next character, after one more character x (batch,)."""
        return self.scores(F.dropout(self.lstm(self.embed(x)), 0.2))


def unigram_perplexity(train: np.ndarray, test: np.ndarray, vocabulary: int) -> float:
    """What remains when characters are predicted by their frequencies alone."""
    counts = np.bincount(train, minlength=vocabulary) + 1
    return math.exp(-np.log(counts / counts.sum())[test].mean())


def perplexity(model: CharacterModel, text: np.ndarray) -> float:
    """exp of the mean negative log likelihood of each character after all before it."""
    streams = text[: len(text) // 10 * 10].reshape(10, -1)
    model.reset_state()
    total, steps = 0.0, streams.shape[1] - 1
    with rk.using_config("train", False), rk.no_backprop_mode():
        for i in range(steps):
            total += float(F.softmax_cross_entropy(model(streams[:, i]), streams[:, i + 1]))
    return math.exp(total / steps)


def sample(model: CharacterModel, start: str, length: int, characters: str, rng) -> str:
    """Lets the model write: each character is drawn from its prediction and fed back."""
    model.reset_state()
    text = start
    with rk.using_config("train", False), rk.no_backprop_mode():
        for character in start:
            y = model(np.array([characters.index(character)]))
        for _ in range(length):
            p = F.softmax(y / 0.7).array[0].astype(np.float64)
            i = rng.choice(len(characters), p=p / p.sum())
            text += characters[i]
            y = model(np.array([i]))
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12, help="passes over the text")
    parser.add_argument("--batch-size", type=int, default=32, help="pieces read side by side")
    parser.add_argument("--bptt", type=int, default=35, help="steps that gradients go back")
    parser.add_argument("--width", type=int, default=256, help="cells of the LSTM")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two steps on a part of the text")
    args = parser.parse_args()
    rk.seed(args.seed)

    text = TEXT.read_text(encoding="ascii")
    characters = "".join(sorted(set(text)))
    number = {character: i for i, character in enumerate(characters)}
    data = np.array([number[character] for character in text], np.int32)
    held_out = len(data) // 10
    train, test = data[:-held_out], data[-held_out:]
    if args.quick:
        train, test, args.epochs, args.width = train[:2300], test[:500], 1, 32
    baseline = unigram_perplexity(train, test, len(characters))
    print(f"{len(train)} characters to learn, {len(test)} held out, {len(characters)} different")

    model = CharacterModel(len(characters), args.width)
    optimizer = rk.optimizers.Adam(alpha=0.003)
    optimizer.setup(model)
    optimizer.add_hook(rk.optimizer.GradientClipping(5.0))
    # The text is cut into batch_size pieces of equal length, which are read side by side.
    streams = train[: len(train) // args.batch_size * args.batch_size]
    streams = streams.reshape(args.batch_size, -1)

    began = time.perf_counter()
    for epoch in range(args.epochs):
        model.reset_state()
        total, steps = 0.0, 0
        for start in range(0, streams.shape[1] - args.bptt, args.bptt):
            loss = 0
            for i in range(start, start + args.bptt):
                loss += F.softmax_cross_entropy(model(streams[:, i]), streams[:, i + 1])
            loss /= args.bptt
            model.cleargrads()
            loss.backward()
            # The LSTM keeps its state, but the next gradients must not go back beyond this point.
            loss.unchain_backward()
            optimizer.update()
            total, steps = total + float(loss), steps + 1
        optimizer.alpha *= 0.85
        value = perplexity(model, test)
        seconds = time.perf_counter() - began
        print(
            f"epoch {epoch + 1:2d}  perplexity: training {math.exp(total / steps):6.2f}, "
            f"held out {value:6.2f}  ({seconds:.0f} s)"
        )

    print(f"held-out perplexity {value:.2f}; from the frequencies of characters: {baseline:.2f}")
    rng = np.random.default_rng(args.seed)
    print(f"\n{sample(model, 'The ', 20 if args.quick else 400, characters, rng)}")
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    rk.serializers.save_npz(out / "model.npz", model)
    figures = {"perplexity": value, "unigram_perplexity": baseline, "loss": total / steps}
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
