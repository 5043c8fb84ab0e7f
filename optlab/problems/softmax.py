r"""Softmax regression, the multi-class sibling of logistic regression, with block oracles that form no large matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import device

from optlab.core.constants import Constants, lower, upper
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.validate import integer, number
from optlab.core.xp import as_data, is_sparse, namespace, to_numpy
from optlab.problems._blocks import coordinate_constants
from optlab.problems._blocks_softmax import SoftmaxBlocks, softmax
from optlab.problems._linear import dense, largest_eigenvalue

__all__ = ["EXAMPLES", "SoftmaxRegression"]

#: Up to this many variables the optimum is computed by Newton's method.
_NEWTON_LIMIT = 500


class SoftmaxRegression(SoftmaxBlocks, Problem):
    r"""Softmax regression, with an optional ridge penalty.

    .. math:: F(X) = \sum_{i=1}^m \Big( \log \sum_{c=1}^k e^{\langle a_i, X_c \rangle} - \langle a_i, X_{y_i} \rangle
              \Big) + \frac{\ell_2}2 \|X\|_F^2

    A point is a flat vector: coordinate f k + c is the weight of feature f for class c.

    Parameters
    ----------
    A : array or sparse array of shape (m, n)
        The features, of any array library, or SciPy sparse.
    y : array_like of shape (m,)
        Integer labels 0, ..., k - 1.
    n_classes : int, optional
        The number k of classes, more than the largest label; one more when absent.
    l2 : float, default 0
        Weight of the ridge penalty, >= 0.

    Raises
    ------
    TypeError, ValueError
        If the data are not real and finite, the shapes do not fit, a label is no integer in range, or `l2` is negative.

    Notes
    -----
    Constants: `L` is the upper bound :math:`\lambda_{\max}(A^T A) / 2 + \ell_2`; `mu` is the lower bound
    :math:`\ell_2` when positive; `L_max`, `L_mean` and `L_min` describe the coordinate constants.

    With :math:`\ell_2 > 0` and at most 500 variables the reference interval comes from Newton's method and the bound
    :math:`\|\nabla F\|^2 / (2 \ell_2)`.  Without penalty the infimum is 0, not attained, when weights exist that give
    every sample the highest score at its label, tried with least squares; otherwise :math:`[0, m \log k]`.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> problem = ol.problems.SoftmaxRegression(np.eye(3), [0, 1, 2])
    >>> float(problem.value(problem.start())), problem.reference.attained  # 3 log 3
    (3.2958, False)
    """

    def __init__(self, A: Any, y: Any, n_classes: int | None = None, l2: float = 0.0) -> None:
        self.A = as_data(A, "A")
        m, n = self.A.shape
        if m == 0 or n == 0:
            raise ValueError(f"A must not be empty, got shape {(m, n)}")
        labels = _labels(y, m)
        self.k = int(labels.max()) + 1 if n_classes is None else integer("n_classes", n_classes, at_least=1)
        if labels.max() >= self.k:
            raise ValueError(f"n_classes must be more than the largest label {labels.max()}, got {self.k}")
        self.l2 = number("l2", l2, at_least=0)
        self.like = self.A[:1, :].toarray()[0] if is_sparse(self.A) else self.A[0, :]
        xp = namespace(self.like)
        self.labels = xp.asarray(labels, dtype=xp.int64, device=device(self.like))
        self.shape = (int(n) * self.k,)
        top = largest_eigenvalue(self.A)
        constants: dict[str, Any] = {"L": upper(0.5 * top.value + self.l2, f"({top.how}) / 2 + l2")}
        if self.l2 > 0.0:
            constants["mu"] = lower(self.l2, "the ridge penalty")
        self.constants = Constants(**constants, **coordinate_constants(self))
        self.reference = self._certified()

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self._losses(self.A @ self._matrix_of(x)) + self._ridge(x)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        error = softmax(self.A @ self._matrix_of(x))[0] - self._hits()
        return namespace(x).reshape(self.A.T @ error, (-1,)) + self.l2 * x

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        xp = namespace(x)
        share, change = softmax(self.A @ self._matrix_of(x))[0], self.A @ self._matrix_of(v)
        turned = share * (change - xp.sum(share * change, axis=1, keepdims=True))
        return xp.reshape(self.A.T @ turned, (-1,)) + self.l2 * v

    def _matrix_of(self, x: Any) -> Any:
        return namespace(x).reshape(x, (-1, self.k))

    def _certified(self) -> Reference:
        zero = self.A.shape[0] * math.log(self.k)
        if self.k == 1:
            ridge = self.start() if self.l2 else None
            return Reference.exact(0.0, ridge, certificate="a single class: no loss at all")
        if self.l2 > 0.0 and self.shape[0] <= _NEWTON_LIMIT:
            return self._newton()
        if self.l2 == 0.0 and _interpolates(self.A, to_numpy(self.labels), self.k):
            why = "some X gives every sample the highest score at its label: F(t X) -> 0, and F > 0"
            return Reference.exact(0.0, certificate=why, attained=False)
        return Reference(0.0, zero, certificate="F >= 0, and F(0) = m log k")

    def _newton(self) -> Reference:
        x = self.start()
        xp = namespace(x)
        everything = xp.arange(self.shape[0], dtype=xp.int64, device=device(x))
        for _ in range(50):
            gradient = self.gradient(x)
            hessian = dense(self.block_hessian(self.follow(x), everything))
            direction = -xp.linalg.solve(hessian, xp.astype(gradient, hessian.dtype)[:, None])[:, 0]
            direction, step = xp.astype(direction, x.dtype), 1.0
            while self.value(x + step * direction) > self.value(x) and step > 1e-8:
                step *= 0.5
            x = x + step * direction
            if float(xp.max(xp.abs(gradient))) < 1e-13:
                break
        value, width = self.value(x), float(xp.sum(self.gradient(x) ** 2)) / (2 * self.l2)
        return Reference(value - width, value, x, certificate=f"||gradient||^2 / (2 l2) = {width:.1e}")


def _labels(y: Any, m: int) -> Any:
    labels = to_numpy(y)
    if labels.shape != (m,):
        raise ValueError(f"y must have shape ({m},), one label for each row of A, got {labels.shape}")
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError("y must hold integer labels >= 0")
    return labels.astype(np.int64)


def _interpolates(A: Any, labels: Any, k: int) -> bool:
    """Whether the least squares fit of the labels' indicators scores every label highest, beyond doubt of rounding."""
    if not is_sparse(A) and not isinstance(A, np.ndarray):
        return False
    if A.shape[0] > A.shape[1]:
        return False
    full = dense(A)
    hits = (labels[:, None] == np.arange(k)).astype(np.float64)
    X = np.linalg.lstsq(full, hits, rcond=None)[0]
    scores = A @ X
    own = scores[np.arange(labels.size), labels]
    others = np.where(hits > 0, -np.inf, scores).max(axis=1)
    rounding = A.shape[1] * float(np.finfo(np.float64).eps) * float((abs(A) @ abs(X)).max())
    return float((own - others).min()) > 2 * rounding


def _noisy_labels(l2: float, *, sparse: bool = False, classes: int = 3) -> SoftmaxRegression:
    rng = np.random.default_rng(6)
    A = rng.standard_normal((25, 3))
    y = (A @ rng.standard_normal((3, classes)) + rng.standard_normal((25, classes))).argmax(axis=1)
    if sparse:
        import scipy.sparse as sp

        A = sp.csr_array(np.where(np.abs(A) > 0.7, A, 0.0))
    return SoftmaxRegression(A, y, n_classes=classes, l2=l2)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "SoftmaxRegression": lambda: _noisy_labels(0.5),
    "SoftmaxRegression(two classes)": lambda: _noisy_labels(0.1, classes=2),
    "SoftmaxRegression(sparse)": lambda: _noisy_labels(0.5, sparse=True, classes=4),
    "SoftmaxRegression(separable)": lambda: SoftmaxRegression(np.eye(2, 3) + 0.1, [0, 2]),
}
