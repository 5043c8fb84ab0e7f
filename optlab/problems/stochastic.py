r"""Problems with noisy gradients whose moments are known exactly, and siblings with bias or infinite variance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import device

from optlab.core.constants import Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike
from optlab.core.validate import boolean, integer, number
from optlab.core.xp import namespace
from optlab.problems.quadratic import Quadratic
from optlab.sets import L2Ball

__all__ = ["EXAMPLES", "BiasedAbsolute", "HeavyTailedQuadratic", "NoisyAbsolute", "NoisyQuadratic"]


class NoisyQuadratic(Quadratic):
    r"""A quadratic whose gradients come with Gaussian noise of exactly known variance.

    .. math:: g(x, \xi) = \nabla F(x) + \frac{\sigma}{\sqrt d} \, \xi, \qquad \xi \sim N(0, I_d), \quad
              \mathbb E \|g(x, \xi) - \nabla F(x)\|^2 = \sigma^2

    Parameters
    ----------
    spectrum : array_like of shape (d,)
        Eigenvalues of the Hessian, >= 0, not all zero.
    sigma : float, default 1
        Standard deviation of the whole gradient, >= 0.
    x_star : array_like of shape (d,), optional
        A minimiser; the vector of ones when absent.
    rotate : bool, default False
        Whether to rotate the eigenvectors at random.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the rotation.

    Raises
    ------
    TypeError, ValueError
        As for `Quadratic`, or if `sigma` is negative.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> problem = ol.problems.NoisyQuadratic([1.0, 4.0], sigma=0.5)
    >>> xi = problem.draw(np.random.default_rng(0), 1)
    >>> problem.stochastic_gradient(np.zeros((1, 2)), xi).shape, problem.constants.sigma
    ((1, 2), 0.5)
    """

    def __init__(
        self, spectrum: Any, sigma: float = 1.0, *, x_star: Any = None, rotate: bool = False, rng: RNGLike = None
    ) -> None:
        super().__init__(spectrum, x_star=x_star, rotate=rotate, rng=rng)
        self.sigma = number("sigma", sigma, at_least=0)
        how = "standard deviation of the added Gaussian noise"
        self.constants = Constants(**self.constants, sigma=exact(self.sigma, how))

    def draw(self, rng: np.random.Generator, size: int) -> Any:
        """Draw standard normal vectors, one per sample."""
        normal = rng.standard_normal((size, *self.shape))
        return namespace(self.like).asarray(normal, dtype=self.dtype, device=device(self.like))

    def stochastic_gradient(self, x: Any, xi: Any) -> Any:
        """Return the gradient estimate at x for the sample xi."""
        return self.gradient(x) + self.sigma / math.sqrt(self.shape[0]) * xi


class HeavyTailedQuadratic(NoisyQuadratic):
    r"""A quadratic with symmetric Pareto noise of infinite variance: unbiased, but no bound on the variance holds.

    The noise of a coordinate has tails :math:`P(|\xi_i| > t) = (1 + t)^{-\text{tail}}`, so moments of order `tail` and
    higher do not exist.

    Parameters
    ----------
    spectrum : array_like of shape (d,)
        Eigenvalues of the Hessian, >= 0, not all zero.
    sigma : float, default 1
        Scale of the noise, >= 0.  It is no standard deviation: there is none.
    tail : float, default 1.5
        Tail index, ``1 < tail <= 2``.
    x_star : array_like of shape (d,), optional
        A minimiser; the vector of ones when absent.

    Raises
    ------
    TypeError, ValueError
        As for `NoisyQuadratic`, or if `tail` is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> "sigma" in ol.problems.HeavyTailedQuadratic([1.0, 4.0]).constants
    False
    """

    violates = "a bounded variance"

    def __init__(self, spectrum: Any, sigma: float = 1.0, tail: float = 1.5, *, x_star: Any = None) -> None:
        super().__init__(spectrum, sigma, x_star=x_star)
        self.tail = number("tail", tail, above=1, at_most=2)
        self.constants = Constants(**{name: self.constants[name] for name in ("L", "mu")})

    def draw(self, rng: np.random.Generator, size: int) -> Any:
        """Draw symmetric Pareto vectors, one per sample."""
        shape = (size, *self.shape)
        noise = rng.pareto(self.tail, shape) * rng.choice([-1.0, 1.0], shape)
        return namespace(self.like).asarray(noise, dtype=self.dtype, device=device(self.like))


class NoisyAbsolute(Problem):
    r"""The scaled l1 norm with random-sign noise: every stochastic subgradient has the same known length.

    .. math:: F(x) = \frac{G}{\sqrt d} \|x\|_1, \qquad
              g(x, \xi) = \frac1{\sqrt d} \big( G \operatorname{sign}(x) + \sigma \xi \big), \quad \xi \in \{-1, 1\}^d

    The start is at distance D from the minimiser 0.  Where no coordinate is 0,
    :math:`\mathbb E \|g\|^2 = G^2 + \sigma^2` exactly; it never is larger.

    Parameters
    ----------
    d : int, default 1
        Dimension, >= 1.
    G : float, default 1
        Lipschitz constant of F, > 0.
    sigma : float, default 1
        Standard deviation of the noise, >= 0.
    D : float, default 1
        Distance of the start from the minimiser, > 0.
    project : bool, default False
        Whether the problem has the ball of radius D around the minimiser as its feasible set.

    Raises
    ------
    TypeError, ValueError
        If an argument is not in its range.

    Notes
    -----
    Constants: `M` is the root of the bound on the second moment, :math:`\sqrt{G^2 + \sigma^2}`; `G`, `sigma`, `D`; and
    with ``project=True`` the diameter `diameter` = 2 D of the feasible set.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.NoisyAbsolute(d=4, G=3.0, sigma=4.0)
    >>> problem.constants.M, float(problem.value(problem.start()))
    (5.0, 3.0)
    """

    batched = True

    def __init__(
        self, d: int = 1, G: float = 1.0, sigma: float = 1.0, D: float = 1.0, *, project: bool = False
    ) -> None:
        self.d = integer("d", d, at_least=1)
        self.G = number("G", G, above=0)
        self.sigma = number("sigma", sigma, at_least=0)
        self.D = number("D", D, above=0)
        self.shape = (self.d,)
        constants = {
            "G": exact(self.G, "norm of the subgradient away from the axes"),
            "sigma": exact(self.sigma, "standard deviation of the noise"),
            "M": exact(math.hypot(self.G, self.sigma), "sqrt(G^2 + sigma^2)"),
            "D": exact(self.D, "||x_0|| at the default start"),
        }
        if boolean("project", project):
            self.project = L2Ball(self.D).project
            constants["diameter"] = exact(2 * self.D, "twice the radius of the feasible ball")
        self.constants = Constants(**constants)
        self.reference = Reference.exact(0.0, np.zeros(self.d), certificate="F >= 0 and F(0) = 0")

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the point with equal coordinates at distance D."""
        return np.full(self.d, self.D / math.sqrt(self.d))

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self.G / math.sqrt(self.d) * np.sum(np.abs(x), axis=-1)

    def subgradient(self, x: Any) -> Any:
        """Return a subgradient of F at x."""
        return self.G / math.sqrt(self.d) * np.sign(x)

    def draw(self, rng: np.random.Generator, size: int) -> Any:
        """Draw vectors of random signs, one per sample."""
        return 2.0 * rng.integers(0, 2, (size, self.d)) - 1.0

    def stochastic_gradient(self, x: Any, xi: Any) -> Any:
        """Return the gradient estimate at x for the sample xi."""
        return (self.G * np.sign(x) + self.sigma * xi) / math.sqrt(self.d)


class BiasedAbsolute(NoisyAbsolute):
    r"""The same with a bias: the estimates point at another minimiser, so no number of samples helps.

    .. math:: \mathbb E\, g(x, \xi) \in \partial F(x) - \frac{\text{bias}}{\sqrt d} (1, \dots, 1)

    Parameters
    ----------
    bias : float, default 2
        Length of the bias, > 0; the iterates drift to infinity when it exceeds G.
    d, G, sigma, D
        As for `NoisyAbsolute`; `M` bounds the second moment with the bias included.

    Raises
    ------
    TypeError, ValueError
        If an argument is not in its range.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.BiasedAbsolute().violates
    'unbiased gradients'
    """

    violates = "unbiased gradients"

    def __init__(self, bias: float = 2.0, d: int = 1, G: float = 1.0, sigma: float = 1.0, D: float = 1.0) -> None:
        super().__init__(d, G, sigma, D)
        self.bias = number("bias", bias, above=0)
        second_moment = exact(math.hypot(self.G + self.bias, self.sigma), "sqrt((G + bias)^2 + sigma^2)")
        self.constants = Constants(**{**self.constants, "M": second_moment})

    def stochastic_gradient(self, x: Any, xi: Any) -> Any:
        """Return the gradient estimate at x for the sample xi."""
        return super().stochastic_gradient(x, xi) - self.bias / math.sqrt(self.d)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "NoisyQuadratic": lambda: NoisyQuadratic([0.5, 1.0, 2.0], sigma=0.3),
    "HeavyTailedQuadratic": lambda: HeavyTailedQuadratic([0.5, 1.0, 2.0], sigma=0.1),
    "NoisyAbsolute": lambda: NoisyAbsolute(d=3, G=2.0, sigma=1.0, D=3.0),
    "NoisyAbsolute(projected)": lambda: NoisyAbsolute(d=3, G=2.0, sigma=1.0, D=3.0, project=True),
    "BiasedAbsolute": lambda: BiasedAbsolute(),
}
