"""Deep Q-learning by hand: a network learns to balance a pole on a cart."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import gymnasium
import numpy as np

import renkei as rk
from renkei import functions as F
from renkei import links as L


class QNetwork(rk.Chain):
    """States (n, 4) to the value of each action (n, 2): the discounted sum of what follows it."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden1 = L.Linear(4, 128)
        self.hidden2 = L.Linear(128, 128)
        self.values = L.Linear(128, 2)

    def forward(self, x):
        return self.values(F.relu(self.hidden2(F.relu(self.hidden1(x)))))


class ReplayBuffer:
    """The latest transitions, overwritten in a ring."""

    def __init__(self, capacity: int) -> None:
        self.state = np.zeros((capacity, 4), np.float32)
        self.next_state = np.zeros((capacity, 4), np.float32)
        self.action = np.zeros(capacity, np.int32)
        self.reward = np.zeros(capacity, np.float32)
        self.ended = np.zeros(capacity, np.float32)
        self.capacity, self.added = capacity, 0

    def add(self, state, action, reward, next_state, ended) -> None:
        i = self.added % self.capacity
        self.state[i], self.action[i], self.reward[i] = state, action, reward
        self.next_state[i], self.ended[i] = next_state, ended
        self.added += 1

    def sample(self, count: int, rng) -> tuple[np.ndarray, ...]:
        i = rng.integers(0, min(self.added, self.capacity), count)
        return self.state[i], self.action[i], self.reward[i], self.next_state[i], self.ended[i]


def greedy(model: QNetwork, state: np.ndarray) -> int:
    with rk.no_backprop_mode():
        return int(model(state[None]).array.argmax())


def evaluate(model: QNetwork, episodes: int, seed: int) -> float:
    """The mean return of always taking the action of highest value."""
    env = gymnasium.make("CartPole-v1")
    total = 0.0
    for episode in range(episodes):
        state, _ = env.reset(seed=seed + episode)
        done = False
        while not done:
            state, reward, terminated, truncated, _ = env.step(greedy(model, state))
            total, done = total + float(reward), terminated or truncated
    return total / episodes


def follow(target: QNetwork, model: QNetwork, rate: float) -> None:
    """Moves the target network a little towards the model."""
    for slow, fast in zip(target.params(), model.params()):
        slow.array += rate * (fast.array - slow.array)


def learn(model, target, optimizer, batch, gamma: float) -> float:
    """One step towards reward + gamma * value of the best next action (double DQN)."""
    state, action, reward, next_state, ended = batch
    with rk.no_backprop_mode():
        best = model(next_state).array.argmax(axis=1)  # chosen by one network ...
        value = F.select_item(target(next_state), best).array  # ... and judged by the other
    goal = reward + gamma * value * (1 - ended)
    loss = F.mean_squared_error(F.select_item(model(state), action), goal)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    return float(loss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50000, help="steps in the environment")
    parser.add_argument("--update-every", type=int, default=2, help="steps between two updates")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--gamma", type=float, default=0.99, help="discount of later rewards")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="result", help="output directory")
    parser.add_argument("--quick", action="store_true", help="two updates only")
    args = parser.parse_args()
    rk.seed(args.seed)
    rng = np.random.default_rng(args.seed)
    warm_up = args.batch_size if args.quick else 1000
    steps = warm_up + 2 * args.update_every if args.quick else args.steps

    env = gymnasium.make("CartPole-v1")
    model = QNetwork()
    target = model.copy(mode="copy")  # lags behind, so that the goal of learning stands still
    optimizer = rk.optimizers.Adam(
        alpha=lambda t: max(0.0, 1e-3 * (1 - t * args.update_every / steps))
    )
    optimizer.setup(model)
    buffer = ReplayBuffer(args.steps)

    began, loss, returns, score, best = time.perf_counter(), 0.0, [], 0.0, (-1.0, {})
    state, _ = env.reset(seed=args.seed)
    for step in range(1, steps + 1):
        epsilon = max(0.05, 1 - step / (0.2 * steps))  # the share of random actions falls
        action = int(rng.integers(2)) if rng.random() < epsilon else greedy(model, state)
        next_state, reward, terminated, truncated, _ = env.step(action)
        # All that is learned from is the failure, -1 (Barto, Sutton and Anderson, 1983): values
        # stay in [-1, 0]. An episode that is cut off after 500 steps has not failed.
        buffer.add(state, action, -float(terminated), next_state, terminated)
        state, score = next_state, score + float(reward)
        if terminated or truncated:
            returns.append(score)
            score = 0.0
            state, _ = env.reset()
        if step > warm_up and step % args.update_every == 0:
            loss = learn(model, target, optimizer, buffer.sample(args.batch_size, rng), args.gamma)
            follow(target, model, 0.01)
        if step % 5000 == 0:
            value = evaluate(model, 10, seed=10000 + step)
            if value >= best[0]:  # learning may forget again: keep the best
                best = value, {k: v.copy() for k, v in model.state().items()}
            seconds = time.perf_counter() - began
            print(
                f"step {step:6d}  mean return while exploring {np.mean(returns[-20:]):5.1f}, "
                f"greedy {value:5.1f}  loss {loss:.4f}  ({seconds:.0f} s)"
            )

    if best[1]:
        model.load_state(best[1])
    episodes = 1 if args.quick else 20
    value = evaluate(model, episodes, seed=1)
    print(f"average return over {episodes} evaluation episodes: {value:.1f}")
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    rk.serializers.save_npz(out / "model.npz", model)
    figures = {"average_return": value, "loss": loss, "seconds": time.perf_counter() - began}
    (out / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
