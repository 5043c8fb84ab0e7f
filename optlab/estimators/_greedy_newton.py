r"""Logistic loss plus :math:`\lambda\|w\|^2/2`: Newton's method by truncated conjugate gradients, with a certificate.

There is no support to identify here, so the work is in products with X.  Those of the Hessian steer the steps only:
they may be inexact, and are done in single precision.  Gradients, and the certificate, are in double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import lapack

from optlab.estimators._greedy_block import Penalty, cholesky_solve, conjugate_gradients
from optlab.estimators._greedy_certificate import Solution, duality_gap, gap_goal, null_value
from optlab.estimators._greedy_design import Design
from optlab.estimators._greedy_loss import LogisticLoss

__all__ = ["newton_cg"]

_PATIENCE = 20  # iterations without a smaller gradient before rounding is taken to be the limit
_FORCING = 0.1  # residual of a Newton step, relative to the gradient, at most
_GRAM_COLUMNS = 3000  # no larger Gram matrices
_GRAM_COST = 0.125  # products with the Hessian, for each column, in whose time a dense Gram matrix is formed
_SPARSE_GRAM_COST = 2.0  # the same for each entry of a row
_SMALL = 100  # so few columns are best solved by their Gram matrix in any case

Array = np.ndarray[Any, Any]


class Hessian:
    r""":math:`X^\top H X + \lambda`, the intercept eliminated, and Newton steps with it."""

    def __init__(self, design: Design, l2: float) -> None:
        self.design, self.l2 = design, l2
        self.norms, exact = design.norms()
        d = design.shape[1]
        self.X = design.X if exact or d <= _SMALL else design.single()
        self.back = self.X.T
        self.products = 0
        self.factor: Any = None
        self.cost = _GRAM_COST * d
        if design.sparse and d <= _GRAM_COLUMNS:
            rows = np.bincount(design.X.indices, minlength=design.shape[0]).astype(float)
            self.cost += _SPARSE_GRAM_COST * float(rows @ rows) / max(float(rows.sum()), 1.0)

    def in_double(self) -> None:
        """Go on in double precision."""
        self.X, self.back = self.design.X, self.design.X.T

    def step(self, h: Array, g: Array, tol: float) -> Array:
        """Solve for minus the gradient g, up to a residual of norm `tol`.

        The preconditioner is the diagonal until a step takes more products than it costs to factorise the Hessian;
        then a factor is used until that happens again.
        """
        if self.design.shape[1] <= _SMALL:
            newton = cholesky_solve(self.design.weighted_gram(h, self.X), self.l2, g)
            if newton is not None:
                return newton
        dtype, top = self.X.dtype, float(h.max())
        weights = (h / top).astype(dtype)
        mass = float(weights.sum())
        if self.cost <= self.products and self.design.shape[1] <= _GRAM_COLUMNS:
            self.factor = self._factorise(h)
        self.products = 0

        def product(p: Array) -> Array:
            self.products += 1
            size = float(np.abs(p).max()) or 1.0  # nothing overflows in single precision
            t = weights * (self.X @ (p / size).astype(dtype))
            if self.design.intercept:
                t -= weights * dtype.type(float(t.sum()) / mass)
            return np.asarray((size * top) * (self.back @ t) + self.l2 * p)

        inverse = 1.0 / (self.norms * h.mean() + self.l2)
        factor = self.factor

        def precondition(r: Array) -> Array:
            if factor is None:
                return np.asarray(inverse * r)
            solve = lapack.dpotrs if factor.dtype == np.float64 else lapack.spotrs
            size = float(np.abs(r).max()) or 1.0
            return np.asarray(solve(factor, r / size, lower=1)[0] * size, dtype=float)

        return conjugate_gradients(product, precondition, g, lambda r: float(r @ r) <= tol**2)

    def _factorise(self, h: Array) -> Any:
        """Cholesky factor, None if rounding is in the way."""
        gram = self.design.weighted_gram(h, self.X)
        gram[np.diag_indices_from(gram)] += self.l2
        factorise = lapack.dpotrf if gram.dtype == np.float64 else lapack.spotrf
        factor, failed = factorise(gram.T, lower=1, clean=0, overwrite_a=1)
        return None if failed else factor


def newton_cg(
    design: Design, loss: LogisticLoss, penalty: Penalty, *, tol: float, max_iter: int, w: Array | None = None
) -> Solution:
    r"""Minimise to a duality gap of `tol` times the value at w = 0, from `w` on.

    For this penalty the gap, at the dual point that belongs to w and with the best intercept, is the squared norm of
    the gradient over :math:`2\lambda` (Fenchel-Young with equality in the loss).  So the gradient says when to stop,
    and how accurate a step has to be; the gap is evaluated in full, from its definition, then.
    """
    n, d = design.shape
    w, f, b = (np.zeros(d), np.zeros(n), 0.0) if w is None else (w, design.predict(w), 0.0)
    null = null_value(design, loss)
    goal, hessian = float(np.sqrt(2.0 * penalty.l2 * tol * null)), Hessian(design, penalty.l2)
    before, promised, best, since = 0.0, 0.0, np.inf, 0
    for k in range(1, max_iter + 1):
        if design.intercept:
            shift = loss.centre(f)
            f, b = f + shift, b + shift
        u = loss.dual_point(f)
        z = design.correlations(u)
        g = z - penalty.l2 * w
        size = float(np.linalg.norm(g))
        if size > 0.9 * best:
            hessian.in_double()
        best, since = (size, 0) if size < best else (best, since + 1)
        if size <= goal or k == max_iter or since == _PATIENCE:
            gap = duality_gap(loss, penalty, w, f, u, z)
            if gap <= gap_goal(tol, null) or k == max_iter or since == _PATIENCE:
                break
            goal *= 0.5  # rounding is in the way: a smaller gradient may still do
        h = loss.curvature(f)
        # no more accurate than the last model was (Eisenstat and Walker's first choice)
        forcing = min(_FORCING, abs(size - promised) / before) if before else _FORCING
        before, promised = size, max(forcing * size, 0.5 * goal)
        p = hessian.step(h, g, promised)
        w, f, b = _line_search(loss, penalty.l2, w, f, b, p, design, u, h)
    return Solution(w, b, gap, null, k, gap <= gap_goal(tol, null))


def _line_search(
    loss: LogisticLoss, l2: float, w: Array, f: Array, b: float, p: Array, design: Design, u: Array, h: Array
) -> tuple[Array, Array, float]:
    """Go to where the slope along p is nearly zero, by safeguarded Newton steps: they cost nothing beside a product."""
    df, db = design.predict(p), 0.0
    if design.intercept:
        db = float((u - h * df).sum() / h.sum())
        df = df + db
    linear, square = l2 * float(w @ p), l2 * float(p @ p)
    start, value = linear - float(u @ df), loss.value(f)
    low, high, size = 0.0, np.inf, 1.0
    for _ in range(30):
        at = f + size * df
        slope = linear + size * square - float(loss.dual_point(at) @ df)
        if abs(slope) <= 0.1 * abs(start) and (
            slope <= 0 or loss.value(at) + size * linear + 0.5 * size**2 * square <= value * (1.0 + 1e-15)
        ):
            break
        low, high = (size, high) if slope < 0 else (low, size)
        new = min(size - slope / (square + float(loss.curvature(at) @ df**2)), 4.0 * size)
        size = new if low < new < high else 0.5 * (low + min(high, 4.0 * size))
    return w + size * p, f + size * df, b + size * db
