"""Steps on blocks whose graph is a forest: leaf elimination on the bound of the Hessian, or on the Hessian itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from array_api_compat import device

from optlab.core.oracles import BoundGraph
from optlab.core.xp import namespace, to_numpy
from optlab.solvers.block_coordinate_descent.line_search import ARMIJO, backtrack
from optlab.solvers.block_coordinate_descent.parts import Update
from optlab.solvers.block_coordinate_descent.view import At, Block, Move

__all__ = ["ForestNewton", "ForestSolve", "prepare_graph"]

#: Nodes of a cycle named in a message.
_SHOWN = 20


@dataclass(frozen=True)
class ForestSolve(Update):
    r"""The step that minimises the quadratic bound of a block without cycles, by leaf elimination.

    .. math:: d = -H_{bb}^{-1} \nabla_b f, \qquad
              f(x) - f(x + U_b d) \ge \tfrac12 \nabla_b f^T H_{bb}^{-1} \nabla_b f

    For a quadratic :math:`H_{bb}` is the Hessian itself: the step minimises f over the block, and the bound is an
    equality.  The cost is :math:`O(|b|)` and the entries in the rows of the block.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.
    ValueError
        If the graph of the block has a cycle: before the first step for fixed blocks.  The message names its nodes.
    numpy.linalg.LinAlgError
        In a run, if :math:`H_{bb}` is not positive semi-definite, or f falls for ever on the block.  (With label
        propagation a tree without a label is singular; f is then constant along its null space, and one of the
        minimisers is taken.)

    Examples
    --------
    A path is a forest, so one step of the block of all coordinates solves the problem:

    >>> import optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import ForestSolve
    >>> problem = ol.problems.GraphQuadratic.forest("path", 1000, rng=0)
    >>> result = ol.BlockCoordinateDescent(rule="greedy-forest-GS", update=ForestSolve()).run(problem, max_iter=1)
    >>> result.history.trace["size"], bool(result.history["gap"][1] < 1e-12 * result.history["gap"][0])
    (array([1000]), True)
    """

    requires: ClassVar[tuple[Any, ...]] = (BoundGraph,)
    needs_constants: ClassVar[bool] = False

    def prepare(self, at: At) -> None:
        prepare_graph(at)
        for block in at.state.blocks or ():
            _refuse_cycle(at, to_numpy(block))

    def move(self, at: At, block: Block) -> Move:
        g = to_numpy(at.block_gradient(block))
        d, failure = _solve(at, to_numpy(block.indices), g, at.memory["graph"].data)
        if failure:
            raise np.linalg.LinAlgError(failure)
        return Move(_sent(at, d), math.nan, -0.5 * float(g @ d))


@dataclass(frozen=True)
class ForestNewton(ForestSolve):
    r"""The Newton step on a block without cycles, by leaf elimination, with a line search.

    .. math:: d = -\alpha \, (\nabla_{bb}^2 f(x))^{-1} \nabla_b f, \qquad
              f(x + U_b d) \le f(x) + 10^{-10} \langle \nabla_b f, d \rangle

    The line search is that of the update ``"newton"``.  Where the Hessian of the block is indefinite, or the
    line search fails, the step is that of `ForestSolve`, which needs none.  The promised progress is the decrease the
    line search insists on.  For a quadratic both are the same.

    Raises
    ------
    MissingOracle
        Before any work, if the problem has no `BoundGraph`.
    ValueError, numpy.linalg.LinAlgError
        As for `ForestSolve`.

    Examples
    --------
    A path with a label at each end: Newton's method, in linear time a step:

    >>> import scipy.sparse as sp, optlab as ol
    >>> from optlab.solvers.block_coordinate_descent import ForestNewton
    >>> path = sp.diags_array([[1.0] * 99, [1.0] * 99], offsets=[-1, 1])
    >>> problem = ol.problems.LogisticPropagation(path, [0, 99], ["no", "yes"])
    >>> result = ol.BlockCoordinateDescent(rule="greedy-forest-GS", update=ForestNewton()).run(problem, max_iter=3)
    >>> bool(result.history["gap"][0] > 0.1), bool(result.history["gap"][3] < 1e-12)
    (True, True)
    """

    def move(self, at: At, block: Block) -> Move:
        g, hessian = to_numpy(at.block_gradient(block)), at.problem.hessian_graph(at.state.followed)
        newton, _ = _solve(at, to_numpy(block.indices), g, _double(hessian.data))
        d, slope = _sent(at, newton), float(g @ newton)
        if slope < 0:
            eps = float(np.finfo(g.dtype).eps)
            step, _ = backtrack(lambda t: at.value_along(block, d, t), at.value(), slope, eps)
            if step > 0:
                return Move(step * d, math.nan, -ARMIJO * step * slope)
        return super().move(at, block)


class _Graph(NamedTuple):
    """The graph of the bound in double precision, what follows from it, and the workspace of the solves."""

    indptr: Any
    indices: Any
    data: Any
    row_sums: Any  # 1 where they are zero
    workspace: tuple[Any, Any, Any]


def _double(data: Any) -> Any:
    return np.ascontiguousarray(data, dtype=np.float64)


def prepare_graph(at: At) -> None:
    """Keep the graph of the bound in the memory, once."""
    if "graph" in at.memory:
        return
    from optlab.kernels.block_coordinate_descent_forest import forest_workspace

    graph = at.problem.bound_graph()
    sums = abs(graph).sum(axis=1)
    row_sums = np.where(sums > 0, sums, 1.0)
    at.memory["graph"] = _Graph(graph.indptr, graph.indices, _double(graph.data), row_sums, forest_workspace(at.n))


def _sent(at: At, d: Any) -> Any:
    """Return a step of the host in the library of the iterate, on its device."""
    if type(at.x) is np.ndarray:
        return d
    return namespace(at.x).asarray(d, dtype=at.x.dtype, device=device(at.x))


def _solve(at: At, block: Any, g: Any, data: Any) -> tuple[Any, str]:
    """Return the solution d of A_bb d = -g for a matrix A with the pattern of the graph; or zero, and what is wrong."""
    from optlab.kernels import block_coordinate_descent_forest as forest

    graph, solution = at.memory["graph"], np.zeros(block.size)
    status, node = forest.forest_solve(
        graph.indptr, graph.indices, data, block, -_double(g), solution, *graph.workspace
    )
    if status == forest.CYCLE:
        _refuse_cycle(at, block)
    if status == forest.ASYMMETRIC:
        raise ValueError(f"the matrix of {at.problem.name} is not symmetric to the last bit around coordinate {node}")
    if status == forest.INDEFINITE:
        return solution, f"the matrix of the block is not positive definite, as the pivot of coordinate {node} tells"
    if status == forest.UNSOLVABLE:
        return solution, f"f falls for ever along the block: the tree of coordinate {node} is singular"
    return solution.astype(g.dtype, copy=False), ""


def _refuse_cycle(at: At, block: Any) -> None:
    """Raise ValueError if the graph of the block has a cycle."""
    from optlab.kernels.block_coordinate_descent_forest import forest_cycle

    cycle = forest_cycle(at.memory["graph"].indptr, at.memory["graph"].indices, block)
    if cycle.size:
        shown = [*cycle.tolist()[:_SHOWN], *(["..."] if cycle.size > _SHOWN else []), int(cycle[0])]
        raise ValueError(
            f"the block of coordinate {block[0]} is no forest: in its graph the {cycle.size} coordinates "
            f"{' - '.join(map(str, shown))} form a cycle"
        )
