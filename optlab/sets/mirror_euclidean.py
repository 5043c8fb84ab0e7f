r"""The Euclidean mirror map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optlab.core.validate import one_of
from optlab.core.xp import namespace
from optlab.sets._inputs import points, positive_step
from optlab.sets.base import ConvexSet
from optlab.sets.mirror import MirrorMap
from optlab.sets.mirror_forms import onto

__all__ = ["Euclidean"]


@dataclass(frozen=True, eq=False)
class Euclidean(MirrorMap):
    r"""The map :math:`\psi(x) = \frac12 \|x\|_2^2`, for which mirror descent is projected gradient descent.

    The dual space is the primal one, :math:`B_\psi(x, y) = \frac12 \|x - y\|_2^2`, and :math:`\psi` is 1-strongly
    convex with respect to the Euclidean norm.  It goes with every set.

    Parameters
    ----------
    point_ndim : int
        2 when points are matrices, as those of `Spectraplex`; the norm is then the Frobenius norm.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.Euclidean().mirror_step([1.0, 0.0], [2.0, -1.0], step=0.5, constraint=ol.sets.Simplex())
    array([0.25, 0.75])
    """

    point_ndim: int = 1

    def __post_init__(self) -> None:
        one_of("point_ndim", self.point_ndim, (1, 2))

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        return 1.0

    def value(self, x: Any) -> Any:
        x = points(x, "x", None, self.point_ndim)
        return 0.5 * namespace(x).sum(x * x, axis=self._axes)

    def gradient(self, x: Any) -> Any:
        x = points(x, "x", None, self.point_ndim)
        return namespace(x).asarray(x, copy=True)

    def dual_gradient(self, theta: Any) -> Any:
        theta = points(theta, "theta", None, self.point_ndim)
        return namespace(theta).asarray(theta, copy=True)

    @onto(ConvexSet)
    def _onto_any(self, theta: Any, constraint: ConvexSet) -> Any:
        return constraint.project(theta)

    def mirror_step(self, x: Any, g: Any, step: Any, constraint: ConvexSet | None = None) -> Any:
        # The frame's would copy x; this is the hot path of every projected method.
        x, g = points(x, "x", None, self.point_ndim), points(g, "g", None, self.point_ndim)
        y = x - positive_step(step, x, self.point_ndim) * g
        return y if constraint is None else self.dual_project(y, constraint)

    def bregman(self, x: Any, y: Any) -> Any:
        # Not the difference of values: this one is exact for close points.
        return self.value(points(x, "x", None, self.point_ndim) - points(y, "y", None, self.point_ndim))
