"""F: functions by family. Arrays in, arrays out; a Variable among them, Variables out.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "arithmetic": "absolute add divide fmod maximum minimum multiply negative power subtract",
    "broadcast": "broadcast broadcast_to sum_to",
    "linalg": "batch_matmul matmul tensordot",
    "math": "arccos arcsin arctan arctan2 arctanh ceil clip cos cosh exp expm1 fix floor log log1p "
    "log2 log10 rsqrt sign sin sinh sqrt square squared_difference tan",
    "reduction": "argmax argmin average batch_l2_norm_squared cumprod cumsum logsumexp max mean "
    "min prod sum",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
