"""summary: counts against formulas, nested and shared links, what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import ShapeError


def image(*shape):
    return np.zeros(shape, np.float32)


class Net(rk.Chain):
    def __init__(self):
        super().__init__(
            conv=L.Convolution2D(2, 4, 3, groups=2),
            block=rk.Sequential(L.Linear(None, 5), F.tanh),
        )
        self.up = L.Deconvolution2D(4, 1, 2, stride=2, nobias=True)

    def forward(self, x):
        h = F.relu(self.conv(x))
        return self.block(h), self.up(h)


@pytest.fixture
def table():
    return rk.summary(Net(), image(3, 2, 6, 6))


def test_rows(table):
    assert [(row.path, row.type, row.depth) for row in table.rows] == [
        ("/", "Net", 0),
        ("conv", "Convolution2D", 1),
        ("", "Relu", 1),
        ("block", "Sequential", 1),
        ("block/0", "Linear", 2),
        ("", "Tanh", 2),
        ("up", "Deconvolution2D", 1),
    ]
    assert [row.shapes for row in table.rows] == [
        [(3, 5), (3, 1, 8, 8)],
        [(3, 4, 4, 4)],
        [(3, 4, 4, 4)],
        [(3, 5)],
        [(3, 5)],
        [(3, 5)],
        [(3, 1, 8, 8)],
    ]
    assert table.filled == ["/block/0/W"]


def test_counts(table):
    conv, linear, up = 3 * 4 * 16 * 9, 3 * 5 * 64, 3 * 4 * 16 * 4
    by_path = {row.path: row for row in table.rows if row.path}
    assert by_path["conv"].multiply_adds == conv
    assert by_path["block"].multiply_adds == linear
    assert by_path["up"].multiply_adds == up
    assert table.multiply_adds == conv + linear + up
    assert table.flops == 2 * table.multiply_adds + 3 * 4 * 16 + 3 * 5
    assert by_path["conv"].params == 4 * 9 + 4
    assert table.params == by_path["/"].params == 40 + 64 * 5 + 5 + 16
    elements = 2 * 3 * 4 * 16 + 2 * 3 * 5 + 3 * 64
    assert table.memory == by_path["/"].memory == 4 * elements


def test_matrix_products_and_views():
    class Product(rk.Chain):
        def __init__(self):
            super().__init__(none=rk.Chain())

        def forward(self, x):
            return F.matmul(F.reshape(x, (4, 6)), F.reshape(x, (6, 4)))

    table = rk.summary(Product(), rk.Variable(image(2, 12)))
    assert [row.type for row in table.rows] == ["Product", "Reshape", "Reshape", "Matmul"]
    assert table.multiply_adds == 4 * 6 * 4
    assert table.flops == 2 * 4 * 6 * 4
    assert table.memory == 4 * 16


def test_shared_links_count_their_parameters_once():
    shared = L.Linear(3, 3)
    table = rk.summary(rk.Sequential(shared, F.relu, shared), image(2, 3))
    assert [row.params for row in table.rows if row.type == "Linear"] == [12, 0]
    assert table.params == 12
    assert table.multiply_adds == 2 * 18


def test_a_single_link_and_text():
    table = rk.summary(L.Linear(3, 2), image(1, 3))
    assert len(table.rows) == 1
    assert str(table) == repr(table)
    assert "(1, 2)" in str(table)
    assert "open sizes" not in str(table)


def test_leaves_the_model_as_it_was():
    class Model(rk.Chain):
        def __init__(self):
            super().__init__(lstm=L.LSTM(3, 2), rest=L.Linear(2, 2))
            self.trained = []

        def forward(self, x):
            self.trained.append((rk.config.train, rk.config.enable_backprop))
            self.last = self.rest(self.lstm(x))
            return self.last

    model = Model()
    model.lstm(image(1, 3))
    h, before = model.lstm.h, {k: v.copy() for k, v in model.state().items()}
    rk.summary(model, image(1, 3))
    assert model.lstm.h is h
    assert not hasattr(model, "last")
    assert model.trained == [(False, False)]
    assert all((before[k] == v).all() for k, v in model.state().items())
    assert rk.config.train


def test_an_error_comes_through_and_hooks_are_gone():
    with pytest.raises(ShapeError, match="Linear 3→2"):
        rk.summary(L.Linear(3, 2), image(1, 4))
    assert rk.summary(L.Linear(3, 2), image(1, 3)).params == 8


def test_sizes_in_words():
    from renkei.links.summary import _bytes

    assert [_bytes(n) for n in (0, 1023, 1536, 3 * 2**20, 5 * 2**30)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "3.0 MiB",
        "5.0 GiB",
    ]
