# The compiled module; src/native/bind/module.cpp says what the functions do.
from collections.abc import Sequence
from typing import Any, TypedDict

from numpy import ndarray

class Info(TypedDict):
    isa: str
    isas_built: list[str]
    threads: int
    compiler: str
    version: str

def info() -> Info: ...
def num_threads() -> int: ...
def set_num_threads(count: int) -> None: ...
def sgd_step(
    ps: list[ndarray], gs: list[ndarray], *, lr: float, grad_scale: float = 1.0
) -> None: ...
def momentum_sgd_step(
    ps: list[ndarray],
    gs: list[ndarray],
    vs: list[ndarray],
    *,
    lr: float,
    momentum: float,
    grad_scale: float = 1.0,
) -> None: ...
def adam_step(
    ps: list[ndarray],
    gs: list[ndarray],
    ms: list[ndarray],
    vs: list[ndarray],
    *,
    alpha_ts: Sequence[float],
    beta1: float,
    beta2: float,
    eps: float,
    eta: float = 1.0,
    weight_decay_rate: float = 0.0,
    grad_scale: float = 1.0,
) -> None: ...
def softmax_cross_entropy(
    x: ndarray,
    t: ndarray,
    loss: ndarray,
    log_z: ndarray,
    ignore_label: int = -1,
    class_weight: ndarray | None = None,
) -> None: ...
def softmax_cross_entropy_grad(
    x: ndarray,
    t: ndarray,
    log_z: ndarray,
    coeff: ndarray,
    gx: ndarray,
    ignore_label: int = -1,
    class_weight: ndarray | None = None,
) -> None: ...
def convolution(
    x: ndarray,
    W: ndarray,
    b: ndarray | None,
    y: ndarray,
    stride: Sequence[int],
    pad: Sequence[int],
    dilate: Sequence[int],
    groups: int,
) -> None: ...
def deconvolution(
    x: ndarray,
    W: ndarray,
    b: ndarray | None,
    y: ndarray,
    stride: Sequence[int],
    pad: Sequence[int],
    dilate: Sequence[int],
    groups: int,
) -> None: ...
def convolution_grad_w(
    x: ndarray,
    gy: ndarray,
    gW: ndarray,
    stride: Sequence[int],
    pad: Sequence[int],
    dilate: Sequence[int],
    groups: int,
) -> None: ...
def _probe(n: int, grain: int, fail_at: int = -1, nested: bool = False) -> tuple[int, int]: ...
def _exp(x: Any, y: Any) -> None: ...
