r"""Greedy rules of smooth problems: which block is moved next.

Write :math:`g = \nabla f(x)` and H for the bound of the Hessian.  Each rule picks the block with the best guarantee of
progress of some step, so GSQ promises at least as much as GSL, GSL as GS, and variable blocks as fixed ones - at one
iterate; no rule is best along all trajectories.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from array_api_compat import device

from optlab.core.oracles import BlockCurvature, check_requirements
from optlab.core.validate import integer, number, one_of
from optlab.core.xp import namespace, to_numpy
from optlab.solvers.block_coordinate_descent.block_constants import block_constants, chosen, inverse_roots
from optlab.solvers.block_coordinate_descent.nearest import NearestNeighbour
from optlab.solvers.block_coordinate_descent.parts import Rule, ScoreRule
from optlab.solvers.block_coordinate_descent.sampling import Cyclic, LipschitzSampling, Random
from optlab.solvers.block_coordinate_descent.sparse_step import largest_curvature, thresholded_block
from optlab.solvers.block_coordinate_descent.view import Block

__all__ = ["GS", "GSD", "GSL", "GSQ", "RULES"]

_NORMS = ("l2", "l1")


@dataclass(frozen=True)
class GS(ScoreRule):
    r"""Gauss-Southwell: the block with the largest gradient.

    .. math:: \arg\max_b \|g_b\|_2

    With the step 1/L and single coordinates :math:`\Delta_{k+1} \le (1 - \mu_1 / L) \Delta_k`, where :math:`\mu_1` is
    the constant of strong convexity in the 1-norm and :math:`\Delta_k = f(x_k) - f^\star` (Nutini, Schmidt, Laradji,
    Friedlander and Koepke, 2015).

    Parameters
    ----------
    norm : {"l2", "l1"}, default "l2"
        "l1" scores fixed blocks by :math:`\sum_b |g_i|`, as the authors' code does; the published curves with fixed
        blocks need it.  For variable blocks the two are the same.

    Raises
    ------
    ValueError
        If `norm` is neither.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 2.0, 3.0])
    >>> ol.BlockCoordinateDescent(rule="GS", update="L").run(problem, max_iter=1).history.trace["selected"]
    array([[2]])
    """

    norm: str = "l2"

    def __post_init__(self) -> None:
        one_of("norm", self.norm, _NORMS)

    def scores(self, at: Any) -> Any:
        if self.norm == "l1" or at.state.blocks is None:
            return namespace(at.x).abs(at.gradient)
        return at.gradient * at.gradient


@dataclass(frozen=True)
class GSL(Rule):
    r"""Gauss-Southwell-Lipschitz: the block for which the step of its own constant promises most.

    .. math:: \arg\max_b \|g_b\|_2^2 / L_b

    Variable blocks are single coordinates: to compare :math:`L_b` over all blocks of several would take too long, and
    `GSD` stands in for it.  Single coordinates and the step :math:`1/L_i` give
    :math:`\Delta_{k+1} \le (1 - \mu_L) \Delta_k`, where :math:`\mu_L` is the constant of strong convexity in the norm
    :math:`\sum_i \sqrt{L_i} |x_i|` (Nutini, Schmidt, Laradji, Friedlander and Koepke, 2015).

    Parameters
    ----------
    norm : {"l2", "l1"}, default "l2"
        "l1" scores fixed blocks by :math:`\sum_b |g_i| / \sqrt{L_b}`, as the authors' code does; the published curves
        with fixed blocks need it.

    Raises
    ------
    ValueError
        If `norm` is neither; before any work, with variable blocks of more than one coordinate.

    Examples
    --------
    The coordinate of the smallest constant, though its gradient is the smallest, too:

    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 2.0, 3.0], x_star=[3.0, 2.0, 1.0])
    >>> solver = ol.BlockCoordinateDescent(rule="GSL", lipschitz=[1.0, 2.0, 3.0])
    >>> solver.run(problem, max_iter=1).history.trace["selected"]
    array([[0]])
    """

    norm: str = "l2"

    greedy: ClassVar[bool] = True

    def __post_init__(self) -> None:
        one_of("norm", self.norm, _NORMS)

    def check(self, solver: Any, problem: Any) -> None:
        if solver.partition is None and solver.block_size > 1:
            raise ValueError(
                f'the rule GSL would need the constant of every set of {solver.block_size} coordinates: use "GSD", '
                f"which bounds them by a diagonal, or give a partition"
            )

    def select(self, at: Any) -> Block:
        xp, g = namespace(at.x), at.gradient
        if at.state.blocks is None:
            return at.top(g * g / at.lipschitz)
        constants = block_constants(at)
        if self.norm == "l1":
            scores = at.block_sums(xp.abs(g)) / xp.sqrt(constants)
        else:
            scores = at.block_sums(g * g) / constants
        return chosen(at, int(xp.argmax(scores)))


@dataclass(frozen=True)
class GSD(ScoreRule):
    r"""Gauss-Southwell-diagonal: the block for which a step scaled coordinate by coordinate promises most.

    .. math:: \arg\max_b \sum_{i \in b} g_i^2 / D_{b,i}, \qquad H_{bb} \preceq \operatorname{diag}(D_b)

    Parameters
    ----------
    diagonal : {"size", "rows"}, default "size"
        The bound: :math:`D_{b,i} = |b| L_i`, or :math:`D_i = \sum_j |H_{ij}|` (Gershgorin).  Both hold for every block
        of that size (derived here).  For blocks of equal size "size" chooses as :math:`L_i` itself would.
    norm : {"l2", "l1"}, default "l2"
        "l1" scores fixed blocks by :math:`\sum_b |g_i| / \sqrt{D_{b,i}}`, as the authors' code does; the published
        curves with fixed blocks need it.  For variable blocks the two are the same.

    Raises
    ------
    ValueError
        If `diagonal` or `norm` is none of these.
    MissingOracle
        Before any work, if `diagonal` is "rows" and the problem has no `BlockCurvature`.

    Notes
    -----
    The curves "GSL" with variable blocks of Nutini, Laradji and Schmidt (2022) are ``GSD(diagonal="rows")`` in the
    authors' code, and their "GSD" is ``GSD()``.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 2.0, 3.0], x_star=[3.0, 2.0, 1.0])
    >>> solver = ol.BlockCoordinateDescent(rule="GSD", update="D", block_size=2, lipschitz=[1.0, 2.0, 3.0])
    >>> solver.run(problem, max_iter=1).history.trace["selected"]
    array([[0, 1]])
    """

    diagonal: str = "size"
    norm: str = "l2"

    def __post_init__(self) -> None:
        one_of("diagonal", self.diagonal, ("size", "rows"))
        one_of("norm", self.norm, _NORMS)

    def check(self, solver: Any, problem: Any) -> None:
        if self.diagonal == "rows":
            check_requirements(problem, (BlockCurvature,), 'BlockCoordinateDescent with GSD(diagonal="rows")')

    def prepare(self, at: Any) -> None:
        xp, blocks = namespace(at.x), at.state.blocks
        if self.diagonal == "rows":
            sums = at.problem.bound_row_sums()
            at.memory["row sums"] = xp.where(sums > 0, sums, xp.ones_like(sums))  # zero only where the gradient is
        elif blocks is not None and not at.whole and len({block.shape[0] for block in blocks}) > 1:
            sizes = np.ones(at.n)
            for block in blocks:
                sizes[to_numpy(block)] = block.shape[0]
            at.memory["block sizes"] = xp.asarray(sizes, dtype=at.x.dtype, device=device(at.x))

    def scores(self, at: Any) -> Any:
        xp, g = namespace(at.x), at.gradient
        D = at.memory["row sums"] if self.diagonal == "rows" else at.lipschitz
        if self.diagonal == "size" and "block sizes" in at.memory:
            D = at.memory["block sizes"] * D
        return xp.abs(g) / xp.sqrt(D) if self.norm == "l1" else g * g / D


@dataclass(frozen=True)
class GSQ(Rule):
    r"""Gauss-Southwell-quadratic: the block whose quadratic bound falls most.

    .. math:: \arg\max_b \; g_b^T H_{bb}^+ g_b

    Exact for fixed blocks, whose inverses are kept.  For variable blocks this is the best sparse step, a hard problem;
    iterative hard thresholding solves it approximately (see `optlab.solvers.block_coordinate_descent.sparse_step`).
    Single coordinates are exact without it.

    Parameters
    ----------
    start : {"both", "newton", "official"}, default "both"
        Where the thresholding starts.  "newton" starts from the Newton step of the block that `GSD` chooses, never
        falls behind it (derived here), but does not always leave it.  "official" starts from :math:`g_i / \sqrt{L_i}`
        as the authors' code does, an ascent direction; it may fall behind `GSD` or get farther.  "both" takes the
        better of the two blocks.
    max_iter : int, default 10
        Number of thresholding steps.
    tol : float, default 1e-10
        Thresholding ends when a step was shorter than this much of d.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    MissingOracle
        Before any work, if the problem has no `BlockCurvature`.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.LeastSquares([[3.0, 2.9, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 1.5]], [3.0, -1.0, 1.4])
    >>> solver = ol.BlockCoordinateDescent(rule="GSQ", update="Hb", block_size=2)
    >>> solver.run(problem, max_iter=1).history.trace["selected"]
    array([[0, 1]])
    """

    start: str = "both"
    max_iter: int = 10
    tol: float = 1e-10

    requires: ClassVar[tuple[Any, ...]] = (BlockCurvature,)
    greedy: ClassVar[bool] = True

    def __post_init__(self) -> None:
        one_of("start", self.start, ("both", "newton", "official"))
        integer("max_iter", self.max_iter, at_least=1)
        number("tol", self.tol, at_least=0)

    def prepare(self, at: Any) -> None:
        if at.state.blocks is not None:
            stacks = inverse_roots(at)
            order = np.argsort(np.concatenate([numbers for numbers, _, _ in stacks]))
            at.memory["GSQ"] = {"stacks": stacks, "order": at.integers(order)}
        elif 1 < at.block_size < at.n:
            at.memory["largest curvature"] = largest_curvature(at)

    def select(self, at: Any) -> Block:
        if at.state.blocks is not None:
            return at.fixed(_best_quadratic(at))
        if "largest curvature" in at.memory:
            return thresholded_block(at, self.start, self.max_iter, self.tol)
        return at.top(at.gradient * at.gradient / at.lipschitz)


def _best_quadratic(at: Any) -> int:
    """Return the number of the fixed block with the largest quadratic form."""
    xp, scores = namespace(at.x), []
    for _, coordinates, roots in at.memory["GSQ"]["stacks"]:
        g = xp.reshape(xp.take(at.gradient, xp.reshape(coordinates, (-1,))), coordinates.shape)
        scaled = (roots @ g[:, :, None])[:, :, 0]
        scores.append(xp.sum(scaled * scaled, axis=1))
    return int(xp.argmax(xp.take(xp.concat(scores), at.memory["GSQ"]["order"])))


RULES: dict[str, Callable[[], Rule]] = {
    "random": Random,
    "cyclic": Cyclic,
    "lipschitz": LipschitzSampling,
    "GS": GS,
    "GSL": GSL,
    "GSD": GSD,
    "GSD-rows": lambda: GSD(diagonal="rows"),
    "GSQ": GSQ,
    "GSL-nearest": NearestNeighbour,
}
