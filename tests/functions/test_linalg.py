"""Matrix products: messages, dtypes, what is copied and what is not."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.core.function
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError


def random(*shape, dtype="f"):
    return rk.Variable(np.random.default_rng(0).normal(size=shape).astype(dtype))


@pytest.mark.parametrize(
    ("a", "b", "options", "rule"),
    [
        ((2, 3), (4, 5), {}, r"a.shape\[-1\] == b.shape\[-2\], here 3 != 4"),
        ((2, 3), (4, 5), {"transa": True}, r"a.shape\[-2\] == b.shape\[-2\], here 2 != 4"),
        ((2, 3), (4, 5), {"transb": True}, r"a.shape\[-1\] == b.shape\[-1\], here 3 != 5"),
        ((2, 2, 3), (4, 5), {}, r"a.shape\[-1\] == b.shape\[-2\], here 3 != 4"),
        ((3,), (4,), {}, r"a.shape\[-1\] == b.shape\[-1\], here 3 != 4"),
        ((3,), (4, 5), {}, r"a.shape\[-1\] == b.shape\[-2\], here 3 != 4"),
        ((2, 3), (4,), {}, r"a.shape\[-1\] == b.shape\[-1\], here 3 != 4"),
        ((2, 3, 4), (5, 4, 2), {}, r"batch axes that broadcast, here \(2,\) and \(5,\)"),
    ],
)
def test_sizes_that_do_not_fit_are_named(a, b, options, rule):
    for wrap in (np.zeros, random):
        with pytest.raises(ShapeError, match=rule) as caught:
            F.matmul(wrap(a) if wrap is np.zeros else wrap(*a), np.zeros(b, "f"), **options)
        assert f"a {a} and b {b}" in str(caught.value)


def test_numbers_and_lists_are_refused():
    with pytest.raises(ShapeError, match="at least one axis"):
        F.matmul(np.array(2.0), np.zeros((2, 3)))
    with pytest.raises(DtypeError, match="arrays or Variables"):
        F.matmul([[1.0]], np.zeros((1, 3)))


def test_operands_of_two_dtypes_promote_and_gradients_go_back():
    a, b = random(2, 3, dtype="float16"), random(3, 4, dtype="float64")
    y = F.matmul(a, b)
    assert y.dtype == np.float64
    F.sum(y).backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float16, np.float64)
    c = random(2, 3, dtype="float32")
    F.sum(F.einsum("ij,jk", c, b)).backward()
    assert c.grad.dtype == np.float32


def test_half_precision_is_summed_in_single():
    a = np.ones((1, 4096), np.float16)
    assert F.matmul(a, a, transb=True).item() == 4096
    assert F.einsum("ij,ij->", a, a).item() == 4096
    assert F.matmul(a, a.T).dtype == np.float16


def test_the_operator():
    a, b = random(2, 3), random(3, 4)
    assert np.array_equal((a @ b).array, a.array @ b.array)
    assert np.array_equal((a.array @ b).array, a.array @ b.array)
    assert np.array_equal((a @ b.array).array, a.array @ b.array)


@pytest.mark.parametrize("transa", [False, True])
@pytest.mark.parametrize("transb", [False, True])
def test_no_gradient_copies_an_operand(monkeypatch, transa, transb):
    seen = []
    run = renkei.core.function.run
    monkeypatch.setattr(
        renkei.core.function, "run", lambda op, *xs, **o: seen.append(xs) or run(op, *xs, **o)
    )
    a = random(*((3, 2) if transa else (2, 3)))
    b = random(*((4, 3) if transb else (3, 4)))
    y = F.matmul(a, b, transa, transb)
    y.grad = gy = np.ones_like(y.array)
    y.backward()
    assert len(seen) == 3
    for x in (a, b):
        assert sum(any(np.shares_memory(x.array, s) for s in xs) for xs in seen) == 2
    slope = gy @ (b.array if transb else b.array.T)
    assert a.grad == pytest.approx(slope.T if transa else slope)


def test_a_batch_times_a_matrix_is_one_product(monkeypatch):
    shapes = []
    run = renkei.core.function.run

    def watched(op, *xs, **options):
        y = run(op, *xs, **options)
        shapes.append(y.shape)
        return y

    monkeypatch.setattr(renkei.core.function, "run", watched)
    a, b = random(7, 2, 3), random(3, 4)
    y = F.matmul(a, b)
    y.grad = gy = np.ones_like(y.array)
    y.backward()
    assert (7, 3, 4) not in shapes  # a gradient for each item of the batch would be needless
    assert b.grad == pytest.approx(np.einsum("nij,nik->jk", a.array, gy), rel=1e-5)


def test_an_operand_without_gradient_is_all_that_is_kept():
    a, b = random(2, 3), random(3, 4)
    b.requires_grad = False
    y = F.matmul(a, b)
    assert len(y.creator.kept) == 1
    assert y.creator.kept[0] is b.array


def test_products_over_nothing_are_0():
    assert F.matmul(np.zeros((2, 0)), np.zeros((0, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]
    a = random(0, 3)
    F.sum(F.matmul(a, random(3, 4))).backward()
    assert a.grad.shape == (0, 3)


def test_batches_must_be_equal():
    with pytest.raises(ShapeError, match="same batch size"):
        F.batch_matmul(np.zeros((2, 3, 4)), np.zeros((3, 4, 5)))
    with pytest.raises(ShapeError, match=r"\(batch, rows, columns\)"):
        F.batch_matmul(np.zeros(3), np.zeros(3))


@pytest.mark.parametrize(
    ("axes", "error", "message"),
    [
        (1, ShapeError, r"equal sizes along the axes that meet, here \[4\] and \[3\]"),
        (([0], [0, 1]), ShapeError, "as many of a as of b"),
        (([0, 0], [0, 1]), ShapeError, "at most once"),
        (([3], [0]), RangeError, "axis=3 for 3 axes"),
        (4, RangeError, "for 3 axes"),
    ],
)
def test_axes_of_tensordot_that_do_not_meet(axes, error, message):
    with pytest.raises(error, match=message):
        F.tensordot(np.zeros((2, 3, 4)), np.zeros((3, 5)), axes)


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [
        ("ij,jk", [(2, 3)], "2, one for each term"),
        ("ij,jk", [(2, 3), (4, 5)], "'j' is 3 and 4"),
        ("ij", [(2, 3, 4)], r"3 axes of shape \(2, 3, 4\) for 'ij'"),
        ("ij->ik", [(2, 3)], "letters of the operands"),
        ("ij->ii", [(2, 2)], "each once"),
        ("i?", [(2, 3)], "letters, ',', '...'"),
        ("...i->i", [(2, 3)], "'...' in the result"),
        ("ii", [(2, 3)], "'i' is 2 and 3"),
    ],
)
def test_subscripts_that_do_not_fit_are_named(subscripts, shapes, message):
    with pytest.raises(ShapeError, match=message.replace("...", r"\.\.\.").replace("?", r"\?")):
        F.einsum(subscripts, *[np.zeros(shape) for shape in shapes])


def test_einsum_of_bare_arrays_gives_a_bare_array():
    a = np.arange(6.0).reshape(2, 3)
    for subscripts in ("ij->ji", "ij->", "ij->ij"):
        y = F.einsum(subscripts, a)
        assert isinstance(y, np.ndarray)
        assert np.array_equal(y, np.einsum(subscripts, a))
    with pytest.raises(DtypeError, match="subscripts and arrays"):
        F.einsum(a)
