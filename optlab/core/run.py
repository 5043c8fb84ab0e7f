"""The driver: the only loop over iterations in the package.

`run`, `iterate` and `resume` all go through `_Run._advance`.  The driver does no arithmetic on iterates; it counts,
times, records, asks the stopping rules, calls the user back, and says honestly how it ended.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from optlab.core.callbacks import as_callbacks
from optlab.core.history import At, History, Schedule, as_schedule
from optlab.core.ledger import Ledger
from optlab.core.result import Result, Status
from optlab.core.rng import RNGLike, seed_sequence, spawn, streams
from optlab.core.solver import Solver, State
from optlab.core.stop import MaxIter, MaxTime, Rule
from optlab.core.validate import integer
from optlab.core.xp import namespace

__all__ = ["View", "iterate", "resume", "run"]

_DEFAULT_MAX_ITER = 1000
#: Between recorded rows the driver looks at least this often whether the iterate is finite.  The iterates since the last
#: look are held until then, so that the last finite one is found exactly; large ones are looked at in every step.
_LOOK_EVERY, _HELD_SIZE = 64, 4096


class View:
    """What stopping rules and callbacks see: the run at a recorded row.

    Attributes
    ----------
    solver, problem : Solver, Problem
        What is being run on what.
    k : int
        Steps made.
    x : array
        The iterate (do not write to it).
    time : float
        Solver time so far, in seconds.
    row : dict of str to value
        The history row of this iterate.
    history : History
        All rows so far.
    calls : dict of str to int
        Oracle calls so far.
    max_iter : float
        The iteration limit, infinite when there is none.
    """

    def __init__(self, run: _Run) -> None:
        self._run = run
        self.solver, self.problem, self.history = run.solver, run.problem, run.history
        self.calls = run.ledger.calls

    @property
    def row(self) -> dict[str, Any]:
        """The history row of this iterate."""
        return self.history.last

    @property
    def k(self) -> int:
        """Steps made."""
        return self._run.state.k

    @property
    def x(self) -> Any:
        """The iterate."""
        return self._run.state.x

    @property
    def time(self) -> float:
        """Solver time so far, in seconds."""
        return self._run.elapsed

    @property
    def max_iter(self) -> float:
        """The iteration limit."""
        return self._run.max_iter

    def result(self) -> Result:
        """Return an independent `Result` of the run so far; it can be saved and resumed."""
        return self._run.result(Status.STOPPED, "taken while the run was going on", detach=True)


class _Run:
    def __init__(
        self,
        solver: Solver,
        problem: Any,
        state: State,
        history: History,
        ledger: Ledger,
        options: dict[str, Any],
        max_iter: int | None,
        callback: Any,
        elapsed: float = 0.0,
        seed: Any = None,
    ) -> None:
        self.solver, self.problem, self.state, self.history, self.ledger = solver, problem, state, history, ledger
        self.options = options
        self.max_iter: float = math.inf if max_iter is None else max_iter
        self.callbacks = as_callbacks(callback)
        self.elapsed, self.seed = elapsed, seed
        self.stop: Rule | None = options["stop"]
        self.schedule: Schedule = options["schedule"]
        self.metrics: Mapping[str, Callable[[Any], Any]] = options["metrics"]
        rules = list(self.stop.parts()) if self.stop else []
        self.time_limit = min((rule.seconds for rule in rules if isinstance(rule, MaxTime)), default=math.inf)
        self.step_limits = {rule.n for rule in rules if isinstance(rule, MaxIter)}
        self.good: tuple[Any, int] = (state.x, state.k)
        self.held: list[tuple[Any, int]] = []
        self.look_every = 1 if getattr(state.x, "size", 0) > _HELD_SIZE else _LOOK_EVERY
        self.next_row: float = 0
        self.provisional = False
        self.ended: tuple[Status, str] | None = None
        self.view = View(self)
        self.errstate: Any = np.geterr()

    def record(self) -> None:
        """Add the row of the present iterate, unless it is there already."""
        k = self.state.k
        if self.history.last_k == k:
            return
        due = k >= self.next_row
        self.provisional = k > 0 and (not due or self.state.cut)
        x = self.state.x
        metrics = self.problem.measure(x)
        if self.metrics:
            metrics = metrics | {name: metric(x) for name, metric in self.metrics.items()}
        self.history.append(k, self.elapsed, metrics, self.ledger.calls, self.state.info)
        if self.history.stores_x:
            self.history.store(k, x)
        if due:
            self.next_row = self.schedule.next(k)

    def loop(self, each_step: bool = False) -> Iterator[State]:
        """Drive the run to its end; yields the state at the start and whenever the driver looks up."""
        for hook in self.callbacks:
            hook.start(self.view)
        try:
            if not len(self.history):
                self.record()
            else:
                self.next_row = self.schedule.next(self.history.last_k)
            self._judge()
            yield self.state
            while self.ended is None:
                self._advance(each_step)
                self._look()
                yield self.state
        except BaseException as err:
            if isinstance(err, GeneratorExit):
                raise
            self._attach(err)
            raise
        finally:
            for hook in self.callbacks:
                hook.close(self.view)

    def _advance(self, each_step: bool) -> None:
        """Make steps until there is something to look at: a due row, the limit, the end."""
        state, step, ledger = self.state, self.solver.step, self.ledger
        limit = min((n for n in self.step_limits if n > state.k), default=math.inf)
        limit = min(limit, self.max_iter)
        state.k_max = int(limit) if limit < math.inf else None
        k_look = state.k + 1 if each_step else min(self.next_row, limit, state.k + self.look_every)
        held = self.held = []
        began = perf_counter()
        deadline = began + self.time_limit - self.elapsed
        timed = deadline < math.inf
        try:
            while True:
                k = state.k
                held.append((state.x, k))
                state = step(ledger, state)
                if state.trace:
                    self.history.extend_trace(state.trace)
                    state.trace = {}
                if state.k >= k_look or state.done is not None or (timed and perf_counter() >= deadline):
                    break
                if state.k == k:
                    raise RuntimeError(f"{type(self.solver).__name__}.step made no progress: k stayed at {k}")
        finally:
            self.elapsed += perf_counter() - began
            self.state = state

    def _look(self) -> None:
        """Check the iterate, record it when due, and ask whether the run has ended."""
        state = self.state
        if not _finite(state.x):
            self._retreat()
            self.ended = Status.NONFINITE, f"the iterate became NaN or infinite in step {self.good[1] + 1}"
            return
        self.good, self.held = (state.x, state.k), []
        at_limit = state.k >= self.max_iter or state.k in self.step_limits or self.elapsed >= self.time_limit
        finished = at_limit or state.done is not None
        if state.k >= self.next_row or finished:
            self.record()
            self._judge()
            if not self.provisional:
                self._call_back()

    def _retreat(self) -> None:
        """Go back to the last finite iterate among those held since the last look."""
        self.good = next((held for held in reversed(self.held) if _finite(held[0])), self.good)
        self.held = []

    def _judge(self) -> None:
        """Ask, in this order: the method itself, the user's rule, the iteration limit."""
        state = self.state
        if state.done is not None:
            self.ended = state.done, state.message or state.done.value
        elif self.stop is not None and (answer := self.stop.check(self.view)) is not None:
            self.ended = answer
        elif state.k >= self.max_iter:
            self.ended = Status.MAX_ITER, f"the limit of {int(self.max_iter)} iterations was reached"

    def _call_back(self) -> None:
        for hook in self.callbacks:
            try:
                with np.errstate(**self.errstate):  # the user's code keeps the user's settings
                    wants_to_stop = hook(self.view)
            except StopIteration:
                wants_to_stop = True
            if wants_to_stop is True and self.ended is None:
                self.ended = Status.STOPPED, "a callback asked to stop"

    def _attach(self, err: BaseException) -> None:
        """Nothing is lost: the last good iterate and the history travel with the exception."""
        interrupted = isinstance(err, KeyboardInterrupt)
        status = Status.STOPPED if interrupted else Status.ERROR
        self.ended = status, "interrupted by the user" if interrupted else f"{type(err).__name__}: {err}"
        torn = bool(self.held)  # the exception came from inside a step, which may have left the state half updated
        self._retreat()
        try:
            result = self.result(*self.ended, at=self.good)
            result.state = None if torn else result.state
            err.result = result  # type: ignore[attr-defined]
            err.add_note(f"optlab: after {self.good[1]} steps; the last iterate and the history are in `.result`")
        except Exception:  # an exception type that takes no attributes, or metrics that fail too: raise the original
            with contextlib.suppress(Exception):
                err.add_note("optlab: the partial result could not be attached")

    def result(self, status: Status, message: str, detach: bool = False, at: tuple[Any, int] | None = None) -> Result:
        """Return the outcome at the present iterate, or at the one given in `at`."""
        history, state = self.history, self.state
        x, k = at or (state.x, state.k)
        if 0 <= history.last_k < k and not detach:
            metrics = self.problem.measure(x) if status is not Status.ERROR else {}
            history.append(k, self.elapsed, metrics, self.ledger.calls, {} if x is not state.x else state.info)
            if history.stores_x:
                history.store(k, x)
            self.provisional = True
        result = Result(
            x=x,
            status=status,
            message=message,
            k=k,
            time=self.elapsed,
            history=history.copy() if detach else history,
            calls=dict(self.ledger.calls),
            seed=self.seed,
            solver=self.solver,
            problem=self.problem,
            state=state,
            options=self.options | {"provisional": self.provisional},
        )
        if detach:
            result.state = result.detached_state()
        return result

    def finish(self) -> Result:
        """Drive to the end and return the result."""
        with np.errstate(all="ignore"):  # the driver looks at the iterates itself
            for _ in self.loop():
                pass
            assert self.ended is not None
            return self.result(*self.ended, at=self.good)


def _finite(x: Any) -> bool:
    if isinstance(x, np.ndarray):
        # A finite square norm proves it at a third of the cost; an overflowing one proves nothing.
        return (x.ndim == 1 and math.isfinite(x.dot(x))) or bool(np.isfinite(x).all())
    if isinstance(x, tuple):
        return all(_finite(part) for part in x)
    if hasattr(x, "isfinite"):
        return bool(x.isfinite())
    if hasattr(x, "dtype"):
        xp = namespace(x)
        return bool(xp.all(xp.isfinite(x)))
    return True


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
) -> _Run:
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
    return _Run(solver, problem, state, History(store_x), ledger, options, max_iter, callback, seed=seed)


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
    return _Run(
        result.solver, result.problem, state, history, ledger, options, max_iter, callback, result.time, result.seed
    ).finish()
