"""Blocks from the graph of a sparse Hessian: greedy forests, partitions into trees, colourings.

A graph comes as the CSR arrays `indptr`, `indices` of a symmetric matrix; entries on the diagonal do not count.  A
lattice of nr rows and nc columns has node r + nr c in row r and column c.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.kernels.registry import jit, register

__all__ = ["find", "greedy_colouring", "greedy_forest", "lattice_red_black", "lattice_trees", "tree_partition"]


def _find(above: Any, i: int) -> int:
    """Return the root of node i in a union-find structure, halving the path on the way."""
    while above[i] != i:
        above[i] = above[above[i]]
        i = above[i]
    return i


find = jit(_find)


def _unite(above: Any, size: Any, i: int, j: int) -> None:
    """Join the trees of the roots i and j, the smaller one below the larger one."""
    if size[i] < size[j]:
        i, j = j, i
    above[j] = i
    size[i] += size[j]


unite = jit(_unite)


def _greedy_forest(indptr: Any, indices: Any, order: Any) -> Any:
    """Walk through the nodes of `order`, taking each one that closes no cycle with those taken before.

    A node is taken iff its neighbours in the block lie in pairwise different trees.  Returns the block in
    ascending order, which is kind to the memory of what follows.
    """
    n = len(indptr) - 1
    above, size, seen = np.arange(n), np.ones(n, np.int64), np.full(n, -1, np.int64)
    taken = np.zeros(n, np.bool_)
    for i in order:
        free = True
        for e in range(indptr[i], indptr[i + 1]):
            if taken[indices[e]]:
                root = find(above, indices[e])
                if seen[root] == i:
                    free = False
                    break
                seen[root] = i
        if free:
            for e in range(indptr[i], indptr[i + 1]):
                if taken[indices[e]]:
                    unite(above, size, find(above, i), find(above, indices[e]))
            taken[i] = True
    return np.flatnonzero(taken)


def _tree_partition(indptr: Any, indices: Any, order: Any) -> Any:
    """Put each node, in the given order (all nodes, once each), in the first forest that it closes no cycle with.

    Returns the number of the forest of each node.
    """
    n = len(indptr) - 1
    above, size, seen = np.arange(n), np.ones(n, np.int64), np.full(n, -1, np.int64)
    label, closed = np.full(n, -1, np.int64), np.full(n + 1, -1, np.int64)
    for i in order:
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if label[j] >= 0:
                root = find(above, j)
                if seen[root] == i:
                    closed[label[j]] = i
                seen[root] = i
        t = 0
        while closed[t] == i:  # ends: two neighbours close one forest, so some t <= degree / 2 is open
            t += 1
        label[i] = t
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if j != i and label[j] == t:
                unite(above, size, find(above, i), find(above, j))
    return label


def _greedy_colouring(indptr: Any, indices: Any, order: Any) -> Any:
    """Colour each node, in the given order (all nodes, once each), unlike its neighbours.

    It gets the least used of the admissible colours, the first one of several, and a new one when there is none.
    """
    n = len(indptr) - 1
    label, barred, used, colours = np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.zeros(n, np.int64), 0
    for i in order:
        for e in range(indptr[i], indptr[i + 1]):
            if label[indices[e]] >= 0:
                barred[label[indices[e]]] = i
        best = -1
        for c in range(colours):
            if barred[c] != i and (best < 0 or used[c] < used[best]):
                best = c
        if best < 0:
            best = colours
            colours += 1
        label[i] = best
        used[best] += 1
    return label


greedy_forest = jit(_greedy_forest)
tree_partition = jit(_tree_partition)
greedy_colouring = jit(_greedy_colouring)


def lattice_red_black(nr: int, nc: int) -> Any:
    """Return the colour of each node of a lattice, as on a chessboard; (0, 0) has colour 0."""
    return np.add.outer(np.arange(nc), np.arange(nr)).reshape(-1) % 2


def lattice_trees(nr: int, nc: int) -> Any:
    """Return a partition of a lattice into two combs of about equal size.

    Comb 0 has row 0 as its back and the even columns as teeth, all but their last node; comb 1 has the last row and the
    odd columns.  A lattice of one row is a tree itself.
    """
    label = np.zeros((nc, nr), np.int64)
    if nr > 1:
        label[1::2, 1:] = 1
        label[:, -1] = 1
    return label.reshape(-1)


def _square() -> tuple[Any, ...]:
    """The cycle 0 - 1 - 2 - 3 - 0."""
    indices = np.array([1, 3, 0, 2, 1, 3, 0, 2], dtype=np.int32)
    return np.arange(0, 9, 2, dtype=np.int32), indices, np.arange(4)


register("find", find, _find, lambda: (np.array([0, 0, 1]), 2))
register("unite", unite, _unite, lambda: (np.arange(3), np.ones(3, np.int64), 0, 2))
register("greedy_forest", greedy_forest, _greedy_forest, _square)
register("tree_partition", tree_partition, _tree_partition, _square)
register("greedy_colouring", greedy_colouring, _greedy_colouring, _square)
