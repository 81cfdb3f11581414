"""DumpGraph: the computational graph of the first iteration as a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from renkei.compat.chainer.training.extension import Extension
from renkei.compat.chainer.training.extensions._reports import _pick
from renkei.core.config import config
from renkei.core.variable import Variable

__all__ = ["DumpGraph"]


class DumpGraph(Extension):
    r"""Writes the graph below a reported value in the dot language, once; a picture if dot runs.

    Args:
        root_name: the name of the value, as in ``"main/loss"``.
        filename: the file's name in the output directory. It was called ``out_name`` once.
        variable_style: dot attributes of Variables.
        function_style: dot attributes of functions.
    """

    default_name: Any = "dump_graph"

    def __init__(
        self,
        root_name: str,
        filename: str | None = None,
        variable_style: dict[str, Any] | None = None,
        function_style: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._filename = _pick(kwargs, "out_name", filename, "cg.dot")
        self._root_name = root_name
        self._styles: dict[str, Any] = {}
        if variable_style is not None:
            self._styles["variable_style"] = variable_style
        if function_style is not None:
            self._styles["function_style"] = function_style
        self._original_flag: Any = None
        self._flag_called = False

    def initialize(self, trainer: Any) -> None:
        """Lets reports keep their graphs until one was written."""
        if not self._flag_called:
            self._original_flag = config.keep_graph_on_report
            config.keep_graph_on_report = True

    def trigger(self, trainer: Any) -> bool:  # type: ignore[override]
        """Fires once."""
        fires, self._flag_called = not self._flag_called, True
        return fires

    def __call__(self, trainer: Any) -> None:
        from renkei.compat.chainer.computational_graph import build_computational_graph

        try:
            root = trainer.observation[self._root_name]
            if not isinstance(root, Variable):
                raise TypeError("root value is not a Variable")
            text = build_computational_graph([root], **self._styles).dump()
            path = os.path.join(trainer.out, self._filename)
            with open(path, "w") as file:
                file.write(text)
            if shutil.which("dot"):
                picture = os.path.splitext(path)[0] + ".png"
                subprocess.check_call(["dot", "-Tpng", path, "-o", picture])
        finally:
            config.keep_graph_on_report = self._original_flag

    def serialize(self, serializer: Any) -> None:
        """Reads or writes whether the graph was written."""
        self._original_flag = serializer("_original_flag", self._original_flag)
        self._flag_called = bool(serializer("_flag_called", self._flag_called))
