"""The claims on block coordinate descent, C0 to C7 and C11: verdicts, the sheet's numbers, and their machinery."""

import itertools
import math
import re

import numpy as np
import pytest

import optlab as ol
from optlab.claims.library._block_descent import Unscaled, correlated, dense, greedy, noisy_labels, spd
from optlab.claims.library._block_descent_rates import expected_step, tight
from optlab.claims.library.block_coordinate_descent_blocks import _flat_directions, _worst_gradient
from optlab.claims.library.block_coordinate_descent_chains import _CHAIN, _chain
from optlab.claims.library.block_coordinate_descent_partitions import _normal
from optlab.claims.library.block_coordinate_descent_selection import _at, _geometric, _nearly_equal
from optlab.claims.library.block_coordinate_descent_sorting import _all_partitions, _kappa, _race, _step_counts

OURS = re.compile(r"bcd/C([0-7]|11)(-|$)")
CLAIMS = {claim.id: claim for claim in ol.claims.all_claims() if OURS.match(claim.id)}
FALSE = {"bcd/C0-paths"}


def test_every_claim_of_the_sheet_is_there():
    assert {f"bcd/C{i}" for i in (0, 1, 2, 3, 4, 5, 6, 7, 11)} <= set(CLAIMS)
    assert {id for id, claim in CLAIMS.items() if claim.expected == "REFUTED"} == FALSE


@pytest.mark.parametrize("id", CLAIMS)
def test_the_verdict_is_the_expected_one_and_the_controls_are_refuted(id):
    outcome = CLAIMS[id].check("quick", rng=2)
    assert outcome.verdict.name == CLAIMS[id].expected, outcome.judgement.message
    assert outcome.controls or id in FALSE
    for control in outcome.controls:
        assert control.refuted, f"{control.description}: {control.message}"
    assert not outcome.skipped


@pytest.mark.parametrize("id", CLAIMS)
def test_every_budget_has_cases_that_can_be_built(id):
    for budget in ol.claims.BUDGETS:
        for case in CLAIMS[id].cases_for(budget):
            fixed = isinstance(case.problem, ol.Problem)
            problem = case.problem if fixed else case.problem(np.random.default_rng(0))
            assert isinstance(problem, ol.Problem)
            assert case.solver is None or case.solver.block_size <= problem.shape[0]


TIGHT = ("C1", "C2", "C2-own-steps", "C2-constant", "C3", "C3-constant", "C3-best-pair", "C6", "C6-PL", "C6-brackets")


@pytest.mark.parametrize("id", [*TIGHT, "C6-random", "C7-nonconvex", "C11-best"])
def test_the_bound_is_attained_somewhere(id):
    assert CLAIMS[f"bcd/{id}"].check("quick", rng=3).judgement.ratio == pytest.approx(1.0, abs=1e-9)


# ---------------------------------------------------------------- numbers of the sheet


def test_lipschitz_sampling_of_the_sheet():
    spectrum = np.geomspace(1.0, 100.0, 20)
    problem = ol.problems.Quadratic(spectrum, x_star=np.zeros(20))
    step = expected_step(greedy("lipschitz", "Lb", partition="order"), problem, np.eye(20)[0])
    assert np.average(step.after, weights=step.lipschitz) / step.before == pytest.approx(0.99783057, abs=5e-9)


def test_two_blocks_of_the_sheet():
    problem = ol.problems.TwoBlockQuadratic(0.9, 3, rng=0)
    solver = greedy("GSQ", "Hb", block_size=3, partition="order")
    gaps = solver.run(problem, max_iter=3, record=1).history["gap"]
    np.testing.assert_allclose(1 - gaps[1:] / gaps[:-1], [0.05, 0.19, 0.19], rtol=1e-9)


def test_steps_with_the_sorted_partition_of_the_sheet():
    case = _race("sort", "average", 1.0)
    measured = _step_counts(case, case.problem, 0)
    assert (measured.value, measured.bound) == (99, 6000)


@pytest.mark.parametrize("scaled", [False, True])
def test_tight_starts_to_the_last_digit(scaled):
    rng = np.random.default_rng(5)
    for _ in range(20):
        problem = tight(scaled)(rng)
        solver = greedy("GSL", "Lb") if scaled else greedy("GS", "L")
        gaps = solver.run(problem, max_iter=1, record=1).history["gap"]
        rate = problem.constants.mu_L if scaled else problem.constants.mu_1 / problem.constants.L_max
        assert 1 - gaps[1] / gaps[0] == pytest.approx(rate, abs=1e-14)


# ---------------------------------------------------------------- instances and sabotage


@pytest.mark.parametrize("unit", [False, True])
def test_drawn_matrices_are_positive_definite_and_spread_as_said(unit):
    for seed in range(20):
        H = spd(np.random.default_rng(seed), 8, unit)
        assert np.linalg.eigvalsh(H)[0] > 0
        assert (np.diag(H) == 1).all() if unit else 1.5 < np.diag(H).max() / np.diag(H).min() <= 100


def test_chains_are_chains():
    for problem in (_CHAIN, _chain(np.random.default_rng(1))):
        H = problem.block_bound(np.arange(12))
        assert not np.triu(H, 2).any()
        assert np.diag(H, 1).all()


def test_the_unscaled_step_breaks_its_promise():
    problem = correlated(np.random.default_rng(0))
    history = greedy("GSD", Unscaled(), block_size=3).run(problem, max_iter=5, record=1).history
    assert (history.trace["progress"] > -np.diff(history["value"])).any()


def test_the_adversary_is_misled_at_once():
    problem = _nearly_equal(0.7)
    assert int(np.argmin(np.abs(problem.gradient(problem.start())))) == 19


# ---------------------------------------------------------------- measurements


def test_an_expected_step_is_the_mean_over_random_runs():
    problem = noisy_labels(np.random.default_rng(0))
    x0 = np.linspace(-1.0, 1.0, 12)
    for rule, update in (("random", "L"), ("lipschitz", "Lb")):
        solver = greedy(rule, update, block_size=4, partition="order")
        step = expected_step(solver, problem, x0)
        drawn = [solver.run(problem, x0=x0, max_iter=1, rng=seed).history["gap"][-1] for seed in range(300)]
        assert set(np.round(drawn, 12)) == set(np.round(step.after, 12))
        share = [np.mean(np.isclose(drawn, after)) for after in step.after]
        np.testing.assert_allclose(share, step.lipschitz / step.lipschitz.sum(), atol=0.13)


def test_the_worst_gradient_is_the_worst_of_many():
    rng = np.random.default_rng(3)
    H = _flat_directions(rng).block_bound(np.arange(8))
    g, worth = _worst_gradient(H)
    inverse = np.linalg.pinv(H, rcond=1e-9)
    assert np.abs(g).max() == pytest.approx(1.0)
    assert g @ inverse @ g == pytest.approx(worth)
    np.testing.assert_allclose(H @ inverse @ g, g, atol=1e-8)
    others = rng.standard_normal((2000, 8)) @ H
    others /= np.abs(others).max(axis=1, keepdims=True)
    assert np.einsum("ki,ij,kj->k", others, inverse, others).max() <= worth


def test_normalisation_by_the_blocks():
    problem = dense(np.random.default_rng(2))
    H, blocks = problem.block_bound(np.arange(8)), [np.arange(3), np.arange(3, 8)]
    normal, root = _normal(H, blocks)
    np.testing.assert_allclose(root @ normal @ root, H, atol=1e-12)
    for b in blocks:
        np.testing.assert_allclose(normal[np.ix_(b, b)], np.eye(b.size), atol=1e-12)


@pytest.mark.parametrize(("n", "size"), [(4, 2), (6, 3), (8, 2), (8, 4)])
def test_all_partitions_are_listed_once(n, size):
    listed = [tuple(tuple(b) for b in blocks) for blocks in _all_partitions(tuple(range(n)), size)]
    count = math.factorial(n) // (math.factorial(size) ** (n // size) * math.factorial(n // size))
    assert len(listed) == len(set(listed)) == count
    assert all(sorted(itertools.chain(*blocks)) == list(range(n)) for blocks in listed)


def test_sums_of_condition_numbers():
    spectrum = np.array([1.0, 2.0, 3.0, 12.0])
    assert _kappa(spectrum, [np.array([0, 1]), np.array([2, 3])]) == pytest.approx(2 + 4)


def test_the_additive_bound_is_its_recursion():
    r"""Delta_{k+1} <= rho Delta_k + eps_k sqrt(2 Delta_0 / L), unrolled."""
    c = ol.claims.Known({"mu_1": 0.3, "L_max": 2.0, "gap0": 5.0, "eps": _geometric(0.7, 0.9)})
    found = CLAIMS["bcd/C5-additive"].bound(np.arange(1.0, 20.0), c)
    gap, expected = 5.0, []
    for k in range(19):
        gap = (1 - 0.15) * gap + 0.7 * 0.9**k * math.sqrt(2 * 5.0 / 2.0)
        expected.append(gap)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_errors_may_be_numbers_or_functions():
    assert _at(0.5, np.array([1.0, 3.0])).tolist() == [0.5, 0.5, 0.5]
    assert _at(lambda k: 0.1 * k, np.array([2.0])).tolist() == [0.0, 0.1]
