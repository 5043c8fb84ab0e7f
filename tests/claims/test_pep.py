import numpy as np
import pytest

import optlab as ol
from optlab.claims import Verdict, pep
from optlab.claims.library import baselines_pep

pytest.importorskip("PEPit")


@pytest.mark.parametrize("k", [1, 3])
def test_gradient_descent_has_its_known_worst_case(k):
    assert pep.worst_case(ol.GradientDescent(), k, L=2.0, D=3.0) == pytest.approx(18 / (4 * k + 2), rel=1e-4)
    assert pep.worst_case(ol.GradientDescent(step_size=0.5), k) == pytest.approx(1 / (2 * k + 2), rel=1e-4)


def test_the_implementation_is_what_is_examined():
    assert pep.worst_case(ol.GradientDescent(step_size=1.99), 2) > 3 * pep.worst_case(ol.GradientDescent(), 2)
    plain = pep.worst_case(ol.ProximalGradient(), 2, composite=True)
    assert plain == pytest.approx(1 / 8, rel=1e-4)
    assert pep.worst_case(ol.ProximalGradient(accelerated=True), 2, composite=True) == pytest.approx(plain, rel=1e-4)


def test_no_instance_is_worse_than_the_worst_case():
    worst = pep.worst_case(ol.NesterovAcceleratedGradient(mu=0.0), 5)
    runs = [
        ol.NesterovAcceleratedGradient(mu=0.0).run(ol.problems.HuberLine(k=k), max_iter=5).history["gap"][-1]
        for k in range(1, 40)
    ]
    assert max(runs) <= worst * (1 + 1e-4)
    assert max(runs) > 0.95 * worst


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be at least 1"),
        ({"k": 1, "L": 0.0}, "L must be a finite number > 0"),
        ({"k": 1, "D": -1.0}, "D must be a finite number > 0"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        pep.worst_case(ol.GradientDescent(), **options)


def test_without_pepit_the_claims_do_not_apply(monkeypatch):
    monkeypatch.setattr(baselines_pep, "available", lambda: False)
    monkeypatch.setattr(pep, "available", lambda: False)
    outcome = baselines_pep.pep_gd.check()
    assert outcome.verdict is Verdict.NOT_APPLICABLE
    assert "PEPit is installed" in outcome.judgement.message
    with pytest.raises(ModuleNotFoundError, match="pip install optlab-toolkit"):
        pep.worst_case(ol.GradientDescent(), 1)


def test_the_claims_stand():
    for claim in (baselines_pep.pep_gd, baselines_pep.pep_fista):
        outcome = claim.check()
        assert outcome.as_expected and outcome.power_shown, outcome.judgement.message
        assert np.isfinite(outcome.judgement.ratio)
