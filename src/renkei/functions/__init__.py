"""F: functions by family. Arrays in, arrays out; a Variable among them, Variables out.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "arithmetic": "absolute add divide multiply negative power subtract",
    "broadcast": "broadcast broadcast_to sum_to",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
