"""Penalised regressions for benchmarks/block_coordinate_descent.py: data, an independent certificate, and the peers."""

from __future__ import annotations

import importlib
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

GOAL = 1e-8  # relative duality gap
PATIENCE = 15.0  # seconds: a peer that has been tuned for longer keeps the tolerance it has come to
Row = dict[str, Any]


def row(case: str, peer: str, ours: Any = None, theirs: Any = None, note: str = "", ours_error: Any = None) -> Row:
    """One row of the table; `ours` and `theirs` are seconds or pairs (seconds, error)."""
    ours_s, our_error = ours if isinstance(ours, tuple) else (ours, ours_error)
    peer_s, peer_error = theirs if isinstance(theirs, tuple) else (theirs, None)
    ratio = ours_s / peer_s if ours_s and peer_s else None
    seconds = {"case": case, "peer": peer, "ours_s": ours_s, "peer_s": peer_s, "ratio": ratio}
    return seconds | {"ours_error": our_error, "peer_error": peer_error, "note": note}


# ---------------------------------------------------------------- data and certificate


def gaussian(n: int, d: int, rho: float = 0.0, nonzeros: int = 50) -> tuple[Any, Any]:
    """Columns that are a stationary AR(1) sequence with correlation rho, and a noisy sparse combination of them."""
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((n, d)))
    for j in range(1, d) if rho else ():
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    return X, _response(X, nonzeros, rng)


def sparse(n: int, d: int, density: float, nonzeros: int) -> tuple[Any, Any]:
    """The same with a sparse matrix."""
    rng = np.random.default_rng(0)
    X = sp.random(n, d, density=density, format="csc", random_state=rng, data_rvs=rng.standard_normal)
    return X, _response(X, nonzeros, rng)


def _response(X: Any, nonzeros: int, rng: Any) -> Any:
    w = np.zeros(X.shape[1])
    w[rng.choice(len(w), nonzeros, replace=False)] = rng.standard_normal(nonzeros)
    signal, noise = X @ w, rng.standard_normal(X.shape[0])
    return signal + noise * (np.linalg.norm(signal) / np.linalg.norm(noise) / 5)


@dataclass(frozen=True)
class Task:
    """l1 or l2 penalised regression without intercept: `loss` is "squared" or "logistic", weight is alpha or 1/C."""

    X: Any
    y: Any
    weight: float
    loss: str = "squared"
    penalty: str = "l1"

    @property
    def largest(self) -> float:
        """The l1 weight from which on the solution is zero."""
        slope = self.y / len(self.y) if self.loss == "squared" else self.y / 2
        return float(np.abs(self.X.T @ slope).max())

    def gap(self, w: Any) -> float:
        """Duality gap of w relative to the objective at 0, with nothing taken from the library."""
        f, n = self.X @ w, len(self.y)
        if self.loss == "squared":
            u = (self.y - f) / n
            primal, null = n * u @ u / 2, self.y @ self.y / (2 * n)
        else:
            p = 1 / (1 + np.exp(np.minimum(self.y * f, 500)))
            u, primal, null = self.y * p, np.logaddexp(0, -self.y * f).sum(), n * np.log(2)
        z = self.X.T @ u
        if self.penalty == "l2":
            primal, shrink = primal + self.weight * w @ w / 2, 1.0
        else:
            primal, shrink = primal + self.weight * np.abs(w).sum(), min(1.0, self.weight / np.abs(z).max())
        if self.loss == "squared":
            dual = shrink * u @ self.y - n * shrink**2 * u @ u / 2
        else:
            q = np.clip(shrink * p, 1e-300, 1 - 1e-16)
            dual = -(q * np.log(q) + (1 - q) * np.log1p(-q)).sum()
        if self.penalty == "l2":
            dual -= z @ z / (2 * self.weight)
        return float((primal - dual) / null)


# ---------------------------------------------------------------- solvers: (task, tolerance) -> coefficients


def ours(task: Task) -> Any:
    """Return our estimators at the goal, validation of the data included."""
    from optlab.estimators import GreedyLasso, GreedyLogisticRegression

    if task.loss == "squared":
        return GreedyLasso(task.weight, fit_intercept=False, tol=GOAL).fit(task.X, task.y).coef_
    model = GreedyLogisticRegression(task.penalty, C=1 / task.weight, fit_intercept=False, tol=GOAL)
    return model.fit(task.X, task.y).coef_[0]


def sklearn_lasso(task: Task, tol: float) -> Any:
    """scikit-learn's cyclic coordinate descent."""
    from sklearn.linear_model import Lasso

    return Lasso(alpha=task.weight, fit_intercept=False, tol=tol, max_iter=100_000).fit(task.X, task.y).coef_


def celer_lasso(task: Task, tol: float) -> Any:
    """celer's working sets."""
    import celer

    return celer.Lasso(alpha=task.weight, fit_intercept=False, tol=tol, max_iter=200).fit(task.X, task.y).coef_


def skglm_lasso(task: Task, tol: float) -> Any:
    """skglm's Anderson-accelerated coordinate descent on working sets; it measures violations of optimality."""
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD

    solver = AndersonCD(max_iter=200, fit_intercept=False, tol=tol * task.weight)
    return GeneralizedLinearEstimator(Quadratic(), L1(task.weight), solver).fit(task.X, task.y).coef_


def sklearn_logistic(solver: str, max_iter: int = 2000) -> Callable[[Task, float], Any]:
    """scikit-learn's LogisticRegression, or liblinear through it."""

    def fit(task: Task, tol: float) -> Any:
        from sklearn.linear_model import LogisticRegression

        ratio = 1.0 if task.penalty == "l1" else 0.0
        model = LogisticRegression(
            l1_ratio=ratio, C=1 / task.weight, fit_intercept=False, solver=solver, tol=tol, max_iter=max_iter
        )
        return model.fit(task.X, task.y).coef_[0]

    return fit


def celer_logistic(task: Task, tol: float) -> Any:
    """celer's working sets with prox-Newton."""
    import celer

    model = celer.LogisticRegression(C=1 / task.weight, fit_intercept=False, tol=tol, max_iter=200)
    return model.fit(task.X, task.y).coef_[0]


def skglm_logistic(task: Task, tol: float) -> Any:
    """skglm's prox-Newton on working sets."""
    from skglm import SparseLogisticRegression

    alpha = task.weight / len(task.y)
    model = SparseLogisticRegression(alpha=alpha, fit_intercept=False, tol=tol * alpha, max_iter=200)
    return model.fit(task.X, task.y).coef_[0]


@dataclass(frozen=True)
class Peer:
    """A package's solver and the tolerances to try, from loose to tight."""

    name: str
    needs: str
    fit: Callable[[Task, float], Any]
    tolerances: tuple[float, ...]

    @property
    def missing(self) -> str:
        """Why it cannot be imported, or nothing."""
        try:
            importlib.import_module(self.needs)
        except ImportError as err:
            return f"not installed: {err}"
        return ""


def _down(first: int, last: int) -> tuple[float, ...]:
    return tuple(10.0**-k for k in range(first, last + 1))


LASSO = (
    Peer("scikit-learn Lasso", "sklearn", sklearn_lasso, (0.499 * GOAL, 0.1 * GOAL)),  # its tol is for gap / |y|^2
    Peer("skglm AndersonCD", "skglm", skglm_lasso, _down(3, 9)),
    Peer("celer Lasso", "celer", celer_lasso, _down(8, 13)),
)
LOGISTIC = (
    Peer("liblinear", "sklearn", sklearn_logistic("liblinear"), _down(5, 11)),
    Peer("skglm ProxNewton", "skglm", skglm_logistic, _down(4, 9)),
    Peer("celer LogisticRegression", "celer", celer_logistic, _down(6, 11)),
)
SAGA = Peer("scikit-learn saga", "sklearn", sklearn_logistic("saga", 200), (1e-12,))
RIDGE_LOGISTIC = tuple(
    Peer(f"scikit-learn {s}", "sklearn", sklearn_logistic(s), _down(3, 9))
    for s in ("lbfgs", "newton-cg", "newton-cholesky", "liblinear")
)


# ---------------------------------------------------------------- measuring


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and value of a call, warnings about convergence left out: the gap is measured anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        value = function()
        return time.perf_counter() - began, value


def tune(task: Task, peer: Peer, hints: dict[str, int]) -> tuple[float, float, float]:
    """Return the loosest tolerance that reaches the goal, its gap, and the seconds of that fit."""
    if peer.name not in hints:  # compile what is compiled, on this kind of data
        timed(lambda: peer.fit(replace(task, weight=0.9 * task.largest), peer.tolerances[0]))
    seconds, spent, gap, tol = 0.0, 0.0, np.inf, 0.0
    for k in range(hints.get(peer.name, 0), len(peer.tolerances)):
        tol = peer.tolerances[k]
        seconds, w = timed(lambda tol=tol: peer.fit(task, tol))  # type: ignore[misc]
        spent, gap = spent + seconds, task.gap(w)
        hints[peer.name] = k  # a smaller weight of the penalty never asks for less
        if gap <= GOAL or spent > PATIENCE:
            break
    return tol, gap, seconds


def compare(case: str, task: Task, peers: tuple[Peer, ...], repeats: int, hints: dict[str, int]) -> list[Row]:
    """Time our fit and those of the peers in turn, each peer with the loosest tolerance that reaches the goal."""
    rows: list[Row] = []
    fits: dict[str, Callable[[], Any]] = {"ours": lambda: ours(task)}
    seconds: dict[str, list[float]] = {"ours": []}
    notes, gaps = {}, {"ours": task.gap(timed(lambda: ours(task))[1])}
    for peer in peers:
        if peer.missing:
            rows.append(row(case, peer.name, note=peer.missing))
            continue
        tol, gaps[peer.name], first = tune(task, peer, hints)
        notes[peer.name] = f"tol={tol:.3g}" + ("" if gaps[peer.name] <= GOAL else ", misses the goal")
        seconds[peer.name] = [first] if first > PATIENCE / 5 else []  # too long to repeat
        if not seconds[peer.name]:
            fits[peer.name] = lambda peer=peer, tol=tol: peer.fit(task, tol)
    began = time.perf_counter()
    for k in range(5 * repeats):  # more of them when they are short
        spent = time.perf_counter() - began
        if (k and spent > PATIENCE) or (k >= repeats and spent > 1.0):
            break
        for name, fit in fits.items():
            seconds[name].append(timed(fit)[0])
    median = {name: statistics.median(s) for name, s in seconds.items()}
    mine = (median["ours"], gaps["ours"])
    rows += [row(case, name, mine, (median[name], gaps[name]), notes[name]) for name in notes]
    return rows + best(rows)


def best(rows: list[Row]) -> list[Row]:
    """Return the row of the fastest peer that reached the goal."""
    good = [r for r in rows if r["peer_s"] and (r["peer_error"] is None or r["peer_error"] <= GOAL)]
    if not good:
        return []
    fastest = min(good, key=lambda r: r["peer_s"])
    return [fastest | {"peer": "best", "note": fastest["peer"]}]
