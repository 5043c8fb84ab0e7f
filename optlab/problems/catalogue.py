"""The catalogue: a small instance of every problem of the package, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["examples"]

_FAMILIES = (
    "quadratic",
    "least_squares",
    "scalar",
    "nonsmooth",
    "lasso",
    "logistic",
    "stochastic",
    "separable",
    "separable_instances",
    "block_quadratics",
    "block_traps",
    "graph_quadratics",
    "label_propagation",
    "nonnegative",
    "planted_manifold",
    "planted_logistic",
    "softmax",
)


def examples() -> dict[str, Callable[[], Any]]:
    """Return factories of small problem instances by name.

    Every public problem class appears at least once, the siblings that violate an assumption included (their `violates`
    says which one).

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.examples()["WorstCase"]().constants.mu
    0.5
    """
    out: dict[str, Callable[[], Any]] = {}
    for family in _FAMILIES:
        out |= importlib.import_module(f"optlab.problems.{family}").EXAMPLES
    return out
