"""Load public names of a room on first use, so that importing the package stays fast (PEP 562)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(room: str, modules: dict[str, tuple[str, ...]]) -> tuple[list[str], Callable[[str], Any]]:
    """Return ``(__all__, __getattr__)`` for a room whose modules define the listed names."""
    where = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> Any:
        if name in where:
            return getattr(importlib.import_module(f"{room}.{where[name]}"), name)
        raise AttributeError(f"module {room!r} has no attribute {name!r}; it has {', '.join(sorted(where))}")

    return sorted(where), load
