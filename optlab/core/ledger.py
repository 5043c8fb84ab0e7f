"""The ledger: a view of a problem that counts the oracle calls made through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from optlab.core.oracles import counted_methods

__all__ = ["Ledger"]


class Ledger:
    """A problem as a solver sees it: the same oracles, each call counted.

    Counting happens here and nowhere else, so a solver cannot forget or embellish it.  A kernel that works on the
    problem's arrays directly reports its calls through `charge`.  In a batched run one call serves all repetitions and
    counts once: the counts are those of each repetition.

    Parameters
    ----------
    problem : Problem
        The problem behind the view; everything that is not an oracle is passed through.
    calls : dict, optional
        Counts to go on from.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(1, value=lambda x: float(x @ x))
    >>> ledger = ol.Ledger(problem)
    >>> ledger.value(problem.start()), ledger.calls
    (0.0, {'value': 1})
    """

    def __init__(self, problem: Any, calls: dict[str, int] | None = None) -> None:
        self.problem = problem
        self.calls: dict[str, int] = dict.fromkeys(counted_methods(problem), 0) | dict(calls or {})
        for name in counted_methods(problem):
            setattr(self, name, _counted(getattr(problem, name), name, self.calls))

    def __getattr__(self, name: str) -> Any:
        if name == "problem":  # not yet set: happens while unpickling or copying
            raise AttributeError(name)
        return getattr(self.problem, name)

    def charge(self, oracle: str, count: int) -> None:
        """Count `count` calls of `oracle` that a kernel made on the arrays directly."""
        if oracle not in self.calls:
            raise KeyError(f"{oracle} is not an oracle of {type(self.problem).__name__}")
        self.calls[oracle] += int(count)


def _counted(oracle: Callable[..., Any], name: str, calls: dict[str, int]) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return oracle(*args, **kwargs)

    return counted
