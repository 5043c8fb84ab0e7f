r"""Two-metric projection on a block: Newton's method for the coordinates that are free, a diagonal metric for the rest.

The coordinates at their kink that the gradient holds there are active, all others are free.  Newton's step of the free
ones can be projected coordinate by coordinate without losing descent because no active coordinate takes part in it: on
the active set the metric is diagonal.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.sets.kinks import Kinks
from optlab.solvers.block_coordinate_descent.systems import factor, solve, spectral_cut

__all__ = ["TwoMetricArc"]

#: A singular or indefinite Hessian is raised to this part of the mean curvature bound.
_RIDGE = 1e-10
#: A slope below this part of what it is made of is rounding, in a direction without curvature.
_ROUNDING = 1e-12


class TwoMetricArc:
    r"""The path :math:`\alpha \mapsto x(\alpha)` of the two-metric projection from one point, for one block.

    Parameters
    ----------
    x, g : ndarray of shape (b,)
        The coordinates and the gradient of the smooth part.
    kinks : Kinks
        The non-smooth term of the block.
    lipschitz : ndarray of shape (b,)
        The coordinate constants.
    near : float
        Coordinates up to this size count as being at their kink.

    Attributes
    ----------
    free : ndarray of int
        Positions of the free coordinates, whose Hessian `aim` needs.
    slope : float
        Slope of F along the path at its start, not positive; known after `aim`.
    """

    def __init__(
        self, x: np.ndarray[Any, Any], g: np.ndarray[Any, Any], kinks: Kinks, lipschitz: np.ndarray[Any, Any],
        near: float,
    ) -> None:  # fmt: skip
        low, high = kinks.lower, kinks.upper
        active = (np.abs(x) <= near) & (low < -g) & (-g < high)
        self.free, self.held = np.flatnonzero(~active), np.flatnonzero(active)
        self.x, self.g, self.kinks, self.lipschitz = x, g, kinks, lipschitz
        #: The side of the kink each coordinate is on, or is drawn to; 0 where there is no kink.
        self.side = np.where(low < high, np.where(x != 0, np.sign(x), np.where(-g >= high, 1.0, -1.0)), 0.0)
        self.direction = np.zeros_like(x)
        self.slope = 0.0

    def aim(self, hessian: np.ndarray[Any, Any]) -> None:
        """Work out the direction, from the Hessian of the free coordinates."""
        low, high, W = self.kinks.lower, self.kinks.upper, self.free
        outer = np.where(self.side < 0, low, high)[W]
        q = self.g[W] + outer
        self.direction[W] = -_newton(hessian, q, float(np.max(np.abs(self.g[W]) + np.abs(outer), initial=0.0)),
                                     _RIDGE * float(np.mean(self.lipschitz[W])) if len(W) else 0.0)  # fmt: skip
        full, held = self.step(1.0), self.held
        before, after = self.kinks.values(self.x)[held], self.kinks.values(self.x + full)[held]
        self.slope = float(q @ self.direction[W] + self.g[held] @ full[held] + (after - before).sum())

    def step(self, alpha: float) -> np.ndarray[Any, Any]:
        """Return the step to the point of the path at alpha; what would change its side stays in the kink."""
        d = alpha * self.direction
        if len(self.held):
            metric = alpha / float(self.lipschitz[self.held].sum())
            d[self.held] = self.kinks.map(lambda slopes: slopes[self.held]).step(
                self.x[self.held], self.g[self.held], 1.0 / metric
            )
        crosses = self.side * (self.x + d) < 0
        crosses[self.held] = False
        return np.where(crosses, -self.x, d)


def _newton(hessian: np.ndarray[Any, Any], q: np.ndarray[Any, Any], scale: float, ridge: float) -> np.ndarray[Any, Any]:
    """Return p = H^{-1} q; eigenvalues of a singular or indefinite H are replaced by their sizes, at least `ridge`."""
    if not len(q) or not (np.isfinite(hessian).all() and np.isfinite(q).all()):
        return q * math.nan
    factored = factor(hessian)
    if factored.lower is not None:
        return solve(factored, q)
    values, along = factored.values, factored.vectors.T @ q
    noise = (np.abs(values) <= spectral_cut(values)) & (np.abs(along) <= _ROUNDING * scale)
    return factored.vectors @ np.where(noise, 0.0, along / np.maximum(np.abs(values), ridge))
