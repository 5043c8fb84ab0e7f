"""The contract of `optlab.testing.check_claim`: every claim of the library."""

import pytest

import optlab as ol

CLAIMS = {claim.id: claim for claim in ol.claims.all_claims()}


@pytest.mark.parametrize("id", CLAIMS)
def test_contract(id):
    ol.testing.check_claim(CLAIMS[id], other_rng=1)


def test_every_method_with_solvers_has_claims():
    assert {claim.method for claim in CLAIMS.values()} >= {"base", "nlgd"}
