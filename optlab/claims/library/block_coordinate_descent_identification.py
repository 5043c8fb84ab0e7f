r"""Block coordinate descent on composite functions: how long until the kinks are found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_composite import (
    NON_DEGENERATE,
    Built,
    degenerate,
    lasso,
    last_wrong,
    nonnegative,
    start,
    valley,
)
from optlab.core.stop import Below
from optlab.problems.planted_manifold import ManifoldLasso
from optlab.solvers.block_coordinate_descent import BlockCoordinateDescent
from optlab.solvers.proximal_gradient import ProximalGradient

# ---------------------------------------------------------------- C9b: the proximal gradient method


def _identified(case: Case, problem: Any, seed: Any) -> Measurement:
    """The step from which on the proximal gradient method has Z right."""
    x0 = start(case, problem, seed)
    result = case.solver.run(problem, max_iter=case.max_iter, x0=x0, record=1, store_x=True)
    D = float(np.linalg.norm(x0 - problem.reference.x))
    return Measurement(problem.shape[0], last_wrong(problem, result.history.x), known={"distance": D})


#: The margin is so small that the logarithm is long and all that the bound neglects is short beside it.
_LONG = Case("long valley", valley(2, 0.125, 1e-100), ProximalGradient(), 2000, x0=np.ones(2), tight=True)


@claim(
    "bcd/C9b",
    source="derived here (Nutini, Schmidt, Hare, arXiv 1712.03577, call such a count the active-set complexity)",
    latex=r"x^k_i = x^\star_i \ \forall i \in Z, \ k \ge \kappa \log\frac{2 L \|x^0 - x^\star\|}{\delta}",
    measured=_identified,
    axis="number of variables",
    cases=[
        _LONG,
        Case("Lasso", lasso, ProximalGradient(), 600),
        Case("non-negative", nonnegative, ProximalGradient(), 600),
    ],
    uses={"L": "upper", "mu": "lower", "delta": "lower"},
    assumptions=[NON_DEGENERATE],
    controls=[
        Control("the bound 10 % smaller, in the long valley", bound=lambda n, c: 0.9 * _steps(c), cases=[_LONG]),
        Control(
            "a degenerate coordinate, the margin that of the others",
            cases=[Case("Lasso", degenerate, ProximalGradient(), 600, params={"delta": 0.2})],
        ),
        Control(
            "a step of 1/(2L)",
            cases=[Case("long valley", _LONG.problem, ProximalGradient(0.5), 4000, x0=np.ones(2))],
        ),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
)
def active_set_complexity(n: Any, c: Any) -> Any:
    """The proximal gradient method has Z right after kappa log(2 L D / delta) steps, kappa = L/mu."""
    return _steps(c)


def _steps(c: Any) -> float:
    return float(c.L / c.mu * math.log(2 * c.L * c.distance / c.delta))


# ---------------------------------------------------------------- C9c: blocks


def _blocks_identified(case: Case, problem: Any, seed: Any) -> Measurement:
    """The step from which on block coordinate descent has Z right; with what the bounds need."""
    x0 = start(case, problem, seed)
    options = {"record": 1, "store_x": True, "stop": Below("gap", 0.0), "rng": seed}
    result = case.solver.run(problem, max_iter=case.max_iter, x0=x0, **options)
    path, c = np.asarray(result.history.x), problem.constants
    radius = c["delta"].value / (2 * c["L"].value)
    outside = np.flatnonzero(np.linalg.norm(path - problem.reference.x, axis=1) > radius)
    close = np.flatnonzero(result.history["gap"] <= c["mu"].value * radius**2 / 2)
    known = {
        "inside": int(outside[-1]) + 1 if outside.size else 0,
        "close": int(close[0]) if close.size else math.inf,
        "blocks": len(result.state.blocks),
    }
    return Measurement(problem.shape[0], last_wrong(problem, path), known=known)


def _touching(rule: str, size: int = 1) -> BlockCoordinateDescent:
    return BlockCoordinateDescent(rule, "PG", size, "order")


def _independent(n: int, zeros: int) -> Built:
    """Coordinates that do not interact; `zeros` of them, the last ones, belong at zero, with margin 1."""
    x_star = np.where(np.arange(n) < n - zeros, 1.0, 0.0)
    return Built(np.eye(n), x_star, x_star)


def _near(n: int, zeros: int, rule: str) -> Case:
    """Inside the radius from the start, every coordinate of Z wrong."""
    problem = _independent(n, zeros)
    x0 = np.where(np.arange(n) >= n - zeros, 0.1 / math.sqrt(zeros), 1.0)
    return Case(f"{n} independent coordinates", problem, _touching(rule), 8 * n, x0=x0, tight=rule == "cyclic")


_IDENTIFIED: dict[str, Any] = {
    "measured": _blocks_identified,
    "axis": "number of variables",
    "uses": {"L": "upper", "mu": "lower", "delta": "lower"},
    "assumptions": [NON_DEGENERATE],
}


@claim(
    "bcd/C9c",
    source="derived here; in the form of the active-set complexity of Nutini, Laradji, Schmidt, JMLR 2022",
    latex=r"x^k_i = x^\star_i \ \forall i \in Z, \ k \ge \bar k + |B|, \quad "
    r"\|x^j - x^\star\| \le \tfrac{\delta}{2L} \ \forall j \ge \bar k",
    cases=[
        _near(12, 12, "cyclic"),
        Case("Lasso", lasso, _touching("cyclic"), 500),
        Case("non-negative, blocks of three", nonnegative, _touching("cyclic", 3), 200),
    ],
    controls=[
        Control(
            "one step less, inside from the start",
            bound=lambda n, c: c.inside + c.blocks - 1,
            cases=[_near(12, 12, "cyclic")],
        ),
        Control(
            "a degenerate coordinate, counted from near the optimum",
            bound=lambda n, c: c.blocks,
            cases=[Case("Lasso", degenerate, _touching("cyclic"), 500)],
        ),
        Control("random in place of cyclic", cases=[_near(12, 12, "random")]),
    ],
    seeds={"quick": 2, "standard": 10, "full": 50},
    **_IDENTIFIED,
)
def blocks_identified(n: Any, c: Any) -> Any:
    """Once the iterates stay near the optimum, one sweep over the blocks has Z right."""
    return c.inside + c.blocks


_SMALL = Case("Lasso", lambda rng: ManifoldLasso(9, 6, 2, condition=3.0, rng=rng), _touching("random"), 60)


@claim(
    "bcd/C9c-random",
    kind="probability",
    source="derived here: the coupon collector, from the first step at which the gap keeps iterates near the optimum",
    latex=r"P\Bigl(x^k_i = x^\star_i \ \forall i \in Z, \ k \ge \bar k + |B| \log\frac{|B|}{p}\Bigr) \ge 1 - p, \quad "
    r"\Delta_{\bar k} \le \frac{\mu \delta^2}{8 L^2}",
    cases=lambda budget: [_near(30, 1, "random"), *([] if budget == "quick" else [_SMALL])],
    controls=[
        Control(
            "one sweep, near from the start",
            bound=lambda n, c: c.blocks,
            cases=[_near(10, 10, "random")],
            seeds=20,
        ),
    ],
    seeds={"quick": 150, "standard": 300, "full": 1000},
    options={"delta": 0.1},
    **_IDENTIFIED,
)
def random_blocks_identified(n: Any, c: Any) -> Any:
    """With random blocks |B| log(|B|/p) further steps have Z right, with probability 1 - p; here p = 0.1."""
    return c.close + c.blocks * math.log(c.blocks / 0.1)


def _offered(case: Case, problem: Any, seed: Any) -> Measurement:
    """What greedy steps gain while they are near the optimum and some coordinate of Z is wrong."""
    result = case.solver.run(problem, max_iter=case.max_iter, x0=start(case, problem, seed), record=1, store_x=True)
    path, gap = np.asarray(result.history.x), result.history["gap"]
    far = np.linalg.norm(path - problem.reference.x, axis=1) * 2 * problem.constants["L"].value
    error = np.abs(path[:, problem.reference.x == 0.0]).max(axis=1)
    seen = np.flatnonzero((far[:-1] <= problem.constants["delta"].value) & (error[:-1] > 1e-9))
    gained = gap[seen] - gap[seen + 1]
    return Measurement(seen + 1, gained, known={"error": error[seen]})


@claim(
    "bcd/C9c-greedy",
    kind="lower",
    source="derived here",
    latex=r"F(x^k) - F(x^{k+1}) \ge \tfrac{\delta}{4} \max_{i \in Z} |x^k_i - x^\star_i| "
    r"\quad \text{if } \|x^k - x^\star\| \le \tfrac{\delta}{2L}",
    cases=[
        _near(12, 6, "GSL-q"),
        Case("Lasso", lasso, BlockCoordinateDescent("GSL-q", "PG"), 300),
        Case("non-negative", nonnegative, BlockCoordinateDescent("GS-q", "PG-L"), 300),
    ],
    controls=[
        Control("cyclic", cases=[_near(12, 6, "cyclic")]),
        Control("five times as much", bound=lambda k, c: 1.25 * c.delta * c.error, cases=[_near(12, 6, "GSL-q")]),
    ],
    seeds={"quick": 2, "standard": 10, "full": 50},
    **_IDENTIFIED | {"measured": _offered, "axis": "iteration"},
)
def greedy_identifies(k: Any, c: Any) -> Any:
    """Near the optimum a wrong coordinate of Z offers GS-q so much that it is not left out for long."""
    return c.delta / 4 * c.error
