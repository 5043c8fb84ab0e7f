r"""The subgradient method, with the classical step rules, and the best, last or averaged iterate as its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import Gradient, Project, Subgradient, Value, check_requirements, has_oracle
from optlab.core.result import Status
from optlab.core.solver import SOLVERS, Solver, State
from optlab.core.validate import number, one_of
from optlab.core.xp import namespace
from optlab.solvers._steps import column, inner, optimal_value, scale_of, scheduled, validate_schedule

__all__ = ["EXAMPLES", "SubgradientDescent"]


@dataclass
class _Walk(State):
    """`point` is the walking point, `x` the answer made of it; `best` is F(x) when that is the best point."""

    point: Any = None
    scale: float = 0.0
    weight: float = 0.0
    best: Any = None


@dataclass(frozen=True)
class SubgradientDescent(Solver):
    r"""Subgradient method for a convex function F, projected when the problem has a feasible set C.

    .. math:: z_{k+1} = P_C(z_k - s_k g_k), \qquad g_k \in \partial F(z_k), \quad z_0 = x_0

    ==============  =====================================================================
    `schedule`      step :math:`s_k`, with c = `step_size` and N = `horizon`
    ==============  =====================================================================
    ``"constant"``  c
    ``"sqrt"``      :math:`c / \sqrt{k + 1}`
    ``"linear"``    :math:`c (N - k) / (N + 1)`, zero from k = N on
    ``"polyak"``    :math:`(F(z_k) - F^\star) / \|g_k\|^2`
    ==============  =====================================================================

    Parameters
    ----------
    step_size : float, optional
        The scale c > 0.  When absent it comes from the problem's constants, the distance D of the start and the bound G
        on the subgradients: D / G for "sqrt", :math:`D / (G \sqrt{N + 1})` for the schedules with a horizon.
    schedule : {"sqrt", "constant", "linear", "polyak"}
        The step rule.
    horizon : int, optional
        The number N >= 1 of steps the rule is made for; "linear" needs it, and the run ends there.
    output : {"best", "last", "average", "weighted"}
        What the iterate x_k is: the best of :math:`z_0, \dots, z_k`, the last of them, their average, or their average
        weighted by the step sizes :math:`s_0, \dots, s_k`.
    f_star : float, optional
        The optimal value for Polyak's step; that of the problem's reference, when it is exact, if absent.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range or does not fit the others; before a run, if a constant is wanted and not known.
    MissingOracle
        If the problem offers no `subgradient` (or `gradient`), or no `value` where that is asked for.

    Notes
    -----
    With subgradients of norm at most G and :math:`s = D / (G \sqrt{N + 1})`, the best of N + 1 points has a gap of at
    most :math:`G D / \sqrt{N + 1}` (``base/subgradient-best``), attained on `optlab.problems.InfinityNorm`; with the
    linear schedule the *last* point has it (Zamani and Glineur 2023; ``base/subgradient-last``).  One subgradient a
    step, and one value for the best point.  The method is slow: use structure (`ProximalGradient`) where there is
    some.

    References
    ----------
    N. Z. Shor, Minimization Methods for Non-Differentiable Functions, Springer 1985.  B. T. Polyak, Introduction to
    Optimization, Optimization Software 1987.  M. Zamani, F. Glineur, Exact convergence rate of the last iterate in
    subgradient methods, SIAM Journal on Optimization 35 (2025), arXiv:2307.11134.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.InfinityNorm(d=5, G=1.0, D=5.0)
    >>> result = ol.SubgradientDescent(schedule="constant", horizon=4).run(problem, max_iter=4)
    >>> float(result.history["gap"][-1]), 5.0 / 5**0.5
    (2.236067977, 2.236067977)
    """

    requires: ClassVar[tuple[Any, ...]] = ((Subgradient, Gradient),)
    batched: ClassVar[bool] = True

    step_size: float | None = None
    schedule: str = "sqrt"
    horizon: int | None = None
    output: str = "best"
    f_star: float | None = None

    def __post_init__(self) -> None:
        validate_schedule(self.schedule, self.horizon, further=("polyak",))
        one_of("output", self.output, ("best", "last", "average", "weighted"))
        if self.step_size is not None:
            number("step_size", self.step_size, above=0)
        if self.f_star is not None:
            number("f_star", self.f_star)
        if self.schedule == "polyak":
            if self.step_size is not None:
                raise ValueError("step_size has no meaning with schedule='polyak'; leave it out")
            if self.output == "weighted":
                raise ValueError("output='weighted' needs step sizes known beforehand; schedule='polyak' has none")

    def check(self, problem: Any) -> None:
        """Raise unless the problem offers what the step rule and the output ask for."""
        wants_value = self.output == "best" or self.schedule == "polyak"
        needs = (*self.requires, *((Value,) if wants_value else ()))
        check_requirements(problem, needs, type(self).__name__, SOLVERS.values())
        self._scale(problem)

    def _scale(self, problem: Any) -> float:
        if self.schedule == "polyak":
            return optimal_value(problem, self.f_star, type(self).__name__)
        return scale_of(problem, self.step_size, self.schedule, self.horizon, type(self).__name__)

    def init(self, problem: Any, x0: Any, rng: Any) -> State:
        best = problem.value(x0) if self.output == "best" else None
        return _Walk(x0, point=x0, scale=self._scale(problem), best=best)

    def step(self, problem: Any, state: _Walk) -> _Walk:  # type: ignore[override]
        z = state.point
        g = problem.subgradient(z) if has_oracle(problem, Subgradient) else problem.gradient(z)
        if self.schedule == "polyak":
            size = self._polyak(problem, state, g)
            state.info = {"step_size": float(size) if size.ndim == 0 else size}
            z = z - column(problem, size, z) * g
        else:
            size = scheduled(self.schedule, state.scale, state.k, self.horizon)
            state.info = {"step_size": size}
            z = z - size * g
        state.point = problem.project(z) if has_oracle(problem, Project) else z
        state.k += 1
        answer(self, problem, state)
        return state

    def _polyak(self, problem: Any, state: _Walk, g: Any) -> Any:
        xp = namespace(g)
        square = inner(problem, g, g)
        moving = square > 0.0
        gap = problem.value(state.point) - state.scale
        return xp.where(moving, gap, 0.0 * square) / xp.where(moving, square, xp.ones_like(square))


def answer(solver: Any, problem: Any, state: Any) -> None:
    """Set the iterate x from the walking point as `solver.output` says; end a run whose horizon is reached."""
    point, k = state.point, state.k
    if solver.output == "last":
        state.x = point
    elif solver.output == "best":
        xp = namespace(point)
        value = problem.value(point)
        better = xp.asarray(value < state.best)
        state.best = xp.where(better, xp.asarray(value), xp.asarray(state.best))
        state.x = xp.where(xp.reshape(better, (*better.shape, *(1 for _ in problem.shape))), point, state.x)
    elif solver.output == "average":
        state.x = state.x + (point - state.x) / (k + 1)
    else:
        if k == 1:
            state.weight = scheduled(solver.schedule, state.scale, 0, solver.horizon)
        size = scheduled(solver.schedule, state.scale, k, solver.horizon)
        state.weight += size
        state.x = state.x + (size / state.weight) * (point - state.x)
    if solver.schedule == "linear" and k >= solver.horizon:
        state.done = Status.MAX_ITER
        state.message = f"the step sizes have decayed to zero at the horizon of {solver.horizon} steps"


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "SubgradientDescent": lambda: SubgradientDescent(),
    "SubgradientDescent(constant)": lambda: SubgradientDescent(schedule="constant", horizon=50),
    "SubgradientDescent(linear, last)": lambda: SubgradientDescent(schedule="linear", horizon=30, output="last"),
    "SubgradientDescent(average)": lambda: SubgradientDescent(step_size=0.1, output="average"),
    "SubgradientDescent(weighted)": lambda: SubgradientDescent(step_size=0.1, output="weighted"),
    "SubgradientDescent(polyak)": lambda: SubgradientDescent(schedule="polyak"),
}
