"""Joining and splitting: edges and errors; the values are in cases/join_split.py."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.variable import Variable

A, B = np.zeros((2, 3)), np.ones((2, 3))


@pytest.mark.parametrize("join", [F.concat, F.stack, F.hstack, F.vstack, F.dstack])
def test_what_every_join_refuses(join):
    with pytest.raises(ShapeError, match=rf"{join.__name__}\(xs.*an empty list; expected at least"):
        join([])
    with pytest.raises(DtypeError, match=r"xs\[0\] of float64 and xs\[1\] of float32; .*F\.cast"):
        join([A, B.astype(np.float32)])
    with pytest.raises(DtypeError, match=r"xs\[1\] int 3; expected an array or a Variable"):
        join([A, 3])
    with pytest.raises(DtypeError, match="expected a list of arrays"):
        join(5)


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ShapeError, lambda: F.concat([A, B.T]), r"xs\[0\] \(2, 3\) and xs\[1\] \(3, 2\), axis=1"),
        (ShapeError, lambda: F.concat([A, B[0]]), "differ on that axis only"),
        (RangeError, lambda: F.concat([A, B], 2), r"concat\(xs, axis\): got axis=2 for 2 axes"),
        (RangeError, lambda: F.concat([A[0], B[0]]), "axis=1 for 1 axes"),
        (ShapeError, lambda: F.stack([A, B.T]), r"xs\[1\] \(3, 2\); expected equal shapes"),
        (RangeError, lambda: F.stack([A, B], 3), "axis=3 for 3 axes"),
        (ShapeError, lambda: F.hstack([A, B[0]]), "equal numbers of axes"),
        (ShapeError, lambda: F.vstack([A, B[None]]), "equal numbers of axes"),
        (ShapeError, lambda: F.dstack([A, B[0]]), "equal numbers of axes"),
        (ShapeError, lambda: F.split_axis(A, 2, 1), "2 sections of 3; expected an equal division"),
        (ShapeError, lambda: F.split_axis(A, 0, 1), "0 sections of 3"),
        (RangeError, lambda: F.split_axis(A, [2, 1], 1), r"\(2, 1\); expected rising numbers"),
        (RangeError, lambda: F.split_axis(A, [4], 1), r"rising numbers in \[0, 3\]"),
        (RangeError, lambda: F.split_axis(A, [-1], 1), "rising numbers"),
        (RangeError, lambda: F.split_axis(A, 1, 2), "axis=2 for 2 axes"),
        (DtypeError, lambda: F.split_axis(A, 1.5, 0), "indices_or_sections=1.5"),
        (RangeError, lambda: F.separate(A, 2), r"separate\(x, axis\): got axis=2"),
        (RangeError, lambda: F.separate(np.array(1.0)), "axis=0 for 0 axes"),
        (ShapeError, lambda: F.transpose_sequence([A[:1], B]), r"lengths \[1, 2\]; .*longest"),
        (ShapeError, lambda: F.transpose_sequence([A, B[0]]), "differ on axis 0 only"),
        (ShapeError, lambda: F.transpose_sequence([np.array(1.0)]), "differ on axis 0 only"),
    ],
)
def test_errors(error, call, message):
    with pytest.raises(error, match=message):
        call()


def test_parts_are_views():
    for y in (*F.split_axis(A, 3, 1), *F.separate(A, 1)):
        assert np.shares_memory(y, A)


def test_force_tuple():
    assert isinstance(F.split_axis(A, 1, 0), tuple)
    assert isinstance(F.split_axis(A, 1, 0, force_tuple=False), np.ndarray)
    assert isinstance(F.split_axis(Variable(A), 2, 0, force_tuple=False), tuple)


def test_splitting_nothing():
    parts = F.split_axis(np.zeros((0, 2)), 3, 0)
    assert [y.shape for y in parts] == [(0, 2)] * 3
    assert F.separate(np.zeros((0, 2))) == ()
    assert F.transpose_sequence([]) == ()


def test_unused_parts_have_gradient_zero():
    x = Variable(np.arange(6.0).reshape(2, 3))
    _, second, _ = F.split_axis(x, 3, 1)
    F.sum(second * second).backward()
    np.testing.assert_array_equal(x.grad, [[0, 2, 0], [0, 8, 0]])


def test_the_same_variable_twice():
    x = Variable(np.array([[1.0, 2.0]]))
    F.sum(F.concat([x, x * 2, x])).backward()
    np.testing.assert_array_equal(x.grad, [[4, 4]])


def test_a_variable_is_a_list_of_its_rows():
    x = Variable(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(F.concat(x, 0).array, np.arange(6.0))


def test_arrays_and_variables_may_be_mixed():
    y = F.stack([Variable(A), B])
    assert isinstance(y, Variable)
    F.sum(y).backward()


def test_transposing_twice_gives_the_sequences_back():
    xs = [np.arange(3.0), np.arange(2.0), np.arange(2.0)]
    for x, y in zip(xs, F.transpose_sequence(F.transpose_sequence(xs)), strict=True):
        np.testing.assert_array_equal(x, y)
