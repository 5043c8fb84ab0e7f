r"""Small problems on which coordinate methods show their limits: rules misled by a penalty, ties, flat bottoms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import Constants, exact, lower
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.validate import integer
from optlab.core.xp import as_data, namespace
from optlab.problems._blocks import coordinate_constants
from optlab.problems._blocks_quadratic import NodeBlocks, QuadraticBlocks

__all__ = ["EXAMPLES", "GreedyCounterexample", "QuarticHuber", "TiedPair"]


class GreedyCounterexample(QuadraticBlocks, Problem):
    r"""Two coordinates with an l1 penalty, where two natural greedy rules do worse than random choice.

    .. math:: F(x) = \tfrac12 (x_1 - 2)^2 + \tfrac12 (0.7 x_2 + 1)^2 + |x_1| + |x_2|

    One step with the common constant L = 1 multiplies the gap by at most :math:`1 - \mu / (n L) = 0.755` in expectation
    over a random coordinate.  From :math:`(0.4, 0.5)` the rule GS-r (longest proximal step) chooses the first
    coordinate, for a ratio of 0.835052; from :math:`(0.4, 0.01)` the rule GS-s (steepest directional derivative)
    chooses the second, for 0.913592.  GS-q chooses well from both; measured here.

    Parameters
    ----------
    start : array_like of shape (2,), default (0.4, 0.5)
        The default start.

    Raises
    ------
    TypeError, ValueError
        If the start is not a pair of finite real numbers.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.GreedyCounterexample(start=(0.4, 0.01))
    >>> problem.reference.x, problem.reference.hi, 1 - problem.constants.mu_1 / problem.constants.L
    (array([1., 0.]), 2.0, 0.6711)
    """

    batched = True

    def __init__(self, start: Any = (0.4, 0.5)) -> None:
        self.spectrum = self.like = np.array([1.0, 0.49])
        self.center = np.array([2.0, -1.0 / 0.7])
        self.shape = (2,)
        self.x0 = as_data(start, "start", ndim=1)
        if self.x0.shape != (2,):
            raise ValueError(f"start must hold two numbers, got {self.x0.shape[0]}")
        self.constants = Constants(
            L=exact(1.0, "largest curvature"),
            mu=exact(0.49, "smallest curvature"),
            mu_1=exact(0.49 / 1.49, "1 / (1 + 1 / 0.49)"),
            mu_L=exact(0.5, "1 / n"),
            **coordinate_constants(self),
        )
        self.reference = Reference.exact(2.0, np.array([1.0, 0.0]), certificate="minimised coordinate by coordinate")

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the start given at construction."""
        return self.x0.astype(self.dtype)

    def _hessian(self) -> Any:
        return self.spectrum

    def smooth_value(self, x: Any) -> Any:
        """Return the two squares at x."""
        return 0.5 * np.sum(self.spectrum * (x - self.center) ** 2, axis=-1)

    def smooth_gradient(self, x: Any) -> Any:
        """Return the gradient of the squares at x."""
        return self.spectrum * (x - self.center)

    def prox(self, x: Any, step: Any) -> Any:
        """Return the proximal map of the l1 norm."""
        return x - np.clip(x, -step, step)

    def kink_slopes(self) -> tuple[Any, Any]:
        """Return the slopes of the absolute value on both sides of zero."""
        return -np.ones_like(self.spectrum), np.ones_like(self.spectrum)

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self.smooth_value(x) + np.sum(np.abs(x), axis=-1)

    def subgradient(self, x: Any) -> Any:
        """Return a subgradient of F at x."""
        return self.smooth_gradient(x) + np.sign(x)


class TiedPair(Problem):
    r"""A convex function whose kink ties two coordinates: no move of one of them alone gets off it.

    .. math:: F(x) = |x_1 - x_2| + \tfrac18 (x_1 + x_2 - 2)^2

    The minimum 0 lies at (1, 1).  On the whole segment of the diagonal from the origin to (2, 2) moving one coordinate
    raises F, so that exact coordinate minimisation stalls at the origin, with F = 1/2.  The non-smooth term is not a
    sum of functions of single coordinates, which all guarantees of coordinate methods assume.

    Notes
    -----
    `gradient` is the gradient wherever there is one; on the diagonal it is a subgradient.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> problem = ol.problems.TiedPair()
    >>> float(problem.value(np.zeros(2))), min(float(problem.value(np.array([t, 0.0]))) for t in (-0.1, 0.1))
    (0.5, 0.55125)
    """

    batched = True
    violates = "separability of the non-smooth term"

    def __init__(self) -> None:
        self.shape = (2,)
        self.like = np.zeros(2)
        self.constants = Constants(D=exact(2.0**0.5, "from the origin to (1, 1)"))
        self.reference = Reference.exact(0.0, np.ones(2), certificate="F >= 0 and F(1, 1) = 0")

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return np.abs(x[..., 0] - x[..., 1]) + 0.125 * (x[..., 0] + x[..., 1] - 2) ** 2

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x; on the diagonal, a subgradient."""
        kink = np.sign(x[..., 0] - x[..., 1])
        slope = 0.25 * (x[..., 0] + x[..., 1] - 2)
        return np.stack([slope + kink, slope - kink], axis=-1)

    def subgradient(self, x: Any) -> Any:
        """Return a subgradient of F at x."""
        return self.gradient(x)


class QuarticHuber(NodeBlocks, Problem):
    r"""A sum of functions that are flat at their minimum: convex and smooth, but no Polyak-Lojasiewicz inequality.

    .. math:: F(x) = \sum_{i=1}^n \varphi(x_i), \qquad \varphi''(t) = \min(t^2, 1), \quad \varphi(0) = \varphi'(0) = 0

    So :math:`\varphi(t) = t^4 / 12` on [-1, 1], and a quadratic with curvature 1 outside.

    Parameters
    ----------
    n : int
        Dimension, >= 1.
    start : float, default 3
        Every coordinate of the default start.

    Raises
    ------
    TypeError, ValueError
        If `n` is no positive integer or the start not finite.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> problem = ol.problems.QuarticHuber(2)
    >>> problem.constants.L, float(problem.value(np.array([1.0, -2.0])))  # 1/12 + (1/12 + 1/3 + 1/2)
    (1.0, 1.0)
    """

    batched = True

    def __init__(self, n: int, start: float = 3.0) -> None:
        self.shape = (integer("n", n, at_least=1),)
        self.like = np.zeros(self.shape)
        self.x0 = as_data(np.full(self.shape, start), "start", ndim=1)
        self.constants = Constants(
            L=exact(1.0, "largest curvature"),
            mu=lower(0.0, "the curvature at the minimum"),
            **coordinate_constants(self),
        )
        self.reference = Reference.exact(0.0, np.zeros(self.shape), certificate="F >= 0 and F(0) = 0")

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the default start."""
        return self.x0.astype(self.dtype)

    def _nodes(self, x: Any, block: Any = None) -> tuple[Any, Any, Any]:
        xp = namespace(x)
        size = xp.abs(x)
        inner = xp.minimum(size, xp.ones_like(x))
        beyond = size - inner
        value = inner**4 / 12 + beyond / 3 + beyond**2 / 2
        return value, xp.sign(x) * (inner**3 / 3 + beyond), inner**2

    def _node_bounds(self) -> Any:
        return self.like + 1.0

    def _hessian(self) -> Any:
        return self.like

    def _quadratic_part(self, x: Any) -> tuple[float, Any]:
        return 0.0, 0.0 * x

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return namespace(x).sum(self._nodes(x)[0], axis=-1)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return self._nodes(x)[1]

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        return self._nodes(x)[2] * v


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "GreedyCounterexample": GreedyCounterexample,
    "GreedyCounterexample(second)": lambda: GreedyCounterexample((0.4, 0.01)),
    "TiedPair": TiedPair,
    "QuarticHuber": lambda: QuarticHuber(5),
}
