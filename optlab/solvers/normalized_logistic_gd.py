r"""Normalized LR+GD and its family: gradient descent on logistic regression with steps of any size.

All these methods look for theta with positive margins :math:`z_i^\top \theta > 0`, and all of them make the same step: add
a weighted sum of the signed samples.  They differ in one rule, how the margins become weights.  For huge steps the smooth
weights become the mistakes themselves, and logistic regression becomes a perceptron; with weights that sum to one the
number of updates no longer depends on how many samples there are.

The iterate x is theta divided by the step size (see `theta` of each solver), so no step size can overflow.  Each update
costs two products with the data.

References
----------
.. [1] Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large Step
   Sizes", AAAI 2025, arXiv 2412.08424.
.. [2] Ruiqi Zhang, Jingfeng Wu, Licong Lin, Peter L. Bartlett, "Minimax Optimal Convergence of Gradient Descent in
   Logistic Regression via Large and Adaptive Stepsizes", 2025, arXiv 2504.04105.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optlab.core.oracles import Margins
from optlab.core.result import Status
from optlab.core.solver import Solver, State
from optlab.core.validate import boolean, number
from optlab.core.xp import namespace
from optlab.problems.separable import logistic

__all__ = ["EXAMPLES", "LRGD", "BatchPerceptron", "NormalizedBatchPerceptron", "NormalizedLRGD", "RiskAdaptiveGD"]


@dataclass
class WeightedState(State):
    """State of the family.

    Attributes
    ----------
    margins : array of shape (n,)
        The margins Z x of the iterate.
    direction : array of shape (d,)
        The next step, Z^T p for the weights p of these margins.
    x_sum, margins_sum : array
        Sums of x and of its margins over the iterates before this one (risk-adaptive method only).
    """

    margins: Any = None
    direction: Any = None
    x_sum: Any = None
    margins_sum: Any = None

    @property
    def average(self) -> Any:
        """Average of the iterates before this one (risk-adaptive method only)."""
        return self.x_sum / self.k


class _WeightedSamples(Solver):
    """The step all methods share: x + Z^T p, where `weights` turns the margins Z x into p."""

    requires = (Margins,)

    def weights(self, margins: Any, k: int) -> tuple[Any, dict[str, float], Any]:
        """Return p, facts about the iterate, and the factor that turns Z^T p into the gradient (None if there is none)."""
        raise TypeError(f"{type(self).__name__} has no weights")

    def init(self, problem: Any, x0: Any, rng: Any) -> WeightedState:
        return self._look(problem, WeightedState(x0, margins=problem.margins(x0)))

    def step(self, problem: Any, state: WeightedState) -> WeightedState:  # type: ignore[override]
        state.x = state.x + state.direction
        state.k += 1
        state.margins = problem.margins(state.x)
        return self._look(problem, state)

    def _look(self, problem: Any, state: WeightedState) -> WeightedState:
        """Compute the next direction, what is known about the iterate, and whether it separates."""
        xp = namespace(state.margins)
        p, state.info, factor = self.weights(state.margins, state.k)
        state.direction = problem.weighted_rows(p)
        if factor is not None:
            state.info["grad_norm"] = factor * float(xp.linalg.vector_norm(state.direction))
        if getattr(self, "until_separated", True) and bool(xp.min(state.margins) > 0):
            state.done = Status.EXACT
            n = state.margins.shape[0]
            state.message = f"separated: all {n} margins are positive after {state.k} updates"
        return state
