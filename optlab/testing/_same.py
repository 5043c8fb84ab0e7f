"""Comparing iterates and histories bit for bit, and saying in a sentence what differs."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from optlab.core.history import History
from optlab.core.xp import to_numpy

__all__ = ["finite", "require", "same_history", "same_point", "snapshot"]


def require(condition: Any, sentence: str) -> None:
    """Raise an AssertionError with the sentence unless the condition holds (also under ``python -O``)."""
    if not condition:
        raise AssertionError(sentence)


def finite(x: Any) -> bool:
    """Whether an iterate holds neither NaN nor infinities."""
    if isinstance(x, tuple):
        return all(finite(part) for part in x)
    if hasattr(x, "isfinite"):
        return bool(x.isfinite())
    return not hasattr(x, "dtype") or bool(np.isfinite(to_numpy(x)).all())


def snapshot(x: Any) -> Any:
    """Return an independent copy of an iterate."""
    return tuple(snapshot(part) for part in x) if isinstance(x, tuple) else pickle.loads(pickle.dumps(x))


def same_point(a: Any, b: Any, rtol: float = 0.0) -> bool:
    """Whether two iterates agree: bit for bit, or to a relative tolerance (of the largest entry)."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same_point(p, q, rtol) for p, q in zip(a, b, strict=True))
    if not hasattr(a, "dtype"):
        return a is b or pickle.dumps(a) == pickle.dumps(b)
    a, b = to_numpy(a), to_numpy(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if rtol:
        return bool(np.allclose(a, b, rtol=0.0, atol=rtol * (1e-300 + float(np.abs(b).max(initial=0.0)))))
    return bool(np.array_equal(a, b, equal_nan=True))


def same_history(a: History, b: History, what: str) -> None:
    """Require that two histories agree in every column but the time, and in every trace."""
    require(
        set(a.columns) == set(b.columns), f"{what}: the histories have different columns, {a.columns} and {b.columns}"
    )
    for name in a.columns:
        if name != "time":
            require(_same_column(a[name], b[name]), f"{what}: the history column {name!r} differs")
    require(a.trace.keys() == b.trace.keys(), f"{what}: the traces have different names")
    for name in a.trace:
        require(_same_column(a.trace[name], b.trace[name]), f"{what}: the trace {name!r} differs")


def _same_column(a: Any, b: Any) -> bool:
    return bool(a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
