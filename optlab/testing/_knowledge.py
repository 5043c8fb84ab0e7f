"""What a problem says it knows - constants and reference - must not be contradicted by what its oracles say."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.core import oracles as o
from optlab.core.oracles import has_oracle
from optlab.testing._points import as_array, inner, norm, points, precision
from optlab.testing._same import require

__all__ = ["constants", "reference"]


def reference(problem: Any, rng: np.random.Generator) -> None:
    """The reference interval holds the value at the reference point and lies below all others."""
    ref = problem.reference
    if ref is None:
        return
    require(ref.certificate.strip(), f"{problem.name}: the reference has no certificate")
    if not has_oracle(problem, o.Value):
        return
    slack = 1e5 * precision(problem) * (1 + abs(ref.lo if np.isfinite(ref.lo) else 0.0))
    around = points(problem, rng, 24)
    if ref.x is not None:
        at = float(problem.value(ref.x))
        inside = ref.lo - slack <= at <= ref.hi + slack
        require(
            inside, f"{problem.name}: the value at reference.x is {at:.12g}, outside [{ref.lo:.12g}, {ref.hi:.12g}]"
        )
        near = [ref.x + s * as_array(problem, rng.standard_normal(problem.shape)) for s in (1e-4, 1e-3, 1e-2, 0.1) * 4]
        around += [problem.project(x) for x in near] if has_oracle(problem, o.Project) else near
    for x in around:
        value = float(problem.value(x))
        require(value >= ref.lo - slack, f"{problem.name}: F(x) = {value:.12g} lies below the certified {ref.lo:.12g}")
        if not ref.attained:
            require(value > ref.lo, f"{problem.name}: the optimum is said not to be attained, but F(x) = {value:.12g}")


def constants(problem: Any, rng: np.random.Generator) -> None:
    """Every constant says how it was obtained; L, mu, G and D agree with the oracles at random points."""
    for name, constant in problem.constants.items():
        require(str(constant.how).strip(), f"{problem.name}: the constant {name} does not say how it was obtained")
        require(
            np.isfinite(np.asarray(constant.value, dtype=float)).all(),
            f"{problem.name}: the constant {name} is not finite",
        )
    drawn = points(problem, rng, 12)
    pairs = [(x, y) for x in drawn for y in drawn if norm(x - y) > 0]
    _smoothness(problem, pairs)
    if has_oracle(problem, o.Margins):
        _margin(problem, rng)
    else:
        _strong_convexity(problem, pairs)
    _lipschitz(problem, pairs)
    _distance(problem)


def _certified(problem: Any, name: str, side: Any) -> float | None:
    known = name in problem.constants and problem.constants[name].certifies(side)
    return float(problem.constants[name].value) if known and np.ndim(problem.constants[name].value) == 0 else None


def _smooth(problem: Any) -> tuple[Any, Any] | None:
    if has_oracle(problem, o.SmoothPart):
        return problem.smooth_value, problem.smooth_gradient
    return (
        (problem.value, problem.gradient) if has_oracle(problem, o.Gradient) and has_oracle(problem, o.Value) else None
    )


def _smoothness(problem: Any, pairs: list[tuple[Any, Any]]) -> None:
    L, smooth = _certified(problem, "L", "upper"), _smooth(problem)
    if L is None or smooth is None:
        return
    for x, y in pairs:
        gx, gy = smooth[1](x), smooth[1](y)
        change, limit = norm(gx - gy), L * norm(x - y)
        rounding = 1e3 * precision(problem) * (limit + norm(gx) + norm(gy))
        require(
            change <= limit + rounding,
            f"{problem.name}: L = {L:.9g}, but two gradients differ by {change / norm(x - y):.9g} |x - y|",
        )


def _strong_convexity(problem: Any, pairs: list[tuple[Any, Any]]) -> None:
    mu, smooth = _certified(problem, "mu", "lower"), _smooth(problem)
    if mu is None or smooth is None:
        return
    for x, y in pairs:
        fx, fy = float(smooth[0](x)), float(smooth[0](y))
        below = fx + inner(smooth[1](x), y - x) + 0.5 * mu * norm(y - x) ** 2
        rounding = 1e4 * precision(problem) * (1 + abs(fx) + abs(fy) + abs(below))
        require(fy >= below - rounding, f"{problem.name}: mu = {mu:.9g} is too large: F(y) = {fy:.9g} < {below:.9g}")


def _margin(problem: Any, rng: np.random.Generator) -> None:
    mu = _certified(problem, "mu", "upper")
    if mu is None:
        return
    for _ in range(200):
        u = rng.standard_normal(problem.shape)
        found = float(problem.margins(as_array(problem, u / np.linalg.norm(u))).min())
        require(
            found <= mu * (1 + 1e3 * precision(problem)),
            f"{problem.name}: mu = {mu:.9g}, but a direction has margin {found:.9g}",
        )


def _lipschitz(problem: Any, pairs: list[tuple[Any, Any]]) -> None:
    G = _certified(problem, "G", "upper")
    if G is None or not has_oracle(problem, o.Value):
        return
    for x, y in pairs:
        fx, fy, limit = float(problem.value(x)), float(problem.value(y)), G * norm(x - y)
        rounding = 1e3 * precision(problem) * (limit + abs(fx) + abs(fy))
        require(
            abs(fx - fy) <= limit + rounding,
            f"{problem.name}: G = {G:.9g}, but F changes by {abs(fx - fy) / norm(x - y):.9g} |x - y|",
        )


def _distance(problem: Any) -> None:
    D, ref = _certified(problem, "D", "upper"), problem.reference
    if D is None or ref is None or ref.x is None:
        return
    distance = norm(problem.start(np.random.default_rng(0)) - ref.x)
    require(
        distance <= D * (1 + 1e3 * precision(problem)),
        f"{problem.name}: D = {D:.9g}, but the start lies at {distance:.9g}",
    )
