"""The theorems of the classical methods: each stands with its controls refuted, whatever the seed."""

import pytest

from optlab.claims import KINDS, all_claims
from optlab.claims.runner import check

CLAIMS = [claim for claim in all_claims() if claim.method == "base"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_claim(claim, fresh_seed):
    outcome = check(claim, "quick", None, fresh_seed)
    assert outcome.as_expected, outcome.judgement.message
    assert outcome.power_shown or outcome.verdict.name != "SUPPORTED", outcome.controls
    assert not outcome.skipped or outcome.verdict.name == "NOT_APPLICABLE"


@pytest.fixture(params=[0, 17])
def fresh_seed(request):
    return request.param


def test_every_kind_of_claim_is_exercised():
    assert {claim.kind for claim in CLAIMS} == set(KINDS)


def test_tight_bounds_are_tight():
    tight = {"gd-convex", "gd-convex-short-step", "gd-linear", "gd-optimal-step", "gd-exact-line-search"}
    tight |= {"chain-resists", "subgradient-lower-bound", "subgradient-best", "subgradient-last"}
    for claim in CLAIMS:
        if claim.id.removeprefix("base/") in tight:
            assert check(claim, "quick", None, 0).judgement.ratio == pytest.approx(1.0, abs=1e-8), claim.id
