"""History: the columnar record of a run.

Row 0 is the start and the last row is the returned iterate, whatever the schedule.  Every value in a row belongs to the
iterate of that row.
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from optlab.core.validate import number
from optlab.core.xp import to_numpy

__all__ = ["History"]


class History:
    """Columns of a run: `k`, `time` (s), the metrics, `calls.<oracle>`, and the solver's info.

    ``history["gap"]`` is a NumPy array with one entry per row (a leading axis over rows when the run is batched).
    Values that did not exist at a row are NaN.  `trace` holds exact per-unit values of chunked solvers and `x` the
    stored iterates, if asked for.

    Parameters
    ----------
    store_x : bool or float
        Whether to keep the iterates; a number is a memory cap in bytes (True means 256 MB).  When the cap is reached,
        every second stored iterate is dropped and from then on every second row is kept: the whole run stays covered.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(1, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    >>> history = ol.GradientDescent(step_size=0.25).run(problem, x0=[1.0], max_iter=2).history
    >>> history["k"], history["value"]
    (array([0, 1, 2]), array([1.    , 0.25  , 0.0625]))
    """

    def __init__(self, store_x: bool | float = False) -> None:
        self._columns: dict[str, list[Any]] = {"k": [], "time": []}
        self._calls: dict[str, list[Any]] = {}
        self._trace: dict[str, list[Any]] = {}
        self.metrics: tuple[str, ...] = ()
        self._cap = 256e6 if store_x is True else number("store_x", float(store_x), at_least=0, infinite=True)
        self._stored: list[tuple[int, Any]] = []
        self._stride, self._skipped, self._bytes = 1, 0, 0.0

    def append(self, k: int, time: float, metrics: dict[str, Any], calls: dict[str, int], info: dict[str, Any]) -> None:
        """Add a row; columns that appear later are NaN before, absent ones NaN."""
        columns = self._columns
        rows = len(columns["k"])
        columns["k"].append(k)
        columns["time"].append(time)
        for group in (metrics, info):
            for name, value in group.items():
                column = columns.get(name)
                if column is None:
                    column = columns[name] = [math.nan] * rows
                column.append(value)
        for name, count in calls.items():
            column = self._calls.get(name)
            if column is None:
                column = self._calls[name] = columns["calls." + name] = [math.nan] * rows
            column.append(count)
        if rows == 0:
            self.metrics = tuple(metrics)
        if 2 + len(metrics) + len(calls) + len(info) != len(columns):
            self._level(rows + 1)

    def _level(self, rows: int) -> None:
        """Fill columns that got no value in this row; one that got two has an ambiguous name."""
        for name, column in self._columns.items():
            if len(column) > rows:
                raise ValueError(f"the solver's info {name!r} has the name of a metric of the problem")
            if len(column) < rows:
                column.append(math.nan)

    def extend_trace(self, trace: dict[str, Any]) -> None:
        """Add the per-unit values of a chunked step."""
        for name, values in trace.items():
            self._trace.setdefault(name, []).append(values)

    @property
    def stores_x(self) -> bool:
        """Whether iterates are kept."""
        return self._cap > 0

    def store(self, k: int, x: Any) -> None:
        """Keep an iterate, thinning when the memory cap is reached."""
        self._skipped += 1
        if self._skipped < self._stride and self._stored:
            return
        self._skipped = 0
        self._stored.append((k, x))
        self._bytes += float(getattr(x, "nbytes", 0) or 8 * np.size(x))
        if self._bytes > self._cap and len(self._stored) > 2:
            self._stored, self._stride = self._stored[::2], 2 * self._stride
            self._bytes *= len(self._stored) / (2 * len(self._stored) - 1)

    def pop(self) -> None:
        """Drop the last row (a resumed run takes away a row that was only there because the run had ended)."""
        k = self._columns["k"][-1]
        for column in self._columns.values():
            column.pop()
        if self._stored and self._stored[-1][0] == k:
            self._stored.pop()

    def copy(self) -> History:
        """Return an independent copy (rows and stored iterates are shared, they are never written to)."""
        twin = copy.copy(self)
        twin._columns = {name: list(column) for name, column in self._columns.items()}
        twin._calls = {name: twin._columns["calls." + name] for name in self._calls}
        twin._trace = {name: list(parts) for name, parts in self._trace.items()}
        twin._stored = list(self._stored)
        return twin

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    @property
    def last_k(self) -> int:
        """The k of the last row; -1 when there is none."""
        ks = self._columns["k"]
        return ks[-1] if ks else -1

    @property
    def last(self) -> dict[str, Any]:
        """The last row by name."""
        return {name: column[-1] for name, column in self._columns.items()}

    @property
    def trace(self) -> dict[str, np.ndarray[Any, Any]]:
        """Exact per-unit values of a chunked solver: entry i belongs to unit i + 1."""
        return {
            name: np.concatenate([np.atleast_1d(to_numpy(v)) for v in parts]) for name, parts in self._trace.items()
        }

    @property
    def x(self) -> list[Any]:
        """The stored iterates (empty unless `store_x` was asked for)."""
        return [x for _, x in self._stored]

    @property
    def x_k(self) -> np.ndarray[Any, Any]:
        """The k of each stored iterate."""
        return np.array([k for k, _ in self._stored], dtype=int)

    def raw(self, name: str) -> list[Any]:
        """Return the column as the list it is kept in (not a copy)."""
        if name not in self._columns:
            if name in self._trace:
                raise KeyError(f"{name!r} has a value for every unit, not for every row: take history.trace[{name!r}]")
            raise KeyError(f"there is no history column {name!r} (columns: {', '.join(self._columns)})")
        return self._columns[name]

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        column = self.raw(name)
        shapes = {np.shape(v) for v in column}
        if len(shapes) == 1:
            return np.asarray([to_numpy(v) if np.ndim(v) else v for v in column])
        shape = max(shapes, key=len)
        return np.asarray([np.broadcast_to(np.asarray(v, dtype=float), shape) for v in column])

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __len__(self) -> int:
        return len(self._columns["k"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __repr__(self) -> str:
        return f"History({len(self)} rows: {', '.join(self._columns)})"

    def to_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the columns as a dict of NumPy arrays."""
        return {name: self[name] for name in self._columns}

    def to_structured(self) -> np.ndarray[Any, Any]:
        """Return the rows as a NumPy structured array."""
        columns = self.to_dict()
        out = np.empty(len(self), dtype=[(name, c.dtype, c.shape[1:]) for name, c in columns.items()])
        for name, column in columns.items():
            out[name] = column
        return out

    def to_pandas(self) -> Any:
        """Return the rows as a pandas DataFrame indexed by k (a batched column holds arrays)."""
        import pandas as pd

        columns = {name: c if c.ndim == 1 else list(c) for name, c in self.to_dict().items()}
        return pd.DataFrame(columns).set_index("k")

    def to_npz(self, path: str | os.PathLike[str]) -> None:
        """Write the columns to a NumPy ``.npz`` file."""
        np.savez_compressed(path, **self.to_dict())  # type: ignore[arg-type]

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the columns as JSON text (NaN and infinities as null), and write it when a path is given."""
        text = json.dumps({name: _plain(c.tolist()) for name, c in self.to_dict().items()}, allow_nan=False)
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return text


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
