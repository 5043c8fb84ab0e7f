r"""Block coordinate descent with Newton steps on functions that are not quadratic: it converges quadratically.

The Hessian of the free variables S, which has the Lipschitz constant :math:`M_S` and the smallest eigenvalue
:math:`\mu_S` at the solution, gives the constant.  With :math:`e_k = x^k - x^\star`, zero outside S, a full Newton step

.. math:: e_{k+1} = \nabla_{SS}^2 f(x^k)^{-1} \int_0^1 \big(\nabla_{SS}^2 f(x^k)
          - \nabla_{SS}^2 f(x^\star + t e_k)\big) e_k \, dt

has a factor of norm at most :math:`1 / (\mu_S - M_S \|e_k\|)` before the integral, and :math:`M_S \|e_k\|^2 / 2` in it.
Where :math:`\|e_k\| \le \mu_S / (2 M_S)` that is at most half of :math:`\|e_k\|`, and the cubic remainder of f on the
step, no longer than 3/2 of that, is too small for the line search to object.  Signs stay where no coordinate is as far
off as zero.  Zeros stay as well: the gradient, or its linear model, is off by at most :math:`\tfrac52 L \|e_k\| <
\delta`, so the step leaves them alone, and the rule gives its block to S, which alone promises anything.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from optlab.claims import Assumption, Case, Control, Measurement, claim
from optlab.claims.library._block_composite import NON_DEGENERATE, start, wrong
from optlab.core.stop import Below
from optlab.problems.logistic import LogisticRegression
from optlab.problems.planted_logistic import ManifoldLogistic, hessian_lipschitz
from optlab.solvers.block_coordinate_descent import BlockCoordinateDescent

#: What rounding leaves of the distance: the error of the gradient, about 1e-14, over mu (1.2e-12 was seen).
_FLOOR = 1e-11


def _quadratic(c: Any) -> Any:
    """The bound from the distance before the step; none beyond the reach of the Lipschitz constant."""
    reach = c.mu_free - c.M_free * c.before
    return np.where(reach > 0, c.M_free * c.before**2 / (2 * np.where(reach > 0, reach, 1.0)), np.inf)


def _from_there(case: Case, problem: Any, x0: Any, near: Any, known: dict[str, float]) -> Measurement:
    """The distances after the first iterate that is `near`, and those one step before."""
    stop = Below("distance", 1e-13)
    result = case.solver.run(problem, max_iter=case.max_iter, x0=x0, record=1, store_x=True, stop=stop)
    e = result.history["distance"]
    there = np.flatnonzero(near(np.asarray(result.history.x), e))
    if not there.size:  # the claim says that it comes so far
        return Measurement(case.max_iter, math.inf, known={"before": 0.0} | known)
    k = int(there[0])
    return Measurement(np.arange(k + 1, e.size), e[k + 1 :], known={"before": e[k:-1]} | known)


# ---------------------------------------------------------------- C10: on the manifold


def _logistic(nonnegative: bool, rng: Any) -> ManifoldLogistic:
    return ManifoldLogistic(200, 100, 10, weight=40.0, delta=20.0, nonnegative=nonnegative, rng=rng)


def _cases(size: int, update: str = "TMP", partition: Any = None, *, near: bool = False) -> list[Case]:
    solver = BlockCoordinateDescent("GSL-q", update, size, partition)
    params = {"floor": _FLOOR, "near": near}
    return [
        Case(f"{domain}, {update}, 10 free of 100, blocks of {size}{', from the edge' if near else ''}",
             partial(_logistic, nonnegative), solver, 80, params=params)
        for domain, nonnegative in (("l1 norm", False), ("x >= 0", True))
    ]  # fmt: skip


def _identified(case: Case, problem: Any, seed: Any) -> Measurement:
    """From far away, or from the edge of the ball in which Newton's method is known to work, zeros right."""
    radius, x_star = problem.constants["newton_radius"].value, problem.reference.x
    x0 = start(case, problem, seed)
    if case.params["near"]:
        u = np.where(x_star == 0, 0.0, np.random.default_rng(seed).standard_normal(x_star.shape))
        x0 = x_star + 0.999 * radius * u / np.linalg.norm(u)
    return _from_there(case, problem, x0, lambda path, e: (e < radius) & (wrong(problem, path) == 0), {})


@claim(
    "bcd/C10-superlinear",
    source="derived here; superlinear convergence is in the title of Nutini, Laradji, Schmidt, JMLR 2022",
    statement="With variable blocks that can hold all free variables S, greedily filled, two-metric projection and the "
    "proximal Newton step converge quadratically from the first iterate that is near and has Z right.",
    latex=r"\|e_k\| < \min\Big\{\tfrac{\mu_S}{2 M_S}, \tfrac{\delta}{3L}, \min_S |x^\star_i|\Big\}, \ x^k_Z = 0, \ "
    r"\tau \ge |S| \Rightarrow \|e_{j+1}\| \le \frac{M_S \|e_j\|^2}{2 (\mu_S - M_S \|e_j\|)} \ \forall j \ge k",
    measured=_identified,
    axis="step",
    cases=[*_cases(10), *_cases(15), *_cases(10, near=True), *_cases(12, "PN"), *_cases(10, "PN", near=True)],
    uses={"L": "upper", "delta": "lower", "mu_free": "lower", "M_free": "upper"},
    assumptions=[NON_DEGENERATE],
    controls=[
        Control("blocks one smaller than the number of free variables", cases=_cases(9, near=True)),
        Control("the proximal gradient step", cases=_cases(10, "PG", near=True)),
        Control("fixed blocks", cases=_cases(10, "TMP", "sort", near=True)),
    ],
    seeds={"quick": 2, "standard": 20, "full": 100},
)
def quadratic_on_the_manifold(k: Any, c: Any) -> Any:
    """See the statement."""
    return np.maximum(_quadratic(c), c.floor)


# ---------------------------------------------------------------- C10: Newton's method itself


def _smooth(rng: Any) -> LogisticRegression:
    A = rng.standard_normal((120, 8))
    return LogisticRegression(A, A[:, 0] + rng.logistic(size=120) > 0, l2=0.1, reduction="sum")


def _one_sample() -> LogisticRegression:
    """One sample whose solution, log(2 + sqrt(3)), is where the third derivative of the loss is largest."""
    x_star = math.log(2 + math.sqrt(3))
    return LogisticRegression([[1.0]], [1], l2=1 / ((1 + math.exp(x_star)) * x_star), reduction="sum")


def _newton(size: int, update: str = "newton") -> Case:
    solver = BlockCoordinateDescent("GS", update, size)
    return Case(f"logistic regression, 8 variables, blocks of {size}", _smooth, solver, 40)


def _all_variables(case: Case, problem: Any, seed: Any) -> Measurement:
    x = problem.reference.x
    basis = np.eye(x.size)
    hessian = problem.hessian_product(np.broadcast_to(x, basis.shape), basis)
    known = {"M_free": hessian_lipschitz(problem.signed).value, "mu_free": float(np.linalg.eigvalsh(hessian)[0])}
    radius = known["mu_free"] / (2 * known["M_free"])
    return _from_there(case, problem, start(case, problem, seed), lambda path, e: e < radius, known)


def _located(problem: Any, case: Case) -> bool:
    return bool(np.linalg.norm(problem.gradient(problem.reference.x)) <= 1e-11 * problem.constants["mu"].value)


_TIGHT = Case(
    "one sample, at the largest third derivative", _one_sample(), BlockCoordinateDescent("GS", "newton"), 10,
    x0=[math.log(2 + math.sqrt(3)) + 1e-3], tight=True,
)  # fmt: skip


@claim(
    "bcd/C10-newton",
    source="classical for Newton's method; this constant, and that the line search lets the steps pass, derived here",
    statement="With one block of all variables and no kinks, the block Newton step with its line search converges "
    "quadratically once it is near; the constant is sharp.",
    latex=r"\|e_k\| < \tfrac{\mu_\star}{2 M} \Rightarrow "
    r"\|e_{j+1}\| \le \frac{M \|e_j\|^2}{2 (\mu_\star - M \|e_j\|)} \ \forall j \ge k, \quad "
    r"M = \frac{\max_i \|a_i\| \, \lambda_{\max}(A^\top A)}{6 \sqrt 3}",
    measured=_all_variables,
    axis="step",
    cases=[_newton(8), _TIGHT],
    uses={"mu": "lower"},
    assumptions=[Assumption("the solution is located up to 1e-11", _located)],
    controls=[
        Control("the bound 1 % smaller, on one sample", bound=lambda k, c: 0.99 * _quadratic(c), cases=[_TIGHT]),
        Control("blocks one smaller than the number of variables", cases=[_newton(7)]),
        Control("the bound of the curvature for the Hessian", cases=[_newton(8, "Hb")]),
    ],
    seeds={"quick": 3, "standard": 20, "full": 100},
    options={"floor": 1e-10},
)
def newton_is_quadratic(k: Any, c: Any) -> Any:
    """See the statement."""
    return _quadratic(c)
