"""Stopping rules: small immutable objects, composable with ``|`` (any) and ``&`` (all).

Each knows whether it *implies convergence*; only such a rule can make a run CONVERGED.  Rules on metrics are looked at
where the history has a row (see ``record=`` of `optlab.run`), limits on steps and time after every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.core.result import Status
from optlab.core.validate import integer, number

__all__ = ["Above", "All", "Any_", "Below", "Calls", "Diverged", "MaxIter", "MaxTime", "Rule", "Stalled", "When"]

#: Metrics whose smallness certifies (near-)optimality, whatever the problem.
CERTIFYING = frozenset({"gap", "duality_gap", "distance", "gradient_norm", "residual", "wolfe_gap"})


class Rule:
    """Base class: `check(view)` returns the reason to stop in words, or None."""

    status: Status = Status.STOPPED

    @property
    def implies_convergence(self) -> bool:
        """Whether the rule, once it fires, certifies convergence."""
        return self.status is Status.CONVERGED

    def check(self, view: Any) -> tuple[Status, str] | None:
        """Return ``(status, reason)`` when the rule fires at this row, else None."""
        reason = self.reason(view)
        return None if reason is None else (self.status, reason)

    def reason(self, view: Any) -> str | None:
        """Return why to stop, in words, or None to go on."""
        raise TypeError(f"{type(self).__name__} has no reason()")

    def parts(self) -> Iterator[Rule]:
        """Yield the elementary rules inside."""
        yield self

    def __or__(self, other: Rule) -> Rule:
        return Any_(self, other)

    def __and__(self, other: Rule) -> Rule:
        return All(self, other)


class _Combined(Rule):
    def __init__(self, *rules: Rule) -> None:
        for rule in rules:
            if not isinstance(rule, Rule):
                raise TypeError(f"stopping rules combine with stopping rules, got {type(rule).__name__}")
        self.rules = rules

    def parts(self) -> Iterator[Rule]:
        for rule in self.rules:
            yield from rule.parts()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Combined) and type(self) is type(other) and self.rules == other.rules

    def __hash__(self) -> int:
        return hash((type(self), self.rules))


class Any_(_Combined):
    """Fires when one of its rules does; a rule that certifies convergence goes first."""

    def check(self, view: Any) -> tuple[Status, str] | None:
        """Return the first certifying rule that fires, else the first that fires."""
        fired = [answer for rule in self.rules if (answer := rule.check(view)) is not None]
        return min(fired, key=lambda answer: answer[0] is not Status.CONVERGED, default=None)

    def __repr__(self) -> str:
        return "(" + " | ".join(map(repr, self.rules)) + ")"


class All(_Combined):
    """Fires when all its rules do; converged when one of them certifies convergence."""

    def check(self, view: Any) -> tuple[Status, str] | None:
        """Return a verdict only when every rule fires."""
        answers = [rule.check(view) for rule in self.rules]
        fired = [answer for answer in answers if answer is not None]
        if len(fired) < len(answers):
            return None
        status = min((s for s, _ in fired), key=lambda s: s is not Status.CONVERGED)
        return status, " and ".join(reason for _, reason in fired)

    def __repr__(self) -> str:
        return "(" + " & ".join(map(repr, self.rules)) + ")"


@dataclass(frozen=True)
class MaxIter(Rule):
    """Stop after `n` steps, counted as the method's paper counts them; never a sign of convergence."""

    n: int
    status = Status.MAX_ITER

    def __post_init__(self) -> None:
        integer("n", self.n, at_least=0)

    def reason(self, view: Any) -> str | None:
        """Fire at ``k >= n``."""
        return f"the limit of {self.n} iterations was reached" if view.k >= self.n else None


@dataclass(frozen=True)
class MaxTime(Rule):
    """Stop after so many seconds of solver time (metrics and callbacks are not timed)."""

    seconds: float
    status = Status.MAX_TIME

    def __post_init__(self) -> None:
        number("seconds", self.seconds, at_least=0)

    def reason(self, view: Any) -> str | None:
        """Fire when the solver time is used up."""
        return f"the limit of {self.seconds:g} s was reached" if view.time >= self.seconds else None


@dataclass(frozen=True)
class Calls(Rule):
    """Stop when an oracle was called `n` times: a budget for comparisons at equal cost."""

    oracle: str
    n: int
    status = Status.STOPPED

    def __post_init__(self) -> None:
        integer("n", self.n, at_least=0)

    def reason(self, view: Any) -> str | None:
        """Fire when the ledger shows `n` calls."""
        count = view.calls.get(self.oracle)
        if count is None:
            raise ValueError(f"stop.Calls: {self.oracle!r} is no oracle of this problem (it has {list(view.calls)})")
        return f"{count} calls of {self.oracle} were made" if count >= self.n else None


def _column(view: Any, name: str) -> list[Any]:
    """Return a history column so far; facts about a step do not exist before the first one, at row 0."""
    history = view.history
    if name not in history:
        if view.k == 0:
            return []
        raise ValueError(f"stop rule: there is no history column {name!r} (columns: {', '.join(history.columns)})")
    column: list[Any] = history.raw(name)
    missing = name not in history.metrics and isinstance(column[0], float) and math.isnan(column[0])
    return column[1:] if missing else column


@dataclass(frozen=True)
class _Threshold(Rule):
    metric: str
    tol: float
    certifies: bool | None = None

    def __post_init__(self) -> None:
        number("tol", self.tol)
        if not isinstance(self.metric, str):
            raise TypeError(f"metric must be the name of a history column, got {type(self.metric).__name__}")

    @property
    def status(self) -> Status:  # type: ignore[override]
        """CONVERGED when the metric certifies optimality, else STOPPED."""
        certifies = self.metric in CERTIFYING if self.certifies is None else self.certifies
        return Status.CONVERGED if certifies else Status.STOPPED

    def _values(self, view: Any) -> list[float]:
        column = _column(view, self.metric)
        value: Any = column[-1] if column else math.nan
        return [float(value)] if getattr(value, "ndim", 0) == 0 else [float(v) for v in value]


@dataclass(frozen=True)
class Below(_Threshold):
    """Stop when a history column is at most `tol` (in a batched run: for every repetition).

    Parameters
    ----------
    metric : str
        Name of a metric or of an info column.
    tol : float
        The threshold.
    certifies : bool, optional
        Whether the event implies convergence.  By default that is so for gap, duality_gap, distance, gradient_norm,
        residual and wolfe_gap.

    Examples
    --------
    >>> import optlab as ol
    >>> rule = ol.stop.Below("gap", 1e-8) | ol.stop.MaxTime(5)
    >>> [part.implies_convergence for part in rule.parts()]
    [True, False]
    """

    def reason(self, view: Any) -> str | None:
        """Fire when the column is at most `tol`."""
        values = self._values(view)
        return f"{self.metric} = {max(values):.3g} <= {self.tol:g}" if all(v <= self.tol for v in values) else None


@dataclass(frozen=True)
class Above(_Threshold):
    """Stop when a history column is at least `tol`; by default no sign of convergence (say `certifies` if it is)."""

    certifies: bool | None = False

    def reason(self, view: Any) -> str | None:
        """Fire when the column is at least `tol`."""
        values = self._values(view)
        return f"{self.metric} = {min(values):.3g} >= {self.tol:g}" if all(v >= self.tol for v in values) else None


@dataclass(frozen=True)
class Stalled(Rule):
    """Stop when a history column has not improved by a relative `rtol` over `patience` rows; never convergence."""

    metric: str
    patience: int = 100
    rtol: float = 1e-12
    status = Status.STALLED

    def __post_init__(self) -> None:
        integer("patience", self.patience, at_least=1)
        number("rtol", self.rtol, at_least=0)

    def reason(self, view: Any) -> str | None:
        """Fire when the best value of the last rows is no better than the best before them."""
        values = _column(view, self.metric)
        if len(values) <= self.patience:
            return None
        before, recent = np.fmin.reduce(values[: -self.patience]), np.fmin.reduce(values[-self.patience :])
        if np.any(recent < before - self.rtol * np.abs(before)):
            return None
        return f"{self.metric} did not improve over {self.patience} rows"


@dataclass(frozen=True)
class Diverged(Rule):
    """Stop when a history column exceeds `limit`, or `factor` times its value at the start."""

    metric: str
    factor: float = 1e10
    limit: float = math.inf
    status = Status.DIVERGED

    def reason(self, view: Any) -> str | None:
        """Fire when the column has exploded."""
        values = _column(view, self.metric)
        if not len(values):
            return None
        last = np.abs(values[-1])
        limit = np.minimum(self.limit, self.factor * np.maximum(np.abs(values[0]), 1e-300))
        return f"{self.metric} grew to {np.max(last):.3g}" if np.all(last > limit) else None


@dataclass(frozen=True)
class When(Rule):
    """Stop when ``predicate(view)`` is true; `converged` says whether that certifies convergence."""

    predicate: Callable[[Any], bool]
    converged: bool = False
    text: str = "the user's rule fired"

    @property
    def status(self) -> Status:  # type: ignore[override]
        """CONVERGED only when the user says that the rule certifies it."""
        return Status.CONVERGED if self.converged else Status.STOPPED

    def reason(self, view: Any) -> str | None:
        """Fire when the predicate holds."""
        return self.text if self.predicate(view) else None
