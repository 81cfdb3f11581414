"""Every link in every dtype: gradients, freezing, state, copies. Values are tested by family."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.testing import check_link

IMAGE, SEQUENCE, VOLUME = [(2, 4, 5, 5)], [(2, 4, 6)], [(1, 2, 3, 3, 3)]
BATCH = [(4, 3)]


def away_from_zero(rng):
    return rng.uniform(0.2, 1, (4, 3)) * rng.choice([-1.0, 1.0], (4, 3))


def ids(rng):
    return rng.integers(0, 5, (2, 4))


def drawn(size):
    """Biases and scales that are not all the same."""
    return rk.initializers.Constant(np.linspace(-1, 2, size))


CASES = {
    "Linear": (lambda: L.Linear(3, 2, initial_bias=drawn(2)), BATCH),
    "Linear open": (lambda: L.Linear(None, 2), [(4, 3, 2)]),
    "EmbedID": (lambda: L.EmbedID(5, 3, ignore_label=1), [ids]),
    "Convolution1D": (lambda: L.Convolution1D(4, 3, 3, nobias=True), SEQUENCE),
    "Convolution2D": (lambda: L.Convolution2D(4, 6, 3, 2, 1, groups=2), IMAGE),
    "Convolution2D open": (lambda: L.Convolution2D(3, 2, dilate=2), IMAGE),
    "Convolution2D cover_all": (lambda: L.Convolution2D(4, 3, 2, 2, cover_all=True), IMAGE),
    "Convolution3D": (lambda: L.Convolution3D(2, 3, 2), VOLUME),
    "ConvolutionND": (lambda: L.ConvolutionND(1, 4, 3, 3, pad=1), SEQUENCE),
    "Deconvolution1D": (lambda: L.Deconvolution1D(4, 3, 3, stride=2), SEQUENCE),
    "Deconvolution2D": (lambda: L.Deconvolution2D(4, 6, 4, 2, 1, groups=2), IMAGE),
    "Deconvolution2D outsize": (lambda: L.Deconvolution2D(4, 3, 2, 2, outsize=(11, 11)), IMAGE),
    "Deconvolution3D": (lambda: L.Deconvolution3D(2, 1, 2, nobias=True), VOLUME),
    "DeconvolutionND": (lambda: L.DeconvolutionND(1, 4, 3, 3), SEQUENCE),
    "BatchNormalization": (lambda: L.BatchNormalization(4, initial_gamma=drawn(4)), IMAGE),
    "BatchNormalization open": (lambda: L.BatchNormalization(use_beta=False), [(5, 3)]),
    "LayerNormalization": (lambda: L.LayerNormalization(3, initial_gamma=drawn(3)), BATCH),
    "GroupNormalization": (lambda: L.GroupNormalization(2, initial_beta=drawn(4)), IMAGE),
    "LSTM": (lambda: L.LSTM(3, 2), BATCH),
    "StatefulPeepholeLSTM": (lambda: L.StatefulPeepholeLSTM(None, 2), BATCH),
    "StatelessLSTM": (lambda: L.StatelessLSTM(3, 2), [(4, 2), (4, 2), (4, 3)]),
    "StatefulGRU": (lambda: L.StatefulGRU(3, 2), BATCH),
    "StatelessGRU": (lambda: L.StatelessGRU(3, 2, bias_init=drawn(2)), [(4, 2), (4, 3)]),
    "PReLU": (lambda: L.PReLU((3,), drawn(3)), [away_from_zero]),
    "Swish": (lambda: L.Swish((), 0.5), BATCH),
    "Maxout": (lambda: L.Maxout(3, 2, 3), BATCH),
    "DilatedConvolution2D": (lambda: L.DilatedConvolution2D(4, 3, 2, dilate=2), IMAGE),
    "DepthwiseConvolution2D": (lambda: L.DepthwiseConvolution2D(4, 2, 3), IMAGE),
    "LocalConvolution2D": (lambda: L.LocalConvolution2D(4, 2, 5, 3, 2), IMAGE),
    "DeformableConvolution2D": (
        lambda: L.DeformableConvolution2D(4, 2, 2, deform_initialW=rk.initializers.Uniform(1)),
        IMAGE,
    ),
    "MLPConvolution2D": (lambda: L.MLPConvolution2D(4, (5, 3), 3, activation=F.tanh), IMAGE),
    "Inception": (lambda: L.Inception(4, 2, 2, 3, 2, 3, 2, bias_init=0.1), IMAGE),
    "InceptionBN": (lambda: L.InceptionBN(None, 2, 2, 3, 2, 3, "avg", 2), IMAGE),
    "BatchRenormalization": (lambda: L.BatchRenormalization(4, initial_gamma=drawn(4)), IMAGE),
    "DecorrelatedBatchNormalization": (lambda: L.DecorrelatedBatchNormalization(4, 2), IMAGE),
    "Scale": (lambda: L.Scale(1, (4,), bias_term=True), IMAGE),
    "Bias": (lambda: L.Bias(1, (4, 5)), IMAGE),
    "Parameter": (lambda: L.Parameter(np.linspace(-1, 2, 3).astype(rk.get_dtype())), []),
    "Highway": (lambda: L.Highway(3, activate=F.tanh), BATCH),
    "Bilinear": (lambda: L.Bilinear(3, 4, 2), [(5, 3), (5, 4)]),
    "SimplifiedDropconnect": (lambda: L.SimplifiedDropconnect(3, 2, 0), BATCH),
    "Classifier": (
        lambda: L.Classifier(L.Linear(3, 2)),
        [(4, 3), lambda rng: rng.integers(0, 2, 4)],
    ),
    "Chain": (lambda: Pair(a=L.Linear(3, 4), b=L.Linear(4, 2)), BATCH),
    "ChainList": (lambda: Listed(L.Linear(3, 4), L.Linear(4, 2)), BATCH),
    "Sequential": (lambda: rk.Sequential(L.Linear(3, 4), F.tanh, L.Linear(4, 2)), BATCH),
}
# float16 cannot hold these to the tolerance of one operation: they take several in a row.
LOOSE = {"float16": (2e-2, 2e-2)}


class Pair(rk.Chain):
    def forward(self, x):
        return self.b(F.sigmoid(self.a(x)))


class Listed(rk.ChainList):
    def forward(self, x):
        for link in self:
            x = F.tanh(link(x))
        return x


@pytest.mark.parametrize("name", CASES)
def test_link(name):
    make, inputs = CASES[name]
    check_link(make, inputs, tol=LOOSE)


@pytest.mark.parametrize("name", ["BatchNormalization", "BatchNormalization open"])
def test_in_inference(name):
    make, inputs = CASES[name]
    check_link(make, inputs, train=False, tol=LOOSE)


def test_every_link_is_here():
    links = {n for n in L.__all__ if isinstance(getattr(L, n), type)}
    named = {getattr(L, n).__name__ for n in links} - {"Link", "State"}
    rest = named - {name.split()[0] for name in CASES}
    own = "".join(p.read_text() for p in (Path(__file__).parent / "links").glob("test_*.py"))
    untested = {name for name in rest if f"L.{name}" not in own and f" {name}" not in own}
    assert not untested
