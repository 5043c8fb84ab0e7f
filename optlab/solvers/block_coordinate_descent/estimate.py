"""The update that finds its constants itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from array_api_compat import device

from optlab.core.result import Status
from optlab.core.validate import number, one_of
from optlab.core.xp import namespace, to_numpy
from optlab.solvers.block_coordinate_descent.line_search import rounding
from optlab.solvers.block_coordinate_descent.parts import Update
from optlab.solvers.block_coordinate_descent.view import Move

__all__ = ["LipschitzApproximation"]

#: Constants more than 2^60 times too small are beyond help.
_DOUBLINGS = 60
#: After so many of them in one step, not to rise visibly is not enough: a wrong gradient would pass in the end.
_HIDDEN = 40


@dataclass(frozen=True)
class LipschitzApproximation(Update):
    r"""The gradient step with an estimate of the constant of the block, doubled until the step keeps its promise.

    .. math:: d = -\nabla_b f / \hat L_b, \qquad
              \text{doubling } \hat L_b \text{ while } f(x + U_b d) > f(x) - \|\nabla_b f\|^2 / (2 \hat L_b)

    Each fixed block has an estimate, which never falls; with variable blocks each coordinate has one, and a block
    starts from the largest of its coordinates.  It follows (derived here) that :math:`\hat L_b < 2 L_b` for fixed
    blocks that start at or below :math:`L_b`, and that there are at most :math:`\sum_b \log_2 (2 L_b / \hat L_b^0)`
    further evaluations of f in all.  Rules that scale by constants see the estimates.

    Parameters
    ----------
    start : float or {"max", "min"}, default 1.0
        The first estimate, > 0: a number (1 in the authors' code), the largest :math:`L_i`, or `block_size` times the
        smallest.  From an estimate far too small, "GSL" first visits every block it has not seen yet.

    Raises
    ------
    TypeError, ValueError
        If `start` is something else, or asks for constants that are not known.

    Examples
    --------
    The estimate of coordinate 2 is doubled from 1 to 8, the first one that is not below its constant 5:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import LipschitzApproximation
    >>> solver = ol.BlockCoordinateDescent(rule="GS", update=LipschitzApproximation(start=1.0))
    >>> result = solver.run(ol.problems.Quadratic([1.0, 2.0, 5.0]), max_iter=2)
    >>> result.history.trace["selected"][:, 0], result.history.trace["lipschitz"]
    (array([2, 1]), array([8., 2.]))
    """

    start: float | str = 1.0

    needs_constants: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if isinstance(self.start, str):
            one_of("start", self.start, ("max", "min"))
        else:
            number("start", self.start, above=0)

    def prepare(self, at: Any) -> None:
        first, blocks = self._first(at), at.state.blocks
        at.memory["LA"] = {"estimates": np.full(at.n if blocks is None else len(blocks), first), "evaluations": 0}
        at.state.lipschitz = 0 * at.lipschitz + first
        at.memory["block_lipschitz"] = {} if blocks is None else dict.fromkeys(range(len(blocks)), first)

    def _first(self, at: Any) -> float:
        if not isinstance(self.start, str):
            return float(self.start)
        if at.whole and "L" not in at.problem.constants:
            raise ValueError(
                f'start="{self.start}" needs constants, and none of {at.problem.name} is known: give a number'
            )
        xp = namespace(at.lipschitz)
        if self.start == "max":
            return float(xp.max(at.lipschitz))
        return at.block_size * float(xp.min(at.lipschitz))

    def move(self, at: Any, block: Any) -> Move:
        g, own = at.block_gradient(block), at.memory["LA"]
        key = to_numpy(block.indices) if block.number is None else block.number
        L = float(np.max(own["estimates"][key]))
        before, square = at.value(), float(namespace(g).sum(g * g))
        eps = float(namespace(g).finfo(g.dtype).eps)
        for doublings in range(_DOUBLINGS + 1):
            value = at.value_along(block, -g / L)
            kept = value <= before - square / (2 * L) + rounding(before, value, eps)
            if kept and (doublings <= _HIDDEN or value < before):
                own["evaluations"] += doublings
                self._keep(at, block, key, L)
                return Move(-g / L, L, square / (2 * L))
            L *= 2
        at.state.done = Status.STALLED
        at.state.message = f"2^{_DOUBLINGS} times its constant does not make coordinate {int(block.indices[0])} descend"
        return Move(0 * g, math.nan, 0.0)

    def _keep(self, at: Any, block: Any, key: Any, L: float) -> None:
        estimates = at.memory["LA"]["estimates"]
        if np.min(estimates[key]) == L:
            return
        estimates[key] = L
        if block.number is not None:
            at.memory["block_lipschitz"][block.number] = L
        lipschitz = to_numpy(at.lipschitz).copy()
        lipschitz[to_numpy(block.indices)] = L
        like = at.lipschitz
        at.state.lipschitz = namespace(like).asarray(lipschitz, dtype=like.dtype, device=device(like))
