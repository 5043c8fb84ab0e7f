"""What the linear estimators share: sparse input, and classification by one hyperplane for each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["DTYPES", "LinearClassifier", "SparseInput"]

#: The precisions that are kept; everything else becomes the first one.
DTYPES = (np.float64, np.float32)


class SparseInput:
    """Tell scikit-learn that sparse samples are welcome."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.sparse = True
        return tags


class LinearClassifier(SparseInput, ClassifierMixin, BaseEstimator):
    """A classifier with one hyperplane for two classes, and otherwise one for each class against the rest."""

    classes_: np.ndarray[Any, Any]
    coef_: np.ndarray[Any, Any]
    intercept_: np.ndarray[Any, Any]

    def _one_against_rest(self, y: Any) -> tuple[Any, list[Any]]:
        """Learn the classes; return the number of each sample's class, and for each hyperplane the signs +-1."""
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes, got 1 class: {self.classes_[0]!r}")
        positive = [1] if len(self.classes_) == 2 else range(len(self.classes_))
        return labels, [np.where(labels == k, 1.0, -1.0) for k in positive]

    def _scores(self, X: Any) -> np.ndarray[Any, Any]:
        return np.asarray(X @ self.coef_.T + self.intercept_)

    def decision_function(self, X: Any) -> np.ndarray[Any, Any]:
        """Return the score of each sample for each hyperplane.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes the sign decides, positive for ``classes_[1]``; otherwise the largest score does.
        """
        check_is_fitted(self)
        scores = self._scores(validate_data(self, X, accept_sparse=("csr", "csc"), dtype=DTYPES, reset=False))
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """Return the label of each sample.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels from `classes_`.
        """
        scores = self.decision_function(X)
        return np.asarray(self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)])
