"""Oracles, what a problem is said to lack, and the ledger that counts."""

import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import optlab as ol
from optlab.core import oracles
from optlab.core.oracles import ORACLES, Gradient, MissingOracle, Prox, SmoothPart, Value, has_oracle, oracle_methods
from optlab.core.solver import SOLVERS

from .specimens import Bowl, Descent

SIGNATURES = {
    "value": 1, "gradient": 1, "subgradient": 1, "hessian_product": 2, "line_minimum": 2,
    "smooth_value": 1, "smooth_gradient": 1, "prox": 2, "project": 1, "lmo": 1, "draw": 2, "stochastic_gradient": 2,
    "margins": 1, "weighted_rows": 1, "rows": 1,
    "follow": 1, "move": 3, "block_gradient": 2, "value_along": 4,
    "coordinate_lipschitz": 0, "block_bound": 1, "bound_product": 2, "bound_row_sums": 0,
    "block_hessian": 2, "bound_graph": 0, "hessian_graph": 1, "kink_slopes": 0,
}  # fmt: skip


def test_the_table_of_oracles_holds_every_protocol_of_the_module():
    protocols = {
        v for v in vars(oracles).values() if getattr(v, "_is_protocol", False) and v.__module__ == oracles.__name__
    }
    assert set(ORACLES) == protocols and len(ORACLES) == 17
    methods = [name for names in ORACLES.values() for name in names]
    assert sorted(methods) == sorted(SIGNATURES) and len(set(methods)) == len(methods)
    assert ORACLES[SmoothPart] == ("smooth_value", "smooth_gradient")
    assert all(protocol.__doc__ for protocol in ORACLES)


@pytest.mark.parametrize("protocol", ORACLES, ids=lambda p: p.__name__)
def test_a_problem_has_an_oracle_when_it_has_all_its_methods(protocol):
    methods = ORACLES[protocol]
    whole = ol.FunctionProblem(1, **{name: lambda *a: 0.0 for name in methods})
    assert has_oracle(whole, protocol) and isinstance(whole, protocol) and oracle_methods(whole) == list(methods)
    for left_out in methods:
        part = ol.FunctionProblem(1, **{name: lambda *a: 0.0 for name in methods if name != left_out})
        assert not has_oracle(part, protocol)


def test_an_oracle_set_to_none_is_absent():
    class Without(Bowl):
        gradient = None

    assert not has_oracle(Without(), Gradient) and "gradient" not in oracle_methods(Without())
    with pytest.raises(MissingOracle, match=r"Descent needs Gradient \(gradient\), which Without does not offer"):
        Descent().run(Without())


def test_missing_oracles_are_named_with_the_solvers_that_would_fit(monkeypatch):
    @dataclass(frozen=True)
    class Picky(Descent):
        requires = (Value, (Prox, SmoothPart), Gradient)

    @dataclass(frozen=True)
    class Modest(Descent):
        requires = ((Value, Prox),)

    for name in list(SOLVERS):
        monkeypatch.delitem(SOLVERS, name)
    problem = ol.FunctionProblem(1, value=lambda x: 0.0)
    with pytest.raises(MissingOracle) as caught:
        Picky().run(problem)
    text = str(caught.value)
    assert text == (
        "Picky needs Prox (prox) or SmoothPart (smooth_value, smooth_gradient) and Gradient (gradient), "
        "which FunctionProblem does not offer (it has value)"
    )
    for solver in (Modest, Picky):
        monkeypatch.setitem(SOLVERS, solver.__name__, solver)
    with pytest.raises(MissingOracle, match=r"\(it has value\); solvers that fit this problem: Modest$"):
        Picky().run(problem)
    with pytest.raises(TypeError, match="no oracle at all"):
        Picky().run(ol.FunctionProblem(1))
    both = ol.FunctionProblem(1, value=lambda x: 0.0, gradient=lambda x: x, prox=lambda x, s: x)
    assert Picky().run(both, max_iter=1).k == 1


def test_only_the_package_s_own_public_solvers_are_listed():
    before = dict(SOLVERS)

    class Foreign(ol.Solver):
        pass

    namespace = {"__module__": "optlab.solvers.nowhere"}
    try:
        type("_Private", (ol.Solver,), dict(namespace))
        assert before == SOLVERS
        public = type("Public", (ol.Solver,), dict(namespace))
        assert SOLVERS == {**before, "Public": public}
    finally:
        SOLVERS.pop("Public", None)


def test_the_ledger_counts_and_passes_everything_else_through():
    problem = Bowl()
    ledger = ol.Ledger(problem)
    assert ledger.calls == {"value": 0, "gradient": 0, "stochastic_gradient": 0}
    np.testing.assert_array_equal(ledger.gradient(np.ones(3)), problem.gradient(np.ones(3)))
    ledger.value(x=np.ones(3))
    ledger.charge("gradient", np.int64(5))
    assert ledger.calls["gradient"] == 6 and ledger.calls["value"] == 1 and type(ledger.calls["gradient"]) is int
    assert ledger.noise == 1.0 and ledger.constants is problem.constants and ledger.problem is problem
    with pytest.raises(KeyError, match="prox is not an oracle of Bowl"):
        ledger.charge("prox", 1)
    with pytest.raises(AttributeError):
        ledger.prox  # noqa: B018
    on = ol.Ledger(problem, {"gradient": 40})
    on.gradient(np.ones(3))
    assert on.calls["gradient"] == 41 and on.calls["value"] == 0


def test_a_counted_call_that_raises_was_made():
    def gradient(x):
        raise OSError

    ledger = ol.Ledger(ol.FunctionProblem(1, gradient=gradient))
    with pytest.raises(OSError):
        ledger.gradient(0.0)
    assert ledger.calls == {"gradient": 1}


def test_charging_a_plain_problem_does_nothing():
    assert Bowl().charge("gradient", 3) is None


def test_a_ledger_without_a_problem_says_so():
    with pytest.raises(AttributeError):
        ol.Ledger.__new__(ol.Ledger).value  # noqa: B018
    assert copy.copy(ol.Ledger(Bowl())).noise == 1.0
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(ol.Ledger(Bowl()))
