"""What a claim is made of: kinds, verdicts, cases, measurements, assumptions."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["BUDGETS", "KINDS", "Assumption", "Case", "Known", "Measurement", "Verdict", "as_points"]

BUDGETS = ("quick", "standard", "full")

#: The kinds of claims and what each asserts; every kind has its judge in `optlab.claims.judge`.
KINDS = {
    "pathwise": "measured <= bound at every point of the axis, on every run",
    "lower": "measured >= bound at every point of the axis (a lower bound or an impossibility)",
    "expectation": "the mean over seeds is <= bound at every checkpoint",
    "probability": "measured <= bound with probability at least 1 - delta",
    "exponent": "measured = O(bound) up to a hidden constant: the log-log slope of measured/bound is <= 0",
    "scaling": "over a sweep of a parameter measured grows no faster than bound (two-sided: as fast as)",
    "comparison": "measured <= bound on average, the two measured with common random numbers",
    "exactness": "measured equals bound up to a stated tolerance",
}


class Verdict(enum.Enum):
    """What a study says of a claim.  No verdict ever means "proved"."""

    SUPPORTED = "the measurements agree with the claim"
    REFUTED = "the measurements contradict the claim"
    INCONCLUSIVE = "the measurements cannot tell"
    NOT_APPLICABLE = "an assumption fails on every case"
    ERROR = "the study crashed"


class Known:
    """What a bound may use, as attributes: constants of the problem, parameters of the case, extras of the run.

    Parameters
    ----------
    *sources : mapping
        Numbers by name; a later source overrides an earlier one.

    Examples
    --------
    >>> import optlab as ol
    >>> c = ol.claims.Known({"L": 4.0}, {"D": 1.0})
    >>> c.L * c.D**2, "mu" in c
    (4.0, False)
    """

    def __init__(self, *sources: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        for source in sources:
            self._values.update(source)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            known = ", ".join(sorted(self._values)) or "nothing"
            raise AttributeError(f"the bound uses {name}, which is not known here (known: {known})") from None

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        return f"Known({', '.join(sorted(self._values))})"


@dataclass(frozen=True)
class Case:
    """One problem on which a claim is tried.

    Parameters
    ----------
    name : str
        How the report calls it.
    problem : Problem or callable
        The problem, or ``problem(rng) -> Problem`` for one drawn anew for every seed from a numpy Generator.
    solver : Solver, optional
        What runs on it.
    max_iter : int
        Number of steps of the default measurement.
    params : mapping, optional
        Numbers the bound may use beside the problem's constants (a step size, a horizon, the swept parameter).
    record : optional
        History schedule, as in `optlab.run`.
    x0 : array_like, optional
        Start.
    tight : bool
        Whether the bound is (nearly) attained here.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.claims.Case("well conditioned", ol.problems.Quadratic([1.0, 2.0]), ol.GradientDescent(), 20).name
    'well conditioned'
    """

    name: str
    problem: Any
    solver: Any = None
    max_iter: int = 100
    params: Mapping[str, Any] = field(default_factory=dict)
    record: Any = "log"
    x0: Any = None
    tight: bool = False


@dataclass(frozen=True)
class Measurement:
    """What was measured on one run (or, with a leading axis, on several repetitions).

    Parameters
    ----------
    axis : array_like, shape (A,)
        Where it was measured: iterations, samples, a swept parameter.  A number stands for one point.
    value : array_like, shape (A,) or (reps, A)
        The measured quantity.
    bound : array_like, optional
        What to compare with, when that too is measured (comparison, exactness); the claim's bound otherwise.
    known : mapping, optional
        Numbers the bound may use, such as the initial distance.

    Examples
    --------
    The number of updates of a perceptron, as one point of an axis:

    >>> import optlab as ol
    >>> def updates(case, problem, seed):
    ...     return ol.claims.Measurement(problem.n, ol.Perceptron().run(problem).k)
    >>> updates(None, ol.problems.Orthant(7), 0).value
    7
    """

    axis: Any
    value: Any
    bound: Any = None
    known: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Assumption:
    """A hypothesis of the theorem as a predicate with a name for the report.

    Parameters
    ----------
    name : str
        The hypothesis in words.
    holds : callable
        ``holds(problem, case) -> bool``; a case on which it is false is left out.

    Examples
    --------
    >>> import optlab as ol
    >>> def short(problem, case):
    ...     return case.solver.step_size <= 2 / problem.constants.L
    >>> case = ol.claims.Case("long step", ol.problems.Quadratic([1.0, 2.0]), ol.GradientDescent(step_size=1.5))
    >>> ol.claims.Assumption("the step is at most 2/L", short).holds(case.problem, case)
    False
    """

    name: str
    holds: Callable[[Any, Case], bool]


def as_points(array: Any) -> np.ndarray[Any, Any]:
    """Return an array of at least one dimension, in double precision."""
    return np.atleast_1d(np.asarray(array, dtype=float))
