"""Digits-like data, an MLP and a Trainer, in the way of Chainer's MNIST example."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions


class MLP(chainer.Chain):
    def __init__(self, n_units, n_out):
        super(MLP, self).__init__()  # noqa: UP008  as programs of that time say it
        with self.init_scope():
            self.l1 = L.Linear(None, n_units)
            self.l2 = L.Linear(None, n_units)
            self.l3 = L.Linear(None, n_out)

    def forward(self, x):
        h1 = F.relu(self.l1(x))
        h2 = F.relu(self.l2(h1))
        return self.l3(h2)


def data():
    rng = np.random.RandomState(0)
    t = rng.randint(0, 3, 30).astype(np.int32)
    x = (rng.rand(30, 8) + np.eye(8)[t]).astype(np.float32)
    return chainer.datasets.TupleDataset(x, t)


def trainer(out, epochs=2, resume=None):
    model = L.Classifier(MLP(5, 3))
    optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)
    train, test = chainer.datasets.split_dataset_random(data(), 20, seed=1)
    train_iter = chainer.iterators.SerialIterator(train, 6)
    test_iter = chainer.iterators.SerialIterator(test, 6, repeat=False, shuffle=False)
    updater = training.updaters.StandardUpdater(train_iter, optimizer, device=-1)
    result = training.Trainer(updater, (epochs, "epoch"), out=out)
    result.extend(extensions.Evaluator(test_iter, model, device=-1))
    result.extend(extensions.snapshot(), trigger=(3, "iteration"))
    result.extend(extensions.LogReport())
    result.extend(extensions.observe_lr())
    result.extend(extensions.ExponentialShift("alpha", 0.9), trigger=(1, "epoch"))
    result.extend(
        extensions.PrintReport(
            ["epoch", "main/loss", "validation/main/loss", "validation/main/accuracy"]
        )
    )
    result.extend(extensions.ProgressBar(update_interval=2))
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def run(out):
    np.random.seed(0)
    done = trainer(out)
    done.run()
    target = done.updater.get_optimizer("main").target
    found = {path[1:]: param.array for path, param in target.namedparams()}
    log = done.get_extension("LogReport").log
    found["losses"] = np.array([entry["validation/main/loss"] for entry in log])
    found["lr"] = np.array([entry["lr"] for entry in log])
    return found
