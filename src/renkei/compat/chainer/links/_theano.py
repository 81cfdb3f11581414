"""TheanoFunction: named so that programs import; Theano itself does not run any more."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer.link import Link

__all__ = ["TheanoFunction"]


class TheanoFunction(Link):
    """A function compiled by Theano, in Chainer; raises here."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        raise RuntimeError("Theano has ended, and its last version runs on no Python of today.")
