"""What all methods that separate data share: a bound on the number of their updates."""

from __future__ import annotations

from typing import Any

from optlab.core.solver import Solver

__all__ = ["_Separator"]


class _Separator(Solver):
    """A solver with a theorem on the number of updates from the origin to the first separating iterate."""

    def update_bound(self, problem: Any) -> float:
        r"""Return how many updates from the origin the method makes at most, by the theorem its documentation names.

        The claims ``nlgd/C1`` to ``nlgd/C7`` have the same formulas, written out there once more: a theorem does not
        borrow its bound from the solver it is about.

        Parameters
        ----------
        problem : Problem
            Separable data with a certified margin.

        Raises
        ------
        ValueError
            If the margin is not certified.
        """
        constants = problem.constants
        for name, side in (("mu", "lower"), ("R", "upper")):
            if name not in constants or not constants[name].certifies(side):
                raise ValueError(
                    f"the bound needs {name}, which is not certified for this {problem.name}; "
                    "Separable computes the margin with certify=True"
                )
        return float(self._bound(problem.n, constants.R**2 / constants.mu**2, 1 / constants.mu**2))

    def _bound(self, n: int, ratio: float, inverse: float) -> float:
        r"""Return the bound, with :math:`R^2/\mu^2` as `ratio` and :math:`1/\mu^2` as `inverse`."""
        raise TypeError(f"{type(self).__name__} has no bound")
