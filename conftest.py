"""What every test and doctest finds: names for the examples, skips by need."""

from __future__ import annotations

import importlib
import shutil
from importlib.util import find_spec

import numpy as np
import pytest

# Modules that cannot be imported where their library or device is missing.
collect_ignore_glob: list[str] = [
    f"src/renkei/kernels/{folder}/*.py"
    for folder, library in (("cupy", "cupy"), ("cudnn", "cudnn"), ("native", "renkei._native"))
    if find_spec(library) is None
]


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """A test sees the same random numbers alone, in any order and on any worker."""
    random = importlib.import_module("renkei.core.random")
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  what the facade draws from


@pytest.fixture(autouse=True)
def _doctest_names(request: pytest.FixtureRequest) -> None:
    if not isinstance(request.node, pytest.DoctestItem):
        return
    import renkei

    names = request.getfixturevalue("doctest_namespace")
    names.update(np=np, rk=renkei, F=renkei.functions)
    if find_spec("renkei.links"):
        names["L"] = renkei.links


def _missing(marker: str) -> str | None:
    """Why a test with this marker cannot run here, or None."""
    if marker == "native" and find_spec("renkei._native") is None:
        return "the native module is not built"
    if marker == "mpi" and not (find_spec("mpi4py") and shutil.which("mpiexec")):
        return "mpi4py or mpiexec is missing"
    if marker == "gpu":
        if find_spec("cupy") is None:
            return "CuPy is not installed"
        try:
            importlib.import_module("cupy").cuda.runtime.getDeviceCount()
        except Exception as error:  # CuPy's own classes; any of them means no device
            return f"no CUDA device: {error}"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {marker: _missing(marker) for marker in ("gpu", "mpi", "native")}
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
