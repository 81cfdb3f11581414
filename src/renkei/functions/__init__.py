"""F: functions by family. Arrays in, arrays out; a Variable among them, Variables out.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "arithmetic": "absolute add divide fmod maximum minimum multiply negative power subtract",
    "broadcast": "broadcast broadcast_to sum_to",
    "conv": "convolution_1d convolution_2d convolution_3d convolution_nd deconvolution_1d "
    "deconvolution_2d deconvolution_3d deconvolution_nd depthwise_convolution_2d "
    "dilated_convolution_2d",
    "im2col": "im2col",
    "linalg": "batch_matmul matmul tensordot",
    "math": "arccos arcsin arctan arctan2 arctanh ceil clip cos cosh exp expm1 fix floor log log1p "
    "log2 log10 rsqrt sign sin sinh sqrt square squared_difference tan",
    "reduction": "argmax argmin average batch_l2_norm_squared cumprod cumsum logsumexp max mean "
    "min prod sum",
    "special": "erf erfc erfcinv erfcx erfinv log_ndtr ndtr ndtri",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
