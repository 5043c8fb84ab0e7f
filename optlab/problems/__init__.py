"""Analytic test problems by family: known constants, certified optima, siblings that break an assumption."""

from optlab._lazy import lazy_names

__all__, __getattr__ = lazy_names(
    "optlab.problems",
    {
        "quadratic": ("Quadratic", "IndefiniteQuadratic", "NesterovChain"),
        "least_squares": ("LeastSquares",),
        "scalar": ("HuberLine", "AbsoluteLine", "CosineLine", "QuarticLine"),
        "nonsmooth": ("InfinityNorm",),
        "lasso": ("Lasso", "PlantedLasso", "SparseSelection"),
        "logistic": ("LogisticRegression", "SeparableLogistic"),
        "stochastic": ("NoisyQuadratic", "HeavyTailedQuadratic", "NoisyAbsolute", "BiasedAbsolute"),
        "separable": ("Separable",),
        "separable_instances": (
            "PlantedMargin",
            "WorstCase",
            "TwoPoints",
            "Orthant",
            "Chain",
            "Staircase",
            "Oscillator",
            "OneSample",
            "Contradictory",
        ),
        "catalogue": ("examples",),
    },
)
