"""The indexed heap: its top is the argmax, whatever happened before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.kernels import block_coordinate_descent_heap as kernels
from optlab.kernels.registry import KERNELS

#: Few different values, so that ties are common.
SCORES = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0, np.inf, -np.inf]), min_size=1, max_size=40)


def check(scores, heap, place):
    n = len(scores)
    assert heap[place].tolist() == list(range(n))
    assert heap[0] == np.argmax(scores)  # the lowest index among the largest
    for p in range(1, n):
        above, below = heap[(p - 1) // 2], heap[p]
        assert (scores[above], -above) > (scores[below], -below)


@given(SCORES, st.lists(st.tuples(st.integers(0, 39), st.sampled_from([-2.0, 0.0, 0.5, 3.0, np.inf])), max_size=40))
@settings(deadline=None)
def test_the_top_is_the_lowest_argmax_after_any_updates(scores, updates):
    scores = np.array(scores)
    heap, place = kernels.heap_build(scores)
    for mine, its in zip((heap, place), KERNELS["heap_build"].twin(scores), strict=True):
        np.testing.assert_array_equal(mine, its)
    check(scores, heap, place)
    twins = scores.copy(), heap.copy(), place.copy()
    expected = scores.copy()
    for i, score in updates:
        i %= len(scores)
        expected[i] = score
        kernels.heap_update(scores, heap, place, i, score)
        KERNELS["heap_update"].twin(*twins, i, score)
        for mine, its in zip((scores, heap, place), twins, strict=True):
            np.testing.assert_array_equal(mine, its)
        np.testing.assert_array_equal(scores, expected)
        check(scores, heap, place)


@given(SCORES, st.integers(0, 39), st.integers(0, 39))
@settings(deadline=None)
def test_better_and_sink_equal_their_twins(scores, i, j):
    scores = np.array(scores)
    i, j = i % len(scores), j % len(scores)
    better, sink = KERNELS["heap_better"], KERNELS["heap_sink"]
    assert better.compiled(scores, i, j) == better.twin(scores, i, j) == ((scores[i], -i) > (scores[j], -j))
    heap, place = kernels.heap_build(scores)
    scores[heap[0]] = -3.0
    twins = heap.copy(), place.copy()
    sink.compiled(scores, heap, place, 0)
    sink.twin(scores, *twins, 0)
    np.testing.assert_array_equal(heap, twins[0])
    np.testing.assert_array_equal(place, twins[1])
    check(scores, heap, place)


def test_float32_scores():
    scores = np.array([1, 5, 5, 2], dtype=np.float32)
    heap, place = kernels.heap_build(scores)
    kernels.heap_update(scores, heap, place, 1, 0.0)
    assert heap[0] == 2
    check(scores, heap, place)


@pytest.mark.parametrize("n", [1, 1000])
def test_sorting_by_taking_the_best_away(n):
    scores = np.random.default_rng(n).integers(0, 50, n).astype(float)
    wanted = np.lexsort((np.arange(n), -scores)).tolist()
    heap, place = kernels.heap_build(scores)
    taken = []
    for _ in range(n):
        taken.append(int(heap[0]))
        kernels.heap_update(scores, heap, place, heap[0], -1.0 - len(taken))
    assert taken == wanted
