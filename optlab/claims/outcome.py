"""Outcome of one claim: verdict, numbers, controls, and the curves a report draws."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from optlab.claims.claim import Claim
from optlab.claims.controls import ControlOutcome, summarise
from optlab.claims.judge import Judgement
from optlab.claims.parts import Verdict

__all__ = ["Outcome", "Series"]


@dataclass(frozen=True)
class Series:
    """A curve for the report: the measured band over seeds and the bound, along the axis of one case."""

    label: str
    axis: list[float]
    low: list[float]
    mid: list[float]
    high: list[float]
    bound: list[float]


@dataclass(frozen=True)
class Outcome:
    """What the study of one claim found.

    Attributes
    ----------
    claim : Claim
        The claim.
    judgement : Judgement
        Verdict and numbers.
    controls : tuple of ControlOutcome
        The negative controls.
    seeds : int
        Repetitions of each case.
    problems : tuple of str
        Where it was tried.
    skipped : tuple of str
        Cases left out, with the assumption that failed.
    series : tuple of Series
        Curves for the report.
    seconds : float
        Time of the study with its controls.
    error : str
        Traceback when the study crashed.

    Examples
    --------
    >>> import optlab as ol
    >>> claim = next(c for c in ol.claims.all_claims() if c.id == "nlgd/C10-flat")
    >>> outcome = claim.check()
    >>> outcome.verdict.name, outcome.as_expected, outcome.power_shown, outcome.control.verdict.name
    ('SUPPORTED', True, True, 'REFUTED')
    """

    claim: Claim
    judgement: Judgement
    controls: tuple[ControlOutcome, ...] = ()
    seeds: int = 1
    problems: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    series: tuple[Series, ...] = field(default=(), repr=False)
    seconds: float = 0.0
    error: str = field(default="", repr=False)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the claim."""
        return self.judgement.verdict

    @property
    def control(self) -> ControlOutcome | None:
        """The controls in one: REFUTED only when all are."""
        return summarise(self.controls)

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the expected one."""
        return self.verdict.name == self.claim.expected

    @property
    def power_shown(self) -> bool:
        """Whether a negative control came back REFUTED (all of them, when there are several)."""
        control = self.control
        return control is not None and control.refuted

    @property
    def falls_short(self) -> bool:
        """Whether a SUPPORTED verdict stands without a refuted control."""
        return self.verdict is Verdict.SUPPORTED and not self.power_shown

    @property
    def headline(self) -> str:
        """The verdict as printed."""
        return f"{self.verdict.name}, power not shown" if self.falls_short else self.verdict.name

    def row(self) -> dict[str, Any]:
        """Return the outcome as a JSON-ready dict (schema 1 of the design)."""
        j, control = self.judgement, self.control
        return {
            "id": self.claim.id,
            "method": self.claim.method,
            "source": self.claim.source,
            "statement": self.claim.statement,
            "latex": self.claim.latex,
            "kind": self.claim.kind,
            "verdict": self.verdict.name,
            "expected": self.claim.expected,
            "reason": self.claim.reason,
            "statistic": _finite(j.statistic),
            "bound": _finite(j.bound),
            "ratio": _finite(j.ratio),
            "ci": [_finite(j.ci[0]), _finite(j.ci[1])],
            "message": j.message,
            "seeds": self.seeds,
            "axis": self.claim.axis,
            "problem": "; ".join(self.problems),
            "skipped": list(self.skipped),
            "control": None
            if control is None
            else {"description": control.description, "verdict": control.verdict.name},
            "controls": [
                {"description": c.description, "verdict": c.verdict.name, "message": c.message} for c in self.controls
            ],
            "seconds": round(self.seconds, 3),
            "error": self.error,
        }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
