"""DumpGraph and unchain_variables: extensions about the recorded graph of what is reported."""

from __future__ import annotations

import os
import shutil
from typing import Any

from renkei.capture.draw import graph_to_dot, to_svg
from renkei.core.config import config
from renkei.core.errors import UsageError
from renkei.core.variable import Variable
from renkei.serializers.atomic import atomic_write
from renkei.training.extension import Extension

__all__ = ["DumpGraph", "unchain_variables"]


class DumpGraph(Extension):
    r"""Writes the graph of the first iteration in Graphviz' dot language, and as SVG if it can.

    Until then reported Variables keep their graph.

    Args:
        root_name: the reported Variable that the graph led to, as in ``"main/loss"``.
        filename: the file's name in the output directory; the SVG has ``.svg`` in place of its
            ending.
        options: those of ``renkei.capture.graph_to_dot``.

    Raises:
        UsageError: nothing was reported under that name, or no Variable.
    """

    def __init__(self, root_name: str, filename: str = "cg.dot", **options: Any) -> None:
        self._root_name, self._filename, self._options = root_name, filename, options
        self._done, self._kept = False, None

    def trigger(self, progress: Any) -> bool:
        """Fires once."""
        return not self._done

    def initialize(self, progress: Any) -> None:
        if not self._done:
            self._kept = config.keep_graph_on_report
            config.keep_graph_on_report = True

    def __call__(self, progress: Any) -> None:
        self._done = True
        self.finalize()
        root = progress.observation.get(self._root_name)
        if not isinstance(root, Variable):
            known = ", ".join(progress.observation) or "nothing"
            raise UsageError(
                f"DumpGraph({self._root_name!r})",
                f"{root!r} under this name",
                "a reported Variable",
                f"There was reported: {known}.",
            )
        if progress.out is None:
            return
        path = os.path.join(progress.out, self._filename)
        with atomic_write(path, "w") as file:
            file.write(self._dot(root))
        image = self._svg(root)
        if image is not None:
            with atomic_write(os.path.splitext(path)[0] + ".svg", "w") as file:
                file.write(image)

    def _dot(self, root: Any) -> str:
        return graph_to_dot(root, **self._options)

    def _svg(self, root: Any) -> str | None:
        try:
            return to_svg(root, **self._options) if shutil.which("dot") else None
        except ImportError:  # the text is enough
            return None

    def finalize(self) -> None:
        if self._kept is not None:
            config.keep_graph_on_report = self._kept
            self._kept = None


class unchain_variables(Extension):
    """Lets the graphs of reported Variables go, after all that may have wanted them.

    For trainings with ``config.keep_graph_on_report``; otherwise there is nothing to let go.
    """

    priority = 0

    def __call__(self, progress: Any) -> None:
        for value in progress.observation.values():
            if isinstance(value, Variable):
                value.unchain_backward()  # type: ignore[attr-defined]
