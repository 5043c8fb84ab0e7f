"""What the claims on composite functions share: problems built around their optimum, and counting wrong coordinates.

Z holds the coordinates whose optimum is in the kink of g_i; delta > 0 says how far inside the subdifferential of their
g_i the negative gradient lies there (non-degeneracy).  A coordinate of Z is wrong where it is not in its kink.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.claims import Assumption, Case
from optlab.core.constants import exact
from optlab.core.reference import Reference
from optlab.problems.lasso import Lasso
from optlab.problems.planted_manifold import DegenerateLasso, ManifoldLasso, ManifoldNonNegative
from optlab.problems.strong_convexity import mu_l1

__all__ = ["NON_DEGENERATE", "Built", "degenerate", "lasso", "last_wrong", "nonnegative", "start", "valley", "wrong"]

NON_DEGENERATE = Assumption("no coordinate is degenerate (delta > 0)", lambda p, case: p.constants["delta"].value > 0)


class Built(Lasso):
    """A Lasso built around its optimum: A^T (b - A x_star) = weight * z, with z a subgradient of the l1 norm there."""

    def __init__(self, A: Any, x_star: Any, z: Any, weight: float = 1.0) -> None:
        A, x_star, z = np.asarray(A), np.asarray(x_star), np.asarray(z)
        gram = A.T @ A
        residual = weight * (A @ np.linalg.solve(gram, z))
        super().__init__(A, A @ x_star + residual, weight)
        value = 0.5 * float(residual @ residual) + weight * float(np.abs(x_star).sum())
        self.reference = Reference.exact(value, x_star, certificate="optimality conditions, by construction of b")
        self.constants = self.constants.replace(
            mu=exact(float(np.linalg.eigvalsh(gram)[0]), "smallest eigenvalue of A^T A"),
            mu_1=mu_l1(gram),
            delta=exact(weight * float(np.min(1 - np.abs(z[x_star == 0.0]), initial=1.0)), "margin of z at the zeros"),
        )


def wrong(problem: Any, x: Any) -> Any:
    """How many coordinates of Z are wrong, at one point or at several."""
    return np.sum(np.asarray(x)[..., problem.reference.x == 0.0] != 0.0, axis=-1)


def last_wrong(problem: Any, path: Any) -> int:
    """The first step from which on no coordinate of Z is wrong."""
    steps = np.flatnonzero(wrong(problem, path))
    return int(steps[-1]) + 1 if steps.size else 0


def start(case: Case, problem: Any, seed: Any) -> Any:
    """A start with all coordinates away from zero (and positive, for all problems here may ask for that)."""
    if case.x0 is not None:
        return np.asarray(case.x0)
    return problem.reference.x + np.random.default_rng(seed).uniform(0.5, 1.5, problem.shape[0])


def lasso(rng: Any) -> ManifoldLasso:
    """Draw a planted Lasso."""
    return ManifoldLasso(60, 40, 10, condition=10.0, rng=rng)


def nonnegative(rng: Any) -> ManifoldNonNegative:
    """Draw a planted non-negative problem."""
    return ManifoldNonNegative(60, 40, 10, condition=10.0, rng=rng)


def degenerate(rng: Any) -> DegenerateLasso:
    """Draw a Lasso with margin zero."""
    return DegenerateLasso(60, 40, 10, condition=10.0, rng=rng)


def valley(n: int, mu: float, delta: float) -> Built:
    """One coordinate of curvature 1 with optimum 1, others of curvature mu that stay at zero with margin delta."""
    first = np.eye(n)[0]
    return Built(np.diag(np.where(first, 1.0, math.sqrt(mu))), first, first, delta)
