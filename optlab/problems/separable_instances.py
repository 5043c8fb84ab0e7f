r"""Separable data with the margin in closed form, and two siblings that break an assumption on purpose.

`Contradictory` is not separable at all; on `Chain` the Batch Perceptron meets margins of exactly zero, which
Assumption 3.1 of the theory of large steps excludes.

References
----------
Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large Step
Sizes", AAAI 2025, arXiv 2412.08424, is the source of `WorstCase` (Theorem 5.1) and `TwoPoints` (Theorem 4.1).  The
other instances were constructed here.
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
from optlab.core.xp import as_data
from optlab.problems.separable import Separable

__all__ = [
    "EXAMPLES",
    "Chain",
    "Contradictory",
    "OneSample",
    "Orthant",
    "Oscillator",
    "PlantedMargin",
    "Staircase",
    "TwoPoints",
    "WorstCase",
]


class _Analytic(Separable):
    def __init__(self, A: Any, y: Any, mu: float, R: float, direction: Any, how: str) -> None:
        super().__init__(A, y)
        self.constants = self.constants.replace(mu=exact(mu, how), R=exact(R, "closed form"))
        self.direction = np.asarray(direction, dtype=np.float64)
        certificate = "the margin is positive in closed form: along its direction the loss tends to 0"
        self.reference = Reference.exact(0.0, attained=False, certificate=certificate)


class WorstCase(_Analytic):
    r"""One sample against n - 1 copies of another: the data on which unnormalised batch methods need n steps.

    The sample (1/2, -1) has the label +1, the n - 1 copies of (-1/2, -1) have the label -1.  Margin 1/2 along (1, 0),
    :math:`R^2 = 5/4`, whatever n.

    Parameters
    ----------
    n : int
        Number of samples, >= 2.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.WorstCase(100)
    >>> ol.BatchPerceptron().run(problem).k, ol.NormalizedBatchPerceptron().run(problem).k
    (31, 2)
    """

    def __init__(self, n: int) -> None:
        integer("n", n, at_least=2)
        A = np.tile([-0.5, -1.0], (n, 1))
        A[0, 0] = 0.5
        y = np.full(n, -1)
        y[0] = 1
        super().__init__(A, y, 0.5, math.sqrt(1.25), [1.0, 0.0], "both signed samples have first entry 1/2")


class TwoPoints(_Analytic):
    r"""Two samples on which the loss explodes in the first step and the second step separates.

    (1, -1) with the label +1 and (-1, -4) with the label -1.  Margin 1 along (1, 0), :math:`R^2 = 17`.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.LRGD(gamma=100.0).run(ol.problems.TwoPoints())
    >>> [f"{loss:.3g}" for loss in result.history["loss"]]
    ['0.693', '12.5', '1.34e-33']
    """

    def __init__(self) -> None:
        samples = [[1.0, -1.0], [-1.0, -4.0]]
        super().__init__(samples, [1, -1], 1.0, math.sqrt(17), [1.0, 0.0], "both signed samples have first entry 1")


class Orthant(_Analytic):
    r"""The unit vectors :math:`z_i = e_i`: the Perceptron attains its bound :math:`R^2/\mu^2 = n` with equality.

    Parameters
    ----------
    n : int
        Number of samples and dimension, >= 1.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.Perceptron().run(ol.problems.Orthant(7)).k
    7
    """

    def __init__(self, n: int) -> None:
        integer("n", n, at_least=1)
        mu = 1 / math.sqrt(n)
        super().__init__(np.eye(n), np.ones(n), mu, 1.0, np.full(n, mu), "1/sqrt(n), by symmetry")


class Chain(_Analytic):
    r"""The chain :math:`z_i = e_i - e_{i+1}`, :math:`z_d = e_d`: many updates, and exactly zero margins on the way.

    :math:`\mu^2 = 6 / (d (d + 1) (2 d + 1))` along (d, d - 1, ..., 1), and :math:`R^2 = 2`.  The lowest-index
    Perceptron needs exactly :math:`\sum_{i \le d} i^2 = R^2 / 2 \mu^2` updates, the Batch Perceptron exactly
    :math:`d^2`.

    Parameters
    ----------
    d : int
        Number of samples and dimension, >= 2.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Chain(8)
    >>> ol.Perceptron().run(problem).k, ol.BatchPerceptron().run(problem).k, problem.exact_path().non_degenerate
    (204, 64, False)
    """

    violates = "Assumption 3.1: no margin is exactly zero along the Batch Perceptron path"

    def __init__(self, d: int) -> None:
        integer("d", d, at_least=2)
        mu = math.sqrt(6 / (d * (d + 1) * (2 * d + 1)))
        direction = mu * np.arange(d, 0, -1)
        Z = np.eye(d) - np.eye(d, k=1)
        super().__init__(Z, np.ones(d), mu, math.sqrt(2), direction, "(d, ..., 2, 1) has equal margins, all tight")


class Staircase(_Analytic):
    r"""Samples that must be added one after the other: the bounds :math:`R^2/\mu^2` are attained up to :math:`O(a)`.

    :math:`z_1 = e_1`, many times over, :math:`z_2 = e_2 - a e_1`, and
    :math:`z_i = e_i - a e_{i-1} + \tfrac a2 e_1` for i > 2.  The first step, with the mean of all samples, is nearly
    :math:`e_1` and leaves one mistake, :math:`z_2`; adding it makes the next one, :math:`z_3`, and so on: the
    normalised batch methods with large steps need exactly d updates, while :math:`R^2/\mu^2 = d + O(a d)`.

    Parameters
    ----------
    d : int
        Dimension and number of different samples, >= 2.
    slope : float, default 0.01
        The number a, inside (0, 0.1].  There are :math:`\lceil 2/a \rceil` copies of the first sample.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Staircase(20, slope=0.001)
    >>> bound = problem.constants.R**2 / problem.constants.mu**2
    >>> ol.NormalizedBatchPerceptron().run(problem).k, round(bound, 2)
    (20, 20.02)
    """

    def __init__(self, d: int, slope: float = 0.01) -> None:
        integer("d", d, at_least=2)
        a = number("slope", slope, above=0, at_most=0.1)
        Z = np.eye(d) - a * np.eye(d, k=-1)
        Z[2:, 0] += a / 2
        equal = np.linalg.solve(Z, np.ones(d))  # a point of margin 1 on every sample, and their positive combination
        mu = 1 / float(np.linalg.norm(equal))
        R = math.sqrt(1 + a * a) if d == 2 else math.sqrt(1 + 1.25 * a * a)
        Z = np.concatenate([np.repeat(Z[:1], math.ceil(2 / a) - 1, axis=0), Z])
        super().__init__(Z, np.ones(len(Z)), mu, R, mu * equal, "all margins are equal along a combination of samples")


class PlantedMargin(_Analytic):
    r"""Random data in the unit ball with a planted margin.

    :math:`z_i = (\mu + s_i) u + w_i` with a random unit vector u, slacks :math:`s_i \ge 0` and :math:`w_i \perp u`.
    Two rows have no slack and opposite w, on the unit sphere: so 0 lies between them, the margin is exactly
    :math:`\mu`, and :math:`R = 1`.

    Parameters
    ----------
    n : int
        Number of samples, >= 2.
    d : int
        Dimension, >= 2.
    margin : float
        The margin, inside (0, 1).
    replicate : int, default 0
        How many of the n rows are copies of the first one: data that are imbalanced, with the same margin.
    rng : None, int, SeedSequence or Generator
        Seed of the data.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.PlantedMargin(n=200, d=10, margin=0.1, rng=0)
    >>> problem.constants.mu, problem.constants.R
    (0.1, 1.0)
    """

    def __init__(self, n: int, d: int, margin: float, *, replicate: int = 0, rng: RNGLike = None) -> None:
        integer("n", n, at_least=2)
        integer("d", d, at_least=2)
        margin = number("margin", margin, above=0, below=1)
        distinct = n - integer("replicate", replicate, at_least=0, at_most=n - 2)
        random = streams(rng).data
        u = random.standard_normal(d)
        u /= np.linalg.norm(u)
        # A row with the margin m along u may have a part of length up to sqrt(1 - m^2) across it; every second row
        # comes near to the planted margin, where it can matter.
        along = margin + (1 - margin) * random.random(distinct) * np.where(np.arange(distinct) % 2, 0.05, 1.0)
        across = random.standard_normal((distinct, d))
        across -= np.outer(across @ u, u)
        reach = random.random(distinct) ** (1 / d)
        along[:2], reach[:2], across[1] = margin, 1.0, -across[0]
        across *= (reach * np.sqrt(1 - along**2) / np.linalg.norm(across, axis=1))[:, None]
        Z = np.outer(along, u) + across
        Z = np.concatenate([Z, np.repeat(Z[:1], replicate, axis=0)])[random.permutation(n)]
        y = random.choice([-1.0, 1.0], size=n)
        super().__init__(Z * y[:, None], y, margin, 1.0, u, "planted: two rows of this margin are opposite across u")


class Oscillator(_Analytic):
    r"""The samples :math:`(\mu, 1)` and :math:`(\mu, -\varphi)` with the golden ratio: theta swings across for long.

    The margin is :math:`\mu` along (1, 0), :math:`R^2 = \mu^2 + \varphi^2`.

    Parameters
    ----------
    mu : float
        The margin, > 0.

    Examples
    --------
    >>> import optlab as ol
    >>> [ol.NormalizedLRGD(gamma=0.1).run(ol.problems.Oscillator(mu)).k for mu in (0.2, 0.1)]
    [78, 309]
    """

    def __init__(self, mu: float) -> None:
        mu = number("mu", mu, above=0)
        phi = (1 + math.sqrt(5)) / 2
        super().__init__(
            [[mu, 1.0], [mu, -phi]], [1, 1], mu, math.hypot(mu, phi), [1.0, 0.0], "0 lies between 1 and -phi"
        )


class OneSample(_Analytic):
    r"""A single sample z: the margin is :math:`\|z\|`, and one step in its direction separates.

    Parameters
    ----------
    z : array_like of shape (d,)
        The sample, not zero.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.NormalizedLRGD(gamma=1e308).run(ol.problems.OneSample([3.0, 4.0])).x
    array([3., 4.])
    """

    def __init__(self, z: Any = (3.0, 4.0)) -> None:
        z = as_data(z, "z", ndim=1)
        norm = float(np.linalg.norm(z))
        if norm == 0:
            raise ValueError("z must not be zero: nothing separates a zero sample")
        super().__init__(z[None, :], [1], norm, norm, z / norm, "norm of the only sample")


class Contradictory(Separable):
    r"""One sample with both labels: nothing separates it, and no method may say that it did.

    The loss is smallest, :math:`\log 2`, at the origin.

    Parameters
    ----------
    z : array_like of shape (d,)
        The sample, not zero.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.NormalizedLRGD(gamma=10.0).run(ol.problems.Contradictory(), max_iter=100)
    >>> result.success, result.status.name
    (False, 'MAX_ITER')
    """

    violates = "Assumption 1.1: the data are linearly separable"

    def __init__(self, z: Any = (1.0, 2.0)) -> None:
        z = as_data(z, "z", ndim=1)
        super().__init__(np.stack([z, z]), [1, -1])
        certificate = "log(1 + e^-m) + log(1 + e^m) >= 2 log 2, with equality at m = 0"
        self.reference = Reference.exact(math.log(2), certificate=certificate)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "WorstCase": lambda: WorstCase(20),
    "TwoPoints": TwoPoints,
    "Orthant": lambda: Orthant(4),
    "Chain": lambda: Chain(4),
    "Staircase": lambda: Staircase(4, slope=0.1),
    "PlantedMargin": lambda: PlantedMargin(30, 4, 0.2, rng=0),
    "PlantedMargin(replicate)": lambda: PlantedMargin(60, 3, 0.1, replicate=40, rng=1),
    "Oscillator": lambda: Oscillator(0.2),
    "OneSample": OneSample,
    "Contradictory": Contradictory,
}
