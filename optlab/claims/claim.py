"""Claim: a theorem as an object that can be run.

A claim says what is bounded, by what, under which assumptions, on which problems it is tried, how it is judged, and
which negative controls must come back REFUTED for a SUPPORTED to mean anything.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optlab.claims.controls import Control
from optlab.claims.parts import BUDGETS, KINDS, Assumption, Case, Known, Measurement, Verdict
from optlab.core.validate import one_of

__all__ = ["Claim", "claim"]


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
        if self.kind == "probability" and not 0 < self.options.get("delta", 0) < 1:
            raise ValueError(f"{self.id}: a claim in probability needs options={{'delta': ...}}, in (0, 1)")
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
