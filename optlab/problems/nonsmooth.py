r"""Convex functions that are not differentiable where it matters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.validate import integer, number

__all__ = ["EXAMPLES", "InfinityNorm"]


class InfinityNorm(Problem):
    r"""The largest coordinate in absolute value: the worst Lipschitz convex function for subgradient methods.

    .. math:: F(x) = G \|x\|_\infty, \qquad x_0 = \frac D{\sqrt d} (1, \dots, 1)

    The oracle answers with the *first* of the largest coordinates.  A method that stays in the span of the subgradients
    has touched at most k coordinates after k of them, and an untouched one keeps the value
    :math:`G D / \sqrt d` alive.  With d = k + 1 this is the upper bound :math:`G D / \sqrt{k+1}` of the subgradient
    method: both are tight (derived here; the resisting oracle is the classical one).

    Parameters
    ----------
    d : int
        Dimension, >= 1.
    G : float, default 1
        Lipschitz constant, > 0.
    D : float, default 1
        Distance of the start from the minimiser, > 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.

    References
    ----------
    Y. Drori, M. Teboulle, An optimal variant of Kelley's cutting-plane method, Mathematical Programming 160 (2016).

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.InfinityNorm(d=4, G=2.0, D=6.0)
    >>> x = problem.start()
    >>> float(problem.value(x)), problem.subgradient(x)
    (6.0, array([2., 0., 0., 0.]))
    """

    batched = True

    def __init__(self, d: int, G: float = 1.0, D: float = 1.0) -> None:
        self.d = integer("d", d, at_least=1)
        self.G = number("G", G, above=0)
        self.D = number("D", D, above=0)
        self.shape = (self.d,)
        self.constants = Constants(
            G=exact(self.G, "a subgradient is a signed unit vector times G"),
            D=exact(self.D, "||x_0|| at the default start"),
        )
        self.reference = Reference.exact(0.0, np.zeros(self.d), certificate="F >= 0 and F(0) = 0")

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the point with equal coordinates at distance D."""
        return np.full(self.d, self.D / math.sqrt(self.d))

    def span_bound(self, k: int) -> float:
        """Return the least gap of a span method from the default start after `k` subgradients: 0 from k = d on."""
        return self.G * self.D / math.sqrt(self.d) if integer("k", k, at_least=0) < self.d else 0.0

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self.G * np.max(np.abs(x), axis=-1)

    def subgradient(self, x: Any) -> Any:
        """Return a subgradient of F at x."""
        x = np.asarray(x)
        first = np.argmax(np.abs(x), axis=-1, keepdims=True)
        return self.G * np.where(np.arange(self.d) == first, np.sign(x), 0.0)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "InfinityNorm": lambda: InfinityNorm(d=6, G=2.0, D=3.0),
}
