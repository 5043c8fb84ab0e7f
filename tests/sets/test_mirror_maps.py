"""Mirror maps by hand: closed cases, the numbers of the sheet, inputs that break careless implementations."""

import math
import pickle
from dataclasses import FrozenInstanceError

import array_api_compat.numpy as xp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optlab import sets
from optlab.sets.mirror_barrier import simplex_newton

quick = settings(deadline=None, max_examples=40)
ENTROPY = sets.NegativeEntropy()
MAPS = [
    sets.Euclidean(),
    sets.NegativeEntropy(),
    sets.PNorm(1.4),
    sets.LogBarrier(),
    sets.Quadratic(np.diag([1.0, 2.0])),
    sets.DiagonalQuadratic([1.0, 2.0]),
    sets.MatrixEntropy(),
]


# --- entropy ---


@quick
@given(
    log_x=arrays(np.float64, 5, elements=st.floats(-1e5, 1e5)), g=arrays(np.float64, 5, elements=st.floats(-1e5, 1e5))
)
def test_the_logarithms_of_weights_survive_where_weights_underflow(log_x, g):
    log_u = ENTROPY.log_step(log_x, g, 2.0, sets.Simplex())
    assert np.all(np.isfinite(log_u))
    assert math.fsum(np.exp(log_u)) == pytest.approx(1.0, abs=1e-9)
    # The ratios are exact: log u - (log x - step g) is one number.
    shift = log_u - (log_x - 2.0 * g)
    np.testing.assert_allclose(shift, shift[0], atol=1e-9 + 1e-15 * np.max(np.abs(log_x - 2.0 * g)) * 4)


def test_a_long_run_in_logarithms_forgets_nothing():
    log_x = np.log([0.5, 0.5])
    for sign in (1.0, -1.0):  # 2000 rounds one way, and 2000 back
        for _ in range(2000):
            log_x = ENTROPY.log_step(log_x, [sign, 0.0], 1.0, sets.Simplex())
        if sign > 0:
            assert np.exp(log_x[0]) == 0.0
            assert log_x[0] == pytest.approx(-2000.0)
    np.testing.assert_allclose(np.exp(log_x), [0.5, 0.5], rtol=1e-9)


@pytest.mark.parametrize("C", [sets.Simplex(), sets.BoundedSimplex(upper=0.9), sets.Orthant()])
def test_zero_weights_stay_zero_without_a_warning(C):
    u = ENTROPY.mirror_step([0.0, 0.4, 0.6], [-5.0, 1.0, 1.0], 0.1, C)
    assert u[0] == 0.0
    assert np.all(u[1:] > 0.0)


def test_a_floor_lifts_zero_weights_and_a_cap_may_make_the_step_impossible():
    u = ENTROPY.project([0.0, 0.0, 1.0], sets.BoundedSimplex(lower=0.1))
    np.testing.assert_allclose(u, [0.1, 0.1, 0.8], rtol=1e-14)
    # All mass beyond the cap of the only positive weight would have to go to zero weights: no finite divergence.
    assert np.all(np.isnan(ENTROPY.project([0.0, 0.0, 1.0], sets.BoundedSimplex(upper=0.5))))
    assert np.all(np.isnan(ENTROPY.project([0.0, 0.0], sets.Simplex())))


def test_floor_and_cap_clamp_the_extremes_and_rescale_the_rest():
    y = np.array([0.7, 0.2, 0.08, 0.02])
    np.testing.assert_allclose(
        ENTROPY.project(y, sets.BoundedSimplex(lower=0.05)), [0.95 * 70 / 98, 0.95 * 20 / 98, 0.95 * 8 / 98, 0.05]
    )
    np.testing.assert_allclose(
        ENTROPY.project(y, sets.BoundedSimplex(upper=0.4)), [0.4, 0.4, 0.16, 0.04], rtol=1e-14
    )  # the second one is pushed over the cap by the first
    np.testing.assert_allclose(ENTROPY.project(y, sets.BoundedSimplex(0.25)), np.full(4, 0.25), rtol=1e-14)
    np.testing.assert_allclose(ENTROPY.project(y, sets.BoundedSimplex(upper=0.25)), np.full(4, 0.25), rtol=1e-14)


def test_equal_losses_leave_the_weights_alone_and_ties_stay_tied():
    x = np.array([0.2, 0.3, 0.5])
    np.testing.assert_allclose(ENTROPY.mirror_step(x, np.full(3, 7.0), 1.0, sets.Simplex()), x, rtol=1e-14)
    for C in (sets.Simplex(), sets.BoundedSimplex(0.1, 0.5)):
        u = ENTROPY.mirror_step(np.full(4, 0.25), [1.0, 0.0, 0.0, 1.0], 3.0, C)
        assert u[0] == u[3]
        assert u[1] == u[2]


def test_the_kullback_leibler_divergence_at_the_boundary():
    b = ENTROPY.bregman(
        [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.5, -0.5]], [[0.5, 0.5], [1.0, 0.0], [1.0, 0.0], [0.5, 0.5]]
    )
    np.testing.assert_allclose(b, [math.log(2.0), math.inf, 0.0, math.inf])
    assert ENTROPY.value([0.0, 1.0]) == 0.0
    assert ENTROPY.value([-0.1, 1.0]) == math.inf
    assert np.isnan(ENTROPY.value([np.nan, 1.0]))
    np.testing.assert_array_equal(ENTROPY.gradient([0.0, 1.0]), [-math.inf, 1.0])


def test_strong_convexity_follows_the_total():
    assert ENTROPY.strong_convexity(sets.Simplex()) == 1.0
    assert ENTROPY.strong_convexity(sets.Simplex(4.0)) == 0.25
    assert ENTROPY.strong_convexity(sets.BoundedSimplex(0.1, total=2.0)) == 0.5
    assert ENTROPY.strong_convexity(sets.Box(0.0, [1.0, 3.0])) == 0.25
    assert ENTROPY.strong_convexity(sets.Orthant(3)) == 0.0
    assert ENTROPY.strong_convexity() == 0.0
    assert sets.MatrixEntropy().strong_convexity(sets.Spectraplex(2.0)) == 0.5
    assert sets.LogBarrier().strong_convexity(sets.Simplex(2.0)) == 0.25
    assert sets.LogBarrier().strong_convexity(sets.Orthant()) == 0.0
    assert sets.PNorm(1.25).strong_convexity() == 0.25


# --- p-norm ---


@quick
@given(
    x=arrays(np.float64, 6, elements=st.floats(-1e3, 1e3).map(lambda v: v if abs(v) > 1e-3 else 0.0)),
    p=st.sampled_from([1.05, 1.2, 1.5, 1.9, 2.0]),
)
def test_the_p_norm_maps_invert_each_other_to_rounding(x, p):
    psi = sets.PNorm(p)
    size = np.max(np.abs(x))
    error = np.max(np.abs(psi.dual_gradient(psi.gradient(x)) - x))
    assert error <= 4e-16 * size * psi.q * 4


def test_the_p_norm_at_zero_and_at_extreme_scales():
    psi = sets.PNorm.for_dimension(1000)
    assert psi.p == pytest.approx(1.0 + 1.0 / math.log(1000))
    np.testing.assert_array_equal(psi.gradient(np.zeros(3)), np.zeros(3))
    np.testing.assert_array_equal(psi.dual_gradient(np.zeros(3)), np.zeros(3))
    for scale in (1e-300, 1e300):
        x = scale * np.array([1.0, -2.0, 0.0, 0.5])
        np.testing.assert_allclose(psi.gradient(x) / scale, psi.gradient(x / scale), rtol=1e-12)
        np.testing.assert_allclose(psi.norm(x) / scale, psi.norm(x / scale), rtol=1e-12)
    assert sets.PNorm.for_dimension(1).p == sets.PNorm.for_dimension(2).p == 2.0


@quick
@given(theta=arrays(np.float64, 4, elements=st.floats(-50, 50)))
def test_p_equal_to_two_is_euclidean(theta):
    psi = sets.PNorm(2.0)
    for C in (sets.Simplex(1.5), sets.Box(-1.0, 0.5), sets.L2Ball(0.7), sets.LpBall(0.7, 2.0), sets.WholeSpace()):
        np.testing.assert_allclose(psi.dual_project(theta, C), C.project(theta), atol=1e-12)


@quick
@given(theta=arrays(np.float64, 5, elements=st.floats(-1e3, 1e3)), p=st.sampled_from([1.05, 1.3, 1.9]))
def test_p_norm_over_simplex_and_box_at_all_scales(theta, p):
    psi = sets.PNorm(p)
    u = psi.dual_project(theta, sets.Simplex(2.0))
    assert np.all(u >= 0.0)
    assert math.fsum(u) == pytest.approx(2.0, rel=1e-13)
    active = u > 1e-12
    slope = theta - psi.gradient(u)
    assert np.ptp(slope[active]) <= 1e-8 * (1.0 + np.max(np.abs(theta)))
    box = sets.Box(-0.5, 0.3)
    v = psi.dual_project(theta, box)
    slope = theta - psi.gradient(v)
    assert np.sum(slope * (v - box.lmo(-slope))) >= -1e-8 * (1.0 + np.max(np.abs(theta)))


def test_p_norm_over_a_box_without_bounds_or_with_a_single_point():
    psi, theta = sets.PNorm(1.3), np.array([3.0, -1.0, 0.0])
    np.testing.assert_allclose(psi.dual_project(theta, sets.Box()), psi.dual_gradient(theta), rtol=1e-13)
    np.testing.assert_array_equal(psi.dual_project(theta, sets.Box(1.0, 1.0)), np.ones(3))
    np.testing.assert_array_equal(psi.dual_project(np.zeros(3), sets.Box(-1.0, 1.0)), np.zeros(3))
    np.testing.assert_array_equal(psi.dual_project(theta, sets.Box(0.0, 0.0)), np.zeros(3))


# --- log-barrier ---


def test_the_barrier_needs_no_more_newton_steps_than_the_sheet_says(seed=0):
    """At most 9 steps to a sum error of 1e-12, d <= 2000."""
    rng = np.random.default_rng(seed)
    for _ in range(200):
        d = int(rng.integers(1, 2001))
        x = np.maximum(rng.dirichlet(np.full(d, rng.choice([0.05, 0.3, 1.0, 5.0]))), 1e-12)
        s = 1.0 / x + rng.normal(size=d) * 10.0 ** rng.uniform(-3, 4)
        t, steps = simplex_newton(xp, s - np.min(s), 1.0)
        assert steps <= 9
        assert abs(math.fsum(1.0 / (s - np.min(s) + t)) - 1.0) <= 1e-12


def test_the_barrier_by_hand():
    barrier = sets.LogBarrier()
    np.testing.assert_allclose(barrier.dual_project(np.zeros(4), sets.Simplex(2.0)), np.full(4, 0.5))
    assert barrier.value([1.0, math.e]) == pytest.approx(-1.0)
    assert barrier.value([0.0, 1.0]) == math.inf
    assert np.isnan(barrier.value([np.nan, 1.0]))
    assert barrier.bregman([1.0], [2.0]) == pytest.approx(0.5 - 1.0 + math.log(2.0))
    assert barrier.bregman([0.0], [2.0]) == math.inf
    assert barrier.local_norm([3.0, 8.0], [1.0, 2.0]) == pytest.approx(5.0)
    assert barrier.local_dual_norm([3.0, 2.0], [1.0, 2.0]) == pytest.approx(5.0)
    with pytest.raises(sets.UnboundedError, match="over the orthant"):
        barrier.mirror_step([1.0], [-2.0], 1.0)
    with pytest.raises(sets.UnboundedError, match="over the box"):
        barrier.mirror_step([1.0], [-2.0], 1.0, sets.Box(0.5))
    np.testing.assert_array_equal(barrier.mirror_step([1.0], [-2.0], 1.0, sets.Box(0.5, 3.0)), [3.0])
    with pytest.raises(ValueError, match="outside the domain of LogBarrier"):
        barrier.project([1.0], sets.Box(-2.0, 0.0))
    with pytest.raises(ValueError, match="outside the orthant"):
        ENTROPY.project([1.0], sets.Box(-2.0, -1.0))


# --- quadratic ---


@pytest.mark.parametrize("radius", [0.5, 1e-6, 1e6])
def test_the_secular_equation_at_all_condition_numbers(radius, seed=1):
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    psi = sets.Quadratic(basis @ np.diag(np.logspace(-6, 6, 6)) @ basis.T)
    y = rng.normal(size=(20, 6))
    u = psi.project(y, sets.L2Ball(radius))
    norm = np.linalg.norm(u, axis=-1)
    assert np.all(norm <= radius * (1.0 + 1e-14))
    if radius < 1e6:
        # Optimal: H (y - u) is a non-negative multiple of u.
        pull = psi.gradient(y) - psi.gradient(u)
        cosine = np.sum(pull * u, axis=-1) / np.linalg.norm(pull, axis=-1) / norm
        np.testing.assert_allclose(cosine, 1.0, atol=1e-8)
    else:
        np.testing.assert_array_equal(u, y)


@pytest.mark.parametrize("C", [sets.Simplex(), sets.Box(-0.3, 0.2), sets.BoundedSimplex(0.01, 0.3), sets.L1Ball(0.5)])
@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6])
def test_quadratic_programs_are_solved_to_the_first_order_condition(C, condition, seed=2):
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.normal(size=(12, 12)))
    psi = sets.Quadratic(basis @ np.diag(np.geomspace(1.0, condition, 12)) @ basis.T)
    y = rng.normal(size=(3, 12))
    u = psi.project(y, C)
    slope = psi.gradient(u) - psi.gradient(y)
    gap = np.sum(slope * (u - C.lmo(slope)), axis=-1)
    assert np.all(gap <= 1e-9 * condition)
    np.testing.assert_allclose(psi.project(u, C), u, atol=1e-15 * condition * 1e2)


def test_one_matrix_for_each_member_of_the_batch(seed=3):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(5, 4, 4))
    matrices = root @ np.swapaxes(root, -1, -2) + 0.1 * np.eye(4)
    y = rng.normal(size=(5, 4))
    polytope = sets.Polytope(np.vstack([-np.eye(4), np.eye(4)]), np.full(8, 0.2))
    plane = sets.Affine(np.ones((1, 4)), [1.0])
    for C in (sets.L2Ball(0.3), sets.Simplex(), sets.Box(-0.2, 0.2), sets.HalfSpace(np.ones(4), -1.0), plane, polytope):
        batch = sets.Quadratic(matrices).project(y, C)
        for k in range(5):
            np.testing.assert_allclose(batch[k], sets.Quadratic(matrices[k]).project(y[k], C), atol=1e-9)


def test_a_diagonal_matrix_and_its_diagonal_agree(seed=4):
    weights = np.array([0.5, 3.0, 1.0, 10.0])
    full, diagonal = sets.Quadratic(np.diag(weights)), sets.DiagonalQuadratic(weights)
    y = np.random.default_rng(seed).normal(size=(10, 4))
    np.testing.assert_allclose(full.dual_norm(y), diagonal.dual_norm(y), rtol=1e-12)
    half = sets.HalfSpace(np.ones(4), -0.3)
    for C in (sets.L2Ball(0.4, center=0.1), sets.Simplex(), sets.Box(-0.2, 0.3), sets.BoundedSimplex(0.1), half):
        np.testing.assert_allclose(full.project(y, C), diagonal.project(y, C), atol=1e-9)


# --- sets that are a single point, one dimension, bad input ---


@pytest.mark.parametrize(
    "psi, x",
    [(ENTROPY, 3.0), (sets.LogBarrier(), 3.0), (sets.PNorm(1.3), -3.0), (sets.DiagonalQuadratic(2.0), -3.0)]
    + [(sets.Euclidean(), -3.0), (sets.Quadratic([[2.0]]), -3.0)],
)
def test_the_simplex_of_dimension_one_is_a_point(psi, x):
    for g in (-100.0, 0.0, 100.0):
        np.testing.assert_allclose(psi.mirror_step([x], [g], 1.0, sets.Simplex(2.0)), [2.0], rtol=1e-14)


@pytest.mark.parametrize("psi", [sets.Euclidean(), sets.Quadratic(np.diag([1.0, 3.0])), sets.DiagonalQuadratic(2.0)])
def test_a_ball_of_radius_zero_is_a_point(psi):
    for g in ([5.0, -1.0], [0.0, 0.0]):
        ball = sets.L2Ball(0.0, center=[1.0, 2.0])
        np.testing.assert_array_equal(psi.mirror_step([1.0, 2.0], g, 1.0, ball), [1.0, 2.0])
    np.testing.assert_array_equal(sets.PNorm(1.5).project([1.0, 2.0], sets.LpBall(0.0, 1.5)), [0.0, 0.0])


def test_a_matrix_with_zero_eigenvalues_has_an_entropy():
    entropy = sets.MatrixEntropy()
    assert entropy.value(np.ones((2, 2))) == pytest.approx(2.0 * math.log(2.0))
    u = entropy.mirror_step(np.ones((2, 2)) / 2, np.eye(2), 0.1, sets.Spectraplex())
    np.testing.assert_allclose(u, np.ones((2, 2)) / 2, atol=1e-12)


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: sets.PNorm(1.0), ValueError, "p must be a finite number > 1 and <= 2, got 1.0"),
        (lambda: sets.PNorm(3.0), ValueError, "p must be"),
        (lambda: sets.PNorm.for_dimension(0), ValueError, "dim must be at least 1"),
        (lambda: sets.Euclidean(point_ndim=3), ValueError, "point_ndim must be one of 1, 2"),
        (lambda: sets.Quadratic(np.ones(3)), ValueError, r"matrix must hold square matrices .* got shape \(3,\)"),
        (lambda: sets.Quadratic(np.ones((2, 2))), ValueError, "matrix must be positive definite"),
        (lambda: sets.Quadratic([[1.0, 1.0], [0.0, 1.0]]), ValueError, "matrix must be symmetric"),
        (lambda: sets.Quadratic([[np.nan]]), ValueError, "matrix holds NaN"),
        (lambda: sets.DiagonalQuadratic([1.0, 0.0]), ValueError, "weights must be positive"),
        (lambda: sets.Quadratic(np.eye(2)).value(np.ones(3)), ValueError, "points must have 2 coordinates"),
        (lambda: sets.MatrixEntropy().value(np.ones(3)), ValueError, "x must hold square matrices"),
        (lambda: ENTROPY.mirror_step([0.5, 0.5], [1.0, 0.0], -1.0), ValueError, "step must be a finite number > 0"),
        (
            lambda: sets.MatrixEntropy().mirror_step(np.eye(2), np.eye(2), np.ones((3, 1)), sets.Spectraplex()),
            ValueError,
            r"shape \(..., 1, 1\), got shape \(3, 1\)",
        ),
    ],
)
def test_bad_input(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("psi", MAPS, ids=lambda psi: type(psi).__name__)
def test_maps_are_frozen_values(psi):
    assert pickle.loads(pickle.dumps(psi)) == psi
    assert hash(pickle.loads(pickle.dumps(psi))) == hash(psi)
    assert [other == psi for other in MAPS] == [other is psi for other in MAPS]
    with pytest.raises(FrozenInstanceError):
        psi.anything = 1.0
    assert isinstance(psi.domain, sets.ConvexSet)


def test_what_was_computed_on_the_way_does_not_tell_equal_maps_apart():
    a, b = sets.Quadratic(np.diag([1.0, 2.0])), sets.Quadratic(np.diag([1.0, 2.0]))
    a.project([3.0, 3.0], sets.L2Ball(1.0))  # computes the eigenvalues
    assert a == b
    assert pickle.loads(pickle.dumps(a)) == b
