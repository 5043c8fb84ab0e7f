"""Projections, held against certificates: the variational inequality, enumeration, exact rationals, cvxpy."""

import itertools
import math
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optlab import sets

quick = settings(deadline=None, max_examples=40)
# Halves make ties and boundary points common; the floats are anything else.
coordinates = st.one_of(st.integers(-8, 8).map(lambda k: k / 2), st.floats(-1e4, 1e4))
points = st.integers(1, 6).flatmap(lambda d: arrays(np.float64, d, elements=coordinates))
pairs = st.integers(1, 6).flatmap(lambda d: arrays(np.float64, (2, d), elements=coordinates))
huge = st.integers(1, 6).flatmap(
    lambda d: arrays(np.float64, d, elements=st.floats(allow_nan=False, allow_infinity=False))
)


def _magnitude(x):
    return 1.0 + np.max(np.abs(x))


@quick
@given(x=points)
def test_projection_is_feasible_and_satisfies_the_variational_inequality(bounded, x):
    """p = P(x) if and only if p is in C and max over s in C of <x - p, s - p> <= 0; the support gives that maximum."""
    C = bounded.make(x.size)
    p = C.project(x)
    assert C.contains(p, tol=1e-13)
    violation = C.support(x - p) - np.sum((x - p) * p)
    assert violation <= 1e-12 * _magnitude(x) * x.size


@quick
@given(x=points)
def test_projection_onto_an_unbounded_box_clips_each_coordinate(x):
    lower, upper = np.where(np.arange(x.size) % 2, -np.inf, -1.0), np.where(np.arange(x.size) % 3, 1.5, np.inf)
    expected = [min(max(v, lo), up) for v, lo, up in zip(x, lower, upper, strict=True)]
    np.testing.assert_array_equal(sets.Box(lower, upper).project(x), expected)


@quick
@given(x=points)
def test_projection_is_idempotent(any_set, x):
    C = any_set(x.size)
    p = C.project(x)
    np.testing.assert_allclose(C.project(p), p, rtol=0, atol=4e-15 * x.size)


@quick
@given(xy=pairs)
def test_projection_is_firmly_nonexpansive(any_set, xy):
    """<Px - Py, x - y> >= |Px - Py|^2, which implies |Px - Py| <= |x - y|."""
    C = any_set(xy.shape[1])
    difference = C.project(xy[0]) - C.project(xy[1])
    slack = 1e-12 * xy.shape[1] * _magnitude(xy) * max(1.0, np.max(np.abs(difference)))
    assert difference @ (xy[0] - xy[1]) >= difference @ difference - slack


@quick
@given(x=points, radius=st.floats(0.0, 10.0))
def test_points_well_inside_come_back_bit_for_bit(x, radius):
    for ball in (sets.L1Ball, sets.L2Ball, sets.LinfBall):
        for center in (0.0, 1.0 / 3.0, np.sqrt(np.arange(1.0, x.size + 1))):
            room = np.sum(np.abs(x - center))
            np.testing.assert_array_equal(ball(1.001 * room, center=center).project(x), x)


def _simplex_by_enumeration(x, total):
    """Of all supports, the feasible candidate nearest to x."""
    best, best_distance = None, math.inf
    for size in range(1, x.size + 1):
        for support in map(list, itertools.combinations(range(x.size), size)):
            p = np.zeros_like(x)
            p[support] = x[support] - (x[support].sum() - total) / size
            if p.min() >= 0 and np.sum((p - x) ** 2) < best_distance:
                best, best_distance = p, np.sum((p - x) ** 2)
    return best


@quick
@given(x=st.integers(1, 5).flatmap(lambda d: arrays(np.float64, d, elements=st.floats(-3, 3))))
def test_simplex_projection_equals_the_best_support(x):
    np.testing.assert_allclose(sets.Simplex(1.7).project(x), _simplex_by_enumeration(x, 1.7), atol=1e-14)


@quick
@given(x=st.integers(1, 5).flatmap(lambda d: arrays(np.float64, d, elements=st.floats(-3, 3))))
def test_l1_projection_equals_the_best_face(x):
    """Outside the ball the projection lies on the face of x's own orthant."""
    expected = x if np.sum(np.abs(x)) <= 1.7 else np.sign(x) * _simplex_by_enumeration(np.abs(x), 1.7)
    np.testing.assert_allclose(sets.L1Ball(1.7).project(x), expected, atol=1e-14)


def _simplex_in_rationals(x, total):
    """The textbook sorting algorithm in exact arithmetic."""
    values = sorted(map(Fraction, x), reverse=True)
    theta, partial = None, Fraction(0)
    for k, value in enumerate(values, start=1):
        partial += value
        if value > (partial - total) / k:
            theta = (partial - total) / k
    return [max(Fraction(v) - theta, Fraction(0)) for v in x]


@quick
@given(x=huge, total=st.sampled_from([1.0, 1e-3, 1e5]))
def test_simplex_and_l1_are_exact_to_rounding_at_any_scale(x, total):
    exact = _simplex_in_rationals(x, Fraction(total))
    np.testing.assert_allclose(
        sets.Simplex(total).project(x), np.array(exact, dtype=float), rtol=0, atol=1e-15 * x.size * total
    )
    size = np.abs(x)
    if sum(map(Fraction, size)) > Fraction(total):
        exact = _simplex_in_rationals(size, Fraction(total))
        expected = np.sign(x) * np.array(exact, dtype=float)
    else:
        expected = x
    np.testing.assert_allclose(sets.L1Ball(total).project(x), expected, rtol=0, atol=1e-15 * x.size * total)


@quick
@given(x=huge)
def test_l2_projection_neither_overflows_nor_underflows(x):
    p = sets.L2Ball(2.0).project(x)
    norm = math.hypot(*x)
    if norm <= 2.0:
        np.testing.assert_array_equal(p, x)
    else:
        halves = [v / 4.0 for v in x]  # the norm itself may overflow
        np.testing.assert_allclose(p, [2.0 * v / math.hypot(*halves) for v in halves], rtol=1e-14, atol=1e-300)


def test_denormal_points_and_radii():
    tiny = 5e-324
    np.testing.assert_array_equal(sets.L2Ball(1.0).project([tiny, -tiny]), [tiny, -tiny])
    np.testing.assert_array_equal(sets.L1Ball(1.0).project([tiny, -tiny]), [tiny, -tiny])
    np.testing.assert_array_equal(sets.L2Ball(tiny).project([1.0, 0.0]), [tiny, 0.0])
    np.testing.assert_array_equal(sets.L1Ball(1e308).project([1.0, -2.0]), [1.0, -2.0])


def test_ties_are_shared_equally():
    np.testing.assert_allclose(sets.Simplex().project(np.full(7, 3.0)), np.full(7, 1 / 7), rtol=1e-15)
    np.testing.assert_allclose(sets.L1Ball().project([2.0, -2.0, 2.0, -2.0]), [0.25, -0.25, 0.25, -0.25], rtol=1e-15)


@pytest.mark.parametrize("x", [-3.0, 0.0, 0.4, 1e300])
def test_dimension_one(x):
    np.testing.assert_array_equal(sets.Simplex(2.0).project([x]), [2.0])
    for ball in (sets.L1Ball(2.0), sets.L2Ball(2.0), sets.LinfBall(2.0)):
        np.testing.assert_array_equal(ball.project([x]), [min(max(x, -2.0), 2.0)])


@pytest.mark.parametrize("ball", [sets.L1Ball, sets.L2Ball, sets.LinfBall])
@pytest.mark.parametrize("center", [0.0, 1.5])
def test_radius_zero_is_the_centre(ball, center):
    x = np.array([[1.0, -2.0, 1e300], [0.0, 0.0, 0.0], [1.5, 1.5, 1.5]])
    np.testing.assert_array_equal(ball(0.0, center=center).project(x), np.full((3, 3), center))


def test_the_simplex_sum_stays_accurate_in_a_high_dimension(seed=0):
    x = np.random.default_rng(seed).normal(size=200_000)
    for sample in (x, np.zeros_like(x), 1e-6 * x):
        p = sets.Simplex().project(sample)
        assert abs(math.fsum(p) - 1.0) < 1e-11
        assert np.all(p >= 0)


@pytest.mark.parametrize("make", [sets.Simplex, sets.L1Ball, sets.L2Ball])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_undefined_projections_spoil_their_own_point_only(make, bad):
    x = np.array([[0.3, bad, 5.0], [0.3, 1.0, 5.0]])
    p = make().project(x)
    assert np.all(np.isnan(p[0]))
    np.testing.assert_array_equal(p[1], make().project(x[1]))


def test_independent_coordinates_keep_their_own_nan_and_clip_infinity():
    x = np.array([np.nan, 3.0, -np.inf, np.inf])
    for C in (sets.LinfBall(1.0), sets.Box(-1.0, 1.0), sets.Box(np.full(4, -1.0), 1.0)):
        np.testing.assert_array_equal(C.project(x), [np.nan, 1.0, -1.0, 1.0])
    np.testing.assert_array_equal(sets.WholeSpace().project(x), x)


def test_minus_infinity_is_off_the_support_of_the_simplex():
    np.testing.assert_array_equal(sets.Simplex().project([-np.inf, 0.0, 3.0, 2.5]), [0.0, 0.0, 0.75, 0.25])
    assert np.all(np.isnan(sets.Simplex().project([-np.inf, -np.inf])))


@pytest.mark.parametrize("name", ["simplex", "l1", "l2", "linf"])
def test_projections_agree_with_cvxpy(name):
    x = np.array([1.45, -0.4, 0.9, 0.05, -2.2])
    center = np.array([0.1, -0.2, 0.3, 0.0, 0.5])
    s = cp.Variable(5)
    C, constraints = {
        "simplex": (sets.Simplex(1.5), [s >= 0, cp.sum(s) == 1.5]),
        "l1": (sets.L1Ball(1.5, center=center), [cp.norm1(s - center) <= 1.5]),
        "l2": (sets.L2Ball(1.5, center=center), [cp.norm2(s - center) <= 1.5]),
        "linf": (sets.LinfBall(0.8, center=center), [cp.norm_inf(s - center) <= 0.8]),
    }[name]
    cp.Problem(cp.Minimize(cp.sum_squares(s - x)), constraints).solve(solver="CLARABEL")
    np.testing.assert_allclose(C.project(x), s.value, atol=1e-5)


@quick
@given(x=points)
def test_contains_measures_the_distance_to_the_set(bounded, x):
    C = bounded.make(x.size)
    p = C.project(x)
    distance = np.max(np.abs(x - p))
    scale = max(1.0, np.max(np.abs(x)))
    assert C.contains(x, tol=2 * distance / scale)
    assert C.contains(x, tol=0.0) == (distance == 0.0)
    if distance > 1e-6 * scale:
        assert not C.contains(x)
        assert not C.contains(x, tol=distance / scale / 2)


def test_contains_refuses_points_that_are_not_finite():
    x = np.array([[0.5, 0.5], [np.nan, 1.0], [1.0, np.inf], [-np.inf, 1.0], [0.5, 0.6]])
    np.testing.assert_array_equal(sets.Simplex().contains(x), [True, False, False, False, False])
    np.testing.assert_array_equal(sets.WholeSpace().contains(x), [True, False, False, False, True])
    np.testing.assert_array_equal(sets.Box().contains(x), [True, False, False, False, True])


def test_the_default_tolerance_follows_the_dtype():
    x = np.array([0.5, 0.5 + 1e-5])
    assert not sets.Simplex().contains(x)
    assert sets.Simplex().contains(x.astype(np.float32))
