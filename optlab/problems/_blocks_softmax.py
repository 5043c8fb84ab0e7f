r"""Block oracles of softmax regression.  Coordinate f k + c is the weight of feature f for class c, of k classes.

The Hessian is bounded by :math:`\tfrac12 (I - 1 1^T / k) \otimes A^T A`, a matrix of order nk that is never formed.
Classes that a block does not touch can be merged into one, so a block of q classes has :math:`\min(k, q + 1)` in the
place of k (derived here, from D. Boehning's bound of 1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import device

from optlab.core.xp import is_sparse, namespace, put_add, to_numpy
from optlab.problems._memo import Memoized
from optlab.problems._rows import columns, gram, gram_row_sums, squared_norms

__all__ = ["SoftmaxBlocks", "softmax"]

#: Up to this many sparse columns a loop over them is faster than a product.
_FEW = 24


def softmax(scores: Any) -> tuple[Any, Any]:
    """Return the softmax of each row and the logarithm of its sum of exponentials."""
    xp = namespace(scores)
    top = xp.max(scores, axis=-1, keepdims=True)
    weights = xp.exp(scores - top)
    total = xp.sum(weights, axis=-1, keepdims=True)
    return weights / total, (top + xp.log(total))[..., 0]


@dataclass
class SoftmaxFollowed:
    """Scores at a point, and what was asked for since the last move."""

    scores: Any
    x: Any = None  # kept where there is a ridge penalty
    share: Any = None  # the probabilities of the classes, row by row
    gradient: Any = None
    value: float | None = None


class SoftmaxBlocks(Memoized):
    """The block oracles of ``self.A`` and ``self.labels`` (0 ... k - 1), ``self.k`` classes, ridge ``self.l2``."""

    A: Any
    labels: Any
    k: int
    l2: float

    def _columns(self) -> Any:
        return self._memo("columns", lambda: columns(self.A))

    def _hits(self) -> Any:
        """One row for each sample, with a one at its label."""
        return self._memo("hits", lambda: self._marks(self.labels))

    def _marks(self, classes: Any) -> Any:
        xp, like = namespace(classes), self._columns()
        kinds = xp.arange(self.k, dtype=classes.dtype, device=device(classes))
        return xp.astype(classes[:, None] == kinds, like.dtype)

    def _split(self, block: Any) -> tuple[Any, Any]:
        """Return the features and the classes of the coordinates."""
        return block // self.k, block % self.k

    # ---- BlockMoves

    def follow(self, x: Any) -> SoftmaxFollowed:
        """Return the bookkeeping at x, worked out afresh."""
        xp = namespace(x)
        kept = xp.asarray(x, copy=True) if self.l2 else None
        return SoftmaxFollowed(self.A @ xp.reshape(x, (-1, self.k)), kept)

    def move(self, followed: SoftmaxFollowed, block: Any, d: Any) -> SoftmaxFollowed:
        """Return the bookkeeping at x + U_b d."""
        x = put_add(followed.x, block, d) if self.l2 else None
        return SoftmaxFollowed(self._moved(followed.scores, block, d), x)

    def _moved(self, scores: Any, block: Any, d: Any) -> Any:
        """Return the scores after a move; with sparse data the array itself is changed."""
        T = self._columns()
        features, classes = self._split(block)
        if is_sparse(T) and block.shape[0] <= _FEW:
            for f, c, step in zip(features.tolist(), classes.tolist(), d.tolist(), strict=True):
                row = slice(T.indptr[f], T.indptr[f + 1])
                scores[T.indices[row], c] += step * T.data[row]
            return scores
        rows = T[features] if is_sparse(T) else namespace(T).take(T, features, axis=0)
        return scores + rows.T @ (self._marks(classes) * d[:, None])

    def _share(self, followed: SoftmaxFollowed) -> Any:
        if followed.share is None:
            followed.share = softmax(followed.scores)[0]
        return followed.share

    def block_gradient(self, followed: SoftmaxFollowed, block: Any = None) -> Any:
        """Return the gradient of the objective, restricted to the block or all of it."""
        xp = namespace(followed.scores)
        if block is None and followed.gradient is None:
            gradient = xp.reshape(self._columns() @ (self._share(followed) - self._hits()), (-1,))
            followed.gradient = gradient + self.l2 * followed.x if self.l2 else gradient
        if followed.gradient is not None:
            return followed.gradient if block is None else xp.take(followed.gradient, block)
        part = self._part_of_gradient(self._share(followed) - self._hits(), *self._split(block))
        return part + self.l2 * xp.take(followed.x, block) if self.l2 else part

    def _part_of_gradient(self, error: Any, features: Any, classes: Any) -> Any:
        T = self._columns()
        if not is_sparse(T):
            xp = namespace(T)
            return xp.sum(xp.take(T, features, axis=0) * xp.take(error, classes, axis=1).T, axis=1)
        if features.shape[0] > _FEW:
            return T[features].multiply(error[:, classes].T).sum(axis=1)
        out = np.empty(features.shape[0], dtype=T.dtype)
        for j, (f, c) in enumerate(zip(features.tolist(), classes.tolist(), strict=True)):
            row = slice(T.indptr[f], T.indptr[f + 1])
            out[j] = T.data[row] @ error[T.indices[row], c]
        return out

    def value_along(self, followed: SoftmaxFollowed, block: Any, d: Any, step: float) -> float:
        """Return the objective at x + step U_b d."""
        xp = namespace(followed.scores)
        if step == 0.0:
            if followed.value is None:
                followed.value = self._losses(followed.scores) + self._ridge(followed.x)
            return followed.value
        moved = self._moved(xp.asarray(followed.scores, copy=True), block, step * d)
        return self._losses(moved) + self._ridge(put_add(followed.x, block, step * d) if self.l2 else None)

    def _losses(self, scores: Any) -> float:
        xp = namespace(scores)
        return float(xp.sum(softmax(scores)[1] - xp.sum(scores * self._hits(), axis=1)))

    def _ridge(self, x: Any) -> float:
        return 0.5 * self.l2 * float(x @ x) if self.l2 else 0.0

    # ---- BlockCurvature

    def coordinate_lipschitz(self) -> Any:
        """Return the coordinate constants L_i, a quarter of the squared norm of the column."""
        return self._memo("lipschitz", lambda: self._spread(squared_norms(self._columns()) * (0.25 * (self.k > 1))))

    def _spread(self, of_features: Any) -> Any:
        """Repeat one number for each feature for all its classes, and add the ridge."""
        xp = namespace(of_features)
        ones = xp.ones(self.k, dtype=of_features.dtype, device=device(of_features))
        return xp.reshape(of_features[:, None] * ones, (-1,)) + self.l2

    def block_bound(self, block: Any) -> Any:
        """Return a matrix H_bb that bounds the curvature of the block, sharper the fewer classes it touches."""
        features, classes = self._split(block)
        xp, T = namespace(block), self._columns()
        touched = min(self.k, np.unique(to_numpy(classes)).size + 1)
        same = xp.astype(classes[:, None] == classes[None, :], T.dtype)
        return self._ridged(0.5 * (same - 1 / touched) * gram(T, features))

    def _ridged(self, matrix: Any) -> Any:
        eye = namespace(matrix).eye(matrix.shape[0], dtype=matrix.dtype, device=device(matrix))
        return matrix + self.l2 * eye if self.l2 else matrix

    def bound_product(self, block: Any, d: Any) -> Any:
        """Return H U_b d for the matrix H that bounds the curvature of all coordinates."""
        xp, T = namespace(d), self._columns()
        zero = xp.zeros((T.shape[1], self.k), dtype=d.dtype, device=device(d))
        shifted = self._moved(zero, block, d)
        product = 0.5 * (T @ (shifted - xp.mean(shifted, axis=1, keepdims=True)))
        product = xp.reshape(product, (-1,))
        return put_add(product, block, self.l2 * d) if self.l2 else product

    def bound_row_sums(self) -> Any:
        """Return the sums of absolute values in the rows of H."""
        share = 1 - 1 / self.k
        return self._memo("row sums", lambda: self._spread(share * gram_row_sums(self._columns())))

    # ---- BlockHessian

    def block_hessian(self, followed: SoftmaxFollowed, block: Any) -> Any:
        """Return the block of the Hessian."""
        features, classes = self._split(block)
        xp, T = namespace(block), self._columns()
        rows = T[features].toarray() if is_sparse(T) else xp.take(T, features, axis=0)
        share = xp.take(self._share(followed), classes, axis=1).T
        same = xp.astype(classes[:, None] == classes[None, :], T.dtype)
        weighted = rows * share
        hessian = same * (weighted @ rows.T) - weighted @ weighted.T
        return self._ridged(0.5 * (hessian + hessian.T))
