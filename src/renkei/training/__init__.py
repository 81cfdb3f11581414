"""Training: a loop that extensions watch. All of it also works from a plain ``for`` loop."""

from renkei._lazy import lazy

_FAMILIES = {
    "extension": "PRIORITY_EDITOR PRIORITY_READER PRIORITY_WRITER Extension make_extension",
    "extensions": "",
    "parallel": "MultiprocessParallelUpdater ParallelUpdater",
    "progress": "Progress",
    "trainer": "Trainer",
    "triggers": (
        "BestValueTrigger EarlyStoppingTrigger IntervalTrigger ManualScheduleTrigger "
        "MaxValueTrigger MinValueTrigger OnceTrigger TimeTrigger get_trigger"
    ),
    "updater": "StandardUpdater",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
