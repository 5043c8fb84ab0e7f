"""Proximal maps by subgradient inclusion: u = prox(x) if and only if (x - u) / step is a subgradient of h at u."""

import itertools
import math

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optlab import sets

quick = settings(deadline=None, max_examples=40)
coordinates = st.one_of(st.integers(-4, 4).map(lambda k: k / 2), st.floats(-100.0, 100.0))
vectors = st.sampled_from([2, 4, 6]).flatmap(lambda d: arrays(np.float64, d, elements=coordinates))
steps = st.floats(1e-2, 10.0)
weights = st.floats(1e-2, 10.0)


def _assert_subgradient_of_a_norm(h, v, u):
    """v is a subgradient of the norm h at u when its dual norm is at most 1 and <v, u> = h(u)."""
    assert h.dual_norm(v) <= 1.0 + 1e-9
    assert v @ u == pytest.approx(float(h.value(u)), rel=1e-9, abs=1e-9)


@quick
@given(x=vectors, step=steps, weight=weights)
@pytest.mark.parametrize("make", [sets.L1Norm, sets.L2Norm, lambda w: sets.L2Norm(w, group_size=2)])
def test_prox_of_a_norm(make, x, step, weight):
    h = make(weight)
    u = h.prox(x, step)
    _assert_subgradient_of_a_norm(h, (x - u) / step, u)


@quick
@given(x=vectors, step=steps, l1=weights, l2=weights)
def test_prox_of_the_elastic_net_and_of_the_ridge(x, step, l1, l2):
    u = sets.ElasticNet(l1, l2).prox(x, step)
    _assert_subgradient_of_a_norm(sets.L1Norm(l1), (x - u) / step - l2 * u, u)
    u = sets.SquaredL2(l2).prox(x, step)
    np.testing.assert_allclose((x - u) / step, l2 * u, rtol=1e-9, atol=1e-9)


@quick
@given(x=vectors, step=steps)
def test_prox_of_a_support_function(bounded, x, step):
    """v is a subgradient of sigma_C at u when v is in C and attains the supremum there."""
    C = bounded.make(x.size)
    u = sets.SupportFunction(C).prox(x, step)
    v = (x - u) / step
    assert C.contains(v, tol=1e-11)
    assert v @ u == pytest.approx(float(C.support(u)), rel=1e-9, abs=1e-8)


@quick
@given(x=vectors, step=steps)
def test_prox_of_an_indicator_is_the_projection(any_set, x, step):
    C = any_set(x.size)
    np.testing.assert_array_equal(sets.Indicator(C).prox(x, step), C.project(x))


@quick
@given(x=vectors, step=steps, weight=weights)
def test_norms_are_support_functions_of_the_dual_balls(x, step, weight):
    """Two independent routes to the same function and the same proximal map."""
    for h, C in [
        (sets.L1Norm(weight), sets.LinfBall(weight)),
        (sets.L2Norm(weight), sets.L2Ball(weight)),
        (sets.Zero(), sets.L2Ball(0.0)),
    ]:
        assert float(h.value(x)) == pytest.approx(float(C.support(x)), rel=1e-12)
        np.testing.assert_allclose(h.prox(x, step), C.prox_support(x, step), rtol=1e-12, atol=1e-12)
    largest = sets.SupportFunction(sets.L1Ball(weight))
    assert float(largest.value(x)) == pytest.approx(weight * np.max(np.abs(x)), rel=1e-12)


@quick
@given(x=vectors, y=vectors, weight=weights)
def test_dual_norm_bounds_the_inner_product_and_is_attained(x, y, weight):
    y = np.resize(y, x.size)
    for h in (sets.L1Norm(weight), sets.L2Norm(weight), sets.L2Norm(weight, group_size=2)):
        assert abs(x @ y) <= float(h.value(x) * h.dual_norm(y)) * (1 + 1e-12) + 1e-9
    # Attained: at a signed unit vector for l1, at y itself for l2, at the largest group of y for the group norm.
    tips = [sign * tip for sign, tip in itertools.product([-1.0, 1.0], np.eye(y.size))]
    assert float(sets.L1Norm(weight).dual_norm(y)) == pytest.approx(max(t @ y for t in tips) / weight, rel=1e-12)
    assert float(sets.L2Norm(weight).dual_norm(y)) == pytest.approx(np.linalg.norm(y) / weight, rel=1e-12)
    groups = y.reshape(-1, 2)
    expected = max(math.hypot(*group) for group in groups) / weight
    assert float(sets.L2Norm(weight, group_size=2).dual_norm(y)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("h", [sets.L1Norm(0.0), sets.L2Norm(0.0)])
def test_weight_zero_is_no_regulariser(h):
    x = np.array([[0.1, -0.2], [0.0, 0.0]])
    np.testing.assert_array_equal(h.prox(x, 3.0), x)
    np.testing.assert_array_equal(h.value(x), [0.0, 0.0])
    np.testing.assert_array_equal(h.dual_norm(x), [np.inf, 0.0])


def test_values():
    x = np.array([3.0, -4.0, 0.0, 12.0])
    assert sets.Zero().value(x) == 0.0
    assert sets.L1Norm(2.0).value(x) == 38.0
    assert sets.L2Norm(2.0).value(x) == 26.0
    assert sets.L2Norm(2.0, group_size=2).value(x) == 34.0
    assert sets.SquaredL2(2.0).value(x) == 169.0
    assert sets.ElasticNet(1.0, 2.0).value(x) == 188.0


@quick
@given(x=vectors, step=steps)
def test_prox_is_exactly_zero_below_the_threshold(x, step):
    size = np.max(np.abs(x)) + 1e-3
    for h in (sets.L1Norm(size / step * 1.001), sets.L2Norm(np.linalg.norm(x) / step * 1.001 + 1e-6)):
        assert not np.any(h.prox(x, step))
    assert not np.any(sets.LinfBall(size / step * 1.001).prox_support(x, step))
    assert not np.any(sets.WholeSpace().prox_support(x, step))


def test_strong_convexity_is_the_modulus_of_the_value(regularizer, seed=0):
    """h(z) <= (h(x) + h(y)) / 2 - m |x - y|^2 / 8 at the midpoint z, with equality for the ridge."""
    rng = np.random.default_rng(seed)
    x, y = regularizer.prox(rng.normal(size=(2, 50, 4)), 1.0)  # inside the domain of h
    gap = (regularizer.value(x) + regularizer.value(y)) / 2 - regularizer.value((x + y) / 2)
    quadratic = np.sum((x - y) ** 2, axis=-1) / 8
    assert np.all(gap >= regularizer.strong_convexity * quadratic - 1e-12)
    if isinstance(regularizer, sets.SquaredL2):
        np.testing.assert_allclose(gap, regularizer.strong_convexity * quadratic, atol=1e-14)
    if regularizer.strong_convexity == 0.0:
        assert not isinstance(regularizer, sets.SquaredL2 | sets.ElasticNet)


def test_step_may_differ_along_the_batch(regularizer, seed=1):
    x = np.random.default_rng(seed).normal(size=(3, 2, 4))
    step = np.array([0.1, 1.0, 7.0]).reshape(3, 1, 1)
    expected = [regularizer.prox(member, float(s)) for member, s in zip(x, step[:, 0, 0], strict=True)]
    np.testing.assert_array_equal(regularizer.prox(x, step), expected)
    np.testing.assert_array_equal(regularizer.prox(x, np.asarray(0.1)), regularizer.prox(x, 0.1))


def test_indicator_values():
    h = sets.Indicator(sets.Box(lower=0.0))
    np.testing.assert_array_equal(
        h.value([[0.0, 1.0], [-1.0, 1.0], [np.nan, 1.0], [np.inf, 0.0]]), [0, np.inf, np.nan, np.inf]
    )


def test_nan_spreads(regularizer):
    x = np.array([[np.nan, 1.0, 2.0, 3.0], [0.1, 0.2, 0.3, 0.4]])
    u = regularizer.prox(x, 0.5)
    assert np.isnan(u[0, 0])
    assert np.all(np.isfinite(u[1]))
    assert np.isnan(regularizer.value(x)[0])


def test_group_prox_agrees_with_cvxpy():
    x = np.array([1.3, -0.4, 0.9, 0.05, -2.2, 0.3])
    u = cp.Variable(6)
    penalty = cp.norm2(u[:2]) + cp.norm2(u[2:4]) + cp.norm2(u[4:])
    cp.Problem(cp.Minimize(0.8 * penalty + cp.sum_squares(u - x) / (2 * 1.25))).solve(solver="CLARABEL")
    np.testing.assert_allclose(sets.L2Norm(0.8, group_size=2).prox(x, 1.25), u.value, atol=1e-5)
