from __future__ import annotations

import pytest

CASES = [
    ("core/a.py", "from renkei.functions.math import exp", "core may not import functions"),
    ("core/a.py", "def f():\n    from renkei.links import Linear", "core may not import links"),
    ("functions/a.py", "from renkei.kernels.reference import conv", "functions never import"),
    ("kernels/native/a.py", "import renkei.functions.conv", "kernels may not import functions"),
    ("links/a.py", "from renkei import training", "links may not import training"),
    ("links/a.py", "import renkei", "`import renkei`"),
    ("links/a.py", "from . import chain", "relative import"),
    ("links/a.py", "from renkei.nobody import x", "'nobody' one in tools/check_layers.py"),
    ("links/a.py", "from renkei import _native", "only kernels and cli"),
    ("strange/a.py", "from renkei.core import graph", "'strange' has no layer"),
]
GOOD = [
    ("core/a.py", "from renkei.core.graph import grad\nimport numpy"),
    ("kernels/native/a.py", "from renkei import _native\nfrom renkei.core.dispatch import kernel"),
    ("links/a.py", "from renkei.functions.math import exp"),
    ("cli/a.py", "from renkei.training import Trainer\nfrom renkei.models import resnet"),
    ("core/a.py", "if TYPE_CHECKING:\n    from renkei.links import Linear"),
    ("__init__.py", "from renkei.links import Linear"),
]


@pytest.mark.parametrize(("path", "text", "message"), CASES)
def test_forbidden_imports_are_found(tool, project, path, text, message):
    root = project({f"src/renkei/{path}": text})
    complaints = list(tool("check_layers").check_imports(root))
    assert len(complaints) == 1
    assert message in complaints[0]
    assert complaints[0].startswith(f"src/renkei/{path}:")


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_proper_imports_pass(tool, project, path, text):
    assert not list(tool("check_layers").check_imports(project({f"src/renkei/{path}": text})))


def test_a_heavy_import_is_found(tool, project):
    root = project({"src/renkei/__init__.py": "import heavy_one, json", "src/heavy_one.py": ""})
    assert [c.split(";")[0] for c in tool("check_layers").check_light(root)] == [
        "import renkei loads heavy_one"
    ]


def test_a_light_import_passes(tool, project):
    root = project({"src/renkei/__init__.py": "import numpy, tomllib, numpy.random"})
    assert not list(tool("check_layers").check_light(root))


def test_a_broken_import_is_found(tool, project):
    root = project({"src/renkei/__init__.py": "1 / 0"})
    assert list(tool("check_layers").check_light(root)) == [
        "import renkei fails: ZeroDivisionError: division by zero"
    ]
