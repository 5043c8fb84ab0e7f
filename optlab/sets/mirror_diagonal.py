r"""The quadratic mirror map of a diagonal metric: one scale for each coordinate, as in AdaGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.sets._inputs import like, parameter, vectors
from optlab.sets.ball import L2Ball
from optlab.sets.base import ConvexSet
from optlab.sets.bounded_simplex import BoundedSimplex, coordinate_bounds, solve_clipped_sum
from optlab.sets.box import Box
from optlab.sets.halfspace import HalfSpace
from optlab.sets.mirror import MirrorMap
from optlab.sets.mirror_forms import onto
from optlab.sets.simplex import Simplex
from optlab.sets.space import WholeSpace

__all__ = ["DiagonalQuadratic", "secular_ball"]

_MAX_ITER = 100


def secular_ball(xp: Any, weights: Any, b: Any, radius: float) -> Any:
    r"""Minimise :math:`\frac12 \sum w_i u_i^2 - \langle b, u \rangle` over the centred ball, for weights > 0.

    The answer is :math:`u = b / (w + \mu)` with the :math:`\mu \ge 0` that brings its norm down to the radius.
    :math:`1 / \|u\|` is concave and increasing in :math:`\mu`, almost linear: Newton's method on
    :math:`1/\|u\| = 1/r` rises from 0 to the root in a few steps and never passes it.
    """
    u = b / weights
    norm = xp.linalg.vector_norm(u, axis=-1, keepdims=True)
    if radius == 0.0:
        return xp.where(xp.isnan(norm), norm, 0.0 * xp.where(xp.isfinite(b), b, 0.0))
    eps = float(xp.finfo(b.dtype).eps)
    mu = xp.zeros_like(norm)
    for _ in range(_MAX_ITER):
        if not bool(xp.any(norm > radius * (1.0 + 4.0 * eps))):
            break
        unit = u / xp.where(norm > 0.0, norm, 1.0)
        slope = xp.sum(unit * unit / (weights + mu), axis=-1, keepdims=True)
        mu = mu + xp.maximum(norm / radius - 1.0, 0.0) / slope
        u = b / (weights + mu)
        norm = xp.linalg.vector_norm(u, axis=-1, keepdims=True)
    return u * (radius / xp.maximum(norm, radius))


@dataclass(frozen=True, eq=False)
class DiagonalQuadratic(MirrorMap):
    r"""The map :math:`\psi(x) = \frac12 \sum_i w_i x_i^2`, a metric with one scale for each coordinate.

    As `Quadratic` with a diagonal matrix, but with forms that are closed or one equation in one unknown: boxes (clip),
    simplexes (exact), the ball (secular equation), half-spaces.

    Parameters
    ----------
    weights : float or array of shape (d,)
        The weights, > 0.

    Examples
    --------
    >>> import optlab as ol
    >>> psi = ol.sets.DiagonalQuadratic([1.0, 4.0])
    >>> psi.mirror_step([0.0, 0.0], [-1.0, -4.0], step=1.0, constraint=ol.sets.Box(upper=0.5))
    array([0.5, 0.5])
    >>> psi.project([1.0, 1.0], ol.sets.Simplex())
    array([0.2, 0.8])
    """

    weights: Any = 1.0

    def __post_init__(self) -> None:
        weights = parameter("weights", self.weights)
        if not bool(namespace(weights).all(namespace(weights).asarray(weights) > 0.0)):
            raise ValueError("weights must be positive")
        object.__setattr__(self, "weights", weights)

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        return 1.0

    def value(self, x: Any) -> Any:
        x = vectors(x)
        return 0.5 * namespace(x).sum(x * self.gradient(x), axis=-1)

    def norm(self, x: Any) -> Any:
        value = self.value(x)
        return namespace(value).sqrt(2.0 * value)

    def dual_norm(self, g: Any) -> Any:
        g = vectors(g, "g")
        xp = namespace(g)
        return xp.sqrt(xp.sum(g * (g / like(self.weights, g)), axis=-1))

    def gradient(self, x: Any) -> Any:
        x = vectors(x)
        return x * like(self.weights, x)

    def dual_gradient(self, theta: Any) -> Any:
        theta = vectors(theta, "theta")
        return theta / like(self.weights, theta)

    def bregman(self, x: Any, y: Any) -> Any:
        return self.value(vectors(x) - vectors(y, "y"))

    @onto(WholeSpace)
    def _onto_space(self, theta: Any, constraint: WholeSpace) -> Any:
        return self.dual_gradient(theta)

    @onto(Box)
    def _onto_box(self, theta: Any, box: Box) -> Any:
        return box.project(self.dual_gradient(theta))

    @onto(L2Ball)
    def _onto_ball(self, theta: Any, ball: L2Ball) -> Any:
        xp = namespace(theta)
        weights = like(self.weights, theta) + xp.zeros_like(theta)
        center = like(ball.center, theta) + xp.zeros_like(theta)
        return center + secular_ball(xp, weights, theta - weights * center, ball.radius)

    @onto(Simplex, BoundedSimplex)
    def _onto_simplex(self, theta: Any, constraint: Simplex | BoundedSimplex) -> Any:
        xp = namespace(theta)
        lower, upper, _ = coordinate_bounds(xp, constraint, theta)
        theta = xp.where(xp.isfinite(theta), theta, xp.nan)
        weights = like(self.weights, theta) + xp.zeros_like(lower)
        return solve_clipped_sum(xp, theta, weights, lower, upper, constraint.total)

    @onto(HalfSpace)
    def _onto_halfspace(self, theta: Any, half: HalfSpace) -> Any:
        xp = namespace(theta)
        y = self.dual_gradient(theta)
        normal, distance = half._unit(theta)
        pull = normal / like(self.weights, theta)
        excess = xp.sum(normal * y, axis=-1, keepdims=True) - distance
        return y - xp.maximum(excess, 0.0) / xp.sum(normal * pull, axis=-1, keepdims=True) * pull
