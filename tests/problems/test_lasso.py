import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.problems import lasso


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(1, 20), st.data())
def test_planted_optimum_satisfies_the_optimality_conditions(n, d, data):
    nnz = data.draw(st.integers(0, min(n, d)))
    weight = data.draw(st.sampled_from([0.1, 1.0, 7.0]))
    problem = ol.problems.PlantedLasso(n, d, nnz, weight=weight, slack=0.2, rng=data.draw(st.integers(0, 1000)))
    x, reference = problem.reference.x, problem.reference
    dual = problem.A.T @ (problem.b - problem.A @ x)
    on = x != 0
    assert on.sum() == nnz
    scale = max(1.0, np.abs(problem.b).max())
    np.testing.assert_allclose(dual[on], weight * np.sign(x[on]), atol=1e-11 * scale)
    assert (np.abs(dual[~on]) <= 0.8 * weight * (1 + 1e-9)).all()
    assert problem.value(x) == pytest.approx(reference.lo, rel=1e-11)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_duality_gap_bounds_the_gap_from_above(seed):
    problem = lasso.EXAMPLES["PlantedLasso"]()
    x = np.random.default_rng(seed).standard_normal(problem.shape)
    row = problem.measure(x)
    assert row["duality_gap"] >= row["gap"] - 1e-10
    assert row["gap"] >= -1e-10


def test_planted_optimum_against_cvxpy():
    import cvxpy as cp

    problem = ol.problems.PlantedLasso(n=12, d=20, nnz=4, weight=0.7, rng=5)
    x = cp.Variable(20)
    cp.Problem(cp.Minimize(0.5 * cp.sum_squares(problem.A @ x - problem.b) + 0.7 * cp.norm1(x))).solve(
        solver=cp.CLARABEL
    )
    assert problem.value(x.value) == pytest.approx(problem.reference.lo, abs=1e-6)
    np.testing.assert_allclose(x.value, problem.reference.x, atol=1e-3)


@pytest.mark.parametrize("name", lasso.EXAMPLES)
def test_smooth_part_and_prox(name, assert_derivative, assert_batched):
    problem = lasso.EXAMPLES[name]()
    rng = np.random.default_rng(1)
    x, v = rng.standard_normal((2, *problem.shape))
    assert_derivative(problem.smooth_value, problem.smooth_gradient, x, v)
    assert_batched(problem, ["value", "smooth_value", "smooth_gradient"], rng)
    moved = problem.smooth_gradient(x + v) - problem.smooth_gradient(x)
    assert np.linalg.norm(moved) <= problem.constants.L * np.linalg.norm(v) * (1 + 1e-12)
    step = 0.3
    p = problem.prox(x, step)

    def penalty(u):
        return problem.value(u) - problem.smooth_value(u)

    best = penalty(p) + np.sum((p - x) ** 2) / (2 * step)
    for u in [x, np.zeros_like(x), *(p + 0.1 * rng.standard_normal((100, *problem.shape)))]:
        assert best <= penalty(u) + np.sum((u - x) ** 2) / (2 * step) + 1e-12


def test_tall_data_are_strongly_convex():
    problem = lasso.EXAMPLES["PlantedLasso(tall)"]()
    assert problem.constants.mu == pytest.approx(np.linalg.svd(problem.A)[1][-1] ** 2)
    assert lasso.EXAMPLES["PlantedLasso"]().constants.mu == 0.0


def test_the_general_lasso_knows_an_interval_only():
    problem = lasso.EXAMPLES["Lasso(sparse)"]()
    assert problem.reference.lo == 0.0
    assert problem.reference.hi == pytest.approx(problem.value(np.zeros(8)))
    solved = ol.ProximalGradient(accelerated=True).run(problem, stop=ol.stop.Below("duality_gap", 1e-10))
    assert solved.success
    assert problem.duality_gap(solved.x) <= 1e-10


def test_selection_is_solved_coordinate_by_coordinate():
    problem = ol.problems.SparseSelection([1.0, 4.0, 100.0], [3.0, 0.5, 3.0], weight=2.0)
    grid = [np.array([a, b, c]) for a in (0, 3.0) for b in (0, 0.5) for c in (0, 3.0)]
    assert min(float(problem.value(x)) for x in grid) == problem.reference.lo == problem.value(problem.reference.x)


def test_strict_array_library():
    A, b = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]), np.array([3.0, 1.0])
    ours = ol.problems.Lasso(strict.asarray(A), strict.asarray(b), weight=0.5)
    theirs = ol.problems.Lasso(A, b, weight=0.5)
    for solver in (ol.ProximalGradient(), ol.ProximalGradient(accelerated=True, monotone=True, backtracking=True)):
        x, y = solver.run(ours, max_iter=25), solver.run(theirs, max_iter=25)
        np.testing.assert_allclose(np.asarray(x.x), y.x, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(x.history["duality_gap"], y.history["duality_gap"], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ol.problems.Lasso(np.ones((2, 2)), [1.0, 1.0], weight=0.0), "weight must be a finite number > 0"),
        (lambda: ol.problems.Lasso(np.ones((2, 2)), [1.0], weight=1.0), "b must have one entry"),
        (lambda: ol.problems.Lasso(np.ones((2, 0)), [1.0, 1.0], weight=1.0), "A must not be empty"),
        (lambda: ol.problems.PlantedLasso(3, 5, 4), "nnz must be at most 3, got 4"),
        (lambda: ol.problems.PlantedLasso(3, 5, 2, slack=1.0), "slack must be a finite number > 0 and < 1"),
        (lambda: ol.problems.SparseSelection([1.0], [1.0, 2.0]), "equally long and not empty, got lengths 1 and 2"),
        (lambda: ol.problems.SparseSelection([0.0], [1.0]), "spectrum must be > 0 everywhere"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
