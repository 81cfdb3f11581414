"""A variational autoencoder with a loss of its own, in the way of the vae example."""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import training
from chainer.training import extensions


class VAE(chainer.Chain):
    def __init__(self, n_in, n_latent, n_h):
        super().__init__()
        with self.init_scope():
            self.le1 = L.Linear(n_in, n_h)
            self.le2_mu = L.Linear(n_h, n_latent)
            self.le2_ln_var = L.Linear(n_h, n_latent)
            self.ld1 = L.Linear(n_latent, n_h)
            self.ld2 = L.Linear(n_h, n_in)

    def encode(self, x):
        h1 = F.tanh(self.le1(x))
        return self.le2_mu(h1), self.le2_ln_var(h1)

    def decode(self, z, sigmoid=True):
        h2 = self.ld2(F.tanh(self.ld1(z)))
        return F.sigmoid(h2) if sigmoid else h2

    def get_loss_func(self, beta=1.0, k=2):
        def lf(x):
            mu, ln_var = self.encode(x)
            batchsize = len(mu)
            rec_loss = 0
            for _ in range(k):
                z = F.gaussian(mu, ln_var)
                rec_loss += F.bernoulli_nll(x, self.decode(z, sigmoid=False)) / (k * batchsize)
            self.rec_loss = rec_loss
            kl = F.gaussian_kl_divergence(mu, ln_var) / batchsize
            self.loss = self.rec_loss + beta * kl
            chainer.report({"rec_loss": rec_loss, "loss": self.loss}, observer=self)
            return self.loss

        return lf


def run(out):
    np.random.seed(7)
    x = np.random.RandomState(8).rand(20, 6).astype(np.float32)
    model = VAE(6, 2, 5)
    optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)
    train_iter = chainer.iterators.SerialIterator(x, 5)
    updater = training.updaters.StandardUpdater(
        train_iter, optimizer, device=-1, loss_func=model.get_loss_func()
    )
    trainer = training.Trainer(updater, (2, "epoch"), out=out)
    test_iter = chainer.iterators.SerialIterator(x, 5, repeat=False, shuffle=False)
    trainer.extend(
        extensions.Evaluator(test_iter, model, eval_func=model.get_loss_func(k=1), device=-1)
    )
    trainer.extend(extensions.LogReport())
    trainer.run()
    log = trainer.get_extension("LogReport").log
    found = {path[1:]: param.array for path, param in model.namedparams()}
    return {**found, "rec": np.array([entry["validation/main/rec_loss"] for entry in log])}
