"""Native convolution: the reference's numbers for every geometry, instruction set, thread count."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

_native = pytest.importorskip("renkei._native")

from renkei.core.dispatch import run  # noqa: E402
from renkei.core.shapes import conv_outsize  # noqa: E402
from renkei.kernels.reference import conv as reference  # noqa: E402

pytestmark = pytest.mark.native

# (batch, channels, outputs), sizes, kernel, stride, pad, dilate, groups
GEOMETRIES = [
    ((2, 3, 5), (7,), (3,), (1,), (1,), (1,), 1),
    ((2, 3, 5), (9, 8), (3, 2), (1, 1), (1, 0), (1, 1), 1),
    ((3, 4, 6), (11, 10), (3, 3), (2, 3), (2, 1), (1, 2), 2),
    ((1, 20, 33), (6, 7), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((2, 40, 17), (5, 5), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((9, 3, 4), (3, 3), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    ((1, 1, 2), (1, 40), (1, 5), (1, 4), (0, 2), (1, 1), 1),
    ((2, 3, 4), (4, 5, 6), (2, 3, 2), (1, 2, 1), (1, 1, 0), (2, 1, 1), 1),
    ((2, 9, 9), (8, 8), (4, 4), (2, 2), (5, 5), (1, 1), 3),  # more padding than kernel
    ((2, 7, 3), (90, 3), (3, 3), (1, 1), (1, 1), (1, 1), 1),  # more than one block of places
]


def arrays(geometry, dtype=np.float32):
    (n, c, o), size, k, s, p, d, groups = geometry
    out = tuple(
        conv_outsize(i, kk, ss, pp, False, dd)
        for i, kk, ss, pp, dd in zip(size, k, s, p, d, strict=True)
    )
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, c, *size)).astype(dtype)
    W = rng.normal(size=(o, c // groups, *k)).astype(dtype)
    gy = rng.normal(size=(n, o, *out)).astype(dtype)
    b = rng.normal(size=o).astype(dtype)
    return x, W, b, gy, {"stride": s, "pad": p, "dilate": d, "groups": groups}


def close(actual, expected):
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=3e-6 * scale)
    assert actual.dtype == np.float32


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_agrees_with_the_reference(geometry):
    x, W, b, gy, attrs = arrays(geometry)
    exact = [a.astype(np.float64) for a in (x, W, b, gy)]
    out, size = gy.shape[2:], x.shape[2:]
    y = np.full_like(gy, np.nan)
    s, p, d, groups = attrs["stride"], attrs["pad"], attrs["dilate"], attrs["groups"]
    _native.convolution(x, W, b, y, s, p, d, groups)
    close(y, reference.convolution(*exact[:3], outsize=out, **attrs))
    gx = np.full_like(x, np.nan)
    _native.deconvolution(gy, W, None, gx, s, p, d, groups)
    close(gx, reference.deconvolution(exact[3], exact[1], None, outsize=size, **attrs))
    gW = np.full_like(W, np.nan)
    _native.convolution_grad_w(x, gy, gW, s, p, d, groups)
    close(gW, reference.convolution_grad_w(exact[0], exact[3], ksize=W.shape[2:], **attrs))


def test_bias_of_the_adjoint():
    x, W, _, gy, attrs = arrays(GEOMETRIES[2])
    b = np.arange(4, dtype=np.float32)
    with_bias = run("deconvolution", gy, W, b, outsize=x.shape[2:], **attrs)
    without = run("deconvolution", gy, W, None, outsize=x.shape[2:], **attrs)
    close(with_bias, without + b[:, None, None])


PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import hashlib
import numpy as np
import test_conv as t
h = hashlib.sha256()
for geometry in t.GEOMETRIES:
    x, W, b, gy, a = t.arrays(geometry)
    outs = [np.empty_like(gy), np.empty_like(x), np.empty_like(W)]
    rest = (a["stride"], a["pad"], a["dilate"], a["groups"])
    t._native.convolution(x, W, b, outs[0], *rest)
    t._native.deconvolution(gy, W, None, outs[1], *rest)
    t._native.convolution_grad_w(x, gy, outs[2], *rest)
    for y in outs:
        h.update(y.tobytes())
    t.close(outs[0], t.reference.convolution(x, W, b, outsize=gy.shape[2:], **a))
print(t._native.info()["isa"], h.hexdigest())
"""


def printed(**environment):
    program = PROGRAM.format(folder=os.path.dirname(__file__))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_number_of_threads_changes_no_bit():
    assert printed(RENKEI_NUM_THREADS="1") == printed(RENKEI_NUM_THREADS="3")


@pytest.mark.parametrize("isa", _native.info()["isas_built"])
def test_every_instruction_set(isa):
    assert len(printed(RENKEI_ISA=isa)) == 2


def test_nothing_to_convolve():
    x, W, b, gy, attrs = arrays(GEOMETRIES[1])
    assert run("convolution", x[:0], W, b, outsize=gy.shape[2:], **attrs).shape[0] == 0
    gW = run("convolution_grad_w", x[:0], gy[:0], ksize=W.shape[2:], **attrs)
    np.testing.assert_array_equal(gW, np.zeros_like(W))


BAD = [
    ("float64", lambda x, W, b, y: (x.astype(float), W, b, y)),
    ("channels", lambda x, W, b, y: (x[:, :2].copy(), W, b, y)),
    ("outputs", lambda x, W, b, y: (x, W, b, y[:, :2].copy())),
    ("batch", lambda x, W, b, y: (x, W, b, y[:1].copy())),
    ("bias", lambda x, W, b, y: (x, W, b[:2].copy(), y)),
    ("strided", lambda x, W, b, y: (x[:, :, ::-1], W, b, y)),
    ("axes", lambda x, W, b, y: (x[0], W, b, y)),
]


@pytest.mark.parametrize(("name", "spoil"), BAD, ids=[name for name, _ in BAD])
def test_arguments_are_checked_before_they_are_read(name, spoil):
    x, W, b, y, attrs = arrays(GEOMETRIES[1])
    rest = (attrs["stride"], attrs["pad"], attrs["dilate"], attrs["groups"])
    with pytest.raises(ValueError, match="convolution: "):
        _native.convolution(*spoil(x, W, b, y), *rest)


@pytest.mark.parametrize(
    "rest",
    [
        ((0, 1), (1, 0), (1, 1), 1),
        ((1,), (1, 0), (1, 1), 1),
        ((1, 1), (-1, 0), (1, 1), 1),
        ((1, 1), (1, 0), (1, 1), 0),
    ],
)
def test_sizes_are_checked(rest):
    x, W, b, y, _ = arrays(GEOMETRIES[1])
    with pytest.raises(ValueError, match="convolution: "):
        _native.convolution(x, W, b, y, *rest)


def test_the_output_may_not_be_the_input():
    x = np.ones((1, 1, 4, 4), np.float32)
    with pytest.raises(ValueError, match="share"):
        _native.convolution(
            x, np.ones((1, 1, 1, 1), np.float32), None, x, (1, 1), (0, 0), (1, 1), 1
        )
