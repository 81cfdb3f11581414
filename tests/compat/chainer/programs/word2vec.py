"""Word vectors by three losses and two models, in the way of the word2vec example."""

import collections
import os

import chainer
import chainer.functions as F
import chainer.initializers as I
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions

N_VOCAB, N_UNITS, WINDOW = 9, 4, 2


class ContinuousBoW(chainer.Chain):
    def __init__(self, n_vocab, n_units, loss_func):
        super().__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units, initialW=I.Uniform(1.0 / n_units))
            self.loss_func = loss_func

    def forward(self, x, contexts):
        e = self.embed(contexts)
        h = F.sum(e, axis=1) * (1.0 / contexts.shape[1])
        loss = self.loss_func(h, x)
        chainer.report({"loss": loss}, self)
        return loss


class SkipGram(chainer.Chain):
    def __init__(self, n_vocab, n_units, loss_func):
        super().__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units, initialW=I.Uniform(1.0 / n_units))
            self.loss_func = loss_func

    def forward(self, x, contexts):
        e = self.embed(contexts)
        batch_size, n_context, n_units = e.shape
        x = F.broadcast_to(x[:, None], (batch_size, n_context))
        e = F.reshape(e, (batch_size * n_context, n_units))
        x = F.reshape(x, (batch_size * n_context,))
        loss = self.loss_func(e, x)
        chainer.report({"loss": loss}, self)
        return loss


class SoftmaxCrossEntropyLoss(chainer.Chain):
    def __init__(self, n_in, n_out):
        super().__init__()
        with self.init_scope():
            self.out = L.Linear(n_in, n_out, initialW=0)

    def forward(self, x, t):
        return F.softmax_cross_entropy(self.out(x), t)


class WindowIterator(chainer.dataset.Iterator):
    def __init__(self, dataset, window, batch_size, repeat=True):
        self.dataset = np.array(dataset, np.int32)
        self.window = window
        self.batch_size = batch_size
        self._repeat = repeat
        self.order = np.random.permutation(len(dataset) - window * 2).astype(np.int32)
        self.order += window
        self.current_position = 0
        self.epoch = 0
        self.is_new_epoch = False

    def __next__(self):
        if not self._repeat and self.epoch > 0:
            raise StopIteration
        i = self.current_position
        i_end = i + self.batch_size
        position = self.order[i:i_end]
        w = np.random.randint(self.window - 1) + 1
        offset = np.concatenate([np.arange(-w, 0), np.arange(1, w + 1)])
        contexts = self.dataset.take(position[:, None] + offset[None, :])
        center = self.dataset.take(position)
        if i_end >= len(self.order):
            np.random.shuffle(self.order)
            self.epoch += 1
            self.is_new_epoch = True
            self.current_position = 0
        else:
            self.is_new_epoch = False
            self.current_position = i_end
        return center, contexts

    @property
    def epoch_detail(self):
        return self.epoch + float(self.current_position) / len(self.order)

    def serialize(self, serializer):
        self.current_position = serializer("current_position", self.current_position)
        self.epoch = serializer("epoch", self.epoch)
        self.is_new_epoch = serializer("is_new_epoch", self.is_new_epoch)
        if self.order is not None:
            serializer("order", self.order)


@chainer.dataset.converter()
def convert(batch, device):
    center, contexts = batch
    return device.send(center), device.send(contexts)


def trainer(out, resume=None, net=SkipGram, loss="ns"):
    words = np.random.RandomState(14).randint(0, N_VOCAB, 40).astype(np.int32)
    counts = collections.Counter(words.tolist())
    counts.update({word: 0 for word in range(N_VOCAB)})
    if loss == "hsm":
        tree = L.BinaryHierarchicalSoftmax.create_huffman_tree(counts)
        loss_func = L.BinaryHierarchicalSoftmax(N_UNITS, tree)
        loss_func.W.array[...] = 0
    elif loss == "ns":
        loss_func = L.NegativeSampling(N_UNITS, [counts[w] for w in range(len(counts))], 3)
        loss_func.W.array[...] = 0
    else:
        loss_func = SoftmaxCrossEntropyLoss(N_UNITS, N_VOCAB)
    model = net(N_VOCAB, N_UNITS, loss_func)
    model.to_device(chainer.get_device("@numpy"))
    optimizer = chainer.optimizers.Adam(0.05)
    optimizer.setup(model)
    updater = training.updaters.StandardUpdater(
        WindowIterator(words[:30], WINDOW + 1, 7), optimizer, converter=convert, device="@numpy"
    )
    result = training.Trainer(updater, (2, "epoch"), out=out)
    test = WindowIterator(words[30:], WINDOW, 4, repeat=False)
    result.extend(extensions.Evaluator(test, model, converter=convert, device="@numpy"))
    result.extend(extensions.LogReport())
    result.extend(
        extensions.snapshot(filename="snapshot_iter_{.updater.iteration}"), trigger=(3, "iteration")
    )
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def run(out):
    found = {}
    for net, loss in (
        (SkipGram, "ns"),
        (ContinuousBoW, "ns"),
        (ContinuousBoW, "hsm"),
        (SkipGram, "original"),
    ):
        np.random.seed(13)
        name = f"{net.__name__}_{loss}"
        done = trainer(os.path.join(out, name), None, net, loss)
        done.run()
        target = done.updater.get_optimizer("main").target
        for path, param in target.namedparams():
            found[name + path] = param.array
        log = done.get_extension("LogReport").log
        keys = ("main/loss", "validation/main/loss")
        found[name] = np.array([[entry[key] for key in keys] for entry in log])
    return found
