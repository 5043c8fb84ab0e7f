"""The contract of a solver, as named checks on one problem."""

from __future__ import annotations

import dataclasses
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from optlab.core.oracles import ORACLES, MissingOracle
from optlab.core.result import Status, load
from optlab.core.rng import spawn
from optlab.core.solver import Solver
from optlab.core.stop import Below
from optlab.testing._faults import faulty_oracles
from optlab.testing._overlay import Overlay, counting, single_precision
from optlab.testing._same import require, same_history, same_point, snapshot
from optlab.testing._start import starts

__all__ = ["solver_checks"]

Check = Callable[[], None]


def solver_checks(solver: Solver, problem: Any, *, max_iter: int = 12, rng: int = 0) -> Iterator[tuple[str, Check]]:
    """Yield the named checks of a solver on a problem it fits; each is a callable that raises AssertionError.

    Parameters
    ----------
    solver : Solver
        The solver.
    problem : Problem
        A problem with the oracles the solver needs; small, since every check runs the solver a few times.
    max_iter : int, default 12
        Length of the runs, >= 4.
    rng : int, default 0
        Seed of the runs.

    Yields
    ------
    (str, callable)
        Name and check, for instance to parametrise a test.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 10.0])
    >>> checks = dict(ol.testing.solver_checks(ol.GradientDescent(), problem))
    >>> "resume" in checks, checks["resume"]()
    (True, None)
    """
    table = {
        "determinism": _determinism,
        "history": _history,
        "iterate": _iterate,
        "resume": _resume,
        "checkpoint": _checkpoint,
        "old iterates": _old_iterates,
        "counters": _counters,
        "callback": _callback,
        "max_iter 0": _no_iterations,
        "optimal start": _optimal_start,
        "frozen": _frozen,
        "missing oracle": _missing_oracle,
        "repetitions": _repetitions,
        "precision": _precision,
    }
    for source in (table, starts, faulty_oracles):
        for name, check in source.items():
            yield name, partial(check, solver, problem, {"max_iter": max_iter, "rng": rng})


def _title(solver: Solver, problem: Any) -> str:
    return f"{solver!r} on {problem.name}"


def _determinism(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    one, two = solver.run(problem, **options), solver.run(problem, **options)
    title = f"{_title(solver, problem)}: two runs with the same seed"
    require(same_point(one.x, two.x), f"{title} returned different iterates")
    require(one.status is two.status and one.k == two.k, f"{title} ended differently")
    require(one.calls == two.calls, f"{title} made different numbers of oracle calls")
    same_history(one.history, two.history, title)


def _history(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    for record in (None, 3, "log", [2, 5], []):
        result = solver.run(problem, record=record, store_x=True, **options)
        history, title = result.history, f"{_title(solver, problem)}, record={record!r}"
        ks = history["k"]
        require(ks[0] == 0 and (np.diff(ks) > 0).all(), f"{title}: the rows are not 0 < k_1 < k_2 < ...")
        require(ks[-1] == result.k <= options["max_iter"], f"{title}: the last row is not the returned iterate")
        require(same_point(history.x[-1], result.x), f"{title}: the last stored iterate is not the returned one")
        for k, x, i in zip(history.x_k, history.x, range(len(history)), strict=True):
            require(k == ks[i], f"{title}: a row has no stored iterate")
            for name, value in problem.measure(x).items():
                recorded = history[name][i]
                require(
                    np.array_equal(recorded, np.asarray(value), equal_nan=True),
                    f"{title}: the metric {name} recorded at k={k} is not that of the iterate of the row",
                )
        for name, trace in history.trace.items():
            require(len(trace) == result.k, f"{title}: the trace {name!r} does not have one entry per unit")


def _iterate(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    run = solver.run(problem, store_x=True, **options)
    states = list(solver.iterate(problem, **options))
    title = _title(solver, problem)
    require([s.k for s in states] == run.history["k"].tolist(), f"{title}: iterate and run visit different k")
    for state, x in zip(states, run.history.x, strict=True):
        require(same_point(state.x, x), f"{title}: iterate and run disagree at k={state.k}")


def _resume(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    n, rng = options["max_iter"], options["rng"]
    for record in (None, 3, "log"):
        straight = solver.run(problem, record=record, **options)
        for splits in ((0,), (1,), (n // 2,), (n - 1,), (2, 3, n // 2 + 1)):
            result = solver.run(problem, record=record, max_iter=splits[0], rng=rng)
            for k in (*splits[1:], n):
                result = result.resume(max_iter=max(k, result.k))
            title = f"{_title(solver, problem)}, record={record!r}, resumed at k={splits}"
            require(
                result.status is straight.status, f"{title}: ended as {result.status.name}, not {straight.status.name}"
            )
            require(same_point(result.x, straight.x), f"{title}: the iterate differs from that of the straight run")
            require(result.calls == straight.calls, f"{title}: the oracle counts differ from those of the straight run")
            same_history(result.history, straight.history, title)


def _checkpoint(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    title = f"{_title(solver, problem)}: pickling"
    require(pickle.loads(pickle.dumps(solver)) == solver, f"{title} changed the solver")
    straight = solver.run(problem, **options)
    half = solver.run(problem, max_iter=options["max_iter"] // 2, rng=options["rng"])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "run.checkpoint")
        half.save(path)
        resumed = load(path).resume(max_iter=max(options["max_iter"], half.k))
    require(same_point(resumed.x, straight.x), f"{title} in the middle of a run changed its outcome")
    same_history(resumed.history, straight.history, title)


def _old_iterates(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    kept = []
    for state in solver.iterate(problem, **options):
        kept.append((state.k, state.x, snapshot(state.x)))
    for k, x, before in kept:
        require(
            same_point(x, before),
            f"{_title(solver, problem)}: a later step wrote into the iterate of k={k}; step must assign a new x",
        )


def _counters(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    title = _title(solver, problem)
    counts: dict[str, int] = {}
    result = solver.run(counting(problem, counts), **options)
    chunked = "chunk" in {field.name for field in dataclasses.fields(solver)}
    if chunked:  # calls made inside a kernel are charged: they must not depend on how the units are grouped
        single = solver.replace(chunk=1).run(problem, **options)
        require(
            result.calls == single.calls and result.k == single.k,
            f"{title}: with chunk={solver.chunk} the calls are {result.calls}, one unit at a time {single.calls}",  # type: ignore[attr-defined]
        )
        require(same_point(result.x, single.x), f"{title}: the iterate depends on chunk")
        require(all(result.calls[n] >= c for n, c in counts.items()), f"{title}: fewer calls were counted than made")
    else:
        require(result.calls == counts, f"{title}: the ledger says {result.calls}, an independent count {counts}")


def _callback(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    straight = solver.run(problem, **options)
    ks = straight.history["k"]
    if len(ks) < 3:
        return  # the method ends at once: there is nothing to stop

    def stop(view: Any) -> bool:
        return bool(view.k >= ks[1])

    def stop_iteration(view: Any) -> None:
        if view.k >= ks[1]:
            raise StopIteration

    for how in (stop, stop_iteration):
        result = solver.run(problem, callback=how, **options)
        title = f"{_title(solver, problem)}: a callback that stops ({how.__name__})"
        require(result.status is Status.STOPPED and not result.success, f"{title} ended as {result.status.name}")
        require(result.k == ks[1], f"{title} at k={ks[1]} ended at k={result.k}")
        resumed = result.resume(max_iter=options["max_iter"])
        require(same_point(resumed.x, straight.x), f"{title} and a resume gave another iterate than the straight run")


def _no_iterations(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    result = solver.run(problem, **(options | {"max_iter": 0}))
    title = f"{_title(solver, problem)}, max_iter=0"
    require(result.k == 0 and len(result.history) == 1, f"{title}: made {result.k} steps, {len(result.history)} rows")
    at_once = result.state.done is not None
    require(result.status is Status.MAX_ITER or at_once, f"{title}: ended as {result.status.name}")


def _optimal_start(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    reference = problem.reference
    if reference is None or reference.x is None:
        return
    title = f"{_title(solver, problem)}, started at the optimum"
    result = solver.run(problem, x0=reference.x, **options)
    bad = (Status.NONFINITE, Status.ERROR, Status.DIVERGED)
    require(result.status not in bad, f"{title}: ended as {result.status.name} ({result.message})")
    if problem.measure(reference.x).get("distance", 1.0) <= 1e-9:
        stopped = solver.run(problem, x0=reference.x, stop=Below("distance", 1e-9), **options)
        require(stopped.k == 0 and stopped.success, f"{title}: a rule met by the start did not end the run at k=0")


def _frozen(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    title = repr(solver)
    before = pickle.dumps(solver)
    for name in (field.name for field in dataclasses.fields(solver)):
        try:
            setattr(solver, name, None)
        except AttributeError:
            continue
        raise AssertionError(f"{title}: the hyper-parameter {name} can be changed after construction")
    require(solver.replace() == solver, f"{title}: replace() without changes gives another solver")
    solver.run(problem, **options)
    require(pickle.dumps(solver) == before, f"{title}: a run on {problem.name} changed the solver object")


def _missing_oracle(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    for need in solver.requires:
        needed = need if isinstance(need, tuple) else (need,)
        hidden = [name for protocol in needed for name in ORACLES[protocol]]
        calls: dict[str, int] = {}
        title = f"{_title(solver, problem)} without {' or '.join(p.__name__ for p in needed)}"
        try:
            solver.run(Overlay(counting(problem, calls), hidden=hidden), **options)
        except MissingOracle as err:
            require(all(p.__name__ in str(err) for p in needed), f"{title}: the error does not name it: {err}")
        else:
            raise AssertionError(f"{title}: MissingOracle was not raised")
        require(not any(calls.values()), f"{title}: oracles were called before the error")


def _repetitions(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    if not (solver.batched and problem.batched):
        return
    title, reps = _title(solver, problem), 3
    batch = solver.run(problem, reps=reps, **options)
    for r, seed in enumerate(spawn(options["rng"], reps)):
        single = solver.run(problem, **(options | {"rng": seed, "max_iter": batch.k}))
        require(
            single.k < batch.k or same_point(batch.x[r], single.x, rtol=1e-8),
            f"{title}: repetition {r} of a batched run is not the single run with its seed",
        )
        for name in batch.history.metrics:
            column = batch.history[name]
            require(
                column.shape[1:] == (reps,), f"{title}: the metric {name} of a batched run has no entry per repetition"
            )


def _precision(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    title = _title(solver, problem)
    result = solver.run(problem, **options)
    if hasattr(result.x, "dtype"):
        require(
            result.x.dtype == problem.dtype, f"{title}: the iterate is {result.x.dtype}, the problem {problem.dtype}"
        )
    single = single_precision(problem)
    if single is not None:
        x = solver.run(single, **options).x
        require(not hasattr(x, "dtype") or x.dtype == np.float32, f"{title}: float32 data gave a {x.dtype} iterate")
