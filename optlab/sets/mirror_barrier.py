r"""The logarithmic barrier of the orthant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.sets._inputs import like, vectors
from optlab.sets.base import ConvexSet, UnboundedError
from optlab.sets.bounded_simplex import BoundedSimplex
from optlab.sets.box import Box
from optlab.sets.mirror import MirrorMap
from optlab.sets.mirror_forms import onto
from optlab.sets.orthant import Orthant
from optlab.sets.simplex import Simplex
from optlab.sets.space import WholeSpace

__all__ = ["LogBarrier", "simplex_newton"]

_MAX_ITER = 50


def simplex_newton(xp: Any, offset: Any, total: float) -> tuple[Any, int]:
    r"""The t > 0 with :math:`\sum_i 1 / (o_i + t) = \mathrm{total}`, where the least offset is 0, and the steps taken.

    At the start t = 1 / total one term alone makes the total, so the sum is no smaller; it is convex and decreasing in
    t.  Newton's method therefore climbs to the root from the left without ever passing it, and needs no safeguard.
    """
    eps = float(xp.finfo(offset.dtype).eps)
    t = xp.zeros_like(offset[..., :1]) + 1.0 / total
    for iterations in range(_MAX_ITER):
        terms = 1.0 / (offset + t)
        excess = xp.sum(terms, axis=-1, keepdims=True) - total
        if not bool(xp.any(excess > 8.0 * eps * total * math.sqrt(offset.shape[-1]))):
            return t, iterations
        t = t + xp.maximum(excess, 0.0) / xp.sum(terms * terms, axis=-1, keepdims=True)
    return t, _MAX_ITER


@dataclass(frozen=True, eq=False)
class LogBarrier(MirrorMap):
    r"""The barrier :math:`\psi(x) = -\sum_i \ln x_i` on the positive orthant.

    .. math:: \nabla \psi(x)_i = -1 / x_i, \qquad
              B_\psi(x, y) = \sum_i \frac{x_i}{y_i} - 1 - \ln \frac{x_i}{y_i},

    the Itakura-Saito divergence.  With :math:`s_i = 1 / x_i + \tau g_i` a mirror step is :math:`1 / s_i`; over the
    orthant it exists only while every :math:`s_i > 0`.  Over the simplex it always does: :math:`1 / (s_i + \mu)` with
    the :math:`\mu` that makes the sum right, by a monotone Newton iteration.  Over a box the coordinates are clipped.

    The barrier is self-concordant: what counts is its local norm (`local_norm`).  Over a set whose points have
    coordinates at most c it is also :math:`1 / c^2`-strongly convex with respect to the Euclidean norm.

    Examples
    --------
    >>> import optlab as ol
    >>> barrier = ol.sets.LogBarrier()
    >>> barrier.mirror_step([0.5, 0.5], [1.0, -1.0], step=0.5)
    array([0.4       , 0.66666667])
    >>> barrier.mirror_step([0.5, 0.5], [1.5, 0.0], step=1.0, constraint=ol.sets.Simplex())
    array([0.33333333, 0.66666667])
    """

    @property
    def domain(self) -> ConvexSet:
        return Orthant()

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        if isinstance(constraint, Simplex | BoundedSimplex):
            return 1.0 / constraint.total**2
        if not isinstance(constraint, Box):
            return 0.0
        top = constraint.upper if isinstance(constraint.upper, float) else float(max(constraint.upper))
        return 1.0 / top**2 if top > 0.0 else 0.0

    def local_norm(self, v: Any, x: Any) -> Any:
        r"""Norm of v in the geometry at x, :math:`\|v\|_x = (\sum_i v_i^2 / x_i^2)^{1/2}`.

        Parameters
        ----------
        v, x : array, shape (..., d)
            Vectors, and points of the positive orthant.

        Returns
        -------
        array, shape (...)
            The norms.
        """
        return self.norm(vectors(v, "v") / vectors(x))

    def local_dual_norm(self, g: Any, x: Any) -> Any:
        r"""Dual of the norm at x, :math:`(\sum_i g_i^2 x_i^2)^{1/2}`.

        Parameters
        ----------
        g, x : array, shape (..., d)
            Linear functions, and points of the positive orthant.

        Returns
        -------
        array, shape (...)
            The norms.
        """
        return self.norm(vectors(g, "g") * vectors(x))

    def value(self, x: Any) -> Any:
        x = vectors(x)
        xp = namespace(x)
        logs = xp.log(xp.where(x > 0.0, x, 1.0))
        return -xp.sum(xp.where(x <= 0.0, -math.inf, xp.where(xp.isnan(x), x, logs)), axis=-1)

    def gradient(self, x: Any) -> Any:
        x = vectors(x)
        xp = namespace(x)
        slope = -1.0 / xp.where(x > 0.0, x, 1.0)
        return xp.where(x > 0.0, slope, xp.where(x == 0.0, -math.inf, xp.full_like(x, xp.nan)))

    def dual_gradient(self, theta: Any) -> Any:
        theta = vectors(theta, "theta")
        xp = namespace(theta)
        if bool(xp.any(theta >= 0.0)):
            raise UnboundedError("the log-barrier step has no minimiser over the orthant: 1/x_i + step * g_i <= 0")
        return -1.0 / theta

    def bregman(self, x: Any, y: Any) -> Any:
        x, y = vectors(x), vectors(y, "y")
        xp = namespace(x, y)
        inside = (x > 0.0) & (y > 0.0)
        away = xp.where(inside, x - y, 0.0) / xp.where(inside, y, 1.0)  # exact for close points
        terms = away - xp.log1p(away)
        return xp.sum(xp.where(inside, terms, xp.where(xp.isnan(x + y), x + y, math.inf)), axis=-1)

    @onto(WholeSpace, Orthant)
    def _onto_orthant(self, theta: Any, constraint: ConvexSet) -> Any:
        return self.dual_gradient(theta)

    @onto(Box)
    def _onto_box(self, theta: Any, box: Box) -> Any:
        xp = namespace(theta)
        lower = xp.maximum(like(box.lower, theta) + xp.zeros_like(theta), 0.0)
        upper = like(box.upper, theta) + xp.zeros_like(theta)
        if bool(xp.any(upper <= 0.0)):
            raise ValueError("the box lies outside the domain of LogBarrier: upper is not positive")
        if bool(xp.any((theta >= 0.0) & xp.isinf(upper))):
            raise UnboundedError("the log-barrier step has no minimiser over the box: 1/x_i + step * g_i <= 0")
        least = -float(xp.finfo(theta.dtype).smallest_normal)  # whose inverse is still finite
        return xp.minimum(xp.maximum(-1.0 / xp.minimum(theta, least), lower), upper)

    @onto(Simplex)
    def _onto_simplex(self, theta: Any, simplex: Simplex) -> Any:
        xp = namespace(theta)
        top = xp.max(theta, axis=-1, keepdims=True)
        offset = xp.where(xp.isfinite(top), top, xp.nan) - theta
        t, _ = simplex_newton(xp, offset, simplex.total)
        u = 1.0 / (offset + t)
        return u * (simplex.total / xp.sum(u, axis=-1, keepdims=True))
