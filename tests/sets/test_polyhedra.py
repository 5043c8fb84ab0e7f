"""Half-spaces, affine subspaces, polytopes and bounded simplexes: their own questions, answered by other means."""

import itertools
import math

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab import sets

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**32 - 1)


def random_polytope(rng, touching):
    """Inequalities that hold at a known point, with equality for some of them when `touching`."""
    d, m = int(rng.integers(1, 6)), int(rng.integers(1, 15))
    matrix = rng.normal(size=(m, d))
    if rng.random() < 0.4:
        matrix = np.round(matrix)
    inside = rng.normal(size=d)
    return matrix, matrix @ inside + rng.random(m) * (rng.random(m) < (0.5 if touching else 1.0)), inside


@quick
@given(seed=seeds, touching=st.booleans(), exponent=st.integers(-4, 4))
def test_polytope_projections_satisfy_the_variational_inequality(seed, touching, exponent):
    rng = np.random.default_rng(seed)
    matrix, rhs, inside = random_polytope(rng, touching)
    C = sets.Polytope(matrix, rhs)
    x = inside + 10.0**exponent * rng.normal(size=(4, inside.size))
    p = C.project(x)
    scale = 1.0 + np.max(np.abs(x))
    assert np.all(matrix @ p.T <= rhs[:, None] + 1e-9 * scale)
    np.testing.assert_allclose(C.project(p), p, atol=1e-9 * scale)
    values = C.support(x - p)
    assert np.all(values - np.sum((x - p) * p, axis=-1) <= 1e-6 * scale**2)


def test_polytope_agrees_with_cvxpy(seed=1):
    rng = np.random.default_rng(seed)
    for _ in range(5):
        matrix, rhs, inside = random_polytope(rng, False)
        equation = rng.normal(size=(1, inside.size))
        C = sets.Polytope(matrix, rhs, equation, equation @ inside)
        x = 3.0 * rng.normal(size=inside.size)
        u = cp.Variable(inside.size)
        problem = cp.Problem(cp.Minimize(cp.sum_squares(u - x)), [matrix @ u <= rhs, equation @ u == equation @ inside])
        problem.solve(solver="CLARABEL")
        np.testing.assert_allclose(C.project(x), u.value, atol=1e-5)


def test_a_simplex_written_as_a_polytope_is_the_simplex(seed=2):
    rng = np.random.default_rng(seed)
    C = sets.Polytope(-np.eye(4), np.zeros(4), np.ones((1, 4)), [1.0])
    x = rng.normal(size=(3, 10, 4))
    np.testing.assert_allclose(C.project(x), sets.Simplex().project(x), atol=1e-12)
    np.testing.assert_array_equal(C.lmo(x), sets.Simplex().lmo(x))
    np.testing.assert_allclose(C.support(x), sets.Simplex().support(x), rtol=1e-12)
    assert C.diameter == pytest.approx(2.0)  # the diagonal of the bounding box; the true one is sqrt 2
    assert C.diameter >= sets.Simplex().diameter
    assert np.isnan(C.project([np.nan, 0.0, 0.0, 0.0])).all()
    assert np.isnan(C.lmo([np.nan, 0.0, 0.0, 0.0])).all()
    assert C.project(x.astype(np.float32)).dtype == np.float32


def test_polytopes_that_are_a_point_or_unbounded_or_empty():
    point = sets.Polytope([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [0.5, -0.5, 2.0, -2.0])
    np.testing.assert_allclose(point.project([[9.0, -4.0], [0.5, 2.0]]), [[0.5, 2.0], [0.5, 2.0]], atol=1e-12)
    assert point.diameter == pytest.approx(0.0, abs=1e-12)
    solved = sets.Polytope([[1.0, 0.0]], [5.0], np.eye(2), [1.0, 2.0])
    np.testing.assert_allclose(solved.project([7.0, 7.0]), [1.0, 2.0])
    half = sets.Polytope([[1.0, 1.0]], [1.0])
    assert half.diameter == math.inf
    assert half.support([1.0, 0.0]) == math.inf
    with pytest.raises(sets.UnboundedError, match="over the polytope"):
        half.lmo([1.0, 0.0])
    with pytest.raises(ValueError, match="the polytope is empty"):
        sets.Polytope([[1.0], [-1.0]], [0.0, -1.0])
    with pytest.raises(ValueError, match="eq_matrix and eq_rhs must be given together"):
        sets.Polytope([[1.0]], [0.0], eq_matrix=[[1.0]])
    with pytest.raises(ValueError, match="rhs must have 1 entries, one a row, got 2"):
        sets.Polytope([[1.0]], [0.0, 1.0])
    with pytest.raises(ValueError, match="eq_matrix must have 1 columns"):
        sets.Polytope([[1.0]], [0.0], [[1.0, 1.0]], [1.0])


@quick
@given(seed=seeds)
def test_halfspace_and_affine_projections_are_orthogonal(seed):
    rng = np.random.default_rng(seed)
    normal, x = 10.0 ** rng.uniform(-5, 5) * rng.normal(size=4), rng.normal(size=(8, 4))
    half = sets.HalfSpace(normal, rng.normal())
    p = half.project(x)
    excess = x @ normal - half.offset
    np.testing.assert_array_equal(p[excess <= 0], x[excess <= 0])
    outside = excess > 1e-9 * np.linalg.norm(normal)
    np.testing.assert_allclose(p[outside] @ normal, half.offset, atol=1e-12 * (1 + np.linalg.norm(normal) * 10))
    matrix = rng.normal(size=(2, 4))
    matrix = np.vstack([matrix, matrix[0] - 2.0 * matrix[1]])  # a dependent row
    inside = rng.normal(size=4)
    flat = sets.Affine(matrix, matrix @ inside)
    q = flat.project(x)
    np.testing.assert_allclose(matrix @ q.T, (matrix @ inside)[:, None] + np.zeros(8), atol=1e-10)
    np.testing.assert_allclose(np.sum((x - q) * (q - inside), axis=-1), 0.0, atol=1e-9)
    assert flat.diameter == half.diameter == math.inf


def test_linear_functions_over_halfspaces_and_subspaces():
    half = sets.HalfSpace([3.0, 4.0], 10.0)
    y = np.array([[6.0, 8.0], [-3.0, -4.0], [1.0, 0.0], [0.0, 0.0], [np.nan, 1.0]])
    np.testing.assert_allclose(half.support(y), [20.0, math.inf, math.inf, 0.0, np.nan])
    np.testing.assert_allclose(half.lmo([[-3.0, -4.0], [0.0, 0.0]]), [[1.2, 1.6], [1.2, 1.6]])
    with pytest.raises(sets.UnboundedError, match="half-space"):
        half.lmo([3.0, 4.0])
    flat = sets.Affine([[1.0, 1.0]], [2.0])
    np.testing.assert_allclose(flat.support([[3.0, 3.0], [1.0, 0.0]]), [6.0, math.inf])
    assert np.sum(flat.lmo([-5.0, -5.0])) == pytest.approx(2.0)
    with pytest.raises(sets.UnboundedError, match="subspace"):
        flat.lmo([1.0, 0.0])
    assert sets.Affine(np.eye(2), [1.0, 2.0]).diameter == 0.0
    huge = sets.HalfSpace([3e300, 4e300], 0.0)
    np.testing.assert_allclose(huge.project([3.0, 4.0]), [0.0, 0.0], atol=1e-15)


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: sets.HalfSpace([0.0, 0.0]), "normal must not be zero"),
        (lambda: sets.HalfSpace([np.nan]), "normal holds NaN"),
        (lambda: sets.HalfSpace([1.0], np.inf), "offset must be a finite number"),
        (lambda: sets.HalfSpace([1.0, 2.0]).project([1.0]), "x must have 2 coordinates"),
        (lambda: sets.Affine([[1.0], [1.0]], [1.0, 2.0]), "matrix @ x = rhs has no solution"),
        (lambda: sets.Affine([[1.0]], [1.0, 2.0]), "rhs must have 1 entries"),
        (lambda: sets.Affine(np.ones((0, 2)), []), "matrix must have rows and columns"),
        (lambda: sets.BoundedSimplex(lower=-0.1), "lower must not be negative"),
        (lambda: sets.BoundedSimplex(0.5, 0.1), "lower must not exceed upper"),
        (lambda: sets.BoundedSimplex(0.5, dim=3), "the set is empty in dimension 3"),
        (lambda: sets.BoundedSimplex(upper=0.3).project([1.0, 2.0, 3.0]), "the set is empty in dimension 3"),
        (lambda: sets.BoundedSimplex(lower=[0.1, 0.2], dim=3), "lower must have 3 coordinates"),
        (lambda: sets.BoundedSimplex(lower=0.1).diameter, "depends on the dimension"),
        (lambda: sets.LpBall(1.0, 1.0), "p must be a finite number > 1"),
        (lambda: sets.LpBall(-1.0), "radius must be a finite number >= 0"),
        (lambda: sets.CappedSpectraplex(0.1, dim=3), "the set is empty in dimension 3"),
        (lambda: sets.Spectraplex(0.0), "total must be a finite number > 0"),
        (lambda: sets.Spectraplex(dim=3).project(np.eye(2)), "x must hold 3 by 3 matrices"),
        (lambda: sets.Spectraplex().project(np.ones((2, 3))), "x must hold square matrices"),
    ],
)
def test_bad_parameters(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def bounded_vertices(lower, upper, total):
    """All vertices: every coordinate but one at a bound."""
    d = lower.size
    found = []
    for free in range(d):
        rest = [i for i in range(d) if i != free]
        for corner in itertools.product((0, 1), repeat=d - 1):
            x = np.empty(d)
            x[rest] = np.where(np.array(corner, dtype=bool), upper[rest], lower[rest])
            x[free] = total - np.sum(x[rest])
            if lower[free] - 1e-12 <= x[free] <= upper[free] + 1e-12:
                found.append(x)
    return np.array(found)


@quick
@given(seed=seeds, d=st.integers(2, 5))
def test_bounded_simplex_against_the_enumeration_of_its_vertices(seed, d):
    rng = np.random.default_rng(seed)
    lower = rng.random(d) * (rng.random(d) < 0.7)
    upper = lower + rng.random(d)
    total = float(np.sum(lower) + rng.uniform(0.05, 0.95) * np.sum(upper - lower))
    C = sets.BoundedSimplex(lower, upper, total)
    vertices = bounded_vertices(lower, upper, total)
    g = rng.normal(size=(6, d))
    np.testing.assert_allclose(np.sum(g * C.lmo(g), axis=-1), np.min(g @ vertices.T, axis=-1), atol=1e-12)
    distances = np.linalg.norm(vertices[:, None] - vertices[None], axis=-1)
    assert C.diameter >= np.max(distances) - 1e-12
    x = 3.0 * g
    p = C.project(x)
    np.testing.assert_allclose(np.sum(p, axis=-1), total, rtol=1e-13)
    assert np.all((p >= lower) & (p <= upper))
    gain = np.einsum("ki,kvi->kv", x - p, vertices[None] - p[:, None])
    assert np.max(gain) <= 1e-12 * (1.0 + np.max(np.abs(x)))


def test_bounds_that_do_not_bind_leave_the_simplex(seed=5):
    x = np.random.default_rng(seed).normal(size=(50, 6))
    np.testing.assert_allclose(sets.BoundedSimplex().project(x), sets.Simplex().project(x), atol=1e-15)
    np.testing.assert_array_equal(sets.BoundedSimplex().lmo(x), sets.Simplex().lmo(x))
    assert sets.BoundedSimplex().diameter == sets.Simplex().diameter
    assert sets.BoundedSimplex(upper=0.5, dim=4).diameter == 1.0
    # Bounds that leave no choice: rounding of 10 * 0.1 must not make the set look empty.
    np.testing.assert_allclose(sets.BoundedSimplex(0.1, dim=10).project(np.arange(10.0)), np.full(10, 0.1))
    np.testing.assert_allclose(sets.BoundedSimplex(upper=0.1, dim=10).project(np.arange(10.0)), np.full(10, 0.1))


def test_bounded_simplex_far_from_the_origin():
    C = sets.BoundedSimplex(upper=0.5, dim=3)
    np.testing.assert_allclose(C.project([1e12, 0.0, 0.2]), [0.5, 0.15, 0.35])
    np.testing.assert_allclose(C.project([-1e12, 0.1, 0.2]), [0.0, 0.5, 0.5], atol=1e-12)
    np.testing.assert_allclose(C.project([1e150, -1e150, 0.0]), [0.5, 0.0, 0.5])


@quick
@given(seed=seeds)
def test_spectral_sets_are_their_vector_sets_on_diagonal_matrices_and_commute_with_rotations(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=4)
    basis, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    pairs = [
        (sets.Spectraplex(1.5), sets.Simplex(1.5)),
        (sets.CappedSpectraplex(0.4), sets.BoundedSimplex(upper=0.4)),
        (sets.SemidefiniteCone(), sets.Orthant()),
    ]
    for matrices, vectors in pairs:
        np.testing.assert_allclose(matrices.project(np.diag(values)), np.diag(vectors.project(values)), atol=1e-14)
        turned = (basis * values) @ basis.T
        np.testing.assert_allclose(matrices.project(turned), (basis * vectors.project(values)) @ basis.T, atol=1e-12)
        assert matrices.support(-turned @ turned) == pytest.approx(vectors.support(-(values**2)), abs=1e-12)
        assert matrices.diameter == vectors.diameter if matrices.diameter < math.inf else True
        skew = rng.normal(size=(4, 4))
        np.testing.assert_allclose(matrices.project(turned + skew - skew.T), matrices.project(turned), atol=1e-12)
    assert sets.Spectraplex().contains(np.eye(4) / 4)
    assert not sets.Spectraplex().contains(np.eye(4))
    np.testing.assert_allclose(sets.Spectraplex().lmo(np.diag([3.0, -1.0, 2.0])), np.diag([0.0, 1.0, 0.0]), atol=1e-15)
    assert sets.Indicator(sets.Simplex()).value([1.0, 1.0]) == math.inf
