r"""Dense quadratics and quadratics cut into blocks, where the constants of greedy rules have closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from optlab.core.constants import Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import integer, number
from optlab.core.xp import as_data, namespace, read_only, to_numpy
from optlab.problems._blocks import coordinate_constants
from optlab.problems._blocks_quadratic import QuadraticBlocks
from optlab.problems._linear import parabola_minimum
from optlab.problems.quadratic import Quadratic
from optlab.problems.strong_convexity import mu_block, norm_constants

__all__ = ["EXAMPLES", "DenseQuadratic", "PartitionedQuadratic", "TwoBlockQuadratic"]


class DenseQuadratic(QuadraticBlocks, Problem):
    r"""A convex quadratic with any Hessian.

    .. math:: F(x) = \tfrac12 x^T H x - b^T x

    Parameters
    ----------
    H : array of shape (n, n)
        A symmetric positive semidefinite matrix, of any array library.
    b : array of shape (n,), optional
        The linear term, in the range of H; zero when absent.
    x0 : array of shape (n,), optional
        The default start, such as one from `optlab.problems.tight_start`; the origin when absent.

    Raises
    ------
    TypeError, ValueError
        If H is not a real, finite, symmetric, positive semidefinite matrix, F is not bounded from below, or `b` or `x0`
        does not fit.

    Notes
    -----
    Constants: `L`, `mu`, `mu_PL` (the smallest non-zero eigenvalue), the coordinate constants `L_max`, `L_mean` and
    `L_min`, and for a positive definite H `mu_1` and `mu_L` (see `optlab.problems.mu_l1`).  The reference interval is
    certified by the gradient at the computed solution, :math:`F(x) - F^\star \le \|\nabla F(x)\|^2 / (2 \mu_{PL})`.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.DenseQuadratic([[2.0, 1.0], [1.0, 2.0]], [3.0, 3.0])
    >>> problem.constants.L, problem.constants.mu_1, problem.reference.hi
    (3.0, 0.5, -3.0)
    """

    batched = True

    def __init__(self, H: Any, b: Any = None, *, x0: Any = None) -> None:
        self.H = _symmetric(as_data(H, "H", copy=False))
        xp = namespace(self.H)
        self.shape = (int(self.H.shape[0]),)
        self.like = self.H[0, :]
        self.b = xp.zeros_like(self.like) if b is None else as_data(b, "b", ndim=1)
        namespace(self.H, self.b)
        self.b = xp.astype(self.b, self.H.dtype, copy=False)
        if tuple(self.b.shape) != self.shape:
            raise ValueError(f"b must have shape {self.shape}, got {tuple(self.b.shape)}")
        values, vectors = xp.linalg.eigh(xp.astype(self.H, xp.float64, copy=False))
        rank = _rank(values)
        self.reference, positive = self._solved(values, vectors, rank)
        smallest = positive if rank == self.shape[0] else 0.0
        self.constants = Constants(
            L=exact(float(values[-1]), "largest eigenvalue of H"),
            mu=exact(smallest, "smallest eigenvalue of H"),
            mu_PL=exact(positive, "smallest non-zero eigenvalue of H"),
            **coordinate_constants(self),
            **(norm_constants(self.H) if smallest > 0.0 else {}),
        )
        self.x0 = self.as_start(self.like * 0 if x0 is None else x0)

    def _solved(self, values: Any, vectors: Any, rank: int) -> tuple[Reference, float]:
        """Return the certified reference and the smallest non-zero eigenvalue."""
        xp = namespace(values)
        n = self.shape[0]
        range_, positive = vectors[:, n - rank :], float(values[n - rank])
        b = xp.astype(self.b, xp.float64, copy=False)
        outside = b - range_ @ (range_.T @ b)
        if float(xp.linalg.vector_norm(outside)) > 1e-8 * float(xp.linalg.vector_norm(b)):
            raise ValueError("b must lie in the range of H: F is unbounded below along the null space")
        if not bool(xp.any(b != 0)):
            x = xp.zeros_like(self.like)
            return Reference.exact(0.0, x, certificate="F >= 0 and F(0) = 0"), positive
        x = range_ @ ((range_.T @ b) / values[n - rank :])
        gradient = range_ @ (range_.T @ (xp.astype(self.H, xp.float64, copy=False) @ x - b))
        slack = float(xp.sum(gradient**2)) / (2 * positive)
        x = xp.astype(x, self.H.dtype, copy=False)
        value = float(self.value(x))
        return Reference(value - slack, value, x, certificate=f"gradient bound, width {slack:.1e}"), positive

    @classmethod
    def random(cls, n: int, condition: float = 100.0, *, spread: float = 1.0, rng: RNGLike = None) -> Self:
        """Return a random instance with a Gaussian minimiser.

        Parameters
        ----------
        n : int
            Dimension, >= 1.
        condition : float, default 100
            Condition number of the randomly rotated matrix, >= 1.
        spread : float, default 1
            Coordinates are then scaled by random factors, the largest `spread` times the smallest, >= 1.
        rng : None, int, SeedSequence or Generator, optional
            Seed of the data.
        """
        n = integer("n", n, at_least=1)
        condition, spread = number("condition", condition, at_least=1), number("spread", spread, at_least=1)
        draw = streams(rng).data
        rotation = np.linalg.qr(draw.standard_normal((n, n)))[0]
        scale = draw.permutation(np.geomspace(1.0, spread, n))
        H = (rotation * np.geomspace(1.0, 1.0 / condition, n)) @ rotation.T * np.outer(scale, scale)
        H = 0.5 * (H + H.T)
        return cls(H, H @ draw.standard_normal(n))

    def _hessian(self) -> Any:
        return self.H

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the start given at construction, or the origin."""
        return namespace(self.x0).asarray(self.x0, dtype=self.H.dtype, copy=True)

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return namespace(x).sum(x * (0.5 * (x @ self.H) - self.b), axis=-1)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return x @ self.H - self.b

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        return v @ self.H

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return parabola_minimum(self.gradient(x), direction, direction @ self.H)


def _symmetric(H: Any) -> Any:
    """Return H, symmetric to the last bit."""
    xp = namespace(H)
    if H.shape[0] != H.shape[1] or H.shape[0] == 0:
        raise ValueError(f"H must be square and not empty, got shape {tuple(H.shape)}")
    largest = float(xp.max(xp.abs(H)))
    if float(xp.max(xp.abs(H - H.T))) > 1e-10 * largest:
        raise ValueError("H must be symmetric")
    return read_only(0.5 * (H + H.T))


def _rank(values: Any) -> int:
    """Return the number of positive eigenvalues, those at the level of rounding left out."""
    xp = namespace(values)
    level = values.shape[0] * float(xp.finfo(values.dtype).eps) * max(float(values[-1]), 0.0)
    if float(values[0]) < -level or not float(values[-1]) > 0.0:
        raise ValueError(
            f"H must be positive semidefinite and not zero, its eigenvalues lie in [{float(values[0]):.6g}, "
            f"{float(values[-1]):.6g}] (IndefiniteQuadratic has a negative one on purpose)"
        )
    return int(xp.sum(xp.astype(values > level, xp.int64)))


class PartitionedQuadratic(Quadratic):
    r"""A separable quadratic with a partition: every block rule has a closed form for its rate.

    .. math:: F(x) = \tfrac12 \sum_i \lambda_i (x_i - x^\star_i)^2

    With :math:`\kappa_b` the ratio of the largest to the smallest :math:`\lambda_i` of block b, of :math:`|B|`, greedy
    rules multiply the gap by at most :math:`1 - \mu_B`: :math:`1 / |B|` with the matrix (constant `mu_B`),
    :math:`1 / \sum_b \kappa_b` with :math:`L_b` (`mu_B_Lb`), :math:`1 / (L \sum_b 1 / \min_b \lambda)` with L
    (`mu_B_L`).  Random blocks have :math:`\min_b (1 / \kappa_b) / |B|` (`rate_random`) and blocks drawn with
    probability proportional to :math:`L_b` have :math:`\min \lambda / \sum_b L_b` (`rate_lipschitz`); all derived here.

    Parameters
    ----------
    spectrum : array_like of shape (n,)
        The curvatures :math:`\lambda`, > 0.
    partition : int or sequence of integer sequences
        The blocks, or the size of consecutive ones.
    x_star : array_like of shape (n,), optional
        The minimiser; the vector of ones when absent.

    Raises
    ------
    TypeError, ValueError
        If a curvature is not positive, or the blocks are no partition.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.PartitionedQuadratic([1.0, 2.0, 5.0, 10.0], partition=2)
    >>> problem.constants.mu_B, problem.constants.mu_B_Lb, problem.constants.mu_1
    (0.5, 0.25, 0.5556)
    """

    def __init__(self, spectrum: Any, partition: int | Sequence[Any], *, x_star: Any = None) -> None:
        super().__init__(spectrum, x_star=x_star)
        if not self.constants.mu > 0.0:
            raise ValueError(f"spectrum must be > 0 everywhere, got {self.constants.mu:g}")
        n = self.shape[0]
        if isinstance(partition, int | np.integer):
            size = integer("partition", partition, at_least=1, at_most=n)
            partition = [np.arange(first, min(first + size, n)) for first in range(0, n, size)]
        self.partition = tuple(read_only(np.array(b, dtype=np.int64)) for b in partition)
        known = to_numpy(self.spectrum).astype(np.float64)
        bounds = {"mu_B": "H", "mu_B_Lb": "Lb", "mu_B_L": "L", "mu_B_D": "D"}
        found = {name: mu_block(known, self.partition, bound) for name, bound in bounds.items()}
        low, high = ([float(reduce(known[b])) for b in self.partition] for reduce in (np.min, np.max))
        worst = min(a / b for a, b in zip(low, high, strict=True))
        self.constants = self.constants.replace(
            **found,
            rate_random=exact(worst / len(low), "smallest 1 / kappa_b over |B|"),
            rate_lipschitz=exact(min(low) / math.fsum(high), "smallest curvature over the sum of L_b"),
        )

    @classmethod
    def blockwise(cls, values: Any, size: int, **options: Any) -> Self:
        """Return an instance whose blocks of `size` coordinates each have one curvature.

        Parameters
        ----------
        values : array_like of shape (blocks,)
            The curvature of each block, > 0.
        size : int
            Coordinates in a block, >= 1.
        **options
            `x_star`, as in the constructor.
        """
        return cls(np.repeat(as_data(values, "values", ndim=1), integer("size", size, at_least=1)), size, **options)


class TwoBlockQuadratic(DenseQuadratic):
    r"""Two blocks at a known angle, started where the best greedy rule falls no further than its rate.

    .. math:: F(x) = \tfrac12 x^T H x, \qquad H = \begin{pmatrix} I & C \\ C^T & I \end{pmatrix}, \quad \|C\|_2 = \sigma

    Greedy blocks with exact updates (GSQ) have :math:`\mu_B = (1 - \sigma) / 2`.  From the default start
    :math:`H^{-1} (u, -v)`, (u, v) the top singular pair of C, the gap falls by exactly this share in the first step,
    and by :math:`1 - \sigma^2` in each one after; derived here.

    Parameters
    ----------
    sigma : float
        Cosine of the angle between the blocks, ``0 <= sigma < 1``.
    size : int, default 2
        Coordinates in each block, >= 1.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the singular vectors.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.TwoBlockQuadratic(sigma=0.9, size=3, rng=0)
    >>> problem.constants.mu_B, problem.partition
    (0.05, (array([0, 1, 2]), array([3, 4, 5])))
    """

    batched = False  # the start is an eigenvector: line searches are at the minimum at once, and then follow rounding

    def __init__(self, sigma: float, size: int = 2, rng: RNGLike = None) -> None:
        sigma, size = number("sigma", sigma, at_least=0, below=1), integer("size", size, at_least=1)
        draw = streams(rng).data
        u, v = (np.linalg.qr(draw.standard_normal((size, size)))[0] for _ in range(2))
        C = (u * (sigma * np.linspace(1.0, 0.0, size, endpoint=False))) @ v.T
        eye = np.eye(size)
        super().__init__(np.block([[eye, C], [C.T, eye]]), x0=np.concatenate([u[:, 0], -v[:, 0]]) / (1 - sigma))
        self.sigma = sigma
        self.partition = (read_only(np.arange(size)), read_only(np.arange(size, 2 * size)))
        self.constants = self.constants.replace(
            L=exact(1 + sigma, "1 + sigma"),
            mu=exact(1 - sigma, "1 - sigma"),
            mu_PL=exact(1 - sigma, "1 - sigma"),
            mu_B=exact((1 - sigma) / 2, "(1 - sigma) / 2"),
        )


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "DenseQuadratic": lambda: DenseQuadratic.random(6, condition=30.0, spread=2.0, rng=0),
    "DenseQuadratic(one coordinate)": lambda: DenseQuadratic([[2.0]], [1.0]),
    "DenseQuadratic(singular)": lambda: DenseQuadratic([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]),
    "PartitionedQuadratic": lambda: PartitionedQuadratic(np.geomspace(1.0, 20.0, 5), 2),
    "PartitionedQuadratic(blockwise)": lambda: PartitionedQuadratic.blockwise([1.0, 5.0, 2.0], 2),
    "TwoBlockQuadratic": lambda: TwoBlockQuadratic(0.9, size=3, rng=0),
}
