r"""Label propagation: the values of some nodes of a graph are known, the others settle as smoothly as they can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from optlab.core.constants import Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import integer, one_of
from optlab.core.xp import as_data
from optlab.problems._blocks import coordinate_constants
from optlab.problems._positive_definite import positive_definite_solver, smallest_eigenvalue
from optlab.problems.graph_quadratics import GraphQuadratic, distinct_nodes, edge_weights, laplacian

__all__ = ["EXAMPLES", "LabelPropagation"]


class LabelPropagation(GraphQuadratic):
    r"""Label propagation, as a quadratic of the unlabelled nodes.

    .. math:: \min_x \; \tfrac12 \sum_{\{i, j\}} w_{ij} (x_i - x_j)^2 \quad \text{with } x_i = y_i \text{ on } S,
              \qquad F(x) = \tfrac12 x^T A x - b^T x

    Here x holds the unlabelled nodes, A is the Laplacian restricted to them and :math:`b = W_{US} y`; the constant
    :math:`\tfrac12 \sum_{i \in U, j \in S} w_{ij} y_j^2` is left out.

    Parameters
    ----------
    W : sparse array of shape (N, N)
        Symmetric edge weights, >= 0, with an empty diagonal.
    labelled : array_like of int
        The nodes S, all different; not all nodes.
    y : array_like
        Their values.
    grid : tuple of int, optional
        (rows, columns) when the nodes form a lattice, node (r, c) with the number r + rows c: for the partitions that
        need to know.

    Raises
    ------
    TypeError, ValueError
        If the weights are not real, finite, symmetric and non-negative, a node is listed twice or does not exist, or
        the labels do not fit.

    Notes
    -----
    `unlabelled` lists the nodes that x stands for, in order.  A connected component without a labelled node makes A
    singular: its nodes (as coordinates of x) are listed in `floating`, they are zero in the reference point, `mu` is 0
    and `mu_PL` is the smallest non-zero eigenvalue.  Constants are those of `GraphQuadratic`; the matrix has no
    positive entry off the diagonal, so `mu_1` is exact.

    Examples
    --------
    >>> import scipy.sparse as sp, optlab as ol
    >>> path = sp.diags_array([[1.0] * 3, [1.0] * 3], offsets=[-1, 1])
    >>> ol.problems.LabelPropagation(path, [0, 3], [0.0, 3.0]).reference.x
    array([1., 2.])
    """

    def __init__(self, W: Any, labelled: Any, y: Any, *, grid: tuple[int, int] | None = None) -> None:
        W = edge_weights(W)
        self.nodes = int(W.shape[0])
        self.labelled = distinct_nodes(labelled, self.nodes)
        self.y = as_data(y, "y", ndim=1)
        if self.y.shape != self.labelled.shape:
            raise ValueError(f"y must hold one value for each of the {self.labelled.size} labelled nodes")
        if self.labelled.size == self.nodes:
            raise ValueError("labelled holds every node: nothing is left to solve for")
        self.unlabelled = np.setdiff1d(np.arange(self.nodes), self.labelled)
        if grid is not None and grid[0] * grid[1] != self.nodes:
            raise ValueError(f"grid must have {self.nodes} nodes, got {grid[0]} rows and {grid[1]} columns")
        self.grid = grid
        parts = connected_components(W, directed=False)[1]
        known = np.isin(parts[self.unlabelled], parts[self.labelled])
        self.floating = np.flatnonzero(~known)
        rows = W[self.unlabelled]
        super().__init__(laplacian(W)[self.unlabelled][:, self.unlabelled], rows[:, self.labelled] @ self.y)

    def _know(self) -> None:
        if self.floating.size == 0:
            super()._know()
            return
        n, held = self.shape[0], np.setdiff1d(np.arange(self.shape[0]), self.floating)
        x, mu = np.zeros(n), self._floating_eigenvalue()
        if held.size:
            A = self.A[held][:, held]
            solve = positive_definite_solver(A)
            if solve is None:
                raise ValueError("W spans too many scales: the Laplacian is singular to working precision")
            mu = min(mu, smallest_eigenvalue(A, solve).value)
            x[held] = solve(self.b[held])
        how = "smallest non-zero eigenvalue of A"
        self.constants = Constants(
            L=self._largest_eigenvalue(),
            mu=exact(0.0, "a component without a label moves freely"),
            **({"mu_PL": exact(mu, how)} if np.isfinite(mu) else {}),
            **coordinate_constants(self),
        )
        if np.isfinite(mu):
            self.reference = self._certified(x, mu)
        else:
            self.reference = Reference.exact(0.0, x, certificate="A = 0 and b = 0")

    def _floating_eigenvalue(self) -> float:
        """The smallest non-zero eigenvalue of the components without a label; infinite when they are single nodes."""
        A = self.A[self.floating][:, self.floating]
        count, part = connected_components(A, directed=False)
        values = [np.linalg.eigvalsh(A[part == p][:, part == p].toarray())[1:2] for p in range(count)]
        return float(np.concatenate(values).min(initial=np.inf))

    @classmethod
    def lattice(cls, rows: int = 50, columns: int = 50, *, variant: str = "code", seed: int = 1) -> Self:
        r"""Return the lattice of the experiments of Nutini, Laradji and Schmidt, data set D.

        Node (r, c) has the number r + rows c; `grid` of the problem is (rows, columns).  The instance is that of their
        published code, bit by bit: NumPy's legacy generator with their seed.

        Parameters
        ----------
        rows, columns : int, default 50
            Size of the lattice, >= 1.
        variant : {"code", "text"}, default "code"
            "code": edge weight 1e5, a share of 1/25 of the nodes labelled, labels :math:`10 N(0, 1)`, as the published
            figures.  "text": weight 1e4, a share of 2/25, labels -1 and 1 at random, as the paper describes it.
        seed : int, default 1
            Seed of the legacy generator.

        References
        ----------
        J. Nutini, I. Laradji, M. Schmidt, Let's make block coordinate descent converge faster, JMLR 23 (2022), no. 131,
        appendix F.1, and the code published with it.
        """
        rows, columns = integer("rows", rows, at_least=1), integer("columns", columns, at_least=1)
        weight, share = {"code": (1e5, 25), "text": (1e4, 12.5)}[one_of("variant", variant, ("code", "text"))]
        n = rows * columns
        count = max(1, int(n / share))
        draw = np.random.RandomState(integer("seed", seed, at_least=0))
        labelled = draw.choice(n, count, replace=False)
        y = 10 * draw.randn(count) if variant == "code" else np.where(draw.rand(count) < 0.5, -1.0, 1.0)
        return cls(weight * _lattice(rows, columns), labelled, y, grid=(rows, columns))

    @classmethod
    def two_moons(
        cls, n: int | None = None, labelled: int | None = None, *, variant: str = "code", rng: RNGLike = None
    ) -> Self:
        """Return two interleaved half circles joined to their nearest neighbours, data set E of the same experiments.

        The law of the published instance, which is a stored file: every point is joined with unit weight to its five
        nearest ones (and to those it is one of the nearest of).

        Parameters
        ----------
        n : int, optional
            Number of points, >= 7; 2000 (code) or 500 (text) when absent.
        labelled : int, optional
            How many of them are labelled, >= 1; 100 (code) or 5 (text) when absent.
        variant : {"code", "text"}, default "code"
            Which of the two descriptions the defaults follow.
        rng : None, int, SeedSequence or Generator, optional
            Seed of the points and of the choice of the labelled ones.
        """
        defaults = {"code": (2000, 100), "text": (500, 5)}[one_of("variant", variant, ("code", "text"))]
        n = integer("n", defaults[0] if n is None else n, at_least=7)
        labelled = integer("labelled", defaults[1] if labelled is None else labelled, at_least=1, at_most=n - 1)
        draw = streams(rng).data
        moon = np.arange(n) % 2
        angle = draw.uniform(0.0, np.pi, n)
        first = np.column_stack([np.cos(angle), np.sin(angle)])
        second = np.column_stack([1 + np.cos(angle), 0.5 - np.sin(angle)])
        points = np.where(moon[:, None] == 0, first, second) + 0.2 * draw.standard_normal((n, 2))
        chosen = draw.choice(n, labelled, replace=False)
        return cls(_nearest_neighbours(points, 5), chosen, 1.0 + moon[chosen])


def _lattice(rows: int, columns: int) -> Any:
    down = sp.diags_array([np.ones(rows - 1)] * 2, offsets=[-1, 1], shape=(rows, rows))
    across = sp.diags_array([np.ones(columns - 1)] * 2, offsets=[-1, 1], shape=(columns, columns))
    return sp.csr_array(sp.kron(sp.eye_array(columns), down) + sp.kron(across, sp.eye_array(rows)))


def _nearest_neighbours(points: Any, k: int) -> Any:
    from scipy.spatial import cKDTree

    n = points.shape[0]
    near = cKDTree(points).query(points, k + 1)[1][:, 1:]
    W = sp.csr_array((np.ones(n * k), (np.repeat(np.arange(n), k), near.ravel())), shape=(n, n))
    return W.maximum(W.T)


def _small(edges: list[tuple[int, int]], nodes: int, labelled: list[int]) -> LabelPropagation:
    i, j = np.array(edges).T
    W = sp.csr_array((1.0 + np.arange(len(edges)), (i, j)), shape=(nodes, nodes))
    return LabelPropagation(W + W.T, labelled, np.linspace(-1.0, 1.0, len(labelled)))


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "LabelPropagation": lambda: _small([(0, 1), (1, 2), (2, 3), (3, 0), (3, 4), (4, 5), (5, 1)], 6, [0, 4]),
    "LabelPropagation(lattice)": lambda: LabelPropagation.lattice(3, 4),
    "LabelPropagation(two moons)": lambda: LabelPropagation.two_moons(14, 3, rng=0),
    "LabelPropagation(component without a label)": lambda: _small([(0, 1), (1, 2), (3, 4), (4, 5)], 7, [0]),
}
