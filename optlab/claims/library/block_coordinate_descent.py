r"""Block coordinate descent: what one step is sure to gain, and what that does not say about whole runs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import (
    Unscaled,
    correlated,
    dense,
    greedy,
    noisy_labels,
)
from optlab.claims.library._block_descent_rates import drawn_start
from optlab.problems import DenseQuadratic
from optlab.solvers.block_coordinate_descent import Block, Move, Update

# ---------------------------------------------------------------- C0: what one step is sure to gain


_MODELS = {"dense quadratic": dense, "correlated least squares": correlated, "logistic regression": noisy_labels}


def _promises(case: Case, problem: Any, seed: Any) -> Measurement:
    """The promised and the actual fall of the objective at each step, as long as rounding does not blur it."""
    result = case.solver.run(problem, max_iter=case.max_iter, record=1, rng=seed)
    values, promised = result.history["value"], result.history.trace["progress"]
    clear = promised > 1e-6 * np.abs(values).max()
    return Measurement(np.arange(promised.size)[clear], promised[clear], -np.diff(values)[clear])


def _blocks_of_3(rule: str, update: Any, partition: Any = "order") -> Any:
    return greedy(rule, update, block_size=3, partition=partition)


_UPDATES = {
    "L, fixed blocks": _blocks_of_3("cyclic", "L"),
    "L_b, fixed blocks": _blocks_of_3("random", "Lb"),
    "L_b, variable blocks": _blocks_of_3("GS", "Lb", None),
    "H_b, fixed blocks": _blocks_of_3("GSQ", "Hb"),
    "H_b, variable blocks": _blocks_of_3("random", "Hb", None),
    "D = |b| L_i": _blocks_of_3("GSD", "D", None),
    "D = row sums": _blocks_of_3("GSD-rows", "D-rows", None),
}


def _everywhere(solvers: dict[str, Any], models: Any = tuple(_MODELS), steps: int = 30) -> list[Case]:
    return [
        Case(f"{model}, {name}", _MODELS[model], solver, steps) for model in models for name, solver in solvers.items()
    ]


@dataclass(frozen=True)
class _OfOneCoordinate(Update):
    """Sabotaged: the constant of a block is the largest of its coordinates'."""

    def move(self, at: Any, block: Block) -> Move:
        g, L = at.block_gradient(block), float(at.take(at.lipschitz, block).max())
        return Move(-g / L, L, float(g @ g) / (2 * L))


@dataclass(frozen=True)
class _Halved(Update):
    """Sabotaged: half the constant of the block."""

    def move(self, at: Any, block: Block) -> Move:
        g, L = at.block_gradient(block), at.block_lipschitz(block) / 2
        return Move(-g / L, L, float(g @ g) / (2 * L))


def _ranking_as_bound(update: Any) -> list[Case]:
    return [Case("correlated least squares", correlated, _blocks_of_3("GSD", update, None), 10)]


@claim(
    "bcd/C0",
    source="derived here, from the definition of the constants",
    latex=r"f(x) - f(x + U_b d) \ge \tfrac1{2 L_b} \|\nabla_b f\|^2, \quad \tfrac12 \nabla_b f^T H_b^{-1} \nabla_b f, "
    r"\quad \tfrac12 \sum_{i \in b} (\nabla_i f)^2 / D_i",
    measured=_promises,
    cases=_everywhere(_UPDATES),
    controls=[
        Control("half of L_b", cases=_everywhere({"half of L_b": _blocks_of_3("cyclic", _Halved())})),
        Control("the largest L_i of the block in place of L_b", cases=_ranking_as_bound(_OfOneCoordinate())),
        Control("D_i = L_i, the factor |b| left out: fit for ranking only", cases=_ranking_as_bound(Unscaled())),
    ],
    seeds={"quick": 1, "standard": 10, "full": 50},
)
def progress(k: Any, c: Any) -> Any:
    """Each step lowers f by at least what the curvature bound promises: L_b, the matrix H_b, or a diagonal D_b."""
    raise AssertionError("the measurement carries the actual fall")


def _share(case: Case, problem: Any, seed: Any) -> Measurement:
    """The promised part of the actual fall."""
    found = _promises(case, problem, seed)
    return Measurement(found.axis, np.asarray(found.value) / np.asarray(found.bound), np.ones_like(found.value))


_MATRIX = {name: _UPDATES[name] for name in ("H_b, fixed blocks", "H_b, variable blocks")}


@claim(
    "bcd/C0-Hb",
    kind="exactness",
    source="derived here",
    latex=r"f(x) - f(x + U_b d) = \tfrac12 \nabla_b f^T H_b^{-1} \nabla_b f \quad \text{for quadratics}",
    measured=_share,
    cases=_everywhere(_MATRIX, ["dense quadratic", "correlated least squares"]),
    controls=[
        Control("no quadratic: logistic regression", cases=_everywhere(_MATRIX, ["logistic regression"])),
        Control(
            "gradient steps", cases=_everywhere({"L_b": _UPDATES["L_b, fixed blocks"]}, ["correlated least squares"])
        ),
    ],
    seeds={"quick": 2, "standard": 10, "full": 50},
    options={"tol": 1e-8},
)
def matrix_step_is_exact(k: Any, c: Any) -> Any:
    """On a quadratic the matrix step gains exactly what it promises: it minimises f over the block."""
    raise AssertionError("the measurement carries its own expected values")


def _order(case: Case, problem: Any, seed: Any) -> Measurement:
    """Guarantees of one step from one point, the weaker and the stronger side of each of six inequalities."""
    x0 = drawn_start(case, problem, seed)
    g, n, size = problem.gradient(x0), problem.shape[0], 3

    def fixed(rule: str, update: str, partition: Any = "order") -> float:
        solver = greedy(rule, update, block_size=size, partition=partition)
        return float(solver.run(problem, x0=x0, max_iter=1).history.trace["progress"][0])

    def largest(norm: Any) -> float:
        return max(float(norm(np.array(b))) for b in itertools.combinations(range(n), size))

    matrix_bound = largest(lambda b: 0.5 * float(g[b] @ np.linalg.solve(problem.block_bound(b), g[b])))
    gradient_bound = largest(lambda b: 0.5 * float(g[b] @ g[b]) / np.linalg.eigvalsh(problem.block_bound(b))[-1])
    pairs = [
        (fixed("GS", "L"), fixed("GSL", "Lb")),
        (fixed("GSL", "Lb"), fixed("GSQ", "Hb")),
        (fixed("GSD", "D"), fixed("GSQ", "Hb")),
        (fixed("GSD", "D"), fixed("GSD", "D", None)),
        (fixed("GSL", "Lb"), gradient_bound),
        (gradient_bound, matrix_bound),
        (fixed("GSQ", "Hb"), matrix_bound),
        (fixed("GSD", "D", None), fixed("GSQ", "Hb", None)),
        (fixed("GSQ", "Hb", None), matrix_bound),
    ]
    weaker, stronger = np.array(pairs).T
    return Measurement(np.arange(len(pairs)), weaker, stronger)


def _exchanged(case: Case, problem: Any, seed: Any) -> Measurement:
    found = _order(case, problem, seed)
    return Measurement(found.axis, found.bound, found.value)


@claim(
    "bcd/C0-order",
    source="derived here",
    latex=r"\mathrm{GS} \le \mathrm{GSL} \le \mathrm{GSQ}, \quad \mathrm{GSD} \le \mathrm{GSQ}, \quad "
    r"\text{fixed} \le \text{variable blocks}",
    measured=_order,
    axis="inequality",
    cases=[Case("dense quadratic", lambda rng: dense(rng, 9))],
    controls=[Control("the order reversed", measured=_exchanged)],
    seeds={"quick": 3, "standard": 20, "full": 100},
)
def order_of_guarantees(k: Any, c: Any) -> Any:
    """At one point a finer rule is guaranteed at least as much progress, and so are variable blocks."""
    raise AssertionError("the measurement carries both sides")


def _two_rules(case: Case, problem: Any, seed: Any) -> Measurement:
    ours, theirs = (
        solver.run(problem, x0=case.x0, max_iter=case.max_iter, record=1).history
        for solver in (case.solver, case.params["other"])
    )
    return Measurement(ours["k"], ours["gap"], theirs["gap"])


@claim(
    "bcd/C0-paths",
    source="derived here: what the order of the guarantees does not say",
    latex=r"f(x_k^{\mathrm{GSL}}) \le f(x_k^{\mathrm{GS}}) \text{ for all } k",
    measured=_two_rules,
    cases=[
        Case(
            "three coordinates",
            DenseQuadratic([[6.0, 4.0, 2.0], [4.0, 9.0, -2.0], [2.0, -2.0, 9.0]], [0.0, 0.0, 0.0]),
            greedy("GSL", "Lb"),
            4,
            {"other": greedy("GS", "Lb")},
            x0=[0.0, 3.0, 3.0],
        )
    ],
    expected="REFUTED",
    reason="The guarantees are ordered at one point only. Here GSL falls further in the first step and has 1800 times "
    "the gap of GS three steps later.",
)
def order_of_paths(k: Any, c: Any) -> Any:
    """With the same steps 1/L_i, GSL is never behind GS (false: the order of guarantees is not one of whole runs)."""
    raise AssertionError("the measurement carries the other gap")
