"""A trained network and small configurations, for all verbs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from renkei.cli.main import OK, main


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The demo, cut down to two epochs."""
    out = tmp_path_factory.mktemp("digits")
    assert main(["train", "digits", "--epochs", "2", "--out", str(out)]) == OK
    return out


@pytest.fixture
def small_npz(tmp_path):
    """Writes a configuration for 60 points of two classes; parts of it can be replaced."""

    def write(**parts):
        rng = np.random.default_rng(0)
        t = rng.integers(0, 2, 60)
        np.savez(tmp_path / "d.npz", x=rng.normal(size=(60, 4)) + 2 * t[:, None], t=t)
        config = {
            "model": {"name": "mlp", "hidden": [8]},
            "data": {"kind": "npz", "train": str(tmp_path / "d.npz")},
            "optimizer": {"name": "SGD", "lr": 0.1, "weight_decay": 1e-4, "gradient_clipping": 5.0},
            "train": {"epochs": 3, "batch_size": 8},
            **parts,
        }
        (tmp_path / "c.json").write_text(json.dumps(config))
        return str(tmp_path / "c.json")

    return write
