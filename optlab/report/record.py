"""Record: a verification as plain data.  Every report is drawn from it, so a JSON file renders like a fresh run."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
from collections.abc import Mapping
from typing import Any

from optlab.claims.claim import Claim
from optlab.claims.judge import JUDGES
from optlab.claims.outcome import Outcome, Series
from optlab.claims.parts import KINDS, Verdict

__all__ = ["as_record", "claim_record", "command", "dumps", "load_record", "reproduce"]

#: What a report may ask of a claim's record; a file written elsewhere with schema 1 need not have all of it.
_DEFAULTS: dict[str, Any] = {
    "latex": "",
    "reason": "",
    "message": "",
    "error": "",
    "doc": "",
    "command": "",
    "measured": "measured",
    "control": None,
    "controls": [],
    "skipped": [],
    "problems": [],
    "tight": [],
    "assumptions": [],
    "uses": {},
    "options": {},
    "series": [],
}
_REQUIRED = (
    *("id", "method", "source", "statement", "kind", "verdict", "expected", "statistic", "bound", "ratio", "ci"),
    *("seeds", "axis", "problem", "control", "seconds"),
)


def as_record(verification: Any) -> dict[str, Any]:
    """Return the plain data of a verification, or of a mapping read from its file, complete either way.

    Raises
    ------
    ValueError
        If a mapping is no report of schema 1, saying what is wrong with it.
    """
    if not isinstance(verification, Mapping):
        return dict(verification.to_dict())
    if verification.get("schema") != 1 or not isinstance(verification.get("claims"), list):
        raise ValueError("not a report of `optlab verify` (no schema 1 with a list of claims)")
    claims = [_completed(row, f"claim {i + 1}") for i, row in enumerate(verification["claims"])]
    defaults = {"environment": {}, "command": "", "interrupted": False, "seconds": 0.0, "date": "", "budget": ""}
    return {**defaults, **verification, "claims": claims}


def claim_record(outcome: Outcome, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of the design's schema with everything else a reader of the report wants to know."""
    claim = outcome.claim
    return {
        **outcome.row(),
        "as_expected": outcome.as_expected,
        "falls_short": outcome.falls_short,
        "asserts": KINDS[claim.kind],
        "rule": _rule(claim.kind),
        "measured": _measured(claim),
        "assumptions": [assumption.name for assumption in claim.assumptions],
        "uses": dict(claim.uses),
        "options": {name: _plain(value) for name, value in claim.options.items()},
        "problems": list(outcome.problems),
        "tight": _tight(claim),
        "doc": claim.doc,
        "command": reproduce(claim, settings),
        "series": [_series(series) for series in outcome.series],
    }


def _rule(kind: str) -> str:
    """The judge's rule in its own words."""
    words = " ".join((JUDGES[kind].__doc__ or "").split()).split("``")
    return "".join(words)


def _measured(claim: Claim) -> str:
    name = claim.measured if isinstance(claim.measured, str) else getattr(claim.measured, "__name__", "")
    return "measured" if name in ("", "<lambda>") else name.strip("_").replace("_", " ")


def _tight(claim: Claim) -> list[str]:
    """Cases on which the bound is (nearly) attained; a function of the budget is not asked to build them twice."""
    return [] if callable(claim.cases) else [case.name for case in claim.cases if case.tight]


def _plain(value: Any) -> Any:
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    try:
        x = float(value)
    except (TypeError, ValueError):
        return str(value)
    return x if math.isfinite(x) else str(x)


def _series(series: Series) -> dict[str, Any]:
    """Six digits are more than a figure shows; what is not finite is null."""
    columns = {name: [_rounded(v) for v in getattr(series, name)] for name in ("axis", "low", "mid", "high", "bound")}
    return {"label": series.label, **columns}


def _rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def command(words: list[str], settings: Mapping[str, Any]) -> str:
    """Return the shell command that checks the named claims with the given budget, seeds and rng."""
    options = ["--budget", settings["budget"]]
    if settings["seeds"] is not None:
        options += ["--seeds", str(settings["seeds"])]
    if settings["rng"]:
        options += ["--rng", str(settings["rng"])]
    return shlex.join(["optlab", "verify", *words, *options])


def reproduce(claim: Claim, settings: Mapping[str, Any]) -> str:
    """Return what repeats one claim: a shell command, or Python for a claim that lives in a notebook."""
    if claim.origin == "library":
        return command([claim.id], settings)
    if claim.origin.endswith(".py"):
        near = os.path.relpath(claim.origin)
        return command([claim.origin if near.startswith(os.pardir) else near], settings)
    changes = ", ".join(f"{name}={value!r}" for name, value in settings.items() if value not in (None, 0))
    return f"ol.verify(claim, {changes})  # claim: the object {claim.id}"


def dumps(record: Mapping[str, Any]) -> str:
    """Return JSON text with one field a line, the numbers of a curve together on one."""
    text = json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)
    # Strings in JSON hold no line break, so this finds lists of numbers and nothing else.
    return re.sub(r"\[\n\s*(?:null|[-\d.])[^\]\[{}\"]*\]", lambda m: re.sub(r"\s+", " ", m[0].replace("\n", "")), text)


def load_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a record back from the JSON file of `optlab verify`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such report, saying what is wrong with it.
    """
    with open(path, encoding="utf-8") as file:
        try:
            record = json.load(file)
        except (json.JSONDecodeError, UnicodeDecodeError) as err:
            raise ValueError(f"{path} is not a JSON file: {err}") from None
    try:
        return as_record(record if isinstance(record, dict) else {})
    except ValueError as err:
        raise ValueError(f"{path}: {err}") from None


def _completed(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: expected an object, got {type(row).__name__}")
    missing = [name for name in _REQUIRED if name not in row]
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} missing")
    for name, names in (("verdict", Verdict.__members__), ("expected", Verdict.__members__), ("kind", KINDS)):
        if row[name] not in names:
            raise ValueError(f"{where}: {name} must be one of {', '.join(names)}, got {row[name]!r}")
    refuted = row["control"] is not None and row["control"]["verdict"] == "REFUTED"
    derived = {
        "as_expected": row["verdict"] == row["expected"],
        "falls_short": row["verdict"] == "SUPPORTED" and not refuted,
        "asserts": KINDS[row["kind"]],
        "rule": _rule(row["kind"]),
        "problems": row["problem"].split("; ") if row["problem"] else [],
        "controls": [] if row["control"] is None else [{"message": "", **row["control"]}],
    }
    return {**_DEFAULTS, **derived, **row}
