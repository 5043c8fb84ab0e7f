"""Solvers: one module per method; each is a frozen dataclass with `init` and `step`."""

from optlab._lazy import lazy_names

__all__, __getattr__ = lazy_names(
    "optlab.solvers",
    {
        "normalized_logistic_gd": ("NormalizedLRGD", "LRGD", "RiskAdaptiveGD"),
        "perceptron": ("Perceptron", "BatchPerceptron", "NormalizedBatchPerceptron"),
        "gradient_descent": ("GradientDescent",),
        "nesterov": ("NesterovAcceleratedGradient",),
        "proximal_gradient": ("ProximalGradient",),
        "subgradient": ("SubgradientDescent",),
        "sgd": ("SGD",),
        "catalogue": ("examples",),
    },
)
