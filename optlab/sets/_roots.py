"""One equation in one unknown, for every member of a batch at once: what the dual of a single constraint comes to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["breakpoint_interval", "increasing_root", "log_sum_exp"]

_MAX_ITER = 200


def log_sum_exp(xp: Any, x: Any) -> Any:
    """Logarithm of the sum of exponentials along the last axis, which is kept; NaN without a finite largest entry."""
    top = xp.max(x, axis=-1, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.nan)
    return top + xp.log(xp.sum(xp.exp(x - top), axis=-1, keepdims=True))


def breakpoint_interval(xp: Any, breakpoints: Any, below: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Two neighbours among `breakpoints`, of shape (..., n), between which `below` turns from True to False.

    `below(t)`, of shape (..., 1), is assumed True at the least breakpoint and False at the greatest.  A binary search:
    it evaluates the function itself each time, so no rounding accumulates as it would in running sums.
    """
    ordered = xp.sort(breakpoints, axis=-1)
    n = ordered.shape[-1]
    low = xp.zeros_like(ordered[..., :1], dtype=xp.int64)
    high = low + (n - 1)
    for _ in range(math.ceil(math.log2(n - 1)) if n > 2 else 0):
        middle = (low + high) // 2
        keep = below(xp.take_along_axis(ordered, middle, axis=-1))
        low, high = xp.where(keep, middle, low), xp.where(keep, high, middle)
    return xp.take_along_axis(ordered, low, axis=-1), xp.take_along_axis(ordered, high, axis=-1)


def increasing_root(xp: Any, function: Callable[[Any], tuple[Any, Any]], low: Any, high: Any) -> Any:
    """Root of an increasing function in [low, high], to rounding: Newton's method, kept inside a shrinking bracket.

    `function(t)` gives the value and the slope, all of shape (..., 1).  A Newton step that leaves the bracket, or is
    longer than half the step before it, gives way to bisection.  A member that holds NaN stays NaN.
    """
    tiny = float(xp.finfo(low.dtype).eps)
    t = 0.5 * (low + high)
    step = high - low
    for _ in range(_MAX_ITER):
        value, slope = function(t)
        low, high = xp.where(value <= 0.0, t, low), xp.where(value >= 0.0, t, high)
        newton = t - value / xp.where(slope > 0.0, slope, 1.0)
        good = (slope > 0.0) & (newton >= low) & (newton <= high) & (xp.abs(newton - t) <= 0.5 * step)
        new = xp.where(good, newton, 0.5 * (low + high))
        step = xp.abs(new - t)
        t = xp.where(xp.isnan(value), value, new)
        if not bool(xp.any(step > tiny * xp.abs(t))):
            break
    return t
