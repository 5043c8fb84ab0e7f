r"""Balls of the lp norms between l1 and l2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optlab.core.validate import number
from optlab.core.xp import namespace
from optlab.sets._inputs import dimension, vectors
from optlab.sets._roots import increasing_root
from optlab.sets.base import ConvexSet

__all__ = ["LpBall", "lp_norm"]

_NEWTON = 8  # steps from an error of log 2, quadratically: three would do in double precision


def lp_norm(xp: Any, x: Any, p: float) -> Any:
    """The norm along the last axis, which is kept; scaled, so that no power overflows."""
    top = xp.max(xp.abs(x), axis=-1, keepdims=True)
    scale = xp.where(top > 0.0, top, 1.0)
    return top * xp.sum((xp.abs(x) / scale) ** p, axis=-1, keepdims=True) ** (1.0 / p)


@dataclass(frozen=True, eq=False)
class LpBall(ConvexSet):
    r"""The ball :math:`\{x : \|x\|_p \le r\}` for :math:`1 < p \le 2`.

    It is the set that goes with `PNorm`, whose projection onto it merely scales.  The *Euclidean* projection has no
    closed form: outside the ball :math:`|P(x)_i| = t_i` with :math:`t_i + \mu t_i^{p-1} = |x_i|`, and
    :math:`\mu > 0` makes :math:`\|t\|_p = r`; both equations are solved to rounding, the inner one by Newton's method
    in :math:`\log t_i`, in which it is convex.

    Parameters
    ----------
    radius : float
        Radius r >= 0.
    p : float
        Exponent, :math:`1 < p \le 2`.
    dim : int, optional
        The dimension, when the set should insist on it.

    See Also
    --------
    L1Ball, L2Ball : The ends of the range.

    Examples
    --------
    >>> import optlab as ol
    >>> ball = ol.sets.LpBall(radius=1.0, p=1.5)
    >>> ball.project([[1.0, 1.0], [0.1, 0.2]])
    array([[0.62996052, 0.62996052],
           [0.1       , 0.2       ]])
    >>> ball.diameter
    2.0
    """

    radius: float = 1.0
    p: float = 1.5
    dim: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", number("radius", self.radius, at_least=0.0))
        object.__setattr__(self, "p", number("p", self.p, above=1.0, at_most=2.0))
        object.__setattr__(self, "dim", dimension(self.dim))

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        xp = namespace(x)
        bad = xp.any(~xp.isfinite(x), axis=-1, keepdims=True)
        clean = xp.where(bad, 0.0, x)
        if self.radius == 0.0:
            return xp.where(bad, xp.nan, 0.0 * clean)
        norm = lp_norm(xp, clean, self.p)
        outside = norm > self.radius
        # What is inside takes no part: a unit vector stands in for it, at a radius below 1.
        stand_in = xp.zeros_like(clean) + 1.0
        size = xp.where(outside, xp.abs(clean) / xp.where(outside, norm, 1.0), stand_in / x.shape[-1])
        radius = xp.where(outside, self.radius / xp.where(outside, norm, 1.0), 0.5 * lp_norm(xp, size, self.p))
        moved = xp.where(outside, norm, 1.0) * self._shrink(xp, size, radius)
        return xp.where(bad, xp.nan, xp.where(outside, xp.sign(clean) * moved, clean))

    def _shrink(self, xp: Any, size: Any, radius: Any) -> Any:
        """Project non-negative points outside the ball of the given radii."""
        a = self.p - 1.0
        log_size = xp.log(xp.where(size > 0.0, size, 1.0))

        def coordinates(mu: Any) -> tuple[Any, Any]:
            """Solutions t, and the share of mu t^a in t + a mu t^a (each relative to t + mu t^a)."""
            log_mu = xp.log(mu)
            log_t = xp.minimum(log_size, (log_size - log_mu) / a)
            for _ in range(_NEWTON):
                first, second = log_t, log_mu + a * log_t
                top = xp.maximum(first, second)
                one, two = xp.exp(first - top), xp.exp(second - top)
                log_t = log_t - (top + xp.log(one + two) - log_size) * (one + two) / (one + a * two)
            return xp.where(size > 0.0, xp.exp(log_t), 0.0), two / (one + a * two)

        def excess(mu: Any) -> tuple[Any, Any]:
            t, share = coordinates(mu)
            norm = lp_norm(xp, t, self.p)
            unit = t / xp.where(norm > 0.0, norm, 1.0)
            return radius - norm, norm / mu * xp.sum(unit**self.p * share, axis=-1, keepdims=True)

        largest = lp_norm(xp, size, self.p / a) / radius**a
        t, _ = coordinates(increasing_root(xp, excess, xp.zeros_like(largest), largest))
        return t * (radius / lp_norm(xp, t, self.p))

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        top = xp.max(xp.abs(g), axis=-1, keepdims=True)
        top = xp.where(xp.isfinite(top), top, xp.nan)
        power = (xp.abs(g) / xp.where(top == 0.0, 1.0, top)) ** (1.0 / (self.p - 1.0))
        norm = lp_norm(xp, power, self.p)
        return 0.0 - xp.sign(g) * power * (self.radius / xp.where(norm == 0.0, 1.0, norm))

    @property
    def diameter(self) -> float:
        return 2.0 * self.radius
