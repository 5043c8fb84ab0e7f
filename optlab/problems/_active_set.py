"""Least squares with non-negative unknowns and a linear term, by the active-set method of Lawson and Hanson."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.core.xp import is_sparse
from optlab.problems._rows import columns

__all__ = ["nonnegative_least_squares"]


#: A column with a smaller share of its length outside the span of the others depends on them.
_DEPENDENT = 1e-10


def nonnegative_least_squares(A: Any, b: Any, weight: float, max_iter: int = 10_000) -> Any:
    r"""Return a minimiser of ||A x - b||^2 / 2 + weight sum(x) over x >= 0.

    The free unknowns, whose columns are independent, solve their own least squares problem; the most violated bound is
    freed next.  The answer is exact up to rounding when the method ends by itself; the caller certifies it whatever it
    is.
    """
    T = columns(A)
    x, free = np.zeros(T.shape[0]), np.zeros(T.shape[0], dtype=bool)
    scale = float(np.abs(T @ b).max(initial=0.0)) + abs(weight)
    barred = np.zeros_like(free)  # freed in vain since the last progress
    for _ in range(max_iter):
        slope = np.where(free | barred, np.inf, T @ (A @ x - b) + weight)
        i = int(slope.argmin())
        if not slope[i] < -1e-13 * scale:
            break
        before = x
        x, free = _enter(T, i, x, free)
        x, free = _descend(T, b, weight, x, free)
        if (x != before).any():
            barred[:] = False
        barred[i] = not free[i]
    return x


def _rows(T: Any, free: Any) -> Any:
    rows = T[np.flatnonzero(free)]
    return rows.toarray() if is_sparse(rows) else rows


def _enter(T: Any, i: int, x: Any, free: Any) -> tuple[Any, Any]:
    """Free the unknown i.  A dependent column first moves along the null direction, until another unknown is zero."""
    own = free.copy()
    free = free.copy()
    free[i] = True
    column = _rows(T, np.arange(free.size) == i)[0]
    share = np.linalg.lstsq(_rows(T, own).T, column, rcond=None)[0] if own.any() else np.zeros(0)
    rest = column - share @ _rows(T, own)
    if np.linalg.norm(rest) > _DEPENDENT * np.linalg.norm(column):
        return x, free
    direction = np.zeros_like(x)
    direction[own], direction[i] = -share, 1.0
    blocking = np.flatnonzero(own & (direction < 0))
    if blocking.size == 0:  # only rounding can do this: the objective is bounded below
        return x, own
    lengths = -x[blocking] / direction[blocking]
    step, first = float(lengths.min()), blocking[int(lengths.argmin())]
    x = np.where(free, x + step * direction, 0.0)
    x[first], free[first] = 0.0, False
    return x, free


def _descend(T: Any, b: Any, weight: float, x: Any, free: Any) -> tuple[Any, Any]:
    """Walk to the minimiser over the free unknowns, fixing those that become negative on the way."""
    while free.any():
        target = np.zeros_like(x)
        target[free] = _solve(_rows(T, free), b, weight)
        falling = np.flatnonzero(free & (target <= 0))
        if falling.size == 0:
            return target, free
        lengths = x[falling] / np.maximum(x[falling] - target[falling], np.finfo(float).tiny)
        step = float(lengths.min())
        x = np.where(free, x + step * (target - x), 0.0)
        tight = falling[lengths <= step]
        free = free.copy()
        x[tight], free[tight] = 0.0, False
    return x, free


def _solve(rows: Any, b: Any, weight: float) -> Any:
    """Minimise over the free unknowns alone, by QR: the normal equations would square the condition number."""
    q, r = np.linalg.qr(rows.T)
    target = q.T @ b
    if weight:
        target = target - weight * np.linalg.solve(r.T, np.ones(rows.shape[0]))
    return np.linalg.solve(r, target)
