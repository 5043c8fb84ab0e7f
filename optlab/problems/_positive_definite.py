"""Sparse symmetric matrices: positive definite by their factorisation, with a certified smallest eigenvalue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from optlab.core.constants import Constant, exact, lower

__all__ = ["positive_definite_solver", "smallest_eigenvalue"]

#: Up to this dimension the spectrum is computed.
_DENSE_LIMIT = 500
#: How much below the Lanczos value the smallest eigenvalue is claimed to lie above.
_SHARE = 1e-8


def positive_definite_solver(A: Any) -> Callable[[Any], Any] | None:
    """Return a solver of A x = b with one step of refinement; None unless A is positive definite.

    Elimination along the diagonal, without row exchanges, has the inertia of A in the signs of its pivots.
    """
    from scipy.sparse.linalg import splu

    A = sp.csc_array(A)
    try:
        lu = splu(A, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError:  # exactly singular
        return None
    level = A.shape[0] * float(np.finfo(np.float64).eps) * float(abs(A.diagonal()).max())
    if not (np.array_equal(lu.perm_r, lu.perm_c) and (lu.U.diagonal() > level).all()):
        return None

    def solve(b: Any) -> Any:
        x = lu.solve(b)
        return x + lu.solve(b - A @ x)

    return solve


def smallest_eigenvalue(A: Any, solve: Callable[[Any], Any]) -> Constant:
    """Return the smallest eigenvalue of a positive definite matrix, or a certified lower bound that is nearly it."""
    n = A.shape[0]
    if n <= _DENSE_LIMIT:
        return exact(float(np.linalg.eigvalsh(A.toarray())[0]), "smallest eigenvalue of A")
    from scipy.sparse.linalg import LinearOperator, eigsh

    inverse = LinearOperator((n, n), matvec=solve, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(n)  # the answer does not depend on it, its last digits do
    vector = eigsh(inverse, k=1, which="LA", v0=start)[1][:, 0]
    guess = (1 - _SHARE) * float(vector @ (A @ vector)) / float(vector @ vector)
    if positive_definite_solver(sp.csr_array(A - guess * sp.eye_array(n))) is not None:
        return lower(guess, f"Lanczos, less {_SHARE:g} of it; A - mu I has positive pivots")
    bound = 1 / float(np.abs(solve(np.ones(n))).max())  # ||A^{-1}||_2 <= ||A^{-1}||_inf for A^{-1} >= 0
    off = A - sp.diags_array(A.diagonal())
    if off.nnz and off.max() > 0:
        raise ValueError("no lower bound of the smallest eigenvalue of A could be certified")
    return lower(bound, "1 / max(A^{-1} 1), as A^{-1} has no negative entry")
