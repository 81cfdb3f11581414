"""Translation between sequences of different lengths, in the way of the seq2seq example."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions

EOS = 1


def sequence_embed(embed, xs):
    x_len = [len(x) for x in xs]
    x_section = np.cumsum(x_len[:-1])
    ex = embed(F.concat(xs, axis=0))
    return F.split_axis(ex, x_section, 0)


class Seq2seq(chainer.Chain):
    def __init__(self, n_layers, n_source, n_target, n_units):
        super().__init__()
        with self.init_scope():
            self.embed_x = L.EmbedID(n_source, n_units)
            self.embed_y = L.EmbedID(n_target, n_units)
            self.encoder = L.NStepLSTM(n_layers, n_units, n_units, 0.1)
            self.decoder = L.NStepLSTM(n_layers, n_units, n_units, 0.1)
            self.W = L.Linear(n_units, n_target)

    def forward(self, xs, ys):
        xs = [x[::-1] for x in xs]
        eos = self.xp.array([EOS], np.int32)
        ys_in = [F.concat([eos, y], axis=0) for y in ys]
        ys_out = [F.concat([y, eos], axis=0) for y in ys]
        exs = sequence_embed(self.embed_x, xs)
        eys = sequence_embed(self.embed_y, ys_in)
        batch = len(xs)
        hx, cx, _ = self.encoder(None, None, exs)
        _, _, os = self.decoder(hx, cx, eys)
        concat_os = F.concat(os, axis=0)
        concat_ys_out = F.concat(ys_out, axis=0)
        loss = F.sum(F.softmax_cross_entropy(self.W(concat_os), concat_ys_out, reduce="no"))
        loss = loss / batch
        chainer.report({"loss": loss}, self)
        n_words = concat_ys_out.shape[0]
        chainer.report({"perp": self.xp.exp(loss.array * batch / n_words)}, self)
        return loss

    def translate(self, xs, max_length=5):
        with chainer.no_backprop_mode(), chainer.using_config("train", False):
            exs = sequence_embed(self.embed_x, [x[::-1] for x in xs])
            h, c, _ = self.encoder(None, None, exs)
            ys = self.xp.full(len(xs), EOS, np.int32)
            result = []
            for _ in range(max_length):
                eys = F.split_axis(self.embed_y(ys), len(xs), 0)
                h, c, ys = self.decoder(h, c, eys)
                wy = self.W(F.concat(ys, axis=0))
                ys = self.xp.argmax(wy.array, axis=1).astype(np.int32)
                result.append(ys)
        return np.array(result)


@chainer.dataset.converter()
def convert(batch, device):
    def to_device_batch(batch):
        return [chainer.dataset.to_device(device, x) for x in batch]

    return {
        "xs": to_device_batch([x for x, _ in batch]),
        "ys": to_device_batch([y for _, y in batch]),
    }


def run(out):
    np.random.seed(9)
    rng = np.random.RandomState(10)
    pairs = [
        (
            rng.randint(2, 9, rng.randint(1, 5)).astype(np.int32),
            rng.randint(2, 8, rng.randint(1, 6)).astype(np.int32),
        )
        for _ in range(12)
    ]
    model = Seq2seq(2, 9, 8, 4)
    optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)
    train_iter = chainer.iterators.SerialIterator(pairs, 4)
    updater = training.updaters.StandardUpdater(
        train_iter, optimizer, converter=convert, device="@numpy"
    )
    trainer = training.Trainer(updater, (2, "epoch"), out=out)
    trainer.extend(extensions.LogReport(trigger=(2, "iteration")))
    seen = []

    @chainer.training.make_extension(trigger=(1, "epoch"))
    def translate(trainer):
        seen.append(model.translate([x for x, _ in pairs[:3]]))

    trainer.extend(translate)
    trainer.run()
    log = trainer.get_extension("LogReport").log
    found = {path[1:]: param.array for path, param in model.namedparams()}
    return {
        **found,
        "perp": np.array([entry["main/perp"] for entry in log]),
        "translated": np.array(seen),
    }
