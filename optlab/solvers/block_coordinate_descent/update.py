"""Updates of smooth problems: how the chosen block moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import BlockCurvature
from optlab.core.xp import namespace
from optlab.solvers.block_coordinate_descent.estimate import LipschitzApproximation
from optlab.solvers.block_coordinate_descent.newton import ExactStep, MatrixStep, NewtonStep
from optlab.solvers.block_coordinate_descent.parts import Update
from optlab.solvers.block_coordinate_descent.view import Move

__all__ = ["UPDATES", "BlockStep", "CommonStep", "DiagonalStep", "RowSumStep", "common_constant"]


@dataclass(frozen=True)
class CommonStep(Update):
    r"""The gradient step with one constant for all blocks.

    .. math:: d = -\nabla_b f / L, \qquad f(x) - f(x + U_b d) \ge \|\nabla_b f\|^2 / (2 L)

    L is the largest of the constants of the blocks: :math:`\max_i L_i` for single coordinates, :math:`\max_b L_b` for
    fixed blocks.  For variable blocks of several coordinates the largest one cannot be searched for; L is then the sum
    of the `block_size` largest :math:`L_i`, a bound of the trace, or the constant of the whole gradient when that is
    smaller.

    Examples
    --------
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import CommonStep
    >>> solver = ol.BlockCoordinateDescent(rule="GS", update=CommonStep())
    >>> result = solver.run(ol.problems.Quadratic([1.0, 4.0]), max_iter=2)
    >>> result.x, result.history.trace["lipschitz"]
    (array([0.25, 1.  ]), array([4., 4.]))
    """

    def prepare(self, at: Any) -> None:
        at.memory["common"] = common_constant(at)

    def move(self, at: Any, block: Any) -> Move:
        given = at.state.given  # constants of the user may have been doubled
        return _gradient_step(at.block_gradient(block), common_constant(at) if given else at.memory["common"])


@dataclass(frozen=True)
class BlockStep(Update):
    r"""The gradient step with the constant of the block, the largest eigenvalue of :math:`H_{bb}`.

    .. math:: d = -\nabla_b f / L_b, \qquad f(x) - f(x + U_b d) \ge \|\nabla_b f\|^2 / (2 L_b)

    Examples
    --------
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import BlockStep
    >>> solver = ol.BlockCoordinateDescent(rule="GS", update=BlockStep())
    >>> result = solver.run(ol.problems.Quadratic([1.0, 4.0]), max_iter=2)
    >>> result.x, result.history.trace["lipschitz"]
    (array([1., 1.]), array([4., 1.]))
    """

    def move(self, at: Any, block: Any) -> Move:
        return _gradient_step(at.block_gradient(block), at.block_lipschitz(block))


@dataclass(frozen=True)
class DiagonalStep(Update):
    r"""The gradient step with a constant for each coordinate, valid for all blocks of that size.

    .. math:: d_i = -\nabla_i f / D_i, \quad D_i = |b| L_i, \qquad
              f(x) - f(x + U_b d) \ge \tfrac12 \sum_{i \in b} (\nabla_i f)^2 / D_i

    Examples
    --------
    Each coordinate of a block of two goes half of its own way:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import DiagonalStep
    >>> solver = ol.BlockCoordinateDescent(rule="GSD", update=DiagonalStep(), block_size=2)
    >>> solver.run(ol.problems.Quadratic([1.0, 4.0, 2.0]), max_iter=1).x
    array([0. , 0.5, 0.5])
    """

    def move(self, at: Any, block: Any) -> Move:
        size = 1 if at.whole else block.indices.shape[0]
        return _scaled_step(at.block_gradient(block), size * at.take(at.lipschitz, block))


@dataclass(frozen=True)
class RowSumStep(Update):
    r"""The gradient step with Gershgorin's constant for each coordinate, valid for all blocks of any size.

    .. math:: d_i = -\nabla_i f / D_i, \quad D_i = \sum_j |H_{ij}|, \qquad
              f(x) - f(x + U_b d) \ge \tfrac12 \sum_{i \in b} (\nabla_i f)^2 / D_i

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockCurvature`.

    Examples
    --------
    On a sparse Hessian the row sums promise more than the size of the block:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import DiagonalStep, RowSumStep
    >>> problem = ol.problems.GraphQuadratic.forest("path", 4, rng=0)
    >>> for update in (DiagonalStep(), RowSumStep()):
    ...     result = ol.BlockCoordinateDescent(rule="GS", update=update, block_size=4).run(problem, max_iter=1)
    ...     print(result.history.trace["progress"])
    [0.118]
    [0.309]
    """

    requires: ClassVar[tuple[Any, ...]] = (BlockCurvature,)

    def prepare(self, at: Any) -> None:
        sums = at.problem.bound_row_sums()  # zero only where the gradient is
        at.memory["row sums"] = namespace(sums).where(sums > 0, sums, namespace(sums).ones_like(sums))

    def move(self, at: Any, block: Any) -> Move:
        return _scaled_step(at.block_gradient(block), at.take(at.memory["row sums"], block))


def _gradient_step(g: Any, L: float) -> Move:
    return Move(-g / L, L, float(namespace(g).sum(g * g)) / (2 * L))


def _scaled_step(g: Any, D: Any) -> Move:
    common = float(D[0]) if D.shape[0] == 1 else math.nan
    return Move(-g / D, common, 0.5 * float(namespace(g).sum(g * g / D)))


def common_constant(at: Any) -> float:
    """Return a constant that holds for every block the rule may choose."""
    xp, given = namespace(at.lipschitz), at.state.given
    size = at.memory.get("largest block", at.block_size)  # some rules size their blocks themselves
    if at.whole or (size == 1 and at.state.blocks is None):
        return float(xp.max(at.lipschitz))
    if at.state.blocks is not None:
        if given:
            return float(xp.max(at.block_sums(at.lipschitz)))
        return max(at.block_lipschitz(at.fixed(b)) for b in range(len(at.state.blocks)))
    largest = float(xp.sum(xp.sort(at.lipschitz)[-size:]))
    constants = at.problem.constants
    if not given and "L" in constants and constants["L"].kind in ("exact", "upper"):
        largest = min(largest, float(constants["L"].value))
    return largest


UPDATES: dict[str, Callable[[], Update]] = {
    "L": CommonStep,
    "Lb": BlockStep,
    "Hb": MatrixStep,
    "D": DiagonalStep,
    "D-rows": RowSumStep,
    "newton": NewtonStep,
    "exact": ExactStep,
    "LA": LipschitzApproximation,
}
