"""Normalized LR+GD: the cost of an iteration, and the time to the first separating iterate against scikit-learn.

Times to separation start from the plain arrays, so they contain the validation of the data on both sides; the error is
the training error of the returned hyperplane through the origin.  No peer stops at zero mistakes by itself.  They are
given the benefit of the doubt: what learns epoch by epoch is stopped after the first epoch without error, and what
takes an iteration limit gets the smallest one that separates, found beforehand and not timed.

Where we lose: on small data with a fair margin a second-order method (LogisticRegression by L-BFGS, LinearSVC) needs a
handful of iterations, while NormalizedLRGD needs up to hundreds of cheap ones, each with some twenty microseconds of
overhead in Python; our compiled Perceptron is the answer there.  On large data about half of our time is the signed
copy Z of the samples, made once for every problem.

Usage: python benchmarks/normalized_logistic_gd.py [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import optlab as ol

Fit = Callable[[Any, Any], Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A way to fit: `prepare(A, y)` returns the function that is timed, `fit(A, y) -> (coefficients, note)`."""

    name: str
    prepare: Callable[[Any, Any], Fit]
    largest: float = np.inf  # entries of the data above which it would take too long


def training_error(A: Any, y: Any, w: Any) -> float:
    """Share of samples that are not strictly on their side."""
    return float(np.mean(y * (A @ w) <= 0))


# ---------------------------------------------------------------- ours


def ours(solver: Any) -> Fit:
    """From arrays to the separating iterate."""

    def fit(A: Any, y: Any) -> Any:
        result = solver.run(ol.problems.Separable(A, y), max_iter=100_000, record=[])
        return result.x, f"{result.k} updates"

    return fit


# ---------------------------------------------------------------- peers


def epochs(name: str, model: Callable[[], Any], limit: int = 3000) -> Peer:
    """A model with `partial_fit`, stopped after the first epoch without training error."""

    def fit(A: Any, y: Any) -> Any:
        learner = model()
        for epoch in range(1, limit + 1):
            learner.partial_fit(A, y, classes=(-1, 1))
            if training_error(A, y, learner.coef_[0]) == 0:
                return learner.coef_[0], f"{epoch} epochs"
        return learner.coef_[0], f"gave up after {limit} epochs"

    return Peer(name, lambda A, y: fit)


def limited(name: str, model: Callable[[int], Any], largest: float = np.inf, limit: int = 4096) -> Peer:
    """A model with `max_iter`, given the smallest one that separates."""

    def prepare(A: Any, y: Any) -> Fit:
        def error(m: int) -> float:
            return training_error(A, y, model(m).fit(A, y).coef_[0])

        high = 1
        while error(high) > 0 and high < limit:
            high *= 2
        low = high // 2
        while high - low > max(1, high // 16):  # to a sixteenth: nothing hangs on the last iteration
            middle = (low + high) // 2
            low, high = (low, middle) if error(middle) == 0 else (middle, high)
        return lambda A, y: (model(high).fit(A, y).coef_[0], f"max_iter={high}, tuned")

    return Peer(name, prepare, largest)


def plain(name: str, model: Callable[[], Any]) -> Peer:
    """A model as it comes."""
    return Peer(name, lambda A, y: lambda A, y: (model().fit(A, y).coef_[0], "its own stopping rule"))


def feasibility(A: Any, y: Any) -> Any:
    """Z theta >= 1 as a linear program."""
    from scipy.optimize import linprog

    Z = A * y[:, None]
    answer = linprog(np.zeros(A.shape[1]), A_ub=-Z, b_ub=-np.ones(len(Z)), bounds=(None, None), method="highs")
    return answer.x if answer.status == 0 else np.zeros(A.shape[1]), "certifies (in)feasibility"


def peers() -> list[Peer]:
    """scikit-learn's linear classifiers without intercept, and SciPy's linear programming."""
    from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
    from sklearn.svm import LinearSVC

    through_0 = {"fit_intercept": False}
    return [
        plain("Perceptron, defaults", lambda: Perceptron(**through_0)),
        epochs("Perceptron", lambda: Perceptron(**through_0, random_state=0)),
        epochs(
            "SGDClassifier(log_loss)", lambda: SGDClassifier(loss="log_loss", alpha=1e-7, **through_0, random_state=0)
        ),
        plain("LogisticRegression, defaults", lambda: LogisticRegression(**through_0)),
        limited("LogisticRegression(C=1e10)", lambda m: LogisticRegression(C=1e10, max_iter=m, **through_0)),
        limited("LinearSVC(C=1e6)", lambda m: LinearSVC(C=1e6, max_iter=m, **through_0, random_state=0)),
        Peer("scipy linprog(highs)", lambda A, y: feasibility, largest=1e6),
    ]


# ---------------------------------------------------------------- measuring


def medians(functions: dict[str, Callable[[], Any]], repetitions: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Time each function once unrecorded, then interleaved; return median seconds and last values."""
    values = {name: function() for name, function in functions.items()}
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repetitions):
        for name, function in functions.items():
            began = time.perf_counter()
            values[name] = function()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(s) for name, s in seconds.items()}, values


def row(
    case: str, peer: str, ours_s: Any = None, peer_s: Any = None, our: Any = None, other: Any = None, note: str = ""
) -> Row:
    """One row of the table."""
    ratio = None if ours_s is None or peer_s is None else ours_s / peer_s
    fields = {"case": case, "peer": peer, "ours_s": ours_s, "peer_s": peer_s, "ratio": ratio}
    return fields | {"ours_error": our, "peer_error": other, "note": note}


def iteration(quick: bool) -> list[Row]:
    """One NormalizedLRGD iteration against nothing but its two products with the data."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((20_000, 500))
    problem = ol.problems.Separable(A, rng.choice([-1, 1], len(A)))  # not separable: it never ends by itself
    solver = ol.NormalizedLRGD(100.0)
    view = ol.Ledger(problem)
    state = solver.init(view, problem.start(), None)
    p = np.full(problem.n, 1 / problem.n)
    functions = {
        "ours": lambda: solver.step(view, state),
        "two products": lambda: (problem.Z @ state.x, problem.Z.T @ p),
    }
    seconds, _ = medians(functions, 30 if quick else 200)
    note = "goal: ratio at most 1.3"
    return [
        row(
            "one iteration, n = 20000, d = 500", "its two products", seconds["ours"], seconds["two products"], note=note
        )
    ]


def separation(case: str, A: Any, y: Any, repetitions: int) -> list[Row]:
    """Time to the first separating iterate: two of our methods against every peer."""
    fits: dict[str, Fit] = {
        "Normalized LR+GD": ours(ol.NormalizedLRGD(100.0)),
        "Perceptron, cyclic": ours(ol.Perceptron("cyclic", gram=False)),
    }
    mine = list(fits)
    missing = []
    try:
        candidates = peers()
    except ImportError as err:
        candidates = []
        missing.append(row(case, "scikit-learn", note=f"not installed: {err}"))
    for peer in candidates:
        if A.size > peer.largest:
            missing.append(row(case, peer.name, note="left out: too slow at this size"))
        else:
            fits[peer.name] = peer.prepare(A, y)
    seconds, values = medians({name: (lambda fit=fit: fit(A, y)) for name, fit in fits.items()}, repetitions)
    errors = {name: training_error(A, y, w) for name, (w, _) in values.items()}
    rows = []
    for our in mine:
        title = f"{case}: {our} ({values[our][1]})"
        others = [name for name in fits if name not in mine]
        rows += [row(title, n, seconds[our], seconds[n], errors[our], errors[n], values[n][1]) for n in others]
        equal = [name for name in others if errors[name] <= errors[our]]
        if equal:
            best = min(equal, key=seconds.__getitem__)
            rows.append(row(title, "best", seconds[our], seconds[best], errors[our], errors[best], best))
    return rows + missing


def run(quick: bool) -> list[Row]:
    """All cases."""
    from sklearn.datasets import load_digits

    rows = iteration(quick)
    pixels, digit = load_digits(return_X_y=True)
    for a, b in ((1, 8), (3, 8)):
        chosen = (digit == a) | (digit == b)
        A, y = pixels[chosen] / 16, np.where(digit[chosen] == b, 1, -1)
        rows += separation(f"digits {a} and {b}", A, y, 5 if quick else 25)
    n, d, repetitions = (10_000, 50, 2) if quick else (100_000, 100, 5)
    return rows + separation(f"planted gap, n = {n}, d = {d}", *planted_gap(n, d), repetitions)


def planted_gap(n: int, d: int, gap: float = 0.05) -> tuple[Any, Any]:
    """Gaussian samples of length about 1, moved away from a hyperplane by `gap` standard deviations."""
    rng = np.random.default_rng(0)
    A, u = rng.standard_normal((n, d)), rng.standard_normal(d)
    u /= np.linalg.norm(u)
    y = np.where(A @ u > 0, 1, -1)
    return (A + gap * y[:, None] * u) / np.sqrt(d), y


def show(rows: list[Row]) -> None:
    """Print the table, case by case."""
    case = None
    for entry in rows:
        if entry["case"] != case:
            case = entry["case"]
            print(
                f"\n{case}\n  {'peer':30} {'ours (s)':>10} {'peer (s)':>10} {'ratio':>8} {'our err':>9} {'peer err':>9}"
            )
        figures = [entry[name] for name in ("ours_s", "peer_s", "ratio", "ours_error", "peer_error")]
        cells = ["-" if v is None else f"{v:.4g}" for v in figures]
        times, errors = f"{cells[0]:>10} {cells[1]:>10} {cells[2]:>8}", f"{cells[3]:>9} {cells[4]:>9}"
        print(f"  {entry['peer']:30} {times} {errors}  {entry['note']}")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller data, fewer repetitions")
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    args = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of limits that are tuned on purpose
        rows = run(args.quick)
    show(rows)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"results": rows}, file, indent=1)


if __name__ == "__main__":
    main()
