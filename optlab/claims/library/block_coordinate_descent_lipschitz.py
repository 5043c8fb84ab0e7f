r"""Block coordinate descent: the rate of the Gauss-Southwell-Lipschitz rule, coordinate by coordinate.

:math:`\mu_L` is the constant of strong convexity in the norm :math:`\sum_i \sqrt{L_i} |x_i|`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import CAREFUL, ICML, TooLong, dense, greedy, lattice
from optlab.claims.library._block_descent_rates import (
    QUADRATICS,
    SPREAD,
    after_start,
    drawn_start,
    first_ratio,
    from_tight_start,
    instances,
    norm_inequality,
    tight,
)
from optlab.core.stop import Below
from optlab.problems import DenseQuadratic, PartitionedQuadratic, Quadratic

# ---------------------------------------------------------------- C3: the rate and its constant


def _steep(solver: Any) -> Case:
    """All gradients about equal, the largest where the curvature is largest: Gauss-Southwell takes the wrong one."""
    spectrum = np.array([*[1.0] * 9, 100.0])
    return Case("one steep coordinate", Quadratic(spectrum, x_star=[*[10.0] * 9, 0.101]), solver, 1, x0=np.zeros(10))


@claim(
    "bcd/C3",
    source=ICML,
    latex=r"\Delta_k \le (1 - \mu_L)^k \Delta_0",
    measured=after_start,
    uses={"mu_L": "lower"},
    cases=lambda budget: instances(greedy("GSL", "Lb"), True, budget),
    controls=[
        Control(
            "mu_1 / min L_i in place of mu_L",
            bound=lambda k, c: (1 - c.mu_1 / c.L_min) ** k * c.gap0,
            cases=[Case("dense quadratic, tight start", tight(True), greedy("GSL", "Lb"), 1)],
        ),
        Control(
            "the rate 1 % larger, from the tight start",
            bound=lambda k, c: (1 - 1.01 * c.mu_L) ** k * c.gap0,
            cases=[Case("dense quadratic, tight start", tight(True), greedy("GSL", "Lb"), 1)],
        ),
        Control("Gauss-Southwell, blind to L_i", cases=[_steep(greedy("GS", "Lb"))]),
        Control("steps of 2.1/L", cases=[Case("identity", Quadratic([1.0] * 5), greedy("GSL", TooLong()), 20)]),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
    options=CAREFUL,
)
def gauss_southwell_lipschitz(k: Any, c: Any) -> Any:
    """With steps 1/L_i the Gauss-Southwell-Lipschitz rule multiplies the gap by at most 1 - mu_L in each step."""
    return (1 - c.mu_L) ** k * c.gap0


@claim(
    "bcd/C3-tight",
    kind="exactness",
    source="derived here",
    latex=r"\Delta_1 = (1 - \mu_L) \Delta_0, \quad x_0 = H^{-1} \operatorname{diag}(\sqrt{L_i})\, s^\star",
    measured=first_ratio,
    axis="step",
    cases=from_tight_start(greedy("GSL", "Lb"), True),
    controls=[
        Control("another start", cases=[Case("dense quadratic", dense, greedy("GSL", "Lb"))]),
        Control("the common step 1/L", cases=from_tight_start(greedy("GSL", "L"), True)[:1]),
        Control("the tight start of Gauss-Southwell", cases=[_steep(greedy("GSL", "Lb"))]),
    ],
    seeds={"quick": 10, "standard": 100, "full": 500},
    options={"tol": 1e-12},
)
def gauss_southwell_lipschitz_tight(k: Any, c: Any) -> Any:
    """Every quadratic has a start from which one step of Gauss-Southwell-Lipschitz attains its rate."""
    return 1 - c.mu_L


@claim(
    "bcd/C3-constant",
    source="derived here",
    latex=r"\mu_L \|d\|_L^2 \le d^T H d, \quad \|d\|_L = \sum_i \sqrt{L_i} |d_i|, \quad "
    r"\mu_L = 1 / \max_{s \in \{-1, 1\}^n} (s \sqrt L)^T H^{-1} (s \sqrt L)",
    measured=norm_inequality(True),
    axis="direction",
    cases=QUADRATICS,
    controls=[Control("a constant 1 % larger", measured=norm_inequality(True, 1.01))],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def constant_of_the_scaled_norm(k: Any, c: Any) -> Any:
    """The worst signs give the largest constant of strong convexity, mu_L, in the 1-norm scaled by sqrt(L_i)."""
    raise AssertionError("the measurement carries both sides")


def _brackets(case: Case, problem: Any, seed: Any) -> Measurement:
    c, n = problem.constants, problem.shape[0]
    weaker = [c.mu / (n * c.L_mean), c.mu_1 / c.L_max, c.mu_L]
    return Measurement(range(3), weaker, [c.mu_L, c.mu_L, c.mu_1 / c.L_min])


@claim(
    "bcd/C3-brackets",
    source=ICML,
    latex=r"\max \Bigl\{ \frac{\mu}{n \bar L}, \frac{\mu_1}{L} \Bigr\} \le \mu_L \le \frac{\mu_1}{\min_i L_i}",
    measured=_brackets,
    axis="inequality",
    cases=[*QUADRATICS, Case("identity: the lower ends", Quadratic([1.0] * 6), tight=True)],
    controls=[
        Control(
            "mu_1 / mean L_i as the upper end",
            measured=lambda case, problem, seed: Measurement(
                0, problem.constants.mu_L, problem.constants.mu_1 / problem.constants.L_mean
            ),
            cases=[Case("one steep coordinate", Quadratic([*[1.0] * 9, 100.0]))],
        ),
    ],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def brackets_of_mu_l(k: Any, c: Any) -> Any:
    """The rate mu_L is at least that of Lipschitz sampling and that of Gauss-Southwell, at most mu_1 / min L_i."""
    raise AssertionError("the measurement carries both sides")


def _all_single_steps(case: Case, problem: Any, seed: Any) -> Measurement:
    """How far f falls for every coordinate and a range of steps, and how far for the step the solver makes."""
    x0 = drawn_start(case, problem, seed)
    result = case.solver.run(problem, x0=x0, max_iter=1)
    g, L = problem.gradient(x0), problem.coordinate_lipschitz()
    t = np.linspace(0, 2, 41)[:, None] / L
    falls = (t * g**2 - 0.5 * L * (t * g) ** 2).ravel()
    ours = problem.value(x0) - problem.value(result.x)
    return Measurement(np.arange(falls.size), falls, np.full(falls.size, ours))


@claim(
    "bcd/C3-best-pair",
    source=f"derived here; a remark in {ICML}",
    latex=r"f(x) - f(x + d e_{i_k}) \ge f(x) - f(x + t e_i) \text{ for all } i, t \quad \text{(quadratics)}",
    measured=_all_single_steps,
    axis="coordinate and step",
    cases=[Case(case.name, case.problem, greedy("GSL", "Lb")) for case in QUADRATICS],
    controls=[
        Control("Gauss-Southwell", cases=[_steep(greedy("GS", "Lb"))]),
        Control("the common step 1/L", cases=[_steep(greedy("GSL", "L"))]),
    ],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def best_coordinate_and_step(k: Any, c: Any) -> Any:
    """On a quadratic, GSL with step 1/L_i is the best pair of a coordinate and a step there is."""
    raise AssertionError("the measurement carries both sides")


def _steps_to_the_end(case: Case, problem: Any, seed: Any) -> Measurement:
    goal = 1e-25 * float(problem.value(problem.start()))
    result = case.solver.run(problem, stop=Below("gap", goal), max_iter=case.max_iter, record=1, rng=seed)
    return Measurement(problem.shape[0], result.k if result.success else math.inf, case.params["expected"])


def _in_blocks(solver: Any) -> Case:
    problem = PartitionedQuadratic.blockwise([1.0, 7.0, 3.0], 3)
    return Case("equal curvatures in each block", problem, solver, 50, {"expected": 3})


def _of_size_3(rule: str) -> Any:
    return greedy(rule, "Lb", block_size=3, partition="order")


@claim(
    "bcd/C3-finite",
    kind="exactness",
    source="derived here",
    latex=r"H = \operatorname{diag}(\lambda): \ x_n = x^\star; \qquad H_{bb} = \lambda_b I: \ x_{|B|} = x^\star",
    measured=_steps_to_the_end,
    axis="dimension",
    cases=[
        Case("diagonal", Quadratic(SPREAD), greedy("GSL", "Lb"), 50, {"expected": 20}),
        Case("dense, n = 1", DenseQuadratic([[3.0]], [2.0]), greedy("GSL", "Lb"), 50, {"expected": 1}),
        _in_blocks(_of_size_3("GSL")),
    ],
    controls=[
        Control("the common step 1/L", cases=[_in_blocks(greedy("GSL", "L", block_size=3, partition="order"))]),
        Control(
            "unequal curvatures in a block",
            cases=[Case("diagonal", Quadratic(SPREAD[:9]), _of_size_3("GSL"), 50, {"expected": 3})],
        ),
        Control(
            "no diagonal Hessian",
            cases=[Case("lattice", lattice(), greedy("GSL", "Lb"), 50, {"expected": 16})],
        ),
    ],
    options={"tol": 0.0},
)
def finite_termination(k: Any, c: Any) -> Any:
    """On a diagonal quadratic GSL ends after n steps, with blocks of equal curvature after one step for each block."""
    raise AssertionError("the measurement carries its own expected values")
