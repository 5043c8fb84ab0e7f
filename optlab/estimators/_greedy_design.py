"""The data matrix of the greedy estimators, and the quadratic models of its working sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from optlab.estimators._greedy_block import (
    Block,
    ColumnBlock,
    GramBlock,
    Penalty,
    below,
    cholesky_solve,
    conjugate_gradients,
    jacobi,
)

__all__ = ["Design"]

_GRAM_COLUMNS = 3000  # larger working sets keep the residual instead of a Gram matrix
_CACHED_COLUMNS = 4000
_SMALL = 100  # so few columns are best solved by their Gram matrix in any case
_CANCELLATION = 1e4  # of squares by centring, that single precision bears

Array = np.ndarray[Any, Any]


class Design:
    """A data matrix that is only read, with what the models of its working sets share."""

    def __init__(self, X: Any, intercept: bool) -> None:
        self.sparse = sp.issparse(X)
        self.X, self.intercept = (sp.csc_array(X) if self.sparse else X), intercept
        self.shape = X.shape
        #: Columns of the first working set: they cost more when they are dense.
        self.first = 500 if self.sparse else 100
        self._squares: Any = None
        self._single: Any = None
        self._forget()

    def _forget(self) -> None:
        self._place = np.full(self.shape[1], -1)
        self._count = 0
        self._columns = np.empty((self.shape[0], 0), order="F")
        self._gram = np.empty((0, 0))

    def correlations(self, u: Array) -> Array:
        return np.asarray(self.X.T @ u)

    def predict(self, w: Array) -> Array:
        S = np.flatnonzero(w)
        if 2 * len(S) > len(w):
            return np.asarray(self.X @ w)
        return np.asarray(self.X[:, S] @ w[S])

    def block(self, ws: Array, h: Array, fixed: bool, u: Array, z: Array, w: Array, penalty: Penalty) -> Block:
        r"""Model of a loss with gradient -u and curvature h on the columns `ws`, around w, the intercept eliminated.

        z = X'u; `fixed` says that h is the same in every call: the Gram matrix of earlier columns is still good.
        """
        v, w = np.sqrt(h), w[ws]
        if not self.sparse and len(ws) <= _GRAM_COLUMNS:
            if fixed:
                Q = self._cached_gram(ws, v)
            else:
                A = self._scaled(ws, v)
                Q = A.T @ A
            return GramBlock(Q, Q @ w + z[ws], w, penalty)
        residual = np.divide(u, v, out=np.zeros_like(u), where=v > 0)
        if self.intercept:
            residual -= v * ((v @ residual) / (v @ v))
        means = np.zeros(len(ws))
        if self.sparse:
            A = self.X[:, ws]
            A = sp.csc_array((A.data * v[A.indices], A.indices.astype(np.int32), A.indptr.astype(np.int32)), A.shape)
            if self.intercept:
                means = np.asarray(A.T @ v) / (v @ v)
        else:
            A = self._scaled(ws, v)
        return ColumnBlock(A, means, v, residual, w, penalty)

    def newton_step(self, h: Array, g: Array, l2: float, tol: float) -> Array:
        """Minimise the model of a quadratic loss over all columns when there is no l1 term; g is minus the gradient.

        A Gram matrix pays when it is dense, or small; conjugate gradients do without.
        """
        d = self.shape[1]
        if d <= (_SMALL if self.sparse else _GRAM_COLUMNS):
            exact = cholesky_solve(self.weighted_gram(h, self.X), l2, g)
            if exact is not None:
                return exact

        def product(p: Array) -> Array:
            t = self.X @ p
            if self.intercept:
                t -= (h @ t) / h.sum()
            return np.asarray(self.X.T @ (h * t) + l2 * p)

        return conjugate_gradients(product, jacobi(self._column_squares() * h.mean() + l2), g, below(tol))

    def _column_squares(self) -> Array:
        if self._squares is None:
            squares = self.X.power(2).sum(axis=0) if self.sparse else np.einsum("ij,ij->j", self.X, self.X)
            self._squares = np.asarray(squares).ravel()
        return np.asarray(self._squares)

    def norms(self) -> tuple[Array, bool]:
        """Squared norms of the columns, centred with an intercept, and whether only double precision will do."""
        squares = self._column_squares()
        positive = squares[squares > 0]
        exact = bool(len(positive)) and not (positive.min() > 1e-20 and positive.max() < 1e20)
        if not self.intercept:
            return squares, exact
        n = self.shape[0]
        centred = np.maximum(squares - self.correlations(np.ones(n)) ** 2 / n, 0.0)
        return centred, exact or not (squares <= _CANCELLATION * centred).all()

    def single(self) -> Any:
        """The matrix in single precision, made once."""
        if self._single is None:
            X = self.X
            data = (X.data.astype(np.float32), X.indices, X.indptr) if self.sparse else None
            self._single = sp.csc_array(data, X.shape) if self.sparse else X.astype(np.float32)
        return self._single

    def weighted_gram(self, h: Array, X: Any) -> Array:
        """Gram matrix in the weights h, centred with an intercept, in the precision of X: the data or their copy."""
        if not self.sparse:
            v = np.sqrt(h).astype(X.dtype)
            A = X * v[:, None]
            if self.intercept:
                A -= np.outer(v, (v @ A) / (v @ v))
            return np.asarray(A.T @ A)
        gram = (X.T @ (sp.diags_array(h.astype(X.dtype)) @ X)).toarray()
        if self.intercept:
            sums = np.asarray(self.X.T @ h)
            gram -= (np.outer(sums, sums) / h.sum()).astype(X.dtype)
        return np.asarray(gram)

    def _scaled(self, ws: Array, v: Array) -> Array:
        """The columns, centred in the weights v^2 when there is an intercept, times v."""
        A = np.asfortranarray(self.X[:, ws])
        if self.intercept:
            A -= (v**2 @ A) / (v @ v)
        A *= v[:, None]
        return A

    def _cached_gram(self, ws: Array, v: Array) -> Array:
        """Gram matrix of the scaled columns `ws`, of which only what is new is computed."""
        new = ws[self._place[ws] < 0]
        if self._count + len(new) > _CACHED_COLUMNS:
            self._forget()
            new = ws
        if len(new):
            old, count = self._count, self._count + len(new)
            if count > len(self._gram):
                room = min(max(2 * count, 256), _CACHED_COLUMNS, self.shape[1])
                columns, gram = np.empty((self.shape[0], room), order="F"), np.empty((room, room))
                columns[:, :old], gram[:old, :old] = self._columns[:, :old], self._gram[:old, :old]
                self._columns, self._gram = columns, gram
            added = self._scaled(new, v)
            self._columns[:, old:count] = added
            self._gram[old:count, :count] = added.T @ self._columns[:, :count]
            self._gram[:old, old:count] = self._gram[old:count, :old].T
            self._place[new] = np.arange(old, count)
            self._count = count
        place = self._place[ws]
        return np.asarray(self._gram[place[:, None], place])
