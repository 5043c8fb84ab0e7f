r"""Theorems of the subgradient method."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library.baselines import CONVEX
from optlab.problems.nonsmooth import InfinityNorm
from optlab.problems.scalar import AbsoluteLine, CosineLine
from optlab.solvers.subgradient import SubgradientDescent


def sqrt_schedule(k: Any) -> Any:
    """(1 + sum of squares) / (2 sum) of the step sizes 1, 1/sqrt(2), ..., 1/sqrt(k + 1)."""
    i = np.arange(1.0, np.max(k) + 2)
    last = np.asarray(k, dtype=int)
    return (1 + np.cumsum(1 / i)[last]) / (2 * np.cumsum(1 / np.sqrt(i))[last])


def _at_horizon(case: Case, problem: Any, seed: Any) -> Measurement:
    history = case.solver.run(problem, max_iter=case.max_iter, record=case.max_iter, rng=seed).history
    return Measurement(case.max_iter, history["gap"][-1], known={"D": history["distance"][0]})


def _worst(name: str, horizons: tuple[int, ...] = (1, 8, 30, 200), factor: float = 1.0, **options: Any) -> list[Case]:
    """The instance whose untouched coordinates keep the gap at G D / sqrt(N + 1), for several horizons N."""
    G, D = 2.0, 3.0
    return [
        Case(
            f"{name}, N = {N}",
            InfinityNorm(N + 1, G, D),
            SubgradientDescent(factor * D / (G * math.sqrt(N + 1)), horizon=N, **options),
            N,
            tight=True,
        )
        for N in horizons
    ]


def _lines(**options: Any) -> list[Case]:
    solvers = {N: SubgradientDescent(horizon=N, **options) for N in (7, 40, 300)}
    return [Case(f"|x|, N = {N}", AbsoluteLine(G=0.7, D=2.0), solver, N) for N, solver in solvers.items()]


@claim(
    "base/subgradient-best",
    source="textbook (N. Z. Shor; Y. Nesterov 2004, section 3.2.3)",
    latex=r"\min_{k \le N} F(x_k) - F^\star \le \frac{G D}{\sqrt{N + 1}}, \qquad s_k = \frac{D}{G \sqrt{N + 1}}",
    axis="horizon",
    measured=_at_horizon,
    cases=_worst("infinity norm", schedule="constant") + _lines(schedule="constant"),
    uses={"G": "upper"},
    assumptions=[CONVEX],
    controls=[
        Control("the bound 1 % smaller", bound=lambda N, c: 0.99 * c.G * c.D / np.sqrt(N + 1)),
        Control(
            "steps thirty times too small",
            cases=[Case("|x|, N = 30", AbsoluteLine(), SubgradientDescent(1 / (30 * math.sqrt(31)), horizon=30), 30)],
        ),
        Control(
            "F not convex",
            cases=[Case("1 - cos x", CosineLine(D=3.1415), SubgradientDescent(schedule="constant", horizon=30), 9)],
        ),
    ],
)
def subgradient_best(N: Any, c: Any) -> Any:
    """With the constant step D / (G sqrt(N + 1)) the best of N + 1 iterates has a gap of at most G D / sqrt(N + 1)."""
    return c.G * c.D / np.sqrt(N + 1)


@claim(
    "base/subgradient-sqrt",
    source="textbook (Y. Nesterov 2004, section 3.2.3): D^2 + G^2 sum s_i^2 over 2 sum s_i, written out",
    latex=r"\min_{i \le k} F(x_i) - F^\star \le G D \, \frac{1 + \sum_{i=0}^k 1/(i+1)}{2 \sum_{i=0}^k 1/\sqrt{i+1}}",
    cases=[
        *(Case(f"infinity norm, d = {d}", InfinityNorm(d), SubgradientDescent(), 400) for d in (5, 60, 300)),
        Case("|x|", AbsoluteLine(G=0.7, D=2.0), SubgradientDescent(), 400),
    ],
    uses={"G": "upper"},
    assumptions=[CONVEX],
    controls=[
        Control("half the bound", bound=lambda k, c: np.where(k, 0.5 * c.G * c.D * sqrt_schedule(k), np.inf)),
        Control("steps of a hundredth", cases=[Case("|x|", AbsoluteLine(), SubgradientDescent(0.01), 400)]),
    ],
)
def subgradient_sqrt(k: Any, c: Any) -> Any:
    """With the steps D / (G sqrt(k + 1)) no horizon is needed, at the price of a logarithm in the bound."""
    return c.G * c.D * sqrt_schedule(k)


@claim(
    "base/subgradient-last",
    source="M. Zamani, F. Glineur, SIAM J. Optim. 35 (2025), arXiv:2307.11134, linearly decaying steps",
    latex=r"F(x_N) - F^\star \le \frac{G D}{\sqrt{N + 1}}, \qquad s_k = \frac{D (N - k)}{G (N + 1)^{3/2}}",
    axis="horizon",
    measured=_at_horizon,
    cases=_worst("infinity norm", schedule="linear", output="last") + _lines(schedule="linear", output="last"),
    uses={"G": "upper"},
    assumptions=[CONVEX],
    controls=[
        Control("the bound 1 % smaller", bound=lambda N, c: 0.99 * c.G * c.D / np.sqrt(N + 1)),
        Control(
            "constant steps three times as large",
            cases=_worst("infinity norm", (15,), 3.0, schedule="constant", output="last"),
        ),
    ],
)
def subgradient_last(N: Any, c: Any) -> Any:
    """With linearly decaying steps the last of N steps, not only the best, has a gap of at most G D / sqrt(N + 1)."""
    return c.G * c.D / np.sqrt(N + 1)
