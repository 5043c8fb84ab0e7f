"""Linear minimisation, support functions and diameters against the enumeration of vertices."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optlab import sets

quick = settings(deadline=None, max_examples=40)
coordinates = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e4, 1e4))
functions = st.integers(1, 5).flatmap(lambda d: arrays(np.float64, d, elements=coordinates))


@quick
@given(g=functions)
def test_lmo_returns_a_vertex_that_minimises(polytope, g):
    vertices = polytope.vertices(g.size)
    s = polytope.make(g.size).lmo(g)
    assert np.min(np.max(np.abs(vertices - s), axis=1)) <= 1e-15 * (1.0 + np.max(np.abs(s)))
    assert s @ g <= np.min(vertices @ g) + 1e-13 * (1.0 + np.sum(np.abs(g)))


@quick
@given(g=functions)
def test_l2_lmo_attains_cauchy_schwarz(g):
    for center in (0.0, np.arange(g.size) / 3.0):
        ball = sets.L2Ball(1.5, center=center)
        s = ball.lmo(g)
        assert np.linalg.norm(s - center) <= 1.5 * (1 + 1e-14)
        lowest = np.sum(g * center) - 1.5 * np.linalg.norm(g)
        assert g @ s == pytest.approx(lowest, rel=1e-13, abs=1e-12 * (1.0 + np.sum(np.abs(g))))


def test_l2_lmo_at_extreme_scales_and_at_zero():
    np.testing.assert_allclose(sets.L2Ball(2.0).lmo([3e300, -4e300]), [-1.2, 1.6], rtol=1e-15)
    np.testing.assert_allclose(sets.L2Ball(2.0).lmo([3e-320, -4e-320]), [-1.2, 1.6], rtol=1e-3)
    np.testing.assert_array_equal(sets.L2Ball(2.0, center=1.0).lmo([0.0, 0.0]), [1.0, 1.0])


@quick
@given(y=functions)
def test_support_is_the_maximum_over_the_vertices(polytope, y):
    best = np.max(polytope.vertices(y.size) @ y)
    assert polytope.make(y.size).support(y) == pytest.approx(best, rel=1e-13, abs=1e-12 * (1.0 + np.sum(np.abs(y))))


def test_support_of_unbounded_sets():
    y = np.array([[1.0, -2.0], [-1.0, 0.0], [0.0, 0.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(sets.WholeSpace().support(y), [np.inf, np.inf, 0.0, np.nan])
    np.testing.assert_array_equal(sets.Box().support(y), [np.inf, np.inf, 0.0, np.nan])
    np.testing.assert_array_equal(sets.Box(lower=0.0).support(y), [np.inf, 0.0, 0.0, np.nan])
    np.testing.assert_array_equal(sets.Box(-1.0, [np.inf, 3.0]).support(y), [np.inf, 1.0, 0.0, np.nan])


@pytest.mark.parametrize("d", [1, 2, 5])
def test_diameter_is_the_largest_distance_of_two_vertices(polytope, d):
    vertices = polytope.vertices(d)
    largest = np.max(np.linalg.norm(vertices[:, None] - vertices[None], axis=-1))
    C = dataclasses.replace(polytope.make(d), dim=d)
    assert isinstance(C.diameter, float)
    assert C.diameter == pytest.approx(largest, rel=1e-14, abs=1e-15)


@quick
@given(g=functions)
def test_no_two_points_are_further_apart_than_the_diameter(bounded, g):
    C = bounded.make(g.size)
    s, t = C.lmo(g), C.lmo(-g)
    assert np.linalg.norm(s - t) <= C.diameter * (1 + 1e-14) + 1e-15
    if isinstance(C, sets.L2Ball) and np.any(g):
        assert np.linalg.norm(s - t) == pytest.approx(C.diameter, rel=1e-14)


def test_diameters_of_unbounded_sets_are_infinite(unbounded):
    assert unbounded(3).diameter == math.inf


@pytest.mark.parametrize("C", [sets.LinfBall(), sets.Box(0.0, 1.0)])
def test_a_diameter_that_depends_on_an_unknown_dimension_is_refused(C):
    with pytest.raises(ValueError, match="depends on the dimension"):
        _ = C.diameter


def test_degenerate_diameters_need_no_dimension():
    assert sets.LinfBall(0.0).diameter == 0.0
    assert sets.Box(2.0, 2.0).diameter == 0.0
    assert sets.Simplex(dim=1).diameter == 0.0


@pytest.mark.parametrize(
    "C, g, match",
    [
        (sets.Box(lower=0.0), [1.0, -1.0], "negative where upper is infinite"),
        (sets.Box(upper=[0.0, 1.0]), [-1.0, 1.0], "positive where lower is infinite"),
        (sets.WholeSpace(), [0.0, 1.0], "unless g is zero"),
    ],
)
def test_an_unbounded_minimum_is_a_specific_error(C, g, match):
    with pytest.raises(sets.UnboundedError, match=match):
        C.lmo(g)
    with pytest.raises(sets.UnboundedError, match=match):
        C.lmo([g, [0.0, 0.0]])


def test_an_unbounded_box_has_a_minimum_in_its_bounded_directions():
    C = sets.Box(lower=[0.0, -np.inf, -np.inf, 1.0], upper=[np.inf, 2.0, np.inf, 3.0])
    np.testing.assert_array_equal(C.lmo([1.0, -1.0, 0.0, 0.0]), [0.0, 2.0, 0.0, 3.0])
    np.testing.assert_array_equal(C.lmo([0.0, 0.0, 0.0, 5.0]), [0.0, 2.0, 0.0, 1.0])
    np.testing.assert_array_equal(sets.WholeSpace().lmo([0.0, 0.0]), [0.0, 0.0])


@pytest.mark.parametrize("C", [sets.Simplex(), sets.L1Ball(), sets.L2Ball(), sets.L1Ball(center=1.0)])
def test_nan_in_g_spoils_its_own_answer_only(C):
    s = C.lmo([[np.nan, 1.0], [2.0, 1.0]])
    assert np.all(np.isnan(s[0]))
    np.testing.assert_array_equal(s[1], C.lmo([2.0, 1.0]))


def test_independent_coordinates_keep_their_own_nan():
    for C in (sets.LinfBall(), sets.Box(-1.0, 1.0)):
        np.testing.assert_array_equal(C.lmo([np.nan, 1.0]), [np.nan, -1.0])
    np.testing.assert_array_equal(sets.WholeSpace().lmo([np.nan, 0.0]), [np.nan, 0.0])


def test_a_flat_direction_takes_the_upper_end():
    np.testing.assert_array_equal(sets.LinfBall(2.0).lmo([0.0, 1.0]), [2.0, -2.0])
    np.testing.assert_array_equal(sets.Box(-1.0, 3.0).lmo([0.0, 1.0]), [3.0, -1.0])
    np.testing.assert_array_equal(sets.L1Ball(2.0).lmo([0.0, 0.0]), [2.0, 0.0])
    np.testing.assert_array_equal(sets.Simplex().lmo([0.0, 0.0]), [1.0, 0.0])


def test_infinite_slopes_choose_their_vertex():
    np.testing.assert_array_equal(sets.Simplex().lmo([1.0, -np.inf]), [0.0, 1.0])
    np.testing.assert_array_equal(sets.L1Ball().lmo([1.0, np.inf]), [0.0, -1.0])
    assert np.all(np.isnan(sets.L2Ball().lmo([1.0, np.inf])))
