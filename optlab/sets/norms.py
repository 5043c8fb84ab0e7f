r"""Regularisers built from norms: l1, l2 (plain and grouped), squared l2, elastic net, and none at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.validate import integer, number
from optlab.core.xp import namespace
from optlab.sets._inputs import positive_step, vectors
from optlab.sets.ball import project_l2
from optlab.sets.base import Norm, Regularizer

__all__ = ["ElasticNet", "L1Norm", "L2Norm", "SquaredL2", "Zero"]


def _soft_threshold(xp: Any, x: Any, threshold: Any) -> Any:
    """Move every entry towards zero by `threshold`, stopping there."""
    return x - xp.minimum(xp.maximum(x, -threshold), threshold)


def _divide_by_weight(xp: Any, norm: Any, weight: float) -> Any:
    """Dual norm of weight * ||.||, from that of ||.||; at weight zero the supremum is over the whole space."""
    return norm / weight if weight > 0.0 else xp.where(norm > 0.0, math.inf, norm)


@dataclass(frozen=True, eq=False)
class Zero(Regularizer):
    """The regulariser h = 0: its proximal map leaves x where it is.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.Zero().prox([1.0, -2.0], step=0.5)
    array([ 1., -2.])
    """

    def value(self, x: Any) -> Any:
        x = vectors(x)
        xp = namespace(x)
        total = xp.sum(x, axis=-1)
        return xp.where(xp.isnan(total), total, 0.0)

    def prox(self, x: Any, step: Any) -> Any:
        x = vectors(x)
        positive_step(step, x)
        return namespace(x).asarray(x, copy=True)


@dataclass(frozen=True, eq=False)
class L1Norm(Norm):
    r"""The l1 norm :math:`h(x) = w \|x\|_1`, which makes solutions sparse.

    .. math:: \operatorname{prox}_{\tau h}(x)_i = \operatorname{sign}(x_i) \max(|x_i| - \tau w, 0),
              \qquad h^\circ(y) = \|y\|_\infty / w.

    Parameters
    ----------
    weight : float
        The weight w >= 0.

    Examples
    --------
    >>> import optlab as ol
    >>> penalty = ol.sets.L1Norm(weight=2.0)
    >>> penalty.prox([3.0, -0.5, 1.0], step=0.5)
    array([2., 0., 0.])
    >>> float(penalty.value([3.0, -0.5, 1.0]))
    9.0
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", number("weight", self.weight, at_least=0.0))

    def value(self, x: Any) -> Any:
        x = vectors(x)
        xp = namespace(x)
        return self.weight * xp.sum(xp.abs(x), axis=-1)

    def prox(self, x: Any, step: Any) -> Any:
        x = vectors(x)
        return _soft_threshold(namespace(x), x, self.weight * positive_step(step, x))

    def dual_norm(self, y: Any) -> Any:
        y = vectors(y, "y")
        xp = namespace(y)
        return _divide_by_weight(xp, xp.max(xp.abs(y), axis=-1), self.weight)


@dataclass(frozen=True, eq=False)
class L2Norm(Norm):
    r"""The Euclidean norm of the vector, or the sum of the norms of its groups (the group lasso).

    .. math:: h(x) = w \sum_G \|x_G\|_2, \qquad
              \operatorname{prox}_{\tau h}(x)_G = x_G \max(1 - \tau w / \|x_G\|_2, 0), \qquad
              h^\circ(y) = \max_G \|y_G\|_2 / w.

    Parameters
    ----------
    weight : float
        The weight w >= 0.
    group_size : int, optional
        Length of the groups, which follow one another and must fill the vector; by default the vector is one group.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.L2Norm(weight=1.0).prox([3.0, 4.0], step=2.5)
    array([1.5, 2. ])
    >>> ol.sets.L2Norm(weight=1.0, group_size=2).prox([3.0, 4.0, 0.3, 0.4], step=2.5)
    array([1.5, 2. , 0. , 0. ])
    """

    weight: float = 1.0
    group_size: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", number("weight", self.weight, at_least=0.0))
        if self.group_size is not None:
            object.__setattr__(self, "group_size", integer("group_size", self.group_size, at_least=1))

    def _grouped(self, x: Any, name: str) -> Any:
        x = vectors(x, name)
        size = self.group_size or x.shape[-1]
        if x.shape[-1] % size:
            raise ValueError(f"{name} must split into groups of {size}, got shape {tuple(x.shape)}")
        return namespace(x).reshape(x, (*x.shape[:-1], x.shape[-1] // size, size))

    def value(self, x: Any) -> Any:
        groups = self._grouped(x, "x")
        xp = namespace(groups)
        return self.weight * xp.sum(xp.linalg.vector_norm(groups, axis=-1), axis=-1)

    def prox(self, x: Any, step: Any) -> Any:
        groups = self._grouped(x, "x")
        xp = namespace(groups)
        step = positive_step(step, groups)
        if not isinstance(step, float) and step.ndim > 0:
            step = step[..., None]  # the group axis
        shrunk = groups - project_l2(xp, groups, self.weight * step)
        return xp.reshape(shrunk, (*groups.shape[:-2], groups.shape[-2] * groups.shape[-1]))

    def dual_norm(self, y: Any) -> Any:
        groups = self._grouped(y, "y")
        xp = namespace(groups)
        return _divide_by_weight(xp, xp.max(xp.linalg.vector_norm(groups, axis=-1), axis=-1), self.weight)


@dataclass(frozen=True, eq=False)
class SquaredL2(Regularizer):
    r"""The ridge penalty :math:`h(x) = \frac{w}{2} \|x\|_2^2`.

    .. math:: \operatorname{prox}_{\tau h}(x) = x / (1 + \tau w)

    Parameters
    ----------
    weight : float
        The weight w >= 0, which is also the modulus of strong convexity.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.SquaredL2(weight=2.0).prox([4.0, -2.0], step=0.5)
    array([ 2., -1.])
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", number("weight", self.weight, at_least=0.0))

    def value(self, x: Any) -> Any:
        x = vectors(x)
        return 0.5 * self.weight * namespace(x).sum(x * x, axis=-1)

    def prox(self, x: Any, step: Any) -> Any:
        x = vectors(x)
        return x / (1.0 + self.weight * positive_step(step, x))

    @property
    def strong_convexity(self) -> float:
        return self.weight


@dataclass(frozen=True, eq=False)
class ElasticNet(Regularizer):
    r"""The elastic net :math:`h(x) = w_1 \|x\|_1 + \frac{w_2}{2} \|x\|_2^2`.

    Its proximal map is soft thresholding at :math:`\tau w_1`, then division by :math:`1 + \tau w_2`.

    Parameters
    ----------
    l1 : float
        The weight :math:`w_1 \ge 0` of the l1 norm.
    l2 : float
        The weight :math:`w_2 \ge 0` of the squared l2 norm, which is also the modulus of strong convexity.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.ElasticNet(l1=1.0, l2=1.0).prox([3.0, -0.5], step=1.0)
    array([1., 0.])
    """

    l1: float = 1.0
    l2: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", number("l1", self.l1, at_least=0.0))
        object.__setattr__(self, "l2", number("l2", self.l2, at_least=0.0))

    def value(self, x: Any) -> Any:
        return L1Norm(self.l1).value(x) + SquaredL2(self.l2).value(x)

    def prox(self, x: Any, step: Any) -> Any:
        x = vectors(x)
        step = positive_step(step, x)
        return _soft_threshold(namespace(x), x, self.l1 * step) / (1.0 + self.l2 * step)

    @property
    def strong_convexity(self) -> float:
        return self.l2
