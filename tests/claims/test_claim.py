"""Claims as objects: what a claim must say, what a control may change, what a bound may use."""

import numpy as np
import pytest

import optlab as ol
from optlab.claims import BUDGETS, KINDS, Case, Claim, Control, Known, Verdict
from optlab.claims.parts import as_points

from ..core.specimens import Bowl, Descent

CASE = Case("bowl", Bowl(), Descent(), 10)


def make(**changes):
    return Claim(
        **{"id": "a/b", "statement": "s", "source": "derived here", "kind": "pathwise", "cases": [CASE]} | changes
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"id": "nothing"}, "id must look like 'prefix/name', got 'nothing'"),
        ({"id": "a/b/c"}, "id must look like"),
        ({"id": "a b/c"}, "id must look like"),
        ({"kind": "always"}, "kind must be one of 'pathwise', 'lower'"),
        ({"expected": "TRUE"}, "expected must be one of 'SUPPORTED'"),
        ({"expected": "REFUTED"}, "a/b: expected=REFUTED needs a reason"),
        ({"source": ""}, "a/b: a claim needs a source"),
        ({"statement": ""}, "a/b: a claim needs a statement in words"),
        ({"uses": {"L": "above"}}, r"uses\['L'\] must be one of 'upper', 'lower'"),
        ({"cases": []}, "a/b: a claim needs at least one case"),
    ],
)
def test_bad_claims(changes, text):
    with pytest.raises(ValueError, match=text):
        make(**changes)


def test_good_claims():
    assert make(expected="REFUTED", reason="false as stated").reason
    assert make(id="base/gd-convex.2+b").method == "base"
    for kind in KINDS:
        assert make(kind=kind, options={"delta": 0.1}).kind == kind
    with pytest.raises(ValueError, match="a claim in probability needs options"):
        make(kind="probability")
    assert make().expected == "SUPPORTED" and make().seeds == 1 and make().measured == "gap"


def test_cases_and_seeds_of_a_budget():
    claim = make(
        cases=lambda budget: [CASE] * (1 + BUDGETS.index(budget)), seeds={"quick": 2, "standard": 8, "full": 64}
    )
    assert [len(claim.cases_for(b)) for b in BUDGETS] == [1, 2, 3]
    assert [claim.seeds_for(b) for b in BUDGETS] == [2, 8, 64]
    assert make(seeds=5).seeds_for("full") == 5 and make().cases_for("quick") == (CASE,)


def test_controls():
    control = Control("halved", bound=lambda k, c: 0.5, options={"floor": 1.0}, seeds=3)
    assert repr(control) == "Control('halved', changes bound, options, seeds)"
    claim = make(
        assumptions=[ol.claims.Assumption("never", lambda p, c: False)],
        uses={"L": "upper"},
        controls=[control],
        options={"slack": 0.1, "floor": 0.0},
    )
    broken = claim.controlled(control)
    assert broken.bound(1, None) == 0.5 and broken.options == {"slack": 0.1, "floor": 1.0} and broken.seeds == 3
    assert broken.assumptions == () and broken.uses == {} and broken.controls == () and broken.id == "a/b"
    assert claim.options == {"slack": 0.1, "floor": 0.0}
    with pytest.raises(TypeError, match="the control 'x' changes nothing"):
        Control("x")
    with pytest.raises(TypeError, match="the control 'x' cannot change expected, id"):
        Control("x", id="c/d", expected="REFUTED")
    for field in ("cases", "bound", "measured", "options", "seeds", "kind"):
        assert Control("x", **{field: None}).changes == {field: None}


def test_known():
    known = Known({"L": 1.0, "D": 2.0}, {}, {"L": 3.0})
    assert known.L == 3.0 and known.D == 2.0 and "L" in known and "mu" not in known
    assert repr(known) == "Known(D, L)"
    with pytest.raises(AttributeError, match=r"the bound uses mu, which is not known here \(known: D, L\)"):
        known.mu  # noqa: B018
    with pytest.raises(AttributeError, match="known: nothing"):
        Known().mu  # noqa: B018
    with pytest.raises(AttributeError):
        known._private  # noqa: B018


def test_the_decorator():
    @ol.claim("mine/one", cases=[CASE], kind="lower", seeds=4)
    def one(k, c):
        """The gap stays
        above zero."""
        return 0 * k

    assert isinstance(one, Claim) and one.statement == "The gap stays above zero." and one.source == "the user's own"
    assert one.kind == "lower" and one.seeds == 4 and one.origin == __name__ and one.bound(2, None) == 0
    with pytest.raises(ValueError, match="mine/two: a claim needs a statement"):
        ol.claim("mine/two", cases=[CASE])(lambda k, c: 0)
    assert ol.claim("mine/two", cases=[CASE], statement="words")(lambda k, c: 0).statement == "words"
    with pytest.raises(TypeError):
        ol.claim("mine/three", cases=[CASE], statement="w", nothing=1)(lambda k, c: 0)


def test_check_wants_a_budget():
    with pytest.raises(ValueError, match="budget must be one of 'quick', 'standard', 'full'"):
        make(bound=lambda k, c: 1e9).check("big")
    assert make(bound=lambda k, c: 1e9).check().verdict is Verdict.SUPPORTED


def test_as_points():
    assert as_points(3).tolist() == [3.0] and as_points([1, 2]).dtype == np.float64
