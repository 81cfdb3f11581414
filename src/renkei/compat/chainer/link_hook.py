"""LinkHook: sees links run. ``get_link_hooks`` lists those in force."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from renkei.core.config import current
from renkei.core.hooks import LinkHook as OurLinkHook

__all__ = ["LinkHook", "get_link_hooks"]


class LinkHook(OurLinkHook):
    r"""The base of hooks that see every link run, in a ``with`` block or by ``link.add_hook``.

    ``args`` has the fields ``link``, ``forward_name``, ``args``, ``kwargs`` and, after, ``out``.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> class Names(chainer.LinkHook):
    ...     def forward_preprocess(self, args):
    ...         print(type(args.link).__name__)
    >>> with Names():
    ...     y = chainer.links.Linear(2, 1)(np.ones((1, 2), np.float32))
    Linear
    """

    name = "LinkHook"

    def __enter__(self) -> Any:
        if self.name in get_link_hooks():
            raise KeyError(f"hook {self.name} already exists")
        return super().__enter__()


def get_link_hooks() -> OrderedDict[str, Any]:
    """The hooks in force for all links in this thread, by name."""
    hooks = current().link_hooks
    return OrderedDict((hook.name or type(hook).__name__, hook) for hook in hooks)
