"""Fixed partitions of the coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.solvers.block_coordinate_descent.parts import Partition

__all__ = ["PARTITIONS", "Given", "Order"]


@dataclass(frozen=True)
class Order(Partition):
    """Consecutive indices."""

    def blocks(self, problem: Any, lipschitz: np.ndarray[Any, Any], block_size: int) -> list[Any]:
        return list(np.split(np.arange(lipschitz.size), range(block_size, lipschitz.size, block_size)))


@dataclass(frozen=True)
class Given(Partition):
    """The user's own blocks."""

    given: tuple[tuple[int, ...], ...]

    def blocks(self, problem: Any, lipschitz: np.ndarray[Any, Any], block_size: int) -> list[Any]:
        return [np.asarray(block) for block in self.given]


PARTITIONS: dict[str, Callable[[], Partition]] = {"order": Order}
