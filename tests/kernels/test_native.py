"""Native kernels against the reference, when they refuse, and life without the native module."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from renkei.core import dispatch
from renkei.core.errors import RangeError

needs_native = pytest.mark.native


def kernels(op):
    dispatch.load()
    return {k.backend: k.function for k in dispatch._table[op].kernels}


def pairs(shapes, dtype, columns, seed=0):
    rng = np.random.default_rng(seed)
    return [[rng.random(s).astype(dtype) for s in shapes] for _ in range(columns)]


STEPS = {
    "sgd_step": (2, {"lr": 0.1}),
    "momentum_sgd_step": (3, {"lr": 0.1, "momentum": 0.9}),
    "adam_step": (
        4,
        {
            "alpha_ts": [0.1, 0.2, 0.3],
            "beta1": 0.9,
            "beta2": 0.999,
            "eps": 1e-8,
            "eta": 0.5,
            "weight_decay_rate": 0.01,
        },
    ),
}


@needs_native
@pytest.mark.parametrize("op", STEPS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("grad_scale", [1.0, 0.3])
def test_optimizer_steps_agree(op, dtype, grad_scale):
    columns, attrs = STEPS[op]
    results = {}
    for backend in ("native", "reference"):
        lists = pairs([(3, 4), (), (50,)], dtype, columns)
        kernels(op)[backend](*lists, **attrs, grad_scale=grad_scale)
        results[backend] = [a for column in lists for a in column]
    ulps = 4 * np.finfo(dtype).eps
    for a, b in zip(results["native"], results["reference"], strict=True):
        np.testing.assert_allclose(a, b, rtol=ulps, atol=ulps)


def scores(shape, dtype, order):
    rng = np.random.default_rng(3)
    x = (3 * rng.standard_normal(shape)).astype(dtype)
    if order == "channels last":
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    t = rng.integers(-1, shape[1], shape[:1] + shape[2:])
    return x, t, rng.random(shape[1]).astype(dtype), rng.standard_normal(t.shape).astype(dtype)


@needs_native
@pytest.mark.parametrize("shape", [(5, 10), (4, 7, 3, 3), (0, 3), (2, 3, 0)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("order", ["C", "channels last"])
def test_cross_entropy_agrees(shape, dtype, weighted, order):
    x, t, weight, coeff = scores(shape, dtype, order)
    weight = weight if weighted else None
    results = {}
    for backend in ("native", "reference"):
        forward = kernels("softmax_cross_entropy")[backend]
        gradient = kernels("softmax_cross_entropy_grad")[backend]
        loss, log_z = forward(x, t, weight, ignore_label=-1)
        all_rows = gradient(x, t, log_z, coeff, weight, ignore_label=-1)
        one = gradient(x, t, log_z, np.asarray(2, x.dtype), weight, ignore_label=-1)
        results[backend] = loss, log_z, all_rows, one
    close = {"float32": dict(rtol=1e-5, atol=2e-6), "float64": dict(rtol=1e-12, atol=1e-13)}[dtype]
    for a, b in zip(results["native"], results["reference"], strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(a, b, **close)


def test_labels_out_of_range_read_the_same():
    messages = set()
    for function in kernels("softmax_cross_entropy").values():
        with pytest.raises(RangeError) as caught:
            function(np.zeros((2, 3)), np.array([0, 5]), ignore_label=-1)
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert "label 5 at row 1" in messages.pop()


def verdict(op, *arrays, **attrs):
    rows = dispatch.explain(op, *arrays, **attrs)
    return next(verdict for backend, _, verdict in rows if backend == "native")


@needs_native
def test_refusals_give_reasons():
    x, t = np.zeros((2, 3), np.float32), np.zeros(2, np.int64)
    entropy = "softmax_cross_entropy"
    assert verdict(entropy, x, t, ignore_label=-1) == "taken"
    half = verdict(entropy, x.astype("f2"), t, ignore_label=-1)
    assert half == "refused: wants float32 or float64, got float16"
    labels = verdict(entropy, x, t.astype("i1"), ignore_label=-1)
    assert labels == "refused: wants labels of int32 or int64, got int8"
    weights = verdict(entropy, x, t, np.ones(3), ignore_label=-1)
    assert weights == "refused: wants one dtype, got float32 and float64"
    assert verdict("sgd_step", [x], [x], lr=0.1) == "taken"
    mixed = verdict("sgd_step", [x], [x.astype("f8")], lr=0.1)
    assert mixed == "refused: wants one dtype, got float32 and float64"


def test_everything_works_without_the_native_module():
    code = """
import sys
sys.modules["renkei._native"] = None  # as if it had not been built
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "renkei._native" else find(name, *a)
import numpy as np, renkei as rk
from renkei.core.dispatch import run
p = np.ones(3)
run("sgd_step", [p], [np.ones(3)], lr=0.5)
print(p.tolist(), [row[0] for row in rk.explain("sgd_step", [p], [p], lr=0.5)])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "[0.5, 0.5, 0.5] ['reference']\n", result.stderr
