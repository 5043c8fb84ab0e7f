r"""Fixed partitions: the coordinates cut once into blocks, by their order, by their constants, or by the user.

Fixed blocks can keep their factors and constants, so the only choice left is which coordinates share a block.  With
the constant of the block as step size the guarantees involve :math:`\sum_b \kappa_b`, where :math:`\kappa_b` is the
condition number of a block: coordinates with similar constants belong together, and `Sort` is recommended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from optlab.core.oracles import BlockCurvature
from optlab.core.xp import to_numpy
from optlab.solvers.block_coordinate_descent.parts import Partition

__all__ = ["PARTITIONS", "Average", "Given", "HessianAverage", "HessianSort", "Order", "Sort"]

Vector = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Order(Partition):
    """Consecutive coordinates; the last block is smaller when `block_size` does not divide n.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.solvers.block_coordinate_descent import Order
    >>> Order().blocks(None, np.ones(5), block_size=2)
    [array([0, 1]), array([2, 3]), array([4])]
    """

    def blocks(self, problem: Any, lipschitz: Vector, block_size: int) -> list[Any]:
        return _cut(np.arange(lipschitz.size), block_size)


@dataclass(frozen=True)
class Sort(Partition):
    r"""Coordinates in ascending order of :math:`L_i`, cut consecutively: the recommended partition.

    For a diagonal Hessian with eigenvalues :math:`\lambda` the rule GSL with the step of the block has the rate
    :math:`1 - 1 / \sum_b \kappa_b` with :math:`\kappa_b = \max_b \lambda / \min_b \lambda`, and no partition into
    blocks of these sizes has a smaller sum than the sorted one (derived here; all figures of Nutini, Laradji and
    Schmidt, 2022, with fixed blocks use it).

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.solvers.block_coordinate_descent import Sort
    >>> Sort().blocks(None, np.array([5.0, 1.0, 4.0, 2.0]), block_size=2)
    [array([1, 3]), array([0, 2])]
    """

    def scores(self, problem: Any, lipschitz: Vector) -> Vector:
        """Return what the coordinates are sorted by."""
        return lipschitz

    def blocks(self, problem: Any, lipschitz: Vector, block_size: int) -> list[Any]:
        return _cut(np.argsort(self.scores(problem, lipschitz), kind="stable"), block_size)


@dataclass(frozen=True)
class Average(Sort):
    r"""The smallest :math:`L_i`, the largest, the second smallest, the second largest, ..., cut consecutively.

    All blocks have about the same average constant, the opposite of `Sort`: a control.  With an odd number of
    coordinates the middle one comes last.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.solvers.block_coordinate_descent import Average
    >>> Average().blocks(None, np.array([5.0, 1.0, 4.0, 2.0, 3.0]), block_size=2)
    [array([0, 1]), array([2, 3]), array([4])]
    """

    def blocks(self, problem: Any, lipschitz: Vector, block_size: int) -> list[Any]:
        ascending = np.argsort(self.scores(problem, lipschitz), kind="stable")
        half = (ascending.size + 1) // 2
        order = np.empty_like(ascending)
        order[0::2], order[1::2] = ascending[:half], ascending[: half - 1 : -1]
        return _cut(order, block_size)


@dataclass(frozen=True)
class HessianSort(Sort):
    r"""`Sort` by the row sums :math:`\sum_j |H_{ij}|` of the bound of the Hessian in place of :math:`L_i`.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockCurvature`.

    Examples
    --------
    The row sums are 5, 5, 4, 1:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import HessianSort, Sort
    >>> problem = ol.problems.DenseQuadratic([[3, 2, 0, 0], [2, 3, 0, 0], [0, 0, 4, 0], [0, 0, 0, 1]])
    >>> Sort().blocks(problem, problem.coordinate_lipschitz(), block_size=2)
    [array([0, 3]), array([1, 2])]
    >>> HessianSort().blocks(problem, problem.coordinate_lipschitz(), block_size=2)
    [array([2, 3]), array([0, 1])]
    """

    requires: ClassVar[tuple[Any, ...]] = (BlockCurvature,)

    def scores(self, problem: Any, lipschitz: Vector) -> Vector:
        return to_numpy(problem.bound_row_sums())


@dataclass(frozen=True)
class HessianAverage(Average):
    r"""`Average` by the row sums :math:`\sum_j |H_{ij}|` of the bound of the Hessian in place of :math:`L_i`.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BlockCurvature`.

    Examples
    --------
    The row sums are 5, 5, 4, 1:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import HessianAverage
    >>> problem = ol.problems.DenseQuadratic([[3, 2, 0, 0], [2, 3, 0, 0], [0, 0, 4, 0], [0, 0, 0, 1]])
    >>> HessianAverage().blocks(problem, problem.coordinate_lipschitz(), block_size=2)
    [array([1, 3]), array([0, 2])]
    """

    requires: ClassVar[tuple[Any, ...]] = (BlockCurvature,)

    def scores(self, problem: Any, lipschitz: Vector) -> Vector:
        return to_numpy(problem.bound_row_sums())


@dataclass(frozen=True)
class Given(Partition):
    """The user's own blocks, of any sizes; `block_size` plays no part.

    Parameters
    ----------
    given : sequence of integer array_like
        The blocks: not empty, disjoint, together all coordinates.

    Raises
    ------
    TypeError
        If a block is not a sequence of integers.
    ValueError
        If there is no block, a block is empty, or a coordinate is negative or occurs twice.  Before any work, when the
        problem is known: if a coordinate is out of range or in no block.

    Examples
    --------
    >>> from optlab.solvers.block_coordinate_descent import Given
    >>> Given([[0, 3], [1, 2, 4]]).given
    ((0, 3), (1, 2, 4))
    """

    given: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if not isinstance(self.given, Iterable):
            raise TypeError(f"partition must be a sequence of blocks, got {type(self.given).__name__}")
        blocks = tuple(_as_block(number, block) for number, block in enumerate(self.given))
        if not blocks:
            raise ValueError("partition must have at least one block")
        number = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
        coordinates = np.concatenate(blocks)
        order = np.argsort(coordinates, kind="stable")
        again = np.flatnonzero(np.diff(coordinates[order]) == 0)
        if again.size:
            first, second = (int(number[order[again[0] + j]]) for j in (0, 1))
            where = f"in blocks {first} and {second}" if first != second else f"twice in block {first}"
            i = int(coordinates[order[again[0]]])
            raise ValueError(f"the blocks of partition must not overlap, but coordinate {i} is {where}")
        object.__setattr__(self, "given", blocks)  # plain numbers: a solver can be compared and hashed

    def check(self, solver: Any, problem: Any) -> None:
        n = problem.shape[0]
        present = np.zeros(n, dtype=bool)
        for number, block in enumerate(self.given):
            if max(block) >= n:
                raise ValueError(
                    f"coordinate {max(block)} in block {number} of partition is out of range for n = {n} coordinates"
                )
            present[list(block)] = True
        if not present.all():
            raise ValueError(f"coordinate {int(np.argmin(present))} is in no block of partition")

    def blocks(self, problem: Any, lipschitz: Vector, block_size: int) -> list[Any]:
        return [np.sort(np.asarray(block)) for block in self.given]


def _cut(order: Vector, block_size: int) -> list[Any]:
    """Cut consecutively; inside a block the order does not matter, and memory likes it ascending."""
    return [np.sort(block) for block in np.split(order, range(block_size, order.size, block_size))]


def _as_block(number: int, block: Any) -> tuple[int, ...]:
    indices = to_numpy(block)
    if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
        raise TypeError(f"block {number} of partition must be a sequence of integers, got {block!r}")
    if indices.size == 0:
        raise ValueError(f"block {number} of partition is empty")
    if indices.min() < 0:
        raise ValueError(f"block {number} of partition holds the negative coordinate {indices.min()}")
    return tuple(indices.tolist())


PARTITIONS: dict[str, Callable[[], Partition]] = {
    "order": Order,
    "sort": Sort,
    "average": Average,
    "hessian-sort": HessianSort,
    "hessian-average": HessianAverage,
}
