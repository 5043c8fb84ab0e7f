r"""The quadratic model on a working set: :math:`\min \frac12 w^\top Q w - c^\top w + \lambda\|w\|_1`, perhaps w >= 0.

Sweeps over the coordinates find the manifold (the signs of the solution), a two-metric projection step solves the
problem on it at once, and where that step is blocked by too many sign changes, one step of the proximal point method
gets through: its regularised subproblem is solved by a semismooth Newton method on the dual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import lapack

__all__ = [
    "Block",
    "ColumnBlock",
    "GramBlock",
    "Penalty",
    "below",
    "cholesky_solve",
    "conjugate_gradients",
    "jacobi",
    "minimise_block",
]

_SWEEPS = 10  # at most, before a Newton step is tried
_ROUNDING = 1e-14  # relative accuracy of the gradient of a model
_DENSE_SUPPORT = 300  # up to here a Cholesky factor of the support's Gram matrix is cheaper than conjugate gradients

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Penalty:
    r""":math:`\lambda_1 \|w\|_1 + \lambda_2 \|w\|^2/2`, and w >= 0 if `positive`."""

    l1: float
    l2: float
    positive: bool = False

    @property
    def smooth(self) -> bool:
        """Whether there is no manifold to identify."""
        return self.l1 == 0 and not self.positive

    def value(self, w: Array) -> float:
        return self.l1 * float(np.abs(w).sum()) + 0.5 * self.l2 * float(w @ w)

    def _sizes(self, z: Array) -> Array:
        return z if self.positive else np.abs(z)

    def dual_norm(self, z: Array) -> float:
        """Least l1 weight for which correlations z leave w at zero."""
        return float(self._sizes(z).max(initial=0.0))

    def conjugate(self, z: Array) -> float:
        """Convex conjugate, for l2 > 0."""
        excess = np.maximum(self._sizes(z) - self.l1, 0.0)
        return 0.5 * float(excess @ excess) / self.l2

    def scores(self, z: Array, w: Array) -> Array:
        """GS-s scores, the distance of zero from the subdifferential along each coordinate."""
        score = np.maximum(self._sizes(z) - self.l1, 0.0)
        S = np.flatnonzero(w)
        score[S] = np.abs(z[S] - self.l2 * w[S] - self.l1 * np.sign(w[S]))
        return score


class GramBlock:
    """A small dense model: Q is formed, and the gradient g = Q w - c is maintained."""

    def __init__(self, Q: Array, c: Array, w: Array, penalty: Penalty) -> None:
        if penalty.l2 > 0:
            Q[np.diag_indices_from(Q)] += penalty.l2
        self.Q, self.l1, self.positive = Q, penalty.l1, penalty.positive
        self.diagonal = np.diagonal(Q)
        self.w, self.g = w, self.multiply(w) - c

    def move(self, w: Array, change: Array) -> None:
        """Go to w; `change` is what that adds to the gradient."""
        self.w, self.g = w, self.g + change

    def gradient(self) -> Array:
        return self.g

    def multiply(self, v: Array) -> Array:
        chosen = np.flatnonzero(v)
        return v[chosen] @ self.Q[chosen] if 3 * len(chosen) < len(v) else self.Q @ v

    def solve(self, J: Array, ridge: float, rhs: Array, tol: float) -> Array | None:
        return cholesky_solve(self.Q[J[:, None], J], ridge, rhs)

    def sweep(self, sweeps: int, tol: float) -> float:
        from optlab.kernels.block_coordinate_descent_lasso import sweep_gram

        return float(sweep_gram(self.Q, self.g, self.w, self.l1, self.positive, sweeps, tol)[1])


class ColumnBlock:
    """A large or sparse model: Q = A'A + l2 with the columns a_j - means[j] v, and the residual is maintained."""

    def __init__(self, A: Any, means: Array, v: Array, residual: Array, w: Array, penalty: Penalty) -> None:
        self.A, self.means, self.v, self.mass = A, means, v, float(v @ v)
        self.l1, self.l2, self.positive = penalty.l1, penalty.l2, penalty.positive
        self.sparse = not isinstance(A, np.ndarray)
        squares = A.power(2).sum(axis=0) if self.sparse else np.einsum("ij,ij->j", A, A)
        self.norms = np.maximum(np.asarray(squares).ravel() - self.mass * means**2, 0.0)
        self.diagonal = self.norms + self.l2
        self.w, self.r, self.shift = w, residual, 0.0
        self._g: Array | None = None

    def _forth(self, w: Array) -> Array:
        return np.asarray(self.A @ w) - self.v * (self.means @ w)

    def _back(self, u: Array) -> Array:
        return np.asarray(self.A.T @ u) - self.means * (self.v @ u)

    def move(self, w: Array, change: Array) -> None:
        """Go to w; the residual is what decides."""
        self.r = self.r + self._forth(self.w - w)
        self.w, self._g = w, None

    def gradient(self) -> Array:
        if self._g is None:
            self._g = self.l2 * self.w - self._back(self.r + self.shift * self.v)
        return self._g

    def multiply(self, v: Array) -> Array:
        return self._back(self._forth(v)) + self.l2 * v

    def solve(self, J: Array, ridge: float, rhs: Array, tol: float) -> Array | None:
        part, means = self.A[:, J], self.means[J]
        if len(J) <= _DENSE_SUPPORT:
            gram = part.T @ part
            H = (gram.toarray() if self.sparse else gram) - self.mass * np.outer(means, means)
            return cholesky_solve(H, ridge + self.l2, rhs)
        back = part.T.tocsr() if self.sparse else part.T

        def product(x: Array) -> Array:
            u = part @ x - self.v * (means @ x)
            return np.asarray(back @ u - means * (self.v @ u) + (ridge + self.l2) * x)

        return conjugate_gradients(product, jacobi(self.diagonal[J] + ridge), rhs, below(tol))

    def sweep(self, sweeps: int, tol: float) -> float:
        from optlab.kernels import block_coordinate_descent_lasso as kernels

        self._g = None
        how = (self.w, self.l1, self.l2, self.positive, sweeps, tol)
        if not self.sparse:  # dense columns come centred
            return float(kernels.sweep_columns(self.A.T, self.norms, self.r, *how)[1])
        A = self.A
        _, worst, self.shift = kernels.sweep_csc(
            A.data, A.indices, A.indptr, self.means, self.mass, self.norms, self.r, self.shift, *how
        )
        return float(worst)


Block = GramBlock | ColumnBlock


def minimise_block(block: Block, tol: float, step: float, max_iter: int = 30) -> float:
    """Minimise until no coordinate violates its optimality condition by more than `tol`; w is left in the block.

    `step` is the proximal point method's step size; returned is the one to go on with.
    """
    tol = max(tol, _ROUNDING * float(np.abs(block.gradient()).max() + (block.diagonal * np.abs(block.w)).max()))
    for _ in range(max_iter):
        if block.sweep(_SWEEPS, tol) <= tol:
            break
        if not _two_metric_projection(block, tol):
            step *= 2.0 if _proximal_point(block, tol, step) else 0.1
    return step


def _two_metric_projection(block: Block, tol: float) -> bool:
    """Newton step on the support, coordinates whose sign would flip clipped to zero; False when it gains nothing."""
    S = np.flatnonzero(block.w)
    w, g, sign = block.w[S], block.gradient()[S], np.sign(block.w[S])
    slope = g + block.l1 * sign
    p = block.solve(S, 0.0, -slope, 0.1 * tol)
    if p is None:
        return False
    size = 1.0
    for _ in range(3):
        d = np.where((w + size * p) * sign < 0, -w, size * p)
        full = np.zeros(len(block.w))
        full[S] = d
        Qd = block.multiply(full)
        if slope @ d + 0.5 * (d @ Qd[S]) <= 1e-10 * size * (slope @ p):
            new = block.w + full
            new[S[d == -w]] = 0.0
            block.move(new, Qd)
            return True
        size *= 0.5
    return False


def _proximal_point(block: Block, tol: float, step: float) -> bool:
    r"""Replace w by the minimiser of the model plus :math:`\|\cdot - w\|^2 / (2 step)`, nearly; False if that fails.

    With u = y - A v as the dual variable, the dual is :math:`\frac12 v^\top Q v + \frac{step}{2}\|p(v)\|^2` with
    :math:`p = S_\lambda(w/step + c - Q v)`: smooth, and its generalised Hessian needs the coordinates with p != 0 only.
    """
    l1, scaled = block.l1, block.w / step
    v, z = block.w, -block.gradient()
    Qv = Qw_before = block.multiply(v)
    c = Qv + z
    value = 0.5 * (v @ (Qv - 2.0 * c)) + l1 * np.abs(v).sum()

    def prox(z: Array) -> Array:
        x = scaled + z
        p = np.maximum(x - l1, 0.0)
        return p if block.positive else p + np.minimum(x + l1, 0.0)

    p = prox(z)
    for k in range(30):
        h = step * p - v
        Qh = block.multiply(h)
        gain = h @ Qh
        f = 0.5 * (v @ Qv) + 0.5 * step * (p @ p)
        if k and gain <= 0.01 * step * np.sum((p - scaled) ** 2) + 1e-26 * abs(f):
            break
        J = np.flatnonzero(p)
        e = h.copy()
        t = block.solve(J, 1.0 / step, Qh[J], max(0.1 * tol, 0.01 * float(np.abs(Qh[J]).max(initial=0.0))))
        if t is not None:
            e[J] -= t
        Qe = block.multiply(e)
        cross, square, slope = e @ Qv, e @ Qe, -(h @ Qe)
        size = 1.0
        while size > 1e-6:
            trial = prox(z - size * Qe)
            change = size * cross + 0.5 * size**2 * square + 0.5 * step * (trial @ trial - p @ p)
            if change <= 1e-4 * size * slope + 1e-13 * abs(f):
                break
            size *= 0.5
        v, Qv, z = v + size * e, Qv + size * Qe, z - size * Qe
        p = prox(z)
    w = step * p
    Qw = block.multiply(w)
    if not 0.5 * (w @ (Qw - 2.0 * c)) + l1 * np.abs(w).sum() <= value:
        return False  # rounding: the step is too long for the condition of Q
    block.move(w, Qw - Qw_before)
    return True


def cholesky_solve(H: Array, ridge: float, rhs: Array) -> Array | None:
    """Solve (H + ridge) x = rhs, H overwritten; None when that matrix is not positive definite."""
    if ridge > 0:
        H[np.diag_indices_from(H)] += ridge
    factor, failed = lapack.dpotrf(H.T, lower=1, clean=0, overwrite_a=1)
    return None if failed else lapack.dpotrs(factor, rhs, lower=1)[0]


def conjugate_gradients(product: Any, precondition: Any, rhs: Array, done: Any, max_iter: int = 1000) -> Array:
    """Solve H x = rhs until the residual is `done`."""
    x, r = np.zeros_like(rhs), rhs.copy()
    s = precondition(r)
    p, rho = s, r @ s
    for _ in range(max_iter):
        if done(r):
            break
        Hp = product(p)
        curvature = p @ Hp
        if curvature <= 0.0:  # rounding: nothing more to gain
            break
        size = rho / curvature
        x += size * p
        r -= size * Hp
        s = precondition(r)
        rho, before = r @ s, rho
        p = s + (rho / before) * p
    return x


def jacobi(diagonal: Array) -> Any:
    """The preconditioner that divides by the diagonal."""
    inverse = 1.0 / diagonal
    return lambda r: inverse * r


def below(tol: float) -> Any:
    """Whether no residual exceeds `tol`."""
    return lambda r: np.abs(r).max(initial=0.0) <= tol
