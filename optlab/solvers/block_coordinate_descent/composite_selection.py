r"""Rules of composite problems :math:`F = f + \sum_i g_i`: Gauss-Southwell by subgradient, by step, and by decrease.

Each rule has one score a coordinate.  The total over a block chooses a fixed block; the largest ones make a variable
block.  On a smooth problem the three of them are one and the same rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.oracles import BlockCurvature
from optlab.core.validate import boolean, one_of
from optlab.core.xp import namespace
from optlab.solvers.block_coordinate_descent.block_qp import BlockModel
from optlab.solvers.block_coordinate_descent.parts import Rule, ScoreRule
from optlab.solvers.block_coordinate_descent.view import Block

__all__ = ["COMPOSITE_RULES", "BlockDecrease", "DecreaseRule", "StepRule", "SubgradientRule"]


@dataclass(frozen=True)
class _ProximalScore(ScoreRule):
    composite: ClassVar[bool] = True

    own: bool = False

    def __post_init__(self) -> None:
        boolean("own", self.own)

    def _constants(self, at: Any) -> Any:
        """The constants L_i, or the largest one for all; the user's may change in the course of a run."""
        return at.lipschitz if self.own else namespace(at.lipschitz).max(at.lipschitz)


@dataclass(frozen=True)
class SubgradientRule(_ProximalScore):
    r"""GS-s and GSL-s: the coordinate that is farthest from stationary.

    .. math:: \operatorname{argmax}_i \; \min_{s \in \partial g_i(x_i)} |\nabla_i f(x) + s| \, / \sqrt{L_i}

    GS-s leaves out the :math:`L_i`.  Blocks are compared by the sum of squares.  GS-s has neither the rate of random
    selection nor that of GS in smooth problems: it does not see that a step ends in a kink near by.

    Parameters
    ----------
    own : bool, default False
        Whether to divide by the coordinate constants (GSL-s).

    Raises
    ------
    TypeError
        If `own` is not True or False.

    References
    ----------
    The rule is that of Nutini, Schmidt, Laradji, Friedlander, Koepke (ICML 2015); GSL-s is in their code.

    Examples
    --------
    Coordinate 0 is far from stationary, yet its step ends at once in the kink; coordinate 1 would gain more:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import DecreaseRule, SubgradientRule
    >>> problem = ol.problems.Lasso([[1.0, 0.0], [0.0, 1.0]], [0.0, 1.5], weight=1.0)
    >>> for rule in (SubgradientRule(), DecreaseRule()):
    ...     result = ol.BlockCoordinateDescent(rule=rule, update="PG").run(problem, x0=[0.1, 0.0], max_iter=1)
    ...     print(result.history.trace["selected"][0], result.history.trace["progress"])
    [0] [0.105]
    [1] [0.125]
    """

    def scores(self, at: Any) -> Any:
        """Return the squared distances from stationarity, each over its constant."""
        distance = at.kinks.distance(at.x, at.gradient)
        return distance * distance / self._constants(at)


@dataclass(frozen=True)
class StepRule(_ProximalScore):
    r"""GS-r and GSL-r: the coordinate with the longest proximal step.

    .. math:: \operatorname{argmax}_i |d_i|, \qquad
              d_i = \operatorname{prox}_{g_i / L_i}(x_i - \nabla_i f(x) / L_i) - x_i

    GS-r has the common constant :math:`L = \max_i L_i` for all.  Blocks are compared by the sum of squares.  It has
    neither of the rates of `DecreaseRule`, and GSL-r prefers coordinates of tiny :math:`L_i`, whose steps are long.

    Parameters
    ----------
    own : bool, default False
        Whether to step by the coordinate constants (GSL-r).

    Raises
    ------
    TypeError
        If `own` is not True or False.

    References
    ----------
    Nutini, Schmidt, Laradji, Friedlander, Koepke (ICML 2015).

    Examples
    --------
    With the own constants the long step of the flat coordinate 0 wins, though it gains less:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import StepRule
    >>> problem = ol.problems.Lasso([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0], weight=1.0)
    >>> for own in (False, True):
    ...     result = ol.BlockCoordinateDescent(rule=StepRule(own), update="PG").run(problem, max_iter=1)
    ...     print(result.history.trace["selected"][0], result.history.trace["progress"])
    [1] [6.125]
    [0] [2.]
    """

    def scores(self, at: Any) -> Any:
        """Return the squared lengths of the steps."""
        d = at.kinks.step(at.x, at.gradient, self._constants(at))
        return d * d


@dataclass(frozen=True)
class DecreaseRule(_ProximalScore):
    r"""GS-q and GSL-q: the coordinate whose proximal step promises the largest decrease.

    .. math:: \operatorname{argmax}_i q_i, \qquad
              q_i = -\min_d \; \nabla_i f(x) \, d + \tfrac12 L_i d^2 + g_i(x_i + d) - g_i(x_i)

    GS-q has the common constant :math:`L = \max_i L_i` for all.  Fixed blocks are compared by the sum of their
    :math:`q_i`; a variable block holds the largest ones (with the own constants that is the rule "gsq-nn" of the
    authors' code).

    Parameters
    ----------
    own : bool, default False
        Whether to use the coordinate constants (GSL-q).
    ties : {"free", "index"}, default "free"
        Which coordinates fill up a variable block when none promises anything more: those that are off their kink, or
        those of the lowest index.  A free coordinate that the last block solved promises nothing, and left out it
        would be moved by turns with others for ever (claim ``bcd/C10-ties``); so `TwoMetricStep` ends finitely with
        "free" only.

    Raises
    ------
    TypeError, ValueError
        If `own` is not True or False, or `ties` is neither.

    References
    ----------
    Nutini, Schmidt, Laradji, Friedlander, Koepke (ICML 2015), who give GS-q the rate :math:`1 - \mu / (L n)`.

    Examples
    --------
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import DecreaseRule
    >>> problem = ol.problems.Lasso([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0], weight=1.0)
    >>> result = ol.BlockCoordinateDescent(rule=DecreaseRule(own=True), update="PG").run(problem)
    >>> result.history.trace["selected"][:, 0], result.history.trace["progress"]
    (array([1, 0]), array([6.125, 2.   ]))
    """

    ties: str = "free"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("ties", self.ties, ("free", "index"))

    def scores(self, at: Any) -> Any:
        """Return the decreases promised."""
        L = self._constants(at)
        d = at.kinks.step(at.x, at.gradient, L)
        promised = at.kinks.decrease(at.x, d, at.gradient, L)
        if self.ties == "index" or at.block_size == 1:
            return promised
        xp = namespace(promised)
        least = xp.full_like(promised, float(xp.finfo(promised.dtype).smallest_normal))
        return xp.where(at.x != 0, xp.maximum(promised, least), promised)


@dataclass(frozen=True)
class BlockDecrease(Rule):
    r"""GSQ for composite problems: the fixed block whose model promises the largest decrease, interactions included.

    .. math:: \operatorname{argmax}_b \; -\min_d \; \langle \nabla_b f(x), d \rangle + \tfrac12 d^T H_{bb} d
              + \sum_{i \in b} \big( g_i(x_i + d_i) - g_i(x_i) \big)

    Each block is solved exactly at each step: for small partitions.  With the update "PN" (the bound as curvature) no
    rule promises more at a single step.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockCurvature`.
    ValueError
        Before any work, with variable blocks; in a run, if the bound shows that F is unbounded below, or is no bound.

    Examples
    --------
    Coordinates 0 and 1 gain much more together than their own steps tell:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import BlockDecrease
    >>> problem = ol.problems.Lasso([[1.0, -1.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 1.0]], [2.0, 8.0, 4.0], weight=1.0)
    >>> for rule in ("GSL-q", BlockDecrease()):
    ...     solver = ol.BlockCoordinateDescent(rule=rule, update="PN", partition=[[0, 1], [2]])
    ...     result = solver.run(problem, max_iter=1)
    ...     print(result.history.trace["selected"][0], result.history.trace["progress"])
    [1] [4.5]
    [0] [8.5]
    """

    requires: ClassVar[tuple[Any, ...]] = (BlockCurvature,)
    greedy: ClassVar[bool] = True
    composite: ClassVar[bool] = True
    fits: ClassVar[str] = "fixed"

    def select(self, at: Any) -> Block:
        """Return the block of the largest decrease; among equals the first."""
        at.gradient  # noqa: B018 - looked at once for all blocks
        blocks = [at.fixed(number) for number in range(len(at.state.blocks))]
        decreases = []
        for block in blocks:
            model = BlockModel.at(at, block, at.bound(block))
            decreases.append(model.decrease(model.minimizer()))
        return blocks[max(range(len(blocks)), key=decreases.__getitem__)]


COMPOSITE_RULES: dict[str, Callable[[], Rule]] = {
    "GS-s": SubgradientRule,
    "GS-r": StepRule,
    "GS-q": DecreaseRule,
    "GSL-s": lambda: SubgradientRule(own=True),
    "GSL-r": lambda: StepRule(own=True),
    "GSL-q": lambda: DecreaseRule(own=True),
    "GSQ-composite": BlockDecrease,
}
