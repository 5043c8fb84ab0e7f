r"""Logistic regression with known smoothness and a certified optimum; a separable sibling without an optimum."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import device

from optlab.core.constants import Constants, lower, upper
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import integer, number, one_of
from optlab.core.xp import as_data, is_sparse, namespace
from optlab.problems._blocks import LogisticBlocks, coordinate_constants
from optlab.problems._linear import adjoint, apply, dense, largest_eigenvalue, weighted_gram
from optlab.problems.signed_data import as_signs, logistic, signed

__all__ = ["EXAMPLES", "LogisticRegression", "SeparableLogistic"]

#: Up to this dimension the optimum is computed by Newton's method, whose cost grows like its cube.
_NEWTON_LIMIT = 2000


class LogisticRegression(LogisticBlocks, Problem):
    r"""Logistic regression, with an optional ridge penalty.

    .. math:: F(x) = \frac1n \sum_{i=1}^n \log\big(1 + e^{-y_i \langle a_i, x \rangle}\big) + \frac{\ell_2}2 \|x\|_2^2

    Parameters
    ----------
    A : array or sparse array of shape (n, d)
        The features, of any array library, or SciPy sparse.
    y : array_like of shape (n,)
        At most two different labels of any kind, read as by `Separable`.
    l2 : float, default 0
        Weight of the ridge penalty, >= 0.
    reduction : {"mean", "sum"}, default "mean"
        Whether the losses are averaged, as above, or added up: "sum" drops the factor 1/n (of the losses alone).

    Raises
    ------
    TypeError, ValueError
        If the data are not real and finite, the shapes do not fit, a label is not -1 or +1, or `l2` is negative.

    Notes
    -----
    Constants of the mean (those of a sum have no n): `L` is :math:`\lambda_{\max}(A^T A) / (4 n) + \ell_2`, an upper
    bound (the second derivative of the logistic loss is at most 1/4); `mu` is a certified lower bound when
    :math:`\ell_2 > 0`.  `G`, given for :math:`\ell_2 = 0`, bounds every stochastic gradient (one row at a time).
    `L_max`, `L_mean` and `L_min` describe the coordinate constants :math:`\|A e_i\|^2 / (4 n) + \ell_2`.

    The reference interval comes from Newton's method in the constructor (up to 2000 features) and a certificate:
    for :math:`\ell_2 > 0` strong convexity, :math:`F(x) - F^\star \le \|\nabla F(x)\|^2 / (2 \ell_2)`; for
    :math:`\ell_2 = 0` the dual bound :math:`F^\star \ge \frac1n \sum_i h(\alpha_i)` with the entropy h, for any
    :math:`\alpha \in [0, 1]^n` with :math:`\sum_i \alpha_i y_i a_i = 0`.  Separable data have the infimum 0, which no
    point attains; the reference then says so.  With more features only separability is tried, by a solution of
    :math:`y_i \langle a_i, x \rangle = 1`.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.LogisticRegression([[1.0], [1.0], [1.0], [1.0]], [1, 1, 1, -1])
    >>> float(problem.reference.x[0]), problem.constants.L  # the log-odds of 3 to 1 are log 3 = 1.0986
    (1.0986, 0.25)
    """

    batched = True

    def __init__(self, A: Any, y: Any, l2: float = 0.0, reduction: str = "mean") -> None:
        A = as_data(A, "A", copy=False)  # the signed samples are new
        n, d = A.shape
        if n == 0 or d == 0:
            raise ValueError(f"A must not be empty, got shape {(n, d)}")
        signs = as_signs(y, A)
        self.l2 = number("l2", l2, at_least=0)
        self.signed = signed(A, signs)
        self.n, self.shape = int(n), (int(d),)
        self.reduction = one_of("reduction", reduction, ("mean", "sum"))
        self.divisor = self.n if reduction == "mean" else 1
        self.weight = 1 / self.divisor
        self.like = self.signed.data if is_sparse(A) else self.signed
        self.constants = self._known_constants()
        if d <= _NEWTON_LIMIT:
            self.reference = _scaled(_certified_optimum(self), self.n / self.divisor)
        elif self.l2 == 0.0 and d >= n and _interpolates(self.signed):
            self.reference = Reference.exact(0.0, certificate=_SEPARABLE, attained=False)
        else:
            zero = self.n / self.divisor * math.log(2.0)
            self.reference = Reference(0.0, zero, certificate="F >= 0, and the value at 0")

    def _known_constants(self) -> Constants:
        top = largest_eigenvalue(self.signed)
        how = f"({top.how}) / {'(4 n)' if self.divisor > 1 else '4'} + l2, as the loss has curvature <= 1/4"
        constants: dict[str, Any] = {"L": upper(top.value / (4 * self.divisor) + self.l2, how)}
        constants |= coordinate_constants(self)
        if self.l2 > 0.0:
            constants["mu"] = lower(self.l2, "the ridge penalty")
        else:
            squares = self.signed.multiply(self.signed) if is_sparse(self.signed) else self.signed**2
            rows = squares.sum(axis=1) if is_sparse(squares) else namespace(squares).sum(squares, axis=1)
            largest = math.sqrt(float(namespace(rows).max(rows)))
            how = "largest norm of a row" if self.divisor > 1 else "n times the largest norm of a row"
            constants["G"] = upper(largest * self.n / self.divisor, how)
        return Constants(**constants)

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        xp = namespace(x)
        loss = xp.sum(logistic(apply(self.signed, x))[1], axis=-1) / self.divisor
        return loss + 0.5 * self.l2 * xp.sum(x * x, axis=-1) if self.l2 else loss

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        weights = logistic(apply(self.signed, x))[0]
        return -adjoint(self.signed, weights) / self.divisor + self.l2 * x

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        p = logistic(apply(self.signed, x))[0]
        return adjoint(self.signed, p * (1 - p) * apply(self.signed, v)) / self.divisor + self.l2 * v

    def draw(self, rng: np.random.Generator, size: int) -> Any:
        """Draw row indices, uniformly."""
        xp = namespace(self.like)
        return xp.asarray(rng.integers(self.n, size=size), device=device(self.like))

    def stochastic_gradient(self, x: Any, xi: Any) -> Any:
        """Return the gradient of the loss of row xi, as the mean counts it (and of the whole penalty)."""
        xp = namespace(x)
        if is_sparse(self.signed):
            rows = self.signed[np.ravel(xi)].toarray().reshape(*np.shape(xi), -1)
        else:
            rows = xp.reshape(xp.take(self.signed, xp.reshape(xi, (-1,)), axis=0), (*xi.shape, *self.shape))
        weight = logistic(xp.sum(rows * x, axis=-1, keepdims=True))[0]
        return self.l2 * x - self.n / self.divisor * weight * rows


_SEPARABLE = "the data are separable: F(t w) -> 0 along a separating w, and F > 0"


def _interpolates(Z: Any) -> bool:
    """Whether the least squares solution of Z w = 1 separates the data beyond doubt of rounding."""
    from scipy.sparse.linalg import lsmr

    if not is_sparse(Z) and not isinstance(Z, np.ndarray):
        return False
    w = lsmr(Z, np.ones(Z.shape[0]), atol=1e-10, btol=1e-10)[0]
    rounding = Z.shape[1] * float(np.finfo(np.float64).eps) * float((abs(Z) @ abs(w)).max())
    return float((Z @ w).min()) > rounding


def _scaled(reference: Reference, factor: float) -> Reference:
    """The reference of the mean, for the sum of the losses."""
    lo, hi = factor * reference.lo, factor * reference.hi
    return Reference(lo, hi, reference.x, reference.attained, reference.certificate)


def _certified_optimum(problem: LogisticRegression) -> Reference:
    """Newton's method with backtracking on the mean, then the certificate that fits what it found."""
    Z = dense(problem.signed)
    xp = namespace(Z)
    n, d = Z.shape
    l2 = problem.l2 * problem.divisor / n
    x = xp.zeros(d, dtype=Z.dtype, device=device(Z))
    identity = xp.eye(d, dtype=Z.dtype, device=device(Z))

    def evaluate(x: Any) -> tuple[float, Any, Any, Any]:
        margins = Z @ x
        alpha, losses = logistic(margins)
        value = float(xp.mean(losses)) + 0.5 * l2 * float(xp.sum(x * x))
        return value, l2 * x - Z.T @ alpha / n, alpha, margins

    value, gradient, alpha, margins = evaluate(x)
    for _ in range(100):
        if l2 == 0.0 and float(xp.min(margins)) > 0.0:
            return Reference.exact(0.0, certificate=_SEPARABLE, attained=False)
        if not bool(xp.any(gradient != 0)):  # data that are all zero, say
            return Reference.exact(value, xp.astype(x, problem.like.dtype, copy=False), certificate="the gradient is 0")
        hessian = weighted_gram(Z, alpha * (1 - alpha)) / n + l2 * identity
        ridge = 1e-14 * float(xp.linalg.trace(hessian)) / d  # makes a rank-deficient system solvable
        direction = -xp.linalg.solve(hessian + ridge * identity, gradient[:, None])[:, 0]
        decrement = -float(xp.sum(gradient * direction))
        step, trial = 1.0, evaluate(x + direction)
        while trial[0] > value - 0.25 * step * decrement and step > 1e-8:
            step *= 0.5
            trial = evaluate(x + step * direction)
        if not trial[0] < value:
            break
        x = x + step * direction
        value, gradient, alpha, margins = trial
    x = xp.astype(x, problem.like.dtype, copy=False)
    if l2 > 0.0:
        width = float(xp.sum(gradient**2)) / (2 * l2)
        return Reference(value - width, value, x, certificate=f"||gradient||^2 / (2 l2) = {width:.1e}")
    return _dual_reference(Z, value, x, alpha, gradient)


def _dual_reference(Z: Any, value: float, x: Any, alpha: Any, gradient: Any) -> Reference:
    """Return the reference without penalty: a dual feasible point gives its low end."""
    xp = namespace(Z)
    feasible = alpha - Z @ (xp.linalg.pinv(Z) @ alpha)
    if not bool(xp.all((feasible > 0.0) & (feasible < 1.0))):
        return Reference(0.0, value, certificate="F >= 0; no minimiser could be certified", attained=False)
    entropy = -feasible * xp.log(feasible) - (1 - feasible) * xp.log1p(-feasible)
    low = min(float(xp.mean(entropy)), value)
    # Self-concordance (F. Bach, "Self-concordant analysis for logistic regression", 2010): a minimiser exists once the
    # Newton decrement is small against the smallest curvature over the largest row.
    hessian = weighted_gram(Z, alpha * (1 - alpha)) / Z.shape[0]
    curvature = xp.linalg.eigvalsh(hessian)
    positive = curvature[curvature > 1e-12 * curvature[-1]]
    radius = float(xp.max(xp.linalg.vector_norm(Z, axis=1)))
    decrement = float(xp.linalg.vector_norm(gradient)) / math.sqrt(float(positive[0]))
    attained = decrement * radius <= 0.5 * math.sqrt(float(positive[0]))
    certificate = f"dual feasible point, width {value - low:.1e}" + ("" if attained else "; no minimiser certified")
    return Reference(low, value, x if attained else None, attained=attained, certificate=certificate)


class SeparableLogistic(LogisticRegression):
    r"""Unpenalised logistic regression on separable data: the infimum 0 is attained nowhere.

    Rows are Gaussian, labels are those of a planted hyperplane, and every row is pushed away from it.  Guarantees in
    terms of the distance to a minimiser say nothing here: there is none.

    Parameters
    ----------
    n, d : int
        Number of rows and features, >= 1.
    margin : float, default 0.5
        Least distance of a row to the hyperplane, > 0.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the data.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.SeparableLogistic(n=20, d=3, rng=0).reference.attained
    False
    """

    violates = "an attained minimum"

    def __init__(self, n: int, d: int, margin: float = 0.5, rng: RNGLike = None) -> None:
        n, d = integer("n", n, at_least=1), integer("d", d, at_least=1)
        margin = number("margin", margin, above=0)
        draw = streams(rng).data
        direction = draw.standard_normal(d)
        direction /= np.linalg.norm(direction)
        A = draw.standard_normal((n, d))
        y = np.where(A @ direction >= 0, 1.0, -1.0)
        super().__init__(A + margin * y[:, None] * direction, y)


def _noisy_labels(l2: float, *, sparse: bool = False, reduction: str = "mean") -> LogisticRegression:
    rng = np.random.default_rng(4)
    A = rng.standard_normal((30, 4))
    y = np.where(A @ [1.0, -1.0, 0.5, 0.0] + rng.standard_normal(30) > 0, 1.0, -1.0)
    if sparse:
        import scipy.sparse as sp

        A = sp.csr_array(np.where(np.abs(A) > 0.7, A, 0.0))
    return LogisticRegression(A, y, l2=l2, reduction=reduction)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "LogisticRegression": lambda: _noisy_labels(0.0),
    "LogisticRegression(ridge)": lambda: _noisy_labels(0.1),
    "LogisticRegression(sum)": lambda: _noisy_labels(0.5, reduction="sum"),
    "LogisticRegression(sparse)": lambda: _noisy_labels(0.1, sparse=True),
    "SeparableLogistic": lambda: SeparableLogistic(n=20, d=3, rng=0),
}
