r"""Composite least squares whose solution, active manifold and margin of identification are all known exactly.

Data of full column rank are drawn first, then the solution and a dual vector; the targets follow from the optimality
conditions.  How far the dual vector stays from the ends of the subdifferentials at the zeros is the margin delta, on
which it depends how close to the solution the zeros are found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import integer, number
from optlab.core.xp import namespace
from optlab.problems.lasso import Lasso
from optlab.problems.nonnegative import NonNegativeLeastSquares

__all__ = ["EXAMPLES", "DegenerateLasso", "ManifoldLasso", "ManifoldNonNegative"]


class _Planted:
    """What both planted families share: the metric of identification and the constants."""

    x_star: Any

    def _know(self: Any, delta: float, condition: float) -> None:
        self.constants = self.constants.replace(
            mu=exact(1 / condition, "prescribed smallest eigenvalue of A^T A"),
            L=exact(1.0, "prescribed largest eigenvalue of A^T A"),
            delta=exact(delta, "least distance of the planted dual vector to the ends of a subdifferential at a zero"),
            radius=exact(delta / 2, "delta / (2 L): this close, steps 1 / L find every zero they touch"),
            D=exact(float(np.linalg.norm(self.x_star)), "||x_star||, start at the origin"),
        )

    def measure(self: Any, x: Any) -> dict[str, Any]:
        """Return the metrics of the family and `misidentified`, the number of wrong zeros and non-zeros."""
        xp = namespace(x)
        wrong = (x == 0) != (self.x_star == 0)
        return super().measure(x) | {"misidentified": xp.sum(xp.astype(wrong, x.dtype), axis=-1)}  # type: ignore[misc]


def _data(draw: np.random.Generator, m: int, n: int, condition: float) -> tuple[Any, Any]:
    """Return A with the eigenvalues of A^T A from 1 / condition to 1, and A (A^T A)^{-1}."""
    left = np.linalg.qr(draw.standard_normal((m, n)))[0]
    right = np.linalg.qr(draw.standard_normal((n, n)))[0]
    s = np.geomspace(1.0, 1.0 / math.sqrt(condition), n)
    return (left * s) @ right.T, (left / s) @ right.T


def _margins(draw: np.random.Generator, count: int, most: float) -> Any:
    """Numbers in [0, most], the largest of them equal to `most`."""
    values = draw.uniform(0.0, most, count)
    if count:
        values[draw.integers(count)] = most
    return values


def _sizes(m: int, n: int, nnz: int, condition: float) -> tuple[int, int, int, float]:
    n = integer("n", n, at_least=1)
    m, nnz = integer("m", m, at_least=n), integer("nnz", nnz, at_least=0, at_most=n)
    return m, n, nnz, number("condition", condition, at_least=1)


class ManifoldLasso(_Planted, Lasso):
    r"""A Lasso with full column rank whose solution and margin delta are planted.

    .. math:: F(x) = \tfrac12 \|A x - b\|_2^2 + w \|x\|_1, \qquad b = A x^\star + A (A^T A)^{-1} z

    with :math:`z_i = w \operatorname{sign}(x^\star_i)` on the support and :math:`|z_i| \le w - \delta` off it, with
    equality once: z is minus the gradient at the solution.

    Parameters
    ----------
    m, n : int
        Number of rows and columns, ``1 <= n <= m``.
    nnz : int
        Number of non-zero entries of the solution, ``0 <= nnz <= n``.
    weight : float, default 1
        Weight of the l1 norm, > 0.
    delta : float, default 0.2
        The margin, ``0 < delta <= weight``.
    condition : float, default 100
        Condition number of :math:`A^T A`, whose largest eigenvalue is 1; >= 1.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the data.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Notes
    -----
    Constants: `L` = 1, `mu` = 1 / condition, `delta`, `radius` = delta / (2 L), `D`, and the coordinate constants.
    `measure` adds `misidentified`, the number of coordinates that are zero at only one of x and the solution.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.ManifoldLasso(m=30, n=20, nnz=5, rng=0)
    >>> result = ol.ProximalGradient(accelerated=True).run(problem, max_iter=500)
    >>> float(result.history["misidentified"][-1]), problem.constants.radius
    (0.0, 0.1)
    """

    def __init__(
        self,
        m: int,
        n: int,
        nnz: int,
        *,
        weight: float = 1.0,
        delta: float = 0.2,
        condition: float = 100.0,
        rng: RNGLike = None,
    ) -> None:
        weight = number("weight", weight, above=0)
        self._plant(*_sizes(m, n, nnz, condition), weight, number("delta", delta, above=0, at_most=weight), rng)

    def _plant(self, m: int, n: int, nnz: int, condition: float, weight: float, delta: float, rng: RNGLike) -> None:
        draw = streams(rng).data
        A, dual = _data(draw, m, n, condition)
        signs = np.where(draw.random(n) < 0.5, -1.0, 1.0)
        support = draw.permutation(n) < nnz
        x_star, z = np.where(support, signs * (0.5 + draw.random(n)), 0.0), weight * signs
        z[~support] *= _margins(draw, n - nnz, 1 - delta / weight)
        Lasso.__init__(self, A, A @ x_star + dual @ z, weight)
        self.x_star = x_star
        f_star = 0.5 * float(np.sum((dual @ z) ** 2)) + weight * float(np.abs(x_star).sum())
        why = "optimality conditions, by construction of b"
        self.reference = Reference.exact(f_star, x_star, certificate=why)
        self._know(delta, condition)


class DegenerateLasso(ManifoldLasso):
    r"""A planted Lasso with margin 0: at some zero the optimality condition holds with equality.

    Nothing then guarantees that the zeros are found after finitely many steps.

    Parameters
    ----------
    m, n, nnz : int
        As for `ManifoldLasso`, with nnz < n.
    weight : float, default 1
        Weight of the l1 norm, > 0.
    condition : float, default 100
        Condition number of :math:`A^T A`, >= 1.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the data.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.DegenerateLasso(m=30, n=20, nnz=5, rng=0).constants.delta
    0.0
    """

    violates = "strict complementarity"

    def __init__(
        self, m: int, n: int, nnz: int, *, weight: float = 1.0, condition: float = 100.0, rng: RNGLike = None
    ) -> None:
        m, n, nnz, condition = _sizes(m, n, nnz, condition)
        integer("nnz", nnz, at_most=n - 1)
        self._plant(m, n, nnz, condition, number("weight", weight, above=0), 0.0, rng)


class ManifoldNonNegative(_Planted, NonNegativeLeastSquares):
    r"""Non-negative least squares with full column rank whose solution and margin delta are planted.

    .. math:: F(x) = \tfrac12 \|A x - b\|_2^2 + w \sum_i x_i, \; x \ge 0, \qquad
              b = A x^\star + A (A^T A)^{-1} (w 1 - s)

    with s = 0 on the support and :math:`s_i \ge \delta` off it, with equality once: s is the gradient of the objective
    at the solution.

    Parameters
    ----------
    m, n : int
        Number of rows and columns, ``1 <= n <= m``.
    nnz : int
        Number of positive entries of the solution, ``0 <= nnz <= n``.
    weight : float, default 1
        Weight of the linear term, >= 0.
    delta : float, default 0.2
        The margin, > 0.
    condition : float, default 100
        Condition number of :math:`A^T A`, whose largest eigenvalue is 1; >= 1.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the data.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Notes
    -----
    Constants and metrics are those of `ManifoldLasso`.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.ManifoldNonNegative(m=30, n=20, nnz=5, rng=0)
    >>> float(problem.measure(problem.start())["misidentified"]), problem.constants.delta
    (5.0, 0.2)
    """

    def __init__(
        self,
        m: int,
        n: int,
        nnz: int,
        *,
        weight: float = 1.0,
        delta: float = 0.2,
        condition: float = 100.0,
        rng: RNGLike = None,
    ) -> None:
        m, n, nnz, condition = _sizes(m, n, nnz, condition)
        weight, delta = number("weight", weight, at_least=0), number("delta", delta, above=0)
        draw = streams(rng).data
        A, dual = _data(draw, m, n, condition)
        support = draw.permutation(n) < nnz
        self.x_star = np.where(support, 0.5 + draw.random(n), 0.0)
        slack = np.zeros(n)
        slack[~support] = 2 * delta - _margins(draw, n - nnz, delta)
        residual = dual @ (weight - slack)
        NonNegativeLeastSquares.__init__(self, A, A @ self.x_star + residual, weight)
        f_star = 0.5 * float(np.sum(residual**2)) + weight * float(self.x_star.sum())
        why = "optimality conditions, by construction of b"
        self.reference = Reference.exact(f_star, self.x_star, certificate=why)
        self._know(delta, condition)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "ManifoldLasso": lambda: ManifoldLasso(12, 8, 3, condition=20.0, rng=1),
    "DegenerateLasso": lambda: DegenerateLasso(12, 8, 3, condition=20.0, rng=1),
    "ManifoldNonNegative": lambda: ManifoldNonNegative(12, 8, 3, condition=20.0, rng=1),
}
