"""Hooks that come with Chainer."""

from renkei.compat.chainer.function_hooks.cuda_profile import CUDAProfileHook
from renkei.compat.chainer.function_hooks.cupy_memory_profile import CupyMemoryProfileHook
from renkei.compat.chainer.function_hooks.debug_print import PrintHook
from renkei.compat.chainer.function_hooks.timer import TimerHook

__all__ = ["CUDAProfileHook", "CupyMemoryProfileHook", "PrintHook", "TimerHook"]
