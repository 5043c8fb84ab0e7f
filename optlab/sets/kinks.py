"""The separable term with one kink at zero in each coordinate: l1 norms, sign constraints, linear terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optlab.core.xp import as_data, as_float_array, namespace, read_only
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
        xp = namespace(upper)
        lower = as_float_array(self.lower, "lower")
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
        part = object.__new__(Kinks)  # slices of what was checked
        object.__setattr__(part, "lower", xp.take(self.lower, indices))
        object.__setattr__(part, "upper", xp.take(self.upper, indices))
        return part

    def values(self, x: Any) -> Any:
        """Return g_i(x_i) of every coordinate; infinity where a value is forbidden."""
        xp = namespace(x)
        zero = xp.zeros_like(x)
        left = xp.where(x < 0, self.lower, zero) * x  # no product of zero with an infinite slope
        return xp.where(x < 0, left, self.upper * x)

    def value(self, x: Any) -> Any:
        """Return g(x)."""
        return namespace(x).sum(self.values(x), axis=-1)

    def prox(self, v: Any, step: Any) -> Any:
        """Return argmin_u g(u) + (u_i - v_i)^2 / (2 step_i), coordinate by coordinate."""
        xp = namespace(v)
        right, left = v - step * self.upper, v - step * self.lower
        return xp.where(right > 0, right, xp.where(left < 0, left, xp.zeros_like(v)))

    def project(self, x: Any) -> Any:
        """Return the nearest point that is not forbidden."""
        xp = namespace(x)
        return xp.where((x < 0) & xp.isinf(self.lower), xp.zeros_like(x), x)

    def slope_range(self, x: Any) -> tuple[Any, Any]:
        """Return the ends of the subdifferential of every g_i at x_i."""
        xp = namespace(x)
        return xp.where(x > 0, self.upper, self.lower), xp.where(x < 0, self.lower, self.upper)

    def distance(self, x: Any, gradient: Any) -> Any:
        """Return min |gradient_i + s| over the subgradients s of g_i at x_i: how far from stationary each one is."""
        xp = namespace(x)
        low, high = self.slope_range(x)
        zero = xp.zeros_like(x)
        return xp.maximum(zero, xp.maximum(gradient + low, -(gradient + high)))
