r"""The proximal gradient method, with FISTA's acceleration, its monotone variant, and backtracking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import Gradient, Project, Prox, SmoothPart, Value, check_requirements, has_oracle
from optlab.core.result import Status
from optlab.core.solver import SOLVERS, Solver, State
from optlab.core.validate import boolean, number
from optlab.core.xp import namespace
from optlab.solvers._steps import backtrack, column, inner, smooth_step
from optlab.solvers.nesterov import next_momentum

__all__ = ["EXAMPLES", "ProximalGradient"]


@dataclass
class _Proximal(State):
    """`y` is the point the next gradient is taken at, `t` the momentum number, `size` the step (one per repetition)."""

    y: Any = None
    t: float = 1.0
    size: Any = None
    value: Any = None  # F(x), kept by the monotone variant


@dataclass(frozen=True)
class ProximalGradient(Solver):
    r"""Proximal gradient method for F = f + g, f differentiable, g with a proximal map.

    .. math:: p(y) = \operatorname{prox}_{s g}\big(y - s \nabla f(y)\big), \qquad x_{k+1} = p(y_k)

    Plain: :math:`y_k = x_k`.  Accelerated (FISTA): :math:`y_{k+1} = x_{k+1} + \frac{t_k - 1}{t_{k+1}} (x_{k+1} - x_k)`
    with :math:`t_0 = 1`, :math:`t_{k+1} = (1 + \sqrt{1 + 4 t_k^2})/2`.  Monotone (MFISTA): with
    :math:`z_{k+1} = p(y_k)`, :math:`x_{k+1}` is the better of :math:`z_{k+1}` and :math:`x_k`, and
    :math:`y_{k+1} = x_{k+1} + \frac{t_k}{t_{k+1}} (z_{k+1} - x_{k+1}) + \frac{t_k - 1}{t_{k+1}} (x_{k+1} - x_k)`.

    A problem that offers its gradient and no composite structure is taken with g = 0, or with the indicator of its
    feasible set when it offers `project`: the method is then gradient descent, or projected gradient descent.

    Parameters
    ----------
    step_size : float, optional
        The step s > 0; 1/L from the problem's constants when absent.  With backtracking the first trial, 1 when absent.
    accelerated : bool, default False
        FISTA instead of the plain method.
    monotone : bool, default False
        The monotone variant of FISTA: one more value of F a step, and no increase.
    backtracking : bool, default False
        Shrink the step, for good, until
        :math:`f(z) \le f(y) + \langle \nabla f(y), z - y \rangle + \|z - y\|^2 / (2 s)`.
    shrink : float, default 0.5
        Factor of the search, in (0, 1).

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range, or `monotone` is asked for without `accelerated`; before a run, if L is wanted
        and not known.
    MissingOracle
        If the problem offers neither ``smooth_gradient`` with `prox` nor `gradient`.

    Notes
    -----
    With f convex and L-smooth, g convex, D the distance of the start from a minimiser: the plain method has
    :math:`F(x_k) - F^\star \le \alpha L D^2 / (2 k)` (``base/pg-convex``), FISTA and its monotone variant
    :math:`2 \alpha L D^2 / (k+1)^2` (``base/fista``, ``base/fista-monotone``), where :math:`\alpha = 1` for s = 1/L,
    and under backtracking from a first trial of at least 1/L, :math:`\alpha = 1 / \text{shrink}`.  One gradient and
    one proximal map a step.  Coordinate descent is faster on a Lasso with many columns.

    References
    ----------
    A. Beck, M. Teboulle, A fast iterative shrinkage-thresholding algorithm for linear inverse problems, SIAM Journal
    on Imaging Sciences 2 (2009), Theorems 3.1 and 4.4.  A. Beck, M. Teboulle, Fast gradient-based algorithms for
    constrained total variation image denoising and deblurring problems, IEEE Transactions on Image Processing 18
    (2009), for the monotone variant.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.PlantedLasso(n=20, d=50, nnz=3, rng=0)
    >>> result = ol.ProximalGradient(accelerated=True).run(problem, stop=ol.stop.Below("duality_gap", 1e-8))
    >>> result.status.name, int((result.x != 0).sum())
    ('CONVERGED', 3)
    """

    requires: ClassVar[tuple[Any, ...]] = ((SmoothPart, Gradient),)
    batched: ClassVar[bool] = True

    step_size: float | None = None
    accelerated: bool = False
    monotone: bool = False
    backtracking: bool = False
    shrink: float = 0.5

    def __post_init__(self) -> None:
        for name in ("accelerated", "monotone", "backtracking"):
            boolean(name, getattr(self, name))
        if self.step_size is not None:
            number("step_size", self.step_size, above=0)
        number("shrink", self.shrink, above=0, below=1)
        if self.monotone and not self.accelerated:
            raise ValueError("monotone=True is a variant of FISTA: set accelerated=True too")

    def check(self, problem: Any) -> None:
        """Raise unless the problem offers what the variant asks for."""
        composite = has_oracle(problem, SmoothPart)
        needs: list[Any] = [SmoothPart, Prox] if composite else [*self.requires]
        if self.monotone or (self.backtracking and not composite):
            needs.append(Value)
        check_requirements(problem, needs, type(self).__name__, SOLVERS.values())
        if not self.backtracking:
            smooth_step(problem, self.step_size, type(self).__name__)

    def init(self, problem: Any, x0: Any, rng: Any) -> State:
        if self.backtracking:
            xp = namespace(x0)
            first = 1.0 if self.step_size is None else self.step_size
            size = first * xp.ones_like(inner(problem, x0, x0))
            info = {"step_size": _plain(size)}
        else:
            size = smooth_step(problem, self.step_size, type(self).__name__)
            info = {"step_size": size}
        return _Proximal(x0, info=info, y=x0, size=size, value=problem.value(x0) if self.monotone else None)

    def step(self, problem: Any, state: _Proximal) -> _Proximal:  # type: ignore[override]
        x, y, t = state.x, state.y, state.t
        z = self._backtrack(problem, state) if self.backtracking else _forward_backward(problem, y, state.size)
        if not self.accelerated:
            state.x = state.y = z
        else:
            state.t = next_momentum(t)
            state.x = self._better(problem, state, z) if self.monotone else z
            state.y = state.x + ((t - 1) / state.t) * (state.x - x)
            if self.monotone:  # in FISTA itself z = x
                state.y = state.y + (t / state.t) * (z - state.x)
        state.k += 1
        return state

    def _better(self, problem: Any, state: _Proximal, z: Any) -> Any:
        """Return the better of z and the present iterate, for each repetition."""
        xp = namespace(z)
        value = problem.value(z)
        better = xp.asarray(value <= state.value)
        state.value = xp.where(better, xp.asarray(value), xp.asarray(state.value))
        return xp.where(xp.reshape(better, (*better.shape, *(1 for _ in problem.shape))), z, state.x)

    def _backtrack(self, problem: Any, state: _Proximal) -> Any:
        y, xp = state.y, namespace(state.y)
        smooth_value = problem.smooth_value if has_oracle(problem, SmoothPart) else problem.value
        gradient = _smooth_gradient(problem, y)
        value = xp.asarray(smooth_value(y), dtype=y.dtype)
        rounding = 10 * float(xp.finfo(y.dtype).eps) * xp.abs(value)

        def attempt(size: Any) -> tuple[Any, Any]:
            step = float(size) if size.ndim == 0 else column(problem, size, y)
            z = _backward(problem, y - step * gradient, step)
            move = z - y
            model = value + inner(problem, gradient, move) + inner(problem, move, move) / (2 * size)
            return z, smooth_value(z) <= model + rounding

        z, state.size, exhausted = backtrack(attempt, state.size, self.shrink)
        state.info = {"step_size": _plain(state.size)}
        if exhausted:
            state.done, state.message = Status.STALLED, "backtracking found no step that the quadratic model allows"
        return z


def _plain(size: Any) -> Any:
    return float(size) if size.ndim == 0 else size


def _smooth_gradient(problem: Any, y: Any) -> Any:
    return problem.smooth_gradient(y) if has_oracle(problem, SmoothPart) else problem.gradient(y)


def _backward(problem: Any, y: Any, step: Any) -> Any:
    """The proximal map of g; for a problem without composite structure the projection, or nothing."""
    if has_oracle(problem, Prox):
        return problem.prox(y, step)
    return problem.project(y) if has_oracle(problem, Project) else y


def _forward_backward(problem: Any, y: Any, step: float) -> Any:
    return _backward(problem, y - step * _smooth_gradient(problem, y), step)


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "ProximalGradient": lambda: ProximalGradient(),
    "ProximalGradient(step_size)": lambda: ProximalGradient(step_size=0.05),
    "ProximalGradient(backtracking)": lambda: ProximalGradient(backtracking=True),
    "ProximalGradient(FISTA)": lambda: ProximalGradient(accelerated=True),
    "ProximalGradient(FISTA, backtracking)": lambda: ProximalGradient(accelerated=True, backtracking=True),
    "ProximalGradient(FISTA, monotone)": lambda: ProximalGradient(accelerated=True, monotone=True),
}
