"""Rules that do not look at the gradient: random, cyclic, and sampling by constants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.core.oracles import BlockCurvature, has_oracle
from optlab.core.validate import boolean
from optlab.core.xp import to_numpy
from optlab.solvers.block_coordinate_descent.block_constants import block_constants, chosen
from optlab.solvers.block_coordinate_descent.parts import Rule
from optlab.solvers.block_coordinate_descent.view import Block

__all__ = ["Cyclic", "LipschitzSampling", "Random"]


@dataclass(frozen=True)
class Random(Rule):
    r"""A block drawn uniformly: a fixed one, or `block_size` coordinates without replacement.

    With the step 1/L and single coordinates the gap :math:`\Delta_k = f(x_k) - f^\star` satisfies
    :math:`E \Delta_{k+1} \le (1 - \mu / (nL)) \Delta_k` (Nutini, Schmidt, Laradji, Friedlander and Koepke, 2015).

    Examples
    --------
    >>> import optlab as ol
    >>> solver = ol.BlockCoordinateDescent(rule="random", update="L", block_size=2)
    >>> result = solver.run(ol.problems.Quadratic([1.0, 2.0, 3.0]), max_iter=5, rng=0)
    >>> result.history.trace["selected"].shape
    (5, 2)
    """

    composite: ClassVar[bool] = True

    def select(self, at: Any) -> Block:
        if at.state.blocks is not None:
            return at.fixed(at.rng.integers(len(at.state.blocks)))
        if at.block_size == 1:
            return at.variable([at.rng.integers(at.n)])
        return at.variable(np.sort(at.rng.choice(at.n, at.block_size, replace=False, shuffle=False)))


@dataclass(frozen=True)
class Cyclic(Rule):
    r"""One block after the other: block k mod \|B\| of a partition, or consecutive pieces of a random permutation.

    Without a partition every sweep visits each coordinate once; its last block is smaller when `block_size` does not
    divide n.

    Parameters
    ----------
    reshuffle : bool, default True
        Whether each sweep over variable blocks draws a new permutation; otherwise the first one is kept.

    Raises
    ------
    TypeError
        If `reshuffle` is not True or False.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 2.0, 3.0])
    >>> result = ol.BlockCoordinateDescent(rule="cyclic", update="L", partition="order").run(problem, max_iter=4)
    >>> result.history.trace["selected"][:, 0]
    array([0, 1, 2, 0])
    """

    reshuffle: bool = True

    composite: ClassVar[bool] = True

    def __post_init__(self) -> None:
        boolean("reshuffle", self.reshuffle)

    def prepare(self, at: Any) -> None:
        if at.state.blocks is None and at.n % at.block_size:
            at.memory["ragged"] = True  # the record of the steps keeps one coordinate of each block

    def select(self, at: Any) -> Block:
        if at.state.blocks is not None:
            return at.fixed(at.k % len(at.state.blocks))
        place = at.k % -(-at.n // at.block_size)
        if at.k == 0 or (self.reshuffle and place == 0):
            at.memory["permutation"] = at.rng.permutation(at.n)
        piece = at.memory["permutation"][place * at.block_size : (place + 1) * at.block_size]
        return at.variable(np.sort(piece))


@dataclass(frozen=True)
class LipschitzSampling(Rule):
    r"""A block drawn with probability proportional to its constant.

    .. math:: P(b) = L_b / \sum_{b'} L_{b'}, \qquad P(i) = L_i / \sum_j L_j

    Variable blocks of several coordinates are drawn one coordinate after the other, without replacement.  With the step
    :math:`1/L_i` and single coordinates :math:`E \Delta_{k+1} \le (1 - \mu / \sum_i L_i) \Delta_k` (Nutini, Schmidt,
    Laradji, Friedlander and Koepke, 2015).  Coordinates along which f is linear are never drawn.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> solver = ol.BlockCoordinateDescent(rule="lipschitz", lipschitz=[1.0, 8.0, 1.0])
    >>> result = solver.run(ol.problems.Quadratic([1.0, 8.0, 1.0]), max_iter=200, rng=0)
    >>> counts = np.bincount(result.history.trace["selected"][:, 0])
    >>> bool(130 < counts[1] < 190)
    True
    """

    composite: ClassVar[bool] = True

    def prepare(self, at: Any) -> None:
        if at.state.blocks is None and not at.state.given and has_oracle(at.problem, BlockCurvature):
            curved = to_numpy(at.problem.coordinate_lipschitz()) > 0
            if not curved.all() and curved.any():
                at.memory["curved"] = curved

    def select(self, at: Any) -> Block:
        if at.state.blocks is not None:
            return chosen(at, self._draw(at, block_constants(at)))
        if at.block_size == 1:
            return at.variable([self._draw(at, at.lipschitz)])
        # The order of arrival in a race of exponential times with these rates is the order of drawing.
        weights = self._weights(at, at.lipschitz)
        with np.errstate(divide="ignore"):
            arrival = at.rng.standard_exponential(at.n) / weights
        size = min(at.block_size, np.count_nonzero(weights))
        return at.variable(np.sort(np.argpartition(arrival, size - 1)[:size]))

    def _weights(self, at: Any, constants: Any) -> np.ndarray[Any, Any]:
        weights = to_numpy(constants)
        return np.where(at.memory["curved"], weights, 0.0) if "curved" in at.memory else weights

    def _draw(self, at: Any, constants: Any) -> int:
        """Draw an index with probability proportional to its weight; never one of weight zero."""
        kept = at.memory.get("sampling")
        if kept is None or kept[0] is not constants:  # an array of constants is replaced when one of them changes
            kept = at.memory["sampling"] = (constants, np.cumsum(self._weights(at, constants), dtype=np.float64))
        ends = kept[1]
        point = min(at.rng.random() * ends[-1], np.nextafter(ends[-1], 0.0))
        return int(np.searchsorted(ends, point, side="right"))
