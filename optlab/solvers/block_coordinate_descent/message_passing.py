r"""Huge blocks whose graph is a forest, solved exactly in linear time: message passing.

The graph of a problem has the coordinates as nodes, and an edge where the Hessian has an entry off the diagonal (oracle
`BoundGraph`).  On a block without cycles leaf elimination (Gaussian belief propagation) solves
:math:`H_{bb} d = -\nabla_b f` in :math:`O(|b|)`, so a block of half of all coordinates costs about as much as the full
gradient that chooses it.  The blocks here have sizes of their own; `block_size` plays no part.

The loops run on the host; a gradient on another device is fetched, and the step is sent back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.core.oracles import BoundGraph
from optlab.core.validate import one_of
from optlab.core.xp import to_numpy
from optlab.solvers.block_coordinate_descent.forest_solve import ForestNewton, ForestSolve, prepare_graph
from optlab.solvers.block_coordinate_descent.graph_partition import Colouring, LatticeTrees, RedBlack, TreePartition
from optlab.solvers.block_coordinate_descent.parts import Partition, Rule, Update
from optlab.solvers.block_coordinate_descent.view import At, Block

__all__ = [
    "FOREST_PARTITIONS",
    "FOREST_RULES",
    "FOREST_UPDATES",
    "ForestNewton",
    "ForestSolve",
    "General",
    "GreedyForest",
    "RandomForest",
]

_SCORES = ("GS", "GSL", "GSD")


@dataclass(frozen=True)
class GreedyForest(Rule):
    r"""The greedy forest: the coordinates in descending order of their scores, each that closes no cycle.

    It is meant for the updates ``"forest"`` and ``"forest-newton"``: its blocks are large, and a step on one of them by
    a dense update (the default ``"Lb"``, ``"Hb"``, ``"newton"``, ``"exact"``) is slow.  `block_size` plays no part.

    Parameters
    ----------
    score : {"GS", "GSL", "GSD"}, default "GS"
        :math:`|\nabla_i f|`, :math:`|\nabla_i f| / \sqrt{L_i}` or :math:`|\nabla_i f| / \sqrt{\sum_j |H_{ij}|}`.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.
    ValueError
        If `score` is none of these; before any work, with a partition.

    Notes
    -----
    The block is built anew at each step, by union-find, in :math:`O(n \log n + |E|)` (sorting, and the edges).  It is
    maximal: each coordinate left out would close a cycle.

    Examples
    --------
    In a triangle the two coordinates of the largest gradients; the third one would close the cycle:

    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import GreedyForest
    >>> triangle = ol.problems.GraphQuadratic(4 * np.eye(3) - np.ones((3, 3)), [1.0, 2.0, 3.0])
    >>> result = ol.BlockCoordinateDescent(rule=GreedyForest("GS"), update="forest").run(triangle, max_iter=1)
    >>> result.x, result.history.trace["size"]
    (array([0.   , 1.125, 1.375]), array([2]))
    """

    requires: ClassVar[tuple[Any, ...]] = (BoundGraph,)
    greedy: ClassVar[bool] = True
    fits: ClassVar[str] = "variable"

    score: str = "GS"

    def __post_init__(self) -> None:
        one_of("score", self.score, _SCORES)

    def prepare(self, at: At) -> None:
        at.memory.update({"ragged": True, "largest block": at.n})
        prepare_graph(at)

    def select(self, at: At) -> Block:
        return _grown(at, np.argsort(-self._scores(at), kind="stable"))

    def _scores(self, at: At) -> Any:
        size = abs(to_numpy(at.gradient))
        if self.score == "GS":
            return size
        scale = to_numpy(at.lipschitz) if self.score == "GSL" else at.memory["graph"].row_sums
        return size / np.sqrt(scale)


@dataclass(frozen=True)
class RandomForest(Rule):
    """The forest that grows when the coordinates come in random order, drawn anew at each step ("random tree").

    It is meant for the updates ``"forest"`` and ``"forest-newton"``: its blocks are large, and a step on one of them by
    a dense update (the default ``"Lb"``, ``"Hb"``, ``"newton"``, ``"exact"``) is slow.  `block_size` plays no part.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.
    ValueError
        Before any work, with a partition.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import RandomForest
    >>> triangle = ol.problems.GraphQuadratic(4 * np.eye(3) - np.ones((3, 3)), [1.0, 2.0, 3.0])
    >>> result = ol.BlockCoordinateDescent(rule=RandomForest(), update="forest").run(triangle, max_iter=9, rng=0)
    >>> set(result.history.trace["size"].tolist())
    {2}
    """

    requires: ClassVar[tuple[Any, ...]] = (BoundGraph,)
    fits: ClassVar[str] = "variable"

    def prepare(self, at: At) -> None:
        at.memory.update({"ragged": True, "largest block": at.n})
        prepare_graph(at)

    def select(self, at: At) -> Block:
        return _grown(at, at.rng.permutation(at.n))


@dataclass(frozen=True)
class General(Rule):
    r"""The baseline of message passing: the :math:`\lfloor n^{1/3} \rfloor` largest gradients, whatever the graph.

    Solving for them by a dense factorisation costs :math:`O(n)`, as much as a forest of any size; use it with the
    update ``"Hb"``.  `block_size` plays no part.

    Raises
    ------
    ValueError
        Before any work, with a partition.

    Examples
    --------
    Three of 27 coordinates:

    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import General
    >>> problem = ol.problems.Quadratic(np.arange(1.0, 28.0))
    >>> ol.BlockCoordinateDescent(rule=General(), update="Hb").run(problem, max_iter=2).history.trace["selected"]
    array([[24, 25, 26],
           [21, 22, 23]])
    """

    greedy: ClassVar[bool] = True
    fits: ClassVar[str] = "variable"

    def prepare(self, at: At) -> None:
        root = round(at.n ** (1 / 3))
        at.memory["largest block"] = root - (root**3 > at.n)

    def select(self, at: At) -> Block:
        return At(at.problem, at.moves, at.state, at.memory["largest block"]).top(at.gradient**2)


def _grown(at: At, order: Any) -> Block:
    """Return the forest that grows in this order."""
    from optlab.kernels.block_coordinate_descent_graph import greedy_forest

    graph = at.memory["graph"]
    return at.variable(greedy_forest(graph.indptr, graph.indices, order))


FOREST_PARTITIONS: dict[str, Callable[[], Partition]] = {
    "colouring": Colouring,
    "trees": TreePartition,
    "red-black": RedBlack,
    "lattice-trees": LatticeTrees,
}
FOREST_RULES: dict[str, Callable[[], Rule]] = {
    "greedy-forest-GS": lambda: GreedyForest("GS"),
    "greedy-forest-GSL": lambda: GreedyForest("GSL"),
    "greedy-forest-GSD": lambda: GreedyForest("GSD"),
    "random-forest": RandomForest,
    "general": General,
}
FOREST_UPDATES: dict[str, Callable[[], Update]] = {"forest": ForestSolve, "forest-newton": ForestNewton}
