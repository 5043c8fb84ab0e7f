"""Normalized LR+GD and its family: exact counts, limits, formulas, overflow, bad input."""

import math
from itertools import pairwise

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logsumexp

import optlab as ol
from optlab.problems import (
    Chain,
    OneSample,
    Orthant,
    Oscillator,
    PlantedMargin,
    Separable,
    Staircase,
    TwoPoints,
    WorstCase,
)

INF = math.inf
SMOOTH = [ol.NormalizedLRGD, ol.LRGD]
FAMILY = [
    ol.NormalizedLRGD(10.0),
    ol.NormalizedLRGD(INF),
    ol.LRGD(10.0),
    ol.LRGD(INF),
    ol.BatchPerceptron(),
    ol.NormalizedBatchPerceptron(),
    ol.RiskAdaptiveGD(10.0),
]


def count(solver, problem, max_iter=50_000):
    result = solver.run(problem, max_iter=max_iter, record=[])
    assert result.success, result
    assert result.message == f"separated: all {problem.n} margins are positive after {result.k} updates"
    assert (problem.margins(result.x) > 0).all()
    return result.k


def gaussian(seed=0, n=30, d=5, shift=0.0):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, d))
    y = np.where(A @ rng.standard_normal(d) + shift > 0, 1, -1)
    return Separable(A, y)


# ---------------------------------------------------------------- counts


@pytest.mark.parametrize("n", [20, 100, 400, 2000])
def test_worst_case_counts(n):
    problem = WorstCase(n)
    expected = (3 * n + 2) // 10 + 1
    assert count(ol.BatchPerceptron(), problem) == expected
    assert count(ol.LRGD(INF), problem) == expected
    assert count(ol.NormalizedBatchPerceptron(), problem) == 2
    assert [count(ol.NormalizedLRGD(g), problem) for g in (10.0, 100.0, 1e8, INF)] == [2] * 4


def test_worst_case_counts_at_finite_steps():
    """The table of the sheet; ties play no part on these data, so the counts are the same on every machine."""
    table = {100: (31, 55, 561, 11, 110), 400: (124, 264, 2656, 14, 139), 2000: (616, 1563, 15649, 18, 171)}
    for n, expected in table.items():
        problem = WorstCase(n)
        solvers = [ol.LRGD(100.0), ol.LRGD(10.0), ol.LRGD(1.0), ol.NormalizedLRGD(1.0), ol.NormalizedLRGD(0.1)]
        assert tuple(count(solver, problem) for solver in solvers) == expected


@pytest.mark.parametrize("gamma", [1.0, 10.0, 100.0, 1000.0])
def test_two_points(gamma):
    """The loss explodes at the first iterate and the second one separates, near (1, 1/4)."""
    problem = TwoPoints()
    for solver, factor in ((ol.LRGD(gamma), 0.5), (ol.NormalizedLRGD(gamma), 1.0)):
        result = solver.run(problem, store_x=True)
        assert result.k == 2
        theta = [solver.theta(problem, x) for x in result.history.x]
        assert_allclose(theta[1], factor * gamma * np.array([1, 1.5]), rtol=1e-14)
        exact = np.mean(np.logaddexp(0, -factor * gamma * np.array([-0.5, 7.0])))
        assert result.history["loss"][:2] == pytest.approx([math.log(2), exact])
        norms = [np.linalg.norm(problem.gradient(t)) for t in theta]
        assert result.history["grad_norm"] == pytest.approx(norms, rel=1e-9)
        assert result.history["loss"][2] == pytest.approx(problem.value(theta[2]), rel=1e-9)
    if gamma == 1000.0:
        result = ol.LRGD(gamma).run(problem)
        assert_allclose(result.history["grad_norm"][1], math.sqrt(0.5), rtol=1e-12)  # |z_1| / 2
        assert_allclose(result.x / 2, [1, 0.25], rtol=1e-12)


@pytest.mark.parametrize("d", [2, 3, 4, 8, 10, 16])
def test_chain_counts(d):
    assert count(ol.BatchPerceptron(), Chain(d)) == d**2


def test_the_limit_halves_a_zero_margin_where_the_perceptron_does_not():
    """On the chain the rules differ from the second step on, and so do the counts."""
    problem = Chain(8)
    assert count(ol.LRGD(INF), problem) == 40
    assert count(ol.BatchPerceptron(), problem) == 64
    x0 = [1.0, 1.0, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0]
    margins = problem.margins(np.array(x0))
    weight = np.where(margins < 0, 1.0, np.where(margins == 0, 0.5, 0.0))
    assert_array_equal(ol.LRGD(INF).run(problem, x0=x0, max_iter=1).x, x0 + problem.Z.T @ weight)
    normalized = ol.NormalizedLRGD(INF).run(problem, x0=x0, max_iter=1).x
    assert_allclose(normalized, x0 + problem.Z.T @ (weight / weight.sum()), rtol=1e-15)


def test_oscillator_counts():
    table = {0.2: (78, 4), 0.1: (309, 17), 0.05: (1231, 17), 0.02: (7686, 72)}
    for mu, expected in table.items():
        counts = [count(ol.NormalizedLRGD(g), Oscillator(mu)) for g in (0.1, 1e6)]
        assert tuple(counts) == expected


@pytest.mark.parametrize(("d", "slope"), [(2, 0.1), (7, 0.01), (20, 0.001)])
def test_the_staircase_attains_the_bounds_of_the_normalised_methods(d, slope):
    problem = Staircase(d, slope)
    bound = problem.constants.R**2 / problem.constants.mu**2
    assert bound == pytest.approx(d, rel=1.5 * slope)
    huge = 1e4 / slope
    solvers = [ol.NormalizedBatchPerceptron(), ol.NormalizedLRGD(huge), ol.NormalizedLRGD(INF), ol.RiskAdaptiveGD(huge)]
    assert [count(solver, problem) for solver in solvers] == [d] * 4
    assert count(ol.Perceptron(), problem) == d
    assert problem.exact_path().non_degenerate


def test_batch_methods_need_one_step_on_the_orthant():
    assert [count(solver, Orthant(9)) for solver in FAMILY] == [1] * len(FAMILY)


def test_digits():
    """The entries of the sheet's table that do not hang on rounding."""
    imbalanced = Separable.from_digits(3, 8, first=9, certify=False)
    solvers = [
        ol.BatchPerceptron(),
        ol.NormalizedBatchPerceptron(),
        ol.LRGD(1.0),
        ol.LRGD(10.0),
        ol.NormalizedLRGD(1.0),
    ]
    assert [count(s, imbalanced) for s in solvers] == [10, 4, 48, 10, 6]
    assert [count(ol.NormalizedLRGD(g), imbalanced) for g in (0.1, 10.0, 100.0)] == [30, 4, 4]
    three = Separable.from_digits(3, 8)
    assert [count(s, three) for s in solvers] == [86, 49, 278, 82, 69]
    assert count(ol.BatchPerceptron(), three) == three.exact_path().updates
    zero = Separable.from_digits(0, 1)
    assert [count(s, zero) for s in solvers] == [4, 14, 6, 2, 9]


# ---------------------------------------------------------------- the updates


@pytest.mark.parametrize("gamma", [0.1, 1.0, 50.0])
def test_lrgd_is_gradient_descent(gamma):
    problem = gaussian()
    solver = ol.LRGD(gamma, until_separated=False)
    history = solver.run(problem, max_iter=30, store_x=True).history
    theta = np.zeros(5)
    for x, loss, norm in zip(history.x, history["loss"], history["grad_norm"], strict=True):
        assert_allclose(solver.theta(problem, x), theta, rtol=1e-9, atol=1e-12)
        gradient = problem.gradient(theta)
        assert loss == pytest.approx(problem.value(theta), rel=1e-9)
        assert norm == pytest.approx(np.linalg.norm(gradient), rel=1e-8)
        theta = theta - gamma * gradient


@pytest.mark.parametrize("gamma", [0.1, 1.0, 50.0])
def test_normalized_lrgd_is_its_formula(gamma):
    """beta_t times the gradient, as the source writes it."""
    problem = gaussian(1)
    solver = ol.NormalizedLRGD(gamma)
    history = solver.run(problem, store_x=True).history
    theta = np.zeros(5)
    for x, norm in zip(history.x, history["grad_norm"], strict=True):
        assert_allclose(solver.theta(problem, x), theta, rtol=1e-8, atol=1e-12)
        assert norm == pytest.approx(np.linalg.norm(problem.gradient(theta)), rel=1e-8)
        beta = 1 / np.mean(expit(-problem.margins(theta)))
        theta = theta - gamma * beta * problem.gradient(theta)


def test_risk_adaptive_gd_is_its_formula_and_averages():
    problem = PlantedMargin(40, 4, 0.2, rng=3)
    solver = ol.RiskAdaptiveGD(7.0, until_separated=False)
    result = solver.run(problem, max_iter=25, store_x=True)
    w, past = np.zeros(4), []
    for k, x in enumerate(result.history.x):
        assert_allclose(solver.theta(problem, x), w, rtol=1e-9, atol=1e-12)
        risk = logsumexp(-problem.margins(w)) - math.log(problem.n)
        assert result.history["log_loss"][k] == pytest.approx(risk, rel=1e-9, abs=1e-12)
        if past:
            mean = np.mean(past, axis=0)
            risk = logsumexp(-problem.margins(mean)) - math.log(problem.n)
            assert result.history["averaged_log_loss"][k] == pytest.approx(risk, rel=1e-9, abs=1e-12)
        past.append(w)
        e = np.exp(-problem.margins(w) + problem.margins(w).min())
        w = w + 7.0 * problem.Z.T @ (e / e.sum())
    assert_allclose(7.0 * result.state.average, np.mean(past[:-1], axis=0), rtol=1e-9)


def test_perceptrons_are_their_formulas():
    problem = gaussian(2)
    Z = problem.Z
    batch = ol.BatchPerceptron().run(problem, store_x=True, max_iter=8).history.x
    assert_array_equal(batch[1], Z.T @ np.full(30, 0.5))
    for before, after in pairwise(batch[1:]):
        assert_array_equal(after, before + Z.T @ (Z @ before <= 0).astype(float))
    for before, after in pairwise(ol.NormalizedBatchPerceptron().run(problem, store_x=True).history.x):
        assert_allclose(after, before + Z[Z @ before <= 0].mean(axis=0), rtol=1e-12)


def test_batch_perceptron_takes_the_half_step_only_at_the_origin():
    problem = gaussian(2)
    x0 = np.full(5, 1e-3)
    result = ol.BatchPerceptron().run(problem, x0=x0, max_iter=1)
    assert_allclose(result.x, x0 + problem.Z[problem.Z @ x0 <= 0].sum(axis=0), rtol=1e-12)


# ---------------------------------------------------------------- limits and sizes


def exact_error(gamma, steps=12, seed=4):
    """The distance to the Batch Perceptron in the source's scale, with the least margin on the exact path."""
    problem = gaussian(seed)
    exact = ol.BatchPerceptron().run(problem, max_iter=steps, store_x=True).history.x
    solver = ol.LRGD(gamma, until_separated=False)
    ours = solver.run(problem, max_iter=len(exact) - 1, store_x=True).history.x
    least = min(np.abs(problem.Z @ x).min() for x in exact[1:]) / problem.n
    return max(np.linalg.norm(a - b) / problem.n for a, b in zip(exact, ours, strict=True)), least


def test_lrgd_tends_to_the_batch_perceptron():
    errors = [exact_error(gamma)[0] for gamma in (1.0, 10.0, 100.0, 1e3, 1e4)]
    assert all(a > b for a, b in pairwise(errors))
    assert errors[0] > 0.1
    _, least = exact_error(1.0)
    assert exact_error(45 / least)[0] < 1e-13


@pytest.mark.parametrize("cls", SMOOTH)
@pytest.mark.parametrize("gamma", [1e-308, 1e308])
def test_no_step_size_overflows(cls, gamma):
    problem = PlantedMargin(50, 4, 0.1, rng=5)
    result = cls(gamma).run(problem, max_iter=3000)
    if gamma > 1:
        assert result.success
        assert count(cls(INF), problem) == result.k
    else:
        assert result.status.name == "MAX_ITER"
        assert result.history["loss"][-1] == pytest.approx(math.log(2))
    assert not any(np.isnan(result.history[name]).any() for name in ("loss", "log_loss", "grad_norm"))


@pytest.mark.parametrize("cls", SMOOTH)
def test_integer_data_are_not_rounded_in_the_limit(cls):
    """Ties decide on the chain; scaling by a power of two, or repeating every row, must not break them."""
    for d in (5, 10, 13):
        Z = Chain(d).Z
        wanted = count(cls(INF), Chain(d))
        assert count(cls(INF), Separable(8 * Z, np.ones(d))) == wanted


def test_lrgd_limit_counts_do_not_depend_on_repeating_all_rows():
    Z = Chain(10).Z
    thrice = Separable(np.repeat(Z, 3, axis=0), np.ones(30))
    assert count(ol.LRGD(INF), thrice) == count(ol.LRGD(INF), Chain(10))
    assert count(ol.BatchPerceptron(), thrice) == 100


@given(st.integers(0, 10**6), st.sampled_from([0.25, 0.5, 2.0, 16.0]), st.sampled_from([0.1, 1.0, 64.0]))
@settings(max_examples=30)
def test_scaling_law(seed, c, gamma):
    """Data c z with step gamma behave as data z with step c^2 gamma (powers of two: to the last bit)."""
    problem = PlantedMargin(20, 3, 0.2, rng=seed)
    scaled = Separable(c * problem.Z, np.ones(20))
    for solver in (ol.NormalizedLRGD, ol.LRGD, ol.RiskAdaptiveGD):
        one = solver(c**2 * gamma).run(problem, max_iter=500, record=[])
        other = solver(gamma).run(scaled, max_iter=500, record=[])
        assert (one.k, one.success) == (other.k, other.success)
        assert_array_equal(c * one.x, other.x)
    for solver in (ol.BatchPerceptron(), ol.NormalizedBatchPerceptron(), ol.NormalizedLRGD(INF)):
        assert count(solver, problem) == count(solver, scaled)


def test_one_sample_is_followed_exactly_past_any_underflow():
    problem = OneSample([0.75, -0.5])
    result = ol.NormalizedLRGD(1e6, until_separated=False).run(problem, max_iter=40, store_x=True)
    for k, x in enumerate(result.history.x):
        assert_array_equal(x, k * np.array([0.75, -0.5]))
    assert result.history["loss"][-1] == 0
    assert_allclose(result.history["log_loss"][1:], -1e6 * 0.8125 * np.arange(1, 41), rtol=1e-12)
    assert [count(solver, problem) for solver in FAMILY] == [1] * len(FAMILY)


def test_beyond_separation_the_weights_go_to_the_smallest_margin():
    problem = Orthant(3)
    for gamma in (1e5, INF):
        result = ol.NormalizedLRGD(gamma, until_separated=False).run(problem, x0=[3.0, 1.0, 2.0], max_iter=2)
        assert_allclose(result.x, [3.0, 2.5, 2.5], rtol=1e-12)
        assert result.history["errors"].tolist() == [0, 0, 0]
        assert result.status.name == "MAX_ITER"


def test_the_infinite_step_has_infinite_loss_and_no_theta():
    problem = WorstCase(20)
    result = ol.NormalizedLRGD(INF).run(problem)
    assert result.history["loss"].tolist() == pytest.approx([math.log(2), INF, 0])
    with pytest.raises(ValueError, match="no theta"):
        ol.NormalizedLRGD(INF).theta(problem, result.x)
    with pytest.raises(ValueError, match="no theta"):
        ol.LRGD(INF).theta(problem, result.x)


# ---------------------------------------------------------------- driver


@pytest.mark.parametrize("solver", FAMILY, ids=repr)
def test_two_products_an_iteration(solver):
    problem = gaussian(3)
    result = solver.run(problem, max_iter=7)
    products = {"margins": result.k + 1, "weighted_rows": result.k + 1}
    assert result.calls == products | {"value": 0, "gradient": 0, "rows": 0}


@pytest.mark.parametrize("solver", FAMILY, ids=repr)
def test_resume_is_a_straight_run(solver):
    problem = Separable.from_digits(1, 8, certify=False)
    straight = solver.run(problem, max_iter=30)
    resumed = solver.run(problem, max_iter=11).resume(max_iter=30)
    assert_array_equal(straight.x, resumed.x)
    for name in straight.history:
        if name != "time":
            assert_array_equal(straight.history[name], resumed.history[name])


@pytest.mark.parametrize("solver", FAMILY, ids=repr)
def test_a_separating_start_is_done_at_once(solver):
    problem = PlantedMargin(20, 3, 0.3, rng=0)
    result = solver.run(problem, x0=problem.direction)
    assert (result.k, result.status.name) == (0, "EXACT")
    assert_array_equal(result.x, problem.direction)


@pytest.mark.parametrize("solver", FAMILY, ids=repr)
def test_data_that_cannot_be_separated_are_never_reported_as_solved(solver):
    rng = np.random.default_rng(0)
    noise = Separable(rng.standard_normal((60, 3)), rng.choice([0, 1], 60))
    for problem in (ol.problems.Contradictory(), noise):
        for x0 in (None, rng.standard_normal(problem.shape)):
            result = solver.run(problem, x0=x0, max_iter=300)
            assert not result.success
            assert result.status.name == "MAX_ITER"
            assert result.history["errors"].min() > 0


@pytest.mark.parametrize("solver", FAMILY, ids=repr)
def test_sparse_equals_dense(solver):
    rng = np.random.default_rng(1)
    A = np.where(rng.random((60, 12)) < 0.3, rng.integers(1, 4, (60, 12)), 0) + np.eye(60, 12)
    A[12:, 0] = 1
    y = np.where(A @ rng.standard_normal(12) > 0, "a", "b")
    dense = solver.run(Separable(A, y), max_iter=12)  # large steps blow rounding up
    sparse = solver.run(Separable(sp.csr_array(A), y), max_iter=12)
    assert dense.k == sparse.k
    assert_allclose(dense.x, sparse.x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("solver", [*FAMILY, ol.NormalizedLRGD(3.0, until_separated=False)], ids=repr)
def test_strict_arrays_equal_numpy(solver):
    xp = array_api_strict
    problem = PlantedMargin(30, 4, 0.2, rng=2)
    strict = Separable(xp.asarray(np.array(problem.Z)), np.ones(30))
    ours, theirs = solver.run(problem, max_iter=20), solver.run(strict, max_iter=20)
    assert theirs.x.__array_namespace__() is xp
    assert (ours.k, ours.status) == (theirs.k, theirs.status)
    assert_allclose(np.asarray(theirs.x), ours.x, rtol=1e-10)
    for name in ours.history:
        if name != "time":
            assert_allclose(theirs.history[name], ours.history[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", [*FAMILY, ol.NormalizedLRGD(1e300)], ids=repr)
def test_float32_is_kept(solver):
    problem = Separable(np.array(PlantedMargin(30, 4, 0.3, rng=2).Z, dtype=np.float32), np.ones(30))
    result = solver.run(problem)
    assert result.success
    assert result.x.dtype == result.state.margins.dtype == result.state.direction.dtype == np.float32


@pytest.mark.parametrize("cls", [*SMOOTH, ol.RiskAdaptiveGD])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0.0, ValueError),
        (-1.0, ValueError),
        (math.nan, ValueError),
        ("10", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_bad_step_sizes(cls, value, error):
    name = "eta" if cls is ol.RiskAdaptiveGD else "gamma"
    with pytest.raises(error, match=f"{name} must be a"):
        cls(value)


def test_other_bad_input():
    with pytest.raises(ValueError, match="eta must be a finite number > 0, got inf"):
        ol.RiskAdaptiveGD(INF)
    with pytest.raises((TypeError, ValueError), match="until_separated must be True or False"):
        ol.LRGD(until_separated="no")
    with pytest.raises(ol.MissingOracle, match="NormalizedLRGD needs Margins"):
        ol.NormalizedLRGD().run(ol.FunctionProblem(2, value=lambda x: 0.0))
    with pytest.raises(ValueError, match=r"x0 must have shape \(2,\)"):
        ol.NormalizedLRGD().run(TwoPoints(), x0=[1.0, 2.0, 3.0])


@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(2, 8), st.floats(0.02, 0.5), st.integers(0, 60))
@settings(max_examples=40)
def test_every_bound_on_random_data(seed, distinct, d, margin, replicate):
    """C2, C3, C4: on any data and from any seed."""
    problem = PlantedMargin(distinct + replicate, d, margin, replicate=replicate, rng=seed)
    n, ratio = problem.n, 1 / margin**2
    assert count(ol.BatchPerceptron(), problem) <= n * ratio
    assert count(ol.NormalizedBatchPerceptron(), problem) <= ratio
    for gamma in (0.5, 10.0, 1e8):
        assert count(ol.NormalizedLRGD(gamma), problem) <= ratio * (1 + 2 * math.log(2 * n - 1) / gamma)


@pytest.mark.parametrize(
    ("solver", "bound"),
    [
        (ol.Perceptron(), 5.0),
        (ol.BatchPerceptron(), 500.0),
        (ol.NormalizedBatchPerceptron(), 5.0),
        (ol.NormalizedLRGD(1.0), 5.0 + 8.0 * math.log(199)),
        (ol.NormalizedLRGD(math.inf), 5.0),
        (ol.LRGD(math.inf), 1000.0),
        (ol.LRGD(1.0), 200 * (5.0 + 8.0 * 3.131)),
        (ol.RiskAdaptiveGD(2.0), 5.0 + 4.0 * 2.62865),
    ],
    ids=lambda value: str(value),
)
def test_update_bounds(solver, bound):
    # mu = 1/2, R^2 = 5/4; c_100 = 3.131 is from the sheet, and W = 2.62865 solves W exp(W) = 99/e.
    problem = ol.problems.WorstCase(100)
    assert solver.update_bound(problem) == pytest.approx(bound, rel=2e-4)
    assert solver.run(problem, max_iter=10_000).k <= solver.update_bound(problem)
    plain = ol.problems.Separable(np.eye(2), [1, 1])
    with pytest.raises(ValueError, match=r"the bound needs mu, which is not certified .* certify=True"):
        solver.update_bound(plain)
    certified = ol.problems.Separable(np.eye(2), [1, 1], certify=True)
    assert solver.update_bound(certified) >= 2.0 - 1e-9
