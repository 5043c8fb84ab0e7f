r"""Closed forms, exponents, condition numbers and comparisons of the classical methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.core.stop import Below
from optlab.problems.lasso import PlantedLasso
from optlab.problems.quadratic import Quadratic
from optlab.problems.scalar import HuberLine
from optlab.problems.stochastic import NoisyAbsolute
from optlab.solvers.gradient_descent import GradientDescent
from optlab.solvers.nesterov import NesterovAcceleratedGradient
from optlab.solvers.proximal_gradient import ProximalGradient
from optlab.solvers.sgd import SGD


def _closed_form(case: Case, problem: Any, seed: Any) -> Measurement:
    """The error in the eigenbasis after each step, and (1 - s lambda)^k times the first one."""
    result = case.solver.run(problem, max_iter=case.max_iter, store_x=True)
    spectrum, basis = np.linalg.eigh(problem.hessian_product(problem.start(), np.eye(problem.shape[0])))
    errors = (np.array(result.history.x) - problem.reference.x) @ basis
    k = np.repeat(result.history["k"], spectrum.size)
    factors = (1 - case.params["step"] * spectrum) ** result.history["k"][:, None]
    return Measurement(k, errors.ravel(), (factors * errors[0]).ravel())


def _spread(step: float, declared: float | None = None) -> Case:
    return Case(
        f"rotated, step {step:g}",
        lambda rng: Quadratic.spread(8, L=2.0, mu=0.05, rotate=True, rng=rng),
        GradientDescent(step),
        100,
        {"step": step if declared is None else declared},
        record=1,
    )


@claim(
    "base/gd-closed-form",
    kind="exactness",
    source="textbook",
    latex=r"x_k - x^\star = (I - s H)^k (x_0 - x^\star)",
    measured=_closed_form,
    cases=[_spread(0.5), _spread(0.9), _spread(0.1)],
    controls=[Control("a step off by one in ten thousand", cases=[_spread(0.5, declared=0.50005)])],
    seeds={"quick": 2, "standard": 5, "full": 20},
    options={"tol": 1e-12},
)
def gd_closed_form(k: Any, c: Any) -> Any:
    """On a quadratic every coordinate of the error in the eigenbasis is multiplied by 1 - s lambda in each step."""
    raise AssertionError("the measurement carries its own expected values")


def _worst_gap(case: Case, problem: Any, seed: Any) -> Measurement:
    history = case.solver.run(problem, max_iter=case.max_iter, record=case.max_iter).history
    return Measurement(case.max_iter, history["gap"][-1])


def _huber_sweep(step: float | None = None) -> list[Case]:
    solver = GradientDescent(step)
    return [Case(f"k = {k}", HuberLine(3.0, 2.0, k), solver, k, tight=True) for k in (1, 2, 5, 20, 100, 500)]


@claim(
    "base/gd-huber-attains",
    kind="exactness",
    source="Y. Drori, M. Teboulle, Math. Program. 145 (2014), section 3",
    latex=r"F_k(x_k) - F_k^\star = \frac{L D^2}{4 k + 2}, \quad F_k \text{ with threshold } \frac{D}{2k + 1}",
    measured=_worst_gap,
    axis="number of steps k",
    cases=_huber_sweep(),
    controls=[Control("a step of 0.99/L", cases=_huber_sweep(0.33))],
    options={"tol": 1e-12},
)
def gd_huber_attains(k: Any, c: Any) -> Any:
    """The bound L D^2 / (4 k + 2) of gradient descent is attained, for every k, on a Huber function made for that k."""
    return c.L * c.D**2 / (4 * k + 2)


def _slow(solver: Any, steps: int = 20_000) -> list[Case]:
    """Equal errors on a geometric spectrum: the gap of gradient descent is about 1/k until k reaches L/mu."""
    return [Case("geometric spectrum", Quadratic.spread(61, L=1.0, mu=1e-7), solver, steps)]


@claim(
    "base/gd-exponent",
    kind="exponent",
    source="textbook; follows from base/gd-convex",
    latex=r"F(x_k) - F^\star = O(1/k)",
    cases=_slow(GradientDescent()),
    controls=[Control("an exponent of 1.2", bound=lambda k, c: np.maximum(k, 1.0) ** -1.2)],
)
def gd_exponent(k: Any, c: Any) -> Any:
    """The gap of gradient descent is O(1/k), and on a quadratic with a geometric spectrum no better."""
    return 1.0 / np.maximum(k, 1.0)


@claim(
    "base/nesterov-exponent",
    kind="exponent",
    source="textbook; follows from base/nesterov-convex",
    latex=r"F(x_k) - F^\star = O(1/k^2)",
    cases=_slow(NesterovAcceleratedGradient(mu=0.0), 2000),
    controls=[Control("gradient descent in its place", cases=_slow(GradientDescent()))],
    options={"tol": 0.1},  # the values oscillate
)
def nesterov_exponent(k: Any, c: Any) -> Any:
    """The gap of Nesterov's method is O(1/k^2) where that of gradient descent is O(1/k)."""
    return 1.0 / np.maximum(k, 1.0) ** 2


def _first_hit(case: Case, problem: Any, seed: Any) -> Measurement:
    """The number of steps until the gap has shrunk a million times."""
    goal = 1e-6 * float(problem.value(problem.start()))
    result = case.solver.run(problem, stop=Below("gap", goal), max_iter=case.max_iter)
    return Measurement(case.params["kappa"], result.k)


def _conditions(solver: Any) -> list[Case]:
    """The error along the flattest axis only, which is the slowest to go."""
    return [
        Case(f"L/mu = {kappa}", Quadratic([1.0 / kappa, 1.0], x_star=[1.0, 0.0]), solver, 100_000, {"kappa": kappa})
        for kappa in (10, 30, 100, 300, 1000)
    ]


@claim(
    "base/gd-condition-number",
    kind="scaling",
    source="textbook",
    latex=r"T(\varepsilon) = \Theta(\kappa), \qquad \kappa = L/\mu",
    axis="condition number",
    measured=_first_hit,
    cases=_conditions(GradientDescent()),
    controls=[Control("the square root claimed", bound=lambda kappa, c: np.sqrt(kappa))],
    options={"sides": "both", "tol": 0.1},
)
def gd_condition_number(kappa: Any, c: Any) -> Any:
    """To a fixed relative accuracy gradient descent needs a number of steps proportional to the condition number."""
    return kappa


@claim(
    "base/nesterov-condition-number",
    kind="scaling",
    source="textbook",
    latex=r"T(\varepsilon) = \Theta(\sqrt\kappa), \qquad \kappa = L/\mu",
    axis="condition number",
    measured=_first_hit,
    cases=_conditions(NesterovAcceleratedGradient()),
    controls=[Control("gradient descent in its place", cases=_conditions(GradientDescent()))],
    options={"sides": "both", "tol": 0.1},
)
def nesterov_condition_number(kappa: Any, c: Any) -> Any:
    """Acceleration replaces the condition number by its square root."""
    return np.sqrt(kappa)


def _against(case: Case, problem: Any, seed: Any) -> Measurement:
    """The gap of the solver and that of ``params["other"]``, on the same problem with the same random numbers."""
    options = {"max_iter": case.max_iter, "record": case.record, "rng": seed}
    ours, theirs = (s.run(problem, **options).history for s in (case.solver, case.params["other"]))
    late = ours["k"] > 0
    return Measurement(ours["k"][late], ours["gap"][late], theirs["gap"][late])


def _duel(name: str, problem: Any, ours: Any, theirs: Any, steps: list[int]) -> Case:
    return Case(name, problem, ours, max(steps), {"other": theirs}, steps)


_PLAIN, _FISTA = ProximalGradient(), ProximalGradient(accelerated=True)
_LINEAR, _SQRT = SGD(schedule="linear", horizon=500), SGD(schedule="sqrt")


def _lasso(ours: Any, theirs: Any) -> Case:
    return _duel("planted Lasso", lambda rng: PlantedLasso(60, 120, 8, rng=rng), ours, theirs, [50, 100])


def _noise(ours: Any, theirs: Any) -> Case:
    return _duel("l1 norm with noise", NoisyAbsolute(4, sigma=3.0), ours, theirs, [500])


@claim(
    "base/fista-beats-plain",
    kind="comparison",
    source="textbook; derived here as a statement about planted Lasso problems, not a theorem",
    latex=r"F(x_k^{\text{FISTA}}) \le F(x_k^{\text{plain}}), \quad k = 50, 100",
    measured=_against,
    cases=[_lasso(_FISTA, _PLAIN)],
    controls=[Control("the two exchanged", cases=[_lasso(_PLAIN, _FISTA)])],
    seeds={"quick": 64, "standard": 128, "full": 512},
)
def fista_beats_plain(k: Any, c: Any) -> Any:
    """On planted Lasso problems FISTA is ahead of the plain proximal gradient method after 50 and 100 steps."""
    raise AssertionError("the measurement carries its own comparator")


@claim(
    "base/linear-decay-beats-sqrt",
    kind="comparison",
    source="A. Defazio et al., arXiv:2310.07831 (2023), as an observation; derived here for this problem",
    latex=r"F(x_N^{\text{linear}}) \le F(x_N^{\text{sqrt}}) \text{ on average}",
    measured=_against,
    cases=[_noise(_LINEAR, _SQRT)],
    controls=[Control("the two exchanged", cases=[_noise(_SQRT, _LINEAR)])],
    seeds={"quick": 64, "standard": 128, "full": 512},
)
def linear_decay_beats_sqrt(k: Any, c: Any) -> Any:
    """With the same noise, the last iterate under linear decay is better than the last one under 1/sqrt(k) steps."""
    raise AssertionError("the measurement carries its own comparator")
