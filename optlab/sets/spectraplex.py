r"""Sets of symmetric matrices described by their eigenvalues: the semidefinite cone and the spectraplexes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from optlab.core.validate import number
from optlab.core.xp import namespace
from optlab.sets._inputs import dimension, matrices
from optlab.sets.base import ConvexSet
from optlab.sets.bounded_simplex import BoundedSimplex
from optlab.sets.orthant import Orthant
from optlab.sets.simplex import Simplex

__all__ = ["CappedSpectraplex", "SemidefiniteCone", "SpectralSet", "Spectraplex", "from_spectrum", "spectrum"]


def spectrum(xp: Any, x: Any) -> tuple[Any, Any]:
    """Eigenvalues, in increasing order, and eigenvectors of the symmetric part; NaN eigenvalues where x is not finite.

    LAPACK gives up on a matrix with NaN, and would take the rest of the batch down with it.
    """
    bad = xp.any(~xp.isfinite(x), axis=(-2, -1))
    clean = xp.where(bad[..., None, None], 0.0, x)
    values, vectors = xp.linalg.eigh(0.5 * clean + 0.5 * xp.matrix_transpose(clean))
    return xp.where(bad[..., None], xp.nan, values), vectors


def from_spectrum(xp: Any, values: Any, vectors: Any) -> Any:
    """The exactly symmetric matrix with these eigenvalues and eigenvectors."""
    x = xp.matmul(vectors * values[..., None, :], xp.matrix_transpose(vectors))
    return 0.5 * (x + xp.matrix_transpose(x))


class SpectralSet(ConvexSet):
    r"""The symmetric matrices whose eigenvalues lie in a convex set that does not care about their order.

    Points are n by n matrices along the last two axes, distances are measured in the Frobenius norm, and n is `dim`.
    Projection and linear minimisation act on the eigenvalues and keep the eigenvectors; both look at the symmetric part
    of their argument only.  The diameter is that of the set of eigenvalues, because by von Neumann's trace inequality
    :math:`\langle S, T \rangle` is smallest for matrices that commute.

    Examples
    --------
    Symmetric matrices with eigenvalues between -1 and 1, the unit ball of the spectral norm:

    >>> import numpy as np
    >>> import optlab as ol
    >>> class SpectralBall(ol.sets.SpectralSet):
    ...     @property
    ...     def eigenvalues(self):
    ...         return ol.sets.LinfBall(radius=1.0)
    >>> SpectralBall().project(np.diag([3.0, 0.5]))
    array([[1. , 0. ],
           [0. , 0.5]])
    """

    point_ndim: ClassVar[int] = 2

    @property
    @abstractmethod
    def eigenvalues(self) -> ConvexSet:
        """The set of the vectors of eigenvalues, which must not change when coordinates are permuted."""

    def project(self, x: Any) -> Any:
        x = matrices(x, "x", self.dim)
        xp = namespace(x)
        values, vectors = spectrum(xp, x)
        return from_spectrum(xp, self.eigenvalues.project(values), vectors)

    def lmo(self, g: Any) -> Any:
        g = matrices(g, "g", self.dim)
        xp = namespace(g)
        values, vectors = spectrum(xp, g)
        return from_spectrum(xp, self.eigenvalues.lmo(values), vectors)

    def support(self, y: Any) -> Any:
        y = matrices(y, "y", self.dim)
        return self.eigenvalues.support(spectrum(namespace(y), y)[0])

    @property
    def diameter(self) -> float:
        return self.eigenvalues.diameter


@dataclass(frozen=True, eq=False)
class SemidefiniteCone(SpectralSet):
    r"""The cone of positive semidefinite matrices, :math:`\{X : X \succeq 0\}`.

    Parameters
    ----------
    dim : int, optional
        The size n of the matrices, when the set should insist on it.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> ol.sets.SemidefiniteCone().project(np.diag([1.0, -2.0]))
    array([[1., 0.],
           [0., 0.]])
    """

    dim: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", dimension(self.dim))

    @property
    def eigenvalues(self) -> ConvexSet:
        return Orthant(self.dim)


@dataclass(frozen=True, eq=False)
class Spectraplex(SpectralSet):
    r"""The spectraplex :math:`\{X \succeq 0, \; \operatorname{tr} X = \mathrm{total}\}`, the simplex of matrices.

    Its linear minimiser is :math:`\mathrm{total} \cdot v v^T` with v an eigenvector of the smallest eigenvalue.

    Parameters
    ----------
    total : float
        The trace, > 0.
    dim : int, optional
        The size n of the matrices, when the set should insist on it.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> ol.sets.Spectraplex().project(np.diag([0.5, 1.0, -2.0]))
    array([[0.25, 0.  , 0.  ],
           [0.  , 0.75, 0.  ],
           [0.  , 0.  , 0.  ]])
    """

    total: float = 1.0
    dim: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", number("total", self.total, above=0.0))
        object.__setattr__(self, "dim", dimension(self.dim))

    @property
    def eigenvalues(self) -> ConvexSet:
        return Simplex(self.total, self.dim)


@dataclass(frozen=True, eq=False)
class CappedSpectraplex(SpectralSet):
    r"""The capped spectraplex :math:`\{0 \preceq X \preceq c I, \; \operatorname{tr} X = \mathrm{total}\}`.

    With c = 1 and trace k it is the convex hull of the projections onto k-dimensional subspaces, the set over which
    online principal component analysis plays.

    Parameters
    ----------
    cap : float
        The largest eigenvalue allowed, c > 0.
    total : float
        The trace, > 0, at most n c.
    dim : int, optional
        The size n of the matrices, when the set should insist on it.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> ol.sets.CappedSpectraplex(cap=0.5).project(np.diag([2.0, 0.0, 0.0]))
    array([[0.5 , 0.  , 0.  ],
           [0.  , 0.25, 0.  ],
           [0.  , 0.  , 0.25]])
    """

    cap: float = 1.0
    total: float = 1.0
    dim: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "cap", number("cap", self.cap, above=0.0))
        object.__setattr__(self, "total", number("total", self.total, above=0.0))
        object.__setattr__(self, "dim", dimension(self.dim))
        if self.dim is not None:
            self.eigenvalues.check(self.dim)

    @property
    def eigenvalues(self) -> BoundedSimplex:
        return BoundedSimplex(upper=self.cap, total=self.total, dim=self.dim)
