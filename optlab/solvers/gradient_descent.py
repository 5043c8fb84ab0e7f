r"""Gradient descent: constant step, exact line search, backtracking, and Polyak's step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import Gradient, LineMinimum, Value, check_requirements
from optlab.core.result import Status
from optlab.core.solver import SOLVERS, Solver, State
from optlab.core.validate import number, one_of
from optlab.core.xp import namespace
from optlab.solvers._steps import backtrack, column, inner, optimal_value, smooth_step

__all__ = ["EXAMPLES", "GradientDescent"]

_NEEDS: dict[str | None, tuple[type, ...]] = {
    None: (),
    "exact": (LineMinimum,),
    "backtracking": (Value,),
    "polyak": (Value,),
}


@dataclass(frozen=True)
class GradientDescent(Solver):
    r"""Gradient descent for a differentiable function F.

    .. math:: x_{k+1} = x_k - s_k \nabla F(x_k)

    ==================  ==========================================================================================
    `line_search`       step :math:`s_k`
    ==================  ==========================================================================================
    None                `step_size`, or 1/L
    ``"exact"``         a minimiser of :math:`s \mapsto F(x_k - s \nabla F(x_k))`
    ``"backtracking"``  the first of `step_size`, `shrink` times that, ... (starting afresh at each iterate) with
                        :math:`F(x_{k+1}) \le F(x_k) - \text{armijo} \cdot s \|\nabla F(x_k)\|^2`
    ``"polyak"``        :math:`(F(x_k) - F^\star) / \|\nabla F(x_k)\|^2`
    ==================  ==========================================================================================

    Parameters
    ----------
    step_size : float, optional
        The constant step, > 0; 1/L from the problem's constants when absent.  With backtracking the first trial, 1 when
        absent.  Not used by the other two rules.
    line_search : {None, "exact", "backtracking", "polyak"}
        The step rule.
    shrink : float, default 0.5
        Factor of the backtracking search, in (0, 1).
    armijo : float, default 0.5
        Share of the decrease a linear model promises that backtracking insists on, in (0, 1).
    f_star : float, optional
        The optimal value for Polyak's step; that of the problem's reference, when it is exact, if absent.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range; before a run, if 1/L or the optimal value is wanted and not known.
    MissingOracle
        If the problem lacks `gradient`, or what the line search asks for.

    Notes
    -----
    With F convex and L-smooth, D the distance of the start from a minimiser, and s = 1/L,
    :math:`F(x_k) - F^\star \le L D^2 / (4 k + 2)` (Drori and Teboulle 2014; claim ``base/gd-convex``), attained on
    `optlab.problems.HuberLine`.  With :math:`\mu`-strong convexity the distance shrinks by :math:`1 - \mu/L` a step
    (``base/gd-linear``) and under exact line search the gap by :math:`((L - \mu)/(L + \mu))^2`
    (``base/gd-exact-line-search``).  One gradient a step; prefer `NesterovAcceleratedGradient` when :math:`L/\mu` is
    large.

    References
    ----------
    Y. Drori, M. Teboulle, Performance of first-order methods for smooth convex minimization: a novel approach,
    Mathematical Programming 145 (2014).  B. T. Polyak, Introduction to Optimization, Optimization Software 1987.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 10.0])
    >>> result = ol.GradientDescent(line_search="exact").run(problem, stop=ol.stop.Below("gap", 1e-10))
    >>> result.status.name, result.x
    ('CONVERGED', array([1., 1.]))
    """

    requires: ClassVar[tuple[Any, ...]] = (Gradient,)
    batched: ClassVar[bool] = True

    step_size: float | None = None
    line_search: str | None = None
    shrink: float = 0.5
    armijo: float = 0.5
    f_star: float | None = None

    def __post_init__(self) -> None:
        one_of("line_search", self.line_search, tuple(_NEEDS))
        number("shrink", self.shrink, above=0, below=1)
        number("armijo", self.armijo, above=0, below=1)
        if self.step_size is not None:
            number("step_size", self.step_size, above=0)
            if self.line_search in ("exact", "polyak"):
                raise ValueError(f"step_size has no meaning with line_search={self.line_search!r}; leave it out")
        if self.f_star is not None:
            number("f_star", self.f_star)

    def check(self, problem: Any) -> None:
        """Raise unless the problem offers the oracles and constants of the step rule."""
        needs = (*self.requires, *_NEEDS[self.line_search])
        check_requirements(problem, needs, type(self).__name__, SOLVERS.values())
        if self.line_search is None:
            smooth_step(problem, self.step_size, type(self).__name__)
        elif self.line_search == "polyak":
            optimal_value(problem, self.f_star, type(self).__name__)

    def init(self, problem: Any, x0: Any, rng: Any) -> State:
        if self.line_search is not None:
            return State(x0)
        return State(x0, info={"step_size": smooth_step(problem, self.step_size, type(self).__name__)})

    def step(self, problem: Any, state: State) -> State:
        x = state.x
        gradient = problem.gradient(x)
        if self.line_search is None:
            state.x = x - state.info["step_size"] * gradient
        elif self.line_search == "backtracking":
            self._backtrack(problem, state, gradient)
        else:
            size = self._exact(problem, x, gradient)
            state.x = x - column(problem, size, x) * gradient
            state.info = {"step_size": float(size) if size.ndim == 0 else size}
        state.k += 1
        return state

    def _exact(self, problem: Any, x: Any, gradient: Any) -> Any:
        xp = namespace(x)
        if self.line_search == "exact":
            return xp.asarray(problem.line_minimum(x, -gradient))
        square = inner(problem, gradient, gradient)
        gap = problem.value(x) - optimal_value(problem, self.f_star, type(self).__name__)
        moving = square > 0.0
        return xp.where(moving, gap, 0.0 * square) / xp.where(moving, square, xp.ones_like(square))

    def _backtrack(self, problem: Any, state: State, gradient: Any) -> None:
        x, xp = state.x, namespace(state.x)
        value = xp.asarray(problem.value(x), dtype=x.dtype)
        square = inner(problem, gradient, gradient)

        def attempt(size: Any) -> tuple[Any, Any]:
            trial = x - column(problem, size, x) * gradient
            return trial, problem.value(trial) <= value - self.armijo * size * square

        first = xp.ones_like(value) * (1.0 if self.step_size is None else self.step_size)
        state.x, size, exhausted = backtrack(attempt, first, self.shrink)
        state.info = {"step_size": float(size) if size.ndim == 0 else size}
        if exhausted or (bool(xp.all(state.x == x)) and bool(xp.any(square > 0.0))):
            state.done, state.message = Status.STALLED, "no step decreases the objective any more, up to rounding"


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "GradientDescent": lambda: GradientDescent(),
    "GradientDescent(step_size)": lambda: GradientDescent(step_size=0.05),
    "GradientDescent(exact)": lambda: GradientDescent(line_search="exact"),
    "GradientDescent(backtracking)": lambda: GradientDescent(line_search="backtracking"),
    "GradientDescent(polyak)": lambda: GradientDescent(line_search="polyak"),
}
