r"""Block coordinate descent: exact Gauss-Southwell steps when the graph of the Hessian is a chain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.claims import Assumption, Case, Control, Measurement, claim
from optlab.claims.library._block_descent import ICML, TooLong, curvature, dense, greedy
from optlab.problems import DenseQuadratic


def _chain(rng: Any, n: int = 12) -> Any:
    """Draw a tridiagonal Hessian: one steep coordinate, couplings of any sign and strength."""
    L = np.array([50.0, *10 ** rng.uniform(0.0, 0.3, n - 1)])
    couplings = rng.uniform(0.2, 0.45, n - 1) * rng.choice([-1.0, 1.0], n - 1)
    return _tridiagonal(L, couplings)


def _tridiagonal(L: Any, couplings: Any) -> Any:
    H = np.diag(L) + np.diag(couplings, 1) + np.diag(couplings, -1)
    return DenseQuadratic(H, np.zeros(len(L)))


_CHAIN = _tridiagonal([1000.0, *[1.0] * 11], [0.3] * 11)


def _is_chain(problem: Any, case: Case) -> bool:
    H = curvature(problem)
    return not np.triu(H, 2).any()


def _on_chains(update: Any, rule: str = "GS", steps: int = 200, budget: str = "quick") -> list[Case]:
    solver, start = greedy(rule, update), np.linspace(1.0, 2.0, 12)
    count = {"quick": 3, "standard": 20, "full": 100}[budget]
    drawn = [Case(f"random chain {i}", _chain(np.random.default_rng(i)), solver, steps, x0=start) for i in range(count)]
    return [Case("chain, one steep coordinate", _CHAIN, solver, steps, x0=start), *drawn]


def _chain_gap(case: Case, problem: Any, seed: Any) -> Measurement:
    r"""The gap over exp(k/20), against the largest mean factor of two neighbours, or of a path of three.

    On this axis a geometric rate is a power law, which is what the judge of exponents looks for.
    """
    result = case.solver.run(problem, x0=case.x0, max_iter=case.max_iter, record=5, rng=seed)
    log = np.log1p(-problem.constants.mu_1 / problem.coordinate_lipschitz())
    pairs, triples = log[:-1] + log[1:], log[:-2] + log[1:-1] + log[2:]
    rate = max(pairs.max() / 2, triples.max() / 3)
    k = result.history["k"][1:]
    return Measurement(np.exp(k / 20), result.history["gap"][1:], np.exp(rate * k))


@claim(
    "bcd/C4",
    kind="exponent",
    source=ICML,
    latex=r"\Delta_k = O\bigl(\max\{\rho_2, \rho_3\}^k\bigr), \quad \rho_2 = \max_{i \sim j} \sqrt{\rho(i) \rho(j)}, \ "
    r"\rho_3 = \max_{i \sim j \sim l} \sqrt[3]{\rho(i) \rho(j) \rho(l)}, \ \rho(i) = 1 - \mu_1 / L_i",
    measured=_chain_gap,
    axis="exp(k/20)",
    cases=lambda budget: _on_chains("exact", budget=budget),
    assumptions=[Assumption("the Hessian is tridiagonal", _is_chain)],
    controls=[
        Control("steps of 1/L in place of exact ones", cases=_on_chains("L")[:1]),
        Control("steps of 2.1/L", cases=_on_chains(TooLong())[:1]),
    ],
    options={"floor": 1e-26, "window": (math.e, math.inf)},
    doc="The constant hidden in O(.) is not known. The measured rate is far better than the bound: about 0.7 to 0.83 "
    "a step where the bound has 0.97 to 0.98. Below 1e-26 the gap is made of rounding errors.",
)
def exact_on_chains(k: Any, c: Any) -> Any:
    """On a chain, exact Gauss-Southwell is not slowed down by one steep coordinate: neighbours share a rate."""
    raise AssertionError("the measurement carries the bound")


def _repetitions(case: Case, problem: Any, seed: Any) -> Measurement:
    result = case.solver.run(problem, x0=case.x0, max_iter=case.max_iter, rng=seed)
    chosen = result.history.trace["selected"][:, 0]
    return Measurement(problem.shape[0], np.sum(chosen[1:] == chosen[:-1]), 0.0)


@claim(
    "bcd/C4-never-twice",
    kind="exactness",
    source=ICML,
    latex=r"i_{k+1} \ne i_k",
    measured=_repetitions,
    axis="dimension",
    cases=[*_on_chains("exact", steps=60), Case("dense quadratic", dense, greedy("GS", "exact"), 60)],
    controls=[
        Control("steps of 1/L in place of exact ones", cases=_on_chains("L")[:1]),
        Control("random selection", cases=_on_chains("exact", "random", 60)),
    ],
    seeds={"quick": 3, "standard": 10, "full": 50},
    options={"tol": 0.0},
)
def never_twice(k: Any, c: Any) -> Any:
    """With exact steps Gauss-Southwell never chooses a coordinate twice in a row: its gradient has become zero."""
    raise AssertionError("the measurement carries its own expected values")
