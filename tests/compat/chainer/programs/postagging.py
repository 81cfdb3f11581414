"""Tags of words by a conditional random field, in the way of the pos example."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import datasets, training
from chainer.training import extensions


class CRF(chainer.Chain):
    def __init__(self, n_vocab, n_pos):
        super().__init__()
        with self.init_scope():
            self.feature = L.EmbedID(n_vocab, n_pos)
            self.crf = L.CRF1d(n_pos)

    def forward(self, xs, ys):
        inds = np.argsort([-len(x) for x in xs]).astype(np.int32)
        xs = [xs[i] for i in inds]
        ys = [ys[i] for i in inds]
        hs = [self.feature(x) for x in F.transpose_sequence(xs)]
        ts = F.transpose_sequence(ys)
        loss = self.crf(hs, ts)
        chainer.report({"loss": loss}, self)
        _, predict = self.crf.argmax(hs)
        correct = total = 0
        for y, p in zip(ts, predict):
            correct += self.xp.sum(y.array == p)
            total += len(y)
        chainer.report({"correct": correct, "total": total}, self)
        return loss

    def argmax(self, xs):
        hs = [self.feature(x) for x in xs]
        return self.crf.argmax(hs, transpose=True)


@chainer.dataset.converter()
def convert(batch, device):
    sentences = [device.send(sentence) for sentence, _ in batch]
    poses = [device.send(pos) for _, pos in batch]
    return {"xs": sentences, "ys": poses}


def sentences():
    rng = np.random.RandomState(16)
    found = []
    for _ in range(19):
        words = rng.randint(0, 8, rng.randint(1, 7))
        found.append([(f"w{word}", f"t{(word + i) % 3}") for i, word in enumerate(words)])
    return found


def trainer(out, resume=None):
    vocab = {f"w{i}": i for i in range(8)}
    pos_vocab = {f"t{i}": i for i in range(3)}

    def transform(sentence):
        x = np.array([vocab[w] for w, _ in sentence], np.int32)
        return x, np.array([pos_vocab[p] for _, p in sentence], np.int32)

    data = datasets.TransformDataset(sentences(), transform)
    train_data, test_data = datasets.split_dataset_random(data, len(data) - 5, seed=0)
    train_iter = chainer.iterators.SerialIterator(train_data, 4)
    test_iter = chainer.iterators.SerialIterator(test_data, 4, repeat=False, shuffle=False)
    model = CRF(len(vocab), len(pos_vocab))
    optimizer = chainer.optimizers.Adam(0.05)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.0001))
    updater = training.updaters.StandardUpdater(
        train_iter, optimizer, converter=convert, device="@numpy"
    )
    result = training.Trainer(updater, (2, "epoch"), out=out)
    result.extend(
        extensions.Evaluator(test_iter, model, device="@numpy", converter=convert),
        trigger=(2, "iteration"),
    )
    result.extend(extensions.LogReport(trigger=(2, "iteration")))
    result.extend(
        extensions.MicroAverage("main/correct", "main/total", "main/accuracy", (2, "iteration"))
    )
    result.extend(
        extensions.MicroAverage(
            "validation/main/correct", "validation/main/total", "validation/main/accuracy"
        )
    )
    result.extend(
        extensions.PrintReport(["epoch", "main/loss", "main/accuracy", "elapsed_time"]),
        trigger=(2, "iteration"),
    )
    result.extend(extensions.snapshot(), trigger=(3, "iteration"))
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def run(out):
    np.random.seed(15)
    done = trainer(out)
    done.run()
    model = done.updater.get_optimizer("main").target
    found = {path[1:]: param.array for path, param in model.namedparams()}
    log = done.get_extension("LogReport").log
    keys = ("main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy")
    for key in keys:
        found[key.replace("/", "_")] = np.array([e[key] for e in log if key in e])
    xs = [np.arange(i, i + 3, dtype=np.int32) for i in range(4)]
    with chainer.no_backprop_mode():
        score, path = model.argmax(xs)
    found["score"] = score.array
    found["path"] = np.array(path)
    return found
