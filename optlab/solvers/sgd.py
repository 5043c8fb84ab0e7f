r"""Stochastic gradient descent with the classical step schedules, averaging, and repetitions as an axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import Project, StochasticGradient, has_oracle
from optlab.core.solver import Solver, State
from optlab.core.validate import number, one_of
from optlab.core.xp import namespace
from optlab.solvers._steps import scale_of, scheduled, validate_schedule
from optlab.solvers.subgradient import answer

__all__ = ["EXAMPLES", "SGD"]

#: Numbers drawn ahead for each repetition; the block must not depend on how many repetitions run together.
_AHEAD = 2**15


@dataclass
class _Stream(State):
    """`point` is the walking point, `x` the answer made of it; `samples` a block drawn ahead, `used` of it consumed."""

    point: Any = None
    scale: float = 0.0
    weight: float = 0.0
    samples: Any = None
    used: int = 0


@dataclass(frozen=True)
class SGD(Solver):
    r"""Stochastic (sub)gradient descent for a convex function F, projected when the problem has a feasible set C.

    .. math:: z_{k+1} = P_C\big(z_k - s_k \, g(z_k, \xi_k)\big), \qquad
              \mathbb E [g(z, \xi)] \in \partial F(z), \quad z_0 = x_0

    ==============  =====================================================================
    `schedule`      step :math:`s_k`, with c = `step_size` and N = `horizon`
    ==============  =====================================================================
    ``"constant"``  c
    ``"sqrt"``      :math:`c / \sqrt{k + 1}`
    ``"linear"``    :math:`c (N - k) / (N + 1)`, zero from k = N on
    ==============  =====================================================================

    Parameters
    ----------
    step_size : float, optional
        The scale c > 0.  When absent it comes from the problem's constants, the distance D of the start and the bound
        M (or G) on the root mean square of the stochastic gradients: D / M for "sqrt", :math:`D / (M \sqrt{N + 1})`
        for the schedules with a horizon.
    schedule : {"sqrt", "constant", "linear"}
        The step rule.
    horizon : int, optional
        The number N >= 1 of steps the rule is made for; "linear" needs it, and the run ends there.
    output : {"last", "average", "weighted"}
        What the iterate x_k is: the last of :math:`z_0, \dots, z_k`, their average, or their average weighted by the
        step sizes :math:`s_0, \dots, s_k`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range or does not fit the others; before a run, if a constant is wanted and not known.
    MissingOracle
        If the problem lacks `stochastic_gradient`.

    Notes
    -----
    With :math:`\mathbb E \|g\|^2 \le M^2` and the default scales, the expected gap of the weighted average is at most
    :math:`D M / \sqrt{N + 1}` for constant steps (``base/sgd-constant``) and
    :math:`D M (1 + \sum_i \frac1{i+1}) / (2 \sum_i (i+1)^{-1/2})`, i = 0, ..., k, for "sqrt" (``base/sgd-sqrt``);
    under the linear schedule the *last* point has :math:`D M / \sqrt{N + 1}` (``base/sgd-linear-decay``).  The samples
    come from the stream ``rng.environment``, in blocks: two solvers run with the same seed see common random numbers.

    References
    ----------
    H. Robbins, S. Monro, A stochastic approximation method, Annals of Mathematical Statistics 22 (1951).
    A. Nemirovski, A. Juditsky, G. Lan, A. Shapiro, Robust stochastic approximation approach to stochastic programming,
    SIAM Journal on Optimization 19 (2009).  A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko, Optimal linear decay
    learning rate schedules and further refinements, arXiv:2310.07831 (2023).

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.NoisyAbsolute(d=2, sigma=3.0, D=10.0)
    >>> result = ol.SGD(schedule="linear", horizon=1000).run(problem, max_iter=1000, rng=0, reps=100)
    >>> float(result.history["gap"][-1].mean()) < problem.constants.D * problem.constants.M / 1001**0.5
    True
    """

    requires: ClassVar[tuple[Any, ...]] = (StochasticGradient,)
    batched: ClassVar[bool] = True

    step_size: float | None = None
    schedule: str = "sqrt"
    horizon: int | None = None
    output: str = "last"

    def __post_init__(self) -> None:
        validate_schedule(self.schedule, self.horizon)
        one_of("output", self.output, ("last", "average", "weighted"))
        if self.step_size is not None:
            number("step_size", self.step_size, above=0)

    def _scale(self, problem: Any) -> float:
        return scale_of(problem, self.step_size, self.schedule, self.horizon, type(self).__name__)

    def check(self, problem: Any) -> None:
        """Raise unless the problem offers stochastic gradients and the step size is known."""
        super().check(problem)
        self._scale(problem)

    def init(self, problem: Any, x0: Any, rng: Any) -> State:
        return _Stream(x0, rng=rng, point=x0, scale=self._scale(problem))

    def step(self, problem: Any, state: _Stream) -> _Stream:  # type: ignore[override]
        size = scheduled(self.schedule, state.scale, state.k, self.horizon)
        z = state.point - size * problem.stochastic_gradient(state.point, _next_sample(problem, state))
        state.point = problem.project(z) if has_oracle(problem, Project) else z
        state.info = {"step_size": size}
        state.k += 1
        answer(self, problem, state)
        return state


def _next_sample(problem: Any, state: _Stream) -> Any:
    """Return the next sample of each repetition, drawing a block per repetition when the last one is used up."""
    if state.samples is None or state.used == state.samples.shape[0]:
        size = min(max(_AHEAD // math.prod(problem.shape), 1), 512)
        if isinstance(state.rng, tuple):
            blocks = [problem.draw(streams.environment, size) for streams in state.rng]
            state.samples = namespace(*blocks).stack(blocks, axis=1)
        else:
            state.samples = problem.draw(state.rng.environment, size)
        state.used = 0
    state.used += 1
    return state.samples[state.used - 1, ...]


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "SGD": lambda: SGD(step_size=0.1),
    "SGD(constant)": lambda: SGD(step_size=0.05, schedule="constant"),
    "SGD(linear)": lambda: SGD(step_size=0.1, schedule="linear", horizon=30),
    "SGD(average)": lambda: SGD(step_size=0.1, output="average"),
    "SGD(weighted)": lambda: SGD(step_size=0.1, output="weighted"),
}
