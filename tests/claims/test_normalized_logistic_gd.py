"""The claims on Normalized LR+GD come out as expected, their controls are refuted, and their machinery is right."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, logsumexp

import optlab as ol
from optlab.claims.library._separation import c_n, count, fixed, updates
from optlab.claims.library.normalized_logistic_gd_risk import _IMBALANCED, _averaged_risk, _LogisticRiskAdaptiveGD

CLAIMS = {claim.id: claim for claim in ol.claims.all_claims() if claim.method == "nlgd"}
FALSE = {"nlgd/C12", "nlgd/C16"}


def test_every_claim_of_the_sheet_is_there():
    assert {f"nlgd/C{i}" for i in range(1, 17)} <= set(CLAIMS)
    assert {id for id, claim in CLAIMS.items() if claim.expected == "REFUTED"} == FALSE


@pytest.mark.parametrize("id", CLAIMS)
def test_the_verdict_is_the_expected_one_and_the_controls_are_refuted(id):
    outcome = CLAIMS[id].check("quick", rng=1)
    assert outcome.verdict.name == CLAIMS[id].expected, outcome.judgement.message
    assert outcome.controls
    for control in outcome.controls:
        assert control.refuted, f"{control.description}: {control.message}"


@pytest.mark.parametrize("id", [f"nlgd/C{i}" for i in range(1, 8)])
def test_data_that_cannot_be_separated_are_left_out(id):
    skipped = CLAIMS[id].check("quick", seeds=1).skipped
    assert len(skipped) == 1
    assert skipped[0].startswith("contradictory labels (mu is known")


def test_the_limit_is_not_claimed_where_a_margin_is_zero():
    skipped = CLAIMS["nlgd/C8"].check("quick", seeds=1).skipped
    assert len(skipped) == 1
    assert skipped[0].startswith("chain, d = 8 (no margin is exactly zero")


def test_a_method_that_never_separates_is_refuted_not_overlooked():
    problem = fixed("Contradictory")
    assert count(ol.NormalizedLRGD(), problem, 50) == math.inf
    claim = CLAIMS["nlgd/C4"].controlled(
        ol.claims.Control(
            "labels contradict",
            cases=[ol.claims.Case("pretended margin", problem, ol.NormalizedLRGD(), 50, {"mu": 1.0})],
        )
    )
    assert claim.check().verdict.name == "REFUTED"


def test_counts_are_shared_but_not_between_seeds_of_a_random_rule():
    problem = ol.problems.PlantedMargin(40, 4, 0.05, rng=0)
    case = ol.claims.Case("random", problem, ol.Perceptron("random"), 1000)
    before = count.cache_info().hits
    values = {float(updates(case, problem, seed).value) for seed in range(40)}
    assert len(values) > 1
    fixed_rule = ol.claims.Case("worst", problem, ol.Perceptron("worst"), 1000)
    updates(fixed_rule, problem, 1)
    updates(fixed_rule, problem, 2)
    assert count.cache_info().hits == before + 1


@pytest.mark.parametrize("n", [2, 3, 10, 100, 1000])
def test_c_n_is_the_maximum_in_the_proof(n):
    """c_n bounds sum p_i m_i when one margin is 0 and all others are z, which is the worst arrangement."""

    def ratio(z):
        return (n - 1) * z * expit(-z) / (0.5 + (n - 1) * expit(-z))

    best = minimize_scalar(lambda z: -ratio(z), bounds=(0, 50), method="bounded", options={"xatol": 1e-10})
    assert c_n(n) == pytest.approx(-best.fun, rel=1e-9)
    assert c_n(n) <= math.log(2 * n - 1)
    rng = np.random.default_rng(n)
    for _ in range(200):
        m = rng.normal(0, 5, n)
        m[0] = -abs(m[0])
        p = expit(-m) / expit(-m).sum()
        assert p @ m <= c_n(n)


def test_c_n_of_the_sheet():
    table = {1: 0.0, 2: 0.402, 10: 1.443, 100: 3.131, 1000: 4.990, 100_000: 9.008}
    assert {n: round(float(c_n(n)), 3) for n in table} == table


@pytest.mark.parametrize("logistic", [False, True])
def test_the_averaged_risk_is_its_definition(logistic):
    problem = ol.problems.PlantedMargin(20, 3, 0.4, rng=2)
    solver = ol.RiskAdaptiveGD(3.0, until_separated=False)
    case = ol.claims.Case("planted", problem, solver, params={"eta": 3.0, "logistic": logistic})
    measured = _averaged_risk(case, problem, 0)
    w = [3.0 * state.x for state in solver.iterate(problem, max_iter=int(measured.axis[-1]))]
    for t, value in zip(measured.axis, measured.value, strict=True):
        margins = problem.margins(np.mean(w[:t], axis=0))
        terms = np.log(np.logaddexp(0, -margins)) if logistic else -margins
        assert value == pytest.approx(1.5 - (logsumexp(terms) - math.log(20)), rel=1e-8)
    assert measured.axis[0] == math.ceil(1 / (2 * 0.4**2))


@pytest.mark.parametrize("saturating", [False, True])
@pytest.mark.parametrize("scale", [1.0, 200.0])
def test_the_logistic_transcription_is_its_formula(saturating, scale):
    """The step eta / L (or eta / (1 - exp(-L))) times the gradient of the mean logistic loss, in high precision."""
    solver = _LogisticRiskAdaptiveGD(1.0, saturating=saturating)
    margins = scale * np.array([0.5, 1.0, 2.0]) if scale > 1 else np.array([-1.0, 0.5, 3.0])
    m = margins.astype(np.longdouble)
    losses = np.log1p(np.exp(-m)) if scale == 1 else np.exp(-m)
    sigma = np.exp(-m) / (1 + np.exp(-m))
    L = losses.mean()
    expected = sigma / 3 / (-np.expm1(-L) if saturating else L)
    np.testing.assert_allclose(solver.weights(margins, margins.min(), 0)[0], expected.astype(float), rtol=1e-12)


def test_the_transcription_moves_along_the_gradient():
    solver = _LogisticRiskAdaptiveGD(2.0, until_separated=False)
    states = list(solver.iterate(_IMBALANCED, max_iter=3))
    w = 2.0 * states[2].x
    step = 2.0 * (states[3].x - states[2].x)
    expected = -2.0 / _IMBALANCED.value(w) * _IMBALANCED.gradient(w)
    np.testing.assert_allclose(step, expected, rtol=1e-10)
