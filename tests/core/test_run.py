"""The driver: what it records, when it stops, and how honestly it says why."""

import itertools
import time
from dataclasses import dataclass

import numpy as np
import pytest

import optlab as ol
from optlab.core.result import Status

from .specimens import Bowl, Breaking, Chunked, Descent, Finishing, Noisy, RandomStart, Recorder, same_rows


def test_the_update_is_the_solver_s_and_nothing_else():
    result = Descent(0.5).run(Bowl([4.0]), max_iter=3)
    np.testing.assert_array_equal(result.history["k"], [0, 1, 2, 3])
    np.testing.assert_array_equal(result.history["value"], [8.0, 2.0, 0.5, 0.125])
    np.testing.assert_array_equal(result.history["gap"], [8.0, 2.0, 0.5, 0.125])
    np.testing.assert_array_equal(result.history["distance"], [4.0, 2.0, 1.0, 0.5])
    np.testing.assert_array_equal(result.history["moved"], [np.nan, 2.0, 1.0, 0.5])
    np.testing.assert_array_equal(result.history["calls.gradient"], [0, 1, 2, 3])
    np.testing.assert_array_equal(result.history["calls.value"], [0, 0, 0, 0])  # metrics are not counted
    assert result.x == 3.5 and result.k == 3 and result.status is Status.MAX_ITER and not result.success
    assert result.message == "the limit of 3 iterations was reached"
    assert (np.diff(result.history["time"]) >= 0).all() and result.history["time"][0] == 0.0
    assert result.time == result.history["time"][-1] > 0


def test_defaults():
    assert Descent().run(Bowl()).k == 1000
    result = ol.run(Descent(0.5), Bowl(), stop=ol.stop.Below("gap", 1e-300))
    assert result.status is Status.CONVERGED  # with a rule alone there is no limit on the iterations
    assert isinstance(result.seed, np.random.SeedSequence)


@pytest.mark.parametrize("record", [None, 1, 3, 7, "log", [2, 5], [0, 11], [], ol.Every(4), lambda k: k % 6 == 5])
@pytest.mark.parametrize("solver", [Descent(), Noisy(), Chunked(), Chunked(chunk=5)], ids=repr)
def test_first_row_is_the_start_and_last_row_the_result(solver, record):
    problem = Bowl()
    x0 = np.array([5.0, 5.0, 5.0])
    result = solver.run(problem, x0=x0, max_iter=11, record=record, rng=3, store_x=True)
    history = result.history
    assert history["k"][0] == 0 and history["k"][-1] == result.k == 11
    assert history["value"][0] == problem.value(x0) and history["value"][-1] == problem.value(result.x)
    np.testing.assert_array_equal(history.x_k, history["k"])
    np.testing.assert_array_equal(history["value"], [problem.value(x) for x in history.x])
    np.testing.assert_array_equal(history.x[-1], result.x)
    assert (np.diff(history["k"]) > 0).all()


def test_rows_lie_where_the_schedule_says():
    rows = lambda record: Descent().run(Bowl(), max_iter=11, record=record).history["k"].tolist()  # noqa: E731
    assert rows(3) == [0, 3, 6, 9, 11]
    assert rows([2, 5]) == [0, 2, 5, 11]
    assert rows([0, 99]) == [0, 11]
    assert rows(lambda k: k in (4, 7)) == [0, 4, 7, 11]
    assert rows("log") == list(range(12))
    assert Descent().run(Bowl(), max_iter=12, record=3).history["k"].tolist() == [0, 3, 6, 9, 12]


@pytest.mark.parametrize("solver", [Descent(), Noisy(), Chunked()], ids=repr)
def test_the_schedule_does_not_touch_the_iterates(solver):
    runs = [solver.run(Bowl(), max_iter=40, rng=1, record=record) for record in (None, 7, "log", [])]
    for run in runs:
        np.testing.assert_array_equal(run.x, runs[0].x)
        assert run.calls == runs[0].calls


@pytest.mark.parametrize("solver", [Descent(), Noisy(), Chunked(), Finishing(4)], ids=repr)
def test_iterate_is_run_step_by_step(solver):
    problem = Bowl()
    run = solver.run(problem, max_iter=19, rng=5, store_x=True, x0=[1.0, 2.0, 3.0])
    states = list(solver.iterate(problem, max_iter=19, rng=5, x0=[1.0, 2.0, 3.0]))
    assert [s.k for s in states] == run.history["k"].tolist()
    for state, x in zip(states, run.history.x, strict=True):
        np.testing.assert_array_equal(state.x, x)
    assert len({id(s) for s in states}) == len(states)


def test_iterate_without_a_limit_goes_on_until_the_caller_stops():
    states = list(itertools.islice(Descent().iterate(Bowl()), 2000))
    assert [s.k for s in states] == list(range(2000))
    assert [s.k for s in Finishing(3).iterate(Bowl())] == [0, 1, 2, 3]
    assert [s.k for s in Descent(0.5).iterate(Bowl([4.0]), stop=ol.stop.Below("gap", 0.6))] == [0, 1, 2]


def test_iterate_snapshots_keep_their_info():
    states = list(Descent(0.5).iterate(Bowl([4.0]), max_iter=3))
    assert [s.info.get("moved") for s in states] == [None, 2.0, 1.0, 0.5]


def test_iterate_checks_its_arguments_before_the_first_step():
    with pytest.raises(ValueError, match="x0 must have shape"):
        Descent().iterate(Bowl(), x0=[1.0])


def test_max_iter_zero_and_an_optimal_start():
    result = Descent().run(Bowl(), max_iter=0)
    assert (result.k, result.status, len(result.history), result.calls["gradient"]) == (0, Status.MAX_ITER, 1, 0)
    result = Descent().run(Bowl(), x0=[1.0, -2.0, 3.0], stop=ol.stop.Below("gap", 0.0))
    assert (result.k, result.status, result.success) == (0, Status.CONVERGED, True)
    result = Finishing(0).run(Bowl(), max_iter=5)
    assert (result.k, result.status, result.message) == (0, Status.EXACT, "as small as wanted")


@pytest.mark.parametrize("status", list(Status))
def test_the_method_may_end_the_run_itself(status):
    result = Finishing(3, status).run(Bowl(), max_iter=10, record=2)
    assert (result.k, result.status, result.success) == (3, status, status.success)
    assert result.history["k"].tolist() == [0, 2, 3]
    assert Finishing(3, status, "").run(Bowl(), max_iter=10).message == status.value


def test_the_method_goes_before_the_rule_and_the_rule_before_the_limit():
    fires_at_3 = ol.stop.When(lambda view: view.k >= 3)
    assert Finishing(3).run(Bowl(), max_iter=3, stop=fires_at_3).status is Status.EXACT
    assert Descent().run(Bowl(), max_iter=3, stop=fires_at_3).status is Status.STOPPED
    assert Descent().run(Bowl(), max_iter=2, stop=fires_at_3).status is Status.MAX_ITER


@pytest.mark.parametrize(
    "x0", [np.zeros(3), [0, 0, 0], np.zeros(3, np.float32), np.zeros(3, int), (False, True, False)]
)
def test_starts_of_every_kind(x0):
    before = np.array(x0)
    result = Descent().run(Bowl(), x0=x0, max_iter=3)
    assert result.x.dtype == np.float64
    np.testing.assert_array_equal(np.array(x0), before)


def test_the_start_is_never_touched():
    @dataclass(frozen=True)
    class Scribbler(Descent):
        def init(self, problem, x0, rng):
            x0 += 7.0  # the copy handed to init belongs to the solver
            return ol.State(x0)

    x0 = np.ones(3)
    Scribbler().run(Bowl(), x0=x0, max_iter=2)
    np.testing.assert_array_equal(x0, 1.0)
    x0.flags.writeable = False
    Scribbler().run(Bowl(), x0=x0, max_iter=2)
    fortran = np.asfortranarray(np.ones((3, 1)))[:, 0]
    Scribbler().run(Bowl(), x0=fortran[::-1], max_iter=2)
    np.testing.assert_array_equal(fortran, 1.0)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"x0": [1.0]}, ValueError, r"x0 must have shape \(3,\), got \(1,\)"),
        ({"x0": np.zeros((1, 3))}, ValueError, "x0 must have shape"),
        ({"x0": [1.0, np.nan, 0.0]}, ValueError, "x0 holds NaN or infinite values"),
        ({"x0": [1.0, np.inf, 0.0]}, ValueError, "x0 holds NaN"),
        ({"x0": "abc"}, TypeError, "x0 must hold real numbers"),
        ({"x0": [1j, 0, 0]}, TypeError, "x0 must hold real numbers"),
        ({"x0": [[1.0], [2.0, 3.0]]}, TypeError, "x0 must be an array of real numbers"),
        ({"max_iter": -1}, ValueError, "max_iter must be at least 0, got -1"),
        ({"max_iter": 2.0}, TypeError, "max_iter must be an integer"),
        ({"max_iter": True}, TypeError, "max_iter must be an integer"),
        ({"stop": 5}, TypeError, "stop must be a stopping rule from optlab.stop, got int"),
        ({"rng": -1}, ValueError, "rng must be a non-negative seed"),
        ({"rng": "a"}, TypeError, "rng must be None"),
        ({"record": 0}, ValueError, "record must be at least 1"),
        ({"record": "often"}, ValueError, "record must be an int"),
        ({"record": 2.5}, TypeError, "record must be an int"),
        ({"record": [-1]}, ValueError, "ks must be at least 0"),
        ({"store_x": -1}, ValueError, "store_x must be"),
        ({"callback": 3}, TypeError, "callback must be callable, got int"),
        ({"reps": 0}, ValueError, "reps must be at least 1"),
        ({"reps": 2.0}, TypeError, "reps must be an integer"),
    ],
)
def test_bad_arguments_are_named_before_any_work(options, error, text):
    problem = Bowl()
    calls = []
    counting = ol.FunctionProblem(3, gradient=lambda x: calls.append(x) or problem.gradient(x))
    with pytest.raises(error, match=text):
        Descent().run(counting if "reps" not in options else problem, **options)
    assert not calls


def test_what_is_not_a_solver_or_has_no_verbs():
    with pytest.raises(TypeError, match="solver must be an optlab Solver object"):
        ol.run(Descent, Bowl())
    with pytest.raises(TypeError, match="Solver has no init"):
        ol.Solver().run(Bowl())
    with pytest.raises(TypeError, match="Solver has no step"):
        ol.Solver().step(Bowl(), ol.State(0))


@pytest.mark.parametrize("record", [None, 1, 2, 50, "log", []])
@pytest.mark.parametrize("what", ["nan", "inf"])
@pytest.mark.parametrize("at", [1, 3, 41])
def test_nonfinite_iterates_end_the_run_with_the_last_finite_one(record, what, at):
    result = Breaking(at, what).run(Bowl(), max_iter=100, record=record, store_x=True)
    assert result.status is Status.NONFINITE and not result.success
    assert result.k == at - 1
    np.testing.assert_array_equal(result.x, np.full(3, at - 1.0))
    assert result.history["k"][-1] == at - 1 and np.isfinite(result.history["value"]).all()
    assert f"in step {at}" in result.message
    np.testing.assert_array_equal(result.history.x[-1], result.x)
    with pytest.raises(ValueError, match="NONFINITE cannot be resumed"):
        result.resume(max_iter=200)


def test_nonfinite_large_iterates_are_found_at_once():
    result = Breaking(30, "nan").run(Bowl(np.zeros(5000)), max_iter=100, record=[])
    assert result.k == 29 and result.x[0] == 29.0


def test_nonfinite_in_iterates_of_other_kinds():
    @dataclass(frozen=True)
    class Pair(Breaking):
        def init(self, problem, x0, rng):
            return ol.State((x0, x0))

        def step(self, problem, state):
            state.k += 1
            state.x = (state.x[0] + 1.0, state.x[1] + (np.nan if state.k == self.at else 1.0))
            return state

    problem = ol.FunctionProblem(2)
    result = Pair(5).run(problem, max_iter=10, record=[])
    assert result.status is Status.NONFINITE and result.k == 4 and result.x[1][0] == 4.0

    class Point:
        def __init__(self, value):
            self.value = value

        def isfinite(self):
            return np.isfinite(self.value)

    @dataclass(frozen=True)
    class Objects(Pair):
        def init(self, problem, x0, rng):
            return ol.State(Point(0.0))

        def step(self, problem, state):
            state.k += 1
            state.x = Point(np.inf if state.k == self.at else float(state.k))
            return state

    result = Objects(5).run(problem, max_iter=10)
    assert result.status is Status.NONFINITE and result.x.value == 4.0

    @dataclass(frozen=True)
    class Opaque(Pair):
        def init(self, problem, x0, rng):
            return ol.State("a")

        def step(self, problem, state):
            state.k += 1
            state.x = state.x + "b"
            return state

    assert Opaque().run(problem, max_iter=3).x == "abbb"


@pytest.mark.parametrize("record", [None, 4, []])
def test_an_exception_carries_the_run_so_far(record):
    recorder = Recorder()
    with pytest.raises(ZeroDivisionError, match="boom") as caught:
        Breaking(7, "raise").run(Bowl(), max_iter=20, record=record, callback=recorder)
    result = caught.value.result
    assert result.status is Status.ERROR and not result.success and result.message == "ZeroDivisionError: boom"
    assert result.k == 6 and (result.x == 6.0).all()
    assert result.history["k"][-1] == 6
    assert any("after 6 steps" in note for note in caught.value.__notes__)
    assert recorder.events[-1][0] == "close"
    with pytest.raises(ValueError, match="ERROR cannot be resumed"):
        result.resume(max_iter=30)


def test_a_raising_oracle_is_met_like_a_raising_solver():
    def gradient(x):
        if x[0] > 2.5:
            raise OSError("the disk is gone")
        return -np.ones(1)

    with pytest.raises(OSError) as caught:
        Descent(1.0).run(ol.FunctionProblem(1, gradient=gradient), max_iter=9)
    assert caught.value.result.x == [3.0] and caught.value.result.calls == {"gradient": 4}


def test_after_nan_and_an_exception_between_two_rows_the_result_is_finite():
    @dataclass(frozen=True)
    class Both(Breaking):
        def step(self, problem, state):
            if state.k == 8:
                raise ArithmeticError("late")
            return super().step(problem, state)

    with pytest.raises(ArithmeticError) as caught:
        Both(4, "nan").run(Bowl(), max_iter=20, record=[])
    assert caught.value.result.k == 3 and (caught.value.result.x == 3.0).all()


def test_keyboard_interrupt_keeps_the_result():
    for what in ("interrupt", "torn"):
        with pytest.raises(KeyboardInterrupt) as caught:
            Breaking(5, what).run(Bowl(), max_iter=20, record=2)
        result = caught.value.result
        assert result.status is Status.STOPPED and result.message == "interrupted by the user"
        assert result.k == 4 and (result.x == 4.0).all() and result.history["k"].tolist() == [0, 2, 4]
        with pytest.raises(ValueError, match="interrupted inside a step"):
            result.resume(max_iter=20)


def test_keyboard_interrupt_outside_a_step_can_be_resumed():
    def interrupt(view):
        if view.k == 5:
            raise KeyboardInterrupt

    straight = Noisy().run(Bowl(), max_iter=12, rng=0)
    with pytest.raises(KeyboardInterrupt) as caught:
        Noisy().run(Bowl(), max_iter=12, rng=0, callback=interrupt)
    resumed = caught.value.result.resume(max_iter=12)
    np.testing.assert_array_equal(resumed.x, straight.x)
    same_rows(resumed.history, straight.history)


def test_exceptions_that_take_no_attributes_still_pass():
    class Closed(Exception):
        __slots__ = ()

        def __setattr__(self, name, value):
            raise AttributeError(name)

    @dataclass(frozen=True)
    class Raising(Breaking):
        def step(self, problem, state):
            raise Closed("no")

    with pytest.raises(Closed) as caught:
        Raising().run(Bowl())
    assert not hasattr(caught.value, "result")


def test_metrics_that_fail_at_the_end_do_not_hide_the_error():
    def fragile(x):
        if x[0] >= 2.0:
            raise RuntimeError("metric")
        return 0.0

    with pytest.raises(RuntimeError, match="metric") as caught:
        Breaking(99).run(Bowl(), metrics={"fragile": fragile}, max_iter=9)
    assert caught.value.result.k == 2 and caught.value.result.history["k"].tolist() == [0, 1, 2]
    assert np.isnan(caught.value.result.history["value"][-1])
    with pytest.raises(KeyboardInterrupt) as stopped:
        Breaking(3, "interrupt").run(FailingMeasure(), max_iter=9, record=[])
    assert "could not be attached" in stopped.value.__notes__[0]


class FailingMeasure(Bowl):
    def measure(self, x):
        if x[0] > 0:
            raise RuntimeError("no metric here")
        return super().measure(x)


def test_a_step_that_makes_no_progress_is_an_error():
    with pytest.raises(RuntimeError, match=r"Breaking.step made no progress: k stayed at 4"):
        Breaking(5, "stuck").run(Bowl(), max_iter=20)
    with pytest.raises(RuntimeError, match="made no progress"):
        list(itertools.islice(Breaking(5, "stuck").iterate(Bowl()), 50))


def test_exploding_iterates_are_never_a_success():
    for stop in (None, ol.stop.Below("gap", 1e-9)):
        result = Descent(1e200).run(Bowl(), max_iter=50, stop=stop)
        assert result.status is Status.NONFINITE and np.isfinite(result.x).all()
    result = Descent(3.0).run(Bowl(), max_iter=500, stop=ol.stop.Diverged("value"))
    assert result.status is Status.DIVERGED and result.history["value"][-1] > 1e10 * result.history["value"][0]


@dataclass(frozen=True)
class Sleepy(ol.Solver):
    seconds: float = 0.002

    def init(self, problem, x0, rng):
        return ol.State(x0)

    def step(self, problem, state):
        time.sleep(self.seconds)
        state.k += 1
        return state


def test_time_limits_are_seen_after_every_step_and_count_solver_time_only():
    result = Sleepy().run(Bowl(), stop=ol.stop.MaxTime(0.02), record=[])
    assert result.status is Status.MAX_TIME and not result.success and 1 <= result.k <= 10
    assert 0.02 <= result.time and result.history["k"].tolist() == [0, result.k]
    slow = {"slow": lambda x: time.sleep(0.005) or 0.0}
    result = Sleepy(1e-5).run(
        Bowl(), stop=ol.stop.MaxTime(0.02), max_iter=8, metrics=slow, callback=lambda v: time.sleep(0.005)
    )
    assert (
        result.status is Status.MAX_ITER and result.time < 0.02
    )  # 80 ms of metrics and callbacks are not the solver's
    assert Sleepy().run(Bowl(), stop=ol.stop.MaxTime(0)).k == 0


def test_a_time_limit_goes_on_counting_after_resume():
    first = Sleepy().run(Bowl(), max_iter=5)
    again = first.resume(stop=ol.stop.MaxTime(first.time + 0.004))
    assert again.status is Status.MAX_TIME and 1 <= again.k - first.k <= 2


def test_step_limits_are_exact_whatever_the_schedule():
    for record in (None, 100, [], "log"):
        result = Descent().run(Bowl(), stop=ol.stop.MaxIter(50), record=record)
        assert (result.k, result.status) == (50, Status.MAX_ITER)
        assert Chunked(chunk=64).run(Bowl(), stop=ol.stop.MaxIter(50), record=record).k == 50
    result = Descent().run(Bowl(), stop=ol.stop.MaxIter(50) | ol.stop.MaxIter(20), record=[])
    assert result.k == 20
    both = ol.stop.MaxIter(5) & ol.stop.Below("value", 1e-4)
    assert Descent().run(Bowl(), stop=both).k == Descent().run(Bowl(), stop=ol.stop.Below("value", 1e-4)).k > 5
    assert Descent().run(Bowl(), stop=ol.stop.MaxIter(60) & ol.stop.Below("value", 1e-4)).k == 60
    late = Chunked(chunk=8).run(Bowl(), stop=ol.stop.MaxIter(3) & ol.stop.Below("value", 1e-4), max_iter=90)
    assert 3 < late.k < 90 and late.k % 8 == 0


def test_metrics_of_the_user_are_recorded_beside_the_problem_s():
    seen = []
    metrics = {"first": lambda x: x[0], "spread": lambda x: float(np.ptp(x))}
    result = Descent().run(Bowl(), max_iter=4, metrics=metrics, callback=lambda view: seen.append(view.row["first"]))
    assert result.history["first"].tolist()[1:] == seen
    assert result.history.metrics == ("value", "gap", "distance", "first", "spread")
    assert result.history["first"][-1] == result.x[0] and result.history["spread"][-1] == np.ptp(result.x)
    more = result.resume(max_iter=6)
    assert more.history["first"][-1] == more.x[0]


def test_info_must_not_take_the_name_of_a_metric():
    with pytest.raises(ValueError, match="info 'moved' has the name of a metric"):
        Descent().run(Bowl(), max_iter=3, metrics={"moved": lambda x: 0.0})


def test_the_view_shows_the_run():
    views = []

    def look(view):
        views.append((view.k, view.x.copy(), view.row["value"], dict(view.calls), view.max_iter, len(view.history)))
        assert view.solver == Descent() and view.problem is problem and view.time == view.row["time"]

    problem = Bowl()
    Descent().run(problem, max_iter=3, callback=look)
    assert [v[0] for v in views] == [1, 2, 3]
    assert all(v[2] == problem.value(v[1]) for v in views)
    assert [v[3]["gradient"] for v in views] == [1, 2, 3] and views[0][4] == 3 and [v[5] for v in views] == [2, 3, 4]
    endless = []
    Descent().run(problem, stop=ol.stop.MaxIter(2), callback=lambda view: endless.append(view.max_iter))
    assert endless == [np.inf] * 2


def test_warnings_of_overflowing_steps_are_not_the_user_s_and_their_settings_are_kept():
    seen = []
    with np.errstate(over="raise", invalid="raise"):
        result = Descent(1e200).run(Bowl(), max_iter=10, callback=lambda v: seen.append(np.geterr()["over"]))
        list(Descent(1e200).iterate(Bowl(), max_iter=10))
        assert np.geterr()["over"] == "raise"
    assert result.status is Status.NONFINITE and set(seen) == {"raise"}


# repetitions


def test_each_repetition_is_the_single_run_with_its_seed():
    problem = RandomStart()
    batch = Noisy().run(problem, max_iter=30, reps=4, rng=11, record=10)
    assert batch.x.shape == (4, 3) and batch.history["gap"].shape == (4, 4)
    for r, seed in enumerate(ol.rng.spawn(11, 4)):
        single = Noisy().run(problem, max_iter=30, rng=seed, record=10)
        np.testing.assert_allclose(batch.x[r], single.x, rtol=1e-12)
        np.testing.assert_allclose(batch.history["gap"][:, r], single.history["gap"], rtol=1e-12)
    assert len(np.unique(batch.x[:, 0])) == 4
    assert batch.calls == single.calls  # the counts are those of each repetition
    again = Noisy().run(problem, max_iter=30, reps=4, rng=batch.seed, record=10)
    np.testing.assert_array_equal(again.x, batch.x)


def test_repetitions_from_one_start_or_one_each():
    single = Descent().run(Bowl(), x0=[1.0, 2.0, 3.0], max_iter=5)
    batch = Descent().run(Bowl(), x0=[1.0, 2.0, 3.0], max_iter=5, reps=2)
    np.testing.assert_array_equal(batch.x, [single.x, single.x])
    starts = np.arange(6.0).reshape(2, 3)
    batch = Descent().run(Bowl(), x0=starts, max_iter=5, reps=2)
    np.testing.assert_array_equal(batch.x[1], Descent().run(Bowl(), x0=starts[1], max_iter=5).x)
    with pytest.raises(ValueError, match=r"x0 must have shape \(3, 3\), got \(2, 3\)"):
        Descent().run(Bowl(), x0=starts, reps=3)


def test_repetitions_need_a_solver_and_a_problem_that_carry_them():
    with pytest.raises(ValueError, match="reps needs a batched solver; Chunked is not"):
        Chunked().run(Bowl(), reps=2)
    with pytest.raises(ValueError, match="reps needs a batched problem; FunctionProblem is not"):
        Descent().run(ol.FunctionProblem(3, gradient=lambda x: x), reps=2)


def test_rules_fire_when_they_hold_for_every_repetition():
    starts = np.array([[1.0, -2.0, 3.0], [9.0, 9.0, 9.0]])
    result = Descent().run(Bowl(), x0=starts, reps=2, stop=ol.stop.Below("gap", 1e-6))
    assert result.success and (result.history["gap"][-1] <= 1e-6).all() and (result.history["gap"][-2] > 1e-6).any()
    result = Descent(3.0).run(Bowl(), x0=starts, reps=2, stop=ol.stop.Above("gap", 1e3), max_iter=30)
    assert result.status is Status.MAX_ITER  # the first repetition sits at the optimum for ever


def test_one_nonfinite_repetition_is_found():
    starts = np.array([[1.0, -2.0, 3.0], [9.0, 9.0, 9.0]])
    assert Descent(1e200).run(Bowl(), x0=starts, reps=2, max_iter=9).status is Status.NONFINITE


@dataclass(frozen=True)
class Functional(Descent):
    """Returns a new state object from every step instead of updating the old one."""

    def step(self, problem, state):
        return ol.State(state.x - self.step_size * problem.gradient(state.x), state.k + 1, rng=state.rng)


@pytest.mark.parametrize("record", [None, 3, []])
def test_a_step_may_return_a_new_state(record):
    one, two = (solver.run(Bowl(), max_iter=10, record=record) for solver in (Functional(), Descent()))
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.history["value"], two.history["value"])
    np.testing.assert_array_equal(one.resume(max_iter=20).x, two.resume(max_iter=20).x)
    assert [s.k for s in Functional().iterate(Bowl(), max_iter=4)] == [0, 1, 2, 3, 4]
