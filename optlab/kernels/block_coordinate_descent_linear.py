"""Coordinate descent on linear models, with z = A x (less the targets) kept up to date: by columns, by a heap.

.. math:: f(x) = w sum_j loss(z_j) + l2 |x|^2 / 2

Shared arguments are those of `block_coordinate_descent_quadratic`; beside them `columns`, the transpose of A, dense or
the three arrays of a CSR matrix, `rows`, those of A, `z`, which is written, and the `model`: which loss, its weight,
and l2.  Returned are the steps made and the level at the end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.kernels.block_coordinate_descent import DECREASE, DRAWN, dot, move, penalty, score, still
from optlab.kernels.block_coordinate_descent_heap import heap_build, heap_update
from optlab.kernels.registry import jit, register

__all__ = ["LOGISTIC", "SQUARED", "linear_dense", "linear_sparse", "losses"]

#: The losses: z^2 / 2 and log(1 + exp(-z)).
SQUARED, LOGISTIC = range(2)


def _losses(loss: int, weight: float, z: float) -> Any:
    """Return slope and value of the weighted loss."""
    if loss == SQUARED:
        return weight * z, 0.5 * weight * z * z
    e = math.exp(-abs(z))
    if z >= 0:
        return -weight * e / (1 + e), weight * math.log1p(e)
    return -weight / (1 + e), weight * (math.log1p(e) - z)


losses = jit(_losses)


def _linear_dense(columns: Any, z: Any, model: Any, x: Any, level: Any, how: Any, record: Any) -> Any:
    """Move the coordinates drawn; O(m) a step for m rows."""
    loss, weight, l2 = model
    _, order, _, step_by, lower, upper, composite = how
    selected, lipschitz, progress, values = record
    (value, beside), slopes, parts = level, np.empty(len(z)), np.empty(len(z))
    for j in range(len(z)):
        slopes[j], parts[j] = losses(loss, weight, z[j])
    for k in range(len(selected)):
        i = order[k]
        g = dot(columns[i], slopes) + l2 * x[i]
        d, promise = move(composite, x[i], g, step_by[i], lower[i], upper[i])
        change = 0.0
        for j in range(len(z)):
            z[j] += d * columns[i, j]
            before = parts[j]
            slopes[j], parts[j] = losses(loss, weight, z[j])
            change += parts[j] - before
        value += change + l2 * (x[i] + 0.5 * d) * d
        beside += penalty(x[i] + d, lower[i], upper[i]) - penalty(x[i], lower[i], upper[i])
        x[i] += d
        selected[k], lipschitz[k], progress[k], values[k] = i, step_by[i], promise, value + beside
    return len(selected), value, beside


def _linear_sparse(
    columns: Any, rows: Any, z: Any, model: Any, x: Any, g: Any, level: Any, how: Any, record: Any
) -> Any:
    """Do the same with CSR columns; O(c) a step, O(c r log n) a greedy one, with c and r entries in a column and a row.

    A greedy loop goes from the samples that a step touches to the coordinates they touch, keeps their gradient `g`
    (written; not used otherwise) and their place in a heap.
    """
    data, indices, indptr = columns
    row_data, row_indices, row_indptr = rows
    loss, weight, l2 = model
    kind, order, score_by, step_by, lower, upper, composite = how
    selected, lipschitz, progress, values = record
    n, greedy, count, (value, beside) = len(x), kind != DRAWN, 0, level
    slopes, parts = np.empty(len(z)), np.empty(len(z))
    for j in range(len(z)):
        slopes[j], parts[j] = losses(loss, weight, z[j])
    scores, touched, stamp = np.zeros(n if greedy else 1), np.empty(n, dtype=np.int64), np.full(n, -1)
    if greedy:
        for j in range(n):
            scores[j] = score(kind, x[j], g[j], score_by[j], lower[j], upper[j])
    heap, place = heap_build(scores)
    for k in range(len(selected)):
        i = heap[0] if greedy else order[k]
        if greedy and k > 0 and scores[i] == 0:
            return k, value, beside
        if greedy:
            slope = g[i]
        else:
            slope = l2 * x[i]
            for p in range(indptr[i], indptr[i + 1]):
                slope += data[p] * slopes[indices[p]]
        d, promise = move(composite, x[i], slope, step_by[i], lower[i], upper[i])
        value += l2 * (x[i] + 0.5 * d) * d
        beside += penalty(x[i] + d, lower[i], upper[i]) - penalty(x[i], lower[i], upper[i])
        x[i] += d
        if greedy:
            count, stamp[i], touched[0] = 1, k, i
            g[i] += l2 * d
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            z[j] += d * data[p]
            old, before = slopes[j], parts[j]
            slopes[j], parts[j] = losses(loss, weight, z[j])
            value += parts[j] - before
            if greedy:
                for q in range(row_indptr[j], row_indptr[j + 1]):
                    t = row_indices[q]
                    g[t] += (slopes[j] - old) * row_data[q]
                    if stamp[t] != k:
                        stamp[t], touched[count] = k, t
                        count += 1
        if greedy:
            for q in range(count):
                t = touched[q]
                heap_update(scores, heap, place, t, score(kind, x[t], g[t], score_by[t], lower[t], upper[t]))
        selected[k], lipschitz[k], progress[k], values[k] = i, step_by[i], promise, value + beside
    return len(selected), value, beside


linear_dense = jit(_linear_dense)
linear_sparse = jit(_linear_sparse)


def _sample_point() -> tuple[Any, ...]:
    ones = np.ones(3)
    how = (DECREASE, *still(np.array([2, 0]), ones, 5 * ones, -ones, ones), True)
    return (0.0, 0.0), how, (np.empty(2, dtype=np.int64), np.empty(2), np.empty(2), np.empty(2))


def _sample_dense() -> tuple[Any, ...]:
    return *still(np.eye(3, 2)), np.arange(2.0), (LOGISTIC, 0.5, 0.1), np.zeros(3), *_sample_point()


def _sample_sparse() -> tuple[Any, ...]:
    from scipy.sparse import csr_array

    columns, rows = csr_array(np.eye(3, 2)), csr_array(np.eye(2, 3))
    arrays = [still(matrix.data, matrix.indices, matrix.indptr) for matrix in (columns, rows)]
    return *arrays, np.arange(2.0), (LOGISTIC, 0.5, 0.1), np.zeros(3), np.arange(3.0), *_sample_point()


register("bcd_losses", losses, _losses, lambda: (LOGISTIC, 0.5, -1.0))
register("bcd_linear_dense", linear_dense, _linear_dense, _sample_dense)
register("bcd_linear_sparse", linear_sparse, _linear_sparse, _sample_sparse)
