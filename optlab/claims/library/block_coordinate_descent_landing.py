r"""Block coordinate descent on composite functions: near the optimum one step puts a coordinate exactly in its kink."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_composite import NON_DEGENERATE, Built, lasso, nonnegative, valley


def _coupled(cosine: float) -> Built:
    """Two coordinates at a small angle, the first one at zero with margin 1."""
    return Built(np.linalg.cholesky([[1.0, cosine], [cosine, 1.0]]).T, np.array([0.0, 1.0]), np.array([0.0, 1.0]))


# ---------------------------------------------------------------- C9a: landing in the kink


def _directions(problem: Any, curvatures: Any, rng: np.random.Generator) -> Any:
    """Unit vectors: random ones, and for each i in Z the one that takes coordinate i farthest from its kink.

    Coordinate i lands at zero iff M_i (x_i - x_i^*) - (nabla_i f(x) - nabla_i f(x^*)) is small enough: for a quadratic
    a linear form in x - x^*.
    """
    x_star = problem.reference.x
    slope = problem.smooth_gradient(x_star)
    hessian = np.stack([problem.smooth_gradient(x_star + e) - slope for e in np.eye(x_star.size)])
    forms = (np.diag(curvatures) - hessian)[x_star == 0.0]
    v = np.concatenate([rng.standard_normal((20, x_star.size)), forms, -forms])
    norms = np.linalg.norm(v, axis=1, keepdims=True)
    return v[norms[:, 0] > 1e-12] / norms[norms > 1e-12][:, None]


def _radius(kind: str, curvature: Any, L: float) -> Any:
    """How near the optimum coordinates must be, in units of delta, for a step of 1/curvature."""
    if kind == "stated":
        return 1 / (curvature + L)
    if kind == "sharp":
        return 1 / curvature
    return 1 / np.sqrt(np.maximum(curvature * (L - curvature), 1e-12))


def _landing(case: Case, problem: Any, seed: Any) -> Measurement:
    """How many coordinates of Z fail to land in their kink, from points at the stated distance from the optimum."""
    n, L, x_star = problem.shape[0], problem.constants["L"].value, problem.reference.x
    curvatures = problem.coordinate_lipschitz() if case.params["own"] else np.full(n, L)
    radii = problem.constants["delta"].value * _radius(case.params["radius"], curvatures, L)
    v = _directions(problem, curvatures, np.random.default_rng(seed))
    missed = 0
    for i in np.flatnonzero(x_star == 0.0):  # with own steps each coordinate has a radius of its own
        x = x_star + case.params["share"] * radii[i] * v
        landed = problem.prox(x - problem.smooth_gradient(x) / curvatures[i], 1 / curvatures[i])[:, i]
        missed += int(np.count_nonzero(landed))
    return Measurement(np.count_nonzero(x_star == 0.0), missed)


_WIDE = valley(3, 1e-3, 0.5)
_NARROW = _coupled(0.999)


def _landings(radius: str, share: float = 1 - 1e-9, own: bool = False, **problems: Any) -> list[Case]:
    problems = problems or {"Lasso": lasso, "non-negative": nonnegative, "valley": _WIDE, "two near columns": _NARROW}
    params = {"radius": radius, "share": share, "own": own}
    return [Case(f"{name}, {'own' if own else 'common'} steps", p, params=params) for name, p in problems.items()]


_LANDING: dict[str, Any] = {
    "kind": "exactness",
    "measured": _landing,
    "axis": "size of Z",
    "uses": {"L": "upper", "delta": "lower"},
    "assumptions": [NON_DEGENERATE],
    "seeds": {"quick": 2, "standard": 10, "full": 50},
    "options": {"tol": 0.0},
}


@claim(
    "bcd/C9a",
    source="derived here",
    latex=r"\|x - x^\star\| \le \frac{\delta}{2 L} \Rightarrow x_i^+ = x_i^\star \ \forall i \in Z; \quad "
    r"\text{with step } 1 / L_i: \ \frac{\delta}{L_i + L}",
    cases=[*_landings("stated"), *_landings("stated", own=True)],
    controls=[
        Control("three times the radius", cases=_landings("stated", 3.0, valley=_WIDE)),
        Control("four times the radius, own steps", cases=_landings("stated", 4.0, True, near=_NARROW)),
    ],
    **_LANDING,
)
def landing(n: Any, c: Any) -> Any:
    """Near the optimum a proximal step puts every coordinate of Z that it touches exactly in its kink."""
    return 0 * n


@claim(
    "bcd/C9a-sharp",
    source="derived here: x - f'(x)/L is nonexpansive for convex f; with own steps, for quadratics, from H^2 <= L H",
    latex=r"\|x - x^\star\| \le \frac{\delta}{L} \Rightarrow x_i^+ = x_i^\star \ \forall i \in Z; \quad "
    r"\text{with step } 1 / L_i: \ \frac{\delta}{\sqrt{L_i (L - L_i)}}",
    cases=[*_landings("sharp"), *_landings("sharp own", own=True)],
    controls=[
        Control("the radius 1 % larger, in a flat valley", cases=_landings("sharp", 1.01, valley=_WIDE)),
        Control("own steps, the radius 1 % larger", cases=_landings("sharp own", 1.01, True, near=_NARROW)),
    ],
    **_LANDING,
)
def landing_sharp(n: Any, c: Any) -> Any:
    """For convex quadratics the radius of bcd/C9a is at least twice as large, and then the best possible one."""
    return 0 * n
