"""Sums over the rows of a Gram matrix that is too large to be made."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.kernels.registry import jit, register

__all__ = ["gram_row_sums"]


def _gram_row_sums(indptr: Any, indices: Any, data: Any, turned_indptr: Any, turned_indices: Any, turned: Any) -> Any:
    """Return sum_j |(T T^T)_ij| of every row i, from T and its transpose, both as CSR arrays."""
    n = len(indptr) - 1
    out, row = np.zeros(n), np.zeros(n)
    for i in range(n):
        for e in range(indptr[i], indptr[i + 1]):
            r = indices[e]
            for f in range(turned_indptr[r], turned_indptr[r + 1]):
                row[turned_indices[f]] += data[e] * turned[f]
        total = 0.0
        for j in range(n):
            total += abs(row[j])
            row[j] = 0.0
        out[i] = total
    return out


gram_row_sums = jit(_gram_row_sums)


def _sample() -> tuple[Any, ...]:
    indptr, indices = np.array([0, 1, 3], dtype=np.int32), np.array([0, 0, 1], dtype=np.int32)
    data = np.array([2.0, -1.0, 3.0])
    turned_indptr, turned_indices = np.array([0, 2, 3], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32)
    return indptr, indices, data, turned_indptr, turned_indices, np.array([2.0, -1.0, 3.0])


register("gram_row_sums", gram_row_sums, _gram_row_sums, _sample)
