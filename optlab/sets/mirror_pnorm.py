r"""The squared p-norm, which runs from Euclidean geometry at p = 2 to nearly that of the l1 ball."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.validate import integer, number
from optlab.core.xp import namespace
from optlab.sets._inputs import like, vectors
from optlab.sets._roots import increasing_root
from optlab.sets.ball import L2Ball
from optlab.sets.base import ConvexSet
from optlab.sets.box import Box
from optlab.sets.lp_ball import LpBall, lp_norm
from optlab.sets.mirror import MirrorMap
from optlab.sets.mirror_forms import MissingProjection, onto
from optlab.sets.simplex import Simplex
from optlab.sets.space import WholeSpace

__all__ = ["PNorm"]


def _half_square_gradient(xp: Any, x: Any, p: float) -> Any:
    r"""Gradient of half the squared p-norm; scaled by the largest entry, which makes 0 at x = 0 and avoids overflow."""
    top = xp.max(xp.abs(x), axis=-1, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.nan)
    unit = xp.abs(x) / xp.where(top == 0.0, 1.0, top)
    norm = xp.sum(unit**p, axis=-1, keepdims=True) ** (1.0 / p)
    power = unit ** (p - 1.0) * xp.where(norm == 0.0, 1.0, norm) ** (2.0 - p)
    return xp.sign(x) * (top * power)


@dataclass(frozen=True, eq=False)
class PNorm(MirrorMap):
    r"""The map :math:`\psi(x) = \frac12 \|x\|_p^2` with :math:`1 < p \le 2`.

    .. math:: \nabla \psi(x)_i = \operatorname{sign}(x_i) |x_i|^{p-1} \|x\|_p^{2-p},

    whose inverse is the same formula with the dual exponent :math:`q = p / (p - 1)`.  It is (p - 1)-strongly convex
    with respect to the lp norm, and the dual norm is the lq norm.  With :math:`p = 1 + 1 / \ln d`
    (`PNorm.for_dimension`) it serves sparse problems as the entropy does, without asking for positive weights.

    Over the centred `LpBall` of the same p the projection is plain scaling; over the simplex and over a box one
    equation in one unknown is solved to rounding.

    Parameters
    ----------
    p : float
        Exponent, :math:`1 < p \le 2`.

    Examples
    --------
    >>> import optlab as ol
    >>> psi = ol.sets.PNorm(p=1.5)
    >>> theta = psi.gradient([3.0, -4.0, 0.0])
    >>> psi.dual_gradient(theta)
    array([ 3., -4.,  0.])
    >>> psi.project([1.0, 1.0], ol.sets.LpBall(radius=1.0, p=1.5))
    array([0.62996052, 0.62996052])
    """

    p: float = 1.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", number("p", self.p, above=1.0, at_most=2.0))

    @classmethod
    def for_dimension(cls, dim: int) -> PNorm:
        """The map with p = 1 + 1/ln d, or 2 where d <= 2.

        Parameters
        ----------
        dim : int
            The dimension d.

        Returns
        -------
        PNorm
            The map.
        """
        dim = integer("dim", dim, at_least=1)
        return cls(2.0 if dim <= 2 else 1.0 + 1.0 / math.log(dim))

    @property
    def q(self) -> float:
        """The dual exponent p / (p - 1)."""
        return self.p / (self.p - 1.0)

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        return self.p - 1.0

    def norm(self, x: Any) -> Any:
        x = vectors(x)
        return lp_norm(namespace(x), x, self.p)[..., 0]

    def dual_norm(self, g: Any) -> Any:
        g = vectors(g, "g")
        return lp_norm(namespace(g), g, self.q)[..., 0]

    def value(self, x: Any) -> Any:
        return 0.5 * self.norm(x) ** 2

    def gradient(self, x: Any) -> Any:
        x = vectors(x)
        return _half_square_gradient(namespace(x), x, self.p)

    def dual_gradient(self, theta: Any) -> Any:
        theta = vectors(theta, "theta")
        return _half_square_gradient(namespace(theta), theta, self.q)

    @onto(WholeSpace)
    def _onto_space(self, theta: Any, constraint: WholeSpace) -> Any:
        return self.dual_gradient(theta)

    @onto(LpBall, L2Ball)
    def _onto_ball(self, theta: Any, ball: LpBall | L2Ball) -> Any:
        p, centred = (ball.p, True) if isinstance(ball, LpBall) else (2.0, ball._at_origin)
        if p != self.p or not centred:
            raise MissingProjection(f"PNorm(p={self.p:g}) needs the centred ball of its own norm, got {ball!r}")
        xp = namespace(theta)
        y = self.dual_gradient(theta)
        norm = lp_norm(xp, y, self.p)
        outside = norm > ball.radius
        return xp.where(outside, y * (ball.radius / xp.where(outside, norm, 1.0)), y)

    @onto(Simplex)
    def _onto_simplex(self, theta: Any, simplex: Simplex) -> Any:
        r"""With w = (theta - nu)_+ the answer is the conjugate gradient at w, for the nu where it sums to the total.

        The unknown solved for is m, the largest entry of w: the sum grows with m, and as
        :math:`\|w\|_\infty \le \sum_i \nabla \psi^*(w)_i \le d^{2/q} \|w\|_\infty` it is known up to a factor.
        """
        xp = namespace(theta)
        q, d = self.q, theta.shape[-1]
        top = xp.max(theta, axis=-1, keepdims=True)
        top = xp.where(xp.isfinite(top), top, xp.nan)
        depth = top - theta

        def weights(m: Any) -> tuple[Any, Any, Any]:
            unit = xp.maximum(1.0 - depth / m, 0.0)
            return unit, xp.sum(unit ** (q - 1.0), axis=-1, keepdims=True), xp.sum(unit**q, axis=-1, keepdims=True)

        def excess(m: Any) -> tuple[Any, Any]:
            unit, first, second = weights(m)
            total = m * second ** ((2.0 - q) / q) * first
            gap = xp.where(unit > 0.0, 1.0 - unit, 0.0)
            d_first = (q - 1.0) * xp.sum(xp.where(unit > 0.0, unit, 1.0) ** (q - 2.0) * gap, axis=-1, keepdims=True)
            d_second = q * xp.sum(unit ** (q - 1.0) * gap, axis=-1, keepdims=True)
            slope = total / m * (1.0 + (2.0 - q) / q * d_second / second + d_first / first)
            return total - simplex.total, slope

        one = xp.ones_like(top)
        m = increasing_root(xp, excess, 0.999 * simplex.total * d ** (-2.0 / q) * one, 1.001 * simplex.total * one)
        unit, first, _ = weights(xp.where(xp.isnan(top), top, m))
        return simplex.total * (unit ** (q - 1.0) / first)

    @onto(Box)
    def _onto_box(self, theta: Any, box: Box) -> Any:
        r"""Given the norm N of the answer, each coordinate is the clipped solution of its own equation.

        That is :math:`|u_i| = (|\theta_i| N^{p-2})^{1/(p-1)}`, clipped; the norm of this u falls as N grows, and the
        answer is where it equals N.
        """
        xp = namespace(theta)
        p = self.p
        lower = like(box.lower, theta) + xp.zeros_like(theta)
        upper = like(box.upper, theta) + xp.zeros_like(theta)
        bad = xp.any(~xp.isfinite(theta), axis=-1, keepdims=True)
        clean = xp.where(bad, 0.0, theta)
        size = xp.abs(clean)
        log_size = xp.log(xp.where(size > 0.0, size, 1.0))
        largest = 0.25 * math.log(float(xp.finfo(theta.dtype).max))

        def coordinates(n: Any) -> tuple[Any, Any]:
            exponent = (log_size - (2.0 - p) * xp.log(xp.where(n > 0.0, n, 1.0))) / (p - 1.0)
            u = xp.sign(clean) * xp.exp(xp.minimum(exponent, largest))
            return xp.minimum(xp.maximum(u, lower), upper), (u > lower) & (u < upper) & (size > 0.0)

        def excess(n: Any) -> tuple[Any, Any]:
            u, free = coordinates(n)
            norm = lp_norm(xp, u, p)
            unit = xp.abs(u) / xp.where(norm > 0.0, norm, 1.0)
            share = xp.sum(xp.where(free, unit**p, 0.0), axis=-1, keepdims=True)
            return n - norm, 1.0 + (2.0 - p) / (p - 1.0) * share * norm / xp.where(n > 0.0, n, 1.0)

        nearest = xp.minimum(xp.maximum(xp.zeros_like(theta), lower), upper)
        high = (lp_norm(xp, clean, self.q) + lp_norm(xp, nearest, p)) * (1.0 + 1e3 * float(xp.finfo(theta.dtype).eps))
        low = lp_norm(xp, coordinates(high)[0], p)
        u, _ = coordinates(increasing_root(xp, excess, xp.minimum(low, high), high))
        return xp.where(bad, xp.nan, xp.where(high > 0.0, u, nearest))
