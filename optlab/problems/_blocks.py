r"""Block oracles of linear models: a loss of z = A x, with a ridge penalty where there is one.

.. math:: f(x) = \varphi(A x - a) + \tfrac{\ell_2}2 \|x\|_2^2

A move of a few coordinates touches their columns of A only.  The gradient of a block costs those columns, too; all of
it costs one product with the transpose, and is worked out when somebody asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from array_api_compat import device

from optlab.core.constants import Constant, exact, upper
from optlab.core.xp import is_sparse, namespace, put_add
from optlab.problems._linear import apply
from optlab.problems._memo import Memoized
from optlab.problems._rows import add_rows, columns, gram, gram_row_sums, row_products, squared_norms
from optlab.problems.signed_data import logistic

__all__ = ["LinearBlocks", "LogisticBlocks", "SquaredBlocks", "coordinate_constants"]

#: Up to this many columns the Gram matrix of a squared loss is made, and its rows update the gradient.
_GRAM_LIMIT = 500


@dataclass
class Followed:
    """The bookkeeping at a point: what is None was not asked for since the last move."""

    z: Any
    x: Any = None  # kept where there is a ridge penalty
    slope: Any = None  # the derivative of the loss at z
    gradient: Any = None
    value: float | None = None
    along: tuple[Any, Any, Any] | None = None  # the last direction (block, d) with A_b d
    wanted: bool = False  # whether the whole gradient was asked for since the last move


class LinearBlocks(Memoized):
    """The block oracles, made from the loss; a subclass says what A, z and the loss are."""

    l2 = 0.0
    _quadratic = False  # whether the loss is the squared one: its gradient can be kept by the Gram matrix

    def _matrix(self) -> Any:
        raise TypeError("a linear model has a matrix")

    def _fit(self, x: Any) -> Any:
        """Return z."""
        return apply(self._matrix(), x)

    def _loss(self, z: Any) -> float:
        raise TypeError("a linear model has a loss")

    def _loss_slope(self, z: Any) -> Any:
        raise TypeError("a linear model has a loss")

    def _loss_curvature(self, z: Any) -> Any:
        """Return the second derivatives of the loss, None where they are all one."""
        raise TypeError("a linear model has a loss")

    def _loss_bound(self) -> float:
        """Return the largest second derivative of the loss of a sample."""
        raise TypeError("a linear model has a loss")

    def _columns(self) -> Any:
        return self._memo("columns", lambda: columns(self._matrix()))

    def _gram(self) -> Any:
        """The Gram matrix, or None: whether it is used depends on the data alone, so that runs can be repeated."""
        if not self._quadratic or self._columns().shape[0] > _GRAM_LIMIT:
            return None
        return self._memo("gram", lambda: gram(self._columns()))

    def _mean_length(self) -> float:
        """How many entries a column has."""
        T = self._columns()
        return T.nnz / T.shape[0] if is_sparse(T) else float(T.shape[1])

    # ---- BlockMoves

    def follow(self, x: Any) -> Followed:
        """Return the bookkeeping at x, worked out afresh."""
        kept = namespace(x).asarray(x, copy=True) if self.l2 else None
        return Followed(z=self._fit(x), x=kept)

    def move(self, followed: Followed, block: Any, d: Any) -> Followed:
        """Return the bookkeeping at x + U_b d."""
        gradient = None
        if followed.gradient is not None and followed.wanted and block.shape[0] <= self._mean_length():
            matrix = self._gram()
            if matrix is not None:
                gradient = add_rows(followed.gradient, matrix, block, d)
                gradient = put_add(gradient, block, self.l2 * d) if self.l2 else gradient
        x = put_add(followed.x, block, d) if self.l2 else None
        return Followed(z=add_rows(followed.z, self._columns(), block, d), x=x, gradient=gradient)

    def block_gradient(self, followed: Followed, block: Any = None) -> Any:
        """Return the gradient of the smooth part, restricted to the block or all of it."""
        if block is None:
            followed.wanted = True
            if followed.gradient is None:
                followed.gradient = self._ask_gradient(followed, None)
            return followed.gradient
        if followed.gradient is not None:
            return namespace(followed.z).take(followed.gradient, block)
        return self._ask_gradient(followed, block)

    def _ask_gradient(self, followed: Followed, block: Any) -> Any:
        if followed.slope is None:
            followed.slope = self._loss_slope(followed.z)
        g = row_products(self._columns(), block, followed.slope)
        if not self.l2:
            return g
        return g + self.l2 * (followed.x if block is None else namespace(followed.x).take(followed.x, block))

    def value_along(self, followed: Followed, block: Any, d: Any, step: float) -> float:
        """Return the smooth part at x + step U_b d."""
        if step == 0.0:
            if followed.value is None:
                ridge = 0.5 * self.l2 * float(followed.x @ followed.x) if self.l2 else 0.0
                followed.value = self._loss(followed.z) + ridge
            return followed.value
        value = self._loss(followed.z + step * self._along(followed, block, d))
        if not self.l2:
            return value
        moved = put_add(followed.x, block, step * d)
        return value + 0.5 * self.l2 * float(moved @ moved)

    def _along(self, followed: Followed, block: Any, d: Any) -> Any:
        """Return A_b d, worked out once for a line search."""
        xp = namespace(d)
        last = followed.along
        if last is not None and last[0].shape == block.shape and bool(xp.all(last[0] == block) & xp.all(last[1] == d)):
            return last[2]
        change = add_rows(xp.zeros_like(followed.z), self._columns(), block, d)
        followed.along = (xp.asarray(block, copy=True), xp.asarray(d, copy=True), change)
        return change

    # ---- BlockCurvature

    def coordinate_lipschitz(self) -> Any:
        """Return the coordinate constants L_i."""
        make = lambda: self._loss_bound() * squared_norms(self._columns()) + self.l2  # noqa: E731
        return self._memo("lipschitz", make)

    def block_bound(self, block: Any) -> Any:
        """Return the matrix H_bb that bounds the curvature of the block."""
        matrix, xp = self._gram(), namespace(block)
        if matrix is None:
            bound = gram(self._columns(), block)
        else:
            bound = xp.take(xp.take(matrix, block, axis=0), block, axis=1)
        return self._ridged(self._loss_bound() * bound)

    def _ridged(self, matrix: Any) -> Any:
        if not self.l2:
            return matrix
        eye = namespace(matrix).eye(matrix.shape[0], dtype=matrix.dtype, device=device(matrix))
        return matrix + self.l2 * eye

    def bound_product(self, block: Any, d: Any) -> Any:
        """Return H U_b d for the matrix H that bounds the curvature."""
        T = self._columns()
        zero = namespace(d).zeros(T.shape[1], dtype=d.dtype, device=device(d))
        product = self._loss_bound() * row_products(T, None, add_rows(zero, T, block, d))
        return put_add(product, block, self.l2 * d) if self.l2 else product

    def bound_row_sums(self) -> Any:
        """Return the sums of absolute values in the rows of H."""
        return self._memo("row sums", lambda: self._loss_bound() * gram_row_sums(self._columns()) + self.l2)

    # ---- BlockHessian

    def block_hessian(self, followed: Followed, block: Any) -> Any:
        """Return the block of the Hessian of the smooth part."""
        weights = self._loss_curvature(followed.z)
        return self.block_bound(block) if weights is None else self._ridged(gram(self._columns(), block, weights))

    # ---- What the rule "GSL-nearest" of block coordinate descent asks for

    def design_matrix(self) -> Any:
        """Return A."""
        return self._matrix()

    def outer_gradient(self, followed: Followed) -> Any:
        """Return the gradient of the loss as a function of z = A x."""
        if self.l2:
            raise ValueError("with a ridge penalty f is not a function of A x alone")
        if followed.slope is None:
            followed.slope = self._loss_slope(followed.z)
        return followed.slope


class SquaredBlocks(LinearBlocks):
    """Half the squared residual of ``self.A`` and ``self.b``."""

    _quadratic = True
    A: Any
    b: Any

    def _matrix(self) -> Any:
        return self.A

    def _fit(self, x: Any) -> Any:
        return apply(self.A, x) - self.b

    def _loss(self, z: Any) -> float:
        return 0.5 * float(z @ z)

    def _loss_slope(self, z: Any) -> Any:
        return z

    def _loss_curvature(self, z: Any) -> Any:
        return None

    def _loss_bound(self) -> float:
        return 1.0


class LogisticBlocks(LinearBlocks):
    """The logistic loss of ``self.signed``, each sample times ``self.weight``."""

    signed: Any
    weight: float

    def _matrix(self) -> Any:
        return self.signed

    def _loss(self, z: Any) -> float:
        return self.weight * float(namespace(z).sum(logistic(z)[1]))

    def _loss_slope(self, z: Any) -> Any:
        return -self.weight * logistic(z)[0]

    def _loss_curvature(self, z: Any) -> Any:
        p = logistic(z)[0]
        return self.weight * p * (1 - p)

    def _loss_bound(self) -> float:
        return 0.25 * self.weight


def coordinate_constants(problem: Any) -> dict[str, Callable[[], Constant]]:
    """Return L_max, L_mean and L_min, the largest, mean and smallest coordinate constant; worked out when wanted."""

    def about(name: str, reduce: Callable[[Any], float]) -> Callable[[], Constant]:
        def work_out() -> Constant:
            kind = exact if getattr(problem, "_quadratic", False) else upper
            return kind(reduce(problem.coordinate_lipschitz()), f"{name} coordinate-wise smoothness constant")

        return work_out

    def mean(L: Any) -> float:
        return math.fsum(float(L[i]) for i in range(L.shape[0])) / L.shape[0]

    return {
        "L_max": about("largest", lambda L: float(namespace(L).max(L))),
        "L_mean": about("mean", mean),
        "L_min": about("smallest", lambda L: float(namespace(L).min(L))),
    }
