"""The contract of `optlab.testing.check_problem`: every problem of the catalogue, siblings that break a rule."""

from functools import cache

import pytest

import optlab as ol
from optlab.core.oracles import ORACLES
from optlab.testing import ORACLE_CHECKS, problem_checks

PROBLEMS = ol.problems.examples()
#: Siblings made to break an assumption that is itself a rule of an oracle: the check must find them out.
CAUGHT = {"BiasedAbsolute": "StochasticGradient"}

problem = cache(lambda name: PROBLEMS[name]())


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in CAUGHT])
def test_contract(name):
    ol.testing.check_problem(problem(name))


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in CAUGHT and "digits" not in name])
@pytest.mark.parametrize("rng", [1, 2])
def test_contract_at_other_points(name, rng):
    ol.testing.check_problem(problem(name), rng=rng)


@pytest.mark.parametrize("name", CAUGHT)
def test_a_sibling_that_breaks_the_rule_of_an_oracle_is_found_out(name):
    assert problem(name).violates
    for check_name, check in problem_checks(problem(name)):
        if check_name == CAUGHT[name]:
            with pytest.raises(AssertionError, match=f"^{name}: .* is biased"):
                check()
        else:
            check()


def test_every_oracle_has_its_check():
    assert list(ORACLE_CHECKS) == list(ORACLES)


def test_every_public_problem_is_in_the_catalogue():
    shown = {type(problem(name)) for name in PROBLEMS}
    public = [getattr(ol.problems, name) for name in ol.problems.__all__]
    missing = {c.__name__ for c in public if isinstance(c, type) and issubclass(c, ol.Problem) and c not in shown}
    assert not missing
