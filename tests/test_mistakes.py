"""The mistakes that users make: each gives the right error, in words that help, and breaks nothing.

Every row runs in a small world of its own: a model in the middle of its training, and files.
After the mistake weights, optimizer, iterator, files and settings must be what they were.
"""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
import renkei.links as L
from renkei import datasets, iterators, optimizers, serializers
from renkei.core.errors import (
    ConfigError,
    DataError,
    DeviceError,
    DtypeError,
    GraphError,
    LoadError,
    NanError,
    RangeError,
    RenkeiError,
    SaveError,
    ShapeError,
    UninitializedError,
    UsageError,
)
from renkei.training import Progress, StandardUpdater, Trainer, extensions, get_trigger


def ones(*shape: int, dtype: Any = np.float32) -> Any:
    return np.ones(shape, dtype)


def variable(*shape: int, dtype: Any = np.float32) -> Any:
    return rk.Variable(np.ones(shape, dtype))


def labels(*values: int) -> Any:
    return np.array(values, np.int32)


class World:
    """A model in training and the files of its training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rk.seed(0)
        self.model = L.Classifier(rk.Sequential(L.Linear(3, 4), F.relu, L.Linear(4, 2)))
        self.optimizer = optimizers.Adam().setup(self.model)
        self.optimizer.update(self.model, ones(2, 3), labels(0, 1))
        self.iterator = iterators.SerialIterator(self.data(), 2)
        serializers.save_npz(folder / "model.npz", self.model)
        serializers.save_npz(folder / "snapshot.npz", self.trainer())
        whole = (folder / "model.npz").read_bytes()
        (folder / "short.npz").write_bytes(whole[: len(whole) // 2])
        middle = len(whole) // 4
        damaged = whole[:middle] + bytes(b ^ 255 for b in whole[middle : middle + 9])
        (folder / "damaged.npz").write_bytes(damaged + whole[middle + 9 :])
        (folder / "empty.npz").write_bytes(b"")
        (folder / "note.txt").write_text("hello\n")
        (folder / "bad.csv").write_text("a,b,label\n1,2,x\n3,four,y\n")
        np.savez(folder / "pickled.npz", W=np.array([{}], object))
        self.before = self.fingerprint()

    def data(self) -> list[Any]:
        return [(ones(3) * i, np.int32(i % 2)) for i in range(4)]

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def trainer(self, **options: Any) -> Trainer:
        """A training of the world's own model."""
        updater = StandardUpdater(self.iterator, self.optimizer)
        return Trainer(
            updater, **{"stop_trigger": (2, "iteration"), "out": self.path("."), **options}
        )

    def another(self, extension: Any = None, data: Any = None, **options: Any) -> Trainer:
        """A training of another model, which a row may spoil."""
        optimizer = optimizers.SGD().setup(L.Classifier(L.Linear(3, 2)))
        updater = StandardUpdater(iterators.SerialIterator(data or self.data(), 2), optimizer)
        trainer = Trainer(updater, (2, "iteration"), **{"out": self.path("."), **options})
        if extension is not None:
            trainer.extend(extension, trigger=(1, "iteration"))
        return trainer

    def fingerprint(self) -> dict[str, Any]:
        """Everything that a mistake must leave alone."""
        state = {f"model/{k}": v for k, v in self.model.state().items()}
        state |= {f"optimizer/{k}": v for k, v in self.optimizer.state().items()}
        state |= {f"iterator/{k}": v for k, v in self.iterator.state().items()}
        state |= {f"gradient{p}": v.grad for p, v in self.model.namedparams()}
        state |= {f"setting {k}": getattr(rk.config, k) for k in ("train", "dtype", "debug")}
        files = sorted(self.folder.iterdir())
        state |= {f"file {p.name}": p.read_bytes() for p in files if p.is_file()}
        return {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in state.items()}


@dataclass
class Mistake:
    """A row: what is called, which error comes, and what its message says."""

    label: str
    error: type[RenkeiError]
    words: tuple[str, ...]
    call: Callable[[World], Any]
    needs: str = ""


def row(label: str, error: Any, *words: str, needs: str = "") -> Any:
    return lambda call: Mistake(label, error, words, call, needs)


def on(call: Callable[[], Any]) -> Callable[[World], Any]:
    """A mistake that needs nothing of the world."""
    return lambda world: call()


def assign(target: Any, name: str, value: Any) -> None:
    setattr(target, name, value)


def overwritten() -> None:
    x, other = variable(3), rk.Variable(np.zeros(3, np.float32))
    y = F.sum(x * x)
    x.copydata(other)
    y.backward()


def overwritten_array() -> None:
    with rk.using_config("debug", True):
        x = variable(3)
        y = F.sum(x * x)
        x.array[...] = 0
        y.backward()


def updated_before_backward() -> None:
    link = L.Linear(3, 2)
    optimizer = optimizers.SGD().setup(link)
    loss = F.sum(link(variable(2, 3)) ** 2)
    loss.backward()
    optimizer.update()
    loss.backward()


def grown_batch() -> None:
    lstm = L.LSTM(3, 4)
    lstm(ones(2, 3))
    lstm(ones(5, 3))


def limited(world: World) -> None:
    """Saves where no file may grow beyond some bytes: what a full disk does, for any user."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        serializers.save_npz(world.path("model.npz"), world.model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def with_nan(world: World) -> None:
    data = [(ones(3) * np.float32(np.nan), np.int32(0))] * 4
    world.another(extensions.FailOnNonNumber(), data).run()


def run_twice(world: World) -> None:
    trainer = world.another()
    trainer.run()
    trainer.run()


def repeating(world: World) -> None:
    data = iterators.SerialIterator(world.data(), 2)
    with pytest.warns(UserWarning, match="repeats"):
        evaluator = extensions.Evaluator(data, world.model)
    evaluator()


def no_room() -> Any:
    return serializers.save_npz("/dev/full", rk.Chain(l1=L.Linear(3, 4)))


def hooked_twice() -> None:
    optimizer = optimizers.SGD().setup(L.Linear(2, 3))
    optimizer.add_hook(optimizers.WeightDecay(1e-4))
    optimizer.add_hook(optimizers.WeightDecay(1e-3))


def plain_loss() -> None:
    optimizers.SGD().setup(L.Linear(2, 3)).update(lambda: 0.5)


def report_from_outside(world: World) -> None:
    progress = Progress(iterators.SerialIterator(world.data(), 2), out=None)
    for _ in progress.over(stop=(1, "iteration")):
        rk.report({"loss": 1.0}, L.Linear(2, 2))


def snapshot_without_directory(world: World) -> None:
    progress = Progress(iterators.SerialIterator(world.data(), 2), out=None)
    progress.extend(extensions.snapshot())
    list(progress.over(stop=(1, "epoch")))


V, A = variable, ones
# fmt: off
ROWS: list[Mistake] = [
    # -- arithmetic and shapes --------------------------------------------------------------------
    row("add shapes", ShapeError, "add", "(2, 3)", "(4, 5)", "broadcast")(
        on(lambda: V(2, 3) + V(4, 5))),
    row("add arrays", ShapeError, "(2, 3)", "(4, 5)")(on(lambda: F.add(A(2, 3), A(4, 5)))),
    row("add text", DtypeError, "'a'", "a number")(on(lambda: V(2) + "a")),
    row("add None", DtypeError, "None", "a number")(on(lambda: V(2) + None)),
    row("add list", DtypeError, "list [1, 2]", "an array")(on(lambda: V(2) + [1, 2])),
    row("mix dtypes", DtypeError, "float32 and float64", "F.cast")(
        on(lambda: V(2) + V(2, dtype=np.float64))),
    row("text array", DtypeError, "tanh", "<U1 (2,)", "numbers")(
        on(lambda: F.tanh(rk.Variable(np.array(["a", "b"]))))),
    row("matmul", ShapeError, "(2, 3)", "a.shape[-1] == b.shape[-2]", "3 != 2")(
        on(lambda: V(2, 3) @ V(2, 3))),
    row("reshape", ShapeError, "(2, 3)", "(4, 2)", "6 != 8")(
        on(lambda: F.reshape(V(2, 3), (4, 2)))),
    row("two unknown sizes", ShapeError, "(-1, -1)", "at most one -1")(
        on(lambda: F.reshape(V(2, 3), (-1, -1)))),
    row("broadcast_to", ShapeError, "(2, 3)", "(3, 2)")(
        on(lambda: F.broadcast_to(V(2, 3), (3, 2)))),
    row("concat", ShapeError, "xs[1] (3, 4)", "axis=0")(
        on(lambda: F.concat([V(2, 3), V(3, 4)], axis=0))),
    row("stack", ShapeError, "(2,)", "(3,)", "equal shapes")(on(lambda: F.stack([V(2), V(3)]))),
    row("wrong axis", RangeError, "axis=5 for 2 axes", "[-2, 2)")(
        on(lambda: F.sum(V(2, 3), axis=5))),
    row("axis twice", ShapeError, "axis=(0, 0)", "at most once")(
        on(lambda: F.sum(V(2, 3), axis=(0, 0)))),
    row("axis as text", DtypeError, "axis='0'", "an integer")(
        on(lambda: F.softmax(V(2, 3), axis="0"))),
    row("index out of range", RangeError, "index 5", "axis 0", "[-2, 2)")(on(lambda: V(2, 3)[5])),
    row("too many indexes", RangeError, "3 indexes", "at most 2")(on(lambda: V(2, 3)[0, 0, 0])),
    row("index as text", DtypeError, "'a'", "integers")(on(lambda: V(2, 3)["a"])),
    row("float index", DtypeError, "1.5", "integers")(on(lambda: V(2, 3)[1.5])),
    row("clip bounds swapped", RangeError, "x_min=3", "x_max=1")(on(lambda: F.clip(V(2), 3, 1))),
    row("dropout ratio", RangeError, "ratio=1.5", "[0, 1)")(on(lambda: F.dropout(V(2), 1.5))),
    row("unknown dtype", DtypeError, "'banana'", "a dtype")(on(lambda: F.cast(V(2), "banana"))),
    row("negative repeats", RangeError, "-1", "0 or more")(on(lambda: F.repeat(V(2), -1))),
    row("einsum sizes", ShapeError, "ij,jk->ik", "'j' is 3 and 2")(
        on(lambda: F.einsum("ij,jk->ik", V(2, 3), V(2, 3)))),
    # -- layers -----------------------------------------------------------------------------------
    row("linear features", ShapeError, "(2, 5)", "(4, 3)", "5 != 3", "Linear 3→4")(
        on(lambda: L.Linear(3, 4)(A(2, 5)))),
    row("inner layer is named", ShapeError, "(2, 7)", "In predictor/0 (Linear 3→4)")(
        lambda w: w.model(A(2, 7), labels(0, 1))),
    row("list as input", DtypeError, "list [[1.0, 2.0, 3.0]]", "arrays")(
        on(lambda: L.Linear(3, 4)([[1.0, 2.0, 3.0]]))),
    row("unequal lists as input", DtypeError, "list", "arrays")(
        on(lambda: L.Linear(3, 4)([[1.0], [1.0, 2.0]]))),
    row("text as input", DtypeError, "'abc'", "arrays")(on(lambda: L.Linear(3, 4)("abc"))),
    row("None as input", DtypeError, "None", "arrays")(on(lambda: L.Linear(3, 4)(None))),
    row("one example, no batch", ShapeError, "x (3,)", "batch axis")(
        on(lambda: L.Linear(3, 4)(A(3)))),
    row("negative size", RangeError, "Linear(in_size=...)", "-3", "0 or more")(
        on(lambda: L.Linear(-3, 4))),
    row("size as text", DtypeError, "in_size", "'3'", "an integer")(on(lambda: L.Linear("3", 4))),
    row("size as float", DtypeError, "out_size", "4.0", "an integer")(on(lambda: L.Linear(3, 4.0))),
    row("image channels", ShapeError, "(1, 5, 8, 8)", "5 != 3", "Images are")(
        on(lambda: L.Convolution2D(3, 4, 3)(A(1, 5, 8, 8)))),
    row("image without batch", ShapeError, "x (3, 8, 8)", "4 axes")(
        on(lambda: L.Convolution2D(3, 4, 3)(A(3, 8, 8)))),
    row("kernel larger than image", ShapeError, "(1, 3, 8, 8)", "(4, 3, 9, 9)", "fits", "pad")(
        on(lambda: L.Convolution2D(3, 4, 9)(A(1, 3, 8, 8)))),
    row("stride 0", RangeError, "stride=0", "positive")(
        on(lambda: L.Convolution2D(3, 4, 3, stride=0)(A(1, 3, 8, 8)))),
    row("negative kernel", RangeError, "ksize=-1", "positive")(
        on(lambda: L.Convolution2D(3, 4, -1))),
    row("groups", ShapeError, "3 input", "2 groups")(
        on(lambda: L.Convolution2D(3, 4, 3, groups=2))),
    row("pooling of a matrix", ShapeError, "x (4, 4)", "4 axes")(
        on(lambda: F.max_pooling_2d(V(4, 4), 2))),
    row("batch normalization size", ShapeError, "(2, 4)", "(3,)", "BatchNormalization")(
        on(lambda: L.BatchNormalization(3)(A(2, 4)))),
    row("embed id too large", RangeError, "x[1] = 10", "[0, 10)", "EmbedID")(
        on(lambda: L.EmbedID(10, 4)(labels(3, 10)))),
    row("embed id negative", RangeError, "x[0] = -1", "[0, 10)")(
        on(lambda: L.EmbedID(10, 4)(labels(-1)))),
    row("embed floats", DtypeError, "float32", "integer", "astype")(
        on(lambda: L.EmbedID(10, 4)(A(2)))),
    row("batch grows in an LSTM", ShapeError, "(5, 3)", "batch size 2", "reset_state")(
        on(grown_batch)),
    row("initial weights", ShapeError, "(3, 2)", "(2, 3)")(
        on(lambda: L.Linear(3, 2, initialW=A(3, 2)))),
    row("initializer as text", DtypeError, "'glorot'", "a callable")(
        on(lambda: L.Linear(3, 2, initialW="glorot"))),
    row("chain without forward", UsageError, "Chain", "forward")(
        on(lambda: rk.Chain(l1=L.Linear(2, 2))(A(2, 2)))),
    row("no link in a chain", DtypeError, "'l1'", "int 3", "a link")(on(lambda: rk.Chain(l1=3))),
    row("name taken", UsageError, "'l1'", "exists")(
        on(lambda: rk.Chain(l1=L.Linear(2, 2)).add_link("l1", L.Linear(2, 2)))),
    row("copyparams of another shape", ShapeError, "(2, 5)", "(2, 4)")(
        lambda w: w.model.predictor[2].copyparams(L.Linear(5, 2))),
    row("classifier without labels", UsageError, "1 argument", "labels")(
        lambda w: w.model(A(2, 3))),
    # -- losses -----------------------------------------------------------------------------------
    row("label too large", RangeError, "label 3 at row 1", "[0, 3)")(
        on(lambda: F.softmax_cross_entropy(V(2, 3), labels(0, 3)))),
    row("label negative", RangeError, "label -2 at row 1", "ignore_label=-1")(
        on(lambda: F.softmax_cross_entropy(V(2, 3), labels(0, -2)))),
    row("float labels", ShapeError, "(2,)", "floats", "Labels must be integers")(
        on(lambda: F.softmax_cross_entropy(V(2, 3), A(2)))),
    row("labels as list", DtypeError, "list [0, 1]", "integer labels", "astype")(
        on(lambda: F.softmax_cross_entropy(V(2, 3), [0, 1]))),
    row("batch sizes differ", ShapeError, "x (2, 3)", "t (3,)", "shape (2,)")(
        on(lambda: F.softmax_cross_entropy(V(2, 3), labels(0, 1, 2)))),
    row("label out of range in a model", RangeError, "label 9", "[0, 2)")(
        lambda w: w.model(A(2, 3), labels(0, 9))),
    row("class weights", ShapeError, "w (4,)", "shape (3,)")(
        on(lambda: F.softmax_cross_entropy(V(2, 3), labels(0, 1), class_weight=A(4)))),
    row("column against row", ShapeError, "(4, 1)", "(4,)", "equal shapes")(
        on(lambda: F.mean_squared_error(V(4, 1), V(4)))),
    row("accuracy batch", ShapeError, "y (2, 3)", "t (3,)")(
        on(lambda: F.accuracy(V(2, 3), labels(0, 1, 2)))),
    row("probabilities as labels", DtypeError, "float32", "integer labels")(
        on(lambda: F.sigmoid_cross_entropy(V(2, 3), A(2, 3)))),
    # -- Variables and backward -------------------------------------------------------------------
    row("list as Variable", DtypeError, "list [1, 2]", "numpy.asarray")(
        on(lambda: rk.Variable([1, 2]))),
    row("number as Variable", DtypeError, "float 1.0", "an array")(on(lambda: rk.Variable(1.0))),
    row("number of numpy as Variable", DtypeError, "float32 2.0", "numpy.asarray")(
        on(lambda: rk.Variable(np.float32(2)))),
    row("Variable of a Variable", DtypeError, "an array", ".array")(on(lambda: rk.Variable(V(2)))),
    row("comparison", DtypeError, "==", "`array` attribute")(on(lambda: V(2) == V(2))),
    row("order", DtypeError, "<", "`array` attribute")(on(lambda: V(2) < 1)),
    row("if variable", DtypeError, "bool()", "`array` attribute")(on(lambda: 1 if V(1) else 2)),
    row("float of many", ShapeError, "shape (2,)", "one element")(on(lambda: float(V(2)))),
    row("backward without gradient", GraphError, "(2,)", "F.sum", "y.grad")(
        on(lambda: (V(2) * 2).backward())),
    row("gradient of wrong shape", ShapeError, "(3, 2)", "(2, 3)")(
        on(lambda: assign(V(2, 3), "grad", A(3, 2)))),
    row("gradient of wrong dtype", DtypeError, "float64", "float32")(
        on(lambda: assign(V(2), "grad", A(2, dtype=np.float64)))),
    row("gradient as list", DtypeError, "list [1, 2]", "an array")(
        on(lambda: assign(V(2), "grad", [1, 2]))),
    row("grad of one Variable", DtypeError, "Variable", "a list")(
        on(lambda: rk.grad(V(2) * 2, V(2)))),
    row("grad by an array", DtypeError, "float32 (2,)", "a Variable")(
        on(lambda: rk.grad([V(2) * 2], [A(2)]))),
    row("first gradient of wrong shape", ShapeError, "(3,)", "(2,)")(
        on(lambda: rk.grad([V(2) * 2], [V(2)], [V(3)]))),
    row("first gradient of wrong dtype", DtypeError, "float64", "float32")(
        on(lambda: rk.grad([V(2) * 2], [V(2)], [V(2, dtype=np.float64)]))),
    row("written before backward", GraphError, "'x'", "overwritten")(on(overwritten)),
    row("array written before backward", GraphError, "Multiply", "changed", "copy")(
        on(overwritten_array)),
    row("updated before backward", GraphError, "'W'", "overwritten", "unchain_backward")(
        on(updated_before_backward)),
    # -- devices and settings ---------------------------------------------------------------------
    row("unknown device", DeviceError, "'gpu'", "@cupy:N")(on(lambda: V(2).to_device("gpu"))),
    row("missing GPU", DeviceError, "@cupy:99", "CUDA")(lambda w: w.model.to_device("@cupy:99")),
    row("device as list", DtypeError, "list", "a string")(on(lambda: rk.get_device(["@numpy"]))),
    row("unknown setting", ConfigError, "'trian'", "'train'")(
        on(lambda: rk.using_config("trian", False).__enter__())),
    row("value of a setting", ConfigError, "config.train", "'perhaps'", "boolean")(
        on(lambda: assign(rk.config, "train", "perhaps"))),
    row("dtype of a setting", ConfigError, "config.dtype", "'float31'")(
        on(lambda: assign(rk.config, "dtype", "float31"))),
    row("seed as text", DtypeError, "'a'", "an integer")(on(lambda: rk.seed("a"))),
    row("negative seed", RangeError, "-1", "non-negative")(on(lambda: rk.seed(-1))),
    # -- parameters and optimizers ----------------------------------------------------------------
    row("open size is saved", UninitializedError, "/W", "Run the model once")(
        lambda w: serializers.save_npz(w.path("model.npz"), L.Linear(None, 3))),
    row("open size is trained", UninitializedError, "/W", "Run the model once")(
        on(lambda: optimizers.SGD().setup(L.Linear(None, 3)).update())),
    row("open size is read", UninitializedError, "'W'", "Run the model once")(
        on(lambda: L.Linear(None, 3).W.shape)),
    row("optimizer without setup", UsageError, "without a target", "setup(model)")(
        on(lambda: optimizers.SGD().update())),
    row("optimizer of an array", DtypeError, "float32 (2,)", "link")(
        on(lambda: optimizers.SGD().setup(A(2)))),
    row("hook twice", UsageError, "'WeightDecay'", "exists")(on(hooked_twice)),
    row("hook before setup", UsageError, "without a target", "setup(model)")(
        on(lambda: optimizers.SGD().add_hook(optimizers.WeightDecay(1e-4)))),
    row("hook that cannot be called", ConfigError, "3", "a callable")(
        lambda w: w.optimizer.add_hook(3)),
    row("rate as text", DtypeError, "lr", "'fast'", "a number")(
        on(lambda: optimizers.SGD(lr="fast"))),
    row("rate not a number", RangeError, "lr", "nan")(lambda w: optimizers.SGD(lr=float("nan"))),
    row("loss that is a number", DtypeError, "float 0.5", "a Variable")(on(plain_loss)),
    # -- files ------------------------------------------------------------------------------------
    row("missing file", LoadError, "nope.npz", "No such file")(
        lambda w: serializers.load_npz(w.path("nope.npz"), w.model)),
    row("truncated file", LoadError, "short.npz", "damaged", "copied completely")(
        lambda w: serializers.load_npz(w.path("short.npz"), w.model)),
    row("corrupted file", LoadError, "damaged.npz", "damaged")(
        lambda w: serializers.load_npz(w.path("damaged.npz"), w.model)),
    row("empty file", LoadError, "empty.npz", "empty")(
        lambda w: serializers.load_npz(w.path("empty.npz"), w.model)),
    row("text file", LoadError, "note.txt", "no npz file")(
        lambda w: serializers.load_npz(w.path("note.txt"), w.model)),
    row("pickle in a file", LoadError, "'W'", "pickled", "never loaded")(
        lambda w: serializers.load_npz(w.path("pickled.npz"), w.model)),
    row("missing keys", LoadError, "missing: l2/W, l2/b", "unexpected: predictor/0/W")(
        lambda w: serializers.load_npz(w.path("model.npz"), rk.Chain(l2=L.Linear(3, 4)))),
    row("one shape differs", LoadError, "predictor/1/W (shape (2, 4) into (5, 4))")(
        lambda w: serializers.load_npz(
            w.path("model.npz"),
            L.Classifier(rk.Sequential(L.Linear(3, 4), F.relu, L.Linear(4, 5))),
        )
    ),
    row("snapshot as model", LoadError, "trainer snapshot", "path='updater/model:main/'")(
        lambda w: serializers.load_npz(w.path("snapshot.npz"), w.model)),
    row("model as snapshot", LoadError, "model file", "not a snapshot")(
        lambda w: serializers.load_npz(w.path("model.npz"), w.trainer())),
    row("snapshot of another model", LoadError, "predictor/0/W", "predictor/W")(
        lambda w: serializers.load_npz(w.path("snapshot.npz"), w.another())),
    row("wrong path in a file", LoadError, "path='a/'", "predictor/0/W")(
        lambda w: serializers.load_npz(w.path("model.npz"), w.model, path="a/")),
    row("load into nothing", DtypeError, "None", "load_state")(
        lambda w: serializers.load_npz(w.path("model.npz"), None)),
    row("load from nothing", DtypeError, "None", "a path")(
        lambda w: serializers.load_npz(None, w.model)),
    row("npz as HDF5", LoadError, "model.npz", "no HDF5 file", needs="h5py")(
        lambda w: serializers.load_hdf5(w.path("model.npz"), w.model)),
    row("text as safetensors", LoadError, "note.txt", "no safetensors file", needs="safetensors")(
        lambda w: serializers.load_safetensors(w.path("note.txt"), w.model)),
    row("directory is missing", SaveError, "no/model.npz", "There is no directory")(
        lambda w: serializers.save_npz(w.path("no/model.npz"), w.model)),
    row("save onto a directory", SaveError, "Is a directory", "untouched")(
        lambda w: serializers.save_npz(w.path("."), w.model)),
    row("disk full", SaveError, "/dev/full", "No space left", needs="/dev/full")(on(no_room)),
    row("disk full over an old file", SaveError, "model.npz", "File too large", "untouched")(
        limited),
    row("save what has no state", DtypeError, "int 3", "state()")(
        lambda w: serializers.save_npz(w.path("model.npz"), 3)),
    row("save an object", DtypeError, "object", "'a'", "an array")(
        lambda w: serializers.save_npz(w.path("model.npz"), {"b": A(2), "a": object()})),
    # -- data -------------------------------------------------------------------------------------
    row("empty data set", DataError, "empty data set", "at least one")(
        on(lambda: iterators.SerialIterator([], 2))),
    row("batch size 0", RangeError, "batch_size", "0", "at least 1")(
        on(lambda: iterators.SerialIterator([1], 0))),
    row("batch size as text", DtypeError, "batch_size", "'2'", "an integer")(
        on(lambda: iterators.SerialIterator([1], "2"))),
    row("generator as data set", DtypeError, "iterator", "a list, array or data set")(
        on(lambda: iterators.SerialIterator(iter([1]), 2))),
    row("data sets of two lengths", DataError, "{0: 2, 1: 1}", "one length")(
        on(lambda: datasets.TupleDataset([1, 2], [1]))),
    row("data set from a number", DtypeError, "int 3", "data sets")(
        on(lambda: datasets.TupleDataset(3))),
    row("position behind the end", RangeError, "5", "[-2, 2)")(
        on(lambda: datasets.TupleDataset([1, 2])[5])),
    row("split behind the end", RangeError, "5", "[0, 2)")(
        on(lambda: datasets.split_dataset([1, 2], 5))),
    row("empty batch", DataError, "batch is empty")(on(lambda: datasets.concat_examples([]))),
    row("images of two sizes", DataError, "(2, 2), (3, 3)", "one shape", "padding")(
        on(lambda: datasets.concat_examples([A(2, 2), A(3, 3)]))),
    row("tuples and arrays", DataError, "example 1", "a tuple of 2 items")(
        on(lambda: datasets.concat_examples([(A(2), 1), A(2)]))),
    row("other keys", DataError, "example 1", "['b']", "['a']")(
        on(lambda: datasets.concat_examples([{"a": 1}, {"b": 1}]))),
    row("unequal lists", DataError, "examples", "inhomogeneous", "arrays")(
        on(lambda: datasets.concat_examples([[[1], [1, 2]]]))),
    row("cell that is no number", DataError, "line 3", "'b'", "'four'", "a number")(
        lambda w: datasets.read_csv(w.path("bad.csv"), "label")),
    row("column is missing", DataError, "['a', 'b', 'label']", "'class'")(
        lambda w: datasets.read_csv(w.path("bad.csv"), "class")),
    row("text as data", DataError, "note.txt", "arrays")(
        lambda w: datasets.read_npz(w.path("note.txt"))),
    row("text as image", DataError, "note.txt", "an image file", needs="PIL")(
        lambda w: datasets.prepare_image(w.path("note.txt"), (8, 8))),
    row("no image folder", DataError, "no such folder")(
        lambda w: datasets.ImageFolder(w.path("nope"), {"size": (8, 8)})),
    row("ratio of a split", RangeError, "2.0", "between 0 and 1")(
        on(lambda: datasets.stratified_split(labels(0, 1), 2.0, 0))),
    # -- training ---------------------------------------------------------------------------------
    row("unit of a trigger", ConfigError, "'epochs'", "'epoch'")(
        on(lambda: get_trigger((1, "epochs")))),
    row("trigger turned round", ConfigError, "'epoch'", "a positive period")(
        on(lambda: get_trigger(("epoch", 1)))),
    row("trigger of 0", ConfigError, "0", "a positive period")(
        on(lambda: get_trigger((0, "epoch")))),
    row("trigger from a number", ConfigError, "int 3", "(period,")(
        lambda w: w.trainer(stop_trigger=3)),
    row("no updater", DtypeError, "Adam", "an updater", "StandardUpdater")(
        lambda w: Trainer(w.optimizer)),
    row("updater without setup", UsageError, "'main' without a target", "setup(model)")(
        lambda w: Trainer(StandardUpdater(w.iterator, optimizers.SGD()))),
    row("list as iterator", DtypeError, "list", "SerialIterator")(
        lambda w: StandardUpdater(w.data(), w.optimizer)),
    row("class as extension", DtypeError, "LogReport", "LogReport()")(
        lambda w: w.trainer().extend(extensions.LogReport)),
    row("unknown extension", UsageError, "LogRaport", "LogReport")(
        lambda w: w.another(extensions.LogReport(filename=None)).get_extension("LogRaport")),
    row("table without log", UsageError, "LogReport not found", "PrintReport")(
        lambda w: w.another(extensions.PrintReport(["epoch"])).run()),
    row("unknown hyper-parameter", UsageError, "'alhpa'", "SGD(lr=0.01)")(
        lambda w: w.another(extensions.ExponentialShift("alhpa", 0.9)).run()),
    row("evaluator repeats for ever", UsageError, "repeats for ever", "repeat=False")(repeating),
    row("evaluator without link", DtypeError, "None", "a link")(
        lambda w: extensions.Evaluator(iterators.SerialIterator([1], 1, repeat=False), None)),
    row("NaN in the weights", NanError, "/predictor/W", "iteration 1", "finite")(with_nan),
    row("training twice", UsageError, "multiple times", "another Trainer")(run_twice),
    row("output is a file", SaveError, "note.txt", "File exists", "out=")(
        lambda w: w.another(out=w.path("note.txt")).run()),
    row("snapshot cannot be written", SaveError, "no/snapshot", "no directory")(
        lambda w: w.another(extensions.snapshot(filename="no/snapshot")).run()),
    row("log cannot be written", SaveError, "no/log", "no directory")(
        lambda w: w.another(extensions.LogReport(trigger=(1, "iteration"), filename="no/log")).run()
    ),
    row("plot cannot be written", SaveError, "no/x.png", "no directory", needs="matplotlib")(
        lambda w: w.another(
            extensions.PlotReport("main/loss", trigger=(1, "iteration"), filename="no/x.png")
        ).run()
    ),
    row("snapshot without directory", UsageError, "out=None", "a directory")(
        snapshot_without_directory),
    row("report of a stranger", UsageError, "not registered", "none")(report_from_outside),
]
# fmt: on


def available(need: str) -> bool:
    return Path(need).exists() if need.startswith("/") else find_spec(need) is not None


@pytest.fixture
def world(tmp_path: Path) -> Any:
    yield World(tmp_path)
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("mistake", ROWS, ids=lambda m: m.label)
def test_mistake(mistake: Mistake, world: World) -> None:
    if mistake.needs and not available(mistake.needs):
        pytest.skip(f"needs {mistake.needs}")
    with pytest.raises(RenkeiError) as caught:
        mistake.call(world)
    message = str(caught.value)
    assert type(caught.value) is mistake.error, message
    assert not [word for word in mistake.words if word not in message], message
    after = world.fingerprint()
    assert sorted(after) == sorted(world.before)
    assert not [k for k, v in world.before.items() if not np.array_equal(after[k], v)]


def test_there_are_enough_and_all_differ() -> None:
    assert len(ROWS) >= 60
    assert len({m.label for m in ROWS}) == len(ROWS)
