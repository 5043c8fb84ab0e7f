"""Level and power of the judges on synthetic measurements of known truth.

Every row draws many studies of one claim whose truth is known and counts the verdicts.

truth          whether the claim holds in the data
false alarm    share of REFUTED where the claim holds (where it does not, that share is the power)
miss           share of SUPPORTED where the claim does not hold (where it holds, that share is the power)
open           share of INCONCLUSIVE
level          what the judge promises for the error in this row; errors above it would be a bug

Usage: python benchmarks/judges_calibration.py [--quick] [--json FILE] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optlab.claims import Case, CaseData, Sample
from optlab.claims.judge import JUDGES

Draw = Callable[[np.random.Generator], list[CaseData]]


@dataclass(frozen=True)
class Setting:
    """Studies of one kind and known truth; `level` is the promised bound on the wrong verdict, None where none is."""

    kind: str
    name: str
    holds: bool
    draw: Draw
    options: dict[str, Any] = field(default_factory=dict)
    level: float | None = None


def study_of(values: Any, bound: Any = 1.0, axis: Any = None) -> CaseData:
    """One case: values of shape (seeds, A), the bound broadcast to them."""
    values = np.atleast_2d(np.asarray(values, dtype=float))
    axis = np.arange(1.0, values.shape[1] + 1) if axis is None else np.asarray(axis, dtype=float)
    data = CaseData(Case("synthetic", None), "synthetic")
    data.samples = [Sample(axis, v, b) for v, b in zip(values, np.broadcast_to(bound, values.shape), strict=True)]
    return data


#: Noise of mean 1, from harmless to nasty for a mean.
NOISE: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal, sd 0.3": lambda rng, shape: 1 + 0.3 * rng.standard_normal(shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "lognormal, sigma 1": lambda rng, shape: np.exp(rng.standard_normal(shape) - 0.5),
    "left-skewed": lambda rng, shape: 2 - rng.exponential(size=shape),
}


def _means(ratio: float, noise: str, seeds: int = 64, checkpoints: int = 3) -> Setting:
    draw = lambda rng: [study_of(ratio * NOISE[noise](rng, (seeds, checkpoints)))]  # noqa: E731
    # Student's bounds are exact for normal noise; a long right tail makes REFUTED rarer and SUPPORTED more frequent.
    normal = noise.startswith("normal")
    level = 0.05 if (ratio <= 1 and noise != "left-skewed") or (ratio > 1 and normal) else None
    return Setting("expectation", f"mean = {ratio:g} bound, {noise}, {seeds} seeds", ratio <= 1, draw, {}, level)


def _shares(share: float, seeds: int) -> Setting:
    draw = lambda rng: [study_of(2.0 * (rng.random((seeds, 1)) < share))]  # noqa: E731
    name = f"violations {share:g} against 0.1, {seeds} seeds"
    return Setting("probability", name, share <= 0.1, draw, {"delta": 0.1}, 0.01)


AXIS = np.unique(np.round(np.geomspace(1, 10_000, 80)))


def _curve(
    name: str, excess: float, seeds: int = 1, noise: float = 0.0, logs: int = 0, level: float | None = None
) -> Setting:
    def draw(rng: np.random.Generator) -> list[CaseData]:
        own = np.exp(noise * rng.standard_normal((seeds, 1)))
        wiggle = np.exp(noise * rng.standard_normal((seeds, AXIS.size)))
        values = rng.uniform(0.1, 10) * AXIS ** (excess - 1) * (1 + np.log(AXIS)) ** logs * own * wiggle
        return [study_of(values, 1 / AXIS, AXIS)]

    return Setting("exponent", name, excess <= 0 and logs <= 0, draw, {}, level)


def _sweep(excess: float, sides: str, seeds: int, noise: float) -> Setting:
    def draw(rng: np.random.Generator) -> list[CaseData]:
        sizes = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
        return [
            study_of(3 * n ** (2 + excess) * np.exp(noise * rng.standard_normal((seeds, 1))), n**2, [n]) for n in sizes
        ]

    holds = excess <= 0 if sides == "upper" else excess == 0
    claimed = "at most" if sides == "upper" else "equal to"
    name = f"slope {2 + excess:g}, claimed {claimed} 2, {seeds} seed(s), noise {noise:g}"
    return Setting("scaling", name, holds, draw, {"sides": sides}, 0.05 if seeds > 1 or noise == 0 else None)


def _pairs(ratio: float, seeds: int = 32) -> Setting:
    def draw(rng: np.random.Generator) -> list[CaseData]:
        shared = np.exp(rng.standard_normal((seeds, 3)))  # common random numbers: runs differ, pairs hardly
        return [study_of(ratio * shared * np.exp(0.2 * rng.standard_normal((seeds, 3))), shared)]

    return Setting("comparison", f"geometric mean ratio {ratio:g}, {seeds} pairs", ratio <= 1, draw, {}, 0.05)


def _fixed(kind: str, name: str, holds: bool, values: Callable[[np.random.Generator], Any]) -> Setting:
    return Setting(kind, name, holds, lambda rng: [study_of(values(rng))], {}, 0.0)


SETTINGS = [
    *(_means(r, n) for n in NOISE for r in (0.8, 0.95, 1.0, 1.05, 1.2, 1.5)),
    *(_means(r, "normal, sd 0.3", 8) for r in (0.8, 1.0, 1.2)),
    *(_shares(p, n) for n in (45, 64, 256) for p in (0.01, 0.05, 0.1, 0.2, 0.4)),
    _curve("excess 0, exact", 0.0, level=0.0),
    _curve("excess 0.1, exact", 0.1, level=0.0),
    _curve("excess -0.3, exact", -0.3, level=0.0),
    *(_curve(f"excess {e:g}, 16 seeds, 20% noise", e, 16, 0.2, level=0.05) for e in (-0.3, 0.0, 0.1, 0.3)),
    *(_curve(f"excess {e:g}, 1 seed, 20% noise", e, 1, 0.2, level=0.05) for e in (-0.3, 0.0, 0.1, 0.3)),
    _curve("log k times the bound, exact", 0.0, logs=1),
    _curve("log k times the bound, 16 seeds, 20% noise", 0.0, 16, 0.2, logs=1),
    _curve("bound / log k, 16 seeds, 20% noise", 0.0, 16, 0.2, logs=-1, level=0.05),
    *(_sweep(e, "upper", 16, 0.1) for e in (-0.3, 0.0, 0.1, 0.3)),
    *(_sweep(e, "both", 16, 0.1) for e in (-0.3, -0.1, 0.0, 0.1, 0.3)),
    *(_sweep(e, "upper", 1, 0.1) for e in (0.0, 0.3)),
    *(_pairs(r) for r in (0.8, 0.95, 1.0, 1.05, 1.2)),
    _fixed(
        "pathwise", "one violation of 1e-6 in 10 000 points", False, lambda rng: 1 + 1e-6 * (np.arange(10_000) == 77)
    ),
    _fixed("pathwise", "at the bound up to rounding", True, lambda rng: 1 + 1e-15 * rng.standard_normal(10_000)),
    _fixed("lower", "one violation of 1e-6 in 10 000 points", False, lambda rng: 1 - 1e-6 * (np.arange(10_000) == 77)),
    _fixed("lower", "at the bound up to rounding", True, lambda rng: 1 + 1e-15 * rng.standard_normal(10_000)),
    _fixed(
        "exactness", "one deviation of 1e-6 in 10 000 points", False, lambda rng: 1 + 1e-6 * (np.arange(10_000) == 77)
    ),
    _fixed("exactness", "equal up to rounding", True, lambda rng: 1 + 1e-15 * rng.standard_normal(10_000)),
]


def calibrate(setting: Setting, studies: int, seed: Any = 0) -> dict[str, Any]:
    """Judge `studies` independent studies of one setting."""
    judge, rng = JUDGES[setting.kind], np.random.default_rng(seed)
    began = time.perf_counter()
    counts = Counter(judge(setting.draw(rng), setting.options).verdict.name for _ in range(studies))
    share = {name: counts[name] / studies for name in ("SUPPORTED", "REFUTED", "INCONCLUSIVE")}
    return {
        "case": f"{setting.kind}: {setting.name}",
        "kind": setting.kind,
        "setting": setting.name,
        "truth": "holds" if setting.holds else "false",
        "studies": studies,
        "false_alarm": share["REFUTED"] if setting.holds else None,
        "miss": None if setting.holds else share["SUPPORTED"],
        "power": share["SUPPORTED"] if setting.holds else share["REFUTED"],
        "open": share["INCONCLUSIVE"],
        "level": setting.level,
        "seconds": time.perf_counter() - began,
    }


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}%"


def markdown(rows: list[dict[str, Any]]) -> str:
    """The rows as tables for the documentation, one for each judge."""
    lines = [
        f"Each row: {rows[0]['studies']} synthetic studies of known truth "
        "(`python benchmarks/judges_calibration.py` reproduces them).",
        "*False alarm*: REFUTED though the claim holds.  *Miss*: SUPPORTED though it is false.",
        "*Power*: the right verdict.  *Open*: INCONCLUSIVE.",
        "*Level*: the bound on false alarm or miss that the judge promises in that row; empty where it promises none.",
        "(The bounds on a mean are Student's: a long left tail makes false alarms more frequent than 5 %.)",
    ]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        lines += [
            "",
            f"**{kind}**",
            "",
            "| data | truth | false alarm | miss | power | open | level |",
            "|---|---|--:|--:|--:|--:|--:|",
        ]
        for row in rows:
            if row["kind"] == kind:
                shares = (_percent(row[c]) for c in ("false_alarm", "miss", "power", "open", "level"))
                lines.append(f"| {row['setting']} | {row['truth']} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run every setting and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 studies a row instead of 2000")
    parser.add_argument("--json", metavar="FILE", help="write the rows to FILE")
    parser.add_argument("--markdown", metavar="FILE", help="write the table to FILE")
    options = parser.parse_args()
    studies = 100 if options.quick else 2000
    print(f"{studies} studies a row")
    print(f"{'judge and data':72s}{'truth':>7s}{'alarm':>8s}{'miss':>8s}{'power':>8s}{'open':>8s}{'level':>8s}")
    rows = []
    for setting in SETTINGS:
        row = calibrate(setting, studies)
        rows.append(row)
        shares = "".join(f"{_percent(row[c]):>8s}" for c in ("false_alarm", "miss", "power", "open", "level"))
        print(f"{row['case']:72s}{row['truth']:>7s}{shares}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"results": rows}, file, indent=1)
    if options.markdown:
        with open(options.markdown, "w", encoding="utf-8") as file:
            file.write(markdown(rows))


if __name__ == "__main__":
    main()
