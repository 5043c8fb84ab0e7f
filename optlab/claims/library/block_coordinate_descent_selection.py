r"""Block coordinate descent with blocks drawn at random, and with rules that are only nearly greedy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import (
    CAREFUL,
    ICML,
    TooLong,
    dense,
    greedy,
    noisy_labels,
)
from optlab.claims.library._block_descent_rates import after_start, drawn_start, expected_step
from optlab.problems import DenseQuadratic, Quadratic
from optlab.solvers.block_coordinate_descent.approximate import ApproximateGS

# ---------------------------------------------------------------- C1: random selection


def _expected(case: Case, problem: Any, seed: Any) -> Measurement:
    """The exact mean of the gap after one step: blocks have probabilities proportional to the constants in use."""
    step = expected_step(case.solver, problem, drawn_start(case, problem, seed))
    mean = np.average(step.after, weights=step.lipschitz)  # with one common constant that is the uniform mean
    known = {"gap0": step.before, "total": math.fsum(step.lipschitz), "blocks": len(step.blocks)}
    return Measurement(1, mean, known=known)


_FLAT = np.geomspace(1.0, 100.0, 20)


def _one_step(update: Any, partition: Any = "order", size: int = 1) -> Any:
    return greedy("random", update, block_size=size, partition=partition)


def _flattest(spectrum: Any, solver: Any, tight: bool = False, **params: Any) -> Case:
    """Only the coordinate of the smallest curvature is wrong."""
    x0 = np.zeros(len(spectrum))
    x0[int(np.argmin(spectrum))] = 1.0
    problem = Quadratic(spectrum, x_star=np.zeros(len(spectrum)))
    return Case("diagonal, the flattest coordinate alone", problem, solver, 1, params, x0=x0, tight=tight)


@claim(
    "bcd/C1",
    source=f"{ICML}, for single coordinates; for blocks derived here",
    latex=r"\mathbf{E}\, \Delta_{k+1} \le \Bigl(1 - \frac{\mu}{\sum_b \ell_b}\Bigr) \Delta_k, \quad "
    r"P(b) \propto \ell_b \ge L_b, \ d = -\nabla_b f / \ell_b",
    measured=_expected,
    axis="step",
    uses={"mu": "lower"},
    cases=[
        Case("dense quadratic, uniform", dense, _one_step("L")),
        Case("dense quadratic, by L_i", dense, _one_step("Lb")),
        Case("dense quadratic, uniform blocks", dense, _one_step("L", "sort", 3)),
        Case("dense quadratic, blocks by L_b", dense, _one_step("Lb", "sort", 3)),
        Case("logistic regression, blocks by L_b", noisy_labels, _one_step("Lb", "order", 4)),
        _flattest(_FLAT, _one_step("Lb"), tight=True),
    ],
    controls=[
        Control("twice the rate", bound=lambda k, c: (1 - 2 * c.mu / c.total) * c.gap0),
        Control(
            "uniform selection with step 1/L, held to the rate of Lipschitz sampling",
            bound=lambda k, c: (1 - c.mu / (c.blocks * c.L_mean)) * c.gap0,
            cases=[_flattest([1.0] * 9 + [1000.0], _one_step("L"))],
        ),
        Control("steps of 2.1/L", cases=[_flattest([1.0] * 10, _one_step(TooLong()))]),
    ],
    seeds={"quick": 1, "standard": 20, "full": 100},
)
def random_step(k: Any, c: Any) -> Any:
    """A random step multiplies the expected gap by at most 1 - mu / (sum of l_b), uniform or by Lipschitz constants."""
    return (1 - c.mu / c.total) * c.gap0


@claim(
    "bcd/C1-attained",
    kind="exactness",
    source="derived here",
    latex=r"\mathbf{E}\, \Delta_{k+1} = \Bigl(1 - \frac{\mu}{n \bar L}\Bigr) \Delta_k, \quad "
    r"H = \operatorname{diag}(\lambda), \ x = e_{\operatorname{argmin} \lambda}",
    measured=_expected,
    axis="step",
    cases=[
        _flattest(spectrum, _one_step("Lb"), tight=True)
        for spectrum in (_FLAT, [1.0] * 5, [1.0, 7.0], [2.0] * 9 + [50.0])
    ],
    controls=[
        Control("uniform selection with step 1/L", cases=[_flattest(_FLAT, _one_step("L"))]),
        Control(
            "another start",
            cases=[Case("diagonal", Quadratic(_FLAT, x_star=np.zeros(20)), _one_step("Lb"), x0=np.ones(20))],
        ),
    ],
    options={"tol": 1e-12},
)
def random_step_attained(k: Any, c: Any) -> Any:
    """Where only the flattest coordinate is wrong, Lipschitz sampling gains no more than its rate: it is attained."""
    return (1 - c.mu / (c.blocks * c.L_mean)) * c.gap0


_DRAWN_ONCE = dense(np.random.default_rng(7))


def _skewed(solver: Any, spectrum: Any = (0.1, *[1.0] * 9)) -> Case:
    """A diagonal with the error in the flattest coordinate, for the most part."""
    start = np.where(np.asarray(spectrum) == min(spectrum), 10.0, 0.1 / np.sqrt(spectrum))
    problem = Quadratic(spectrum, x_star=np.zeros(len(spectrum)))
    return Case("diagonal", problem, solver, 15, {"n": len(spectrum)}, record=[15], x0=start)


def _dense_runs(solver: Any) -> Case:
    return Case("dense quadratic", _DRAWN_ONCE, solver, 15, {"n": _DRAWN_ONCE.shape[0]}, record=[15])


_RUNS: dict[str, Any] = {
    "kind": "expectation",
    "measured": after_start,
    "latex": r"\mathbf{E}\, \Delta_k \le \Bigl(1 - \frac{\mu}{\sum_b \ell_b}\Bigr)^k \Delta_0",
    "uses": {"mu": "lower", "L_max": "upper", "L_mean": "upper"},
    "seeds": {"quick": 200, "standard": 400, "full": 2000},
}
_GREEDY_RATE = Control(
    "held to the rate of the Gauss-Southwell rule",
    bound=lambda k, c: (1 - c.mu_1 / c.L_max) ** k * c.gap0,
    cases=[_skewed(greedy("random", "L"))],
    seeds=32,
)


@claim(
    "bcd/C1-runs",
    source=ICML,
    cases=[_dense_runs(greedy("random", "L")), _skewed(greedy("random", "L"))],
    controls=[
        _GREEDY_RATE,
        Control("steps of 2.1/L", cases=[_skewed(greedy("random", TooLong()), (1.0,) * 10)], seeds=32),
    ],
    **_RUNS,
)
def random_runs(k: Any, c: Any) -> Any:
    """Uniformly random coordinates with step 1/L: the mean gap over runs falls by 1 - mu/(L n) a step, or faster."""
    return (1 - c.mu / (c.L_max * c.n)) ** k * c.gap0


@claim(
    "bcd/C1-lipschitz-runs",
    source=ICML,
    cases=[
        _dense_runs(greedy("lipschitz", "Lb")),
        Case("diagonal", Quadratic(_FLAT), greedy("lipschitz", "Lb"), 15, {"n": 20}, record=[15]),
    ],
    controls=[
        _GREEDY_RATE,
        Control(
            "uniform selection with step 1/L",
            cases=[_skewed(greedy("random", "L"), (1.0, *[10.0] * 8, 1000.0))],
            seeds=32,
        ),
    ],
    **_RUNS,
)
def lipschitz_runs(k: Any, c: Any) -> Any:
    """With probabilities L_i / sum(L) and steps 1/L_i the mean gap over runs falls by 1 - mu/(sum of L_i) a step."""
    return (1 - c.mu / (c.L_mean * c.n)) ** k * c.gap0


# ---------------------------------------------------------------- C5: rules that are only nearly greedy


def _misled(name: str, problem: Any, eps: Any, kind: str, true: Any = None) -> Case:
    """An adversary chooses, among the admissible coordinates, the smallest gradient; `true` is what it really does."""
    rule = ApproximateGS(eps if true is None else true, kind=kind, choice="worst")
    return Case(name, problem, greedy(rule, "L"), 60, {"eps": eps}, record=1)


def _nearly_equal(eps: float, n: int = 20) -> Any:
    """The identity, with one gradient smaller than all others by the factor 1 - eps: the adversary takes it."""
    return DenseQuadratic(np.eye(n), np.append(np.ones(n - 1), 1 - eps + 1e-12))


def _now_and_then(k: int) -> float:
    """An error that does not vanish."""
    return 0.9 if k % 3 == 0 else 0.2


def _at(eps: Any, k: Any) -> Any:
    """The errors of the steps 0, ..., max k - 1."""
    return np.array([eps(j) if callable(eps) else eps for j in range(int(k.max()))])


def _multiplicative(budget: str = "quick") -> list[Case]:
    sizes: dict[str, Any] = {"0.3": 0.3, "0.7": 0.7, "0.9 now and then": _now_and_then}
    if budget != "quick":
        sizes |= {"0.01": 0.01, "0.1": 0.1, "0.5": 0.5, "0.9": 0.9}
    return [
        *(_misled(f"dense quadratic, eps = {name}", dense, eps, "multiplicative") for name, eps in sizes.items()),
        _misled("identity, eps = 0.3", _nearly_equal(0.3), 0.3, "multiplicative"),
        _misled("identity, eps = 0.7", _nearly_equal(0.7), 0.7, "multiplicative"),
    ]


@claim(
    "bcd/C5",
    source=ICML,
    latex=r"|\nabla_{i_k} f| \ge (1 - \varepsilon_k) \|\nabla f\|_\infty \ \Rightarrow\ "
    r"\Delta_k \le \prod_{j < k} \Bigl(1 - \frac{\mu_1 (1 - \varepsilon_j)^2}{L}\Bigr) \Delta_0",
    measured=after_start,
    uses={"mu_1": "lower", "L_max": "upper"},
    cases=_multiplicative,
    controls=[
        Control(
            "held to the rate of the exact rule",
            bound=lambda k, c: (1 - c.mu_1 / c.L_max) ** k * c.gap0,
            cases=[_misled("identity", _nearly_equal(0.7), 0.7, "multiplicative")],
        ),
        Control(
            "1 - eps without its square",
            bound=lambda k, c: (1 - c.mu_1 * (1 - c.eps) / c.L_max) ** k * c.gap0,
            cases=[_misled("identity", _nearly_equal(0.7), 0.7, "multiplicative")],
        ),
        Control(
            "errors larger than declared",
            cases=[_misled("identity", _nearly_equal(0.9), 0.1, "multiplicative", true=0.9)],
        ),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
    options=CAREFUL,
)
def multiplicative_error(k: Any, c: Any) -> Any:
    """If the gradient chosen has at least 1 - eps of the largest one's size, a step keeps (1 - eps)^2 of the rate."""
    return np.cumprod(1 - c.mu_1 * (1 - _at(c.eps, k)) ** 2 / c.L_max)[k.astype(int) - 1] * c.gap0


def _geometric(first: float, ratio: float) -> Any:
    return lambda k: first * ratio**k


def _additive(budget: str = "quick") -> list[Case]:
    errors: dict[str, Any] = {"1": 1.0, "0.9^k": _geometric(1.0, 0.9)}
    if budget != "quick":
        errors |= {"0.1": 0.1, "3 0.99^k": _geometric(3.0, 0.99)}
    dense_cases = [_misled(f"dense quadratic, eps = {name}", dense, eps, "additive") for name, eps in errors.items()]
    return [*dense_cases, _misled("identity, eps = 0.7", _nearly_equal(0.7), 0.7, "additive")]


@claim(
    "bcd/C5-additive",
    source=f"{ICML}, with some A_k; the A_k here is derived here",
    latex=r"|\nabla_{i_k} f| \ge \|\nabla f\|_\infty - \varepsilon_k \ \Rightarrow\ "
    r"\Delta_k \le \rho^k \Bigl(\Delta_0 + \sqrt{2 \Delta_0 / L} \sum_{j < k} \rho^{-j-1} \varepsilon_j\Bigr), "
    r"\quad \rho = 1 - \mu_1 / L",
    measured=lambda case, problem, seed: after_start(case, problem, seed, relative=False),
    uses={"mu_1": "lower", "L_max": "upper"},
    cases=_additive,
    controls=[
        Control(
            "the errors left out of the bound",
            bound=lambda k, c: (1 - c.mu_1 / c.L_max) ** k * c.gap0,
            cases=[_misled("identity", _nearly_equal(0.7), 0.7, "additive")],
        ),
        Control(
            "the errors vanish in the bound only",
            cases=[_misled("identity", _nearly_equal(0.0), _geometric(1.5, 0.1), "additive", true=1.5)],
        ),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
    options=CAREFUL,
)
def additive_error(k: Any, c: Any) -> Any:
    """If the gradient chosen is smaller than the largest by at most eps_k, the rate holds with the errors added up."""
    rate, eps = 1 - c.mu_1 / c.L_max, _at(c.eps, k)
    sums = np.cumsum(eps * rate ** -np.arange(1.0, 1.0 + eps.size))[k.astype(int) - 1]
    return rate**k * (c.gap0 + math.sqrt(2 * c.gap0 / c.L_max) * sums)
