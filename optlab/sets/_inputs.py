"""How the sets read their arguments: points, steps and parameters, checked before any work."""

from __future__ import annotations

import math
import numbers
from typing import Any

from optlab.core.validate import integer, number
from optlab.core.xp import as_float_array, namespace, read_only


def vectors(x: Any, name: str = "x", dim: int | None = None) -> Any:
    """Return `x` as a floating-point array whose last axis is the vector, of length `dim` when that is known."""
    x = as_float_array(x, name)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"{name} must hold vectors along its last axis, got shape {tuple(x.shape)}")
    if dim is not None and x.shape[-1] != dim:
        raise ValueError(f"{name} must have {dim} coordinates along its last axis, got shape {tuple(x.shape)}")
    return x


def matrices(x: Any, name: str = "x", dim: int | None = None) -> Any:
    """Return `x` as a floating-point array whose last two axes are a square matrix, `dim` by `dim` when known."""
    x = as_float_array(x, name)
    if x.ndim < 2 or x.shape[-1] == 0 or x.shape[-2] != x.shape[-1]:
        raise ValueError(f"{name} must hold square matrices along its last two axes, got shape {tuple(x.shape)}")
    if dim is not None and x.shape[-1] != dim:
        raise ValueError(f"{name} must hold {dim} by {dim} matrices, got shape {tuple(x.shape)}")
    return x


def points(x: Any, name: str, dim: int | None, point_ndim: int) -> Any:
    """Return `x` as an array of points, which are vectors or square matrices."""
    return vectors(x, name, dim) if point_ndim == 1 else matrices(x, name, dim)


def positive_step(step: Any, x: Any, point_ndim: int = 1) -> Any:
    """Return `step` in a form that leaves the dtype of `x` alone: a float, or an array of shape (..., 1)."""
    if type(step) is float and 0.0 < step < math.inf:  # the hot path of every proximal solver
        return step
    if isinstance(step, numbers.Real):
        return number("step", step, above=0.0)
    step = as_float_array(step, "step")
    if step.ndim > 0 and tuple(step.shape[-point_ndim:]) != (1,) * point_ndim:
        wanted = "(..., 1)" if point_ndim == 1 else "(..., 1, 1)"
        raise ValueError(f"step must be a number or an array of shape {wanted}, got shape {tuple(step.shape)}")
    xp = namespace(x, step)
    if not bool(xp.all((step > 0.0) & xp.isfinite(step))):
        raise ValueError("step must hold finite numbers > 0 only")
    return xp.astype(step, x.dtype, copy=False)


def parameter(name: str, value: Any, *, infinite: bool = False) -> Any:
    """Return a parameter of a set as a float, or as a read-only copy of shape (d,) that the caller cannot change."""
    if isinstance(value, numbers.Real):
        return number(name, value, infinite=infinite)
    array = as_float_array(value, name)
    xp = namespace(array)
    if array.ndim == 0:
        return number(name, float(array), infinite=infinite)
    if array.ndim != 1 or array.shape[0] == 0:
        raise ValueError(f"{name} must be a number or a vector of shape (d,), got shape {tuple(array.shape)}")
    if bool(xp.any(xp.isnan(array) if infinite else ~xp.isfinite(array))):
        raise ValueError(f"{name} holds NaN{'' if infinite else ' or infinite'} values")
    return read_only(xp.asarray(array, copy=True))


def dimension(dim: int | None, **parameters: Any) -> int | None:
    """Return the dimension that `dim` and the vector-valued parameters agree on; None when none of them fixes it."""
    if dim is not None:
        dim = integer("dim", dim, at_least=1)
    for name, value in parameters.items():
        if isinstance(value, float):
            continue
        if dim is not None and value.shape[0] != dim:
            raise ValueError(f"{name} must have {dim} coordinates, got {value.shape[0]}")
        dim = int(value.shape[0])
    return dim


def like(value: Any, x: Any) -> Any:
    """Return a parameter in the dtype of `x`; a float has none and stays as it is."""
    return value if isinstance(value, float) else namespace(x, value).astype(value, x.dtype, copy=False)
