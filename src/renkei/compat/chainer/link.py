"""Link, Chain and ChainList with Chainer's rules: what is assigned in ``init_scope`` registers."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from renkei.compat.chainer._link_parts import (
    MODES,
    MixedInForward,
    copy_values,
    is_shape,
    mixed_in,
    sharing,
    str_of_children,
)
from renkei.compat.chainer._wrap import as_parameter, reclassed
from renkei.compat.chainer.device_resident import DeviceResident, _ToDevice
from renkei.compat.chainer.initializer import numpy_random
from renkei.compat.chainer.initializers import drawing_from_numpy
from renkei.compat.chainer.variable import Parameter as FacadeParameter
from renkei.compat.chainer.variable import Variable, as_variable
from renkei.core.device import current_device, get_array_types
from renkei.core.parameter import Parameter
from renkei.core.variable import Variable as CoreVariable
from renkei.initializers import get_initializer
from renkei.links.chain import Chain as OurChain
from renkei.links.chain import ChainList as OurChainList
from renkei.links.link import Link as OurLink
from renkei.links.link import State

__all__ = ["Chain", "ChainList", "Link"]


class Link(OurLink, DeviceResident):
    r"""A part of a model with parameters.

    Args:
        params: shapes of parameters to make, or pairs of shape and dtype.

    >>> import numpy as np
    >>> from renkei.compat.chainer import Link, Parameter
    >>> link = Link()
    >>> link.a = Parameter(0, (2,))
    >>> with link.init_scope():
    ...     link.b = Parameter(0, (2,))
    >>> [path for path, _ in link.namedparams()]
    ['/b']
    """

    _registration: ClassVar[str] = "init_scope"

    def __init__(self, **params: Any) -> None:
        self.__dict__.update(
            _params=set(),
            _persistent=set(),
            _dtypes={},
            _within_init_scope=False,
            _device=current_device(),
            name=None,
        )
        for name, value in params.items():
            shape, dtype = (value, None) if is_shape(value) else value
            self.add_param(name, shape, dtype)

    def __repr__(self) -> str:
        return object.__repr__(self)

    def __str__(self) -> str:
        specs = ", ".join(f"{key}={value}" for key, value in self.printable_specs)
        return f"{type(self).__name__}({specs})"

    # -- calling -----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        written = mixed_in(type(self), "__call__")
        if written is not None:
            return written.__get__(self)(*args, **kwargs)
        y = OurLink.__call__(self, *args, **kwargs)
        return reclassed(y)

    forward: Any = MixedInForward()

    @property
    def local_link_hooks(self) -> OrderedDict[str, Any]:
        """The hooks of this link alone, by name."""
        return OrderedDict(self._hooks)

    def add_hook(self, hook: Any, name: str | None = None) -> Any:
        """Lets a LinkHook watch this link; returns the link."""
        key = hook.name if name is None else name
        if key in self._hooks:
            raise KeyError(f"Hook {key} already exists")
        return super().add_hook(hook, key)

    def delete_hook(self, name: str) -> None:
        """Takes a hook of this link away."""
        if name not in self._hooks:
            raise KeyError(f"Hook {name} does not exist")
        super().delete_hook(name)

    # -- registration ------------------------------------------------------------------------------

    _building: ClassVar[int] = 0  # in instances: how deep we are in our own links' __init__

    def _check_init(self) -> None:
        if "_params" not in self.__dict__:
            raise RuntimeError("Link.__init__() has not been called.")

    @property
    def within_init_scope(self) -> bool:
        """Whether this runs inside the link's ``init_scope``."""
        return self.__dict__.get("_within_init_scope", False)

    @contextlib.contextmanager
    def init_scope(self) -> Iterator[None]:
        """A block in which parameters and links that are assigned to attributes are registered."""
        self._check_init()
        before = self._within_init_scope
        self._within_init_scope = True
        try:
            yield
        finally:
            self._within_init_scope = before

    @contextlib.contextmanager
    def _construction(self) -> Iterator[None]:
        """The block in which a link of our own makes its parts: all of them are registered."""
        self.__dict__["_building"] = self._building + 1
        try:
            with numpy_random():
                yield
        finally:
            self.__dict__["_building"] -= 1

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, State):
            self._persistent.add(name)
            self._dtypes[name] = value.dtype
            value = value.value
        elif value.__class__ is CoreVariable:
            value.__class__ = Variable
        elif isinstance(value, (Parameter, OurLink)):
            if self._building:
                self._take(name, value)
            elif self.within_init_scope:
                self._register_value(name, value)
        object.__setattr__(self, name, value)

    def _take(self, name: str, value: Any) -> None:
        """Registers what a link of our own assigns, without questions."""
        value.name = name
        if isinstance(value, Parameter):
            as_parameter(value).initializer = drawing_from_numpy(value.initializer)
            self._params.add(name)

    def _register_value(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            as_parameter(value).name = name
            self._params.add(name)
            self._persistent.discard(name)

    def __delattr__(self, name: str) -> None:
        self._params.discard(name)
        self._persistent.discard(name)
        object.__delattr__(self, name)

    @property
    def _states(self) -> dict[str, Any]:  # type: ignore[override]
        return {name: self._dtypes.get(name) for name in self.__dict__.get("_persistent", ())}

    @property
    def _registered(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset(self.__dict__.get("_params", ()))

    def add_param(
        self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None
    ) -> None:
        """Makes a parameter and registers it; without a shape it is made by ``initialize``."""
        self._refuse_taken("parameter", name)
        fill = get_initializer(initializer, np.nan, dtype)
        with self.init_scope():
            setattr(self, name, FacadeParameter(fill, shape, name))

    def add_persistent(self, name: str, value: Any) -> None:
        """Registers a value that is saved but not trained."""
        self._refuse_taken("persistent value", name)
        self._persistent.add(name)
        self._params.discard(name)
        object.__setattr__(self, name, value)

    def register_persistent(self, name: str) -> None:
        """Makes an existing attribute one that is saved but not trained."""
        if not hasattr(self, name):
            raise AttributeError(
                f"cannot register non-existent attribute {name} as a persistent value"
            )
        self._persistent.add(name)
        self._params.discard(name)

    def _refuse_taken(self, kind: str, name: str) -> None:
        self._check_init()
        if name in self.__dict__:
            raise AttributeError(f"cannot register a new {kind} {name}: attribute exists")

    @classmethod
    def from_params(cls, *args: Any, **kwargs: Any) -> Any:
        """Makes the link around given parameters; classes that can do so define it."""
        raise NotImplementedError(f"{cls.__name__}.from_params")

    # -- walking -----------------------------------------------------------------------------------

    def _named_children(self) -> list[tuple[str, Any]]:
        return []

    def _parts(self) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
        own = [(name, self.__dict__[name]) for name in sorted(self._params)]
        return own, self._named_children()

    def namedparams(self, include_uninit: bool = True) -> Iterator[tuple[str, Any]]:
        """Yields pairs of a path and a parameter; one that has two paths comes twice."""
        for name in sorted(self._params):
            param = self.__dict__[name]
            if include_uninit or param.is_initialized:
                yield "/" + name, param
        for name, child in self._named_children():
            for path, param in child.namedparams(include_uninit):
                yield f"/{name}{path}", param

    def namedlinks(self, skipself: bool = False) -> Iterator[tuple[str, Any]]:
        """Yields pairs of a path and a link: this one and all below."""
        if not skipself:
            yield "/", self
        for name, child in self._named_children():
            yield "/" + name, child
            for path, link in child.namedlinks(True):
                yield f"/{name}{path}", link

    def children(self) -> Iterator[Any]:
        """Yields the links directly below this one."""
        return (child for _, child in self._named_children())

    def count_params(self) -> int:
        """The number of trained values; warns of parameters that have no size yet."""
        size = 0
        for path, param in self.namedparams():
            if param.array is None:
                warnings.warn(
                    f"Parameter '{path}' has not been initialized, so the resulting count will not "
                    "include the number of parameters in it.",
                    stacklevel=2,
                )
            else:
                size += param.size
        return size

    def zerograds(self) -> None:
        """Fills all gradients with zeros. Use ``cleargrads``."""
        warnings.warn(
            "Link.zerograds is deprecated. Use Link.cleargrads instead.", DeprecationWarning, 2
        )
        for param in self.params():
            if param.is_initialized:
                param.grad = param.xp.zeros_like(param.array)

    def cleargrads(self) -> None:
        """Forgets all gradients; call it before ``backward``."""
        for param in self.params():
            param.cleargrad()

    # -- devices -----------------------------------------------------------------------------------

    device = DeviceResident.device
    xp = DeviceResident.xp
    to_cpu = DeviceResident.to_cpu
    to_gpu = DeviceResident.to_gpu
    to_device = DeviceResident.to_device

    def _set(self, **values: Any) -> None:
        """What links of our own do with a state that is given to them."""
        for name, value in values.items():
            setattr(self, name, as_variable(value))

    def device_resident_accept(self, visitor: Any) -> None:
        """Shows parameters and arrays to a visitor, and then the links below."""
        visitor.visit_device_resident(self)
        for name in sorted(self._params):
            visitor.visit_variable(self.__dict__[name])
        if isinstance(visitor, _ToDevice):
            self._move(visitor.device._engine)  # what links of our own hold besides
        for name in sorted(self._persistent):
            value = self.__dict__[name]
            if isinstance(value, get_array_types()):
                self.__dict__[name] = visitor.visit_array(value)
        for child in self.children():
            child.device_resident_accept(visitor)

    # -- copies ------------------------------------------------------------------------------------

    def copy(self, mode: str = "share") -> Any:
        """Copies the link: ``share`` its arrays, ``copy`` them, or ``init`` them anew."""
        if mode == "share":
            twin = copy.copy(self)
            twin.__dict__.update(_params=set(self._params), _persistent=set(self._persistent))
            for name in twin._params:
                twin.__dict__[name] = sharing(self.__dict__[name])
        elif mode in ("copy", "init"):
            twin = copy.deepcopy(self)
            if mode == "init":
                for param in Link.params(twin, include_uninit=False):
                    param.initialize(param.shape)
        else:
            raise ValueError(MODES.format(mode))
        twin.name = None
        return twin

    def repeat(self, n_repeat: int, mode: str = "init") -> Any:
        """A Sequential of copies of this link."""
        from renkei.compat.chainer.sequential import Sequential

        if mode not in ("init", "copy", "share"):
            raise ValueError(MODES.format(mode))
        return Sequential(*(self.copy(mode) for _ in range(max(n_repeat, 0))))

    def copyparams(self, link: Any, copy_persistent: bool = True) -> None:
        """Copies the values of another link of the same structure into this one."""
        for name in self._params:
            copy_values(self.__dict__[name], link.__dict__[name])
        if not copy_persistent:
            return
        arrays = get_array_types()
        for name in self._persistent:
            mine, theirs = self.__dict__[name], link.__dict__[name]
            if isinstance(mine, arrays) and isinstance(theirs, arrays):
                mine[...] = self.device.send(theirs)
            else:
                self.__dict__[name] = copy.deepcopy(theirs)

    def addgrads(self, link: Any) -> None:
        """Adds the gradients of another link of the same structure to this one's."""
        for name in self._params:
            mine, theirs = self.__dict__[name], link.__dict__[name]
            if not mine.is_initialized and theirs.is_initialized and theirs.grad is not None:
                mine.initialize(theirs.shape)
                mine.cleargrad()
            mine.addgrad(theirs)

    # -- state -------------------------------------------------------------------------------------

    def serialize(self, serializer: Any) -> None:
        """Reads or writes parameters and persistent values with a serializer."""
        for name in sorted(self._params):
            param = self.__dict__[name]
            data = serializer(name, param.array)
            if param.array is None and data is not None:
                param.initialize(data.shape)
                param.array[...] = param.device.send(data)
        for name in sorted(self._persistent):
            self.__dict__[name] = serializer(name, self.__dict__[name])


class Chain(Link, OurChain):
    r"""A link with named links, assigned in ``init_scope`` or given as arguments.

    Args:
        links: the links by name.

    >>> from renkei.compat import chainer
    >>> class Model(chainer.Chain):
    ...     def __init__(self):
    ...         super().__init__()
    ...         with self.init_scope():
    ...             self.out = chainer.links.Linear(2, 3)
    ...     def forward(self, x):
    ...         return self.out(x)
    >>> print(Model())
    Model(
      (out): Linear(in_size=2, out_size=3, nobias=False),
    )
    """

    def __init__(self, **links: Any) -> None:
        super().__init__()
        self.__dict__["_children"] = set()
        for name, link in links.items():
            self.add_link(name, link)

    def __str__(self) -> str:
        return str_of_children(self, [(child.name, str(child)) for child in self.children()])

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def _take(self, name: str, value: Any) -> None:
        super()._take(name, value)
        if isinstance(value, OurLink):
            _adopt(value)
            self._children.add(name)

    def _register_value(self, name: str, value: Any) -> None:
        super()._register_value(name, value)
        if isinstance(value, OurLink):
            if hasattr(self, name):
                raise AttributeError(f"cannot register a new link {name}: attribute exists")
            value.name = name
            self._children.add(name)

    def __delattr__(self, name: str) -> None:
        self._children.discard(name)
        super().__delattr__(name)

    def add_link(self, name: str, link: Any) -> None:
        """Registers a link under a name."""
        if name in self.__dict__:
            raise AttributeError(f"cannot register a new link {name}: attribute exists")
        if not isinstance(link, OurLink):
            raise TypeError("cannot register a non-link object as a child")
        with self.init_scope():
            setattr(self, name, link)

    def _named_children(self) -> list[tuple[str, Any]]:
        return [(name, self.__dict__[name]) for name in sorted(self._children)]

    def copy(self, mode: str = "share") -> Any:
        twin = super().copy(mode)
        twin.__dict__["_children"] = set(self._children)
        for name in twin._children:
            # Not through twin's own attributes: a deep copy has been made of them already.
            child = self.__dict__[name].copy(mode) if mode == "share" else twin.__dict__[name]
            child.name = name
            twin.__dict__[name] = child
        return twin

    def copyparams(self, link: Any, copy_persistent: bool = True) -> None:
        super().copyparams(link, copy_persistent)
        for name in self._children:
            self.__dict__[name].copyparams(link.__dict__[name], copy_persistent)

    def addgrads(self, link: Any) -> None:
        super().addgrads(link)
        for name in self._children:
            self.__dict__[name].addgrads(link.__dict__[name])

    def serialize(self, serializer: Any) -> None:
        super().serialize(serializer)
        for name, child in self._named_children():
            child.serialize(serializer[name])


class ChainList(Link, OurChainList):
    r"""A list of links.

    Args:
        links: the links in order.

    >>> from renkei.compat import chainer
    >>> layers = chainer.ChainList(chainer.Link(w=2), chainer.Link(w=3))
    >>> [path for path, _ in layers.namedparams()]
    ['/0/w', '/1/w']
    """

    _containers: ClassVar[tuple[str, ...]] = ("_children",)

    def __init__(self, *links: Any) -> None:
        super().__init__()
        self.__dict__["_children"] = []
        for link in links:
            self.add_link(link)

    def __str__(self) -> str:
        return str_of_children(self, [(c.name, str(c)) for c in self.children()])

    def _register_value(self, name: str, value: Any) -> None:
        super()._register_value(name, value)
        if isinstance(value, OurLink):
            raise TypeError(
                'cannot register a new link within a "with chainlist.init_scope():" block.'
            )

    def _items(self) -> list[Any]:
        return self._children

    def _renumber(self) -> None:
        for i, child in enumerate(self._children):
            child.name = str(i)

    def _accepted(self, item: Any) -> Any:
        return _adopt(item) if self._building else item

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, int):
            value = self._accepted(value)
            value.name = str(index % len(self))
            self._children[index] = value
        elif isinstance(index, slice):
            self._children[index] = [self._accepted(item) for item in value]
            self._renumber()
        else:
            raise TypeError(
                f"ChainList indices must be integers or slices, not {type(index).__name__}"
            )

    def __getitem__(self, index: Any) -> Any:
        return self._children[index]

    def __delitem__(self, index: Any) -> None:
        del self._children[index]
        self._renumber()

    def insert(self, index: int, link: Any) -> None:
        """Adds a link before a position."""
        if index == len(self._children):
            self._children.append(self._accepted(link))
            link.name = str(index)
        else:
            self._children.insert(index, self._accepted(link))
            self._renumber()

    def append(self, link: Any) -> None:
        """Adds a link at the end."""
        self.insert(len(self), link)

    def add_link(self, link: Any) -> None:  # type: ignore[override]
        """Adds a link at the end."""
        self.append(link)

    def pop(self, index: int = -1) -> Any:
        """Takes a link out and returns it."""
        link = self[index]
        del self[index]
        return link

    def remove(self, value: Any) -> None:
        """Takes the first such link out."""
        del self[self._children.index(value)]

    def clear(self) -> None:
        """Takes all links out."""
        self._children.clear()

    def reverse(self) -> None:
        """Turns the order around."""
        self._children.reverse()
        self._renumber()

    def index(self, value: Any, *bounds: int) -> int:
        """The position of a link."""
        return self._children.index(value, *bounds)

    def count(self, value: Any) -> int:
        """How often a link occurs."""
        return self._children.count(value)

    def __iadd__(self, values: Any) -> Any:
        self.extend(values)
        return self

    def _named_children(self) -> list[tuple[str, Any]]:
        return [(str(i), child) for i, child in enumerate(self._children)]

    def copy(self, mode: str = "share") -> Any:
        twin = super().copy("share")
        twin.__dict__["_children"] = [child.copy(mode) for child in self._children]
        twin._renumber()
        return twin

    def copyparams(self, link: Any, copy_persistent: bool = True) -> None:
        super().copyparams(link, copy_persistent)
        for i, child in enumerate(self._children):
            child.copyparams(link[i], copy_persistent)

    def addgrads(self, link: Any) -> None:
        super().addgrads(link)
        for mine, theirs in zip(self._children, link, strict=False):
            mine.addgrads(theirs)

    def serialize(self, serializer: Any) -> None:
        super().serialize(serializer)
        for i, child in enumerate(self._children):
            child.serialize(serializer[str(i)])


def _adopt(value: Any) -> Any:
    """Gives a link of our own, which another one of ours has made, Chainer's rules and class."""
    if isinstance(value, Link) or not isinstance(value, OurLink):
        return value
    from renkei.compat.chainer.links._adopt import adopt

    return adopt(value)
