"""Helpers to test functions, links and kernels, ours and yours."""

from renkei._lazy import lazy

_FAMILIES = {
    "case": "Case load_cases",
    "compare": "assert_allclose",
    "function": (
        "check_arrays check_dtypes check_empty check_forward check_function check_gradients "
        "check_keeps check_layouts"
    ),
    "gradient": "gradient_check numerical_grad",
    "kernel": "check_kernel check_kernels recorded_kernels",
    "link": "check_link",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
