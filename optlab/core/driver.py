"""The driver: the only loop over iterations in the package.

`optlab.core.run` opens a run and this module drives it; all ways in go through `Drive.loop`.  The driver does no
arithmetic on iterates; it counts, times, records, asks the stopping rules, calls the user back, and says honestly how
it ended.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from optlab.core.callbacks import as_callbacks
from optlab.core.history import History
from optlab.core.ledger import Ledger
from optlab.core.result import Result, Status
from optlab.core.schedule import Schedule
from optlab.core.solver import Solver, State
from optlab.core.stop import MaxIter, MaxTime, Rule
from optlab.core.xp import namespace

__all__ = ["Drive", "View"]

#: Between recorded rows the driver looks at least this often whether the iterate is finite.  The iterates since the
#: last look are held until then, so that the last finite one is found exactly; large ones are looked at every step.
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

    def __init__(self, run: Drive) -> None:
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


class Drive:
    """One run on its way: everything that changes while it goes on, and the loop."""

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
        self.held: list[tuple[Any, int]] = []  # what came after `good` and was not looked at yet
        self.stepping = False
        self.look_every = 1 if getattr(state.x, "size", 0) > _HELD_SIZE else _LOOK_EVERY
        self.next_row: float = 0
        self.provisional = False
        self.ended: tuple[Status, str] | None = None
        self.view = View(self)
        self.errstate: Any = np.geterr()

    def record(self) -> None:
        """Add the row of the present iterate, unless it is there already."""
        state, history = self.state, self.history
        k, x = state.k, state.x
        if history.last_k == k:
            return
        due = k >= self.next_row
        self.provisional = k > 0 and (not due or state.cut)
        metrics = self.problem.measure(x)
        if self.metrics:
            metrics = metrics | {name: metric(x) for name, metric in self.metrics.items()}
        history.append(k, self.elapsed, metrics, self.ledger.calls, state.info)
        if history.stores_x:
            history.store(k, x)
        if due:
            self.next_row = self.schedule.next(k)

    def loop(self, each_step: bool = False) -> Iterator[State]:
        """Drive the run to its end; yields the state at the start, and after each step when that is asked for."""
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
                if each_step:
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
        k = state.k
        limit = self.max_iter
        if self.step_limits:
            limit = min(limit, min((n for n in self.step_limits if n > k), default=limit))
        state.k_max = int(limit) if limit < math.inf else None
        k_look = k + 1 if each_step else min(self.next_row, limit, k + self.look_every)
        held, self.stepping = self.held, True
        began = perf_counter()
        timed = self.time_limit < math.inf
        deadline = began + self.time_limit - self.elapsed
        try:
            while True:
                k = state.k
                state = step(ledger, state)
                if state.trace:
                    self.history.extend_trace(state.trace)
                    state.trace = {}
                if state.k >= k_look or state.done is not None or (timed and perf_counter() >= deadline):
                    break
                if state.k == k:
                    raise RuntimeError(f"{type(self.solver).__name__}.step made no progress: k stayed at {k}")
                held.append((state.x, state.k))
            self.stepping = False
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
        k = state.k
        self.good = (state.x, k)
        if self.held:
            self.held.clear()
        due = k >= self.next_row or k >= self.max_iter or state.done is not None
        if due or k in self.step_limits or self.elapsed >= self.time_limit:
            self.record()
            self._judge()
            if self.callbacks and not self.provisional:
                self._call_back()

    def _retreat(self) -> None:
        """Go back to the last finite iterate among those held since the last look."""
        self.good = next((held for held in reversed(self.held) if _finite(held[0])), self.good)
        self.held.clear()

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
        torn = self.stepping  # the exception came from inside a step, which may have left the state half updated
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
