r"""Theorems of the proximal gradient method and FISTA on composite functions F = f + g."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.claims import Assumption, Case, Control, Measurement, claim
from optlab.claims.library.baselines import CONVEX, FLOOR, step_is
from optlab.core.constants import Constants, exact
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.problems.lasso import PlantedLasso, SparseSelection
from optlab.problems.quadratic import NesterovChain, Quadratic
from optlab.problems.scalar import HuberLine
from optlab.solvers.proximal_gradient import ProximalGradient

PLAIN = ProximalGradient()
FISTA = ProximalGradient(accelerated=True)
MONOTONE = ProximalGradient(accelerated=True, monotone=True)


class _Ramp(Problem):
    """A linear f on the half-line x >= 0: from D, steps of 1/L walk half-way to the edge in k steps."""

    batched = True
    shape = (1,)

    def __init__(self, k: int, D: float = 1.0) -> None:
        self.slope, self.D = D / (2 * k), D
        self.constants = Constants(L=exact(1.0, "any constant will do for a linear function"))
        self.reference = Reference.exact(0.0, np.zeros(1), certificate="x >= 0 and the slope is positive")

    def start(self, rng: np.random.Generator | None = None) -> Any:
        return np.full(1, self.D)

    def smooth_value(self, x: Any) -> Any:
        return self.slope * x[..., 0]

    def smooth_gradient(self, x: Any) -> Any:
        return self.slope * np.ones_like(x)

    def prox(self, x: Any, step: Any) -> Any:
        return np.maximum(x, 0.0)

    def value(self, x: Any) -> Any:
        return np.where(x[..., 0] >= 0.0, self.smooth_value(x), np.inf)


def _lasso(n: int, d: int, nnz: int) -> Any:
    return lambda rng: PlantedLasso(n, d, nnz, rng=rng)


def _cases(solver: Any, *tight: Case) -> list[Case]:
    return [
        *tight,
        Case("wide Lasso", _lasso(40, 100, 8), solver, 300),
        Case("tall Lasso", _lasso(100, 40, 8), solver, 300),
        Case("chain of 60, g = 0", NesterovChain(60), solver, 200),
    ]


def _ramps(solver: Any) -> list[Case]:
    return [Case(f"half-line, k = {k}", _Ramp(k), solver, k, tight=True) for k in (3, 30, 300)]


@claim(
    "base/pg-convex",
    source="A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2 (2009), Theorem 3.1",
    latex=r"F(x_k) - F^\star \le \frac{L D^2}{2 k}",
    cases=lambda budget: _cases(PLAIN, *_ramps(PLAIN)),
    uses={"L": "upper"},
    assumptions=[CONVEX, step_is(1)],
    controls=[
        Control("the bound 2.02 times smaller", bound=lambda k, c: c.L * c.D**2 / (4.04 * k)),
        Control("a step of 2.1/L", cases=[Case("parabola", Quadratic([1.0]), ProximalGradient(2.1), 60)]),
        Control(
            "g not convex", cases=[Case("priced non-zeros", SparseSelection([1.0, 100.0], [3.0, 3.0]), PLAIN, 600)]
        ),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options=FLOOR,
    doc="On the half-line the method has exactly half of this bound: it is at most a factor of two from the truth.",
)
def pg_convex(k: Any, c: Any) -> Any:
    """The proximal gradient method with step 1/L has a gap of at most L D^2 / (2 k)."""
    return c.L * c.D**2 / (2 * k)


def _fista_bound(k: Any, c: Any) -> Any:
    return 2 * c.L * c.D**2 / (k + 1) ** 2


@claim(
    "base/fista",
    source="A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2 (2009), Theorem 4.4",
    latex=r"F(x_k) - F^\star \le \frac{2 L D^2}{(k + 1)^2}",
    cases=lambda budget: _cases(FISTA, Case("Huber, g = 0", HuberLine(k=1351), FISTA, 100, tight=True)),
    uses={"L": "upper"},
    assumptions=[CONVEX, step_is(1)],
    controls=[
        Control("the bound 6 % smaller", bound=lambda k, c: 0.94 * _fista_bound(k, c)),
        Control("without momentum", cases=[Case("half-line", _Ramp(100), PLAIN, 100)]),
        Control(
            "g not convex", cases=[Case("priced non-zeros", SparseSelection([1.0, 100.0], [3.0, 3.0]), FISTA, 200)]
        ),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options=FLOOR,
)
def fista(k: Any, c: Any) -> Any:
    """FISTA with step 1/L has a gap of at most 2 L D^2 / (k + 1)^2."""
    return _fista_bound(k, c)


@claim(
    "base/fista-monotone",
    source="A. Beck, M. Teboulle, IEEE Trans. Image Process. 18 (2009), on the monotone variant MFISTA",
    latex=r"F(x_k) - F^\star \le \frac{2 L D^2}{(k + 1)^2}",
    cases=lambda budget: _cases(MONOTONE, Case("Huber, g = 0", HuberLine(k=1351), MONOTONE, 100, tight=True)),
    uses={"L": "upper"},
    assumptions=[CONVEX, step_is(1)],
    controls=[
        Control("the bound 6 % smaller", bound=lambda k, c: 0.94 * _fista_bound(k, c)),
        Control("without momentum", cases=[Case("half-line", _Ramp(100), PLAIN, 100)]),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options=FLOOR,
)
def fista_monotone(k: Any, c: Any) -> Any:
    """The monotone variant of FISTA keeps the bound 2 L D^2 / (k + 1)^2."""
    return _fista_bound(k, c)


def _growth(case: Case, problem: Any, seed: Any) -> Measurement:
    """Value after each step over the value before it (values of these problems are positive)."""
    history = case.solver.run(problem, max_iter=case.max_iter, rng=seed).history
    value = history["value"]
    return Measurement(history["k"][1:], value[1:] / value[:-1])


@claim(
    "base/fista-monotone-descent",
    source="A. Beck, M. Teboulle, IEEE Trans. Image Process. 18 (2009), by construction of MFISTA",
    latex=r"F(x_{k+1}) \le F(x_k)",
    measured=_growth,
    cases=lambda budget: [Case("wide Lasso", _lasso(40, 100, 8), MONOTONE, 300)],
    controls=[Control("FISTA itself", cases=[Case("wide Lasso", _lasso(40, 100, 8), FISTA, 300)])],
    seeds={"quick": 2, "standard": 5, "full": 20},
    options={"slack": 0.0},
)
def fista_monotone_descent(k: Any, c: Any) -> Any:
    """The monotone variant never increases the objective, not even by rounding."""
    return np.ones_like(k)


_SEARCHING = {
    "plain": ProximalGradient(50.0, backtracking=True, shrink=0.7),
    "FISTA": ProximalGradient(50.0, accelerated=True, backtracking=True, shrink=0.7),
}


@claim(
    "base/fista-backtracking",
    source="A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2 (2009), Theorems 3.1 and 4.4 with alpha = 1/shrink",
    latex=r"F(x_k) - F^\star \le \frac{\alpha L D^2}{2k}, \text{ with FISTA } \frac{2 \alpha L D^2}{(k + 1)^2}",
    cases=lambda budget: [
        Case(f"{name}, {case.name}", case.problem, solver, case.max_iter, {"fast": solver.accelerated})
        for name, solver in _SEARCHING.items()
        for case in [*_cases(solver), Case("Huber, g = 0", HuberLine(k=1351), solver, 100)]
    ],
    uses={"L": "upper"},
    assumptions=[
        CONVEX,
        Assumption("the first trial is at least 1/L", lambda p, case: case.solver.step_size * p.constants.L >= 1),
    ],
    controls=[
        Control(
            "the accelerated bound for the plain method",
            cases=[Case("half-line", _Ramp(300), ProximalGradient(1.0, backtracking=True), 300, {"fast": True})],
        ),
        Control(
            "a first trial far below 1/L",
            cases=[Case("Huber", HuberLine(k=100), ProximalGradient(0.05, True, False, True), 100, {"fast": True})],
        ),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options=FLOOR,
)
def fista_backtracking(k: Any, c: Any) -> Any:
    """Backtracking needs no L and costs a factor alpha = 1/shrink in the bounds of both methods."""
    return c.L * c.D**2 / c.shrink * (2 / (k + 1) ** 2 if c.fast else 1 / (2 * k))
