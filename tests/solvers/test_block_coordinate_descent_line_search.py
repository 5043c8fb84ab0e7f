"""Backtracking by itself: the interpolants are exact on the polynomials they stand for."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.solvers.block_coordinate_descent.line_search import _interpolate, backtrack, rounding

EPS = 2.0**-52
sizes = st.floats(0.1, 10.0)


@settings(deadline=None)
@given(value=st.floats(-5, 5), slope=st.floats(-5, -0.1), curvature=sizes, step=sizes)
def test_the_first_interpolant_is_the_parabola(value, slope, curvature, step):
    def phi(t):
        return value + slope * t + curvature * t * t / 2

    assert _interpolate(value, slope, (step, phi(step)), None) == pytest.approx(-slope / curvature, rel=1e-9)


@settings(deadline=None)
@given(slope=st.floats(-5, -0.1), square=st.floats(-5, 5), cubic=sizes, newer=sizes, ratio=st.floats(1.5, 4.0))
def test_the_next_one_is_the_cubic_through_two_trials(slope, square, cubic, newer, ratio):
    def phi(t):
        return 1.0 + slope * t + square * t**2 + cubic * t**3

    older = newer * ratio
    found = _interpolate(1.0, slope, (newer, phi(newer)), (older, phi(older)))
    least = (-square + math.sqrt(square**2 - 3 * cubic * slope)) / (3 * cubic)  # the root that is a minimum
    assert found == pytest.approx(least, rel=1e-6)


def test_where_the_cubic_is_a_parabola_its_minimum_is_taken():
    def phi(t):
        return 3.0 - 2.0 * t + 0.5 * t * t

    assert _interpolate(3.0, -2.0, (4.0, phi(4.0)), (8.0, phi(8.0))) == 2.0


def test_without_a_minimum_the_step_is_halved():
    assert _interpolate(0.0, -1.0, (1.0, -2.0), None) == 0.5  # below its tangent: concave
    assert _interpolate(0.0, -1.0, (1.0, math.inf), None) == 0.5
    assert _interpolate(0.0, -1.0, (1.0, -2.0), (2.0, -6.0)) == 0.5  # -t - t^2


def test_the_first_step_that_descends_is_taken():
    trials = []

    def phi(t):
        trials.append(t)
        return 8.0 * t * t - t

    step, count = backtrack(phi, 0.0, -1.0, EPS)
    assert trials == [1.0, 0.1] and (step, count) == (0.1, 2)  # 1/16 is what the parabola says; not below a tenth
    assert backtrack(lambda t: -t, 0.0, -1.0, EPS) == (1.0, 1)


def test_a_step_is_at_least_halved_and_at_most_a_tenth_remains():
    trials = []

    def phi(t):
        trials.append(t)
        return 1.0 if t > 1e-3 else -1.0

    backtrack(phi, 0.0, -1e-3, EPS)
    ratios = [b / a for a, b in itertools.pairwise(trials)]
    assert all(0.1 <= r <= 0.5 for r in ratios)


def test_infinite_and_nan_values_are_shortened_away():
    assert backtrack(lambda t: math.inf if t > 0.2 else -t, 0.0, -1.0, EPS) == (0.125, 4)
    assert backtrack(lambda t: math.nan if t > 0.2 else -t, 0.0, -1.0, EPS) == (0.125, 4)


def test_a_wrong_slope_gives_no_step_after_sixty_trials():
    assert backtrack(lambda t: 1.0, 0.0, -1.0, EPS) == (0.0, 60)


def test_at_rounding_level_not_to_rise_visibly_is_enough():
    assert rounding(1.0, -2.0, EPS) == 128 * EPS and rounding(1.0, math.inf, EPS) == 0.0
    assert backtrack(lambda t: 1e6 * (1 + 10 * EPS), 1e6, -1e-20, EPS) == (1.0, 1)
    assert backtrack(lambda t: 1e6 * (1 + 1000 * EPS), 1e6, -1e-20, EPS)[0] == 0.0
    assert backtrack(lambda t: math.inf, 0.0, -1.0, EPS)[0] == 0.0
