"""Block coordinate descent with greedy rules: one solver, put together from interchangeable parts.

>>> import optlab as ol
>>> from optlab.solvers import block_coordinate_descent as bcd
>>> "GSQ" in bcd.rule_names(), "Hb" in bcd.update_names(), "sort" in bcd.partition_names()
(True, True, True)
>>> solver = ol.BlockCoordinateDescent(rule="GSQ", update="Hb", block_size=2, partition="sort")

The same with the parts as objects, which have the parameters:

>>> parts = {"rule": bcd.GSQ(), "update": bcd.MatrixStep(), "partition": bcd.Sort()}
>>> problem = ol.problems.Quadratic([5.0, 1.0, 4.0, 2.0])
>>> for each in (solver, ol.BlockCoordinateDescent(block_size=2, **parts)):
...     print(each.run(problem, max_iter=1).x)
[1. 0. 1. 0.]
[1. 0. 1. 0.]
"""

from __future__ import annotations

from collections.abc import Callable

from optlab.core.solver import Solver
from optlab.solvers.block_coordinate_descent.approximate import ApproximateGS
from optlab.solvers.block_coordinate_descent.composite_selection import (
    BlockDecrease,
    DecreaseRule,
    StepRule,
    SubgradientRule,
)
from optlab.solvers.block_coordinate_descent.composite_update import (
    ProximalNewtonStep,
    ProximalStep,
    TwoMetricStep,
)
from optlab.solvers.block_coordinate_descent.estimate import LipschitzApproximation
from optlab.solvers.block_coordinate_descent.graph_partition import Colouring, LatticeTrees, RedBlack, TreePartition
from optlab.solvers.block_coordinate_descent.message_passing import (
    ForestNewton,
    ForestSolve,
    General,
    GreedyForest,
    RandomForest,
)
from optlab.solvers.block_coordinate_descent.names import partition_names, rule_names, update_names
from optlab.solvers.block_coordinate_descent.nearest import NearestNeighbour
from optlab.solvers.block_coordinate_descent.newton import ExactStep, MatrixStep, NewtonStep
from optlab.solvers.block_coordinate_descent.partition import (
    Average,
    Given,
    HessianAverage,
    HessianSort,
    Order,
    Sort,
)
from optlab.solvers.block_coordinate_descent.parts import Partition, Rule, ScoreRule, Update
from optlab.solvers.block_coordinate_descent.sampling import Cyclic, LipschitzSampling, Random
from optlab.solvers.block_coordinate_descent.selection import GS, GSD, GSL, GSQ
from optlab.solvers.block_coordinate_descent.solver import BlockCoordinateDescent
from optlab.solvers.block_coordinate_descent.update import BlockStep, CommonStep, DiagonalStep, RowSumStep
from optlab.solvers.block_coordinate_descent.view import At, Block, Move

__all__ = [
    "EXAMPLES",
    "GS",
    "GSD",
    "GSL",
    "GSQ",
    "ApproximateGS",
    "At",
    "Average",
    "Block",
    "BlockCoordinateDescent",
    "BlockDecrease",
    "BlockStep",
    "Colouring",
    "CommonStep",
    "Cyclic",
    "DecreaseRule",
    "DiagonalStep",
    "ExactStep",
    "ForestNewton",
    "ForestSolve",
    "General",
    "Given",
    "GreedyForest",
    "HessianAverage",
    "HessianSort",
    "LatticeTrees",
    "LipschitzApproximation",
    "LipschitzSampling",
    "MatrixStep",
    "Move",
    "NearestNeighbour",
    "NewtonStep",
    "Order",
    "Partition",
    "ProximalNewtonStep",
    "ProximalStep",
    "Random",
    "RandomForest",
    "RedBlack",
    "RowSumStep",
    "Rule",
    "ScoreRule",
    "Sort",
    "StepRule",
    "SubgradientRule",
    "TreePartition",
    "TwoMetricStep",
    "Update",
    "partition_names",
    "rule_names",
    "update_names",
]


def _example(*parts: str, **options: int | str) -> Callable[[], Solver]:
    return lambda: BlockCoordinateDescent(*parts, **options)  # type: ignore[arg-type]


EXAMPLES: dict[str, Callable[[], Solver]] = {
    "BlockCoordinateDescent": BlockCoordinateDescent,
    "BlockCoordinateDescent(GS, L)": _example("GS", "L"),
    "BlockCoordinateDescent(random)": _example("random"),
    "BlockCoordinateDescent(cyclic, exact)": _example("cyclic", "exact"),
    "BlockCoordinateDescent(lipschitz, chunk)": _example("lipschitz", chunk=4),
    "BlockCoordinateDescent(GSL, chunk)": _example("GSL", chunk=4),
    "BlockCoordinateDescent(GSD, newton)": _example("GSD", "newton", block_size=2),
    "BlockCoordinateDescent(GSQ, Hb, sort)": _example("GSQ", "Hb", block_size=2, partition="sort"),
    "BlockCoordinateDescent(GS, LA)": _example("GS", "LA"),
    "BlockCoordinateDescent(greedy-forest)": _example("greedy-forest-GS", "forest"),
    "BlockCoordinateDescent(cyclic, forest, trees)": _example("cyclic", "forest", partition="trees"),
    "BlockCoordinateDescent(GSL-q, PG)": _example("GSL-q", "PG"),
    "BlockCoordinateDescent(random, PN)": _example("random", "PN", block_size=2),
    "BlockCoordinateDescent(GSL-q, TMP)": _example("GSL-q", "TMP", block_size=2),
}
