"""Contract checks for your own solvers, problems and claims: the ones optlab runs over its own catalogue.

>>> import optlab as ol
>>> ol.testing.check_solver(ol.GradientDescent(), ol.problems.Quadratic([1.0, 10.0]))

Each `check_...` runs a list of named checks and raises one AssertionError that says which object broke which rule.  The
generators `solver_checks`, `problem_checks` and `claim_checks` yield the same checks one by one, for ``parametrize``.
"""

from optlab.testing.check import check_claim, check_problem, check_solver
from optlab.testing.claim import claim_checks
from optlab.testing.oracles import ORACLE_CHECKS
from optlab.testing.problem import problem_checks
from optlab.testing.solver import solver_checks

__all__ = [
    "ORACLE_CHECKS",
    "check_claim",
    "check_problem",
    "check_solver",
    "claim_checks",
    "problem_checks",
    "solver_checks",
]
