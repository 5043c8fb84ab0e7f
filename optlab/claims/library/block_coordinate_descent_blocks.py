r"""Block coordinate descent: rates of greedy rules on fixed blocks, and of the PL inequality.

For a norm that belongs to the rule, :math:`\mu_B` is the largest constant with
:math:`\tfrac12 \max_b \|\nabla_b f\|^2_{M_b^{-1}} \ge \mu_B (f - f^\star)`, where :math:`M_b` stands for the
Hessian of the block in the step: :math:`H_b`, :math:`L_b I`, :math:`\max_b L_b I`, or a diagonal.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import CAREFUL, TooLong, Unscaled, correlated, curvature, dense, greedy
from optlab.claims.library._block_descent_rates import drawn_start
from optlab.problems import DenseQuadratic, LeastSquares, Quadratic, TwoBlockQuadratic, mu_block

#: For each rule with the step that goes with it: what bounds the curvature of a block.
_METRIC = {"GSQ": "H", "GSL": "Lb", "GSD-rows": "D", "GS": "L"}
_UPDATE = {"GSQ": "Hb", "GSL": "Lb", "GSD-rows": "D-rows", "GS": "L"}

_SPREAD = Quadratic(np.geomspace(1.0, 100.0, 12))
_EQUAL = Quadratic([1.0] * 8)
_ANGLE = TwoBlockQuadratic(0.9, 3, rng=0)


def _blockwise(rule: str, size: int = 4, partition: Any = "sort", update: Any = None) -> Any:
    return greedy(rule, update or _UPDATE[rule], block_size=size, partition=partition)


def _run(case: Case, problem: Any, seed: Any, metric: str = "") -> Measurement:
    """The gap relative to the first one, and mu_B of the problem, the partition and the rule."""
    result = case.solver.run(problem, x0=case.x0, max_iter=case.max_iter, record=case.record, rng=seed)
    gaps = result.history["gap"]
    blocks = result.state.blocks or case.params["blocks"]
    constant = mu_block(curvature(problem), blocks, metric or case.params["metric"])
    return Measurement(result.history["k"][1:], gaps[1:] / gaps[0], known={"rate": constant.value})


def _instances(rule: str, budget: str = "quick") -> list[Case]:
    steps, params = 60 if budget == "quick" else 500, {"metric": _METRIC[rule]}
    return [
        Case("dense quadratic, sorted", dense, _blockwise(rule), steps, params),
        Case("dense quadratic, blocks of 3, 3 and 2", dense, _blockwise(rule, 3, "order"), steps, params),
        Case("correlated least squares", _full_rank, _blockwise(rule, 4, "average"), steps, params),
        Case("diagonal, sorted", _SPREAD, _blockwise(rule, 4), steps, params),
        Case("diagonal, averaged", _SPREAD, _blockwise(rule, 4, "average"), steps, params),
        Case("two blocks", _ANGLE, _blockwise(rule, 3, "order"), steps, params),
    ]


def _full_rank(rng: Any) -> Any:
    """Draw correlated least squares as a quadratic, whose constants and gap are known exactly."""
    A = correlated(rng).A
    return DenseQuadratic(A.T @ A, A.T @ A @ rng.standard_normal(A.shape[1]))


def _diagonal_steps(update: Any) -> Case:
    return Case("correlated least squares", _full_rank, _blockwise("GSD-rows", 6, "order", update), 20, {"metric": "D"})


_VARIABLE = Case(
    "dense quadratic, variable blocks against two fixed ones",
    dense,
    greedy("GSD-rows", "D-rows", block_size=4),
    60,
    {"metric": "D", "blocks": np.arange(8).reshape(2, 4)},
)


def _tight_pair(steps: int = 20) -> Case:
    solver = _blockwise("GSQ", 3, "order")
    return Case(
        "two blocks, tight start",
        TwoBlockQuadratic(0.9, 3, rng=0),
        solver,
        steps,
        {"metric": "H"},
        record=1,
        tight=True,
    )


def _rate(k: Any, c: Any) -> Any:
    return (1 - c.rate) ** k


_SHARED: dict[str, Any] = {
    "measured": _run,
    "latex": r"\Delta_{k+1} \le (1 - \mu_B) \Delta_k, \quad "
    r"\tfrac12 \max_b \|\nabla_b f\|^2_{M_b^{-1}} \ge \mu_B (f - f^\star)",
    "seeds": {"quick": 2, "standard": 20, "full": 100},
    "options": CAREFUL,
}
_LONG = Control(
    "steps of 2.1/L", cases=[Case("identity", _EQUAL, _blockwise("GS", 4, "order", TooLong()), 20, {"metric": "H"})]
)


@claim(
    "bcd/C6",
    source="derived here",
    cases=lambda budget: [*_instances("GSQ", budget), _tight_pair()],
    controls=[
        Control(
            "the rate 1 % larger, from the tight start",
            bound=lambda k, c: (1 - 1.01 * c.rate) ** k,
            cases=[_tight_pair(steps=1)],
        ),
        Control(
            "gradient steps in place of matrix steps",
            cases=[Case("diagonal", _SPREAD, _blockwise("GSQ", 4, "average", "Lb"), 60, {"metric": "H"})],
        ),
        _LONG,
    ],
    **_SHARED,
)
def greedy_blocks(k: Any, c: Any) -> Any:
    """With fixed blocks and matrix steps, the GSQ rule multiplies the gap by at most 1 - mu_B in each step."""
    return _rate(k, c)


@claim(
    "bcd/C6-GSL",
    source="derived here",
    cases=lambda budget: _instances("GSL", budget),
    controls=[
        Control(
            "the constant of the matrix step, on a diagonal with a spread inside the blocks",
            measured=lambda case, problem, seed: _run(case, problem, seed, "H"),
            cases=_instances("GSL")[4:5],
        ),
        _LONG,
    ],
    **_SHARED,
)
def greedy_blocks_lipschitz(k: Any, c: Any) -> Any:
    """With steps 1/L_b the same holds for the GSL rule, with L_b I for the curvature of a block."""
    return _rate(k, c)


@claim(
    "bcd/C6-GSD",
    source="derived here",
    cases=lambda budget: [*_instances("GSD-rows", budget), _VARIABLE],
    controls=[
        Control("steps 1/L_i in place of 1/D_i", cases=[_diagonal_steps(Unscaled())]),
        _LONG,
    ],
    **_SHARED,
)
def greedy_blocks_diagonal(k: Any, c: Any) -> Any:
    """With D_i the sum of |H_ij| the same holds for the GSD rule, and with variable blocks at least as much."""
    return _rate(k, c)


@claim(
    "bcd/C6-GS",
    source="derived here",
    cases=lambda budget: _instances("GS", budget),
    controls=[
        Control(
            "the constant of the GSL rule",
            measured=lambda case, problem, seed: _run(case, problem, seed, "Lb"),
            cases=_instances("GS")[3:4],
        ),
        _LONG,
    ],
    **_SHARED,
)
def greedy_blocks_common(k: Any, c: Any) -> Any:
    """With the common step 1/max L_b the same holds for the GS rule."""
    return _rate(k, c)


def _factors(case: Case, problem: Any, seed: Any) -> Measurement:
    """The factor of each step, and what the closed form says: (1 + sigma)/2 once, then sigma^2."""
    gaps = case.solver.run(problem, x0=case.x0, max_iter=5, record=1, rng=seed).history["gap"]
    expected = [(1 + problem.sigma) / 2, *[problem.sigma**2] * 4]
    return Measurement(np.arange(1, 6), gaps[1:] / gaps[:-1], expected)


def _angles(rule: str = "GSQ", x0: Any = None) -> list[Case]:
    solver = greedy(rule, "Hb", block_size=3, partition="order")
    return [
        Case(f"sigma = {sigma}", lambda rng, s=sigma: TwoBlockQuadratic(s, 3, rng=rng), solver, x0=x0, tight=x0 is None)
        for sigma in (0.9, 0.5, 0.3)
    ]


@claim(
    "bcd/C6-two-blocks",
    kind="exactness",
    source="derived here",
    latex=r"H = \begin{pmatrix} I & C \\ C^T & I \end{pmatrix}, \ \|C\|_2 = \sigma, \ x_0 = H^{-1} (u_1, -v_1): \quad "
    r"\Delta_1 = \bigl(1 - \tfrac{1 - \sigma}2\bigr) \Delta_0, \quad \Delta_{k+1} = \sigma^2 \Delta_k",
    measured=_factors,
    cases=_angles(),
    controls=[
        Control("another start", cases=_angles(x0=np.arange(6.0))),
        Control("random blocks", cases=_angles("random")),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
    options={"tol": 1e-10},
)
def two_blocks(k: Any, c: Any) -> Any:
    """On two blocks the first greedy step gains exactly (1 - sigma)/2, all later ones 1 - sigma^2."""
    raise AssertionError("the measurement carries its own expected values")


# ---------------------------------------------------------------- without strong convexity: the PL inequality is enough


def _flat_directions(rng: Any, unit: bool = False) -> Any:
    """Draw least squares of rank 4 in 8 coordinates; with `unit`, all columns have the norm one."""
    A = rng.standard_normal((20, 4)) @ rng.standard_normal((4, 8))
    A = A / np.linalg.norm(A, axis=0) if unit else A
    return LeastSquares(A, np.zeros(20))


def _unit_columns(rng: Any) -> Any:
    return _flat_directions(rng, unit=True)


def _worst_gradient(H: Any) -> tuple[Any, float]:
    """Maximise g^T H^+ g over the gradients with max |g_i| <= 1: the corners of that polytope are enumerated."""
    values, vectors = np.linalg.eigh(H)
    kept = values > 1e-9 * values[-1]
    rank, basis, weights = int(kept.sum()), vectors[:, kept], 1 / values[kept]
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=rank))).T
    best, value = np.zeros(len(H)), 0.0
    for rows in itertools.combinations(range(len(H)), rank):
        if abs(np.linalg.det(basis[list(rows)])) < 1e-9:
            continue
        z = np.linalg.solve(basis[list(rows)], signs)
        worth = np.where(np.abs(basis @ z).max(axis=0) <= 1 + 1e-9, weights @ z**2, 0.0)
        if worth.max() > value:
            best, value = basis @ z[:, worth.argmax()], float(worth.max())
    return best, value


def _each_factor(case: Case, problem: Any, seed: Any) -> Measurement:
    """The part of the gap left by each step, from a random start or from the one with the worst gradient."""
    H = curvature(problem)
    g, worth = _worst_gradient(H)
    x0 = np.linalg.pinv(H) @ g if case.tight else drawn_start(case, problem, seed)
    gaps = case.solver.run(problem, x0=x0, max_iter=case.max_iter, record=1).history["gap"]
    return Measurement(np.arange(1, gaps.size), gaps[1:] / gaps[:-1], known={"mu_PL1": 1 / worth})


_PL_TIGHT = Case("rank 4 of 8, tight start", _unit_columns, greedy("GS", "L"), 1, tight=True)


@claim(
    "bcd/C6-PL",
    source="derived here",
    latex=r"\tfrac12 \|\nabla f\|_\infty^2 \ge \mu_1^{\mathrm{PL}} (f - f^\star) \ \Rightarrow\ "
    r"\Delta_{k+1} \le (1 - \mu_1^{\mathrm{PL}} / L) \Delta_k",
    measured=_each_factor,
    uses={"L_max": "upper"},
    cases=[Case("rank 4 of 8", _flat_directions, greedy("GS", "L"), 10), _PL_TIGHT],
    controls=[
        Control(
            "a rate 1 % larger, from the tight start",
            bound=lambda k, c: 1 - 1.01 * c.mu_PL1 / c.L_max + 0 * k,
            cases=[_PL_TIGHT],
        ),
        Control(
            "the PL constant of the Euclidean norm, not divided by n",
            bound=lambda k, c: 1 - c.mu_PL / c.L_max + 0 * k,
            cases=[_PL_TIGHT],
        ),
    ],
    seeds={"quick": 5, "standard": 30, "full": 100},
)
def no_strong_convexity(k: Any, c: Any) -> Any:
    """Without strong convexity Gauss-Southwell has the linear rate of the PL inequality in the max norm."""
    return 1 - c.mu_PL1 / c.L_max + 0 * k
