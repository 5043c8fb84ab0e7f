r"""The two regularisers every convex set defines: its indicator and, conjugate to it, its support function."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.sets._inputs import positive_step, vectors
from optlab.sets.base import ConvexSet, Regularizer

__all__ = ["Indicator", "SupportFunction"]


def _checked(constraint: Any) -> ConvexSet:
    if not isinstance(constraint, ConvexSet):
        raise TypeError(f"constraint must be a ConvexSet, got {type(constraint).__name__}")
    return constraint


@dataclass(frozen=True, eq=False)
class Indicator(Regularizer):
    r"""The indicator :math:`h(x) = 0` for :math:`x \in C` and :math:`\infty` elsewhere.

    Its proximal map is the projection onto C, whatever the step: a proximal solver becomes a projected one.

    Parameters
    ----------
    constraint : ConvexSet
        The set C.

    Examples
    --------
    >>> import optlab as ol
    >>> nonnegative = ol.sets.Indicator(ol.sets.Box(lower=0.0))
    >>> nonnegative.prox([1.0, -2.0], step=0.1)
    array([1., 0.])
    >>> nonnegative.value([[1.0, 2.0], [1.0, -2.0]])
    array([ 0., inf])
    """

    constraint: ConvexSet

    def __post_init__(self) -> None:
        _checked(self.constraint)

    def value(self, x: Any) -> Any:
        """0 inside C, up to the default tolerance of `ConvexSet.contains`, and infinity outside.

        Parameters
        ----------
        x : array, shape (..., d)
            Points.

        Returns
        -------
        array, shape (...)
            The values; NaN for a point that holds NaN.
        """
        x = vectors(x, "x", self.constraint.dim)
        xp = namespace(x)
        largest = xp.max(xp.abs(x), axis=-1)
        outside = xp.where(xp.isnan(largest), largest, math.inf)
        return xp.where(self.constraint.contains(x), 0.0, outside)

    def prox(self, x: Any, step: Any) -> Any:
        x = vectors(x, "x", self.constraint.dim)
        positive_step(step, x)
        return self.constraint.project(x)


@dataclass(frozen=True, eq=False)
class SupportFunction(Regularizer):
    r"""The support function :math:`h(x) = \sup_{s \in C} \langle x, s \rangle`.

    Of a ball around the origin it is a norm: ``SupportFunction(L1Ball(w))`` is :math:`w \|x\|_\infty`.  Of the simplex
    it is the largest coordinate.  Its proximal map is `ConvexSet.prox_support`.

    Parameters
    ----------
    constraint : ConvexSet
        The set C.

    Examples
    --------
    >>> import optlab as ol
    >>> largest = ol.sets.SupportFunction(ol.sets.Simplex())
    >>> float(largest.value([1.0, 4.0, 2.0]))
    4.0
    >>> largest.prox([1.0, 4.0, 2.0], step=1.0)
    array([1., 3., 2.])
    """

    constraint: ConvexSet

    def __post_init__(self) -> None:
        _checked(self.constraint)

    def value(self, x: Any) -> Any:
        return self.constraint.support(vectors(x, "x", self.constraint.dim))

    def prox(self, x: Any, step: Any) -> Any:
        return self.constraint.prox_support(x, step)
