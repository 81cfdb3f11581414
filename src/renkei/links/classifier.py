"""Classifier: a predictor together with its loss and its accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.core.errors import DtypeError, UsageError, describe
from renkei.core.variable import Variable
from renkei.functions.accuracy import accuracy as accuracy_of
from renkei.functions.loss_class import softmax_cross_entropy
from renkei.links.chain import Chain
from renkei.reporter import report

__all__ = ["Classifier"]


class Classifier(Chain):
    r"""Computes the loss of a predictor on labelled data, and reports loss and accuracy.

    After a call, ``y``, ``loss`` and ``accuracy`` hold its results.

    Args:
        predictor: a link (or any callable) from inputs to scores.
        lossfun: a function of scores and labels.
        accfun: a function of scores and labels, called where ``compute_accuracy`` is True.
        label_key: which argument holds the labels: a position, or the name of a keyword argument.

    Attributes:
        compute_accuracy: set to False to leave the accuracy out.

    Raises:
        DtypeError: ``label_key`` is neither an integer nor a string.

    >>> model = L.Classifier(L.Linear(4, 3))
    >>> loss = model(np.ones((2, 4), np.float32), np.array([0, 2]))
    >>> loss.shape, model.y.shape, 0 <= float(model.accuracy) <= 1
    ((), (2, 3), True)
    """

    compute_accuracy = True
    y: Any = None
    loss: Any = None
    accuracy: Any = None

    def __init__(
        self,
        predictor: Any,
        lossfun: Callable[..., Any] = softmax_cross_entropy,
        accfun: Callable[..., Any] = accuracy_of,
        label_key: int | str = -1,
    ) -> None:
        if not isinstance(label_key, (int, str)):
            raise DtypeError("Classifier(label_key)", describe(label_key), "an integer or a string")
        super().__init__()
        self.lossfun, self.accfun, self.label_key = lossfun, accfun, label_key
        self.predictor = predictor

    predictor: Any

    def forward(self, *args: Any, **kwargs: Any) -> Variable:
        """Computes the loss: the arguments without the labels go to the predictor."""
        args, t = self._labels(args, kwargs)
        self.y = self.loss = self.accuracy = None
        self.y = self.predictor(*args, **kwargs)
        self.loss = self.lossfun(self.y, t)
        report({"loss": self.loss}, self)
        if self.compute_accuracy:
            self.accuracy = self.accfun(self.y, t)
            report({"accuracy": self.accuracy}, self)
        return self.loss

    def _labels(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        key = self.label_key
        if isinstance(key, str):
            if key not in kwargs:
                given = ", ".join(kwargs) or "none"
                raise UsageError("Classifier(...)(...)", f"keywords {given}", f"labels as {key!r}")
            return args, kwargs.pop(key)
        if not -len(args) <= key < len(args):
            expected = f"labels at position {key}"
            raise UsageError("Classifier(...)(...)", f"{len(args)} arguments", expected)
        if len(args) == 1 and not kwargs:
            raise UsageError("Classifier(...)(...)", "1 argument", "inputs and labels")
        at = key % len(args)
        return args[:at] + args[at + 1 :], args[at]
