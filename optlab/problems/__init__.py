"""Analytic test problems by family: constants known, optima certified, each family with siblings that break an assumption."""

from optlab._lazy import lazy_names

__all__, __getattr__ = lazy_names(
    "optlab.problems",
    {
        "quadratic": ("Quadratic", "NesterovChain", "LeastSquares"),
        "scalar": ("HuberLine", "AbsoluteLine"),
        "lasso": ("PlantedLasso",),
        "logistic": ("LogisticRegression",),
        "stochastic": ("NoisyQuadratic", "NoisyAbsolute"),
        "separable": (
            "Separable",
            "PlantedMargin",
            "WorstCase",
            "TwoPoints",
            "Orthant",
            "Chain",
            "Oscillator",
            "OneSample",
            "Contradictory",
        ),
        "catalogue": ("catalogue",),
    },
)
