"""Linear algebra of the problems: products with dense or CSR data for points with leading axes, spectra, parabolas."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from optlab.core.constants import Constant, exact, upper
from optlab.core.xp import is_sparse, namespace

__all__ = ["adjoint", "apply", "dense", "largest_eigenvalue", "parabola_minimum", "weighted_gram"]

#: Up to this many rows or columns a sparse matrix is made dense to compute its spectrum.
_DENSE_LIMIT = 2000


def apply(matrix: Any, x: Any) -> Any:
    """Return A x for x of shape (..., d), as (..., n)."""
    if is_sparse(matrix):
        return matrix @ x if x.ndim == 1 else (matrix @ x.reshape(-1, x.shape[-1]).T).T.reshape(*x.shape[:-1], -1)
    return x @ matrix.T


def adjoint(matrix: Any, y: Any) -> Any:
    """Return A^T y for y of shape (..., n), as (..., d)."""
    if is_sparse(matrix):
        return apply(matrix.T, y)
    return y @ matrix


def dense(matrix: Any) -> Any:
    """Return the matrix as a dense array in double precision of its own library."""
    if is_sparse(matrix):
        return matrix.toarray().astype(np.float64)
    xp = namespace(matrix)
    return xp.astype(matrix, xp.float64, copy=False)


def weighted_gram(matrix: Any, weights: Any) -> Any:
    """Return A^T diag(weights) A as a dense array."""
    if is_sparse(matrix):
        return (matrix.T @ sp.diags_array(weights) @ matrix).toarray()
    return matrix.T @ (weights[:, None] * matrix)


def largest_eigenvalue(matrix: Any) -> Constant:
    r"""Return :math:`\lambda_{\max}(A^T A)`, exactly when that is affordable, else a certified upper bound.

    Lanczos would give a *lower* bound on the largest eigenvalue, and with it a step size that no theorem covers.
    """
    if is_sparse(matrix) and min(matrix.shape) > _DENSE_LIMIT:
        size = abs(matrix)
        product = float(size.sum(axis=0).max()) * float(size.sum(axis=1).max())
        return upper(min(product, float((size.multiply(size)).sum())), "min(||A||_1 ||A||_inf, ||A||_F^2)")
    array = dense(matrix)
    xp = namespace(array)
    gram = array.T @ array if array.shape[0] >= array.shape[1] else array @ array.T
    return exact(max(float(xp.linalg.eigvalsh(gram)[-1]), 0.0), "largest eigenvalue of A^T A")


def parabola_minimum(gradient: Any, direction: Any, curved: Any) -> Any:
    """Return the minimiser of t -> F(x + t direction) for a quadratic F; 0 where F does not curve upwards."""
    xp = namespace(gradient)
    curvature = xp.sum(direction * curved, axis=-1)
    upwards = curvature > 0.0
    slope = xp.sum(gradient * direction, axis=-1)
    return xp.where(upwards, -slope, 0.0 * slope) / xp.where(upwards, curvature, xp.ones_like(curvature))
