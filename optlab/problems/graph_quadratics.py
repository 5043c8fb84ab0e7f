r"""Quadratics on a graph: the Hessian is sparse, and blocks that form a forest can be solved exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from optlab.core.constants import Constant, Constants, exact, lower, upper
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import integer, number, one_of
from optlab.core.xp import as_data
from optlab.problems._blocks import coordinate_constants
from optlab.problems._blocks_quadratic import NodeBlocks, QuadraticBlocks, as_graph
from optlab.problems._linear import apply, parabola_minimum
from optlab.problems._positive_definite import positive_definite_solver, smallest_eigenvalue
from optlab.problems.signed_data import as_signs, logistic
from optlab.problems.strong_convexity import norm_constants

__all__ = ["EXAMPLES", "GraphQuadratic", "LogisticPropagation", "laplacian"]

#: Up to this dimension the largest eigenvalue is computed, beyond it bounded by the largest row sum.
_DENSE_LIMIT = 500


class GraphQuadratic(QuadraticBlocks, Problem):
    r"""A convex quadratic with a sparse Hessian.

    .. math:: F(x) = \tfrac12 x^T A x - b^T x

    Parameters
    ----------
    A : sparse array of shape (n, n)
        A symmetric positive definite matrix; its entries off the diagonal are the edges of the graph.
    b : array_like of shape (n,), optional
        The linear term; zero when absent.

    Raises
    ------
    TypeError, ValueError
        If A is not a real, finite, symmetric, positive definite matrix, or `b` does not fit.

    Notes
    -----
    Constants: `L` (an upper bound beyond 500 nodes, by Gershgorin's theorem), `mu` (beyond 500 nodes a lower bound from
    Lanczos iterations, certified by the inertia of a shifted factorisation), the coordinate constants `L_max`,
    `L_mean`, `L_min`, and `mu_1` and `mu_L` (see `optlab.problems.mu_l1`).  The reference interval is certified by the
    gradient at the solution of a sparse factorisation.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.GraphQuadratic.forest("path", 4)
    >>> problem.bound_graph().toarray()
    array([[ 2., -1.,  0.,  0.],
           [-1.,  3., -1.,  0.],
           [ 0., -1.,  3., -1.],
           [ 0.,  0., -1.,  2.]])
    """

    batched = True

    def __init__(self, A: Any, b: Any = None) -> None:
        self.A = as_graph(_symmetric(A))
        self.A.data.flags.writeable = False
        n = int(self.A.shape[0])
        self.shape, self.like = (n,), np.zeros(n)
        self.b = np.zeros(n) if b is None else as_data(b, "b", ndim=1).astype(np.float64)
        if self.b.shape != self.shape:
            raise ValueError(f"b must have shape {self.shape}, got {self.b.shape}")
        self._know()

    def _know(self) -> None:
        """Set the constants and the reference."""
        solve = positive_definite_solver(self.A)
        if solve is None:
            raise ValueError("A must be positive definite, its factorisation has a pivot that is not positive")
        mu = smallest_eigenvalue(self.A, solve)
        constants = {"L": self._largest_eigenvalue(), "mu": mu} | coordinate_constants(self) | norm_constants(self.A)
        self.constants = Constants(**constants)
        self.reference = self._certified(solve(self.b), mu.value)

    def _largest_eigenvalue(self) -> Constant:
        if self.shape[0] <= _DENSE_LIMIT:
            return exact(float(np.linalg.eigvalsh(self.A.toarray())[-1]), "largest eigenvalue of A")
        return upper(float(abs(self.A).sum(axis=1).max()), "largest row sum of |A|")

    def _certified(self, x: Any, mu: float) -> Reference:
        """Return the reference interval at the point x, by the gradient there."""
        value, width = float(self.value(x)), float(np.sum(self.gradient(x) ** 2)) / (2 * mu)
        return Reference(value - width, value, x, certificate=f"gradient bound at the solution, width {width:.1e}")

    @classmethod
    def forest(cls, kind: str, n: int, *, rng: RNGLike = None) -> Self:
        """Return the Laplacian of a forest plus the identity, with a random linear term.

        One exact step of the block of all nodes solves it.

        Parameters
        ----------
        kind : {"path", "star", "comb", "isolated", "random"}
            The forest: a path, a star around node 0, a path of ``ceil(n / 2)`` nodes with a tooth at each, no edges at
            all, or a random recursive tree.
        n : int
            Number of nodes, >= 1.
        rng : None, int, SeedSequence or Generator, optional
            Seed of the linear term, and of the random tree.
        """
        one_of("kind", kind, ("path", "star", "comb", "isolated", "random"))
        n, draw = integer("n", n, at_least=1), streams(rng).data
        spine = (n + 1) // 2
        parents = {
            "path": np.arange(n - 1),
            "star": np.zeros(n - 1, dtype=int),
            "comb": np.concatenate([np.arange(spine - 1), np.arange(n - spine)]),
            "isolated": np.zeros(0, dtype=int),
            "random": np.array([int(draw.integers(child)) for child in range(1, n)], dtype=int),
        }[kind]
        children = np.arange(1, 1 + parents.size)
        W = sp.csr_array((np.ones(parents.size), (children, parents)), shape=(n, n))
        return cls(laplacian(W + W.T) + sp.eye_array(n), draw.standard_normal(n))

    def _hessian(self) -> Any:
        return self.A

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return np.sum(x * (0.5 * apply(self.A, x) - self.b), axis=-1)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return apply(self.A, x) - self.b

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        return apply(self.A, v)

    def line_minimum(self, x: Any, direction: Any) -> Any:
        """Return a t that minimises F(x + t direction)."""
        return parabola_minimum(self.gradient(x), direction, apply(self.A, direction))


def _symmetric(A: Any) -> Any:
    A = as_data(A if sp.issparse(A) else sp.csr_array(as_data(A, "A")), "A").astype(np.float64)
    if A.shape[0] != A.shape[1] or A.shape[0] == 0:
        raise ValueError(f"A must be square and not empty, got shape {A.shape}")
    A.sum_duplicates()
    if A.nnz and abs(A - A.T).max() > 1e-12 * abs(A).max():
        raise ValueError("A must be symmetric")
    return sp.csr_array(0.5 * (A + A.T))


def laplacian(W: Any) -> Any:
    """Return the Laplacian diag(W 1) - W of symmetric edge weights W, a CSR array.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from optlab.problems.graph_quadratics import laplacian
    >>> laplacian(sp.csr_array([[0.0, 2.0], [2.0, 0.0]])).toarray()
    array([[ 2., -2.],
           [-2.,  2.]])
    """
    return sp.csr_array(sp.diags_array(W.sum(axis=1)) - W)


class LogisticPropagation(NodeBlocks, Problem):
    r"""Label propagation with logistic losses at the labelled nodes: a smooth function on a graph, no quadratic.

    .. math:: F(x) = \sum_{i \in S} \log(1 + e^{-y_i x_i}) + \tfrac12 \sum_{\{i, j\}} w_{ij} (x_i - x_j)^2
              + \tfrac\varepsilon2 \|x\|^2

    Its Hessian has the edges of the graph at every point, so that forest blocks can be solved inside Newton's method.

    Parameters
    ----------
    W : sparse array of shape (n, n)
        Symmetric edge weights, >= 0, with an empty diagonal.
    labelled : array_like of int
        The nodes S.
    y : array_like
        Two different labels of any kind, one for each labelled node.
    eps : float, default 0.1
        Weight of the ridge penalty, > 0.

    Raises
    ------
    TypeError, ValueError
        If the weights are not real, finite, symmetric and non-negative, a node is listed twice or does not exist, or
        the labels do not fit.

    Notes
    -----
    Constants: `L` is an upper bound, `mu` the lower bound eps.  The reference interval comes from Newton's method and
    the gradient bound :math:`\|\nabla F\|^2 / (2 \varepsilon)`.

    Examples
    --------
    >>> import scipy.sparse as sp, optlab as ol
    >>> path = sp.diags_array([[1.0, 1.0], [1.0, 1.0]], offsets=[-1, 1], shape=(3, 3))
    >>> problem = ol.problems.LogisticPropagation(path, [0, 2], [-1, 1])
    >>> bool(problem.reference.x[0] < 0 < problem.reference.x[2]), problem.reference.width < 1e-12
    (True, True)
    """

    batched = True

    def __init__(self, W: Any, labelled: Any, y: Any, eps: float = 0.1) -> None:
        W = edge_weights(W)
        n = int(W.shape[0])
        self.labelled = distinct_nodes(labelled, n)
        self.eps = number("eps", eps, above=0)
        self.signs = np.zeros(n)  # zero where there is no label
        self.signs[self.labelled] = as_signs(y, np.zeros((self.labelled.size, 1)))
        self.A = as_graph(laplacian(W) + self.eps * sp.eye_array(n))
        self.shape, self.like = (n,), np.zeros(n)
        self.constants = Constants(
            L=upper(float(2 * laplacian(W).diagonal().max()) + self.eps + 0.25, "Gershgorin's theorem, loss <= 1/4"),
            mu=lower(self.eps, "the ridge penalty"),
            **coordinate_constants(self),
        )
        self.reference = _newton(self)

    def _hessian(self) -> Any:
        return self.A

    def _nodes(self, x: Any, block: Any = None) -> tuple[Any, Any, Any]:
        signs = self.signs if block is None else self.signs[block]
        wrong, losses = logistic(signs * x)
        has_label = signs != 0
        return np.where(has_label, losses, 0.0), -signs * wrong, signs**2 * wrong * (1 - wrong)

    def _node_bounds(self) -> Any:
        return 0.25 * self.signs**2

    def _quadratic_part(self, x: Any) -> tuple[float, Any]:
        product = apply(self.A, x)
        return 0.5 * float(x @ product), product

    def value(self, x: Any) -> Any:
        """Return F(x)."""
        return np.sum(0.5 * x * apply(self.A, x) + self._nodes(x)[0], axis=-1)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of F at x."""
        return apply(self.A, x) + self._nodes(x)[1]

    def hessian_product(self, x: Any, v: Any) -> Any:
        """Return the Hessian of F at x, applied to v."""
        return apply(self.A, v) + self._nodes(x)[2] * v


def _newton(problem: LogisticPropagation) -> Reference:
    from scipy.sparse.linalg import spsolve

    x = np.zeros(problem.shape)
    for _ in range(50):
        gradient = problem.gradient(x)
        hessian = sp.csc_array(problem.A + sp.diags_array(problem._nodes(x)[2]))
        direction, step = -spsolve(hessian, gradient), 1.0
        while problem.value(x + step * direction) > problem.value(x) and step > 1e-8:
            step *= 0.5
        x = x + step * direction
        if np.abs(gradient).max() < 1e-13:
            break
    value, width = float(problem.value(x)), float(np.sum(problem.gradient(x) ** 2)) / (2 * problem.eps)
    return Reference(value - width, value, x, certificate=f"||gradient||^2 / (2 eps) = {width:.1e}")


def edge_weights(W: Any) -> Any:
    """Validate edge weights: symmetric, non-negative, nothing on the diagonal."""
    W = _symmetric(W)
    if W.nnz and (W.data < 0).any():
        raise ValueError("W must hold edge weights >= 0")
    if W.diagonal().any():
        raise ValueError("W must have an empty diagonal: a node is no neighbour of itself")
    W.eliminate_zeros()
    return W


def distinct_nodes(nodes: Any, n: int) -> Any:
    """Validate a list of different nodes."""
    out = np.array(nodes)
    if out.ndim != 1 or out.size == 0 or out.dtype.kind not in "iu":
        raise ValueError(f"labelled must be a list of node numbers, not empty, got {nodes!r:.60}")
    if out.min() < 0 or out.max() >= n or np.unique(out).size != out.size:
        raise ValueError(f"labelled must hold different nodes between 0 and {n - 1}")
    return out


def _logistic_chain(nodes: int, labelled: Sequence[int]) -> LogisticPropagation:
    W = sp.diags_array([np.ones(nodes - 1)] * 2, offsets=[-1, 1])
    return LogisticPropagation(W, labelled, [(-1) ** i for i in range(len(labelled))])


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "GraphQuadratic(path)": lambda: GraphQuadratic.forest("path", 6, rng=0),
    "GraphQuadratic(star)": lambda: GraphQuadratic.forest("star", 5, rng=0),
    "GraphQuadratic(comb)": lambda: GraphQuadratic.forest("comb", 8, rng=0),
    "GraphQuadratic(one node)": lambda: GraphQuadratic.forest("path", 1, rng=0),
    "GraphQuadratic(two isolated nodes)": lambda: GraphQuadratic.forest("isolated", 2, rng=0),
    "LogisticPropagation": lambda: _logistic_chain(7, [0, 3, 6]),
}
