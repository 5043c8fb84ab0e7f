"""Rules of composite problems."""

from __future__ import annotations

from collections.abc import Callable

from optlab.solvers.block_coordinate_descent.parts import Rule

COMPOSITE_RULES: dict[str, Callable[[], Rule]] = {}
