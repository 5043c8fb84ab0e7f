"""The Euclidean mirror map is what the frame promises, and makes mirror steps projected gradient steps."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optlab import sets

quick = settings(deadline=None, max_examples=40)
triples = st.integers(1, 5).flatmap(lambda d: arrays(np.float64, (3, d), elements=st.floats(-100, 100)))


@quick
@given(xyg=triples)
def test_conjugate_gradient_inverts_the_gradient_and_bregman_is_its_definition(xyg):
    x, y, _ = xyg
    psi = sets.Euclidean()
    np.testing.assert_array_equal(psi.dual_gradient(psi.gradient(x)), x)
    definition = psi.value(x) - psi.value(y) - psi.gradient(y) @ (x - y)
    assert psi.bregman(x, y) == pytest.approx(definition, abs=1e-9)
    assert psi.bregman(x, y) >= 0.0
    assert psi.bregman(x, x) == 0.0


@quick
@given(xyg=triples, step=st.floats(1e-3, 10.0))
def test_mirror_step_minimises_its_model(bounded, xyg, step):
    """First-order optimality over C: <g + (s - x) / step, t - s> >= 0 for all t in C; the lmo finds the worst t."""
    x, _, g = xyg
    C = bounded.make(x.size)
    s = sets.Euclidean().mirror_step(x, g, step, C)
    slope = g + (s - x) / step
    assert slope @ (C.lmo(slope) - s) >= -1e-9 * (1.0 + np.max(np.abs(slope)))
    np.testing.assert_array_equal(sets.Euclidean().mirror_step(x, g, step), x - step * g)


@dataclass(frozen=True, eq=False)
class Quartic(sets.MirrorMap):
    """psi(x) = sum x^4 / 4 + x^2 / 2 in one dimension at a time: exercises what the frame itself provides."""

    def value(self, x):
        return np.sum(x**4 / 4 + x**2 / 2, axis=-1)

    def gradient(self, x):
        return x**3 + x

    def dual_gradient(self, theta):
        x = np.zeros_like(theta)
        for _ in range(200):  # Newton on x^3 + x = theta, globally convergent after a first step to the far side
            x = x - (x**3 + x - theta) / (3 * x**2 + 1)
        return x

    def project(self, y, constraint):
        return constraint.project(y)


def test_the_frame_of_a_map_that_is_not_euclidean(seed=0):
    psi, rng = Quartic(), np.random.default_rng(seed)
    x, y, g = rng.normal(size=(3, 20, 2))
    assert np.all(psi.bregman(x, y) >= 0)
    np.testing.assert_allclose(psi.bregman(x, x), 0.0, atol=1e-15)
    s = psi.mirror_step(x, g, 0.3)
    # The step minimises <g, s> + B(s, x) / 0.3: its gradient vanishes, and every other point is worse.
    np.testing.assert_allclose(g + (psi.gradient(s) - psi.gradient(x)) / 0.3, 0.0, atol=1e-10)
    best = np.sum(g * s, axis=-1) + psi.bregman(s, x) / 0.3
    other = s + 0.1 * rng.normal(size=s.shape)
    assert np.all(np.sum(g * other, axis=-1) + psi.bregman(other, x) / 0.3 > best)
    box = sets.Box(-0.5, 0.5)  # a box and a separable map: clipping is the Bregman projection
    np.testing.assert_array_equal(psi.mirror_step(x, g, 0.3, box), np.clip(s, -0.5, 0.5))
