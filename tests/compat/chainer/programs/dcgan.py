"""Two networks against each other with two optimizers, in the way of the dcgan example."""

import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import Variable, training
from chainer.backends import cuda
from chainer.training import extensions


def add_noise(h, sigma=0.2):
    xp = cuda.get_array_module(h.array)
    if chainer.config.train:
        return h + sigma * xp.random.randn(*h.shape).astype(h.dtype)
    return h


class Generator(chainer.Chain):
    def __init__(self, n_hidden, bottom_width=2, ch=4, wscale=0.2):
        super().__init__()
        self.n_hidden = n_hidden
        self.ch = ch
        self.bottom_width = bottom_width
        with self.init_scope():
            w = chainer.initializers.Normal(wscale)
            self.l0 = L.Linear(n_hidden, bottom_width * bottom_width * ch, True, w)
            self.dc1 = L.Deconvolution2D(ch, ch // 2, 4, 2, 1, nobias=True, initialW=w)
            self.dc2 = L.Deconvolution2D(ch // 2, 1, 3, 1, 1, initialW=w)
            self.bn0 = L.BatchNormalization(bottom_width * bottom_width * ch)
            self.bn1 = L.BatchNormalization(ch // 2)

    def make_hidden(self, batchsize):
        dtype = chainer.get_dtype()
        return np.random.uniform(-1, 1, (batchsize, self.n_hidden, 1, 1)).astype(dtype)

    def forward(self, z):
        h = F.reshape(
            F.relu(self.bn0(self.l0(z))), (len(z), self.ch, self.bottom_width, self.bottom_width)
        )
        h = F.relu(self.bn1(self.dc1(h)))
        return F.sigmoid(self.dc2(h))


class Discriminator(chainer.Chain):
    def __init__(self, ch=4, wscale=0.2):
        w = chainer.initializers.Normal(wscale)
        super().__init__()
        with self.init_scope():
            self.c0 = L.Convolution2D(1, ch // 2, 3, 1, 1, initialW=w)
            self.c1 = L.Convolution2D(ch // 2, ch, 4, 2, 1, nobias=True, initialW=w)
            self.l2 = L.Linear(None, 1, initialW=w)
            self.bn1 = L.BatchNormalization(ch, use_gamma=False)

    def forward(self, x):
        h = add_noise(x)
        h = F.leaky_relu(add_noise(self.c0(h)))
        h = F.leaky_relu(add_noise(self.bn1(self.c1(h))))
        return self.l2(h)


class DCGANUpdater(training.updaters.StandardUpdater):
    def __init__(self, *args, **kwargs):
        self.gen, self.dis = kwargs.pop("models")
        super().__init__(*args, **kwargs)

    def loss_dis(self, dis, y_fake, y_real):
        batchsize = len(y_fake)
        loss = F.sum(F.softplus(-y_real)) / batchsize + F.sum(F.softplus(y_fake)) / batchsize
        chainer.report({"loss": loss}, dis)
        return loss

    def loss_gen(self, gen, y_fake):
        loss = F.sum(F.softplus(-y_fake)) / len(y_fake)
        chainer.report({"loss": loss}, gen)
        return loss

    def update_core(self):
        gen_optimizer = self.get_optimizer("gen")
        dis_optimizer = self.get_optimizer("dis")
        batch = self.get_iterator("main").next()
        x_real = Variable(self.converter(batch, self.device)) / 255.0
        gen, dis = self.gen, self.dis
        y_real = dis(x_real)
        x_fake = gen(Variable(dis.xp.asarray(gen.make_hidden(len(batch)))))
        y_fake = dis(x_fake)
        dis_optimizer.update(self.loss_dis, dis, y_fake, y_real)
        gen_optimizer.update(self.loss_gen, gen, y_fake)


def out_generated_image(gen, rows, cols, seed, dst):
    @training.make_extension()
    def make_image(trainer):
        state = np.random.get_state()
        np.random.seed(seed)
        z = Variable(gen.xp.asarray(gen.make_hidden(rows * cols)))
        np.random.set_state(state)
        with chainer.using_config("train", False):
            x = chainer.backends.cuda.to_cpu(gen(z).array)
        x = np.asarray(np.clip(x * 255, 0.0, 255.0), dtype=np.uint8)
        _, _, height, width = x.shape
        x = x.reshape((rows, cols, 1, height, width)).transpose(0, 3, 1, 4, 2)
        x = x.reshape((rows * height, cols * width))
        np.save(os.path.join(dst, f"image{trainer.updater.iteration}.npy"), x)

    return make_image


def trainer(out, resume=None):
    gen, dis = Generator(3), Discriminator()

    def make_optimizer(model, alpha=0.01, beta1=0.5):
        optimizer = chainer.optimizers.Adam(alpha=alpha, beta1=beta1)
        optimizer.setup(model)
        optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.0001), "hook_dec")
        return optimizer

    images = np.random.RandomState(12).randint(0, 256, (14, 1, 4, 4)).astype(np.float32)
    updater = DCGANUpdater(
        models=(gen, dis),
        iterator=chainer.iterators.SerialIterator(images, 4),
        optimizer={"gen": make_optimizer(gen), "dis": make_optimizer(dis)},
        device=-1,
    )
    result = training.Trainer(updater, (2, "epoch"), out=out)
    interval = (3, "iteration")
    result.extend(
        extensions.snapshot(filename="snapshot_iter_{.updater.iteration}"), trigger=interval
    )
    result.extend(extensions.snapshot_object(gen, "gen_{.updater.iteration}.npz"), trigger=interval)
    result.extend(extensions.LogReport(trigger=(1, "iteration")))
    result.extend(
        extensions.PrintReport(["epoch", "iteration", "gen/loss", "dis/loss"]), trigger=interval
    )
    result.extend(out_generated_image(gen, 2, 2, 0, out), trigger=interval)
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def run(out):
    np.random.seed(11)
    done = trainer(out)
    done.run()
    found = {}
    for name, optimizer in done.updater.get_all_optimizers().items():
        for path, param in optimizer.target.namedparams():
            found[name + path] = param.array
    log = done.get_extension("LogReport").log
    found["losses"] = np.array([[entry["gen/loss"], entry["dis/loss"]] for entry in log])
    found["avg_var"] = done.updater.gen.bn1.avg_var
    with np.load(os.path.join(out, "gen_6.npz")) as file:
        found["saved"] = file["dc2/W"]
    return found
