"""A training loop written out, with hooks, in the way of Chainer's guides."""

import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import Chain, Variable, optimizers, serializers


class Net(Chain):
    def __init__(self):
        super().__init__(l1=L.Linear(4, 6))
        self.add_link("l2", L.Linear(6, 3))
        self.add_persistent("steps", 0)
        self.add_param("scale", (1,), initializer=1)

    def __call__(self, x):
        self.steps += 1
        h = F.dropout(F.leaky_relu(self.l1(x)), ratio=0.3)
        return self.l2(h) * F.broadcast_to(self.scale, (len(x), 3))


def run(out):
    np.random.seed(1)
    rng = np.random.RandomState(2)
    x, t = rng.rand(24, 4).astype("f"), rng.randint(0, 3, 24).astype("i")
    model = Net()
    optimizer = optimizers.MomentumSGD(lr=0.1, momentum=0.8)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.01))
    optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(0.5))
    model.l2.b.update_rule.hyperparam.lr = 0.01
    for epoch in range(2):
        order = np.random.permutation(24)
        for start in range(0, 24, 8):
            rows = order[start : start + 8]
            y = model(Variable(x[rows]))
            loss = F.softmax_cross_entropy(y, t[rows])
            model.cleargrads()
            loss.backward()
            optimizer.update()
        path = os.path.join(out, "model.npz")
        serializers.save_npz(path, model)
        serializers.save_npz(os.path.join(out, "state.npz"), optimizer)
        if epoch == 0:  # goes on with other objects
            model = Net()
            serializers.load_npz(path, model)
            optimizer = optimizers.MomentumSGD(lr=0.1, momentum=0.8).setup(model)
            optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.01))
            serializers.load_npz(os.path.join(out, "state.npz"), optimizer)
    with chainer.no_backprop_mode(), chainer.using_config("train", False):
        y = model(x)
    assert y.creator is None
    found = {path[1:]: param.array for path, param in model.namedparams()}
    return {**found, "y": y.array, "steps": np.array(model.steps)}
