"""Marks functions in CUDA's profiler."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer.backends import cuda
from renkei.compat.chainer.function_hook import FunctionHook

__all__ = ["CUDAProfileHook"]


class CUDAProfileHook(FunctionHook):
    """Marks each function as a range of NVIDIA's profiler."""

    name = "CUDAProfileHook"

    def __init__(self) -> None:
        cuda.check_cuda_available()

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        cuda.cupy.cuda.nvtx.RangePush(f"{function.label}.forward")

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        cuda.cupy.cuda.nvtx.RangePop()

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        cuda.cupy.cuda.nvtx.RangePush(f"{function.label}.backward")

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        cuda.cupy.cuda.nvtx.RangePop()
