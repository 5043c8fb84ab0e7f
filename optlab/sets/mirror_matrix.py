r"""The matrix entropy: the negative entropy of the eigenvalues."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.xp import namespace
from optlab.sets._inputs import matrices
from optlab.sets.base import ConvexSet
from optlab.sets.mirror import MirrorMap
from optlab.sets.mirror_entropy import NegativeEntropy, largest_sum
from optlab.sets.mirror_forms import onto
from optlab.sets.spectraplex import (
    CappedSpectraplex,
    SemidefiniteCone,
    SpectralSet,
    Spectraplex,
    from_spectrum,
    spectrum,
)

__all__ = ["MatrixEntropy"]

_ENTROPY = NegativeEntropy()


@dataclass(frozen=True, eq=False)
class MatrixEntropy(MirrorMap):
    r"""The matrix entropy :math:`\psi(X) = \operatorname{tr}(X \ln X)` on the positive semidefinite matrices.

    .. math:: \nabla \psi(X) = I + \ln X, \qquad
              B_\psi(X, Y) = \operatorname{tr}(X \ln X - X \ln Y - X + Y),

    the quantum relative entropy.  A mirror step is :math:`\exp(\ln X - \tau G)`, over the spectraplex divided by its
    trace (matrix multiplicative weights); over the capped one the eigenvalues are treated as `NegativeEntropy` treats
    weights under a cap.  Over the set of trace at most r the map is 1/r-strongly convex with respect to the trace norm;
    the dual norm is the spectral norm.

    Points are symmetric n by n matrices along the last two axes; a step costs an eigendecomposition for the logarithm
    and one for the exponential, so a method that keeps :math:`\ln X` calls `dual_project` and saves the first.

    Notes
    -----
    The logarithm of a singular matrix does not exist: eigenvalues at or below zero, rounding included, are lifted to
    the smallest positive normal number before it is taken.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> gradient = np.diag([0.0, np.log(3.0)])
    >>> ol.sets.MatrixEntropy().mirror_step(np.eye(2) / 2, gradient, step=1.0, constraint=ol.sets.Spectraplex())
    array([[0.75, 0.  ],
           [0.  , 0.25]])
    """

    point_ndim: ClassVar[int] = 2  # type: ignore[misc]

    @property
    def domain(self) -> ConvexSet:
        return SemidefiniteCone()

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        most = largest_sum(constraint.eigenvalues) if isinstance(constraint, SpectralSet) else math.inf
        return 1.0 / most

    def norm(self, x: Any) -> Any:
        x = matrices(x)
        xp = namespace(x)
        return _ENTROPY.norm(spectrum(xp, x)[0])

    def dual_norm(self, g: Any) -> Any:
        g = matrices(g, "g")
        return _ENTROPY.dual_norm(spectrum(namespace(g), g)[0])

    def value(self, x: Any) -> Any:
        x = matrices(x)
        xp = namespace(x)
        values = spectrum(xp, x)[0]
        rounding = 16.0 * float(xp.finfo(x.dtype).eps) * x.shape[-1] * xp.max(xp.abs(values), axis=-1, keepdims=True)
        return _ENTROPY.value(xp.where(xp.abs(values) <= rounding, 0.0, values))

    def gradient(self, x: Any) -> Any:
        x = matrices(x)
        xp = namespace(x)
        values, vectors = spectrum(xp, x)
        smallest = float(xp.finfo(x.dtype).smallest_normal)
        return from_spectrum(xp, 1.0 + xp.log(xp.maximum(values, smallest)), vectors)

    def dual_gradient(self, theta: Any) -> Any:
        theta = matrices(theta, "theta")
        xp = namespace(theta)
        values, vectors = spectrum(xp, theta)
        return from_spectrum(xp, _ENTROPY.dual_gradient(values), vectors)

    @onto(SemidefiniteCone, Spectraplex, CappedSpectraplex)
    def _onto_spectral(self, theta: Any, constraint: SpectralSet) -> Any:
        xp = namespace(theta)
        values, vectors = spectrum(xp, theta)
        return from_spectrum(xp, _ENTROPY.dual_project(values, constraint.eigenvalues), vectors)
