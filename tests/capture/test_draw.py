"""Drawing: nodes, arrows, names, escaping, stable text."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei.capture import graph_to_dot, to_svg
from renkei.core.errors import ConfigError, DtypeError, MissingExtra


def labels(dot):
    return re.findall(r'label="((?:[^"\\]|\\.)*)"', dot)


def arrows(dot):
    """Arrows as pairs of labels."""
    names = dict(re.findall(r'(n\d+) \[label="((?:[^"\\]|\\.)*)"', dot))
    return [(names[a], names[b]) for a, b in re.findall(r"(n\d+) -> (n\d+);", dot)]


@pytest.fixture
def x():
    return rk.Variable(np.ones((2, 3), np.float32), name="x")


def test_a_chain_of_functions(x):
    y = F.sum(F.tanh(x))
    y.name = "loss"
    assert arrows(graph_to_dot(y)) == [
        ("x: (2, 3), float32", "Tanh"),
        ("Tanh", "(2, 3), float32"),
        ("(2, 3), float32", "Sum"),
        ("Sum", "loss: float32"),
    ]
    assert graph_to_dot(y) == graph_to_dot([y])


def test_without_variables(x):
    dot = graph_to_dot(F.sum(F.tanh(x)), remove_variable=True)
    assert arrows(dot) == [("x: (2, 3), float32", "Tanh"), ("Tanh", "Sum")]


def test_without_names(x):
    assert "x:" not in graph_to_dot(F.tanh(x), names=False)


def test_shared_inputs_are_one_node(x):
    h = F.tanh(x)
    dot = graph_to_dot(h * h + x)
    assert labels(dot).count("x: (2, 3), float32") == 1
    assert labels(dot).count("Tanh") == 1
    assert len(arrows(dot)) == len(set(re.findall(r"n\d+ -> n\d+;", dot)))


def test_several_outputs_of_functions_and_drawings(x):
    a, b, c = F.split_axis(x, 3, axis=1)
    dot = graph_to_dot([a * b, c])
    assert labels(dot).count("(2, 1), float32") == 4  # three parts and a product
    assert labels(dot).count("SplitAxis") == 1


def test_constant_inputs_are_drawn():
    W = rk.Parameter(np.ones((4, 3), np.float32), name="W")
    dot = graph_to_dot(F.linear(np.ones((2, 3), np.float32), W))
    assert ("(2, 3), float32", "Linear") in arrows(dot)
    assert ("W: (4, 3), float32", "Linear") in arrows(dot)


def test_a_leaf_and_what_wants_no_gradient(x):
    assert labels(graph_to_dot(x)) == ["x: (2, 3), float32"]
    plain = rk.Variable(np.ones(2), requires_grad=False)
    assert labels(graph_to_dot([plain, x])) == ["(2,), float64", "x: (2, 3), float32"]


def test_after_unchaining(x):
    h = F.tanh(x)
    y = F.sum(h)
    h.unchain_backward()
    assert arrows(graph_to_dot(y)) == [("(2, 3), float32", "Sum"), ("Sum", "float32")]
    assert arrows(graph_to_dot(y, remove_variable=True)) == [("(2, 3), float32", "Sum")]


def test_double_backprop_graphs(x):
    y = F.sum(x * x * x)
    (gx,) = rk.grad([y], [x], enable_double_backprop=True)
    assert labels(graph_to_dot(gx)).count("x: (2, 3), float32") == 1


def test_escaping(x):
    x.name = 'a "b" {c|d} <e>\\\n'
    dot = graph_to_dot(x)
    assert 'label="a \\"b\\" \\{c\\|d\\} \\<e\\>\\\\\\n: (2, 3), float32"' in dot
    assert "\n: " not in dot


def test_text_is_stable(x):
    def text():
        return graph_to_dot(F.sum(F.tanh(x) + F.sigmoid(x)), rankdir="LR")

    assert text() == text()
    assert "rankdir=LR;" in text()


def test_refusals(x):
    with pytest.raises(ConfigError, match="rankdir"):
        graph_to_dot(x, rankdir="XX")
    with pytest.raises(DtypeError, match="a Variable"):
        graph_to_dot([x, 3])


def test_svg_without_the_program(x, monkeypatch):
    pytest.importorskip("graphviz")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingExtra, match="apt install graphviz"):
        to_svg(x)


def test_svg_without_the_package(x, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "graphviz", None)
    with pytest.raises(MissingExtra, match=r"renkei\[graphviz\]"):
        to_svg(x)


@pytest.mark.skipif(shutil.which("dot") is None, reason="dot is not installed")
def test_svg(x):
    pytest.importorskip("graphviz")
    assert "<svg" in to_svg(F.tanh(x))
