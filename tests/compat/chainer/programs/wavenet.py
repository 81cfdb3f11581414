"""Dilated causal convolutions over waves, and samples drawn one by one, in the way of wavenet."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions


class MuLaw:
    def __init__(self, mu=16, int_type=np.int32, float_type=np.float32):
        self.mu, self.int_type, self.float_type = mu, int_type, float_type

    def transform(self, x):
        x = x.astype(self.float_type)
        y = np.sign(x) * np.log(1 + self.mu * np.abs(x)) / np.log(1 + self.mu)
        return np.digitize(y, 2 * np.arange(self.mu) / self.mu - 1) - 1

    def itransform(self, y):
        y = 2 * y.astype(self.float_type) / self.mu - 1
        x = np.sign(y) / self.mu * ((1 + self.mu) ** np.abs(y) - 1)
        return x.astype(self.float_type)


class ResidualBlock(chainer.Chain):
    def __init__(self, filter_size, dilation, residual_channels, dilated_channels, skip_channels):
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(
                residual_channels,
                dilated_channels,
                ksize=(filter_size, 1),
                pad=(dilation * (filter_size - 1), 0),
                dilate=(dilation, 1),
            )
            self.res = L.Convolution2D(dilated_channels // 2, residual_channels, 1)
            self.skip = L.Convolution2D(dilated_channels // 2, skip_channels, 1)
        self.filter_size = filter_size
        self.dilation = dilation
        self.residual_channels = residual_channels

    def forward(self, x, condition):
        length = x.shape[2]
        h = self.conv(x)[:, :, :length]  # the past alone
        h += condition
        tanh_z, sig_z = F.split_axis(h, 2, axis=1)
        z = F.tanh(tanh_z) * F.sigmoid(sig_z)
        if x.shape[2] == z.shape[2]:
            residual = self.res(z) + x
        else:
            residual = self.res(z) + x[:, :, -1:]
        return residual, self.skip(z)

    def initialize(self, n):
        self.queue = chainer.Variable(
            self.xp.zeros(
                (n, self.residual_channels, self.dilation * (self.filter_size - 1) + 1, 1),
                dtype=self.xp.float32,
            )
        )
        self.conv.pad = (0, 0)

    def pop(self, condition):
        return self(self.queue, condition)

    def push(self, x):
        self.queue = F.concat((self.queue[:, :, 1:], x), axis=2)


class ResidualNet(chainer.ChainList):
    def __init__(self, n_loop, n_layer, filter_size, residual, dilated, skip):
        super().__init__()
        for dilation in [2**i for i in range(n_layer)] * n_loop:
            self.add_link(ResidualBlock(filter_size, dilation, residual, dilated, skip))

    def forward(self, x, conditions):
        for i, (func, condition) in enumerate(zip(self.children(), conditions)):
            x, skip = func(x, condition)
            skips = skip if i == 0 else skips + skip  # noqa: F821
        return skips

    def initialize(self, n):
        for block in self.children():
            block.initialize(n)

    def generate(self, x, conditions):
        for i, (func, condition) in enumerate(zip(self.children(), conditions)):
            func.push(x)
            x, skip = func.pop(condition)
            skips = skip if i == 0 else skips + skip  # noqa: F821
        return skips


class UpsampleNet(chainer.ChainList):
    def __init__(self, factors, out_layers, n_mels, dilated):
        super().__init__()
        self.n_up = len(factors)
        for factor in factors:
            self.add_link(L.Deconvolution2D(n_mels, n_mels, (factor, 1), stride=(factor, 1)))
        for _ in range(out_layers):
            self.add_link(L.Convolution2D(n_mels, dilated, 1))

    def forward(self, condition):
        condition = chainer.Variable(condition)  # Chainer's backward fails for a mere array
        for link in self[: self.n_up]:
            condition = F.relu(link(condition))
        return F.stack([link(condition) for link in self[self.n_up :]])


class WaveNet(chainer.Chain):
    def __init__(self, quantize=16, skip=4, residual=3, dilated=6, n_loop=2, n_layer=2):
        super().__init__()
        with self.init_scope():
            self.embed = L.Convolution2D(quantize, residual, (2, 1), pad=(1, 0), nobias=True)
            self.resnet = ResidualNet(n_loop, n_layer, 2, residual, dilated, skip)
            self.proj1 = L.Convolution2D(skip, skip, 1, nobias=True)
            self.proj2 = L.Convolution2D(skip, quantize, 1, nobias=True)
        self.quantize = quantize

    def forward(self, x, condition, generating=False):
        length = x.shape[2]
        x = self.embed(x)[:, :, :length]
        z = F.relu(self.resnet(x, condition))
        return self.proj2(F.relu(self.proj1(z)))

    def initialize(self, n):
        self.resnet.initialize(n)
        self.embed.pad = (0, 0)
        self.embed_queue = chainer.Variable(
            self.xp.zeros((n, self.quantize, 2, 1), dtype=self.xp.float32)
        )

    def generate(self, x, condition):
        self.embed_queue = F.concat((self.embed_queue[:, :, 1:], x), axis=2)
        x = self.embed(self.embed_queue)
        x = F.relu(self.resnet.generate(x, condition))
        return self.proj2(F.relu(self.proj1(x)))


class EncoderDecoderModel(chainer.Chain):
    def __init__(self, encoder, decoder):
        super().__init__()
        with self.init_scope():
            self.encoder, self.decoder = encoder, decoder

    def forward(self, x, condition):
        return self.decoder(x, self.encoder(condition))


class Preprocess:
    def __init__(self, quantize=16, length=8):
        self.quantize, self.length, self.mu_law = quantize, length, MuLaw(quantize)

    def __call__(self, phase):
        time = np.arange(self.length + 1, dtype=np.float32)
        raw = (0.9 * np.sin(time * 0.7 + phase)).astype(np.float32)
        quantized = self.mu_law.transform(raw)
        one_hot = np.identity(self.quantize, np.float32)[quantized]
        one_hot = np.expand_dims(one_hot.T, 2)
        condition = np.full((2, self.length // 4, 1), phase, np.float32)
        return one_hot[:, :-1], condition, np.expand_dims(quantized.astype(np.int32), 1)[1:]


def trainer(out, resume=None):
    encoder = UpsampleNet([2, 2], 4, 2, 6)
    model = L.Classifier(EncoderDecoderModel(encoder, WaveNet()))
    optimizer = chainer.optimizers.Adam(0.01)
    optimizer.setup(model)
    phases = np.random.RandomState(25).rand(17) * 6
    data = chainer.datasets.TransformDataset(phases, Preprocess())
    train, valid = chainer.datasets.split_dataset(data, 13)
    train_iter = chainer.iterators.MultithreadIterator(train, 3, n_threads=2)
    valid_iter = chainer.iterators.SerialIterator(valid, 2, repeat=False, shuffle=False)
    updater = training.StandardUpdater(train_iter, optimizer, device="@numpy")
    result = training.Trainer(updater, (2, "epoch"), out=out)
    result.extend(extensions.Evaluator(valid_iter, model), trigger=(2, "iteration"))
    result.extend(extensions.snapshot(), trigger=(3, "iteration"))
    result.extend(extensions.LogReport(trigger=(2, "iteration")))
    result.extend(extensions.observe_lr("main"), trigger=(2, "iteration"))
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def generate(model, n):
    """Draws a wave value by value: the likeliest each time."""
    x = model.xp.zeros((1, 16, 1, 1), np.float32)
    condition = np.full((1, 2, n // 4, 1), 2, np.float32)
    values = []
    model.decoder.initialize(1)
    with chainer.no_backprop_mode(), chainer.using_config("train", False):
        conditions = model.encoder(condition)
        for i in range(n):
            out = model.decoder.generate(x, conditions[:, :, :, i : i + 1])
            value = int(F.softmax(out).array[0, :, 0, 0].argmax())
            x = np.zeros_like(x)
            x[:, value] = 1
            values.append(value)
    return MuLaw(16).itransform(np.array(values))


def run(out):
    np.random.seed(24)
    done = trainer(out)
    done.run()
    model = done.updater.get_optimizer("main").target
    found = {path[1:]: param.array for path, param in model.namedparams()}
    log = done.get_extension("LogReport").log
    found["losses"] = np.array([[e["main/loss"], e["validation/main/loss"]] for e in log])
    found["wave"] = generate(model.predictor, 8)
    return found
