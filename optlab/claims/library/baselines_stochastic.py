r"""Theorems of stochastic gradient descent: in expectation, and one with high probability."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from optlab.claims import Assumption, Case, Control, claim
from optlab.claims.library.baselines import CONVEX, STRONGLY_CONVEX
from optlab.claims.library.baselines_nonsmooth import sqrt_schedule
from optlab.problems.stochastic import BiasedAbsolute, NoisyAbsolute, NoisyQuadratic
from optlab.solvers.sgd import SGD

UNBIASED = Assumption("the gradients are unbiased", lambda problem, case: "unbiased" not in (problem.violates or ""))
SEEDS = {"quick": 400, "standard": 1000, "full": 2000}
STEPS = (30, 300, 3000)


def _noisy(solver: Callable[[int], SGD], steps: tuple[int, ...] = STEPS, **options: Any) -> list[Case]:
    """The l1 norm with random-sign noise, weak and strong; `solver(N)` knows the horizon."""
    return [
        Case(f"d = {d}, sigma = {sigma:g}, N = {N}", NoisyAbsolute(d, sigma=sigma, **options), solver(N), N, record=[N])
        for N in steps
        for sigma in (1.0, 10.0)
        for d in (1, 10)
    ]


def _anytime(solver: SGD, **options: Any) -> list[Case]:
    """The same problems, with all checkpoints on one run."""
    return [replace(case, record=list(STEPS)) for case in _noisy(lambda N: solver, STEPS[-1:], **options)]


def _biased(solver: SGD, N: int = 300) -> Control:
    return Control("biased gradients", cases=[Case("bias of 2", BiasedAbsolute(), solver, N, record=[N])])


def _later(bound: Callable[..., Any]) -> Callable[..., Any]:
    """The bound from the first step on: a control must not be refuted by the start alone."""
    return lambda k, c: np.where(k > 0, bound(k, c), np.inf)


def _averaged(N: int) -> SGD:
    return SGD(schedule="constant", horizon=N, output="average")


def _mean_iterate_bound(k: Any, c: Any) -> Any:
    """D^2 / (2 s (k+1)) + s M^2 / 2 for s = D / (M sqrt(N + 1)), which is D M / sqrt(N + 1) at k = N."""
    root = math.sqrt(c.horizon + 1)
    return c.D * c.M * (root / (k + 1) + 1 / root) / 2


@claim(
    "base/sgd-constant",
    kind="expectation",
    source="textbook (A. Nemirovski, A. Juditsky, G. Lan, A. Shapiro, SIAM J. Optim. 19 (2009), section 2.2)",
    latex=r"\mathbb E F(\bar x_N) - F^\star \le \frac{D M}{\sqrt{N + 1}}, \qquad s = \frac{D}{M \sqrt{N + 1}}",
    cases=lambda budget: _noisy(_averaged),
    uses={"M": "upper"},
    assumptions=[CONVEX, UNBIASED],
    controls=[Control("half the bound", bound=lambda k, c: 0.5 * _mean_iterate_bound(k, c)), _biased(_averaged(300))],
    seeds=SEEDS,
)
def sgd_constant(k: Any, c: Any) -> Any:
    """With steps D / (M sqrt(N + 1)) the average of N + 1 iterates has an expected gap of at most D M / sqrt(N + 1)."""
    return _mean_iterate_bound(k, c)


_WEIGHTED = SGD(output="weighted")


@claim(
    "base/sgd-sqrt",
    kind="expectation",
    source="textbook (A. Nemirovski et al. 2009, section 2.2): D^2 + M^2 sum s_i^2 over 2 sum s_i, written out",
    latex=r"\mathbb E F(\bar x_k) - F^\star \le D M \, \frac{1 + \sum_{i=0}^k 1/(i+1)}{2 \sum_{i=0}^k 1/\sqrt{i+1}}",
    cases=lambda budget: _anytime(_WEIGHTED),
    uses={"M": "upper"},
    assumptions=[CONVEX, UNBIASED],
    controls=[
        Control("half the bound", bound=_later(lambda k, c: 0.5 * c.D * c.M * sqrt_schedule(k))),
        _biased(_WEIGHTED),
    ],
    seeds=SEEDS,
)
def sgd_sqrt(k: Any, c: Any) -> Any:
    """With steps D / (M sqrt(k + 1)) the average weighted by the steps needs no horizon and pays a logarithm."""
    return c.D * c.M * sqrt_schedule(k)


_UNIFORM = SGD(output="average")


@claim(
    "base/sgd-sqrt-bounded",
    kind="expectation",
    source="textbook; constant derived here by summation by parts",
    latex=r"\mathbb E F(\bar x_k) - F^\star \le \frac{3 R M}{2 \sqrt{k + 1}}, \; \|x - x^\star\| \le R \text{ on } C",
    cases=lambda budget: _anytime(_UNIFORM, project=True),
    uses={"M": "upper", "diameter": "upper"},
    assumptions=[CONVEX, UNBIASED],
    controls=[
        Control("a third of the bound", bound=_later(lambda k, c: 0.5 * c.D * c.M / np.sqrt(k + 1))),
        _biased(_UNIFORM),
    ],
    seeds=SEEDS,
)
def sgd_sqrt_bounded(k: Any, c: Any) -> Any:
    """On a feasible set within R of the minimiser the plain average needs no logarithm: 3 R M / (2 sqrt(k + 1))."""
    return 1.5 * c.D * c.M / np.sqrt(k + 1)  # the ball of radius D around the minimiser: R = D


def _decaying(N: int) -> SGD:
    return SGD(schedule="linear", horizon=N)


@claim(
    "base/sgd-linear-decay",
    kind="expectation",
    source="A. Defazio, A. Cutkosky, H. Mehta, K. Mishchenko, arXiv:2310.07831 (2023), linear decay",
    latex=r"\mathbb E F(x_N) - F^\star \le \frac{D M}{\sqrt{N + 1}}, \qquad s_k = \frac{D (N - k)}{M (N + 1)^{3/2}}",
    cases=lambda budget: _noisy(_decaying),
    uses={"M": "upper"},
    assumptions=[CONVEX, UNBIASED],
    controls=[
        Control(
            "constant steps, four times as large",
            cases=[
                Case(
                    "d = 10, sigma = 3",
                    NoisyAbsolute(10, sigma=3.0),
                    SGD(4 / math.sqrt(10 * 3001), schedule="constant", horizon=3000),
                    3000,
                    record=[3000],
                )
            ],
        ),
        Control("0.4 of the bound", bound=lambda k, c: 0.4 * _last_iterate_bound(k, c)),
        _biased(_decaying(300)),
    ],
    seeds=SEEDS,
)
def sgd_linear_decay(k: Any, c: Any) -> Any:
    """With steps that decay linearly to zero the last iterate has an expected gap of at most D M / sqrt(N + 1)."""
    return _last_iterate_bound(k, c)


def _last_iterate_bound(k: Any, c: Any) -> Any:
    return np.where(k >= c.horizon, c.D * c.M / math.sqrt(c.horizon + 1), np.inf)


_HALF = SGD(0.5, schedule="constant")


@claim(
    "base/sgd-strongly-convex",
    kind="expectation",
    source="L. Bottou, F. E. Curtis, J. Nocedal, SIAM Review 60 (2018), Theorem 4.6",
    latex=r"\mathbb E F(x_k) - F^\star \le \frac{s L \sigma^2}{2 \mu} + (1 - s \mu)^k "
    r"\Big( F(x_0) - F^\star - \frac{s L \sigma^2}{2 \mu} \Big)",
    cases=[
        Case("L = mu", NoisyQuadratic([1.0] * 10, 2.0), _HALF, 300, record=[1, 3, 10, 300], tight=True),
        Case("L/mu = 10", NoisyQuadratic([0.1, 0.3, 1.0], 2.0), _HALF, 300, record=[3, 30, 300]),
    ],
    uses={"L": "upper", "mu": "lower", "sigma": "upper"},
    assumptions=[STRONGLY_CONVEX, UNBIASED],
    controls=[
        Control("no floor", bound=lambda k, c: (1 - c.step_size * c.mu) ** k * c.gap0),
        Control("half the bound", bound=_later(lambda k, c: 0.5 * _floor_bound(k, c))),
        Control(
            "twice the noise that is declared",
            cases=[Case("L = mu", NoisyQuadratic([1.0] * 10, 4.0), _HALF, 300, {"sigma": 2.0}, [300])],
        ),
    ],
    seeds=SEEDS,
    options={"slack": 1e-9},  # at k = 0 the two sides are equal
)
def sgd_strongly_convex(k: Any, c: Any) -> Any:
    """A constant step s <= 1/L converges linearly to a floor proportional to s, and not below."""
    return _floor_bound(k, c)


def _floor_bound(k: Any, c: Any) -> Any:
    floor = c.step_size * c.L * c.sigma**2 / (2 * c.mu)
    return floor + (1 - c.step_size * c.mu) ** k * (c.gap0 - floor)


@claim(
    "base/sgd-high-probability",
    kind="probability",
    source="textbook argument (Azuma-Hoeffding); constants derived here",
    latex=r"F(\bar x_N) - F^\star \le \frac{D^2}{2 s (N+1)} + \frac{s (G + \sigma)^2}{2} "
    r"+ R \sigma \sqrt{\frac{2 \log(1/\delta)}{N + 1}} \text{ with probability } 1 - \delta",
    cases=lambda budget: _noisy(_averaged, (30, 300), project=True),
    uses={"G": "upper", "sigma": "upper", "M": "upper"},
    assumptions=[CONVEX, UNBIASED],
    controls=[
        Control("a fifth of the bound", bound=lambda k, c: 0.2 * _quantile_bound(k, c)),
        Control("biased gradients", cases=[Case("bias of 2", BiasedAbsolute(), _averaged(300), 300, record=[300])]),
    ],
    seeds={"quick": 128, "standard": 256, "full": 1024},
    options={"delta": 0.1},
)
def sgd_high_probability(k: Any, c: Any) -> Any:
    """With bounded noise on a bounded feasible set the average obeys this bound with probability at least 1 - delta."""
    return _quantile_bound(k, c)


def _quantile_bound(k: Any, c: Any) -> Any:
    n = c.horizon + 1
    step = c.D / (c.M * math.sqrt(n))
    bound = c.D**2 / (2 * step * n) + step * (c.G + c.sigma) ** 2 / 2
    # The noise has length sigma, the feasible ball radius D around the minimiser: increments of at most D sigma.
    return np.where(k >= c.horizon, bound + c.D * c.sigma * math.sqrt(2 * math.log(10) / n), np.inf)
