"""Convolutions against loops over every output element and every place in the window."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import signal

import renkei.functions as F
from renkei.testing import Case


def sizes(value, n):
    return value if isinstance(value, tuple) else (value,) * n


def pairs(insize, ksize, stride, pad, dilate, outsize):
    """Every (input place, window place, output place) of a convolution that lies inside."""
    for out in itertools.product(*map(range, outsize)):
        for k in itertools.product(*map(range, ksize)):
            at = tuple(o * s - p + i * d for o, s, p, i, d in zip(out, stride, pad, k, dilate))
            if all(0 <= a < n for a, n in zip(at, insize)):
                yield at, k, out


def outsizes(insize, ksize, stride, pad, dilate, cover_all):
    result = []
    for n, k, s, p, d in zip(insize, ksize, stride, pad, dilate):
        free = n + 2 * p - d * (k - 1) - 1
        result.append((-(-free // s) if cover_all else free // s) + 1)
    return tuple(result)


def looped(x, W, b=None, stride=1, pad=0, cover_all=False, dilate=1, groups=1):
    n = x.ndim - 2
    stride, pad, dilate = sizes(stride, n), sizes(pad, n), sizes(dilate, n)
    outsize = outsizes(x.shape[2:], W.shape[2:], stride, pad, dilate, cover_all)
    y = np.zeros((x.shape[0], W.shape[0], *outsize))
    share, part = W.shape[0] // groups, W.shape[1]
    for at, k, out in pairs(x.shape[2:], W.shape[2:], stride, pad, dilate, outsize):
        for o in range(W.shape[0]):
            for c in range(part):
                seen = x[(slice(None), o // share * part + c, *at)]
                y[(slice(None), o, *out)] += seen * W[(o, c, *k)]
    return y if b is None else y + b.reshape(-1, *(1,) * n)


def painted(x, W, b=None, stride=1, pad=0, outsize=None, dilate=1, groups=1):
    n = x.ndim - 2
    stride, pad, dilate = sizes(stride, n), sizes(pad, n), sizes(dilate, n)
    insize, ksize = x.shape[2:], W.shape[2:]
    if outsize is None:
        axes = zip(insize, ksize, stride, pad, dilate)
        outsize = tuple(s * (i - 1) + d * (k - 1) + 1 - 2 * p for i, k, s, p, d in axes)
    outsize = sizes(outsize, n)
    share, part = W.shape[0] // groups, W.shape[1]
    y = np.zeros((x.shape[0], part * groups, *outsize))
    for at, k, place in pairs(outsize, ksize, stride, pad, dilate, insize):
        for c in range(W.shape[0]):
            for o in range(part):
                seen = x[(slice(None), c, *place)]
                y[(slice(None), c // share * part + o, *at)] += seen * W[(c, o, *k)]
    return y if b is None else y + b.reshape(-1, *(1,) * n)


def correlated(x, W, b):
    """SciPy's word on the plain case."""
    maps = [
        [sum(signal.correlate2d(i, k, "valid") for i, k in zip(image, w)) for w in W] for image in x
    ]
    return np.array(maps).reshape(len(x), *np.shape(maps)[1:]) + b[:, None, None]


def separate(x, W, b=None, stride=1, pad=0):
    """Depthwise: each channel by itself, through the loops."""
    parts = [looped(x[:, c : c + 1], W[:, c : c + 1], None, stride, pad) for c in range(x.shape[1])]
    y = np.concatenate(parts, axis=1)
    return y if b is None else y + b[:, None, None]


def weight(*shape):
    """Weights stay as they are where the batch is empty."""
    return lambda rng: rng.uniform(-1, 1, shape)


def conv2(label, x, W, b=None, **attrs):
    return Case(F.convolution_2d, [x, W, b] if b else [x, W], attrs, expected=looped, label=label)


def deconv2(label, x, W, b=None, **attrs):
    return Case(
        F.deconvolution_2d, [x, W, b] if b else [x, W], attrs, expected=painted, label=label
    )


CASES = [
    Case(
        F.convolution_2d,
        [(2, 3, 5, 4), (4, 3, 3, 2), (4,)],
        expected=correlated,
        label="plain",
        bench=[(32, 64, 56, 56), (64, 64, 3, 3), (64,)],
    ),
    Case(
        F.convolution_2d,
        [(2, 2, 4, 4), weight(3, 2, 3, 3), weight(3)],
        {"pad": 1},
        expected=looped,
        label="empty batch",
        empty=True,
    ),
    conv2("no bias", (2, 3, 4, 4), (2, 3, 2, 2)),
    conv2("one pixel", (2, 3, 3, 4), (4, 3, 1, 1), (4,)),
    conv2("one pixel, strided", (2, 3, 5, 4), (4, 3, 1, 1), (4,), stride=2),
    conv2("strided", (1, 2, 7, 6), (3, 2, 3, 2), (3,), stride=(2, 3)),
    conv2("padded", (2, 2, 3, 4), (3, 2, 3, 2), (3,), pad=(2, 1), stride=(1, 2)),
    conv2("dilated", (1, 2, 7, 6), (3, 2, 3, 2), (3,), dilate=(2, 3), pad=(1, 0)),
    conv2("cover_all", (1, 2, 6, 5), (3, 2, 3, 2), (3,), stride=(2, 3), pad=1, cover_all=True),
    conv2("grouped", (2, 4, 4, 3), (6, 2, 2, 2), (6,), groups=2, pad=1, stride=2),
    conv2("one channel a group", (2, 3, 4, 4), (3, 1, 3, 3), (3,), groups=3, pad=1),
    conv2(
        "everything",
        (2, 4, 6, 7),
        (2, 2, 2, 3),
        (2,),
        groups=2,
        pad=(1, 2),
        stride=(2, 3),
        dilate=(3, 2),
        cover_all=True,
    ),
    conv2("rest unseen", (1, 1, 5, 6), (1, 1, 2, 2), stride=(2, 3)),
    Case(
        F.convolution_nd,
        [(2, 2, 3, 4, 3), (3, 2, 2, 3, 2), (3,)],
        {"stride": (1, 2, 1), "pad": 1},
        expected=looped,
    ),
    Case(F.convolution_nd, [(1, 1, 2, 3, 2, 2), (2, 1, 1, 2, 2, 1)], expected=looped, label="4"),
    Case(
        F.convolution_1d,
        [(2, 4, 7), (4, 2, 3), (4,)],
        {"stride": 2, "dilate": 2, "groups": 2},
        expected=looped,
    ),
    Case(
        F.convolution_3d,
        [(1, 2, 3, 3, 4), (2, 2, 2, 3, 2), (2,)],
        {"pad": 1, "stride": 2},
        expected=looped,
    ),
    Case(
        F.dilated_convolution_2d,
        [(1, 2, 6, 6), (2, 2, 3, 2), (2,)],
        {"dilate": 2, "pad": 1},
        expected=looped,
    ),
    Case(
        F.depthwise_convolution_2d,
        [(2, 3, 4, 4), (2, 3, 3, 2), (6,)],
        {"stride": 2, "pad": 1},
        expected=lambda x, W, b, stride, pad: separate(x, W, None, stride, pad) + b[:, None, None],
    ),
    Case(
        F.deconvolution_2d,
        [(2, 2, 3, 3), weight(2, 3, 3, 3), weight(3)],
        {"stride": 2, "pad": 1},
        expected=painted,
        label="empty batch",
        empty=True,
    ),
    deconv2("plain", (2, 3, 3, 4), (3, 4, 3, 2), (4,)),
    deconv2("no bias", (2, 3, 3, 4), (3, 2, 2, 2)),
    deconv2("one pixel", (2, 3, 3, 4), (3, 2, 1, 1), (2,)),
    deconv2("strided", (1, 2, 3, 2), (2, 3, 3, 2), (3,), stride=(2, 3), pad=(1, 0)),
    deconv2("apart", (1, 2, 3, 2), (2, 3, 2, 2), (3,), stride=3),
    deconv2("dilated", (1, 2, 4, 3), (2, 3, 3, 2), (3,), dilate=(2, 3), pad=1, stride=2),
    deconv2("outsize", (1, 2, 3, 3), (2, 2, 3, 3), (2,), stride=2, pad=1, outsize=(6, 6)),
    deconv2("outsize of one axis", (1, 2, 3, 3), (2, 2, 3, 3), stride=(2, 3), outsize=(7, 10)),
    deconv2("cover_all size", (1, 2, 3, 3), (2, 2, 3, 3), stride=3, outsize=(8, 9)),
    deconv2("grouped", (2, 4, 2, 3), (4, 3, 2, 2), (6,), groups=2, stride=2, pad=(0, 1)),
    Case(
        F.deconvolution_nd,
        [(1, 2, 2, 3, 2), (2, 3, 2, 2, 3), (3,)],
        {"stride": (2, 1, 2)},
        expected=painted,
    ),
    Case(
        F.deconvolution_1d,
        [(2, 4, 4), (4, 2, 3), (4,)],
        {"stride": 2, "pad": 1, "groups": 2},
        expected=painted,
    ),
    Case(
        F.deconvolution_3d,
        [(1, 2, 2, 2, 3), (2, 2, 2, 3, 2)],
        {"stride": 2, "pad": 1},
        expected=painted,
    ),
]
