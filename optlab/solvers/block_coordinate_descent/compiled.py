"""Compiled loops for the combinations of parts that have one: many steps in one call, with an exact record of each."""

from __future__ import annotations

from typing import Any

__all__ = ["is_compiled", "make_units"]


def is_compiled(solver: Any, problem: Any) -> bool:
    """Whether this combination has a compiled loop."""
    return False


def make_units(at: Any, rule: Any, update: Any, units: int) -> None:
    """Make `units` steps in a kernel."""
    raise TypeError("no compiled loop")
