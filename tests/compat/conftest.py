"""Programs of old change the settings of the whole process; here each test gets its own."""

from __future__ import annotations

import pytest

from renkei.core.config import scoped
from renkei.datasets import download


@pytest.fixture(autouse=True)
def own_settings(monkeypatch):
    monkeypatch.setattr(download, "_root", None)  # put back what a program has set
    with scoped():
        yield
