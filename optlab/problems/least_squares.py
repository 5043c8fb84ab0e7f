r"""Linear least squares, its optimum certified by the gradient at the computed solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.xp import as_data, is_sparse, namespace
from optlab.problems._blocks import SquaredBlocks, coordinate_constants
from optlab.problems._linear import adjoint, apply, dense, largest_eigenvalue, parabola_minimum

__all__ = ["EXAMPLES", "LeastSquares"]


class LeastSquares(SquaredBlocks, Problem):
    r"""Linear least squares.

    .. math:: F(x) = \tfrac12 \|A x - b\|_2^2

    Parameters
    ----------
    A : array or sparse array of shape (n, d)
        The data, of any array library, or SciPy sparse.
    b : array of shape (n,)
        The targets, of the same library.

    Raises
    ------
    TypeError, ValueError
        If the data are not real and finite, or the shapes do not fit.

    Notes
    -----
    The reference interval is certified by the gradient at the computed solution: with :math:`\sigma` the smallest
    non-zero singular value of A, :math:`0 \le F(x) - F^\star \le \|\nabla F(x)\|^2 / (2 \sigma^2)` (the gradient lies
    in the range of :math:`A^T`, where the Hessian is at least :math:`\sigma^2`).  `mu` is :math:`\sigma_{\min}^2`,
    given when A has full column rank; `mu_PL`, the square of the smallest non-zero one, always (the Polyak-Lojasiewicz
    constant).  `L_max`, `L_mean` and `L_min` describe the squared norms of the columns.  For a sparse A with more than
    2000 rows and columns no singular value is certified: the reference is then :math:`[0, F(x)]`.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.LeastSquares([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 3.0])
    >>> problem.constants.L, problem.constants.mu, problem.reference.hi
    (4.0, 1.0, 4.5)
    """

    batched = True

    def __init__(self, A: Any, b: Any) -> None:
        self.A = as_data(A, "A")
        self.b = as_data(b, "b", ndim=1)
        n, d = self.A.shape
        if n == 0 or d == 0:
            raise ValueError(f"A must not be empty, got shape {(n, d)}")
        if self.b.shape[0] != n:
            raise ValueError(f"b must have one entry for each of the {n} rows of A, got {self.b.shape[0]}")
        self.like = self.A[:1, :].toarray()[0] if is_sparse(self.A) else self.A[0, :]
        xp = namespace(self.like, self.b)
        self.b = xp.astype(self.b, self.like.dtype, copy=False)
        self.shape = (int(d),)
        constants: dict[str, Any] = {"L": largest_eigenvalue(self.A), **coordinate_constants(self)}
        if constants["L"].kind == "exact":
            self.reference, sigma, rank = _certified_least_squares(self, dense(self.A))
            if rank == d:
                constants["mu"] = exact(sigma**2, "smallest eigenvalue of A^T A")
            if rank > 0:
                constants["mu_PL"] = exact(sigma**2, "smallest non-zero eigenvalue of A^T A")
        else:
            from scipy.sparse.linalg import lsmr

            x = lsmr(self.A, self.b, atol=1e-14, btol=1e-14)[0].astype(self.dtype)
            self.reference = Reference(0.0, float(self.value(x)), x, certificate="squares are non-negative; F(x)")
        self.constants = Constants(**constants)

    def _residual(self, x: Any) -> Any:
        return apply(self.A, x) - self.b

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return 0.5 * namespace(x).sum(self._residual(x) ** 2, axis=-1)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return adjoint(self.A, self._residual(x))

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        return adjoint(self.A, apply(self.A, v))

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return parabola_minimum(self.gradient(x), direction, self.hessian_product(x, direction))


def _certified_least_squares(problem: LeastSquares, A: Any) -> tuple[Reference, float, int]:
    """Return the reference interval, the smallest non-zero singular value, and the rank."""
    xp = namespace(A)
    b = xp.astype(problem.b, xp.float64, copy=False)
    u, s, vt = xp.linalg.svd(A, full_matrices=False)
    rank = int(xp.sum(xp.astype(s > max(A.shape) * float(xp.finfo(s.dtype).eps) * s[0], xp.int64)))
    if rank == 0:
        value = 0.5 * float(xp.sum(b * b))
        return Reference.exact(value, xp.zeros(A.shape[1], dtype=problem.like.dtype), certificate="A = 0"), 0.0, 0
    x = vt.T[:, :rank] @ ((u.T[:rank, :] @ b) / s[:rank])
    residual = A @ x - b
    value, gradient = 0.5 * float(xp.sum(residual**2)), A.T @ residual
    sigma = float(s[rank - 1])
    slack = float(xp.sum(gradient**2)) / (2 * sigma**2)
    certificate = f"gradient bound at the solution from the SVD, width {min(slack, value):.1e}"
    x = xp.astype(x, problem.like.dtype, copy=False)
    return Reference(max(value - slack, 0.0), value, x, certificate=certificate), sigma, rank


def _small_least_squares(rank: int) -> LeastSquares:
    rng = np.random.default_rng(5)
    A = rng.standard_normal((12, rank)) @ rng.standard_normal((rank, 4))
    return LeastSquares(A, rng.standard_normal(12))


def _sparse_least_squares() -> LeastSquares:
    import scipy.sparse as sp

    A = sp.random_array((20, 5), density=0.4, rng=np.random.default_rng(2), format="csr")
    return LeastSquares(A, np.arange(20.0))


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "LeastSquares": lambda: _small_least_squares(rank=4),
    "LeastSquares(rank deficient)": lambda: _small_least_squares(rank=2),
    "LeastSquares(sparse)": _sparse_least_squares,
}
