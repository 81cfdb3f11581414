"""Blocks of convolutions in ChainList and Sequential, with momentum and a falling rate."""

import functools

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions, triggers


class Block(chainer.Chain):
    def __init__(self, out_channels, ksize, pad=1):
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(None, out_channels, ksize, pad=pad, nobias=True)
            self.bn = L.BatchNormalization(out_channels)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Net(chainer.Chain):
    insize = 8

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.blocks = chainer.ChainList(Block(3, 3), Block(4, 3))
            self.head = chainer.Sequential(
                functools.partial(F.max_pooling_2d, ksize=2, stride=2),
                L.Linear(None, 6, initialW=chainer.initializers.HeNormal()),
                F.relu,
                L.Linear(6, 2, initialW=chainer.initializers.Normal(0.1)),
            )

    def forward(self, x):
        for block in self.blocks.children():
            x = block(x)
        return self.head(x)


def transform(example):
    image, label = example
    if np.random.rand() > 0.5:
        image = image[:, :, ::-1]
    return image, label


def run(out):
    chainer.config.cudnn_deterministic = True
    np.random.seed(5)
    rng = np.random.RandomState(6)
    images = rng.rand(16, 1, 8, 8).astype(np.float32)
    labels = rng.randint(0, 2, 16).astype(np.int32)
    train = chainer.datasets.TransformDataset(
        chainer.datasets.TupleDataset(images, labels), transform
    )
    model = L.Classifier(Net())
    optimizer = chainer.optimizers.MomentumSGD(0.05)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(5e-4))
    updater = training.StandardUpdater(chainer.iterators.SerialIterator(train, 5), optimizer)
    stop = triggers.EarlyStoppingTrigger(patience=5, max_trigger=(2, "epoch"))
    trainer = training.Trainer(updater, stop, out=out)
    test = chainer.iterators.SerialIterator(
        chainer.datasets.TupleDataset(images, labels), 5, repeat=False, shuffle=False
    )
    trainer.extend(extensions.Evaluator(test, model), name="test")
    shift = triggers.ManualScheduleTrigger([3, 5], "iteration")
    trainer.extend(extensions.ExponentialShift("lr", 0.5), trigger=shift)
    best = triggers.MaxValueTrigger("test/main/accuracy")
    trainer.extend(extensions.snapshot_object(model, "best.npz"), trigger=best)
    trainer.extend(extensions.LogReport(trigger=(1, "iteration")))
    trainer.run()
    found = {path[1:]: param.array for path, param in model.namedparams()}
    bn = model.predictor.blocks[1].bn
    log = trainer.get_extension("LogReport").log
    return {
        **found,
        "avg_mean": bn.avg_mean,
        "avg_var": bn.avg_var,
        "lr": np.array(optimizer.lr),
        "loss": np.array([entry["main/loss"] for entry in log]),
    }
