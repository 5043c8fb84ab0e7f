"""The iterate of a block method, as its parts see it, and what they say about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device

from optlab.core.oracles import BlockCurvature, has_oracle
from optlab.core.solver import State
from optlab.core.xp import namespace, to_numpy
from optlab.sets.kinks import Kinks

__all__ = ["At", "Block", "BlockState", "Move"]


class Block(NamedTuple):
    """A block of coordinates.

    Attributes
    ----------
    indices : integer array
        The coordinates, all different.
    number : int or None
        Its number in the fixed partition it belongs to; None for a variable block.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.solvers.block_coordinate_descent import Block
    >>> Block(np.array([0, 3])), Block(np.array([0, 3]), number=1).number
    (Block(indices=array([0, 3]), number=None), 1)
    """

    indices: Any
    number: int | None = None


class Move(NamedTuple):
    """What an update decided.

    Attributes
    ----------
    d : array
        The step of the block, one entry for each of its coordinates.
    lipschitz : float
        The constant whose inverse was the step size, where there was one.
    progress : float
        How much the objective falls at least, when the constants hold (the progress lemma); NaN when nothing is known.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.solvers.block_coordinate_descent import Move
    >>> move = Move(np.array([0.5, -1.0]), lipschitz=2.0)
    >>> move.d, move.lipschitz, move.progress
    (array([ 0.5, -1. ]), 2.0, nan)
    """

    d: Any
    lipschitz: float = math.nan
    progress: float = math.nan


@dataclass
class BlockState(State):
    """The state of a block method: the iterate and what makes moving a few coordinates cheap.

    Attributes
    ----------
    kinks : Kinks
        The non-smooth term; zero for a smooth problem.
    followed : object
        The problem's bookkeeping at `x` (see the oracle `BlockMoves`).
    gradient : array or None
        The full gradient of the smooth part at `x`, kept when the rule asks for it.
    blocks : list of integer arrays or None
        The fixed partition; None with variable blocks.
    table : integer array or None
        The partition as one row for each block, padded with n.
    lipschitz : array
        The coordinate constants in use, those of the user, the problem, or estimates; the least positive one where
        they are zero.
    block : Block or None
        The block that was moved last, all of it.
    memory : dict
        What the parts keep between steps (caches, permutations, estimates).
    since : int
        Steps since the bookkeeping was worked out afresh.
    given : bool
        Whether the user gave the coordinate constants.
    composite : bool
        Whether there is a non-smooth term.
    """

    kinks: Any = None
    followed: Any = None
    gradient: Any = None
    blocks: Any = None
    table: Any = None
    lipschitz: Any = None
    block: Any = None
    memory: dict[str, Any] = field(default_factory=dict)
    since: int = 0
    given: bool = False
    composite: bool = False


class At:
    """The iterate as a rule or an update sees it.

    Attributes
    ----------
    problem : Problem
        The problem; its oracles are counted.
    moves : object
        Its oracle `BlockMoves`, or a stand-in that takes a full gradient at every step.
    state : BlockState
        The state; parts keep what they need in ``state.memory`` under a name of their own.
    x, k, n, block_size : array, int, int, int
        The iterate, the number of steps made, the dimension, and the size wanted of a variable block.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import Rule
    >>> @dataclass(frozen=True)
    ... class Flattest(Rule):
    ...     "The coordinate of the smallest constant among those that are not stationary yet."
    ...     greedy = True
    ...     def select(self, at):
    ...         return at.variable([np.argmin(np.where(at.gradient != 0, at.lipschitz, np.inf))])
    >>> solver = ol.BlockCoordinateDescent(rule=Flattest())
    >>> solver.run(ol.problems.Quadratic([4.0, 1.0, 2.0]), max_iter=2).history.trace["selected"][:, 0]
    array([1, 2])
    """

    __slots__ = ("block_size", "moves", "n", "problem", "state")

    def __init__(self, problem: Any, moves: Any, state: BlockState, block_size: int) -> None:
        self.problem, self.moves, self.state = problem, moves, state
        self.block_size, self.n = block_size, state.x.shape[0]

    @property
    def x(self) -> Any:
        """The iterate."""
        return self.state.x

    @property
    def k(self) -> int:
        """Steps made."""
        return self.state.k

    @property
    def kinks(self) -> Kinks:
        """The non-smooth term; zero for a smooth problem."""
        return self.state.kinks  # type: ignore[no-any-return]

    @property
    def rng(self) -> np.random.Generator:
        """The solver's own random numbers."""
        return self.state.rng.solver  # type: ignore[no-any-return]

    @property
    def memory(self) -> dict[str, Any]:
        """What the parts keep between steps."""
        return self.state.memory

    @property
    def gradient(self) -> Any:
        """The full gradient of the smooth part (asked for when nobody keeps it)."""
        if self.state.gradient is None:
            self.state.gradient = self.moves.block_gradient(self.state.followed)
        return self.state.gradient

    @property
    def lipschitz(self) -> Any:
        """The coordinate constants L_i, with the least positive one in place of zeros."""
        return self.state.lipschitz

    def block_gradient(self, block: Block) -> Any:
        """Return the gradient of the smooth part restricted to the block."""
        if self.state.gradient is not None:
            return namespace(self.x).take(self.state.gradient, block.indices)
        return self.moves.block_gradient(self.state.followed, block.indices)

    def value(self) -> float:
        """Return the value of the smooth part."""
        first = self.integers([0])
        return float(self.moves.value_along(self.state.followed, first, 0 * self.x[:1], 0.0))

    def value_along(self, block: Block, d: Any, step: float = 1.0) -> float:
        """Return the value of the smooth part at x + step U_b d."""
        return float(self.moves.value_along(self.state.followed, block.indices, d, step))

    def bound(self, block: Block) -> Any:
        """Return the matrix H_bb that bounds the curvature of the block; those of fixed blocks are kept."""
        if block.number is None:
            return self.problem.block_bound(block.indices)
        kept = self.memory.setdefault("bounds", {})
        if block.number not in kept:
            kept[block.number] = self.problem.block_bound(block.indices)
        return kept[block.number]

    @property
    def whole(self) -> bool:
        """Whether each L_i is the constant of the whole gradient, for want of a finer one; it holds for blocks, too."""
        return not (self.state.given or has_oracle(self.problem, BlockCurvature))

    def block_lipschitz(self, block: Block) -> float:
        """Return L_b, the largest eigenvalue of H_bb or an estimate; with constants of the user the sum of the L_i."""
        kept = self.memory.setdefault("block_lipschitz", {})
        if block.number in kept:
            return float(kept[block.number])
        if self.whole:
            return float(namespace(self.x).max(self.take(self.lipschitz, block)))
        if block.indices.shape[0] == 1 or self.state.given:
            return float(namespace(self.x).sum(self.take(self.lipschitz, block)))
        bound = self.bound(block)
        xp = namespace(bound)
        finite = bool(xp.all(xp.isfinite(bound)))  # of others the eigenvalues are not defined
        largest = float(xp.linalg.eigvalsh(bound)[-1]) if finite else math.nan
        if block.number is not None:
            kept[block.number] = largest
        return largest

    def residual(self) -> float:
        """Return ``max_i L_i |x_i - prox(x_i - g_i / L_i)|``: zero where every coordinate is stationary."""
        xp = namespace(self.x)
        if not self.state.composite:
            return float(xp.max(xp.abs(self.gradient)))
        step = 1.0 / self.lipschitz
        moved = self.kinks.prox(self.x - step * self.gradient, step)
        return float(xp.max(self.lipschitz * xp.abs(self.x - moved)))

    def shortfall(self, block: Block, move: Move, before: float) -> float:
        """Return how far the objective falls short of the promised progress; `before` is f(x)."""
        x, kinks = self.take(self.x, block), self.kinks.take(block.indices)
        fall = before - self.value_along(block, move.d) + float(kinks.value(x) - kinks.value(x + move.d))
        return move.progress - fall

    def take(self, array: Any, block: Block) -> Any:
        """Return the entries of the block."""
        return namespace(array).take(array, block.indices)

    def integers(self, indices: Any) -> Any:
        """Return indices as an integer array of the iterate's library, on its device."""
        if type(self.x) is np.ndarray:
            return np.asarray(indices, dtype=np.int64)
        xp = namespace(self.x)
        return xp.asarray(np.asarray(indices, dtype=np.int64), dtype=xp.int64, device=device(self.x))

    def variable(self, indices: Any) -> Block:
        """Return a variable block."""
        return Block(self.integers(indices))

    def fixed(self, index: int) -> Block:
        """Return a block of the fixed partition."""
        return Block(self.state.blocks[index], int(index))

    def block_sums(self, scores: Any) -> Any:
        """Return the sum of non-negative coordinate scores over each block of the fixed partition."""
        xp = namespace(scores)
        padded = xp.concat([scores, xp.zeros_like(scores[:1])])
        table = self.state.table
        return xp.sum(xp.reshape(xp.take(padded, xp.reshape(table, (-1,))), table.shape), axis=-1)

    def top(self, scores: Any) -> Block:
        """Return the variable block of the `block_size` largest scores; among equals the lowest indices."""
        xp = namespace(scores)
        if self.block_size == 1:
            return self.variable([int(xp.argmax(scores))])
        if self.block_size == self.n:
            return self.variable(range(self.n))
        host = to_numpy(scores)
        least = np.partition(host, self.n - self.block_size)[self.n - self.block_size]
        above = np.flatnonzero(host > least)
        level = np.flatnonzero(host == least)[: self.block_size - above.size]
        if above.size + level.size < self.block_size:  # NaN among the scores: move it, so that the iterate shows it
            return self.variable(np.sort(np.argpartition(host, self.n - self.block_size)[self.n - self.block_size :]))
        return self.variable(np.sort(np.concatenate([above, level])))

    def best(self, scores: Any) -> Block:
        """Return the block of the largest total score: variable, or fixed when there is a partition."""
        if self.state.blocks is None:
            return self.top(scores)
        sums = self.block_sums(scores)
        return self.fixed(int(namespace(sums).argmax(sums)))
