r"""The Lasso with a planted, certified optimum, and a sibling whose penalty is not convex."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import integer, number
from optlab.core.xp import as_data, is_sparse, namespace
from optlab.problems._blocks import SquaredBlocks, coordinate_constants
from optlab.problems._linear import adjoint, apply, dense, largest_eigenvalue
from optlab.sets import L1Norm

__all__ = ["EXAMPLES", "Lasso", "PlantedLasso", "SparseSelection"]


class Lasso(SquaredBlocks, Problem):
    r"""The Lasso.

    .. math:: F(x) = \tfrac12 \|A x - b\|_2^2 + w \|x\|_1

    Parameters
    ----------
    A : array or sparse array of shape (n, d)
        The data, of any array library, or SciPy sparse.
    b : array of shape (n,)
        The targets, of the same library.
    weight : float
        The weight w of the l1 norm, > 0.

    Raises
    ------
    TypeError, ValueError
        If the data are not real and finite, the shapes do not fit, or the weight is not positive.

    Notes
    -----
    `measure` adds the `duality_gap` of the scaled residual :math:`\theta = r \min(1, w / \|A^T r\|_\infty)`, r = b - A
    x, which is dual feasible: :math:`F(x) - F^\star \le F(x) - \tfrac12 \|b\|^2 + \tfrac12 \|b - \theta\|^2`.  With
    :math:`\tfrac12 \|b\|^2` in the place of an unknown optimum, the reference is an interval only.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Lasso([[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5], weight=1.0)
    >>> result = ol.ProximalGradient().run(problem, stop=ol.stop.Below("duality_gap", 1e-12))
    >>> result.x
    array([2., 0.])
    """

    batched = True

    def __init__(self, A: Any, b: Any, weight: float) -> None:
        self.A = as_data(A, "A")
        self.b = as_data(b, "b", ndim=1)
        self.penalty = L1Norm(number("weight", weight, above=0))
        n, d = self.A.shape
        if n == 0 or d == 0:
            raise ValueError(f"A must not be empty, got shape {(n, d)}")
        if self.b.shape[0] != n:
            raise ValueError(f"b must have one entry for each of the {n} rows of A, got {self.b.shape[0]}")
        self.like = self.A[:1, :].toarray()[0] if is_sparse(self.A) else self.A[0, :]
        xp = namespace(self.like, self.b)
        self.b = xp.astype(self.b, self.like.dtype, copy=False)
        self.shape = (int(d),)
        self.constants = Constants(L=largest_eigenvalue(self.A), **coordinate_constants(self))
        value = 0.5 * float(xp.sum(self.b**2))
        self.reference = Reference(0.0, value, certificate="F >= 0, and F(0) = ||b||^2 / 2")

    def _residual(self, x: Any) -> Any:
        return apply(self.A, x) - self.b

    def smooth_value(self, x: Any) -> Any:
        """Return f(x), the differentiable part of F."""
        return 0.5 * namespace(x).sum(self._residual(x) ** 2, axis=-1)

    def smooth_gradient(self, x: Any) -> Any:
        """Return the gradient of the differentiable part at x."""
        return adjoint(self.A, self._residual(x))

    def prox(self, x: Any, step: Any) -> Any:
        """Return the proximal map of the penalty."""
        return self.penalty.prox(x, step)

    def kink_slopes(self) -> tuple[Any, Any]:
        """Return the slopes of the penalty on both sides of zero."""
        right = self.penalty.weight * namespace(self.like).ones_like(self.like)
        return -right, right

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self.smooth_value(x) + self.penalty.value(x)

    def subgradient(self, x: Any) -> Any:
        """Return a subgradient of F at x."""
        return self.smooth_gradient(x) + self.penalty.weight * namespace(x).sign(x)

    def duality_gap(self, x: Any) -> Any:
        """Return a certified upper bound of F(x) - F*, zero exactly at a minimiser."""
        xp = namespace(x)
        residual = self._residual(x)
        shrink = xp.maximum(self.penalty.dual_norm(adjoint(self.A, residual)), 1.0)
        theta = -residual / shrink[..., None]
        # ||b||^2 - ||b - theta||^2 = <theta, 2 b - theta>: no cancellation of large squares.
        return self.value(x) - 0.5 * xp.sum(theta * (2 * self.b - theta), axis=-1)

    def measure(self, x: Any) -> dict[str, Any]:
        """Return value, gap, distance to the reference point when there is one, and the duality gap."""
        return super().measure(x) | {"duality_gap": self.duality_gap(x)}


class PlantedLasso(Lasso):
    r"""A Lasso whose optimum is known exactly, because the data are built around it.

    A residual r is drawn first.  The `nnz` columns of A most correlated with it are scaled to
    :math:`a_j^T r = w \operatorname{sign}(x^\star_j)`, the others to :math:`|a_j^T r| \le (1 - \text{slack}) w`; then
    :math:`b = A x^\star + r`.  The optimality condition :math:`A^T (b - A x^\star) \in w \, \partial \|x^\star\|_1`
    holds by construction, strictly outside the support.

    Parameters
    ----------
    n, d : int
        Number of rows and columns, >= 1.
    nnz : int
        Number of non-zero entries of the solution, ``0 <= nnz <= min(n, d)``.
    weight : float, default 1
        Weight of the l1 norm, > 0.
    slack : float, default 0.1
        How far the inactive constraints of the dual are from being active, ``0 < slack < 1``.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the data.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    References
    ----------
    Y. Nesterov, Gradient methods for minimizing composite functions, Mathematical Programming 140 (2013), section 6,
    for the idea of planting the solution this way.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.PlantedLasso(n=20, d=50, nnz=5, rng=0)
    >>> bool(abs(problem.duality_gap(problem.reference.x)) < 1e-12 * problem.reference.hi)
    True
    """

    def __init__(
        self, n: int, d: int, nnz: int, *, weight: float = 1.0, slack: float = 0.1, rng: RNGLike = None
    ) -> None:
        n, d = integer("n", n, at_least=1), integer("d", d, at_least=1)
        nnz = integer("nnz", nnz, at_least=0, at_most=min(n, d))
        weight = number("weight", weight, above=0)
        slack = number("slack", slack, above=0, below=1)
        draw = streams(rng).data
        A = draw.standard_normal((n, d)) / math.sqrt(n)
        residual = draw.standard_normal(n)
        correlation = A.T @ residual
        order = np.argsort(-np.abs(correlation), kind="stable")
        support, rest = order[:nnz], order[nnz:]
        # The residual is scaled so that the columns of the support change as little as possible.
        residual *= weight / (np.median(np.abs(correlation[support])) if nnz else np.abs(correlation).max())
        correlation = A.T @ residual
        A[:, support] *= weight / np.abs(correlation[support])
        A[:, rest] *= np.minimum(1.0, (1 - slack) * weight / np.abs(correlation[rest]))
        x_star = np.zeros(d)
        x_star[support] = np.sign(correlation[support]) * (0.5 + draw.random(nnz))
        super().__init__(A, A @ x_star + residual, weight)
        f_star = 0.5 * float(residual @ residual) + weight * float(np.abs(x_star).sum())
        certificate = "optimality conditions, by construction of b"
        self.reference = Reference.exact(f_star, x_star, certificate=certificate)
        gram = np.linalg.eigvalsh(dense(self.A).T @ self.A) if n >= d else np.zeros(1)
        self.constants = self.constants.replace(
            mu=exact(max(float(gram[0]), 0.0), "smallest eigenvalue of A^T A"),
            D=exact(float(np.linalg.norm(x_star)), "||x_star||, start at the origin"),
        )


class SparseSelection(Problem):
    r"""Separable regression with a penalty on the number of non-zeros: proximable, certified, not convex.

    .. math:: F(x) = \sum_i \tfrac{s_i}2 (x_i - c_i)^2 + w \, |\{i : x_i \ne 0\}|

    Coordinates do not interact, so the optimum is known: :math:`x_i = c_i` where :math:`s_i c_i^2 / 2 > w`, else 0.
    The proximal map is hard thresholding.  From the origin the proximal gradient method with step 1/L never leaves a
    coordinate with :math:`s_i^2 c_i^2 / L \le 2 w`, however much there is to gain: guarantees for convex penalties
    fail.

    Parameters
    ----------
    spectrum : array_like of shape (d,)
        Curvatures s, > 0.
    center : array_like of shape (d,)
        Centres c.
    weight : float, default 1
        Price w of a non-zero coordinate, > 0.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not real and finite or do not fit, or a curvature or the weight is not positive.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.SparseSelection([1.0, 100.0], [3.0, 3.0])
    >>> ol.ProximalGradient().run(problem, max_iter=50).x, problem.reference.x
    (array([0., 3.]), array([3., 3.]))
    """

    batched = True
    violates = "convexity of the penalty"

    def __init__(self, spectrum: Any, center: Any, weight: float = 1.0) -> None:
        self.spectrum, self.center = (as_data(spectrum, "spectrum", ndim=1), as_data(center, "center", ndim=1))
        xp = namespace(self.spectrum, self.center)
        if self.spectrum.shape != self.center.shape or self.spectrum.shape[0] == 0:
            lengths = f"{self.spectrum.shape[0]} and {self.center.shape[0]}"
            raise ValueError(f"spectrum and center must be equally long and not empty, got lengths {lengths}")
        if not bool(xp.all(self.spectrum > 0.0)):
            raise ValueError("spectrum must be > 0 everywhere")
        self.weight = number("weight", weight, above=0)
        self.like = self.spectrum
        self.shape = tuple(self.spectrum.shape)
        worth = 0.5 * self.spectrum * self.center**2
        x_star = xp.where(worth > self.weight, self.center, xp.zeros_like(self.center))
        f_star = float(xp.sum(xp.minimum(worth, self.weight * xp.ones_like(worth))))
        self.reference = Reference.exact(f_star, x_star, certificate="minimised coordinate by coordinate")
        self.constants = Constants(
            L=exact(float(xp.max(self.spectrum)), "largest curvature"),
            mu=exact(float(xp.min(self.spectrum)), "smallest curvature of the smooth part"),
        )

    def smooth_value(self, x: Any) -> Any:
        """Return f(x), the differentiable part of F."""
        return 0.5 * namespace(x).sum(self.spectrum * (x - self.center) ** 2, axis=-1)

    def smooth_gradient(self, x: Any) -> Any:
        """Return the gradient of the differentiable part at x."""
        return self.spectrum * (x - self.center)

    def prox(self, x: Any, step: Any) -> Any:
        """Return the proximal map of the penalty."""
        xp = namespace(x)
        return xp.where(x * x > 2 * step * self.weight, x, xp.zeros_like(x))

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        xp = namespace(x)
        return self.smooth_value(x) + self.weight * xp.sum(xp.astype(x != 0.0, x.dtype), axis=-1)


def _sparse_lasso() -> Lasso:
    import scipy.sparse as sp

    A = sp.random_array((15, 8), density=0.4, rng=np.random.default_rng(3), format="csr")
    return Lasso(A, np.linspace(-1.0, 1.0, 15), weight=0.1)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "Lasso(sparse)": _sparse_lasso,
    "PlantedLasso": lambda: PlantedLasso(n=15, d=30, nnz=4, rng=1),
    "PlantedLasso(tall)": lambda: PlantedLasso(n=30, d=10, nnz=4, rng=1),
    "SparseSelection": lambda: SparseSelection([1.0, 4.0, 100.0], [3.0, 0.5, 3.0]),
}
