"""Links under Chainer's rules."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import renkei.links
from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer import links as L


def paths(link: Any) -> list[str]:
    return [path for path, _ in link.namedparams()]


def test_only_init_scope_registers() -> None:
    chain = chainer.Chain()
    chain.a = L.Linear(2, 2)
    chain.p = chainer.Parameter(0, (2,))
    assert paths(chain) == []
    with chain.init_scope():
        chain.b = L.Linear(2, 2)
        chain.q = chainer.Parameter(0, (2,))
        chain.x = np.zeros(3)
    assert paths(chain) == ["/q", "/b/W", "/b/b"]
    assert (chain.b.name, chain.q.name, chain.a.name) == ("b", "q", None)
    with chain.init_scope(), pytest.raises(AttributeError, match="cannot register a new link b"):
        chain.b = L.Linear(2, 2)
    del chain.b
    assert paths(chain) == ["/q"]


def test_a_subclass_of_a_layer_registers_by_the_same_rule() -> None:
    class Mine(L.Linear):
        def __init__(self) -> None:
            super().__init__(2, 3)
            self.loose = chainer.Parameter(0, (1,))
            with self.init_scope():
                self.kept = chainer.Parameter(0, (1,))

    mine = Mine()
    assert paths(mine) == ["/W", "/b", "/kept"]
    assert isinstance(mine, chainer.Link) and isinstance(mine, renkei.links.Linear)


def test_inner_links_of_our_own_are_chainers_too() -> None:
    lstm = L.LSTM(3, 2)
    assert isinstance(lstm, chainer.Chain) and isinstance(lstm.upward, L.Linear)
    assert paths(lstm) == ["/lateral/W", "/upward/W", "/upward/b"]
    assert isinstance(L.NStepLSTM(1, 2, 3, 0.0), chainer.ChainList)
    assert isinstance(L.NStepLSTM(1, 2, 3, 0.0)[0].w0, chainer.Parameter)


def test_without_super_init() -> None:
    class Bad(chainer.Chain):
        def __init__(self) -> None:
            with self.init_scope():
                self.a = L.Linear(2, 2)

    with pytest.raises(RuntimeError, match=r"Link\.__init__\(\) has not been called"):
        Bad()


def test_call_of_v1_programs_and_mixins() -> None:
    class Old(chainer.Chain):
        def __call__(self, x: Any) -> Any:
            return x + 1

    class Mixin:
        def __call__(self, x: Any) -> Any:
            return self.forward(x) + 10

    class New(chainer.Chain, Mixin):
        def forward(self, x: Any) -> Any:
            return x * 2

    assert Old()(1) == 2
    assert New()(1) == 12
    assert not hasattr(chainer.Link(), "forward")
    with pytest.raises(AttributeError, match="forward"):
        chainer.Chain()(1)


def test_results_are_variables_of_the_facade() -> None:
    layer = L.Linear(2, 2)
    y = layer(np.ones((1, 2), np.float32))
    assert type(y) is chainer.Variable
    lstm = L.LSTM(2, 2)
    lstm(np.ones((1, 2), np.float32))
    assert type(lstm.h) is chainer.Variable and type(lstm.c) is chainer.Variable


def test_share_copies_have_the_same_arrays_and_their_own_gradients() -> None:
    chain = chainer.Chain(a=L.Linear(2, 2))
    chain.cleargrads()
    twin = chain.copy()
    assert twin.a is not chain.a and twin.a.W is not chain.a.W
    assert twin.a.W.array is chain.a.W.array and twin.a.W.grad is None
    twin.a.W.grad = np.ones((2, 2), np.float32)
    assert chain.a.W.grad is None
    deep = chain.copy("copy")
    assert deep.a.W.array is not chain.a.W.array
    np.testing.assert_array_equal(deep.a.W.array, chain.a.W.array)
    fresh = chain.copy("init")
    assert not np.array_equal(fresh.a.W.array, chain.a.W.array)
    with pytest.raises(ValueError, match="But zz was given"):
        chain.copy("zz")


def test_repeat_draws_anew_from_numpy() -> None:
    np.random.seed(0)
    layers = L.Linear(2, 2).repeat(2)
    assert isinstance(layers, chainer.Sequential)
    np.random.seed(0)
    np.random.normal(size=4)
    wanted = np.random.normal(scale=np.sqrt(0.5), size=(2, 2)).astype(np.float32)
    np.testing.assert_array_equal(layers[0].W.array, wanted)


def test_shared_links_come_under_each_of_their_names() -> None:
    layer = L.Linear(2, 2, nobias=True)
    both = chainer.ChainList(layer, layer)
    assert paths(both) == ["/0/W", "/1/W"]
    assert [p for p, _ in both.namedlinks()] == ["/", "/0", "/1"]


def test_chain_list_renumbers() -> None:
    layers = chainer.ChainList(L.Linear(1, 1), L.Linear(2, 2))
    layers.insert(0, L.Linear(3, 3))
    assert [layer.name for layer in layers] == ["0", "1", "2"]
    del layers[1]
    assert [layer.name for layer in layers] == ["0", "1"]
    with layers.init_scope(), pytest.raises(TypeError, match="chainlist"):
        layers.x = L.Linear(1, 1)


def test_sequential() -> None:
    model = chainer.Sequential(L.Linear(2, 3), F.relu, chainer.Sequential(L.Linear(3, 1)))
    assert paths(model) == ["/0/W", "/0/b", "/1/0/W", "/1/0/b"]
    assert (len(model), len(model.flatten()), model.count_by_layer_type("Linear")) == (3, 3, 1)
    model.remove_by_layer_type("relu")
    assert len(model) == 2
    model += [F.tanh]
    assert model[-1] is F.tanh and len(model[:1]) == 1
    with pytest.raises(ValueError, match="callable"):
        model.append(3)
    twin = pickle.loads(pickle.dumps(chainer.Sequential(L.Linear(2, 3), F.relu)))
    assert paths(twin) == ["/0/W", "/0/b"]
    with pytest.raises(ValueError, match="lambda"):
        pickle.dumps(chainer.Sequential(lambda x: x))


def test_str() -> None:
    model = chainer.Chain(a=L.Linear(2, 3), b=chainer.ChainList(L.EmbedID(2, 3)))
    assert str(model) == (
        "Chain(\n  (a): Linear(in_size=2, out_size=3, nobias=False),\n"
        "  (b): ChainList(\n    (0): EmbedID(),\n  ),\n)"
    )
    assert repr(model).startswith("<renkei.compat.chainer.link.Chain object at 0x")
    assert L.Convolution2D(2, 3, 3).stride == (1, 1)


def test_persistent_values_and_serialize() -> None:
    link = chainer.Link(w=2)
    link.add_persistent("count", 3)
    link.register = np.arange(2.0)
    link.register_persistent("register")
    state: dict[str, Any] = {}
    chainer.serializers.DictionarySerializer(state).save(link)
    assert sorted(state) == ["count", "register", "w"]
    other = chainer.Link(w=2)
    other.add_persistent("count", 0)
    other.add_persistent("register", np.zeros(2))
    kept = other.register
    chainer.serializers.NpzDeserializer(state).load(other)
    assert other.count == 3 and other.register is kept and kept.tolist() == [0.0, 1.0]
    with pytest.raises(AttributeError, match="cannot register a new persistent value count"):
        link.add_persistent("count", 1)


def test_open_sizes_are_filled_by_loading() -> None:
    layer = L.Linear(3, 2)
    state: dict[str, Any] = {}
    chainer.serializers.DictionarySerializer(state).save(layer)
    other = L.Linear(None, 2)
    chainer.serializers.NpzDeserializer(state).load(other)
    np.testing.assert_array_equal(other.W.array, layer.W.array)


def test_visitors_and_methods_of_before_them() -> None:
    seen = []

    class Visitor(chainer.device_resident.DeviceResidentsVisitor):
        def visit_device_resident(self, device_resident: Any) -> None:
            seen.append(type(device_resident).__name__)

        def visit_array(self, arr: Any) -> Any:
            return arr + 1

        def visit_variable(self, param: Any) -> None:
            seen.append(param.name)

    bn = L.BatchNormalization(2)
    chainer.Chain(bn=bn).device_resident_accept(Visitor())
    assert seen == ["Chain", "BatchNormalization", "beta", "gamma"]
    assert bn.avg_mean.tolist() == [1.0, 1.0]

    class Old(chainer.Link):
        moved = 0

        def to_cpu(self) -> Any:
            super().to_cpu()
            self.moved += 1
            return self

    inner = Old()
    assert chainer.Chain(inner=inner).to_device("@numpy").inner.moved == 1
    with pytest.warns(DeprecationWarning, match="to_device"):
        assert bn.to_cpu() is bn


def test_from_params_and_add_param() -> None:
    W, b = np.ones((3, 2), np.float32), np.arange(3, dtype=np.float32)
    layer = L.Linear.from_params(W, b)
    assert layer.in_size == 2 and layer.b.array.tolist() == [0.0, 1.0, 2.0]
    conv = L.Convolution2D.from_params(np.ones((4, 3, 2, 2), np.float32), nobias=True, stride=2)
    assert conv.b is None and conv.W.shape == (4, 3, 2, 2) and conv.stride == (2, 2)
    link = chainer.Link()
    link.add_param("w", (2,), np.float64, 3)
    assert link.w.array.tolist() == [3.0, 3.0] and link.w.dtype == np.float64
    with pytest.raises(AttributeError, match="cannot register a new parameter w"):
        link.add_param("w")


def test_copyparams_and_addgrads() -> None:
    a, b = (chainer.Chain(l=L.Linear(2, 2)) for _ in range(2))
    for link in (a, b):
        link.l.W.grad = np.ones((2, 2), np.float32)
        link.l.b.grad = np.ones(2, np.float32)
    a.copyparams(b)
    a.addgrads(b)
    np.testing.assert_array_equal(a.l.W.array, b.l.W.array)
    assert (a.l.W.grad == 2).all()


def test_link_hooks() -> None:
    class Names(chainer.LinkHook):
        name = "Names"

        def __init__(self) -> None:
            self.seen: list[str] = []

        def forward_postprocess(self, args: Any) -> None:
            self.seen.append(f"{args.link.name}.{args.forward_name}{args.out.shape}")

    x = np.ones((1, 2), np.float32)
    chain = chainer.Sequential(L.Linear(2, 3), L.Linear(3, 1))
    with Names() as hook:
        chain(x)
        with pytest.raises(KeyError, match="Names"), Names():
            pass
    assert hook.seen == ["0.forward(1, 3)", "1.forward(1, 1)", "None.forward(1, 1)"]
    own = Names()
    chain[0].add_hook(own)
    chain(x)
    assert len(own.seen) == 1 and list(chain[0].local_link_hooks) == ["Names"]
    chain[0].delete_hook("Names")
    with pytest.raises(KeyError):
        chain[0].delete_hook("Names")


def test_spectral_normalization_and_weight_standardization() -> None:
    np.random.seed(1)
    layer = L.Linear(3, 2).add_hook(chainer.link_hooks.SpectralNormalization(20, use_gamma=True))
    assert paths(layer) == ["/W", "/b", "/gamma"]
    before = layer.W
    y = layer(np.eye(3, dtype=np.float32))
    assert layer.W is before
    layer.cleargrads()
    F.sum(y * y).backward()
    assert layer.W.grad is not None and layer.gamma.grad is not None
    np.testing.assert_allclose(
        np.linalg.svd(y.array)[1][0], np.linalg.svd(layer.W.array)[1][0], 1e-4
    )
    conv = L.Convolution2D(2, 3, 3, nobias=True)
    conv.add_hook(chainer.link_hooks.WeightStandardization())
    kernel = conv(np.eye(18, dtype=np.float32).reshape(18, 2, 3, 3)).array.reshape(18, 3)
    np.testing.assert_allclose(kernel.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(kernel.std(0), 1, atol=1e-3)


def test_deep_copies_and_pickles() -> None:
    model = L.Classifier(chainer.Sequential(L.Linear(None, 3)))
    model(np.ones((2, 4), np.float32), np.zeros(2, np.int32))
    model.y = model.loss = model.accuracy = None
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert paths(twin) == paths(model)
        np.testing.assert_array_equal(twin.predictor[0].W.array, model.predictor[0].W.array)


def test_deprecations_are_warnings_only() -> None:
    layer = L.Linear(2, 2)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        layer.zerograds()
    assert seen[0].category is DeprecationWarning and (layer.W.grad == 0).all()


def test_paths_of_submodules() -> None:
    from renkei.compat.chainer.links.connection import linear
    from renkei.compat.chainer.links.rnn.lstm import LSTM
    from renkei.compat.chainer.training.extensions.evaluator import Evaluator

    from renkei.compat.chainer.links.model.vision import resnet, vgg
    from renkei.compat.chainer.optimizers import adam

    assert linear.Linear is L.Linear and LSTM is L.LSTM
    assert chainer.optimizers.adam.AdamRule is adam.AdamRule
    assert Evaluator is chainer.training.extensions.Evaluator
    assert issubclass(resnet.ResNet50Layers, chainer.Chain) and vgg.prepare is not resnet.prepare
    assert chainer.links.model.vision.vgg.VGG16Layers is L.VGG16Layers


def test_the_names_of_chainers_networks() -> None:
    names = paths(L.ResNet50Layers(None))
    assert len(names) == 162 and "/res2/a/conv1/W" in names and "/fc6/b" in names
