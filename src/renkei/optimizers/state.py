"""An optimizer's state as a flat mapping, in Chainer's keys; what Chainer lacks under _renkei/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from renkei.core.device import as_array, device_of
from renkei.core.errors import LoadError
from renkei.core.parameter import Parameter
from renkei.links.state import _slots as link_slots
from renkei.optimizers.update_rule import UpdateRule

OURS = "_renkei/"
VALUES = "_renkei/hyperparam/"
OVERRIDES = "_renkei/rule_hyperparam/"
MASTERS = "_renkei/fp32/"
SCALING = "_renkei/loss_scaling/"


def _rules(optimizer: Any) -> list[tuple[str, Parameter, UpdateRule]]:
    pairs = [(path, p, p.update_rule) for path, p in optimizer._named]
    return [(path, p, rule) for path, p, rule in pairs if rule is not None]


def _number(value: Any) -> bool:
    return isinstance(value, (bool, int, float, np.number, np.bool_))


def state(optimizer: Any) -> dict[str, Any]:
    """The state of an optimizer: the arrays themselves, numbers as arrays of no axes."""
    result: dict[str, Any] = {"t": np.asarray(optimizer.t), "epoch": np.asarray(optimizer.epoch)}
    extra: dict[str, Any] = {}
    shared = getattr(optimizer, "hyperparam", None)
    for name, value in shared.get_dict().items() if shared is not None else ():
        if _number(value):
            extra[VALUES + name] = np.asarray(value)
    for path, _, rule in _rules(optimizer):
        result[f"{path}/t"] = np.asarray(rule.t)
        for key, value in (rule.state or {}).items():
            result[f"{path}/{key}"] = value
        for name, value in rule.hyperparam.__dict__.items():
            if _number(value):
                extra[f"{OVERRIDES}{path}/{name}"] = np.asarray(value)
        if rule.master is not None:
            extra[MASTERS + path] = rule.master
    scaling = optimizer._scaling
    if scaling.dynamic:
        extra[SCALING + "scale"] = np.asarray(scaling.scale)
        extra[SCALING + "ever"] = np.asarray(scaling.ever)
    return {**result, **extra}


def load_state(optimizer: Any, state: Mapping[str, Any], strict: bool = True) -> None:
    """Checks a state as a whole, and then takes it over."""
    loaded = _Loaded(optimizer, state)
    loaded.complain(strict)
    loaded.commit()


class _Loaded:
    """A state on its way in: what was found, what was missing, what does not fit."""

    def __init__(self, optimizer: Any, state: Mapping[str, Any]) -> None:
        self.optimizer, self.source = optimizer, state
        self.used: set[str] = set()
        self.missing: list[str] = []
        self.wrong: list[str] = []
        self.counts = {name: self.count(name) for name in ("t", "epoch")}
        self.rules = [(rule, *self.rule(path, p, rule)) for path, p, rule in _rules(optimizer)]

    def find(self, key: str) -> Any:
        value = self.source.get(key)
        if value is None:
            return None
        self.used.add(key)
        return as_array(value) if not isinstance(value, str) else value

    def count(self, key: str) -> int | None:
        value = self.find(key)
        if value is None:
            self.missing.append(key)
            return None
        if getattr(value, "shape", None) != () or value.dtype.kind not in "iu":
            self.wrong.append(f"{key} is not an integer")
            return None
        return int(value)

    def rule(self, path: str, param: Parameter, rule: UpdateRule) -> tuple[Any, ...]:
        """The count, state arrays and float32 copy for one parameter."""
        t = self.count(f"{path}/t")
        p = param.array
        like = rule.init(np.empty(1, np.float32) if p is None else p)
        wide = rule._fp32 and p is not None and p.dtype == np.float16
        arrays: dict[str, Any] | None = {}
        for key, example in like.items():
            dtype = np.dtype(np.float32) if wide else example.dtype
            value = self.array(f"{path}/{key}", None if p is None else example.shape, dtype)
            if value is not None and arrays is not None:
                arrays[key] = value if p is None else device_of(p).send(value)
            else:
                arrays = None
        if arrays is None and (t == 0 or not rule.enabled):
            # Nothing was updated when the state was taken: the first update makes the arrays.
            self.missing = [k for k in self.missing if k not in {f"{path}/{key}" for key in like}]
        master = self.source.get(MASTERS + path)
        if master is not None:
            master = self.array(MASTERS + path, None if p is None else p.shape, None)
        return t, arrays, master

    def array(self, key: str, shape: Any, dtype: Any) -> Any:
        value = self.find(key)
        if value is None:
            self.missing.append(key)
        elif isinstance(value, str) or value.dtype.kind not in "fiub":
            self.wrong.append(f"{key} is no array of numbers")
        elif shape is not None and value.shape != shape:
            self.wrong.append(f"{key} has shape {value.shape}, expected {shape}")
        else:
            return value.astype(value.dtype if dtype is None else dtype, copy=True)
        return None

    def unexpected(self) -> list[str]:
        rest = [k for k in self.source if k not in self.used and not k.startswith(OURS)]
        if not rest:
            return rest
        # Chainer writes the state of a shared parameter under each of its paths.
        first = {id(param): path for path, param in self.optimizer._named}
        slots = link_slots(self.optimizer.target, "", (id(self.optimizer.target),))
        names = {path: first[place] for path, place, _ in slots if place in first}
        return [k for k in rest if f"{names.get(_parent(k))}/{_leaf(k)}" not in self.used]

    def complain(self, strict: bool) -> None:
        parts = []
        if strict and self.missing:
            parts.append(_listed("missing", self.missing))
        unexpected = self.unexpected() if strict else []
        if unexpected:
            parts.append(_listed("unexpected", unexpected))
        if self.wrong:
            parts.append(_listed("wrong", self.wrong))
        if not parts:
            return
        name = type(self.optimizer).__name__
        hint = "Is it the state of another optimizer or of another model?"
        raise LoadError(f"{name}.load_state(state)", "; ".join(parts), "the keys of state()", hint)

    def commit(self) -> None:
        for name, value in self.counts.items():
            if value is not None:
                setattr(self.optimizer, name, value)
        for rule, t, arrays, master in self.rules:
            if t is not None:
                rule.t = t
            if arrays is not None or t == 0:
                rule.state = arrays
            rule.master, rule._home = master, None
        self.commit_numbers()

    def commit_numbers(self) -> None:
        optimizer = self.optimizer
        shared = getattr(optimizer, "hyperparam", None)
        if shared is not None:
            self.set_numbers(VALUES, shared)
            shared._t = optimizer.t
        for path, _, rule in _rules(optimizer):
            self.set_numbers(f"{OVERRIDES}{path}/", rule.hyperparam)
        scale, ever = (self.source.get(SCALING + name) for name in ("scale", "ever"))
        if optimizer._scaling.dynamic and scale is not None and ever is not None:
            optimizer._scaling.scale, optimizer._scaling.ever = float(scale), bool(ever)

    def set_numbers(self, prefix: str, target: Any) -> None:
        for key, value in self.source.items():
            name = key[len(prefix) :]
            if not (key.startswith(prefix) and name.isidentifier() and _number_array(value)):
                continue
            if not callable(getattr(target, name, None)):  # a schedule of the program stays
                setattr(target, name, value.item())


def _parent(key: str) -> str:
    return key.rpartition("/")[0]


def _leaf(key: str) -> str:
    return key.rpartition("/")[2]


def _number_array(value: Any) -> bool:
    return getattr(value, "shape", None) == () and value.dtype.kind in "biuf"


def _listed(word: str, items: list[str]) -> str:
    shown = ", ".join(items[:10])
    more = "" if len(items) <= 10 else f", ... ({len(items)} in all)"
    return f"{word}: {shown}{more}"
