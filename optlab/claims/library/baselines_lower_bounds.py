r"""What no method in the span of its gradients can beat: Nesterov's chain, and the infinity norm for subgradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.core.oracles import Gradient, HessianProduct
from optlab.core.solver import Solver, State
from optlab.problems.nonsmooth import InfinityNorm
from optlab.problems.quadratic import NesterovChain, Quadratic
from optlab.solvers.gradient_descent import GradientDescent
from optlab.solvers.nesterov import NesterovAcceleratedGradient
from optlab.solvers.subgradient import SubgradientDescent


@dataclass
class _Conjugate(State):
    residual: Any = None
    direction: Any = None


@dataclass(frozen=True)
class _ConjugateGradients(Solver):
    """Conjugate gradients: the best point of the span after each gradient, so it attains the lower bound."""

    requires: ClassVar[tuple[Any, ...]] = (Gradient, HessianProduct)

    def init(self, problem: Any, x0: Any, rng: Any) -> State:
        residual = -problem.gradient(x0)
        return _Conjugate(x0, residual=residual, direction=residual)

    def step(self, problem: Any, state: _Conjugate) -> _Conjugate:  # type: ignore[override]
        curved = problem.hessian_product(state.x, state.direction)
        square = state.residual @ state.residual
        size = square / (state.direction @ curved)
        state.x = state.x + size * state.direction
        state.residual = state.residual - size * curved
        state.direction = state.residual + (state.residual @ state.residual / square) * state.direction
        state.k += 1
        return state


_SPAN_METHODS = {
    "conjugate gradients": _ConjugateGradients(),
    "gradient descent": GradientDescent(),
    "exact line search": GradientDescent(line_search="exact"),
    "Nesterov, convex": NesterovAcceleratedGradient(mu=0.0),
    "Nesterov, strongly convex": NesterovAcceleratedGradient(),
}


def _at_the_end(case: Case, problem: Any, seed: Any) -> Measurement:
    """The gap after the k the instance was built for."""
    history = case.solver.run(problem, max_iter=case.max_iter, record=case.max_iter).history
    return Measurement(case.max_iter, history["gap"][-1], known={"D": history["distance"][0]})


@claim(
    "base/span-lower-bound",
    kind="lower",
    source="Y. Nesterov, Introductory Lectures on Convex Optimization (2004), Theorem 2.1.7",
    latex=r"F(x_k) - F^\star \ge \frac{3 L D^2}{32 (k+1)^2} \quad (d = 2k + 1)",
    measured=_at_the_end,
    cases=[
        Case(f"{name}, k = {k}", NesterovChain(2 * k + 1), solver, k, tight=name.startswith("conjugate"))
        for name, solver in _SPAN_METHODS.items()
        for k in (1, 5, 20, 100)
    ],
    uses={"L": "upper"},
    controls=[
        Control(
            "a well-conditioned quadratic instead of the chain",
            cases=[Case("L/mu = 4", Quadratic.spread(41, mu=0.25), GradientDescent(), 20)],
        ),
        Control("a bound of the form L D^2 / k", bound=lambda k, c: c.L * c.D**2 / (k + 1)),
    ],
)
def span_lower_bound(k: Any, c: Any) -> Any:
    """No method in the span of its gradients is faster than 3 L D^2 / (32 (k+1)^2) on every smooth convex function."""
    return 3 * c.L * c.D**2 / (32 * (k + 1) ** 2)


def _chain_cases(length: int) -> list[Case]:
    return [
        Case(name, NesterovChain(length), solver, length - 1, {"d": length}, 1, tight=name.startswith("conjugate"))
        for name, solver in _SPAN_METHODS.items()
    ]


@claim(
    "base/chain-resists",
    kind="lower",
    source="Y. Nesterov, Introductory Lectures on Convex Optimization (2004), proof of Theorem 2.1.7",
    latex=r"F(x_k) - F^\star \ge \frac L8 \Big( \frac1{k+1} - \frac1{d+1} \Big), \qquad k \le d",
    cases=_chain_cases(50),
    uses={"L": "upper"},
    controls=[
        Control(
            "the bound 1 % larger",
            bound=lambda k, c: 1.01 * c.L / 8 * (1 / (k + 1) - 1 / (c.d + 1)),
        ),
        Control(
            "a start near the solution",
            cases=[Case("x_0 = 0.9", NesterovChain(50), GradientDescent(), 49, {"d": 50}, 1, np.full(50, 0.9))],
        ),
    ],
)
def chain_resists(k: Any, c: Any) -> Any:
    """Along the whole chain a span method started at 0 has a gap of at least L/8 (1/(k+1) - 1/(d+1))."""
    return c.L / 8 * (1 / (k + 1) - 1 / (c.d + 1))


@claim(
    "base/subgradient-lower-bound",
    kind="lower",
    source="classical resisting oracle; this instance derived here",
    latex=r"\min_{i \le k} F(x_i) - F^\star \ge \frac{G D}{\sqrt{k + 1}} \quad (d = k + 1)",
    measured=_at_the_end,
    cases=[
        Case(f"{schedule}, k = {k}", InfinityNorm(k + 1, 2.0, 3.0), solver, k, tight=True)
        for k in (1, 5, 20, 100)
        for schedule, solver in {
            "constant": SubgradientDescent(schedule="constant", horizon=k),
            "sqrt": SubgradientDescent(),
            "Polyak": SubgradientDescent(schedule="polyak"),
        }.items()
    ],
    uses={"G": "lower"},
    controls=[
        Control("the bound 1 % larger", bound=lambda k, c: 1.01 * c.G * c.D / np.sqrt(k + 1)),
        Control(
            "fewer coordinates than steps",
            cases=[Case("d = 5", InfinityNorm(5), SubgradientDescent(schedule="polyak"), 100)],
        ),
    ],
)
def subgradient_lower_bound(k: Any, c: Any) -> Any:
    """No method in the span of its subgradients beats G D / sqrt(k + 1) on every Lipschitz convex function."""
    return c.G * c.D / np.sqrt(k + 1)
