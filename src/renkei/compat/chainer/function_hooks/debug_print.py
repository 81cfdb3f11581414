"""Prints what goes through functions."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from renkei.compat.chainer.function_hook import FunctionHook
from renkei.compat.chainer.variable import Variable

__all__ = ["PrintHook"]


class PrintHook(FunctionHook):
    """Prints every function with its inputs, and its output gradients on the way back.

    Args:
        sep: not used any more.
        end: printed behind each part.
        file: where to.
        flush: whether to flush the file each time.
    """

    name = "PrintHook"

    def __init__(
        self, sep: Any = None, end: str = "\n", file: TextIO | None = None, flush: bool = True
    ) -> None:
        self.sep, self.end, self.file, self.flush = sep, end, file or sys.stdout, flush

    def _print(self, *words: Any) -> None:
        print(*words, end=self.end, file=self.file)
        if self.flush:
            self.file.flush()

    def _show(self, title: str, arrays: Any) -> None:
        self._print(title)
        for array in arrays:
            if array is not None:
                self._print(Variable(array, requires_grad=False).debug_print())

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self._print(f"function\t{function.label}")
        self._show("input data", in_data)

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self._print(f"function\t{function.label}")
        self._show("input data", in_data)
        self._show("output gradient", out_grad)
