"""Logistic regression with l1, l2 and elastic net penalties by greedy working sets and proximal Newton steps."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.special import expit
from sklearn.utils.validation import validate_data

from optlab.core.validate import boolean, integer, number, one_of
from optlab.estimators._greedy_block import Penalty
from optlab.estimators._greedy_design import Design
from optlab.estimators._greedy_engine import Solution, minimise
from optlab.estimators._greedy_loss import LogisticLoss, positive_weights
from optlab.estimators._greedy_path import RegularizationPath, collect, geometric_grid, regularization_grid, warn_gap
from optlab.estimators._linear import DTYPES, LinearClassifier

__all__ = ["GreedyLogisticRegression"]


class GreedyLogisticRegression(LinearClassifier):
    r"""Logistic regression with a sparse penalty, solved greedily and certified by a duality gap.

    For two classes it minimises scikit-learn's objective, with signs :math:`y_i = \pm 1` and weights :math:`s_i`,

    .. math:: C \sum_i s_i \log(1 + \exp(-y_i (x_i^\top w + b))) + \Omega(w),

    where :math:`\Omega` is :math:`\|w\|_1`, :math:`\|w\|_2^2/2`, or
    :math:`\rho \|w\|_1 + (1-\rho) \|w\|_2^2/2`; the intercept is not penalised.  With more than two classes there is
    one such problem for each class against the rest.

    Each iteration takes one full gradient, collects the coordinates with the largest GS-s scores in a working set, and
    minimises the second-order model of the loss on it as `GreedyElasticNet` does, followed by a line search: a proximal
    Newton method, superlinear once the support is identified.  Without an l1 term the step is Newton's, by truncated
    conjugate gradients; it takes a copy of X in single precision, which gradients and certificate do not use.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet"}, default "l1"
        The penalty.
    C : float, default 1.0
        Inverse weight of the penalty with scikit-learn's meaning, > 0.
    l1_ratio : float, default 0.5
        The mixture :math:`\rho` in [0, 1] for ``penalty="elasticnet"``; not used otherwise.
    fit_intercept : bool, default True
        Whether there is an intercept b; otherwise b = 0.
    tol : float, default 1e-8
        Stop when the duality gap is at most `tol` times the objective at w = 0 (with the best intercept), > 0.
    max_iter : int, default 1000
        Limit on the number of iterations, that is, of full gradients, for each problem; at least 1.
    warm_start : bool, default False
        Whether `fit` starts from the coefficients of the last fit, if it saw as many features and classes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        The coefficients, for ``classes_[1]`` when there are two classes; in the precision of X.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        The intercepts.
    dual_gap_ : ndarray of shape (1,) or (n_classes,)
        Certified bounds on the distance of the objectives from their minima, from full gradients at the solutions (in
        double precision, before `coef_` is rounded to that of X).
    n_iter_ : ndarray of shape (1,) or (n_classes,)
        Iterations made.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, when X was a data frame.

    Raises
    ------
    ValueError
        By `fit`: if a parameter is out of range, X holds NaN or infinite values, y has a single class, or a class has
        no positive weight.
    TypeError
        By `fit`: if a parameter has the wrong type.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the gap asked for is not reached; `dual_gap_` says how far the fit got.

    References
    ----------
    J. Nutini, I. Laradji, M. Schmidt, "Let's Make Block Coordinate Descent Converge Faster", JMLR 23(131), 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> import optlab as ol
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> model = ol.estimators.GreedyLogisticRegression(C=0.1).fit(X, y)
    >>> int((model.coef_ != 0).sum()), model.score(X, y) > 0.97
    (8, True)
    """

    def __init__(
        self,
        penalty: str = "l1",
        *,
        C: float = 1.0,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 1000,
        warm_start: bool = False,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
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
            Their labels, of two classes or more.
        sample_weight : array_like of shape (n_samples,), optional
            Weights >= 0 of the samples; an integer weight is as good as that many copies.

        Returns
        -------
        GreedyLogisticRegression
            The classifier itself.
        """
        number("C", self.C, above=0.0)
        self._check()
        before: np.ndarray[Any, Any] | None = getattr(self, "coef_", None) if self.warm_start else None
        design, signs, s, dtype = self._prepare(X, y, sample_weight)
        if before is None or before.shape != (len(signs), design.shape[1]):
            starts: list[Any] = [None] * len(signs)
        else:
            starts = list(before.astype(float))
        found = [self._solve(design, LogisticLoss(y, self.C * s), w) for y, w in zip(signs, starts, strict=True)]
        self.coef_ = np.stack([one.w for one in found]).astype(dtype)
        self.intercept_ = np.array([one.b for one in found])
        self.dual_gap_ = np.array([one.gap for one in found])
        self.n_iter_ = np.array([one.n_iter for one in found])
        for k, one in enumerate(found):
            if not one.converged:
                label = self.classes_[k if len(signs) > 1 else 1]
                warn_gap(one, self.tol, f"C = {self.C:g} and class {label!r}")
        return self

    def predict_proba(self, X: Any) -> np.ndarray[Any, Any]:
        """Return the probability of each class; with more than two, those of one against the rest, normalised.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The probabilities, in the order of `classes_`.
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        log_odds = np.minimum(scores, 0.0) - np.log1p(np.exp(-np.abs(scores)))  # log of expit: never 0/0 below
        p = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def path(
        self, X: Any, y: Any, *, Cs: Any = None, n_Cs: int = 30, eps: float = 1e-2, sample_weight: Any = None
    ) -> RegularizationPath:
        """Solve along a grid of C for two classes, each from the solution before; the classifier stays as it is.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array_like of shape (n_samples,)
            Their labels, of two classes.
        Cs : array_like, optional
            The grid, of numbers > 0.  By default it starts where all coefficients are zero.
        n_Cs : int, default 30
            Points of the default grid, at least 1.
        eps : float, default 1e-2
            Ratio of the first to the last C of the default grid, in (0, 1).
        sample_weight : array_like of shape (n_samples,), optional
            Weights >= 0 of the samples.

        Returns
        -------
        RegularizationPath
            With ``parameters`` (the values of C, increasing), ``coefs``, ``intercepts``, ``dual_gaps``, ``n_iters``.

        Raises
        ------
        ValueError
            As `fit` does, if there are more than two classes, or if there is no default grid: without an l1 penalty,
            or when no coefficient ever leaves 0.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            For each C whose gap does not come down to what was asked for.
        """
        self._check()
        checker = type(self)(**self.get_params())  # so that nothing fitted here is overwritten
        design, signs, s, dtype = checker._prepare(X, y, sample_weight)
        if len(signs) > 1:
            raise ValueError(f"path is for two classes, y has {len(signs)}")
        y = signs[0]
        if Cs is not None:
            grid = regularization_grid("Cs", Cs)
        else:
            grid = 1.0 / geometric_grid(self._least_weight(design, LogisticLoss(y, s)), n_Cs, eps)
        w, solutions = None, []
        for C in grid:
            found = self._solve(design, LogisticLoss(y, C * s), w)
            w = found.w
            solutions.append(found)
            if not found.converged:
                warn_gap(found, self.tol, f"C = {C:g}")
        return collect(grid, solutions, 0.0, dtype)

    def _least_weight(self, design: Design, loss: LogisticLoss) -> float:
        """Value of 1/C from which on all coefficients are zero."""
        penalty = self._penalty()
        if penalty.l1 == 0:
            raise ValueError("Cs must be given without an l1 penalty: no C > 0 makes all coefficients zero")
        zeros = np.zeros(design.shape[0])
        f = zeros + (loss.centre(zeros) if design.intercept else 0.0)
        weight = penalty.dual_norm(design.correlations(loss.dual_point(f))) / penalty.l1
        if not weight > 0:
            raise ValueError("Cs must be given: y is not correlated with any feature, all coefficients are 0")
        return weight

    def _solve(self, design: Design, loss: LogisticLoss, w: Any) -> Solution:
        return minimise(design, loss, self._penalty(), tol=self.tol, max_iter=self.max_iter, w=w)

    def _check(self) -> None:
        one_of("penalty", self.penalty, ("l1", "l2", "elasticnet"))
        number("l1_ratio", self.l1_ratio, at_least=0.0, at_most=1.0)
        boolean("fit_intercept", self.fit_intercept)
        number("tol", self.tol, above=0.0)
        integer("max_iter", self.max_iter, at_least=1)
        boolean("warm_start", self.warm_start)

    def _penalty(self) -> Penalty:
        ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": self.l1_ratio}[self.penalty]
        return Penalty(ratio, 1.0 - ratio)

    def _prepare(self, X: Any, y: Any, sample_weight: Any) -> tuple[Design, list[Any], Any, Any]:
        """Validate the data; return them with the signs of each problem, the weights and the precision of X."""
        X, y = validate_data(self, X, y, accept_sparse="csc", dtype=DTYPES)
        labels, signs = self._one_against_rest(y)
        s = positive_weights(sample_weight, X)
        mass = np.bincount(labels, weights=s)
        if not mass.all():
            raise ValueError(f"sample_weight is zero for all samples of class {self.classes_[int(mass.argmin())]!r}")
        return Design(X.astype(float, copy=False), self.fit_intercept), signs, s, X.dtype
