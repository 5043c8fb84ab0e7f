"""Solvers: one module per method; each is a frozen dataclass with `init` and `step`.

They are imported together, so that whoever misses an oracle is told of every solver that would fit.
"""

from optlab.solvers.block_coordinate_descent import BlockCoordinateDescent
from optlab.solvers.catalogue import examples
from optlab.solvers.gradient_descent import GradientDescent
from optlab.solvers.nesterov import NesterovAcceleratedGradient
from optlab.solvers.normalized_logistic_gd import LRGD, NormalizedLRGD, RiskAdaptiveGD
from optlab.solvers.perceptron import BatchPerceptron, NormalizedBatchPerceptron, Perceptron
from optlab.solvers.proximal_gradient import ProximalGradient
from optlab.solvers.sgd import SGD
from optlab.solvers.subgradient import SubgradientDescent

__all__ = [
    "LRGD",
    "SGD",
    "BatchPerceptron",
    "BlockCoordinateDescent",
    "GradientDescent",
    "NesterovAcceleratedGradient",
    "NormalizedBatchPerceptron",
    "NormalizedLRGD",
    "Perceptron",
    "ProximalGradient",
    "RiskAdaptiveGD",
    "SubgradientDescent",
    "examples",
]
