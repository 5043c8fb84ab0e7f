r"""Quadratics: prescribed spectrum, Nesterov's worst-case chain, and an indefinite sibling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from array_api_compat import device

from optlab.core.constants import Constants, exact, upper
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import boolean, integer, number
from optlab.core.xp import as_data, as_float_array, namespace
from optlab.problems._blocks import coordinate_constants
from optlab.problems._blocks_quadratic import QuadraticBlocks
from optlab.problems._linear import parabola_minimum
from optlab.problems.strong_convexity import norm_constants

__all__ = ["EXAMPLES", "IndefiniteQuadratic", "NesterovChain", "Quadratic"]


class Quadratic(QuadraticBlocks, Problem):
    r"""A convex quadratic with a prescribed spectrum.

    .. math:: F(x) = \tfrac12 (x - x^\star)^T H (x - x^\star), \qquad
              H = Q \operatorname{diag}(\lambda) Q^T, \quad \lambda \ge 0

    Parameters
    ----------
    spectrum : array_like of shape (d,)
        The eigenvalues :math:`\lambda`, >= 0, not all zero.
    x_star : array_like of shape (d,), optional
        A minimiser; the vector of ones when absent.
    rotate : bool, default False
        Whether Q is a random rotation; otherwise it is the identity and H is diagonal.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the rotation.

    Raises
    ------
    TypeError, ValueError
        If the spectrum is empty, not real and finite, negative somewhere or zero everywhere, or `x_star` does not fit.

    Notes
    -----
    Constants: `L` and `mu` are the extreme eigenvalues; `L_max`, `L_mean` and `L_min` describe the diagonal of H, and
    `mu_1` and `mu_L` are those of `optlab.problems.mu_l1` and `mu_l1_scaled`.  The reference is exact: F is
    non-negative and F(x*) = 0.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 10.0])
    >>> problem.constants.L, problem.constants.mu, float(problem.value(problem.start()))
    (10.0, 1.0, 5.5)
    """

    batched = True
    _convex = True

    def __init__(self, spectrum: Any, *, x_star: Any = None, rotate: bool = False, rng: RNGLike = None) -> None:
        spectrum = as_data(spectrum, "spectrum", ndim=1)
        xp = namespace(spectrum)
        if spectrum.shape[0] == 0:
            raise ValueError("spectrum must hold at least one eigenvalue")
        smallest, largest = float(xp.min(spectrum)), float(xp.max(spectrum))
        if self._convex and not (smallest >= 0.0 and largest > 0.0):
            raise ValueError(f"spectrum must be >= 0 and not all zero, got values from {smallest:g} to {largest:g}")
        self.spectrum = self.like = spectrum
        self.shape = (int(spectrum.shape[0]),)
        x_star = xp.ones_like(spectrum) if x_star is None else as_data(x_star, "x_star", ndim=1)
        self.x_star = xp.asarray(x_star, dtype=spectrum.dtype)
        if self.x_star.shape != spectrum.shape:
            raise ValueError(f"x_star must have shape {self.shape}, got {tuple(self.x_star.shape)}")
        self.hessian = _rotated(self.spectrum, rng) if boolean("rotate", rotate) else None
        how = "of the prescribed spectrum"
        self.constants = Constants(
            L=exact(max(largest, -smallest), f"largest absolute value {how}"),
            mu=exact(smallest, f"smallest value {how}"),
            **coordinate_constants(self),
            **(norm_constants(self._hessian()) if smallest > 0.0 else {}),
        )
        self.reference = Reference.exact(0.0, self.x_star, certificate="F >= 0 and F(x_star) = 0")

    @classmethod
    def spread(cls, d: int, L: float = 1.0, mu: float = 0.01, **options: Any) -> Self:
        """Return an instance with eigenvalues spaced geometrically from `mu` to `L`.

        Parameters
        ----------
        d : int
            Dimension, >= 2.
        L, mu : float
            Extreme eigenvalues, ``0 < mu <= L``.
        **options
            `x_star`, `rotate` and `rng`, as in the constructor.
        """
        d = integer("d", d, at_least=2)
        L = number("L", L, above=0)
        mu = number("mu", mu, above=0, at_most=L)
        spectrum = np.geomspace(mu, L, d)
        spectrum[0], spectrum[-1] = mu, L  # not up to rounding: the constants are declared exact
        return cls(spectrum, **options)

    def _hessian(self) -> Any:
        return self.spectrum if self.hessian is None else self.hessian

    def _times_hessian(self, v: Any) -> Any:
        return v * self.spectrum if self.hessian is None else v @ self.hessian

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        offset = x - self.x_star
        return 0.5 * namespace(offset).sum(offset * self._times_hessian(offset), axis=-1)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return self._times_hessian(x - self.x_star)

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        return self._times_hessian(v)

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return parabola_minimum(self.gradient(x), direction, self._times_hessian(direction))


def _rotated(spectrum: Any, rng: RNGLike) -> Any:
    """Return Q diag(spectrum) Q^T for a Haar-distributed Q, symmetric to the last bit."""
    xp = namespace(spectrum)
    d = int(spectrum.shape[0])
    q, r = np.linalg.qr(streams(rng).data.standard_normal((d, d)))
    q = xp.asarray(q * np.sign(np.diag(r)), dtype=spectrum.dtype, device=device(spectrum))
    hessian = (q * spectrum) @ q.T
    return 0.5 * (hessian + hessian.T)


def _absolute(hessian: Any) -> Any:
    xp = namespace(hessian)
    if hessian.ndim == 1:
        return xp.abs(hessian)
    values, vectors = xp.linalg.eigh(hessian)
    absolute = (vectors * xp.abs(values)) @ vectors.T
    return 0.5 * (absolute + absolute.T)


class IndefiniteQuadratic(Quadratic):
    r"""A quadratic with a negative eigenvalue: a saddle, unbounded below, smooth but not convex.

    Parameters
    ----------
    spectrum : array_like of shape (d,)
        The eigenvalues, at least one of them negative; L is the largest absolute value.
    x_star : array_like of shape (d,), optional
        The stationary point (no minimiser); the vector of ones when absent.
    rotate : bool, default False
        Whether to rotate the eigenvectors at random.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the rotation.

    Raises
    ------
    TypeError, ValueError
        If the spectrum is empty, not real and finite, or has no negative value, or `x_star` does not fit.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.IndefiniteQuadratic([-1.0, 2.0]).violates
    'convexity'
    """

    violates = "convexity"
    _convex = False

    def __init__(self, spectrum: Any, *, x_star: Any = None, rotate: bool = False, rng: RNGLike = None) -> None:
        super().__init__(spectrum, x_star=x_star, rotate=rotate, rng=rng)
        if self.constants.mu >= 0.0:
            raise ValueError(f"spectrum must hold a negative value, got a smallest one of {self.constants.mu:g}")
        self.reference = None

    def _bound(self) -> Any:
        """The Hessian with the absolute values of its eigenvalues."""
        return self._memo("bound", lambda: _absolute(self._hessian()))


class NesterovChain(Problem):
    r"""Nesterov's worst function in the world: no method that stays in the span of gradients is fast on it.

    .. math:: F(x) = \frac L4 \Big( \tfrac12 \big[ x_1^2 + \sum_{i=1}^{d-1} (x_i - x_{i+1})^2 + x_d^2 \big] - x_1 \Big)

    Started at the origin, such a method has at most k non-zero coordinates after k gradients, and the minimum of F over
    those is :math:`\frac L8 (-1 + \frac 1{k+1})`.  So, for :math:`k \le d`,

    .. math:: F(x_k) - F^\star \ge \frac L8 \Big( \frac1{k+1} - \frac1{d+1} \Big),

    and with :math:`d = 2k + 1` at least :math:`3 L \|x_0 - x^\star\|^2 / (32 (k+1)^2)`.

    Parameters
    ----------
    d : int
        Length of the chain, >= 1.
    L : float, default 1
        The smoothness constant of the function class, > 0; that of F itself is a little smaller.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.

    References
    ----------
    Y. Nesterov, Introductory Lectures on Convex Optimization, Kluwer 2004, section 2.1.2 (Theorem 2.1.7).

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.NesterovChain(d=3, L=8.0)
    >>> problem.reference.lo, problem.reference.x
    (-0.75, array([0.75, 0.5 , 0.25]))
    >>> problem.span_bound(1)
    0.25
    """

    batched = True

    def __init__(self, d: int, L: float = 1.0) -> None:
        self.d = integer("d", d, at_least=1)
        self.L = number("L", L, above=0)
        self.shape = (self.d,)
        self._e1 = np.zeros(self.d)
        self._e1[0] = 1.0
        angle = math.pi / (2 * (self.d + 1))
        self.constants = Constants(
            L=upper(self.L, f"constant of the class; the largest eigenvalue is L cos^2(pi / {2 * (self.d + 1)})"),
            mu=exact(self.L * math.sin(angle) ** 2, f"smallest eigenvalue L sin^2(pi / {2 * (self.d + 1)})"),
            D=exact(math.sqrt(self.d * (2 * self.d + 1) / (6 * (self.d + 1))), "||x_star||, start at the origin"),
        )
        x_star = 1.0 - np.arange(1, self.d + 1) / (self.d + 1)
        f_star = -self.L / 8 * self.d / (self.d + 1)
        self.reference = Reference.exact(f_star, x_star, certificate="solution of the tridiagonal linear system")

    def span_bound(self, k: int) -> float:
        """Return the least gap that any span method started at the origin has after `k` gradients, ``0 <= k <= d``."""
        k = integer("k", k, at_least=0, at_most=self.d)
        return self.L / 8 * (1 / (k + 1) - 1 / (self.d + 1))

    def _links(self, x: Any) -> Any:
        """Differences along the chain, both ends tied to zero."""
        return np.diff(x, axis=-1, prepend=0.0, append=0.0)

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return self.L / 4 * (0.5 * np.sum(self._links(x) ** 2, axis=-1) - x[..., 0])

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return self.hessian_product(x, x) - self.L / 4 * self._e1

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        return -self.L / 4 * np.diff(self._links(v), axis=-1)

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return parabola_minimum(self.gradient(x), direction, self.hessian_product(x, direction))


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "Quadratic": lambda: Quadratic.spread(5, L=4.0, mu=0.5),
    "Quadratic(rotated)": lambda: Quadratic.spread(5, L=4.0, mu=0.5, rotate=True, rng=1),
    "Quadratic(singular)": lambda: Quadratic(as_float_array([0.0, 1.0, 3.0])),
    "IndefiniteQuadratic": lambda: IndefiniteQuadratic([-0.5, 1.0, 2.0]),
    "NesterovChain": lambda: NesterovChain(d=7, L=4.0),
}
