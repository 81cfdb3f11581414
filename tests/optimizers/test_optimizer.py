"""The update: its order, groups, hooks, frozen and missing parameters, and what it costs."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei.core import dispatch
from renkei.core.errors import (
    ConfigError,
    DtypeError,
    GraphError,
    RangeError,
    UninitializedError,
    UsageError,
)
from renkei.optimizers.update_rule import Hyperparameter, UpdateRule


def link(*shapes, dtype=np.float32):
    result = rk.Link()
    for i, shape in enumerate(shapes or [(2,)]):
        setattr(result, f"w{i}", rk.Parameter(np.ones(shape, dtype)))
    return result


def give(model, value=1.0):
    for param in model.params():
        param.grad = np.full_like(param.array, value)


@pytest.fixture
def calls(monkeypatch):
    """The kernels that updates run: (name, number of parameters)."""
    seen = []

    def watch(op, ps, gs, *columns, **scalars):
        seen.append((op, len(ps)))
        return dispatch.run(op, ps, gs, *columns, **scalars)

    monkeypatch.setattr("renkei.optimizers.update_rule.run", watch)
    return seen


def test_order_of_an_update():
    model, events = link(), []
    optimizer = rk.optimizers.SGD(lr=1).setup(model)
    model.w0.grad = np.full(2, 100, np.float32)  # left over: cleared before backward

    def loss(x, factor=1):
        events.append("loss")
        return F.sum(model.w0 * x) * factor

    def before(opt):
        events.append(("pre", opt.t, float(model.w0.array[0]), float(model.w0.grad[0])))

    def after(opt):
        events.append(("post", opt.t, float(model.w0.array[0])))

    optimizer.add_hook(after, timing="post")
    optimizer.add_hook(before)
    optimizer.update(loss, np.full(2, 3, np.float32), factor=2)
    assert events == ["loss", ("pre", 0, 1.0, 6.0), ("post", 1, -5.0)]


def test_setup_starts_anew():
    model = link()
    optimizer = rk.optimizers.MomentumSGD()
    assert optimizer.setup(model) is optimizer
    optimizer.add_hook(lambda opt: None, "nothing")
    give(model)
    optimizer.update()
    optimizer.epoch = 3
    optimizer.setup(model)
    assert (optimizer.t, optimizer.epoch, model.w0.update_rule.state) == (0, 0, None)
    optimizer.add_hook(lambda opt: None, "nothing")


def test_one_kernel_call_per_group(calls):
    model = link((3,), (2, 2), ())
    model.d = rk.Parameter(np.ones(2, np.float64))
    optimizer = rk.optimizers.Adam().setup(model)
    give(model)
    optimizer.update()
    assert sorted(calls) == [("adam_step", 1), ("adam_step", 3)]
    calls.clear()
    model.w0.update_rule.hyperparam.alpha = 1.0  # leaves the group
    give(model)
    optimizer.update()
    assert sorted(calls) == [("adam_step", 1), ("adam_step", 1), ("adam_step", 2)]


def test_a_parameter_that_rested_has_its_own_count(calls):
    model = link((1,), (1,))
    optimizer = rk.optimizers.Adam(alpha=0.1).setup(model)
    model.w1.update_rule.enabled = False
    for _ in range(3):
        give(model)
        optimizer.update()
    assert float(model.w1.array[0]) == 1
    model.w1.update_rule.enabled = True
    calls.clear()
    give(model)
    optimizer.update()
    assert calls == [("adam_step", 1)] * 2
    assert float(model.w1.array[0]) == pytest.approx(0.9)  # as every first step of Adam


def test_own_hyperparameters():
    model = link((1,), (1,))
    optimizer = rk.optimizers.SGD(lr=0.5).setup(model)
    model.w1.update_rule.hyperparam.lr = 0.25
    give(model)
    optimizer.update()
    assert [float(p.array[0]) for p in model.params()] == [0.5, 0.75]
    optimizer.lr = 1.0
    assert optimizer.hyperparam.lr == 1.0
    assert model.w1.update_rule.hyperparam.get_dict() == {"lr": 0.25}
    assert model.w0.update_rule.hyperparam.lr == 1.0


def test_schedule_follows_the_optimizer():
    model = link((1,), (1,))
    seen = []

    def schedule(t):
        seen.append(t)
        return 2.0**-t

    optimizer = rk.optimizers.SGD(lr=schedule).setup(model)
    model.w1.update_rule.enabled = False
    for _ in range(2):
        give(model)
        optimizer.update()
    model.w1.update_rule.enabled = True  # its own count is 0, the schedule is at 3
    give(model)
    optimizer.update()
    assert set(seen) == {1, 2, 3}
    assert float(model.w0.array[0]) == 1 - 0.5 - 0.25 - 0.125
    assert float(model.w1.array[0]) == 1 - 0.125


def test_rule_without_an_optimizer():
    model = link((1,))
    rule = rk.optimizers.sgd.SGDRule(Hyperparameter())
    rule.hyperparam.lr = lambda t: 1 / t
    model.w0.update_rule = rule
    for _ in range(2):
        give(model)
        model.w0.update()
    assert float(model.w0.array[0]) == 1 - 1 - 0.5


def test_frozen_parameters_stay():
    model = link((1,), (1,))
    optimizer = rk.optimizers.AdamW(weight_decay_rate=0.5).setup(model)
    optimizer.add_hook(rk.optimizer.WeightDecay(1.0))
    model.w0.requires_grad = False
    optimizer.update(lambda: F.sum(model.w1 * 1))
    assert float(model.w0.array[0]) == 1
    assert float(model.w1.array[0]) != 1


def test_uninitialized_parameter_is_refused_by_path():
    inner, model = rk.Link(), rk.Chain()
    inner.w = rk.Parameter(0.0)
    model.ok, model.layer = link(), inner
    optimizer = rk.optimizers.SGD().setup(model)
    give(model.ok)
    with pytest.raises(UninitializedError, match="/layer/w"):
        optimizer.update()
    assert (model.ok.w0.array == 1).all()
    inner.w.initialize((2,))
    optimizer.update()


def test_shared_array_is_updated_for_each_parameter():
    model = link((2,))
    model.w1 = rk.Parameter(model.w0.array)
    optimizer = rk.optimizers.SGD(lr=0.25).setup(model)
    give(model)
    optimizer.update()
    np.testing.assert_array_equal(model.w0.array, [0.5, 0.5])


def test_tied_parameter_is_updated_once():
    model = rk.Chain(a=link(), b=link())
    model.b.w0 = model.a.w0
    optimizer = rk.optimizers.SGD(lr=0.25).setup(model)
    give(model)
    optimizer.update()
    np.testing.assert_array_equal(model.a.w0.array, [0.75, 0.75])


def test_backward_after_an_update_is_refused():
    model = link()
    optimizer = rk.optimizers.SGD().setup(model)
    loss = F.sum(model.w0 * model.w0)
    loss.backward()
    optimizer.update()
    with pytest.raises(GraphError, match="overwritten"):
        loss.backward()


def test_new_parameters_are_noticed():
    model = rk.Chain(a=link())
    optimizer = rk.optimizers.SGD().setup(model)
    model.b = link()
    give(model)
    with pytest.warns(UserWarning, match=r"/b/w0, which was added .* call setup"):
        optimizer.update()


def test_target_may_override_cleargrads():
    class Mine(rk.Link):
        cleared = 0

        def cleargrads(self):
            self.cleared += 1
            super().cleargrads()

    model = Mine()
    model.w = rk.Parameter(np.ones(1, np.float32))
    rk.optimizers.SGD().setup(model).update(lambda: F.sum(model.w * 1))
    assert model.cleared == 1


def test_gradient_from_double_backprop():
    model = link()
    optimizer = rk.optimizers.SGD(lr=1).setup(model)
    F.sum(model.w0 * 2).backward(enable_double_backprop=True)
    assert isinstance(model.w0._grad, rk.Variable)
    optimizer.update()
    np.testing.assert_array_equal(model.w0.array, [-1, -1])


# -- hooks -----------------------------------------------------------------------------------------


def test_hook_for_each_parameter():
    model, seen = link((1,), (1,)), []

    class Hook:
        name, call_for_each_param, timing = "each", True, "post"

        def __call__(self, rule, param):
            seen.append((rule is param.update_rule, param.name, float(param.array[0])))

    optimizer = rk.optimizers.SGD(lr=1).setup(model)
    optimizer.add_hook(Hook())
    optimizer.update()
    assert seen == [(True, "w0", 1.0), (True, "w1", 1.0)]
    optimizer.remove_hook("each")
    optimizer.update()
    assert len(seen) == 2


def test_hooks_of_a_rule_in_order():
    model, seen = link((1,)), []
    optimizer = rk.optimizers.SGD(lr=1).setup(model)
    rule = model.w0.update_rule
    rule.add_hook(lambda r, p: seen.append(("post", float(p.array[0]))), "a", timing="post")
    rule.add_hook(lambda r, p: seen.append(("pre", float(p.array[0]))), "b")
    give(model)
    optimizer.update()
    assert seen == [("pre", 1.0), ("post", 0.0)]
    rule.remove_hook("a")
    rule.remove_hook("b")
    with pytest.raises(UsageError, match="no such hook"):
        rule.remove_hook("a")


def test_hook_errors():
    optimizer = rk.optimizers.SGD()
    with pytest.raises(UsageError, match="setup"):
        optimizer.add_hook(rk.optimizer.WeightDecay(0.1))
    optimizer.setup(link())
    optimizer.add_hook(rk.optimizer.WeightDecay(0.1))
    with pytest.raises(UsageError, match="'WeightDecay' already exists"):
        optimizer.add_hook(rk.optimizer.WeightDecay(0.2))
    optimizer.add_hook(rk.optimizer.WeightDecay(0.2), name="second")
    with pytest.raises(ConfigError, match="'pre', 'post' or 'auto'"):
        optimizer.add_hook(lambda opt: None, "third", timing="later")
    with pytest.raises(ConfigError, match="a callable"):
        optimizer.add_hook(3)
    with pytest.raises(UsageError, match="'second'"):
        optimizer.remove_hook("fourth")


def test_clipping_leaves_small_gradients():
    model = link()
    optimizer = rk.optimizers.SGD().setup(model)
    optimizer.add_hook(rk.optimizer.GradientClipping(100))
    give(model)
    optimizer.update()
    np.testing.assert_array_equal(model.w0.grad, [1, 1])


def test_noise_has_the_right_size_and_repeats():
    noises = []
    for _ in range(2):
        rk.seed(3)
        model = link((4000,))
        model.w0.grad = np.zeros(4000, np.float32)
        optimizer = rk.optimizers.SGD().setup(model)
        optimizer.add_hook(rk.optimizer.GradientNoise(0.3))
        optimizer.update()
        noises.append(model.w0.grad)
    np.testing.assert_array_equal(*noises)
    assert noises[0].std() == pytest.approx(math.sqrt(0.3), rel=0.05)


def test_own_noise():
    model = link()
    model.w0.grad = np.zeros(2, np.float32)
    optimizer = rk.optimizers.SGD().setup(model)
    optimizer.set_loss_scale(4)
    noise = rk.optimizer.GradientNoise(
        1, lambda xp, shape, dtype, hook, rule: xp.ones(shape, dtype)
    )
    optimizer.add_hook(noise)
    optimizer.update()
    np.testing.assert_array_equal(model.w0.array, np.float32(1) - np.float32(0.01))


# -- loss scaling ----------------------------------------------------------------------------------


def test_fixed_scale_cancels():
    a, b = link(), link()
    rk.optimizers.SGD(lr=0.3).setup(a).update(lambda: F.sum(a.w0 * a.w0))
    optimizer = rk.optimizers.SGD(lr=0.3).setup(b)
    optimizer.set_loss_scale(1024)
    optimizer.update(lambda: F.sum(b.w0 * b.w0))
    np.testing.assert_array_equal(b.w0.grad, a.w0.grad * 1024)
    np.testing.assert_array_equal(b.w0.array, a.w0.array)


def test_dynamic_scale():
    model = link()
    optimizer = rk.optimizers.SGD(lr=0.1).setup(model)
    optimizer.loss_scaling(interval=2)
    scales = []
    for bad in (False, False, True, False, False):
        before = model.w0.array.copy()
        give(model, np.inf if bad else optimizer.loss_scale)
        if bad:
            with pytest.warns(RuntimeWarning, match=r"of /w0 \(iteration: 2, loss_scale: 4\.0\)"):
                optimizer.update()
            np.testing.assert_array_equal(model.w0.array, before)
        else:
            optimizer.update()
            np.testing.assert_allclose(model.w0.array, before - np.float32(0.1), rtol=1e-6)
        scales.append(optimizer.loss_scale)
    assert scales == pytest.approx([2, 4, 2, 2 * math.sqrt(2), 4])
    assert (optimizer.t, model.w0.update_rule.t) == (5, 4)


def test_dynamic_scale_has_limits():
    model = link()
    optimizer = rk.optimizers.SGD().setup(model)
    optimizer.loss_scaling()
    for _ in range(20):
        give(model)
        optimizer.update()
    assert optimizer.loss_scale == 65504


def test_loss_scaling_errors():
    optimizer = rk.optimizers.SGD()
    with pytest.raises(RangeError, match="interval >= 1"):
        optimizer.loss_scaling(interval=0)
    for scale in (0, -1, math.nan):
        with pytest.raises(RangeError, match="a positive number"):
            optimizer.set_loss_scale(scale)


# -- errors and small things -----------------------------------------------------------------------


def test_wrong_target():
    with pytest.raises(DtypeError, match="optimization target must be a link"):
        rk.optimizers.SGD().setup(np.ones(2))
    with pytest.raises(UsageError, match="setup"):
        rk.optimizers.SGD().update()


def test_new_epoch():
    optimizer = rk.optimizers.SGD().setup(link())
    optimizer.new_epoch()
    with pytest.raises(UsageError, match="auto=True"):
        optimizer.new_epoch(auto=True)
    optimizer.use_auto_new_epoch = True
    optimizer.new_epoch(auto=True)
    assert optimizer.epoch == 2
    with pytest.raises(UsageError, match="duplicated"):
        optimizer.new_epoch()


def test_rule_without_apply():
    class Nothing(UpdateRule):
        pass

    class Bad(rk.optimizer.GradientMethod):
        rule = Nothing

    model = link()
    optimizer = Bad().setup(model)
    give(model)
    with pytest.raises(UsageError, match="Nothing has no apply"):
        optimizer.update()


def test_adam_rates():
    model = link()
    optimizer = rk.optimizers.Adam(alpha=0.1).setup(model)
    with pytest.raises(UsageError, match="no update yet"):
        optimizer.alpha_t
    with pytest.raises(UsageError, match="no update yet"):
        model.w0.update_rule.alpha_t
    give(model)
    optimizer.update()
    expected = 0.1 * math.sqrt(1 - 0.999) / (1 - 0.9)
    assert optimizer.lr == optimizer.alpha_t == pytest.approx(expected)
    assert model.w0.update_rule.alpha_t == pytest.approx(expected)


def test_unknown_hyperparameter():
    with pytest.raises(AttributeError, match="momentum"):
        rk.optimizers.SGD().hyperparam.momentum


def test_repr():
    assert repr(rk.optimizers.MomentumSGD(0.1)) == "MomentumSGD(lr=0.1, momentum=0.9)"


def test_schedules_refuse_nonsense():
    for make in (
        lambda: rk.optimizers.cosine(0.1, 0),
        lambda: rk.optimizers.step(0.1, 0.5, 0),
        lambda: rk.optimizers.linear_warmup(-1, 0.1),
    ):
        with pytest.raises(RangeError, match="at least 1"):
            make()


@pytest.mark.parametrize("name", ["SGD", "MomentumSGD", "Adam"])
def test_python_calls_per_parameter(name, monkeypatch):
    """What an update costs, counted: at most 2 Python calls for one more parameter."""
    monkeypatch.setattr("renkei.optimizers.update_rule.run", lambda *args, **scalars: None)

    def count(n):
        model = link(*[(3,)] * n)
        optimizer = getattr(rk.optimizers, name)().setup(model)
        for _ in range(2):
            give(model)
            optimizer.update()
        give(model)
        calls = 0

        def observe(frame, event, arg):
            nonlocal calls
            calls += event == "call"

        before = sys.getprofile()
        sys.setprofile(observe)
        try:
            optimizer.update()
        finally:
            sys.setprofile(before)
        return calls

    assert (count(42) - count(2)) / 40 <= 2
    assert count(2) <= 40


def test_one_cycle_rises_and_falls():
    rate = rk.optimizers.one_cycle(0.5, 100)
    seen = [rate(t) for t in range(1, 121)]
    assert seen[0] == pytest.approx(0.02) and seen[30] == 0.5
    assert seen[100:] == [pytest.approx(2e-6)] * 20
    assert sorted(seen[:31]) == seen[:31] and sorted(seen[30:], reverse=True) == seen[30:]
    assert rate(16) == pytest.approx((0.02 + 0.5) / 2)
    assert rk.optimizers.one_cycle(0.5, 10, rise=0)(1) == 0.5
    for mistake in ({"steps": 0}, {"steps": 10, "rise": 1.0}, {"steps": 10, "rise": -0.1}):
        with pytest.raises(RangeError, match="one_cycle"):
            rk.optimizers.one_cycle(0.5, **mistake)
