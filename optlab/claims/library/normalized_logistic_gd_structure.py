r"""Normalized LR+GD and its family: the limit of large steps, lower bounds, and the role of the number of samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.claims import Assumption, Case, Claim, Control, Measurement, claim
from optlab.claims.library._separation import count, digits, fixed, planted, updates
from optlab.problems import Separable
from optlab.solvers import LRGD, BatchPerceptron, NormalizedBatchPerceptron, NormalizedLRGD

_PAPER = "Tyurin, From Logistic Regression to the Perceptron Algorithm, AAAI 2025 (arXiv 2412.08424)"


# ---------------------------------------------------------------- C8: the limit of large steps


def _distance_to_batch_perceptron(case: Case, problem: Any, seed: Any) -> Measurement:
    r"""Follow both methods; gamma is `factor` over the least nonzero margin on the Batch Perceptron's path."""
    batch = BatchPerceptron().run(problem, max_iter=case.max_iter, store_x=True)
    path = batch.history.x
    margins = np.abs([problem.margins(x) / problem.n for x in path[1:]])
    gamma = case.params["factor"] / margins[margins > 0].min()
    ours = LRGD(gamma, until_separated=False).run(problem, max_iter=batch.k, store_x=True).history.x
    distance = [np.linalg.norm(a - b) / problem.n for a, b in zip(ours, path, strict=True)]
    return Measurement(batch.history["k"], distance, bound=np.zeros(len(path)))


def _limit_cases(budget: str) -> list[Case]:
    problems = {
        "two points": fixed("TwoPoints"),
        "worst case, n = 100": fixed("WorstCase", 100),
        "staircase, d = 20": fixed("Staircase", 20, 0.001),
        "digits 0 and 4": digits(0, 4),
        "planted margin": planted,
        "chain, d = 8": fixed("Chain", 8),
    }
    if budget != "quick":
        problems["digits 3 and 8"] = digits(3, 8)
    return [Case(name, p, BatchPerceptron(), 60, params={"factor": 30.0}) for name, p in problems.items()]


@claim(
    "nlgd/C8",
    kind="exactness",
    source=f"{_PAPER}, Theorem 3.2",
    latex=r"\lim_{\gamma \to \infty} \theta_t / \gamma = \hat\theta_t \quad \text{for every fixed } t",
    measured=_distance_to_batch_perceptron,
    cases=_limit_cases,
    assumptions=[
        Assumption(
            "no margin is exactly zero along the Batch Perceptron path (Assumption 3.1, in exact arithmetic)",
            lambda problem, case: problem.exact_path(case.max_iter).non_degenerate,
        )
    ],
    controls=[
        Control(
            "Assumption 3.1 broken: the chain has margins of exactly zero",
            cases=[Case("chain, d = 8", fixed("Chain", 8), BatchPerceptron(), 60, params={"factor": 1e9})],
        ),
        Control(
            "gamma not large: 1 over the least margin",
            cases=[Case("worst case, n = 100", fixed("WorstCase", 100), BatchPerceptron(), 60, params={"factor": 1.0})],
        ),
    ],
    seeds={"quick": 5, "standard": 20, "full": 60},
    options={"tol": 1e-9},
    doc="The distance vanishes exponentially, not polynomially, in gamma times the least margin on the path; with that "
    "product equal to 30, as here, the two paths agree nearly to rounding.",
)
def limit(k: Any, c: Any) -> Any:
    """For large steps LR+GD, divided by gamma, follows the Batch Perceptron, up to any fixed step."""
    return np.zeros_like(k)


# ---------------------------------------------------------------- C9: the loss is no sign of progress


def _two_points(case: Case, problem: Any, seed: Any) -> Measurement:
    """Compare one quantity of the first two steps on the two points with its limit, or formula, for several gamma."""
    gammas = np.asarray(case.params["gammas"], dtype=float)
    values, expected = [], []
    for gamma in gammas:
        result = case.solver.replace(gamma=float(gamma)).run(problem, max_iter=2, store_x=True)
        history = result.history
        scaled = result.x / problem.n  # theta_2 / gamma
        losses = np.logaddexp(0, [gamma / 4, -3.5 * gamma]).mean()
        quantities = {
            "loss after one step": (history["loss"][1], losses),
            "gradient norm after one step": (history["grad_norm"][1], math.sqrt(0.5)),
            "theta_2 / gamma": (np.abs(scaled - [1, 0.25]).max(), 0.0),
            "updates": (result.k if result.success else math.inf, 2),
            "loss after two steps": (history["loss"][2], 0.0),
            "gradient norm after two steps": (history["grad_norm"][2], 0.0),
        }
        value, bound = quantities[case.name]
        values.append(value)
        expected.append(bound)
    return Measurement(gammas, values, bound=expected)


def _two_points_cases(quantities: list[str], gammas: tuple[float, ...], solver: Any) -> list[Case]:
    return [Case(q, fixed("TwoPoints"), solver, 2, params={"gammas": gammas}) for q in quantities]


_TWO_POINTS = [
    "gradient norm after one step",
    "theta_2 / gamma",
    "updates",
    "loss after two steps",
    "gradient norm after two steps",
]

unreliable = Claim(
    id="nlgd/C9",
    kind="exactness",
    statement="Loss and gradient norm are no sign of progress: on two points, as gamma grows, the first step sends the "
    "loss to infinity and the gradient norm to sqrt(2)/2, and the second step separates, near (1, 1/4) gamma.",
    source=f"{_PAPER}, Theorem 4.1 (with theta_0 = 0); the loss after one step at finite gamma derived here",
    latex=r"f(\theta_1) \to \infty, \ \|\nabla f(\theta_1)\| \to \tfrac{\sqrt2}{2}, \ "
    r"\theta_2/\gamma \to (1, \tfrac14), \ f(\theta_2) \to 0, \ \|\nabla f(\theta_2)\| \to 0",
    measured=_two_points,
    axis="gamma",
    cases=[
        *_two_points_cases(["loss after one step"], (1.0, 10.0, 100.0, 1e3, 1e4, 1e6), LRGD()),
        *_two_points_cases(_TWO_POINTS, (200.0, 1e3, 1e4, 1e6), LRGD()),
    ],
    controls=[
        Control("gamma = 1/2 in place of large steps", cases=_two_points_cases(_TWO_POINTS[:2], (0.5,), LRGD())),
        Control(
            "another method: the loss after one step of Normalized LR+GD",
            cases=_two_points_cases(["loss after one step"], (100.0,), NormalizedLRGD()),
        ),
    ],
)


# ---------------------------------------------------------------- C10, C11: what the number of samples costs


@dataclass(frozen=True)
class _FullFirstStep(BatchPerceptron):
    """Sabotaged: the first step adds all samples instead of half of them."""

    def weights(self, margins: Any, least: float, k: int) -> tuple[Any, dict[str, float]]:
        return (margins <= 0).astype(margins.dtype), {}


def _over_n(solver: Any, budget: str, label: str = "") -> list[Case]:
    sizes = {"quick": (50, 100, 200, 400, 800), "standard": (50, 100, 200, 400, 800, 1600, 3200)}.get(budget)
    sizes = sizes or (50, 100, 200, 400, 800, 1600, 3200, 6400, 12800)
    return [Case(f"n = {n}{label}", fixed("WorstCase", n), solver, 100_000) for n in sizes]


@claim(
    "nlgd/C10",
    kind="exactness",
    source=f"{_PAPER}, Theorem 5.1 has the order n; the exact count is derived here",
    latex=r"T = \lfloor (3n + 2)/10 \rfloor + 1",
    measured=updates,
    axis="number of samples",
    cases=lambda budget: [
        *_over_n(BatchPerceptron(), budget, ", Batch Perceptron"),
        *_over_n(LRGD(math.inf), budget, ", LR+GD with infinite step"),
    ],
    controls=[
        Control("a full first step", cases=lambda budget: _over_n(_FullFirstStep(), budget)),
        Control("normalised", cases=lambda budget: _over_n(NormalizedBatchPerceptron(), budget)),
    ],
    options={"tol": 0.0},
)
def worst_case_count(n: Any, c: Any) -> Any:
    """One sample against n - 1 copies of another: unnormalised batch methods need 3n/10 updates, at one R and mu."""
    return (3 * n + 2) // 10 + 1


@claim(
    "nlgd/C10-slope",
    kind="scaling",
    source=f"{_PAPER}, Theorem 5.1",
    latex=r"T = \Omega(n)",
    measured=updates,
    axis="number of samples",
    cases=lambda budget: _over_n(LRGD(100.0), budget),
    controls=[
        Control("normalised: the count does not grow", cases=lambda budget: _over_n(NormalizedLRGD(100.0), budget))
    ],
    options={"sides": "both"},
)
def worst_case_slope(n: Any, c: Any) -> Any:
    """On the same data LR+GD with the finite step gamma = 100 needs a number of updates proportional to n."""
    return n


@claim(
    "nlgd/C10-flat",
    kind="exactness",
    source="derived here; the source's Table 1 shows it",
    latex=r"T = 2 \text{ for all } n \text{ and } \gamma \ge 10",
    measured=updates,
    axis="number of samples",
    cases=lambda budget: [
        case
        for gamma in (10.0, 100.0, 1e8, math.inf)
        for case in _over_n(NormalizedLRGD(gamma), budget, f", gamma = {gamma:g}")
    ],
    controls=[
        Control("gamma = 1", cases=lambda budget: _over_n(NormalizedLRGD(1.0), budget)),
        Control("not normalised", cases=lambda budget: _over_n(LRGD(100.0), budget)),
    ],
    options={"tol": 0.0},
)
def worst_case_flat(n: Any, c: Any) -> Any:
    """On the same data Normalized LR+GD needs two updates, whatever n."""
    return 2 + 0 * n


def _speedup(case: Case, problem: Any, seed: Any) -> Measurement:
    plain, normalized = (count(cls(case.params["gamma"]), problem) for cls in (LRGD, NormalizedLRGD))
    return Measurement(problem.n, plain / normalized)


def _balanced(budget: str) -> list[Case]:
    """The two samples of the worst case, equally often."""
    rows = fixed("WorstCase", 2).Z
    sizes = [int(case.name.split()[-1]) for case in _over_n(None, budget)]
    return [
        Case(f"n = {n}", Separable(np.repeat(rows, n // 2, axis=0), np.ones(n)), params={"gamma": 100.0}) for n in sizes
    ]


@claim(
    "nlgd/C11",
    kind="scaling",
    source=f"{_PAPER}, sections 5 and 6: its central claim",
    latex=r"T_{\mathrm{LR+GD}} / T_{\mathrm{normalized}} = \Theta(n)",
    measured=_speedup,
    axis="number of samples",
    cases=lambda budget: [Case(c.name, c.problem, params={"gamma": 100.0}) for c in _over_n(None, budget)],
    controls=[Control("the same two samples in equal numbers", cases=_balanced)],
    options={"sides": "both"},
)
def speedup(n: Any, c: Any) -> Any:
    """On the worst case the gain of the normalisation, in updates at gamma = 100, grows linearly with n."""
    return n
