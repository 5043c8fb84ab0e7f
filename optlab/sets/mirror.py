r"""Mirror maps: the geometry in which a mirror-descent method takes its steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.sets._inputs import positive_step, vectors
from optlab.sets.base import ByValue, ConvexSet

__all__ = ["Euclidean", "MirrorMap"]


class MirrorMap(ByValue, ABC):
    r"""A strictly convex, differentiable function :math:`\psi` and the maps that come with it.

    The gradient takes points to the dual space, the gradient of the conjugate :math:`\psi^*` takes them back, and the
    Bregman divergence :math:`B_\psi(x, y) = \psi(x) - \psi(y) - \langle \nabla \psi(y), x - y \rangle` measures the
    distance between points.  A subclass is a frozen dataclass (``eq=False``, as for `ConvexSet`).

    Examples
    --------
    >>> import optlab as ol
    >>> mirror_map = ol.sets.Euclidean()
    >>> isinstance(mirror_map, ol.sets.MirrorMap)
    True
    >>> float(mirror_map.bregman([3.0, 4.0], [0.0, 0.0]))
    12.5
    """

    @abstractmethod
    def value(self, x: Any) -> Any:
        r"""Value :math:`\psi(x)`.

        Parameters
        ----------
        x : array, shape (..., d)
            Points of the domain.

        Returns
        -------
        array, shape (...)
            The values.
        """

    @abstractmethod
    def gradient(self, x: Any) -> Any:
        r"""Gradient :math:`\nabla \psi(x)`, from the primal to the dual space.

        Parameters
        ----------
        x : array, shape (..., d)
            Points of the interior of the domain.

        Returns
        -------
        array, shape (..., d)
            Dual points.
        """

    @abstractmethod
    def dual_gradient(self, theta: Any) -> Any:
        r"""Gradient of the conjugate, :math:`\nabla \psi^*(\theta) = (\nabla \psi)^{-1}(\theta)`.

        Parameters
        ----------
        theta : array, shape (..., d)
            Dual points.

        Returns
        -------
        array, shape (..., d)
            Points of the domain.
        """

    @abstractmethod
    def project(self, y: Any, constraint: ConvexSet) -> Any:
        r"""Bregman projection :math:`\arg\min_{x \in C} B_\psi(x, y)`.

        Parameters
        ----------
        y : array, shape (..., d)
            Points of the interior of the domain.
        constraint : ConvexSet
            The set C.

        Returns
        -------
        array, shape (..., d)
            The projections.
        """

    def bregman(self, x: Any, y: Any) -> Any:
        r"""Bregman divergence :math:`B_\psi(x, y)`, from y (where the gradient is taken) to x.

        Parameters
        ----------
        x, y : array, shape (..., d)
            Points; their leading axes broadcast.

        Returns
        -------
        array, shape (...)
            The divergences, >= 0 up to rounding.
        """
        x, y = vectors(x), vectors(y, "y")
        slope = namespace(x, y).sum(self.gradient(y) * (x - y), axis=-1)
        return self.value(x) - self.value(y) - slope

    def mirror_step(self, x: Any, g: Any, step: Any, constraint: ConvexSet | None = None) -> Any:
        r"""One step :math:`\arg\min_{s \in C} \langle g, s \rangle + B_\psi(s, x) / \tau`.

        The step is taken in the dual space and projected: :math:`\nabla \psi^*(\nabla \psi(x) - \tau g)`, then the
        Bregman projection onto C.

        Parameters
        ----------
        x, g : array, shape (..., d)
            Points and (sub)gradients at them.
        step : float or array of shape (..., 1)
            The step tau > 0.
        constraint : ConvexSet, optional
            The set C; by default the domain of the mirror map.

        Returns
        -------
        array, shape (..., d)
            The next points.
        """
        x, g = vectors(x), vectors(g, "g")
        y = self.dual_gradient(self.gradient(x) - positive_step(step, x) * g)
        return y if constraint is None else self.project(y, constraint)


@dataclass(frozen=True, eq=False)
class Euclidean(MirrorMap):
    r"""The map :math:`\psi(x) = \frac12 \|x\|_2^2`, for which mirror descent is projected gradient descent.

    The dual space is the primal one, :math:`B_\psi(x, y) = \frac12 \|x - y\|_2^2`, and :math:`\psi` is 1-strongly
    convex with respect to the Euclidean norm.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.Euclidean().mirror_step([1.0, 0.0], [2.0, -1.0], step=0.5, constraint=ol.sets.Simplex())
    array([0.25, 0.75])
    """

    def value(self, x: Any) -> Any:
        x = vectors(x)
        return 0.5 * namespace(x).sum(x * x, axis=-1)

    def gradient(self, x: Any) -> Any:
        x = vectors(x)
        return namespace(x).asarray(x, copy=True)

    def dual_gradient(self, theta: Any) -> Any:
        theta = vectors(theta, "theta")
        return namespace(theta).asarray(theta, copy=True)

    def project(self, y: Any, constraint: ConvexSet) -> Any:
        return constraint.project(y)

    def bregman(self, x: Any, y: Any) -> Any:
        # Not the difference of values: this one is exact for close points.
        return self.value(vectors(x) - vectors(y, "y"))
