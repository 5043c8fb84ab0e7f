"""Lasso and elastic net by greedy working sets, manifold identification and Newton steps on the support."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from optlab.core.validate import boolean, integer, number
from optlab.estimators._greedy_block import Penalty
from optlab.estimators._greedy_design import Design
from optlab.estimators._greedy_engine import minimise
from optlab.estimators._greedy_loss import SquaredLoss, positive_weights
from optlab.estimators._greedy_path import RegularizationPath, collect, geometric_grid, regularization_grid, warn_gap
from optlab.estimators._linear import DTYPES, SparseInput

__all__ = ["GreedyElasticNet", "GreedyLasso"]


class GreedyElasticNet(SparseInput, RegressorMixin, BaseEstimator):
    r"""Linear regression with an elastic net penalty, solved greedily and certified by a duality gap.

    It minimises scikit-learn's objective, for weights :math:`s_i` (one by default),

    .. math:: \frac{1}{2 \sum_i s_i} \sum_i s_i (y_i - x_i^\top w - b)^2
              + \alpha \rho \|w\|_1 + \frac{\alpha (1 - \rho)}{2} \|w\|_2^2 .

    Each iteration takes one full gradient and collects the coordinates with the largest GS-s scores
    :math:`\min_{s \in \partial g_i} |\nabla_i f + s|` in a working set.  On that set, sweeps of coordinate descent
    identify the signs of the solution, and a two-metric projection (Newton) step on the support finishes: as soon as
    the signs are right, the solution is exact.

    Parameters
    ----------
    alpha : float, default 1.0
        Weight of the penalty, > 0.
    l1_ratio : float, default 0.5
        The mixture :math:`\rho` in [0, 1]: 1 is the Lasso, 0 is ridge regression.
    fit_intercept : bool, default True
        Whether there is an intercept b; otherwise b = 0.
    positive : bool, default False
        Whether the coefficients must not be negative.
    tol : float, default 1e-8
        Stop when the duality gap is at most `tol` times the objective at w = 0 (with the best intercept), > 0.
    max_iter : int, default 1000
        Limit on the number of iterations, that is, of full gradients; at least 1.
    warm_start : bool, default False
        Whether `fit` starts from the coefficients of the last fit, if it saw as many features.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        The coefficients, in the precision of X.
    intercept_ : float
        The intercept.
    dual_gap_ : float
        Certified bound on the distance of the objective from its minimum: its value minus the dual value at a feasible
        point, from a full gradient at the solution (in double precision, before `coef_` is rounded to that of X).
    n_iter_ : int
        Iterations made.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, when X was a data frame.

    Raises
    ------
    ValueError
        By `fit`: if a parameter is out of range, X or y holds NaN or infinite values, or the weights sum to zero.
    TypeError
        By `fit`: if a parameter has the wrong type.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the gap asked for is not reached; `dual_gap_` says how far the fit got.

    Notes
    -----
    Sparse matrices (CSC, or CSR after a conversion) stay sparse, also with an intercept.  All arithmetic is in double
    precision.  Zero columns get a zero coefficient.  For ``alpha = 0`` use scikit-learn's ``LinearRegression``: without
    a penalty the certificate says nothing.

    References
    ----------
    J. Nutini, I. Laradji, M. Schmidt, "Let's Make Block Coordinate Descent Converge Faster", JMLR 23(131), 2022: the
    greedy rules, and two-metric projection on the identified manifold.  Where that step is blocked by sign changes, a
    proximal point step (by a semismooth Newton method on its dual) takes its place, which is our addition, like the
    stages in which the l1 weight comes down.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 200))
    >>> y = 3 * X[:, 0] - 2 * X[:, 1] + 1
    >>> model = ol.estimators.GreedyElasticNet(alpha=0.1, l1_ratio=0.9).fit(X, y)
    >>> np.flatnonzero(np.abs(model.coef_) > 0.1), model.dual_gap_ < 1e-7
    (array([0, 1]), True)
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        positive: bool = False,
        tol: float = 1e-8,
        max_iter: int = 1000,
        warm_start: bool = False,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.positive = positive
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The training samples; Fortran order or CSC is fastest.
        y : array_like of shape (n_samples,)
            The targets.
        sample_weight : array_like of shape (n_samples,), optional
            Weights >= 0 of the samples; an integer weight is as good as that many copies.

        Returns
        -------
        GreedyElasticNet
            The estimator itself.
        """
        number("alpha", self.alpha, above=0.0)
        self._check()
        before: np.ndarray[Any, Any] | None = getattr(self, "coef_", None) if self.warm_start else None
        design, loss, offset, dtype = self._prepare(X, y, sample_weight)
        start = before.astype(float) if before is not None and len(before) == design.shape[1] else None
        found = minimise(design, loss, self._penalty(self.alpha), tol=self.tol, max_iter=self.max_iter, w=start)
        self.coef_ = found.w.astype(dtype)
        self.intercept_ = found.b + offset
        self.dual_gap_, self.n_iter_ = found.gap, found.n_iter
        if not found.converged:
            warn_gap(found, self.tol, f"alpha = {self.alpha:g}")
        return self

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """Return the prediction for each sample.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            The values x'w + b.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=DTYPES, reset=False)
        return np.asarray(X @ self.coef_ + self.intercept_)

    def path(
        self, X: Any, y: Any, *, alphas: Any = None, n_alphas: int = 100, eps: float = 1e-3, sample_weight: Any = None
    ) -> RegularizationPath:
        """Solve along a grid of alphas, each from the solution before; the estimator itself stays as it is.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array_like of shape (n_samples,)
            The targets.
        alphas : array_like, optional
            The grid, of numbers > 0.  By default it starts where all coefficients are zero.
        n_alphas : int, default 100
            Points of the default grid, at least 1.
        eps : float, default 1e-3
            Ratio of the last to the first alpha of the default grid, in (0, 1).
        sample_weight : array_like of shape (n_samples,), optional
            Weights >= 0 of the samples.

        Returns
        -------
        RegularizationPath
            With ``parameters`` (the alphas, decreasing), ``coefs``, ``intercepts``, ``dual_gaps`` and ``n_iters``.

        Raises
        ------
        ValueError
            As `fit` does, or if there is no default grid: for ``l1_ratio = 0``, or when no coefficient ever leaves 0.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            For each alpha whose gap does not come down to what was asked for.
        """
        self._check()
        checker = type(self)(**self.get_params())  # so that nothing fitted here is overwritten
        design, loss, offset, dtype = checker._prepare(X, y, sample_weight)
        if alphas is not None:
            grid = regularization_grid("alphas", alphas)[::-1]
        elif self.l1_ratio == 0:
            raise ValueError("alphas must be given when l1_ratio is 0: no finite alpha makes all coefficients zero")
        else:
            u = loss.dual_point(np.full(design.shape[0], loss.centre(np.zeros(design.shape[0]))))
            first = self._penalty(1.0).dual_norm(design.correlations(u if self.fit_intercept else loss.s * loss.y))
            if not first > 0:
                raise ValueError("alphas must be given: y is not correlated with any feature, all coefficients are 0")
            grid = geometric_grid(first / self.l1_ratio, n_alphas, eps)
        w, solutions = None, []
        for alpha in grid:
            found = minimise(design, loss, self._penalty(alpha), tol=self.tol, max_iter=self.max_iter, w=w)
            w = found.w
            solutions.append(found)
            if not found.converged:
                warn_gap(found, self.tol, f"alpha = {alpha:g}")
        return collect(grid, solutions, offset, dtype)

    def _check(self) -> None:
        number("l1_ratio", self.l1_ratio, at_least=0.0, at_most=1.0)
        boolean("fit_intercept", self.fit_intercept)
        boolean("positive", self.positive)
        number("tol", self.tol, above=0.0)
        integer("max_iter", self.max_iter, at_least=1)
        boolean("warm_start", self.warm_start)

    def _penalty(self, alpha: float) -> Penalty:
        return Penalty(alpha * self.l1_ratio, alpha * (1.0 - self.l1_ratio), self.positive)

    def _prepare(self, X: Any, y: Any, sample_weight: Any) -> tuple[Design, SquaredLoss, float, Any]:
        """Validate the data; return them with the offset taken from y and the precision of X."""
        X, y = validate_data(self, X, y, accept_sparse="csc", dtype=DTYPES, y_numeric=True)
        s = positive_weights(sample_weight, X)
        s = s / s.sum()
        y = y.astype(float)
        offset = float(s @ y) if self.fit_intercept else 0.0
        y -= offset
        if np.abs(y).max() <= 4 * np.finfo(float).eps * abs(offset):  # a constant, but for the rounding of its mean
            y[:] = 0.0
        return Design(X.astype(float, copy=False), self.fit_intercept), SquaredLoss(y, s), offset, X.dtype


class GreedyLasso(GreedyElasticNet):
    r"""Lasso, solved greedily and certified by a duality gap: `GreedyElasticNet` with ``l1_ratio = 1``.

    It minimises :math:`\frac{1}{2n}\|y - Xw - b\|_2^2 + \alpha \|w\|_1`, as scikit-learn's ``Lasso`` does.

    Parameters
    ----------
    alpha : float, default 1.0
        Weight of the penalty, > 0.
    fit_intercept : bool, default True
        Whether there is an intercept b; otherwise b = 0.
    positive : bool, default False
        Whether the coefficients must not be negative.
    tol : float, default 1e-8
        Stop when the duality gap is at most `tol` times the objective at w = 0 (with the best intercept), > 0.
    max_iter : int, default 1000
        Limit on the number of iterations, that is, of full gradients; at least 1.
    warm_start : bool, default False
        Whether `fit` starts from the coefficients of the last fit, if it saw as many features.

    See Also
    --------
    GreedyElasticNet : The attributes, the method and its source.

    Examples
    --------
    An orthonormal design is solved by soft thresholding.

    >>> import numpy as np
    >>> import optlab as ol
    >>> model = ol.estimators.GreedyLasso(alpha=0.5, fit_intercept=False).fit(np.eye(3), np.array([3.0, -1.0, 6.0]))
    >>> model.coef_
    array([1.5, 0. , 4.5])
    """

    l1_ratio = 1.0

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        positive: bool = False,
        tol: float = 1e-8,
        max_iter: int = 1000,
        warm_start: bool = False,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.positive = positive
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
