"""``chainer.config``: the engine's settings, and a program's own."""

import io
import threading

import pytest

from renkei.compat import chainer
from renkei.compat.chainer import configuration
from renkei.core.config import current


def test_the_engine_sees_the_configuration():
    with chainer.using_config("train", False), chainer.using_config("enable_backprop", False):
        assert current().train is False and chainer.config.enable_backprop is False
    assert current().train is True


def test_a_thread_has_its_own():
    seen = []
    with chainer.using_config("debug", True):
        thread = threading.Thread(target=lambda: seen.append(chainer.is_debug()))
        thread.start()
        thread.join()
        assert chainer.is_debug()
    assert seen == [False]


def test_keys_of_a_program():
    with pytest.raises(AttributeError):
        _ = chainer.config.my_key
    with chainer.using_config("my_key", 1):
        assert chainer.config.my_key == 1
    assert not hasattr(chainer.config, "my_key")
    chainer.global_config.my_key = 2
    try:
        assert chainer.config.my_key == 2
        chainer.config.my_key = 3
        assert (chainer.config.my_key, chainer.global_config.my_key) == (3, 2)
        del chainer.config.my_key
        assert chainer.config.my_key == 2
    finally:
        del chainer.global_config.my_key


def test_delete_goes_back_to_the_global_value():
    chainer.config.train = False
    del chainer.config.train
    assert chainer.config.train is True
    with pytest.raises(AttributeError):
        del chainer.config.train


def test_configurations_of_their_own():
    shared = configuration.GlobalConfig()
    local = configuration.LocalConfig(shared)
    shared.x, shared.y, local.y, local.z = "global x", "global y", "local y", "local z"
    assert (local.x, local.y, local.z) == ("global x", "local y", "local z")
    with configuration.using_config("x", "inside", local):
        assert (local.x, shared.x) == ("inside", "global x")
    with configuration.using_config("y", "inside", shared):
        assert (local.y, shared.y) == ("local y", "inside")
    out = io.StringIO()
    local.show(out)
    assert out.getvalue() == "x 'global x'\ny 'local y'\nz 'local z'\n"
    assert (local.x, shared.y) == ("global x", "global y")


def test_debug_mode():
    with chainer.DebugMode(True):
        assert chainer.is_debug()
    chainer.set_debug(True)
    chainer.set_debug(False)
    assert not chainer.is_debug() and chainer.get_compute_mode() is None


def test_show_lists_the_keys():
    out = io.StringIO()
    chainer.config.show(out)
    assert "enable_backprop" in out.getvalue() and "use_ideep" in out.getvalue()
