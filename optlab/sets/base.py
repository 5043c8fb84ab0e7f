r"""The frames every feasible set and every regulariser fills in.

A point is a vector along the *last* axis, or a symmetric matrix along the last two where a class says
``point_ndim = 2``; every leading axis is a batch, and a method answers for all members of the batch at once.  No method
modifies its arguments, and every array it returns is a new one, in the library, dtype and device of the input (integers
become float64).  A NaN is never answered with something plausible: the answer holds NaN wherever it depends on that
entry.
"""

from __future__ import annotations

import dataclasses
import numbers
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from optlab.core.validate import number
from optlab.core.xp import namespace
from optlab.sets._inputs import points, positive_step

__all__ = ["ConvexSet", "Norm", "Regularizer", "UnboundedError"]


class UnboundedError(ValueError):
    """A linear function has no minimum over the set: it is unbounded below there."""


class ByValue:
    """Equality and hash by the parameters, which may be arrays."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(value, getattr(other, name)) for name, value in self._parameters())

    def __hash__(self) -> int:
        return hash((type(self), *(value for _, value in self._parameters() if isinstance(value, numbers.Real))))

    def _parameters(self) -> list[tuple[str, Any]]:
        """Names and values of the parameters, without what was computed from them."""
        if dataclasses.is_dataclass(self):
            return [(field.name, getattr(self, field.name)) for field in dataclasses.fields(self)]
        return list(vars(self).items())


def _same(a: Any, b: Any) -> bool:
    if not hasattr(a, "shape"):
        return bool(type(a) is type(b) and a == b)
    return type(a) is type(b) and a.shape == b.shape and a.dtype == b.dtype and bool(namespace(a).all(a == b))


class ConvexSet(ByValue, ABC):
    r"""A non-empty closed convex set :math:`C \subseteq \mathbb{R}^d`.

    A subclass is a frozen dataclass (``eq=False`` keeps the comparison by value that is defined here) with `project`,
    `lmo` and `diameter`; the rest follows from these.

    Attributes
    ----------
    dim : int or None
        The dimension d, or None for a set that is defined in every dimension.  When it is known, points of another
        length are refused.
    point_ndim : int
        1 where points are vectors, 2 where they are symmetric matrices, n by n with n = `dim`.  Read (..., d) below as
        (..., n, n) then, and (..., 1) as (..., 1, 1).

    Examples
    --------
    The segment from the origin to a point, with all that follows from its three methods:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import optlab as ol
    >>> @dataclass(frozen=True, eq=False)
    ... class Segment(ol.sets.ConvexSet):
    ...     end: np.ndarray
    ...     def project(self, x):
    ...         share = np.asarray(x) @ self.end / (self.end @ self.end)
    ...         return np.clip(share, 0.0, 1.0)[..., None] * self.end
    ...     def lmo(self, g):
    ...         return np.where(np.asarray(g) @ self.end < 0.0, 1.0, 0.0)[..., None] * self.end
    ...     @property
    ...     def diameter(self):
    ...         return float(np.linalg.norm(self.end))
    >>> segment = Segment(np.array([3.0, 4.0]))
    >>> segment.contains([[1.5, 2.0], [4.0, 0.0]])
    array([ True, False])
    >>> segment.prox_support([5.0, 0.0], step=1.0)
    array([ 3.2, -2.4])
    """

    dim: int | None = None
    point_ndim: ClassVar[int] = 1

    @property
    def _axes(self) -> tuple[int, ...]:
        """The axes that make up a point."""
        return tuple(range(-self.point_ndim, 0))

    @abstractmethod
    def project(self, x: Any) -> Any:
        r"""Euclidean projection :math:`P_C(x) = \arg\min_{s \in C} \|s - x\|_2`.

        Parameters
        ----------
        x : array, shape (..., d)
            Points.  A point of C comes back bit for bit, save for rounding on the boundary.

        Returns
        -------
        array, shape (..., d)
            The projections.  A point that holds NaN, or an infinite entry whose projection is not defined, gives NaN.
        """

    @abstractmethod
    def lmo(self, g: Any) -> Any:
        r"""Linear *minimisation* oracle: a point of :math:`\arg\min_{s \in C} \langle g, s \rangle`.

        It minimises, in this package as a whole.  Over a polytope the answer is a vertex, whatever the ties.

        Parameters
        ----------
        g : array, shape (..., d)
            Linear functions.

        Returns
        -------
        array, shape (..., d)
            Minimisers.

        Raises
        ------
        UnboundedError
            If the minimum does not exist because C is unbounded in the direction -g.
        """

    @property
    @abstractmethod
    def diameter(self) -> float:
        r"""Euclidean diameter :math:`\sup_{s, t \in C} \|s - t\|_2`; ``math.inf`` when C is unbounded."""

    def contains(self, x: Any, tol: float | None = None) -> Any:
        r"""Whether x lies in C: :math:`\|x - P_C(x)\|_\infty \le \mathrm{tol} \cdot \max(1, \|x\|_\infty)`.

        Parameters
        ----------
        x : array, shape (..., d)
            Points.  One with a NaN or infinite entry is never in the set.
        tol : float, optional
            The tolerance, >= 0; by default the square root of the machine epsilon of the dtype.

        Returns
        -------
        array of bool, shape (...)
            One answer for each point.
        """
        x = points(x, "x", self.dim, self.point_ndim)
        xp = namespace(x)
        if tol is None:
            tol = float(xp.finfo(x.dtype).eps) ** 0.5
        else:
            tol = number("tol", tol, at_least=0.0)
        finite = xp.all(xp.isfinite(x), axis=self._axes, keepdims=True)
        x = xp.where(finite, x, 0.0)
        distance = xp.max(xp.abs(x - self.project(x)), axis=self._axes)
        scale = xp.maximum(xp.max(xp.abs(x), axis=self._axes), 1.0)
        return xp.reshape(finite, distance.shape) & (distance <= tol * scale)

    def support(self, y: Any) -> Any:
        r"""Support function :math:`\sigma_C(y) = \sup_{s \in C} \langle y, s \rangle`; infinite where unbounded.

        Parameters
        ----------
        y : array, shape (..., d)
            Linear functions.

        Returns
        -------
        array, shape (...)
            The values.
        """
        y = points(y, "y", self.dim, self.point_ndim)
        return namespace(y).sum(y * self.lmo(-y), axis=self._axes)

    def prox_support(self, x: Any, step: Any) -> Any:
        r"""Proximal map of the support function, by Moreau's decomposition.

        .. math:: \operatorname{prox}_{\tau \sigma_C}(x) = x - \tau P_C(x / \tau)

        because :math:`u = \operatorname{prox}_{\tau \sigma_C}(x)` means that :math:`(x - u) / \tau` is a maximiser of
        :math:`\langle u, s \rangle` over C, which is what characterises the projection of :math:`x / \tau`.  A
        coordinate that the projection leaves alone becomes exactly zero.

        Parameters
        ----------
        x : array, shape (..., d)
            Points.
        step : float or array of shape (..., 1)
            The factor tau > 0.

        Returns
        -------
        array, shape (..., d)
            The proximal points.
        """
        x = points(x, "x", self.dim, self.point_ndim)
        step = positive_step(step, x, self.point_ndim)
        scaled = x / step
        projected = self.project(scaled)
        xp = namespace(x)
        return xp.where(projected == scaled, 0.0, x - step * projected)


class Regularizer(ByValue, ABC):
    r"""A closed convex function :math:`h : \mathbb{R}^d \to (-\infty, \infty]` that is not identically infinite.

    A subclass is a frozen dataclass (``eq=False``, as for `ConvexSet`) with `value` and `prox`.

    Examples
    --------
    A linear function, whose proximal map is a shift:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import optlab as ol
    >>> @dataclass(frozen=True, eq=False)
    ... class Linear(ol.sets.Regularizer):
    ...     slope: np.ndarray
    ...     def value(self, x):
    ...         return np.asarray(x) @ self.slope
    ...     def prox(self, x, step):
    ...         return np.asarray(x) - step * self.slope
    >>> Linear(np.array([1.0, -1.0])).prox([0.0, 3.0], step=2.0)
    array([-2.,  5.])
    """

    @abstractmethod
    def value(self, x: Any) -> Any:
        """Value h(x).

        Parameters
        ----------
        x : array, shape (..., d)
            Points.

        Returns
        -------
        array, shape (...)
            The values.
        """

    @abstractmethod
    def prox(self, x: Any, step: Any) -> Any:
        r"""Proximal map :math:`\arg\min_u h(u) + \frac{1}{2 \tau} \|u - x\|_2^2`.

        Parameters
        ----------
        x : array, shape (..., d)
            Points.
        step : float or array of shape (..., 1)
            The step tau > 0.

        Returns
        -------
        array, shape (..., d)
            The proximal points.
        """

    @property
    def strong_convexity(self) -> float:
        """Modulus of strong convexity of h with respect to the Euclidean norm (0 when there is none)."""
        return 0.0


class Norm(Regularizer):
    """A regulariser that is a norm, and so has a dual norm.

    Examples
    --------
    >>> import optlab as ol
    >>> penalty = ol.sets.L1Norm(weight=2.0)
    >>> isinstance(penalty, ol.sets.Norm)
    True
    >>> float(penalty.dual_norm([3.0, -4.0]))
    2.0
    """

    @abstractmethod
    def dual_norm(self, y: Any) -> Any:
        r"""Dual norm :math:`\sup \{\langle y, x \rangle : h(x) \le 1\}`, the weight of h included.

        The subdifferential of h at 0 is the set where this is at most 1.  With weight zero h is no longer a norm, and
        the supremum is 0 at y = 0 and infinite elsewhere.

        Parameters
        ----------
        y : array, shape (..., d)
            Linear functions.

        Returns
        -------
        array, shape (...)
            The values.
        """
