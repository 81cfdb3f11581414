"""Helpers for tests of functions, links and extensions of one's own."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "array": "assert_allclose",
    "backend": "BackendConfig inject_backend_tests",
    "distribution_test": "distribution_unittest",
    "function_link": "FunctionTestCase FunctionTestError InitializerArgument "
    "LinkInitializersTestCase LinkTestCase LinkTestError",
    "helper": "assert_warns patch with_requires without_requires",
    "matrix": "generate_matrix",
    "parameterized": "from_pytest_parameterize parameterize parameterize_pytest product "
    "product_dict",
    "random": "fix_random generate_seed",
    "serializer": "save_and_load save_and_load_hdf5 save_and_load_npz",
    "training": "get_trainer_with_mock_updater",
    "unary_math_function_test": "unary_math_function_unittest",
}
_MODULES = (*_HOMES, "attr", "condition", "doctest_helper")
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [*sorted(_HOME), "run_module"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'chainer.testing' has no attribute {name!r}")


def run_module(name: str, file: str) -> None:
    """Runs the tests of a file that is executed as a program.

    Args:
        name: its ``__name__``.
        file: its ``__file__``.
    """
    if name == "__main__":
        import pytest

        pytest.main([file, "-vvs", "-x", "--pdb"])
