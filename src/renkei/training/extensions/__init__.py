"""Extensions: what to do beside training. Each takes a Progress: all work in a plain loop."""

from renkei._lazy import lazy

_FAMILIES = {
    "evaluator": "Evaluator",
    "fail_on_non_number": "FailOnNonNumber",
    "graph": "DumpGraph unchain_variables",
    "log_report": "LogReport",
    "micro_average": "MicroAverage",
    "observe": "observe_lr observe_value",
    "parameter_statistics": "ParameterStatistics VariableStatisticsPlot",
    "plot_report": "PlotReport",
    "print_report": "PrintReport",
    "progress_bar": "ProgressBar",
    "shift": (
        "ExponentialShift InverseShift LinearShift MultistepShift PolynomialShift StepShift "
        "WarmupShift"
    ),
    "snapshot": "Snapshot snapshot snapshot_object",
    "snapshot_writers": (
        "ProcessQueueWriter ProcessWriter SimpleWriter ThreadQueueWriter ThreadWriter"
    ),
    "weight_averaging": "WeightAveraging",
    "tensorboard_report": "TensorBoardReport",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
