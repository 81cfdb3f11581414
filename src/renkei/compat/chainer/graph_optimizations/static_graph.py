"""``static_graph``: a decorator that changes nothing but the promise to be faster.

Results, gradients and side effects are those of the plain definition by run, every time. Schedules
of functions are not built, so the classes that describe them only answer that they are empty.
"""

from __future__ import annotations

import functools
import weakref
from typing import Any

from renkei.compat.chainer.function_node import FunctionNode
from renkei.core.errors import UsageError

__all__ = [
    "ArrayInfo",
    "ScheduleInfo",
    "ScheduleManager",
    "StaticScheduleFunction",
    "static_graph",
]


def static_graph(*args: Any, **kwargs: Any) -> Any:
    """A decorator for the ``__call__`` or ``forward`` of a Chain whose graph never changes.

    Args:
        args: the method, or nothing.
        kwargs: ``force_test_define_by_run``, ``minimize_cache_size``, ``verbosity_level`` and
            ``enable_double_backprop``; they change nothing.
    """
    known = "force_test_define_by_run minimize_cache_size verbosity_level enable_double_backprop"
    unknown = set(kwargs) - set(known.split())
    if unknown:
        raise TypeError(f"static_graph() got unexpected keyword argument(s) {sorted(unknown)}")

    def decorate(method: Any) -> Any:
        @functools.wraps(method)
        def call(chain: Any, *inputs: Any, **options: Any) -> Any:
            if not hasattr(chain, "schedule_manager"):
                object.__setattr__(chain, "schedule_manager", ScheduleManager())
            return method(chain, *inputs, **options)

        return call

    if len(args) == 1 and callable(args[0]) and not kwargs:
        return decorate(args[0])
    return decorate


class ScheduleManager:
    """Holds the schedules of a chain, of which there are none.

    Args:
        minimize_cache_size: of no effect.
        verbosity_level: of no effect.
    """

    def __init__(self, minimize_cache_size: bool = True, verbosity_level: int = 0) -> None:
        self.minimize_cache_size, self.verbosity_level = minimize_cache_size, verbosity_level
        self.schedules: dict[Any, Any] = {}

    def get_schedule(self, in_vars: Any, enable_double_backprop: bool = False) -> Any:
        """A schedule for inputs: a new, empty one."""
        return StaticScheduleFunction(self, self.verbosity_level, enable_double_backprop)

    def end_forward(self) -> None:
        """Says that a forward pass ended without a backward pass: nothing to do."""

    def __repr__(self) -> str:
        return "ScheduleManager: no schedules"


class StaticScheduleFunction(FunctionNode):
    """A schedule of functions; always empty, because nothing is scheduled.

    Args:
        schedule_manager: its manager.
        verbosity_level: of no effect.
        enable_double_backprop: of no effect.
    """

    def __init__(
        self, schedule_manager: Any, verbosity_level: int = 0, enable_double_backprop: bool = False
    ) -> None:
        self.schedule_manager, self.verbosity_level = schedule_manager, verbosity_level
        self.enable_double_backprop = enable_double_backprop

    def is_empty(self) -> bool:
        """True: nothing is scheduled."""
        return True

    def get_contained_schedule(self) -> Any:
        """There is none."""
        self._refuse("get_contained_schedule")

    def _refuse(self, name: str) -> Any:
        raise UsageError(
            f"StaticScheduleFunction.{name}",
            hint="Static graphs run by definition here; there are no schedules to edit.",
        )

    def append_function(self, func: Any, args: Any, kwargs: Any, func_name: Any = None) -> None:
        """Schedules cannot be edited."""
        self._refuse("append_function")

    def build_schedule(self, chain: Any, in_vars: Any) -> None:
        """Schedules are not built."""
        self._refuse("build_schedule")

    def set_out_variables(self, out_vars: Any) -> None:
        """Schedules cannot be edited."""
        self._refuse("set_out_variables")

    def get_unique_index_from_array(self, array: Any) -> Any:
        """No array belongs to a schedule."""
        return None

    def debug_print_ref_counts(self) -> None:
        """There is nothing to print."""

    def debug_print_unique_arrays_info(self) -> None:
        """There is nothing to print."""

    def run_in_var_hooks(self, input_var_arrays: Any) -> None:
        """There are no hooks."""

    def run_out_var_hooks(self) -> None:
        """There are no hooks."""

    def run_param_pre_hooks(self) -> None:
        """There are no hooks."""

    def run_param_post_hooks(self) -> None:
        """There are no hooks."""

    def __repr__(self) -> str:
        return "StaticScheduleFunction: empty"


class ScheduleInfo:
    """One call of a schedule.

    Args:
        func: the function.
        args: its positional arguments.
        kwargs: its keyword arguments.
        inputs_hooks: of no effect.
        outputs_hooks: of no effect.
        return_hooks: of no effect.
        delete_hooks: of no effect.
        unique_arrays: of no effect.
        array_infos: of no effect.
        func_name: shown by ``repr``.
    """

    def __init__(
        self, func: Any, args: Any, kwargs: Any, inputs_hooks: Any, outputs_hooks: Any,
        return_hooks: Any, delete_hooks: Any, unique_arrays: Any, array_infos: Any,
        func_name: str | None = None,
    ) -> None:  # fmt: skip
        self.func, self.args, self.kwargs = func, args, kwargs
        self.func_name = func_name or getattr(func, "__name__", "function")

    def run_pre_hooks(self) -> None:
        """There are no hooks."""

    def run_post_hooks(self, return_arrays: Any) -> None:
        """There are no hooks."""

    def __call__(self) -> Any:
        return self.func(*self.args, **self.kwargs)

    def __repr__(self) -> str:
        return f"ScheduleInfo: {self.func_name}"


class ArrayInfo:
    """Shape and dtype of an array, and whether it still lives.

    Args:
        array: the array.
    """

    def __init__(self, array: Any) -> None:
        self.weak_ref = weakref.ref(array)
        self.id, self.shape, self.dtype = id(array), array.shape, array.dtype

    def was_deleted(self) -> bool:
        """Whether the array is gone."""
        return self.weak_ref() is None

    def get_new_empty_array(self) -> Any:
        """An uninitialized array of the same shape and dtype."""
        import numpy as np

        return np.empty(self.shape, self.dtype)

    def __repr__(self) -> str:
        return f"shape: {self.shape}, dtype: {self.dtype}"
