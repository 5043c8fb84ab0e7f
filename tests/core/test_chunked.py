"""Chunked solvers: units count as single steps do, chunks lie on multiples, traces are exact."""

import numpy as np
import pytest

import optlab as ol

from .specimens import Bowl, Chunked, Descent


@pytest.mark.parametrize("chunk", [1, 2, 7, 8, 64])
@pytest.mark.parametrize("max_iter", [0, 1, 7, 8, 9, 30])
def test_a_chunk_is_so_many_steps(chunk, max_iter):
    problem = Bowl()
    result = Chunked(chunk=chunk).run(problem, max_iter=max_iter)
    single = Descent(0.1).run(problem, max_iter=max_iter)
    np.testing.assert_allclose(result.x, single.x, rtol=1e-13)
    assert result.k == max_iter and result.calls["gradient"] == max_iter
    if max_iter:
        np.testing.assert_allclose(result.history.trace["value"], single.history["value"][1:], rtol=1e-12)
        assert result.history.trace["value"].shape == (max_iter,)
    else:
        assert result.history.trace == {}


def test_chunks_end_on_multiples_and_at_the_limit():
    rows = Chunked(chunk=8).run(Bowl(), max_iter=30).history["k"]
    assert rows.tolist() == [0, 8, 16, 24, 30]
    result = Chunked(chunk=8).run(Bowl(), max_iter=13).resume(max_iter=30)
    assert result.history["k"].tolist() == [0, 8, 16, 24, 30]
    assert Chunked(chunk=8).run(Bowl(), max_iter=20, record=10).history["k"].tolist() == [0, 16, 20]


def test_units():
    state = ol.State(None, k=13)
    assert state.units(8) == 3 and not state.cut
    state.k_max = 15
    assert state.units(8) == 2 and state.cut
    state.k_max = 16
    assert state.units(8) == 3 and not state.cut
    state.k = 16
    state.k_max = None
    assert state.units(8) == 8


def test_time_limits_are_met_between_chunks():
    result = Chunked(chunk=4).run(Bowl(), stop=ol.stop.MaxTime(0.0005), record=[])
    assert result.status.name == "MAX_TIME" and result.k % 4 == 0 and result.k > 0


def test_a_snapshot_keeps_its_own_info_and_trace():
    state = ol.State(np.zeros(2), info={"a": 1}, trace={"b": [1]})
    twin = state.snapshot()
    state.info["a"], state.trace["b"], state.k = 2, [2], 9
    assert (twin.info, twin.trace, twin.k) == ({"a": 1}, {"b": [1]}, 0) and twin.x is state.x
