r"""Polyhedra given by linear inequalities and equalities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg as sla

from optlab.core.xp import as_data, as_float_array, namespace
from optlab.sets._inputs import vectors
from optlab.sets.base import ConvexSet, UnboundedError

__all__ = ["Polytope", "nearest_point"]

_RELATIVE = 1e-9  # how exactly the optimality conditions must hold before an answer is given


def nearest_point(rows: np.ndarray, rhs: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Point of :math:`\{x : G x \le h\}` nearest to y, for rows of length 1, certified by its optimality conditions.

    The active constraints, found by `_active_set`, are solved as equations, which takes out the rounding; the answer
    must then satisfy all constraints and be y minus a combination of the active rows with non-negative weights.
    Constraints that touch, as those of a set with empty interior, may contradict each other by rounding: the search for
    the active ones is then repeated with all of them relaxed a little.
    """
    violation = rows @ y - rhs
    scale = float(np.max(violation, initial=0.0))
    if scale <= 0.0:
        return y.copy()
    size = scale + float(np.max(np.abs(y))) + float(np.max(np.abs(rhs)))
    best = np.inf
    for relaxation in (0.0, 1e-14, 1e-12, 1e-11):
        multipliers = _active_set(rows, violation - relaxation * size)
        active = multipliers > 0.0
        x = y
        for _ in range(2):  # the second time the error is relative to x, which may be far closer than y
            x = x - np.linalg.lstsq(rows[active], (rows @ x - rhs)[active], rcond=None)[0]
        stationarity = float(np.max(np.abs(x - y + rows.T @ multipliers))) / size
        reach = float(np.max(np.abs(x))) + float(np.max(np.abs(rhs))) + 1e-5 * min(size, 1.0)
        error = max(float(np.max(rows @ x - rhs)) / reach, stationarity)
        if error <= _RELATIVE:
            return x
        best = min(best, error)
    raise RuntimeError(f"the projection onto the polytope could not be certified: relative error {best:.1e}")


def _active_set(rows: np.ndarray, violation: np.ndarray) -> np.ndarray:
    r"""Multipliers of the constraints, all zero for those that are not active; zero throughout when none are found.

    Lawson and Hanson's least-distance programming: with r the residual of the non-negative least squares problem with
    matrix :math:`[-G^T; e^T]`, e the violations at y, and right-hand side (0, 1), the step is the first part of -r over
    the last entry, and the solution over that entry holds the multipliers.
    """
    from scipy.optimize import nnls

    scale = max(float(np.max(violation)), np.finfo(float).tiny)
    system = np.vstack([-rows.T, violation / scale])
    target = np.append(np.zeros(rows.shape[1]), 1.0)
    try:
        weights, _ = nnls(system, target, maxiter=max(100, 30 * violation.size))
    except RuntimeError:  # too many iterations
        return np.zeros_like(violation)
    last = 1.0 - system[-1] @ weights
    return scale * weights / last if last > 0.0 else np.zeros_like(weights)


@dataclass(frozen=True, eq=False)
class Polytope(ConvexSet):
    r"""The polyhedron :math:`\{x : A x \le b, \; E x = f\}`, bounded or not.

    Projections are solved as quadratic programs by an active-set method (Lawson and Hanson's least-distance
    programming), one point at a time, and given out only when the optimality conditions hold; linear functions are
    minimised by SciPy's HiGHS.  NumPy arrays only.  Prefer the set's own class where there is one: they are faster.

    Parameters
    ----------
    matrix : array of shape (m, d)
        The matrix A of the inequalities.
    rhs : array of shape (m,)
        Their right-hand side b.
    eq_matrix : array of shape (k, d), optional
        The matrix E of the equations.
    eq_rhs : array of shape (k,), optional
        Their right-hand side f.

    Raises
    ------
    ValueError
        If no point satisfies the constraints.

    References
    ----------
    C. L. Lawson and R. J. Hanson, "Solving Least Squares Problems", chapter 23, SIAM 1995.

    Examples
    --------
    A triangle:

    >>> import optlab as ol
    >>> triangle = ol.sets.Polytope(matrix=[[-1.0, 0.0], [0.0, -1.0], [1.0, 2.0]], rhs=[0.0, 0.0, 2.0])
    >>> triangle.project([[2.0, 2.0], [-1.0, 0.5], [0.5, 0.5]])
    array([[1.2, 0.4],
           [0. , 0.5],
           [0.5, 0.5]])
    >>> triangle.lmo([-1.0, -1.0])
    array([2., 0.])
    """

    matrix: Any
    rhs: Any
    eq_matrix: Any = None
    eq_rhs: Any = None

    def __post_init__(self) -> None:
        if (self.eq_matrix is None) != (self.eq_rhs is None):
            raise ValueError("eq_matrix and eq_rhs must be given together")
        for left, right in (("matrix", "rhs"), ("eq_matrix", "eq_rhs")):
            if getattr(self, left) is None:
                continue
            matrix = as_data(as_float_array(getattr(self, left), left), left)
            vector = as_data(as_float_array(getattr(self, right), right), right, ndim=1)
            if not isinstance(matrix, np.ndarray) or not isinstance(vector, np.ndarray):
                raise TypeError(f"{left} and {right} must be NumPy arrays")
            if vector.shape[0] != matrix.shape[0]:
                raise ValueError(f"{right} must have {matrix.shape[0]} entries, one a row, got {vector.shape[0]}")
            object.__setattr__(self, left, matrix)
            object.__setattr__(self, right, vector)
        if self.eq_matrix is not None and self.eq_matrix.shape[1] != self.dim:
            raise ValueError(f"eq_matrix must have {self.dim} columns, as matrix has, got {self.eq_matrix.shape[1]}")
        if self._minimize(np.zeros(self.dim)).status == 2:
            raise ValueError("the polytope is empty: no point satisfies the constraints")
        origin, basis = self.frame()
        object.__setattr__(self, "_frame", (origin, basis))

    @property
    def dim(self) -> int:  # type: ignore[override]
        """The dimension d."""
        return int(self.matrix.shape[1])

    def frame(self, metric: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        r"""A point of the affine subspace E x = f and a basis of its directions, orthonormal in the metric.

        Parameters
        ----------
        metric : array of shape (d, d), optional
            A matrix M such that lengths are measured by :math:`\|M v\|_2`; by default the identity.

        Returns
        -------
        tuple of array
            The point, of shape (d,), and the basis, of shape (d, r), as columns.
        """
        d = self.dim
        inverse = np.eye(d) if metric is None else np.linalg.inv(metric)
        if self.eq_matrix is None:
            return np.zeros(d), inverse
        origin = np.linalg.lstsq(self.eq_matrix, self.eq_rhs, rcond=None)[0]
        return origin, inverse @ sla.null_space(self.eq_matrix @ inverse)

    def reduced(self, origin: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The inequalities in the coordinates w of x = origin + basis w, with rows of length 1.

        Parameters
        ----------
        origin, basis : array
            What `frame` returned.

        Returns
        -------
        tuple of array
            Rows and right-hand sides; rows that do not depend on w are left out.
        """
        rows = self.matrix @ basis
        rhs = self.rhs - self.matrix @ origin
        length = np.linalg.norm(rows, axis=1)
        keep = length > 1e-13 * np.linalg.norm(self.matrix, axis=1) * np.linalg.norm(basis)
        return rows[keep] / length[keep, None], rhs[keep] / length[keep]

    def _minimize(self, g: np.ndarray) -> Any:
        from scipy.optimize import linprog

        equations = {} if self.eq_matrix is None else {"A_eq": self.eq_matrix, "b_eq": self.eq_rhs}
        # The dual simplex method ends at a vertex.
        return linprog(g, A_ub=self.matrix, b_ub=self.rhs, bounds=(None, None), method="highs-ds", **equations)

    def project(self, x: Any) -> Any:
        x = vectors(x, "x", self.dim)
        namespace(x, self.matrix)  # refuses arrays of another library
        origin, basis = self._frame  # type: ignore[attr-defined]
        rows, rhs = self.reduced(origin, basis)
        flat = np.reshape(x, (-1, self.dim)).astype(np.float64)
        out = np.full_like(flat, np.nan)
        for i in np.flatnonzero(np.isfinite(flat).all(axis=1)):
            out[i] = self._project_one(rows, rhs, origin, basis, flat[i])
        return np.reshape(out, x.shape).astype(x.dtype)

    def _project_one(self, rows: Any, rhs: Any, origin: Any, basis: Any, x: np.ndarray) -> np.ndarray:
        if basis.shape[1] == 0:  # a single point
            return origin.copy()
        w = basis.T @ (x - origin)
        inside = self.eq_matrix is None and bool(np.all(rows @ w <= rhs))
        return x.copy() if inside else origin + basis @ nearest_point(rows, rhs, w)

    def lmo(self, g: Any) -> Any:
        g = vectors(g, "g", self.dim)
        namespace(g, self.matrix)
        flat = np.reshape(g, (-1, self.dim)).astype(np.float64)
        out = np.full_like(flat, np.nan)
        for i in np.flatnonzero(np.isfinite(flat).all(axis=1)):
            answer = self._minimize(flat[i] / max(float(np.max(np.abs(flat[i]))), np.finfo(float).tiny))
            if answer.x is None or answer.status != 0:
                raise UnboundedError(f"<g, s> has no minimum over the polytope: {answer.message}")
            out[i] = answer.x + 0.0  # no negative zeros
        return np.reshape(out, g.shape).astype(g.dtype)

    def support(self, y: Any) -> Any:
        y = vectors(y, "y", self.dim)
        values = np.empty(y.shape[:-1], dtype=y.dtype)
        for i in np.ndindex(values.shape):
            try:
                values[i] = y[i] @ self.lmo(-y[i])
            except UnboundedError:
                values[i] = math.inf
        return values[()]

    @property
    def diameter(self) -> float:
        """An upper bound on the Euclidean diameter: the diagonal of the bounding box, from 2d linear programs.

        The diameter itself is the maximum of a convex function, which is hard; a regret bound is content with this.
        """
        axes = np.eye(self.dim)
        return float(np.linalg.norm(self.support(axes) + self.support(-axes)))
