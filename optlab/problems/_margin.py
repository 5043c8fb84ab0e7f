"""Certificates for separable data: the margin from both sides, and the Batch Perceptron path in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

__all__ = ["ExactPath", "MarginCertificate", "certify_margin", "exact_path"]


@dataclass(frozen=True)
class MarginCertificate:
    r"""Two-sided bound on the margin :math:`\mu = \max_{\|u\|=1} \min_i z_i^\top u`, each side with its witness.

    Attributes
    ----------
    lower : float
        :math:`\min_i z_i^\top u` for the unit vector `direction`; positive exactly when `direction` separates.
    upper : float
        :math:`\|\sum_i p_i z_i\|` for the weights p: no direction has a larger margin.
    direction : ndarray of shape (d,)
        The unit vector u.
    weights : ndarray of shape (n,)
        The point p of the simplex.
    """

    lower: float
    upper: float
    direction: np.ndarray[Any, Any]
    weights: np.ndarray[Any, Any]


def certify_margin(Z: Any) -> MarginCertificate:
    r"""Bound the margin of the rows of Z from both sides by the nearest point of their convex hull to the origin.

    The margin is the distance of 0 to the hull, and the maximising direction is that nearest point, normalised.
    Wolfe's method finds the point in finitely many steps; what counts afterwards are only the two bounds evaluated
    from it, which hold whatever the method did.  The cost is one product Z x for each row that enters the active set.

    Parameters
    ----------
    Z : ndarray or CSR array of shape (n, d)
        The signed data.
    """
    active, weights = _nearest_point(Z)
    rows = _dense(Z[active])
    total = weights @ rows
    upper = float(np.linalg.norm(total))
    direction = total / upper if upper > 0 else np.eye(Z.shape[1])[0]
    p = np.zeros(Z.shape[0])
    p[active] = weights
    return MarginCertificate(float((Z @ direction).min()), upper, direction, p)


def _nearest_point(Z: Any) -> tuple[list[int], np.ndarray[Any, Any]]:
    """Wolfe's method: indices of the active rows and their weights in the simplex."""
    norms = np.asarray((Z * Z).sum(axis=1)).ravel()
    scale = float(norms.max())
    active, weights = [int(norms.argmin())], np.ones(1)
    for _ in range(100 + 50 * (Z.shape[1] + 1)):
        point = weights @ _dense(Z[active])
        margins = Z @ point
        entering = int(margins.argmin())
        if entering in active or margins[entering] >= point @ point - 1e-15 * scale:
            break  # the optimality condition, or as near to it as rounding allows
        active, weights = _leave(Z, [*active, entering], np.append(weights, 0.0), scale)
    return active, weights


def _leave(Z: Any, active: list[int], weights: np.ndarray[Any, Any], scale: float) -> Any:
    """Move to the nearest point of the affine hull, dropping rows until it lies inside their convex hull."""
    while True:
        # min |v Z|^2 + scale (sum v - 1)^2 is solved by a multiple of the affine minimiser, and is better conditioned
        # than the optimality system of the constrained problem.
        system = np.vstack([_dense(Z[active]).T, np.full(len(active), np.sqrt(scale))])
        target = np.zeros(len(system))
        target[-1] = np.sqrt(scale)
        affine = np.linalg.lstsq(system, target, rcond=None)[0]
        affine /= affine.sum()
        outside = affine <= 0
        if not outside.any():
            return active, affine
        ratio = np.where(outside, weights, np.inf) / np.where(weights > affine, weights - affine, 1.0)
        first = int(ratio.argmin())
        weights = np.maximum(weights + ratio[first] * (affine - weights), 0.0)
        active = active[:first] + active[first + 1 :]
        weights = np.delete(weights, first)
        weights /= weights.sum()


def _dense(rows: Any) -> np.ndarray[Any, Any]:
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float64)


@dataclass(frozen=True)
class ExactPath:
    """The Batch Perceptron path from the origin, followed without rounding.

    Attributes
    ----------
    updates : int or None
        Updates before the first iterate with all margins positive; None if `max_iter` was not enough.
    first_zero : int or None
        The first update after which some margin is exactly zero; None if there is none on the path.
    """

    updates: int | None
    first_zero: int | None

    @property
    def non_degenerate(self) -> bool:
        """Whether Assumption 3.1 of the source holds along this path: no margin is exactly zero."""
        return self.first_zero is None


def exact_path(Z: Any, max_iter: int) -> ExactPath:
    """Follow the Batch Perceptron in integer arithmetic: floating-point data are fractions, so nothing is rounded.

    Parameters
    ----------
    Z : ndarray of shape (n, d)
        The signed data.
    max_iter : int
        Number of updates to follow at most.
    """
    rows = _as_integers(_dense(Z), max_iter)
    twice = rows.sum(axis=0)  # twice the iterate: the first step adds half of the sum
    first_zero = None
    for k in range(1, max_iter + 1):
        margins = rows @ twice
        if first_zero is None and (margins == 0).any():
            first_zero = k
        if (margins > 0).all():
            return ExactPath(k, first_zero)
        twice = twice + 2 * rows[margins <= 0].sum(axis=0)
    return ExactPath(None, first_zero)


def _as_integers(Z: np.ndarray[Any, Any], max_iter: int) -> np.ndarray[Any, Any]:
    """Scale Z by a positive number to integers: int64 where no sum along the path can overflow, else Python's own."""
    fractions = [Fraction(v) for v in Z.ravel().tolist()]
    denominator = lcm(*{f.denominator for f in fractions})
    integers = [int(f * denominator) for f in fractions]
    n, d = Z.shape
    largest = max(map(abs, integers))
    fits = 2 * max_iter * n * d * largest * largest < 2**63
    return np.array(integers, dtype=np.int64 if fits else object).reshape(n, d)
