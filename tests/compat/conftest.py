"""Programs of old change the settings of the whole process; here each test gets its own."""

from __future__ import annotations

import pytest

from renkei.core.config import scoped


@pytest.fixture(autouse=True)
def own_settings():
    with scoped():
        yield
