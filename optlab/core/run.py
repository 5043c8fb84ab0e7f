"""Run, iterate, resume: the ways into the driver (`optlab.core.driver`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from optlab.core.driver import Drive
from optlab.core.history import History
from optlab.core.ledger import Ledger
from optlab.core.result import Result, Status
from optlab.core.rng import RNGLike, seed_sequence, spawn, streams
from optlab.core.schedule import At, Schedule, as_schedule
from optlab.core.solver import Solver, State
from optlab.core.stop import Rule
from optlab.core.validate import integer
from optlab.core.xp import namespace

__all__ = ["iterate", "resume", "run"]

_DEFAULT_MAX_ITER = 1000


def _prepare(
    solver: Solver,
    problem: Any,
    x0: Any,
    max_iter: int | None,
    stop: Rule | None,
    rng: RNGLike,
    schedule: Schedule,
    store_x: bool | float,
    metrics: Mapping[str, Callable[[Any], Any]] | None,
    callback: Any,
    reps: int | None,
) -> Drive:
    if not isinstance(solver, Solver):
        raise TypeError(f"solver must be an optlab Solver object, got {solver!r}")
    if max_iter is not None:
        integer("max_iter", max_iter, at_least=0)
    if stop is not None and not isinstance(stop, Rule):
        raise TypeError(f"stop must be a stopping rule from optlab.stop, got {type(stop).__name__}")
    solver.check(problem)
    roles: Any
    seed = seed_sequence(rng)
    if reps is None:
        roles = streams(seed)
        start = problem.start(roles.init) if x0 is None else x0
    else:
        integer("reps", reps, at_least=1)
        for what, owner in ((solver, "solver"), (problem, "problem")):
            if not what.batched:
                raise ValueError(f"reps needs a batched {owner}; {type(what).__name__} is not: loop over seeds instead")
        roles = tuple(streams(child) for child in spawn(seed, reps))
        start = x0
        if x0 is None:
            starts = [problem.start(role.init) for role in roles]
            start = namespace(*starts).stack(starts)
    ledger = Ledger(problem)
    with np.errstate(all="ignore"):
        state = solver.init(ledger, problem.as_start(start, reps), roles)
    state.rng = roles if state.rng is None else state.rng
    options = {"stop": stop, "schedule": schedule, "metrics": dict(metrics or {}), "max_iter": max_iter}
    return Drive(solver, problem, state, History(store_x), ledger, options, max_iter, callback, seed=seed)


def run(
    solver: Solver,
    problem: Any,
    *,
    x0: Any = None,
    max_iter: int | None = None,
    stop: Rule | None = None,
    rng: RNGLike = None,
    record: Any = None,
    store_x: bool | float = False,
    metrics: Mapping[str, Callable[[Any], Any]] | None = None,
    callback: Callable[[Any], Any] | Sequence[Callable[[Any], Any]] | None = None,
    reps: int | None = None,
) -> Result:
    """Run a solver on a problem.

    Parameters
    ----------
    solver : Solver
        The algorithm with its hyper-parameters.
    problem : Problem
        The problem; it must offer the oracles in ``solver.requires``.
    x0 : array_like, optional
        Start; the problem's default when absent.  Never modified.
    max_iter : int, optional
        Limit on the number of steps, >= 0.  Without `max_iter` and `stop` it is 1000; with `stop` alone there is none.
    stop : Rule, optional
        Stopping rule from `optlab.stop`, composable with ``|`` and ``&``.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the run; the same seed gives the same bits.
    record : None, int, "log", list of int, callable or Schedule, optional
        When to add a history row: every step (default), every n, 20 rows a decade, listed k, a rule ``due(k)``.
    store_x : bool or float, default False
        Keep the iterates of the rows; a number is a memory cap in bytes.
    metrics : mapping of str to callable, optional
        Further metrics ``f(x)`` to record beside the problem's own.
    callback : callable or sequence of callables, optional
        Called as ``callback(view)`` after each recorded row (or ``callback(intermediate_result)`` as in SciPy);
        returning True or raising StopIteration stops the run.
    reps : int, optional
        Number of independent repetitions carried on a leading axis; repetition r equals, to rounding, the single run
        with ``rng=optlab.rng.spawn(rng, reps)[r]``.  Stopping rules fire when they hold for every repetition.

    Returns
    -------
    Result
        The last iterate, status, history, oracle counts, and the way to `resume`.

    Raises
    ------
    MissingOracle
        If the problem lacks an oracle, before any work.
    ValueError, TypeError
        If an argument is out of range or of the wrong type.
    Exception
        Whatever an oracle or callback raises; its ``result`` attribute holds the partial result.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(1, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    >>> result = ol.run(ol.GradientDescent(step_size=0.4), problem, x0=[1.0], stop=ol.stop.Below("value", 1e-6))
    >>> result.status.name, result.k
    ('STOPPED', 5)
    """
    if max_iter is None and stop is None:
        max_iter = _DEFAULT_MAX_ITER
    schedule = as_schedule(record)
    return _prepare(solver, problem, x0, max_iter, stop, rng, schedule, store_x, metrics, callback, reps).finish()


def iterate(
    solver: Solver,
    problem: Any,
    *,
    x0: Any = None,
    max_iter: int | None = None,
    stop: Rule | None = None,
    rng: RNGLike = None,
) -> Iterator[State]:
    """Yield the state before the first step and after every step: the same algorithm as `run`, one step at a time.

    Parameters
    ----------
    solver, problem, x0, max_iter, stop, rng
        As in `run`; without `max_iter` and `stop` the iteration goes on until the method itself has finished.

    Yields
    ------
    State
        A snapshot that stays valid while the iteration goes on.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(1, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    >>> [float(s.x[0]) for s in ol.GradientDescent(step_size=0.25).iterate(problem, x0=[1.0], max_iter=2)]
    [1.0, 0.5, 0.25]
    """
    schedule = At(()) if stop is None else as_schedule(None)
    prepared = _prepare(solver, problem, x0, max_iter, stop, rng, schedule, False, None, None, None)
    return _snapshots(prepared.loop(each_step=True))


def _snapshots(states: Iterator[State]) -> Iterator[State]:
    while True:
        with np.errstate(all="ignore"):  # only while the loop runs: the caller's code between steps is not silenced
            state = next(states, None)
        if state is None:
            return
        yield state.snapshot()


def resume(result: Result, *, max_iter: int | None = None, stop: Rule | None = None, callback: Any = None) -> Result:
    """Go on where a run ended: the function behind `Result.resume`.

    Parameters
    ----------
    result : Result
        Where to start; it stays as it is.
    max_iter, stop, callback
        As in `Result.resume`.

    Returns
    -------
    Result
        What a run straight to the new limit would have given, bit for bit.

    Raises
    ------
    ValueError
        If there is no state to go on from, or `max_iter` lies behind it.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(1, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    >>> result = ol.GradientDescent(step_size=0.25).run(problem, x0=[1.0], max_iter=2)
    >>> float(ol.resume(result, max_iter=4).x[0])
    0.0625
    """
    if result.status in (Status.NONFINITE, Status.ERROR):
        raise ValueError(f"a run that ended in {result.status.name} cannot be resumed; start again from result.x")
    if result.state is None:
        raise ValueError("a run interrupted inside a step cannot be resumed; start again from result.x or a checkpoint")
    if max_iter is not None and integer("max_iter", max_iter, at_least=0) < result.k:
        raise ValueError(f"max_iter is the total number of steps: got {max_iter}, but {result.k} were already made")
    options = dict(result.options)
    history = result.history.copy()
    if options.pop("provisional"):
        history.pop()
    if stop is not None:
        options["stop"] = stop
    if max_iter is None and options["stop"] is None:
        max_iter = _DEFAULT_MAX_ITER + result.k
    state = result.detached_state()
    state.k_max, state.cut = None, False
    ledger = Ledger(result.problem, result.calls)
    return Drive(
        result.solver, result.problem, state, history, ledger, options, max_iter, callback, result.time, result.seed
    ).finish()
