"""Resuming: bit for bit, in Chainer's keys, all or nothing."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import LoadError, UsageError
from tests.optimizers.rows import EXPECTED, NAMES, link, steps


def frozen(state):
    return {key: np.array(value) for key, value in state.items()}


def same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


@pytest.mark.parametrize(("name", "settings", "expected"), EXPECTED["rules"], ids=NAMES)
def test_resume(name, settings, expected):
    """Three updates, a stop, three updates are six updates, bit for bit."""
    make = getattr(rk.optimizers, name)
    whole = make(**settings).setup(link())
    steps(whole)
    state, w = frozen(whole.state()), whole.target.w0.array.copy()
    steps(whole)
    resumed = make().setup(link())  # the hyper-parameters come from the state
    resumed.target.w0.array[...] = w
    if name == "Adam":
        resumed = make(**settings).setup(resumed.target)  # its flags choose the rule
    resumed.load_state(state)
    steps(resumed)
    np.testing.assert_array_equal(resumed.target.w0.array, whole.target.w0.array)
    same(frozen(resumed.state()), frozen(whole.state()))


def test_keys():
    optimizer = rk.optimizers.AMSGrad().setup(rk.Chain(l1=link()))
    steps_of = optimizer.state()
    assert [k for k in steps_of if not k.startswith("_renkei/")] == ["t", "epoch", "l1/w0/t"]
    optimizer.target.l1.w0.grad = np.ones((2, 3), np.float32)
    optimizer.update()
    optimizer.new_epoch()
    state = optimizer.state()
    assert [k for k in state if not k.startswith("_renkei/")] == [
        "t", "epoch", "l1/w0/t", "l1/w0/m", "l1/w0/v", "l1/w0/vhat"
    ]  # fmt: skip
    assert int(state["t"]) == int(state["epoch"]) == int(state["l1/w0/t"]) == 1
    assert float(state["_renkei/hyperparam/alpha"]) == 0.001


def test_hyperparameters():
    source = rk.optimizers.MomentumSGD(lr=0.5).setup(link(copies=2))
    source.target.w1.update_rule.hyperparam.momentum = 0.25
    target = rk.optimizers.MomentumSGD().setup(link(copies=2))
    target.load_state(source.state())
    assert (target.lr, target.momentum) == (0.5, 0.9)
    assert type(target.lr) is float
    assert target.target.w1.update_rule.hyperparam.get_dict() == {"lr": 0.5, "momentum": 0.25}
    # A state without them, as Chainer writes it, leaves them alone; and so does a schedule.
    foreign = {k: v for k, v in source.state().items() if not k.startswith("_renkei/")}
    target = rk.optimizers.MomentumSGD(lr=0.125).setup(link(copies=2))
    target.load_state(foreign)
    assert target.lr == 0.125
    scheduled = rk.optimizers.MomentumSGD(lr=lambda t: 1 / t).setup(link(copies=2))
    assert "_renkei/hyperparam/lr" not in scheduled.state()
    scheduled.load_state(source.state())
    assert callable(scheduled.lr)


def test_schedule_goes_on():
    def make():
        optimizer = rk.optimizers.SGD(lr=rk.optimizers.step(0.1, 0.5, 2))
        return optimizer.setup(link())

    whole, resumed = make(), make()
    steps(whole)
    resumed.target.w0.array[...] = whole.target.w0.array
    resumed.load_state(whole.state())
    np.testing.assert_array_equal(steps(resumed), steps(whole))
    adam = [rk.optimizers.Adam(alpha=lambda t: 0.1 / t).setup(link()) for _ in range(2)]
    steps(adam[0])
    adam[1].load_state(adam[0].state())
    assert adam[1].alpha_t == adam[0].alpha_t


def test_parameter_with_two_paths():
    """Chainer writes the state of a shared parameter under each of its paths."""
    model = rk.Chain(a=link(), b=link())
    model.b.w0 = model.a.w0
    optimizer = rk.optimizers.MomentumSGD().setup(model)
    model.a.w0.grad = np.ones((2, 3), np.float32)
    optimizer.update()
    state = frozen(optimizer.state())
    both = {**state, "b/w0/t": state["a/w0/t"], "b/w0/v": state["a/w0/v"]}
    other = rk.optimizers.MomentumSGD().setup(model)
    other.load_state(both)
    same(frozen(other.state()), state)
    with pytest.raises(LoadError, match="unexpected: b/w0/h"):
        other.load_state({**both, "b/w0/h": both["b/w0/v"]})


def test_loss_scale_and_float32_copies():
    def make():
        optimizer = rk.optimizers.Adam(alpha=1e-4)
        optimizer.use_fp32_update()
        optimizer.loss_scaling(interval=3)
        return optimizer.setup(link(np.float16))

    whole, resumed = make(), make()
    whole.target.w0.grad = np.full((2, 3), np.inf, np.float16)
    with pytest.warns(RuntimeWarning, match="Non finite"):
        whole.update()
    steps(whole, np.float16)
    state = frozen(whole.state())
    assert state["_renkei/fp32/w0"].dtype == np.float32
    resumed.target.w0.array[...] = whole.target.w0.array
    resumed.load_state(state)
    assert resumed.loss_scale == whole.loss_scale > 1
    steps(whole, np.float16)
    steps(resumed, np.float16)
    same(frozen(resumed.state()), frozen(whole.state()))


def test_state_before_the_model_has_its_sizes():
    """A trainer loads the optimizer before the model."""
    source = rk.optimizers.MomentumSGD().setup(link())
    steps(source)
    model = rk.Link()
    model.w0 = rk.Parameter(0.0)
    target = rk.optimizers.MomentumSGD().setup(model)
    target.load_state(source.state())
    model.w0.array = source.target.w0.array.copy()
    steps(source)
    np.testing.assert_array_equal(steps(target), source.target.w0.array)


def test_state_taken_before_the_first_update():
    source = rk.optimizers.Adam().setup(link())
    target = rk.optimizers.Adam().setup(link())
    steps(target)
    target.load_state(source.state())
    assert (target.t, target.target.w0.update_rule.state) == (0, None)
    target.target.w0.array[...] = source.target.w0.array
    np.testing.assert_array_equal(steps(target), steps(source))


def test_loaded_arrays_are_copies():
    source = rk.optimizers.MomentumSGD().setup(link())
    target = rk.optimizers.MomentumSGD().setup(link())
    steps(source)
    target.load_state(source.state())
    before = target.target.w0.update_rule.state["v"].copy()
    steps(source)
    np.testing.assert_array_equal(target.target.w0.update_rule.state["v"], before)


def broken(change):
    source = rk.optimizers.Adam().setup(link(copies=2))
    steps(source)
    state = frozen(source.state())
    change(state)
    return state


WRONG = [
    (lambda s: s.pop("w1/v"), "missing: w1/v"),
    (lambda s: s.pop("t"), "missing: t"),
    (lambda s: s.pop("w0/t"), "missing: w0/t"),
    (lambda s: s.update({"w0/vhat": s["w0/v"]}), "unexpected: w0/vhat"),
    (lambda s: s.update({"w1/m": np.zeros(3)}), r"w1/m has shape \(3,\), expected \(2, 3\)"),
    (lambda s: s.update({"w1/m": "text"}), "w1/m is no array of numbers"),
    (lambda s: s.update({"t": np.array(1.5)}), "t is not an integer"),
    (lambda s: s.update({"w0/t": np.zeros(2, int)}), "w0/t is not an integer"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_all_or_nothing(change, message):
    target = rk.optimizers.Adam(alpha=0.5).setup(link(copies=2))
    steps(target)
    before = frozen(target.state())
    with pytest.raises(LoadError, match=message):
        target.load_state(broken(change))
    same(frozen(target.state()), before)


@pytest.mark.parametrize(("change", "message"), WRONG[:4])
def test_not_strict(change, message):
    target = rk.optimizers.Adam().setup(link(copies=2))
    target.load_state(broken(change), strict=False)
    assert target.target.w0.update_rule.state is not None


def test_long_lists_are_cut():
    source = rk.optimizers.Adam().setup(link(copies=20))
    steps(source)
    target = rk.optimizers.SGD().setup(link(copies=20))
    with pytest.raises(LoadError, match=r"w0/m.*\(40 in all\)"):
        target.load_state(source.state())


def test_without_setup():
    with pytest.raises(UsageError, match="setup"):
        rk.optimizers.SGD().state()
    with pytest.raises(UsageError, match="setup"):
        rk.optimizers.SGD().load_state({})
