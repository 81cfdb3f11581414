"""Errors: the form of a message, and which builtin class catches what."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from renkei.core import errors
from renkei.core.errors import (
    LoadError,
    MissingExtra,
    RenkeiError,
    SaveError,
    ShapeError,
    describe,
    require,
)

CLASSES = [getattr(errors, name) for name in errors.__all__ if name[0].isupper()]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("f(x)",), "f(x)."),
        (("A sentence.",), "A sentence."),
        (("f(x)", "1", "2"), "f(x): got 1; expected 2."),
        (("f(x)", "1", "2", "Do this."), "f(x): got 1; expected 2. Do this."),
        (("f(x)", "", "2"), "f(x): expected 2."),
        (("f(x)", "1"), "f(x): got 1."),
        (("f(x)", "", "", "Why?"), "f(x). Why?"),
    ],
)
def test_messages(parts, text):
    assert str(RenkeiError(*parts)) == text
    error = RenkeiError(*parts)
    assert (error.call, error.got, error.expected, error.hint) == (*parts, "", "", "")[:4]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_prints_the_same_way(cls):
    assert str(cls("f(x)", "1", "2", "Hint.")) == "f(x): got 1; expected 2. Hint."
    assert issubclass(cls, RenkeiError)
    assert cls.__doc__


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ShapeError", ValueError),
        ("DtypeError", TypeError),
        ("DeviceError", ValueError),
        ("RangeError", IndexError),
        ("RangeError", ValueError),
        ("GraphError", RuntimeError),
        ("UninitializedError", RuntimeError),
        ("NanError", RuntimeError),
        ("UsageError", RuntimeError),
        ("ConfigError", ValueError),
        ("DataError", ValueError),
        ("LoadError", KeyError),
        ("SaveError", OSError),
        ("MissingKernel", NotImplementedError),
        ("MissingExtra", ImportError),
    ],
)
def test_builtin_classes_catch_them(name, builtin):
    assert issubclass(getattr(errors, name), builtin)


def test_links_add_their_path():
    error = ShapeError("f(x)", "1", "2", "Hint.")
    error.link = "Linear 3→4"
    error.place += ["fc", "encoder", "model"]
    assert str(error) == "f(x): got 1; expected 2. Hint. In model/encoder/fc (Linear 3→4)."
    error.place.clear()
    assert str(error).endswith("In the model (Linear 3→4).")


@pytest.mark.parametrize("cls", CLASSES)
def test_errors_cross_processes(cls):
    """Worker processes send them back by pickle."""
    error = cls("f(x)", "1", "2", "Hint.")
    error.link, error.place = "Linear", ["fc"]
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is cls
        assert str(twin) == str(error)


def test_require():
    assert require("numpy", "none") is np
    with pytest.raises(MissingExtra, match=r"'no_such_module'.*pip install 'renkei\[extra\]'"):
        require("no_such_module.inner", "extra")
    with pytest.raises(ImportError):
        require("no_such_module", "extra")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((2, 3), np.float32), "float32 (2, 3)"),
        (np.float64(1), "float64 1.0"),
        (None, "NoneType None"),
        (3, "int 3"),
        ("x" * 60, "str '" + "x" * 36 + "..."),
    ],
)
def test_describe(value, text):
    assert describe(value) == text


def test_load_and_save_errors_print_all_parts():
    assert str(LoadError("load", "a", "b")) == "load: got a; expected b."
    assert str(SaveError("save", "a", "b")) == "save: got a; expected b."
