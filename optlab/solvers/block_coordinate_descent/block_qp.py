r"""The quadratic model of a block with kinks, minimised exactly: an active-set method on the signs of the coordinates.

.. math:: \min_d \; \langle g, d \rangle + \tfrac12 d^T H d + \sum_i \max(l_i (x_i + d_i), u_i (x_i + d_i))

The coordinates in the kink are held there; the others move by the Newton step of the orthant they are in, up to the
minimum of the model on that line, kinks and all.  At the minimum of a face those that want to leave their kink are
released.  The model falls strictly from one such minimum to the next, so a convex one ends after finitely many: exact
up to rounding, singular matrices included.  The work is sequential and the blocks are small: it is done in NumPy, in
double precision.  The method is designed here.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np
from array_api_compat import device

from optlab.core.xp import namespace, to_numpy
from optlab.sets.kinks import Kinks
from optlab.solvers.block_coordinate_descent.systems import factor, solve, spectral_cut

__all__ = ["BlockModel", "NoMinimizer", "as_move", "host"]

_EPS = float(np.finfo(np.float64).eps)
#: A gradient outside the range of a singular H counts where it is above this part of what it is made of.
_OUTSIDE = 1e-10
#: Where no kink is ahead, that would prove the model unbounded; only well above rounding is it taken to do so.
_UNBOUNDED = 1e-8
#: Entries of an eigenvector this much smaller than the largest one are rounding.
_ENTRY = 1e-12


class NoMinimizer(ValueError):
    """The model of a block has no minimiser: it is unbounded below, or not convex."""


def host(array: Any) -> np.ndarray[Any, Any]:
    """Return an array of any library as a NumPy array in double precision."""
    return to_numpy(array).astype(np.float64, copy=False)


def as_move(d: np.ndarray[Any, Any], x: Any) -> Any:
    """Return a step made on the host in the library, dtype and device of the iterate.

    Rounding is monotone: where d >= -x before, it is so after.
    """
    if type(x) is np.ndarray:
        return d.astype(x.dtype, copy=False)
    return namespace(x).asarray(d, dtype=x.dtype, device=device(x))


class _Line(NamedTuple):
    """Where the model is least along a direction."""

    length: float
    crossed: list[int]  # coordinates that change their sign on the way
    landed: int | None  # the coordinate in whose kink the way ends


class BlockModel(NamedTuple):
    """The model of a block, on the host.

    Attributes
    ----------
    H : ndarray of shape (b, b)
        The curvature, positive semi-definite.
    g : ndarray of shape (b,)
        The gradient of the smooth part.
    x : ndarray of shape (b,)
        The coordinates as they are.
    kinks : Kinks
        The non-smooth term of the block.
    """

    H: np.ndarray[Any, Any]
    g: np.ndarray[Any, Any]
    x: np.ndarray[Any, Any]
    kinks: Kinks

    @classmethod
    def at(cls, at: Any, block: Any, curvature: Any) -> Self:
        """Return the model of the block at the iterate."""
        x, g = host(at.take(at.x, block)), host(at.block_gradient(block))
        return cls(host(curvature), g, x, at.kinks.take(block.indices).map(host))

    def decrease(self, d: np.ndarray[Any, Any]) -> float:
        """Return how much the model falls at its minimiser d; never negative (see `Kinks.decrease`)."""
        curved = self.H @ d
        excess = self.kinks.bregman(self.x, self.x + d, -(self.g + curved))
        return float(0.5 * (d @ curved) + excess.sum())

    def slope(self, d: np.ndarray[Any, Any]) -> float:
        """Return the fall of the linear part and the kinks along the minimiser d, a bound of the slope of F along it.

        With the subgradient s = -(g + H d) at x + d it is :math:`-d^T H d` less a term that is never negative: no
        difference of values, so that it is accurate where d is tiny (derived here).
        """
        curved = self.H @ d
        excess = self.kinks.bregman(self.x, self.x + d, -(self.g + curved))
        return -float(d @ curved + excess.sum())

    def minimizer(self) -> np.ndarray[Any, Any]:
        """Return the minimiser of the model, d >= -x where values below 0 are forbidden; NaN if the model holds any.

        Raises
        ------
        NoMinimizer
            If the model is unbounded below, or H has a negative eigenvalue.
        """
        H, g, x, n = self.H, self.g, self.x, len(self.g)
        if not (np.isfinite(H).all() and np.isfinite(g).all()):
            return np.full(n, math.nan)  # the driver tells
        low, high = self.kinks.lower, self.kinks.upper
        smooth = low == high
        sign = np.where(smooth, 1.0, np.sign(x))
        size = np.abs(H)
        made_of = np.abs(g) + size @ np.abs(x) + np.maximum(np.abs(high), np.where(np.isfinite(low), np.abs(low), 0.0))
        d, last = np.zeros(n), None
        on_face, settled = True, False
        for turn in range(20 * n + 50):
            r, scale = g + H @ d, made_of + size @ np.abs(d)
            noise = 8 * n * _EPS * scale
            released = False
            if on_face:
                up, down = (sign == 0) & (r + high < -noise), (sign == 0) & (r + low > noise)
                released = bool(up.any() or down.any())
                stuck = last is not None and bool((last == d).all())
                last = None if turn == 0 else d
                sign = np.where(up, 1.0, np.where(down, -1.0, sign))
            moving = np.flatnonzero(sign)
            q = (r + np.where(sign > 0, high, low))[moving]
            if on_face and (stuck or (not released and (settled or bool((np.abs(q) <= noise[moving]).all())))):
                return d
            facing = np.where(smooth, 0.0, sign)[moving]
            p, flat = _direction(H[np.ix_(moving, moving)], q, facing, float(scale.max()))
            step = np.zeros(n)
            step[moving] = p
            slope = float(q @ p)
            if not slope < 0:  # nothing left but rounding
                if on_face:
                    return d
                on_face = True
                continue
            line = self._line(x + d, sign, step, slope, flat, crossing=turn < 5 * n + 20)
            settled = on_face and not released
            on_face = line.landed is None and not line.crossed
            d, sign = self._moved(d + line.length * step, sign, line, smooth)
        return d

    def _line(
        self, y: np.ndarray[Any, Any], sign: np.ndarray[Any, Any], p: np.ndarray[Any, Any], slope: float,
        flat: bool, crossing: bool,
    ) -> _Line:  # fmt: skip
        """Return the minimum of the model along p, past the kinks where it goes on falling beyond them."""
        low, high = self.kinks.lower, self.kinks.upper
        ahead = np.flatnonzero((sign * p < 0) & (low < high))
        reach, jumps = np.maximum(-y[ahead] / p[ahead], 0.0), np.abs(p[ahead]) * (high - low)[ahead]
        curved = 0.0 if flat else -slope  # of a Newton step: p^T H p
        crossed: list[int] = []
        i, length = -1, 0.0
        for j in np.argsort(reach, kind="stable"):
            i, length = int(ahead[j]), float(reach[j])
            least = -slope / curved if curved > 0 else math.inf
            if least <= length:
                return _Line(least, crossed, None)
            if not crossing or slope + jumps[j] + length * curved >= 0:
                return _Line(length, crossed, i)
            slope += float(jumps[j])
            crossed.append(i)
        if curved > 0:
            return _Line(-slope / curved, crossed, None)
        return _Line(length, crossed[:-1], i)  # where the model falls beyond the last kink, the next direction tells

    def _moved(
        self, d: np.ndarray[Any, Any], sign: np.ndarray[Any, Any], line: _Line, smooth: np.ndarray[Any, Any]
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return the step and the signs at the end of a line; what landed lies in its kink to the last bit."""
        sign = sign.copy()
        sign[line.crossed] *= -1
        landed = ~smooth & (sign * (self.x + d) < 0)  # by rounding
        if line.landed is not None:
            landed[line.landed] = True
        return np.where(landed, -self.x, d), np.where(landed, 0.0, sign)


def _direction(
    H: np.ndarray[Any, Any], q: np.ndarray[Any, Any], facing: np.ndarray[Any, Any], scale: float
) -> tuple[np.ndarray[Any, Any], bool]:
    """Return the Newton step from the gradient q, or a direction of descent without curvature, and which it is.

    `facing` holds the signs of the coordinates that have a kink, 0 for the others.
    """
    if not len(q):
        return q, False
    factored = factor(H)
    if factored.lower is None:
        values, vectors = factored.values, factored.vectors
        cut = float(spectral_cut(values)[0])
        if values[0] < -cut:
            raise NoMinimizer(f"the model of the block is not convex: it has the curvature {values[0]:.3g}")
        null = vectors[:, values <= cut]
        outside = -(null @ (null.T @ q))
        slope = np.abs(outside).max()
        outside[np.abs(outside) <= _ENTRY * slope] = 0.0
        if slope > _OUTSIDE * scale and (facing * outside < 0).any():
            return outside, True
        if slope > _UNBOUNDED * scale:
            raise NoMinimizer("the model of the block falls for ever along a direction without curvature")
    return -solve(factored, q), False
