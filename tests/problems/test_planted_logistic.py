"""Planted sparse logistic regression: the solution, the margin, the constants of Newton's method on its manifold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.problems.planted_logistic import hessian_lipschitz

P = ol.problems.ManifoldLogistic
sizes = {"m": st.integers(1, 30), "n": st.integers(1, 12), "seed": st.integers(0, 10**6), "nonnegative": st.booleans()}


def hessian(rows, x, l2):
    p = 1 / (1 + np.exp(rows @ x))
    return rows.T @ ((p * (1 - p))[:, None] * rows) + l2 * np.eye(rows.shape[1])


@settings(max_examples=40, deadline=None)
@given(**sizes, data=st.data())
def test_the_solution_satisfies_the_optimality_conditions_with_the_margin(m, n, seed, nonnegative, data):
    nnz = data.draw(st.integers(1, n))
    problem = P(m, n, nnz, weight=1.5, delta=0.3, l2=0.2, nonnegative=nonnegative, rng=seed)
    x, (low, high) = problem.reference.x, problem.kink_slopes()
    down = -problem.smooth_gradient(x)
    assert (x != 0).sum() == nnz and np.isinf(low).all() == nonnegative and not (nonnegative and (x < 0).any())
    np.testing.assert_allclose(down[x > 0], high[x > 0], atol=1e-12 * (m + n))
    np.testing.assert_allclose(down[x < 0], low[x < 0], atol=1e-12 * (m + n))
    margin = np.minimum(down - low, high - down)[x == 0]
    if nnz < n:
        assert margin.min() == pytest.approx(0.3, abs=1e-11) and problem.constants.delta == 0.3
    draw = np.random.default_rng(seed)
    for size in (1e-3, 1.0, 10.0):
        y = problem.project(x + size * draw.standard_normal(n))
        assert problem.value(y) - problem.reference.lo >= 0.1 * (y - x) @ (y - x) - 1e-10  # mu / 2 = 0.1
    assert problem.measure(x)["misidentified"] == 0.0 and problem.measure(np.zeros(n))["misidentified"] == nnz
    assert nonnegative == bool(np.isinf(problem.value(x - 2.0 * np.ones(n))))


@settings(max_examples=40, deadline=None)
@given(**sizes, spread=st.sampled_from([0.1, 1.0, 10.0]))
def test_the_lipschitz_constant_of_the_hessian_holds(m, n, seed, nonnegative, spread):
    draw = np.random.default_rng(seed)
    rows = spread * draw.standard_normal((m, n)) * draw.random((m, 1))
    M = hessian_lipschitz(rows)
    assert M.kind == "upper" and M.value <= np.sum(np.linalg.norm(rows, axis=1) ** 3) / (6 * math.sqrt(3)) * (1 + 1e-12)
    for _ in range(5):
        x, step = draw.standard_normal(n) / spread, draw.choice([1e-3, 0.1, 3.0]) * draw.standard_normal(n)
        change = np.linalg.norm(hessian(rows, x + step, 0.0) - hessian(rows, x, 0.0), 2)
        assert change <= M.value * np.linalg.norm(step) * (1 + 1e-6) + 1e-13 * spread**2


def test_the_lipschitz_constant_is_attained_by_one_row():
    row, t = np.array([[0.0, 3.0]]), math.log(2 + math.sqrt(3)) / 3
    change = np.linalg.norm(hessian(row, [0.0, t + 1e-5], 0.0) - hessian(row, [0.0, t - 1e-5], 0.0), 2)
    assert change / 2e-5 == pytest.approx(hessian_lipschitz(row).value, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.floats(1e-3, 0.9999), st.sampled_from(["TMP", "PN"]))
def test_within_the_radius_a_step_is_newtons_on_the_free_variables(seed, nonnegative, share, update):
    problem = P(60, 12, 4, weight=20.0, delta=8.0, nonnegative=nonnegative, rng=seed)
    x_star, c = problem.reference.x, problem.constants
    free = np.flatnonzero(x_star)
    rows = problem.signed[:, free]
    assert c.mu_free == pytest.approx(np.linalg.eigvalsh(hessian(rows, x_star[free], 0.1))[0], rel=1e-8)
    assert hessian_lipschitz(rows).value == c.M_free and c.mu_free >= c.mu
    u = np.random.default_rng(seed).standard_normal(4)
    x = x_star.copy()
    x[free] += share * c.newton_radius * u / np.linalg.norm(u)
    slopes = np.where(x > 0, problem.kink_slopes()[1], problem.kink_slopes()[0])
    q = (problem.smooth_gradient(x) + slopes)[free]
    expected = x.copy()
    expected[free] -= np.linalg.solve(hessian(rows, x[free], 0.1), q)
    size = 4 + seed % 9
    result = ol.BlockCoordinateDescent("GSL-q", update, size).run(problem, x0=x, max_iter=1, record=1)
    np.testing.assert_allclose(result.x, expected, atol=1e-11)
    before, after = result.history["distance"]
    assert after <= c.M_free * before**2 / (2 * (c.mu_free - c.M_free * before)) + 1e-12 and after <= before / 2 + 1e-12
    assert (np.sign(result.x) == np.sign(x_star)).all()


def test_one_seed_is_one_problem():
    one, two, other = P(9, 5, 2, rng=3), P(9, 5, 2, rng=3), P(9, 5, 2, rng=4)
    assert (one.signed == two.signed).all() and (one.slopes == two.slopes).all() and (one.signed != other.signed).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"m": 0}, "m must be at least 1"),
        ({"nnz": 0}, "nnz must be at least 1"),
        ({"nnz": 6}, "nnz must be at most 5"),
        ({"weight": 0.0}, "weight must be a finite number > 0"),
        ({"delta": 2.0}, "delta must be a finite number > 0 and <= 1"),
        ({"l2": 0.0}, "l2 must be a finite number > 0"),
        ({"nonnegative": "yes"}, "nonnegative must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        P(**({"m": 9, "n": 5, "nnz": 2} | arguments))
