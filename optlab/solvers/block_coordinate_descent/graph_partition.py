"""Fixed partitions from the graph of the Hessian: colourings, and forests for message passing.

The blocks have sizes of their own; `block_size` plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.core.oracles import BoundGraph
from optlab.core.validate import integer, one_of
from optlab.core.xp import to_numpy
from optlab.solvers.block_coordinate_descent.parts import Partition

__all__ = ["Colouring", "LatticeTrees", "RedBlack", "TreePartition"]

_ORDERS = ("lipschitz", "index")


@dataclass(frozen=True)
class _Lattice(Partition):
    """A partition of a lattice."""

    requires: ClassVar[tuple[Any, ...]] = (BoundGraph,)

    shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.shape is None:
            return
        if not isinstance(self.shape, tuple | list) or len(self.shape) != 2:
            raise ValueError(f"shape must be the numbers of rows and columns of the lattice, got {self.shape!r}")
        object.__setattr__(self, "shape", tuple(integer("shape", side, at_least=1) for side in self.shape))

    def _labels(self, nr: int, nc: int) -> Any:
        """Return the number of the block of each node."""
        raise TypeError(f"{type(self).__name__} has no labels")

    def _grid(self, problem: Any) -> tuple[int, int]:
        grid = self.shape or getattr(problem, "grid", None)
        if grid is None:
            raise ValueError(f"give shape, because {problem.name} does not say what lattice it lives on (no grid)")
        return grid

    def _nodes(self, problem: Any) -> Any:
        """Return the node of each coordinate."""
        nodes = getattr(problem, "unlabelled", None)
        return np.arange(problem.shape[0]) if nodes is None else to_numpy(nodes)

    def check(self, solver: Any, problem: Any) -> None:
        """Raise ValueError unless each edge of the graph joins neighbours in the lattice."""
        (nr, nc), nodes = self._grid(problem), self._nodes(problem)
        if nodes.max() >= nr * nc:
            raise ValueError(
                f"a lattice of shape {(nr, nc)} has {nr * nc} nodes, and {problem.name} node {nodes.max()}"
            )
        graph = problem.bound_graph()
        tail, head = np.repeat(nodes, np.diff(graph.indptr)), nodes[graph.indices]
        wrong = abs(tail % nr - head % nr) + abs(tail // nr - head // nr) > 1
        if wrong.any():
            first = int(np.argmax(wrong))
            raise ValueError(
                f"the graph of {problem.name} is no lattice of shape {(nr, nc)}: it has an edge between the nodes "
                f"{tail[first]} and {head[first]}"
            )

    def blocks(self, problem: Any, lipschitz: np.ndarray[Any, Any], block_size: int) -> list[Any]:
        return _members(self._labels(*self._grid(problem))[self._nodes(problem)])


@dataclass(frozen=True)
class RedBlack(_Lattice):
    r"""The two colours of a chessboard: the Hessian of a block is diagonal.

    Parameters
    ----------
    shape : tuple of int, optional
        Numbers nr, nc of rows and columns of the lattice; the problem's attribute `grid` when absent.  The node in row
        r and column c is :math:`r + n_r c`.  A problem with some of the nodes as its coordinates (label propagation)
        lists them in its attribute `unlabelled`; otherwise coordinate i is node i.

    Raises
    ------
    TypeError, ValueError
        If `shape` is not two positive integers.
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.
    ValueError
        Before any work, if no lattice is known, or the graph of the problem has an edge that the lattice has not.

    Examples
    --------
    A lattice of 2 rows and 3 columns, whose nodes are numbered column by column:

    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import RedBlack
    >>> RedBlack(shape=(2, 3)).blocks(ol.problems.Quadratic(np.ones(6)), np.ones(6), block_size=1)
    [array([0, 3, 4]), array([1, 2, 5])]
    """

    def _labels(self, nr: int, nc: int) -> Any:
        from optlab.kernels.block_coordinate_descent_graph import lattice_red_black

        return lattice_red_black(nr, nc)


@dataclass(frozen=True)
class LatticeTrees(_Lattice):
    r"""Two combs of about half of a lattice each: the first row with the even columns, the last with the odd ones.

    Parameters
    ----------
    shape : tuple of int, optional
        Numbers of rows and columns of the lattice, as for `RedBlack`.

    Raises
    ------
    TypeError, ValueError
        If `shape` is not two positive integers.
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.
    ValueError
        Before any work, if no lattice is known, or the graph of the problem has an edge that the lattice has not.

    Examples
    --------
    The number of the block of each node, in a lattice of 3 rows and 4 columns:

    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import LatticeTrees
    >>> _, second = LatticeTrees(shape=(3, 4)).blocks(ol.problems.Quadratic(np.ones(12)), np.ones(12), block_size=1)
    >>> np.isin(np.arange(12), second).astype(int).reshape(4, 3).T
    array([[0, 0, 0, 0],
           [0, 1, 0, 1],
           [1, 1, 1, 1]])
    """

    def _labels(self, nr: int, nc: int) -> Any:
        from optlab.kernels.block_coordinate_descent_graph import lattice_trees

        return lattice_trees(nr, nc)


@dataclass(frozen=True)
class Colouring(Partition):
    """A greedy colouring of the graph: no edge inside a block, whose Hessian is diagonal.

    One after the other the coordinates choose the least used of the colours that no neighbour has (the first of
    several), and open a new one when there is none.

    Parameters
    ----------
    order : {"lipschitz", "index"}, default "lipschitz"
        Who chooses first: the largest :math:`L_i`, or the lowest index.

    Raises
    ------
    ValueError
        If `order` is neither.
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import Colouring
    >>> path = ol.problems.GraphQuadratic.forest("path", 5)
    >>> Colouring(order="index").blocks(path, np.ones(5), block_size=1)
    [array([0, 2, 4]), array([1, 3])]
    """

    requires: ClassVar[tuple[Any, ...]] = (BoundGraph,)

    order: str = "lipschitz"

    def __post_init__(self) -> None:
        one_of("order", self.order, _ORDERS)

    def _labels(self, graph: Any, order: Any) -> Any:
        from optlab.kernels.block_coordinate_descent_graph import greedy_colouring

        return greedy_colouring(graph.indptr, graph.indices, order)

    def blocks(self, problem: Any, lipschitz: np.ndarray[Any, Any], block_size: int) -> list[Any]:
        order = np.arange(lipschitz.size) if self.order == "index" else np.argsort(-lipschitz, kind="stable")
        return _members(self._labels(problem.bound_graph(), order))


@dataclass(frozen=True)
class TreePartition(Colouring):
    """A partition of the graph into forests, first fit.

    One after the other the coordinates go to the first forest in which they close no cycle, and open a new one when
    there is none.

    Parameters
    ----------
    order : {"lipschitz", "index"}, default "lipschitz"
        Who comes first: the largest :math:`L_i`, or the lowest index.

    Raises
    ------
    ValueError
        If `order` is neither.
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.

    Examples
    --------
    In a triangle the last coordinate would close the cycle:

    >>> import numpy as np, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import TreePartition
    >>> triangle = ol.problems.GraphQuadratic(4 * np.eye(3) - np.ones((3, 3)))
    >>> TreePartition(order="index").blocks(triangle, np.ones(3), block_size=1)
    [array([0, 1]), array([2])]
    """

    def _labels(self, graph: Any, order: Any) -> Any:
        from optlab.kernels.block_coordinate_descent_graph import tree_partition

        return tree_partition(graph.indptr, graph.indices, order)


def _members(labels: Any) -> list[Any]:
    """Return the members of each block that has any."""
    return [members for t in range(labels.max() + 1) if (members := np.flatnonzero(labels == t)).size]
