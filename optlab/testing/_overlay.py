"""A problem seen through changed oracles: counted independently, poisoned, raising, exploding or hidden."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from optlab.core.oracles import counted_methods, oracle_methods
from optlab.core.xp import is_sparse

__all__ = ["Overlay", "Switch", "counting", "exploding", "poisoned", "raising", "single_precision"]

Wrap = Callable[[str, Callable[..., Any]], Callable[..., Any]]

#: Oracles that give a direction to move along: turning them round turns a method into its opposite.
DIRECTIONS = ("gradient", "subgradient", "smooth_gradient", "stochastic_gradient", "weighted_rows")


class Overlay:
    """A problem whose oracles are wrapped, or hidden; everything else (metrics too) is the problem's own."""

    def __init__(self, problem: Any, wrap: Wrap | None = None, hidden: Collection[str] = ()) -> None:
        self._problem = problem
        for name in oracle_methods(problem):
            oracle = getattr(problem, name)
            setattr(self, name, None if name in hidden else oracle if wrap is None else wrap(name, oracle))

    def __getattr__(self, name: str) -> Any:
        if name == "_problem":
            raise AttributeError(name)
        return getattr(self._problem, name)


class Switch:
    """Says from when on an overlay misbehaves, and notes whether anybody noticed."""

    def __init__(self, on: bool = False) -> None:
        self.on, self.used, self.calls = on, False, 0


def counting(problem: Any, counts: dict[str, int]) -> Overlay:
    """Count every oracle call, independently of the ledger."""
    counts.update(dict.fromkeys(counted_methods(problem), 0))

    def wrap(name: str, oracle: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return oracle(*args, **kwargs)

        return counted if name in counts else oracle

    return Overlay(problem, wrap)


def poisoned(problem: Any, switch: Switch) -> Overlay:
    """Answer NaN once the switch is on."""

    def wrap(name: str, oracle: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any, **kwargs: Any) -> Any:
            out = oracle(*args, **kwargs)
            if not switch.on or not (isinstance(out, float) or (hasattr(out, "dtype") and not is_sparse(out))):
                return out  # bookkeeping, pairs of slopes and graphs stay whole: what is computed from them does not
            switch.used = True
            return out * float("nan")

        return answer

    return Overlay(problem, wrap)


class OracleFault(RuntimeError):
    """What a raising oracle raises."""


def raising(problem: Any, switch: Switch) -> Overlay:
    """Raise `OracleFault` once the switch is on."""

    def wrap(name: str, oracle: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any, **kwargs: Any) -> Any:
            if switch.on:
                switch.used = True
                raise OracleFault(f"{name} was told to fail")
            return oracle(*args, **kwargs)

        return answer

    return Overlay(problem, wrap)


def exploding(problem: Any, switch: Switch) -> Overlay:
    """Turn every direction round and let it grow tenfold with each call."""

    def wrap(name: str, oracle: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any, **kwargs: Any) -> Any:
            out = oracle(*args, **kwargs)
            if name not in DIRECTIONS:
                return out
            switch.used, switch.calls = True, switch.calls + 1
            return out * -(10.0 ** min(switch.calls, 300))

        return answer

    return Overlay(problem, wrap)


def single_precision(problem: Any) -> Any:
    """Return the problem with its NumPy data in float32, or None where that does not make a float32 problem."""
    twin = copy.deepcopy(problem)
    attributes = twin.__dict__
    if not isinstance(problem.like, np.ndarray):
        return None
    for name, value in attributes.items():
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            attributes[name] = value.astype(np.float32)
    start = twin.start(np.random.default_rng(0))
    answers = [
        getattr(twin, name)(start) for name in ("gradient", "subgradient", "smooth_gradient") if hasattr(twin, name)
    ]
    return twin if answers and all(a.dtype == np.float32 for a in [start, *answers]) else None
