"""What the claims on separating data share: the instances they are tried on, and counting updates."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from scipy.special import lambertw

from optlab.claims import Case, Measurement
from optlab.problems import (
    Chain,
    Contradictory,
    OneSample,
    Orthant,
    Oscillator,
    PlantedMargin,
    Separable,
    Staircase,
    TwoPoints,
    WorstCase,
)

__all__ = ["c_n", "count", "digits", "everywhere", "fixed", "updates"]


@cache
def fixed(name: str, *arguments: Any) -> Any:
    """Return one instance per process, so that measurements on it can be shared between a claim and its controls."""
    classes = (Chain, Contradictory, OneSample, Orthant, Oscillator, Staircase, TwoPoints, WorstCase)
    return {cls.__name__: cls for cls in classes}[name](*arguments)


@cache
def digits(negative: int, positive: int, first: int | None = None, certify: bool = True) -> Any:
    """Return a pair of scikit-learn's digits, built once."""
    return Separable.from_digits(negative, positive, first=first, certify=certify)


def planted(rng: Any) -> Any:
    """Draw a data set with a planted margin; every second one is imbalanced."""
    replicate = int(rng.integers(1, 150)) if rng.random() < 0.5 else 0
    distinct, d = int(rng.integers(2, 80)), int(rng.integers(2, 15))
    margin = float(10 ** rng.uniform(-1.2, -0.2))
    return PlantedMargin(distinct + replicate, d, margin, replicate=replicate, rng=rng)


def _instances(budget: str) -> dict[str, Any]:
    out = {
        "two points": fixed("TwoPoints"),
        "worst case, n = 100": fixed("WorstCase", 100),
        "orthant, n = 20": fixed("Orthant", 20),
        "chain, d = 12": fixed("Chain", 12),
        "staircase, d = 20": fixed("Staircase", 20, 0.001),
        "oscillator, mu = 0.1": fixed("Oscillator", 0.1),
        "digits 0 and 1": digits(0, 1),
        "digits 3 and 8": digits(3, 8),
        "nine 3s and all 8s": digits(3, 8, 9),
        "planted margin": planted,
    }
    if budget != "quick":
        out |= {
            "worst case, n = 1000": fixed("WorstCase", 1000),
            "chain, d = 24": fixed("Chain", 24),
            "oscillator, mu = 0.02": fixed("Oscillator", 0.02),
            "digits 1 and 8": digits(1, 8),
        }
    if budget == "full":
        pairs = [(a, b) for b in range(10) for a in range(b)]
        out |= {f"digits {a} and {b}": digits(a, b) for a, b in pairs}
    return out


def everywhere(solvers: dict[str, Any], tight: str) -> Callable[[str], list[Case]]:
    """Return the cases of a claim about every separable data set: each solver on each instance of the budget.

    Contradictory labels are among them, to be left out because an assumption fails.  `tight` is the instance on which
    the bound is (nearly) attained.
    """

    def cases(budget: str) -> list[Case]:
        instances = _instances(budget)
        if tight == "one sample":
            instances["one sample"] = fixed("OneSample")
        out = [
            Case(f"{where}{which}", problem, solver, max_iter=1_000_000, tight=where == tight)
            for where, problem in instances.items()
            for which, solver in solvers.items()
        ]
        return [*out, Case("contradictory labels", fixed("Contradictory"), next(iter(solvers.values())))]

    return cases


@lru_cache(maxsize=1024)
def count(solver: Any, problem: Any, max_iter: int = 1_000_000, seed: Any = 0) -> float:
    """Return the number of updates before all margins are positive for the first time; infinity beyond `max_iter`."""
    result = solver.run(problem, max_iter=max_iter, record=[], rng=seed)
    return result.k if result.success else math.inf


def updates(case: Case, problem: Any, seed: Any) -> Measurement:
    """Count the updates of the case's solver."""
    drawn = getattr(case.solver, "rule", "") == "random"
    return Measurement(problem.n, count(case.solver, problem, case.max_iter, seed if drawn else 0))


def c_n(n: Any) -> Any:
    r"""Return :math:`c_n = \frac{2(n-1)}{2n-1} W\bigl(\frac{2n-1}{e}\bigr)`, W being Lambert's function."""
    return 2 * (n - 1) / (2 * n - 1) * lambertw((2 * n - 1) / math.e).real
