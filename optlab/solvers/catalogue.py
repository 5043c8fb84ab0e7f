"""Example instances of every solver and variant: what the contract tests and `optlab list` walk through."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["examples"]

_MODULES = (
    "normalized_logistic_gd",
    "perceptron",
    "block_coordinate_descent",
    "gradient_descent",
    "nesterov",
    "proximal_gradient",
    "subgradient",
    "sgd",
)


def examples() -> dict[str, Callable[[], Any]]:
    """Return factories of solver instances by a readable name, every public variant at least once.

    Examples
    --------
    >>> import optlab as ol
    >>> "NormalizedLRGD" in ol.solvers.examples()
    True
    """
    out: dict[str, Callable[[], Any]] = {}
    for module in _MODULES:
        out |= importlib.import_module(f"optlab.solvers.{module}").EXAMPLES
    return out
