r"""The scaled probability simplex."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import array_api_compat

from optlab.core.validate import number
from optlab.core.xp import namespace
from optlab.sets._inputs import dimension, vectors
from optlab.sets.base import ConvexSet

__all__ = ["Simplex", "one_hot", "water_level"]


def water_level(xp: Any, depth: Any, volume: float) -> Any:
    r"""Height of the surface when `volume` is poured into basins whose floors lie at `depth`, of shape (..., d).

    It solves :math:`\sum_i \max(\ell - \mathrm{depth}_i, 0) = \mathrm{volume}`.  With the floors in increasing order
    and only the k lowest of them under water the level would be :math:`\ell_k = (\mathrm{volume} + \sum_{i \le k}
    \mathrm{depth}_i) / k`.  Adding basin k + 1 averages its floor in, so :math:`\ell_{k+1} < \ell_k` exactly while that
    floor is under water: the level is the smallest :math:`\ell_k`, found without a search for k.
    """
    return _level(xp, xp.sort(depth, axis=-1), volume)


def _level(xp: Any, ordered: Any, volume: float) -> Any:
    """The same for floors in increasing order."""
    count = xp.arange(1, ordered.shape[-1] + 1, dtype=ordered.dtype, device=array_api_compat.device(ordered))
    return xp.min((xp.cumulative_sum(ordered, axis=-1) + volume) / count, axis=-1, keepdims=True)


def one_hot(xp: Any, index: Any, x: Any) -> Any:
    """Unit vectors in the shape and dtype of `x`; `index` has shape (..., 1)."""
    return xp.astype(xp.arange(x.shape[-1], device=array_api_compat.device(x)) == index, x.dtype)


@dataclass(frozen=True, eq=False)
class Simplex(ConvexSet):
    r"""The simplex :math:`\{x \ge 0, \; \sum_i x_i = \mathrm{total}\}`.

    The projection is exact and costs :math:`O(d \log d)`:

    .. math:: P(x)_i = \max(x_i - \theta, 0), \qquad \sum_i \max(x_i - \theta, 0) = \mathrm{total},

    with :math:`\theta` from the sorted entries.  It is taken relative to the largest entry: 1e300 is as good as 1.
    An entry of minus infinity is projected to zero.

    Parameters
    ----------
    total : float
        Sum of the coordinates, > 0.
    dim : int, optional
        The dimension, when the set should insist on it.

    Notes
    -----
    The diameter is :math:`\sqrt 2 \, \mathrm{total}` for every d >= 2; it is 0 when ``dim=1``.

    References
    ----------
    L. Condat, "Fast projection onto the simplex and the l1 ball", Mathematical Programming 158 (2016), 575-585, reviews
    the algorithms.  The form used here, which takes a minimum instead of searching for the size of the support, is
    derived in `optlab.sets.simplex.water_level`.

    Examples
    --------
    >>> import optlab as ol
    >>> simplex = ol.sets.Simplex()
    >>> simplex.project([0.5, 1.0, -2.0])
    array([0.25, 0.75, 0.  ])
    >>> simplex.lmo([3.0, 1.0, 2.0])
    array([0., 1., 0.])
    """

    total: float = 1.0
    dim: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", number("total", self.total, above=0.0))
        object.__setattr__(self, "dim", dimension(self.dim))

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        xp = namespace(x)
        # Halved, because the difference of two huge numbers of opposite sign overflows.
        half = -0.5 * x
        ordered = xp.sort(half, axis=-1)
        top = ordered[..., :1]  # one pass less than a maximum; a NaN is sorted last, and the level knows it
        top = xp.where(xp.isfinite(top), top, xp.nan)
        dry = 0.5 * self.total  # what lies deeper than the total stays dry
        level = _level(xp, 2.0 * xp.minimum(ordered - top, dry), self.total)
        return xp.maximum(level - 2.0 * xp.minimum(half - top, dry), 0.0)

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        lowest = xp.min(g, axis=-1, keepdims=True)
        vertex = self.total * one_hot(xp, xp.argmin(g, axis=-1, keepdims=True), g)
        return xp.where(xp.isnan(lowest), lowest, vertex)

    @property
    def diameter(self) -> float:
        return 0.0 if self.dim == 1 else math.sqrt(2.0) * self.total
