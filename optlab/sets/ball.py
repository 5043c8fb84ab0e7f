r"""Balls of the l1, l2 and l-infinity norms."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from optlab.core.validate import number
from optlab.core.xp import namespace
from optlab.sets._inputs import dimension, like, parameter, vectors
from optlab.sets.base import ConvexSet
from optlab.sets.simplex import one_hot, water_level

__all__ = ["L1Ball", "L2Ball", "LinfBall", "project_l2"]


def project_l2(xp: Any, x: Any, radius: Any) -> Any:
    """Project onto the centred Euclidean ball; `radius` is a float or an array of shape (..., 1)."""
    largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
    # Scaled to at most 1 before squaring; an infinite entry has no direction and makes the point NaN.
    scale = xp.where(xp.isfinite(largest), xp.maximum(largest, radius), xp.nan)
    scale = xp.where(scale == 0.0, 1.0, scale)
    unit = x / scale
    norm = xp.linalg.vector_norm(unit, axis=-1, keepdims=True)
    inside = norm <= radius / scale
    return xp.where(inside, x, unit * (radius / xp.where(inside, 1.0, norm)))


@dataclass(frozen=True, eq=False)
class _Ball(ConvexSet):
    """What the balls share: a subclass projects onto, and minimises over, the ball around the origin."""

    radius: float = 1.0
    center: Any = 0.0
    dim: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", number("radius", self.radius, at_least=0.0))
        object.__setattr__(self, "center", parameter("center", self.center))
        object.__setattr__(self, "dim", dimension(self.dim, center=self.center))

    @abstractmethod
    def _project_centred(self, xp: Any, x: Any) -> Any: ...

    @abstractmethod
    def _lmo_centred(self, xp: Any, g: Any) -> Any: ...

    @property
    def _at_origin(self) -> bool:
        return isinstance(self.center, float) and self.center == 0.0

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        xp = namespace(x)
        if self._at_origin:
            return self._project_centred(xp, x)
        center = like(self.center, x)
        offset = x - center
        projected = self._project_centred(xp, offset)
        # A coordinate that does not move is copied: center + (x - center) would differ from x by rounding.
        return xp.where(projected == offset, x, center + projected)

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        vertex = self._lmo_centred(xp, g)
        return vertex if self._at_origin else like(self.center, g) + vertex


@dataclass(frozen=True, eq=False)
class L1Ball(_Ball):
    r"""The ball :math:`\{x : \|x - c\|_1 \le r\}`, a cross-polytope with 2d vertices.

    The projection is exact and costs :math:`O(d \log d)`: with c = 0 and x outside,
    :math:`P(x)_i = \operatorname{sign}(x_i) \max(|x_i| - \theta, 0)`, where the absolute values are projected onto the
    simplex of total r.  The minimiser of a linear function puts the whole radius on one coordinate of largest
    :math:`|g_i|`.

    Parameters
    ----------
    radius : float
        Radius r >= 0.
    center : float or array of shape (d,)
        Centre c.
    dim : int, optional
        The dimension, when the set should insist on it; a vector as centre fixes it.

    References
    ----------
    As for `Simplex`.

    Examples
    --------
    >>> import optlab as ol
    >>> ball = ol.sets.L1Ball(radius=1.0)
    >>> ball.project([2.0, -1.5, 0.0])
    array([ 0.75, -0.25,  0.  ])
    >>> ball.lmo([1.0, -3.0, 2.0])
    array([0., 1., 0.])
    >>> float(ball.support([1.0, -3.0, 2.0]))
    3.0
    """

    def _project_centred(self, xp: Any, x: Any) -> Any:
        size = xp.abs(x)
        top = xp.max(size, axis=-1, keepdims=True)
        top = xp.where(xp.isfinite(top), top, xp.nan)
        depth = xp.minimum(top - size, self.radius)
        level = water_level(xp, depth, self.radius)
        # The radius covers all of |x| when the water rises from the top of the largest entry past zero.
        return xp.where(level >= top, x, xp.sign(x) * xp.maximum(level - depth, 0.0))

    def _lmo_centred(self, xp: Any, g: Any) -> Any:
        size = xp.abs(g)
        top = xp.max(size, axis=-1, keepdims=True)
        chosen = one_hot(xp, xp.argmax(size, axis=-1, keepdims=True), g)
        vertex = self.radius * xp.where(g > 0.0, 0.0 - chosen, chosen)
        return xp.where(xp.isnan(top), top, vertex)

    @property
    def diameter(self) -> float:
        return 2.0 * self.radius


@dataclass(frozen=True, eq=False)
class L2Ball(_Ball):
    r"""The Euclidean ball :math:`\{x : \|x - c\|_2 \le r\}`.

    The projection is :math:`c + (x - c) \min(1, r / \|x - c\|_2)` and the linear minimiser
    :math:`c - r g / \|g\|_2`, the centre when g = 0.

    Parameters
    ----------
    radius : float
        Radius r >= 0.
    center : float or array of shape (d,)
        Centre c.
    dim : int, optional
        The dimension, when the set should insist on it; a vector as centre fixes it.

    Examples
    --------
    >>> import optlab as ol
    >>> ball = ol.sets.L2Ball(radius=1.0)
    >>> ball.project([[3.0, 4.0], [0.1, 0.2]])
    array([[0.6, 0.8],
           [0.1, 0.2]])
    >>> ball.diameter
    2.0
    """

    def _project_centred(self, xp: Any, x: Any) -> Any:
        return project_l2(xp, x, self.radius)

    def _lmo_centred(self, xp: Any, g: Any) -> Any:
        top = xp.max(xp.abs(g), axis=-1, keepdims=True)
        top = xp.where(xp.isfinite(top), top, xp.nan)
        unit = g / xp.where(top == 0.0, 1.0, top)
        norm = xp.linalg.vector_norm(unit, axis=-1, keepdims=True)
        return 0.0 - unit * (self.radius / xp.where(norm == 0.0, 1.0, norm))

    @property
    def diameter(self) -> float:
        return 2.0 * self.radius


@dataclass(frozen=True, eq=False)
class LinfBall(_Ball):
    r"""The cube :math:`\{x : \|x - c\|_\infty \le r\}`.

    The projection clips every coordinate, the linear minimiser is the vertex with :math:`s_i = c_i - r` where
    :math:`g_i > 0` and :math:`c_i + r` elsewhere.  Coordinates are independent: a NaN stays in its coordinate.

    Parameters
    ----------
    radius : float
        Radius r >= 0.
    center : float or array of shape (d,)
        Centre c.
    dim : int, optional
        The dimension; a vector as centre fixes it.  The diameter :math:`2 r \sqrt d` needs it.

    Examples
    --------
    >>> import optlab as ol
    >>> ball = ol.sets.LinfBall(radius=1.0, dim=4)
    >>> ball.project([2.0, -3.0, 0.5, 1.0])
    array([ 1. , -1. ,  0.5,  1. ])
    >>> ball.diameter
    4.0
    """

    def _project_centred(self, xp: Any, x: Any) -> Any:
        return xp.minimum(xp.maximum(x, -self.radius), self.radius)

    def _lmo_centred(self, xp: Any, g: Any) -> Any:
        vertex = self.radius * xp.where(g > 0.0, -xp.ones_like(g), xp.ones_like(g))
        return xp.where(xp.isnan(g), g, vertex)

    @property
    def diameter(self) -> float:
        """Euclidean diameter; a ValueError when it depends on a dimension that is not known."""
        if self.dim is None and self.radius > 0.0:
            raise ValueError("the diameter of LinfBall depends on the dimension: give dim or a vector as center")
        return 2.0 * self.radius * math.sqrt(self.dim or 0)
