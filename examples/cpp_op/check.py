"""Checks softsign: which kernel runs, its values, its first and second gradients."""

from __future__ import annotations

import numpy as np
import softsign_op.kernels  # an installed package is found through its entry point instead
from softsign_op import softsign

import renkei as rk
from renkei.testing import assert_allclose, gradient_check


def main() -> None:
    x = np.random.default_rng(0).standard_normal((3, 5))
    print(rk.explain("softsign", x))
    assert_allclose(softsign(x), x / (1 + np.abs(x)), atol=0, rtol=1e-12)
    assert_allclose(softsign(x.T[::2]), softsign_op.kernels.softsign_reference(x.T[::2]))
    gradient_check(softsign, [x])
    print("softsign: values, gradients and second gradients agree")


if __name__ == "__main__":
    main()
