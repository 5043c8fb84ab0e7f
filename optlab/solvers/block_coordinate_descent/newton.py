"""Updates by second derivatives: the block Newton step, and exact minimisation over a block."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import BlockCurvature, BlockHessian
from optlab.core.xp import namespace
from optlab.solvers.block_coordinate_descent.line_search import ARMIJO, backtrack
from optlab.solvers.block_coordinate_descent.parts import Update
from optlab.solvers.block_coordinate_descent.systems import factor, solve, spectral_cut
from optlab.solvers.block_coordinate_descent.view import Move

__all__ = ["ExactStep", "MatrixStep", "NewtonStep", "newton_direction", "refuse_concave"]

#: The gradient counts as outside the range of a singular Hessian when the Newton step leaves this part of it.
_OUTSIDE = 1e-6
#: Curvatures below this part of the largest one are raised to it, where the Hessian is not positive semi-definite.
_FLOOR = 1e-8
#: Newton steps at most, in one exact minimisation over a block.
_STEPS = 100


@dataclass(frozen=True)
class NewtonStep(Update):
    r"""The block Newton step with a line search.

    .. math:: d = -\alpha \, (\nabla_{bb}^2 f(x))^+ \nabla_b f, \qquad
              f(x + U_b d) \le f(x) + 10^{-10} \langle \nabla_b f, d \rangle

    The line search starts at :math:`\alpha = 1` and backtracks by interpolation.  One block of all coordinates is
    Newton's method.  Where f is not convex, eigenvalues are replaced by their absolute values (at least
    :math:`10^{-8}` of the largest); where the gradient does not lie in the range of a singular Hessian, or the line
    search fails, the direction is :math:`-\nabla_b f / L_b`.  Both are our choice: the authors treat convex f.  The
    promised progress is the decrease the line search insists on.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockHessian`.

    Examples
    --------
    One block of all coordinates is Newton's method, whose gap shrinks faster and faster:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import NewtonStep
    >>> problem = ol.problems.LogisticRegression([[1.0, 2.0], [2.0, -1.0], [-1.0, 1.0]], [1, -1, 1], l2=0.1)
    >>> result = ol.BlockCoordinateDescent(rule="GS", update=NewtonStep(), block_size=2).run(problem, max_iter=5)
    >>> bool(result.history["gap"][2] > 1e-6), bool(result.history["gap"][5] < 1e-12)
    (True, True)
    """

    requires: ClassVar[tuple[Any, ...]] = (BlockHessian,)
    needs_constants: ClassVar[bool] = False

    def move(self, at: Any, block: Any) -> Move:
        g = at.block_gradient(block)
        hessian = at.problem.block_hessian(at.state.followed, block.indices)
        for direction in (lambda: newton_direction(hessian, g), lambda: -g / at.block_lipschitz(block)):
            d = direction()
            if d is None:
                continue
            step, slope = _searched(lambda t, d=d: at.value_along(block, d, t), at.value(), g, d)
            if step > 0:
                return Move(step * d, math.nan, -ARMIJO * step * slope)
        return Move(0 * g, math.nan, 0.0)


@dataclass(frozen=True)
class MatrixStep(Update):
    r"""The step that minimises the quadratic bound of the block.

    .. math:: d = -H_{bb}^+ \nabla_b f, \qquad
              f(x) - f(x + U_b d) \ge \tfrac12 \nabla_b f^T H_{bb}^+ \nabla_b f

    For a quadratic whose bound is its Hessian the step minimises f over the block, and the progress is an equality.
    The factors of fixed blocks are kept.  A singular :math:`H_{bb}` (columns that repeat, say) is inverted on its
    range, in which the gradient lies.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockCurvature`.
    ValueError
        In a run, if :math:`H_{bb}` has a negative eigenvalue: the bound of the block has no minimiser.

    Examples
    --------
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import MatrixStep
    >>> problem = ol.problems.DenseQuadratic([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]], [3.0, 3.0, 1.0])
    >>> solver = ol.BlockCoordinateDescent(rule="GS", update=MatrixStep(), partition=[[0, 1], [2]])
    >>> result = solver.run(problem, max_iter=1)
    >>> result.x, result.history.trace["progress"], result.history["gap"]
    (array([1., 1., 0.]), array([3.]), array([3.5, 0.5]))
    """

    requires: ClassVar[tuple[Any, ...]] = (BlockCurvature,)

    def move(self, at: Any, block: Any) -> Move:
        return _solved(at, block, "bound factors", at.bound)


@dataclass(frozen=True)
class ExactStep(Update):
    r"""Minimisation over the block.

    .. math:: d \in \operatorname{argmin}_d f(x + U_b d), \qquad
              f(x) - f(x + U_b d) \ge \|\nabla_b f\|^2 / (2 L_b)

    For a quadratic one system with the Hessian of the block is solved (the progress is then an equality, see
    `MatrixStep`); otherwise Newton steps with a line search are made until they do not move the block any more.  A
    block along which f falls for ever is moved as far as 100 of them go.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockHessian`.
    ValueError
        Before any work, if a quadratic is known to be concave in some direction; in a run, when a block turns out to
        have negative curvature: there is no minimiser.

    Examples
    --------
    With a block of all coordinates one step solves a problem that is no quadratic, too:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import ExactStep
    >>> problem = ol.problems.LogisticRegression([[1.0, 2.0], [2.0, -1.0], [-1.0, 1.0]], [1, -1, 1], l2=0.1)
    >>> result = ol.BlockCoordinateDescent(rule="GS", update=ExactStep(), block_size=2).run(problem, max_iter=1)
    >>> bool(result.history["gap"][0] > 0.1), bool(result.history["gap"][1] < 1e-12)
    (True, True)
    """

    requires: ClassVar[tuple[Any, ...]] = (BlockHessian,)
    needs_constants: ClassVar[bool] = False

    def check(self, solver: Any, problem: Any) -> None:
        """Raise ValueError unless blocks have a minimiser, as far as that is known."""
        refuse_concave(problem)

    def move(self, at: Any, block: Any) -> Move:
        if getattr(at.problem, "_quadratic", False):
            hessian = at.problem.block_hessian
            return _solved(at, block, "hessian factors", lambda b: hessian(at.state.followed, b.indices))
        g, L = at.block_gradient(block), at.block_lipschitz(block)
        known = not at.whole or "L" in at.problem.constants
        progress = float(namespace(g).sum(g * g)) / (2 * L) if known else math.nan
        return Move(_minimizer(at, block, L), math.nan, progress)


def refuse_concave(problem: Any) -> None:
    """Raise ValueError if a quadratic is known to fall for ever in some direction."""
    mu = problem.constants["mu"] if "mu" in problem.constants else None
    if getattr(problem, "_quadratic", False) and mu is not None and mu.certifies("upper") and mu.value < 0:
        raise ValueError(
            f"{problem.name} is not convex (mu = {mu.value:g}): a block may have no minimiser; use a gradient step"
        )


def newton_direction(hessian: Any, g: Any) -> Any:
    """Return a direction of descent: the Newton direction, or one from a modified Hessian; None where that fails."""
    xp, factored = namespace(g), factor(hessian)
    d = -solve(factored, g)
    if factored.values is not None:
        values, vectors = factored.values, factored.vectors
        if float(values[0]) < -float(spectral_cut(values)[0]):
            size = xp.abs(values)
            d = -(vectors @ (vectors.T @ g / xp.maximum(size, _FLOOR * xp.max(size))))
        elif float(xp.linalg.vector_norm(g + hessian @ d)) > _OUTSIDE * float(xp.linalg.vector_norm(g)):
            return None
    return d if float(xp.sum(g * d)) < 0 and bool(xp.all(xp.isfinite(d))) else None


def _searched(along: Any, before: float, g: Any, d: Any) -> tuple[float, float]:
    """Return the step along d and the slope there; no step where d does not descend."""
    xp = namespace(g)
    slope = float(xp.sum(g * d))
    return (backtrack(along, before, slope, float(xp.finfo(g.dtype).eps))[0] if slope < 0 else 0.0), slope


def _minimizer(at: Any, block: Any, L: float) -> Any:
    """Return the move to the minimiser of f over the block, by Newton's method on bookkeeping of its own."""
    moves, b, followed = at.moves, block.indices, copy.deepcopy(at.state.followed)
    xp = namespace(at.x)
    start = at.take(at.x, block)
    eps, total, last = float(xp.finfo(start.dtype).eps), xp.zeros_like(start), math.inf
    for _ in range(_STEPS):
        g = moves.block_gradient(followed, b)
        d = newton_direction(at.problem.block_hessian(followed, b), g)
        d = -g / L if d is None else d
        before = float(moves.value_along(followed, b, d, 0.0))
        size, seen = float(xp.max(xp.abs(g))), -float(xp.sum(g * d)) > eps * abs(before)
        if not seen and size > last / 2:  # neither the value nor the gradient falls any more
            break
        last = size
        step, _ = _searched(lambda t, f=followed, d=d: float(moves.value_along(f, b, d, t)), before, g, d)
        total, followed = total + step * d, moves.move(followed, b, step * d)
        reached = xp.maximum(xp.abs(start), xp.abs(total))
        if bool(xp.all(xp.abs(step * d) <= 4 * eps * reached)):
            break
    return total


def _solved(at: Any, block: Any, kept_as: str, matrix: Callable[[Any], Any]) -> Move:
    """Return the minimiser of the quadratic with this matrix; the factors of fixed blocks are kept."""
    kept = at.memory.setdefault(kept_as, {})
    factored = kept.get(block.number)
    if factored is None:
        factored = factor(matrix(block))
        if factored.values is not None and float((factored.values + spectral_cut(factored.values))[0]) < 0:
            raise ValueError(
                f"the block of coordinate {int(block.indices[0])} has the curvature {float(factored.values[0]):.3g}: "
                'its quadratic has no minimiser; update="newton" needs no convexity'
            )
        if block.number is not None:
            kept[block.number] = factored
    g = at.block_gradient(block)
    d = -solve(factored, g)
    single = float(factored.values[0]) if block.indices.shape[0] == 1 else math.nan
    return Move(d, single, -0.5 * float(namespace(g).sum(g * d)))
