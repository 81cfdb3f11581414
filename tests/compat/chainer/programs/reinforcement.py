"""Deep Q-learning and an actor-critic on a walk along a line, as programs without a Trainer."""

import collections
import copy
import os

import chainer
import chainer.distributions as D
import chainer.functions as F
import chainer.links as L
import numpy as np

N_STATE, N_ACTION = 5, 2


class Walk:
    """A line of places; the last one pays."""

    def reset(self):
        self.place = 1
        return self.seen()

    def seen(self):
        return np.eye(N_STATE, dtype=np.float32)[self.place]

    def step(self, action):
        self.place += 1 if action == 1 else -1
        done = self.place in (0, N_STATE - 1)
        return self.seen(), float(self.place == N_STATE - 1), done


class DuelingQ(chainer.Chain):
    def __init__(self, n_hidden=6):
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(N_STATE, n_hidden)
            self.norm = L.LayerNormalization(n_hidden)
            self.value = L.Linear(n_hidden, 1)
            self.advantage = L.Linear(n_hidden, N_ACTION)

    def __call__(self, x):
        h = F.elu(self.norm(self.l1(x)))
        a = self.advantage(h)
        mean = F.mean(a, axis=1, keepdims=True)
        value, a, mean = F.broadcast(self.value(h), a, mean)
        return value + a - mean


class ActorCritic(chainer.ChainList):
    def __init__(self):
        super().__init__(L.Linear(N_STATE, N_ACTION), L.Linear(N_STATE, 1))

    def forward(self, x):
        return D.Categorical(logit=self[0](x)), F.squeeze(self[1](x), axis=1)


def update(q, target, optimizer, samples, gamma=0.9):
    obs, action, reward, done, following = (np.array(column) for column in zip(*samples))
    reward, done = reward.astype(np.float32), done.astype(np.float32)
    with chainer.no_backprop_mode():
        best = F.argmax(q(following), axis=1)
        bootstrap = F.select_item(target(following), best)
        goal = reward + gamma * (1.0 - done) * bootstrap
    y = F.select_item(q(obs), action.astype(np.int32))
    loss = F.mean(F.huber_loss(y, goal, delta=1.0, reduce="no"))
    q.cleargrads()
    loss.backward()
    optimizer.update()
    return float(loss.array)


def learn_q(out):
    q = DuelingQ()
    target = copy.deepcopy(q)
    optimizer = chainer.optimizers.Adam(eps=1e-2).setup(q)
    optimizer.add_hook(chainer.optimizer_hooks.GradientHardClipping(-1, 1))
    memory = collections.deque(maxlen=50)
    env, losses = Walk(), []
    obs = env.reset()
    for i in range(60):
        if np.random.rand() < 0.5:
            action = np.random.randint(N_ACTION)
        else:
            with chainer.using_config("enable_backprop", False):
                action = int(q(obs[None]).array.argmax())
        following, reward, done = env.step(action)
        memory.append((obs, action, reward, done, following))
        obs = env.reset() if done else following
        if len(memory) >= 8 and i % 2 == 0:
            rows = np.random.choice(len(memory), 8, replace=False)
            losses.append(update(q, target, optimizer, [memory[k] for k in rows]))
        if i % 10 == 0:
            target.copyparams(q)
        if i == 30:  # saved, and loaded into others
            paths = [os.path.join(out, name) for name in ("q.npz", "state.npz")]
            chainer.serializers.save_npz(paths[0], q)
            chainer.serializers.save_npz(paths[1], optimizer)
            q = DuelingQ()
            chainer.serializers.load_npz(paths[0], q)
            optimizer = chainer.optimizers.Adam(eps=1e-2)
            optimizer.setup(q)
            optimizer.add_hook(chainer.optimizer_hooks.GradientHardClipping(-1, 1))
            chainer.serializers.load_npz(paths[1], optimizer)
    return q, losses


def learn_actor_critic():
    model = ActorCritic()
    optimizer = chainer.optimizers.RMSpropGraves(lr=0.01)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(1.0))
    env, losses = Walk(), []
    for _ in range(6):
        obs, done, log_probs, values, rewards, entropies = env.reset(), False, [], [], [], []
        while not done and len(rewards) < 10:
            policy, value = model(obs[None])
            action = int(np.random.rand() < policy.p.array[0, 1])
            log_probs.append(policy.log_prob(np.array([action], np.int32)))
            entropies.append(policy.entropy)
            values.append(value)
            obs, reward, done = env.step(action)
            rewards.append(reward)
        returns = np.cumsum(rewards[::-1])[::-1].astype(np.float32)
        value = F.concat(values, axis=0)
        advantage = returns - value
        actor = -F.sum(F.concat(log_probs, axis=0) * advantage.array)
        loss = actor + 0.5 * F.sum(advantage**2) - 0.01 * F.sum(F.vstack(entropies))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss.data))
    return model, losses


def run(out):
    np.random.seed(29)
    q, q_losses = learn_q(out)
    model, losses = learn_actor_critic()
    found = {f"q{path}": param.array for path, param in q.namedparams()}
    found.update({f"ac{path}": param.array for path, param in model.namedparams()})
    return {**found, "q_losses": np.array(q_losses), "losses": np.array(losses)}
