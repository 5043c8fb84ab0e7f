"""Compiled loops for the combinations of parts that have one: many steps in one call, with an exact record of each.

There is one for single coordinates with the rules that draw and those that score, and gradient, exact or proximal
steps, on quadratics, least squares and logistic regression (greedy rules on dense logistic data have none: their steps
cost a full gradient, which needs no loop); and one for fixed blocks of smooth dense quadratics.  A compiled run makes
the steps of an ordinary one, up to rounding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.ledger import Ledger
from optlab.core.xp import is_sparse
from optlab.solvers.block_coordinate_descent import compiled_parts as parts
from optlab.solvers.block_coordinate_descent.names import as_partition, as_rule, as_update

__all__ = ["is_compiled", "make_units"]

#: Up to this many columns a dense least squares problem is moved by greedy rules through its Gram matrix.
_GRAM_LIMIT = 3000


def is_compiled(solver: Any, problem: Any) -> bool:
    """Whether this combination has a compiled loop."""
    rule, update, fixed = as_rule(solver.rule), as_update(solver.update), as_partition(solver.partition) is not None
    if fixed:
        known = type(rule) in parts.BLOCK_RULES and type(update) in parts.BLOCK_UPDATES
    else:
        known = type(rule) in parts.RULES and type(update) in parts.UPDATES and solver.block_size == 1
    known = known and parts.is_plain(rule) and solver.lipschitz is None
    if isinstance(update, parts.ExactStep):
        known = known and getattr(problem, "_quadratic", False)
    return known and _loop(_bare(problem), fixed, rule.greedy) is not None


def make_units(at: Any, rule: Any, update: Any, units: int, period: int) -> None:
    """Make `units` steps in a kernel, fewer when all coordinates have become stationary; refresh after each period."""
    state, made, pieces = at.state, 0, []
    loop = _loop(_bare(at.problem), state.blocks is not None, rule.greedy)
    assert loop is not None
    while made < units:
        wanted = min(units - made, period - state.since)
        record = (np.empty(wanted, dtype=np.int64), np.empty(wanted), np.empty(wanted), np.empty(wanted))
        x = state.x.copy()
        done, state.followed = loop(at, rule, update, x, parts.draw(at, rule, wanted), record)
        state.x, state.gradient = x, None
        at.problem.charge("move", done)
        at.problem.charge("block_gradient", done - 1 if rule.greedy else done)  # greedy: a look at x follows
        state.k, state.since, made = state.k + done, state.since + done, made + done
        pieces.append([array[:done] for array in record])
        if done < wanted or made == units:
            break
        state.followed, state.since = at.moves.follow(x), 0
        if at.residual() == 0.0:
            state.since = period  # the solver refreshes once more, and ends the run
            break
        if not rule.greedy:
            state.gradient = None
    selected, lipschitz, progress, values = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    blocks = state.blocks
    sizes = np.ones_like(selected) if blocks is None else np.array([len(block) for block in blocks])[selected]
    state.trace = {
        "selected": selected[:, None],
        "lipschitz": lipschitz,
        "progress": progress,
        "size": sizes,
        "value": values,
    }


def _sizes(blocks: Any) -> Any:
    return np.array([block.shape[0] for block in blocks])


def _bare(problem: Any) -> Any:
    """Return the problem behind the ledger, or itself."""
    return problem.problem if isinstance(problem, Ledger) else problem


def _loop(problem: Any, fixed: bool, greedy: bool) -> Callable[..., Any] | None:
    """Return the loop for the structure of the problem, or None."""
    from optlab.problems._blocks import LinearBlocks, LogisticBlocks, SquaredBlocks
    from optlab.problems._blocks_quadratic import QuadraticBlocks

    if not isinstance(problem.like, np.ndarray | None) or problem.dtype != np.float64:
        return None
    if isinstance(problem, QuadraticBlocks):
        if not problem._quadratic or problem._hessian() is not problem._bound():
            return None
        if fixed:
            return _blocks if problem._hessian().ndim == 2 and not is_sparse(problem._hessian()) else None
        return _quadratic
    if not isinstance(problem, LinearBlocks) or not isinstance(problem, SquaredBlocks | LogisticBlocks):
        return None
    small = isinstance(problem, SquaredBlocks) and problem._columns().shape[0] <= _GRAM_LIMIT
    if is_sparse(problem._columns()):
        return None if fixed else _linear
    if fixed or greedy:
        return (_blocks if fixed else _through_gram) if small else None
    return _linear


def _coordinates(at: Any, rule: Any, update: Any, order: Any) -> tuple[Any, ...]:
    """Return the arguments that say how coordinates are chosen and moved."""
    from optlab.kernels.block_coordinate_descent import still

    kind, score_by = parts.coordinate_scores(at, rule)
    arrays = still(order, score_by, parts.coordinate_steps(at, update), at.kinks.lower, at.kinks.upper)
    return kind, *arrays, update.composite


def _sparse(matrix: Any) -> tuple[Any, ...]:
    """Return the arrays of a CSR matrix, with the short indices that SciPy gives most of them."""
    from optlab.kernels.block_coordinate_descent import still

    indices, indptr = matrix.indices, matrix.indptr
    if matrix.nnz < np.iinfo(np.int32).max:
        indices, indptr = (a.astype(np.int32, copy=False) for a in (indices, indptr))
    return still(matrix.data, indices, indptr)


def _level(at: Any) -> tuple[float, float]:
    """Return the smooth part and the kinks at x; the loops keep them for their record, which is not counted."""
    if "kinks value" not in at.memory:
        at.memory["kinks value"] = float(at.kinks.value(at.x))
    value = _bare(at.problem).value_along(at.state.followed, np.array([0]), np.zeros(1), 0.0)
    return float(value), at.memory["kinks value"]


def _gram(problem: Any) -> Any:
    """Return the Hessian of a small least squares problem; it is kept with the problem."""

    def make() -> Any:
        T = problem._columns()
        return T @ T.T + problem.l2 * np.eye(T.shape[0])

    return problem._memo("hessian of the loops", make)


def _through(at: Any, x: Any, g: Any, value: float) -> Any:
    """Return the bookkeeping of a dense linear model at x, reached from the present one."""
    T = _bare(at.problem)._columns()
    return _linear_followed(at.state.followed, at.state.followed.z + (x - at.x) @ T, x, g, value)


def _linear_followed(followed: Any, z: Any, x: Any, g: Any, value: float) -> Any:
    kept = None if followed.x is None else x.copy()
    return dataclasses.replace(followed, z=z, x=kept, slope=None, gradient=g, value=value, along=None)


def _quadratic(at: Any, rule: Any, update: Any, x: Any, order: Any, record: Any) -> Any:
    from optlab.kernels import block_coordinate_descent_quadratic as kernels

    problem, followed = _bare(at.problem), at.state.followed
    H, g = problem._hessian(), np.array(followed.gradient)
    point = (x, g, _level(at), _coordinates(at, rule, update, order), record)
    if H.ndim == 2 and not is_sparse(H):
        done, value, at.memory["kinks value"] = kernels.quadratic_dense(*kernels.still(H), *point)
    else:
        csr = problem.bound_graph() if H.ndim == 1 else H
        done, value, at.memory["kinks value"] = kernels.quadratic_sparse(_sparse(csr), *point)
    return done, dataclasses.replace(followed, gradient=g, value=value)


def _through_gram(at: Any, rule: Any, update: Any, x: Any, order: Any, record: Any) -> Any:
    from optlab.kernels import block_coordinate_descent_quadratic as kernels

    g, H = np.array(at.gradient), kernels.still(_gram(_bare(at.problem)))
    point = (x, g, _level(at), _coordinates(at, rule, update, order), record)
    done, value, at.memory["kinks value"] = kernels.quadratic_dense(*H, *point)
    return done, _through(at, x, g, value)


def _linear(at: Any, rule: Any, update: Any, x: Any, order: Any, record: Any) -> Any:
    from optlab.kernels import block_coordinate_descent_linear as kernels
    from optlab.problems._blocks import SquaredBlocks

    problem, followed = _bare(at.problem), at.state.followed
    T, z, level = problem._columns(), np.array(followed.z), _level(at)
    squared = isinstance(problem, SquaredBlocks)
    loss = (kernels.SQUARED, 1.0) if squared else (kernels.LOGISTIC, float(problem.weight))
    model, how = (*loss, float(problem.l2)), _coordinates(at, rule, update, order)
    if is_sparse(T):
        g = np.array(at.gradient) if rule.greedy else np.zeros(at.n)
        matrices = _sparse(T), _sparse(problem._matrix())
        end = kernels.linear_sparse(*matrices, z, model, x, g, level, how, record)
    else:
        end = kernels.linear_dense(*kernels.still(T), z, model, x, level, how, record)
    done, value, at.memory["kinks value"] = end
    return done, _linear_followed(followed, z, x, g if rule.greedy else None, value)


def _blocks(at: Any, rule: Any, update: Any, x: Any, order: Any, record: Any) -> Any:
    from optlab.kernels import block_coordinate_descent_quadratic as kernels
    from optlab.problems._blocks import SquaredBlocks

    problem, still = _bare(at.problem), kernels.still
    linear = isinstance(problem, SquaredBlocks)
    g, value = np.array(problem.block_gradient(at.state.followed)), _level(at)[0]
    kind, score_by, block_by = parts.block_scores(at, rule)
    solvers, step_by = parts.block_steps(at, update)
    arrays = still(_gram(problem) if linear else problem._hessian(), at.state.table, solvers)
    how = (kind, *still(order, score_by, block_by, step_by))
    done, value = kernels.quadratic_blocks(*arrays, x, g, value, how, record)
    if linear:
        return done, _through(at, x, g, value)
    return done, dataclasses.replace(at.state.followed, gradient=g, value=value)
