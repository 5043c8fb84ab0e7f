"""Facades for scikit-learn: our solvers as estimators.  Nothing here is imported by the rest of the package."""

from optlab._lazy import lazy_names

__all__, __getattr__ = lazy_names(
    "optlab.estimators",
    {
        "normalized_logistic_gd": ("NormalizedLogisticClassifier", "NotSeparatedWarning"),
        "greedy": ("GreedyElasticNet", "GreedyLasso"),
        "greedy_logistic": ("GreedyLogisticRegression",),
        "_greedy_path": ("RegularizationPath",),
    },
)
