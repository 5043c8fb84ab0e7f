"""Negative controls: a claim that cannot fail says nothing, so each is shown to fail when something is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.claims.claim import Verdict

__all__ = ["ControlOutcome", "summarise"]


@dataclass(frozen=True)
class ControlOutcome:
    """How one negative control came back."""

    description: str
    verdict: Verdict
    message: str = ""

    @property
    def refuted(self) -> bool:
        """Whether the control did what it is there for."""
        return self.verdict is Verdict.REFUTED


def summarise(outcomes: Sequence[ControlOutcome]) -> ControlOutcome | None:
    """Join the controls of a claim: REFUTED only when every one of them is.

    The first control that was *not* refuted speaks for all, since it is what the reader must know.
    """
    if not outcomes:
        return None
    failing = [outcome for outcome in outcomes if not outcome.refuted]
    if failing:
        return failing[0]
    return ControlOutcome("; ".join(o.description for o in outcomes), Verdict.REFUTED, outcomes[0].message)
