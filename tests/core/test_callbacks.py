"""Callbacks: what they are told, how they stop a run, and the three that come with the package."""

import functools
import io
import sys

import numpy as np
import pytest

import optlab as ol
from optlab.core.callbacks import as_callbacks
from optlab.core.result import Status

from .specimens import Bowl, Breaking, Chunked, Descent, Finishing, Noisy, Recorder


def test_every_recorded_row_after_the_start_is_reported_once():
    recorder = Recorder()
    Descent().run(Bowl(), max_iter=3, callback=recorder)
    assert recorder.events == [("start", 0), ("row", 1), ("row", 2), ("row", 3), ("close", 3)]
    recorder = Recorder()
    Descent().run(Bowl(), max_iter=10, record=4, callback=recorder)  # the last row is there only because the run ended
    assert recorder.events == [("start", 0), ("row", 4), ("row", 8), ("close", 10)]


@pytest.mark.parametrize("solver", [Descent(), Noisy(), Chunked()], ids=repr)
@pytest.mark.parametrize("record", [None, 3, "log"])
def test_a_run_in_pieces_reports_the_rows_of_the_straight_run(solver, record):
    straight, pieces = Recorder(), Recorder()
    solver.run(Bowl(), max_iter=20, record=record, callback=straight, rng=0)
    solver.run(Bowl(), max_iter=9, record=record, callback=pieces, rng=0).resume(max_iter=20, callback=pieces)
    rows = [event for event in pieces.events if event[0] == "row"]
    assert rows == [event for event in straight.events if event[0] == "row"]


def stop_at(k, how):
    def callback(view):
        if view.k >= k:
            if how == "raise":
                raise StopIteration
            return how
        return None

    return callback


@pytest.mark.parametrize("how", [True, np.True_, "raise"])
def test_true_and_stop_iteration_stop(how):
    result = Descent().run(Bowl(), max_iter=9, callback=stop_at(4, how))
    assert (result.k, result.status, result.message) == (4, Status.STOPPED, "a callback asked to stop")
    assert result.history["k"][-1] == 4 and not result.success
    assert result.resume(max_iter=9).k == 9


@pytest.mark.parametrize("how", [False, None, 0, 1, "yes", np.False_])
def test_nothing_else_stops(how):
    assert Descent().run(Bowl(), max_iter=9, callback=stop_at(4, how)).k == 9


def test_a_run_that_has_ended_keeps_its_reason():
    result = Descent().run(Bowl(), max_iter=4, callback=stop_at(4, True))
    assert result.status is Status.MAX_ITER
    result = Finishing(4).run(Bowl(), max_iter=9, callback=stop_at(4, "raise"))
    assert result.status is Status.EXACT


def test_several_callbacks_are_all_called():
    one, two = Recorder(), Recorder()
    result = Descent().run(Bowl(), max_iter=9, callback=[one, stop_at(2, True), two])
    assert result.k == 2 and one.events == two.events


def test_a_raising_callback_ends_the_run_with_its_result():
    def callback(view):
        if view.k == 3:
            raise LookupError("mine")

    recorder = Recorder()
    with pytest.raises(LookupError, match="mine") as caught:
        Descent().run(Bowl(), max_iter=9, callback=[callback, recorder])
    assert caught.value.result.k == 3 and caught.value.result.history["k"].tolist() == [0, 1, 2, 3]
    assert recorder.events[-1] == ("close", 3)


def test_scipy_s_callback_signature():
    seen = []

    def callback(intermediate_result):
        seen.append((intermediate_result.nit, intermediate_result.fun, intermediate_result.x.copy()))
        return intermediate_result.nit == 3

    problem = Bowl()
    result = Descent().run(problem, max_iter=9, callback=callback)
    assert result.k == 3 and [n for n, *_ in seen] == [1, 2, 3]
    assert all(fun == problem.value(x) for _, fun, x in seen)
    Descent().run(ol.FunctionProblem(1, gradient=lambda x: x), max_iter=1, callback=callback)
    assert np.isnan(seen[-1][1])
    loss = ol.FunctionProblem(1, gradient=lambda x: x, metrics={"loss": lambda x: 5.0})
    Descent().run(loss, max_iter=1, callback=callback)
    assert seen[-1][1] == 5.0


def test_what_counts_as_a_callback():
    assert as_callbacks(None) == []
    base = ol.callbacks.Callback()
    assert as_callbacks(base) == [base] and as_callbacks((base,)) == [base]
    assert base.start(None) is base(None) is base.close(None) is None
    Descent().run(Bowl(), max_iter=2, callback=functools.partial(lambda a, view: None, 1))
    Descent().run(Bowl(), max_iter=2, callback=bool)  # a builtin without a signature is called with the view
    with pytest.raises(TypeError, match="callback must be callable, got str"):
        as_callbacks(["x"])


@pytest.mark.parametrize("metric", [None, "gap", "nothing"])
@pytest.mark.parametrize("limit", [{"max_iter": 5}, {"stop": ol.stop.MaxIter(5)}])
def test_the_progress_bar_is_silent_where_there_is_no_terminal(metric, limit, monkeypatch):
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    bar = ol.callbacks.ProgressBar(metric)
    result = Descent().run(Bowl(), callback=bar, **limit)
    assert result.k == 5 and err.getvalue() == ""
    assert "\x1b" not in out.getvalue()
    task = bar._progress.tasks[0]
    assert task.completed == 5 and task.total == (5 if "max_iter" in limit else None)
    assert task.description == "Descent"
    name = metric or "value"
    assert task.fields["shown"].startswith(f"{name} ") and (metric == "nothing") == task.fields["shown"].endswith("nan")


def test_the_progress_bar_of_a_batched_run_and_of_a_failing_one():
    bar = ol.callbacks.ProgressBar()
    Noisy().run(Bowl(), max_iter=3, reps=2, callback=bar)
    assert bar._progress.tasks[0].completed == 3 and bar._progress.tasks[0].fields["shown"] == ""
    with pytest.raises(ZeroDivisionError):
        Breaking(3, "raise").run(Bowl(), callback=bar)
    assert bar._progress.live.is_started is False
    ol.callbacks.ProgressBar().close(None)  # a bar that was never opened


def test_live_plot_draws_the_whole_run():
    import matplotlib.pyplot as plt

    plot = ol.callbacks.LivePlot("value", seconds=0)
    result = Descent().run(Bowl(), max_iter=6, callback=plot)
    axes = plot.figure.axes[0]
    k, value = axes.lines[0].get_data()
    np.testing.assert_array_equal(k, result.history["k"])
    np.testing.assert_array_equal(value, result.history["value"])
    assert (axes.get_yscale(), axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == (
        "log", "iteration", "value", "Descent",
    )  # fmt: skip
    plt.close(plot.figure)
    flat = ol.callbacks.LivePlot("first", seconds=3600)
    Descent().run(Bowl(), max_iter=3, metrics={"first": lambda x: 0.0}, callback=flat)
    assert flat.figure.axes[0].get_yscale() == "linear" and len(flat.figure.axes[0].lines[0].get_xdata()) == 4
    plt.close(flat.figure)
    with pytest.raises(ValueError, match="seconds must be"):
        ol.callbacks.LivePlot("value", seconds=-1)
    ol.callbacks.LivePlot("value").close(None)


def test_live_plot_redraws_in_place_in_a_notebook(monkeypatch):
    import IPython
    import IPython.display
    import matplotlib.pyplot as plt

    class Handle:
        updates = 0

        def update(self, figure):
            Handle.updates += 1

    shell = type("Shell", (), {"kernel": object()})()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(IPython.display, "display", lambda figure, display_id: Handle())
    plot = ol.callbacks.LivePlot("value", seconds=0)
    Descent().run(Bowl(), max_iter=4, callback=plot)
    assert Handle.updates == 4  # four rows and the last drawing, less the first that opened the display
    plt.close(plot.figure)
