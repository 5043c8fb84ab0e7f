r"""Block coordinate descent without strong convexity, and without convexity."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import TooLong, greedy
from optlab.claims.library._block_descent_rates import drawn_start
from optlab.core.constants import Constants, upper
from optlab.core.problem import FunctionProblem
from optlab.core.reference import Reference
from optlab.problems import LeastSquares, Quadratic, QuarticHuber


def _radius(case: Case, problem: Any, seed: Any) -> Measurement:
    """The gap along the run, with the largest distance from the minimiser in the norm of the claim."""
    result = case.solver.run(problem, x0=case.x0, max_iter=case.max_iter, store_x=True, record=case.record, rng=seed)
    offsets = np.array(result.history.x) - problem.reference.x
    blocks = result.state.blocks or list(np.arange(problem.shape[0])[:, None])
    D = np.sum([np.linalg.norm(offsets[:, b], axis=1) for b in blocks], axis=0).max()
    known = {"D_1": D, "D_2": np.linalg.norm(offsets, axis=1).max()}
    return Measurement(result.history["k"], result.history["gap"], known=known)


def _rank_deficient(rng: Any) -> Any:
    A = rng.standard_normal((20, 4)) @ rng.standard_normal((4, 8))
    return LeastSquares(A, A @ rng.standard_normal(8))


def _flat_bottoms(solver: Any, budget: str = "quick", steps: int = 250) -> list[Case]:
    sizes = (2, 5, 50) if budget == "quick" else (2, 5, 50, 500)
    steps = steps if budget == "quick" else 10 * steps
    return [Case(f"flat bottoms, n = {n}", QuarticHuber(n), solver, steps) for n in sizes]


@claim(
    "bcd/C7",
    source="derived here",
    latex=r"\Delta_k \le \frac{2 L D_1^2}{k + 4}, \quad D_1 = \max_k \|x_k - x^\star\|_1",
    measured=_radius,
    uses={"L_max": "upper"},
    cases=lambda budget: [
        *_flat_bottoms(greedy("GS", "L"), budget),
        Case("least squares without full rank", _rank_deficient, greedy("GS", "L"), 100),
        Case("one coordinate, far away", QuarticHuber(1, 1000.0), greedy("GS", "L"), 20, tight=True),
    ],
    controls=[
        Control(
            "the Euclidean distance in place of the 1-norm",
            bound=lambda k, c: 2 * c.L_max * c.D_2**2 / (k + 4),
            cases=_flat_bottoms(greedy("GS", "L"))[2:],
        ),
        Control(
            "k + 4.1, at the start of one coordinate far away",
            bound=lambda k, c: 2 * c.L_max * c.D_1**2 / (k + 4.1),
            cases=[Case("one coordinate", QuarticHuber(1, 1000.0), greedy("GS", "L"), 20)],
        ),
        Control("steps of 2.1/L", cases=[Case("n = 5", QuarticHuber(5, 30.0), greedy("GS", TooLong()), 200)]),
    ],
    seeds={"quick": 2, "standard": 5, "full": 10},
    options={"floor": 1e-11},
)
def convex(k: Any, c: Any) -> Any:
    """On a convex function Gauss-Southwell with step 1/L brings the gap below 2 L D_1^2 / (k + 4)."""
    return 2 * c.L_max * c.D_1**2 / (k + 4)


def _worst_share(case: Case, problem: Any, seed: Any) -> Measurement:
    """The largest part of its bound that the gap ever is."""
    found = _radius(case, problem, seed)
    k = np.asarray(found.axis)
    share = np.asarray(found.value) * (k + 4) / (2 * found.known["D_1"] ** 2)
    return Measurement(problem.shape[0], share.max(), case.params["expected"])


def _with_share(n: int, expected: float, start: float = 3.0) -> Case:
    return Case(f"n = {n}", QuarticHuber(n, start), greedy("GS", "L"), 100, {"expected": expected}, record=1)


@claim(
    "bcd/C7-share",
    kind="exactness",
    source="derived here, and measured",
    latex=r"\max_k \frac{\Delta_k (k + 4)}{2 L D_1^2} = 0.122 \ (n = 5), \quad 0.045 \ (n = 50)",
    measured=_worst_share,
    axis="dimension",
    cases=[_with_share(5, 0.122), _with_share(50, 0.045)],
    controls=[Control("a start ten times as far", cases=[_with_share(5, 0.122, 30.0), _with_share(50, 0.045, 30.0)])],
    options={"tol": 5e-4},
)
def share_of_the_convex_bound(k: Any, c: Any) -> Any:
    """On the flat bottoms, started at (3, ..., 3), the gap uses at most 12 % (n = 5) or 4.5 % (n = 50) of its bound."""
    raise AssertionError("the measurement carries its own expected values")


@claim(
    "bcd/C7-exponent",
    kind="exponent",
    source="derived here; follows from bcd/C7",
    latex=r"\Delta_k = O(1/k)",
    cases=lambda budget: _flat_bottoms(greedy("GS", "L"), budget, 1500)[1:3],
    controls=[
        Control(
            "an exponent of 2.5",
            bound=lambda k, c: np.maximum(k, 1.0) ** -2.5,
            cases=_flat_bottoms(greedy("GS", "L"))[1:2],
        ),
        Control("steps of 2.1/L", cases=[Case("n = 5", QuarticHuber(5, 30.0), greedy("GS", TooLong()), 200)]),
    ],
)
def convex_exponent(k: Any, c: Any) -> Any:
    """Without strong convexity the gap of Gauss-Southwell is O(1/k); on flat bottoms it is smaller."""
    return 1.0 / np.maximum(k, 1.0)


def _block_radius(case: Case, problem: Any, seed: Any) -> Measurement:
    """The gap along the run, with the largest distance in the dual of max_b ||v_b|| in the norm of H_b^{-1}."""
    result = case.solver.run(problem, x0=case.x0, max_iter=case.max_iter, store_x=True, record=case.record, rng=seed)
    offsets = np.array(result.history.x) - problem.reference.x
    bounds = [(b, problem.block_bound(b)) for b in result.state.blocks]
    norms = [np.sqrt(np.einsum("ki,ij,kj->k", offsets[:, b], H, offsets[:, b])) for b, H in bounds]
    known = {"D": np.sum(norms, axis=0).max(), "D_2": np.linalg.norm(offsets, axis=1).max()}
    return Measurement(result.history["k"], result.history["gap"], known=known)


def _gsq(rule: str = "GSQ", update: Any = "Hb", size: int = 4) -> Any:
    return greedy(rule, update, block_size=size, partition="sort")


@claim(
    "bcd/C7-blocks",
    source="derived here",
    latex=r"\Delta_k \le \frac{2 D^2}{k + 4}, \quad D = \max_k \sum_b \|x_{k,b} - x^\star_b\|_{H_b}",
    measured=_block_radius,
    cases=[
        Case("flat bottoms, n = 50", QuarticHuber(50), _gsq(), 100),
        Case("least squares without full rank", _rank_deficient, _gsq(), 50),
        Case("one block, far away", QuarticHuber(4, 1000.0), _gsq(), 20, tight=True),
    ],
    controls=[
        Control(
            "the Euclidean distance",
            bound=lambda k, c: 2 * c.D_2**2 / (k + 4),
            cases=[Case("flat bottoms, n = 200", QuarticHuber(200), _gsq(), 60)],
        ),
        Control("steps of 2.1/L", cases=[Case("n = 6", QuarticHuber(6, 30.0), _gsq("GS", TooLong(), 2), 200)]),
    ],
    seeds={"quick": 2, "standard": 5, "full": 10},
    options={"floor": 1e-11},
)
def convex_blocks(k: Any, c: Any) -> Any:
    """With blocks, matrix steps and the GSQ rule, the same holds in the norm that belongs to the blocks, with L = 1."""
    return 2 * c.D**2 / (k + 4)


def _waves(rng: Any, n: int = 6) -> Any:
    """Draw sum_j 1 - cos(a_j^T x): smooth, bounded below by 0, not convex."""
    A = rng.standard_normal((15, n))
    return FunctionProblem(
        n,
        value=lambda x: float(np.sum(1 - np.cos(A @ x))),
        gradient=lambda x: A.T @ np.sin(A @ x),
        constants=Constants(L_max=upper(float((A**2).sum(axis=0).max()), "largest squared norm of a column")),
        reference=Reference.exact(0.0, np.zeros(n), certificate="no term is negative, and all vanish at 0"),
    )


def _smallest_gradient(case: Case, problem: Any, seed: Any) -> Measurement:
    x0 = drawn_start(case, problem, seed)
    constant = problem.constants.L_max
    result = case.solver.replace(lipschitz=constant).run(problem, x0=x0, max_iter=case.max_iter, store_x=True)
    sizes = [np.abs(problem.gradient(x)).max() for x in result.history.x]
    k = np.arange(1, case.max_iter + 1)
    known = {"gap0": problem.value(x0) - problem.reference.lo}
    return Measurement(k, np.minimum.accumulate(sizes)[: k.size] ** 2, known=known)


def _equal_gradients(solver: Any, n: int = 10, L: float = 1.0) -> Case:
    """L times the identity: until the last coordinate is solved, the largest gradient stays what it was."""
    return Case("identity", Quadratic([L] * n, x_star=np.zeros(n)), solver, n, x0=np.ones(n), tight=True)


@claim(
    "bcd/C7-nonconvex",
    source="derived here",
    latex=r"\min_{t < k} \|\nabla f(x_t)\|_\infty^2 \le \frac{2 L (f(x_0) - f_{\mathrm{low}})}{k}",
    measured=_smallest_gradient,
    uses={"L_max": "upper"},
    cases=[Case("waves, not convex", _waves, greedy("GS", "L"), 60), _equal_gradients(greedy("GS", "L"))],
    controls=[
        Control(
            "the bound 1 % smaller, on the identity",
            bound=lambda k, c: 0.99 * 2 * c.L_max * c.gap0 / k,
            cases=[_equal_gradients(greedy("GS", "L"))],
        ),
        Control(
            "the factor L left out, at L = 4",
            bound=lambda k, c: 2 * c.gap0 / k,
            cases=[_equal_gradients(greedy("GS", "L"), L=4.0)],
        ),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
)
def nonconvex(k: Any, c: Any) -> Any:
    """Without convexity the smallest gradient of k steps of Gauss-Southwell is at most 2 L (f(x_0) - f_low) / k."""
    return 2 * c.L_max * c.gap0 / k
