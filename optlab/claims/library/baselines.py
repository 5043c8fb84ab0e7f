r"""Theorems of gradient descent and Nesterov's method on smooth functions, and the lower bound they run against."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.claims import Assumption, Case, Control, Measurement, claim
from optlab.problems.least_squares import LeastSquares
from optlab.problems.logistic import LogisticRegression
from optlab.problems.quadratic import NesterovChain, Quadratic
from optlab.problems.scalar import CosineLine, HuberLine
from optlab.solvers.gradient_descent import GradientDescent
from optlab.solvers.nesterov import NesterovAcceleratedGradient

CONVEX = Assumption("F is convex", lambda problem, case: "convexity" not in (problem.violates or ""))
STRONGLY_CONVEX = Assumption("F is strongly convex (mu > 0)", lambda problem, case: problem.constants["mu"].value > 0)

#: Gaps and distances below this are rounding.
FLOOR = {"floor": 1e-13}


def step_is(factor: float) -> Assumption:
    """The assumption that the solver's constant step is `factor` / L."""

    def holds(problem: Any, case: Case) -> bool:
        step = case.solver.step_size
        return bool(step is None if factor == 1 else np.isclose(step * problem.constants["L"].value, factor))

    return Assumption(f"the step is {'' if factor == 1 else f'{factor:g} '}1/L", holds)


def random_logistic(l2: float) -> Any:
    """Return a problem factory: logistic regression with labels that are noisy enough to have a minimiser."""

    def draw(rng: np.random.Generator) -> LogisticRegression:
        A = rng.standard_normal((60, 5))
        y = np.where(A[:, 0] + 2 * rng.standard_normal(60) > 0, 1.0, -1.0)
        return LogisticRegression(A, y, l2=l2)

    return draw


def convex_cases(solver: Any, steps: int = 300) -> list[Case]:
    """Smooth convex problems of three kinds: ill-conditioned, rank-deficient, and not quadratic."""

    def least_squares(rng: np.random.Generator) -> LeastSquares:
        return LeastSquares(rng.standard_normal((20, 6)) @ rng.standard_normal((6, 30)), rng.standard_normal(20))

    return [
        Case("chain of 100", NesterovChain(100), solver, steps),
        Case("rank-deficient least squares", least_squares, solver, steps),
        Case("logistic regression", random_logistic(0.0), solver, steps),
    ]


def _huber(solver: Any, ks: tuple[int, ...] = (1, 5, 20, 100), per_step: int = 1) -> list[Case]:
    """The worst instance for each number of steps, run for exactly that number (or `per_step` times it)."""
    return [Case(f"Huber, k = {k}", HuberLine(2.0, 3.0, k), solver, per_step * k, tight=True) for k in ks]


@claim(
    "base/gd-convex",
    source="Y. Drori, M. Teboulle, Math. Program. 145 (2014), Theorem 3.1",
    latex=r"F(x_k) - F^\star \le \frac{L D^2}{4k + 2}",
    cases=lambda budget: _huber(GradientDescent()) + convex_cases(GradientDescent()),
    uses={"L": "upper"},
    assumptions=[CONVEX, step_is(1)],
    controls=[
        Control("the bound 1 % smaller", bound=lambda k, c: 0.99 * c.L * c.D**2 / (4 * k + 2)),
        Control("a step of 2.1/L", cases=[Case("parabola", Quadratic([1.0]), GradientDescent(2.1), 60)]),
        Control("F not convex", cases=[Case("1 - cos x", CosineLine(), GradientDescent(), 60)]),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options=FLOOR,
)
def gd_convex(k: Any, c: Any) -> Any:
    """Gradient descent with step 1/L on a convex L-smooth function has a gap of at most L D^2 / (4 k + 2)."""
    return c.L * c.D**2 / (4 * k + 2)


@claim(
    "base/gd-convex-short-step",
    source="Y. Drori, M. Teboulle, Math. Program. 145 (2014), Theorem 3.1",
    latex=r"F(x_k) - F^\star \le \frac{L D^2}{4 h k + 2}, \qquad s = h/L, \; h = \tfrac12",
    cases=lambda budget: (
        _huber(GradientDescent(0.25), per_step=2)
        + [Case("chain of 100", NesterovChain(100), GradientDescent(0.5), 300)]
    ),
    uses={"L": "upper"},
    assumptions=[CONVEX, step_is(0.5)],
    controls=[Control("h = 1 in the bound", bound=lambda k, c: c.L * c.D**2 / (4 * k + 2))],
    options=FLOOR,
)
def gd_convex_short_step(k: Any, c: Any) -> Any:
    """With a step of h/L, 0 < h <= 1, the gap is at most L D^2 / (4 h k + 2); tried at h = 1/2."""
    return c.L * c.D**2 / (4 * c.step_size * c.L * k + 2)


def _axis(name: str, i: int, spectrum: list[float], solver: Any, steps: int, tight: bool = True) -> Case:
    """A quadratic whose error lies along one eigenvector: the rate of that eigenvalue, and no other."""
    problem = Quadratic(spectrum, x_star=np.zeros(len(spectrum)))
    return Case(name, problem, solver, steps, x0=np.eye(len(spectrum))[i], tight=tight)


@claim(
    "base/gd-linear",
    source="textbook (B. T. Polyak, Introduction to Optimization, 1987, section 1.4, Theorem 3)",
    latex=r"\|x_k - x^\star\| \le (1 - \mu/L)^k \, D",
    measured="distance",
    cases=lambda budget: [
        _axis("error along the flattest axis", 0, [0.1, 1.0, 2.0], GradientDescent(), 300),
        Case("rotated", lambda rng: Quadratic.spread(20, mu=0.02, rotate=True, rng=rng), GradientDescent(), 300),
        Case("logistic regression with a ridge", random_logistic(0.1), GradientDescent(), 300),
    ],
    uses={"L": "upper", "mu": "lower"},
    assumptions=[STRONGLY_CONVEX, step_is(1)],
    controls=[
        Control("mu/L 1 % larger", bound=lambda k, c: c.D * (1 - 1.01 * c.mu / c.L) ** k),
        Control("a step of 2.1/L", cases=[Case("parabola", Quadratic([1.0]), GradientDescent(2.1), 60)]),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options={"floor": 1e-7},  # a reference point of accuracy 1e-8 is all that a value can certify
)
def gd_linear(k: Any, c: Any) -> Any:
    """With mu-strong convexity and step 1/L the distance to the minimiser shrinks by 1 - mu/L in every step."""
    return c.D * (1 - c.mu / c.L) ** k


@claim(
    "base/gd-optimal-step",
    source="Y. Nesterov, Introductory Lectures on Convex Optimization (2004), Theorem 2.1.15",
    latex=r"\|x_k - x^\star\| \le \Big(\frac{L - \mu}{L + \mu}\Big)^k D, \qquad s = \frac2{L + \mu}",
    measured="distance",
    cases=lambda budget: [
        _axis("flattest axis", 0, [0.5, 1.0, 3.5], GradientDescent(0.5), 60),
        _axis("steepest axis", 2, [0.5, 1.0, 3.5], GradientDescent(0.5), 60),
        Case("all axes", Quadratic([0.5, 1.0, 3.5]), GradientDescent(0.5), 60),
    ],
    uses={"L": "upper", "mu": "lower"},
    assumptions=[
        STRONGLY_CONVEX,
        Assumption(
            "the step is 2/(L + mu)",
            lambda p, case: bool(np.isclose(case.solver.step_size * (p.constants.L + p.constants.mu), 2.0)),
        ),
    ],
    controls=[
        Control("the rate of step 1/L squared", bound=lambda k, c: c.D * (1 - c.mu / c.L) ** (2 * k)),
        Control("a step of 1/L", cases=[_axis("flattest axis", 0, [0.5, 1.0, 3.5], GradientDescent(), 60)]),
    ],
    options=FLOOR,
)
def gd_optimal_step(k: Any, c: Any) -> Any:
    """With step 2/(L + mu) the distance shrinks by (L - mu)/(L + mu) in every step."""
    return c.D * ((c.L - c.mu) / (c.L + c.mu)) ** k


def _kantorovich(solver: Any, kappa: float = 10.0) -> Case:
    """The start from which exact line search zigzags: error proportional to the inverse eigenvalues."""
    start = [1.0 + kappa, 2.0]
    return Case(f"zigzag, L/mu = {kappa:g}", Quadratic([1.0, kappa]), solver, 80, record=1, x0=start, tight=True)


@claim(
    "base/gd-exact-line-search",
    source="E. de Klerk, F. Glineur, A. B. Taylor, Optim. Lett. 11 (2017), Theorem 1.2",
    latex=r"F(x_k) - F^\star \le \Big(\frac{L - \mu}{L + \mu}\Big)^{2k} \big(F(x_0) - F^\star\big)",
    cases=lambda budget: [
        _kantorovich(GradientDescent(line_search="exact")),
        Case(
            "rotated",
            lambda rng: Quadratic.spread(15, mu=0.05, rotate=True, rng=rng),
            GradientDescent(line_search="exact"),
            150,
        ),
    ],
    uses={"L": "upper", "mu": "lower"},
    assumptions=[STRONGLY_CONVEX],
    controls=[
        Control("1 % better rate", bound=lambda k, c: c.gap0 * (0.99 * (c.L - c.mu) / (c.L + c.mu)) ** (2 * k)),
        Control("a step of 1/L instead", cases=[_kantorovich(GradientDescent())]),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options={"floor": 1e-20},
)
def gd_exact_line_search(k: Any, c: Any) -> Any:
    """Under exact line search the gap shrinks by ((L - mu)/(L + mu))^2 in every step."""
    return c.gap0 * ((c.L - c.mu) / (c.L + c.mu)) ** (2 * k)


@claim(
    "base/gd-backtracking",
    source="textbook; derived here from F(x - s g) <= F(x) - s |g|^2 / 2, which every accepted step satisfies",
    latex=r"F(x_k) - F^\star \le \frac{D^2}{2 k \min(s_0, \beta/L)}",
    cases=lambda budget: (
        convex_cases(GradientDescent(16.0, line_search="backtracking", shrink=0.8))
        + [Case("Huber", HuberLine(2.0, 3.0, 100), GradientDescent(0.4, "backtracking", 0.8), 125, tight=True)]
    ),
    uses={"L": "upper"},
    assumptions=[CONVEX, Assumption("armijo >= 1/2", lambda problem, case: case.solver.armijo >= 0.5)],
    controls=[
        Control("the bound 2.1 times smaller", bound=lambda k, c: _searched(k, c) / 2.1),
        Control(
            "armijo = 0.005: steps up to 1.98/L pass",
            cases=[Case("parabola", Quadratic([1.0]), GradientDescent(1.98, "backtracking", 0.99, 0.005), 100)],
        ),
    ],
    options=FLOOR,
)
def gd_backtracking(k: Any, c: Any) -> Any:
    """Backtracking with Armijo's constant 1/2, first trial s_0 and factor beta needs no L and loses at most 1/beta."""
    return _searched(k, c)


def _searched(k: Any, c: Any) -> Any:
    return c.D**2 / (2 * k * min(c.step_size, c.shrink / c.L))


def best_so_far(case: Case, problem: Any, seed: Any) -> Measurement:
    """The least gap of the iterates up to each one."""
    history = case.solver.run(problem, max_iter=case.max_iter, x0=case.x0, rng=seed).history
    known = {"D": history["distance"][0]}
    return Measurement(history["k"], np.minimum.accumulate(history["gap"]), known=known)


_POLYAK = GradientDescent(line_search="polyak")


@claim(
    "base/gd-polyak",
    source="textbook (B. T. Polyak 1969); the constant for smooth functions derived here",
    latex=r"\min_{i \le k} F(x_i) - F^\star \le \frac{2 L D^2}{3 (k + 1)}",
    measured=best_so_far,
    cases=lambda budget: [
        Case("chain of 100", NesterovChain(100), _POLYAK, 300),
        Case("parabola", Quadratic([2.0]), _POLYAK, 20),
        *(Case(f"Huber, k = {k}", HuberLine(k=k), _POLYAK, 2 * k) for k in (5, 50)),
    ],
    uses={"L": "upper"},
    assumptions=[CONVEX],
    controls=[
        Control(
            "F* overestimated",
            cases=[Case("parabola", Quadratic([2.0]), GradientDescent(line_search="polyak", f_star=0.5), 30)],
        ),
    ],
    options=FLOOR,
)
def gd_polyak(k: Any, c: Any) -> Any:
    """Polyak's step needs F* and no L: the best of k + 1 iterates has a gap of at most 2 L D^2 / (3 (k + 1))."""
    # <g, x - x*> >= gap + |g|^2/(2L) and |g|^2 <= 2 L gap: each step takes 3 gap / (2 L) off the squared distance.
    return 2 * c.L * c.D**2 / (3 * (k + 1))


_FAST = NesterovAcceleratedGradient(mu=0.0)


@claim(
    "base/nesterov-convex",
    source="A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2 (2009), Theorem 4.4, with g = 0; the method is Y. Nesterov's",
    latex=r"F(x_k) - F^\star \le \frac{2 L D^2}{(k+1)^2}",
    cases=lambda budget: [
        Case("Huber", HuberLine(k=1351), _FAST, 100, tight=True),
        *convex_cases(_FAST),
    ],
    uses={"L": "upper"},
    assumptions=[CONVEX, step_is(1)],
    controls=[
        Control("the bound 6 % smaller", bound=lambda k, c: 0.94 * 2 * c.L * c.D**2 / (k + 1) ** 2),
        Control("without momentum", cases=[Case("Huber", HuberLine(k=100), GradientDescent(), 100)]),
        Control(
            "a step of 2.1/L",
            cases=[Case("parabola", Quadratic([1.0]), NesterovAcceleratedGradient(2.1, mu=0.0), 60)],
        ),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options=FLOOR,
)
def nesterov_convex(k: Any, c: Any) -> Any:
    """Nesterov's method with step 1/L on a convex L-smooth function has a gap of at most 2 L D^2 / (k + 1)^2."""
    return 2 * c.L * c.D**2 / (k + 1) ** 2


def _ill_conditioned(solver: Any) -> list[Case]:
    return [
        Case("spread spectrum", Quadratic.spread(30, mu=1e-3), solver, 400, tight=True),
        Case("logistic regression with a ridge", random_logistic(0.02), solver, 200),
        Case("chain of 30", NesterovChain(30), solver, 300),
    ]


@claim(
    "base/nesterov-strongly-convex",
    source="Y. Nesterov, Introductory Lectures on Convex Optimization (2004), section 2.2.1, constant step scheme III",
    latex=r"F(x_k) - F^\star \le \big(1 - \sqrt{\mu/L}\big)^k \big( F(x_0) - F^\star + \tfrac\mu2 D^2 \big)",
    cases=lambda budget: _ill_conditioned(NesterovAcceleratedGradient()),
    uses={"L": "upper", "mu": "lower"},
    assumptions=[STRONGLY_CONVEX, step_is(1)],
    controls=[
        Control("without momentum", cases=[_ill_conditioned(GradientDescent())[0]]),
        Control("mu overestimated a hundred times", cases=[_ill_conditioned(NesterovAcceleratedGradient(mu=0.1))[0]]),
    ],
    seeds={"quick": 1, "standard": 5, "full": 20},
    options=FLOOR,
)
def nesterov_strongly_convex(k: Any, c: Any) -> Any:
    """With constant momentum the gap shrinks by 1 - sqrt(mu/L) a step."""
    # The control overrides the solver's mu: the bound must speak of the problem's, which `c` prefers.
    return (1 - np.sqrt(c.mu / c.L)) ** k * (c.gap0 + c.mu / 2 * c.D**2)
