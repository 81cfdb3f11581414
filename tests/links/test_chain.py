"""Chain, ChainList and Sequential."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, ShapeError, UsageError


def linear(n=2):
    return L.Linear(n, n)


def x(n=2):
    return np.ones((1, n), np.float32)


def paths(link):
    return [path for path, _ in link.namedlinks(skipself=True)]


# -- Chain -----------------------------------------------------------------------------------------


def test_chain_of_named_links():
    a, b = linear(), linear()
    chain = rk.Chain(b=b, a=a)
    chain.c = linear()
    assert paths(chain) == ["/a", "/b", "/c"]
    assert chain["a"] is chain.a is a
    assert chain["c"] is chain.c
    assert (a.name, chain.c.name) == ("a", "c")


def test_chain_names_what_there_is():
    with pytest.raises(KeyError, match="no link 'x'; there are: a"):
        rk.Chain(a=linear())["x"]
    with pytest.raises(KeyError, match="there are: none"):
        rk.Chain()[0]
    with pytest.raises(UsageError, match="attribute exists"):
        rk.Chain(forward=linear())
    with pytest.raises(DtypeError, match="expected a link"):
        rk.Chain(f=F.relu)


# -- ChainList -------------------------------------------------------------------------------------


def test_chainlist_is_a_list():
    a, b, c, d = (linear() for _ in range(4))
    links = rk.ChainList(a, c)
    links.insert(1, b)
    links.add_link(d)
    assert list(links) == [a, b, c, d]
    assert paths(links) == ["/0", "/1", "/2", "/3"]
    assert links[-1] is d
    assert links[1:3] == [b, c]
    assert b in links
    del links[1]
    links[0] = b
    assert list(links) == [b, c, d]
    links[1:] = [a]
    assert list(links) == [b, a]
    assert len(links) == 2
    assert list(links.children()) == [b, a]
    assert bool(rk.ChainList())


def test_chainlist_takes_links_only():
    links = rk.ChainList()
    for call in (
        lambda: links.append(F.relu),
        lambda: links.insert(0, 1),
        lambda: rk.ChainList(None),
    ):
        with pytest.raises(DtypeError, match="expected a link"):
            call()


def test_chainlist_with_attributes_and_without_super_init():
    class Mine(rk.ChainList):
        def __init__(self):
            self.extra = linear()
            self.append(linear())
            self.p = rk.Parameter(0, (1,))

    mine = Mine()
    assert paths(mine) == ["/0", "/extra"]
    assert next(path for path, _ in mine.namedparams()) == "/p"
    twin = mine.copy()
    assert twin[0] is not mine[0]
    assert twin[0].W.array is mine[0].W.array


# -- Sequential ------------------------------------------------------------------------------------


def test_sequential_numbers_links_only():
    model = rk.Sequential(F.relu, linear(), F.tanh, linear())
    assert [path for path, _ in model.namedparams()] == ["/0/W", "/0/b", "/1/W", "/1/b"]
    assert len(model) == 4
    expected = model[3](F.tanh(model[1](F.relu(x()))))
    assert (model(x()).array == expected.array).all()


def test_sequential_unpacks_tuples():
    model = rk.Sequential(lambda a, b: (a + b, a - b), lambda s, d: s * d)
    assert model(5, 3) == 16
    assert rk.Sequential()(7) == 7
    assert rk.Sequential()(7, 8) == (7, 8)


def test_sequential_is_a_list():
    a, b = linear(), linear()
    model = rk.Sequential(a)
    model.append(F.relu)
    model.extend([b, F.relu])
    assert model.index(F.relu) == 1
    assert model.index(F.relu, 2) == 3
    assert model.count(F.relu) == 2
    assert F.relu in model
    assert model.pop() is F.relu
    model.remove(F.relu)
    assert list(model) == [a, b]
    both = model + rk.Sequential(F.tanh)
    assert list(both) == [a, b, F.tanh]
    model += [F.sigmoid]
    assert isinstance(model, rk.Sequential)
    assert list(model) == [a, b, F.sigmoid]
    head = model[:2]
    assert isinstance(head, rk.Sequential)
    assert list(head) == [a, b]
    with pytest.raises(ValueError, match="not among"):
        model.index(F.tanh)
    model.clear()
    assert len(model) == 0
    with pytest.raises(DtypeError, match="callables"):
        model.append(3)


def test_sequential_by_type():
    model = rk.Sequential(linear(), F.relu, linear(), F.relu)
    assert model.count_by_layer_type("Linear") == 2
    assert model.count_by_layer_type("relu") == 2
    model.remove_by_layer_type("relu")
    assert [type(layer) for layer in model] == [L.Linear, L.Linear]


def test_flatten():
    a, b, c = linear(), linear(), linear()
    model = rk.Sequential(rk.Sequential(a, rk.Sequential(F.relu, b)), c)
    assert list(model.flatten()) == [a, F.relu, b, c]
    assert len(model) == 2


def test_sequential_copies():
    model = rk.Sequential(linear(), F.relu)
    for mode in ("share", "copy", "init"):
        twin = model.copy(mode)
        assert twin[0] is not model[0]
        assert twin[1] is F.relu
        assert (twin[0].W.array is model[0].W.array) is (mode == "share")
    assert len(pickle.loads(pickle.dumps(model))) == 2
    assert len(model.repeat(3).flatten()) == 6


def test_sequential_str():
    text = str(rk.Sequential(L.Linear(2, 3), F.relu, lambda x: x))
    assert text == (
        "Sequential(\n"
        "  (0): Linear(in_size=2, out_size=3, nobias=False),\n"
        "  (1): relu,\n"
        "  (2): <lambda>,\n"
        ")"
    )


def test_sequential_error_path():
    with pytest.raises(ShapeError, match=r"In 1 \(Linear 3→3\)"):
        rk.Sequential(linear(), F.relu, linear(3))(x())
