r"""The simplex with bounds on its coordinates: floored, capped, or both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import array_api_compat

from optlab.core.validate import number
from optlab.core.xp import namespace
from optlab.sets._inputs import dimension, like, parameter, vectors
from optlab.sets._roots import breakpoint_interval
from optlab.sets.base import ConvexSet
from optlab.sets.simplex import Simplex

__all__ = ["BoundedSimplex", "coordinate_bounds", "solve_clipped_sum"]

_ROUNDING = 1e-12  # by how much, relatively, the bounds may seem to miss the total


def coordinate_bounds(xp: Any, constraint: Simplex | BoundedSimplex, x: Any) -> tuple[Any, Any, Any]:
    """Lower and upper bounds of shape (d,), the latter finite, and what is left to give away above the lower ones."""
    zeros = xp.zeros(x.shape[-1:], dtype=x.dtype, device=array_api_compat.device(x))
    if isinstance(constraint, Simplex):
        return zeros, zeros + constraint.total, zeros[:1] + constraint.total
    lower, upper = zeros + like(constraint.lower, x), zeros + like(constraint.upper, x)
    constraint.check(x.shape[-1])
    slack = xp.maximum(constraint.total - xp.sum(lower, axis=-1, keepdims=True), 0.0)
    return lower, xp.minimum(upper, lower + slack), slack


def solve_clipped_sum(xp: Any, x: Any, weights: Any, lower: Any, upper: Any, total: float) -> Any:
    r"""The point :math:`u_i = \operatorname{clip}((x_i + v) / w_i, l_i, u_i)` whose coordinates sum to `total`.

    Each coordinate is a ramp in v between two breakpoints.  A binary search finds the two neighbouring breakpoints that
    enclose the answer; between them v solves a linear equation.
    """
    leave, arrive = weights * lower - x, weights * upper - x
    low, high = breakpoint_interval(
        xp,
        xp.concat([leave, arrive], axis=-1),
        lambda v: xp.sum(xp.minimum(xp.maximum((x + v) / weights, lower), upper), axis=-1, keepdims=True) <= total,
    )
    # Far from the origin a ramp may be shorter than the spacing of numbers: it then starts and ends at `low`.
    steep = (leave == low) & (arrive == low) & (lower < upper)
    at_lower, at_upper = (leave >= high) & ~steep, (arrive <= low) & ~steep
    free = ~(at_lower | at_upper)
    # Relative to one of the free entries, which are close to each other however large they are.
    anchor = xp.max(xp.where(free, x, -math.inf), axis=-1, keepdims=True)
    anchor = xp.where(xp.isfinite(anchor), anchor, 0.0)
    relative = xp.where(free, x, anchor) - anchor
    clamped = xp.where(at_lower, lower, xp.where(at_upper, upper, 0.0))
    missing = total - xp.sum(clamped + relative / weights, axis=-1, keepdims=True)
    share = xp.sum(xp.where(free, 1.0 / weights, 0.0), axis=-1, keepdims=True)
    v = missing / xp.where(share > 0.0, share, 1.0)
    u = xp.where(free, xp.minimum(xp.maximum((relative + v) / weights, lower), upper), clamped)
    bad = xp.isnan(xp.sum(x, axis=-1, keepdims=True))
    return xp.where(bad, xp.nan, u)


@dataclass(frozen=True, eq=False)
class BoundedSimplex(ConvexSet):
    r"""The simplex with bounds, :math:`\{x : l_i \le x_i \le u_i, \; \sum_i x_i = \mathrm{total}\}`.

    With a lower bound only it is the floored simplex, which keeps entropic mirror descent away from the boundary; with
    an upper bound only the capped simplex, which spreads a portfolio or picks k of d experts (``upper=1, total=k``).

    .. math:: P(x)_i = \min(\max(x_i - \nu, l_i), u_i), \qquad \sum_i P(x)_i = \mathrm{total},

    with :math:`\nu` found exactly, by a binary search among the 2d numbers where a coordinate meets a bound.

    Parameters
    ----------
    lower, upper : float or array of shape (d,)
        The bounds, :math:`0 \le l_i \le u_i`; `upper` may be infinite.
    total : float
        Sum of the coordinates, > 0, between the sums of the bounds.
    dim : int, optional
        The dimension; a vector as bound fixes it.

    Examples
    --------
    >>> import optlab as ol
    >>> floored = ol.sets.BoundedSimplex(lower=0.1)
    >>> floored.project([2.0, 0.0, 0.0])
    array([0.8, 0.1, 0.1])
    >>> capped = ol.sets.BoundedSimplex(upper=0.5)
    >>> capped.project([2.0, 0.0, 0.0])
    array([0.5 , 0.25, 0.25])
    >>> capped.lmo([1.0, 3.0, 2.0])
    array([0.5, 0. , 0.5])
    """

    lower: Any = 0.0
    upper: Any = math.inf
    total: float = 1.0
    dim: int | None = None

    def __post_init__(self) -> None:
        lower = parameter("lower", self.lower)
        upper = parameter("upper", self.upper, infinite=True)
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)
        object.__setattr__(self, "total", number("total", self.total, above=0.0))
        object.__setattr__(self, "dim", dimension(self.dim, lower=lower, upper=upper))
        xp = namespace(lower, upper)
        if bool(xp.any(xp.asarray(lower < 0.0))):
            raise ValueError("lower must not be negative anywhere")
        if bool(xp.any(xp.asarray(lower > upper))):
            raise ValueError("lower must not exceed upper anywhere")
        if self.dim is not None:
            self.check(self.dim)

    def _sum(self, bound: Any, d: int) -> float:
        return d * bound if isinstance(bound, float) else float(namespace(bound).sum(bound))

    def check(self, d: int) -> None:
        """Raise a ValueError when the set is empty in dimension d.

        Parameters
        ----------
        d : int
            The dimension.
        """
        least, most = self._sum(self.lower, d), self._sum(self.upper, d)
        if least > self.total * (1.0 + _ROUNDING) or most < self.total * (1.0 - _ROUNDING):
            raise ValueError(
                f"the set is empty in dimension {d}: the bounds add up to {least:g} and {most:g}, "
                f"total is {self.total:g}"
            )

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        xp = namespace(x)
        lower, upper, _ = coordinate_bounds(xp, self, x)
        x = xp.where(xp.isfinite(x), x, xp.nan)
        return solve_clipped_sum(xp, x, xp.ones_like(lower), lower, upper, self.total)

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        lower, upper, slack = coordinate_bounds(xp, self, g)
        order = xp.argsort(g, axis=-1)
        room = xp.take_along_axis(upper - lower + xp.zeros_like(g), order, axis=-1)
        before = xp.cumulative_sum(room, axis=-1) - room
        filled = xp.minimum(xp.maximum(slack - before, 0.0), room)
        vertex = lower + xp.take_along_axis(filled, xp.argsort(order, axis=-1), axis=-1)
        return xp.where(xp.isnan(xp.max(g, axis=-1, keepdims=True)), xp.nan, vertex)

    @property
    def diameter(self) -> float:
        r"""An upper bound on the Euclidean diameter, which is what a regret bound needs.

        For two points :math:`\|s - t\|_2^2 \le \|s - t\|_\infty \|s - t\|_1`, and the factors are at most the greatest
        width of a bound and twice what may be moved.  It is attained by the floored simplex, and by the capped one
        when the cap divides the total and there is room for two disjoint supports.
        """
        d = self.dim
        if d is None and (not isinstance(self.lower, float) or self.lower > 0.0):
            raise ValueError("the diameter of BoundedSimplex depends on the dimension: give dim")
        slack = self.total - self._sum(self.lower, d or 1)
        if d is None:
            return math.sqrt(2.0 * slack * min(float(self.upper), slack))
        width = self.upper - self.lower
        widths = [min(w, slack) for w in ([width] * d if isinstance(width, float) else map(float, width))]
        movable = max(min(slack, math.fsum(widths) - slack), 0.0)  # what may be given away, or taken
        widths = [min(w, movable) for w in widths]
        return math.sqrt(min(2.0 * movable * max(widths), math.fsum(w * w for w in widths)))
