"""A run cut into pieces is the straight run, bit for bit: in memory, through a file, and after a kill."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.core.result import Status

from .specimens import Bowl, Chunked, Descent, Finishing, Noisy, RandomStart, same_rows

SOLVERS = [Descent(), Noisy(), Chunked(), Chunked(chunk=5)]


@pytest.mark.parametrize("record", [None, 3, "log", [4, 9], []], ids=str)
@pytest.mark.parametrize("solver", SOLVERS, ids=repr)
def test_resume_is_the_straight_run(solver, record):
    options = {"rng": 7, "record": record, "store_x": True}
    straight = solver.run(RandomStart(), max_iter=25, **options)
    for splits in ([0, 25], [1, 25], [12, 25], [24, 25], [25, 25], [8, 16, 25], [3, 4, 5, 6, 25]):
        result = solver.run(RandomStart(), max_iter=splits[0], **options)
        for k in splits[1:]:
            before = pickle.dumps((result.x, result.history["k"], result.history["value"], result.k, result.calls))
            longer = result.resume(max_iter=k)
            after = pickle.dumps((result.x, result.history["k"], result.history["value"], result.k, result.calls))
            assert before == after  # resuming leaves the old result as it was
            assert longer.time >= result.time
            result = longer
        np.testing.assert_array_equal(result.x, straight.x)
        assert (result.k, result.status, result.message, result.calls) == (
            25,
            straight.status,
            straight.message,
            straight.calls,
        )
        same_rows(result.history, straight.history)


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 40), max_size=4), which=st.integers(0, 3), record=st.sampled_from([1, 2, 7, "log"]))
def test_resume_anywhere(cuts, which, record):
    solver = SOLVERS[which]
    straight = solver.run(Bowl(), max_iter=40, rng=1, record=record)
    cuts = sorted(cuts)
    result = solver.run(Bowl(), max_iter=cuts[0] if cuts else 40, rng=1, record=record)
    for k in [*cuts[1:], 40]:
        result = pickle.loads(pickle.dumps(result)).resume(max_iter=k)
    np.testing.assert_array_equal(result.x, straight.x)
    same_rows(result.history, straight.history)


def test_resumed_twice_from_one_result():
    half = Noisy().run(Bowl(), max_iter=10, rng=0)
    one, other = half.resume(max_iter=20), half.resume(max_iter=20)
    np.testing.assert_array_equal(one.x, other.x)
    assert one.history["k"].tolist() == list(range(21)) and len(half.history) == 11


def test_repetitions_resume_too():
    straight = Noisy().run(Bowl(), max_iter=20, rng=3, reps=3)
    resumed = Noisy().run(Bowl(), max_iter=7, rng=3, reps=3).resume(max_iter=20)
    np.testing.assert_array_equal(resumed.x, straight.x)
    same_rows(resumed.history, straight.history)


def test_what_resume_takes_over_and_what_it_changes():
    first = Descent(0.1).run(Bowl(), max_iter=5, stop=ol.stop.Below("gap", 1e-3), metrics={"first": lambda x: x[0]})
    assert first.status is Status.MAX_ITER
    assert first.resume().status is Status.CONVERGED  # the rule stays, the limit does not
    assert first.resume(max_iter=6).status is Status.MAX_ITER
    other = first.resume(stop=ol.stop.Below("gap", 1e-6))
    assert other.history["gap"][-1] <= 1e-6 < other.history["gap"][-2] and other.resume().k == other.k
    seen = []
    first.resume(max_iter=8, callback=lambda view: seen.append(view.k))
    assert seen == [6, 7, 8]
    assert "first" in other.history and other.history["first"][-1] == other.x[0]
    plain = Descent().run(Bowl(), max_iter=5)
    assert plain.resume().k == 1005
    assert first.seed is other.seed


def test_a_finished_method_stays_finished():
    done = Finishing(3).run(Bowl(), max_iter=10, record=2)
    again = done.resume(max_iter=20)
    assert (again.k, again.status) == (3, Status.EXACT)
    same_rows(again.history, done.history)


def test_resume_refuses_what_makes_no_sense():
    result = Descent().run(Bowl(), max_iter=5)
    with pytest.raises(ValueError, match="max_iter is the total number of steps: got 4, but 5 were already made"):
        result.resume(max_iter=4)
    with pytest.raises(TypeError, match="max_iter must be an integer"):
        result.resume(max_iter=7.5)


@pytest.mark.parametrize("solver", SOLVERS, ids=repr)
def test_save_and_load(solver, tmp_path):
    path = tmp_path / "run.result"
    straight = solver.run(Bowl(), max_iter=20, rng=2)
    solver.run(Bowl(), max_iter=9, rng=2).save(path)
    loaded = ol.load(path)
    assert os.listdir(tmp_path) == ["run.result"]
    assert loaded.solver == solver and loaded.k == 9
    result = loaded.resume(max_iter=20)
    np.testing.assert_array_equal(result.x, straight.x)
    same_rows(result.history, straight.history)


def test_saving_never_leaves_half_a_file(tmp_path):
    path = tmp_path / "run.result"
    result = Descent().run(Bowl(), max_iter=2)
    result.save(path)
    broken = Descent().run(Bowl(), max_iter=2, metrics={"local": lambda x: 0.0})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        broken.save(path)
    assert os.listdir(tmp_path) == ["run.result"] and ol.load(path).k == 2
    path.write_bytes(pickle.dumps({"not": "a result"}))
    with pytest.raises(TypeError, match="does not hold an optlab Result but a dict"):
        ol.load(path)


def test_checkpoint_and_resume(tmp_path):
    path = tmp_path / "run.checkpoint"
    straight = Noisy().run(Bowl(), max_iter=20, rng=4, record=2)
    kept = []

    def look(view):
        kept.append(ol.load(path).k if path.exists() else None)

    result = Noisy().run(Bowl(), max_iter=13, rng=4, record=2, callback=[ol.callbacks.Checkpoint(path, every=5), look])
    assert kept == [None, None, 6, 6, 6, 12]  # rows 2, 4, 6, ...: at least five steps apart
    checkpoint = ol.load(path)
    assert (
        checkpoint.status is Status.STOPPED and not checkpoint.success and checkpoint.calls["stochastic_gradient"] == 12
    )
    for start in (checkpoint, result):
        resumed = start.resume(max_iter=20)
        np.testing.assert_array_equal(resumed.x, straight.x)
        same_rows(resumed.history, straight.history)


def test_the_checkpoint_s_clock(tmp_path):
    path = tmp_path / "run.checkpoint"
    Descent().run(Bowl(), max_iter=50, callback=ol.callbacks.Checkpoint(path, seconds=3600))
    assert not path.exists()
    Descent().run(Bowl(), max_iter=50, callback=ol.callbacks.Checkpoint(path, seconds=1e-9))
    assert ol.load(path).k == 50


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"path": "/nowhere/at/all/file"}, FileNotFoundError, "path: the folder /nowhere/at/all does not exist"),
        ({"path": "x", "every": 0}, ValueError, "every must be at least 1"),
        ({"path": "x", "seconds": -1}, ValueError, "seconds must be"),
    ],
)
def test_checkpoint_arguments(options, error, text):
    with pytest.raises(error, match=text):
        ol.callbacks.Checkpoint(**options)


SCRIPT = """
    import sys, time
    from dataclasses import dataclass
    import numpy as np
    import optlab as ol

    @dataclass(frozen=True)
    class Walk(ol.Solver):
        pause: float = 0.0
        def init(self, problem, x0, rng):
            return ol.State(x0)
        def step(self, problem, state):
            time.sleep(self.pause)
            state.x = 0.9 * state.x + state.rng.solver.standard_normal(4)
            state.k += 1
            return state

    class Place(ol.Problem):
        shape = (4,)
        def value(self, x):
            return float(x @ x)

    action, path = sys.argv[1:]
    if action == "run":
        ol.run(Walk(0.002), Place(), max_iter=10**6, rng=5, callback=ol.callbacks.Checkpoint(path, every=3))
    else:
        saved = ol.load(path)
        resumed = saved.resume(max_iter=saved.k + 50)
        straight = ol.run(Walk(), Place(), max_iter=saved.k + 50, rng=5)
        assert (resumed.x == straight.x).all() and resumed.k == straight.k and saved.k > 0
        assert (resumed.history["value"] == straight.history["value"]).all()
        assert (resumed.history["k"] == straight.history["k"]).all()
        print("bit-identical from", saved.k)
"""


def test_a_killed_run_goes_on_from_its_checkpoint(tmp_path):
    script, path = tmp_path / "walk.py", tmp_path / "walk.checkpoint"
    script.write_text(textwrap.dedent(SCRIPT))
    killed = subprocess.Popen([sys.executable, str(script), "run", str(path)])
    try:
        deadline = time.monotonic() + 60
        while not path.exists():
            assert killed.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.1)
    finally:
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(30) == -signal.SIGKILL
    out = subprocess.run(
        [sys.executable, str(script), "resume", str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert out.returncode == 0, out.stderr
    assert out.stdout.startswith("bit-identical from")


def test_resuming_leaves_stored_iterates_and_traces_of_the_old_result_alone():
    half = Chunked().run(Bowl(), max_iter=9, store_x=True)
    before = half.history.x_k.tolist(), half.history.trace["value"].tolist()
    longer = half.resume(max_iter=30)
    assert (half.history.x_k.tolist(), half.history.trace["value"].tolist()) == before
    assert len(longer.history.x) > len(half.history.x) and longer.history.trace["value"].size == 30
