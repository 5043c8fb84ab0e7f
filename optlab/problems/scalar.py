r"""Functions of one variable: the smallest instances on which a theorem is tight, or fails."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import Constants, exact, lower
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.validate import integer, number

__all__ = ["EXAMPLES", "AbsoluteLine", "CosineLine", "HuberLine", "QuarticLine"]


class _Line(Problem):
    """A function phi of one variable with its minimum 0 at 0, started at D."""

    batched = True
    shape = (1,)

    def __init__(self, D: float, **constants: Any) -> None:
        self.D = number("D", D, above=0)
        self.constants = Constants(**constants, D=exact(self.D, "|x_0 - x*| at the default start"))
        self.reference = Reference.exact(0.0, np.zeros(1), certificate="F >= 0 and F(0) = 0")

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the point D."""
        return np.full(1, self.D)

    def _towards_zero(self, x: Any, direction: Any) -> Any:
        """Step t with x + t direction = 0; 0 for a zero direction."""
        moving = direction[..., 0] != 0.0
        return np.where(moving, -x[..., 0], 0.0) / np.where(moving, direction[..., 0], 1.0)


class HuberLine(_Line):
    r"""The Huber function on which gradient descent attains its worst case after exactly k steps.

    .. math:: F(x) = \begin{cases} \tfrac L2 x^2 & |x| \le \delta \\
                                   L \delta |x| - \tfrac L2 \delta^2 & |x| > \delta \end{cases}
              \qquad \delta = \frac D{2k + 1}

    Started at D, gradient descent with step 1/L walks down the straight part by :math:`\delta` a step and has the gap
    :math:`L D^2 / (4k + 2)` after k steps: no smooth convex function has a larger one.

    Parameters
    ----------
    L : float, default 1
        Smoothness constant, > 0.
    D : float, default 1
        Distance of the start from the minimiser, > 0.
    k : int, default 10
        Number of steps for which the instance is the worst one, >= 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.

    References
    ----------
    Y. Drori, M. Teboulle, Performance of first-order methods for smooth convex minimization: a novel approach,
    Mathematical Programming 145 (2014), Theorem 3.1 and the instance after it.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.HuberLine(L=2.0, D=3.0, k=4)
    >>> result = ol.GradientDescent().run(problem, max_iter=4)
    >>> float(result.history["gap"][-1]), 2.0 * 3.0**2 / (4 * 4 + 2)
    (1.0, 1.0)
    """

    def __init__(self, L: float = 1.0, D: float = 1.0, k: int = 10) -> None:
        self.L = number("L", L, above=0)
        self.threshold = number("D", D, above=0) / (2 * integer("k", k, at_least=0) + 1)
        super().__init__(
            D,
            L=exact(self.L, "second derivative on the quadratic part"),
            G=exact(self.L * self.threshold, "slope of the straight part"),
        )

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        size = np.abs(x[..., 0])
        inner = np.minimum(size, self.threshold)
        return self.L * inner * (size - 0.5 * inner)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return self.L * np.clip(x, -self.threshold, self.threshold)

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return self._towards_zero(x, direction)


class AbsoluteLine(_Line):
    r"""The absolute value :math:`F(x) = G |x|`: convex, Lipschitz, not differentiable at its minimum.

    Subgradient steps of a fixed size overshoot for ever; the last iterate is no better than the step.

    Parameters
    ----------
    G : float, default 1
        Lipschitz constant, > 0.
    D : float, default 1
        Distance of the start from the minimiser, > 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a positive number.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.AbsoluteLine(G=2.0).subgradient([-3.0])
    array([-2.])
    """

    def __init__(self, G: float = 1.0, D: float = 1.0) -> None:
        self.G = number("G", G, above=0)
        super().__init__(D, G=exact(self.G, "|slope| away from 0"))

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self.G * np.abs(x[..., 0])

    def subgradient(self, x: Any) -> Any:
        """Return a subgradient of F at x."""
        return self.G * np.sign(x)

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return self._towards_zero(x, direction)


class CosineLine(_Line):
    r"""The wave :math:`F(x) = L (1 - \cos x)`: smooth and Lipschitz, not convex.

    Started just below :math:`\pi`, where the slope vanishes, gradient methods need as long as one likes to get going,
    so every rate that rests on convexity fails.

    Parameters
    ----------
    L : float, default 1
        Smoothness constant and Lipschitz constant, > 0.
    D : float, default 3.1
        The start, ``0 < D < pi``; the nearest minimiser is 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.CosineLine().violates
    'convexity'
    """

    violates = "convexity"

    def __init__(self, L: float = 1.0, D: float = 3.1) -> None:
        self.L = number("L", L, above=0)
        super().__init__(
            number("D", D, above=0, below=math.pi),
            L=exact(self.L, "largest second derivative"),
            G=exact(self.L, "largest slope"),
        )

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return 2 * self.L * np.sin(0.5 * x[..., 0]) ** 2  # 1 - cos x, without its cancellation near 0

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return self.L * np.sin(x)


class QuarticLine(_Line):
    r"""The quartic :math:`F(x) = \tfrac L{12} x^4`: convex, but its gradient is not Lipschitz.

    The declared `L` is the smoothness on [-1, 1] only, and so a *lower* bound of what a method would need: a step of
    1/L from a start beyond :math:`\sqrt 6` explodes.

    Parameters
    ----------
    L : float, default 1
        Second derivative at 1, > 0.
    D : float, default 3
        The start, > 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a positive number.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.GradientDescent(step_size=1.0).run(ol.problems.QuarticLine(), max_iter=50).status.name
    'NONFINITE'
    """

    violates = "a Lipschitz gradient"

    def __init__(self, L: float = 1.0, D: float = 3.0) -> None:
        self.L = number("L", L, above=0)
        super().__init__(D, L=lower(self.L, "second derivative on [-1, 1]; it grows without bound"))

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self.L / 12 * x[..., 0] ** 4

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return self.L / 3 * x**3

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return self._towards_zero(x, direction)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "HuberLine": lambda: HuberLine(L=2.0, D=3.0, k=10),
    "AbsoluteLine": lambda: AbsoluteLine(G=2.0, D=1.0),
    "CosineLine": lambda: CosineLine(),
    "QuarticLine": lambda: QuarticLine(L=0.5, D=1.5),
}
