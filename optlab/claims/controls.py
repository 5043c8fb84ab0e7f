"""Negative controls: a claim that cannot fail says nothing, so each is shown to fail when something is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optlab.claims.parts import Verdict

__all__ = ["Control", "ControlOutcome", "summarise"]


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
class ControlOutcome:
    """How one negative control came back."""

    description: str
    verdict: Verdict
    message: str = ""

    @property
    def refuted(self) -> bool:
        """Whether the control did what it is there for."""
        return self.verdict is Verdict.REFUTED


def summarise(outcomes: Sequence[ControlOutcome]) -> ControlOutcome | None:
    """Join the controls of a claim: REFUTED only when every one of them is.

    The first control that was *not* refuted speaks for all, since it is what the reader must know.
    """
    if not outcomes:
        return None
    failing = [outcome for outcome in outcomes if not outcome.refuted]
    if failing:
        return failing[0]
    return ControlOutcome("; ".join(o.description for o in outcomes), Verdict.REFUTED, outcomes[0].message)
