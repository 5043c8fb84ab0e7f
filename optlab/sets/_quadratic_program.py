r"""Small strongly convex quadratic programs over sets that can be projected onto, certified.

.. math:: \min_{u \in C} \tfrac12 \langle u, H u \rangle - \langle h, u \rangle
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_compat

from optlab.core.xp import namespace
from optlab.sets.base import ConvexSet

__all__ = ["apply", "jump_to_face", "minimize_quadratic"]

_MAX_ITER = 20_000
_EVERY = 10  # iterations between two attempts at the face


def apply(xp: Any, matrix: Any, x: Any) -> Any:
    """Matrix times vector, with leading axes broadcast."""
    return xp.matmul(matrix, x[..., None])[..., 0]


def jump_to_face(xp: Any, matrix: Any, h: Any, u: Any, lower: Any, upper: Any, total: float | None) -> Any:
    r"""Minimiser of the quadratic on the face that u lies on: coordinates at a bound stay there, the others are free.

    With a total the free ones also keep the sum: :math:`u_F = H_{FF}^{-1} (r - \nu 1)`.  The result may leave the set.
    """
    free = (u > lower) & (u < upper)
    both = free[..., :, None] & free[..., None, :]
    eye = xp.eye(u.shape[-1], dtype=u.dtype, device=array_api_compat.device(u))
    system = xp.where(both, matrix, eye)
    fixed = xp.where(free, 0.0, u)
    right = xp.where(free, h - apply(xp, matrix, fixed), 0.0)
    if total is None:
        return fixed + xp.linalg.solve(system, right[..., None])[..., 0]
    ones = xp.astype(free, u.dtype)
    both_sides = xp.linalg.solve(system, xp.stack([right, ones + xp.zeros_like(right)], axis=-1))
    plain, pull = both_sides[..., 0], both_sides[..., 1]
    missing = total - xp.sum(fixed + plain, axis=-1, keepdims=True)
    weight = xp.sum(pull, axis=-1, keepdims=True)
    return fixed + plain + pull * (missing / xp.where(weight > 0.0, weight, 1.0))


def minimize_quadratic(
    matrix: Any, extremes: tuple[Any, Any], h: Any, constraint: ConvexSet, jump: Callable[[Any], Any] | None = None
) -> Any:
    r"""Minimise over the set by accelerated projected gradients with step 1/L, batched.

    Parameters
    ----------
    matrix : array, shape (..., d, d)
        Positive definite matrices H.
    extremes : tuple of array, shape (..., 1)
        Their smallest and largest eigenvalues m and L.
    h : array, shape (..., d)
        Linear terms.
    constraint : ConvexSet
        The set C.
    jump : callable, optional
        Takes a point of C to the minimiser over its face; its answer, projected, is used where it is the better point.

    Returns
    -------
    array, shape (..., d)
        The minimisers.

    Raises
    ------
    RuntimeError
        If the answer cannot be certified.

    Notes
    -----
    The certificate, derived here: with :math:`u^+ = P_C(u - \nabla f(u) / L)` the minimiser u* satisfies
    :math:`\|u^+ - u^*\| \le (L / m) \|u^+ - u\|`.  For the optimality condition of the projection says that
    :math:`u^+` minimises over C a function whose gradient there differs from :math:`\nabla f(u^+)` by
    :math:`e = (L I - H)(u^+ - u)` with :math:`\|e\| \le L \|u^+ - u\|`, and
    :math:`m \|u^+ - u^*\|^2 \le \langle e, u^* - u^+ \rangle`.
    """
    xp = namespace(matrix, h)
    smallest, largest = extremes
    root = xp.sqrt(smallest / largest)
    momentum = (1.0 - root) / (1.0 + root)
    eps = float(xp.finfo(h.dtype).eps)

    def advance(u: Any) -> tuple[Any, Any]:
        new = constraint.project(u - (apply(xp, matrix, u) - h) / largest)
        return new, xp.linalg.vector_norm(new - u, axis=-1, keepdims=True)

    unconstrained = xp.linalg.solve(matrix + xp.zeros_like(h)[..., None], h[..., None])[..., 0]
    size = 1.0 + xp.linalg.vector_norm(unconstrained, axis=-1, keepdims=True)
    u, moved = advance(constraint.project(unconstrained))
    ahead = u
    for iteration in range(_MAX_ITER):
        if jump is not None and iteration % _EVERY == 0:
            trial, trial_moved = advance(constraint.project(jump(u)))
            better = trial_moved < moved
            u, ahead = xp.where(better, trial, u), xp.where(better, trial, ahead)
            moved = xp.where(better, trial_moved, moved)
        if not bool(xp.any(moved > 4.0 * eps * size)):
            return u
        new, moved = advance(ahead)
        ahead = new + momentum * (new - u)
        u = new
    u, moved = advance(u)
    if bool(xp.any(moved * (largest / smallest) > eps**0.5 * size)):
        raise RuntimeError(
            f"the projection in the metric of H could not be certified after {_MAX_ITER} iterations; "
            f"the condition number of H is {float(xp.max(largest / smallest)):.1e}"
        )
    return u
