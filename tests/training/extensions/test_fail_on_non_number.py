"""FailOnNonNumber: names the parameter, keeps the earlier snapshots."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import NanError
from renkei.training.extensions import FailOnNonNumber, snapshot


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_names_the_parameter_and_the_iteration(make_trainer, tmp_path, bad):
    trainer = make_trainer((9, "iteration"), tmp_path)

    def spoil(progress):
        if progress.iteration == 3:
            progress.targets["main"].w.array[1] = bad

    trainer.extend(snapshot(), trigger=(1, "iteration"))
    trainer.extend(spoil, priority=200)
    trainer.extend(FailOnNonNumber())
    with pytest.raises(NanError, match="/w of 'main' at iteration 3: got 1 NaN or infinite of 2"):
        trainer.run()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["snapshot_iter_1", "snapshot_iter_2"]


def test_finite_parameters_pass(make_trainer):
    trainer = make_trainer((2, "iteration"))
    trainer.extend(FailOnNonNumber())
    trainer.run()
