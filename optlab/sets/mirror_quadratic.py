r"""The quadratic mirror map: a metric given by a matrix, as in the online Newton step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from optlab.core.xp import as_float_array, is_sparse, namespace, read_only, to_numpy
from optlab.sets._inputs import like, vectors
from optlab.sets._quadratic_program import apply, jump_to_face, minimize_quadratic
from optlab.sets.ball import L2Ball
from optlab.sets.base import ConvexSet
from optlab.sets.bounded_simplex import BoundedSimplex, coordinate_bounds
from optlab.sets.box import Box
from optlab.sets.halfspace import Affine, HalfSpace
from optlab.sets.mirror import MirrorMap
from optlab.sets.mirror_diagonal import secular_ball
from optlab.sets.mirror_forms import onto
from optlab.sets.polytope import Polytope, nearest_point
from optlab.sets.simplex import Simplex
from optlab.sets.space import WholeSpace

__all__ = ["Quadratic"]


@dataclass(frozen=True, eq=False)
class Quadratic(MirrorMap):
    r"""The map :math:`\psi(x) = \frac12 \langle x, H x \rangle`, the metric of the online Newton step.

    It is 1-strongly convex with respect to :math:`\|x\|_H = \langle x, H x \rangle^{1/2}`, whose dual is the norm of
    :math:`H^{-1}`.  Forms: the ball, by the secular equation on the eigenvalues of H; half-spaces and affine subspaces,
    closed; boxes and simplexes, by accelerated projected gradients that jump to the minimiser over a face; polytopes,
    by their active-set method in the metric of H; any other set with a projection, by accelerated projected gradients
    alone, certified to the square root of the machine epsilon or better.

    Parameters
    ----------
    matrix : array of shape (..., d, d)
        Symmetric positive definite matrices H; leading axes go with those of the points.

    Notes
    -----
    The eigendecomposition is computed at the first projection that needs it, and kept.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> psi = ol.sets.Quadratic(np.diag([1.0, 4.0]))
    >>> psi.mirror_step([0.0, 0.0], [-1.0, -4.0], step=1.0)
    array([1., 1.])
    >>> psi.mirror_step([0.0, 0.0], [-1.0, -4.0], step=1.0, constraint=ol.sets.Simplex())
    array([0.2, 0.8])
    """

    matrix: Any

    def __post_init__(self) -> None:
        if is_sparse(self.matrix):
            raise TypeError("matrix must be a dense array")
        matrix = as_float_array(self.matrix, "matrix")
        xp = namespace(matrix)
        if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or matrix.shape[-1] == 0:
            raise ValueError(f"matrix must hold square matrices of shape (..., d, d), got shape {tuple(matrix.shape)}")
        if not bool(xp.all(xp.isfinite(matrix))):
            raise ValueError("matrix holds NaN or infinite values")
        transposed = xp.matrix_transpose(matrix)
        gap, size = xp.max(xp.abs(matrix - transposed)), xp.max(xp.abs(matrix))
        if bool(gap > 1e2 * float(xp.finfo(matrix.dtype).eps) * size):
            raise ValueError("matrix must be symmetric")
        object.__setattr__(self, "matrix", read_only(0.5 * matrix + 0.5 * transposed))
        try:
            factor = xp.linalg.cholesky(self.matrix)
        except Exception as err:  # each library has its own
            raise ValueError("matrix must be positive definite") from err
        if not bool(xp.all(xp.isfinite(factor))):  # CuPy answers NaN
            raise ValueError("matrix must be positive definite")

    @cached_property
    def _spectrum(self) -> tuple[Any, Any]:
        values, vectors = namespace(self.matrix).linalg.eigh(self.matrix)
        return values, vectors

    def _metric(self, x: Any) -> Any:
        matrix = like(self.matrix, x)
        if matrix.shape[-1] != x.shape[-1]:
            raise ValueError(f"points must have {matrix.shape[-1]} coordinates, got shape {tuple(x.shape)}")
        return matrix

    def _solve(self, b: Any) -> Any:
        xp = namespace(b)
        return xp.linalg.solve(self._metric(b) + xp.zeros_like(b)[..., None], b[..., None])[..., 0]

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        return 1.0

    def value(self, x: Any) -> Any:
        x = vectors(x)
        return 0.5 * namespace(x).sum(x * self.gradient(x), axis=-1)

    def norm(self, x: Any) -> Any:
        square = 2.0 * self.value(x)
        xp = namespace(square)
        return xp.sqrt(xp.where(square < 0.0, 0.0, square))

    def dual_norm(self, g: Any) -> Any:
        g = vectors(g, "g")
        xp = namespace(g)
        square = xp.sum(g * self._solve(g), axis=-1)
        return xp.sqrt(xp.where(square < 0.0, 0.0, square))

    def gradient(self, x: Any) -> Any:
        x = vectors(x)
        return apply(namespace(x), self._metric(x), x)

    def dual_gradient(self, theta: Any) -> Any:
        return self._solve(vectors(theta, "theta"))

    def bregman(self, x: Any, y: Any) -> Any:
        return self.value(vectors(x) - vectors(y, "y"))

    def project(self, y: Any, constraint: ConvexSet) -> Any:
        y = vectors(y, "y")
        inside = constraint.contains(y, tol=0.0)[..., None]  # comes back as it is, without a solve
        return namespace(y).where(inside, y, super().project(y, constraint))

    @onto(WholeSpace)
    def _onto_space(self, theta: Any, constraint: WholeSpace) -> Any:
        return self._solve(theta)

    @onto(L2Ball)
    def _onto_ball(self, theta: Any, ball: L2Ball) -> Any:
        xp = namespace(theta)
        center = like(ball.center, theta) + xp.zeros_like(theta)
        free = self._solve(theta) - center
        if bool(xp.all(xp.linalg.vector_norm(free, axis=-1) <= ball.radius)):
            return center + free  # no eigendecomposition while the ball is not in the way
        values, basis = (like(part, theta) for part in self._spectrum)
        b = apply(xp, xp.matrix_transpose(basis), theta - apply(xp, self._metric(theta), center))
        return center + apply(xp, basis, secular_ball(xp, values, b, ball.radius))

    @onto(HalfSpace)
    def _onto_halfspace(self, theta: Any, half: HalfSpace) -> Any:
        xp = namespace(theta)
        y = self._solve(theta)
        normal, distance = half._unit(theta)
        pull = self._solve(normal + xp.zeros_like(theta))
        excess = xp.sum(normal * y, axis=-1, keepdims=True) - distance
        return y - xp.maximum(excess, 0.0) / xp.sum(normal * pull, axis=-1, keepdims=True) * pull

    @onto(Affine)
    def _onto_affine(self, theta: Any, flat: Affine) -> Any:
        r"""With A whitened by the Cholesky factor the projection is orthogonal: :math:`v - (A C^{-T})^+ (A y - b)`."""
        xp = namespace(theta)
        y = self._solve(theta)
        factor_t = xp.matrix_transpose(xp.linalg.cholesky(self._metric(theta)))
        whitened = xp.matmul(like(flat.matrix, theta), xp.linalg.inv(factor_t))
        missing = xp.matmul(y, xp.matrix_transpose(like(flat.matrix, theta))) - like(flat.rhs, theta)
        step = apply(xp, xp.linalg.pinv(whitened), missing)
        return y - xp.linalg.solve(factor_t + xp.zeros_like(step)[..., None], step[..., None])[..., 0]

    def _program(self, theta: Any, constraint: ConvexSet, jump: Any = None) -> Any:
        xp = namespace(theta)
        values = like(self._spectrum[0], theta)
        bad = ~xp.all(xp.isfinite(theta), axis=-1, keepdims=True)
        clean = xp.where(bad, 0.0, theta)
        u = minimize_quadratic(self._metric(theta), (values[..., :1], values[..., -1:]), clean, constraint, jump)
        return xp.where(bad, xp.nan, u)

    @onto(Box, Simplex, BoundedSimplex)
    def _onto_bounds(self, theta: Any, constraint: Box | Simplex | BoundedSimplex) -> Any:
        xp = namespace(theta)
        if isinstance(constraint, Box):
            lower, upper = (like(b, theta) + xp.zeros_like(theta) for b in (constraint.lower, constraint.upper))
            total = None
        else:
            lower, upper, _ = coordinate_bounds(xp, constraint, theta)
            total = constraint.total
        matrix, h = self._metric(theta), xp.where(xp.isfinite(theta), theta, 0.0)
        return self._program(theta, constraint, lambda u: jump_to_face(xp, matrix, h, u, lower, upper, total))

    @onto(Polytope)
    def _onto_polytope(self, theta: Any, polytope: Polytope) -> Any:
        """One point at a time, in coordinates in which the metric is Euclidean."""
        import numpy as np

        y = self._solve(theta)
        namespace(y, polytope.matrix)
        metrics = np.broadcast_to(np.asarray(to_numpy(self.matrix), dtype=np.float64), (*y.shape, y.shape[-1]))
        out = np.full(y.shape, np.nan)
        for i in np.ndindex(y.shape[:-1]):
            if np.isfinite(y[i]).all():
                root = np.linalg.cholesky(metrics[i]).T
                origin, basis = polytope.frame(root)
                rows, rhs = polytope.reduced(origin, basis)
                w = (root @ basis).T @ (root @ (y[i] - origin))
                out[i] = origin + basis @ nearest_point(rows, rhs, w)
        return out.astype(y.dtype)

    @onto(ConvexSet)
    def _onto_any(self, theta: Any, constraint: ConvexSet) -> Any:
        return self._program(theta, constraint)
