from __future__ import annotations

GOOD_FUNCTION = '''__all__ = ["f"]
def f(x):
    """One.

    Args:
        x: it.

    Returns:
        It.

    >>> 1
    1
    """
'''


def complaints(tool, root):
    return sorted(tool("check_names").check(root))


def test_a_good_tree_passes(tool, project):
    root = project(
        {
            "src/renkei/functions/conv.py": GOOD_FUNCTION,
            "src/renkei/kernels/native/conv.py": "",
            "src/native/kernels/conv.cpp": "",
            "src/renkei/optimizers/adam.py": "",
            "src/renkei/kernels/native/optimizer.py": "",
            "tests/functions/cases/conv.py": "",
            "tests/optimizers/test_adam.py": "",
            "tests/native/test_anything.py": "",
        }
    )
    assert complaints(tool, root) == []


def test_kernels_without_a_family(tool, project):
    root = project({"src/renkei/kernels/native/conv.py": "", "src/native/kernels/pool.cpp": ""})
    first, second = complaints(tool, root)
    assert "no src/renkei/kernels/native/pool.py that registers it" in first
    assert "no src/renkei/functions/conv.py" in second


def test_tests_of_nothing(tool, project):
    root = project(
        {
            "tests/functions/test_gone.py": "",
            "tests/functions/cases/lost.py": "",
            "tests/test_x.py": "",
        }
    )
    assert [c.split(":")[0] for c in complaints(tool, root)] == [
        "tests/functions/cases/lost.py",
        "tests/functions/test_gone.py",
        "tests/test_x.py",
    ]


def test_modules_without_tests(tool, project):
    root = project({"src/renkei/functions/conv.py": GOOD_FUNCTION})
    assert complaints(tool, root) == [
        "src/renkei/functions/conv.py: no tests/functions/test_conv.py"
    ]


def test_docstrings(tool, project):
    text = (
        '__all__ = ["C", "bare", "half"]\n'
        "def bare(x): ...\n"
        'def half(x):\n    """Half."""\n'
        'class C:\n    """A class."""\n'
        "def _private(): ...\n"
    )
    root = project({"src/renkei/functions/a.py": text, "tests/functions/test_a.py": ""})
    where = "src/renkei/functions/a.py"
    assert complaints(tool, root) == [
        f"{where}::C: the docstring lacks an example (>>>)",
        f"{where}::bare: the docstring lacks a docstring",
        f"{where}::half: the docstring lacks an example (>>>), Args:, Returns:",
    ]


def test_waivers(tool, project):
    root = project(
        {"tests/test_x.py": "", "tools/name_waivers.txt": "tests/test_x.py: about all\n"}
    )
    assert complaints(tool, root) == []
