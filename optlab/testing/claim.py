"""The contract of a claim, as named checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from optlab.claims import BUDGETS, Claim, Outcome
from optlab.testing._same import require

__all__ = ["claim_checks"]

Check = Callable[[], None]

#: The options each judge reads; anything else is a slip of the pen that would silently do nothing.
_OPTIONS = {
    "pathwise": {"slack", "floor"},
    "lower": {"slack", "floor"},
    "expectation": {"slack", "floor", "alpha"},
    "probability": {"delta", "slack", "floor", "alpha"},
    "exponent": {"window", "tol", "floor", "confidence"},
    "scaling": {"sides", "tol", "confidence"},
    "comparison": {"slack", "alpha"},
    "exactness": {"tol"},
}


def claim_checks(
    claim: Claim, *, budget: str = "quick", seeds: int | None = None, rng: int = 0, other_rng: int | None = None
) -> Iterator[tuple[str, Check]]:
    """Yield the named checks of a claim; each is a callable that raises AssertionError.

    Parameters
    ----------
    claim : Claim
        The claim.
    budget, seeds, rng
        As in `Claim.check`.
    other_rng : int, optional
        A second root of the seeds, under which the verdict must be the same.

    Yields
    ------
    (str, callable)
        Name and check.  The study is carried out by the first check that needs it, and once more for "determinism".

    Examples
    --------
    >>> import optlab as ol
    >>> claim = ol.claims.all_claims()[0]
    >>> [name for name, check in ol.testing.claim_checks(claim)][-3:]
    ['verdict', 'controls', 'determinism']
    """

    @cache
    def outcome(root: int) -> Outcome:
        return claim.check(budget, seeds, root)

    yield "words", lambda: _words(claim)
    yield "seeds", lambda: _seeds(claim)
    yield "options", lambda: _options(claim)
    yield "assumptions", lambda: _assumptions(claim, budget)
    yield "verdict", lambda: _verdict(claim, outcome(rng), f"rng={rng}")
    yield "controls", lambda: _controls(claim, outcome(rng))
    yield "determinism", lambda: _determinism(claim, outcome(rng), claim.check(budget, seeds, rng))
    if other_rng is not None:
        yield "another seed", lambda: _verdict(claim, outcome(other_rng), f"rng={other_rng}")


def _words(claim: Claim) -> None:
    for name in ("statement", "source", "latex", "axis"):
        require(str(getattr(claim, name)).strip(), f"{claim.id}: it has no {name}")
    names = {case.name for budget in BUDGETS for case in claim.cases_for(budget)}
    require(all(str(name).strip() for name in names), f"{claim.id}: a case has no name")
    for control in claim.controls:
        require(control.description.strip(), f"{claim.id}: a control has no description")


def _seeds(claim: Claim) -> None:
    seeds = [claim.seeds_for(budget) for budget in BUDGETS]
    require(seeds == sorted(seeds) and seeds[0] >= 1, f"{claim.id}: the seeds do not grow with the budget: {seeds}")
    cases = [len(claim.cases_for(budget)) for budget in BUDGETS]
    require(min(cases) >= 1, f"{claim.id}: a budget has no cases: {cases}")


def _options(claim: Claim) -> None:
    for options, kind, what in [
        (claim.options, claim.kind, "it"),
        *(
            (c.changes.get("options", {}), c.changes.get("kind", claim.kind), f"control {c.description!r}")
            for c in claim.controls
        ),
    ]:
        unknown = set(options) - _OPTIONS[kind]
        require(not unknown, f"{claim.id}: {what} has options that no {kind} judge reads: {', '.join(sorted(unknown))}")
    sides = claim.options.get("sides", "upper")
    require(sides in ("upper", "lower", "both"), f"{claim.id}: sides must be upper, lower or both, got {sides!r}")


def _assumptions(claim: Claim, budget: str) -> None:
    for assumption in claim.assumptions:
        require(callable(assumption.holds), f"{claim.id}: the assumption {assumption.name!r} cannot be evaluated")
        require(assumption.name.strip(), f"{claim.id}: an assumption has no name")


def _verdict(claim: Claim, outcome: Any, how: str) -> None:
    require(
        outcome.as_expected,
        f"{claim.id} ({how}): came back {outcome.verdict.name}, expected {claim.expected}: {outcome.judgement.message}",
    )


def _controls(claim: Claim, outcome: Any) -> None:
    if claim.expected != "SUPPORTED":
        return
    require(claim.controls, f"{claim.id}: it has no negative control")
    for control in outcome.controls:
        require(
            control.refuted,
            f"{claim.id}: the control {control.description!r} came back {control.verdict.name}: {control.message}",
        )


def _determinism(claim: Claim, one: Any, two: Any) -> None:
    rows = [{k: v for k, v in outcome.row().items() if k not in ("seconds", "error")} for outcome in (one, two)]
    differing = [name for name in rows[0] if rows[0][name] != rows[1][name]]
    require(not differing, f"{claim.id}: two studies with the same rng differ in {', '.join(differing)}")
