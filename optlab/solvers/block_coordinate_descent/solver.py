"""The solver: choose a block, move it, keep the books."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import device

from optlab.core.oracles import (
    BlockCurvature,
    BlockMoves,
    Gradient,
    KinkSlopes,
    SmoothPart,
    has_oracle,
)
from optlab.core.result import Status
from optlab.core.solver import Solver
from optlab.core.validate import integer, one_of
from optlab.core.xp import as_float_array, namespace, put_add, to_numpy
from optlab.sets.kinks import Kinks
from optlab.solvers.block_coordinate_descent.compiled import is_compiled, make_units
from optlab.solvers.block_coordinate_descent.fit import fit
from optlab.solvers.block_coordinate_descent.names import as_partition, as_rule, as_update
from optlab.solvers.block_coordinate_descent.parts import Rule, Update
from optlab.solvers.block_coordinate_descent.plain import PlainMoves
from optlab.solvers.block_coordinate_descent.start import positive, without_curvature
from optlab.solvers.block_coordinate_descent.view import At, BlockState, Move

__all__ = ["BlockCoordinateDescent"]

#: A breach of the progress lemma counts when it is larger than this much of the objective's size.
_ROUNDING = 1e-9
#: Constants more than 2^60 times too small are beyond help.
_DOUBLINGS = 60


@dataclass(frozen=True)
class BlockCoordinateDescent(Solver):
    r"""Block coordinate descent: at each step choose a block b of the coordinates, and move that block alone.

    .. math:: x_{k+1} = x_k + U_b d

    It minimises a smooth f, or :math:`F = f + \sum_i g_i` with the separable term of the oracle `KinkSlopes`.  The
    method is put together from three parts, each given by its name or as an object: which blocks there are, which one
    is chosen, how it moves.

    Parameters
    ----------
    rule : str or Rule, default "GSL"
        How the block is chosen; see the Notes.
    update : str or Update, default "Lb"
        How the block moves; see the Notes.
    block_size : int, default 1
        Number of coordinates of a block, ``1 <= block_size <= n``.  The last block of a fixed partition may be smaller.
    partition : None, str, Partition or sequence of integer arrays, default None
        None: variable blocks, any `block_size` coordinates may be chosen.  Otherwise the coordinates are cut once into
        fixed blocks: "order", "sort", "average", "hessian-sort", "hessian-average", a `Partition`, or the blocks
        themselves (disjoint, covering all coordinates).
    lipschitz : float or array_like of shape (n,), optional
        The coordinate constants :math:`L_i > 0` to be used instead of the problem's own.  The progress they promise is
        checked at each step.
    on_violation : {"switch", "warn", "raise"}, default "switch"
        What to do when a step falls short of the promise of the given constants: warn and double them until they keep
        it, only warn (once), or raise ValueError.
    refresh : int, optional
        Number of steps after which the bookkeeping is worked out afresh, so that rounding errors do not pile up; about
        100 sweeps when absent.
    chunk : int, default 1
        Steps made in one call, with one row of the history: much faster where there is a compiled loop (see the Notes).

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or a part unknown; before any work.
    MissingOracle
        If a part needs an oracle that the problem does not offer.

    Notes
    -----
    Write :math:`g = \nabla f(x)`, and H for the bound of the Hessian (oracle `BlockCurvature`), with
    :math:`L = \max_i L_i`.  **Rules** for smooth problems: "random", "cyclic" and "lipschitz" (probability proportional
    to :math:`L_b`), which also serve composite ones; "GS", the largest :math:`\|g_b\|`; "GSL",
    :math:`\|g_b\|^2 / L_b`; "GSD", :math:`\sum_b g_i^2 / D_i` with :math:`D_i = |b| L_i` ("GSD-rows":
    :math:`D_i = \sum_j |H_{ij}|`); "GSQ", :math:`g_b^T H_{bb}^{-1} g_b`; and the greedy forests of message passing.
    For composite problems "GS-s", "GS-r", "GS-q" with the common L, "GSL-s", "GSL-r", "GSL-q" with the own constants.

    **Updates**: "L", "Lb", "D" gradient steps; "Hb" the matrix step; "newton" the block Newton step with a line search;
    "exact"; "LA", which finds its constants itself; "forest" for huge blocks without cycles.  For composite problems
    "PG" (proximal gradient), "PN" (proximal Newton) and "TMP" (two-metric projection).  The objects with all their
    parameters are in ``optlab.solvers.block_coordinate_descent``; a new one is a class with one method (see
    `optlab.solvers.block_coordinate_descent.parts`).

    ``history.trace`` holds, for every step, what was "selected" (the coordinates, or the number of the fixed block),
    its "size", the constant "lipschitz" whose inverse was the step size, and the "progress" that the constants promise
    (of blocks that differ in size, such as greedy forests, only the first coordinate is kept; ``state.block`` of
    `iterate` has all of the last one).  The column
    "residual" (greedy rules only, which have the full gradient at hand) is :math:`\max_i |g_i|`, or
    :math:`\max_i L_i |x_i - \operatorname{prox}_{g_i/L_i}(x_i - g_i / L_i)|`; zero ends the run with status EXACT.  A
    start with forbidden negative entries is projected.  Among equal scores the lowest index wins.

    With a problem that offers only its value and gradient every step costs a full gradient.

    Compiled loops (``chunk > 1``) exist for NumPy data in double precision with the problem's own constants: single
    coordinates of quadratics, least squares and logistic regression, with or without kinks, with the rules named above
    but for forests and the updates "L", "Lb", "Hb", "D", "PG", and "exact" of quadratics (greedy rules on dense
    logistic data have none); and fixed blocks of smooth dense quadratics and least squares, with "random", "cyclic",
    "lipschitz", "GS", "GSL", "GSD" and "L", "Lb", "Hb", "exact".  They make the steps of an ordinary run, up to
    rounding, and trace the "value" of the objective, too.

    References
    ----------
    J. Nutini, I. Laradji, M. Schmidt, Let's Make Block Coordinate Descent Converge Faster: Faster Greedy Rules,
    Message-Passing, Active-Set Complexity, and Superlinear Convergence, JMLR 23(131), 2022.
    J. Nutini, M. Schmidt, I. Laradji, M. Friedlander, H. Koepke, Coordinate Descent Converges Faster with the
    Gauss-Southwell Rule Than Random Selection, ICML 2015.

    Examples
    --------
    On a diagonal quadratic GSL solves one coordinate after the other:

    >>> import optlab as ol
    >>> problem = ol.problems.Quadratic([1.0, 2.0, 5.0])
    >>> result = ol.BlockCoordinateDescent(rule="GSL", lipschitz=[1.0, 2.0, 5.0]).run(problem, max_iter=10)
    >>> result.x, result.status.name, result.k, result.history.trace["selected"][:, 0]
    (array([1., 1., 1.]), 'EXACT', 3, array([2, 1, 0]))
    """

    rule: str | Rule = "GSL"
    update: str | Update = "Lb"
    block_size: int = 1
    partition: Any = None
    lipschitz: Any = None
    on_violation: str = "switch"
    refresh: int | None = None
    chunk: int = 1

    requires = ((BlockMoves, Gradient, SmoothPart),)

    def __post_init__(self) -> None:
        as_rule(self.rule)
        as_update(self.update)
        as_partition(self.partition)
        integer("block_size", self.block_size, at_least=1)
        one_of("on_violation", self.on_violation, ("switch", "warn", "raise"))
        integer("chunk", self.chunk, at_least=1)
        if self.refresh is not None:
            integer("refresh", self.refresh, at_least=1)
        if self.lipschitz is not None:  # kept as plain numbers: a solver can be compared and hashed
            constants = as_float_array(to_numpy(self.lipschitz), "lipschitz")
            if constants.ndim > 1 or not bool((np.isfinite(constants) & (constants > 0)).all()):
                raise ValueError("lipschitz must be one number > 0, or one for each coordinate")
            plain = float(constants) if constants.ndim == 0 else tuple(float(c) for c in constants)
            object.__setattr__(self, "lipschitz", plain)

    def check(self, problem: Any) -> None:
        """Raise unless this combination of parts fits the problem."""
        super().check(problem)
        fit(self, problem)

    def init(self, problem: Any, x0: Any, rng: Any) -> BlockState:
        if has_oracle(problem, KinkSlopes):
            kinks = Kinks(*problem.kink_slopes())
            x0 = kinks.project(x0)
        else:
            zero = namespace(x0).zeros_like(x0)
            kinks = Kinks(zero, zero)
        moves = self._moves(problem)
        state = BlockState(x0, rng=rng, kinks=kinks, followed=moves.follow(x0))
        state.composite = has_oracle(problem, KinkSlopes)
        state.given = self.lipschitz is not None
        lipschitz = self._constants(problem, x0)
        state.x = without_curvature(state, moves, lipschitz)
        if state.x is not x0:
            state.followed = moves.follow(state.x)
        state.lipschitz = positive(lipschitz)
        at = At(problem, moves, state, self.block_size)
        self._cut(at)
        rule, update = as_rule(self.rule), as_update(self.update)
        rule.prepare(at)
        update.prepare(at)
        self._look(at, rule)
        return state

    def step(self, problem: Any, state: Any) -> BlockState:
        at = At(problem, self._moves(problem), state, self.block_size)
        rule, update = as_rule(self.rule), as_update(self.update)
        if self.chunk == 1:
            self._unit(at, rule, update)
        elif is_compiled(self, problem):
            make_units(at, rule, update, state.units(self.chunk), self._period(at))
            self._settle(at, rule)
        else:
            traces = []
            for _ in range(state.units(self.chunk)):
                self._unit(at, rule, update)
                traces.append(state.trace)
                if state.done is not None:
                    break
            state.trace = {name: np.concatenate([trace[name] for trace in traces]) for name in traces[0]}
        return state

    def _unit(self, at: At, rule: Rule, update: Update) -> None:
        """Make one step."""
        state = at.state
        block = rule.select(at)
        move = update.move(at, block)
        if self.lipschitz is not None:
            move = self._guarded(at, block, move)
        _record(state, block, move)
        state.x = put_add(state.x, block.indices, move.d)
        state.followed = at.moves.move(state.followed, block.indices, move.d)
        state.k += 1
        state.since += 1
        state.gradient = None
        self._settle(at, rule)

    def _settle(self, at: At, rule: Rule) -> None:
        """Refresh the bookkeeping when it is time, and look where the iterate is."""
        state = at.state
        if state.since >= self._period(at):
            state.followed, state.since, state.gradient = at.moves.follow(state.x), 0, None
            self._look(at, rule)
        elif rule.greedy:
            self._look(at, rule)

    def _moves(self, problem: Any) -> Any:
        return problem if has_oracle(problem, BlockMoves) else PlainMoves(problem)

    def _period(self, at: At) -> int:
        return self.refresh or max(100 * at.n // self.block_size, 1)

    def _constants(self, problem: Any, x0: Any) -> Any:
        """Return the coordinate constants: the user's, the problem's, or its L for each coordinate."""
        if self.lipschitz is not None:
            given = namespace(x0).asarray(self.lipschitz, dtype=x0.dtype, device=device(x0))
            return given + namespace(x0).zeros_like(x0)
        if has_oracle(problem, BlockCurvature):
            return problem.coordinate_lipschitz()
        L = problem.constants["L"].value if "L" in problem.constants else 1.0
        return float(L) * namespace(x0).ones_like(x0)

    def _cut(self, at: At) -> None:
        """Cut the coordinates into the blocks of the partition."""
        partition = as_partition(self.partition)
        if partition is None:
            return
        cut = partition.blocks(at.problem, to_numpy(at.lipschitz), self.block_size)
        at.state.blocks = [at.integers(block) for block in cut]
        table = np.full((len(cut), max(len(block) for block in cut)), at.n)
        for i, block in enumerate(cut):
            table[i, : len(block)] = block
        at.state.table = at.integers(table)

    def _guarded(self, at: At, block: Any, move: Move) -> Move:
        """Return a move that keeps its promise: with constants too small the objective may rise."""
        state = at.state
        before = at.value()
        for _ in range(_DOUBLINGS):
            short = at.shortfall(block, move, before)
            if not short > _ROUNDING * max(abs(before), move.progress):
                return move
            text = f"the given lipschitz is too small for the block of coordinate {int(block.indices[0])}"
            if self.on_violation == "raise":
                raise ValueError(f"{text}: the objective fell {short:.3g} short of the promised {move.progress:.3g}")
            if "violated" not in state.memory:
                advice = "it is doubled where needed" if self.on_violation == "switch" else "steps may not descend"
                warnings.warn(f"{text}; {advice}", RuntimeWarning, stacklevel=2)
                state.memory["violated"] = state.k
            if self.on_violation == "warn":
                return move
            state.lipschitz = put_add(state.lipschitz, block.indices, at.take(state.lipschitz, block))
            move = as_update(self.update).move(at, block)
        return move

    def _look(self, at: At, rule: Rule) -> None:
        """Tell how far from stationary the iterate is, when the full gradient is at hand."""
        state = at.state
        residual = at.residual()
        state.info = {"residual": residual}
        if residual == 0.0:
            state.done, state.message = Status.EXACT, "every coordinate is stationary"
        if not rule.greedy:
            state.gradient = None


def _record(state: BlockState, block: Any, move: Move) -> None:
    """Leave the exact record of the step: what was chosen, the step's constant, the progress promised."""
    state.block = block
    chosen = to_numpy(block.indices) if block.number is None else np.array([block.number])
    state.trace = {
        "selected": chosen[:1] if state.memory.get("ragged") else chosen[None, :],
        "lipschitz": np.array([move.lipschitz]),
        "progress": np.array([move.progress]),
        "size": np.array([chosen.size if block.number is None else block.indices.shape[0]]),
    }
