r"""Non-negative least squares with a linear term."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import Constant, Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.validate import number
from optlab.core.xp import as_data, is_sparse, namespace
from optlab.problems._active_set import nonnegative_least_squares
from optlab.problems._blocks import SquaredBlocks, coordinate_constants
from optlab.problems._linear import adjoint, apply, dense, largest_eigenvalue

__all__ = ["EXAMPLES", "NonNegativeLeastSquares"]

#: Up to this many rows or columns the smallest eigenvalue is computed.
_DENSE_LIMIT = 2000


class NonNegativeLeastSquares(SquaredBlocks, Problem):
    r"""Non-negative least squares, with a linear term that makes solutions sparse.

    .. math:: F(x) = \tfrac12 \|A x - b\|_2^2 + w \sum_i x_i \quad \text{for } x \ge 0, \qquad \infty \text{ elsewhere}

    Parameters
    ----------
    A : array or sparse array of shape (m, n)
        The data, NumPy or SciPy sparse.
    b : array of shape (m,)
        The targets.
    weight : float, default 0
        The weight w of the linear term, >= 0.

    Raises
    ------
    TypeError, ValueError
        If the data are not real and finite, the shapes do not fit, or the weight is negative.

    Notes
    -----
    The reference point comes from the active-set method of Lawson and Hanson.  Its interval is certified by the duality
    gap for w > 0: the residual r = b - A x, scaled by :math:`\min(1, w / \max_i a_i^T r)`, is dual feasible, and its
    objective :math:`\tfrac12 \|b\|^2 - \tfrac12 \|b - \theta\|^2` a lower bound.  `measure` gives this `duality_gap` of
    any point.  With w = 0 and full column rank the certificate is strong convexity, :math:`F(x) - F^\star \le \|s\|^2 /
    (2 \mu)` for the least element s of the subdifferential; otherwise the low end is 0.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> problem = ol.problems.NonNegativeLeastSquares(np.eye(2), [3.0, -1.0], weight=1.0)
    >>> problem.reference.x, problem.reference.hi, problem.project(np.array([-1.0, 2.0]))
    (array([2., 0.]), 3.0, array([0., 2.]))
    """

    batched = True

    def __init__(self, A: Any, b: Any, weight: float = 0.0) -> None:
        self.A = as_data(A, "A")
        self.b = as_data(b, "b", ndim=1)
        self.weight = number("weight", weight, at_least=0)
        m, n = self.A.shape
        if m == 0 or n == 0:
            raise ValueError(f"A must not be empty, got shape {(m, n)}")
        if self.b.shape[0] != m:
            raise ValueError(f"b must have one entry for each of the {m} rows of A, got {self.b.shape[0]}")
        self.like = self.A[:1, :].toarray()[0] if is_sparse(self.A) else self.A[0, :]
        if not isinstance(self.like, np.ndarray):
            raise TypeError(f"A must be a NumPy array or SciPy sparse, got {type(A).__name__}")
        self.b = self.b.astype(self.like.dtype)
        self.shape = (int(n),)
        constants: dict[str, Constant] = {"L": largest_eigenvalue(self.A)}
        if n <= m and n <= _DENSE_LIMIT:
            smallest = float(np.linalg.eigvalsh(dense(self.A).T @ dense(self.A))[0])
            constants["mu"] = exact(max(smallest, 0.0), "smallest eigenvalue of A^T A")
        self.constants = Constants(**constants).replace(**coordinate_constants(self))
        self.reference = self._certified()

    def _certified(self) -> Reference:
        x = nonnegative_least_squares(self.A, self.b, self.weight).astype(self.like.dtype)
        value = float(self.value(x))
        if self.weight > 0.0:
            width, how = max(float(self.duality_gap(x)), 0.0), "duality gap"
        elif "mu" in self.constants and self.constants.mu > 0.0:
            slope = self.smooth_gradient(x)
            least = np.where(x > 0, slope, np.minimum(slope, 0.0))
            width, how = float(np.sum(least**2)) / (2 * self.constants.mu), "least subgradient, strong convexity"
        else:
            width, how = value, "squares are non-negative"
        return Reference(max(value - width, 0.0), value, x, certificate=f"active set; {how}, width {width:.1e}")

    def smooth_value(self, x: Any) -> Any:
        """Return the squares at x."""
        return 0.5 * np.sum(self._fit(x) ** 2, axis=-1)

    def smooth_gradient(self, x: Any) -> Any:
        """Return the gradient of the squares at x."""
        return adjoint(self.A, self._fit(x))

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of the squares at x, applied to v."""
        return adjoint(self.A, apply(self.A, v))

    def kink_slopes(self) -> tuple[Any, Any]:
        """Return the slopes of the linear term with its constraint, on both sides of zero."""
        right = self.weight * namespace(self.like).ones_like(self.like)
        return -np.inf * np.ones_like(self.like), right

    def prox(self, x: Any, step: Any) -> Any:
        """Return the proximal map of the linear term with its constraint."""
        return np.maximum(x - step * self.weight, 0.0)

    def project(self, x: Any) -> Any:
        """Return the nearest non-negative point."""
        return np.maximum(x, 0.0)

    def value(self, x: Any) -> Any:
        """Return F(x), infinite when an entry is negative."""
        value = self.smooth_value(x) + self.weight * np.sum(x, axis=-1)
        return np.where(np.min(x, axis=-1) < 0, np.inf, value)[()]

    def duality_gap(self, x: Any) -> Any:
        """Return a certified upper bound of F(x) - F* (infinite for w = 0 away from the dual feasible residuals)."""
        residual = self._fit(x)
        highest = np.max(-adjoint(self.A, residual), axis=-1)
        over = highest > self.weight
        shrink = np.where(over, self.weight / np.where(over, highest, 1.0), 1.0)
        theta = -residual * shrink[..., None]
        # ||b||^2 - ||b - theta||^2 = <theta, 2 b - theta>: no cancellation of large squares.
        return self.value(x) - 0.5 * np.sum(theta * (2 * self.b - theta), axis=-1)

    def measure(self, x: Any) -> dict[str, Any]:
        """Return value, gap, distance to the reference point and the duality gap."""
        return super().measure(x) | {"duality_gap": self.duality_gap(x)}


def _small(m: int, n: int, weight: float, *, sparse: bool = False) -> NonNegativeLeastSquares:
    rng = np.random.default_rng(8)
    A: Any = rng.standard_normal((m, n))
    if sparse:
        import scipy.sparse as sp

        A = sp.csr_array(np.where(np.abs(A) > 0.8, A, 0.0))
    return NonNegativeLeastSquares(A, rng.standard_normal(m) + 1.0, weight)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "NonNegativeLeastSquares": lambda: _small(12, 6, 0.5),
    "NonNegativeLeastSquares(no linear term)": lambda: _small(12, 6, 0.0),
    "NonNegativeLeastSquares(wide, sparse)": lambda: _small(6, 10, 0.3, sparse=True),
}
