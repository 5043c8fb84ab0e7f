"""Solver and State: an algorithm is `init` and `step`; the loop lives in `optlab.core.driver` and nowhere else."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from optlab.core.oracles import check_requirements

if TYPE_CHECKING:
    from optlab.core.result import Result, Status

__all__ = ["SOLVERS", "Solver", "State"]

#: Every concrete solver class that was imported, by name; `MissingOracle` and the catalogue read it.
SOLVERS: dict[str, type[Solver]] = {}


@dataclass
class State:
    """What an algorithm carries from one step to the next.

    A solver may subclass it with buffers of its own.  `step` may update a state in place and return it, with one
    exception: the arrays behind `x` are never written to.  A step assigns a *new* array, so whoever holds the old
    iterate (the driver, for "last finite iterate"; a stored history) still holds it.

    Attributes
    ----------
    x : array, tuple of arrays or object with `copy`
        The iterate.
    k : int
        Number of steps made, in the units the method's paper counts.
    info : dict of str to scalar
        Facts about the step just made, at iterate `x`; `init` fills those of row 0 as far as they exist.
    trace : dict of str to array
        Exact per-unit values of a chunked step: each array has one entry per unit since the previous step.
    rng : Streams or tuple of Streams
        The named random streams; a tuple, one per repetition, in a batched run.
    done : Status or None
        Set by the method when it knows that it has finished (solved exactly, stream exhausted, cannot move).
    message : str
        One sentence to go with `done`.
    k_max : int or None
        How far the driver wants to go; only chunked steps look at it (through `units`).
    cut : bool
        Whether `k_max` cut the last chunk short; set by `units`.

    Examples
    --------
    >>> import optlab as ol
    >>> states = ol.GradientDescent().iterate(ol.problems.Quadratic([1.0, 2.0]))
    >>> start, first = next(states), next(states)
    >>> start.k, start.x, first.k, first.x
    (0, array([0., 0.]), 1, array([0.5, 1. ]))
    """

    x: Any
    k: int = 0
    info: dict[str, Any] = field(default_factory=dict)
    trace: dict[str, Any] = field(default_factory=dict)
    rng: Any = None
    done: Status | None = None
    message: str = ""
    k_max: int | None = None
    cut: bool = False

    def units(self, chunk: int) -> int:
        """Return how many units the next chunked step makes: up to the next multiple of `chunk`, or up to `k_max`.

        Aligning chunks to multiples makes a resumed run take the same steps as a straight one.
        """
        wanted = chunk - self.k % chunk
        allowed = wanted if self.k_max is None else min(wanted, self.k_max - self.k)
        self.cut = allowed < wanted
        return allowed

    def snapshot(self) -> Self:
        """Return a shallow copy with its own `info` and `trace`, safe to keep while the run goes on."""
        twin = copy.copy(self)
        twin.info = dict(self.info)
        twin.trace = dict(self.trace)
        return twin


@dataclass(frozen=True)
class Solver:
    """Base class of all solvers: a frozen dataclass of hyper-parameters with the two verbs `init` and `step`.

    A solver never loops over iterations, prints, times, counts calls, stores history or decides when to stop.

    Attributes
    ----------
    requires : tuple
        Oracle Protocols the solver needs; a tuple inside means "any of these".
    batched : bool
        Whether `init` and `step` carry repetitions on a leading axis (see `run` and its ``reps``).

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import optlab as ol
    >>> @dataclass(frozen=True)
    ... class Halving(ol.Solver):
    ...     "Halve x: the shortest solver there is."
    ...     requires = ()
    ...     def init(self, problem, x0, rng):
    ...         return ol.State(x0)
    ...     def step(self, problem, state):
    ...         state.x = state.x / 2
    ...         state.k += 1
    ...         return state
    >>> Halving().run(ol.FunctionProblem(1), x0=[8.0], max_iter=3).x
    array([1.])
    """

    requires: ClassVar[tuple[Any, ...]] = ()
    batched: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("optlab.solvers.") and not cls.__name__.startswith("_"):
            SOLVERS[cls.__name__] = cls

    def init(self, problem: Any, x0: Any, rng: Any) -> State:
        """Return the state before the first step.

        Parameters
        ----------
        problem : Problem
            The problem, seen through a `Ledger`.
        x0 : array
            The start: a fresh, validated copy of the user's, or the problem's default.
        rng : Streams or tuple of Streams
            Random streams; a tuple, one per repetition, in a batched run.
        """
        raise TypeError(f"{type(self).__name__} has no init")

    def step(self, problem: Any, state: State) -> State:
        """Make one step (or one chunk of steps) and return the state; `x` is assigned, never written into."""
        raise TypeError(f"{type(self).__name__} has no step")

    def check(self, problem: Any) -> None:
        """Raise unless the problem offers what this solver needs; subclasses add their own checks.

        Raises
        ------
        MissingOracle
            If an oracle is missing.
        """
        check_requirements(problem, self.requires, type(self).__name__, SOLVERS.values())

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some hyper-parameters changed."""
        return dataclasses.replace(self, **changes)

    def run(self, problem: Any, **options: Any) -> Result:
        """Run on `problem`; the options are those of `optlab.run`.

        Returns
        -------
        Result
            The last iterate, an honest status, the history and the oracle counts.
        """
        from optlab.core.run import run

        return run(self, problem, **options)

    def iterate(self, problem: Any, **options: Any) -> Iterator[State]:
        """Yield the state before the first step and after each one; the options are those of `optlab.iterate`."""
        from optlab.core.run import iterate

        return iterate(self, problem, **options)
