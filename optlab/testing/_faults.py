"""Oracles that go wrong in the middle of a run: the solver must end honestly and lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.result import Result
from optlab.core.solver import Solver
from optlab.testing._overlay import OracleFault, Overlay, Switch, exploding, poisoned, raising
from optlab.testing._same import finite, require, same_point

__all__ = ["faulty_oracles"]

#: The oracles go wrong after this step: in step 3.
_AFTER = 2


def _turn_on(switch: Switch) -> Callable[[Any], None]:
    def callback(view: Any) -> None:
        switch.on = view.k >= _AFTER

    return callback


def _nan(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    switch, title = Switch(), f"{solver!r} on {problem.name}: an oracle that answers NaN from step {_AFTER + 1} on"
    clean = solver.run(problem, store_x=True, **options)
    result = solver.run(poisoned(problem, switch), callback=_turn_on(switch), store_x=True, **options)
    if not switch.used:
        return  # the method had finished, or did not ask again
    require(not result.success, f"{title} led to {result.status.name}: {result.message}")
    require(finite(result.x), f"{title}: the returned iterate is not finite")
    _kept(result, clean, title)


def _exception(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    switch, title = Switch(), f"{solver!r} on {problem.name}: an oracle that raises in step {_AFTER + 1}"
    clean = solver.run(problem, store_x=True, **options)
    faulty: Overlay = raising(problem, switch)
    try:
        solver.run(faulty, callback=_turn_on(switch), store_x=True, **options)
    except OracleFault as err:
        result = getattr(err, "result", None)
        if result is None:
            raise AssertionError(f"{title}: the exception does not carry the result so far") from err
        require(not result.success and result.status.name == "ERROR", f"{title} ended as {result.status.name}")
        _kept(result, clean, title)
        return
    require(not switch.used, f"{title}: the exception was swallowed")


def _kept(result: Result, clean: Result, title: str) -> None:
    """The rows before the fault are those of the clean run, and the last row is the returned iterate."""
    rows = int(np.searchsorted(clean.history["k"], result.k, side="right"))
    require(result.history["k"][-1] == result.k, f"{title}: the last row is not the returned iterate")
    require(len(result.history) >= min(2, rows), f"{title}: the history was lost")
    for name in clean.history.metrics:
        before = clean.history["k"] <= _AFTER
        found = result.history[name][: before.sum()]
        require(
            np.array_equal(found, clean.history[name][before][: len(found)], equal_nan=True),
            f"{title}: the history before the fault was changed",
        )
    if result.k <= _AFTER and result.k in clean.history["k"]:
        x = clean.history.x[int(np.flatnonzero(clean.history["k"] == result.k)[0])]
        require(same_point(result.x, x), f"{title}: the returned iterate is not the one before the fault")


def _explosion(solver: Solver, problem: Any, options: dict[str, Any]) -> None:
    switch, title = Switch(), f"{solver!r} on {problem.name}: directions turned round and growing tenfold"
    result = solver.run(exploding(problem, switch), **options)
    if not switch.used or result.k == 0:
        return
    require(not result.success, f"{title} led to {result.status.name}: {result.message}")
    require(finite(result.x), f"{title}: the returned iterate is not finite")


faulty_oracles: dict[str, Callable[..., None]] = {
    "NaN oracle": _nan,
    "raising oracle": _exception,
    "exploding oracle": _explosion,
}
