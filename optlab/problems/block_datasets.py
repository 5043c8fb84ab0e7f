r"""The data sets A to E of the experiments with block coordinate descent, B, C and D number by number.

Their recipe is described in J. Nutini, I. Laradji, M. Schmidt, "Let's make block coordinate descent converge faster",
JMLR 23 (2022), no. 131, appendix F.1; where the text and the code published with it differ, the code made the figures.
B, C and D come from NumPy's legacy generator with the seed of that code; A and E are stored files, here drawn from
their law.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp

from optlab.core.problem import Problem
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import integer, number, one_of
from optlab.problems.label_propagation import LabelPropagation
from optlab.problems.lasso import Lasso
from optlab.problems.least_squares import LeastSquares
from optlab.problems.logistic import LogisticRegression
from optlab.problems.nonnegative import NonNegativeLeastSquares
from optlab.problems.softmax import SoftmaxRegression

__all__ = ["data_set_A", "data_set_B", "data_set_C", "data_set_D", "data_set_E"]


def _matrix(normal: Any, uniform: Any, m: int, n: int) -> Any:
    """The common recipe, drawn in the order of the published code: entries, column scales, which entries stay."""
    A = normal(m, n) + 1
    A *= 10 * normal(n)
    A *= uniform(m, n) < 10 * math.log(m) / m
    return sp.csr_array(A)


def _sizes(m: int, n: int) -> tuple[int, int]:
    return integer("m", m, at_least=2), integer("n", n, at_least=1)


def data_set_A(
    m: int = 1000, n: int = 10_000, *, penalty: str | None = None, weight: float = 5e4, rng: RNGLike = None
) -> Problem:
    r"""Return data set A, in law: sparse least squares with a tenth of the weights planted.

    Entries of A are :math:`N(1, 1)`, columns are scaled by :math:`10 N(0, 1)`, an entry stays with probability
    :math:`10 \log(m) / m`; :math:`b = A x + e` with Gaussian e, and x Gaussian where it stays, with probability 0.1.

    Parameters
    ----------
    m, n : int
        Number of rows (>= 2) and columns.
    penalty : {None, "nonnegative", "l1"}, default None
        None: `LeastSquares`.  "nonnegative": `NonNegativeLeastSquares`, as in the experiments with active sets.  "l1":
        `Lasso`.
    weight : float, default 5e4
        Weight of the penalty.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the data.

    Returns
    -------
    Problem
        The problem, with CSR data.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.data_set_A(40, 100, penalty="nonnegative", rng=0)
    >>> problem.shape, bool(problem.reference.width < 1e-9 * problem.reference.hi)
    ((100,), True)
    """
    m, n = _sizes(m, n)
    one_of("penalty", penalty, (None, "nonnegative", "l1"))
    weight = number("weight", weight, above=0)
    draw = streams(rng).data
    A = _matrix(lambda *shape: draw.standard_normal(shape), lambda *shape: draw.random(shape), m, n)
    x = draw.standard_normal(n) * (draw.random(n) < 0.1)
    b = A @ x + draw.standard_normal(m)
    if penalty is None:
        return LeastSquares(A, b)
    return Lasso(A, b, weight) if penalty == "l1" else NonNegativeLeastSquares(A, b, weight)


def data_set_B(m: int = 1000, n: int = 10_000, *, seed: int = 1) -> LogisticRegression:
    r"""Return data set B: logistic regression with more features than samples, losses added up.

    The labels are :math:`\operatorname{sign}(A w)` with a tenth of them flipped.  The paper's text says that this makes
    the data non-separable; with 10 000 features they are separable all the same, and the infimum is 0.

    Parameters
    ----------
    m, n : int
        Number of rows (>= 2) and columns; the published instance by default.
    seed : int, default 1
        Seed of the legacy generator.

    Returns
    -------
    LogisticRegression
        The problem, with CSR data and ``reduction="sum"``.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.data_set_B(50, 200)
    >>> float(problem.value(problem.start())), problem.reference.attained  # 50 log 2
    (34.6574, False)
    """
    m, n = _sizes(m, n)
    draw = np.random.RandomState(integer("seed", seed, at_least=0))
    A = _matrix(draw.randn, draw.rand, m, n)
    w = draw.randn(n) * (draw.rand(n) < 0.1)
    y = np.sign(A @ w) * np.sign(draw.rand(m) - 0.1)
    return LogisticRegression(A, y, reduction="sum")


def data_set_C(m: int = 1000, n: int = 1000, k: int = 50, *, seed: int = 1) -> SoftmaxRegression:
    r"""Return data set C: softmax regression whose labels are the largest of k noisy linear scores.

    Parameters
    ----------
    m, n, k : int
        Number of rows (>= 2), columns and classes; the published instance by default.
    seed : int, default 1
        Seed of the legacy generator.

    Returns
    -------
    SoftmaxRegression
        The problem, with CSR data and n k variables.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.data_set_C(40, 30, 5)
    >>> problem.shape, float(problem.value(problem.start()))  # 40 log 5
    ((150,), 64.3775)
    """
    m, n = _sizes(m, n)
    k = integer("k", k, at_least=1)
    draw = np.random.RandomState(integer("seed", seed, at_least=0))
    A = _matrix(draw.randn, draw.rand, m, n)
    scores = A @ draw.randn(n, k)
    scores += draw.randn(m, k)
    return SoftmaxRegression(A, scores.argmax(axis=1), n_classes=k)


def data_set_D(rows: int = 50, columns: int = 50, *, variant: str = "code", seed: int = 1) -> LabelPropagation:
    """Return data set D: label propagation on a lattice; see `LabelPropagation.lattice`.

    Parameters
    ----------
    rows, columns : int, default 50
        Size of the lattice.
    variant : {"code", "text"}, default "code"
        As the published code made it, or as the paper's text describes it.
    seed : int, default 1
        Seed of the legacy generator.

    Returns
    -------
    LabelPropagation
        The problem.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.data_set_D()
    >>> problem.shape, round(problem.reference.hi)
    ((2400,), -1045999575)
    """
    return LabelPropagation.lattice(rows, columns, variant=variant, seed=seed)


def data_set_E(
    n: int | None = None, labelled: int | None = None, *, variant: str = "code", rng: RNGLike = None
) -> LabelPropagation:
    """Return data set E, in law: label propagation on two moons; see `LabelPropagation.two_moons`.

    Parameters
    ----------
    n : int, optional
        Number of points; 2000 (code) or 500 (text) when absent.
    labelled : int, optional
        How many are labelled; 100 (code) or 5 (text) when absent.
    variant : {"code", "text"}, default "code"
        As the published code made it, or as the paper's text describes it.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the points and labels.

    Returns
    -------
    LabelPropagation
        The problem.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.data_set_E(rng=0).shape
    (1900,)
    """
    return LabelPropagation.two_moons(n, labelled, variant=variant, rng=rng)
