import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.problems import logistic


@pytest.mark.parametrize("name", logistic.EXAMPLES)
def test_oracles_agree_with_each_other(name, assert_derivative, assert_batched):
    problem = logistic.EXAMPLES[name]()
    rng = np.random.default_rng(0)
    x, v = rng.standard_normal((2, *problem.shape))
    assert_derivative(problem.value, problem.gradient, x, v)
    assert_derivative(lambda u: problem.gradient(u) @ v, lambda u: problem.hessian_product(u, v), x, v)
    assert_batched(problem, ["value", "gradient"], rng)
    mean = np.mean([problem.stochastic_gradient(x, np.asarray(i)) for i in range(problem.n)], axis=0)
    np.testing.assert_allclose(mean, problem.gradient(x), atol=1e-13)
    together = problem.stochastic_gradient(np.stack([x, v]), np.array([1, 2]))
    np.testing.assert_allclose(together[1], problem.stochastic_gradient(v, np.asarray(2)), atol=1e-14)
    xi = np.array([[0, 1, 2], [3, 4, 5]])
    stacked = problem.stochastic_gradient(np.broadcast_to(x, (2, 3, *x.shape)), xi)
    np.testing.assert_allclose(stacked[1, 2], problem.stochastic_gradient(x, np.asarray(5)), atol=1e-14)


@pytest.mark.parametrize("name", logistic.EXAMPLES)
def test_declared_constants_are_bounds(name):
    problem = logistic.EXAMPLES[name]()
    rng = np.random.default_rng(1)
    for _ in range(50):
        x, v = rng.standard_normal((2, *problem.shape)) * rng.choice([0.1, 1.0, 10.0])
        curvature = v @ problem.hessian_product(x, v) / (v @ v)
        assert curvature <= problem.constants.L * (1 + 1e-12)
        if "mu" in problem.constants:
            assert curvature >= problem.constants.mu * (1 - 1e-12)
        if "G" in problem.constants:
            assert np.linalg.norm(problem.stochastic_gradient(x, np.asarray(3))) <= problem.constants.G


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-3, 1.0]))
def test_the_reference_interval_holds_and_is_narrow(seed, l2):
    rng = np.random.default_rng(seed)
    A, y = rng.standard_normal((25, 3)), rng.choice([-1.0, 1.0], 25)
    problem = ol.problems.LogisticRegression(A, y, l2=l2)
    reference = problem.reference
    if not reference.attained:
        assert separable(A * y[:, None])
        assert reference.lo == reference.hi == 0.0
        return
    assert reference.width < 1e-12
    polished = ol.NesterovAcceleratedGradient(mu=l2).run(problem, x0=reference.x, max_iter=50)
    assert problem.value(polished.x) >= reference.lo - 1e-13
    assert np.linalg.norm(problem.gradient(reference.x)) < 1e-7


def separable(Z):
    from scipy.optimize import linprog

    return linprog(np.zeros(Z.shape[1]), A_ub=-Z, b_ub=-np.ones(len(Z)), bounds=(None, None)).success


def test_optimum_against_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    problem = logistic.EXAMPLES["LogisticRegression(ridge)"]()
    y = np.where(np.arange(problem.n) % 2, 1, -1)  # any labels: the signed samples are what counts
    A = problem.signed * y[:, None]
    peer = LogisticRegression(C=1 / (problem.l2 * problem.n), fit_intercept=False, tol=1e-10).fit(A, y)
    np.testing.assert_allclose(peer.coef_[0], problem.reference.x, atol=1e-6)


def test_closed_form_with_one_feature():
    problem = ol.problems.LogisticRegression(np.ones((5, 1)), [1, 1, 1, 1, -1])
    p = 0.8
    assert problem.reference.x[0] == pytest.approx(np.log(4.0), rel=1e-9)
    assert problem.reference.hi == pytest.approx(-p * np.log(p) - (1 - p) * np.log(1 - p), rel=1e-12)
    assert problem.constants.L == 0.25
    assert problem.reference.attained


def test_separable_data_have_no_minimiser():
    problem = logistic.EXAMPLES["SeparableLogistic"]()
    assert separable(problem.signed)
    assert (problem.reference.lo, problem.reference.hi, problem.reference.attained) == (0.0, 0.0, False)
    assert problem.reference.x is None
    assert "distance" not in problem.measure(problem.start())


def test_quasi_separable_data_are_not_called_attained():
    # Two samples contradict each other along the first axis; the third is separated along the second.
    problem = ol.problems.LogisticRegression([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [1, -1, 1])
    assert not problem.reference.attained
    assert problem.reference.lo <= 2 / 3 * np.log(2) <= problem.reference.hi


def test_rank_deficient_data_are_certified_too():
    A = np.random.default_rng(0).standard_normal((30, 2))
    y = np.where(np.random.default_rng(1).random(30) < 0.5, 1.0, -1.0)
    problem = ol.problems.LogisticRegression(np.hstack([A, A[:, :1]]), y)
    slim = ol.problems.LogisticRegression(A, y)
    assert problem.reference.attained
    assert problem.reference.width < 1e-12
    assert problem.reference.lo == pytest.approx(slim.reference.lo, abs=1e-13)


def test_large_margins_do_not_overflow():
    problem = ol.problems.LogisticRegression([[1.0], [1.0]], [1, -1])
    x = np.array([1e4])
    assert problem.value(x) == pytest.approx(5e3)
    np.testing.assert_allclose(problem.gradient(x), [0.5])
    assert problem.stochastic_gradient(x, np.asarray(0))[0] == 0.0


def test_many_features_get_an_interval_without_newton():
    A = np.ones((2, 2001))
    problem = ol.problems.LogisticRegression(A, [1, -1])
    assert (problem.reference.lo, problem.reference.hi) == (0.0, pytest.approx(np.log(2)))


def test_float32_is_kept():
    problem = ol.problems.LogisticRegression(np.eye(2, dtype=np.float32), [1, -1], l2=0.5)
    assert problem.gradient(problem.start()).dtype == np.float32
    assert ol.SGD(step_size=0.1).run(problem, max_iter=5, rng=0).x.dtype == np.float32


def test_strict_array_library():
    A, y = np.array([[1.0, 2.0], [0.5, -1.0], [1.0, 0.0]]), np.array([1.0, -1.0, -1.0])
    ours = ol.problems.LogisticRegression(strict.asarray(A), strict.asarray(y), l2=0.1)
    theirs = ol.problems.LogisticRegression(A, y, l2=0.1)
    assert ours.reference.hi == pytest.approx(theirs.reference.hi, rel=1e-12)
    for solver in (ol.GradientDescent(line_search="backtracking"), ol.SGD(step_size=0.5)):
        x, z = solver.run(ours, max_iter=20, rng=1), solver.run(theirs, max_iter=20, rng=1)
        np.testing.assert_allclose(np.asarray(x.x), z.x, rtol=1e-10)
    unpenalised = ol.problems.LogisticRegression(strict.asarray(np.ones((3, 1))), strict.asarray(y))
    assert unpenalised.reference.attained


@pytest.mark.parametrize(
    ("A", "y", "l2", "message"),
    [
        (np.ones((3, 1)), [1, 0, 2], 0.0, "y must hold at most two different labels, got 3"),
        (np.ones((2, 1)), [1], 0.0, r"y must have shape \(2,\), one label for each row of A"),
        (np.ones((0, 1)), [], 0.0, "A must not be empty"),
        (np.ones((2, 1)), [1, -1], -1.0, "l2 must be a finite number >= 0"),
        ([[np.inf]], [1], 0.0, "A holds NaN or infinite"),
        (np.ones((1, 1)), [np.nan], 0.0, "y holds NaN or infinite"),
    ],
)
def test_bad_input(A, y, l2, message):
    with pytest.raises(ValueError, match=message):
        ol.problems.LogisticRegression(A, y, l2=l2)


def test_bad_planted_input():
    with pytest.raises(ValueError, match="margin must be a finite number > 0"):
        ol.problems.SeparableLogistic(5, 2, margin=0.0)


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_data_that_are_all_zero(l2):
    problem = ol.problems.LogisticRegression(np.zeros((3, 2)), [1, -1, 1], l2=l2)
    assert problem.reference.is_exact and problem.reference.lo == pytest.approx(np.log(2))
