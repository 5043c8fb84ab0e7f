"""Coordinates without curvature, dealt with before the first step."""

from __future__ import annotations

from typing import Any

from optlab.core.xp import namespace
from optlab.solvers.block_coordinate_descent.view import BlockState

__all__ = ["positive", "without_curvature"]


def positive(lipschitz: Any) -> Any:
    """Return the constants with the least positive one in place of zeros, which no score may be divided by."""
    xp = namespace(lipschitz)
    if bool(xp.all(lipschitz > 0)):
        return lipschitz
    least = xp.min(xp.where(lipschitz > 0, lipschitz, xp.full_like(lipschitz, xp.inf)))
    return xp.where(lipschitz > 0, lipschitz, xp.where(xp.isfinite(least), least, xp.ones_like(least)))


def without_curvature(state: BlockState, moves: Any, lipschitz: Any) -> Any:
    """Return the start with the coordinates along which f is linear put where F is least, once and for all.

    Raises
    ------
    ValueError
        If F falls for ever along such a coordinate.
    """
    xp = namespace(state.x)
    if bool(xp.any(lipschitz < 0)):
        i = int(xp.argmin(lipschitz))
        raise ValueError(f"f is concave along coordinate {i}: its curvature there is {float(lipschitz[i]):.3g}")
    flat = lipschitz == 0
    if not bool(xp.any(flat)):
        return state.x
    low, high = state.kinks.lower, state.kinks.upper
    slope = moves.block_gradient(state.followed)
    falls = flat & ((slope + high < 0) | (slope + low > 0))
    if bool(xp.any(falls)):
        i = int(xp.argmax(xp.astype(falls, xp.int64)))
        raise ValueError(f"the objective is unbounded: linear along coordinate {i}, with slope {float(slope[i]):.3g}")
    moved = flat & (state.kinks.distance(state.x, slope) > 0)
    return xp.where(moved, xp.zeros_like(state.x), state.x) if bool(xp.any(moved)) else state.x
