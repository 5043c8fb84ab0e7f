"""The Perceptron's loop, one update after another: with the Gram matrix, over dense rows, over sparse rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.kernels.registry import jit, register

__all__ = ["RULES", "perceptron_dense", "perceptron_gram", "perceptron_sparse", "pick"]

#: The rules that choose among the misclassified samples; kernels know them by their position.
RULES = ("lowest", "cyclic", "random", "worst")


def _pick(margins: Any, rule: int, start: int, uniform: float) -> int:
    """Choose an index with a margin <= 0 (lowest, first from `start` on, random, worst); -1 if there is none."""
    n = len(margins)
    if rule == 3:  # worst
        worst = int(np.argmin(margins))
        return worst if margins[worst] <= 0 else -1
    if rule == 2:  # random
        wrong = np.flatnonzero(margins <= 0)
        return wrong[int(uniform * len(wrong))] if len(wrong) else -1
    first = start if rule == 1 else 0  # cyclic or lowest
    for i in range(n):
        j = (first + i) % n
        if margins[j] <= 0:
            return j
    return -1


pick = jit(_pick)


def _perceptron_gram(gram: Any, margins: Any, rule: int, start: int, uniforms: Any, chosen: Any) -> Any:
    """Make up to len(chosen) updates; `margins` and `chosen` are written.  O(n) an update.

    Returns the number of updates made (fewer when no mistake is left) and where a cyclic search goes on.
    """
    for k in range(len(chosen)):
        j = pick(margins, rule, start, uniforms[k])
        if j < 0:
            return k, start
        margins += gram[j]
        chosen[k] = j
        start = j + 1
    return len(chosen), start


def _perceptron_dense(rows: Any, w: Any, cyclic: bool, start: int, chosen: Any) -> Any:
    """Make up to len(chosen) updates of w over dense rows, visiting them from `start` on; O(d) a visit.

    Returns the updates made, the index of the next mistake (-1 if none is left) and the number of rows visited.
    """
    n, d = rows.shape
    made, visits, clean, j = 0, 0, 0, start
    while clean < n:
        margin = np.float64(0.0)
        for i in range(d):
            margin += rows[j, i] * w[i]
        visits += 1
        if margin > 0:
            clean += 1
            j = (j + 1) % n
        elif made == len(chosen):
            return made, j, visits - 1  # the next call visits this row again
        else:
            for i in range(d):
                w[i] += rows[j, i]
            chosen[made] = j
            made += 1
            clean = 0
            j = (j + 1) % n if cyclic else 0
    return made, -1, visits


def _perceptron_sparse(data: Any, indices: Any, indptr: Any, w: Any, cyclic: bool, start: int, chosen: Any) -> Any:
    """Do the same over the rows of a CSR matrix."""
    n = len(indptr) - 1
    made, visits, clean, j = 0, 0, 0, start
    while clean < n:
        margin = np.float64(0.0)
        for i in range(indptr[j], indptr[j + 1]):
            margin += data[i] * w[indices[i]]
        visits += 1
        if margin > 0:
            clean += 1
            j = (j + 1) % n
        elif made == len(chosen):
            return made, j, visits - 1  # the next call visits this row again
        else:
            for i in range(indptr[j], indptr[j + 1]):
                w[indices[i]] += data[i]
            chosen[made] = j
            made += 1
            clean = 0
            j = (j + 1) % n if cyclic else 0
    return made, -1, visits


perceptron_gram = jit(_perceptron_gram)
perceptron_dense = jit(_perceptron_dense)
perceptron_sparse = jit(_perceptron_sparse)


def _triangle(n: int = 4) -> Any:
    return np.eye(n) - np.eye(n, k=1)


def _sample_gram() -> tuple[Any, ...]:
    rows = _triangle()
    return rows @ rows.T, np.zeros(len(rows)), 2, 0, np.linspace(0, 0.9, 40), np.empty(40, dtype=np.int64)


def _sample_dense() -> tuple[Any, ...]:
    return _triangle(), np.zeros(4), False, 0, np.empty(40, dtype=np.int64)


def _sample_sparse() -> tuple[Any, ...]:
    from scipy.sparse import csr_array

    rows = csr_array(_triangle())
    return rows.data, rows.indices, rows.indptr, np.zeros(4), True, 0, np.empty(40, dtype=np.int64)


register("perceptron_pick", pick, _pick, lambda: (np.array([1.0, -1.0, 0.0]), 2, 0, 0.9))
register("perceptron_gram", perceptron_gram, _perceptron_gram, _sample_gram)
register("perceptron_dense", perceptron_dense, _perceptron_dense, _sample_dense)
register("perceptron_sparse", perceptron_sparse, _perceptron_sparse, _sample_sparse)
