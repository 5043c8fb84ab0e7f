"""Judges of random quantities: means, probabilities, paired comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from optlab.claims.judgement import Floats, Judgement, Options, combine, inconclusive, matrices, ratios
from optlab.claims.parts import Verdict
from optlab.claims.study import CaseData

__all__ = ["clopper_pearson", "comparison", "expectation", "probability"]

#: Fewer seeds than this never decide a claim about a mean.
MIN_SEEDS_MEAN = 8


def _mean_bounds(x: Floats, alpha: float) -> tuple[Floats, Floats]:
    """One-sided Student bounds at level alpha for the mean of each column (seeds run along axis 0)."""
    n = x.shape[0]
    with np.errstate(invalid="ignore"):  # an infinite value leaves the bounds NaN, and the verdict open
        half = stats.t.ppf(1 - alpha, n - 1) * x.std(axis=0, ddof=1) / math.sqrt(n)
        return x.mean(axis=0) - half, x.mean(axis=0) + half


def expectation(data: list[CaseData], options: Options) -> Judgement:
    """Mean over seeds against the bound, at every checkpoint, Bonferroni-corrected for their number."""
    slack, floor, alpha = options.get("slack", 1e-9), options.get("floor", 0.0), options.get("alpha", 0.05)
    stacks = [(one, matrices(one)) for one in data if one.samples]
    if not stacks:
        return inconclusive("nothing was measured")
    if any(stack is None for _, stack in stacks):
        return inconclusive("the seeds were measured at different points of the axis")
    if min(len(one.samples) for one, _ in stacks) < MIN_SEEDS_MEAN:
        return inconclusive(f"a claim about a mean needs at least {MIN_SEEDS_MEAN} seeds")
    checkpoints = sum(stack[0].size for _, stack in stacks if stack)
    best: tuple[float, Judgement] | None = None
    verdicts = []
    for one, stack in stacks:
        assert stack is not None
        axis, value, bound = stack
        if np.isnan(value).any() or np.isnan(bound).any():
            return inconclusive(f"a measured value or bound on {one.case.name} is NaN")
        ratio = np.where((bound == 0) & (floor == 0), 1.0 + value, ratios(value, bound, floor))
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
    return combine(best[1], verdicts)


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
            return inconclusive(f"a measured value or bound on {one.case.name} is NaN")
        violations = sum(
            bool((ratios(s.value, s.bound, options.get("floor", 0.0)) > 1 + slack).any()) for s in one.samples
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
    return combine(best[1], verdicts) if best else inconclusive("nothing was measured")


def comparison(data: list[CaseData], options: Options) -> Judgement:
    """Paired with common random numbers: the geometric mean of measured/other is at most 1 (differences if signed)."""
    alpha, slack = options.get("alpha", 0.05), options.get("slack", 0.0)
    stacks = [(one, stack) for one in data if one.samples and (stack := matrices(one)) is not None]
    points = sum(stack[0].size for _, stack in stacks)
    if not points or len(stacks) < sum(bool(one.samples) for one in data):
        return inconclusive("nothing comparable was measured")
    found = []
    for one, (axis, value, other) in stacks:
        if np.isnan(value).any() or np.isnan(other).any():
            return inconclusive(f"a measured value on {one.case.name} is NaN")
        logs = bool((value > 0).all() and (other > 0).all())
        d = np.log(value) - np.log(other) if logs else value - other
        limit = math.log1p(slack) if logs else slack
        n = d.shape[0]
        if n > 1 and np.ptp(d, axis=0).max() == 0.0:  # deterministic: every seed agrees, which one seed cannot show
            low = high = d[0]
        elif n < MIN_SEEDS_MEAN:
            return inconclusive(f"a comparison of random runs needs at least {MIN_SEEDS_MEAN} pairs, got {n}")
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
    return combine(worst, [j.verdict for j in found])
