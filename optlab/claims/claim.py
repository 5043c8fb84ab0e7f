"""Claim: a theorem as an object that can be run.

A claim says what is bounded, by what, under which assumptions, on which problems it is tried, how it is judged, and
which negative controls must come back REFUTED for a SUPPORTED to mean anything.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optlab.core.validate import one_of

__all__ = ["BUDGETS", "KINDS", "Assumption", "Case", "Claim", "Control", "Known", "Measurement", "Verdict", "claim"]

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


class Control:
    """A negative control: the claim with something broken, which must come back REFUTED.

    Parameters
    ----------
    description : str
        What was broken: an assumption, the bound sharpened, the solver sabotaged.
    **changes
        Fields of the claim to replace (``cases``, ``bound``, ``measured``, ``options``, ``seeds``, ...).  The
        assumptions are not checked for a control.

    Raises
    ------
    TypeError
        If nothing is changed, or a field is unknown.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.claims.Control("the bound halved", bound=lambda k, c: 0.5 / k).description
    'the bound halved'
    """

    def __init__(self, description: str, **changes: Any) -> None:
        if not changes:
            raise TypeError(f"the control {description!r} changes nothing")
        unknown = set(changes) - {"cases", "bound", "measured", "options", "seeds", "kind"}
        if unknown:
            raise TypeError(f"the control {description!r} cannot change {', '.join(sorted(unknown))}")
        self.description = description
        self.changes = changes

    def __repr__(self) -> str:
        return f"Control({self.description!r}, changes {', '.join(self.changes)})"


@dataclass(frozen=True)
class Claim:
    """A theorem as an executable object; see `optlab.claim` for the friendly way to write one.

    Parameters
    ----------
    id : str
        ``<prefix>/<name>``.
    statement : str
        The claim in words.
    source : str
        Paper and theorem, or "derived here".
    kind : str
        One of `KINDS`.
    cases : sequence of Case or callable
        Where it is tried; a callable gets the budget ("quick", "standard", "full").
    bound : callable, optional
        ``bound(axis, c)``: the right-hand side, `c` a `Known`.
    measured : str or callable
        A history column of ``case.solver`` run on the problem, or ``measured(case, problem, seed) -> Measurement``.
    latex : str
        The claim as a formula, for the report.
    axis : str
        What the axis is called.
    assumptions : sequence of Assumption
        Hypotheses; a case on which one fails is left out.
    uses : mapping of str to {"upper", "lower"}
        Constants the bound uses and from which side they must be certified (added to the assumptions).
    controls : sequence of Control
        What must come back REFUTED.
    seeds : int or mapping of budget to int
        Repetitions of each case.
    options : mapping
        Parameters of the judge (`optlab.claims.judge`): slack, floor, delta, alpha, sides, tol, window, ...
    expected : str
        Name of the verdict we expect; "SUPPORTED" unless the claim is known to be false as stated.
    reason : str
        Why another verdict is expected.
    doc : str
        Remarks for the report.
    origin : str
        Where the claim was found: "library", or the file or module that defines it.

    Raises
    ------
    ValueError
        If a field does not fit, naming it.

    Examples
    --------
    >>> import optlab as ol
    >>> theorem = ol.claims.Claim(
    ...     id="mine/perceptron",
    ...     statement="On n orthonormal samples the Perceptron makes at most n updates.",
    ...     source="Novikoff 1962",
    ...     kind="pathwise",
    ...     cases=[ol.claims.Case(f"n = {n}", ol.problems.Orthant(n), ol.Perceptron()) for n in (5, 50)],
    ...     measured=lambda case, problem, seed: ol.claims.Measurement(problem.n, case.solver.run(problem).k),
    ...     bound=lambda n, c: n,
    ...     controls=[ol.claims.Control("one update less", bound=lambda n, c: n - 1)],
    ... )
    >>> theorem.check().headline
    'SUPPORTED'
    """

    id: str
    statement: str
    source: str
    kind: str
    cases: Any
    bound: Callable[[Any, Known], Any] | None = None
    measured: str | Callable[..., Measurement] = "gap"
    latex: str = ""
    axis: str = "iteration"
    assumptions: Sequence[Assumption] = ()
    uses: Mapping[str, str] = field(default_factory=dict)
    controls: Sequence[Control] = ()
    seeds: Any = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    expected: str = "SUPPORTED"
    reason: str = ""
    doc: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.+-]+", self.id):
            raise ValueError(f"id must look like 'prefix/name', got {self.id!r}")
        one_of("kind", self.kind, KINDS)
        one_of("expected", self.expected, [v.name for v in Verdict])
        if self.expected != "SUPPORTED" and not self.reason:
            raise ValueError(f"{self.id}: expected={self.expected} needs a reason")
        if not self.source:
            raise ValueError(f'{self.id}: a claim needs a source (a paper and theorem, or "derived here")')
        if not self.statement:
            raise ValueError(f"{self.id}: a claim needs a statement in words")
        for name, side in self.uses.items():
            one_of(f"uses[{name!r}]", side, ("upper", "lower"))
        if not callable(self.cases) and not len(self.cases):
            raise ValueError(f"{self.id}: a claim needs at least one case")

    @property
    def method(self) -> str:
        """The prefix of the id: which method the claim is about."""
        return self.id.split("/")[0]

    def cases_for(self, budget: str) -> Sequence[Case]:
        """Return the cases of a budget."""
        cases = self.cases(budget) if callable(self.cases) else self.cases
        return tuple(cases)

    def seeds_for(self, budget: str) -> int:
        """Return the number of seeds of a budget."""
        return int(self.seeds[budget] if isinstance(self.seeds, Mapping) else self.seeds)

    def controlled(self, control: Control) -> Claim:
        """Return the claim with a control's changes: no assumptions, no controls of its own."""
        changes = dict(control.changes)
        if "options" in changes:
            changes["options"] = {**self.options, **changes["options"]}
        return dataclasses.replace(self, assumptions=(), uses={}, controls=(), **changes)

    def check(self, budget: str = "quick", seeds: int | None = None, rng: int = 0) -> Any:
        """Run the claim with its controls and return the `Outcome` (the options are those of `optlab.verify`)."""
        from optlab.claims.runner import check

        return check(self, one_of("budget", budget, BUDGETS), seeds, rng)


def claim(
    id: str,
    *,
    kind: str = "pathwise",
    cases: Any,
    source: str = "the user's own",
    statement: str = "",
    **fields: Any,
) -> Callable[[Callable[[Any, Known], Any]], Claim]:
    r"""Turn a bound into a `Claim`: the decorated function is the right-hand side of the theorem.

    Parameters
    ----------
    id : str
        ``<prefix>/<name>``, e.g. ``"mine/gd"``.
    kind : str
        One of the kinds in `optlab.claims.KINDS`; "pathwise" asserts ``measured <= bound`` everywhere.
    cases : sequence of Case or callable
        Where the claim is tried.
    source : str
        Where it comes from.
    statement : str, optional
        The claim in words; the function's docstring when absent.
    **fields
        The other fields of `Claim`: measured, latex, axis, assumptions, uses, controls, seeds, options, expected, ...

    Returns
    -------
    callable
        A decorator that returns a `Claim`.

    Examples
    --------
    Gradient descent with step 1/L contracts the distance by (1 - mu/L) per step:

    >>> import optlab as ol
    >>> quadratic = ol.problems.Quadratic([1.0, 10.0])
    >>> @ol.claim(
    ...     "mine/contraction",
    ...     measured="distance",
    ...     cases=[ol.claims.Case("quadratic", quadratic, ol.GradientDescent(), 50)],
    ...     controls=[ol.claims.Control("rate squared", bound=lambda k, c: c.D * (1 - c.mu / c.L) ** (2 * k))],
    ...     options={"floor": 1e-12},
    ... )
    ... def contraction(k, c):
    ...     "The distance to the optimum shrinks by 1 - mu/L in every step."
    ...     return c.D * (1 - c.mu / c.L) ** k
    >>> contraction.check().verdict.name
    'SUPPORTED'
    """

    def decorate(bound: Callable[[Any, Known], Any]) -> Claim:
        words = statement or " ".join((inspect.getdoc(bound) or "").split())
        origin = f"{bound.__module__}"
        return Claim(id, words, source, kind, cases, bound=bound, origin=origin, **fields)

    return decorate


def as_points(array: Any) -> np.ndarray[Any, Any]:
    """Return an array of at least one dimension, in double precision."""
    return np.atleast_1d(np.asarray(array, dtype=float))
