import pickle
from fractions import Fraction

import array_api_strict as strict
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.problems import least_squares, quadratic
from optlab.problems._linear import adjoint, apply, largest_eigenvalue, weighted_gram

EXAMPLES = quadratic.EXAMPLES | least_squares.EXAMPLES


def hessian_of(problem):
    identity = np.eye(problem.shape[0])
    return np.stack([problem.hessian_product(problem.start(), e) for e in identity])


@pytest.mark.parametrize("name", EXAMPLES)
def test_oracles_agree_with_each_other(name, assert_derivative, assert_batched):
    problem = EXAMPLES[name]()
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal((2, *problem.shape))
    assert_derivative(problem.value, problem.gradient, x, v)
    moved = problem.gradient(x + v) - problem.gradient(x)
    np.testing.assert_allclose(problem.hessian_product(x, v), moved, atol=1e-12)  # a quadratic: exact
    assert_batched(problem, ["value", "gradient"], rng)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if "Indefinite" not in name])
def test_reference_and_constants_are_certified(name):
    problem = EXAMPLES[name]()
    eigenvalues = np.linalg.eigvalsh(hessian_of(problem))
    assert eigenvalues[-1] <= problem.constants.L * (1 + 1e-12)
    if "mu" in problem.constants:
        assert problem.constants.mu == pytest.approx(eigenvalues[0], abs=1e-12)
    assert np.linalg.norm(problem.gradient(problem.reference.x)) < 1e-12 * max(1, eigenvalues[-1])
    rounding = 1e-14 * max(1.0, abs(problem.reference.hi))
    assert problem.reference.lo - rounding <= problem.value(problem.reference.x) <= problem.reference.hi + rounding
    assert problem.reference.width < 1e-20


@pytest.mark.parametrize("rotate", [False, True])
def test_spectrum_is_the_prescribed_one(rotate):
    spectrum = [0.25, 1.0, 1.5, 7.0]
    problem = ol.problems.Quadratic(spectrum, rotate=rotate, rng=3)
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian_of(problem)), spectrum, rtol=1e-13)
    assert (problem.constants.mu, problem.constants.L) == (0.25, 7.0)
    assert problem.constants["L"].kind == "exact"
    np.testing.assert_array_equal(hessian_of(problem), hessian_of(problem).T)


def test_rotation_is_reproducible_and_the_data_are_sealed():
    one, two = (ol.problems.Quadratic([1.0, 2.0, 3.0], rotate=True, rng=7) for _ in range(2))
    np.testing.assert_array_equal(one.hessian, two.hessian)
    twin = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(twin.gradient(np.zeros(3)), one.gradient(np.zeros(3)))
    with pytest.raises(ValueError, match="read-only"):
        one.spectrum[0] = 5.0


def test_the_callers_arrays_are_copied():
    spectrum, x_star = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    problem = ol.problems.Quadratic(spectrum, x_star=x_star)
    spectrum[:], x_star[:] = 9.0, 9.0
    np.testing.assert_array_equal(problem.gradient(np.zeros(2)), [-3.0, -8.0])


def test_spread_hits_its_ends_exactly():
    problem = ol.problems.Quadratic.spread(9, L=7.0, mu=0.3)
    assert (problem.spectrum[0], problem.spectrum[-1]) == (0.3, 7.0)
    np.testing.assert_allclose(np.diff(np.log(problem.spectrum)), np.log(7.0 / 0.3) / 8)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_line_minimum_is_a_minimum(seed):
    rng = np.random.default_rng(seed)
    for problem in (ol.problems.Quadratic.spread(6, mu=0.1, rotate=True, rng=rng), ol.problems.NesterovChain(6)):
        x, direction = rng.standard_normal((2, 6))
        t = problem.line_minimum(x, direction)
        slope = problem.gradient(x + t * direction) @ direction
        assert abs(slope) < 1e-10 * np.linalg.norm(problem.gradient(x)) * np.linalg.norm(direction)


def test_line_minimum_where_there_is_none():
    problem = ol.problems.IndefiniteQuadratic([-1.0, 1.0], x_star=[0.0, 0.0])
    assert problem.line_minimum(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0.0
    assert problem.reference is None
    assert problem.constants.mu == -1.0


def test_chain_reference_solves_the_linear_system():
    for d in (1, 2, 9):
        chain = ol.problems.NesterovChain(d, L=8.0)
        H = hessian_of(chain)
        x_star = np.linalg.solve(H, 2.0 * np.eye(d)[0])
        np.testing.assert_allclose(chain.reference.x, x_star, atol=1e-13)
        assert chain.reference.lo == pytest.approx(-x_star[0], rel=1e-13)  # F* = -<b, x*>/2, b = (L/4) e_1
        assert chain.constants.D == pytest.approx(np.linalg.norm(x_star), rel=1e-13)
        assert np.linalg.eigvalsh(H)[0] == pytest.approx(chain.constants.mu, rel=1e-10)
        exact_smoothness = 8.0 * np.cos(np.pi / (2 * (d + 1))) ** 2
        assert np.linalg.eigvalsh(H)[-1] == pytest.approx(exact_smoothness, rel=1e-13)


def test_span_bound_is_the_minimum_over_the_first_coordinates():
    chain = ol.problems.NesterovChain(7, L=2.0)
    H = hessian_of(chain)
    for k in range(1, 8):
        x = np.zeros(7)
        x[:k] = np.linalg.solve(H[:k, :k], 0.5 * np.eye(k)[0])
        assert chain.span_bound(k) == pytest.approx(chain.value(x) - chain.reference.lo, abs=1e-14)
    assert chain.span_bound(0) == pytest.approx(chain.value(np.zeros(7)) - chain.reference.lo)
    with pytest.raises(ValueError, match="k must be at most 7, got 8"):
        chain.span_bound(8)


@pytest.mark.parametrize("k", [1, 2, 5, 50])
def test_span_bound_implies_nesterovs_theorem(k):
    chain = ol.problems.NesterovChain(2 * k + 1, L=3.0)
    assert chain.span_bound(k) >= 3 * 3.0 * chain.constants.D**2 / (32 * (k + 1) ** 2)


def test_gradients_on_the_chain_reach_one_coordinate_further_each_time():
    state = list(ol.GradientDescent().iterate(ol.problems.NesterovChain(6), max_iter=4))[-1]
    assert (state.x[:4] != 0).all()
    assert (state.x[4:] == 0).all()


def test_least_squares_against_exact_rational_arithmetic():
    A, b = [[1, 2], [3, 4], [5, 7], [1, 0]], [1, -1, 2, 3]
    M = [[Fraction(sum(r[i] * r[j] for r in A)) for j in range(2)] for i in range(2)]
    c = [Fraction(sum(r[i] * t for r, t in zip(A, b, strict=True))) for i in range(2)]
    det = M[0][0] * M[1][1] - M[0][1] ** 2
    x = [(M[1][1] * c[0] - M[0][1] * c[1]) / det, (M[0][0] * c[1] - M[0][1] * c[0]) / det]
    f = sum((sum(a * v for a, v in zip(r, x, strict=True)) - t) ** 2 for r, t in zip(A, b, strict=True)) / 2
    problem = ol.problems.LeastSquares(A, b)
    np.testing.assert_allclose(problem.reference.x, np.array(x, dtype=float), rtol=1e-13)
    assert problem.reference.hi == pytest.approx(float(f), rel=1e-13)


def test_least_squares_rank_deficient_and_consistent():
    problem = EXAMPLES["LeastSquares(rank deficient)"]()
    assert "mu" not in problem.constants
    best = np.linalg.lstsq(problem.A, problem.b, rcond=None)[0]
    np.testing.assert_allclose(problem.reference.x, best, atol=1e-12)
    wide = ol.problems.LeastSquares(np.arange(6.0).reshape(2, 3), [1.0, 2.0])
    assert 0.0 <= wide.reference.lo <= wide.reference.hi < 1e-28
    nothing = ol.problems.LeastSquares(np.zeros((3, 2)), [1.0, 2.0, 3.0])
    assert (nothing.reference.lo, nothing.constants.L) == (7.0, 0.0)


def test_sparse_and_dense_data_give_the_same_problem():
    sparse = EXAMPLES["LeastSquares(sparse)"]()
    dense = ol.problems.LeastSquares(sparse.A.toarray(), sparse.b)
    x = np.arange(5.0)
    np.testing.assert_allclose(sparse.gradient(x), dense.gradient(x))
    assert sparse.constants.L == pytest.approx(dense.constants.L)
    assert sparse.reference.hi == pytest.approx(dense.reference.hi)


def test_large_sparse_data_get_an_upper_bound_and_an_honest_interval():
    A = sp.diags_array([np.full(2001, 2.0), np.ones(2000)], offsets=[0, 1], format="csr")
    problem = ol.problems.LeastSquares(A, np.ones(2001))
    assert problem.constants["L"].kind == "upper"
    assert 8.9 < problem.constants.L <= 9.0  # ||A||_1 ||A||_inf
    assert problem.reference.lo == 0.0
    assert problem.reference.hi < 1e-20


def test_products_with_sparse_matrices_and_leading_axes():
    rng = np.random.default_rng(1)
    A = sp.random_array((6, 4), density=0.5, rng=rng, format="csr")
    X, Y = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 6))
    np.testing.assert_allclose(apply(A, X), X @ A.toarray().T)
    np.testing.assert_allclose(adjoint(A, Y), Y @ A.toarray())
    weights = rng.random(6)
    expected = A.toarray().T @ np.diag(weights) @ A.toarray()
    np.testing.assert_allclose(weighted_gram(A, weights), expected)
    np.testing.assert_allclose(weighted_gram(A.toarray(), weights), expected)
    assert largest_eigenvalue(A).value == pytest.approx(np.linalg.norm(A.toarray(), 2) ** 2)


def test_float32_and_integers():
    assert (
        ol.problems.Quadratic(np.array([1, 2], dtype=np.float32)).gradient(np.zeros(2, np.float32)).dtype == np.float32
    )
    single = ol.problems.LeastSquares(np.eye(2, dtype=np.float32), np.ones(2))
    assert single.gradient(single.start()).dtype == np.float32
    assert ol.problems.Quadratic([1, 2]).dtype == np.float64


@pytest.mark.parametrize("solver", [ol.GradientDescent(), ol.NesterovAcceleratedGradient(mu=0.0)])
def test_the_same_source_runs_on_a_strict_array_library(solver):
    A, b = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0, 0.0])
    ours = solver.run(ol.problems.LeastSquares(strict.asarray(A), strict.asarray(b)), max_iter=30)
    theirs = solver.run(ol.problems.LeastSquares(A, b), max_iter=30)
    assert isinstance(ours.x, type(strict.asarray(b)))
    np.testing.assert_allclose(np.asarray(ours.x), theirs.x, rtol=1e-12)
    np.testing.assert_allclose(ours.history["gap"], theirs.history["gap"], rtol=1e-9, atol=1e-12)
    rotated = ol.problems.Quadratic(strict.asarray([1.0, 3.0]), rotate=True, rng=2)
    expected = ol.problems.Quadratic([1.0, 3.0], rotate=True, rng=2)
    np.testing.assert_allclose(
        np.asarray(solver.run(rotated, max_iter=9).x), solver.run(expected, max_iter=9).x, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: ol.problems.Quadratic([]), ValueError, "spectrum must hold at least one"),
        (
            lambda: ol.problems.Quadratic([1.0, -1.0]),
            ValueError,
            "spectrum must be >= 0 and not all zero, got values from -1",
        ),
        (lambda: ol.problems.Quadratic([0.0, 0.0]), ValueError, "not all zero"),
        (lambda: ol.problems.Quadratic([1.0, np.nan]), ValueError, "spectrum holds NaN"),
        (lambda: ol.problems.Quadratic([1.0], x_star=[1.0, 2.0]), ValueError, r"x_star must have shape \(1,\)"),
        (lambda: ol.problems.Quadratic([1.0], rotate="yes"), TypeError, "rotate must be True or False"),
        (lambda: ol.problems.Quadratic.spread(1), ValueError, "d must be at least 2"),
        (lambda: ol.problems.Quadratic.spread(3, L=1.0, mu=2.0), ValueError, "mu must be a finite number > 0 and <= 1"),
        (lambda: ol.problems.IndefiniteQuadratic([1.0]), ValueError, "must hold a negative value"),
        (lambda: ol.problems.NesterovChain(0), ValueError, "d must be at least 1"),
        (lambda: ol.problems.NesterovChain(3, L=0.0), ValueError, "L must be a finite number > 0"),
        (lambda: ol.problems.LeastSquares([1.0], [1.0]), ValueError, "A must have 2 dimensions"),
        (
            lambda: ol.problems.LeastSquares(np.ones((2, 2)), [1.0]),
            ValueError,
            "b must have one entry for each of the 2",
        ),
        (lambda: ol.problems.LeastSquares(np.ones((0, 2)), []), ValueError, "A must not be empty"),
        (lambda: ol.problems.LeastSquares([["a"]], [1.0]), TypeError, "A must hold real numbers"),
    ],
)
def test_bad_input(build, error, message):
    with pytest.raises(error, match=message):
        build()
