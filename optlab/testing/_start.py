"""Start points of every kind a user may pass, and those that must be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.solver import Solver
from optlab.testing._overlay import counting
from optlab.testing._same import require, same_point

__all__ = ["starts"]


def _kinds_of_start(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    start = problem.start(np.random.default_rng(0))
    if not isinstance(start, np.ndarray):
        return
    title = f"{solver!r} on {problem.name}"
    whole = np.rint(start)
    expected = solver.run(problem, x0=whole.astype(problem.dtype), **options)
    frozen = whole.copy()
    frozen.flags.writeable = False
    kinds = {
        "read-only": frozen,
        "integer": whole.astype(int),
        "Fortran-ordered": np.asfortranarray(whole),
        "strided": np.repeat(whole, 2, axis=0)[::2],
        "list": whole.tolist(),
    }
    for kind, x0 in kinds.items():
        before = np.array(x0)
        result = solver.run(problem, x0=x0, **options)
        require(np.array_equal(np.array(x0), before), f"{title}: the user's x0 ({kind}) was changed")
        require(same_point(result.x, expected.x), f"{title}: x0 given {kind} led to another iterate")
    require(whole.dtype == start.dtype and np.array_equal(np.rint(start), whole), f"{title}: the start was changed")


def _refused_starts(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    start = problem.start(np.random.default_rng(0))
    if not isinstance(start, np.ndarray):
        return
    bad = {
        "of the wrong shape": np.zeros((*start.shape, 2)),
        "with NaN": np.full(start.shape, np.nan),
        "with an infinity": np.full(start.shape, np.inf),
    }
    for kind, x0 in bad.items():
        calls: dict[str, int] = {}
        title = f"{solver!r} on {problem.name}: x0 {kind}"
        try:
            solver.run(counting(problem, calls), x0=x0, **options)
        except ValueError as err:
            require("x0" in str(err), f"{title} raised an error that does not name x0: {err}")
        else:
            raise AssertionError(f"{title} was accepted")
        require(not any(calls.values()), f"{title} was refused only after oracles had been called")


starts: dict[str, Callable[..., None]] = {"kinds of start": _kinds_of_start, "refused starts": _refused_starts}
