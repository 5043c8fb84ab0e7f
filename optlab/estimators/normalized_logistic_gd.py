"""Normalized LR+GD as a scikit-learn classifier that stops at the first separating hyperplane."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import validate_data

from optlab.core.validate import boolean, integer
from optlab.estimators._linear import DTYPES, LinearClassifier
from optlab.problems import Separable
from optlab.solvers import NormalizedLRGD

__all__ = ["NormalizedLogisticClassifier", "NotSeparatedWarning"]


class NotSeparatedWarning(ConvergenceWarning):
    """The training data were not separated within `max_iter` updates: they may not be separable at all."""


class NormalizedLogisticClassifier(LinearClassifier):
    r"""Linear classifier for separable data: Normalized LR+GD until the first iterate without a mistake.

    For samples :math:`a_i` with signs :math:`y_i = \pm 1`, and :math:`z_i = y_i (a_i, 1)`, it makes the updates

    .. math:: \theta_{t+1} = \theta_t + \gamma \sum_i p_i z_i, \qquad
              p_i = \frac{\sigma(-z_i^\top \theta_t)}{\sum_j \sigma(-z_j^\top \theta_t)}, \qquad \theta_0 = 0,

    and stops at the first :math:`\theta_T` with all :math:`z_i^\top \theta_T > 0`.  On separable data that takes
    :math:`R^2/\mu^2 + 2 \log(2n - 1) / (\gamma \mu^2)` of them at most (Theorem 6.1 of the source), where R is the
    largest norm and :math:`\mu` the margin of the :math:`z_i`.  With more than two classes there is one hyperplane for
    each class against the rest, and each of these problems has to be separable.

    Parameters
    ----------
    gamma : float, default 100.0
        The step size, any positive number; ``np.inf`` is the exact limit.  For features of a size about one, take it
        large: 10 or more.
    fit_intercept : bool, default True
        Whether to append a constant feature of one.  Its coefficient is treated like all the others.
    max_iter : int, default 1000
        Limit on the number of updates for each hyperplane, at least 1.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Normals of the hyperplanes: one for two classes, pointing to the second, otherwise one for each class.
        Together with its intercept each one is a unit vector.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        The intercepts; zero without `fit_intercept`.
    n_iter_ : ndarray of shape (1,) or (n_classes,)
        Updates made for each hyperplane: the T of the theorem where `separated_` is true.
    separated_ : ndarray of bool, shape (1,) or (n_classes,)
        Whether the hyperplane has every training sample strictly on its side.
    margin_ : ndarray of shape (1,) or (n_classes,)
        The least signed score of a training sample, at most :math:`\mu`; not positive when the data are not separated.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, when X was a data frame.

    Raises
    ------
    ValueError
        By `fit`: if a parameter is out of range, X holds NaN or infinite values, y has a single class, or a row of X is
        zero and there is no intercept.
    TypeError
        By `fit`: if a parameter has the wrong type.

    Warns
    -----
    NotSeparatedWarning
        If some hyperplane still makes a mistake after `max_iter` updates.  The last iterate is kept, and nothing is
        known about how good it is.

    Notes
    -----
    There is no ``predict_proba``: the scores of a classifier that stops at the first separator are not calibrated, and
    at an infinite step size they have no scale; wrap it in scikit-learn's ``CalibratedClassifierCV`` if you need
    probabilities.  There is no ``sample_weight`` either: whether data are separated does not depend on positive
    weights.  The margin found is usually far from the largest one; if it matters, use ``LinearSVC``.

    `fit` runs ``NormalizedLRGD(gamma)`` on ``problems.Separable``; call these directly for a history of the run.

    References
    ----------
    Alexander Tyurin, "From Logistic Regression to the Perceptron Algorithm: Exploring Gradient Descent with Large Step
    Sizes", AAAI 2025, arXiv 2412.08424, section 6.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> import optlab as ol
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = X[(y == 1) | (y == 8)] / 16, y[(y == 1) | (y == 8)]
    >>> classifier = ol.estimators.NormalizedLogisticClassifier(gamma=100.0).fit(X, y)
    >>> classifier.separated_, classifier.score(X, y)
    (array([ True]), 1.0)
    """

    def __init__(self, gamma: float = 100.0, *, fit_intercept: bool = True, max_iter: int = 1000) -> None:
        self.gamma = gamma
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> Self:
        """Find the hyperplanes.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The training samples.
        y : array_like of shape (n_samples,)
            Their labels, of two classes or more.

        Returns
        -------
        NormalizedLogisticClassifier
            The classifier itself.
        """
        solver = NormalizedLRGD(gamma=self.gamma)
        boolean("fit_intercept", self.fit_intercept)
        integer("max_iter", self.max_iter, at_least=1)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=DTYPES)
        signs = np.stack(self._one_against_rest(y)[1], axis=1)
        samples = _with_constant(X) if self.fit_intercept else _without_zero_rows(X)
        runs = [solver.run(Separable(samples, s), max_iter=self.max_iter, record=[]) for s in signs.T]
        directions = np.stack([_unit(run.x) for run in runs])
        d = X.shape[1]
        self.coef_ = directions[:, :d]
        self.intercept_ = directions[:, d] if self.fit_intercept else np.zeros(len(runs), directions.dtype)
        self.n_iter_ = np.array([run.k for run in runs])
        # What counts is what the classifier itself answers, after rounding and all.
        signed = signs * self._scores(X)
        self.margin_ = signed.min(axis=0)
        self.separated_ = self.margin_ > 0
        if not self.separated_.all():
            self._warn((signed <= 0).sum(axis=0))
        return self

    def _warn(self, mistakes: np.ndarray[Any, Any]) -> None:
        names = self.classes_.tolist()
        if len(names) == 2:
            what = f"classes {names[0]!r} and {names[1]!r} ({mistakes[0]} mistakes left)"
        else:
            left = [(name, count) for name, count in zip(names, mistakes, strict=True) if count]
            what = ", ".join(f"class {name!r} against the rest ({count} mistakes left)" for name, count in left)
        warnings.warn(
            f"not separated after {self.max_iter} updates: {what}.  Either max_iter is too small, or no hyperplane "
            "separates the data: then use a penalised logistic regression or a support vector machine",
            NotSeparatedWarning,
            stacklevel=3,
        )


def _with_constant(X: Any) -> Any:
    ones = np.ones((X.shape[0], 1), dtype=X.dtype)
    return sp.hstack([X, sp.csr_array(ones)], format="csr") if sp.issparse(X) else np.hstack([X, ones])


def _without_zero_rows(X: Any) -> Any:
    filled = np.asarray(abs(X).sum(axis=1)).ravel() > 0 if sp.issparse(X) else X.any(axis=1)
    if not filled.all():
        row = int(np.flatnonzero(~filled)[0])
        raise ValueError(
            f"row {row} of X is zero, and no hyperplane through the origin has it on a side; use fit_intercept=True"
        )
    return X


def _unit(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return x at length one; the origin, where opposite samples cancel exactly, stays."""
    largest = np.abs(x).max()
    if largest == 0:
        return x
    scaled = x / largest  # the squares of very large or small coordinates would leave the range of a float
    return scaled / np.linalg.norm(scaled)
