"""Optimizers, rules, serializers and the reporter under Chainer's rules."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer import links as L
from renkei.compat.chainer import optimizers, serializers


def model() -> Any:
    link = chainer.Link(w=2)
    link.w.array[...] = 1
    link.w.grad = np.array([1, -2], np.float32)
    return link


class Signed(chainer.GradientMethod):
    """An optimizer as programs write them."""

    lr = chainer.optimizer.HyperparameterProxy("lr")

    def __init__(self, lr: float = 0.5) -> None:
        super().__init__()
        self.hyperparam.lr = lr

    def create_update_rule(self) -> Any:
        return SignedRule(self.hyperparam)


class SignedRule(chainer.UpdateRule):
    def init_state(self, param: Any) -> None:
        self.state["seen"] = param.xp.zeros_like(param.array)

    def update_core_cpu(self, param: Any) -> None:
        self.state["seen"] += 1
        param.array -= self.hyperparam.lr * np.sign(param.grad)


def test_an_optimizer_of_a_program() -> None:
    link = model()
    optimizer = Signed().setup(link)
    optimizer.update()
    assert link.w.array.tolist() == [0.5, 1.5]
    optimizer.lr = 0.25
    link.w.update_rule.hyperparam.lr = 1.0
    optimizer.update()
    assert link.w.array.tolist() == [-0.5, 2.5]
    assert link.w.update_rule.state["seen"].tolist() == [2, 2]
    assert (optimizer.t, link.w.update_rule.t) == (2, 2)
    link.w.update_rule.enabled = False
    optimizer.update()
    assert link.w.array.tolist() == [-0.5, 2.5]


def test_a_rule_of_a_program_on_top_of_ours() -> None:
    class Halved(optimizers.sgd.SGDRule):
        def update_core_cpu(self, param: Any) -> None:
            param.grad *= 0.5
            super().update_core_cpu(param)

    link = model()
    optimizer = optimizers.SGD(1.0).setup(link)
    link.w.update_rule = Halved(optimizer.hyperparam)
    optimizer.update()
    assert link.w.array.tolist() == [0.5, 2.0]


def test_rules_by_themselves() -> None:
    param = chainer.Parameter(np.ones(2, np.float32))
    param.grad = np.ones(2, np.float32)
    rule = optimizers.momentum_sgd.MomentumSGDRule(lr=0.5)
    rule.update(param)
    rule.update(param)
    assert (rule.hyperparam.lr, rule.hyperparam.momentum, rule.t) == (0.5, 0.9, 2)
    np.testing.assert_allclose(param.array, 1 - 0.5 - 0.95)
    with pytest.raises(NotImplementedError):
        chainer.UpdateRule().update(param)


def test_order_of_hooks_and_their_errors() -> None:
    link, calls = model(), []
    optimizer = optimizers.SGD(1.0)
    with pytest.raises(RuntimeError, match="not set up"):
        optimizer.add_hook(lambda opt: None, "x")
    with pytest.raises(TypeError, match="must be a link"):
        optimizer.setup(3)
    optimizer.setup(link)

    class PerParam:
        name = "PerParam"
        call_for_each_param = True
        timing = "post"

        def __call__(self, rule: Any, param: Any) -> None:
            calls.append((self.name, rule is param.update_rule, optimizer.t))

    optimizer.add_hook(lambda opt: calls.append(("pre", opt is optimizer, opt.t)), name="pre")
    optimizer.add_hook(PerParam())
    link.w.update_rule.add_hook(lambda rule, p: calls.append(("rule", True, rule.t)), name="r")
    optimizer.update()
    assert calls == [("pre", True, 0), ("rule", True, 1), ("PerParam", True, 1)]
    with pytest.raises(KeyError, match="already exists"):
        optimizer.add_hook(PerParam())
    with pytest.raises(ValueError, match="timing"):
        optimizer.add_hook(PerParam(), "other", timing="never")
    with pytest.raises(TypeError, match="callable"):
        optimizer.add_hook(3)
    optimizer.remove_hook("PerParam")
    with pytest.raises(KeyError):
        optimizer.remove_hook("PerParam")


def test_old_names_of_hooks_warn_and_work() -> None:
    link = model()
    optimizer = optimizers.SGD(1.0).setup(link)
    with pytest.warns(DeprecationWarning, match=r"Use chainer\.optimizer_hooks\.WeightDecay"):
        optimizer.add_hook(chainer.optimizer.WeightDecay(0.5))
    optimizer.update()
    assert link.w.array.tolist() == [-0.5, 2.5]


def test_parameters_without_a_gradient_get_zeros() -> None:
    chain = chainer.Chain(a=L.Linear(2, 1), b=L.Linear(None, 1))
    optimizer = optimizers.Adam().setup(chain)
    before = chain.a.W.array.copy()
    optimizer.update(lambda: F.sum(chain.a.b * 1))
    np.testing.assert_array_equal(chain.a.W.array, before)
    assert (chain.a.W.grad == 0).all() and chain.b.W.array is None
    assert (chain.b.W.update_rule.t, chain.b.W.update_rule.state) == (1, None)


def test_dynamic_loss_scale_skips_infinities() -> None:
    link = model()
    optimizer = optimizers.SGD(1.0).setup(link)
    optimizer.loss_scaling()
    link.w.grad = np.array([np.inf, 1], np.float32)
    with pytest.warns(RuntimeWarning, match="Non finite"):
        optimizer.update()
    assert link.w.array.tolist() == [1.0, 1.0] and optimizer.t == 1
    fixed = optimizers.SGD(1.0).setup(link)
    fixed.set_loss_scale(4.0)
    fixed.update(lambda: F.sum(link.w * 1))
    assert link.w.array.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("rule", [optimizers.SGD, Signed])
def test_float16_parameters_updated_in_float32(rule: Any) -> None:
    link = chainer.Link()
    link.add_param("w", (1,), np.float16, 1)
    optimizer = rule(lr=1e-4).setup(link)
    optimizer.use_fp32_update()
    for _ in range(10):  # in float16, 1 - 0.0001 is 1
        link.w.grad = np.ones(1, np.float16)
        optimizer.update()
    assert link.w.array.dtype == np.float16
    np.testing.assert_allclose(link.w.array.astype(float), 0.999, atol=5e-4)


def test_epochs() -> None:
    optimizer = optimizers.SGD().setup(model())
    optimizer.new_epoch()
    assert optimizer.epoch == 1
    optimizer.use_auto_new_epoch = True
    with pytest.raises(RuntimeError, match="duplicated new_epoch with the updater"):
        optimizer.new_epoch()


@pytest.mark.parametrize("name", optimizers.__all__)
def test_states_go_on_with_the_same_numbers(name: str) -> None:
    a, b = model(), model()
    first, second = (getattr(optimizers, name)() for _ in range(2))
    first.setup(a)
    assert isinstance(first, chainer.GradientMethod)
    first.update()
    first.update()
    file = io.BytesIO()
    serializers.save_npz(file, first)
    b.copyparams(a)
    serializers.load_npz(file, second.setup(b))
    first.update()
    second.update()
    assert (second.t, b.w.update_rule.t) == (3, 3)
    if name != "MSVAG":  # one number of its state is not saved, as in Chainer
        np.testing.assert_array_equal(b.w.array, a.w.array)


def test_state_of_a_rule_that_the_file_lacks() -> None:
    state: dict[str, Any] = {}
    serializers.DictionarySerializer(state).save(optimizers.SGD().setup(model()))
    fresh = optimizers.Adam().setup(model())
    with pytest.raises(KeyError, match="w/m is not a file in the archive"):
        serializers.NpzDeserializer(state).load(fresh)
    serializers.NpzDeserializer(state, strict=False).load(fresh)
    fresh.update()
    assert sorted(fresh.target.w.update_rule.state) == ["m", "v"]


def test_serializers_and_their_errors(tmp_path: Any) -> None:
    path = tmp_path / "x"
    serializers.save_npz(path, {"a": np.arange(3), "b/c": np.float32(2)}, compression=False)
    assert sorted(np.load(path)) == ["a", "b/c"]
    link = chainer.Link(a=3)
    serializers.load_npz(path, link)
    assert link.a.array.tolist() == [0, 1, 2]
    other = chainer.Chain(x=chainer.Link(a=3), y=chainer.Link(c=()))
    with pytest.raises(KeyError, match="x/a is not a file in the archive"):
        serializers.load_npz(path, other)
    serializers.load_npz(path, other, strict=False)
    serializers.load_npz(path, chainer.Link(c=()), path="b/")
    with pytest.raises(FileNotFoundError):
        serializers.load_npz(tmp_path / "none", link)
    ignoring = chainer.Link(a=3, z=1)
    serializers.load_npz(path, ignoring, ignore_names=["z", lambda key: key == "q"])
    assert ignoring.a.array.tolist() == [0, 1, 2] and np.isnan(ignoring.z.array).all()
    reader = serializers.NpzDeserializer({"n": np.array(1.5)})
    with pytest.raises(TypeError, match="Cannot safely deserialize"):
        reader("n", 3)
    assert reader("n", None) == 1.5 and reader("n", 0.0) == 1.5
    evil = tmp_path / "evil"
    np.savez(evil, w=np.array([print], dtype=object))
    with pytest.raises(KeyError, match="never loaded"):
        serializers.load_npz(f"{evil}.npz", chainer.Link(w=1))


def test_hdf5(tmp_path: Any) -> None:
    pytest.importorskip("h5py")
    chain = chainer.Chain(a=L.Linear(2, 3), bn=L.BatchNormalization(2))
    optimizer = optimizers.Adam().setup(chain)
    optimizer.update(lambda: F.sum(chain.a(np.ones((1, 2), np.float32))))
    chain.add_persistent("nothing", None)
    for name, obj in (("m", chain), ("o", optimizer)):
        serializers.save_hdf5(tmp_path / name, obj)
    twin = chainer.Chain(a=L.Linear(None, 3), bn=L.BatchNormalization(2))
    twin.add_persistent("nothing", 3)
    serializers.load_hdf5(tmp_path / "m", twin)
    assert twin.nothing is None
    np.testing.assert_array_equal(twin.a.W.array, chain.a.W.array)
    second = optimizers.Adam().setup(twin)
    serializers.load_hdf5(tmp_path / "o", second)
    np.testing.assert_array_equal(twin.a.W.update_rule.state["m"], chain.a.W.update_rule.state["m"])


def test_our_own_objects_pass_through_chainers_serializers() -> None:
    import renkei

    ours = renkei.Chain(a=renkei.links.Linear(2, 3))
    state: dict[str, Any] = {}
    serializers.DictionarySerializer(state).save(ours)
    assert sorted(state) == ["a/W", "a/b"]
    facade = chainer.Chain(a=L.Linear(2, 3))
    serializers.NpzDeserializer(state).load(facade)
    np.testing.assert_array_equal(facade.a.W.array, ours.a.W.array)
    again = renkei.Chain(a=renkei.links.Linear(2, 3))
    serializers.NpzDeserializer(state).load(again)
    np.testing.assert_array_equal(again.a.W.array, ours.a.W.array)


def test_reporter() -> None:
    reporter, link = chainer.Reporter(), chainer.Chain(a=L.Linear(1, 1))
    reporter.add_observer("main", link)
    reporter.add_observers("main", link.namedlinks(skipself=True))
    chainer.report({"lost": 1})
    with reporter:
        assert chainer.reporter.get_current_reporter() is reporter
        chainer.report({"x": chainer.Variable(np.full((), 1.5))}, link.a)
        with pytest.raises(KeyError, match="Given observer is not registered to the reporter"):
            chainer.report({"y": 1}, object())
        inner: dict[str, Any] = {}
        with chainer.report_scope(inner):
            chainer.report({"z": 2})
    assert list(reporter.observation) == ["main/a/x"] and inner == {"z": 2}


def test_summaries() -> None:
    summary = chainer.DictSummary()
    for value, weight in ((1.0, 1), (3.0, 3)):
        summary.add({"a": (np.float32(value), weight), "b": value, "c": np.ones(2), "d": "text"})
    assert summary.compute_mean() == {"a": 2.5, "b": 2.0}
    assert summary.make_statistics()["b.std"] == 1.0
    state: dict[str, Any] = {}
    summary.serialize(serializers.DictionarySerializer(state))
    twin = chainer.DictSummary()
    twin.serialize(serializers.NpzDeserializer(state))
    assert twin.compute_mean() == summary.compute_mean()
    arrays = chainer.Summary()
    arrays.add(np.array([1.0, 2.0]))
    arrays.add(np.array([3.0, 2.0]))
    assert arrays.compute_mean().tolist() == [2.0, 2.0]
    assert arrays.make_statistics()[1].tolist() == [1.0, 0.0]


def test_optimizers_pickle() -> None:
    optimizer = optimizers.Adam(alpha=0.5).setup(model())
    twin = pickle.loads(pickle.dumps(optimizer))
    assert twin.alpha == 0.5 and isinstance(twin, optimizers.Adam)
