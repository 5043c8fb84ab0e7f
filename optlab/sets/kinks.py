"""The separable term with one kink at zero in each coordinate: l1 norms, sign constraints, linear terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import as_data, as_float_array, namespace, read_only
from optlab.sets._inputs import vectors
from optlab.sets.base import Regularizer

__all__ = ["Kinks"]


@dataclass(frozen=True, eq=False)
class Kinks(Regularizer):
    r"""A sum of functions of one coordinate, each linear on both sides of zero.

    .. math:: g(x) = \sum_i \max(l_i x_i, \; u_i x_i), \qquad -\infty \le l_i \le u_i < \infty

    With :math:`l = -w, u = w` it is the weighted l1 norm; :math:`l_i = -\infty` forbids negative values (and is worth 0
    at zero); :math:`l = u` is a linear term.

    Parameters
    ----------
    lower, upper : array_like of shape (n,)
        The slopes to the left and to the right of zero.

    Raises
    ------
    TypeError, ValueError
        If the slopes are not real, NaN, of different length, not ordered, or `upper` is infinite or `lower` plus
        infinity.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> kinks = ol.sets.Kinks([-1.0, -np.inf], [1.0, 0.0])  # |x_1|, and x_2 >= 0
    >>> float(kinks.value(np.array([-3.0, 2.0]))), kinks.prox(np.array([-3.0, -2.0]), 0.5)
    (3.0, array([-2.5,  0. ]))
    """

    lower: Any
    upper: Any

    def __post_init__(self) -> None:
        upper = as_data(self.upper, "upper", ndim=1)
        lower = as_float_array(self.lower, "lower")
        xp = namespace(lower, upper)
        lower = xp.astype(lower, upper.dtype, copy=True)
        if lower.shape != upper.shape:
            raise ValueError(f"lower has shape {tuple(lower.shape)} and upper {tuple(upper.shape)}; they must be equal")
        if not bool(xp.all(lower <= upper)):  # NaN included
            raise ValueError("lower must be <= upper in every coordinate")
        object.__setattr__(self, "upper", upper)
        object.__setattr__(self, "lower", read_only(lower))

    def take(self, indices: Any) -> Kinks:
        """Return the term of the coordinates `indices` alone."""
        xp = namespace(self.upper)
        return self.map(lambda slopes: xp.take(slopes, indices))

    def map(self, change: Callable[[Any], Any]) -> Kinks:
        """Return the term whose slopes are ``change(lower)`` and ``change(upper)``, which keep their order."""
        mapped = object.__new__(Kinks)  # parts or copies of what was checked
        object.__setattr__(mapped, "lower", change(self.lower))
        object.__setattr__(mapped, "upper", change(self.upper))
        return mapped

    def values(self, x: Any) -> Any:
        """Return g_i(x_i) of every coordinate; infinity where a value is forbidden."""
        xp = namespace(x)
        left = xp.where(x < 0, self.lower, xp.zeros_like(x)) * x  # no product of zero with an infinite slope
        return xp.where(x < 0, left, self.upper * x)

    def value(self, x: Any) -> Any:
        """Return g(x) for x of shape (..., n)."""
        x = vectors(x, "x", self.upper.shape[0])
        return namespace(x).sum(self.values(x), axis=-1)

    def prox(self, x: Any, step: Any) -> Any:
        """Return argmin_u g(u) + sum_i (u_i - x_i)^2 / (2 step_i) for x of shape (..., n); a step each, or one for all.

        Raises
        ------
        TypeError, ValueError
            If x has the wrong length, or a step is not > 0.
        """
        x = vectors(x, "x", self.upper.shape[0])
        xp = namespace(x)
        if not (step > 0 if isinstance(step, float) else bool(xp.all(xp.asarray(step) > 0))):
            raise ValueError("step must be > 0 in every coordinate")
        right, left = x - step * self.upper, x - step * self.lower
        kink = xp.where(xp.isnan(x), x, xp.zeros_like(x))
        return xp.where(right > 0, right, xp.where(left < 0, left, kink))

    def project(self, x: Any) -> Any:
        """Return the nearest point that is not forbidden."""
        xp = namespace(x)
        return xp.where((x < 0) & xp.isinf(self.lower), xp.zeros_like(x), x)

    def step(self, x: Any, gradient: Any, lipschitz: Any) -> Any:
        r"""Return the step to the proximal point :math:`\operatorname{prox}_{g_i/L_i}(x_i - \nabla_i f / L_i)`.

        It is not formed as a difference, so it is accurate where it is small, and zero where x is stationary; a step
        that ends in the kink is exactly -x.
        """
        xp = namespace(x)
        right, left = -(gradient + self.upper) / lipschitz, -(gradient + self.lower) / lipschitz
        kink = xp.where(xp.isnan(gradient), gradient, -x)
        return xp.where(x + right > 0, right, xp.where(x + left < 0, left, kink))

    def decrease(self, x: Any, d: Any, gradient: Any, lipschitz: Any) -> Any:
        r"""Return the fall of the model :math:`\nabla_i f \, d_i + L_i d_i^2 / 2 + g_i(x_i + d_i)` by the d of `step`.

        With the subgradient :math:`s_i = -(\nabla_i f + L_i d_i)` of :math:`g_i` at :math:`x_i + d_i`, the decrease is
        :math:`L_i d_i^2 / 2 + g_i(x_i) - g_i(x_i + d_i) + s_i d_i`, two terms that are never negative (derived here).
        """
        return 0.5 * lipschitz * d * d + self.bregman(x, x + d, -(gradient + lipschitz * d))

    def bregman(self, x: Any, y: Any, subgradient: Any) -> Any:
        r"""Return :math:`g_i(x_i) - g_i(y_i) - s_i (x_i - y_i) \ge 0` for a subgradient s at y, without cancellation.

        Where y is not in the kink, the subgradient is the slope there, whatever was given.
        """
        xp = namespace(x)
        s = xp.where(y > 0, self.upper, xp.where(y < 0, self.lower, subgradient))
        slope = xp.where(x > 0, self.upper, xp.where(x < 0, self.lower, s))
        return xp.maximum(xp.zeros_like(x), (slope - s) * x)

    def slope_range(self, x: Any) -> tuple[Any, Any]:
        """Return the ends of the subdifferential of every g_i at x_i."""
        xp = namespace(x)
        return xp.where(x > 0, self.upper, self.lower), xp.where(x < 0, self.lower, self.upper)

    def distance(self, x: Any, gradient: Any) -> Any:
        """Return the least ``|gradient_i + s|``, s a subgradient of g_i at x_i: how far from stationary each one is."""
        xp = namespace(x)
        low, high = self.slope_range(x)
        zero = xp.zeros_like(x)
        return xp.maximum(zero, xp.maximum(gradient + low, -(gradient + high)))
