"""Whether a combination of parts fits a problem: every mismatch is named before any work."""

from __future__ import annotations

from typing import Any

from optlab.core.oracles import BlockCurvature, KinkSlopes, Prox, SmoothPart, check_requirements, has_oracle
from optlab.solvers.block_coordinate_descent.names import as_partition, as_rule, as_update

__all__ = ["fit"]


def fit(solver: Any, problem: Any) -> None:
    """Raise unless the parts of `solver` fit one another and the problem.

    Raises
    ------
    MissingOracle
        If a part needs an oracle that the problem does not offer.
    ValueError
        If the block size, the blocks, the constants or the parts do not fit.
    """
    rule, update, partition = as_rule(solver.rule), as_update(solver.update), as_partition(solver.partition)
    if len(problem.shape) != 1:
        raise ValueError(
            f"block coordinate descent works on vectors, {problem.name} has points of shape {problem.shape}"
        )
    n = problem.shape[0]
    for part in (rule, update, partition):
        if part is not None:
            check_requirements(problem, part.requires, f"BlockCoordinateDescent with {type(part).__name__}")
    if solver.block_size > n:
        raise ValueError(f"block_size must be at most n = {n}, got {solver.block_size}")
    if isinstance(solver.lipschitz, tuple) and len(solver.lipschitz) != n:
        raise ValueError(f"lipschitz must have one entry for each of the {n} coordinates, got {len(solver.lipschitz)}")
    if partition is None and rule.fits == "fixed":
        raise ValueError(f"the rule {type(rule).__name__} chooses among fixed blocks: give a partition")
    if partition is not None and rule.fits == "variable":
        raise ValueError(f"the rule {type(rule).__name__} builds its own blocks: leave out the partition")
    for part in (rule, update, partition):
        if part is not None:
            part.check(solver, problem)
    _fit_composite(solver, problem, rule, update)
    if update.needs_constants and solver.lipschitz is None and not _constants_known(problem):
        raise ValueError(f"give lipschitz, because no constant L of {problem.name} is known from above")


def _fit_composite(solver: Any, problem: Any, rule: Any, update: Any) -> None:
    if has_oracle(problem, KinkSlopes):
        for part, kind in ((rule, "rule"), (update, "update")):
            if not part.composite:
                raise ValueError(
                    f"the {kind} {_called(getattr(solver, kind))} sees the smooth part alone, and {problem.name} is "
                    f"composite: take {_INSTEAD[kind]}"
                )
    elif has_oracle(problem, Prox) and has_oracle(problem, SmoothPart):
        raise ValueError(f"the non-smooth term of {problem.name} is not separable with kinks at zero (no kink_slopes)")


#: What a composite problem wants in the place of a part for smooth ones.
_INSTEAD = {
    "rule": "'GSL-q', another of the rules with a suffix, 'random', 'cyclic' or 'lipschitz'",
    "update": "'PG', 'PN' or 'TMP'",
}


def _called(part: Any) -> str:
    return repr(part) if isinstance(part, str) else type(part).__name__


def _constants_known(problem: Any) -> bool:
    if has_oracle(problem, BlockCurvature):
        return True
    return "L" in problem.constants and problem.constants["L"].kind in ("exact", "upper")
