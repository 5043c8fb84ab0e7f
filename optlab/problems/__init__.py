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
        "block_quadratics": ("DenseQuadratic", "PartitionedQuadratic", "TwoBlockQuadratic"),
        "block_traps": ("GreedyCounterexample", "TiedPair", "QuarticHuber"),
        "graph_quadratics": ("GraphQuadratic", "LogisticPropagation"),
        "label_propagation": ("LabelPropagation",),
        "nonnegative": ("NonNegativeLeastSquares",),
        "planted_manifold": ("ManifoldLasso", "DegenerateLasso", "ManifoldNonNegative"),
        "planted_logistic": ("ManifoldLogistic",),
        "softmax": ("SoftmaxRegression",),
        "block_datasets": ("data_set_A", "data_set_B", "data_set_C", "data_set_D", "data_set_E"),
        "strong_convexity": ("mu_block", "mu_l1", "mu_l1_scaled", "tight_start", "worst_signs"),
        "catalogue": ("examples",),
    },
)
