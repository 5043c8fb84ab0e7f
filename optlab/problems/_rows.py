"""Some rows of a matrix, at the cost of those rows: T dense (of any library) or CSR, or a vector, a diagonal matrix.

The blocks of the problems are columns of a data matrix A, so T is the transpose of A, kept row by row; or T is a
symmetric Hessian.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from array_api_compat import device

from optlab.core.xp import is_sparse, namespace, put_add

__all__ = ["add_rows", "columns", "diagonal", "entries", "gram", "gram_row_sums", "row_products", "squared_norms"]

#: Up to this many sparse rows a loop over them is faster than SciPy's indexing.
_FEW = 24
#: Up to this many entries some sparse rows are made dense to be multiplied with each other.
_DENSE_ENTRIES = 1 << 16
#: A dense NumPy matrix with more entries is transposed in memory, where its columns lie far apart.
_TRANSPOSED_ENTRIES = 1 << 15
#: Entries of a piece of a dense Gram matrix.
_PIECE = 1 << 22
#: Products of entries from which on a sparse Gram matrix is left to a compiled loop.
_COMPILED_WORK = 10**7


def columns(matrix: Any) -> Any:
    """Return the transpose of a matrix, so stored that its rows are quick to reach."""
    if is_sparse(matrix):
        turned = sp.csr_array(matrix.T)
        turned.sum_duplicates()  # one entry for each position: rows are added by their indices
        return turned
    if type(matrix) is np.ndarray and matrix.size > _TRANSPOSED_ENTRIES:
        return np.ascontiguousarray(matrix.T)
    return matrix.T


def add_rows(out: Any, T: Any, block: Any, d: Any) -> Any:
    """Return out + T_b^T d; with a sparse T the array `out` itself is changed."""
    if is_sparse(T):
        if block.shape[0] > _FEW:
            out += d @ T[block]
            return out
        start, indices, data = T.indptr, T.indices, T.data
        for i, step in zip(block.tolist(), d.tolist(), strict=True):
            row = slice(start[i], start[i + 1])
            out[indices[row]] += step * data[row]
        return out
    if T.ndim == 1:
        return put_add(out, block, namespace(T).take(T, block) * d)
    return out + d @ namespace(T).take(T, block, axis=0)


def row_products(T: Any, block: Any, v: Any) -> Any:
    """Return T_b v; all of T v for ``block=None``."""
    if T.ndim == 1:
        return T * v if block is None else namespace(T).take(T * v, block)
    if block is None:
        return T @ v
    if not is_sparse(T):
        return namespace(T).take(T, block, axis=0) @ v
    if block.shape[0] > _FEW:
        return T[block] @ v
    start, indices, data = T.indptr, T.indices, T.data
    out = np.empty(block.shape[0], dtype=T.dtype)
    for j, i in enumerate(block.tolist()):
        row = slice(start[i], start[i + 1])
        out[j] = data[row] @ v[indices[row]]
    return out


def entries(T: Any, block: Any) -> Any:
    """Return the block T_bb of a symmetric matrix, dense."""
    xp = namespace(T)
    if T.ndim == 1:
        return xp.eye(block.shape[0], dtype=T.dtype, device=device(T)) * xp.take(T, block)
    if is_sparse(T):
        return T[block][:, block].toarray()
    return xp.take(xp.take(T, block, axis=0), block, axis=1)


def diagonal(T: Any) -> Any:
    """Return the diagonal of a symmetric matrix."""
    if T.ndim == 1:
        return T
    return T.diagonal() if is_sparse(T) else namespace(T).linalg.diagonal(T)


def _taken(T: Any, block: Any) -> Any:
    """The rows of a block; those of a small sparse one as a dense array."""
    if not is_sparse(T):
        return namespace(T).take(T, block, axis=0)
    if block.shape[0] * T.shape[1] > _DENSE_ENTRIES:
        return T[block]
    out = np.zeros((block.shape[0], T.shape[1]), dtype=T.dtype)
    for j, i in enumerate(block.tolist()):
        row = slice(T.indptr[i], T.indptr[i + 1])
        out[j, T.indices[row]] = T.data[row]
    return out


def gram(T: Any, block: Any = None, weights: Any = None) -> Any:
    """Return T_b diag(weights) T_b^T as a dense array, symmetric to the last bit."""
    rows = T if block is None else _taken(T, block)
    if is_sparse(rows):
        weighted = rows if weights is None else rows @ sp.diags_array(weights)
        product = (weighted @ rows.T).toarray()
    else:
        product = (rows if weights is None else rows * weights) @ rows.T
    return 0.5 * (product + product.T)


def squared_norms(T: Any) -> Any:
    """Return the squared Euclidean norm of every row."""
    if is_sparse(T):
        return T.multiply(T).sum(axis=1)
    return namespace(T).sum(T * T, axis=1)


def gram_row_sums(T: Any) -> Any:
    """Return the sums of absolute values in the rows of T T^T, which is never made as a whole."""
    n = T.shape[0]
    if is_sparse(T):
        turned = columns(T)
        work = int(np.sum(np.diff(turned.indptr).astype(np.int64) ** 2))
        if work > _COMPILED_WORK:
            from optlab.kernels.block_coordinate_descent_gram import gram_row_sums as compiled

            parts = (T.indptr, T.indices, T.data, turned.indptr, turned.indices, turned.data)
            return compiled(*parts).astype(T.dtype, copy=False)
        return abs(T @ turned).sum(axis=1)
    xp = namespace(T)
    size = max(1, _PIECE // n)
    pieces = [T[first : min(first + size, n), :] for first in range(0, n, size)]
    return xp.concat([xp.sum(xp.abs(piece @ T.T), axis=1) for piece in pieces])
