r"""The negative entropy, whose mirror step multiplies weights by exponentials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.sets._inputs import like, points, positive_step, vectors
from optlab.sets._roots import breakpoint_interval, log_sum_exp
from optlab.sets.base import ConvexSet
from optlab.sets.bounded_simplex import BoundedSimplex, coordinate_bounds
from optlab.sets.box import Box
from optlab.sets.mirror import MirrorMap
from optlab.sets.mirror_forms import onto
from optlab.sets.orthant import Orthant
from optlab.sets.simplex import Simplex
from optlab.sets.space import WholeSpace

__all__ = ["NegativeEntropy", "largest_sum"]


def _log(xp: Any, x: Any) -> Any:
    """Logarithm, with log 0 = -inf and NaN below zero, said without a warning."""
    positive = xp.log(xp.where(x > 0.0, x, 1.0))
    return xp.where(x > 0.0, positive, xp.where(x == 0.0, -math.inf, xp.full_like(x, xp.nan)))


def largest_sum(constraint: ConvexSet) -> float:
    """Largest sum of the coordinates over the set; infinite when it is unbounded, or no form of the map knows it."""
    if isinstance(constraint, Simplex | BoundedSimplex):
        return constraint.total
    if not isinstance(constraint, Box) or constraint.dim is None:
        return math.inf
    upper = constraint.upper
    return constraint.dim * upper if isinstance(upper, float) else float(namespace(upper).sum(upper))


@dataclass(frozen=True, eq=False)
class NegativeEntropy(MirrorMap):
    r"""The negative entropy :math:`\psi(x) = \sum_i x_i \ln x_i` on the orthant.

    .. math:: \nabla \psi(x)_i = 1 + \ln x_i, \qquad
              B_\psi(x, y) = \sum_i x_i \ln \frac{x_i}{y_i} - x_i + y_i,

    the Kullback-Leibler divergence.  A mirror step is :math:`x_i e^{-\tau g_i}`; over the simplex it is then divided by
    the sum, which is exponentiated gradient, or Hedge.  Over the set where the coordinates sum to at most r the map is
    1/r-strongly convex with respect to the l1 norm (Pinsker's inequality for r = 1); the dual norm is the
    l-infinity norm.

    Weights are handled through their logarithms.  `log_step` stays there altogether, so that weights far below the
    smallest floating-point number are not lost: :math:`\ln x \leftarrow \ln x - \tau g`, then minus its log-sum-exp.
    Over a `BoundedSimplex` (a floor, a cap, or both) the weights are multiplied by a common factor and clipped, where
    the factor that makes the sum right is found exactly.

    Notes
    -----
    A zero weight stays zero, whatever the gradient, unless a floor lifts it: start from positive weights.  Entropic
    mirror descent with a decreasing step may have linear regret over the simplex itself, because
    :math:`B_\psi(u, x)` is unbounded there; use a constant step, a floor, or follow-the-regularised-leader.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> entropy = ol.sets.NegativeEntropy()
    >>> entropy.mirror_step([0.5, 0.5], [0.0, np.log(3.0)], step=1.0, constraint=ol.sets.Simplex())
    array([0.75, 0.25])
    >>> entropy.mirror_step([0.5, 0.5], [0.0, 9.0], step=1.0, constraint=ol.sets.BoundedSimplex(lower=0.1))
    array([0.9, 0.1])
    >>> entropy.log_step([0.0, 0.0], [0.0, 1000.0], step=1.0, constraint=ol.sets.Simplex())
    array([    0., -1000.])
    """

    @property
    def domain(self) -> ConvexSet:
        return Orthant()

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        most = math.inf if constraint is None else largest_sum(constraint)
        return 1.0 / most if most > 0.0 else math.inf

    def norm(self, x: Any) -> Any:
        x = vectors(x)
        xp = namespace(x)
        return xp.sum(xp.abs(x), axis=-1)

    def dual_norm(self, g: Any) -> Any:
        g = vectors(g, "g")
        xp = namespace(g)
        return xp.max(xp.abs(g), axis=-1)

    def value(self, x: Any) -> Any:
        x = vectors(x)
        xp = namespace(x)
        inside = x * xp.log(xp.where(x > 0.0, x, 1.0))  # 0 ln 0 = 0
        return xp.sum(xp.where(x < 0.0, math.inf, inside), axis=-1)

    def gradient(self, x: Any) -> Any:
        x = vectors(x)
        return 1.0 + _log(namespace(x), x)

    def dual_gradient(self, theta: Any) -> Any:
        theta = vectors(theta, "theta")
        return namespace(theta).exp(theta - 1.0)

    def bregman(self, x: Any, y: Any) -> Any:
        x, y = vectors(x), vectors(y, "y")
        xp = namespace(x, y)
        ratio = _log(xp, x) - xp.where(x > 0.0, _log(xp, y), 0.0)
        terms = xp.where(x > 0.0, x, 0.0) * xp.where(x > 0.0, ratio, 0.0) + (y - x)
        return xp.sum(xp.where((x < 0.0) | (y < 0.0), math.inf, terms), axis=-1)

    def log_project(self, log_y: Any, constraint: ConvexSet | None = None) -> Any:
        r"""Logarithm of the Bregman projection of y, from the logarithm of y.

        Parameters
        ----------
        log_y : array, shape (..., d)
            Logarithms of the points, in any normalisation that floating point can hold.
        constraint : ConvexSet, optional
            The set C; by default the orthant.

        Returns
        -------
        array, shape (..., d)
            Logarithms of the projections.

        Raises
        ------
        MissingProjection
            If the map has no form for the set.
        """
        return super().dual_project(points(log_y, "log_y", None, 1), constraint or Orthant())

    def log_step(self, log_x: Any, g: Any, step: Any, constraint: ConvexSet | None = None) -> Any:
        r"""The mirror step between logarithms of weights: `log_project` of :math:`\ln x - \tau g`.

        Parameters
        ----------
        log_x, g : array, shape (..., d)
            Logarithms of points, and (sub)gradients there.
        step : float or array of shape (..., 1)
            The step tau > 0.
        constraint : ConvexSet, optional
            The set C; by default the orthant.

        Returns
        -------
        array, shape (..., d)
            Logarithms of the next points.

        Raises
        ------
        MissingProjection
            If the map has no form for the set.
        """
        log_x, g = vectors(log_x, "log_x"), vectors(g, "g")
        return self.log_project(log_x - positive_step(step, log_x) * g, constraint)

    def dual_project(self, theta: Any, constraint: ConvexSet | None = None) -> Any:
        theta = vectors(theta, "theta")
        return namespace(theta).exp(self.log_project(theta - 1.0, constraint))

    def project(self, y: Any, constraint: ConvexSet) -> Any:
        y = vectors(y, "y")
        xp = namespace(y)
        return xp.exp(self.log_project(_log(xp, y), constraint))

    def mirror_step(self, x: Any, g: Any, step: Any, constraint: ConvexSet | None = None) -> Any:
        x = vectors(x)
        xp = namespace(x)
        return xp.exp(self.log_step(_log(xp, x), g, step, constraint))

    # The forms below take and return logarithms: theta is ln y.

    @onto(WholeSpace)
    def _onto_space(self, log_y: Any, constraint: WholeSpace) -> Any:
        return namespace(log_y).asarray(log_y, copy=True)

    @onto(Box)
    def _onto_box(self, log_y: Any, box: Box) -> Any:
        xp = namespace(log_y)
        if bool(xp.any(xp.asarray(box.upper < 0.0))):
            raise ValueError("the box lies outside the orthant, the domain of NegativeEntropy: upper is negative")
        zeros = xp.zeros_like(log_y)
        lower = _log(xp, xp.maximum(zeros + like(box.lower, log_y), 0.0))
        return xp.minimum(xp.maximum(log_y, lower), _log(xp, zeros + like(box.upper, log_y)))

    @onto(Simplex)
    def _onto_simplex(self, log_y: Any, simplex: Simplex) -> Any:
        xp = namespace(log_y)
        top = xp.max(log_y, axis=-1, keepdims=True)
        log_y = log_y - xp.where(xp.isfinite(top), top, xp.nan)  # first: the sum is then right however large ln y is
        return log_y - (xp.log(xp.sum(xp.exp(log_y), axis=-1, keepdims=True)) - math.log(simplex.total))

    @onto(BoundedSimplex)
    def _onto_bounded_simplex(self, log_y: Any, constraint: BoundedSimplex) -> Any:
        xp = namespace(log_y)
        lower, upper, slack = coordinate_bounds(xp, constraint, log_y)
        zero = log_y == -math.inf  # zero weights stay at their lower bound
        bad = ~xp.all(xp.isfinite(log_y) | zero, axis=-1, keepdims=True)
        upper = xp.where(zero, lower, upper)
        # Zero weights cannot take up what the others have no room for: then there is no such point.
        rounding = 8.0 * float(xp.finfo(log_y.dtype).eps) * log_y.shape[-1]
        bad = bad | (xp.sum(upper, axis=-1, keepdims=True) < constraint.total * (1.0 - rounding))
        out = _scale_and_clip(xp, xp.where(zero | bad, 0.0, log_y), zero, lower, upper, slack, constraint.total)
        return xp.where(bad, xp.nan, out)


def _scale_and_clip(xp: Any, log_y: Any, zero: Any, lower: Any, upper: Any, slack: Any, total: float) -> Any:
    """Logarithm of clip(c y, l, u) with the factor c that makes the sum right.

    Each weight grows with ln c between two breakpoints; a binary search finds the two neighbouring ones that enclose
    the answer, and between them c is what is missing over the sum of the weights that are free.
    """
    floor, cap = _log(xp, lower), _log(xp, upper)

    def clipped(t: Any) -> Any:
        return xp.minimum(xp.maximum(log_y + t, floor), cap)

    # With c sum(y) = slack the sum is at most the total, with every weight at its upper bound at least.
    least = xp.log(xp.where(slack > 0.0, slack, 1.0)) - log_sum_exp(xp, xp.where(zero, -math.inf, log_y))
    least = xp.where(xp.isnan(least), 0.0, least)
    ends = xp.concat([floor - log_y, cap - log_y, least - xp.ones_like(least)], axis=-1)
    low, high = breakpoint_interval(
        xp, xp.maximum(ends, least), lambda t: xp.sum(xp.exp(clipped(t)), axis=-1, keepdims=True) <= total
    )
    at_upper = cap - log_y <= low
    at_lower = ~at_upper & (floor - log_y >= high)
    free = ~(at_lower | at_upper)
    clamped = xp.sum(xp.where(at_lower, lower, xp.where(at_upper, upper, 0.0)), axis=-1, keepdims=True)
    some = xp.any(free, axis=-1, keepdims=True) & (total > clamped)
    # Relative to the largest free weight, as over the simplex.
    anchor = xp.max(xp.where(free | ~some, log_y, -math.inf), axis=-1, keepdims=True)
    relative = xp.where(free, log_y, anchor) - anchor
    mass = xp.sum(xp.where(free | ~some, xp.exp(relative), 0.0), axis=-1, keepdims=True)
    shared = relative + xp.log(xp.where(some, total - clamped, 1.0) / mass)
    out = xp.where(free & some, xp.minimum(xp.maximum(shared, floor), cap), clipped(low))
    out = xp.where(at_lower, floor, xp.where(at_upper, cap, out))
    return xp.where(slack > 0.0, out, floor)
