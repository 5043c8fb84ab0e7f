"""Block coordinate descent with greedy rules: one solver, put together from interchangeable parts."""

from __future__ import annotations

from collections.abc import Callable

from optlab.core.solver import Solver
from optlab.solvers.block_coordinate_descent.parts import At, Block, Move, Partition, Rule, ScoreRule, Update
from optlab.solvers.block_coordinate_descent.selection import GS, GSL
from optlab.solvers.block_coordinate_descent.solver import BlockCoordinateDescent

__all__ = [
    "EXAMPLES",
    "GS",
    "GSL",
    "At",
    "Block",
    "BlockCoordinateDescent",
    "Move",
    "Partition",
    "Rule",
    "ScoreRule",
    "Update",
]

EXAMPLES: dict[str, Callable[[], Solver]] = {
    "BlockCoordinateDescent": BlockCoordinateDescent,
    "BlockCoordinateDescent(GS, L)": lambda: BlockCoordinateDescent(rule="GS", update="L"),
}
