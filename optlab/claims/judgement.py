"""A judgement, and what all judges share: ratios to a bound, samples as matrices, the most unfavourable case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from optlab.claims.parts import Verdict
from optlab.claims.study import CaseData

__all__ = ["Floats", "Judgement", "Options", "combine", "inconclusive", "matrices", "ratios"]

Floats: TypeAlias = np.ndarray[Any, Any]
Options: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Judgement:
    """A verdict with the numbers behind it.

    Attributes
    ----------
    verdict : Verdict
        The verdict.
    statistic, bound, ratio : float
        What was measured at the decisive point, what it was compared with, and their ratio (NaN where it has none).
    ci : (float, float)
        Confidence interval of the decisive quantity (a point for deterministic claims).
    message : str
        The reasoning in one sentence.

    Examples
    --------
    >>> import optlab as ol
    >>> claim = next(c for c in ol.claims.all_claims() if c.id == "base/gd-huber-attains")
    >>> claim.check().judgement.verdict.name
    'SUPPORTED'
    """

    verdict: Verdict
    statistic: float = math.nan
    bound: float = math.nan
    ratio: float = math.nan
    ci: tuple[float, float] = (math.nan, math.nan)
    message: str = ""


def inconclusive(message: str, **numbers: Any) -> Judgement:
    """Return the verdict that says why nothing can be said."""
    return Judgement(Verdict.INCONCLUSIVE, message=message, **numbers)


def ratios(value: Floats, bound: Floats, floor: float, sign: int = 1) -> Floats:
    """measured/bound, above 1 exactly where measured > bound; `sign` is -1 for claims from below.

    A negative bound is compared through ``1 + (measured - bound) / |bound|``, which is the quotient for a positive one.
    Where both lie under the resolution `floor` of the arithmetic, the ratio never speaks against the claim.
    """
    tiny = (np.abs(value) <= floor) & (np.abs(bound) <= floor)
    bound = np.where(bound >= 0, np.maximum(bound, floor), bound)
    with np.errstate(all="ignore"):
        ratio = np.where(bound >= 0, value / bound, 2.0 - value / bound)
    ratio = np.where(tiny, sign * np.minimum(sign * ratio, sign), ratio)
    ratio = np.where(np.isnan(ratio), np.where(value > bound, np.inf, -np.inf), ratio)
    return np.where(value == bound, 1.0, ratio)


def matrices(one: CaseData) -> tuple[Floats, Floats, Floats] | None:
    """Samples of a case as matrices (seeds, axis), or None when their axes differ."""
    axes = [s.axis for s in one.samples]
    if not axes or any(a.shape != axes[0].shape or (a != axes[0]).any() for a in axes):
        return None
    return axes[0], np.stack([s.value for s in one.samples]), np.stack([s.bound for s in one.samples])


def combine(worst: Judgement, verdicts: list[Verdict]) -> Judgement:
    """One refuted case refutes; one undecided case leaves the claim undecided."""
    for verdict in (Verdict.REFUTED, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return Judgement(verdict, worst.statistic, worst.bound, worst.ratio, worst.ci, worst.message)
    return worst
