"""Settings: keys, scopes, threads and tasks, environment variables."""

from __future__ import annotations

import asyncio
import contextvars
import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import renkei as rk
from renkei.core.config import KEYS, Settings, _overlays, config, current, global_config, scoped
from renkei.core.errors import ConfigError

DEFAULTS = {
    "autotune": False,
    "compute_mode": None,
    "cudnn_deterministic": False,
    "cudnn_fast_batch_normalization": False,
    "debug": False,
    "dtype": np.float32,
    "enable_backprop": True,
    "in_recomputing": False,
    "keep_graph_on_report": False,
    "lazy_grad_sum": False,
    "schedule_func": None,
    "train": True,
    "type_check": True,
    "use_cudnn": "auto",
    "use_cudnn_tensor_core": "auto",
    "use_ideep": "never",
    "use_static_graph": True,
    "warn_nondeterministic": False,
}


@pytest.mark.parametrize("key", sorted(DEFAULTS))
def test_every_key_of_chainer_exists_with_its_default(key):
    assert KEYS[key].default == DEFAULTS[key]
    assert getattr(config, key) == DEFAULTS[key]
    assert getattr(global_config, key) == DEFAULTS[key]
    assert KEYS[key].meaning


def test_own_keys_are_few():
    assert set(KEYS) - set(DEFAULTS) == {"kernels"}


# -- scopes ----------------------------------------------------------------------------------------


def test_using_config_restores():
    with rk.using_config("train", False):
        assert config.train is False
        with rk.using_config("train", True):
            assert config.train is True
        assert config.train is False
    assert config.train is True


def test_using_config_restores_after_an_error():
    def fail():
        with rk.using_config("train", False):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert config.train is True


def test_scopes_of_different_keys_nest():
    with rk.using_config("train", False), rk.using_config("debug", True):
        assert (config.train, config.debug) == (False, True)
        with rk.using_config("debug", False):
            assert (config.train, config.debug) == (False, False)
    assert (config.train, config.debug) == (True, False)


def test_using_config_on_global_config():
    with rk.using_config("train", False, global_config):
        assert (config.train, global_config.train) == (False, False)
    assert (config.train, global_config.train) == (True, True)


def in_a_fresh_context(function):
    return contextvars.Context().run(function)


def test_assignment_holds_for_the_context_only():
    def inside():
        config.train = False
        assert config.train is False
        assert global_config.train is True

    in_a_fresh_context(inside)
    assert config.train is True


def test_global_changes_reach_contexts_that_set_nothing_themselves():
    def inside():
        with rk.using_config("debug", True), rk.using_config("train", False, global_config):
            assert (config.train, config.debug) == (False, True)
        with rk.using_config("train", True), rk.using_config("train", False, global_config):
            assert config.train is True, "set here, so not taken from global_config"

    in_a_fresh_context(inside)


def test_overlays_are_freed():
    before = len(_overlays)
    for _ in range(100):
        with rk.using_config("train", False):
            pass
    assert len(_overlays) <= before + 1


# -- threads and tasks -----------------------------------------------------------------------------


def in_a_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_threads_see_global_values_only():
    with rk.using_config("train", False):
        assert in_a_thread(lambda: config.train) is True
        with rk.using_config("train", False, global_config):
            assert in_a_thread(lambda: config.train) is False

    def change():
        config.train = False
        return config.train

    assert in_a_thread(change) is False
    assert config.train is True


def test_recording_belongs_to_the_thread():
    x = rk.Variable(np.ones(1))
    with rk.no_backprop_mode():
        assert not (x * 2).requires_grad
        assert in_a_thread(lambda: (x * 2).requires_grad)


def test_a_backward_in_one_thread_leaves_others_alone():
    x = rk.Variable(np.ones(1))
    barrier = threading.Barrier(2)
    seen = []

    class Waits(rk.Function):
        def forward(self, x):
            return x * 1.0

        def grad_x(self, gy):
            barrier.wait(10)
            barrier.wait(10)
            return gy

    def other():
        barrier.wait(10)
        seen.append((x * 2).requires_grad)
        barrier.wait(10)

    y = Waits()(x)
    thread = threading.Thread(target=other)
    thread.start()
    y.backward()
    thread.join()
    assert seen == [True]
    assert x.grad[0] == 1


def test_many_threads_build_their_own_graphs():
    w = rk.Variable(np.ones(1))
    results = {}

    def work(k):
        x = rk.Variable(np.full(1, float(k)))
        for _ in range(50):
            [g] = rk.grad([x * x * x], [x])
        results[k] = float(g)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: 3.0 * k * k for k in range(4)}
    assert w.grad is None


def test_async_tasks_do_not_see_each_others_settings():
    seen = []

    async def frozen(started, done):
        with rk.no_backprop_mode():
            started.set()
            await done.wait()
            seen.append(("frozen", config.enable_backprop))

    async def free(started, done):
        await started.wait()
        seen.append(("free", config.enable_backprop))
        done.set()

    async def main():
        started, done = asyncio.Event(), asyncio.Event()
        await asyncio.gather(frozen(started, done), free(started, done))

    asyncio.run(main())
    assert seen == [("free", True), ("frozen", False)]


def test_tasks_inherit_what_was_set_around_them():
    async def main():
        with rk.using_config("train", False):
            return await asyncio.create_task(ask())

    async def ask():
        return config.train

    assert asyncio.run(main()) is False


# -- values ----------------------------------------------------------------------------------------


def test_unknown_keys():
    with pytest.raises(
        AttributeError, match=r"no configuration key 'trian'; did you mean 'train'\?"
    ):
        config.trian
    with pytest.raises(ConfigError, match="did you mean 'train'"):
        config.trian = True
    with pytest.raises(ConfigError, match="Keys: autotune, "), rk.using_config("xyz", 1):
        pass


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("dtype", np.int32),
        ("dtype", "float99"),
        ("train", "maybe"),
        ("use_cudnn", "sometimes"),
        ("use_ideep", True),
    ],
)
def test_wrong_values_are_refused(key, bad):
    with pytest.raises(ConfigError, match=rf"config\.{key}: got "):
        setattr(config, key, bad)


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("train", 0, False),
        ("train", "off", False),
        ("train", "Yes", True),
        ("dtype", "float16", np.float16),
        ("dtype", np.dtype(np.float64), np.float64),
        ("dtype", "mixed16", rk.mixed16),
        ("use_cudnn", "never", "never"),
    ],
)
def test_values_are_converted(key, given, value):
    with rk.using_config(key, given):
        assert getattr(config, key) is value or getattr(config, key) == value


def test_define_adds_a_key():
    try:
        config.define("testing_own", 3, "for this test")
        assert config.testing_own == 3
        with rk.using_config("testing_own", 4):
            assert config.testing_own == 4
            assert in_a_thread(lambda: config.testing_own) == 3
        assert "testing_own" in dir(config)
        with pytest.raises(ConfigError, match="a key that exists"):
            config.define("testing_own", 5)
    finally:
        del KEYS["testing_own"]


def test_show_prints_all_keys_sorted():
    file = io.StringIO()
    config.show(file)
    lines = file.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == sorted(KEYS)
    assert len({line.index(line.split(None, 1)[1]) for line in lines}) == 1
    global_config.show(file)


def test_show_prints_to_the_screen(capsys):
    config.show()
    assert "enable_backprop" in capsys.readouterr().out


def test_slow_is_on_only_when_something_watches():
    assert current().slow is False
    with rk.using_config("debug", True):
        assert current().slow is True
    with scoped(function_hooks=(object(),)):
        assert current().slow is True
    assert current().slow is False


def test_global_debug_slows_every_context_down():
    with rk.using_config("train", True), rk.using_config("debug", True, global_config):
        assert current().slow is True
        assert in_a_thread(lambda: current().slow) is True
    assert in_a_thread(lambda: current().slow) is False


def test_settings_refuse_what_they_do_not_have():
    with pytest.raises(AttributeError, match="no configuration key 'nothing'"):
        Settings({"debug": False, "function_hooks": ()}, frozenset()).nothing


def test_get_dtype():
    assert rk.get_dtype() == np.float32
    assert rk.get_dtype(np.float64) == np.float64
    assert rk.get_dtype("int8") == np.int8
    with rk.using_config("dtype", rk.mixed16):
        assert rk.get_dtype() == np.float16
        assert rk.get_dtype(None, map_mixed16=np.float32) == np.float32
        assert rk.get_dtype(np.float64, map_mixed16=np.float32) == np.float64
    assert repr(rk.mixed16) == "dtype('mixed16')"


# -- environment variables -------------------------------------------------------------------------


def run_with(**variables):
    code = (
        "from renkei.core.config import config, global_config as g;"
        "print(config.debug, config.dtype, config.type_check, config.use_cudnn, config.kernels,"
        " g.keep_graph_on_report, config.lazy_grad_sum)"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("RENKEI_")} | variables
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)


def test_environment_variables_set_the_defaults():
    out = run_with(
        RENKEI_DEBUG="1",
        RENKEI_DTYPE="mixed16",
        RENKEI_TYPE_CHECK="0",
        RENKEI_USE_CUDNN="never",
        RENKEI_KERNELS="native,reference",
        RENKEI_KEEP_GRAPH_ON_REPORT="true",
        RENKEI_LAZY_GRAD_SUM="",
    )
    expected = "True dtype('mixed16') False never ('native', 'reference') True False"
    assert out.stdout.strip() == expected, out.stderr


def test_wrong_environment_variables_are_named():
    out = run_with(RENKEI_USE_CUDNN="sometimes")
    assert "ConfigError" in out.stderr
    assert "use_cudnn" in out.stderr
    assert "'sometimes'" in out.stderr
