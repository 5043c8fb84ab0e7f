"""One check for each oracle: what its Protocol promises, tried on random points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.core import oracles as o
from optlab.core.oracles import has_oracle
from optlab.core.xp import is_sparse, to_numpy
from optlab.testing._points import as_array, inner, norm, points, precision
from optlab.testing._same import require
from optlab.testing.block_oracles import block_curvature, block_hessian, block_moves, bound_graph, kink_slopes

__all__ = ["ORACLE_CHECKS"]

Rng = np.random.Generator


def _value(problem: Any, rng: Rng) -> None:
    for x in points(problem, rng):
        value = problem.value(x)
        require(
            np.ndim(to_numpy(value)) == 0, f"{problem.name}: value(x) is not a number but of shape {np.shape(value)}"
        )
        require(not np.isnan(float(value)), f"{problem.name}: value(x) is NaN at a finite point")
        require(float(problem.value(x)) == float(value), f"{problem.name}: value(x) differs between two calls")


def _taylor(error: Callable[[float], tuple[float, float]], title: str) -> None:
    """Require that a Taylor remainder falls like t^2: the log-log slope where it stands clear of rounding.

    `error(t)` is the remainder at step t and the rounding error it may carry.
    """
    steps = np.geomspace(1e-1, 1e-6, 21)
    found = [(t, *error(float(t))) for t in steps]
    clear = [(t, e) for t, e, noise in found if e > 30 * noise]
    if len(clear) < 4:
        return  # the remainder is rounding at every step: the function is affine there
    t, e = np.array(clear[-6:]).T
    slope = float(np.polyfit(np.log(t), np.log(e), 1)[0])
    require(slope > 1.5, f"{title}: its Taylor remainder falls like t^{slope:.2f}, not like t^2")


def _derivative(problem: Any, rng: Rng, value: Callable[..., Any], gradient: Callable[..., Any], name: str) -> None:
    eps = precision(problem)
    for x in points(problem, rng, 6):
        v = as_array(problem, rng.standard_normal(problem.shape))
        g, fx = gradient(x), float(value(x))
        require(g.shape == x.shape, f"{problem.name}: {name}(x) has shape {tuple(g.shape)}, not {tuple(x.shape)}")
        slope = inner(g, v)

        def error(t: float, x: Any = x, v: Any = v, fx: float = fx, slope: float = slope) -> tuple[float, float]:
            moved = float(value(x + t * v))
            return abs(moved - fx - t * slope), eps * (abs(fx) + abs(moved) + abs(t * slope) + abs(slope))

        _taylor(error, f"{problem.name}: {name} is not the gradient")


def _gradient(problem: Any, rng: Rng) -> None:
    if has_oracle(problem, o.Value):
        _derivative(problem, rng, problem.value, problem.gradient, "gradient")


def _smooth_part(problem: Any, rng: Rng) -> None:
    _derivative(problem, rng, problem.smooth_value, problem.smooth_gradient, "smooth_gradient")


def _subgradient(problem: Any, rng: Rng) -> None:
    drawn = points(problem, rng, 9)
    for x in drawn:
        s, fx = problem.subgradient(x), float(problem.value(x))
        require(s.shape == x.shape, f"{problem.name}: subgradient(x) has shape {tuple(s.shape)}, not {tuple(x.shape)}")
        require(
            inner(s - problem.subgradient(x), s) == 0.0, f"{problem.name}: subgradient(x) differs between two calls"
        )
        for y in drawn:
            below = fx + inner(s, y - x)
            tol = 1e3 * precision(problem) * (1 + abs(fx) + abs(below))
            require(
                float(problem.value(y)) >= below - tol,
                f"{problem.name}: subgradient(x) breaks F(y) >= F(x) + <s, y - x> = {below:.6g}",
            )


def _hessian_product(problem: Any, rng: Rng) -> None:
    gradient = problem.gradient if has_oracle(problem, o.Gradient) else problem.smooth_gradient
    eps = precision(problem)
    for x in points(problem, rng, 4):
        u, v = (as_array(problem, rng.standard_normal(problem.shape)) for _ in range(2))
        hu, hv, g = problem.hessian_product(x, u), problem.hessian_product(x, v), gradient(x)
        size = norm(hu) * norm(v) + norm(hv) * norm(u)
        require(
            abs(inner(hu, v) - inner(u, hv)) <= 1e3 * eps * (size + eps),
            f"{problem.name}: the Hessian is not symmetric",
        )
        both = problem.hessian_product(x, u + v)
        require(
            norm(both - hu - hv) <= 1e3 * eps * (norm(hu) + norm(hv) + eps),
            f"{problem.name}: hessian_product is not linear",
        )

        def error(t: float, x: Any = x, v: Any = v, g: Any = g, hv: Any = hv) -> tuple[float, float]:
            moved = gradient(x + t * v)
            return norm(moved - g - t * hv), eps * (norm(moved) + norm(g) + norm(hv))

        _taylor(error, f"{problem.name}: hessian_product is not the derivative of the gradient")


def _line_minimum(problem: Any, rng: Rng) -> None:
    if problem.reference is None:
        return  # F may fall for ever along a line
    for x in points(problem, rng, 6):
        d = as_array(problem, rng.standard_normal(problem.shape))
        t = float(problem.line_minimum(x, d))
        least = float(problem.value(x + t * d))
        nearby = t * (1 + np.array([-0.5, -0.1, -1e-3, 1e-3, 0.1, 0.5]))
        for other in [*nearby, *(t + rng.standard_normal(20)), 0.0]:
            value = float(problem.value(x + float(other) * d))
            require(
                least <= value + 1e4 * precision(problem) * (1 + abs(value)),
                f"{problem.name}: line_minimum gives t={t:.6g}, F={least:.6g}, but t={other:.6g} has F={value:.6g}",
            )


def _prox(problem: Any, rng: Rng) -> None:
    if not has_oracle(problem, o.Value):
        return

    def penalty(u: Any) -> float:
        return float(problem.value(u)) - (float(problem.smooth_value(u)) if has_oracle(problem, o.SmoothPart) else 0.0)

    drawn = points(problem, rng, 6)
    for x in drawn:
        for step in (0.1, 1.0, 7.0):
            p = problem.prox(x, step)
            require(
                p.shape == x.shape, f"{problem.name}: prox(x, step) has shape {tuple(p.shape)}, not {tuple(x.shape)}"
            )
            own = penalty(p) + norm(p - x) ** 2 / (2 * step)
            near = [
                as_array(problem, to_numpy(p) + s * rng.standard_normal(problem.shape)) for s in (1e-4, 1e-2, 1.0) * 3
            ]
            for u in [*near, x, 0 * x, *(problem.prox(y, step) for y in drawn)]:
                other = penalty(u) + norm(u - x) ** 2 / (2 * step)
                scale = 1 + abs(own) + abs(float(problem.value(p)))
                require(
                    own <= other + 1e4 * precision(problem) * scale,
                    f"{problem.name}: prox(x, {step}) is not the minimiser: {own:.9g} there, {other:.9g} elsewhere",
                )


def _project(problem: Any, rng: Rng) -> None:
    feasible = points(problem, rng, 8)
    for _ in range(6):
        x = as_array(problem, 5 * rng.standard_normal(problem.shape))
        p = problem.project(x)
        tol = 1e3 * precision(problem) * (1 + norm(x)) ** 2
        require(norm(problem.project(p) - p) <= tol, f"{problem.name}: project(project(x)) is not project(x)")
        for u in feasible:
            require(
                inner(x - p, u - p) <= tol * (1 + norm(u)),
                f"{problem.name}: project(x) is not the nearest point: <x - p, u - p> = {inner(x - p, u - p):.3g} > 0",
            )


def _lmo(problem: Any, rng: Rng) -> None:
    directions = [as_array(problem, rng.standard_normal(problem.shape)) for _ in range(8)]
    feasible = [problem.lmo(g) for g in directions]
    if has_oracle(problem, o.Project):
        for s in feasible:
            require(
                norm(problem.project(s) - s) <= 1e3 * precision(problem) * (1 + norm(s)),
                f"{problem.name}: lmo(g) is not feasible",
            )
        feasible += points(problem, rng, 8)
    for g in directions:
        least = inner(g, problem.lmo(g))
        for u in feasible:
            require(
                least <= inner(g, u) + 1e3 * precision(problem) * (1 + norm(g) * norm(u)),
                f"{problem.name}: lmo(g) does not minimise <g, s>: {least:.9g} there, {inner(g, u):.9g} elsewhere",
            )


def _stochastic_gradient(problem: Any, rng: Rng, n: int = 4000, deviations: float = 8.0) -> None:
    """Unbiasedness: no coordinate of the mean deviates by 8 standard errors, which chance does once in 10^14 times."""
    for size in (1, 3):
        xi = problem.draw(rng, size)
        require(len(xi) == size, f"{problem.name}: draw(rng, {size}) returned {len(xi)} samples")
    full = problem.gradient if has_oracle(problem, o.Gradient) else problem.subgradient
    for x in points(problem, rng, 3):
        samples = problem.draw(rng, n)
        estimates = np.stack([to_numpy(problem.stochastic_gradient(x, samples[i, ...])) for i in range(n)])
        require(
            estimates.shape[1:] == tuple(x.shape),
            f"{problem.name}: stochastic_gradient(x, xi) has shape {estimates.shape[1:]}, not {tuple(x.shape)}",
        )
        error = np.abs(estimates.mean(axis=0) - to_numpy(full(x)))
        allowed = deviations * estimates.std(axis=0, ddof=1) / np.sqrt(n) + 1e3 * precision(problem) * (
            1 + norm(full(x))
        )
        require(
            (error <= allowed).all(),
            f"{problem.name}: stochastic_gradient is biased, by {error.max():.3g} in {n} samples",
        )


def _margins(problem: Any, rng: Rng) -> None:
    eps = precision(problem)
    for w in points(problem, rng, 4):
        m = problem.margins(w)
        require(m.ndim == 1, f"{problem.name}: margins(w) has shape {tuple(m.shape)}, not (n,)")
        p = as_array(problem, rng.standard_normal(m.shape[0]))
        left, right = inner(m, p), inner(w, problem.weighted_rows(p))
        size = norm(m) * norm(p) + norm(w) * norm(problem.weighted_rows(p))
        require(
            abs(left - right) <= 1e3 * eps * (size + eps),
            f"{problem.name}: weighted_rows is not the adjoint of margins",
        )
        require(
            norm(problem.margins(2 * w) - 2 * m) <= 1e3 * eps * (norm(m) + eps),
            f"{problem.name}: margins is not linear",
        )


def _rows(problem: Any, rng: Rng) -> None:
    whole = _dense(problem.rows(None))
    n = whole.shape[0]
    for indices in (rng.integers(0, n, 3), np.arange(n), np.array([n - 1])):
        part = _dense(problem.rows(indices))
        require(np.array_equal(part, whole[indices]), f"{problem.name}: rows(indices) are not those rows of rows(None)")
    if has_oracle(problem, o.Margins):
        for w in points(problem, rng, 3):
            error = norm(whole @ to_numpy(w) - to_numpy(problem.margins(w)))
            tol = 1e3 * precision(problem) * (1 + norm(whole) * norm(w))
            require(error <= tol, f"{problem.name}: margins(w) is not rows(None) @ w")


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if is_sparse(matrix) else to_numpy(matrix)


#: The check of every oracle, ``check(problem, rng)``; the keys are those of `optlab.oracles.ORACLES`.
ORACLE_CHECKS: dict[type, Callable[[Any, Rng], None]] = {
    o.Value: _value,
    o.Gradient: _gradient,
    o.Subgradient: _subgradient,
    o.HessianProduct: _hessian_product,
    o.LineMinimum: _line_minimum,
    o.SmoothPart: _smooth_part,
    o.Prox: _prox,
    o.Project: _project,
    o.LinearMinimization: _lmo,
    o.StochasticGradient: _stochastic_gradient,
    o.Margins: _margins,
    o.Rows: _rows,
    o.BlockMoves: block_moves,
    o.BlockCurvature: block_curvature,
    o.BlockHessian: block_hessian,
    o.BoundGraph: bound_graph,
    o.KinkSlopes: kink_slopes,
}
