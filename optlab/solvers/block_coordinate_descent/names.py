"""The names of the parts: what the strings of `BlockCoordinateDescent` stand for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from optlab.core.validate import one_of
from optlab.solvers.block_coordinate_descent.composite_selection import COMPOSITE_RULES
from optlab.solvers.block_coordinate_descent.composite_update import COMPOSITE_UPDATES
from optlab.solvers.block_coordinate_descent.message_passing import FOREST_PARTITIONS, FOREST_RULES, FOREST_UPDATES
from optlab.solvers.block_coordinate_descent.partition import PARTITIONS, Given
from optlab.solvers.block_coordinate_descent.parts import Partition, Rule, Update
from optlab.solvers.block_coordinate_descent.selection import RULES
from optlab.solvers.block_coordinate_descent.update import UPDATES

__all__ = ["as_partition", "as_rule", "as_update", "partition_names", "rule_names", "update_names"]

_RULES: dict[str, Callable[[], Rule]] = {**RULES, **COMPOSITE_RULES, **FOREST_RULES}
_UPDATES: dict[str, Callable[[], Update]] = {**UPDATES, **COMPOSITE_UPDATES, **FOREST_UPDATES}
_PARTITIONS: dict[str, Callable[[], Partition]] = {**PARTITIONS, **FOREST_PARTITIONS}


def rule_names() -> list[str]:
    """Return the names of all rules."""
    return list(_RULES)


def update_names() -> list[str]:
    """Return the names of all updates."""
    return list(_UPDATES)


def partition_names() -> list[str]:
    """Return the names of all partitions."""
    return list(_PARTITIONS)


@cache
def _made(kind: str, name: str) -> Any:
    """Return the part of this name, made once: parts are immutable, and every step of a run asks for them."""
    return (_RULES if kind == "rule" else _UPDATES)[name]()


def as_rule(rule: Any) -> Rule:
    """Return the rule of this name, or the object itself."""
    return rule if isinstance(rule, Rule) else _made("rule", one_of("rule", rule, _RULES))


def as_update(update: Any) -> Update:
    """Return the update of this name, or the object itself."""
    return update if isinstance(update, Update) else _made("update", one_of("update", update, _UPDATES))


def as_partition(partition: Any) -> Partition | None:
    """Return the partition of this name, the object itself, the given blocks; None for variable blocks."""
    if partition is None or isinstance(partition, Partition):
        return partition
    if isinstance(partition, str):
        return _PARTITIONS[one_of("partition", partition, _PARTITIONS)]()
    return Given(partition)
