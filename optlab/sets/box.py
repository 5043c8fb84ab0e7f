r"""Boxes, bounded or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.sets._inputs import dimension, like, parameter, vectors
from optlab.sets.base import ConvexSet, UnboundedError

__all__ = ["Box"]


@dataclass(frozen=True, eq=False)
class Box(ConvexSet):
    r"""The box :math:`\{x : l_i \le x_i \le u_i\}`; infinite bounds leave a side open.

    The projection clips.  Coordinates are independent: a NaN stays in its coordinate.

    Parameters
    ----------
    lower, upper : float or array of shape (d,)
        The bounds, :math:`l_i \le u_i`, with :math:`l_i < \infty` and :math:`u_i > -\infty`.
    dim : int, optional
        The dimension; a vector as bound fixes it.  The diameter of a bounded box with scalar bounds needs it.

    Notes
    -----
    Where :math:`g_i = 0` the linear minimiser takes the upper bound, else the lower one, else 0, whichever is finite
    first; so it is a vertex whenever the box has one in that direction.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> box = ol.sets.Box(lower=0.0, upper=[1.0, 2.0, np.inf])
    >>> box.project([-1.0, 5.0, 7.0])
    array([0., 2., 7.])
    >>> box.lmo([1.0, -1.0, 1.0])
    array([0., 2., 0.])
    >>> box.lmo([1.0, -1.0, -1.0])
    Traceback (most recent call last):
        ...
    optlab.sets.base.UnboundedError: <g, s> has no minimum over the box: g is negative where upper is infinite...
    """

    lower: Any = -math.inf
    upper: Any = math.inf
    dim: int | None = None

    def __post_init__(self) -> None:
        lower = parameter("lower", self.lower, infinite=True)
        upper = parameter("upper", self.upper, infinite=True)
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)
        object.__setattr__(self, "dim", dimension(self.dim, lower=lower, upper=upper))
        xp = namespace(lower, upper)
        if bool(xp.any(xp.asarray(lower == math.inf))):
            raise ValueError("lower must be below +inf everywhere")
        if bool(xp.any(xp.asarray(upper == -math.inf))):
            raise ValueError("upper must be above -inf everywhere")
        if bool(xp.any(xp.asarray(lower > upper))):
            raise ValueError("lower must not exceed upper anywhere")

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        xp = namespace(x)
        return xp.minimum(xp.maximum(x, like(self.lower, x)), like(self.upper, x))

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        lower = like(self.lower, g) + xp.zeros_like(g)
        upper = like(self.upper, g) + xp.zeros_like(g)
        flat = xp.where(xp.isfinite(upper), upper, xp.where(xp.isfinite(lower), lower, 0.0))
        vertex = xp.where(g > 0.0, lower, xp.where(g < 0.0, upper, flat))
        if not bool(xp.all(xp.isfinite(vertex))):
            side = "negative where upper" if bool(xp.any(vertex == math.inf)) else "positive where lower"
            raise UnboundedError(f"<g, s> has no minimum over the box: g is {side} is infinite in some coordinate")
        return xp.where(xp.isnan(g), g, vertex)

    def support(self, y: Any) -> Any:
        y = vectors(y, "y", self.dim)
        xp = namespace(y)
        best = xp.where(y > 0.0, like(self.upper, y) + xp.zeros_like(y), like(self.lower, y) + xp.zeros_like(y))
        best = xp.where(y == 0.0, 0.0, best)  # 0 * inf counts as 0 here
        return xp.sum(y * best, axis=-1)

    @property
    def diameter(self) -> float:
        """Euclidean diameter; a ValueError when it depends on a dimension that is not known."""
        width = self.upper - self.lower
        if isinstance(width, float):
            if self.dim is None and 0.0 < width < math.inf:
                raise ValueError("the diameter of Box with scalar bounds depends on the dimension: give dim")
            return width if width in (0.0, math.inf) else width * math.sqrt(self.dim or 0)
        return float(namespace(width).linalg.vector_norm(width))
