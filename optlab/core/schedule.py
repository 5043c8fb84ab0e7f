"""Schedules: when the history gets a row.  Row 0 and the last row are there whatever the schedule."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.core.validate import integer

__all__ = ["At", "Every", "LogSpaced", "Schedule", "as_schedule"]


class Schedule:
    """When to record: `next(k)` is the first k after the given one at which a row is due."""

    def next(self, k: int) -> float:
        """Return the first due k' > k (infinity when there is none)."""
        raise TypeError(f"{type(self).__name__} has no next()")


@dataclass(frozen=True)
class Every(Schedule):
    """Record every `n` steps.

    Parameters
    ----------
    n : int, default 1
        Distance of the rows, >= 1.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.GradientDescent().run(ol.problems.Quadratic([1.0, 2.0]), max_iter=7, record=ol.Every(3))
    >>> result.history["k"]
    array([0, 3, 6, 7])
    """

    n: int = 1

    def __post_init__(self) -> None:
        integer("n", self.n, at_least=1)

    def next(self, k: int) -> float:
        """Return the next multiple of `n`."""
        return (k // self.n + 1) * self.n


@dataclass(frozen=True)
class LogSpaced(Schedule):
    """Record about `per_decade` rows per factor of ten in k: what log-log plots and slopes want.

    Parameters
    ----------
    per_decade : int, default 20
        Rows per factor of ten, >= 1.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.GradientDescent().run(ol.problems.Quadratic([1.0, 2.0]), max_iter=50, record=ol.LogSpaced(3))
    >>> result.history["k"]
    array([ 0,  1,  3,  5, 10, 22, 47, 50])
    """

    per_decade: int = 20

    def __post_init__(self) -> None:
        integer("per_decade", self.per_decade, at_least=1)

    def next(self, k: int) -> float:
        """Return the next integer point of the logarithmic grid."""
        if k <= 0:
            return 1
        i = math.floor(self.per_decade * math.log10(k)) + 1
        while (point := math.ceil(round(10 ** (i / self.per_decade), 9))) <= k:
            i += 1
        return point


@dataclass(frozen=True)
class At(Schedule):
    """Record at the listed k.

    Parameters
    ----------
    ks : iterable of int
        Where a row is wanted, >= 0; order and repetitions do not matter.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.GradientDescent().run(ol.problems.Quadratic([1.0, 2.0]), max_iter=7, record=ol.At((5, 2)))
    >>> result.history["k"]
    array([0, 2, 5, 7])
    """

    ks: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ks", tuple(sorted({integer("ks", k, at_least=0) for k in self.ks})))

    def next(self, k: int) -> float:
        """Return the next listed k."""
        i = bisect.bisect_right(self.ks, k)
        return self.ks[i] if i < len(self.ks) else math.inf


@dataclass(frozen=True)
class _Custom(Schedule):
    due: Callable[[int], bool]
    horizon: int = 100_000  # how far ahead a user's rule is searched before the driver looks again

    def next(self, k: int) -> float:
        return next((j for j in range(k + 1, k + self.horizon) if self.due(j)), k + self.horizon)


def as_schedule(record: Any) -> Schedule:
    """Turn the ``record=`` argument into a `Schedule`.

    Parameters
    ----------
    record : None, int, "log", iterable of int, callable or Schedule
        None and 1 record every step; n every n steps; "log" 20 rows a decade; a list those k; a callable ``due(k)``.
    """
    if record is None:
        return Every(1)
    if isinstance(record, Schedule):
        return record
    if isinstance(record, str):
        if record != "log":
            raise ValueError(f'record must be an int, "log", a list of k, a callable or a Schedule, got {record!r}')
        return LogSpaced()
    if isinstance(record, int | np.integer) and not isinstance(record, bool):
        return Every(integer("record", record, at_least=1))
    if callable(record):
        return _Custom(record)
    if isinstance(record, Iterable):
        return At(tuple(record))
    raise TypeError(f'record must be an int, "log", a list of k, a callable or a Schedule, got {type(record).__name__}')
