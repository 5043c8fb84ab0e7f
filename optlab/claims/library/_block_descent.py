"""What the claims on block coordinate descent share: instances, and parts for experiments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.problems import DenseQuadratic, LeastSquares, LogisticRegression, tight_start
from optlab.solvers import BlockCoordinateDescent
from optlab.solvers.block_coordinate_descent import Block, Move, Rule, Update

__all__ = [
    "CAREFUL",
    "ICML",
    "JMLR",
    "Only",
    "TooLong",
    "Unscaled",
    "correlated",
    "curvature",
    "dense",
    "greedy",
    "lattice",
    "noisy_labels",
    "spd",
    "tight_quadratic",
]

ICML = "J. Nutini et al., ICML 2015 (arXiv 1506.00552), poster and slides"
JMLR = "J. Nutini, I. Laradji, M. Schmidt, JMLR 23(131), 2022"

#: The judges compare gaps down to this size: below it they are made of rounding errors.
CAREFUL = {"floor": 1e-11}


def greedy(rule: Any = "GS", update: Any = "L", **options: Any) -> BlockCoordinateDescent:
    """Return a coordinate or block method; Gauss-Southwell with the common step unless said otherwise."""
    return BlockCoordinateDescent(rule=rule, update=update, **options)


# ---------------------------------------------------------------- instances


def spd(rng: np.random.Generator, n: int = 8, unit: bool = False) -> np.ndarray[Any, Any]:
    """Draw a positive definite matrix; its diagonal is spread over two decades, or all ones."""
    factor = rng.standard_normal((n, n))
    H = factor @ factor.T + 0.1 * np.eye(n)
    scale = 1 / np.sqrt(np.diag(H))
    if not unit:
        scale *= 10 ** rng.uniform(-0.5, 0.5, n)
    H = H * np.outer(scale, scale)
    if unit:
        np.fill_diagonal(H, 1.0)
    return 0.5 * (H + H.T)


def dense(rng: np.random.Generator, n: int = 8) -> Any:
    """Draw a dense quadratic; the start, the origin, is as far from its minimiser as a random vector."""
    H = spd(rng, n)
    return DenseQuadratic(H, H @ rng.standard_normal(len(H)))


def tight_quadratic(rng: np.random.Generator, scaled: bool) -> Any:
    """Draw a quadratic that starts where one step of GS, or (`scaled`) of GSL, gains no more than its rate.

    Where the rule does not scale the gradient, all constants are one, so that whichever coordinate of a tie is chosen
    has the largest one.
    """
    H = spd(rng, unit=not scaled)
    return DenseQuadratic(H, x0=tight_start(H, "diagonal" if scaled else None))


def lattice(side: int = 4, tight: bool = False) -> Any:
    """Return the Laplacian of a square lattice whose neighbours outside are held fixed: an M-matrix with L_i = 4."""
    path = 2 * np.eye(side) - np.eye(side, k=1) - np.eye(side, k=-1)
    H = np.kron(path, np.eye(side)) + np.kron(np.eye(side), path)
    return DenseQuadratic(H, x0=tight_start(H) if tight else np.arange(float(side**2)))


def correlated(rng: np.random.Generator, rho: float = 0.9, shape: tuple[int, int] = (30, 12)) -> Any:
    """Draw least squares whose columns point about the same way."""
    A = math.sqrt(rho) * rng.standard_normal((shape[0], 1)) + math.sqrt(1 - rho) * rng.standard_normal(shape)
    return LeastSquares(A * 10 ** rng.uniform(-0.5, 0.5, shape[1]), rng.standard_normal(shape[0]))


def noisy_labels(rng: np.random.Generator) -> Any:
    """Draw logistic regression with labels that no plane separates."""
    A = rng.standard_normal((40, 12)) * 10 ** rng.uniform(-0.5, 0.5, 12)
    return LogisticRegression(A, np.sign(A @ rng.standard_normal(12) + rng.standard_normal(40)), l2=0.01)


def curvature(problem: Any) -> np.ndarray[Any, Any]:
    """Return the whole matrix that bounds the curvature; for a quadratic, its Hessian."""
    return np.asarray(problem.block_bound(np.arange(problem.shape[0])))


# ---------------------------------------------------------------- parts for experiments


@dataclass(frozen=True)
class Only(Rule):
    """Choose one and the same fixed block: a mean over random blocks is then worked out exactly, block by block."""

    index: int = 0

    def select(self, at: Any) -> Block:
        return at.fixed(self.index)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Unscaled(Update):
    """Sabotaged: coordinate steps 1/L_i for a whole block at once, without regard to their number."""

    def move(self, at: Any, block: Block) -> Move:
        g, D = at.block_gradient(block), at.take(at.lipschitz, block)
        return Move(-g / D, progress=0.5 * float(np.sum(g * g / D)))


@dataclass(frozen=True)
class TooLong(Update):
    """Sabotaged: the gradient step with 2.1 over the constant."""

    factor: float = 2.1

    def move(self, at: Any, block: Block) -> Move:
        g, L = at.block_gradient(block), at.lipschitz.max()
        return Move(-self.factor * g / L, L, float(g @ g) / (2 * L))
