"""Verification: the outcomes of a run of claims, as an object that renders and exports itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optlab.claims.outcome import Outcome
from optlab.claims.parts import Verdict
from optlab.report.record import claim_record, dumps

__all__ = ["Verification"]


@dataclass(frozen=True, repr=False)
class Verification:
    """The outcomes of `optlab.verify`; renders as a table in a terminal and in a notebook.

    Attributes
    ----------
    outcomes : tuple of Outcome
        One for each claim, in the order of the ids.
    environment : dict
        Versions and machine.
    command : str
        The command that reproduces it.
    seconds : float
        How long it took.
    interrupted : bool
        Whether it was cut short; the outcomes are those finished by then.
    settings : mapping
        Budget, seeds and rng it ran with.
    date : str
        When it began (ISO 8601, UTC).

    Examples
    --------
    >>> import optlab as ol
    >>> parabola = ol.FunctionProblem(1, value=lambda x: float(x @ x))
    >>> def value(case, problem, seed):
    ...     return ol.claims.Measurement(axis=1, value=problem.value(problem.start() + 2))
    >>> @ol.claim("mine/value", measured=value, cases=[ol.claims.Case("parabola", parabola)])
    ... def bound(k, c):
    ...     "The square of 2 is at most 4."
    ...     return 4.0 + 0 * k
    >>> verification = ol.verify(bound, progress=False)
    >>> verification.ok, verification.counts(), verification["mine/value"].headline
    (True, {'SUPPORTED': 1}, 'SUPPORTED, power not shown')
    """

    outcomes: tuple[Outcome, ...]
    environment: dict[str, str]
    command: str
    seconds: float = 0.0
    interrupted: bool = False
    settings: Mapping[str, Any] = field(default_factory=lambda: {"budget": "quick", "seeds": None, "rng": 0})
    date: str = ""

    @property
    def ok(self) -> bool:
        """Whether no claim has an unexpected verdict and nothing crashed or was cut short."""
        return all(outcome.as_expected for outcome in self.outcomes) and not self.interrupted

    @property
    def exit_code(self) -> int:
        """0 when all verdicts are expected, 1 when one is not, 2 after a crash or an interruption."""
        if self.interrupted or any(o.verdict is Verdict.ERROR for o in self.outcomes):
            return 2
        return 0 if self.ok else 1

    def __getitem__(self, id: str) -> Outcome:
        for outcome in self.outcomes:
            if outcome.claim.id == id:
                return outcome
        raise KeyError(f"no claim {id!r} was checked (checked: {', '.join(o.claim.id for o in self.outcomes)})")

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self.outcomes)

    def counts(self) -> dict[str, int]:
        """Return how many claims came back with each verdict."""
        out: dict[str, int] = {}
        for outcome in self.outcomes:
            out[outcome.verdict.name] = out.get(outcome.verdict.name, 0) + 1
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return the verification as a JSON-ready dict; the reports are drawn from it."""
        return {
            "schema": 1,
            "environment": dict(self.environment),
            "command": self.command,
            "date": self.date,
            **self.settings,
            "interrupted": self.interrupted,
            "seconds": round(self.seconds, 3),
            "claims": [claim_record(outcome, self.settings) for outcome in self.outcomes],
        }

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the JSON text, and write it when a path is given."""
        text = dumps(self.to_dict())
        if path is not None:
            write(path, text)
        return text

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the report as one self-contained HTML page, and write it when a path is given."""
        from optlab.report.html import page

        text = page(self)
        if path is not None:
            write(path, text)
        return text

    def _repr_html_(self) -> str:
        from optlab.report.html import fragment

        return fragment(self)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        from optlab.report.terminal import text

        return text(self)


def write(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, and the folders it needs."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
