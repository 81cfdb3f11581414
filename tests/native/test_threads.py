"""The thread pool: same results for any number of threads, fork, errors, nesting."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

native = pytest.importorskip("renkei._native", reason="the native module is not built")
pytestmark = pytest.mark.native


@pytest.fixture(params=[1, 2, 3, 8])
def threads(request):
    before = native.num_threads()
    native.set_num_threads(request.param)
    yield request.param
    native.set_num_threads(before)


@pytest.mark.parametrize(("n", "grain"), [(0, 1), (1, 1), (7, 3), (1000, 1), (1000, 999), (5, 100)])
@pytest.mark.parametrize("nested", [False, True])
def test_every_index_is_visited_once(threads, n, grain, nested):
    total, used = native._probe(n, grain, nested=nested)
    assert total == n * (n - 1) // 2
    assert used <= threads


def test_work_is_shared(threads):
    if threads == 1:
        assert native._probe(100_000, 100)[1] == 1
    else:  # a worker may come late to one loop, not to all of a thousand
        assert max(native._probe(100_000, 100)[1] for _ in range(1000)) > 1


def test_the_first_failing_chunk_is_reported(threads):
    for _ in range(50):
        with pytest.raises(RuntimeError, match=r"^chunk at 500$"):
            native._probe(10_000, 10, fail_at=500)
    assert native._probe(10, 1)[0] == 45  # and the pool still works


def test_two_python_threads_at_once(threads):
    wrong = []

    def loop():
        for _ in range(200):
            total, _ = native._probe(5000, 50)
            if total != 5000 * 4999 // 2:
                wrong.append(total)

    workers = [threading.Thread(target=loop) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_parent_and_child_go_on_after_fork():
    # In a process of its own: forking beside other threads warns from Python 3.12 on.
    code = """
import os, renkei._native as n
n.set_num_threads(4)
want = 9999 * 5000
assert n._probe(10000, 10)[0] == want
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        good = all(n._probe(10000, 10)[0] == want for _ in range(20)) and n.num_threads() == 4
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0 if n._probe(10000, 10)[0] == want else 1)
        good = good and os.waitpid(grandchild, 0)[1] == 0
        os._exit(0 if good else 1)
    assert n._probe(10000, 10)[0] == want
    assert os.waitpid(pid, 0)[1] == 0
print("survived")
"""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (result.stdout, result.returncode) == ("survived\n", 0), result.stderr


@pytest.mark.parametrize("count", [0, -1, 100_000])
def test_a_bad_number_of_threads_is_refused(count):
    with pytest.raises(ValueError, match="expected 1 to"):
        native.set_num_threads(count)


def run_info(**environment):
    result = subprocess.run(
        [sys.executable, "-c", "import renkei._native as n; print(n.info())"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, result.stderr
    return eval(result.stdout), result.stderr


def test_environment_settings():
    info, errors = run_info(RENKEI_NUM_THREADS="3", RENKEI_ISA=native.info()["isas_built"][0])
    assert info["threads"] == 3
    assert info["isa"] == native.info()["isas_built"][0]
    assert errors == ""


@pytest.mark.parametrize("name", ["RENKEI_NUM_THREADS", "RENKEI_ISA"])
def test_a_bad_environment_setting_is_reported_and_ignored(name):
    info, errors = run_info(**{name: "many"})
    assert f"{name}=many" in errors
    assert info["isa"] in info["isas_built"]
    assert info["threads"] >= 1
