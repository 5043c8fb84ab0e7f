"""Feasible sets, regularisers and mirror maps: projections, linear minimisation, proximal maps, one file per family."""

from optlab.sets.ball import L1Ball, L2Ball, LinfBall
from optlab.sets.base import ConvexSet, Norm, Regularizer, UnboundedError
from optlab.sets.bounded_simplex import BoundedSimplex
from optlab.sets.box import Box
from optlab.sets.halfspace import Affine, HalfSpace
from optlab.sets.indicator import Indicator, SupportFunction
from optlab.sets.kinks import Kinks
from optlab.sets.lp_ball import LpBall
from optlab.sets.mirror import MirrorMap, mirror_pairs
from optlab.sets.mirror_barrier import LogBarrier
from optlab.sets.mirror_diagonal import DiagonalQuadratic
from optlab.sets.mirror_entropy import NegativeEntropy
from optlab.sets.mirror_euclidean import Euclidean
from optlab.sets.mirror_forms import MissingProjection, onto
from optlab.sets.mirror_matrix import MatrixEntropy
from optlab.sets.mirror_pnorm import PNorm
from optlab.sets.mirror_quadratic import Quadratic
from optlab.sets.norms import ElasticNet, L1Norm, L2Norm, SquaredL2, Zero
from optlab.sets.orthant import Orthant
from optlab.sets.polytope import Polytope
from optlab.sets.simplex import Simplex
from optlab.sets.space import WholeSpace
from optlab.sets.spectraplex import CappedSpectraplex, SemidefiniteCone, SpectralSet, Spectraplex

__all__ = [
    "Affine",
    "BoundedSimplex",
    "Box",
    "CappedSpectraplex",
    "ConvexSet",
    "DiagonalQuadratic",
    "ElasticNet",
    "Euclidean",
    "HalfSpace",
    "Indicator",
    "Kinks",
    "L1Ball",
    "L1Norm",
    "L2Ball",
    "L2Norm",
    "LinfBall",
    "LogBarrier",
    "LpBall",
    "MatrixEntropy",
    "MirrorMap",
    "MissingProjection",
    "NegativeEntropy",
    "Norm",
    "Orthant",
    "PNorm",
    "Polytope",
    "Quadratic",
    "Regularizer",
    "SemidefiniteCone",
    "Simplex",
    "SpectralSet",
    "Spectraplex",
    "SquaredL2",
    "SupportFunction",
    "UnboundedError",
    "WholeSpace",
    "Zero",
    "mirror_pairs",
    "onto",
]
