"""What the claims on quadratic convergence rest on: the sharp instance, the bound, and where the measurement begins."""

import math
from dataclasses import replace

import numpy as np
import pytest

import optlab as ol
from optlab.claims.library import block_coordinate_descent_superlinear as library
from optlab.claims.library.block_coordinate_descent_superlinear import _cases, _identified, _one_sample, _quadratic

BCD = ol.BlockCoordinateDescent


def test_one_sample_has_its_solution_where_the_third_derivative_is_largest():
    problem, t = _one_sample(), math.log(2 + math.sqrt(3))
    assert problem.reference.x[0] == pytest.approx(t, abs=1e-12)
    p = 1 / (1 + math.exp(t))
    assert p * (1 - p) * (1 - 2 * p) == pytest.approx(1 / (6 * math.sqrt(3)), abs=1e-15)


def test_the_bound_is_sharp_in_the_limit():
    c = ol.claims.Known({"M_free": 1 / (6 * math.sqrt(3)), "mu_free": 1 / 6 + _one_sample().l2})
    ratios = []
    for before in (1e-1, 1e-2, 1e-3):
        x0 = _one_sample().reference.x + before
        e = BCD("GS", "newton").run(_one_sample(), x0=x0, max_iter=1, record=1).history["distance"]
        ratios.append(e[1] / _quadratic(ol.claims.Known(c._values, {"before": e[0]})))
    assert ratios == sorted(ratios) and ratios[-1] > 0.999 and max(ratios) <= 1


def test_beyond_the_reach_of_the_constant_there_is_no_bound():
    known = ol.claims.Known({"M_free": 2.0, "mu_free": 1.0, "before": np.array([0.1, 0.5, 3.0])})
    np.testing.assert_allclose(_quadratic(known), [0.0125, np.inf, np.inf], rtol=1e-15)


@pytest.mark.parametrize("case", [*_cases(10), *_cases(10, near=True)], ids=lambda case: case.name)
def test_the_measurement_begins_at_the_first_identified_iterate(case):
    problem = case.problem(np.random.default_rng(5))
    measured = _identified(case, problem, 5)
    before, after = np.asarray(measured.known["before"]), np.asarray(measured.value)
    assert before.shape == after.shape == measured.axis.shape and after.size >= 2
    assert before[0] < problem.constants.newton_radius and (before[1:] == after[:-1]).all()
    assert case.params["near"] == (measured.axis[0] == 1) and after[-1] < 1e-13


def test_a_run_that_never_comes_near_is_no_support():
    case = replace(_cases(10)[0], max_iter=3)
    measured = _identified(case, case.problem(np.random.default_rng(0)), 0)
    assert measured.value == math.inf and measured.known["before"] == 0.0


def test_the_order_is_two():
    problem = ol.problems.LogisticRegression(np.eye(2), [0, 1], l2=1e-3, reduction="sum")
    distance = BCD("GS", "newton", 2).run(problem, x0=[-1.0, 1.0], max_iter=20, record=1).history["distance"]
    fitted = ol.rates.fit_superlinear(distance[distance > 1e-13])
    assert fitted.verdict == "FITTED" and fitted.order == pytest.approx(2.0, abs=0.1)


def test_every_control_starts_near_so_that_the_rate_refutes_it():
    claim = library.quadratic_on_the_manifold
    assert all(case.params["near"] for control in claim.controls for case in control.changes["cases"])
