r"""The non-negative orthant."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from optlab.sets.box import Box

__all__ = ["Orthant"]


@dataclass(frozen=True, eq=False)
class Orthant(Box):
    r"""The orthant :math:`\{x : x \ge 0\}`: a box whose bounds are fixed.

    Parameters
    ----------
    dim : int, optional
        The dimension, when the set should insist on it.

    Attributes
    ----------
    lower, upper : float
        The bounds 0 and infinity.

    Examples
    --------
    >>> import optlab as ol
    >>> orthant = ol.sets.Orthant()
    >>> orthant.project([1.0, -2.0])
    array([1., 0.])
    >>> orthant.diameter
    inf
    """

    lower: Any = field(default=0.0, init=False)
    upper: Any = field(default=math.inf, init=False)
    dim: int | None = None
