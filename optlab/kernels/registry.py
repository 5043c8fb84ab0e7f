"""How kernels are compiled, listed and warmed up."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba

__all__ = ["KERNELS", "Kernel", "jit", "register", "warmup"]

#: Modules of this room that register kernels on import.
_MODULES = (
    "block_coordinate_descent",
    "block_coordinate_descent_forest",
    "block_coordinate_descent_gram",
    "block_coordinate_descent_graph",
    "block_coordinate_descent_heap",
    "block_coordinate_descent_lasso",
    "block_coordinate_descent_linear",
    "block_coordinate_descent_quadratic",
    "normalized_logistic_gd",
)

#: Every kernel by name.
KERNELS: dict[str, Kernel] = {}


@dataclass(frozen=True)
class Kernel:
    """A compiled function, its pure-Python twin, and a tiny valid call for tests and warm-up."""

    compiled: Callable[..., Any]
    twin: Callable[..., Any]
    sample: Callable[[], tuple[Any, ...]]


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile with numba, cached on disk where the installation allows it.

    A read-only install or a function typed into a notebook has no place for a cache; numba then raises at decoration,
    and the kernel is compiled once per process instead.
    """
    try:
        compiled: Callable[..., Any] = numba.njit(cache=True, fastmath=False)(function)
    except RuntimeError:
        compiled = numba.njit(fastmath=False)(function)
    return compiled


def register(
    name: str, compiled: Callable[..., Any], twin: Callable[..., Any], sample: Callable[[], tuple[Any, ...]]
) -> None:
    """List a kernel under a unique name."""
    if name in KERNELS:
        raise ValueError(f"a kernel named {name} is registered already")
    KERNELS[name] = Kernel(compiled, twin, sample)


def warmup() -> list[str]:
    """Compile (or load from the cache) every kernel of the package, and return their names.

    Examples
    --------
    >>> import optlab as ol
    >>> len(ol.warmup()) > 0
    True
    """
    for module in _MODULES:
        importlib.import_module(f"optlab.kernels.{module}")
    for kernel in KERNELS.values():
        kernel.compiled(*kernel.sample())
    return sorted(KERNELS)
