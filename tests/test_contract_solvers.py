"""The contract of `optlab.testing.check_solver`: every solver of the catalogue on every problem that it fits."""

from functools import cache

import numpy as np
import pytest

import optlab as ol
from optlab.core.oracles import MissingOracle
from optlab.solvers.catalogue import examples

SOLVERS = examples()
#: Small problems only, and one of dimension one for the solvers of separable data.
PROBLEMS = {name: make for name, make in ol.problems.examples().items() if "digits" not in name} | {
    "Separable(one feature)": lambda: ol.problems.Separable(np.array([[2.0], [1.0], [-3.0]]), [1, 1, -1])
}

solver, problem = (cache(lambda name, table=table: table[name]()) for table in (SOLVERS, PROBLEMS))


def fits(solver_name, problem_name):
    try:
        solver(solver_name).check(problem(problem_name))
    except (MissingOracle, ValueError, TypeError):
        return False
    return True


PAIRS = [(s, p) for s in SOLVERS for p in PROBLEMS if fits(s, p)]


@pytest.mark.parametrize(("solver_name", "problem_name"), PAIRS, ids=[f"{s}-{p}" for s, p in PAIRS])
def test_contract(solver_name, problem_name):
    ol.testing.check_solver(solver(solver_name), problem(problem_name))


def test_every_solver_and_every_problem_takes_part():
    assert {s for s, _ in PAIRS} == set(SOLVERS)
    assert {p for _, p in PAIRS} == set(PROBLEMS)
    classes = {type(solver(name)).__name__ for name in SOLVERS}
    assert classes == {name for name in ol.core.solver.SOLVERS if not name.startswith("_")}


def test_every_solver_is_tried_in_one_dimension():
    small = {s for s, p in PAIRS if problem(p).shape == (1,)}
    larger = {s for s in SOLVERS if getattr(solver(s), "block_size", 1) > 1}  # blocks of two coordinates do not fit
    assert small == set(SOLVERS) - larger


@pytest.mark.parametrize("name", SOLVERS)
def test_a_problem_without_oracles_is_refused_with_the_names(name):
    with pytest.raises(MissingOracle, match="no oracle at all") as caught:
        solver(name).run(ol.FunctionProblem(2))
    assert type(solver(name)).__name__ in str(caught.value)
