"""Points at which a problem's oracles are asked: around the start and the reference point, at several scales."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import device

from optlab.core.oracles import Project, has_oracle
from optlab.core.xp import namespace, read_only, to_numpy

__all__ = ["as_array", "inner", "norm", "points", "precision"]


def as_array(problem: Any, array: Any) -> Any:
    """Return NumPy numbers as a read-only array in the problem's own library and precision."""
    if problem.like is None or isinstance(problem.like, np.ndarray) or namespace(problem.like) is namespace():
        return read_only(np.array(array, dtype=problem.dtype))
    xp = namespace(problem.like)
    return xp.asarray(np.asarray(array), dtype=problem.like.dtype, device=device(problem.like))


def points(problem: Any, rng: np.random.Generator, n: int = 8) -> list[Any]:
    """Draw `n` points, feasible where the problem has a projection."""
    centres = [to_numpy(problem.start(rng))]
    if problem.reference is not None and problem.reference.x is not None:
        centres.append(to_numpy(problem.reference.x))
    drawn = []
    for i in range(n):
        scale = (1.0, 0.1, 5.0)[i % 3]
        x = as_array(problem, centres[i % len(centres)] + scale * rng.standard_normal(problem.shape))
        drawn.append(problem.project(x) if has_oracle(problem, Project) else x)
    return drawn


def inner(a: Any, b: Any) -> float:
    """Inner product as a Python number."""
    return float(np.vdot(to_numpy(a), to_numpy(b)))


def norm(a: Any) -> float:
    """Euclidean norm as a Python number."""
    return float(np.linalg.norm(to_numpy(a)))


def precision(problem: Any) -> float:
    """Rounding unit of the problem's precision."""
    return float(np.finfo(np.float32 if "32" in str(problem.dtype) else np.float64).eps)
