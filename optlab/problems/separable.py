r"""Linearly separable data: find theta with :math:`y_i a_i^\top \theta > 0` for every sample.

`Separable` holds any data set; the analytic instances of the theory are its siblings in `separable_instances`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from optlab.core.constants import Constant, Constants, exact, lower, upper
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.validate import boolean, integer
from optlab.core.xp import as_data, is_sparse, namespace, to_numpy
from optlab.problems._linear import largest_eigenvalue
from optlab.problems._margin import ExactPath, MarginCertificate, certify_margin, exact_path
from optlab.problems.signed_data import as_signs, logistic, signed

__all__ = ["EXAMPLES", "Separable"]

#: Dense data get the largest eigenvalue of Z^T Z while its cost stays below this; beyond it a bound has to do.
_SPECTRUM_FLOPS = 3 * 10**8


class Separable(Problem):
    r"""Data with labels, to be separated by a hyperplane through the origin.

    With :math:`z_i = y_i a_i` the task is

    .. math:: \text{find } \theta \in \mathbb{R}^d \text{ with } z_i^\top \theta > 0 \text{ for all } i = 1, \dots, n

    (strictly; append a constant feature if an intercept is wanted).  The objective offered to gradient methods is the
    mean logistic loss

    .. math:: f(\theta) = \frac1n \sum_{i=1}^n \log\bigl(1 + e^{-z_i^\top \theta}\bigr),

    whose infimum over separable data is 0, attained nowhere.  The metrics are free of the scale of the point: `errors`
    counts the margins that are not positive, `min_margin` is :math:`\min_i z_i^\top x / \|x\|` (0 at the origin).

    Parameters
    ----------
    A : array_like or sparse array of shape (n, d)
        The samples, one a row; no row may be zero.  NumPy, SciPy sparse or any array-API array.
    y : array_like of shape (n,)
        At most two different labels of any kind.  -1 and +1 mean themselves; of two other labels the smaller (or first
        in alphabetical order) becomes -1; a single label is the positive class unless it is -1, 0 or False.
    certify : bool, default False
        Whether to compute the margin, with certificates for both sides (NumPy and sparse data only).  The cost is about
        one product with the data for each row that matters: nothing for small data, seconds for 100000 rows.

    Attributes
    ----------
    Z : array or CSR array of shape (n, d)
        The signed samples :math:`z_i`.
    n : int
        Number of samples.
    direction : array of shape (d,) or None
        The unit vector of the largest margin, where it is known.
    certificate : MarginCertificate or None
        The two bounds on the margin with their witnesses, when `certify` was asked for.

    Raises
    ------
    TypeError
        If the samples are not real numbers, the labels cannot be sorted, or `certify` is asked of another library's
        array.
    ValueError
        If there is no sample, a value is NaN or infinite, a row is zero, or the labels are of the wrong shape or
        number.

    Notes
    -----
    Constants: `n`, `R` (the largest row norm), `L` (smoothness of f: :math:`\lambda_{\max}(Z^\top Z) / 4n`, or a bound
    on it for data too large for an eigenvalue), and with `certify` the margin `mu` (from below) and `mu_upper`.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Separable([[2.0, 1.0], [1.0, -1.0], [-1.0, 0.0]], ["yes", "yes", "no"], certify=True)
    >>> problem.constants.mu, problem.measure([1.0, 0.5])["errors"]
    (1.0, 0)
    """

    certificate: MarginCertificate | None = None
    direction: Any = None

    def __init__(self, A: Any, y: Any, *, certify: bool = False) -> None:
        boolean("certify", certify)
        A = as_data(A, "A", copy=False)  # the signed samples are new
        if min(A.shape) == 0:
            raise ValueError(f"A must have at least one row and one column, got shape {tuple(A.shape)}")
        signs = as_signs(y, A)
        self.Z = signed(A, signs)
        self.n, d = (int(side) for side in A.shape)
        self.shape = (d,)
        self.like = self.Z.data if is_sparse(A) else self.Z
        norms = _row_norms(self.Z)
        xp = namespace(norms)
        if float(xp.min(norms)) == 0:
            row = int(xp.argmin(norms))
            raise ValueError(f"row {row} of A is zero, or its norm underflows: its margin is 0, nothing separates it")
        R = float(xp.max(norms))
        self.constants = Constants(
            n=exact(self.n, "number of samples"),
            R=exact(R, "largest row norm"),
            L=partial(_smoothness, self.Z, R),  # an eigenvalue, which the methods of large steps do not need
        )
        self.reference = Reference(0.0, math.log(2), certificate="the loss is positive, and log 2 at the origin")
        if certify:
            self._certify()

    @classmethod
    def from_digits(cls, negative: int, positive: int, *, first: int | None = None, certify: bool = True) -> Separable:
        """Return two classes of scikit-learn's handwritten digits, pixels divided by 16: real data, no download.

        Parameters
        ----------
        negative, positive : int
            The two digits, 0 to 9.
        first : int, optional
            Keep only so many samples of the digit `negative`: imbalanced data.
        certify : bool, default True
            Whether to compute the margin.

        Examples
        --------
        >>> import optlab as ol
        >>> problem = ol.problems.Separable.from_digits(3, 8)
        >>> problem.n, round(problem.constants.mu, 4)
        (357, 0.2074)
        """
        from sklearn.datasets import load_digits

        if integer("negative", negative, at_least=0, at_most=9) == integer("positive", positive, at_least=0, at_most=9):
            raise ValueError(f"negative and positive must be different digits, got {negative} twice")
        pixels, digit = load_digits(return_X_y=True)
        chosen = np.flatnonzero(digit == negative)
        chosen = chosen if first is None else chosen[: integer("first", first, at_least=1)]
        chosen = np.sort(np.concatenate([chosen, np.flatnonzero(digit == positive)]))
        return cls(pixels[chosen] / 16, np.where(digit[chosen] == positive, 1, -1), certify=certify)

    def _certify(self) -> None:
        if not isinstance(self.like, np.ndarray):
            raise TypeError(f"certify needs NumPy or SciPy sparse data, got {type(self.like).__name__}")
        self.certificate = found = certify_margin(self.Z)
        how = "min-norm point of conv{z_i}"
        known = {"mu_upper": upper(found.upper, f"norm of a convex combination: {how}")}
        if found.lower > 0:
            known["mu"] = lower(found.lower, f"margin of a unit vector: {how}")
            self.direction = found.direction
            certificate = "a direction with positive margins was found: along it the loss tends to 0"
            self.reference = Reference.exact(0.0, attained=False, certificate=certificate)
        self.constants = self.constants.replace(**known)

    def margins(self, w: Any) -> Any:
        r"""Return :math:`Z w`: the signed margins of all samples."""
        return self.Z @ w

    def weighted_rows(self, p: Any) -> Any:
        r"""Return :math:`Z^\top p = \sum_i p_i z_i`."""
        return self.Z.T @ p

    def rows(self, indices: Any = None) -> Any:
        """Return the rows ``Z[indices]``, all of them for None."""
        return self.Z if indices is None else self.Z[indices]

    def value(self, x: Any) -> float:
        """Return the mean logistic loss at theta = x."""
        return float(namespace(self.like).mean(logistic(self.Z @ x)[1]))

    def gradient(self, x: Any) -> Any:
        """Return the gradient of the mean logistic loss at theta = x."""
        return -(self.Z.T @ logistic(self.Z @ x)[0]) / self.n

    def measure(self, x: Any) -> dict[str, Any]:
        """Return `errors`, the number of margins <= 0, and `min_margin`, the least margin of x/||x||."""
        xp = namespace(self.like)
        x = xp.asarray(x, dtype=self.like.dtype)
        margins = self.Z @ x
        errors = int(xp.sum(xp.astype(margins <= 0, xp.int64)))
        size = float(xp.max(xp.abs(x)))
        if size == 0:
            return {"errors": errors, "min_margin": 0.0}
        length = float(xp.linalg.vector_norm(x / size))  # the norm of x itself may overflow
        return {"errors": errors, "min_margin": float(xp.min(margins)) / size / length}

    def exact_path(self, max_iter: int = 10_000) -> ExactPath:
        """Follow the Batch Perceptron without rounding: its exact count, and the first exactly zero margin if any.

        Floating-point data are fractions, so nothing is rounded; meant for small data.

        Parameters
        ----------
        max_iter : int
            Number of updates to follow at most.

        Examples
        --------
        >>> import optlab as ol
        >>> path = ol.problems.Chain(4).exact_path()
        >>> path.updates, path.non_degenerate
        (16, False)
        """
        Z = self.Z.toarray() if is_sparse(self.Z) else to_numpy(self.Z)
        return exact_path(Z, integer("max_iter", max_iter, at_least=1))


def _row_norms(Z: Any) -> Any:
    if is_sparse(Z):
        return np.sqrt((Z * Z).sum(axis=1))
    xp = namespace(Z)
    return xp.sqrt(xp.vecdot(Z, Z))


def _smoothness(Z: Any, R: float) -> Constant:
    n, d = Z.shape
    bound = upper(R**2 / 4, "R^2 / 4, as no row norm exceeds R")
    if not is_sparse(Z) and n * d * min(n, d) > _SPECTRUM_FLOPS:
        return bound
    found = largest_eigenvalue(Z)
    L = Constant(found.value / (4 * n), found.kind, f"{found.how}, with A = Z, over 4n")
    return L if L.kind == "exact" or L.value < bound.value else bound


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "Separable": lambda: Separable([[2.0, 1.0], [1.0, -1.0], [-1.0, 0.5]], ["yes", "yes", "no"], certify=True),
    "Separable(sparse)": lambda: Separable(csr_array([[2.0, 0.0, 1.0], [0.0, 1.0, -1.0]]), [1, 0]),
    "Separable(digits)": lambda: Separable.from_digits(0, 1),
}
