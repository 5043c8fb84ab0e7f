"""Status and Result: what a run returns, said honestly."""

from __future__ import annotations

import copy
import enum
import os
import pickle
import tempfile
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Result", "Status", "load"]


class Status(enum.Enum):
    """Why a run ended."""

    CONVERGED = "a rule that implies convergence fired"
    EXACT = "the method certified an exact solution"
    LOCAL = "the method certified a local solution"
    STREAM_END = "the data stream was consumed"
    MAX_ITER = "the iteration limit was reached"
    MAX_TIME = "the time limit was reached"
    STOPPED = "stopped by a callback or by a rule that does not imply convergence"
    STALLED = "no further progress was possible"
    DIVERGED = "the iterates diverged"
    NONFINITE = "an iterate became NaN or infinite"
    ERROR = "an exception was raised"

    @property
    def success(self) -> bool:
        """Whether the task was done; running out of iterations or being stopped never is success."""
        return self in (Status.CONVERGED, Status.EXACT, Status.LOCAL, Status.STREAM_END)


@dataclass
class Result:
    """The outcome of a run.

    Attributes
    ----------
    x : array
        The returned iterate; its history row is the last one.
    status : Status
        Why the run ended.
    message : str
        The same in a sentence with the numbers.
    success : bool
        Whether the task was done.
    k : int
        Steps made.
    time : float
        Solver time in seconds, without metrics and callbacks.
    history : History
        The record of the run.
    calls : dict of str to int
        Oracle calls.
    seed : SeedSequence
        Pass it as ``rng=`` to reproduce the run.
    solver, problem : Solver, Problem
        What was run on what.
    state : State
        The last state, from which `resume` goes on.
    options : dict
        The options of the run, which `resume` keeps.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(1, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    >>> result = ol.GradientDescent(step_size=0.25).run(problem, x0=[1.0], max_iter=2)
    >>> result.status.name, result.success, result.calls["gradient"]
    ('MAX_ITER', False, 2)
    >>> float(result.resume(max_iter=4).x[0])
    0.0625
    """

    x: Any
    status: Status
    message: str
    k: int
    time: float
    history: Any
    calls: dict[str, int]
    seed: Any
    solver: Any
    problem: Any
    state: Any = field(repr=False)
    options: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether the task was done."""
        return self.status.success

    def resume(self, *, max_iter: int | None = None, stop: Any = None, callback: Any = None) -> Result:
        """Go on where this run ended and return a new result; this one stays as it is.

        The outcome is bit-identical to a run that had gone straight to the new limit.

        Parameters
        ----------
        max_iter : int, optional
            The new *total* number of steps.
        stop : Rule, optional
            A new stopping rule; the old one (without its iteration limit) when absent.
        callback : callable, optional
            A new callback.

        Raises
        ------
        ValueError
            If the run ended in NONFINITE or ERROR: there is no state to go on from.
        """
        from optlab.core.run import resume

        return resume(self, max_iter=max_iter, stop=stop, callback=callback)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the result to a file, atomically; `optlab.load` reads it back and it can be resumed."""
        folder = os.path.dirname(os.path.abspath(path))
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".checkpoint-")
        try:
            with os.fdopen(handle, "wb") as file:
                pickle.dump(self, file, protocol=pickle.HIGHEST_PROTOCOL)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    def to_scipy(self) -> Any:
        """Return a `scipy.optimize.OptimizeResult` with the names SciPy's users know."""
        from scipy.optimize import OptimizeResult

        out = OptimizeResult(
            x=self.x,
            success=self.success,
            status=list(Status).index(self.status),
            message=self.message,
            nit=self.k,
            nfev=self.calls.get("value", 0) + self.calls.get("smooth_value", 0),
            njev=sum(count for name, count in self.calls.items() if "gradient" in name),
            nhev=self.calls.get("hessian_product", 0),
            execution_time=self.time,
        )
        for name in ("value", "loss"):
            if name in self.history:
                out["fun"] = self.history.last[name]
                break
        return out

    def __copy__(self) -> Result:
        return self.__class__(**{name: getattr(self, name) for name in self.__dataclass_fields__})

    def __str__(self) -> str:
        calls = ", ".join(f"{count} {name}" for name, count in self.calls.items() if count)
        return (
            f"{type(self.solver).__name__} on {self.problem.name}: {self.status.name} after {self.k} iterations, "
            f"{self.time:.3g} s ({self.message}); calls: {calls or 'none'}"
        )

    def detached_state(self) -> Any:
        """Return a deep copy of the state, so that going on leaves this result untouched."""
        return copy.deepcopy(self.state)


def load(path: str | os.PathLike[str]) -> Result:
    """Read a result (or a checkpoint) back from a file.

    Only open files you trust: the format is Python's pickle.

    Parameters
    ----------
    path : str or path-like
        A file written by `Result.save` or by `optlab.callbacks.Checkpoint`.

    Returns
    -------
    Result
        The result, which can be resumed.

    Raises
    ------
    TypeError
        If the file holds something else.

    Examples
    --------
    >>> import os, tempfile
    >>> import optlab as ol
    >>> result = ol.GradientDescent().run(ol.problems.Quadratic([1.0, 10.0]), max_iter=5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.optlab")
    ...     result.save(path)
    ...     ol.load(path).resume(max_iter=20).k
    20
    """
    with open(path, "rb") as file:
        result = pickle.load(file)
    if not isinstance(result, Result):
        raise TypeError(f"{path} does not hold an optlab Result but a {type(result).__name__}")
    return result
