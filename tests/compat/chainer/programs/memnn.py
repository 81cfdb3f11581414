"""Questions about stories, answered from a memory in several hops, in the way of memnn."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions

N_VOCAB, MAX_MEMORY, LENGTH = 10, 4, 3


def bow_encode(embed, sentences):
    """The sum of the words' vectors; word 0 is none."""
    return F.sum(embed(sentences), axis=-2)


def position_encode(embed, sentences):
    xp = chainer.backend.get_array_module(sentences)
    e = embed(sentences)
    n_words, n_units = e.shape[-2:]
    length = xp.maximum(xp.sum((sentences != 0).astype(np.float32), axis=-1), 1)
    length = length.reshape((*length.shape, 1, 1))
    k = xp.arange(1, n_units + 1, dtype=np.float32) / n_units
    i = xp.arange(1, n_words + 1, dtype=np.float32)[:, None]
    coeff = (1 - i / length) - k * (1 - 2.0 * i / length)
    return F.sum(coeff * e, axis=-2)


class Memory:
    def __init__(self, A, C, TA, TC, encoder):
        self.A, self.C, self.TA, self.TC = A, C, TA, TC
        self.encoder = encoder

    def register_all(self, sentences):
        self.m = self.encoder(self.A, sentences)
        self.c = self.encoder(self.C, sentences)

    def query(self, u):
        xp = chainer.backend.get_array_module(u)
        size = self.m.shape[1]
        inds = xp.arange(size - 1, -1, -1, dtype=np.int32)
        tm, tc = self.TA(inds), self.TC(inds)
        p = F.softmax(F.matmul(self.m + F.broadcast_to(tm, self.m.shape), F.expand_dims(u, -1)))
        o = F.matmul(F.swapaxes(self.c + F.broadcast_to(tc, self.c.shape), 2, 1), p)
        return F.squeeze(o, -1) + u


class MemNN(chainer.Chain):
    def __init__(self, n_units, n_vocab, encoder, max_memory, hops):
        super().__init__()
        normal = chainer.initializers.Normal(0.3)
        with self.init_scope():
            self.embeds = chainer.ChainList()
            self.temporals = chainer.ChainList()
        for _ in range(hops + 1):
            self.embeds.append(L.EmbedID(n_vocab, n_units, initialW=normal, ignore_label=0))
            self.temporals.append(L.EmbedID(max_memory, n_units, initialW=normal))
        self.memories = [
            Memory(*self.embeds[h : h + 2], *self.temporals[h : h + 2], encoder)
            for h in range(hops)
        ]
        self.B = self.embeds[0]
        self.W = lambda u: F.linear(u, self.embeds[-1].W)  # tied to the last layer
        self.encoder = encoder

    def forward(self, stories, queries):
        u = self.encoder(self.B, queries)
        for memory in self.memories:
            memory.register_all(stories)
            u = memory.query(u)
        return self.W(u)


class LinearStart(training.Extension):
    """Freezes the times of the memory during the first epoch."""

    trigger = (1, "epoch")
    priority = training.extension.PRIORITY_EDITOR

    def __init__(self, model):
        self.temporals = model.predictor.temporals
        self.temporals.disable_update()

    def initialize(self, trainer):
        if trainer.updater.epoch > 0:  # resumed
            self.temporals.enable_update()

    def __call__(self, trainer):
        self.temporals.enable_update()


def convert_data(seed, n):
    """What stories say last of the thing asked for, padded with word 0."""
    rng = np.random.RandomState(seed)
    memory = np.zeros((n, MAX_MEMORY, LENGTH), np.int32)
    query = np.zeros((n, LENGTH), np.int32)
    answer = np.zeros(n, np.int32)
    for i in range(n):
        size = rng.randint(1, MAX_MEMORY + 1)
        things, places = rng.randint(1, 4, size), rng.randint(5, N_VOCAB, size)
        memory[i, -size:] = np.stack([things, np.full(size, 4), places], 1)
        query[i, 0] = things[-1]
        answer[i] = places[-1]
    return chainer.datasets.DictDataset(stories=memory, queries=query, answer=answer)


def trainer(out, resume=None, encoder=position_encode):
    network = MemNN(5, N_VOCAB, encoder, MAX_MEMORY, hops=2)
    model = L.Classifier(network, label_key="answer")
    optimizer = chainer.optimizers.Adam(0.02)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(4))
    optimizer.add_hook(chainer.optimizer_hooks.GradientNoise(0.01))
    train_iter = chainer.iterators.SerialIterator(convert_data(22, 14), 4)
    test_iter = chainer.iterators.SerialIterator(convert_data(23, 6), 4, repeat=False)
    updater = training.StandardUpdater(train_iter, optimizer, device=-1)
    result = training.Trainer(updater, (2, "epoch"), out=out)
    result.extend(LinearStart(model))
    result.extend(extensions.Evaluator(test_iter, model, device=-1))
    result.extend(extensions.LogReport())
    result.extend(extensions.snapshot(), trigger=(3, "iteration"))
    result.extend(extensions.FailOnNonNumber())
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def run(out):
    found = {}
    for encoder in (bow_encode, position_encode):
        np.random.seed(21)
        done = trainer(f"{out}/{encoder.__name__}", encoder=encoder)
        done.run()
        for path, param in done.updater.get_optimizer("main").target.namedparams():
            found[encoder.__name__ + path] = param.array
        keys = ("main/loss", "main/accuracy", "validation/main/loss", "validation/main/accuracy")
        log = done.get_extension("LogReport").log
        found[encoder.__name__] = np.array([[entry[key] for key in keys] for entry in log])
    return found
