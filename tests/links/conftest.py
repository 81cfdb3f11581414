"""What tests of links share."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.testing import gradient_check


@pytest.fixture
def double():
    """Parameters are made in float64, so that numerical gradients are exact enough."""
    with rk.using_config("dtype", np.float64):
        yield


@pytest.fixture
def check_link():
    """Checks first and second gradients of a link by its inputs and by all its parameters."""

    def check(link, *inputs, call=None):
        call = call or link
        call(*inputs)
        places = [
            (owner, name)
            for owner in link.links()
            for name, value in sorted(vars(owner).items())
            if isinstance(value, rk.Parameter)
        ]
        params = [vars(owner)[name] for owner, name in places]
        assert params

        def f(*arguments):
            values = arguments[len(inputs) :]
            for (owner, name), value in zip(places, values):
                # Under double backprop a parameter is any Variable; on bare arrays wrap it.
                vars(owner)[name] = rk.as_variable(value)
            try:
                return call(*arguments[: len(inputs)])
            finally:
                for (owner, name), param in zip(places, params):
                    vars(owner)[name] = param

        gradient_check(f, [*inputs, *(p.array for p in params)])

    return check


@pytest.fixture
def rng():
    return np.random.default_rng(0)
