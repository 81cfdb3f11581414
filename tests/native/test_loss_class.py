"""Softmax cross entropy against double-precision NumPy, and every refusal."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

native = pytest.importorskip("renkei._native", reason="the native module is not built")
pytestmark = pytest.mark.native

SHAPES = [
    (5, 10),
    (1, 1),
    (3, 16),
    (4, 17),
    (2, 1000),
    (0, 4),
    (3, 5, 7),
    (2, 21, 9, 15),
    (2, 3, 0),
]


def expected(x, t, ignore=-1, weight=None):
    x = np.moveaxis(x.astype(np.float64), 1, -1)
    top = x.max(-1, keepdims=True) if x.size else x[..., :1]
    log_z = np.log(np.exp(x - top).sum(-1)) + top[..., 0]
    used = t != ignore
    label = np.where(used, t, 0)
    w = np.ones(x.shape[-1]) if weight is None else weight.astype(np.float64)
    log_z = np.where(used, log_z, np.log(x.shape[-1]))
    loss = np.where(
        used, (log_z - np.take_along_axis(x, label[..., None], -1)[..., 0]) * w[label], 0
    )
    onehot = label[..., None] == np.arange(x.shape[-1])
    grad = (np.exp(x - log_z[..., None]) - onehot) * (w[label] * used)[..., None]
    return loss, log_z, np.moveaxis(grad, -1, 1)


def run(x, t, ignore=-1, weight=None, coeff=None):
    loss, log_z = np.empty(t.shape, x.dtype), np.empty(t.shape, x.dtype)
    gx = np.empty(x.shape, x.dtype)
    native.softmax_cross_entropy(x, t, loss, log_z, ignore, weight)
    coeff = np.ones((), x.dtype) if coeff is None else coeff
    native.softmax_cross_entropy_grad(x, t, log_z, coeff, gx, ignore, weight)
    return loss, log_z, gx


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("label_type", [np.int32, np.int64])
@pytest.mark.parametrize("weighted", [False, True])
def test_forward_and_gradient(shape, dtype, label_type, weighted):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * 5).astype(dtype)
    t = rng.integers(-1, shape[1], shape[:1] + shape[2:]).astype(label_type)
    weight = rng.random(shape[1]).astype(dtype) if weighted else None
    coeff = rng.standard_normal(t.shape).astype(dtype)
    loss, log_z, gx = run(x, t, -1, weight, coeff)
    want_loss, want_log_z, want_gx = expected(x, t, -1, weight)
    close = dict(rtol=1e-5, atol=2e-5) if dtype == np.float32 else dict(rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(loss, want_loss, **close)
    np.testing.assert_allclose(log_z, want_log_z, **close)
    np.testing.assert_allclose(gx, want_gx * np.expand_dims(coeff, 1), **close)
    assert np.all(gx[np.broadcast_to(np.expand_dims(t == -1, 1), shape)] == 0)


@pytest.mark.parametrize("shape", [(2000, 33), (8, 21, 40, 40)], ids=str)
def test_bits_do_not_depend_on_threads(shape, dtype):
    rng = np.random.default_rng(1)
    x = rng.standard_normal(shape).astype(dtype)
    t = rng.integers(0, shape[1], shape[:1] + shape[2:])
    before = native.num_threads()
    results = []
    for threads in (1, 2, 5):
        native.set_num_threads(threads)
        results.append(run(x, t))
    native.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_bits_do_not_depend_on_the_instruction_set():
    code = """
import hashlib, numpy as np, renkei._native as n
digest = hashlib.sha256()
rng = np.random.default_rng(3)
for dtype in (np.float32, np.float64):
    for shape in ((50, 37), (3, 21, 100)):
        x = (rng.standard_normal(shape) * 4).astype(dtype)
        t = rng.integers(0, shape[1], shape[:1] + shape[2:])
        loss, log_z, gx = np.empty(t.shape, dtype), np.empty(t.shape, dtype), np.empty_like(x)
        n.softmax_cross_entropy(x, t, loss, log_z)
        n.softmax_cross_entropy_grad(x, t, log_z, np.ones((), dtype), gx)
        for a in (loss, log_z, gx):
            digest.update(a.tobytes())
        p, g, m, v = (rng.random(1000).astype(dtype) for _ in range(4))
        n.adam_step([p], [g], [m], [v], alpha_ts=[0.1], beta1=0.9, beta2=0.99, eps=1e-8)
        digest.update(p.tobytes())
print(digest.hexdigest(), n.info()["isa"])
"""
    digests = set()
    for isa in native.info()["isas_built"]:
        result = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "RENKEI_ISA": isa},
        )
        digests.add(result.stdout.split()[0])
    assert len(digests) == 1


@pytest.mark.parametrize("trailing", [(), (3,)], ids=str)
def test_large_and_infinite_logits(dtype, trailing):
    inf, nan = np.inf, np.nan
    rows = [[1e4, 0, -1e4], [-inf, 0, -inf], [3, 3, 3], [nan, 0, 0], [nan, 0, inf], [inf, 0, 0]]
    x = np.empty((6, 3, *trailing), dtype)
    x[...] = np.reshape(rows, (6, 3) + (1,) * len(trailing))
    t = np.empty((6, *trailing), np.int32)
    t[...] = np.reshape([0, 1, 2, 1, -1, 1], (6,) + (1,) * len(trailing))
    loss, log_z, gx = run(x, t)
    loss, log_z, gx = loss.reshape(6, -1)[:, 0], log_z.reshape(6, -1)[:, 0], gx.reshape(6, 3, -1)
    np.testing.assert_allclose(loss, [0, 0, np.log(3), nan, 0, inf], rtol=1e-6)
    np.testing.assert_allclose(log_z[3:], [nan, np.log(3), inf], rtol=1e-6)
    np.testing.assert_allclose(gx[:2], 0)
    np.testing.assert_array_equal(gx[4], 0)
    assert np.isnan(gx[3]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_is_within_two_ulp(dtype):
    low, high = (-105, 89.5) if dtype == np.float32 else (-746, 710)
    x = np.linspace(low, high, 400_001).astype(dtype)
    x = np.concatenate([x, np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e30, 1e30], dtype)])
    y = np.empty_like(x)
    native._exp(x, y)
    with np.errstate(over="ignore", under="ignore"):
        want = np.exp(x.astype(np.longdouble))
        exact = want.astype(dtype)
    assert np.isnan(y[np.isnan(x)]).all()
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(exact)
        error = np.abs(y[finite].astype(np.longdouble) - want[finite])
    assert (error / np.spacing(exact[finite])).max() <= 2
    np.testing.assert_array_equal(y[np.isinf(exact)], np.inf)


def f32(*shape):
    return np.zeros(shape, np.float32)


def i32(*values):
    return np.array(values, np.int32)


LABELS = [
    (f32(3, 4), i32(0, 4, 1), "label 4 at row 1 is out of range; there are 4 classes"),
    (f32(3, 4), i32(0, -2, 9), "label -2 at row 1"),
    (f32(1, 4, 3), i32([0, 1, 7]), "label 7 at row 0, position 2"),
    (f32(2, 0), i32(0, 0), "label 0 at row 0 is out of range; there are 0 classes"),
    (f32(2, 4), np.array([0, 2**40]), "label 1099511627776 at row 1"),
]


@pytest.mark.parametrize(("x", "t", "message"), LABELS)
def test_labels_out_of_range(x, t, message):
    loss, log_z, gx = (
        np.full(t.shape, 7, "f4"),
        np.full(t.shape, 7, "f4"),
        np.full(x.shape, 7, "f4"),
    )
    with pytest.raises(ValueError, match=message):
        native.softmax_cross_entropy(x, t, loss, log_z)
    with pytest.raises(ValueError, match=message):
        native.softmax_cross_entropy_grad(x, t, log_z, np.ones((), "f4"), gx)
    assert all((a == 7).all() for a in (loss, log_z, gx))


T3 = i32(0, 0, 0)
REFUSED = [
    ("x is one-dimensional", dict(x=f32(3)), "at least two dimensions"),
    ("x is half", dict(x=np.zeros((3, 4), np.float16)), "got type 'e'"),
    ("x is integer", dict(x=np.zeros((3, 4), np.int32)), "must be float32 or float64"),
    ("t is float", dict(t=f32(3)), "t must be int32 or int64"),
    ("t has a wrong length", dict(t=i32(0, 0)), "t must have the shape of x without its axis 1"),
    ("t has two axes", dict(t=np.zeros((3, 1), int)), "t must have the shape of x"),
    ("x is strided", dict(x=f32(3, 8)[:, ::2]), "x must be C-contiguous"),
    ("t is unaligned", dict(t=np.zeros(13, np.uint8)[1:].view(np.int32)), "t must be aligned"),
    ("loss is short", dict(loss=f32(2)), "loss must have the shape of t"),
    ("loss has another type", dict(loss=np.zeros(3)), "loss must be float32"),
    ("few weights", dict(class_weight=f32(3)), "class_weight must have one element per class"),
    ("weights of another type", dict(class_weight=np.zeros(4)), "class_weight must be float32"),
]


@pytest.mark.parametrize(
    ("change", "message"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_refusals(change, message):
    arguments = {"x": f32(3, 4), "t": T3, "loss": f32(3), "log_z": f32(3), **change}
    with pytest.raises(ValueError, match=message):
        native.softmax_cross_entropy(**arguments)


def test_outputs_that_share_memory_are_refused():
    a = f32(3)
    with pytest.raises(ValueError, match="share memory"):
        native.softmax_cross_entropy(f32(3, 4), T3, a, a)
    x = f32(3, 4)
    with pytest.raises(ValueError, match="share memory"):
        native.softmax_cross_entropy_grad(x, T3, f32(3), np.ones((), "f4"), x)
