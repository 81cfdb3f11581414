"""Whole programs that say ``import chainer`` give what Chainer 7.8.1 itself gives."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import renkei.compat.chainer.install  # noqa: F401  the name chainer means the facade from here on
from renkei.compat import chainer

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures"
RESUMED = ["dcgan", "word2vec", "postagging", "sentiment", "memnn", "wavenet", "captioning"]


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"chainer_program_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore:This iterator does not have the reset method")
@pytest.mark.parametrize("name", load(FIXTURES / "make_fixtures.py").PROGRAMS)
def test_same_numbers_as_chainer(name: str, tmp_path: Path) -> None:
    found = load(HERE / "programs" / f"{name}.py").run(str(tmp_path))
    with np.load(FIXTURES / f"{name}.npz") as wanted:
        assert sorted(found) == sorted(wanted)
        for key in wanted:
            np.testing.assert_allclose(found[key], wanted[key], 2e-4, 2e-5, err_msg=key)


def test_resumes_bit_for_bit(tmp_path: Path) -> None:
    program = load(HERE / "programs" / "mlp.py")
    whole = program.run(str(tmp_path / "whole"))
    np.random.seed(99)  # another process draws other numbers
    rest = program.trainer(str(tmp_path / "rest"), resume=tmp_path / "whole" / "snapshot_iter_3")
    rest.run()
    target = rest.updater.get_optimizer("main").target
    for path, param in target.namedparams():
        np.testing.assert_array_equal(param.array, whole[path[1:]])
    log = json.loads((tmp_path / "rest" / "log").read_text())
    assert [entry["iteration"] for entry in log] == [4, 7]


def all_params(trainer: Any) -> dict[str, Any]:
    return {
        name + path: param.array
        for name, optimizer in trainer.updater.get_all_optimizers().items()
        for path, param in optimizer.target.namedparams()
    }


@pytest.mark.filterwarnings("ignore:This iterator does not have the reset method")
@pytest.mark.parametrize("name", RESUMED)
def test_programs_resume_to_the_same_weights(name: str, tmp_path: Path) -> None:
    program = load(HERE / "programs" / f"{name}.py")
    np.random.seed(20)
    whole = program.trainer(str(tmp_path / "whole"))
    whole.run()
    np.random.seed(99)
    rest = program.trainer(str(tmp_path / "rest"), resume=tmp_path / "whole" / "snapshot_iter_3")
    assert rest.updater.iteration == 3
    rest.run()
    wanted, found = all_params(whole), all_params(rest)
    assert list(found) == list(wanted)
    for path in wanted:
        np.testing.assert_array_equal(found[path], wanted[path], err_msg=path)


def test_a_snapshot_of_chainers_resumes(tmp_path: Path) -> None:
    program = load(HERE / "programs" / "mlp.py")
    np.random.seed(0)
    resumed = program.trainer(str(tmp_path), epochs=3, resume=FIXTURES / "mlp_snapshot_iter_3")
    updater = resumed.updater
    assert (updater.iteration, updater.epoch) == (3, 0)
    optimizer = updater.get_optimizer("main")
    with np.load(FIXTURES / "mlp_snapshot_iter_3", allow_pickle=False) as file:
        order = file["updater/iterator:main/order"]
        for path, param in optimizer.target.namedparams():
            np.testing.assert_array_equal(param.array, file["updater/model:main" + path])
            state = param.update_rule.state
            np.testing.assert_array_equal(state["m"], file[f"updater/optimizer:main{path}/m"])
    iterator = updater.get_iterator("main")
    train = iterator.dataset
    batch = iterator.next()
    assert [int(t) for _, t in batch[:2]] == [int(train[i][1]) for i in order[18:20]]
    assert optimizer.t == 3


def first_weights() -> dict[str, Any]:
    return load(FIXTURES / "make_fixtures.py").first_weights()


def test_first_weights_are_chainers_for_the_same_seed() -> None:
    wanted = json.loads((FIXTURES / "first_weights.json").read_text())
    found = json.loads(json.dumps(first_weights()))
    assert list(found) == list(wanted)
    for name in wanted:
        assert found[name] == wanted[name], name


def test_files_of_chainers_load() -> None:
    serializers = Path(__file__).parents[2] / "serializers" / "fixtures"

    class Net(chainer.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.l1 = chainer.links.Linear(2, 3)
                self.bn = chainer.links.BatchNormalization(3)
                self.body = chainer.ChainList(chainer.links.Linear(3, 2))
            self.add_persistent("steps", 0)
            self.add_persistent("note", "")
            self.add_persistent("nothing", None)

    net = Net()
    chainer.serializers.load_npz(serializers / "model.npz", net)
    assert (net.steps, net.note, net.nothing) == (7, "hello", None)
    assert net.body[0].b.array.tolist() == [30.0, 31.0]
    other = Net()
    other.note = 0
    pytest.importorskip("h5py")
    chainer.serializers.load_hdf5(serializers / "model.h5", other)
    assert (other.steps, other.note, other.nothing) == (7, 1, None)
    np.testing.assert_array_equal(other.l1.W.array, net.l1.W.array)
