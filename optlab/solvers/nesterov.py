r"""Nesterov's accelerated gradient method, for convex and for strongly convex functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import Gradient
from optlab.core.solver import Solver, State
from optlab.core.validate import number
from optlab.solvers._steps import smooth_step

__all__ = ["EXAMPLES", "NesterovAcceleratedGradient"]


def next_momentum(t: float) -> float:
    r"""Return the largest :math:`t_{k+1}` with :math:`t_{k+1}^2 - t_{k+1} \le t_k^2`, the momentum number of FISTA."""
    return 0.5 * (1.0 + math.sqrt(1.0 + 4.0 * t * t))


@dataclass
class _Momentum(State):
    """`y` is the extrapolated point the next gradient is taken at, `t` the number of the momentum sequence."""

    y: Any = None
    t: float = 1.0


@dataclass(frozen=True)
class NesterovAcceleratedGradient(Solver):
    r"""Nesterov's accelerated gradient method for a differentiable convex function F.

    .. math:: x_{k+1} = y_k - s \nabla F(y_k), \qquad y_{k+1} = x_{k+1} + \beta_k (x_{k+1} - x_k), \qquad y_0 = x_0

    Convex: :math:`\beta_k = (t_k - 1) / t_{k+1}` with :math:`t_0 = 1`, :math:`t_{k+1} = (1 + \sqrt{1 + 4 t_k^2})/2`.
    :math:`\mu`-strongly convex: :math:`\beta = (1 - \sqrt{\mu s}) / (1 + \sqrt{\mu s})`.

    Parameters
    ----------
    step_size : float, optional
        The step s > 0; 1/L from the problem's constants when absent.
    mu : "auto" or float, default "auto"
        Modulus of strong convexity, >= 0; 0 is the convex version.  "auto" takes the problem's constant when it is
        certified, and 0 otherwise.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range; before a run, if L is wanted and not known, or :math:`\mu s > 1`.
    MissingOracle
        If the problem lacks `gradient`.

    Notes
    -----
    With s = 1/L and D the distance of the start from a minimiser, the convex version has
    :math:`F(x_k) - F^\star \le 2 L D^2 / (k+1)^2` (``base/nesterov-convex``) and the strongly convex one
    :math:`F(x_k) - F^\star \le (1 - \sqrt{\mu/L})^k \big( F(x_0) - F^\star + \tfrac\mu2 D^2 \big)`
    (``base/nesterov-strongly-convex``).  No method in the span of the gradients does better than
    :math:`3 L D^2 / (32 (k+1)^2)` on every convex function (``base/span-lower-bound``).  The values are not monotone.
    One gradient a step.  An overestimated `mu` breaks the guarantee; with noisy gradients the method accumulates the
    noise.

    References
    ----------
    Y. Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2), Soviet Mathematics
    Doklady 27 (1983).  Y. Nesterov, Introductory Lectures on Convex Optimization, Kluwer 2004, section 2.2.
    A. Beck, M. Teboulle, A fast iterative shrinkage-thresholding algorithm for linear inverse problems, SIAM Journal on
    Imaging Sciences 2 (2009), for the constant of the convex bound.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic.spread(20, L=1.0, mu=1e-4)
    >>> fast = ol.NesterovAcceleratedGradient().run(problem, stop=ol.stop.Below("gap", 1e-8))
    >>> slow = ol.GradientDescent().run(problem, stop=ol.stop.Below("gap", 1e-8))
    >>> slow.k > 20 * fast.k
    True
    """

    requires: ClassVar[tuple[Any, ...]] = (Gradient,)
    batched: ClassVar[bool] = True

    step_size: float | None = None
    mu: float | str = "auto"

    def __post_init__(self) -> None:
        if self.step_size is not None:
            number("step_size", self.step_size, above=0)
        if isinstance(self.mu, str):
            if self.mu != "auto":
                raise ValueError(f"mu must be 'auto' or a number >= 0, got {self.mu!r}")
        else:
            number("mu", self.mu, at_least=0)

    def _resolve(self, problem: Any) -> tuple[float, float]:
        """Return the step and the modulus of strong convexity."""
        step = smooth_step(problem, self.step_size, type(self).__name__)
        if not isinstance(self.mu, str):
            return step, float(self.mu)
        known = problem.constants.get("mu")
        usable = known is not None and known.certifies("lower") and known.value > 0.0
        return step, float(known.value) if usable else 0.0

    def check(self, problem: Any) -> None:
        """Raise unless the problem offers its gradient and the step and `mu` fit together."""
        super().check(problem)
        step, mu = self._resolve(problem)
        if mu * step > 1.0 + 1e-12:
            raise ValueError(f"mu must be at most 1 / step_size = {1 / step:g}, got {mu:g}: no L is smaller than mu")

    def init(self, problem: Any, x0: Any, rng: Any) -> State:
        step, mu = self._resolve(problem)
        return _Momentum(x0, info={"step_size": step, "mu": mu}, y=x0)

    def step(self, problem: Any, state: _Momentum) -> _Momentum:  # type: ignore[override]
        step, mu = state.info["step_size"], state.info["mu"]
        x = state.y - step * problem.gradient(state.y)
        if mu > 0.0:
            root = math.sqrt(min(mu * step, 1.0))
            momentum = (1.0 - root) / (1.0 + root)
        else:
            t = next_momentum(state.t)
            momentum, state.t = (state.t - 1.0) / t, t
        state.y = x + momentum * (x - state.x)
        state.x = x
        state.k += 1
        return state


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "NesterovAcceleratedGradient": lambda: NesterovAcceleratedGradient(),
    "NesterovAcceleratedGradient(convex)": lambda: NesterovAcceleratedGradient(mu=0.0),
    "NesterovAcceleratedGradient(step_size)": lambda: NesterovAcceleratedGradient(step_size=0.05, mu=0.1),
}
