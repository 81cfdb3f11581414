"""WeightAveraging: a copy of a model whose parameters are averages over training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, LoadError, RangeError, describe
from renkei.links.link import Link
from renkei.links.state import load_states
from renkei.training.extension import PRIORITY_WRITER, Extension

__all__ = ["WeightAveraging"]


class WeightAveraging(Extension):
    r"""Keeps a copy of a model with averaged parameters, which often predicts better.

    .. math:: a \leftarrow a + (1 - d_t)(p - a), \quad d_t = \min(decay, t / (t + 1))

    at call t = 0, 1, ...: an exponential moving average that begins with a plain one. With
    ``decay=1`` it stays a plain average (stochastic weight averaging). States, as the averages of
    batch normalization, are copied. Give ``average.model`` to an Evaluator to watch it.

    Args:
        target: the link that is trained.
        decay: the weight of the old average, in [0, 1].
        trigger: when to average, as in ``(1, "epoch")``.

    Attributes:
        model: the averaged link. Its float16 parameters are averaged in float16.

    Raises:
        DtypeError: ``target`` is no link.
        RangeError: ``decay`` is not in [0, 1].

    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992); Izmailov et
    al., "Averaging weights leads to wider optima and better generalization" (2018).

    >>> import renkei as rk
    >>> from renkei.training.extensions import WeightAveraging
    >>> model = rk.Link(w=1)
    >>> average = WeightAveraging(model, decay=1)
    >>> for value in (1, 2, 6):
    ...     model.w.array[...] = value
    ...     average()
    >>> average.model.w.array
    array([3.], dtype=float32)
    """

    priority = PRIORITY_WRITER + 1  # before an Evaluator, which is a writer

    def __init__(self, target: Any, decay: float = 0.999, trigger: Any = (1, "iteration")) -> None:
        call = "WeightAveraging(target, decay)"
        if not isinstance(target, Link):
            raise DtypeError(call, describe(target), "a link")
        if not 0 <= decay <= 1:
            raise RangeError(call, f"decay={decay}", "a number in [0, 1]")
        self.target, self.decay, self.trigger = target, decay, trigger
        self.model: Any = target.copy("copy")
        self.model.cleargrads()
        self.t = 0

    def __call__(self, progress: Any = None) -> None:
        share = 1 - min(self.decay, self.t / (self.t + 1))
        own = dict(self.model.namedparams())
        for path, param in self.target.namedparams():
            average = own[path]
            if not param.is_initialized:
                continue
            if share == 1 or not average.is_initialized:
                average.array = average.device.send(param.array).copy()
            else:
                new = average.device.send(param.array)
                average.array += share * (new - average.array)
        load_states(self.model, {path[1:]: value for path, value in self.target.namedstates()})
        self.t += 1

    def state(self) -> dict[str, Any]:
        """What a resumed extension needs: the number of calls, and the averages."""
        averages = self.model.state() if self.t else {}  # before the first call sizes may be open
        return {"t": np.asarray(self.t), **{f"model/{k}": v for k, v in averages.items()}}

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Continues from ``state``; after an error nothing has changed."""
        if "t" not in state:
            raise LoadError("WeightAveraging.load_state(state)", "no key 't'", "what state() gave")
        t = int(state["t"])
        if t:
            averages = {k[6:]: v for k, v in state.items() if k.startswith("model/")}
            self.model.load_state(averages, strict)
        self.t = t
