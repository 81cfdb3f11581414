"""Words for images by convolutions and an LSTM, in the way of the image captioning example."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions

BOS, EOS, IGNORE = 0, 1, -1
N_VOCAB = 7


class Features(chainer.Chain):
    """A small network of images whose layers are called by name."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.conv1_1 = L.Convolution2D(3, 4, 3, pad=1)
            self.conv1_2 = L.Convolution2D(4, 5, 3, stride=2)
            self.fc = L.Linear(None, 6)
        self.feat_layer = "fc"

    @property
    def functions(self):
        return {
            "conv1_1": [self.conv1_1, F.relu],
            "pool1": [lambda x: F.average_pooling_2d(x, 2)],
            "conv1_2": [self.conv1_2, F.relu],
            "fc": [self.fc],
        }

    def forward(self, x, layers=("fc",)):
        activations = {}
        h = chainer.Variable(self.xp.asarray(x))
        for key, steps in self.functions.items():
            for step in steps:
                h = step(h)
            if key in layers:
                activations[key] = h
        return activations[self.feat_layer]


class LSTMLanguageModel(chainer.Chain):
    def __init__(self, vocab_size, hidden_size, dropout_ratio, ignore_label):
        super().__init__()
        with self.init_scope():
            self.embed_word = L.EmbedID(
                vocab_size, hidden_size, initialW=chainer.initializers.Normal(1.0),
                ignore_label=ignore_label,
            )  # fmt: skip
            self.embed_img = L.Linear(6, hidden_size, initialW=chainer.initializers.GlorotUniform())
            self.lstm = L.LSTM(hidden_size, hidden_size)
            self.out_word = L.Linear(hidden_size, vocab_size)
        self.dropout_ratio = dropout_ratio

    def forward(self, img_feats, captions):
        self.reset(img_feats)
        loss = 0
        size = 0
        caption_length = captions.shape[1]
        for i in range(caption_length - 1):
            x = chainer.Variable(self.xp.asarray(captions[:, i]))
            t = chainer.Variable(self.xp.asarray(captions[:, i + 1]))
            if (t.array == self.embed_word.ignore_label).all():
                break
            y = self.step(x)
            loss += F.softmax_cross_entropy(y, t, ignore_label=self.embed_word.ignore_label)
            size += 1
        return loss / max(size, 1)

    def step(self, x):
        h = self.embed_word(x)
        h = self.lstm(F.dropout(h, ratio=self.dropout_ratio))
        return self.out_word(F.dropout(h, ratio=self.dropout_ratio))

    def reset(self, img_feats):
        self.lstm.reset_state()
        h = self.embed_img(img_feats)
        self.lstm(F.dropout(h, ratio=self.dropout_ratio))

    def predict_beam(self, img_feats, beam_width, length):
        """The likeliest sentences by a search that keeps a few at every step."""
        self.reset(img_feats)
        n = len(img_feats)
        c, h = self.lstm.c, self.lstm.h
        beams = [(np.full((n, 1), BOS, np.int32), np.zeros(n, np.float32), (c, h))]
        for _ in range(length):
            following = []
            for words, score, (c, h) in beams:
                self.lstm.set_state(c, h)
                y = F.log_softmax(self.step(words[:, -1])).array
                state = (self.lstm.c, self.lstm.h)
                best = np.argsort(-y, axis=1)[:, :beam_width]
                for k in range(beam_width):
                    word = best[:, k].astype(np.int32)
                    gain = y[np.arange(n), word]
                    following.append((np.hstack([words, word[:, None]]), score + gain, state))
            following.sort(key=lambda beam: -float(beam[1].sum()))
            beams = following[:beam_width]
        return beams[0][0]


class ImageCaptionModel(chainer.Chain):
    def __init__(self, vocab_size, dropout_ratio=0.3):
        super().__init__()
        with self.init_scope():
            self.feat_extractor = Features()
            self.lang_model = LSTMLanguageModel(vocab_size, 5, dropout_ratio, IGNORE)

    def prepare(self, img):
        return (np.asarray(img, np.float32).transpose(2, 0, 1) - 128) / 64

    def forward(self, imgs, captions):
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            img_feats = self.feat_extractor(imgs)
        loss = self.lang_model(img_feats, captions)
        chainer.report({"loss": loss}, self)
        return loss

    def predict(self, imgs, max_caption_length=4):
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            return self.lang_model.predict_beam(self.feat_extractor(imgs), 2, max_caption_length)


class CaptionDataset(chainer.dataset.DatasetMixin):
    def __init__(self, seed, n, prepare):
        rng = np.random.RandomState(seed)
        self.images = rng.randint(0, 256, (n, 8, 8, 3), dtype=np.uint8)
        self.captions = [rng.randint(2, N_VOCAB, rng.randint(1, 5)).tolist() for _ in range(n)]
        self.prepare = prepare

    def __len__(self):
        return len(self.captions)

    def get_example(self, i):
        caption = np.array([BOS, *self.captions[i], EOS], np.int32)
        return self.prepare(self.images[i]), caption


def converter(batch, device, max_caption_length=5):
    imgs, captions = zip(*batch)
    captions = [caption[:max_caption_length] for caption in captions]
    return chainer.dataset.concat_examples(
        list(zip(imgs, captions)), device=device, padding=(None, IGNORE)
    )


class TestModel(extensions.Evaluator):
    """Writes sentences instead of a loss."""

    default_name = "sentences"
    __test__ = False

    def evaluate(self):
        model = self.get_target("main")
        iterator = self.get_iterator("main")
        iterator.reset()
        observation = {}
        with chainer.reporter.report_scope(observation):
            imgs, _ = self.converter(iterator.next(), self.device)
            words = model.predict(imgs)
            chainer.report({"words": words.mean()}, model)
        return observation


def trainer(out, resume=None):
    model = ImageCaptionModel(N_VOCAB)
    model.feat_extractor(np.zeros((1, 3, 8, 8), np.float32))  # sizes of what was left open
    model.feat_extractor.disable_update()
    train = CaptionDataset(27, 10, model.prepare)
    valid = CaptionDataset(28, 4, model.prepare)
    optimizer = chainer.optimizers.RMSprop(0.02)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.Lasso(1e-4))
    train_iter = chainer.iterators.SerialIterator(train, 3)
    valid_iter = chainer.iterators.SerialIterator(valid, 4, repeat=False, shuffle=False)
    updater = training.updaters.StandardUpdater(
        train_iter, optimizer=optimizer, device=-1, converter=converter
    )
    result = training.Trainer(updater, out=out, stop_trigger=(7, "iteration"))
    result.extend(extensions.Evaluator(valid_iter, model, converter=converter))
    result.extend(TestModel(valid_iter, model, converter=converter, device=-1))
    result.extend(extensions.LogReport(["main/loss", "validation/main/loss"], (1, "iteration")))
    result.extend(extensions.LinearShift("lr", (0.02, 0.01), (1, 5)), trigger=(1, "iteration"))
    result.extend(extensions.snapshot(), trigger=(3, "iteration"))
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def run(out):
    np.random.seed(26)
    done = trainer(out)
    done.run()
    optimizer = done.updater.get_optimizer("main")
    model = optimizer.target
    found = {path[1:]: param.array for path, param in model.namedparams()}
    log = done.get_extension("LogReport").log
    found["losses"] = np.array([entry["main/loss"] for entry in log])
    imgs, _ = converter([CaptionDataset(28, 4, model.prepare)[i] for i in range(4)], -1)
    found["words"] = model.predict(imgs)
    found["lr"] = np.array(optimizer.lr)
    done.updater.finalize()
    return found
