"""What a solver of the greedy estimators returns: the solution, and the duality gap that certifies it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.estimators._greedy_block import Penalty
from optlab.estimators._greedy_design import Design
from optlab.estimators._greedy_loss import Loss

__all__ = ["Solution", "duality_gap", "gap_goal", "null_value"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Solution:
    """Coefficients, intercept, certified gap to the optimal value, the value at w = 0 it is measured by, iterations."""

    w: Array
    b: float
    gap: float
    null: float
    n_iter: int
    converged: bool


def duality_gap(loss: Loss, penalty: Penalty, w: Array, f: Array, u: Array, z: Array) -> float:
    """Primal value minus the best of the dual values at multiples of u; z holds all correlations X'u."""
    largest = penalty.dual_norm(z)
    dual = loss.dual(u, f, loss.best_scale(u, f, penalty.l1 / largest if largest > 0 else 1.0))
    if penalty.l2 > 0:
        dual = max(dual, loss.dual(u, f, 1.0) - penalty.conjugate(z))
    return max(loss.value(f) + penalty.value(w) - dual, 0.0)


def null_value(design: Design, loss: Loss) -> float:
    """Value at w = 0, with the best intercept if there is one: what the tolerance is relative to."""
    zeros = np.zeros(design.shape[0])
    return loss.value(zeros + (loss.centre(zeros) if design.intercept else 0.0))


def gap_goal(tol: float, null: float) -> float:
    """The gap to reach: `tol` of the value at w = 0, but nothing that only subnormal numbers could tell from zero."""
    return max(tol * null, float(np.finfo(float).tiny))
