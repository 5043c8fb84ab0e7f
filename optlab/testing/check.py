"""Run all checks of an object and say in one error everything that is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from optlab.claims import Claim
from optlab.core.problem import Problem
from optlab.core.solver import Solver
from optlab.testing.claim import claim_checks
from optlab.testing.problem import problem_checks
from optlab.testing.solver import solver_checks

__all__ = ["check_claim", "check_problem", "check_solver"]


def _run(checks: Iterable[tuple[str, Callable[[], None]]]) -> None:
    broken = []
    for name, check in checks:
        try:
            check()
        except Exception as err:  # a crash breaks the contract as much as a wrong answer does
            said = str(err) if isinstance(err, AssertionError) else f"{type(err).__name__}: {err}"
            broken.append((f"[{name}] {said}", err))
    if broken:
        raise AssertionError("\n".join(sentence for sentence, _ in broken)) from broken[0][1]


def check_solver(solver: Solver, problem: Any, *, max_iter: int = 12, rng: int = 0) -> None:
    """Check that a solver keeps the contract of `optlab.Solver` on a problem it fits.

    Determinism, iterate against run, resume and checkpoint bit for bit, honest counters and history, callbacks, oracles
    that go wrong, starts of every kind, missing oracles, repetitions.

    Parameters
    ----------
    solver : Solver
        The solver.
    problem : Problem
        A small problem with the oracles the solver needs.
    max_iter : int, default 12
        Length of the runs, >= 4.
    rng : int, default 0
        Seed of the runs.

    Raises
    ------
    AssertionError
        With a sentence for every broken rule.
    TypeError
        If `solver` is not a Solver.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.testing.check_solver(ol.GradientDescent(), ol.problems.Quadratic([1.0, 10.0]))
    """
    if not isinstance(solver, Solver):
        raise TypeError(f"solver must be an optlab Solver object, got {solver!r}")
    _run(solver_checks(solver, problem, max_iter=max_iter, rng=rng))


def check_problem(problem: Any, *, rng: int = 0) -> None:
    """Check that a problem keeps the contract of `optlab.Problem`.

    It is immutable and can be pickled; each oracle is what its Protocol says (derivatives by the slope of the Taylor
    remainder); constants and reference are not contradicted by its own oracles at random points.

    Parameters
    ----------
    problem : Problem
        The problem.
    rng : int, default 0
        Seed of the points.

    Raises
    ------
    AssertionError
        With a sentence for every broken rule.
    TypeError
        If `problem` is not a Problem.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.testing.check_problem(ol.problems.Quadratic([1.0, 10.0]))
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be an optlab Problem object, got {problem!r}")
    _run(problem_checks(problem, rng=rng))


def check_claim(
    claim: Claim, *, budget: str = "quick", seeds: int | None = None, rng: int = 0, other_rng: int | None = None
) -> None:
    """Check that a claim is complete, comes back as expected, and has controls that are refuted.

    Parameters
    ----------
    claim : Claim
        The claim.
    budget, seeds, rng
        As in `Claim.check`.
    other_rng : int, optional
        A second root of the seeds, under which the verdict must be the same.

    Raises
    ------
    AssertionError
        With a sentence for every broken rule.
    TypeError
        If `claim` is not a Claim.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.testing.check_claim(ol.claims.all_claims()[0])
    """
    if not isinstance(claim, Claim):
        raise TypeError(f"claim must be an optlab Claim object, got {claim!r}")
    _run(claim_checks(claim, budget=budget, seeds=seeds, rng=rng, other_rng=other_rng))
