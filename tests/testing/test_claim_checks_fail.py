"""Every check of a claim fails for a claim that breaks exactly its rule."""

import dataclasses
import itertools

import pytest

import optlab as ol
from optlab.claims import Assumption, Case, Claim, Control, Measurement
from optlab.testing import check_claim, claim_checks

from ..core.specimens import Bowl, Descent

GOOD = Claim(
    "test/good",
    "The distance halves.",
    "derived here",
    "pathwise",
    [Case("bowl", Bowl(), Descent(0.5), 20)],
    bound=lambda k, c: c.D * 0.5**k,
    measured="distance",
    latex="d_k",
    controls=[Control("a faster rate", bound=lambda k, c: c.D * 0.4**k)],
    options={"floor": 1e-14},
)
TICKS = itertools.count()


def test_a_good_claim_passes():
    check_claim(GOOD, other_rng=5)
    check_claim(GOOD, budget="standard", seeds=2, rng=3)
    assert [name for name, _ in claim_checks(GOOD, other_rng=1)] == [
        "words", "seeds", "options", "assumptions", "verdict", "controls", "determinism", "another seed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "check", "sentence"),
    [
        ({"latex": ""}, "words", "test/good: it has no latex"),
        ({"axis": " "}, "words", "test/good: it has no axis"),
        ({"cases": [Case("", Bowl(), Descent())]}, "words", "a case has no name"),
        ({"controls": [Control(" ", bound=lambda k, c: 0.0)]}, "words", "a control has no description"),
        (
            {"seeds": {"quick": 8, "standard": 4, "full": 9}},
            "seeds",
            r"the seeds do not grow with the budget: \[8, 4, 9\]",
        ),
        ({"cases": lambda budget: [] if budget == "full" else GOOD.cases}, "seeds", "a budget has no cases"),
        ({"options": {"flor": 1e-12}}, "options", "it has options that no pathwise judge reads: flor"),
        (
            {"controls": [Control("c", options={"x": 1})]},
            "options",
            "control 'c' has options that no pathwise judge reads: x",
        ),
        ({"kind": "scaling", "options": {"sides": "one"}}, "options", "sides must be upper, lower or both, got 'one'"),
        ({"assumptions": [Assumption("never", None)]}, "assumptions", "the assumption 'never' cannot be evaluated"),
        ({"assumptions": [Assumption("", lambda p, c: True)]}, "assumptions", "an assumption has no name"),
        ({"bound": lambda k, c: 0.3**k}, "verdict", r"test/good \(rng=0\): came back REFUTED, expected SUPPORTED"),
        ({"expected": "REFUTED", "reason": "r"}, "verdict", "came back SUPPORTED, expected REFUTED"),
        ({"controls": []}, "controls", "it has no negative control"),
        ({"controls": [Control("weak", bound=lambda k, c: 1e9)]}, "controls", "the control 'weak' came back SUPPORTED"),
        (
            {"measured": lambda *a: Measurement(1.0, 0.1 + 1e-6 * next(TICKS)), "bound": lambda k, c: 1.0},
            "determinism",
            "differ in statistic, ratio, ci, message",
        ),
    ],
)
def test_a_broken_claim_is_named(changes, check, sentence):
    claim = dataclasses.replace(GOOD, **changes)
    with pytest.raises(AssertionError, match=sentence):
        dict(claim_checks(claim))[check]()
    with pytest.raises(AssertionError, match=rf"\[{check}\] test/good"):
        check_claim(claim)


def test_a_claim_that_hangs_on_its_seed():
    lucky = dataclasses.replace(
        GOOD,
        measured=lambda case, problem, seed: Measurement(1.0, 0.0 if seed.entropy[0] == 0 else 1e9),
        bound=lambda k, c: 1.0,
    )
    with pytest.raises(AssertionError, match=r"\[another seed\] test/good \(rng=4\): came back REFUTED"):
        check_claim(dataclasses.replace(lucky, controls=[Control("c", bound=lambda k, c: -1.0)]), other_rng=4)


def test_a_claim_false_as_stated_needs_no_control():
    false = dataclasses.replace(GOOD, bound=lambda k, c: 0.3**k, expected="REFUTED", reason="too fast", controls=[])
    check_claim(false)


def test_what_is_not_a_claim():
    with pytest.raises(TypeError, match="claim must be an optlab Claim object"):
        check_claim("base/gd-convex")
    assert ol.testing.check_claim is check_claim
