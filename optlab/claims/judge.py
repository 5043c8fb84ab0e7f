"""The judges: from measurements to a verdict, one rule for each kind of claim.

Every judge is one-sided in the direction of its claim and says INCONCLUSIVE rather than guess.  Their power and level
are measured on synthetic data of known truth in ``tests/claims`` and tabled in the documentation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy import stats

from optlab.claims.claim import Claim
from optlab.claims.parts import Verdict
from optlab.claims.study import CaseData, sweep

__all__ = ["JUDGES", "Judgement", "judge"]

Floats: TypeAlias = np.ndarray[Any, Any]
Options: TypeAlias = Mapping[str, Any]

#: Fewer seeds than this never decide a claim about a mean.
MIN_SEEDS_MEAN = 8
#: An exponent needs this many points, spread over this factor of the axis.
MIN_POINTS, MIN_SPREAD = 6, 8.0


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


def _inconclusive(message: str, **numbers: Any) -> Judgement:
    return Judgement(Verdict.INCONCLUSIVE, message=message, **numbers)


def _ratios(value: Floats, bound: Floats, floor: float, sign: int = 1) -> Floats:
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


def _extreme(data: list[CaseData], options: Options, sign: int) -> Judgement:
    """Shared by upper (sign +1) and lower (sign -1) pathwise claims: the most unfavourable point decides."""
    slack, floor = options.get("slack", 1e-9), options.get("floor", 0.0)
    worst: tuple[float, float, float, str] | None = None
    for one in data:
        for sample in one.samples:
            if np.isnan(sample.value).any() or np.isnan(sample.bound).any():
                return _inconclusive(f"a measured value or bound on {one.case.name} is NaN")
            ratio = _ratios(sample.value, sample.bound, floor, sign)
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
        return _inconclusive("nothing was measured")
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


def _stack(one: CaseData) -> tuple[Floats, Floats, Floats] | None:
    """Samples of a case as matrices (seeds, axis), or None when their axes differ."""
    axes = [s.axis for s in one.samples]
    if not axes or any(a.shape != axes[0].shape or (a != axes[0]).any() for a in axes):
        return None
    return axes[0], np.stack([s.value for s in one.samples]), np.stack([s.bound for s in one.samples])


def _mean_bounds(x: Floats, alpha: float) -> tuple[Floats, Floats]:
    """One-sided Student bounds at level alpha for the mean of each column (seeds run along axis 0)."""
    n = x.shape[0]
    with np.errstate(invalid="ignore"):  # an infinite value leaves the bounds NaN, and the verdict open
        half = stats.t.ppf(1 - alpha, n - 1) * x.std(axis=0, ddof=1) / math.sqrt(n)
        return x.mean(axis=0) - half, x.mean(axis=0) + half


def expectation(data: list[CaseData], options: Options) -> Judgement:
    """Mean over seeds against the bound, at every checkpoint, Bonferroni-corrected for their number."""
    slack, floor, alpha = options.get("slack", 0.0), options.get("floor", 0.0), options.get("alpha", 0.05)
    stacks = [(one, _stack(one)) for one in data if one.samples]
    if not stacks:
        return _inconclusive("nothing was measured")
    if any(stack is None for _, stack in stacks):
        return _inconclusive("the seeds were measured at different points of the axis")
    if min(len(one.samples) for one, _ in stacks) < MIN_SEEDS_MEAN:
        return _inconclusive(f"a claim about a mean needs at least {MIN_SEEDS_MEAN} seeds")
    checkpoints = sum(stack[0].size for _, stack in stacks if stack)
    best: tuple[float, Judgement] | None = None
    verdicts = []
    for one, stack in stacks:
        assert stack is not None
        axis, value, bound = stack
        if np.isnan(value).any() or np.isnan(bound).any():
            return _inconclusive(f"a measured value or bound on {one.case.name} is NaN")
        ratio = np.where((bound == 0) & (floor == 0), 1.0 + value, _ratios(value, bound, floor))
        if np.isposinf(ratio).any():
            return Judgement(
                Verdict.REFUTED, math.inf, float(bound.min()), math.inf, message="the measured mean is infinite"
            )
        low, high = _mean_bounds(ratio, alpha / checkpoints)
        refuted, supported = low > 1 + slack, high <= 1 + slack
        i = int(np.argmax(low if refuted.any() else high))
        verdict = Verdict.REFUTED if refuted.any() else Verdict.SUPPORTED if supported.all() else Verdict.INCONCLUSIVE
        verdicts.append(verdict)
        mean = float(ratio[:, i].mean())
        message = (
            f"mean of measured/bound {mean:.4g}, simultaneous bounds [{low[i]:.4g}, {high[i]:.4g}] at {axis[i]:g} on "
            f"{one.case.name} ({checkpoints} checkpoints, {len(value)} seeds)"
        )
        found = Judgement(
            verdict,
            float(value[:, i].mean()),
            float(bound[:, i].mean()),
            mean,
            (float(low[i]), float(high[i])),
            message,
        )
        score = float(high[i]) + (1e300 if verdict is Verdict.REFUTED else 0.0)
        if best is None or score > best[0]:
            best = (score, found)
    assert best is not None
    return _combine(best[1], verdicts)


def _combine(worst: Judgement, verdicts: list[Verdict]) -> Judgement:
    """One refuted case refutes; one undecided case leaves the claim undecided."""
    for verdict in (Verdict.REFUTED, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return Judgement(verdict, worst.statistic, worst.bound, worst.ratio, worst.ci, worst.message)
    return worst


def clopper_pearson(violations: int, n: int, alpha: float) -> tuple[float, float]:
    """One-sided exact bounds at level alpha each for a binomial proportion."""
    low = 0.0 if violations == 0 else float(stats.beta.ppf(alpha, violations, n - violations + 1))
    high = 1.0 if violations == n else float(stats.beta.ppf(1 - alpha, violations + 1, n - violations))
    return low, high


def probability(data: list[CaseData], options: Options) -> Judgement:
    """With probability 1 - delta: exact Clopper-Pearson bounds (level 0.01) on the share of violating runs."""
    delta, alpha, slack = options["delta"], options.get("alpha", 0.01), options.get("slack", 1e-9)
    needed = math.ceil(math.log(alpha) / math.log(1 - delta)) + 1
    best: tuple[float, Judgement] | None = None
    verdicts = []
    for one in data:
        n = len(one.samples)
        if any(np.isnan(s.value).any() or np.isnan(s.bound).any() for s in one.samples):
            return _inconclusive(f"a measured value or bound on {one.case.name} is NaN")
        violations = sum(
            bool((_ratios(s.value, s.bound, options.get("floor", 0.0)) > 1 + slack).any()) for s in one.samples
        )
        low, high = clopper_pearson(violations, n, alpha / len(data)) if n else (0.0, 1.0)
        if low > delta:
            verdict = Verdict.REFUTED
        elif n >= needed and high <= delta:
            verdict = Verdict.SUPPORTED
        else:
            verdict = Verdict.INCONCLUSIVE
        verdicts.append(verdict)
        message = f"{violations} violations in {n} runs on {one.case.name}"
        message += f": share in [{low:.4g}, {high:.4g}] against {delta:g}"
        if n < needed:
            message += f" (at least {needed} seeds are needed)"
        share = violations / n if n else math.nan
        found = Judgement(verdict, share, delta, share / delta if n else math.nan, (low, high), message)
        score = (low if verdict is Verdict.REFUTED else high) + (10.0 if verdict is Verdict.REFUTED else 0.0)
        if best is None or score > best[0]:
            best = (score, found)
    return _combine(best[1], verdicts) if best else _inconclusive("nothing was measured")


def _slope_verdict(ci: tuple[float, float], tol: float, sides: str) -> Verdict:
    """Where the confidence interval of the excess slope lies relative to the tolerance."""
    low, high = ci
    too_high, too_low = low > tol, high < -tol
    surely_fine = {"upper": high <= tol, "lower": low >= -tol, "both": low >= -tol and high <= tol}[sides]
    refuted = {"upper": too_high, "lower": too_low, "both": too_high or too_low}[sides]
    return Verdict.REFUTED if refuted else Verdict.SUPPORTED if surely_fine else Verdict.INCONCLUSIVE


def _slopes(x: Floats, value: Floats, bound: Floats, options: Options, sides: str, where: str) -> Judgement:
    from optlab.rates import power_law

    confidence, tol = options.get("confidence", 0.95), options.get("tol", 0.05)
    excess = power_law(x, value / bound, confidence=confidence, rng=0)
    measured = power_law(x, value, confidence=confidence, rng=0)
    claimed = float(np.polyfit(np.log(x), np.log(np.atleast_2d(bound).mean(axis=0)), 1)[0])
    verdict = _slope_verdict(excess.ci, tol, sides)
    relation = {"upper": "at most", "lower": "at least", "both": "equal to"}[sides]
    message = (
        f"log-log slope {measured.slope:.3f}, claimed {relation} {claimed:.3f} (tolerance {tol:g}); excess "
        f"{excess.slope:.3f} in [{excess.ci[0]:.3f}, {excess.ci[1]:.3f}] over {x.size} points{where}"
    )
    shift = measured.slope - excess.slope
    ci = (excess.ci[0] + shift, excess.ci[1] + shift)
    return Judgement(verdict, measured.slope, claimed, math.nan, ci, message)


def exponent(data: list[CaseData], options: Options) -> Judgement:
    """Hidden constants: slope of measured/bound on an asymptotic window; steeper never refutes an upper rate."""
    found = []
    for one in data:
        if not one.samples:
            continue
        stack = _stack(one)
        if stack is None:
            return _inconclusive("the seeds were measured at different points of the axis")
        axis, value, bound = stack
        if not np.isfinite(value).all() or not np.isfinite(bound).all():
            return _inconclusive(f"a measured value on {one.case.name} is not finite")
        positive = axis > 0
        start, end = options.get("window", (math.sqrt(max(axis.max(), 1.0)), math.inf))
        window = positive & (axis >= start) & (axis <= end)
        floor = options.get("floor", 0.0)
        usable = window & (value > floor).all(axis=0)
        if window.any() and (value[:, window] <= floor).all():
            found.append(
                Judgement(Verdict.SUPPORTED, -math.inf, 0.0, message=f"zero on the whole window of {one.case.name}")
            )
            continue
        x = axis[usable]
        if x.size < MIN_POINTS or x.max() < MIN_SPREAD * x.min():
            return _inconclusive(
                f"{x.size} usable points on {one.case.name} do not cover a factor {MIN_SPREAD:g} of the axis"
            )
        found.append(_slopes(x, value[:, usable], bound[:, usable], options, "upper", f" on {one.case.name}"))
    if not found:
        return _inconclusive("nothing was measured")
    worst = max(
        found, key=lambda j: (j.verdict is Verdict.REFUTED, j.verdict is Verdict.INCONCLUSIVE, j.statistic - j.bound)
    )
    return _combine(worst, [j.verdict for j in found])


def scaling(data: list[CaseData], options: Options) -> Judgement:
    """Slope over a sweep of a parameter; two-sided (``sides="both"``) only where the source claims Theta."""
    x, values, bounds = sweep(data)
    if x.size < 4:
        return _inconclusive(f"a sweep needs at least 4 points, got {x.size}")
    n = min(v.size for v in values)
    value, bound = (np.stack([a[:n] for a in arrays], axis=1) for arrays in (values, bounds))
    if not (np.isfinite(value).all() and (value > 0).all() and (bound > 0).all() and (x > 0).all()):
        return _inconclusive("a sweep on logarithmic scales needs positive, finite values")
    return _slopes(x, value, bound, options, options.get("sides", "upper"), f", {n} seed{'s' * (n > 1)} each")


def comparison(data: list[CaseData], options: Options) -> Judgement:
    """Paired with common random numbers: the geometric mean of measured/other is at most 1 (differences if signed)."""
    alpha, slack = options.get("alpha", 0.05), options.get("slack", 0.0)
    stacks = [(one, stack) for one in data if one.samples and (stack := _stack(one)) is not None]
    points = sum(stack[0].size for _, stack in stacks)
    if not points or len(stacks) < sum(bool(one.samples) for one in data):
        return _inconclusive("nothing comparable was measured")
    found = []
    for one, (axis, value, other) in stacks:
        if np.isnan(value).any() or np.isnan(other).any():
            return _inconclusive(f"a measured value on {one.case.name} is NaN")
        logs = bool((value > 0).all() and (other > 0).all())
        d = np.log(value) - np.log(other) if logs else value - other
        limit = math.log1p(slack) if logs else slack
        n = d.shape[0]
        if np.ptp(d, axis=0).max() == 0.0:  # deterministic: every seed agrees
            low = high = d[0]
        elif n < MIN_SEEDS_MEAN:
            return _inconclusive(f"a comparison of random runs needs at least {MIN_SEEDS_MEAN} pairs, got {n}")
        else:
            low, high = _mean_bounds(d, alpha / points)
        i = int(np.argmax(high))
        refuted, supported = bool((low > limit).any()), bool((high <= limit).all())
        verdict = Verdict.REFUTED if refuted else Verdict.SUPPORTED if supported else Verdict.INCONCLUSIVE
        back: Callable[[float], float] = math.exp if logs else float
        ratio = back(float(d[:, i].mean()))
        what = "geometric mean ratio" if logs else "mean difference"
        ci = (back(float(low[i])), back(float(high[i])))
        message = f"{what} {ratio:.4g} in [{ci[0]:.4g}, {ci[1]:.4g}] at {axis[i]:g} on {one.case.name} ({n} pairs)"
        found.append(
            Judgement(
                verdict, float(value[:, i].mean()), float(other[:, i].mean()), ratio if logs else math.nan, ci, message
            )
        )
    worst = max(found, key=lambda j: (j.verdict is Verdict.REFUTED, j.verdict is Verdict.INCONCLUSIVE, j.ci[1]))
    return _combine(worst, [j.verdict for j in found])


def exactness(data: list[CaseData], options: Options) -> Judgement:
    """Equality up to ``tol * (1 + |expected|)``."""
    tol = options.get("tol", 1e-9)
    worst: tuple[float, Judgement] | None = None
    for one in data:
        for sample in one.samples:
            if np.isnan(sample.value).any() or np.isnan(sample.bound).any():
                return _inconclusive(f"a measured or expected value on {one.case.name} is NaN")
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
    return worst[1] if worst else _inconclusive("nothing was measured")


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
