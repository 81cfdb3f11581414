"""Extension and make_extension: attributes and defaults."""

from __future__ import annotations

import pytest

from renkei.training import PRIORITY_READER, PRIORITY_WRITER, Extension, make_extension


def test_defaults():
    class Mine(Extension):
        pass

    mine = Mine()
    assert (mine.default_name, mine.trigger, mine.priority) == (
        "Mine",
        (1, "iteration"),
        PRIORITY_READER,
    )
    assert mine.state() == {}
    with pytest.raises(NotImplementedError, match="Mine"):
        mine(None)


def test_a_function_with_attributes(make_trainer):
    calls = []

    @make_extension(
        trigger=(2, "iteration"),
        priority=PRIORITY_WRITER,
        initializer=lambda p: calls.append("initialize"),
        finalizer=lambda: calls.append("finalize"),
        on_error=lambda p, error, traceback: calls.append("error"),
    )
    def noted(progress):
        calls.append(progress.iteration)

    trainer = make_trainer((4, "iteration"))
    trainer.extend(noted)
    trainer.run()
    assert calls == ["initialize", 2, 4, "finalize"]
    assert trainer.get_extension("noted") is noted
