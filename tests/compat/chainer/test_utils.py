"""Utilities: type checks, arguments, columns of windows, sparse matrices, sampling."""

import pathlib

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import utils
from renkei.compat.chainer.utils import argument, conv, conv_nd, type_check

T = type_check


@pytest.mark.parametrize(
    ("expression", "text"),
    [("x + y", "x + y"), ("(x - y) * 2", "(x - y) * 2"), ("y - (x - 1)", "y - (x - 1)"),
     ("y - x - 1", "y - x - 1"), ("-(x + y)", "-(x + y)"), ("(-x) ** 2", "(-x) ** 2"),
     ("-x ** 2", "-x ** 2"), ("(x ** y) ** 2", "(x ** y) ** 2"), ("x ** y ** 2", "x ** y ** 2"),
     ("x[1:3, None]", "x[1:3, None]"), ("x[::2]", "x[::2]"), ("x[..., 2]", "x[..., 2]"),
     ("x.foo(1, y)", "x.foo(1, y)"), ("x.shape[0] == (2, 3)", "x.shape[0] == (2, 3)"),
     ("2 % x", "2 % x"), ("T.prod(x)", "prod(x)")],
)  # fmt: skip
def test_expressions_print_as_they_were_written(expression, text):
    space = {"x": T.Variable(np.arange(10), "x"), "y": T.Variable(3, "y"), "T": T}
    assert str(eval(expression, space)) == text


def test_expressions_have_values():
    x, y = T.Variable(np.arange(10), "x"), T.Variable(3, "y")
    assert T.eval((x[y] + 1) * 2) == 8 and T.eval(x.shape[0]) == 10 and T.eval(-y) == -3
    with pytest.raises(RuntimeError, match="cannot be evaluated as bool"):
        bool(y == 3)
    with pytest.raises(AssertionError):
        T.expect(x)


@pytest.mark.parametrize(
    ("claim", "message"),
    [("y == 1", "Expect: y == 1\nActual: 3 != 1"), ("y > 4", "Expect: y > 4\nActual: 3 <= 4"),
     ("y != 3", "Expect: y != 3\nActual: 3 == 3"), ("y < 3", "Expect: y < 3\nActual: 3 >= 3"),
     ("y <= 2", "Expect: y <= 2\nActual: 3 > 2"), ("y >= 4", "Expect: y >= 4\nActual: 3 < 4")],
)  # fmt: skip
def test_claims_that_do_not_hold(claim, message):
    with pytest.raises(T.InvalidType) as caught:
        T.expect(eval(claim, {"y": T.Variable(3, "y")}))
    assert str(caught.value) == message and caught.value.expect == claim


def test_light_mode():
    types = T.get_light_types((np.zeros((2, 3), np.float32),))
    with T.light_mode:
        assert T.in_light_mode() and types.size() == 1 and T.prod((2, 3)) == 6
        T.expect(types[0].ndim == 2, T.make_variable(2, "n") == 2)
        with pytest.raises(T.InvalidType):
            T.expect(types[0].ndim == 3)
    assert not T.in_light_mode() and T.make_variable(2, "n").eval() == 2


def test_broadcast_shapes():
    x, y = T.get_types((np.zeros((2, 3)), np.zeros(4)), "in_types", False)
    T.expect_broadcast_shapes(x.shape, x.shape)
    with pytest.raises(T.InvalidType, match="cannot broadcast inputs") as caught:
        T.expect_broadcast_shapes(x.shape, y.shape)
    assert "in_types[0].shape = (2, 3)\nin_types[1].shape = (4,)" in str(caught.value)


def test_engine_errors_are_invalid_types():
    with pytest.raises(T.InvalidType):
        chainer.functions.linear(np.zeros((2, 3), np.float32), np.zeros((4, 5), np.float32))
    error = T.InvalidType("a", "b")
    assert str(error) == "Expect: a\nActual: b" and (error.expect, error.actual) == ("a", "b")


def test_arguments():
    assert argument.parse_kwargs({"a": 1}, ("a", 0), ("b", 2)) == (1, 2)
    assert argument.parse_kwargs({}, ("a", 5)) == 5

    def function(**kwargs):
        argument.check_unexpected_kwargs(kwargs, old="use the new")
        argument.assert_kwargs_empty(kwargs)

    with pytest.raises(ValueError, match="use the new"):
        function(old=1)
    with pytest.raises(TypeError, match=r"function\(\) got unexpected keyword argument\(s\) 'x'"):
        function(x=1)


def columns(x, k, s, p, d, out):
    """Windows, one element after the other."""
    x = np.pad(x, ((0, 0), (0, 0), (p, p + 9), (p, p + 9)))
    col = np.zeros((*x.shape[:2], k, k, out, out))
    for i, j, a, b in np.ndindex(k, k, out, out):
        col[:, :, i, j, a, b] = x[:, :, a * s + i * d, b * s + j * d]
    return col


@pytest.mark.parametrize(
    ("k", "s", "p", "d", "cover_all"), [(3, 2, 1, 1, False), (2, 3, 0, 2, True), (3, 1, 2, 1, True)]
)
def test_windows_as_columns(k, s, p, d, cover_all):
    x = np.random.RandomState(0).rand(2, 3, 7, 7)
    out = utils.get_conv_outsize(7, k, s, p, cover_all, d)
    col = conv.im2col_cpu(x, k, k, s, s, p, p, 0, cover_all, d, d)
    np.testing.assert_array_equal(col, columns(x, k, s, p, d, out))
    np.testing.assert_array_equal(conv_nd.im2col_nd(x, (k, k), s, p, cover_all, d), col)
    # the transposed operation: <im2col(x), c> = <x, col2im(c)>
    c = np.random.RandomState(1).rand(*col.shape)
    back = conv.col2im_cpu(c, s, s, p, p, 7, 7, d, d)
    np.testing.assert_allclose((col * c).sum(), (x * back).sum())
    np.testing.assert_array_equal(conv_nd.col2im_nd(c, s, p, (7, 7), d), back)


def test_sizes():
    assert utils.get_conv_outsize(8, 3, 2, 0, True) == 4
    assert utils.get_deconv_outsize(4, 4, 2, 1) == 8
    assert conv_nd.as_tuple(2, 3) == (2, 2, 2) and conv_nd.as_tuple([1, 2], 2) == (1, 2)
    assert utils.size_of_shape((2, 3)) == 6
    np.testing.assert_array_equal(utils.sum_to(np.ones((4, 2, 3)), (2, 1)), [[12], [12]])


def test_arrays_from_scalars():
    y = utils.force_array(np.float32(2))
    assert isinstance(y, np.ndarray) and y.dtype == np.float32
    assert utils.force_array(2, np.float16).dtype == np.float16
    assert utils.force_type(np.dtype("f"), 2.0).dtype == np.float32
    assert utils.array.as_mat(np.zeros((2, 3, 4))).shape == (2, 12)


def test_sparse_matrices():
    dense = np.array([[0, 2, 0], [3, 0, 4]], np.float32)
    coo = utils.to_coo(dense, ldnz=5)
    assert coo.data.shape == (5,) and coo.order == "C" and coo.row[-1] == -1
    np.testing.assert_array_equal(coo.to_dense().array, dense)
    batch = np.stack([dense, dense * 2])
    np.testing.assert_array_equal(utils.to_coo(batch).to_dense().array, batch)
    assert utils.get_order(np.array([0, 1, 0]), np.array([0, 0, 1])) == "F"
    with pytest.raises(ValueError, match="shape of data, row and col"):
        utils.CooMatrix(np.ones(2), np.ones(1), np.ones(2), (2, 2))


def test_sampling_by_aliases():
    np.random.seed(0)
    drawn = utils.WalkerAlias([5, 3, 0, 2]).sample((20000,))
    shares = np.bincount(drawn, minlength=4) / 20000
    np.testing.assert_allclose(shares, [0.5, 0.3, 0, 0.2], atol=0.015)


def test_ten_crops():
    images = np.arange(2 * 6 * 5 * 3).reshape(2, 6, 5, 3)
    crops = utils.imgproc.oversample(images, (4, 2))
    assert crops.shape == (20, 4, 2, 3)
    np.testing.assert_array_equal(crops[1], images[0, :4, 3:])
    np.testing.assert_array_equal(crops[9], images[0, 1:5, 1:3][:, ::-1])


def test_warnings():
    with pytest.warns(FutureWarning, match="my_api is experimental"):
        utils.experimental("my_api")
    with chainer.using_config("warn_nondeterministic", True), pytest.warns(UserWarning, match="f"):
        utils.nondeterministic("f")


def test_final_methods():
    class Base(utils.enable_final()):
        @utils.final
        def fixed(self):
            return 1

    with pytest.raises(TypeError, match="fixed"):
        type("Sub", (Base,), {"fixed": lambda self: 2})
    assert type("Sub", (Base,), {})().fixed() == 1


def test_temporary_folder():
    with utils.tempdir() as folder:
        path = pathlib.Path(folder)
        (path / "a").write_text("x")
    assert not path.exists()
