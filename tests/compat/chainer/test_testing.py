"""chainer.testing: decorators that multiply tests, test cases, and that they bite."""

import sys
import types
import unittest

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer import links as L
from renkei.compat.chainer import testing
from renkei.compat.chainer.testing import attr, condition, parameterized

MODULE = types.ModuleType("a_module_of_tests")
sys.modules[MODULE.__name__] = MODULE


def cases(*decorators, **members):
    """The classes that decorators make of a test case, by name."""
    before = set(vars(MODULE))
    target = type("TestIt", (members.pop("base", unittest.TestCase),),
                  {"__module__": MODULE.__name__, **members})  # fmt: skip
    for decorate in decorators:
        target = decorate(target)
    found = {name: vars(MODULE)[name] for name in set(vars(MODULE)) - before}
    for name in found:
        delattr(MODULE, name)
    return found


def outcome(klass, *names):
    """Runs tests of a class; returns the numbers of failures and of skipped tests."""
    names = names or [n for n in dir(klass) if n.startswith("test_") and getattr(klass, n)]
    result = condition.QuietTestRunner().run(unittest.TestSuite(klass(n) for n in names))
    return len(result.failures) + len(result.errors), len(result.skipped)


def test_products():
    assert testing.product({"a,b": [(1, 2), (3, 4)], "c": [5]}) == [
        {"a": 1, "b": 2, "c": 5}, {"a": 3, "b": 4, "c": 5}]  # fmt: skip
    assert testing.product_dict([{"a": 1}], [{"b": 2}, {"b": 3}]) == [
        {"a": 1, "b": 2}, {"a": 1, "b": 3}]  # fmt: skip
    assert testing.product([[{"a": 1}], [{"b": 2}]]) == [{"a": 1, "b": 2}]
    for wrong in (3, [[1]], [3]):
        with pytest.raises(TypeError):
            testing.product(wrong)
    lists = [[{k: i} for i in range(4)] for k in "abc"]
    few = parameterized._pairwise_product_dict(*lists)
    assert len(few) < 64 and {(d["a"], d["c"]) for d in few} == set(np.ndindex(4, 4))


def test_parameterized_classes():
    seen = []
    made = cases(
        testing.parameterize({"x": 1, "f": len}, {"x": 2, "f": len}),
        test_a=lambda self: seen.append((self.x, self.f([1]))),
    )
    assert sorted(made) == ["TestIt_param_0_{f=len, x=1}", "TestIt_param_1_{f=len, x=2}"]
    assert all(outcome(klass) == (0, 0) for klass in made.values())
    assert sorted(seen) == [(1, 1), (2, 1)]


def test_failures_name_their_parameters():
    (klass,) = cases(testing.parameterize({"x": 7}), test_a=lambda self: 1 / 0).values()
    with pytest.raises(ZeroDivisionError) as caught:
        klass("test_a").test_a()
    assert "x: 7" in caught.value.__notes__[0]


def test_backends():
    seen = []

    def test_a(self, config):
        seen.append(config)

    def test_b(self):
        seen.append("b")

    injected = testing.inject_backend_tests(["test_a"], [{}, {"autotune": True}])
    made = cases(injected, test_a=test_a, test_b=test_b)
    assert made["TestIt"].test_a is None  # hidden there
    plain = next(k for n, k in made.items() if "autotune_false" in n)
    assert outcome(plain, "test_a") == (0, 0) and outcome(made["TestIt"], "test_b") == (0, 0)
    assert repr(seen[0]).startswith("<BackendConfig use_chainerx=False") and seen[1] == "b"
    assert [getattr(k, "test_b", None) for n, k in made.items() if "_" in n] == [None, None]


def test_backend_configurations():
    config = testing.BackendConfig({"use_cudnn": "always"})
    with config:
        assert chainer.config.use_cudnn == "always"
    assert chainer.config.use_cudnn == "auto" and config.xp is np
    assert config.get_array(np.ones(1)).tolist() == [1] and config.get_pytest_marks() == []
    assert testing.BackendConfig({"use_cuda": True}).get_pytest_marks() == [attr.gpu]
    for wrong, error in ((3, TypeError), ({"nothing": 1}, ValueError)):
        with pytest.raises(error):
            testing.BackendConfig(wrong)
    with pytest.raises(TypeError):
        testing.inject_backend_tests("test_a", [])


def test_repetitions():
    calls = []

    def fails_twice(self):
        calls.append(1)
        assert len(calls) > 2

    made = type("Test", (unittest.TestCase,), {"test_it": condition.retry(3)(fails_twice)})
    assert outcome(made) == (0, 0) and len(calls) == 3
    calls.clear()
    made = type("Test", (unittest.TestCase,), {"test_it": condition.repeat(3)(fails_twice)})
    assert outcome(made) == (1, 0) and len(calls) == 1
    skip = condition.repeat(2)(lambda self: self.skipTest("no"))
    assert outcome(type("Test", (unittest.TestCase,), {"test_it": skip})) == (0, 1)


def test_random_numbers_are_fixed():
    seen = []
    draw = lambda self: seen.append((np.random.rand(), testing.generate_seed()))
    klass = testing.fix_random()(type("Test", (unittest.TestCase,), {"test_it": draw}))
    state = np.random.get_state()[1].copy()
    assert outcome(klass) == outcome(klass) == (0, 0)
    assert seen[0] == seen[1]
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    with pytest.raises(AssertionError, match="random is not set up"):
        testing.generate_seed()


def test_comparison():
    testing.assert_allclose(1.0, np.float32(1.000001))
    with pytest.raises(AssertionError, match=r"i: \(1,\)") as caught:
        testing.assert_allclose(np.ones(3), np.array([1, 2, 1]))
    assert "absolute error[i]: 1.0" in str(caught.value)
    with pytest.raises(AssertionError):
        testing.assert_allclose(np.ones(3), np.ones(2))


def test_requirements_and_warnings():
    assert outcome(testing.with_requires("numpy>=1.0,<99")(cases_of_one())) == (0, 0)
    for skipped in (testing.with_requires("numpy<1"), testing.with_requires("no-such-package"),
                    testing.without_requires("numpy")):  # fmt: skip
        assert outcome(skipped(cases_of_one())) == (0, 1)
    with testing.assert_warns(UserWarning):
        __import__("warnings").warn("x", UserWarning, stacklevel=1)
    with (
        pytest.raises(AssertionError, match="UserWarning not triggerred"),
        testing.assert_warns(UserWarning),
    ):
        pass
    with testing.patch("math.sqrt") as watched:
        assert __import__("math").sqrt(4) == 2
    watched.assert_called_once_with(4)


def cases_of_one():
    return type("Test", (unittest.TestCase,), {"test_it": lambda self: None})


class Square(testing.FunctionTestCase):
    __test__ = False
    factor = 1.0

    def generate_inputs(self):
        return (np.random.uniform(-1, 1, (2, 3)).astype(np.float32),)

    def forward(self, inputs, device):
        return (inputs[0] * inputs[0],)

    def forward_expected(self, inputs):
        return (self.factor * inputs[0] ** 2,)


PLAIN = testing.BackendConfig({})


def test_function_test_cases():
    for name in ("test_forward", "test_backward", "test_double_backward"):
        getattr(Square(name), name)(PLAIN)
    wrong = type("Wrong", (Square,), {"factor": 1.1})
    with pytest.raises(testing.FunctionTestError, match="Outputs do not match"):
        wrong("test_forward").test_forward(PLAIN)
    cut = lambda self, inputs, device: (inputs[0].array * inputs[0],)
    bad = type("Bad", (Square,), {"forward": cut})
    with pytest.raises(testing.FunctionTestError, match="backward is not implemented correctly"):
        bad("test_backward").test_backward(PLAIN)
    bare = type("Bad", (Square,), {"forward": lambda self, inputs, device: inputs[0]})
    with pytest.raises(testing.FunctionTestError, match="must return a tuple"):
        bare("test_forward").test_forward(PLAIN)

    def spoil(self, inputs, device):
        inputs[0].array[...] = 0
        return (inputs[0] * 1,)

    with pytest.raises(testing.FunctionTestError, match="have been modified"):
        type("Bad", (Square,), {"forward": spoil})("test_forward").test_forward(PLAIN)
    skip = type("Skip", (Square,), {"skip_backward_test": True})("test_backward")
    with pytest.raises(unittest.SkipTest):
        skip.test_backward(PLAIN)


class Line(testing.LinkTestCase):
    __test__ = False
    param_names = ("W", "b")

    def generate_params(self):
        return chainer.initializers.Normal(1), chainer.initializers.Normal(1)

    def generate_inputs(self):
        return (np.random.uniform(-1, 1, (4, 3)).astype(np.float32),)

    def create_link(self, initializers):
        return L.Linear(3, 2, initialW=initializers[0], initial_bias=initializers[1])

    def forward_expected(self, link, inputs):
        return (inputs[0] @ link.W.array.T + link.b.array,)


def test_link_test_cases():
    for name in ("test_forward", "test_backward"):
        getattr(Line(name), name)(PLAIN)
    off = lambda self, link, inputs: (inputs[0] @ link.W.array.T,)
    with pytest.raises(testing.LinkTestError, match="Outputs do not match"):
        type("Wrong", (Line,), {"forward_expected": off})("test_forward").test_forward(PLAIN)


def test_link_initializers():
    class Initializers(testing.LinkInitializersTestCase):
        __test__ = False
        param_names = ("W",)
        generate_params = lambda self: (3.0,)
        generate_inputs = Line.generate_inputs
        create_link = lambda self, given: L.Linear(3, 2, initialW=given[0])
        get_initializers = lambda self: ([2.0, testing.InitializerArgument(5.0, 5.0)],)

    Initializers("test_initializers").test_initializers(PLAIN)
    wrong = ([testing.InitializerArgument(5.0, 6.0)],)
    bad = type("Bad", (Initializers,), {"get_initializers": lambda self: wrong})
    with pytest.raises(testing.LinkTestError, match="do not match"):
        bad("test_initializers").test_initializers(PLAIN)
    with pytest.raises(ValueError, match="None"):
        testing.InitializerArgument(1, None)


def test_unary_functions():
    def family(f):
        made = cases(testing.unary_math_function_unittest(f, np.exp))
        return [outcome(k, "test_forward_cpu", "test_backward_cpu") for k in made.values()]

    f = lambda x: F.exp(x)
    f.__name__ = "exp"
    assert family(f) == [(0, 0)] * 6
    g = lambda x: F.exp(x) * 1.1
    g.__name__ = "exp"
    assert all(failures for failures, _ in family(g))
    f.__name__ = "no_function_of_numpy"
    with pytest.raises(ValueError, match="NumPy has no functions"):
        testing.unary_math_function_unittest(f)


def test_matrices_with_given_singular_values():
    a = testing.generate_matrix((2, 3, 4), singular_values=(3, 2, 1))
    np.testing.assert_allclose(np.linalg.svd(a)[1], [[3, 2, 1]] * 2)
    assert testing.generate_matrix((0, 2), singular_values=1).shape == (0, 2)
    for arguments, error in (({}, TypeError), ({"singular_values": -1}, ValueError)):
        with pytest.raises(error):
            testing.generate_matrix((2, 2), **arguments)
    with pytest.raises(ValueError, match="too few axes"):
        testing.generate_matrix((2,), singular_values=1)


def test_saving_and_loading():
    a, b = L.Linear(2, 3), L.Linear(2, 3)
    testing.save_and_load_npz(a, b)
    np.testing.assert_array_equal(a.W.array, b.W.array)


def test_a_trainer_that_only_counts():
    seen = []
    trainer = testing.get_trainer_with_mock_updater((2, "epoch"), iter_per_epoch=3)
    trainer.extend(lambda t: seen.append(t.updater.iteration), name="note", trigger=(1, "epoch"))
    trainer.out = trainer.out + "_unused"
    with unittest.mock.patch("os.makedirs"):
        trainer.run()
    assert seen == [3, 6]


def test_distribution_tests_bite():
    class Normal(testing.distribution_unittest):
        __test__ = False

        def setUp_configure(self):
            from scipy import stats

            self.dist, self.scipy_dist = chainer.distributions.Normal, stats.norm
            self.test_targets = {"batch_shape", "cdf", "entropy", "log_prob", "mean", "variance"}
            loc, scale = np.zeros(3, np.float32), np.full(3, 2, np.float32)
            self.params = {"loc": loc, "scale": scale * self.factor}
            self.scipy_params = {"loc": loc, "scale": scale}
            self.shape, self.sample_shape, self.is_variable = (3,), (2,), True

        def sample_for_test(self):
            return np.random.normal(size=(2, 3)).astype(np.float32)

    names = [n for n in dir(Normal) if n.startswith("test_") and n.endswith("_cpu")]
    good, bad = (type("D", (Normal,), {"factor": f}) for f in (1, 1.5))
    assert outcome(good, *names) == (0, 9) and outcome(bad, *names) == (4, 9)
