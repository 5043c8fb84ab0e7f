r"""Normalized LR+GD and its family: what was observed, by the source and here; some of it is false in general."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from optlab.claims import Case, Claim, Control, Measurement, claim
from optlab.claims.library._separation import count, digits, fixed
from optlab.solvers import LRGD, NormalizedLRGD

_PAPER = "Tyurin, From Logistic Regression to the Perceptron Algorithm, AAAI 2025 (arXiv 2412.08424)"

#: How many samples of the rare class make the data imbalanced.
_FEW = 9


# ---------------------------------------------------------------- C12: larger steps


def _larger_steps(case: Case, problem: Any, seed: Any) -> Measurement:
    """The number of updates of each step size against that of the next smaller one."""
    gammas = case.params["gammas"]
    counts = [count(case.solver.replace(gamma=gamma), problem) for gamma in gammas]
    return Measurement(gammas[1:], counts[1:], bound=counts[:-1])


def _losses(case: Case, problem: Any, which: Callable[[Any], float]) -> Measurement:
    """One loss of the run with each step size against that of the run with the next larger one."""
    gammas = case.params["gammas"]
    runs = [case.solver.replace(gamma=gamma).run(problem, max_iter=100_000) for gamma in gammas]
    losses = [which(run.history["loss"]) for run in runs]
    return Measurement(gammas[:-1], losses[:-1], bound=losses[1:])


def _peak_loss(case: Case, problem: Any, seed: Any) -> Measurement:
    return _losses(case, problem, max)


def _final_loss(case: Case, problem: Any, seed: Any) -> Measurement:
    return _losses(case, problem, lambda losses: losses[-1])


_CHAIN = Case("chain, d = 16", fixed("Chain", 16), LRGD(), params={"gammas": (1.0, 10.0, 100.0, 1e4)}, tight=True)


def _trend(budget: str) -> list[Case]:
    pairs = {"9 of digit 3, all of digit 8": digits(3, 8, 9), "digits 3 and 5": digits(3, 5)}
    problems = {"worst case, n = 100": fixed("WorstCase", 100), "worst case, n = 400": fixed("WorstCase", 400)} | pairs
    return [Case(name, p, LRGD(), params={"gammas": (0.1, 1.0, 10.0)}) for name, p in problems.items()]


larger_steps = Claim(
    id="nlgd/C12",
    kind="pathwise",
    statement="Larger steps never need more updates.",
    source=f"observed in the experiments of {_PAPER}; not a theorem there",
    latex=r"\gamma' > \gamma \ \Rightarrow \ T(\gamma') \le T(\gamma)",
    measured=_larger_steps,
    axis="gamma",
    cases=lambda budget: [*_trend(budget), _CHAIN],
    controls=[
        Control(
            "Normalized LR+GD on a longer chain",
            cases=[Case("chain, d = 32", fixed("Chain", 32), NormalizedLRGD(), params={"gammas": (1.0, 1e4)})],
        )
    ],
    expected="REFUTED",
    reason="False in general, as found here: on the chain LR+GD needs 16 updates with gamma = 10, 128 with gamma 100."
    " Only the bound of nlgd/C4 is monotone in gamma.",
)

larger_steps_trend = Claim(
    id="nlgd/C12-trend",
    kind="pathwise",
    statement="On the worst case and on images, from small to moderate steps, larger steps need fewer updates.",
    source=f"observed in the experiments of {_PAPER}; checked here on the digits of scikit-learn",
    latex=r"T(10\gamma) \le T(\gamma), \quad \gamma = 0.1, 1",
    measured=_larger_steps,
    axis="gamma",
    cases=_trend,
    controls=[Control("the chain", cases=[_CHAIN])],
)

larger_steps_loss = Claim(
    id="nlgd/C12-loss",
    kind="pathwise",
    statement="On the worst case and on images, larger steps have a higher loss before they separate.",
    source=f"observed in the experiments of {_PAPER}; checked here on the digits of scikit-learn",
    latex=r"\max_t f(\theta_t) \text{ grows with } \gamma",
    measured=_peak_loss,
    axis="gamma",
    cases=lambda budget: [
        Case(name, problem, LRGD(), params={"gammas": (1.0, 10.0, 100.0, 1e4)})
        for name, problem in {"worst case, n = 100": fixed("WorstCase", 100), "digits 3 and 8": digits(3, 8)}.items()
    ],
    controls=[Control("the loss of the separating iterate, instead of the loss before it", measured=_final_loss)],
)


# ---------------------------------------------------------------- C13: who wins when


def _over_pairs(case: Case, problem: Any, seed: Any) -> Measurement:
    """Two solvers on pairs of digits, as many samples of the comparison; both see the same data."""
    first, gamma = case.params["first"], case.params["gamma"]
    data = [digits(a, b, first, False) for a, b in combinations(range(10), 2)]
    solvers = (LRGD(gamma), NormalizedLRGD(gamma))
    plain, normalized = (np.array([[count(solver, p)] for p in data]) for solver in solvers)
    return Measurement(gamma, *((plain, normalized) if case.params["batch_first"] else (normalized, plain)))


def _pairs(first: int | None, batch_first: bool) -> list[Case]:
    name = "45 pairs of digits" if first is None else f"45 pairs of digits, {first} samples of one of them"
    # The problem of the case only gives the study a name; the measurement runs over all pairs.
    return [Case(name, digits(0, 1), params={"first": first, "gamma": 100.0, "batch_first": batch_first})]


_COMPARISON: dict[str, Any] = {"kind": "comparison", "measured": _over_pairs, "axis": "gamma"}
_OBSERVED = f"observed in the experiments of {_PAPER}; checked here on the 45 pairs of scikit-learn's digits"

balanced = Claim(
    id="nlgd/C13-balanced",
    statement="On balanced data LR+GD is on average as good as Normalized LR+GD, or better.",
    source=_OBSERVED,
    latex=r"T_{\mathrm{LR+GD}} \lesssim T_{\mathrm{normalized}}",
    cases=lambda budget: _pairs(None, True),
    controls=[Control("imbalanced data", cases=lambda budget: _pairs(_FEW, True))],
    doc="An average over the pairs: on some of them, such as 3 and 8, the normalised method is clearly better.",
    **_COMPARISON,
)

imbalanced = Claim(
    id="nlgd/C13",
    statement="On imbalanced data Normalized LR+GD needs on average fewer updates than LR+GD.",
    source=_OBSERVED,
    latex=r"T_{\mathrm{normalized}} < T_{\mathrm{LR+GD}}",
    cases=lambda budget: _pairs(_FEW, False),
    controls=[Control("balanced data", cases=lambda budget: _pairs(None, False))],
    **_COMPARISON,
)


# ---------------------------------------------------------------- C14: no large margin


def _margin(case: Case, problem: Any, seed: Any) -> Measurement:
    result = case.solver.run(problem, max_iter=100_000, record=[])
    return Measurement(problem.n, problem.measure(result.x)["min_margin"])


def _margin_cases(budget: str) -> list[Case]:
    pairs = [(0, 1), (1, 8), (3, 8), (4, 9)] if budget == "quick" else list(combinations(range(10), 2))
    return [Case(f"digits {a} and {b}", digits(a, b), NormalizedLRGD(100.0)) for a, b in pairs]


@claim(
    "nlgd/C14",
    kind="pathwise",
    source=f"{_PAPER}, discussion; checked here on scikit-learn's digits",
    latex=r"\min_i z_i^\top \theta_T / \|\theta_T\| \le \tfrac34 \mu",
    measured=_margin,
    axis="number of samples",
    uses={"mu": "lower"},
    cases=_margin_cases,
    controls=[
        Control(
            "the orthant, where the separator has the largest margin",
            cases=[Case("orthant", fixed("Orthant", 20), NormalizedLRGD(100.0))],
        ),
        Control(
            "the direction of the largest margin in place of the method's",
            measured=lambda case, problem, seed: Measurement(
                problem.n, problem.measure(problem.direction)["min_margin"]
            ),
        ),
    ],
)
def no_large_margin(n: Any, c: Any) -> Any:
    """The first separator that large steps find does not have the largest margin: on images it is below 3/4 of it."""
    return 0.75 * c.mu
