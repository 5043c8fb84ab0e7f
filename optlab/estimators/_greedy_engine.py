r"""Working sets chosen greedily, for a loss plus :math:`\lambda_1\|w\|_1 + \lambda_2\|w\|^2/2`, with a certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optlab.estimators._greedy_block import Penalty, minimise_block
from optlab.estimators._greedy_certificate import Solution, duality_gap, gap_goal, null_value
from optlab.estimators._greedy_design import Design
from optlab.estimators._greedy_loss import LogisticLoss, Loss
from optlab.estimators._greedy_newton import newton_cg

__all__ = ["Solution", "minimise"]

_SHRINK = 0.3  # from one stage of the l1 weight to the next, on the way to the one asked for
_INSIDE = 0.1  # accuracy inside a working set, relative to the violation outside
_PATIENCE = 20  # iterations without a better certificate before rounding is taken to be the limit

Array = np.ndarray[Any, Any]


def minimise(
    design: Design, loss: Loss, penalty: Penalty, *, tol: float, max_iter: int, w: Array | None = None
) -> Solution:
    """Minimise to a duality gap of `tol` times the value at w = 0, from `w` on.

    Each iteration takes one full gradient, chooses the coordinates with the largest greedy scores, and minimises the
    quadratic model of the loss on them.  The l1 weight comes down in stages, from where w = 0 is optimal: then the
    support grows towards that of the solution, and Newton steps on it are rarely blocked.
    """
    if penalty.smooth and isinstance(loss, LogisticLoss):
        return newton_cg(design, loss, penalty, tol=tol, max_iter=max_iter, w=w)
    w = np.zeros(design.shape[1]) if w is None else w
    f, b = design.predict(w), 0.0
    null = null_value(design, loss)
    stage, step = (np.inf if penalty.l1 > 0 else 0.0), 0.0
    best, since, careful = np.inf, 0, False
    for k in range(1, max_iter + 1):
        if design.intercept:
            shift = loss.centre(f)
            f, b = f + shift, b + shift
        u = loss.dual_point(f)
        z = design.correlations(u)
        gap = duality_gap(loss, penalty, w, f, u, z)
        best, since = (gap, 0) if gap < best else (best, since + 1)
        if gap <= gap_goal(tol, null) or k == max_iter or since == _PATIENCE:
            break
        largest = penalty.dual_norm(z)
        stage = max(penalty.l1, min(stage, largest))
        score = replace(penalty, l1=stage).scores(z, w)
        if stage > penalty.l1 and score.max() <= 0.5 * stage:
            stage = _SHRINK * stage if _SHRINK * stage > 1.6 * penalty.l1 else penalty.l1
            score, best = replace(penalty, l1=stage).scores(z, w), np.inf
        worst = float(score.max())
        inside = _INSIDE * (worst if stage == penalty.l1 else stage)
        if not loss.quadratic:  # the model gets better as the violation goes down, and the step superlinear
            inside *= min(1.0, (worst / stage) ** 0.5)
        h = loss.curvature(f, upper=careful)
        if penalty.smooth:  # and quadratic
            new = w + design.newton_step(h, z - penalty.l2 * w, penalty.l2, inside)
        else:
            ws = _working_set(w, score, design.first)
            if not len(ws):
                break
            block = design.block(ws, h, loss.quadratic, u, z, w, replace(penalty, l1=stage))
            step = minimise_block(block, inside, step or 5.0 / (float(np.mean(block.diagonal)) or 1.0))
            new = np.zeros(design.shape[1])
            new[ws] = block.w
        if loss.quadratic:
            w, f, b = new, design.predict(new), 0.0
        else:
            size, w, f, b = _line_search(loss, replace(penalty, l1=stage), design, w, f, b, new, u, h)
            careful = size < 0.1  # the second-order model was far off: take an upper bound next time
    return Solution(w, b, gap, null, k, gap <= gap_goal(tol, null))


def _working_set(w: Array, score: Array, first: int) -> Array:
    """The support and the other coordinates with the largest scores, twice as many at most, best first."""
    support = np.flatnonzero(w)
    score = score.copy()
    score[support] = 0.0
    size = min(max(first, 2 * len(support)), int(np.count_nonzero(score)))
    if not size:
        return support
    best = np.argpartition(score, len(score) - size)[len(score) - size :]
    return np.concatenate([support, best[np.argsort(-score[best], kind="stable")]])


def _line_search(
    loss: Loss, penalty: Penalty, design: Design, w: Array, f: Array, b: float, new: Array, u: Array, h: Array
) -> tuple[float, Array, Array, float]:
    """Halve the step towards the minimiser of the model until the objective decreases enough; size 0 if never."""
    target = design.predict(new)
    c = float((u + h * (f - target)).sum() / h.sum()) if design.intercept else 0.0
    df, dw, db = target + c - f, new - w, c - b
    value, before = loss.value(f), penalty.value(w)
    slope = penalty.value(new) - before - float(u @ df)
    size = 1.0
    while size > 1e-4:
        after = loss.value(f + size * df) + penalty.value(w + size * dw)
        if after <= value + before + 1e-4 * size * slope + 1e-15 * value:
            return size, (new if size == 1.0 else w + size * dw), f + size * df, b + size * db
        size *= 0.5
    return 0.0, w, f, b
