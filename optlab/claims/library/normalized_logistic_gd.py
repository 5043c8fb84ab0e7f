r"""Normalized LR+GD and its family: how many updates they need at most, with explicit constants.

T counts the updates from the origin to the first iterate with all margins positive.
"""

from __future__ import annotations

import math
from typing import Any

from scipy.special import lambertw

from optlab.claims import Case, Control, claim
from optlab.claims.library._separation import c_n, everywhere, fixed, updates
from optlab.solvers import (
    LRGD,
    BatchPerceptron,
    NormalizedBatchPerceptron,
    NormalizedLRGD,
    Perceptron,
    RiskAdaptiveGD,
)

_PAPER = "Tyurin, From Logistic Regression to the Perceptron Algorithm, AAAI 2025 (arXiv 2412.08424)"
_STEPS = (0.1, 1.0, 10.0, 1e3, 1e8, math.inf)
_SHARED: dict[str, Any] = {
    "kind": "pathwise",
    "measured": updates,
    "axis": "number of samples",
    "uses": {"mu": "lower", "R": "upper"},
    "seeds": {"quick": 5, "standard": 20, "full": 100},
}


def _on(solver: Any, name: str, *arguments: Any, **params: Any) -> Case:
    """Return a case for a control, limited in length: a broken method may never separate."""
    return Case(f"{name}{arguments}", fixed(name, *arguments), solver, max_iter=100_000, params=params)


@claim(
    "nlgd/C1",
    source=f"{_PAPER}, Theorem 5.2; Block 1962, Novikoff 1962",
    latex=r"T \le R^2/\mu^2",
    cases=everywhere(
        {f", {rule}": Perceptron(rule) for rule in ("lowest", "cyclic", "random", "worst")}, "orthant, n = 20"
    ),
    controls=[
        Control(
            "the bound 1 % smaller, on the orthant",
            bound=lambda n, c: 0.99 * c.R**2 / c.mu**2,
            cases=[_on(Perceptron(), "Orthant", 20)],
        ),
        Control("all mistakes added at once, without normalisation", cases=[_on(BatchPerceptron(), "WorstCase", 100)]),
    ],
    **_SHARED,
)
def perceptron(n: Any, c: Any) -> Any:
    """The Perceptron separates the data after at most R^2/mu^2 updates, whichever misclassified sample it picks."""
    return c.R**2 / c.mu**2


@claim(
    "nlgd/C2",
    source=f"{_PAPER}, Theorem 3.3",
    latex=r"T \le n R^2/\mu^2",
    cases=everywhere({"": BatchPerceptron()}, "one sample"),
    controls=[
        Control(
            "the factor n left out",
            bound=lambda n, c: c.R**2 / c.mu**2,
            cases=[_on(BatchPerceptron(), "WorstCase", 100)],
        ),
        Control(
            "the bound 1 % smaller, on one sample",
            bound=lambda n, c: 0.99 * n * c.R**2 / c.mu**2,
            cases=[_on(BatchPerceptron(), "OneSample")],
        ),
    ],
    **_SHARED,
)
def batch_perceptron(n: Any, c: Any) -> Any:
    """The Batch Perceptron separates the data after at most n R^2/mu^2 updates."""
    return n * c.R**2 / c.mu**2


@claim(
    "nlgd/C3",
    source=f"{_PAPER}, Theorem 5.3",
    latex=r"T \le R^2/\mu^2",
    cases=everywhere({"": NormalizedBatchPerceptron()}, "staircase, d = 20"),
    controls=[
        Control(
            "the bound 1 % smaller, on the staircase",
            bound=lambda n, c: 0.99 * c.R**2 / c.mu**2,
            cases=[_on(NormalizedBatchPerceptron(), "Staircase", 20, 0.001)],
        ),
        Control("the normalisation left out", cases=[_on(BatchPerceptron(), "WorstCase", 100)]),
    ],
    **_SHARED,
)
def normalized_batch_perceptron(n: Any, c: Any) -> Any:
    """The Normalized Batch Perceptron separates after at most R^2/mu^2 updates, however many samples there are."""
    return c.R**2 / c.mu**2


@claim(
    "nlgd/C4",
    source=f"{_PAPER}, Theorem 6.1",
    latex=r"T \le \frac{R^2}{\mu^2} + \frac{2 \log(2n-1)}{\gamma \mu^2}",
    cases=everywhere({f", gamma = {g:g}": NormalizedLRGD(g) for g in _STEPS}, "staircase, d = 20"),
    controls=[
        Control(
            "the bound 1 % smaller, on the staircase",
            bound=lambda n, c: 0.99 * (c.R**2 + 2 * math.log(2 * c.n - 1) / c.gamma) / c.mu**2,
            cases=[_on(NormalizedLRGD(1e8), "Staircase", 20, 0.001)],
        ),
        Control(
            "the gamma term left out",
            bound=lambda n, c: c.R**2 / c.mu**2,
            cases=[_on(NormalizedLRGD(1.0), "WorstCase", 100)],
        ),
        Control("the normalisation left out: LR+GD", cases=[_on(LRGD(100.0), "WorstCase", 100)]),
    ],
    **_SHARED,
)
def normalized_lr_gd(n: Any, c: Any) -> Any:
    """Normalized LR+GD separates after at most R^2/mu^2 + 2 log(2n - 1)/(gamma mu^2) updates, for every gamma > 0."""
    return (c.R**2 + 2 * math.log(2 * c.n - 1) / c.gamma) / c.mu**2


@claim(
    "nlgd/C5",
    source="derived here, sharpening the proof of Theorem 6.1",
    latex=r"T \le \frac{R^2}{\mu^2} + \frac{2 c_n}{\gamma \mu^2}, \quad "
    r"c_n = \tfrac{2(n-1)}{2n-1} W\bigl(\tfrac{2n-1}{e}\bigr)",
    cases=everywhere({f", gamma = {g:g}": NormalizedLRGD(g) for g in _STEPS}, "staircase, d = 20"),
    controls=[
        Control(
            "a third of c_n",
            bound=lambda n, c: (c.R**2 + 2 / 3 * c_n(c.n) / c.gamma) / c.mu**2,
            cases=[_on(NormalizedLRGD(0.1), "WorstCase", 100)],
        ),
        Control("the normalisation left out: LR+GD", cases=[_on(LRGD(100.0), "WorstCase", 100)]),
    ],
    **_SHARED,
)
def normalized_lr_gd_sharper(n: Any, c: Any) -> Any:
    """The bound of nlgd/C4 holds with c_n, which is smaller than log(2n - 1), in place of log(2n - 1)."""
    return (c.R**2 + 2 * c_n(c.n) / c.gamma) / c.mu**2


@claim(
    "nlgd/C6",
    source="derived here, by the argument of Theorem 6.1",
    latex=r"T \le 2n \Bigl( \frac{R^2}{\mu^2} + \frac{2 c_n}{\gamma \mu^2} \Bigr)",
    cases=everywhere({f", gamma = {gamma:g}": LRGD(gamma) for gamma in (1.0, 10.0, 1e3, 1e8, math.inf)}, "one sample"),
    controls=[
        Control(
            "the factor n left out",
            bound=lambda n, c: 2 * (c.R**2 + 2 * c_n(c.n) / c.gamma) / c.mu**2,
            cases=[_on(LRGD(100.0), "WorstCase", 100)],
        ),
        Control(
            "the gamma term left out",
            bound=lambda n, c: 2 * c.n * c.R**2 / c.mu**2,
            cases=[_on(LRGD(0.1), "WorstCase", 100)],
        ),
    ],
    **_SHARED,
)
def lr_gd(n: Any, c: Any) -> Any:
    """LR+GD with a constant step separates the data after at most 2n (R^2/mu^2 + 2 c_n/(gamma mu^2)) updates."""
    return 2 * c.n * (c.R**2 + 2 * c_n(c.n) / c.gamma) / c.mu**2


def _exponential_bound(n: Any, c: Any, factor: float = 1.0) -> Any:
    return factor * (c.R**2 + 2 * lambertw((c.n - 1) / math.e).real / c.eta) / c.mu**2


@claim(
    "nlgd/C7",
    source="derived here, by the argument of Theorem 6.1",
    latex=r"T \le \frac{R^2}{\mu^2} + \frac{2 W((n-1)/e)}{\eta \mu^2}",
    cases=everywhere({f", eta = {eta:g}": RiskAdaptiveGD(eta) for eta in _STEPS[:-1]}, "staircase, d = 20"),
    controls=[
        Control(
            "the bound 1 % smaller, on the staircase",
            bound=lambda n, c: _exponential_bound(n, c, 0.99),
            cases=[_on(RiskAdaptiveGD(1e8), "Staircase", 20, 0.001)],
        ),
        Control(
            "the eta term left out",
            bound=lambda n, c: c.R**2 / c.mu**2,
            cases=[_on(RiskAdaptiveGD(0.1), "WorstCase", 100)],
        ),
        Control("the step not adapted to the risk: LR+GD", cases=[_on(LRGD(100.0), "WorstCase", 100, eta=100.0)]),
    ],
    **_SHARED,
)
def risk_adaptive(n: Any, c: Any) -> Any:
    """Risk-adaptive GD (exponential loss) separates after at most R^2/mu^2 + 2 W((n-1)/e)/(eta mu^2) updates."""
    return _exponential_bound(n, c)
