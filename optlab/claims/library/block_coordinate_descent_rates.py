r"""Block coordinate descent: the rate of the Gauss-Southwell rule, coordinate by coordinate, under strong convexity.

:math:`\mu_1` is the constant of strong convexity in the norm :math:`\|x\|_1`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import CAREFUL, ICML, JMLR, TooLong, dense, greedy
from optlab.claims.library._block_descent_rates import (
    QUADRATICS,
    SPREAD,
    after_start,
    fall_of_each_step,
    first_ratio,
    flat,
    from_tight_start,
    instances,
    norm_inequality,
    tight,
)
from optlab.problems import LabelPropagation, Quadratic

# ---------------------------------------------------------------- C2: Gauss-Southwell


def _common_rate(k: Any, c: Any) -> Any:
    return (1 - c.mu_1 / c.L_max) ** k * c.gap0


@claim(
    "bcd/C2",
    source=ICML,
    latex=r"\Delta_k \le (1 - \mu_1 / L)^k \Delta_0",
    measured=after_start,
    uses={"mu_1": "lower", "L_max": "upper"},
    cases=lambda budget: instances(greedy("GS", "L"), False, budget),
    controls=[
        Control(
            "mu in place of mu_1",
            bound=lambda k, c: (1 - c.mu / c.L_max) ** k * c.gap0,
            cases=[Case("dense quadratic, tight start", tight(False), greedy("GS", "L"), 1)],
        ),
        Control(
            "the rate 1 % larger, from the tight start",
            bound=lambda k, c: (1 - 1.01 * c.mu_1 / c.L_max) ** k * c.gap0,
            cases=[Case("dense quadratic, tight start", tight(False), greedy("GS", "L"), 1)],
        ),
        Control(
            "random selection",
            cases=[flat(greedy("random", "L"), 300)],
        ),
        Control("steps of 2.1/L", cases=[Case("identity", Quadratic([1.0] * 5), greedy("GS", TooLong()), 20)]),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
    options=CAREFUL,
)
def gauss_southwell(k: Any, c: Any) -> Any:
    """With step 1/L the Gauss-Southwell rule multiplies the gap by at most 1 - mu_1/L in each step."""
    return _common_rate(k, c)


def _product(factor: float = 1.0) -> Any:
    def bound(case: Case, problem: Any, result: Any) -> Any:
        falls = 1 - factor * problem.constants.mu_1 / result.history.trace["lipschitz"]
        return result.history["gap"][0] * np.cumprod(falls)

    return fall_of_each_step(bound)


def _own_steps(rule: str = "GS", update: str = "Lb") -> list[Case]:
    return [
        Case("diagonal", Quadratic(SPREAD), greedy(rule, update), 60),
        Case("dense quadratic", dense, greedy(rule, update), 60),
        Case("dense quadratic, tight start", tight(False), greedy(rule, update), 60, tight=True),
    ]


@claim(
    "bcd/C2-own-steps",
    source=ICML,
    latex=r"\Delta_k \le \prod_{j < k} \Bigl(1 - \frac{\mu_1}{L_{i_j}}\Bigr) \Delta_0",
    measured=_product(),
    uses={"mu_1": "lower"},
    cases=[*_own_steps(), Case("dense quadratic, exact", dense, greedy("GS", "exact"), 60)],
    controls=[
        Control("the rate 1 % larger, from the tight start", measured=_product(1.01), cases=_own_steps()[2:]),
        Control("random selection", cases=_own_steps("random")[2:]),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
    options=CAREFUL,
)
def gauss_southwell_own_steps(k: Any, c: Any) -> Any:
    """With steps 1/L_i, or exact ones, each step of Gauss-Southwell gains its own factor 1 - mu_1/L_i."""
    raise AssertionError("the measurement carries the product of the factors")


@claim(
    "bcd/C2-tight",
    kind="exactness",
    source="derived here",
    latex=r"\Delta_1 = (1 - \mu_1 / L) \Delta_0, \quad x_0 = H^{-1} s^\star, \ L_i = L",
    measured=first_ratio,
    axis="step",
    cases=from_tight_start(greedy("GS", "L"), False),
    controls=[
        Control("another start", cases=[Case("dense quadratic", dense, greedy("GS", "L"))]),
        Control("the tight start of the other rule", cases=from_tight_start(greedy("GS", "L"), True)[:1]),
    ],
    seeds={"quick": 10, "standard": 100, "full": 500},
    options={"tol": 1e-12},
)
def gauss_southwell_tight(k: Any, c: Any) -> Any:
    """From x_0 = H^{-1} s, with the worst signs s, one step of Gauss-Southwell with step 1/L attains its rate."""
    return 1 - c.mu_1 / c.L_max


@claim(
    "bcd/C2-constant",
    source=f"derived here; for diagonal H {ICML}",
    latex=r"\mu_1 \|d\|_1^2 \le d^T H d, \quad \mu_1 = 1 / \max_{s \in \{-1, 1\}^n} s^T H^{-1} s",
    measured=norm_inequality(False),
    axis="direction",
    cases=QUADRATICS,
    controls=[Control("a constant 1 % larger", measured=norm_inequality(False, 1.01))],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def constant_of_the_1_norm(k: Any, c: Any) -> Any:
    """1 / max s^T H^{-1} s over all signs s is the largest constant of strong convexity in the 1-norm, mu_1."""
    raise AssertionError("the measurement carries both sides")


def _brackets(case: Case, problem: Any, seed: Any) -> Measurement:
    c, n = problem.constants, problem.shape[0]
    return Measurement([0, 1], [c.mu / n, c.mu_1], [c.mu_1, c.mu])


@claim(
    "bcd/C2-brackets",
    source=ICML,
    latex=r"\mu / n \le \mu_1 \le \mu",
    measured=_brackets,
    axis="inequality",
    cases=[
        *QUADRATICS,
        Case("identity: the lower end", Quadratic([1.0] * 6), tight=True),
        Case("one flat coordinate: near the upper end", Quadratic([1e-6, *[1.0] * 5]), tight=True),
    ],
    controls=[
        Control(
            "half the upper end",
            measured=lambda case, problem, seed: Measurement(0, problem.constants.mu_1, problem.constants.mu / 2),
        ),
    ],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def brackets_of_mu_1(k: Any, c: Any) -> Any:
    """The constant mu_1 lies between mu/n and mu: greedy is never worse than random, at best n times faster."""
    raise AssertionError("the measurement carries both sides")


def _gain(case: Case, problem: Any, seed: Any) -> Measurement:
    """How many times the rate of Gauss-Southwell that of random selection is."""
    c = problem.constants
    return Measurement(problem.shape[0], problem.shape[0] * c.mu_1 / c.mu, case.params["expected"])


_EPS = 1e-9


@claim(
    "bcd/C2-gain",
    kind="exactness",
    source=ICML,
    latex=r"\frac{\mu_1 / L}{\mu / (n L)} = \frac{n}{\sum_i \lambda_{\min} / \lambda_i}: "
    r"\quad 1, \ \approx n, \ \approx \tfrac{n}{n-1}",
    measured=_gain,
    axis="dimension",
    cases=[
        Case("all curvatures equal: no gain", Quadratic([3.0] * 10), params={"expected": 1.0}),
        Case("one flat coordinate: n", Quadratic([_EPS, *[1.0] * 9]), params={"expected": 10.0}),
        Case("one steep coordinate: n/(n - 1)", Quadratic([1 / _EPS, *[1.0] * 9]), params={"expected": 10 / 9}),
    ],
    controls=[
        Control("a gain of n claimed always", cases=[Case("equal", Quadratic([3.0] * 10), params={"expected": 10.0})])
    ],
    options={"tol": 1e-7},
)
def gain_over_random(k: Any, c: Any) -> Any:
    """On diagonal quadratics greedy selection gains nothing if all curvatures agree, a factor n if one is tiny."""
    raise AssertionError("the measurement carries its own expected values")


def _of_data_set_d(case: Case, problem: Any, seed: Any) -> Measurement:
    c = problem.constants
    return Measurement([0, 1, 2], [c.mu_1, c.mu / problem.shape[0], c.L_max], [3.216063, 1.974951, 4e5])


@claim(
    "bcd/C2-lattice",
    kind="exactness",
    source=f"derived here, on data set D of {JMLR}",
    latex=r"H^{-1} \ge 0 \ \Rightarrow\ \mu_1 = \frac1{1^T H^{-1} 1} = 3.216063, \quad \mu / n = 1.974951, \quad "
    r"L = 4 \cdot 10^5",
    measured=_of_data_set_d,
    axis="constant",
    cases=[Case("2400 unlabelled nodes", lambda rng: LabelPropagation.lattice())],
    controls=[
        Control(
            "the data set of the paper's text: other weights, more labels",
            cases=[Case("the text's lattice", lambda rng: LabelPropagation.lattice(variant="text"))],
        )
    ],
    options={"tol": 1e-6},
)
def constants_of_data_set_d(k: Any, c: Any) -> Any:
    """On the 50 x 50 lattice of the experiments mu_1 is 1.6 times mu/n: greedy selection is worth that little there."""
    raise AssertionError("the measurement carries its own expected values")
