"""Checks that several families of problems share."""

import numpy as np
import pytest


def _directional(gradient, x, v):
    return float(np.sum(np.asarray(gradient(x)) * v))


@pytest.fixture
def assert_derivative():
    """Check a gradient by the slope of its Taylor error, 2 on a log-log scale: one finite difference can be lucky."""

    def check(value, gradient, x, v, slope=2.0):
        base, inner = float(value(x)), _directional(gradient, x, v)
        h = np.logspace(-1, -3, 9)
        error = np.abs([float(value(x + t * v)) - base - t * inner for t in h])
        noise = 1e-12 * max(1.0, abs(base))
        if (error < 100 * noise).all():  # linear along v: there is no second order
            return
        assert np.polyfit(np.log(h), np.log(error), 1)[0] == pytest.approx(slope, abs=0.15)

    return check


@pytest.fixture
def assert_batched():
    """Check that oracles answer for leading axes what they answer for each point alone."""

    def check(problem, names, rng):
        points = np.stack([np.asarray(problem.start()) + rng.standard_normal(problem.shape) for _ in range(3)])
        for name in names:
            together = np.asarray(getattr(problem, name)(points))
            alone = np.stack([np.asarray(getattr(problem, name)(x)) for x in points])
            np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-12, err_msg=name)

    return check
