"""Exact solves on blocks whose graph is a forest: leaf elimination, linear in the size of the block.

A symmetric matrix comes as CSR arrays (`indptr`, `indices`, `data`) with each entry stored once; its stored entries off
the diagonal are the edges of the graph, so take stored zeros out beforehand if they are no edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.kernels.registry import jit, register

__all__ = [
    "ASYMMETRIC",
    "CYCLE",
    "INDEFINITE",
    "REPEATED",
    "SOLVED",
    "UNSOLVABLE",
    "forest_cycle",
    "forest_solve",
    "forest_workspace",
]

#: What `forest_solve` found.
SOLVED, INDEFINITE, UNSOLVABLE, CYCLE, REPEATED, ASYMMETRIC = range(6)

_EPS = float(np.finfo(np.float64).eps)
#: A singular system has a solution when what is left of the right side is below this part of its largest entry.
_OUTSIDE = 1e-6


def forest_workspace(n: int) -> tuple[Any, Any, Any]:
    """Return what `forest_solve` writes to, for matrices of n rows: made once, used for any number of solves.

    `position` is -1 for each node outside of a solve, so that a small block of a large matrix costs no more than the
    block.  The other two have one row for each node of a block: what a step needs lies side by side in memory.
    """
    return np.full(n, -1, np.int32), np.empty((n, 3), np.int32), np.empty((n, 4))


#: The columns of the workspace.
_DEGREE, _LINK, _ORDER = range(3)
_PIVOT, _VALUE, _NOISE, _EDGE = range(4)


def _forest_enter(
    indptr: Any, indices: Any, data: Any, block: Any, right: Any, position: Any, integers: Any, reals: Any
) -> None:
    """Fill in what elimination starts from; `position` holds the place in the block of each of its nodes.

    A node keeps no list of the neighbours that it has left, only their number and the exclusive or of their places
    (the link) and of the bits of their entries (the edge): that of one neighbour, when only one is left, is then its
    place and its entry.  So each row of the matrix is read once.
    """
    bits, edges = data.view(np.int64), reals.view(np.int64)
    for k in range(len(block)):
        i, degree, link, edge, pivot = block[k], 0, 0, 0, 0.0
        for e in range(indptr[i], indptr[i + 1]):
            place = position[indices[e]]
            if place == k:
                pivot = data[e]
            elif place >= 0:
                degree += 1
                link ^= place
                edge ^= bits[e]
        integers[k, _DEGREE], integers[k, _LINK], edges[k, _EDGE] = degree, link, edge
        reals[k, _PIVOT], reals[k, _VALUE], reals[k, _NOISE] = pivot, right[k], _EPS * (1 + degree) * abs(pivot)


def _forest_eliminate(integers: Any, reals: Any, right: Any) -> Any:
    """Eliminate the nodes entered, each once it has at most one neighbour left; return a status and a place.

    After a node the walk goes on at its neighbour: no queue, and what was just written is read next.  A node that is
    done has degree -1 and its parent (-1: none) as its link; its noise made room for the factor of the elimination.
    The noise is a running bound of the rounding errors in the pivot, the diagonal counted as a rounded sum.
    """
    edges, m, count, largest = reals.view(np.int64), len(right), 0, -1.0
    for start in range(m):
        k = start
        while 0 <= integers[k, _DEGREE] <= 1:
            pivot, noise, parent = reals[k, _PIVOT], reals[k, _NOISE], integers[k, _LINK]
            integers[count, _ORDER] = k
            count += 1
            if integers[k, _DEGREE] == 0:
                if parent != 0 or edges[k, _EDGE] != 0:
                    return ASYMMETRIC, k
                if not pivot >= -noise:
                    return INDEFINITE, k
                if pivot <= noise:  # a singular tree: its root stays zero, if the other equations allow it
                    if largest < 0:
                        largest = np.abs(right).max()
                    if abs(reals[k, _VALUE]) > _OUTSIDE * largest:
                        return UNSOLVABLE, k
                    reals[k, _PIVOT] = np.inf
                integers[k, _DEGREE], integers[k, _LINK] = -1, -1
                break
            if not 0 <= parent < m or integers[parent, _DEGREE] < 1:
                return ASYMMETRIC, k
            if not pivot > noise:
                return INDEFINITE, k
            factor = reals[k, _EDGE] / pivot
            drop = factor * reals[k, _EDGE]
            reals[parent, _PIVOT] -= drop
            reals[parent, _VALUE] -= factor * reals[k, _VALUE]
            reals[parent, _NOISE] += factor * factor * noise + _EPS * (2 * drop + abs(reals[parent, _PIVOT]))
            reals[k, _NOISE] = factor
            integers[k, _DEGREE] = -1
            integers[parent, _DEGREE] -= 1
            integers[parent, _LINK] ^= k
            edges[parent, _EDGE] ^= edges[k, _EDGE]
            k = parent
    return SOLVED if count == m else CYCLE, 0


forest_enter = jit(_forest_enter)
forest_eliminate = jit(_forest_eliminate)


def _forest_solve(
    indptr: Any,
    indices: Any,
    data: Any,
    block: Any,
    right: Any,
    solution: Any,
    position: Any,
    integers: Any,
    reals: Any,
) -> Any:
    """Solve A[block, block] y = right into `solution` when the graph of the block is a forest; O(len(block)).

    `position`, `integers` and `reals` are the workspace (`forest_workspace`).  All in double precision.  Of a tree that
    is singular and positive semi-definite (to the rounding errors in its last pivot) the solution is one of many.

    Returns a status and a node (with CYCLE one of the block, any).  INDEFINITE: the block is not positive
    semi-definite, as the pivot of the node tells.  UNSOLVABLE: the tree of the node is singular, and there is no
    solution.  CYCLE: there is a cycle (`forest_cycle` finds it).  REPEATED: the node is in the block twice.
    ASYMMETRIC: an entry is not that of the transpose to the last bit.
    """
    m = len(block)
    for k in range(m):
        if position[block[k]] >= 0:
            for l in range(k):
                position[block[l]] = -1
            return REPEATED, block[k]
        position[block[k]] = k
    forest_enter(indptr, indices, data, block, right, position, integers, reals)
    for k in range(m):
        position[block[k]] = -1
    if m == 0:
        return SOLVED, -1
    status, place = forest_eliminate(integers, reals, right)
    if status != SOLVED:
        return status, block[place]
    for c in range(m - 1, -1, -1):
        k = integers[c, _ORDER]
        parent = integers[k, _LINK]
        solution[k] = reals[k, _VALUE] / reals[k, _PIVOT]
        if parent >= 0:
            solution[k] -= reals[k, _NOISE] * solution[parent]
    return SOLVED, -1


def _forest_cycle(indptr: Any, indices: Any, block: Any) -> Any:
    """Return the nodes of one cycle in the graph of the block, in the order of a walk along it; none in a forest.

    Breadth first; the first edge that closes a cycle is followed back to the common ancestor on both sides.
    """
    n, m = len(indptr) - 1, len(block)
    inside, parent, depth = np.zeros(n, np.bool_), np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    queue = np.empty(m, np.int64)
    for k in range(m):
        inside[block[k]] = True
    for root in block:
        if depth[root] >= 0:
            continue
        queue[0], depth[root], head, tail = root, 0, 0, 1
        while head < tail:
            i = queue[head]
            head += 1
            for e in range(indptr[i], indptr[i + 1]):
                j = indices[e]
                if not inside[j] or j == i or j == parent[i]:
                    continue
                if depth[j] < 0:
                    queue[tail], parent[j], depth[j] = j, i, depth[i] + 1
                    tail += 1
                    continue
                left, right = np.empty(depth[i] + 1, np.int64), np.empty(depth[j] + 1, np.int64)
                a, b, p, q = i, np.int64(j), 0, 0
                while a != b:
                    if depth[a] >= depth[b]:
                        left[p], a, p = a, parent[a], p + 1
                    else:
                        right[q], b, q = b, parent[b], q + 1
                left[p] = a
                return np.concatenate((left[: p + 1], right[:q][::-1]))
    return np.empty(0, np.int64)


forest_solve = jit(_forest_solve)
forest_cycle = jit(_forest_cycle)


def _path(n: int) -> Any:
    from scipy.sparse import csr_array

    return csr_array(2.0 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))


def _sample_solve() -> tuple[Any, ...]:
    a = _path(4)
    return a.indptr, a.indices, a.data, np.arange(4), np.ones(4), np.empty(4), *forest_workspace(4)


def _sample_enter() -> tuple[Any, ...]:
    a, (_, integers, reals) = _path(4), forest_workspace(4)
    place = np.arange(4, dtype=np.int32)
    return a.indptr, a.indices, a.data, np.arange(4), np.ones(4), place, integers, reals


def _sample_eliminate() -> tuple[Any, ...]:
    entered = _sample_enter()
    _forest_enter(*entered)
    return *entered[-2:], entered[4]


def _sample_cycle() -> tuple[Any, ...]:
    a = _path(4)
    return a.indptr, a.indices, np.arange(4)


register("forest_solve", forest_solve, _forest_solve, _sample_solve)
register("forest_enter", forest_enter, _forest_enter, _sample_enter)
register("forest_eliminate", forest_eliminate, _forest_eliminate, _sample_eliminate)
register("forest_cycle", forest_cycle, _forest_cycle, _sample_cycle)
