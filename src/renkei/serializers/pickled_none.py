"""Recognises, without unpickling anything, the one pickle that Chainer writes into npz files.

Chainer stores None as an array of no axes that holds None; NumPy pickles that. We compare the
opcodes with those of the pickle that NumPy would write, whatever the protocol, and run none.
"""

from __future__ import annotations

import pickletools
from functools import cache
from typing import Any

__all__ = ["PICKLED_NONE", "is_pickled_none"]

# numpy.array(None) in protocol 3, under the module's name that old and new NumPy both know.
PICKLED_NONE = (
    b"\x80\x03cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02C\x01b"
    b"q\x03\x87q\x04Rq\x05(K\x01)cnumpy\ndtype\nq\x06X\x02\x00\x00\x00O8q\x07\x89\x88\x87q\x08Rq\t("
    b"K\x03X\x01\x00\x00\x00|q\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0bb\x89]q\x0cNatq\rb."
)
LONGEST = 1000  # bytes; those of all protocols have fewer than 300

_PLUMBING = {"PROTO", "FRAME", "MARK"}
_SAME = {
    "NEWFALSE": "False",
    "NEWTRUE": "True",
    "EMPTY_LIST": "LIST",
    "EMPTY_TUPLE": "TUPLE",
    "TUPLE1": "TUPLE",
    "TUPLE2": "TUPLE",
    "TUPLE3": "TUPLE",
    "APPENDS": "APPEND",
}
_ENCODED = ("_codecs.encode", "'b'", "'latin1'", "TUPLE", "REDUCE")  # b"b" in old protocols


def is_pickled_none(data: bytes) -> bool:
    r"""Whether a pickle is that of ``numpy.array(None)``, by its opcodes alone.

    >>> from renkei.serializers.pickled_none import PICKLED_NONE, is_pickled_none
    >>> is_pickled_none(PICKLED_NONE), is_pickled_none(b"cos\nsystem\n(S'true'\ntR.")
    (True, False)
    """
    return len(data) <= LONGEST and _essence(data) == _wanted()


@cache
def _wanted() -> tuple[str, ...] | None:
    return _essence(PICKLED_NONE)


def _essence(data: bytes) -> tuple[str, ...] | None:
    """The names and values that a pickle mentions, in order, without how it says so."""
    words: list[str] = []
    memo: dict[int, str] = {}
    end = 0
    try:
        for opcode, argument, position in pickletools.genops(data):
            end = (position or 0) + 1
            _note(opcode.name, argument, words, memo)
    except Exception:  # pickletools has no error class of its own; damaged is simply not None
        return None
    at = words.index(_ENCODED[0]) if _ENCODED[0] in words else 0
    if tuple(words[at : at + 5]) == _ENCODED:
        words[at : at + 5] = ["'b'"]
    return tuple(words) if end == len(data) else None


def _note(name: str, argument: Any, words: list[str], memo: dict[int, str]) -> None:
    if name in _PLUMBING:
        return
    if name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
        memo[len(memo) if argument is None else int(argument)] = words[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        words.append(memo[int(argument)])
    elif name == "GLOBAL":
        words.append(_module(argument.replace(" ", ".")))
    elif name == "STACK_GLOBAL":
        attribute, module = words.pop(), words.pop()
        words.append(_module(f"{module[1:-1]}.{attribute[1:-1]}"))
    elif isinstance(argument, bytes):
        words.append(repr(argument.decode("latin-1")))
    else:
        words.append(_SAME.get(name, name) if argument is None else repr(argument))


def _module(name: str) -> str:
    return name.replace("numpy._core.", "numpy.core.")
