"""Coordinate descent on quadratics, with the gradient kept up to date: dense, sparse with a heap, and by fixed blocks.

Shared arguments: `x` and its gradient `g` of the smooth part, both written; and tuples:

* level: the value of the smooth part at x, and of the term with the kinks;
* how to choose and to move: the kind of choice; the coordinates drawn beforehand; the constants of the scores and of
  the steps; the slopes beside the kinks, below and above zero; whether they count (a smooth problem steps along the
  gradient);
* record, written, with one entry for each step to be made: the coordinates selected, the constants stepped by, the
  progress promised, the values of the whole objective.

A greedy loop ends early when every score is zero, but always makes one step.  Returned are the steps made and the level
at the end; from there a loop goes on as if it had not ended.  What is not written comes `still`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.kernels.block_coordinate_descent import (
    DECREASE,
    DRAWN,
    GRADIENT,
    MAGNITUDE,
    best,
    move,
    penalty,
    score,
    still,
)
from optlab.kernels.block_coordinate_descent_heap import heap_build, heap_update
from optlab.kernels.registry import jit, register

__all__ = ["quadratic_blocks", "quadratic_dense", "quadratic_sparse"]


def _quadratic_dense(H: Any, x: Any, g: Any, level: Any, how: Any, record: Any) -> Any:
    """Make steps with a dense Hessian; O(n) a step."""
    kind, order, score_by, step_by, lower, upper, composite = how
    selected, lipschitz, progress, values = record
    n, (value, beside) = len(x), level
    scores = np.empty(n)
    if kind != DRAWN:
        for j in range(n):
            scores[j] = score(kind, x[j], g[j], score_by[j], lower[j], upper[j])
    for k in range(len(selected)):
        i = order[k] if kind == DRAWN else best(scores)
        if kind != DRAWN and k > 0 and scores[i] == 0:
            return k, value, beside
        before = g[i]
        d, promise = move(composite, x[i], before, step_by[i], lower[i], upper[i])
        for j in range(n):
            g[j] += d * H[i, j]
        value += 0.5 * (before + g[i]) * d
        beside += penalty(x[i] + d, lower[i], upper[i]) - penalty(x[i], lower[i], upper[i])
        x[i] += d
        if kind == MAGNITUDE:  # this one and the next apart from the others: they are vectorised
            for j in range(n):
                scores[j] = abs(g[j])
        elif kind == GRADIENT:
            for j in range(n):
                scores[j] = g[j] * g[j] / score_by[j]
        elif kind != DRAWN:
            for j in range(n):
                scores[j] = score(kind, x[j], g[j], score_by[j], lower[j], upper[j])
        selected[k], lipschitz[k], progress[k], values[k] = i, step_by[i], promise, value + beside
    return len(selected), value, beside


def _quadratic_sparse(H: Any, x: Any, g: Any, level: Any, how: Any, record: Any) -> Any:
    """Do the same with a symmetric CSR Hessian; O(r) a step, O(r log n) a greedy one, for r entries in a row."""
    data, indices, indptr = H
    kind, order, score_by, step_by, lower, upper, composite = how
    selected, lipschitz, progress, values = record
    n, (value, beside) = len(x), level
    scores = np.zeros(n if kind != DRAWN else 1)
    if kind != DRAWN:
        for j in range(n):
            scores[j] = score(kind, x[j], g[j], score_by[j], lower[j], upper[j])
    heap, place = heap_build(scores)
    for k in range(len(selected)):
        i = order[k] if kind == DRAWN else heap[0]
        if kind != DRAWN and k > 0 and scores[i] == 0:
            return k, value, beside
        before = g[i]
        d, promise = move(composite, x[i], before, step_by[i], lower[i], upper[i])
        beside += penalty(x[i] + d, lower[i], upper[i]) - penalty(x[i], lower[i], upper[i])
        x[i] += d
        for p in range(indptr[i], indptr[i + 1]):
            t = np.int64(indices[p])  # one type of key for the heap, whatever that of the indices
            g[t] += d * data[p]
            if kind != DRAWN:
                heap_update(scores, heap, place, t, score(kind, x[t], g[t], score_by[t], lower[t], upper[t]))
        if composite and kind != DRAWN:  # the score depends on x, too, and the diagonal may be missing
            heap_update(scores, heap, place, i, score(kind, x[i], g[i], score_by[i], lower[i], upper[i]))
        value += 0.5 * (before + g[i]) * d
        selected[k], lipschitz[k], progress[k], values[k] = i, step_by[i], promise, value + beside
    return len(selected), value, beside


def _quadratic_blocks(H: Any, table: Any, solvers: Any, x: Any, g: Any, value: float, how: Any, record: Any) -> Any:
    """Move fixed blocks, the rows of `table` padded with n, of a smooth quadratic; O(n b) a step.

    The step is -solvers[block] times the gradient of the block, or -gradient / step_by[block] when there are no
    `solvers`.  `value` is the level.  The score of a block is the sum of g_i^2 / score_by[i], over block_by[block].
    """
    kind, order, score_by, block_by, step_by = how
    selected, lipschitz, progress, values = record
    n, (blocks, width) = len(x), table.shape
    scores, d, before = np.zeros(blocks), np.zeros(width), np.zeros(width)
    for k in range(len(selected)):
        if kind == DRAWN:
            b = order[k]
        else:
            for c in range(blocks):
                scores[c] = 0.0
                for p in range(width):
                    if table[c, p] < n:
                        scores[c] += g[table[c, p]] * g[table[c, p]] / score_by[table[c, p]]
                scores[c] /= block_by[c]
            b = best(scores)
            if k > 0 and scores[b] == 0:
                return k, value
        size = 0
        while size < width and table[b, size] < n:
            before[size] = g[table[b, size]]
            size += 1
        descent = 0.0
        for p in range(size):
            d[p] = -before[p] / step_by[b]
            if len(solvers):
                d[p] = 0.0
                for q in range(size):
                    d[p] -= solvers[b, p, q] * before[q]
            descent -= 0.5 * before[p] * d[p]
        for p in range(size):
            i = table[b, p]
            x[i] += d[p]
            for j in range(n):
                g[j] += d[p] * H[i, j]
        for p in range(size):
            value += 0.5 * (before[p] + g[table[b, p]]) * d[p]
        selected[k], lipschitz[k], progress[k], values[k] = b, step_by[b], descent, value
    return len(selected), value


quadratic_dense = jit(_quadratic_dense)
quadratic_sparse = jit(_quadratic_sparse)
quadratic_blocks = jit(_quadratic_blocks)


def _record(units: int) -> tuple[Any, ...]:
    return np.empty(units, dtype=np.int64), np.empty(units), np.empty(units), np.empty(units)


def _sample_point() -> tuple[Any, ...]:
    ones = np.ones(4)
    how = (DECREASE, *still(np.arange(3), ones, 3 * ones, -ones, ones), True)
    return np.zeros(4), np.arange(1.0, 5.0), (0.0, 0.0), how, _record(3)


def _sample_sparse() -> tuple[Any, ...]:
    from scipy.sparse import csr_array

    H = csr_array(np.eye(4) + 0.5)
    return still(H.data, H.indices, H.indptr), *_sample_point()


def _sample_blocks() -> tuple[Any, ...]:
    x, g, _, _, record = _sample_point()
    how = (GRADIENT, *still(np.arange(3), np.ones(4), np.ones(2), np.full(2, 3.0)))
    return *still(np.eye(4) + 0.5, [[0, 1], [2, 3]], np.empty((0, 2, 2))), x, g, 0.0, how, record


register("bcd_quadratic_dense", quadratic_dense, _quadratic_dense, lambda: (*still(np.eye(4) + 0.5), *_sample_point()))
register("bcd_quadratic_sparse", quadratic_sparse, _quadratic_sparse, _sample_sparse)
register("bcd_quadratic_blocks", quadratic_blocks, _quadratic_blocks, _sample_blocks)
