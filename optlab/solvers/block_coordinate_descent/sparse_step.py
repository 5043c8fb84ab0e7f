r"""The best step of a few coordinates, approximately: iterative hard thresholding.

To choose the block whose quadratic bound falls most is to solve

.. math:: \min_{\|d\|_0 \le \tau} \; m(d) = \langle g, d \rangle + \tfrac12 d^T H d .

Gradient steps on m, each followed by :math:`T_\tau`, which keeps the :math:`\tau` entries of largest size, never
raise m when the step size is at most :math:`1 / \lambda_{\max}(H)`.
"""

from __future__ import annotations

import math
from typing import Any

from optlab.core.xp import namespace, put_add
from optlab.solvers.block_coordinate_descent.systems import factor, solve
from optlab.solvers.block_coordinate_descent.view import Block

__all__ = ["largest_curvature", "thresholded_block"]


def thresholded_block(at: Any, start: str, max_iter: int, tol: float) -> Block:
    r"""Return the support after at most `max_iter` steps of :math:`d \leftarrow T_\tau(d - (g + H d) / \lambda)`.

    Parameters
    ----------
    at : At
        The iterate; :math:`\lambda` is ``at.memory["largest curvature"]``.
    start : {"newton", "official", "both"}
        The Newton step of the best block of a diagonal bound; :math:`g_i / \sqrt{L_i}` as in the authors' code; or the
        support of the two whose Newton step promises more.
    max_iter : int
        Number of steps.
    tol : float
        The end, when the last one was shorter than this much of d.
    """
    if start == "both":
        ours, theirs = (thresholded_block(at, one, max_iter, tol) for one in ("newton", "official"))
        return theirs if _promise(at, theirs) > _promise(at, ours) else ours
    xp, g, size = namespace(at.x), at.gradient, 1.0 / at.memory["largest curvature"]
    descending = start == "newton"
    if descending:
        block = at.top(g * g / at.lipschitz)
        d = _newton_step(at, block)
    else:
        block, d = at.variable(range(at.n)), g / xp.sqrt(at.lipschitz)
    best, least, ended = block, math.inf, False
    for steps in range(max_iter + 1):
        slope = g + at.problem.bound_product(block.indices, d)
        if descending:  # m never rises; what rounding or a wrong constant would raise is dropped
            model = 0.5 * float(xp.sum((at.take(g, block) + at.take(slope, block)) * d))
            if not model < least:
                return best
            best, least = block, model
        if ended or steps == max_iter:
            break
        moved = put_add(-size * slope, block.indices, d)
        after = at.top(xp.abs(moved))
        new = at.take(moved, after)
        same = after.indices.shape == block.indices.shape and bool(xp.all(after.indices == block.indices))
        ended = same and float(xp.sum((new - d) ** 2)) <= tol**2 * float(xp.sum(new * new))
        block, d = after, new
    return block


def _newton_step(at: Any, block: Block) -> Any:
    return -solve(factor(at.problem.block_bound(block.indices)), at.take(at.gradient, block))


def _promise(at: Any, block: Block) -> float:
    """Return the fall of the quadratic bound over the block."""
    return -0.5 * float(namespace(at.x).sum(at.take(at.gradient, block) * _newton_step(at, block)))


def largest_curvature(at: Any) -> float:
    r"""Return an upper bound of :math:`\lambda_{\max}(H)`: the constant L, or else the smaller of two cheap ones.

    Those are the trace of H and its largest row sum of absolute values.
    """
    constants = at.problem.constants
    if "L" in constants and constants["L"].certifies("upper"):
        return float(constants["L"].value)
    xp = namespace(at.lipschitz)
    return min(float(xp.sum(at.problem.coordinate_lipschitz())), float(xp.max(at.problem.bound_row_sums())))
