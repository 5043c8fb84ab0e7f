"""What the compiled loops know of the parts: how a rule chooses, which constants an update steps by, what is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.core.xp import to_numpy
from optlab.solvers.block_coordinate_descent.block_constants import block_constants
from optlab.solvers.block_coordinate_descent.composite_selection import DecreaseRule, StepRule, SubgradientRule
from optlab.solvers.block_coordinate_descent.composite_update import ProximalStep
from optlab.solvers.block_coordinate_descent.newton import ExactStep, MatrixStep
from optlab.solvers.block_coordinate_descent.sampling import Cyclic, LipschitzSampling, Random
from optlab.solvers.block_coordinate_descent.selection import GS, GSD, GSL, GSQ
from optlab.solvers.block_coordinate_descent.systems import factor, solve
from optlab.solvers.block_coordinate_descent.update import BlockStep, CommonStep, DiagonalStep, RowSumStep

__all__ = [
    "BLOCK_RULES",
    "BLOCK_UPDATES",
    "DRAWN_RULES",
    "RULES",
    "UPDATES",
    "block_scores",
    "block_steps",
    "coordinate_scores",
    "coordinate_steps",
    "draw",
    "is_plain",
]

#: The parts that the loops over single coordinates, and over fixed blocks, know; subclasses are not among them.
DRAWN_RULES = (Random, Cyclic, LipschitzSampling)
RULES = (*DRAWN_RULES, GS, GSL, GSD, GSQ, SubgradientRule, StepRule, DecreaseRule)
BLOCK_RULES = (*DRAWN_RULES, GS, GSL, GSD)
UPDATES = (CommonStep, BlockStep, MatrixStep, ExactStep, DiagonalStep, RowSumStep, ProximalStep)
BLOCK_UPDATES = (CommonStep, BlockStep, MatrixStep, ExactStep)


def is_plain(rule: Any) -> bool:
    """Whether the rule has no variant that the loops do not know."""
    return getattr(rule, "norm", "l2") == "l2"


def coordinate_scores(at: Any, rule: Any) -> tuple[int, Any]:
    """Return the kind of choice, and the constants of the scores."""
    from optlab.kernels import block_coordinate_descent as kernels

    if isinstance(rule, DRAWN_RULES):
        return kernels.DRAWN, at.lipschitz
    if isinstance(rule, GS):
        return kernels.MAGNITUDE, at.lipschitz
    if isinstance(rule, GSD) and rule.diagonal == "rows":
        return kernels.GRADIENT, at.memory["row sums"]
    if isinstance(rule, GSL | GSD | GSQ):
        return kernels.GRADIENT, at.lipschitz
    kinds = {SubgradientRule: kernels.SUBGRADIENT, StepRule: kernels.STEP, DecreaseRule: kernels.DECREASE}
    constants = at.lipschitz if rule.own else np.full(at.n, np.max(at.lipschitz))
    return kinds[type(rule)], constants


def coordinate_steps(at: Any, update: Any) -> Any:
    """Return the constants of the steps."""
    if isinstance(update, CommonStep) or getattr(update, "step", None) == "L":
        return np.full(at.n, at.memory["common"])
    return at.memory["row sums"] if isinstance(update, RowSumStep) else at.lipschitz


def block_scores(at: Any, rule: Any) -> tuple[int, Any, Any]:
    """Return the kind of choice, and the divisors of the scores of coordinates and blocks."""
    from optlab.kernels import block_coordinate_descent as kernels

    ones, each = np.ones(at.n), np.ones(len(at.state.blocks))
    if isinstance(rule, DRAWN_RULES):
        return kernels.DRAWN, ones, each
    if isinstance(rule, GSL):
        return kernels.GRADIENT, ones, block_constants(at)
    if isinstance(rule, GS):
        return kernels.GRADIENT, ones, each
    divisors = at.memory["row sums"] if rule.diagonal == "rows" else at.memory.get("block sizes", ones) * at.lipschitz
    return kernels.GRADIENT, divisors, each


def block_steps(at: Any, update: Any) -> tuple[Any, Any]:
    """Return the inverses of the bounds, an empty stack where none are needed, and the constants of the blocks."""
    count, width = at.state.table.shape
    if isinstance(update, CommonStep):
        return np.empty((0, width, width)), np.full(count, at.memory["common"])
    blocks = [at.fixed(b) for b in range(count)]
    if isinstance(update, BlockStep):
        return np.empty((0, width, width)), np.array([at.block_lipschitz(block) for block in blocks])
    if "inverses" not in at.memory:
        inverses, constants = np.zeros((count, width, width)), np.full(count, np.nan)
        for b, block in enumerate(blocks):
            size = len(block.indices)
            inverses[b, :size, :size] = solve(factor(at.bound(block)), np.eye(size))
            if size == 1:
                constants[b] = at.block_lipschitz(block)
        at.memory["inverses"] = inverses, constants
    return at.memory["inverses"]  # type: ignore[no-any-return]


def draw(at: Any, rule: Any, count: int) -> Any:
    """Return the next `count` choices of a rule that does not look: those that as many calls of `select` would give."""
    blocks = at.state.blocks
    size = at.n if blocks is None else len(blocks)
    if isinstance(rule, Random):
        return at.rng.integers(size, size=count)
    if isinstance(rule, Cyclic):
        return np.arange(at.k, at.k + count) % size if blocks is not None else _permuted(at, rule, count)
    if isinstance(rule, LipschitzSampling):
        weights = to_numpy(at.lipschitz if blocks is None else block_constants(at))
        if blocks is None and "curved" in at.memory:
            weights = np.where(at.memory["curved"], weights, 0.0)
        ends = np.cumsum(weights)
        points = np.minimum(at.rng.random(count) * ends[-1], np.nextafter(ends[-1], 0.0))
        return np.searchsorted(ends, points, side="right")
    return np.empty(0, dtype=np.int64)


def _permuted(at: Any, rule: Any, count: int) -> Any:
    """Return the next coordinates of sweeps through permutations."""
    out = np.empty(count, dtype=np.int64)
    for made in range(count):
        place = (at.k + made) % at.n
        if at.k + made == 0 or (rule.reshuffle and place == 0):
            at.memory["permutation"] = at.rng.permutation(at.n)
        out[made] = at.memory["permutation"][place]
    return out
