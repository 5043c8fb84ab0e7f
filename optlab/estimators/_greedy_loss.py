"""Losses of the greedy estimators, with their duals."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, xlogy
from sklearn.utils.validation import _check_sample_weight

__all__ = ["LogisticLoss", "Loss", "SquaredLoss", "positive_weights"]

Array = np.ndarray[Any, Any]


class SquaredLoss:
    r""":math:`\sum_i s_i (y_i - f_i)^2 / 2`."""

    quadratic = True

    def __init__(self, y: Array, weights: Array) -> None:
        self.y, self.s = y, weights

    def value(self, f: Array) -> float:
        return 0.5 * float(self.s @ (self.y - f) ** 2)

    def dual_point(self, f: Array) -> Array:
        """Minus the gradient, the candidate for a dual solution."""
        return np.asarray(self.s * (self.y - f))

    def curvature(self, f: Array, upper: bool = False) -> Array:
        return self.s

    def centre(self, f: Array) -> float:
        """Constant to add to f that minimises the loss."""
        return float(self.s @ (self.y - f) / self.s.sum())

    def dual(self, u: Array, f: Array, scale: float) -> float:
        """Minus the convex conjugate at -scale u, where u is the dual point at f."""
        linear, square = float(u @ self.y), float(u @ (self.y - f))
        return scale * linear - 0.5 * scale**2 * square

    def best_scale(self, u: Array, f: Array, bound: float) -> float:
        """Multiple of u, in [0, bound], with the largest dual value."""
        square = float(u @ (self.y - f))
        return float(np.clip(u @ self.y / square, 0.0, bound)) if square > 0 else 0.0


class LogisticLoss:
    r""":math:`\sum_i s_i \log(1 + \exp(-y_i f_i))` with signs y."""

    quadratic = False

    def __init__(self, y: Array, weights: Array) -> None:
        self.y, self.s = y, weights

    def value(self, f: Array) -> float:
        return float(self.s @ np.logaddexp(0.0, -self.y * f))

    def dual_point(self, f: Array) -> Array:
        """Minus the gradient, the candidate for a dual solution."""
        return np.asarray(self.s * self.y * expit(-self.y * f))

    def curvature(self, f: Array, upper: bool = False) -> Array:
        """Second derivative or, if `upper`, the curvature of the quadratic that bounds the loss from above everywhere.

        The bound is that of Jaakkola and Jordan: tanh(f/2) / (2f).
        """
        if upper:
            half = np.maximum(0.5 * np.abs(f), 1e-8)
            return np.asarray(self.s * np.tanh(half) / (4.0 * half))
        # a floor keeps saturated samples in the model: more curvature than there is only makes it more careful
        return np.asarray(self.s * np.maximum(expit(f) * expit(-f), 1e-10))

    def centre(self, f: Array) -> float:
        """Constant to add to f that minimises the loss, by Newton steps inside a shrinking bracket."""
        low, high, b = -np.inf, np.inf, 0.0
        for _ in range(100):
            slope = float(self.dual_point(f + b).sum())
            low, high = (b, high) if slope > 0 else (low, b)
            move = slope / float(self.curvature(f + b).sum())
            new = b + float(np.clip(move, -4.0, 4.0))
            if not low < new < high and np.isfinite(low + high):
                new = 0.5 * (low + high)
            if abs(new - b) <= 1e-14 * (1.0 + abs(b)):
                break
            b = new
        return b

    def dual(self, u: Array, f: Array, scale: float) -> float:
        """Minus the convex conjugate at -scale u, where u is the dual point at f."""
        t = scale * expit(-self.y * f)
        return -float(self.s @ (xlogy(t, t) + xlogy(1.0 - t, 1.0 - t)))

    def best_scale(self, u: Array, f: Array, bound: float) -> float:
        """Multiple of u to try in [0, bound]: the nearest to the candidate itself."""
        return min(1.0, bound)


Loss = SquaredLoss | LogisticLoss


def positive_weights(sample_weight: Any, X: Any) -> np.ndarray[Any, Any]:
    """Check sample weights; ones by default."""
    s = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not s.sum() > 0:
        raise ValueError("sample_weight must have a positive sum, got zeros only")
    return np.asarray(s)
