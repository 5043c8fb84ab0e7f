r"""Half-spaces and affine subspaces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.validate import number
from optlab.core.xp import as_data, as_float_array, namespace
from optlab.sets._inputs import like, parameter, vectors
from optlab.sets.base import ConvexSet, UnboundedError

__all__ = ["Affine", "HalfSpace"]


@dataclass(frozen=True, eq=False)
class HalfSpace(ConvexSet):
    r"""The half-space :math:`\{x : \langle a, x \rangle \le b\}`.

    .. math:: P(x) = x - \frac{(\langle a, x \rangle - b)_+}{\|a\|_2^2} a

    Parameters
    ----------
    normal : array of shape (d,)
        The outward normal a, not zero.
    offset : float
        The number b.

    Notes
    -----
    A linear function has a minimum only when it is a non-positive multiple of a, which is decided up to rounding; the
    minimiser reported is then the point of the boundary nearest to the origin.

    Examples
    --------
    >>> import optlab as ol
    >>> half = ol.sets.HalfSpace(normal=[3.0, 4.0], offset=5.0)
    >>> half.project([[3.0, 4.0], [0.0, 1.0]])
    array([[0.6, 0.8],
           [0. , 1. ]])
    >>> float(half.support([6.0, 8.0]))
    10.0
    """

    normal: Any
    offset: float = 0.0

    def __post_init__(self) -> None:
        normal = parameter("normal", vectors(self.normal, "normal"))
        if not bool(namespace(normal).any(normal != 0.0)):
            raise ValueError("normal must not be zero")
        object.__setattr__(self, "normal", normal)
        object.__setattr__(self, "offset", number("offset", self.offset))

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The dimension d."""
        return int(self.normal.shape[0])

    def _unit(self, x: Any) -> tuple[Any, Any]:
        """Unit normal and distance of the boundary from the origin, in the dtype of x."""
        normal = like(self.normal, x)
        xp = namespace(normal)
        scale = xp.max(xp.abs(normal))  # squares of 1e300 overflow
        length = scale * xp.linalg.vector_norm(normal / scale)
        return normal / length, self.offset / length

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        xp = namespace(x)
        unit, distance = self._unit(x)
        excess = xp.sum(unit * x, axis=-1, keepdims=True) - distance
        return xp.where(excess <= 0.0, x, x - excess * unit)

    def _share(self, y: Any) -> tuple[Any, Any, Any]:
        """Multiple t of the unit normal in y, whether y is nothing else with t >= 0, and distance of the boundary."""
        xp = namespace(y)
        unit, distance = self._unit(y)
        share = xp.sum(unit * y, axis=-1, keepdims=True)
        size = xp.linalg.vector_norm(y, axis=-1, keepdims=True)
        rest = xp.linalg.vector_norm(y - share * unit, axis=-1, keepdims=True)
        slack = 8.0 * float(xp.finfo(y.dtype).eps) * self.dim * size
        return share, (rest <= slack) & (share >= -slack), distance

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        share, bounded, distance = self._share(-g)
        if not bool(xp.all(bounded | xp.isnan(share))):
            raise UnboundedError("<g, s> has no minimum over the half-space: g is no multiple -t * normal with t >= 0")
        return xp.where(xp.isnan(share), share, distance * self._unit(g)[0] + xp.zeros_like(g))

    def support(self, y: Any) -> Any:
        y = vectors(y, "y", self.dim)
        xp = namespace(y)
        share, bounded, distance = self._share(y)
        value = xp.where(bounded, share * distance, math.inf)
        return xp.where(xp.isnan(share), share, value)[..., 0]

    @property
    def diameter(self) -> float:
        return math.inf


@dataclass(frozen=True, eq=False)
class Affine(ConvexSet):
    r"""The affine subspace :math:`\{x : A x = b\}`.

    .. math:: P(x) = x - A^+ (A x - b)

    with the pseudo-inverse, so rows of A may depend on one another as long as the system has a solution.

    Parameters
    ----------
    matrix : array of shape (m, d)
        The matrix A.
    rhs : array of shape (m,)
        The right-hand side b.

    Raises
    ------
    ValueError
        If no point solves the system.

    Examples
    --------
    >>> import optlab as ol
    >>> plane = ol.sets.Affine(matrix=[[1.0, 1.0, 1.0]], rhs=[3.0])
    >>> plane.project([0.0, 1.0, 5.0])
    array([-1.,  0.,  4.])
    """

    matrix: Any
    rhs: Any

    def __post_init__(self) -> None:
        matrix = as_data(as_float_array(self.matrix, "matrix"), "matrix")
        if matrix.shape[1] == 0 or matrix.shape[0] == 0:
            raise ValueError(f"matrix must have rows and columns, got shape {tuple(matrix.shape)}")
        rhs = as_data(as_float_array(self.rhs, "rhs"), "rhs", ndim=1)
        if rhs.shape[0] != matrix.shape[0]:
            raise ValueError(f"rhs must have {matrix.shape[0]} entries, one for each row, got {rhs.shape[0]}")
        xp = namespace(matrix, rhs)
        inverse = xp.linalg.pinv(matrix)
        point = inverse @ rhs
        eps = float(xp.finfo(matrix.dtype).eps)
        scale = xp.max(xp.abs(rhs)) + xp.max(xp.abs(matrix)) * xp.max(xp.abs(point))
        if bool(xp.max(xp.abs(matrix @ point - rhs)) > 1e3 * eps * matrix.shape[1] * scale):
            raise ValueError("the system matrix @ x = rhs has no solution")
        for name, value in (("matrix", matrix), ("rhs", rhs), ("_inverse", inverse), ("_point", point)):
            object.__setattr__(self, name, value)

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The dimension d."""
        return int(self.matrix.shape[1])

    def _in_rows(self, x: Any) -> Any:
        """Component of x in the row space."""
        xp = namespace(x)
        image = xp.matmul(x, xp.matrix_transpose(like(self.matrix, x)))
        return xp.matmul(image, xp.matrix_transpose(like(self._inverse, x)))  # type: ignore[attr-defined]

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        point = like(self._point, x)  # type: ignore[attr-defined]
        return x - self._in_rows(x - point)

    def _bounded(self, y: Any) -> Any:
        xp = namespace(y)
        size = xp.linalg.vector_norm(y, axis=-1, keepdims=True)
        rest = xp.linalg.vector_norm(y - self._in_rows(y), axis=-1, keepdims=True)
        return rest <= 1e2 * float(xp.finfo(y.dtype).eps) * self.dim * size

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        xp = namespace(g)
        bad = xp.isnan(xp.sum(g, axis=-1, keepdims=True))
        if not bool(xp.all(self._bounded(g) | bad)):
            raise UnboundedError("<g, s> has no minimum over the subspace: g is no combination of the rows of matrix")
        return xp.where(bad, xp.nan, like(self._point, g) + xp.zeros_like(g))  # type: ignore[attr-defined]

    def support(self, y: Any) -> Any:
        y = vectors(y, "y", self.dim)
        xp = namespace(y)
        value = xp.sum(y * like(self._point, y), axis=-1)  # type: ignore[attr-defined]
        return xp.where(self._bounded(y)[..., 0] | xp.isnan(value), value, math.inf)

    @property
    def diameter(self) -> float:
        """0 for a single point, infinite otherwise."""
        rank = int(namespace(self.matrix).linalg.matrix_rank(self.matrix))
        return 0.0 if rank == self.dim else math.inf
