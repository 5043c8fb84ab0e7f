"""The step of logistic regression with large steps and of the batch perceptrons: add a weighted sum of the samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.oracles import Margins
from optlab.core.result import Status
from optlab.core.solver import State
from optlab.core.xp import namespace
from optlab.solvers._separator import _Separator

__all__ = ["WeightedState", "_WeightedSamples"]


@dataclass
class WeightedState(State):
    """Margins of the iterate and the step they call for."""

    margins: Any = None  # Z x
    direction: Any = None  # the next step Z^T p, for the weights p of these margins


class _WeightedSamples(_Separator):
    """The step they share, x + Z^T p; `weights` is the rule that turns the margins Z x, the least one known, into p."""

    requires = (Margins,)
    until_separated = True

    def weights(self, margins: Any, least: float, k: int) -> tuple[Any, dict[str, float]]:
        """Return p and the facts about the iterate; a fact `grad_norm` is given per unit of the norm of Z^T p."""
        raise TypeError(f"{type(self).__name__} has no weights")

    def init(self, problem: Any, x0: Any, rng: Any) -> WeightedState:
        return self._look(problem, WeightedState(x0, margins=problem.margins(x0)))

    def step(self, problem: Any, state: Any) -> Any:
        state.x = state.x + state.direction
        state.margins = problem.margins(state.x)
        state.k += 1
        return self._look(problem, state)

    def _look(self, problem: Any, state: Any) -> Any:
        """Prepare the next step, and say whether the iterate separates already."""
        least = float(namespace(state.margins).min(state.margins))
        p, state.info = self.weights(state.margins, least, state.k)
        state.direction = problem.weighted_rows(p)
        if "grad_norm" in state.info:
            state.info["grad_norm"] *= math.sqrt(float(state.direction @ state.direction))
        if self.until_separated and least > 0:
            state.done = Status.EXACT
            n = state.margins.shape[0]
            state.message = f"separated: all {n} margins are positive after {state.k} updates"
        return state
