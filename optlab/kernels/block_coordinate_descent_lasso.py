r"""Coordinate sweeps for :math:`\min_w \frac12 w^\top Q w - c^\top w + \lambda \|w\|_1`: Gram matrix, columns, CSC.

Each kernel minimises exactly over one coordinate after another, in the order given, and returns the number of sweeps
made together with the largest violation of the optimality conditions that the last sweep met.  It stops early when that
is at most `tol`, or when a sweep after the first has left every sign as it was: the manifold has settled, and a Newton
step on it is worth more than further sweeps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.kernels.registry import jit, register

__all__ = ["sweep_columns", "sweep_csc", "sweep_gram"]


def _minimiser(w: float, g: float, q: float, l1: float, positive: bool) -> tuple[float, float]:
    """Best value of a coordinate with gradient g and curvature q > 0, and how far from optimal w was."""
    u = q * w - g
    if u > l1:
        new = (u - l1) / q
    elif u < -l1 and not positive:
        new = (u + l1) / q
    else:
        new = 0.0
    if w > 0.0:
        off = abs(g + l1)
    elif w < 0.0:
        off = abs(g - l1)
    else:
        off = abs(g) - l1
    if new == 0.0:  # the distance left to zero may be all that is wrong
        off = min(off, abs(w) * q)
    return new, off


minimiser = jit(_minimiser)


def _sweep_gram(Q: Any, g: Any, w: Any, l1: float, positive: bool, sweeps: int, tol: float) -> tuple[int, float]:
    """Sweep with the gradient g = Q w - c at hand; `g` and `w` are written.  O(k) for each coordinate that moves."""
    worst = 0.0
    for made in range(sweeps):
        worst, moved = 0.0, False
        for j in range(len(w)):
            old = w[j]
            if Q[j, j] <= 0.0 or (old == 0.0 and g[j] >= -l1 and (positive or g[j] <= l1)):
                continue
            new, off = minimiser(old, g[j], Q[j, j], l1, positive)
            if new == old:
                continue
            worst = max(worst, off)
            moved = moved or (old > 0.0) != (new > 0.0) or (old < 0.0) != (new < 0.0)
            w[j] = new
            step = new - old
            for i in range(len(w)):
                g[i] += step * Q[j, i]
        if worst <= tol or (made > 0 and not moved):
            return made + 1, worst
    return sweeps, worst


def _sweep_columns(
    A: Any, norms: Any, r: Any, w: Any, l1: float, l2: float, positive: bool, sweeps: int, tol: float
) -> tuple[int, float]:
    """Sweep with Q = A'A + l2 and the residual r at hand, over the rows of A' (here `A`); `r` and `w` are written."""
    worst = 0.0
    for made in range(sweeps):
        worst, moved = 0.0, False
        for j in range(len(w)):
            q = norms[j] + l2
            if q <= 0.0:
                continue
            old = w[j]
            new, off = minimiser(old, l2 * old - np.dot(A[j], r), q, l1, positive)
            if new == old:
                continue
            worst = max(worst, off)
            moved = moved or (old > 0.0) != (new > 0.0) or (old < 0.0) != (new < 0.0)
            w[j] = new
            step = new - old
            for i in range(len(r)):
                r[i] -= step * A[j, i]
        if worst <= tol or (made > 0 and not moved):
            return made + 1, worst
    return sweeps, worst


def _sweep_csc(
    data: Any,
    indices: Any,
    indptr: Any,
    means: Any,
    mass: float,
    norms: Any,
    r: Any,
    shift: float,
    w: Any,
    l1: float,
    l2: float,
    positive: bool,
    sweeps: int,
    tol: float,
) -> tuple[int, float, float]:
    """Do the same for CSC columns centred by a vector v: a_j - means[j] v, with a_j'v = mass means[j], mass = |v|^2.

    The residual is r + shift v; the last value returned is its new shift, so that a step costs what the column holds.
    """
    worst = 0.0
    for made in range(sweeps):
        worst, moved = 0.0, False
        for j in range(len(w)):
            q = norms[j] + l2
            if q <= 0.0:
                continue
            old = w[j]
            g = l2 * old - shift * mass * means[j]
            for i in range(indptr[j], indptr[j + 1]):
                g -= data[i] * r[indices[i]]
            new, off = minimiser(old, g, q, l1, positive)
            if new == old:
                continue
            worst = max(worst, off)
            moved = moved or (old > 0.0) != (new > 0.0) or (old < 0.0) != (new < 0.0)
            w[j] = new
            step = new - old
            for i in range(indptr[j], indptr[j + 1]):
                r[indices[i]] -= step * data[i]
            shift += step * means[j]
        if worst <= tol or (made > 0 and not moved):
            return made + 1, worst, shift
    return sweeps, worst, shift


sweep_gram = jit(_sweep_gram)
sweep_columns = jit(_sweep_columns)
sweep_csc = jit(_sweep_csc)

_COLUMNS = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, -1.0]])  # one column of a design in each row
_TARGET = np.array([3.0, -2.0, 1.0])


def _sample_gram() -> tuple[Any, ...]:
    return _COLUMNS @ _COLUMNS.T, -_COLUMNS @ _TARGET, np.zeros(3), 0.5, False, 20, 1e-10


def _sample_columns() -> tuple[Any, ...]:
    return _COLUMNS, (_COLUMNS**2).sum(axis=1), _TARGET.copy(), np.zeros(3), 0.5, 0.1, False, 20, 1e-10


def _sample_csc() -> tuple[Any, ...]:
    from scipy.sparse import csr_array

    rows = csr_array(_COLUMNS)
    norms, zeros = (_COLUMNS**2).sum(axis=1), np.zeros(3)
    raw = (rows.data, rows.indices.astype(np.int32), rows.indptr.astype(np.int32))
    return *raw, np.zeros(3), 3.0, norms, _TARGET.copy(), 0.0, zeros, 0.5, 0.1, False, 20, 1e-10


register("lasso_minimiser", minimiser, _minimiser, lambda: (0.5, -2.0, 1.0, 1.0, False))
register("lasso_sweep_gram", sweep_gram, _sweep_gram, _sample_gram)
register("lasso_sweep_columns", sweep_columns, _sweep_columns, _sample_columns)
register("lasso_sweep_csc", sweep_csc, _sweep_csc, _sample_csc)
