"""The facade as a whole: its module tree, the alias, drawings, what is installed."""

import importlib
import io
import subprocess
import sys

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import _tree, types, warnings
from renkei.compat.chainer.computational_graph import build_computational_graph


def run(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_alias_is_the_same_modules():
    out = run(
        "import renkei.compat.chainer.install, chainer, chainer.functions as F\n"
        "import renkei.compat.chainer as facade\n"
        "from chainer.functions.activation import relu\n"
        "from chainer.functions.activation.relu import relu as f\n"
        "import chainer.cuda, chainer.utils.type_check, chainerx\n"
        "print(chainer is facade, F is facade.functions, f is F.relu, relu.relu is F.relu,\n"
        "      chainer.cuda is chainer.backends.cuda, chainerx.is_available(),\n"
        "      chainer.utils.type_check is facade.utils.type_check,\n"
        "      chainer.functions.__spec__.name)"
    )
    words = ["True"] * 5 + ["False", "True", "renkei.compat.chainer.functions"]
    assert out.split() == words


def test_a_missing_module_is_an_import_error():
    out = run(
        "import renkei.compat.chainer.install\n"
        "try:\n    import chainer.nothing\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    assert "chainer.nothing" in out


def test_another_chainer_comes_in_the_way():
    out = run(
        "import sys, types\nsys.modules['chainer'] = types.ModuleType('chainer')\n"
        "try:\n    import renkei.compat.chainer.install\n"
        "except RuntimeError as error:\n    print(error)"
    )
    assert "another chainer" in out


def test_importing_the_facade_does_not_touch_our_own_api():
    out = run(
        "import numpy as np, renkei as rk\n"
        "from renkei.compat.chainer import variable, functions, link\n"
        "x = rk.Variable(np.ones(2, np.float32))\n"
        "print(type(x * 2).__module__, type(rk.functions.relu(x.array)).__name__,\n"
        "      rk.Parameter(1, (2,)).grad, 'chainer' in __import__('sys').modules)"
    )
    assert out.split() == ["renkei.core.variable", "ndarray", "None", "False"]


@pytest.mark.parametrize("package", sorted(p for p in _tree.LEAVES if p.startswith("functions")))
def test_modules_of_functions_show_their_functions(package):
    module = importlib.import_module(f"{_tree.ROOT}.{package}")
    for leaf in _tree.LEAVES[package][1].split():
        if hasattr(chainer.functions, leaf) and leaf in chainer.functions.__all__:
            shown = importlib.import_module(f"{module.__name__}.{leaf}")
            assert getattr(shown, leaf) is getattr(chainer.functions, leaf)


def test_names_are_found_and_listed():
    assert {"Variable", "functions", "using_config"} <= set(dir(chainer))
    with pytest.raises(AttributeError, match="nothing"):
        _ = chainer.nothing
    assert chainer.get_array_types()[0] is np.ndarray is chainer.get_cpu_array_types()[0]
    assert chainer.is_arrays_compatible([np.ones(1), None]) and repr(chainer.Fallback) == "Fallback"
    assert not chainer.is_arrays_compatible([np.ones(1), 3])
    assert types.TYPE_CHECKING is False
    assert issubclass(warnings.PerformanceWarning, RuntimeWarning)


def test_drawings():
    x = chainer.Variable(np.ones((2, 3), np.float32), name="x")
    y = chainer.functions.relu(x * x)
    text = build_computational_graph(y, rankdir="LR").dump()
    assert text.startswith("digraph graphname{rankdir=LR;") and text.count("->") == 4
    for label in ('label="x: (2, 3), float32",shape="octagon"', 'label="ReLU"', 'label="_ * _"'):
        assert label in text
    plain = build_computational_graph([y], variable_style=None, show_name=False).dump()
    assert 'label="(2, 3), float32",shape="oval"]' in plain
    bare = build_computational_graph(y, remove_variable=True).dump()
    assert bare.count("->") == 1 and "float32" not in bare
    with pytest.raises(ValueError, match="rankdir"):
        build_computational_graph(y, rankdir="XY")
    with pytest.raises(ValueError, match="remove_split"):
        build_computational_graph(y, remove_split=False)
    with pytest.raises(TypeError):
        build_computational_graph([3])
    with pytest.raises(NotImplementedError):
        build_computational_graph(y).dump("png")


def test_static_graph_changes_nothing():
    calls = []

    class Model(chainer.Chain):
        @chainer.static_graph(verbosity_level=1)
        def forward(self, x):
            self.note(x)
            return x * 2

        @chainer.static_code(func_name="note")
        def note(self, x):
            calls.append(x.shape)

    model = Model()
    x = chainer.Variable(np.ones((), np.float32))
    for _ in range(2):
        model(x).backward()
    assert x.grad == 4 and calls == [(), ()] and not model.schedule_manager.schedules
    with pytest.raises(TypeError, match="unexpected"):
        chainer.static_graph(wrong=1)


def test_what_is_installed():
    out = io.StringIO()
    chainer.print_runtime_info(out)
    assert f"NumPy: {np.__version__}" in out.getvalue() and "Chainer: 7.8.1" in out.getvalue()


def test_importing_the_facade_stays_light():
    out = run(
        "import sys, renkei.compat.chainer.install, chainer, chainer.functions\n"
        "print([m for m in ('scipy', 'pytest', 'matplotlib', 'h5py') if m in sys.modules])"
    )
    assert out.strip() == "[]"
