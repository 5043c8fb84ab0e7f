"""What the claims on composite block descent rest on: exact instances, and the parts of the published code."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.claims.library._block_composite import Built, last_wrong, valley
from optlab.claims.library.block_coordinate_descent_figures import (
    FormerSort,
    WholeGSQ,
    former_argsort,
    identification,
)
from optlab.claims.library.block_coordinate_descent_landing import _coupled
from optlab.solvers.block_coordinate_descent import DecreaseRule

BCD = ol.BlockCoordinateDescent


def gap(x):
    """The gap of the counterexample, whose optimum is 2 at (1, 0), in exact arithmetic."""
    return (x[0] - 2) ** 2 / 2 + (Fraction(7, 10) * x[1] + 1) ** 2 / 2 + abs(x[0]) + abs(x[1]) - 2


@pytest.mark.parametrize(
    ("second", "rule", "moved"),
    [("0.5", "GS-r", 0), ("0.5", "GS-q", 1), ("0.5", "GS-s", 1), ("0.01", "GS-s", 1), ("0.01", "GS-q", 0)],
)
def test_counterexample_in_exact_arithmetic(second, rule, moved):
    start = (Fraction("0.4"), Fraction(second))
    after = (Fraction(1), start[1]) if moved == 0 else (start[0], Fraction(0))
    result = BCD(rule, "PG-L").run(ol.problems.GreedyCounterexample(tuple(map(float, start))), max_iter=1)
    assert result.history["gap"][-1] / result.history["gap"][0] == pytest.approx(float(gap(after) / gap(start)), 1e-12)


def test_counterexample_ratios_are_those_of_the_sheet():
    bad, good = gap((Fraction(1), Fraction("0.5"))), gap((Fraction("0.4"), Fraction(0)))
    assert (bad / gap((Fraction("0.4"), Fraction("0.5"))), bad > good) == (Fraction(81, 97), True)


def test_built_problems_have_their_optimum():
    rng = np.random.default_rng(3)
    x_star = np.array([1.0, 0.0, -2.0, 0.0])
    problem = Built(rng.standard_normal((7, 4)), x_star, [1.0, 0.3, -1.0, -0.9], 0.5)
    slope = problem.smooth_gradient(x_star)
    assert problem.measure(x_star)["gap"] == pytest.approx(0.0, abs=1e-12)
    assert slope == pytest.approx(-0.5 * np.array([1.0, 0.3, -1.0, -0.9]))
    assert problem.constants.delta == pytest.approx(0.05)


def test_valley_and_coupled_pair_are_what_they_say():
    wide, narrow = valley(3, 1e-3, 0.5), _coupled(0.9)
    assert wide.reference.x.tolist() == [1.0, 0.0, 0.0]
    assert (wide.constants.L, wide.constants.mu, wide.constants.delta) == (1.0, pytest.approx(1e-3), 0.5)
    assert narrow.constants.L == pytest.approx(1.9)


def test_last_wrong_counts_the_last_time():
    problem = valley(2, 0.5, 1.0)
    path = np.array([[1.0, 0.5], [1.0, 0.0], [1.0, 0.1], [1.0, 0.0], [0.3, 0.0]])
    assert (last_wrong(problem, path), last_wrong(problem, path[3:])) == (3, 0)


def test_ties_decide_whether_the_free_variables_share_a_block():
    problem = ol.problems.ManifoldLasso(150, 100, 10, condition=1e3, rng=24)
    x0 = problem.reference.x + np.random.default_rng(24).uniform(0.5, 1.5, 100)
    gaps = [
        BCD(rule, "TMP", 20).run(problem, x0=x0, max_iter=14, record=[]).history["gap"]
        for rule in ("GSL-q", DecreaseRule(own=True, ties="index"))
    ]
    assert gaps[0][-1] < 1e-12 * gaps[0][0]
    assert gaps[1][-1] > 1e-8 * gaps[1][0]


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), max_size=200))
def test_former_argsort_sorts(values):
    order = former_argsort(values)
    assert sorted(order.tolist()) == list(range(len(values)))
    assert [values[i] for i in order] == sorted(values)
    if len(values) <= 17:
        assert order.tolist() == np.argsort(values, kind="stable").tolist()


def test_former_argsort_is_not_stable():
    assert former_argsort([1.0] * 18).tolist() != list(range(18))


def test_whole_gsq_is_the_form_of_the_kronecker_bound():
    problem = ol.problems.data_set_C(30, 8, 5)
    gram = (problem.A.T @ problem.A).toarray()
    H = np.kron(gram, 0.5 * (np.eye(5) - 1 / 5))
    result = BCD(WholeGSQ(), "Hb", 4, FormerSort()).run(problem, max_iter=5, record=1, store_x=True)
    for k, chosen in enumerate(result.history.trace["selected"][:, 0]):
        g = problem.gradient(result.history.x[k])
        scores = [g[b] @ np.linalg.solve(H[np.ix_(b, b)] + 1e-10 * np.eye(4), g[b]) for b in result.state.blocks]
        assert chosen == int(np.argmax(scores))


def test_identification_is_the_last_change_of_the_support():
    problem = ol.problems.ManifoldNonNegative(30, 20, 4, condition=10.0, rng=5)
    step = identification(problem, "PG", 5, None)
    path = BCD("GSL-q", "PG", 5).run(problem, max_iter=60, record=1, store_x=True).history.x
    right = [bool(((x > 0) == (problem.reference.x > 0)).all()) for x in path]
    assert all(right[step:])
    assert step == 0 or not right[step - 1]
    assert identification(problem, "PG", 1, "order", max_iter=1) == 2


def test_every_doubling_is_counted_once():
    problem = ol.problems.Quadratic.spread(12, 100.0, 8.0, rotate=True, rng=2)
    own = BCD("cyclic", "LA", 3, "order").run(problem, max_iter=80).state.memory["LA"]
    assert own["evaluations"] == np.log2(own["estimates"]).sum()
