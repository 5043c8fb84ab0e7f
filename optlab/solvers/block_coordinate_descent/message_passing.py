"""Huge blocks whose graph is a forest: solved exactly in linear time."""

from __future__ import annotations

from collections.abc import Callable

from optlab.solvers.block_coordinate_descent.parts import Partition, Rule, Update

FOREST_PARTITIONS: dict[str, Callable[[], Partition]] = {}
FOREST_RULES: dict[str, Callable[[], Rule]] = {}
FOREST_UPDATES: dict[str, Callable[[], Update]] = {}
