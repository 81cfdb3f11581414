"""Every rule and hook against Chainer's numbers, on every kernel there is."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.dispatch import run
from tests.optimizers.rows import EXPECTED, NAMES, P, link, steps


def close(actual, expected, rtol=2e-5, atol=2e-6):
    np.testing.assert_allclose(np.asarray(actual).ravel(), expected, rtol=rtol, atol=atol)


@pytest.fixture(params=[None, ("reference",)], ids=["kernels", "reference"], autouse=True)
def kernels(request):
    with rk.using_config("kernels", request.param):
        yield


@pytest.mark.parametrize(("name", "settings", "expected"), EXPECTED["rules"], ids=NAMES)
def test_as_chainer(name, settings, expected):
    optimizer = getattr(rk.optimizers, name)(**settings).setup(link(copies=3))
    steps(optimizer)
    for param in optimizer.target.params():
        close(param.array, expected["w"])
        state = param.update_rule.state
        assert {"w", *state} == set(expected)
        for key, value in state.items():
            assert value.dtype == np.float32
            close(value, expected[key])


@pytest.mark.parametrize(("name", "settings", "expected"), EXPECTED["rules"], ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_dtypes(name, settings, expected, dtype):
    optimizer = getattr(rk.optimizers, name)(**settings).setup(link(dtype))
    w = steps(optimizer, dtype)
    assert w.dtype == dtype
    # 0.002 is a few float16 steps at 3; squares of small gradients lose more in the state.
    close(w, expected["w"], *((0.004, 0.03) if dtype == np.float16 else (2e-5, 2e-6)))


@pytest.mark.parametrize(("name", "settings", "expected"), EXPECTED["rules"], ids=NAMES)
def test_scaled_loss(name, settings, expected):
    optimizer = getattr(rk.optimizers, name)(**settings).setup(link())
    optimizer.set_loss_scale(128)
    close(steps(optimizer, scale=128), expected["w"])


@pytest.mark.parametrize(("name", "settings", "expected"), EXPECTED["rules"], ids=NAMES)
def test_one_by_one(name, settings, expected):
    """A parameter with a hook of its own leaves the group and gets the same numbers."""
    model = link(copies=2)
    optimizer = getattr(rk.optimizers, name)(**settings).setup(model)
    model.w1.update_rule.add_hook(lambda rule, param: None, name="nothing")
    close(steps(optimizer), expected["w"])
    close(model.w1.array, expected["w"])


@pytest.mark.parametrize(("name", "args", "expected"), EXPECTED["hooks"])
@pytest.mark.parametrize("scale", [None, 64.0])
def test_hooks(name, args, expected, scale):
    optimizer = rk.optimizers.MomentumSGD(lr=0.1).setup(link())
    optimizer.add_hook(getattr(rk.optimizer, name)(*args))
    if scale:
        optimizer.set_loss_scale(scale)
    close(steps(optimizer, scale=scale or 1.0), expected)


OF_RULES = [row for row in EXPECTED["hooks"] if row[0] != "GradientClipping"]


@pytest.mark.parametrize(("name", "args", "expected"), OF_RULES)
def test_hooks_of_a_rule(name, args, expected):
    model = link()
    optimizer = rk.optimizers.MomentumSGD(lr=0.1).setup(model)
    model.w0.update_rule.add_hook(getattr(rk.optimizer_hooks, name)(*args))
    close(steps(optimizer), expected)


def test_bounds_follow_alpha():
    optimizer = rk.optimizers.AdaBound(alpha=0.01, gamma=0.1).setup(link())

    def lower(i):
        if i == 1:
            optimizer.alpha = 0.001

    close(steps(optimizer, each=lower), EXPECTED["lower alpha"])


def test_float16_adam():
    optimizer = rk.optimizers.Adam(alpha=0.1).setup(link(np.float16))
    close(steps(optimizer, np.float16), EXPECTED["float16"], rtol=2e-3)


def test_fp32_update():
    optimizer = rk.optimizers.MomentumSGD(lr=1e-4)
    optimizer.use_fp32_update()
    optimizer.setup(link(np.float16, copies=2))
    w = steps(optimizer, np.float16)
    np.testing.assert_array_equal(w.ravel(), np.array(EXPECTED["fp32 update"], np.float16))
    rule = optimizer.target.w1.update_rule
    assert rule.master.dtype == rule.state["v"].dtype == np.float32


def test_fp32_update_sees_writes():
    """What is written into the parameter between updates is not lost."""
    model = link(np.float16)
    optimizer = rk.optimizers.SGD(lr=0)
    optimizer.use_fp32_update()
    optimizer.setup(model)
    steps(optimizer, np.float16)
    model.w0.array[...] = 7
    steps(optimizer, np.float16)
    assert (model.w0.array == 7).all()


@pytest.mark.parametrize(("name", "settings", "expected"), EXPECTED["rules"], ids=NAMES)
def test_missing_gradient_counts_as_zero(name, settings, expected):
    a, b = link(), link()
    first = getattr(rk.optimizers, name)(**settings).setup(a)
    second = getattr(rk.optimizers, name)(**settings).setup(b)
    for optimizer in (first, second):
        steps(optimizer)
    a.w0.cleargrad()
    b.w0.grad = np.zeros_like(b.w0.array)
    first.update()
    second.update()
    np.testing.assert_array_equal(a.w0.array, b.w0.array)
    assert a.w0.update_rule.t == b.w0.update_rule.t == 4


def test_squared_norm():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((50, 20)).astype(np.float32), np.array(3.0), np.zeros((0, 2))]
    assert run("squared_norm", arrays) == pytest.approx(
        sum(float((a.astype(np.float64) ** 2).sum()) for a in arrays), rel=1e-12
    )
    assert run("squared_norm", []) == 0
    large = np.full(2, 300, np.float16)  # whose squares float16 cannot hold
    assert run("squared_norm", [large]) == 180000


def test_strided_parameters():
    for name, settings, expected in EXPECTED["rules"]:
        w = np.array(P, np.float32, order="F")
        model = rk.Link()
        model.w0 = rk.Parameter(np.repeat(w, 2, axis=1)[:, ::2])
        steps(getattr(rk.optimizers, name)(**settings).setup(model))
        close(model.w0.array, expected["w"])
