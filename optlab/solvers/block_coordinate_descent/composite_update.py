r"""Updates of composite problems :math:`F = f + \sum_i g_i`: proximal gradient, proximal Newton, two metrics."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.core.oracles import BlockCurvature, BlockHessian
from optlab.core.validate import boolean, number, one_of
from optlab.core.xp import namespace
from optlab.sets.kinks import Kinks
from optlab.solvers.block_coordinate_descent.block_qp import BlockModel, NoMinimizer, as_move, host
from optlab.solvers.block_coordinate_descent.line_search import backtrack
from optlab.solvers.block_coordinate_descent.newton import refuse_concave
from optlab.solvers.block_coordinate_descent.parts import Update
from optlab.solvers.block_coordinate_descent.two_metric import TwoMetricArc
from optlab.solvers.block_coordinate_descent.update import common_constant
from optlab.solvers.block_coordinate_descent.view import Block, Move

__all__ = ["COMPOSITE_UPDATES", "ProximalNewtonStep", "ProximalStep", "TwoMetricStep"]


@dataclass(frozen=True)
class ProximalStep(Update):
    r"""PG: the proximal gradient step of the block.

    .. math:: d_i = \operatorname{prox}_{g_i / M_i}(x_i - \nabla_i f(x) / M_i) - x_i, \qquad
              F(x) - F(x + U_b d) \ge \sum_{i \in b} q_i

    with the :math:`q_i` of `DecreaseRule` for the constants :math:`M_i`.  A step that ends in the kink ends at exactly
    zero.

    Parameters
    ----------
    step : {"Lb", "L", "D"}, default "Lb"
        The constants: that of the block, :math:`M_i = L_b`; one for all blocks (see `CommonStep`; with single
        coordinates :math:`\max_i L_i`); or :math:`M_i = |b| L_i` (with single coordinates :math:`L_i`).

    Raises
    ------
    ValueError
        If `step` is none of these.

    Examples
    --------
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import ProximalStep
    >>> problem = ol.problems.Lasso([[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5], weight=1.0)
    >>> result = ol.BlockCoordinateDescent(rule="GSL-q", update=ProximalStep()).run(problem)
    >>> result.x, result.k, result.status.name
    (array([2., 0.]), 1, 'EXACT')
    """

    composite: ClassVar[bool] = True

    step: str = "Lb"

    def __post_init__(self) -> None:
        one_of("step", self.step, ("Lb", "L", "D"))

    def prepare(self, at: Any) -> None:
        if self.step == "L":
            at.memory["common"] = common_constant(at)

    def move(self, at: Any, block: Block) -> Move:
        if self.step == "Lb":
            return _proximal_step(at, block, at.block_lipschitz(block))
        if self.step == "L":  # constants of the user may have been doubled
            return _proximal_step(at, block, common_constant(at) if at.state.given else at.memory["common"])
        size = 1 if at.whole else block.indices.shape[0]
        return _proximal_step(at, block, size * at.take(at.lipschitz, block))


@dataclass(frozen=True)
class ProximalNewtonStep(Update):
    r"""PN: exact minimisation of a quadratic model of the block with all its kinks.

    .. math:: \min_d \; \langle \nabla_b f(x), d \rangle + \tfrac12 d^T H d + \sum_{i \in b} g_i(x_i + d_i)

    The small problem is solved by an active-set method, to the rounding level of its optimality conditions.  With the
    Hessian of the block as H a line search follows, as for `TwoMetricStep`, unless f is quadratic; with the bound
    :math:`H_{bb}` none is needed, and F falls by as much as the model does.  Where the Hessian gives a model without
    minimiser, or the line search fails, the step is that of `ProximalStep`.

    Parameters
    ----------
    curvature : {"hessian", "bound"}, default "hessian"
        What H is: the Hessian :math:`\nabla_{bb}^2 f(x)`, or the bound of the oracle `BlockCurvature`.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockHessian` (`BlockCurvature` for "bound").
    ValueError
        If `curvature` is neither; before any work, if f is quadratic and known to be concave in some direction; in a
        run, if the bound shows that F is unbounded below, or is no bound.

    Examples
    --------
    With a block of all coordinates one step solves a quadratic with its kinks:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import ProximalNewtonStep
    >>> problem = ol.problems.Lasso([[2.0, 1.0], [1.0, 2.0]], [5.0, 4.0], weight=1.0)
    >>> solver = ol.BlockCoordinateDescent(rule="random", update=ProximalNewtonStep(), block_size=2)
    >>> solver.run(problem, max_iter=1).x  # 17 / 9 and 8 / 9
    array([1.8889, 0.8889])
    """

    composite: ClassVar[bool] = True

    curvature: str = "hessian"

    def __post_init__(self) -> None:
        one_of("curvature", self.curvature, ("hessian", "bound"))
        object.__setattr__(self, "requires", _needs(self.curvature))

    def check(self, solver: Any, problem: Any) -> None:
        """Raise ValueError unless blocks have a minimiser, as far as that is known."""
        if self.curvature == "hessian":
            refuse_concave(problem)

    def move(self, at: Any, block: Block) -> Move:
        if self.curvature == "bound":
            return self._certain(at, block, at.bound(block))
        hessian = at.problem.block_hessian(at.state.followed, block.indices)
        if getattr(at.problem, "_quadratic", False):
            return self._certain(at, block, hessian)
        model = BlockModel.at(at, block, hessian)
        try:
            d = model.minimizer()
        except NoMinimizer:
            return _safe_step(at, block)
        return _searched(at, block, model.x, model.kinks, lambda alpha: alpha * d, model.slope(d))

    def _certain(self, at: Any, block: Block, curvature: Any) -> Move:
        """Return the minimiser of a model that lies nowhere below F."""
        model = BlockModel.at(at, block, curvature)
        try:
            d = model.minimizer()
        except NoMinimizer as error:
            raise ValueError(f"block of coordinate {int(block.indices[0])}: {error}") from None
        single = float(model.H[0, 0]) if len(d) == 1 else math.nan
        return Move(as_move(d, at.x), single, model.decrease(d))


@dataclass(frozen=True)
class TwoMetricStep(Update):
    r"""TMP: a Newton step for the free coordinates of the block, a diagonal one for those held at their kink.

    Active are the coordinates at their kink that the gradient holds there, :math:`-\nabla_i f(x)` strictly between the
    slopes of :math:`g_i`; W are the others.  With the slope :math:`s_i` of :math:`g_i` on the side of zero where
    :math:`x_i` is (or, from zero, to which it is drawn),

    .. math:: x_W(\alpha) = \big[ x_W - \alpha \, (\nabla_{WW}^2 f)^{-1} (\nabla_W f + s_W) \big]_{\text{side}}, \qquad
              x_A(\alpha) = \operatorname{prox}_{\alpha g / \Lambda}
                  \big( x_A - \alpha \nabla_A f / \Lambda \big), \quad \Lambda = \sum_{i \in A} L_i

    where a coordinate that would change its side stays at zero.  The line search starts at :math:`\alpha = 1` and asks
    for :math:`10^{-10}` of the predicted decrease; a step it had to shorten is replaced by that of `ProximalStep`
    where that one promises more.  Once the support is identified the step is Newton's on the support; with a block that
    holds all free variables a quadratic is then solved by one more step.

    Parameters
    ----------
    tolerance : float, default 1e-10
        How near to zero counts as at the kink, >= 0, relative to the largest entry of the block.
    relative : bool, default True
        False: the tolerance is absolute.  The authors' code has 1e-4, absolute ("TMP-official"), which can keep
        coordinates whose optimum lies below that from their Newton step.
    curvature : {"hessian", "bound"}, default "hessian"
        The Hessian of the block, or the bound of the oracle `BlockCurvature`.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockHessian` (`BlockCurvature` for "bound").
    TypeError, ValueError
        If an argument is out of range.

    References
    ----------
    The authors' code for :math:`x \ge 0`; the form for :math:`\ell_1` norms and mixtures is our design.

    Examples
    --------
    The first step finds the support, the second one solves the problem on it:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import TwoMetricStep
    >>> problem = ol.problems.ManifoldNonNegative(m=30, n=20, nnz=5, rng=0)
    >>> solver = ol.BlockCoordinateDescent(rule="GSL-q", update=TwoMetricStep(), block_size=20)
    >>> result = solver.run(problem, max_iter=2)
    >>> result.history["misidentified"], bool(result.history["gap"][2] < 1e-12)
    (array([5., 0., 0.]), True)
    """

    composite: ClassVar[bool] = True

    tolerance: float = 1e-10
    relative: bool = True
    curvature: str = "hessian"

    def __post_init__(self) -> None:
        number("tolerance", self.tolerance, at_least=0)
        boolean("relative", self.relative)
        one_of("curvature", self.curvature, ("hessian", "bound"))
        object.__setattr__(self, "requires", _needs(self.curvature))

    def move(self, at: Any, block: Block) -> Move:
        x, g, lipschitz = host(at.take(at.x, block)), host(at.block_gradient(block)), at.take(at.lipschitz, block)
        near = self.tolerance * (float(np.abs(x).max()) if self.relative else 1.0)
        arc = TwoMetricArc(x, g, at.kinks.take(block.indices).map(host), host(lipschitz), near)
        arc.aim(host(self._hessian(at, block, arc.free)) if len(arc.free) else np.empty((0, 0)))
        return _searched(at, block, x, arc.kinks, arc.step, arc.slope)

    def _hessian(self, at: Any, block: Block, free: Any) -> Any:
        xp, positions = namespace(block.indices), at.integers(free)
        if self.curvature == "hessian":
            return at.problem.block_hessian(at.state.followed, xp.take(block.indices, positions))
        bound = at.bound(block)
        return xp.take(xp.take(bound, positions, axis=0), positions, axis=1)


def _needs(curvature: str) -> tuple[Any, ...]:
    return (BlockHessian,) if curvature == "hessian" else (BlockCurvature,)


def _proximal_step(at: Any, block: Block, constants: Any) -> Move:
    """Return the proximal gradient step, with one constant or one each, and the decrease of its model."""
    x, g, kinks = at.take(at.x, block), at.block_gradient(block), at.kinks.take(block.indices)
    d = kinks.step(x, g, constants)
    if not isinstance(constants, float):
        single = float(constants[0]) if constants.shape[0] == 1 else math.nan
    else:
        single = constants
    return Move(d, single, float(namespace(x).sum(kinks.decrease(x, d, g, constants))))


def _safe_step(at: Any, block: Block) -> Move:
    return _proximal_step(at, block, at.block_lipschitz(block))


def _searched(at: Any, block: Block, x: Any, kinks: Kinks, path: Callable[[float], Any], slope: float) -> Move:
    """Return the step at the end of a line search along `path`, or the proximal gradient step where that is better."""
    d = path(1.0)
    if not d.any():
        return Move(as_move(d, at.x))
    if not slope < 0:
        return _safe_step(at, block)
    base, before = float(kinks.values(x).sum()), at.value()

    def along(alpha: float) -> float:
        """F on the path, but for the kinks elsewhere."""
        step = path(alpha)
        return at.value_along(block, as_move(step, at.x)) + float(kinks.values(x + step).sum())

    eps = float(namespace(at.x).finfo(at.x.dtype).eps)
    alpha, trials = backtrack(along, before + base, slope, eps)
    if trials > 1:
        safe = _safe_step(at, block)
        if alpha == 0.0 or before + base - along(alpha) < safe.progress:
            return safe
    return Move(as_move(path(alpha), at.x))


COMPOSITE_UPDATES: dict[str, Callable[[], Update]] = {
    "PG": ProximalStep,
    "PG-L": lambda: ProximalStep(step="L"),
    "PG-D": lambda: ProximalStep(step="D"),
    "PN": ProximalNewtonStep,
    "PN-bound": lambda: ProximalNewtonStep(curvature="bound"),
    "TMP": TwoMetricStep,
    "TMP-bound": lambda: TwoMetricStep(curvature="bound"),
    "TMP-official": lambda: TwoMetricStep(tolerance=1e-4, relative=False),
}
