"""What a regularisation path returns, and the grid that it runs over by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.core.validate import integer, number

__all__ = ["RegularizationPath", "geometric_grid", "regularization_grid"]

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
