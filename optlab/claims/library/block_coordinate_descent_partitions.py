r"""Block coordinate descent: the constants of rules on fixed blocks, their bounds and closed forms.

:math:`\mu_B` is the constant of greedy rules on fixed blocks (see bcd/C6), :math:`\kappa_b` the ratio of the largest to
the smallest curvature in a block of a diagonal Hessian.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import CAREFUL, curvature, dense, greedy
from optlab.claims.library._block_descent_rates import after_start, drawn_start, expected_step
from optlab.core.rng import streams
from optlab.problems import PartitionedQuadratic, Quadratic, TwoBlockQuadratic, mu_block


def _normal(H: Any, blocks: Any) -> tuple[Any, Any]:
    """Return P^{-1/2} H P^{-1/2} and P^{1/2}, where P holds the blocks of H."""
    P = np.zeros_like(H)
    for b in blocks:
        P[np.ix_(b, b)] = H[np.ix_(b, b)]
    values, vectors = np.linalg.eigh(P)
    back = (vectors / np.sqrt(values)) @ vectors.T
    return back @ H @ back, (vectors * np.sqrt(values)) @ vectors.T


def _ratios(factor: float = 1.0) -> Any:
    def measured(case: Case, problem: Any, seed: Any) -> Measurement:
        """mu'/|B| and mu_B against mu_B and mu'; then mu_B against max_b ||v_b||^2 / (v^T H^{-1} v) for many v."""
        H, blocks = curvature(problem), case.params["blocks"]
        normal, root = _normal(H, blocks)
        values, vectors = np.linalg.eigh(normal)
        constant = factor * mu_block(H, blocks).value
        v = np.vstack([streams(seed).data.standard_normal((200, len(H))), (root @ vectors).T, *_worst(problem)])
        inverses = [np.linalg.inv(H[np.ix_(b, b)]) for b in blocks]
        pairs = zip(blocks, inverses, strict=True)
        squares = [np.einsum("ki,ij,kj->k", v[:, b], inverse, v[:, b]) for b, inverse in pairs]
        ratios = np.max(squares, axis=0) / np.einsum("ki,ij,kj->k", v, np.linalg.inv(H), v)
        weaker = [values[0] / len(blocks), constant, *np.full(len(v), constant)]
        return Measurement(np.arange(2 + len(v)), weaker, [constant, values[0], *ratios])

    return measured


def _worst(problem: Any) -> list[Any]:
    """The gradient at the start that is known to be the worst, where there is one."""
    return [problem.gradient(problem.start())[None, :]] if isinstance(problem, TwoBlockQuadratic) else []


_ANGLE = Case("two blocks", TwoBlockQuadratic(0.9, 3, rng=0), params={"blocks": np.arange(6).reshape(2, 3)}, tight=True)
_SPREAD = Case(
    "diagonal", Quadratic(np.geomspace(1.0, 100.0, 8)), params={"blocks": np.arange(8).reshape(4, 2)}, tight=True
)


@claim(
    "bcd/C6-brackets",
    source="derived here",
    latex=r"\frac{\mu'}{|B|} \le \mu_B = \min_v \frac{\max_b \|v_b\|^2_{H_b^{-1}}}{v^T H^{-1} v} \le \mu', \quad "
    r"\mu' = \lambda_{\min}(P^{-1/2} H P^{-1/2}), \ P = \operatorname{blkdiag}(H_b)",
    measured=_ratios(),
    axis="inequality",
    cases=[
        Case("dense quadratic, four pairs", dense, params={"blocks": np.arange(8).reshape(4, 2)}),
        Case("dense quadratic, two halves", dense, params={"blocks": np.arange(8).reshape(2, 4)}),
        _ANGLE,
        _SPREAD,
    ],
    controls=[Control("a constant 1 % larger", measured=_ratios(1.01), cases=[_ANGLE])],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def brackets_of_mu_b(k: Any, c: Any) -> Any:
    """The constant mu_B of greedy blocks lies between mu'/|B| and mu', that of preconditioning by the blocks."""
    raise AssertionError("the measurement carries both sides")


def _mean_after_blocks(case: Case, problem: Any, seed: Any) -> Measurement:
    """The exact mean after one uniformly random block, from a random start or along the smallest eigenvector."""
    x0 = drawn_start(case, problem, seed)
    blocks = expected_step(case.solver, problem, x0).blocks
    normal, root = _normal(curvature(problem), blocks)
    values, vectors = np.linalg.eigh(normal)
    if case.tight:
        x0 = problem.reference.x + np.linalg.solve(root, vectors[:, 0])
    step = expected_step(case.solver, problem, x0)
    known = {"mu_prime": float(values[0]), "blocks": len(blocks)}
    return Measurement(1, float(np.mean(step.after)) / step.before, known=known)


def _random_blocks(update: Any = "Hb", tight: bool = True) -> Case:
    solver = greedy("random", update, block_size=3, partition="sort")
    return Case(f"dense quadratic{', tight start' * tight}", dense, solver, tight=tight)


@claim(
    "bcd/C6-random",
    source="derived here",
    latex=r"\mathbf{E}\, \Delta_{k+1} \le \Bigl(1 - \frac{\mu'}{|B|}\Bigr) \Delta_k",
    measured=_mean_after_blocks,
    axis="step",
    cases=[_random_blocks(tight=False), _random_blocks()],
    controls=[
        Control(
            "a rate 1 % larger, from the tight start",
            bound=lambda k, c: 1 - 1.01 * c.mu_prime / c.blocks,
            cases=[_random_blocks()],
        ),
        Control("held to the upper end mu'", bound=lambda k, c: 1 - c.mu_prime, cases=[_random_blocks()]),
        Control("steps 1/L_b", cases=[_random_blocks("Lb")]),
    ],
    seeds={"quick": 3, "standard": 30, "full": 100},
)
def random_blocks(k: Any, c: Any) -> Any:
    """A uniformly random block with the matrix step gains mu'/|B| of the gap on average, and from one start no more."""
    return 1 - c.mu_prime / c.blocks


#: For each closed form of `PartitionedQuadratic`, the rule and the step it belongs to.
_CLOSED = {
    "mu_B": ("GSQ", "Hb"),
    "mu_B_Lb": ("GSL", "Lb"),
    "mu_B_L": ("GS", "L"),
    "mu_B_D": ("GSD-rows", "D-rows"),
    "rate_random": ("random", "Lb"),
    "rate_lipschitz": ("lipschitz", "Lb"),
}


def _separable(names: Any, constant: str | None = None) -> list[Case]:
    """Diagonal quadratics with blocks of equal curvatures, and with a spread inside the blocks."""
    problems = {
        "equal curvatures in each block": PartitionedQuadratic.blockwise([1.0, 5.0, 20.0], 3),
        "a spread inside the blocks": PartitionedQuadratic(np.geomspace(1.0, 1000.0, 12), 3),
    }
    return [
        Case(
            f"{name}, {_CLOSED[which][0]}",
            problem,
            greedy(*_CLOSED[which], partition=problem.partition, block_size=3),
            60,
            {"constant": constant or which},
        )
        for name, problem in problems.items()
        for which in names
    ]


def _one_mean(case: Case, problem: Any, seed: Any) -> Measurement:
    """The exact mean of the gap after one random block, relative to the gap before."""
    step = expected_step(case.solver, problem, drawn_start(case, problem, seed))
    weights = step.lipschitz if case.solver.rule == "lipschitz" else None
    return Measurement(1, np.average(step.after, weights=weights) / step.before, known={"gap0": 1.0})


def _closed_rate(k: Any, c: Any) -> Any:
    return (1 - getattr(c, c.constant)) ** k * c.gap0


@claim(
    "bcd/C6-separable",
    source="derived here",
    latex=r"\mu_B = \frac1{|B|} \text{ (GSQ)}, \ \frac1{\sum_b \kappa_b} \text{ (GSL)}, \ "
    r"\frac1{L \sum_b 1 / \min_b \lambda} \text{ (GS)}",
    measured=after_start,
    cases=_separable(list(_CLOSED)[:4]),
    controls=[
        Control("GSL held to the constant of GSQ", cases=_separable(["mu_B_Lb"], "mu_B")[1:]),
        Control("GS held to the constant of GSL", cases=_separable(["mu_B_L"], "mu_B_Lb")),
    ],
    options=CAREFUL,
)
def separable_greedy(k: Any, c: Any) -> Any:
    """On a diagonal quadratic each greedy rule on fixed blocks has its rate in closed form."""
    return _closed_rate(k, c)


@claim(
    "bcd/C6-separable-random",
    source="derived here",
    latex=r"\mathbf{E}\, \Delta_1 \le (1 - r) \Delta_0, \quad r = \frac{\min_b 1 / \kappa_b}{|B|} \text{ (uniform)}, \ "
    r"\frac{\min \lambda}{\sum_b L_b} \text{ (by } L_b \text{)}",
    measured=_one_mean,
    axis="step",
    cases=_separable(list(_CLOSED)[4:]),
    controls=[
        Control("uniform blocks held to 1/|B|", cases=_separable(["rate_random"], "mu_B")[1:], seeds=50),
    ],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def separable_random(k: Any, c: Any) -> Any:
    """The same for random blocks: the mean gap after one step, worked out exactly over all blocks."""
    return _closed_rate(k, c)
