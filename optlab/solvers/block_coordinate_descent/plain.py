"""Block moves for a problem that offers nothing but its value and its gradient: correct, at full cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optlab.core.oracles import SmoothPart, has_oracle
from optlab.core.xp import namespace, put_add

__all__ = ["PlainMoves"]


@dataclass
class _Followed:
    x: Any
    gradient: Any = None
    value: float | None = None


class PlainMoves:
    """The oracle `BlockMoves`, made from the whole gradient: each move costs as much as a gradient step.

    Parameters
    ----------
    problem : Problem
        A problem with the oracles `Value` and `Gradient`, or `SmoothPart`.
    """

    def __init__(self, problem: Any) -> None:
        smooth = has_oracle(problem, SmoothPart)
        self._value = problem.smooth_value if smooth else problem.value
        self._gradient = problem.smooth_gradient if smooth else problem.gradient

    def follow(self, x: Any) -> _Followed:
        """Return the bookkeeping at x."""
        return _Followed(x)

    def move(self, followed: _Followed, block: Any, d: Any) -> _Followed:
        """Return the bookkeeping at x + U_b d."""
        return _Followed(put_add(followed.x, block, d))

    def block_gradient(self, followed: _Followed, block: Any = None) -> Any:
        """Return the gradient, of the block or all of it."""
        if followed.gradient is None:
            followed.gradient = self._gradient(followed.x)
        return followed.gradient if block is None else namespace(followed.x).take(followed.gradient, block)

    def value_along(self, followed: _Followed, block: Any, d: Any, step: float) -> float:
        """Return f(x + step U_b d)."""
        if step == 0.0:
            if followed.value is None:
                followed.value = float(self._value(followed.x))
            return followed.value
        return float(self._value(put_add(followed.x, block, step * d)))
