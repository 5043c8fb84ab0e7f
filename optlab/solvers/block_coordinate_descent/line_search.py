"""Backtracking along a line: the step is shortened by polynomial interpolation until the function falls enough."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["backtrack", "rounding"]

#: The part of the predicted decrease that a step has to keep: hardly more than descent, so that Newton steps pass.
ARMIJO = 1e-10
#: An interpolated step stays between these parts of the last one.
_SHORTEST, _LONGEST = 0.1, 0.5
#: After so many trials the step is below 2^-60 of the first one.
_TRIALS = 60


def rounding(first: float, second: float, eps: float) -> float:
    """Return a difference of two function values that rounding alone could explain."""
    return 64 * eps * max(abs(first), abs(second)) if math.isfinite(second) else 0.0


def backtrack(along: Callable[[float], float], before: float, slope: float, eps: float) -> tuple[float, int]:
    r"""Return a step with :math:`\phi(\alpha) \le \phi(0) + 10^{-10} \alpha \phi'(0)`, and how many were tried.

    The first trial is 1; the next one minimises the parabola through what is known, the ones after that the cubic
    through the last two trials.  Where the decrease wanted is too small to be seen in the values of the function, not
    to rise by more than their rounding is enough.

    Parameters
    ----------
    along : callable
        The function :math:`\phi` on the line.
    before, slope : float
        :math:`\phi(0)` and :math:`\phi'(0) < 0`.
    eps : float
        The unit of rounding of the arithmetic in which the function is evaluated.

    Returns
    -------
    step : float
        The step; 0 when none was found, which happens only if the slope is wrong.
    trials : int
        Number of function values asked for.
    """
    step, older = 1.0, None
    for trials in range(1, _TRIALS + 1):
        value = along(step)
        if value <= before + ARMIJO * step * slope + rounding(before, value, eps):
            return step, trials
        shorter = _interpolate(before, slope, (step, value), older)
        older = (step, value)
        step = min(max(shorter, _SHORTEST * step), _LONGEST * step)
    return 0.0, _TRIALS


def _interpolate(before: float, slope: float, newer: tuple[float, float], older: tuple[float, float] | None) -> float:
    """Return the minimiser of the interpolating parabola or cubic; half the last step where there is none."""
    step, value = newer
    excess = value - before - slope * step
    if not math.isfinite(excess):
        return step / 2
    if older is None or not math.isfinite(older[1]):
        return -slope * step**2 / (2 * excess) if excess > 0 else step / 2
    last = older[1] - before - slope * older[0]
    gap = step - older[0]
    cubic = (excess / step**2 - last / older[0] ** 2) / gap
    square = (step * last / older[0] ** 2 - older[0] * excess / step**2) / gap
    root = square**2 - 3 * cubic * slope
    if not root >= 0 or cubic == 0:
        return -slope / (2 * square) if square > 0 else step / 2
    # The numerically stable form of (sqrt(root) - square) / (3 cubic).
    denominator = square + math.sqrt(root)
    return -slope / denominator if denominator > 0 else step / 2
