from __future__ import annotations

import pytest


def lines(count):
    return "x = 1\n" * count


def function(count):
    return "def f():\n" + "    x = 1\n" * (count - 1)


def complaints(tool, root):
    return list(tool("sizes").check(root))


def test_files(tool, project):
    root = project(
        {
            "src/renkei/links/fits.py": lines(600),
            "src/renkei/links/large.py": lines(601),
            "src/renkei/core/large.py": lines(401),
            "src/renkei/core/documented.py": '"""' + "doc\n" * 100 + '"""\n' + lines(400),
            "src/native/kernels/large.cpp": lines(700),
        }
    )
    assert complaints(tool, root) == [
        "src/native/kernels/large.cpp has 700 lines; at most 600",
        "src/renkei/core/large.py has 401 lines; at most 400",
        "src/renkei/links/large.py has 601 lines; at most 600",
    ]


def test_functions(tool, project):
    documented = function(60).replace("f():\n", 'f():\n    """D\n' + "\n" * 40 + '    """\n')
    root = project(
        {"tools/a.py": function(80), "tools/b.py": function(81), "tools/c.py": documented}
    )
    assert complaints(tool, root) == ["tools/b.py::f has 81 lines; at most 80"]


def test_the_number_of_core_files(tool, project):
    root = project({f"src/renkei/core/a{i}.py": "" for i in range(15)})
    assert complaints(tool, root) == ["src/renkei/core has 15 files; at most 14"]


def test_waivers_are_honoured_and_go_stale(tool, project):
    root = project(
        {
            "tools/b.py": function(81),
            "tools/size_waivers.txt": "# comment\ntools/b.py::f: a table\ntools/gone.py: why\n",
        }
    )
    assert complaints(tool, root) == [
        "tools/size_waivers.txt: tools/gone.py is small enough now; remove its waiver"
    ]


def test_a_waiver_needs_a_reason(tool, project):
    root = project({"tools/size_waivers.txt": "tools/b.py\n"})
    with pytest.raises(SystemExit, match="gives no reason"):
        complaints(tool, root)
