"""Step sizes of first-order methods: from declared constants, by schedule, by search; and inner products of points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from optlab.core.validate import integer, one_of
from optlab.core.xp import namespace

__all__ = ["SCHEDULES", "backtrack", "column", "inner", "optimal_value", "scale_of", "scheduled", "smooth_step"]

#: A search gives up when it has shrunk the step by this factor: by then a point does not move any more.
_FLOOR = 1e-18


def inner(problem: Any, a: Any, b: Any) -> Any:
    """Inner product of points, over the axes of a point only (leading axes are repetitions)."""
    return namespace(a, b).sum(a * b, axis=tuple(range(-len(problem.shape), 0)))


def column(problem: Any, number: Any, x: Any) -> Any:
    """Return one number per repetition as an array that multiplies points like x, in their dtype."""
    xp = namespace(x)
    number = xp.asarray(number, dtype=x.dtype)
    return xp.reshape(number, (*number.shape, *(1 for _ in problem.shape)))


def smooth_step(problem: Any, step_size: float | None, solver: str) -> float:
    """Return `step_size`, or 1/L from the problem's declared constants."""
    if step_size is not None:
        return step_size
    L = problem.constants.get("L")
    advice = f"{solver}: give step_size"
    if L is None:
        raise ValueError(f"{advice}, because the smoothness constant L of {problem.name} is not known")
    if L.kind == "lower":
        raise ValueError(f"{advice}, because only a lower bound of L is known for {problem.name} ({L.how})")
    if not 0.0 < L.value < math.inf:
        raise ValueError(f"{advice}, because L = {L.value:g} of {problem.name} gives no step 1/L")
    return 1.0 / float(L.value)


def optimal_value(problem: Any, f_star: float | None, solver: str) -> float:
    """Return `f_star`, or the problem's optimal value when it is known exactly (Polyak's step needs it)."""
    if f_star is not None:
        return f_star
    if problem.reference is None or not problem.reference.is_exact:
        raise ValueError(f"{solver}: give f_star, because the optimal value of {problem.name} is not known exactly")
    return float(problem.reference.lo)


#: Step sizes by name, as factors of the scale: k steps were made, the horizon is N.
SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "constant": lambda k, horizon: 1.0,
    "sqrt": lambda k, horizon: 1.0 / math.sqrt(k + 1),
    "linear": lambda k, horizon: max(horizon - k, 0) / (horizon + 1),
}


def scheduled(schedule: str, scale: float, k: int, horizon: int | None) -> float:
    """Return the size of step k (counted from 0)."""
    return scale * SCHEDULES[schedule](k, horizon or 0)


def validate_schedule(schedule: str, horizon: int | None, further: tuple[str, ...] = ()) -> None:
    """Check the fields `schedule` and `horizon` of a solver against each other."""
    one_of("schedule", schedule, (*SCHEDULES, *further))
    if horizon is not None:
        integer("horizon", horizon, at_least=1)
    elif schedule == "linear":
        raise ValueError("schedule='linear' decays to zero at a horizon: give horizon, the number of steps")


def scale_of(problem: Any, step_size: float | None, schedule: str, horizon: int | None, solver: str) -> float:
    r"""Return `step_size`, or the scale of the schedule that the theory wants.

    With D the distance of the start and M the bound on the (stochastic) subgradients it is D / M for the decaying
    schedule "sqrt" and :math:`D / (M \sqrt{N + 1})` for the schedules that know their horizon N.
    """
    if step_size is not None:
        return step_size
    if schedule != "sqrt" and horizon is None:
        raise ValueError(f"{solver}: give step_size or horizon for schedule={schedule!r}")
    constants = problem.constants
    bound = next((name for name in ("M", "G") if name in constants), None)
    if "D" not in constants or bound is None:
        missing = "the distance D of the start" if bound is not None else "a bound M or G on the subgradients"
        raise ValueError(f"{solver}: give step_size, because {problem.name} does not know {missing}")
    scale = float(constants["D"].value) / float(constants[bound].value)
    return scale if schedule == "sqrt" else scale / math.sqrt((horizon or 0) + 1)


def backtrack(attempt: Callable[[Any], tuple[Any, Any]], step: Any, shrink: float) -> tuple[Any, Any, bool]:
    """Shrink `step` until ``attempt(step) -> (candidate, accepted)`` accepts, for every repetition.

    Returns the candidate, its step, and whether all repetitions hit the floor below which nothing moves.
    """
    xp = namespace(step)
    floor = _FLOOR * step
    while True:
        candidate, accepted = attempt(step)
        exhausted = step <= floor
        accepted = accepted | exhausted
        if bool(xp.all(accepted)):
            return candidate, step, bool(xp.all(exhausted))
        step = xp.where(accepted, step, shrink * step)
