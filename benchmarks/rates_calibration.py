"""Calibration of `optlab.rates` on curves of known truth.

For every case, many curves with random constants, lengths and phases are drawn and given to `optlab.rates.fit`, which
is told neither the law nor where the transient ends.  Printed per case:

fitted     share of curves with verdict FITTED (the rest is INCONCLUSIVE)
wrong      share of curves for which another law was chosen
coverage   share of 95 % intervals, among fits of the right law, that hold the truth
estimate   median estimate, and width, the median width of the interval
naive      coverage of the textbook 95 % interval of least squares on every point, which is told the right law

A second table does the same for `optlab.rates.power_law` by number of repetitions.

Usage: python benchmarks/rates_calibration.py [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import linregress, t

from optlab import rates

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Case:
    """A curve of known law: `draw` gives k and values, `truth` the estimate to be covered."""

    name: str
    kind: str | None
    truth: float
    draw: Draw
    reference: float | tuple[float, float] = 0.0


def _grid(rng: np.random.Generator, low: float = 300, high: float = 10_000) -> np.ndarray:
    return np.arange(1.0, np.exp(rng.uniform(np.log(low), np.log(high))))


def _scale(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(-3, 3)))


def _power(p: float, noise: float = 0.0) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        k = _grid(rng)
        return k, _scale(rng) * k**-p * np.exp(noise * rng.standard_normal(len(k)))

    return draw


def _geometric(q: float, size: int, noise: float = 0.0) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        k = np.arange(float(size))
        return k, _scale(rng) * q**k * np.exp(noise * rng.standard_normal(size))

    return draw


def _newton(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method for x = sqrt(a): |x - sqrt(a)| down to rounding, where it stays."""
    a = rng.uniform(2.0, 9.0)
    x, errors = a * rng.uniform(2.0, 20.0), []
    for _ in range(14):
        errors.append(abs(x - np.sqrt(a)))
        x = (x + a / x) / 2
    return np.arange(14.0), np.array(errors)


def _logarithm(power: int, noise: float = 0.0, high: float = 100_000) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        k = _grid(rng, 1000, high)
        return k, _scale(rng) * np.log(k + 1) ** power / k * np.exp(noise * rng.standard_normal(len(k)))

    return draw


def _floored(floor: float, size: float) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        k = np.unique(np.round(np.geomspace(1, size, 2000)))
        return k, 1 / k + floor

    return draw


def _transient(shape: str, noise: float = 0.0) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        k = _grid(rng, 2000, 20_000)
        curve = {"shift": 1 / (k + 100), "hold": 1 / np.maximum(k, 100), "fast": np.maximum(1e3 * 0.9**k, 1 / k)}[shape]
        return k, _scale(rng) * curve * np.exp(noise * rng.standard_normal(len(k)))

    return draw


def _two_powers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    k = _grid(rng)
    return k, (1 / k + 3 / k**1.5) * np.exp(0.1 * rng.standard_normal(len(k)))


def _resonance(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A double eigenvalue: k q^k."""
    k = np.arange(1.0, 401.0)
    return k, k * 0.95**k * np.exp(0.1 * rng.standard_normal(400))


def _two_modes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    k = np.arange(1500.0)
    return k, (rng.uniform(1, 50) * 0.95**k + 0.99**k) * np.exp(0.1 * rng.standard_normal(1500))


def _oscillating(log_scale: bool = False) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        k = _grid(rng, 1000)
        phase = rng.uniform(0, 2 * np.pi)
        wave = 2 * np.pi * np.log10(k) if log_scale else k * np.exp(rng.uniform(-4, 0.5))
        return k, _scale(rng) * (1 + 0.5 * np.sin(wave + phase)) / k

    return draw


def _alternating(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    k = _grid(rng, 1000)
    return k, np.cos(rng.uniform(0.05, 2.5) * k + rng.uniform(0, 6)) / k


def _additive(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    k = _grid(rng, 2000, 50_000)
    return k, 1 / k + 1e-3 * rng.standard_normal(len(k))


def _correlated(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    k = _grid(rng, 1000)
    noise, steps = np.empty(len(k)), rng.standard_normal(len(k))
    noise[0] = steps[0]
    for i in range(1, len(k)):
        noise[i] = 0.9 * noise[i - 1] + np.sqrt(1 - 0.81) * steps[i]
    return k, np.exp(0.1 * noise) / k


def _repetitions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Twenty runs with an error of their own each, and 30 % noise on top."""
    k = np.arange(1.0, 1001.0)
    own = np.exp(0.3 * rng.standard_normal((20, 1)) + 0.1 * rng.standard_normal((20, 1)) * np.log(k) / np.log(1000))
    mean = np.exp(0.5 * (0.3**2 + (0.1 * np.log(k) / np.log(1000)) ** 2 + 0.3**2))
    return k, own * np.exp(0.3 * rng.standard_normal((20, 1000))) / mean / k


def _walk(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(1.0, 1001.0), np.exp(np.cumsum(0.1 * rng.standard_normal(1000)))


def _shifted(curve: Draw, value: float) -> Draw:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        k, gap = curve(rng)
        return k, gap + value

    return draw


CASES = [
    Case("k^-1", "sublinear", 1.0, _power(1.0)),
    Case("k^-2", "sublinear", 2.0, _power(2.0)),
    Case("k^-0.5", "sublinear", 0.5, _power(0.5)),
    Case("0.9^k, 300 its", "linear", 0.9, _geometric(0.9, 300)),
    Case("0.999^k, 1000 its", "linear", 0.999, _geometric(0.999, 1000)),
    Case("Newton, sqrt(a)", "superlinear", 2.0, _newton),
    Case("log k / k", "sublinear", 1.0, _logarithm(1)),
    Case("(log k)^2 / k", "sublinear", 1.0, _logarithm(2)),
    Case("k^-1 + 1e-6, to k=1e4", "sublinear", 1.0, _floored(1e-6, 1e4)),
    Case("k^-1 + 1e-6, to k=1e6", "sublinear", 1.0, _floored(1e-6, 1e6)),
    Case("k^-1 + 1e-6, to k=1e8", "sublinear", 1.0, _floored(1e-6, 1e8)),
    Case("1/(k+100)", "sublinear", 1.0, _transient("shift")),
    Case("1/max(k,100)", "sublinear", 1.0, _transient("hold")),
    Case("0.9^k, then k^-1", "sublinear", 1.0, _transient("fast")),
    Case("1/(k+100), 10% noise", "sublinear", 1.0, _transient("shift", 0.1)),
    Case("log k / k, 10% noise", "sublinear", 1.0, _logarithm(1, 0.1, 10_000)),
    Case("log k / k, 50% noise", "sublinear", 1.0, _logarithm(1, 0.5, 10_000)),
    Case("k^-1+3k^-1.5, 10% noise", "sublinear", 1.0, _two_powers),
    Case("(1+0.5 sin(wk))/k", "sublinear", 1.0, _oscillating()),
    Case("(1+0.5 sin(log k))/k", "sublinear", 1.0, _oscillating(log_scale=True)),
    Case("cos(wk)/k", "sublinear", 1.0, _alternating),
    Case("k^-1, 10% noise", "sublinear", 1.0, _power(1.0, 0.1)),
    Case("k^-1, 100% noise", "sublinear", 1.0, _power(1.0, 1.0)),
    Case("k^-0.5, 10% noise", "sublinear", 0.5, _power(0.5, 0.1)),
    Case("k^-1, AR(0.9) noise", "sublinear", 1.0, _correlated),
    Case("k^-1, 20 repetitions", "sublinear", 1.0, _repetitions),
    Case("k^-1 + N(0, 1e-3)", "sublinear", 1.0, _additive),
    Case("0.9^k, 10% noise", "linear", 0.9, _geometric(0.9, 300, 0.1)),
    Case("0.999^k, 10% noise", "linear", 0.999, _geometric(0.999, 1000, 0.1)),
    Case("k 0.95^k, 10% noise", "linear", 0.95, _resonance),
    Case("0.95^k + 0.99^k, 10% noise", "linear", 0.99, _two_modes),
    Case("k^-1, f* in [-1e-4, 1e-4]", "sublinear", 1.0, _power(1.0), (-1e-4, 1e-4)),
    Case("2 + 0.9^k, to rounding", "linear", 0.9, _shifted(_geometric(0.9, 600), 2.0), 2.0),
    Case("random walk of log", None, float("nan"), _walk),
    Case("exp(-sqrt k)", None, float("nan"), lambda rng: (k := _grid(rng), np.exp(-np.sqrt(k)))),
]


def _naive(case: Case, k: np.ndarray, values: np.ndarray) -> bool:
    """Whether least squares on every positive gap, with its textbook interval, covers the truth."""
    curve = np.atleast_2d(values).mean(axis=0) - float(np.mean(case.reference))
    use = (curve > 0) & (k > 0)
    x, y = (np.log(k[use]) if case.kind == "sublinear" else k[use]), np.log(curve[use])
    if case.kind == "superlinear":
        x, y = y[:-1], y[1:]
    found = linregress(x, y)
    half = t.ppf(0.975, len(x) - 2) * found.stderr
    truth = {"sublinear": -case.truth, "linear": np.log(case.truth), "superlinear": case.truth}[str(case.kind)]
    return bool(abs(found.slope - truth) <= half + 1e-9 * abs(truth))


def study(case: Case, runs: int, seed: int = 20_240) -> dict[str, Any]:
    """Fit `runs` random curves of one case."""
    fits, naive, ours_s, peer_s = [], [], 0.0, 0.0
    for child in np.random.SeedSequence(seed).spawn(runs):
        k, values = case.draw(np.random.default_rng(child))
        start = time.perf_counter()
        fits.append(rates.fit(values, k, reference=case.reference))
        middle = time.perf_counter()
        if case.kind is not None:
            naive.append(_naive(case, k, values))
        ours_s, peer_s = ours_s + middle - start, peer_s + time.perf_counter() - middle
    right = [f for f in fits if f.fitted and f.kind == case.kind]
    slack = 1e-9 * abs(case.truth)  # an exact curve has an interval of rounding width
    held = [f.ci[0] - slack <= case.truth <= f.ci[1] + slack for f in right]
    return {
        "case": case.name,
        "peer": "least squares, law told",
        "runs": runs,
        "truth": case.truth,
        "fitted": float(np.mean([f.fitted for f in fits])),
        "wrong": float(np.mean([f.fitted and f.kind != case.kind for f in fits])),
        "coverage": float(np.mean(held)) if held else float("nan"),
        "estimate": float(np.median([f.estimate for f in right])) if right else float("nan"),
        "width": float(np.median([f.ci[1] - f.ci[0] for f in right])) if right else float("nan"),
        "naive": float(np.mean(naive)) if naive else float("nan"),
        "ours_s": ours_s / runs,
        "peer_s": peer_s / runs,
        "ratio": ours_s / peer_s if peer_s else float("nan"),
        "ours_error": 1 - float(np.mean(held)) if held else float("nan"),
        "peer_error": 1 - float(np.mean(naive)) if naive else float("nan"),
        "note": "error: share of 95 % intervals that miss the truth",
    }


def sweep_study(reps: int, runs: int, sigma: float = 0.3) -> dict[str, float]:
    """`power_law` on y = x^1.5 at eight x, log-normal noise: coverage, median width, false alarms of `bent`."""
    x = 2.0 ** np.arange(8)
    fits = []
    for child in np.random.SeedSequence(reps).spawn(runs):
        rng = np.random.default_rng(child)
        fits.append(rates.power_law(x, x**1.5 * np.exp(sigma * rng.standard_normal((reps, 8))), rng=rng))
    return {
        "coverage": float(np.mean([f.ci[0] <= 1.5 <= f.ci[1] for f in fits])),
        "width": float(np.median([f.ci[1] - f.ci[0] for f in fits])),
        "bent": float(np.mean([f.bent for f in fits])),
    }


def main() -> None:
    """Run every case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 curves a case instead of 500")
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    options = parser.parse_args()
    runs = 40 if options.quick else 500
    print(f"{runs} curves a case, 95 % intervals")
    print(
        f"{'case':27s}{'fitted':>8s}{'wrong':>8s}{'coverage':>10s}{'estimate':>10s}{'width':>10s}{'naive':>8s}{'ms':>6s}"
    )
    rows = []
    for case in CASES:
        row = study(case, runs)
        rows.append(row)
        print(
            f"{row['case']:27s}{row['fitted']:8.1%}{row['wrong']:8.1%}{row['coverage']:10.1%}{row['estimate']:10.4f}"
            f"{row['width']:10.2g}{row['naive']:8.1%}{1e3 * row['ours_s']:6.1f}",
            flush=True,
        )
    print("\npower_law, y = x^1.5 at 8 points, 30 % log-normal noise")
    print(f"{'repetitions':27s}{'coverage':>10s}{'width':>10s}{'bent (1 % nominal)':>20s}")
    for reps in (1, 3, 5, 10, 20, 64):
        sweep = sweep_study(reps, 2 * runs)
        print(f"{reps:<27d}{sweep['coverage']:10.1%}{sweep['width']:10.2g}{sweep['bent']:20.1%}", flush=True)
    if options.json:
        finite = [{k: None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()} for row in rows]
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"results": finite}, file, indent=1)


if __name__ == "__main__":
    main()
