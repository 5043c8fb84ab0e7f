r"""Block oracles of quadratics, and of quadratics with a smooth function of each coordinate beside them.

.. math:: f(x) = \tfrac12 x^T H x - b^T x + c, \qquad f(x) = \dots + \sum_i \psi_i(x_i)

The gradient of the quadratic is kept up to date by the rows of H that a move touches: a diagonal H is a vector, a
graph a CSR array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from array_api_compat import device

from optlab.core.xp import is_sparse, namespace, put_add, to_numpy
from optlab.problems._memo import Memoized
from optlab.problems._rows import add_rows, diagonal, entries, row_products

__all__ = ["NodeBlocks", "QuadraticBlocks", "as_graph"]


@dataclass
class QuadraticFollowed:
    """Gradient and value at a point."""

    gradient: Any
    value: float


@dataclass
class NodeFollowed:
    """A quadratic, followed, the point, and the values of the functions of the coordinates."""

    quadratic: QuadraticFollowed
    x: Any
    value: float | None = None
    gradient: Any = None


class QuadraticBlocks(Memoized):
    """The block oracles, made from the matrix of `_hessian`: a vector (its diagonal), a dense or a CSR array."""

    _quadratic = True

    def _hessian(self) -> Any:
        raise TypeError("a quadratic has a Hessian")

    def _bound(self) -> Any:
        """Return a positive semidefinite bound of the Hessian."""
        return self._hessian()

    # ---- BlockMoves

    def follow(self, x: Any) -> Any:
        """Return the bookkeeping at x, worked out afresh."""
        smooth: Any = self
        if hasattr(smooth, "smooth_gradient"):
            return QuadraticFollowed(smooth.smooth_gradient(x), float(smooth.smooth_value(x)))
        return QuadraticFollowed(smooth.gradient(x), float(smooth.value(x)))

    def move(self, followed: Any, block: Any, d: Any) -> Any:
        """Return the bookkeeping at x + U_b d."""
        gradient = followed.gradient
        if is_sparse(self._hessian()):
            gradient = gradient.copy()  # somebody may hold the old one
        gradient = add_rows(gradient, self._hessian(), block, d)
        both = namespace(d).take(gradient, block) + namespace(d).take(followed.gradient, block)
        return QuadraticFollowed(gradient, followed.value + 0.5 * float(both @ d))

    def block_gradient(self, followed: Any, block: Any = None) -> Any:
        """Return the gradient of the smooth part, restricted to the block or all of it."""
        gradient = followed.gradient
        return gradient if block is None else namespace(gradient).take(gradient, block)

    def value_along(self, followed: Any, block: Any, d: Any, step: float) -> float:
        """Return the smooth part at x + step U_b d."""
        if step == 0.0:
            return followed.value
        slope = float(namespace(d).take(followed.gradient, block) @ d)
        return followed.value + step * slope + 0.5 * step**2 * float(self._block_product(block, d) @ d)

    def _block_product(self, block: Any, d: Any) -> Any:
        """Return H_bb d."""
        H, xp = self._hessian(), namespace(d)
        if H.ndim == 1:
            return xp.take(H, block) * d
        if not is_sparse(H):
            return entries(H, block) @ d
        return row_products(H, block, put_add(np.zeros(H.shape[0], dtype=d.dtype), block, d))

    # ---- BlockCurvature and BlockHessian

    def coordinate_lipschitz(self) -> Any:
        """Return the coordinate constants L_i."""
        return self._memo("lipschitz", lambda: diagonal(self._bound()))

    def block_bound(self, block: Any) -> Any:
        """Return the matrix H_bb that bounds the curvature of the block."""
        return entries(self._bound(), block)

    def bound_product(self, block: Any, d: Any) -> Any:
        """Return H U_b d for the matrix H that bounds the curvature."""
        zero = namespace(d).zeros(self._bound().shape[0], dtype=d.dtype, device=device(d))
        return add_rows(zero, self._bound(), block, d)

    def bound_row_sums(self) -> Any:
        """Return the sums of absolute values in the rows of H."""
        return self._memo("row sums", self._sum_rows)

    def _sum_rows(self) -> Any:
        size = abs(self._bound())
        if size.ndim == 1:
            return size
        return size.sum(axis=1) if is_sparse(size) else namespace(size).sum(size, axis=1)

    def block_hessian(self, followed: Any, block: Any) -> Any:
        """Return the block of the Hessian of the smooth part."""
        return entries(self._hessian(), block)

    # ---- BoundGraph

    def bound_graph(self) -> Any:
        """Return the matrix H that bounds the curvature as a CSR array with a full diagonal."""
        return self._memo("graph", lambda: as_graph(self._bound()))

    def hessian_graph(self, followed: Any) -> Any:
        """Return the Hessian of the smooth part in the pattern of `bound_graph`."""
        if self._hessian() is self._bound():
            return self.bound_graph()
        return self._memo("hessian graph", lambda: as_graph(self._hessian(), like=self.bound_graph()))


class NodeBlocks(QuadraticBlocks):
    r"""The block oracles of a quadratic plus :math:`\sum_i \psi_i(x_i)` with smooth functions of one coordinate.

    A subclass says what they are: `_nodes(x, block)` returns values, slopes and curvatures, arrays like x, which holds
    the coordinates of the block (all of them for None); `_node_bounds()` the largest curvature of each.
    """

    _quadratic = False

    def _nodes(self, x: Any, block: Any = None) -> tuple[Any, Any, Any]:
        raise TypeError("there are functions of the coordinates")

    def _node_bounds(self) -> Any:
        raise TypeError("there are functions of the coordinates")

    def _quadratic_part(self, x: Any) -> tuple[float, Any]:
        """Return value and gradient of the quadratic."""
        raise TypeError("there is a quadratic part")

    def _bound(self) -> Any:
        return self._memo("bound", lambda: _plus_diagonal(self._hessian(), self._node_bounds()))

    def follow(self, x: Any) -> NodeFollowed:
        """Return the bookkeeping at x, worked out afresh."""
        value, gradient = self._quadratic_part(x)
        return NodeFollowed(QuadraticFollowed(gradient, float(value)), namespace(x).asarray(x, copy=True))

    def move(self, followed: NodeFollowed, block: Any, d: Any) -> NodeFollowed:
        """Return the bookkeeping at x + U_b d."""
        return NodeFollowed(super().move(followed.quadratic, block, d), put_add(followed.x, block, d))

    def block_gradient(self, followed: NodeFollowed, block: Any = None) -> Any:
        """Return the gradient of the smooth part, restricted to the block or all of it."""
        if block is None and followed.gradient is None:
            followed.gradient = followed.quadratic.gradient + self._nodes(followed.x)[1]
        if followed.gradient is not None:
            return super().block_gradient(followed, block)
        at = namespace(followed.x).take(followed.x, block)
        return super().block_gradient(followed.quadratic, block) + self._nodes(at, block)[1]

    def value_along(self, followed: NodeFollowed, block: Any, d: Any, step: float) -> float:
        """Return the smooth part at x + step U_b d."""
        xp = namespace(followed.x)
        if followed.value is None:
            followed.value = float(xp.sum(self._nodes(followed.x)[0]))
        value = super().value_along(followed.quadratic, block, d, step) + followed.value
        if step == 0.0:
            return value
        at = xp.take(followed.x, block)
        return value + float(xp.sum(self._nodes(at + step * d, block)[0] - self._nodes(at, block)[0]))

    def block_hessian(self, followed: NodeFollowed, block: Any) -> Any:
        """Return the block of the Hessian of the smooth part."""
        curvature = self._nodes(namespace(followed.x).take(followed.x, block), block)[2]
        return entries(self._hessian(), block) + entries(curvature, namespace(block).arange(block.shape[0]))

    def hessian_graph(self, followed: NodeFollowed) -> Any:
        """Return the Hessian of the smooth part in the pattern of `bound_graph`."""
        graph = self.bound_graph().copy()
        slots = self._memo("diagonal", lambda: _diagonal_slots(graph))
        graph.data[slots] = to_numpy(diagonal(self._hessian())) + to_numpy(self._nodes(followed.x)[2])
        return graph


def _plus_diagonal(H: Any, values: Any) -> Any:
    if H.ndim == 1:
        return H + values
    if is_sparse(H):
        return sp.csr_array(H + sp.diags_array(values))
    return H + namespace(H).eye(H.shape[0], dtype=H.dtype, device=device(H)) * values


def _diagonal_slots(graph: Any) -> Any:
    rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    return np.flatnonzero(rows == graph.indices)


def as_graph(H: Any, like: Any = None) -> Any:
    """Return a symmetric matrix as a CSR array with sorted indices and a full diagonal.

    `like` is a graph whose positions are taken over, zeros of H included.
    """
    n = H.shape[0]
    if like is not None:
        rows, cols = np.repeat(np.arange(n), np.diff(like.indptr)), like.indices
        dense = to_numpy(H)
        data = dense[rows, cols] if dense.ndim == 2 else np.where(rows == cols, dense[rows], 0.0)
        return sp.csr_array((data, like.indices, like.indptr), shape=(n, n))
    own = np.arange(n)
    if H.ndim == 1:
        return sp.csr_array((np.array(to_numpy(H)), (own, own)), shape=(n, n))
    listed = sp.coo_array(H if is_sparse(H) else to_numpy(H))
    off = listed.row != listed.col
    rows, cols = np.concatenate([listed.row[off], own]), np.concatenate([listed.col[off], own])
    data = np.concatenate([listed.data[off], H.diagonal() if is_sparse(H) else np.diagonal(to_numpy(H))])
    graph = sp.csr_array((data, (rows, cols)), shape=(n, n))  # stored zeros stay
    graph.sort_indices()
    return graph
