"""Chain, ChainList and Sequential: links made of links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from renkei.core.errors import DtypeError, describe
from renkei.core.parameter import Parameter
from renkei.links.link import Link, _link

__all__ = ["Chain", "ChainList", "Sequential"]


class Chain(Link):
    r"""A link with named links: as arguments, or assigned to attributes.

    Args:
        links: the links by name.

    >>> class MLP(rk.Chain):
    ...     def __init__(self):
    ...         super().__init__(hidden=L.Linear(4, 3))
    ...         self.out = L.Linear(3, 2)
    ...     def forward(self, x):
    ...         return self.out(F.relu(self.hidden(x)))
    >>> model = MLP()
    >>> model(np.ones((5, 4), np.float32)).shape
    (5, 2)
    >>> [path for path, _ in model.namedparams()]
    ['/hidden/W', '/hidden/b', '/out/W', '/out/b']
    """

    def __init__(self, **links: Link) -> None:
        super().__init__()
        for name, link in links.items():
            self.add_link(name, link)

    def __getitem__(self, name: str) -> Any:
        """The link of this name."""
        found = dict(self._parts()[1]).get(name) if isinstance(name, str) else None
        if found is None:
            names = ", ".join(n for n, _ in self._parts()[1]) or "none"
            raise KeyError(f"{type(self).__name__} has no link {name!r}; there are: {names}")
        return found


class ChainList(Link):
    r"""A list of links; their paths are ``/0``, ``/1`` and so on.

    Args:
        links: the links in order.

    >>> layers = rk.ChainList(L.Linear(2, 3), L.Linear(3, 4))
    >>> layers.append(L.Linear(4, 5))
    >>> len(layers), [path for path, _ in layers.namedlinks(skipself=True)]
    (3, ['/0', '/1', '/2'])
    """

    _containers: ClassVar[tuple[str, ...]] = ("_layers",)
    _layers: list[Any]

    def __init__(self, *links: Any) -> None:
        super().__init__()
        self._layers = []
        self.extend(links)

    def _items(self) -> list[Any]:
        """The list; also where a subclass has forgotten ``super().__init__()``."""
        if "_layers" not in self.__dict__:
            self._layers = []
        return self._layers

    def _parts(self) -> tuple[list[tuple[str, Parameter]], list[tuple[str, Link]]]:
        params, links = super()._parts()
        own = [(name, link) for name, link in links if not name.startswith("_layers/")]
        numbered = enumerate(item for item in self._items() if isinstance(item, Link))
        return params, [(str(i), link) for i, link in numbered] + own

    def _accepted(self, item: Any) -> Any:
        return _link(f"{type(self).__name__}(...)", item)

    def append(self, link: Any) -> None:
        """Adds a link at the end."""
        self._items().append(self._accepted(link))

    def add_link(self, link: Any) -> None:  # type: ignore[override]
        """Adds a link at the end."""
        self.append(link)

    def insert(self, index: int, link: Any) -> None:
        """Adds a link before a position."""
        self._items().insert(index, self._accepted(link))

    def extend(self, links: Iterable[Any]) -> None:
        """Adds links at the end."""
        for link in links:
            self.append(link)

    def __len__(self) -> int:
        return len(self._items())

    def __bool__(self) -> bool:  # a link is something, even without layers
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __contains__(self, item: Any) -> bool:
        return any(item is mine for mine in self._items())

    def __getitem__(self, index: Any) -> Any:
        return self._items()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._items()[index] = [self._accepted(item) for item in value]
        else:
            self._items()[index] = self._accepted(value)

    def __delitem__(self, index: Any) -> None:
        del self._items()[index]


class Sequential(ChainList):
    r"""Calls layers one after the other; a tuple that one returns is unpacked for the next.

    Only the links among them are numbered in paths.

    Args:
        layers: links and other callables.

    Raises:
        DtypeError: a layer cannot be called.

    >>> model = rk.Sequential(L.Linear(4, 3), F.relu, L.Linear(3, 2))
    >>> model(np.ones((5, 4), np.float32)).shape
    (5, 2)
    >>> [path for path, _ in model.namedparams()]
    ['/0/W', '/0/b', '/1/W', '/1/b']
    """

    def forward(self, *x: Any) -> Any:
        """Calls the layers in order."""
        y: Any = x
        for layer in self._layers:
            y = layer(*y) if isinstance(y, tuple) else layer(y)
        return x[0] if y is x and len(x) == 1 else y

    def _accepted(self, item: Any) -> Any:
        if not callable(item):
            call = f"{type(self).__name__}(...)"
            raise DtypeError(call, describe(item), "links and other callables")
        return item

    def __getitem__(self, index: Any) -> Any:
        """A layer; for a slice a Sequential of the same layers."""
        found = self._items()[index]
        return Sequential(*found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *other) if isinstance(other, Sequential) else NotImplemented

    def __iadd__(self, other: Iterable[Any]) -> Sequential:
        self.extend(other)
        return self

    def pop(self, index: int = -1) -> Any:
        """Takes a layer out and returns it."""
        return self._items().pop(index)

    def remove(self, layer: Any) -> None:
        """Takes the first such layer out."""
        del self._items()[self.index(layer)]

    def index(self, layer: Any, start: int = 0, end: int | None = None) -> int:
        """The position of a layer."""
        for i in range(*slice(start, end).indices(len(self))):
            if self._layers[i] is layer:
                return i
        raise ValueError(f"{layer!r} is not among the layers")

    def count(self, layer: Any) -> int:
        """How often a layer occurs."""
        return sum(layer is mine for mine in self)

    def clear(self) -> None:
        """Takes all layers out."""
        self._items().clear()

    def flatten(self) -> Sequential:
        """A Sequential of the same layers, with those of inner Sequentials in their places."""
        flat = Sequential()
        for layer in self:
            flat.extend(layer.flatten() if isinstance(layer, Sequential) else [layer])
        return flat

    def count_by_layer_type(self, type_name: str) -> int:
        """How many layers there are of a class, or functions of a name."""
        return sum(_layer_type(layer) == type_name for layer in self)

    def remove_by_layer_type(self, type_name: str) -> None:
        """Takes out all layers of a class, or functions of a name."""
        self._layers[:] = [layer for layer in self if _layer_type(layer) != type_name]

    def _lines(self) -> list[tuple[str, str]]:
        own = [(n, str(link)) for n, link in self._parts()[1] if not n.isdigit()]
        return [(str(i), _layer_text(layer)) for i, layer in enumerate(self)] + own


def _layer_type(layer: Any) -> str:
    return type(layer).__name__ if isinstance(layer, Link) else getattr(layer, "__name__", "")


def _layer_text(layer: Callable[..., Any]) -> str:
    return str(layer) if isinstance(layer, Link) else getattr(layer, "__name__", repr(layer))
