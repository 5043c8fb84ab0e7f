"""Symmetric systems of the size of a block: factored once, solved often, singular ones by the pseudo-inverse."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from optlab.core.xp import namespace

__all__ = ["Factor", "factor", "solve", "spectral_cut"]

#: Eigenvalues below this many units of rounding of the largest one, times the size, count as zero.
_UNITS = 10.0


class Factor(NamedTuple):
    """A symmetric matrix ready for solving: by its Cholesky factor, or by its spectrum where it has none.

    Attributes
    ----------
    lower : array or None
        The Cholesky factor.
    values, vectors : array or None
        All eigenvalues in ascending order, of either sign, and the eigenvectors.
    """

    lower: Any = None
    values: Any = None
    vectors: Any = None


def factor(matrix: Any) -> Factor:
    """Return the factor of a symmetric matrix.

    The standard has no triangular solve; Cholesky is for NumPy, other libraries always get the spectrum.
    """
    if matrix.shape[0] == 1:
        xp = namespace(matrix)
        return Factor(values=matrix[0, :], vectors=xp.ones_like(matrix))
    if isinstance(matrix, np.ndarray):
        lower = _cholesky(matrix)
        if lower is not None:
            return Factor(lower=lower)
    xp = namespace(matrix)
    if not bool(xp.all(xp.isfinite(matrix))):  # the step becomes NaN, and the driver ends the run honestly
        return Factor(values=xp.full_like(matrix[0, :], xp.nan), vectors=xp.full_like(matrix, xp.nan))
    values, vectors = xp.linalg.eigh(matrix)
    return Factor(values=values, vectors=vectors)


def _cholesky(matrix: np.ndarray[Any, Any]) -> Any:
    """Return the Cholesky factor, or None when the matrix is not safely positive definite."""
    from scipy.linalg import LinAlgError, cho_factor

    try:
        lower, _ = cho_factor(matrix, lower=True, check_finite=False)
    except LinAlgError:
        return None
    pivots = np.diagonal(lower) ** 2
    return lower if pivots.min() > np.sqrt(np.finfo(matrix.dtype).eps) * np.diagonal(matrix).max() else None


def spectral_cut(values: Any) -> Any:
    """Return the size below which an eigenvalue cannot be told from zero, shape (..., 1), for values (..., n)."""
    xp = namespace(values)
    eps = float(xp.finfo(values.dtype).eps)
    return _UNITS * values.shape[-1] * eps * xp.max(xp.abs(values), axis=-1, keepdims=True)


def solve(factored: Factor, right: Any) -> Any:
    """Return the solution of least norm; what lies outside the range of the matrix is dropped.

    Of a matrix that is not positive semi-definite only the positive part is inverted.
    """
    if factored.lower is not None:
        from scipy.linalg import cho_solve

        return cho_solve((factored.lower, True), right, check_finite=False)
    xp = namespace(right)
    kept = factored.values > spectral_cut(factored.values)
    safe = xp.where(kept, factored.values, xp.ones_like(factored.values))
    along = factored.vectors.T @ right / safe
    return factored.vectors @ xp.where(kept, along, xp.zeros_like(along))
