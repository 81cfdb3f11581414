"""Rows of renkei.functions.linalg."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def _row(subscripts, *shapes, **options):
    """A row of einsum with what NumPy's plain loops give."""
    return Case(
        lambda *xs: F.einsum(subscripts, *xs),
        shapes,
        label=f"einsum({subscripts})",
        expected=lambda *xs: np.einsum(subscripts, *xs, optimize=False),
        **options,
    )


def _summed(a, b):
    """A matrix product as a sum over the inner axis."""
    return sum(a[..., :, k, None] * b[..., k, None, :] for k in range(a.shape[-1]))


CASES = [
    Case(F.matmul, [(3, 4), (4, 5)], expected=_summed, bench=[(512, 512)] * 2),
    Case(
        F.matmul,
        [(4, 3), (4, 5)],
        {"transa": True},
        label="transa",
        expected=lambda a, b, transa: _summed(a.T, b),
    ),
    Case(
        F.matmul,
        [(3, 4), (5, 4)],
        {"transb": True},
        label="transb",
        expected=lambda a, b, transb: _summed(a, b.T),
    ),
    Case(
        F.matmul,
        [(4, 3), (5, 4)],
        {"transa": True, "transb": True},
        label="transa-transb",
        expected=lambda a, b, transa, transb: _summed(b, a).T,
    ),
    Case(F.matmul, [(2, 3, 4), (2, 4, 5)], label="batch", expected=_summed, empty=True),
    Case(
        F.matmul,
        [(2, 4, 3), (2, 5, 4)],
        {"transa": True, "transb": True},
        label="batch-transposed",
        expected=lambda a, b, transa, transb: np.einsum("bki,bjk->bij", a, b),
    ),
    Case(F.matmul, [(2, 1, 3, 4), (5, 4, 2)], label="batch-broadcast", expected=_summed),
    Case(F.matmul, [(2, 3, 4), (4, 5)], label="batch-matrix", expected=_summed),
    Case(
        F.matmul,
        [(2, 3, 4), (5, 4)],
        {"transb": True},
        label="batch-matrix-transb",
        expected=lambda a, b, transb: np.einsum("aik,jk->aij", a, b),
    ),
    Case(
        F.matmul,
        [(2, 4, 3), (4, 5)],
        {"transa": True},
        label="batch-matrix-transa",
        expected=lambda a, b, transa: np.einsum("aki,kj->aij", a, b),
    ),
    Case(F.matmul, [(3, 4), (2, 4, 5)], label="matrix-batch", expected=_summed),
    Case(F.matmul, [(4,), (4,)], label="vectors", expected=lambda a, b: (a * b).sum()),
    Case(
        F.matmul,
        [(4,), (4, 5)],
        label="vector-matrix",
        expected=lambda a, b: (a[:, None] * b).sum(0),
    ),
    Case(F.matmul, [(3, 4), (4,)], label="matrix-vector", expected=lambda a, b: (a * b).sum(1)),
    Case(
        F.matmul,
        [(4,), (5, 4)],
        {"transa": True, "transb": True},
        label="vector-transb",
        expected=lambda a, b, transa, transb: (a * b).sum(1),
    ),
    Case(F.matmul, [(2, 3, 4), (4,)], label="batch-vector", expected=lambda a, b: (a * b).sum(2)),
    Case(
        F.matmul,
        [(4,), (2, 4, 3)],
        label="vector-batch",
        expected=lambda a, b: (a[:, None] * b).sum(1),
    ),
    Case(
        F.batch_matmul,
        [(2, 3, 4), (2, 4, 5)],
        expected=lambda a, b: np.einsum("nij,njk->nik", a, b),
    ),
    Case(
        F.batch_matmul,
        [(2, 3), (2, 3)],
        {"transa": True},
        label="vectors",
        expected=lambda a, b, transa: (a * b).sum(1)[:, None, None],
    ),
    Case(
        F.batch_matmul,
        [(2, 3), (2, 4)],
        {"transb": True},
        label="outer",
        expected=lambda a, b, transb: a[:, :, None] * b[:, None, :],
    ),
    Case(F.tensordot, [(2, 3, 4), (3, 4, 5)], expected=lambda a, b: np.einsum("iab,abj->ij", a, b)),
    Case(
        F.tensordot,
        [(2, 3), (4,)],
        {"axes": 0},
        label="outer",
        expected=lambda a, b, axes: np.multiply.outer(a, b),
    ),
    Case(
        F.tensordot,
        [(2, 3, 4), (5, 4)],
        {"axes": (2, 1)},
        label="two-numbers",
        expected=lambda a, b, axes: np.einsum("ijk,lk->ijl", a, b),
    ),
    Case(
        F.tensordot,
        [(3, 2, 4), (4, 5, 3)],
        {"axes": ([0, 2], [2, 0])},
        label="mixed",
        expected=lambda a, b, axes: np.einsum("aib,bja->ij", a, b),
    ),
    Case(
        F.tensordot,
        [(3, 4, 2), (3, 4, 5)],
        {"axes": ([0, 1], [0, 1])},
        label="leading",
        expected=lambda a, b, axes: np.einsum("abi,abj->ij", a, b),
    ),
    Case(F.tensordot, [(3, 4), (3, 4)], label="full", expected=lambda a, b: (a * b).sum()),
    _row("ij,jk->ik", (2, 3), (3, 4)),
    _row("ij,jk", (2, 3), (3, 4)),
    _row("ij->ji", (2, 3)),
    _row("ij->", (2, 3)),
    _row("ii", (3, 3)),
    _row("ii->i", (3, 3)),
    _row("iij,jk->ik", (2, 2, 3), (3, 4)),
    _row("i,i->i", (3,), (3,)),
    _row("i,j->ij", (3,), (4,)),
    _row("ij,kl->i", (2, 3), (2, 2)),
    _row("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
    _row("...ij,jk", (5, 2, 3), (3, 4)),
    _row("i...->...", (3, 2)),
    _row("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    _row("ij,ij->", (3, 1), (1, 4)),
    _row("ba,cb->ca", (2, 3), (4, 2)),
    Case(
        lambda a, b: F.einsum(a, [0, 1], b, [1, 2], [2, 0]),
        [(2, 3), (3, 4)],
        label="einsum-lists",
        expected=lambda a, b: (a @ b).T,
    ),
]
