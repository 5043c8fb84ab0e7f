"""Gauss-Southwell with an inexact choice: any block that is nearly the best."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.core.validate import number, one_of
from optlab.core.xp import namespace, to_numpy
from optlab.solvers.block_coordinate_descent.parts import Rule
from optlab.solvers.block_coordinate_descent.view import Block

__all__ = ["ApproximateGS"]


@dataclass(frozen=True)
class ApproximateGS(Rule):
    r"""A block whose gradient is almost the largest.

    .. math::
        \|g_b\| \ge (1 - \varepsilon_k) \max_{b'} \|g_{b'}\| \quad \text{(multiplicative)}, \qquad
        \|g_b\| \ge \max_{b'} \|g_{b'}\| - \varepsilon_k \quad \text{(additive)}

    For single coordinates and the step 1/L, write :math:`\rho = 1 - \mu_1 / L` with the constant :math:`\mu_1` of
    strong convexity in the 1-norm.  Then (Nutini, Schmidt, Laradji, Friedlander and Koepke, 2015; the constant
    :math:`A_k` is derived here)

    .. math::
        \Delta_k \le \Delta_0 \prod_{j<k} \left(1 - (1 - \varepsilon_j)^2 \mu_1 / L\right), \qquad
        \Delta_k \le \rho^k (\Delta_0 + A_k), \quad
        A_k = \sqrt{2 \Delta_0 / L} \sum_{j \le k} \rho^{-j} \varepsilon_j .

    Parameters
    ----------
    eps : float, sequence of float, or callable
        The error :math:`\varepsilon_k`: one for all steps, one for each (the last one is kept), or a function of
        k = 0, 1, ...  Multiplicative errors lie in [0, 1], additive ones in [0, inf).
    kind : {"multiplicative", "additive"}, default "multiplicative"
        How the error is meant.
    choice : {"worst", "first", "random"}, default "worst"
        Which of the admissible blocks: the one with the smallest gradient (an adversary), the one with the lowest
        index (what a search that stops early finds), or a uniform draw.

    Raises
    ------
    TypeError, ValueError
        If an error is not a number or out of range (in a run, when it comes from a function), there is none, `kind` or
        `choice` is unknown; before any work, with variable blocks of more than one coordinate.

    Examples
    --------
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import ApproximateGS
    >>> problem = ol.problems.Quadratic([1.0, 1.0, 1.0], x_star=[10.0, 8.0, 6.0])
    >>> for eps in (0.0, 0.3, 0.5):
    ...     solver = ol.BlockCoordinateDescent(rule=ApproximateGS(eps), update="L")
    ...     print(solver.run(problem, max_iter=1).history.trace["selected"][0])
    [0]
    [1]
    [2]
    """

    eps: float | tuple[float, ...] | Callable[[int], float]
    kind: str = "multiplicative"
    choice: str = "worst"

    greedy: ClassVar[bool] = True

    def __post_init__(self) -> None:
        one_of("kind", self.kind, ("multiplicative", "additive"))
        one_of("choice", self.choice, ("worst", "first", "random"))
        if callable(self.eps):
            return
        if isinstance(self.eps, Iterable) and not isinstance(self.eps, str):
            errors = tuple(self._checked(f"eps[{k}]", error) for k, error in enumerate(self.eps))
            if not errors:
                raise ValueError("eps must hold at least one number")
            object.__setattr__(self, "eps", errors)
        else:
            self._checked("eps", self.eps)

    def _checked(self, name: str, error: Any) -> float:
        if self.kind == "additive":
            return number(name, error, at_least=0)
        return number(name, error, at_least=0, at_most=1)

    def _error(self, k: int) -> float:
        if callable(self.eps):
            return self._checked(f"eps({k})", self.eps(k))
        if isinstance(self.eps, tuple):
            return self.eps[min(k, len(self.eps) - 1)]
        return float(self.eps)

    def check(self, solver: Any, problem: Any) -> None:
        if solver.partition is None and solver.block_size > 1:
            raise ValueError("the rule ApproximateGS chooses single coordinates or fixed blocks: give a partition")

    def select(self, at: Any) -> Block:
        xp, fixed = namespace(at.x), at.state.blocks is not None
        sizes = xp.sqrt(at.block_sums(at.gradient * at.gradient)) if fixed else xp.abs(at.gradient)
        error, largest = self._error(at.k), xp.max(sizes)
        least = (1.0 - error) * largest if self.kind == "multiplicative" else largest - error
        index = self._pick(at.rng, sizes, sizes >= least)
        return at.fixed(index) if fixed else at.variable([index])

    def _pick(self, rng: np.random.Generator, sizes: Any, admissible: Any) -> int:
        xp = namespace(sizes)
        if self.choice == "random":
            candidates = np.flatnonzero(to_numpy(admissible))
            return int(candidates[rng.integers(candidates.size)])
        if self.choice == "first":
            return int(xp.argmax(xp.astype(admissible, xp.int64)))
        return int(xp.argmin(xp.where(admissible, sizes, xp.full_like(sizes, xp.inf))))
