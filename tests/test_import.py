"""``import renkei`` is light, and its names are what they are said to be."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

import renkei as rk

LOADED = """
import sys, {module}
names = {{name.partition('.')[0] for name in sys.modules}}
print(*sorted(names - set(sys.stdlib_module_names) - {{'__main__', '__mp_main__'}}))
"""


def python(code, *options):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RENKEI_", "COVERAGE", "COV_"))}
    command = [sys.executable, "-S", *options, "-c", code]
    paths = [p for p in sys.path if p]
    env["PYTHONPATH"] = os.pathsep.join(paths)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", ["renkei", "renkei.functions", "renkei.links", "renkei.testing"])
def test_import_loads_only_numpy(module):
    loaded = set(python(LOADED.format(module=module)).split())
    loaded -= {name for name in loaded if "cython" in name}  # what NumPy's extensions leave
    assert loaded == {"numpy", "renkei"}


def test_import_loads_no_families_links_or_kernels():
    code = "import sys, renkei; print(*[m for m in sys.modules if m.startswith('renkei.')])"
    loaded = python(code).split()
    for heavy in ("renkei.links", "renkei.kernels", "renkei.optimizers", "renkei.training"):
        assert heavy not in loaded
    assert len(loaded) < 40


def test_everything_public_can_be_reached():
    for name in rk.__all__:
        assert getattr(rk, name) is not None


@pytest.mark.parametrize(
    "package", ["functions", "links", "optimizers", "serializers", "testing", "datasets"]
)
def test_lazy_names_exist_and_are_defined_where_the_table_says(package):
    module = importlib.import_module(f"renkei.{package}")
    for name in module.__all__:
        assert hasattr(module, name), f"{package}.{name}"
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match="no attribute 'nothing_like_this'"):
        module.nothing_like_this


def test_misspelt_functions_get_a_hint():
    with pytest.raises(AttributeError, match="did you mean 'tanh'"):
        rk.functions.tanhh
    with pytest.raises(AttributeError, match="module 'renkei' has no attribute 'variable_'"):
        rk.variable_


def test_version():
    assert rk.__version__ == version("renkei")


def test_warnings_and_optimized_mode():
    """Nothing warns on import, and nothing rests on assert statements."""
    code = "import renkei as rk, numpy as np; y = rk.Variable(np.ones(1)) * 2; y.backward()"
    python(code, "-W", "error", "-O")
