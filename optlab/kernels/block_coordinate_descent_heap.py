"""An indexed binary max-heap: the best of many scores, a few of which change at a time.

Three arrays of one length: `scores[i]` of key i, `heap` with the keys (the best one first), and `place` with the
position of each key in `heap`.  Of equal scores the lowest key is the best, as with `numpy.argmax`.  Scores must not be
NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.kernels.registry import jit, register

__all__ = ["heap_build", "heap_update"]


def _better(scores: Any, i: int, j: int) -> bool:
    """Whether key i comes before key j."""
    return bool(scores[i] > scores[j] or (scores[i] == scores[j] and i < j))


better = jit(_better)


def _sink(scores: Any, heap: Any, place: Any, p: int) -> None:
    """Move the key at position p down to where it belongs."""
    i, n = heap[p], len(heap)
    while 2 * p + 1 < n:
        child = 2 * p + 1
        if child + 1 < n and better(scores, heap[child + 1], heap[child]):
            child += 1
        if better(scores, i, heap[child]):
            break
        heap[p] = heap[child]
        place[heap[p]] = p
        p = child
    heap[p] = i
    place[i] = p


sink = jit(_sink)


def _heap_build(scores: Any) -> Any:
    """Return `heap` and `place` for the scores; O(n).  `heap[0]` is the best key."""
    heap = np.arange(len(scores))
    place = np.arange(len(scores))
    for p in range(len(scores) // 2 - 1, -1, -1):
        sink(scores, heap, place, p)
    return heap, place


def _heap_update(scores: Any, heap: Any, place: Any, i: int, score: float) -> None:
    """Give key i another score and restore the order; O(log n)."""
    scores[i] = score
    p = place[i]
    while p > 0 and better(scores, i, heap[(p - 1) // 2]):
        heap[p] = heap[(p - 1) // 2]
        place[heap[p]] = p
        p = (p - 1) // 2
    heap[p] = i
    place[i] = p
    sink(scores, heap, place, p)


heap_build = jit(_heap_build)
heap_update = jit(_heap_update)


def _sample_heap() -> tuple[Any, ...]:
    return np.array([1.0, 3.0, 2.0]), np.array([1, 0, 2]), np.array([1, 0, 2])


register("heap_better", better, _better, lambda: (np.array([1.0, 1.0]), 0, 1))
register("heap_sink", sink, _sink, lambda: (*_sample_heap(), 0))
register("heap_build", heap_build, _heap_build, lambda: (np.array([1.0, 3.0, 2.0]),))
register("heap_update", heap_update, _heap_update, lambda: (*_sample_heap(), 0, 4.0))
