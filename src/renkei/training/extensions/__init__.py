"""Extensions: what to do beside training. Each takes a Progress: all work in a plain loop."""

from renkei._lazy import lazy

_FAMILIES = {
    "evaluator": "Evaluator",
    "fail_on_non_number": "FailOnNonNumber",
    "log_report": "LogReport",
    "observe": "observe_lr observe_value",
    "plot_report": "PlotReport",
    "print_report": "PrintReport",
    "progress_bar": "ProgressBar",
    "shift": "ExponentialShift",
    "snapshot": "Snapshot snapshot snapshot_object",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
