"""Feasible sets, regularisers and mirror maps: projections, linear minimisation, proximal maps, one file per family."""

from optlab.sets.ball import L1Ball, L2Ball, LinfBall
from optlab.sets.base import ConvexSet, Norm, Regularizer, UnboundedError
from optlab.sets.box import Box
from optlab.sets.indicator import Indicator, SupportFunction
from optlab.sets.kinks import Kinks
from optlab.sets.mirror import Euclidean, MirrorMap
from optlab.sets.norms import ElasticNet, L1Norm, L2Norm, SquaredL2, Zero
from optlab.sets.simplex import Simplex
from optlab.sets.space import WholeSpace

__all__ = [
    "Box",
    "ConvexSet",
    "ElasticNet",
    "Euclidean",
    "Indicator",
    "Kinks",
    "L1Ball",
    "L1Norm",
    "L2Ball",
    "L2Norm",
    "LinfBall",
    "MirrorMap",
    "Norm",
    "Regularizer",
    "Simplex",
    "SquaredL2",
    "SupportFunction",
    "UnboundedError",
    "WholeSpace",
    "Zero",
]
