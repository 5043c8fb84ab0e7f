"""Judges of rates: the exponent along an axis, and the scaling over a sweep of a parameter."""

from __future__ import annotations

import math

import numpy as np

from optlab.claims.judgement import Floats, Judgement, Options, combine, inconclusive, matrices
from optlab.claims.parts import Verdict
from optlab.claims.study import CaseData, sweep

__all__ = ["exponent", "scaling", "slope_verdict"]

#: An exponent needs this many points, spread over this factor of the axis.
MIN_POINTS, MIN_SPREAD = 6, 8.0


def slope_verdict(ci: tuple[float, float], tol: float, sides: str) -> Verdict:
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
    verdict = slope_verdict(excess.ci, tol, sides)
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
        stack = matrices(one)
        if stack is None:
            return inconclusive("the seeds were measured at different points of the axis")
        axis, value, bound = stack
        if not np.isfinite(value).all() or not np.isfinite(bound).all():
            return inconclusive(f"a measured value on {one.case.name} is not finite")
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
            return inconclusive(
                f"{x.size} usable points on {one.case.name} do not cover a factor {MIN_SPREAD:g} of the axis"
            )
        found.append(_slopes(x, value[:, usable], bound[:, usable], options, "upper", f" on {one.case.name}"))
    if not found:
        return inconclusive("nothing was measured")
    worst = max(
        found, key=lambda j: (j.verdict is Verdict.REFUTED, j.verdict is Verdict.INCONCLUSIVE, j.statistic - j.bound)
    )
    return combine(worst, [j.verdict for j in found])


def scaling(data: list[CaseData], options: Options) -> Judgement:
    """Slope over a sweep of a parameter; two-sided (``sides="both"``) only where the source claims Theta."""
    x, values, bounds = sweep(data)
    if x.size < 4:
        return inconclusive(f"a sweep needs at least 4 points, got {x.size}")
    n = min(v.size for v in values)
    value, bound = (np.stack([a[:n] for a in arrays], axis=1) for arrays in (values, bounds))
    if not (np.isfinite(value).all() and (value > 0).all() and (bound > 0).all() and (x > 0).all()):
        return inconclusive("a sweep on logarithmic scales needs positive, finite values")
    return _slopes(x, value, bound, options, options.get("sides", "upper"), f", {n} seed{'s' * (n > 1)} each")
