"""The classical baselines: what the driver adds to a step, and time to equal accuracy against SciPy and scikit-learn.

    python benchmarks/baselines.py [--quick] [--json FILE]

Cases whose name begins with "driver" measure the loop itself; the others run until both sides have the same error.
Repetitions are interleaved and the median is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: one thread on both sides

import numpy as np
from scipy.optimize import minimize

import optlab as ol

FIELDS = ("case", "peer", "ours_s", "peer_s", "ratio", "ours_error", "peer_error", "note")


@dataclass(frozen=True)
class _Nothing(ol.Solver):
    """A solver whose step does nothing but count: what is left is the driver."""

    requires = ()

    def init(self, problem, x0, rng):
        return ol.State(x0)

    def step(self, problem, state):
        state.k += 1
        return state


def row(case: str, peer: str, **values: Any) -> dict[str, Any]:
    """A row with all fields; those that were not measured are None."""
    out = dict.fromkeys(FIELDS) | {"case": case, "peer": peer} | values
    if out["ours_s"] and out["peer_s"]:
        out["ratio"] = out["ours_s"] / out["peer_s"]
    return out


def interleaved(tasks: dict[str, Callable[[], Any]], repeats: int) -> dict[str, tuple[float, Any]]:
    """Median seconds and last answer of each task; one untimed round first, then all tasks in turn."""
    answers = {name: task() for name, task in tasks.items()}
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            began = time.perf_counter()
            answers[name] = task()
            seconds[name].append(time.perf_counter() - began)
    return {name: (statistics.median(seconds[name]), answers[name]) for name in tasks}


def driver_cases(quick: bool) -> list[dict[str, Any]]:
    """Seconds per step of an empty solver through the driver, against a bare Python loop over the same step."""
    steps, repeats = (50_000, 3) if quick else (300_000, 7)
    problem, solver = ol.FunctionProblem(3), _Nothing()

    def bare() -> None:
        state = solver.init(problem, problem.start(), None)
        for _ in range(steps):
            state = solver.step(problem, state)

    schedules = {"no rows": steps, "log-spaced rows": "log", "a row every step": 1}
    tasks: dict[str, Callable[[], Any]] = {"bare": bare}
    tasks |= {name: lambda r=r: solver.run(problem, max_iter=steps, record=r) for name, r in schedules.items()}
    timed = interleaved(tasks, repeats)
    loop = timed["bare"][0] / steps
    note = "seconds per step; ours is the driver with an empty step, peer the step in a bare loop; goal: 2e-6 s apart"
    rows = [
        row(f"driver, {name}", "bare loop", ours_s=timed[name][0] / steps, peer_s=loop, note=note) for name in schedules
    ]
    return with_best(rows)


def gradient_step_case(quick: bool) -> list[dict[str, Any]]:
    """Gradient descent on a small quadratic against the same three lines of NumPy."""
    steps, repeats = (20_000, 3) if quick else (100_000, 7)
    problem = ol.problems.Quadratic.spread(10, mu=0.1)

    def bare() -> Any:
        x, spectrum, x_star = problem.start(), problem.spectrum, problem.x_star
        for _ in range(steps):
            x = x - (x - x_star) * spectrum
        return x

    solver = ol.GradientDescent()
    timed = interleaved({"ours": lambda: solver.run(problem, max_iter=steps, record="log").x, "bare": bare}, repeats)
    note = "seconds per step, d = 10: oracle call, ledger and driver around the arithmetic"
    values = {name: float(np.linalg.norm(x - problem.x_star)) for name, (_, x) in timed.items()}
    rows = [
        row(
            "gradient step, d = 10",
            "plain NumPy",
            ours_s=timed["ours"][0] / steps,
            peer_s=timed["bare"][0] / steps,
            ours_error=values["ours"],
            peer_error=values["bare"],
            note=note,
        )
    ]
    return with_best(rows)


def smooth_cases(quick: bool) -> list[dict[str, Any]]:
    """Ridge logistic regression to a gap of 1e-8: first-order methods against quasi-Newton ones."""
    n, d, repeats = (1000, 50, 3) if quick else (5000, 200, 5)
    rng = np.random.default_rng(0)
    A = rng.standard_normal((n, d))
    y = np.where(A @ rng.standard_normal(d) / np.sqrt(d) + rng.standard_normal(n) > 0, 1.0, -1.0)
    problem = ol.problems.LogisticRegression(A, y, l2=1e-3)
    goal = 1e-8
    f_star = problem.reference.lo

    def scipy(method: str) -> Callable[[], Any]:
        def stop(intermediate_result: Any) -> None:
            if intermediate_result.fun - f_star <= goal:
                raise StopIteration

        return lambda: (
            minimize(
                lambda x: (float(problem.value(x)), problem.gradient(x)),
                problem.start(),
                jac=True,
                method=method,
                callback=stop,
            ).x
        )

    def ours(solver: Any) -> Callable[[], Any]:
        return lambda: solver.run(problem, stop=ol.stop.Below("gap", goal), max_iter=100_000).x

    tasks = {
        "GradientDescent": ours(ol.GradientDescent()),
        "NesterovAcceleratedGradient": ours(ol.NesterovAcceleratedGradient()),
        "L-BFGS-B": scipy("L-BFGS-B"),
        "CG": scipy("CG"),
    }
    timed = interleaved(tasks, repeats)
    error = {name: float(problem.value(x)) - f_star for name, (_, x) in timed.items()}
    rows = []
    for name in ("GradientDescent", "NesterovAcceleratedGradient"):
        case = f"{name}, logistic regression n = {n}, d = {d}, gap {goal:g}"
        note = "for context: SciPy's methods build curvature; a gradient method is there for its theorem, not its speed"
        for peer in ("L-BFGS-B", "CG"):
            rows.append(
                row(
                    case,
                    f"scipy {peer}",
                    ours_s=timed[name][0],
                    peer_s=timed[peer][0],
                    ours_error=error[name],
                    peer_error=error[peer],
                    note=note,
                )
            )
    return with_best(rows, goal)


def lasso_cases(quick: bool) -> list[dict[str, Any]]:
    """A planted Lasso to a relative gap of 1e-6: FISTA against the coordinate descent of scikit-learn."""
    n, d, nnz, repeats = (200, 400, 10, 3) if quick else (1000, 2000, 30, 5)
    problem = ol.problems.PlantedLasso(n, d, nnz, rng=0)
    goal = 1e-6 * problem.reference.hi
    case = f"FISTA, Lasso n = {n}, d = {d}, relative gap 1e-6"
    stop = ol.stop.Below("gap", goal)
    solver = ol.ProximalGradient(accelerated=True)
    tasks = {"ours": lambda: solver.run(problem, stop=stop, max_iter=100_000, record=10).x}
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import Lasso
    except ImportError:
        return [row(case, "scikit-learn Lasso", note="scikit-learn is not installed")]

    def peer(tol: float) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = Lasso(alpha=problem.penalty.weight / n, fit_intercept=False, tol=tol, max_iter=100_000)
            return model.fit(problem.A, problem.b).coef_

    # scikit-learn stops on its own duality gap: the loosest tolerance that reaches our goal is the fair one.
    tolerances = 10.0 ** -np.arange(2, 13)
    tol = next(t for t in tolerances if float(problem.value(peer(t))) - problem.reference.lo <= goal)
    tasks["peer"] = lambda: peer(tol)
    timed = interleaved(tasks, repeats)
    error = {name: float(problem.value(x)) - problem.reference.lo for name, (_, x) in timed.items()}
    note = f"coordinate descent in Cython (tol = {tol:g}) skips the zero columns; ours checks the gap every 10 steps"
    rows = [
        row(
            case,
            "scikit-learn Lasso",
            ours_s=timed["ours"][0],
            peer_s=timed["peer"][0],
            ours_error=error["ours"],
            peer_error=error["peer"],
            note=note,
        )
    ]
    return with_best(rows, goal)


def with_best(rows: list[dict[str, Any]], goal: float = 0.0) -> list[dict[str, Any]]:
    """Add to each case the row of its fastest peer among those that reached the goal, or our error."""
    out = list(rows)
    for case in dict.fromkeys(r["case"] for r in rows):
        measured = [r for r in rows if r["case"] == case and r["peer_s"]]
        good = [r for r in measured if r["ours_error"] is None or r["peer_error"] <= max(goal, r["ours_error"])]
        if good:
            fastest = min(good, key=lambda r: r["peer_s"])
            out.append(fastest | {"peer": "best", "note": f"{fastest['peer']}: {fastest['note']}"})
    return out


def main() -> None:
    """Measure, print a table, and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, under 20 seconds")
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    options = parser.parse_args()
    rows = []
    for cases in (driver_cases, gradient_step_case, smooth_cases, lasso_cases):
        rows += cases(options.quick)
    for r in rows:
        numbers = (f"{r[k]:10.3g}" if r[k] is not None else f"{'-':>10}" for k in ("ours_s", "peer_s", "ratio"))
        print(f"{r['case']:<75} {r['peer']:<20}", *numbers)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"results": rows}, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
