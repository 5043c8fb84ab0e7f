r"""The whole space: the feasible set of an unconstrained problem."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.sets._inputs import dimension, vectors
from optlab.sets.base import ConvexSet, UnboundedError

__all__ = ["WholeSpace"]


@dataclass(frozen=True, eq=False)
class WholeSpace(ConvexSet):
    r"""The whole of :math:`\mathbb{R}^d`, for solvers that ask for a set when there is no constraint.

    A linear function has a minimum only when it is zero; its minimiser is then reported as the origin.

    Parameters
    ----------
    dim : int, optional
        The dimension, when the set should insist on it.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.WholeSpace().project([3.0, -4.0])
    array([ 3., -4.])
    >>> ol.sets.WholeSpace().diameter
    inf
    """

    dim: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", dimension(self.dim))

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        return namespace(x).asarray(x, copy=True)

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        if bool(xp.any((g != 0.0) & ~xp.isnan(g))):
            raise UnboundedError("<g, s> has no minimum over the whole space unless g is zero")
        return xp.asarray(g, copy=True)

    def support(self, y: Any) -> Any:
        y = vectors(y, "y", self.dim)
        xp = namespace(y)
        size = xp.max(xp.abs(y), axis=-1)
        return xp.where(size > 0.0, math.inf, size)

    @property
    def diameter(self) -> float:
        return math.inf
