"""The judges: from measurements to a verdict, one rule for each kind of claim.

Every judge is one-sided in the direction of its claim and says INCONCLUSIVE rather than guess.  Their power and level
are measured on synthetic data of known truth in ``tests/claims`` and tabled in the documentation.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from optlab.claims.claim import Claim
from optlab.claims.judge_means import comparison, expectation, probability
from optlab.claims.judge_slopes import exponent, scaling
from optlab.claims.judgement import Judgement, Options, inconclusive, ratios
from optlab.claims.parts import Verdict
from optlab.claims.study import CaseData

__all__ = ["JUDGES", "Judgement", "judge"]


def _extreme(data: list[CaseData], options: Options, sign: int) -> Judgement:
    """Shared by upper (sign +1) and lower (sign -1) pathwise claims: the most unfavourable point decides."""
    slack, floor = options.get("slack", 1e-9), options.get("floor", 0.0)
    worst: tuple[float, float, float, str] | None = None
    for one in data:
        for sample in one.samples:
            if np.isnan(sample.value).any() or np.isnan(sample.bound).any():
                return inconclusive(f"a measured value or bound on {one.case.name} is NaN")
            ratio = ratios(sample.value, sample.bound, floor, sign)
            if not ratio.size:
                continue
            i = int(np.argmax(sign * ratio))
            found = (
                float(ratio[i]),
                float(sample.value[i]),
                float(sample.bound[i]),
                f"{one.case.name}, {sample.axis[i]:g}",
            )
            if worst is None or sign * found[0] > sign * worst[0]:
                worst = found
    if worst is None:
        return inconclusive("nothing was measured")
    ratio_, value, bound, where = worst
    violated = sign * (ratio_ - 1.0) > slack
    word = "largest" if sign > 0 else "smallest"
    limit = f"{'violates' if violated else 'within'} 1 {'+' if sign > 0 else '-'} {slack:g}"
    message = f"{word} measured/bound {ratio_:.6g} ({where}); {limit}"
    verdict = Verdict.REFUTED if violated else Verdict.SUPPORTED
    return Judgement(verdict, value, bound, ratio_, (ratio_, ratio_), message)


def pathwise(data: list[CaseData], options: Options) -> Judgement:
    """Upper bound on every path: REFUTED when max measured/bound exceeds 1 + slack."""
    return _extreme(data, options, +1)


def lower(data: list[CaseData], options: Options) -> Judgement:
    """Lower bound on constructed instances: REFUTED when min measured/bound falls below 1 - slack."""
    return _extreme(data, options, -1)


def exactness(data: list[CaseData], options: Options) -> Judgement:
    """Equality up to ``tol * (1 + |expected|)``."""
    tol = options.get("tol", 1e-9)
    worst: tuple[float, Judgement] | None = None
    for one in data:
        for sample in one.samples:
            if np.isnan(sample.value).any() or np.isnan(sample.bound).any():
                return inconclusive(f"a measured or expected value on {one.case.name} is NaN")
            with np.errstate(invalid="ignore"):
                deviation = np.abs(sample.value - sample.bound) / (1.0 + np.abs(sample.bound))
            deviation = np.where(np.isinf(sample.value) | np.isinf(sample.bound), np.inf, deviation)
            deviation = np.where(sample.value == sample.bound, 0.0, deviation)
            if not deviation.size:
                continue
            i = int(np.argmax(deviation))
            d = float(deviation[i])
            verdict = Verdict.REFUTED if d > tol else Verdict.SUPPORTED
            message = f"largest deviation {d:.3g} at {sample.axis[i]:g} on {one.case.name}, tolerance {tol:g}"
            value, bound = float(sample.value[i]), float(sample.bound[i])
            found = Judgement(verdict, value, bound, value / bound if bound else math.nan, (d, d), message)
            if worst is None or d > worst[0]:
                worst = (d, found)
    return worst[1] if worst else inconclusive("nothing was measured")


#: One judge for each kind of claim.
JUDGES: dict[str, Callable[[list[CaseData], Options], Judgement]] = {
    "pathwise": pathwise,
    "lower": lower,
    "expectation": expectation,
    "probability": probability,
    "exponent": exponent,
    "scaling": scaling,
    "comparison": comparison,
    "exactness": exactness,
}


def judge(claim: Claim, data: list[CaseData]) -> Judgement:
    """Return the verdict on a claim from its data; NOT_APPLICABLE when an assumption fails on every case.

    Parameters
    ----------
    claim : Claim
        Its kind says which judge decides, its options how.
    data : list of CaseData
        What `optlab.claims.collect` measured.

    Returns
    -------
    Judgement
        The verdict with the numbers behind it.

    Examples
    --------
    >>> import optlab as ol
    >>> claim = next(c for c in ol.claims.all_claims() if c.id == "base/gd-convex")
    >>> ol.claims.judge(claim, ol.claims.collect(claim, "quick", seeds=1, rng=0)).verdict.name
    'SUPPORTED'
    """
    usable = [one for one in data if one.applicable]
    if not usable:
        reasons = sorted({name for one in data for name in one.failed})
        return Judgement(Verdict.NOT_APPLICABLE, message="not satisfied: " + "; ".join(reasons))
    return JUDGES[claim.kind](usable, claim.options)
