"""Connectionist temporal classification: the forward-backward algorithm over labels and blanks."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel
from renkei.core.errors import RangeError

NEVER = -1e30  # the logarithm of the probability of what cannot be; finite, so that no NaN arises

_CALL = "connectionist_temporal_classification(x, t, ...)"


@kernel("ctc", backend="reference")
def ctc(x: Any, t: Any, input_length: Any, label_length: Any, *, blank: int) -> tuple[Any, Any]:
    r"""The loss of each example, and log alpha.

    ``x``: scores before softmax (time, batch, class); ``t``: integers (batch, label);
    ``input_length``, ``label_length``: integers (batch,). ``loss``: (batch,), infinite where the
    input is too short for its labels. ``alpha``: (time, batch, 2 label + 1), at least float32.
    """
    xp = get_array_module(x)
    _check(xp, x, t, input_length, label_length)
    path = _path(xp, t, label_length, blank)
    emit = xp.take_along_axis(_log_softmax(xp, x), path[None], axis=2)
    skip = _skips(xp, path)
    alpha = xp.full(emit.shape, NEVER, emit.dtype)
    alpha[0, :, :2] = emit[0, :, :2]
    for time in range(1, len(x)):
        alpha[time] = _stepped(xp, alpha[time - 1], skip) + emit[time]
    last = alpha[input_length - 1, xp.arange(x.shape[1])]  # (batch, path)
    ends = xp.where(_ends(xp, path, label_length), last, NEVER)
    loss = -_logsumexp(xp, ends)
    loss[loss > -NEVER / 2] = xp.inf
    return loss.astype(x.dtype, copy=False), alpha


@kernel("ctc_grad", backend="reference")
def ctc_grad(
    x: Any, t: Any, input_length: Any, label_length: Any, alpha: Any, gy: Any, *, blank: int
) -> Any:
    r"""The gradient by ``x``: softmax(x) less the probability of each class given the labels.

    ``gy``: (batch,). It is 0 after the end of an input, and where the loss is infinite.
    """
    xp = get_array_module(x)
    n_time, n_batch, n_class = x.shape
    path = _path(xp, t, label_length, blank)
    log_p = _log_softmax(xp, x)
    emit = xp.take_along_axis(log_p, path[None], axis=2)
    skip, ends = _skips(xp, path), _ends(xp, path, label_length)
    last = alpha[input_length - 1, xp.arange(n_batch)]
    log_z = _logsumexp(xp, xp.where(ends, last, NEVER))
    finish = xp.where(ends, 0, NEVER).astype(emit.dtype)
    beta = xp.full(path.shape, NEVER, emit.dtype)  # of what comes after this time
    labels = xp.empty_like(emit)  # the probability of each place of the path, given the labels
    for time in range(n_time - 1, -1, -1):
        beta = xp.where((time == input_length - 1)[:, None], finish, beta)
        labels[time] = xp.exp(xp.minimum(alpha[time] + beta - log_z[:, None], 0))
        beta = _stepped_back(xp, beta + emit[time], skip)
    active = xp.arange(n_time)[:, None] < input_length
    scale = gy * (log_z > NEVER / 2)
    labels *= (active * scale)[:, :, None]
    gx = xp.exp(log_p)
    gx *= (active * scale)[:, :, None]
    rows = xp.arange(n_time * n_batch).reshape(n_time, n_batch, 1) * n_class
    flat = gx.reshape(-1)
    xp.subtract.at(flat, (rows + path).ravel(), labels.astype(flat.dtype, copy=False).ravel())
    return flat.reshape(x.shape).astype(x.dtype, copy=False)


def _check(xp: Any, x: Any, t: Any, input_length: Any, label_length: Any) -> None:
    n_time, _, n_class = x.shape
    if input_length.size == 0:
        return
    if int(input_length.min()) < 1 or int(input_length.max()) > n_time:
        raise RangeError(_CALL, f"input_length {input_length}", f"lengths from 1 to {n_time}")
    if int(label_length.min()) < 0 or int(label_length.max()) > t.shape[1]:
        raise RangeError(_CALL, f"label_length {label_length}", f"lengths from 0 to {t.shape[1]}")
    used = xp.arange(t.shape[1]) < label_length[:, None]
    bad = used & ((t < 0) | (t >= n_class))
    if bad.any():
        hint = "Give label_length, so that padding is not read."
        raise RangeError(_CALL, f"label {int(t[bad][0])}", f"labels in [0, {n_class})", hint)


def _path(xp: Any, t: Any, label_length: Any, blank: int) -> Any:
    """Labels with blanks between, before and after: (batch, 2 label + 1)."""
    n_batch, n_label = t.shape
    path = xp.full((n_batch, 2 * n_label + 1), blank, xp.int64)
    path[:, 1::2] = xp.where(xp.arange(n_label) < label_length[:, None], t, blank)
    return path


def _skips(xp: Any, path: Any) -> Any:
    """Whether a place of the path can follow the one two before it: the labels differ."""
    skip = xp.zeros(path.shape, bool)
    skip[:, 2:] = path[:, 2:] != path[:, :-2]
    return skip


def _ends(xp: Any, path: Any, label_length: Any) -> Any:
    """The places where a path may end: the last label and the blank behind it."""
    place = xp.arange(path.shape[1])
    last = 2 * label_length[:, None]
    return (place == last) | (place == last - 1)


def _log_softmax(xp: Any, x: Any) -> Any:
    x = x.astype(xp.float32) if x.dtype == xp.float16 else x
    z = x - x.max(axis=2, keepdims=True)
    return z - xp.log(xp.exp(z).sum(axis=2, keepdims=True))


def _logsumexp(xp: Any, a: Any) -> Any:
    top = a.max(axis=1)
    return top + xp.log(xp.exp(a - top[:, None]).sum(axis=1))


def _stepped(xp: Any, a: Any, skip: Any) -> Any:
    """For each place, the logarithm of the sum over the places that can come before it."""
    one, two = xp.full_like(a, NEVER), xp.full_like(a, NEVER)
    one[:, 1:] = a[:, :-1]
    two[:, 2:] = xp.where(skip[:, 2:], a[:, :-2], NEVER)
    return _sum_of_three(xp, a, one, two)


def _stepped_back(xp: Any, a: Any, skip: Any) -> Any:
    """For each place, the logarithm of the sum over the places that can follow it."""
    one, two = xp.full_like(a, NEVER), xp.full_like(a, NEVER)
    one[:, :-1] = a[:, 1:]
    two[:, :-2] = xp.where(skip[:, 2:], a[:, 2:], NEVER)
    return _sum_of_three(xp, a, one, two)


def _sum_of_three(xp: Any, a: Any, b: Any, c: Any) -> Any:
    top = xp.maximum(xp.maximum(a, b), c)
    return top + xp.log(xp.exp(a - top) + xp.exp(b - top) + xp.exp(c - top))
