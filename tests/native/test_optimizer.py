"""Fused optimizer steps against plain NumPy, bit for bit, and every refusal."""

from __future__ import annotations

import numpy as np
import pytest

native = pytest.importorskip("renkei._native", reason="the native module is not built")
pytestmark = pytest.mark.native

SHAPES = [(3, 4), (), (1,), (0, 5), (70_000,), (17, 3, 2)]


def arrays(rng, dtype, count=1, positive=False):
    columns = []
    for _ in range(count):
        column = [np.asarray(rng.standard_normal(shape), dtype) for shape in SHAPES]
        columns.append([np.abs(a) for a in column] if positive else column)
    return columns if count > 1 else columns[0]


def plain_adam(p, g, m, v, alpha_t, *, beta1, beta2, eps, eta, weight_decay_rate, grad_scale):
    cast = p.dtype.type
    g = g * cast(grad_scale)
    m = m + cast(1 - beta1) * (g - m)
    v = v + cast(1 - beta2) * (g * g - v)
    step = cast(alpha_t) * m / (np.sqrt(v) + cast(eps)) + cast(weight_decay_rate) * p
    return p - cast(eta) * step, m, v


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


@pytest.fixture(params=[1, 3])
def threads(request):
    before = native.num_threads()
    native.set_num_threads(request.param)
    yield
    native.set_num_threads(before)


def test_adam(dtype, threads):
    rng = np.random.default_rng(0)
    ps, gs, ms = arrays(rng, dtype, 3)
    vs = [abs(a) for a in arrays(rng, dtype)]
    vs = [np.asarray(v, dtype) for v in vs]
    alphas = [0.001 * (i + 1) for i in range(len(ps))]
    settings = dict(
        beta1=0.9, beta2=0.999, eps=1e-8, eta=0.5, weight_decay_rate=0.01, grad_scale=0.25
    )
    want = [
        plain_adam(p, g, m, v, a, **settings)
        for p, g, m, v, a in zip(ps, gs, ms, vs, alphas, strict=True)
    ]
    native.adam_step(ps, gs, ms, vs, alpha_ts=alphas, **settings)
    for got, expected in zip(zip(ps, ms, vs, strict=True), want, strict=True):
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_sgd(dtype, threads):
    rng = np.random.default_rng(1)
    ps, gs = arrays(rng, dtype, 2)
    want = [p - dtype(0.1) * (g * dtype(2)) for p, g in zip(ps, gs, strict=True)]
    native.sgd_step(ps, gs, lr=0.1, grad_scale=2.0)
    for a, b in zip(ps, want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_momentum_sgd(dtype, threads):
    rng = np.random.default_rng(2)
    ps, gs, vs = arrays(rng, dtype, 3)
    want_v = [dtype(0.9) * v - dtype(0.1) * g for v, g in zip(vs, gs, strict=True)]
    want_p = [p + v for p, v in zip(ps, want_v, strict=True)]
    native.momentum_sgd_step(ps, gs, vs, lr=0.1, momentum=0.9)
    for got, want in ((vs, want_v), (ps, want_p)):
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_any_dense_order_of_axes():
    base = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    p, g = base.copy().transpose(2, 0, 1), (base + 1).transpose(2, 0, 1)
    want = p - np.float32(0.5) * g
    native.sgd_step([p], [g], lr=0.5)
    np.testing.assert_array_equal(p, want)


def make_strided(a, how):
    if how == "every other":
        wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
        view = wide[..., ::2]
    elif how == "reversed":
        view = np.empty_like(a)[..., ::-1]
    elif how == "transposed":
        view = np.empty_like(a.T).T
    else:
        view = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


@pytest.mark.parametrize("how", ["every other", "reversed", "transposed", "unaligned"])
@pytest.mark.parametrize("which", [(0,), (1,), (0, 1, 2, 3), (2,)], ids=str)
def test_strided_arrays(how, which, threads):
    rng = np.random.default_rng(5)
    plain = [rng.random((130, 280)).astype(np.float32) for _ in range(4)]
    odd = [make_strided(a, how) if k in which else a.copy() for k, a in enumerate(plain)]
    settings = dict(alpha_ts=[0.1], beta1=0.9, beta2=0.99, eps=1e-8)
    native.adam_step(*([a] for a in plain), **settings)
    native.adam_step(*([a] for a in odd), **settings)
    for a, b in zip(plain, odd, strict=True):
        np.testing.assert_array_equal(a, b)


def test_interleaved_parameters(threads):
    both = np.arange(40_000, dtype=np.float64)
    want = both - np.tile([1.0, 2.0], 20_000)
    gs = [np.full(20_000, 1.0), np.full(20_000, 2.0)]
    native.sgd_step([both[::2], both[1::2]], gs, lr=1.0)
    np.testing.assert_array_equal(both, want)


def one(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


def read_only():
    a = one(4)
    a.setflags(write=False)
    return a


SHARED = one(4)

REFUSED = [
    ("types differ", [one(4)], [one(4, dtype=np.float64)], "must be float32; got float64"),
    ("shapes differ", [one(4)], [one(5)], "must have the shape of"),
    ("integers", [one(4, dtype=np.int32)], [one(4, dtype=np.int32)], "float32 or float64"),
    ("half", [one(4, dtype=np.float16)], [one(4, dtype=np.float16)], "got type 'e'"),
    ("big endian", [one(4, dtype=">f4")], [one(4)], "got type '>f'"),
    ("read-only", [read_only()], [one(4)], "must be writable"),
    ("counts differ", [one(4)], [one(4), one(4)], "got 1 parameters and 2 gs"),
    ("the same twice", [SHARED, SHARED], [one(4), one(4)], "share memory"),
    ("overlap", [SHARED[:3], one(2)], [one(3), SHARED[2:]], "share memory"),
    ("its own gradient", [SHARED], [SHARED], "share memory"),
    ("mixed parameters", [one(2), one(2, dtype="f8")], [one(2), one(2, dtype="f8")], r"ps\[1\]"),
]


@pytest.mark.parametrize(
    ("ps", "gs", "message"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_refusals_leave_everything_as_it_was(ps, gs, message):
    before = [p.copy() for p in ps]
    with pytest.raises(ValueError, match=message):
        native.sgd_step(ps, gs, lr=0.1)
    for p, old in zip(ps, before, strict=True):
        np.testing.assert_array_equal(p, old)


def test_no_arrays():
    with pytest.raises(TypeError, match=r"sgd_step: gs\[0\] must be a NumPy array"):
        native.sgd_step([one(4)], ["text"], lr=0.1)
    native.sgd_step([], [], lr=0.1)


def test_wrong_number_of_alphas():
    a = [one(4) for _ in range(4)]
    with pytest.raises(ValueError, match="1 parameters and 2 alpha_ts"):
        native.adam_step(*([x] for x in a), alpha_ts=[1, 2], beta1=0.9, beta2=0.999, eps=1e-8)
