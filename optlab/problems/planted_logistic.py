r"""Logistic regression with kinks whose solution is planted, and how fast Newton's method converges on its manifold.

Data, labels and the solution are drawn first; a linear term then makes the optimality conditions hold.  Unlike least
squares, the Hessian moves: its Lipschitz constant is known, and with it the quadratic convergence of Newton steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core.constants import Constant, Constants, exact, lower, upper
from optlab.core.problem import Problem
from optlab.core.reference import Reference
from optlab.core.rng import RNGLike, streams
from optlab.core.validate import boolean, integer, number
from optlab.problems._blocks import LogisticBlocks, coordinate_constants
from optlab.problems._linear import adjoint, apply, largest_eigenvalue, weighted_gram
from optlab.problems.planted_manifold import _margins, _Planted
from optlab.problems.signed_data import logistic
from optlab.sets.kinks import Kinks

__all__ = ["EXAMPLES", "ManifoldLogistic", "hessian_lipschitz"]

#: The largest third derivative of log(1 + exp(-t)), attained at t = +-log(2 + sqrt(3)).
_THIRD = 1 / (6 * math.sqrt(3))


def hessian_lipschitz(rows: Any) -> Constant:
    r"""Return a Lipschitz constant of the Hessian of a sum of logistic losses, in the spectral norm.

    .. math:: \|\nabla^2 f(x) - \nabla^2 f(y)\|_2 \le M \|x - y\|_2, \qquad
              M = \tfrac1{6 \sqrt 3} \min\Big\{\max_i \|a_i\| \, \lambda_{\max}(A^T A), \; \sum_i \|a_i\|^3\Big\}

    For a unit vector v the form of the difference is at most :math:`\tfrac1{6\sqrt3} \sum_i |a_i^T (x - y)| (a_i^T
    v)^2`, since that number bounds the third derivative of the loss (derived here).

    Parameters
    ----------
    rows : ndarray of shape (m, n)
        The data A, signed by the labels or not.

    Returns
    -------
    Constant
        An upper bound; sharp for one row.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.problems.planted_logistic import hessian_lipschitz
    >>> float(hessian_lipschitz(np.array([[2.0]])).value)  # 8 / (6 sqrt(3))
    0.7698
    """
    norms = np.sqrt(np.sum(rows * rows, axis=1))
    bound = min(float(norms.max()) * float(largest_eigenvalue(rows).value), float(np.sum(norms**3)))
    return upper(_THIRD * bound, "min(max ||a_i|| lambda_max(A^T A), sum ||a_i||^3) / (6 sqrt(3)), on these columns")


class ManifoldLogistic(_Planted, LogisticBlocks, Problem):
    r"""Sparse logistic regression whose solution, active manifold and margin of identification are planted.

    .. math:: F(x) = \sum_{i=1}^m \log\big(1 + e^{-y_i \langle a_i, x \rangle}\big) + \tfrac{\ell_2}2 \|x\|_2^2
              + c^T x + w \|x\|_1, \qquad c = -\nabla f(x^\star) - z

    f being the loss with the ridge penalty, :math:`z_i = w \operatorname{sign}(x^\star_i)` on the support, and
    :math:`|z_i| \le w - \delta` off it, with equality once.  Rows are Gaussian; labels follow the logistic model of the
    solution.  With `nonnegative` the solution is, the domain is :math:`x \ge 0`, and z is at most :math:`w - \delta`
    off the support.

    Parameters
    ----------
    m, n : int
        Number of rows and columns, >= 1.
    nnz : int
        Number of non-zero entries of the solution, the free variables, ``1 <= nnz <= n``.
    weight : float, default 1
        Weight w of the l1 norm, > 0.
    delta : float, default 0.2
        The margin, ``0 < delta <= weight``.
    l2 : float, default 0.1
        Weight of the ridge penalty, > 0.
    nonnegative : bool, default False
        Whether negative entries are forbidden.
    rng : None, int, SeedSequence or Generator, optional
        Seed of the data.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Notes
    -----
    Constants: `L`, :math:`\lambda_{\max}(A^T A) / 4 + \ell_2`, from above; `mu`, the ridge penalty, from below;
    `delta`; `radius` = delta / (2 L); `D`; the coordinate constants.  For Newton's method on the free variables S (all
    derived here): `mu_free`, the smallest eigenvalue of :math:`\nabla^2_{SS} f(x^\star)`; `M_free`, the Lipschitz
    constant of :math:`\nabla^2_{SS} f` (`hessian_lipschitz` of the columns S); and

    .. math:: \text{newton\_radius} = \min\Big\{\frac{\mu_S}{2 M_S}, \frac\delta{3 L}, \min_{i \in S} |x^\star_i|\Big\}.

    From a point this close whose zeros are right, the Newton step of the free variables keeps signs and zeros, passes
    the line search, and leaves at most :math:`M_S e^2 / (2 (\mu_S - M_S e)) < e / 2` of the distance e.

    `measure` adds `misidentified`, the number of coordinates that are zero at only one of x and the solution.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.problems.ManifoldLogistic(m=60, n=30, nnz=5, weight=10.0, delta=4.0, rng=0)
    >>> result = ol.BlockCoordinateDescent("GSL-q", "TMP", block_size=5).run(problem, max_iter=20)
    >>> float(result.history["misidentified"][-1]), bool(result.history["distance"][-1] < 1e-12)
    (0.0, True)
    """

    batched = True
    weight = 1.0  # of each loss, for the block oracles; the weight of the l1 norm is in the kinks

    def __init__(
        self,
        m: int,
        n: int,
        nnz: int,
        *,
        weight: float = 1.0,
        delta: float = 0.2,
        l2: float = 0.1,
        nonnegative: bool = False,
        rng: RNGLike = None,
    ) -> None:
        m, n = integer("m", m, at_least=1), integer("n", n, at_least=1)
        nnz, weight = integer("nnz", nnz, at_least=1, at_most=n), number("weight", weight, above=0)
        delta = number("delta", delta, above=0, at_most=weight)
        self.l2, self.nonnegative = number("l2", l2, above=0), boolean("nonnegative", nonnegative)
        draw = streams(rng).data
        A = draw.standard_normal((m, n))
        signs = np.where((draw.random(n) < 0.5) & (not self.nonnegative), -1.0, 1.0)
        support = draw.permutation(n) < nnz
        self.x_star = np.where(support, signs * (0.5 + draw.random(n)), 0.0)
        self.signed = np.where(draw.random(m) < logistic(-A @ self.x_star)[0], 1.0, -1.0)[:, None] * A
        self.shape, self.like = (n,), self.signed
        z = weight * signs
        z[~support] *= _margins(draw, n - nnz, 1 - delta / weight)
        c = -self.smooth_gradient(self.x_star) - z
        self.slopes = np.stack([np.full(n, -np.inf) if self.nonnegative else c - weight, c + weight])
        f_star = float(self.value(self.x_star))
        self.reference = Reference.exact(f_star, self.x_star, certificate="optimality conditions, by construction of c")
        self.constants = self._constants(delta)

    def _constants(self, delta: float) -> Constants:
        L = float(largest_eigenvalue(self.signed).value) / 4 + self.l2
        free = self.x_star != 0
        rows, p = self.signed[:, free], logistic(self.signed @ self.x_star)[0]
        least = self.l2 + max(float(np.linalg.eigvalsh(weighted_gram(rows, p * (1 - p)))[0]), 0.0)
        M = hessian_lipschitz(rows)
        radius = min(least / (2 * M.value), delta / (3 * L), float(np.abs(self.x_star[free]).min()))
        return Constants(
            L=upper(L, "lambda_max(A^T A) / 4 + l2, as the loss has curvature <= 1/4"),
            mu=lower(self.l2, "the ridge penalty"),
            delta=exact(delta, "least distance of the planted z to the ends of a subdifferential at a zero"),
            radius=lower(delta / (2 * L), "delta / (2 L): this close, steps 1 / L find every zero they touch"),
            D=exact(float(np.linalg.norm(self.x_star)), "||x_star||, start at the origin"),
            mu_free=exact(least, "smallest eigenvalue of the Hessian of the free variables at the solution"),
            M_free=M,
            newton_radius=lower(radius, "min(mu_free / (2 M_free), delta / (3 L), least free |x_star|)"),
            **coordinate_constants(self),
        )

    def _kinks(self) -> Kinks:
        return self._memo("kinks", lambda: Kinks(*self.kink_slopes()))

    def smooth_value(self, x: Any) -> Any:
        """Return f(x), the losses with the ridge penalty."""
        losses = np.sum(logistic(apply(self.signed, x))[1], axis=-1)
        return losses + 0.5 * self.l2 * np.sum(x * x, axis=-1)

    def smooth_gradient(self, x: Any) -> Any:
        """Return the gradient of f at x."""
        return self.l2 * x - adjoint(self.signed, logistic(apply(self.signed, x))[0])

    def kink_slopes(self) -> tuple[Any, Any]:
        """Return the slopes of the linear term with the l1 norm (or constraint) on both sides of zero."""
        return self.slopes[0], self.slopes[1]

    def prox(self, x: Any, step: Any) -> Any:
        """Return the proximal map of all terms but f."""
        return self._kinks().prox(x, step)

    def project(self, x: Any) -> Any:
        """Return the nearest point of the domain, which is all of space without a constraint."""
        return self._kinks().project(x)

    def value(self, x: Any) -> Any:
        """Return F(x), infinite where a value is forbidden."""
        return self.smooth_value(x) + self._kinks().value(x)


EXAMPLES: dict[str, Callable[[], Problem]] = {
    "ManifoldLogistic": lambda: ManifoldLogistic(24, 8, 3, weight=4.0, delta=1.0, rng=1),
    "ManifoldLogistic(nonnegative)": lambda: ManifoldLogistic(24, 8, 3, weight=4.0, delta=1.0, nonnegative=True, rng=1),
}
