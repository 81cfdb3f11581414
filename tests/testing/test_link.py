"""check_link passes right layers and fails the mistakes that it is for."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
import renkei.links as L
from renkei.testing import check_link


def affine(link, x):
    return x @ link.W.array.T.astype(np.float64) + link.b.array


class Layer(rk.Link):
    """A linear layer with a switch for each mistake."""

    def __init__(self, mistake=""):
        super().__init__()
        self.mistake = mistake
        self.W = rk.Parameter(np.full((2, 3), 0.5, rk.get_dtype()))
        self.b = rk.Parameter(np.ones(2, rk.get_dtype()))
        self.count = 0

    def forward(self, x):
        y = F.linear(x, self.W, self.b)
        if self.mistake == "array":
            return y.array
        if self.mistake == "float64":
            return F.cast(y, np.float64)
        if self.mistake == "value":
            return y + 1
        if self.mistake == "detached":
            return F.linear(x, self.W.array, self.b)
        if self.mistake == "unfreezable":
            self.W.grad = np.ones_like(self.W.array)
        if self.mistake == "state":
            self.count += 1
            return y + float(self.count)
        return y

    def __deepcopy__(self, memo):
        twin = Layer(self.mistake)
        twin.W.array, twin.b.array = self.W.array.copy(), self.b.array.copy()
        if self.mistake == "shares":
            twin.b.array = self.b.array
        return twin


@pytest.mark.parametrize(
    ("make", "inputs", "expected"),
    [
        (lambda: L.Linear(3, 2), [(4, 3)], affine),
        (lambda: L.Linear(2), [(4, 3)], affine),
        (Layer, [(4, 3)], affine),
        (lambda: rk.Sequential(L.Linear(3, 4), F.tanh, L.Linear(4, 2)), [(4, 3)], None),
        (lambda: L.EmbedID(5, 3), [lambda rng: rng.integers(0, 5, (2, 4))], None),
        (lambda: L.BatchNormalization(3), [(6, 3)], None),
        (lambda: L.LSTM(3, 2), [(4, 3)], None),
    ],
)
def test_right_layers_pass(make, inputs, expected):
    dtypes = ("float32", "float64") if expected is None else ("float16", "float32", "float64")
    check_link(make, inputs, expected=expected, dtypes=dtypes)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("array", "result 0 is a ndarray, not a Variable"),
        ("float64", "result 0 is float64, not float32"),
        ("value", "result 0: 8 of 8 elements differ"),
        ("detached", "/W got no gradient"),
        ("unfreezable", "/W is frozen and got a gradient"),
        ("state", "after load_state"),
        ("shares", "/b of a deep copy shares memory"),
    ],
)
def test_checks_bite(mistake, message):
    expected = None if mistake == "state" else affine
    with pytest.raises(AssertionError, match=message) as raised:
        check_link(lambda: Layer(mistake), [(4, 3)], expected=expected, dtypes=["float32"])
    assert raised.value.__notes__[0].endswith("of Layer in float32")


def test_wrong_gradients_of_parameters_are_found():
    @rk.elementwise(x=lambda gy, w: gy * w, w=lambda gy, x: gy * x * 1.01)
    def product(xp, x, w):
        return x * w

    class Scale(rk.Link):
        def __init__(self):
            super().__init__()
            self.w = rk.Parameter(np.full(3, 0.5, rk.get_dtype()))

        def forward(self, x):
            return product(rk.as_variable(x), self.w)

    with pytest.raises(AssertionError, match="gradient of input 1"):
        check_link(Scale, [(4, 3)], dtypes=["float64"])
