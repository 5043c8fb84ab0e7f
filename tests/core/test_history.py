"""History and schedules."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optlab as ol
from optlab.core.schedule import Schedule, as_schedule

from .specimens import Bowl, Descent, Noisy


@given(n=st.integers(1, 50), k=st.integers(0, 10**6))
def test_every_n_is_the_next_multiple(n, k):
    due = ol.Every(n).next(k)
    assert due > k and due % n == 0 and due - k <= n


@given(per_decade=st.integers(1, 60), k=st.integers(0, 10**9))
def test_log_spaced_moves_on_and_does_not_jump(per_decade, k):
    due = ol.LogSpaced(per_decade).next(k)
    assert due > k and isinstance(due, int)
    assert due <= max(k + 1, math.ceil(k * 10 ** (1 / per_decade)) + 1)


def test_log_spaced_grid():
    schedule, ks, k = ol.LogSpaced(20), [0], 0
    while k < 10**6:
        k = schedule.next(k)
        ks.append(k)
    assert {1, 10, 100, 1000, 10**4, 10**5, 10**6} <= set(ks)
    for decade in (100, 1000, 10**4, 10**5):
        assert sum(decade < k <= 10 * decade for k in ks) == 20
    assert ol.LogSpaced(1).next(0) == 1 and ol.LogSpaced(1).next(1) == 10 and ol.LogSpaced(1).next(10) == 100


def test_at_and_custom():
    at = ol.At((9, 3, 3, 0))
    assert at.ks == (0, 3, 9) and [at.next(k) for k in (-1, 0, 2, 3, 9)] == [0, 3, 3, 9, math.inf]
    odd = as_schedule(lambda k: k % 5 == 1)
    assert [odd.next(k) for k in (0, 1, 5, 6)] == [1, 6, 6, 11]
    never = as_schedule(lambda k: False)
    assert never.next(7) > 7  # it is looked up again later, not searched for ever
    with pytest.raises(TypeError, match="Schedule has no next"):
        Schedule().next(0)


def test_as_schedule():
    assert as_schedule(None) == as_schedule(1) == ol.Every(1)
    assert as_schedule(np.int64(4)) == ol.Every(4)
    assert as_schedule("log") == ol.LogSpaced() == ol.LogSpaced(20)
    assert as_schedule(range(0, 6, 2)) == ol.At((0, 2, 4)) == as_schedule(np.array([4, 2, 0]))
    every = ol.Every(3)
    assert as_schedule(every) is every
    for bad in (True, 1.5, object()):
        with pytest.raises(TypeError, match="record must be"):
            as_schedule(bad)
    with pytest.raises(ValueError, match="n must be at least 1"):
        ol.Every(0)
    with pytest.raises(ValueError, match="per_decade must be at least 1"):
        ol.LogSpaced(0)
    with pytest.raises(TypeError, match="ks must be an integer"):
        ol.At((1.5,))


def filled():
    history = ol.History()
    history.append(0, 0.0, {"gap": 4.0}, {"gradient": 0}, {})
    history.append(2, 0.5, {"gap": 2.0}, {"gradient": 2}, {"step": 0.1})
    history.append(5, 0.7, {"gap": 1.0}, {"gradient": 5}, {"other": 7})
    return history


def test_columns_that_come_and_go_are_filled_with_nan():
    history = filled()
    assert history.columns == ("k", "time", "gap", "calls.gradient", "step", "other") == tuple(history)
    assert len(history) == 3 and "step" in history and "nothing" not in history
    np.testing.assert_array_equal(history["step"], [np.nan, 0.1, np.nan])
    np.testing.assert_array_equal(history["other"], [np.nan, np.nan, 7.0])
    assert history["k"].dtype.kind == "i" and history["calls.gradient"].tolist() == [0, 2, 5]
    assert history.metrics == ("gap",) and history.last == {
        "k": 5, "time": 0.7, "gap": 1.0, "calls.gradient": 5, "step": pytest.approx(np.nan, nan_ok=True), "other": 7,
    }  # fmt: skip
    assert history.last_k == 5 and ol.History().last_k == -1
    assert "3 rows: k, time, gap" in repr(history)
    with pytest.raises(KeyError, match=r"no history column 'gaps' \(columns: k, time, gap"):
        history["gaps"]


def test_copies_are_independent_and_pop_drops_the_last_row():
    history = filled()
    twin = history.copy()
    twin.append(6, 0.9, {"gap": 0.5}, {"gradient": 6}, {})
    twin.extend_trace({"loss": np.array([1.0])})
    assert len(history) == 3 and history.trace == {} and twin["calls.gradient"].tolist() == [0, 2, 5, 6]
    twin.pop()
    assert twin.to_dict().keys() == history.to_dict().keys()
    for name in history:
        np.testing.assert_array_equal(twin[name], history[name])


def test_trace_joins_scalars_and_arrays():
    history = ol.History()
    history.extend_trace({"loss": np.array([3.0, 2.0]), "one": 1.0})
    history.extend_trace({"loss": np.array([1.0]), "one": 2.0})
    assert history.trace["loss"].tolist() == [3.0, 2.0, 1.0] and history.trace["one"].tolist() == [1.0, 2.0]


def test_stored_iterates_are_off_unless_asked_for():
    for off in (False, 0):
        assert Descent().run(Bowl(), max_iter=5, store_x=off).history.x == []
    assert Descent().run(Bowl(), max_iter=5).history.x_k.tolist() == []
    assert len(Descent().run(Bowl(), max_iter=5, store_x=math.inf).history.x) == 6
    result = Descent().run(Bowl(), max_iter=20, record=5, store_x=True)
    assert result.history.x_k.tolist() == [0, 5, 10, 15, 20]


@pytest.mark.parametrize("rows", [5, 30, 100, 1000])
@pytest.mark.parametrize("room", [3, 10, 33])
def test_the_memory_cap_thins_the_whole_run(rows, room):
    history, size = ol.History(store_x=room * 24.0), 24
    for k in range(rows):
        history.append(k, 0.0, {}, {}, {})
        history.store(k, np.full(3, float(k)))
        assert len(history.x) * size <= max(room, 2) * size + size
    assert history.x_k[0] == 0
    assert [x[0] for x in history.x] == history.x_k.tolist()
    gaps = np.diff(history.x_k)
    if rows <= room:
        assert len(history.x) == rows
    else:
        assert len(history.x) >= room // 2 and gaps.max() <= 2 * gaps.min()
        assert rows - 1 - history.x_k[-1] < 2 * gaps.max()


def test_iterates_of_other_kinds_count_too():
    history = ol.History(store_x=100.0)
    for k in range(40):
        history.store(k, (1.0, 2.0))
    assert 2 <= len(history.x) <= 8


def test_batched_columns_keep_their_axis_also_beside_nan():
    history = Noisy().run(Bowl(), max_iter=4, reps=3, rng=0).history
    assert history["gap"].shape == (5, 3) and history["k"].shape == (5,)
    mixed = ol.History()
    mixed.append(0, 0.0, {"gap": np.array([1.0, 2.0])}, {}, {})
    mixed.append(1, 0.1, {}, {}, {"step": np.array([3.0, 4.0])})
    np.testing.assert_array_equal(mixed["gap"], [[1.0, 2.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(mixed["step"], [[np.nan, np.nan], [3.0, 4.0]])


def test_export_to_dict_structured_pandas_npz_json(tmp_path):
    history = Descent(0.5).run(Bowl([4.0]), max_iter=3).history
    table = history.to_dict()
    assert list(table) == list(history.columns) and table["value"].tolist() == [8.0, 2.0, 0.5, 0.125]
    structured = history.to_structured()
    assert structured.dtype.names == history.columns and structured["k"].dtype.kind == "i"
    assert structured[2]["value"] == 0.5 and structured.shape == (4,)
    frame = history.to_pandas()
    assert (
        frame.index.name == "k" and frame.loc[3, "value"] == 0.125 and list(frame.columns) == list(history.columns[1:])
    )
    history.to_npz(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as saved:
        assert set(saved) == set(history.columns)
        np.testing.assert_array_equal(saved["moved"], history["moved"])
    text = history.to_json(tmp_path / "run.json")
    assert (tmp_path / "run.json").read_text(encoding="utf-8") == text == history.to_json()
    read = json.loads(text)
    assert read["moved"] == [None, 2.0, 1.0, 0.5] and read["k"] == [0, 1, 2, 3]


def test_export_of_batched_runs():
    history = Noisy().run(Bowl(), max_iter=2, reps=2, rng=0).history
    assert history.to_structured()["gap"].shape == (3, 2)
    assert history.to_pandas().loc[1, "gap"].shape == (2,)
    assert np.shape(json.loads(history.to_json())["gap"]) == (3, 2)
    history = ol.History()
    history.append(0, 0.0, {"gap": np.array([1.0, np.inf])}, {}, {})
    assert json.loads(history.to_json())["gap"] == [[1.0, None]]


def test_a_cap_that_is_just_reached_thins_nothing():
    history = ol.History(store_x=10 * 24.0)
    for k in range(10):
        history.store(k, np.full(3, float(k)))
    assert history.x_k.tolist() == list(range(10))
    history.store(10, np.zeros(3))
    assert history.x_k.tolist() == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("schedule", [ol.Every(3), ol.LogSpaced(5), ol.At((1, 2)), as_schedule(len)], ids=repr)
def test_schedules_are_immutable_values(schedule):
    assert hash(schedule) == hash(schedule)
    with pytest.raises(AttributeError):
        schedule.n = schedule.per_decade = schedule.ks = schedule.due = 4


def test_the_first_row_says_which_columns_are_metrics():
    history = ol.History()
    history.append(0, 0.0, {"gap": 1.0}, {"value": 0}, {"step": 2.0})
    assert history.metrics == ("gap",)
    history.append(1, 0.0, {"gap": 1.0, "late": 3.0}, {"value": 0}, {"step": 2.0})
    assert history.metrics == ("gap",) and history["late"].tolist()[1] == 3.0
