"""Rules of smooth problems: which block is moved next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optlab.solvers.block_coordinate_descent.parts import Rule, ScoreRule

__all__ = ["GS", "GSL", "RULES"]


@dataclass(frozen=True)
class GS(ScoreRule):
    """Gauss-Southwell: the largest gradient."""

    def scores(self, at: Any) -> Any:
        return at.gradient**2


@dataclass(frozen=True)
class GSL(ScoreRule):
    """Gauss-Southwell-Lipschitz."""

    def scores(self, at: Any) -> Any:
        return at.gradient**2 / at.lipschitz


RULES: dict[str, Callable[[], Rule]] = {"GS": GS, "GSL": GSL}
