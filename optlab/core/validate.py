"""Argument checks: each raises a specific error that names the argument and what was wrong with it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from typing import Any

__all__ = ["boolean", "integer", "number", "one_of"]


def number(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    infinite: bool = False,
) -> float:
    """Return `value` as a float inside the stated range; `infinite` lets +-inf pass."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number, got {type(value).__name__}")
    x = float(value)
    inside = (above == -math.inf or x > above) and (below == math.inf or x < below) and at_least <= x <= at_most
    if math.isnan(x) or not inside or (math.isinf(x) and not infinite):
        limits = ((">", above), (">=", at_least), ("<", below), ("<=", at_most))
        wanted = " and ".join(f"{sign} {limit:g}" for sign, limit in limits if math.isfinite(limit))
        kind = "a number" if infinite else "a finite number"
        raise ValueError(f"{name} must be {kind} {wanted}".rstrip() + f", got {value!r}")
    return x


def integer(name: str, value: Any, *, at_least: int | None = None, at_most: int | None = None) -> int:
    """Return `value` as an int inside the stated range."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}")
    i = int(value)
    if at_least is not None and i < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {i}")
    if at_most is not None and i > at_most:
        raise ValueError(f"{name} must be at most {at_most}, got {i}")
    return i


def boolean(name: str, value: Any) -> bool:
    """Return `value` when it is a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def one_of(name: str, value: Any, options: Collection[Any]) -> Any:
    """Return `value` when it is one of the options."""
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(repr(o) for o in options)}, got {value!r}")
    return value
