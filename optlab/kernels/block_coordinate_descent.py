"""What the loops of coordinate descent share: the score, the step and the promise of one coordinate.

Every coordinate has a smooth slope `g`, a constant `L`, and a kink at zero with the slopes `low <= high` on its sides
(both zero in a smooth problem).  The formulas are those of `optlab.sets.Kinks`, number by number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.core.xp import read_only
from optlab.kernels.registry import jit, register

__all__ = [
    "DECREASE",
    "DRAWN",
    "GRADIENT",
    "MAGNITUDE",
    "STEP",
    "SUBGRADIENT",
    "best",
    "dot",
    "move",
    "penalty",
    "score",
    "still",
]

#: How a coordinate is chosen: drawn beforehand, or the best by one of five scores.
DRAWN, MAGNITUDE, GRADIENT, SUBGRADIENT, STEP, DECREASE = range(6)


def still(*arrays: Any) -> tuple[Any, ...]:
    """Return the arrays contiguous and read-only, a type of its own to numba: each loop is then compiled once."""
    return tuple(read_only(np.ascontiguousarray(array)) for array in arrays)


def _best(scores: Any) -> int:
    """Return the index of the largest score, the first one among equals."""
    top = 0
    for i in range(1, len(scores)):
        if scores[i] > scores[top]:
            top = i
    return top


def _dot(a: Any, b: Any) -> float:
    """Return the inner product, summed in four lanes."""
    n = len(a)
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for i in range(0, n - 3, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(n - n % 4, n):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)


def _penalty(x: float, low: float, high: float) -> float:
    """Return the value of the term with the kink."""
    return low * x if x < 0 else high * x


def _proximal_step(x: float, g: float, L: float, low: float, high: float) -> float:
    """Return the step to the proximal point, exactly -x where it ends in the kink."""
    v = x - g / L
    if v != v:
        return v
    step = 1.0 / L
    right, left = v - step * high, v - step * low
    side = 1.0 if right > 0 else (-1.0 if left < 0 else 0.0)
    d = -(g + (high if side > 0 else (low if side < 0 else 0.0))) / L
    return -x if side == 0 or (x + d) * side < 0 else d


def _decrease(x: float, d: float, g: float, L: float, low: float, high: float) -> float:
    """Return how much the model falls by the proximal step d: two terms that are never negative."""
    s = high if x + d > 0 else (low if x + d < 0 else -(g + L * d))
    slope = high if x > 0 else (low if x < 0 else s)
    return 0.5 * L * d * d + max((slope - s) * x, 0.0)


best, dot, penalty = jit(_best), jit(_dot), jit(_penalty)
proximal_step, decrease = jit(_proximal_step), jit(_decrease)


def _score(kind: int, x: float, g: float, L: float, low: float, high: float) -> float:
    """Return the score of the coordinate, for the greedy kinds."""
    if kind == MAGNITUDE:
        return abs(g)
    if kind == GRADIENT:
        return g * g / L
    if kind == SUBGRADIENT:
        above, below = g + (high if x > 0 else low), -(g + (low if x < 0 else high))
        distance = max(above, below, 0.0)
        return distance * distance / L
    d = proximal_step(x, g, L, low, high)
    return d * d if kind == STEP else decrease(x, d, g, L, low, high)


def _move(composite: bool, x: float, g: float, L: float, low: float, high: float) -> Any:
    """Return the step and the progress it promises."""
    if not composite:
        return -g / L, g * g / (2 * L)
    d = proximal_step(x, g, L, low, high)
    return d, decrease(x, d, g, L, low, high)


score, move = jit(_score), jit(_move)

_COORDINATE = (0.5, 1.5, 2.0, -1.0, 1.0)
register("bcd_best", best, _best, lambda: (np.array([1.0, 3.0, 3.0]),))
register("bcd_dot", dot, _dot, lambda: (*still(np.arange(6.0)), np.arange(6.0)))
register("bcd_penalty", penalty, _penalty, lambda: (0.5, -1.0, 1.0))
register("bcd_proximal_step", proximal_step, _proximal_step, lambda: _COORDINATE)
register("bcd_decrease", decrease, _decrease, lambda: (0.5, -0.25, *_COORDINATE[1:]))
register("bcd_score", score, _score, lambda: (DECREASE, *_COORDINATE))
register("bcd_move", move, _move, lambda: (True, *_COORDINATE))
