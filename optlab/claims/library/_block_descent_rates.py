"""What the claims on the rates of greedy rules share: where they are tried, and how they are measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from optlab.claims import Case, Measurement, trajectory
from optlab.claims.library._block_descent import Only, curvature, dense, lattice, tight_quadratic
from optlab.core.rng import streams
from optlab.problems import LabelPropagation, Quadratic, tight_start

__all__ = [
    "QUADRATICS",
    "SPREAD",
    "ExpectedStep",
    "after_start",
    "drawn_start",
    "expected_step",
    "fall_of_each_step",
    "first_ratio",
    "flat",
    "from_tight_start",
    "instances",
    "norm_inequality",
    "tight",
]

SPREAD = np.geomspace(1.0, 100.0, 20)

QUADRATICS = [
    Case("dense quadratic", dense, tight=True),
    Case("diagonal", Quadratic(SPREAD), tight=True),
    Case("lattice", lattice(), tight=True),
]


def tight(scaled: bool) -> Any:
    """Return a factory of quadratics that start where one step attains its rate."""
    return lambda rng: tight_quadratic(rng, scaled)


def flat(solver: Any, steps: int) -> Case:
    """One flat coordinate, where almost all of the gap is: what random selection is slow on."""
    return Case("one flat coordinate", Quadratic([0.01, *[1.0] * 9], x_star=[10.0, *[0.1] * 9]), solver, steps)


def instances(solver: Any, scaled: bool, budget: str = "quick") -> list[Case]:
    """Everywhere the constants are known: diagonal, dense, an M-matrix; and the starts from which one step is tight."""
    steps = 100 if budget == "quick" else 1000
    sizes = {"lattice of 6 x 6 nodes": 6} if budget == "quick" else {"lattice of 6 x 6 nodes": 6, "data set D": 50}
    return [
        *(Case(name, LabelPropagation.lattice(size, size), solver, steps) for name, size in sizes.items()),
        Case("diagonal", Quadratic(SPREAD), solver, steps),
        flat(solver, steps),
        Case("dense quadratic", dense, solver, steps),
        Case("dense quadratic, tight start", tight(scaled), solver, steps, tight=True),
    ]


def from_tight_start(solver: Any, scaled: bool) -> list[Case]:
    """Quadratics at the start where one step attains its rate."""
    return [
        Case("dense quadratic", tight(scaled), solver, tight=True),
        Case("lattice", lattice(tight=True), solver, tight=True),
    ]


# ---------------------------------------------------------------- measurements


def drawn_start(case: Case, problem: Any, seed: Any) -> Any:
    """Return the start of the case, or the minimiser moved by a random vector."""
    if case.x0 is not None:
        return np.asarray(case.x0, dtype=float)
    return problem.reference.x + streams(seed).data.standard_normal(problem.shape)


class ExpectedStep(NamedTuple):
    """The gap before one step, and after it for each of the fixed blocks; the constants of these steps."""

    before: float
    after: Any
    lipschitz: Any
    blocks: Any


def expected_step(solver: Any, problem: Any, x0: Any) -> ExpectedStep:
    """Make one step with each of the fixed blocks in turn: a mean over random blocks can then be worked out exactly."""
    gaps, lipschitz, index = [], [], 0
    while True:
        result = solver.replace(rule=Only(index)).run(problem, x0=x0, max_iter=1, record=1)
        gaps.append(result.history["gap"])
        lipschitz.append(result.history.trace["lipschitz"][0])
        index += 1
        if index == len(result.state.blocks):
            before, after = np.transpose(gaps)
            return ExpectedStep(float(before[0]), after, np.array(lipschitz), result.state.blocks)


def after_start(case: Case, problem: Any, seed: Any, *, relative: bool = True) -> Measurement:
    """The gap along the run, as a part of the first one: from step 1 on, as every bound is an equality before."""
    whole = trajectory(case, problem, seed)
    first = whole.known["gap0"] if relative else 1.0
    known = {"gap0": whole.known["gap0"] / first}
    return Measurement(np.asarray(whole.axis)[1:], np.asarray(whole.value)[1:] / first, known=known)


def fall_of_each_step(bound: Callable[[Case, Any, Any], Any]) -> Callable[..., Measurement]:
    """Return a measurement of the gap after each step, against ``bound(case, problem, result)``."""

    def measured(case: Case, problem: Any, seed: Any) -> Measurement:
        result = case.solver.run(problem, x0=case.x0, max_iter=case.max_iter, record=1, rng=seed)
        return Measurement(result.history["k"][1:], result.history["gap"][1:], bound(case, problem, result))

    return measured


def first_ratio(case: Case, problem: Any, seed: Any) -> Measurement:
    """What one step leaves of the gap."""
    history = case.solver.run(problem, max_iter=1, record=1, rng=seed).history
    return Measurement(1, history["gap"][1] / history["gap"][0])


def norm_inequality(scaled: bool, factor: float = 1.0) -> Any:
    """Compare mu ||d||^2 with d^T H d, for random directions and the one on which they are equal."""

    def measured(case: Case, problem: Any, seed: Any) -> Measurement:
        H = curvature(problem)
        L = np.diag(H)
        scale, mu = (np.sqrt(L), problem.constants.mu_L) if scaled else (np.ones_like(L), problem.constants.mu_1)
        d = streams(seed).data.standard_normal((200, len(H)))
        d = np.vstack([d, tight_start(H, "diagonal" if scaled else None)])
        norms = (np.abs(d) @ scale) ** 2
        return Measurement(np.arange(len(d)), factor * mu * norms, np.einsum("ki,ij,kj->k", d, H, d))

    return measured
