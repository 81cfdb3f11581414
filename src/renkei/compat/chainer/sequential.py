"""Sequential: layers one after the other; functions may stand among the links."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from renkei.compat.chainer.link import ChainList
from renkei.links.chain import Sequential as OurSequential
from renkei.links.link import Link as OurLink

__all__ = ["Sequential"]


class Sequential(ChainList, OurSequential):
    r"""Calls layers in order; a tuple that one returns is unpacked for the next.

    Only links are numbered in paths.

    Args:
        layers: links and functions.

    >>> import numpy as np
    >>> from renkei.compat.chainer import Sequential, functions as F, links as L
    >>> model = Sequential(L.Linear(2, 3), F.relu, L.Linear(3, 1))
    >>> model(np.ones((4, 2), np.float32)).shape, [path for path, _ in model.namedparams()]
    ((4, 1), ['/0/W', '/0/b', '/1/W', '/1/b'])
    """

    def __init__(self, *layers: Any) -> None:
        self.__dict__.update(_layers=[], _links=[])
        super().__init__()
        for layer in layers:
            self.append(layer)

    @property
    def _children(self) -> list[Any]:  # type: ignore[override]
        return self.__dict__["_links"]

    def _items(self) -> list[Any]:
        return self._layers

    def _sync(self) -> None:
        """The links among the layers are the children."""
        self.__dict__["_links"] = [x for x in self._layers if isinstance(x, OurLink)]
        self._renumber()

    def __len__(self) -> int:
        return len(self._layers)

    def __getitem__(self, index: Any) -> Any:
        found = self._layers[index]
        return Sequential(*found) if isinstance(index, slice) else found

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._layers[index] = [_checked(layer) for layer in value]
        else:
            self._layers[index] = _checked(value)
        self._sync()

    def __delitem__(self, index: Any) -> None:
        del self._layers[index]
        self._sync()

    def __iter__(self) -> Any:
        return iter(self._layers)

    def __reversed__(self) -> Any:
        return reversed(self._layers)

    def __contains__(self, item: Any) -> bool:
        return item in self._layers

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Sequential):
            raise ValueError("add (+) operator supports only objects of Sequential class.")
        return Sequential(*self._layers, *other._layers)

    def __iadd__(self, other: Any) -> Any:
        self.extend(other)
        return self

    def append(self, layer: Any) -> None:
        """Adds a layer at the end."""
        self.insert(len(self), layer)

    def extend(self, sequential: Any) -> None:
        """Adds the layers of another Sequential, or of any sequence, at the end."""
        for layer in sequential:
            self.append(layer)

    def insert(self, i: int, layer: Any) -> None:
        """Adds a layer before a position."""
        size = len(self._layers)
        if not -size <= i <= size:
            raise IndexError(f"{i} is out of range")
        self._layers.insert(i, _checked(layer))
        self._sync()

    def remove(self, layer: Any) -> None:
        """Takes the first such layer out."""
        del self[self.index(layer)]

    def remove_by_layer_type(self, type_name: str) -> None:
        """Takes out all links of a class, or functions of a name."""
        self._layers[:] = [layer for layer in self._layers if _type_name(layer) != type_name]
        self._sync()

    def pop(self, i: int = -1) -> Any:
        """Takes a layer out and returns it."""
        layer = self._layers[i]
        del self[i]
        return layer

    def clear(self) -> None:
        """Takes all layers out."""
        self._layers.clear()
        self._sync()

    def index(self, layer: Any, start: int | None = None, end: int | None = None) -> int:
        """The position of a layer."""
        return self._layers[start:end].index(layer)

    def count(self, layer: Any) -> int:
        """How often a layer occurs."""
        return self._layers.count(layer)

    def count_by_layer_type(self, type_name: str) -> int:
        """How many links there are of a class, or functions of a name."""
        return sum(_type_name(layer) == type_name for layer in self._layers)

    def forward(self, *x: Any) -> Any:
        """Calls the layers in order."""
        for layer in self._layers:
            x = layer(*x) if isinstance(x, tuple) else layer(x)
        return x[0] if isinstance(x, tuple) and not self._layers and len(x) == 1 else x

    def flatten(self) -> Any:
        """A Sequential of the same layers, with those of inner Sequentials in their places."""
        flat = Sequential()
        for layer in self._layers:
            flat.extend(layer.flatten() if isinstance(layer, Sequential) else [layer])
        return flat

    def copy(self, mode: str = "share") -> Any:
        """Copies the layers: links with their ``copy(mode)``, functions as they are."""
        if mode not in ("share", "copy", "init"):
            raise ValueError(
                "The 'mode' argument should be either 'init','copy', or 'share'. "
                f"But {mode} was given."
            )
        twin = Sequential()
        for layer in self._layers:
            twin.append(layer.copy(mode) if isinstance(layer, OurLink) else copy.copy(layer))
        return twin

    def copyparams(self, link: Any, copy_persistent: bool = True) -> None:
        for mine, theirs in zip(self._children, link._children, strict=True):
            mine.copyparams(theirs, copy_persistent)

    def __reduce__(self) -> Any:
        if any(getattr(layer, "__name__", "") == "<lambda>" for layer in self._layers):
            raise ValueError(
                "This Sequential object has at least one lambda function as its component. "
                "Lambda function can not be pickled. Please consider to use functools.partial "
                "instead of the lambda function or use 'dill', which is an external package, "
                "to save it."
            )
        return super().__reduce__()

    def __str__(self) -> str:
        lines = [
            line
            for i, layer in enumerate(self._layers)
            for line in f"({i}): {_text(layer)},".splitlines()
        ]
        body = "\n" + "".join(f"  {line}\n" for line in lines) if lines else ""
        return f"{type(self).__name__}({body})"


def _checked(layer: Any) -> Any:
    if not callable(layer):
        raise ValueError(
            "All elements of a Sequential class should be callable. But given "
            f"{layer} is not callable."
        )
    return layer


def _type_name(layer: Any) -> str:
    name = type(layer).__name__ if isinstance(layer, OurLink) else getattr(layer, "__name__", "")
    return name


def _text(layer: Any) -> str:
    if getattr(layer, "__name__", "") == "<lambda>":
        try:
            return inspect.getsource(layer).strip().rstrip(",")
        except OSError:  # typed into a console
            return repr(layer)
    return str(layer) if isinstance(layer, OurLink) else repr(layer)
