"""Regularisation paths: the grid, what is returned, and the warning about a gap that stays open."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from optlab.core.validate import integer, number
from optlab.estimators._greedy_engine import Solution

__all__ = ["RegularizationPath", "collect", "geometric_grid", "regularization_grid", "warn_gap"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class RegularizationPath:
    """Solutions along a grid of regularisation parameters, from the most regularised to the least.

    Attributes
    ----------
    parameters : ndarray of shape (n_parameters,)
        The values of ``alpha``, decreasing, or of ``C``, increasing.
    coefs : ndarray of shape (n_features, n_parameters)
        The coefficients, one column for each.
    intercepts : ndarray of shape (n_parameters,)
        The intercepts; zero without ``fit_intercept``.
    dual_gaps : ndarray of shape (n_parameters,)
        The certified gaps to the optimal values.
    n_iters : ndarray of int, shape (n_parameters,)
        The iterations made, each from the solution before.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.estimators import GreedyLasso
    >>> path = GreedyLasso(fit_intercept=False).path(np.eye(2), np.array([4.0, 2.0]), alphas=[0.5, 1.5])
    >>> path.parameters
    array([1.5, 0.5])
    >>> path.coefs
    array([[1., 3.],
           [0., 1.]])
    """

    parameters: Array
    coefs: Array
    intercepts: Array
    dual_gaps: Array
    n_iters: Array


def geometric_grid(first: float, count: Any, eps: Any) -> Array:
    """Return `count` values from `first` down to `eps` times that."""
    count = integer("the number of grid points", count, at_least=1)
    return np.geomspace(first, first * number("eps", eps, above=0.0, below=1.0), count)


def regularization_grid(name: str, values: Any) -> Array:
    """Check a grid given by the user."""
    grid = np.asarray(values, dtype=float)
    if grid.ndim != 1 or not len(grid) or not (np.isfinite(grid) & (grid > 0)).all():
        raise ValueError(f"{name} must be a sequence of finite numbers > 0, got {values!r}")
    return np.sort(grid)


def warn_gap(found: Solution, tol: float, what: str) -> None:
    """Say that the gap asked for was not reached."""
    warnings.warn(
        f"the duality gap is {found.gap:.3g} after {found.n_iter} iterations for {what}; tol = {tol:g} asked for "
        f"{tol * found.null:.3g}.  Increase max_iter, or tol if it is near the rounding level",
        ConvergenceWarning,
        stacklevel=3,
    )


def collect(grid: Any, solutions: list[Solution], offset: float, dtype: Any) -> RegularizationPath:
    """Put the solutions of a path together."""
    return RegularizationPath(
        np.array(grid, dtype=float),
        np.stack([found.w for found in solutions], axis=1).astype(dtype),
        np.array([found.b + offset for found in solutions]),
        np.array([found.gap for found in solutions]),
        np.array([found.n_iter for found in solutions]),
    )
