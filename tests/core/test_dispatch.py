"""The kernel table: preference, refusals and their memory, explain(), entry points."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import renkei as rk
from renkei.core import dispatch
from renkei.core.dispatch import explain, fast_kernels, kernel, run, select
from renkei.core.errors import ConfigError, MissingKernel
from renkei.core.variable import Variable


@pytest.fixture
def op():
    """The name of an operation that is taken out of the table afterwards."""
    name = "testing_operation"
    yield name
    dispatch._table.pop(name, None)
    dispatch._fast.pop(name, None)


def register(op, backend, when=None, tag=None, writes=()):
    def function(*arrays, **attrs):
        return tag or backend

    return kernel(op, backend=backend, when=when, writes=writes)(function)


def test_preference_is_fixed_whatever_the_order_of_registration(op):
    for backend in ("reference", "mine", "native"):
        register(op, backend)
    a = np.ones(2)
    assert run(op, a) == "mine", "a package's own name goes first"
    with rk.using_config("kernels", ("reference", "native")):
        assert run(op, a) == "native"
    with rk.using_config("kernels", "reference"):
        assert run(op, a) == "reference"
    assert run(op, a) == "mine"


def test_gpu_kernels_do_not_take_numpy_arrays(op):
    for backend in ("cupy", "cudnn", "reference"):
        register(op, backend)
    assert run(op, np.ones(2)) == "reference"
    verdicts = {row[0]: row[2] for row in explain(op, np.ones(2))}
    assert verdicts["cudnn"] == verdicts["cupy"] == "refused: wants CuPy arrays, got NumPy's"


def test_native_kernels_do_not_take_gpu_arrays(op, monkeypatch):
    class Array:
        dtype, ndim = np.dtype(np.float32), 1

    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ndarray=Array))
    for backend in ("cupy", "native", "reference"):
        register(op, backend)
    assert run(op, Array()) == "cupy"
    assert explain(op, Array())[1][2] == "refused: wants NumPy arrays, got CuPy's"
    assert run(op, np.ones(1, np.float32)) == "native"


def test_when_refuses_with_a_reason(op):
    register(op, "native", lambda x: x.dtype == np.float32 or f"wants float32, got {x.dtype}")
    register(op, "reference")
    assert run(op, np.ones(2, np.float32)) == "native"
    assert run(op, np.ones(2)) == "reference"
    table = explain(op, Variable(np.ones(2)))
    assert [row[0] for row in table] == ["native", "reference"]
    assert [row[2] for row in table] == ["refused: wants float32, got float64", "taken"]
    taken = explain(op, np.ones(2, np.float32))
    assert [row[2] for row in taken] == ["taken", "not needed"]
    assert repr(table).splitlines()[0] == f"{op}:"
    assert "wants float32, got float64" in repr(table)
    assert __name__ in table[0][1]


def test_choices_are_remembered_per_signature(op):
    asked = []

    def when(x, *, stride):
        asked.append((x.dtype.name, x.ndim, stride))
        return stride == 1 or "wants stride 1"

    register(op, "native", when)
    register(op, "reference")
    for size in (1, 5, 100):
        assert run(op, np.ones(size), stride=1, other=size) == "native"
    assert asked == [("float64", 1, 1)]
    assert run(op, np.ones(3), stride=2) == "reference"
    assert run(op, np.ones((3, 3)), stride=1) == "native"
    assert run(op, np.ones(3, np.float32), stride=[1]) == "reference"
    assert len(asked) == 4
    assert run(op, np.ones(9), stride=1) == "native"
    assert len(asked) == 4, "earlier choices are still known"
    with rk.using_config("kernels", ("reference",)):
        assert run(op, np.ones(1), stride=1) == "reference"
    assert len(asked) == 4, "a backend that is not allowed is not asked"


def test_the_memory_is_bounded(op):
    register(op, "reference", lambda x, *, k: True)
    for k in range(1000):
        run(op, np.ones(1), k=k)
    assert len(dispatch._table[op].chosen) <= 256


def test_a_new_kernel_forgets_old_choices(op):
    register(op, "reference")
    assert run(op, np.ones(1)) == "reference"
    register(op, "native")
    assert run(op, np.ones(1)) == "native"


def test_lists_are_judged_by_their_first_array(op):
    register(op, "native", lambda xs: xs[0].dtype == np.float32 or "wants float32")
    register(op, "reference")
    assert run(op, [np.ones(1, np.float32)] * 3) == "native"
    assert run(op, [np.ones(1)]) == "reference"
    assert run(op, (np.ones(1, np.float32),)) == "native"


def test_optional_arrays_are_part_of_the_signature(op):
    register(op, "native", lambda x, b: b is not None or "wants a bias")
    register(op, "reference")
    assert run(op, np.ones(1), None) == "reference"
    assert run(op, np.ones(1), np.ones(1)) == "native"


def test_no_kernel_takes_the_arguments(op):
    register(op, "native", lambda x: "wants a Tuesday")
    with pytest.raises(
        MissingKernel, match=r"No kernel of 'testing_operation' takes \(float64 \(2,\)"
    ):
        run(op, np.ones(2))
    with pytest.raises(NotImplementedError, match="native: wants a Tuesday"):
        run(op, np.ones(2))


def test_unknown_operations():
    assert select("testing_no_such", (), {}) is None
    for call in (lambda: run("testing_no_such", np.ones(1)), lambda: explain("testing_no_such")):
        with pytest.raises(MissingKernel, match="No backend has this operation"):
            call()
    assert "testing_no_such" not in dispatch._table


def test_fast_kernels_is_a_live_list_without_the_reference(op):
    fast = fast_kernels(op)
    assert fast == []
    register(op, "reference")
    assert fast == []
    register(op, "native", writes=("x",))
    assert [(k.backend, k.writes) for k in fast] == [("native", ("x",))]
    assert fast_kernels(op) is fast


def test_the_decorator_returns_the_function(op):
    function = register(op, "reference")
    assert function() == "reference"
    assert kernel(op, backend="reference")(function) is function
    assert len(dispatch._table[op].kernels) == 1, "registering again changes nothing"
    kernel(op, backend="native")(function)
    assert [k.backend for k in dispatch._table[op].kernels] == ["native", "reference"]


def test_config_kernels():
    with rk.using_config("kernels", "native, reference"):
        assert rk.config.kernels == ("native", "reference")
    with rk.using_config("kernels", "native reference"):
        assert rk.config.kernels == ("native", "reference")
    with rk.using_config("kernels", ["native"]):
        assert rk.config.kernels == ("native",)
    for bad in (3, [3]):
        with pytest.raises(ConfigError):
            rk.config.kernels = bad


def test_entry_points_are_loaded(monkeypatch, op):
    import importlib.metadata

    loads = []

    class Point:
        def load(self):
            loads.append(1)
            register(op, "plugin")

    def entry_points(group):
        assert group == "renkei.kernels"
        return [Point()]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setattr(dispatch, "_loaded", False)
    assert run(op, np.ones(1)) == "plugin"
    dispatch.load()
    assert loads == [1]


def test_every_operation_has_a_reference_or_overrides_a_body():
    """A reference kernel, unless the operation is an elementwise or composite function's name."""
    dispatch.load()
    import renkei.functions as F

    bodies = {getattr(getattr(F, n), "op", n) for n in F.__all__}
    alone = {
        op
        for op, entry in dispatch._table.items()
        if entry.kernels
        and all(k.function.__module__.startswith("renkei.") for k in entry.kernels)
        and not any(k.backend == "reference" for k in entry.kernels)
    }
    assert alone <= bodies


def test_signature_never_sees_sizes():
    a, b = np.ones((2, 3)), np.ones((5, 7))
    assert dispatch._signature((a, None, 3)) == dispatch._signature((b, None, 4))
    assert dispatch._signature((a,)) != dispatch._signature((a[0],))
    assert dispatch._signature((a, None)) != dispatch._signature((a, 3))
    assert dispatch._signature((a, None)) != dispatch._signature((a,))


def test_a_broken_package_of_kernels_is_named_and_stops_nobody(monkeypatch):
    import importlib.metadata

    class Point:
        value = "broken.package:kernels"

        def load(self):
            raise ImportError("gone")

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Point()])
    monkeypatch.setattr(dispatch, "_loaded", False)
    with pytest.warns(UserWarning, match=r"broken\.package:kernels cannot be loaded"):
        dispatch.load()
    assert dispatch._loaded
