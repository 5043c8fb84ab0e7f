"""What a block method is made of: a partition, a rule that chooses a block, an update that moves it.

Each part is a small frozen dataclass.  A rule or an update sees the iterate through `At` and nothing else, so writing a
new one takes ten lines:

>>> from dataclasses import dataclass
>>> import optlab as ol
>>> from optlab.solvers.block_coordinate_descent import ScoreRule
>>> @dataclass(frozen=True)
... class Newest(ScoreRule):
...     "Prefer the coordinates with the largest indices among those that are not stationary yet."
...     def scores(self, at):
...         return (abs(at.gradient) > 1e-12) * range(1, at.n + 1)
>>> solver = ol.BlockCoordinateDescent(rule=Newest(), update="L")
>>> solver.run(ol.problems.Quadratic([1.0, 1.0, 1.0]), max_iter=2).x
array([0., 1., 1.])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.solvers.block_coordinate_descent.view import At, Block, Move

__all__ = ["Partition", "Rule", "ScoreRule", "Update"]


@dataclass(frozen=True)
class Partition:
    """Cuts the coordinates into fixed blocks.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import Partition
    >>> @dataclass(frozen=True)
    ... class Halves(Partition):
    ...     "The first half of the coordinates, and the rest."
    ...     def blocks(self, problem, lipschitz, block_size):
    ...         n = len(lipschitz)
    ...         return [range(n // 2), range(n // 2, n)]
    >>> solver = ol.BlockCoordinateDescent(rule="GS", update="exact", partition=Halves())
    >>> solver.run(ol.problems.Quadratic([1.0, 2.0, 3.0, 4.0]), max_iter=1).x
    array([0., 0., 1., 1.])
    """

    requires: ClassVar[tuple[Any, ...]] = ()

    def check(self, solver: Any, problem: Any) -> None:
        """Raise ValueError, before any work, unless this part fits the solver's settings and the problem."""

    def blocks(self, problem: Any, lipschitz: np.ndarray[Any, Any], block_size: int) -> list[Any]:
        """Return the blocks as integer arrays; `lipschitz` holds the coordinate constants."""
        raise TypeError(f"{type(self).__name__} has no blocks")


@dataclass(frozen=True)
class Rule:
    """Chooses the block of the next step.

    Attributes
    ----------
    requires : tuple
        Oracles needed beyond those of the solver.
    greedy : bool
        Whether it looks at the full gradient at every step; the solver then keeps it up to date.
    composite : bool
        Whether it takes the non-smooth term into account (the rules of smooth problems do not).
    fits : str
        The blocks it can choose: "fixed", "variable" or "both".

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import Rule
    >>> @dataclass(frozen=True)
    ... class Backwards(Rule):
    ...     "From the last coordinate to the first, over and over."
    ...     def select(self, at):
    ...         return at.variable([at.n - 1 - at.k % at.n])
    >>> result = ol.BlockCoordinateDescent(rule=Backwards()).run(ol.problems.Quadratic([1.0, 2.0, 3.0]), max_iter=2)
    >>> result.x, result.history.trace["selected"][:, 0]
    (array([0., 1., 1.]), array([2, 1]))
    """

    requires: ClassVar[tuple[Any, ...]] = ()
    greedy: ClassVar[bool] = False
    composite: ClassVar[bool] = False
    fits: ClassVar[str] = "both"

    def check(self, solver: Any, problem: Any) -> None:
        """Raise ValueError, before any work, unless this part fits the solver's settings and the problem."""

    def prepare(self, at: At) -> None:
        """Work out once, before the first step, what all steps share."""

    def select(self, at: At) -> Block:
        """Return the next block."""
        raise TypeError(f"{type(self).__name__} has no select")


@dataclass(frozen=True)
class ScoreRule(Rule):
    """A rule by scores, one non-negative number a coordinate: the best fixed block, or the best coordinates.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import ScoreRule
    >>> @dataclass(frozen=True)
    ... class Weighted(ScoreRule):
    ...     "Gauss-Southwell with a preference."
    ...     weights: tuple[float, ...]
    ...     def scores(self, at):
    ...         return abs(at.gradient) * self.weights
    >>> solver = ol.BlockCoordinateDescent(rule=Weighted((5.0, 1.0, 1.0)))
    >>> solver.run(ol.problems.Quadratic([1.0, 2.0, 3.0]), max_iter=2).history.trace["selected"][:, 0]
    array([0, 2])
    """

    greedy: ClassVar[bool] = True

    def scores(self, at: At) -> Any:
        """Return the score of each coordinate, shape (n,)."""
        raise TypeError(f"{type(self).__name__} has no scores")

    def select(self, at: At) -> Block:
        """Return the block of the largest total score."""
        return at.best(self.scores(at))


@dataclass(frozen=True)
class Update:
    """Decides how the chosen block moves.

    Attributes
    ----------
    requires : tuple
        Oracles needed beyond those of the solver.
    composite : bool
        Whether it takes the non-smooth term into account; one that does also handles smooth problems.
    needs_constants : bool
        Whether it relies on known coordinate constants.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import Move, Update
    >>> @dataclass(frozen=True)
    ... class Damped(Update):
    ...     "Half of the step of the block's constant."
    ...     def move(self, at, block):
    ...         return Move(-0.5 * at.block_gradient(block) / at.block_lipschitz(block))
    >>> solver = ol.BlockCoordinateDescent(rule="GS", update=Damped())
    >>> solver.run(ol.problems.Quadratic([1.0, 4.0]), max_iter=1).x
    array([0. , 0.5])
    """

    requires: ClassVar[tuple[Any, ...]] = ()
    composite: ClassVar[bool] = False
    needs_constants: ClassVar[bool] = True

    def check(self, solver: Any, problem: Any) -> None:
        """Raise ValueError, before any work, unless this part fits the solver's settings and the problem."""

    def prepare(self, at: At) -> None:
        """Work out once, before the first step, what all steps share."""

    def move(self, at: At, block: Block) -> Move:
        """Return the move of the block."""
        raise TypeError(f"{type(self).__name__} has no move")
