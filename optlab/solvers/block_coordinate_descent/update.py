"""Updates of smooth problems: how the chosen block moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import namespace
from optlab.solvers.block_coordinate_descent.parts import Move, Update

__all__ = ["UPDATES", "BlockStep", "CommonStep"]


@dataclass(frozen=True)
class CommonStep(Update):
    r"""The gradient step :math:`d = -\nabla_b f / L` with one constant for all coordinates."""

    def prepare(self, at: Any) -> None:
        at.memory["common"] = float(namespace(at.lipschitz).max(at.lipschitz))

    def move(self, at: Any, block: Any) -> Move:
        g, L = at.block_gradient(block), at.memory["common"]
        return Move(-g / L, L, float(namespace(g).sum(g * g)) / (2 * L))


@dataclass(frozen=True)
class BlockStep(Update):
    r"""The gradient step :math:`d = -\nabla_b f / L_b` with the constant of the block."""

    def move(self, at: Any, block: Any) -> Move:
        g, L = at.block_gradient(block), at.block_lipschitz(block)
        return Move(-g / L, L, float(namespace(g).sum(g * g)) / (2 * L))


UPDATES: dict[str, Callable[[], Update]] = {"L": CommonStep, "Lb": BlockStep}
