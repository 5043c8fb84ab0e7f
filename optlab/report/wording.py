"""Wording: how verdicts, numbers and the sum of a verification are said, in a terminal as on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SIGNS", "counts", "duration", "evidence", "expectation", "finding", "headline", "short", "summary"]

#: A sign beside each verdict, so that nothing is said by colour alone.
SIGNS = {"SUPPORTED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?", "NOT_APPLICABLE": "–", "ERROR": "!"}

Row = Mapping[str, Any]


def short(value: float | None) -> str:
    """Return a number with four significant digits; a dash for what has no finite value."""
    if value is None:
        return "–"
    return (f"{value:.0f}" if 1e4 <= abs(value) < 1e6 else f"{value:.4g}").replace("-", "−")


def duration(seconds: float) -> str:
    """Return a length of time as a person says it."""
    if seconds < 0.1:
        return "< 0.1 s"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def expectation(row: Row) -> str:
    """Return what is to be said beside the verdict: expected or not, power shown or not; empty when all is plain."""
    if not row["as_expected"]:
        return "unexpected" if row["expected"] == "SUPPORTED" else f"expected {row['expected'].replace('_', ' ')}"
    if row["falls_short"]:
        return "power not shown"
    return "" if row["verdict"] == "SUPPORTED" else "as expected"


def evidence(row: Row) -> tuple[str, str]:
    """Return the decisive numbers in two cells: measured against bound, and their ratio or slope with its interval."""
    value, bound, ratio = short(row["statistic"]), short(row["bound"]), short(row["ratio"])
    low, high = row["ci"]
    interval = "" if low is None or high is None or low == high else f"[{short(low)}, {short(high)}]"
    kind = row["kind"]
    if row["statistic"] is None and row["bound"] is None:
        return "", ""
    if kind in ("exponent", "scaling"):
        return f"slope {value}, claimed {bound}", interval
    if kind == "probability":
        return f"share {value}, allowed {bound}", interval
    if kind == "exactness":
        return f"{value} for {bound}", "" if high is None else f"off by {short(high)}"
    return f"{value} {_relation(row)} {bound}", f"{'' if ratio == '–' else ratio} {interval}".strip()


def finding(row: Row) -> str:
    """Return the decisive numbers as a phrase."""
    measured, ratio = evidence(row)
    kind = row["kind"]
    if kind in ("exponent", "scaling", "probability"):
        return f"{measured}, confidence interval {ratio}" if ratio else measured
    if not measured:
        return ""
    if kind == "exactness":
        return f"measured {short(row['statistic'])}, expected {short(row['bound'])}, {ratio}"
    phrase = f"measured {short(row['statistic'])} {_relation(row)} bound {short(row['bound'])}"
    return f"{phrase}, ratio {ratio}" if ratio else phrase


def _relation(row: Row) -> str:
    """How measured and bound compare, as far as the digits shown tell; what the slack forgives is no violation."""
    value, bound = row["statistic"], row["bound"]
    if value is None or bound is None:
        return "against"
    if short(value) == short(bound):
        return "="
    lower = row["kind"] == "lower"
    if value < bound if lower else value > bound:
        return "against" if row["verdict"] == "SUPPORTED" else "<" if lower else ">"
    return "≥" if lower else "≤"


def counts(record: Mapping[str, Any]) -> dict[str, int]:
    """Return how many claims came back with each verdict, in the order of `SIGNS`."""
    verdicts = [row["verdict"] for row in record["claims"]]
    return {name: verdicts.count(name) for name in SIGNS if name in verdicts}


def headline(record: Mapping[str, Any]) -> str:
    """Return the one sentence a reader must know."""
    rows = record["claims"]
    surprises = sum(not row["as_expected"] for row in rows)
    if not rows:
        return "Interrupted before a verdict" if record["interrupted"] else "No claim was checked"
    if surprises and len(rows) == 1:
        found = "the verdict is not as expected"
    elif surprises:
        found = f"{surprises} of {len(rows)} verdicts {'is' if surprises == 1 else 'are'} not as expected"
    else:
        found = "the verdict is as expected" if len(rows) == 1 else f"all {len(rows)} verdicts are as expected"
        if weak := sum(row["falls_short"] for row in rows):
            found += ", but power is not shown" if len(rows) == 1 else f", but {weak} without power shown"
    return f"Interrupted, so far {found}" if record["interrupted"] else found[0].upper() + found[1:]


def summary(record: Mapping[str, Any]) -> str:
    """Return the counts in a sentence."""
    rows = record["claims"]
    parts = []
    for name, count in counts(record).items():
        part = f"{count} {name.replace('_', ' ')}"
        short_of = sum(row["falls_short"] for row in rows if row["verdict"] == name)
        known = sum(row["as_expected"] for row in rows if row["verdict"] == name)
        if short_of:
            part += f" ({short_of} with power not shown)"
        elif name != "SUPPORTED" and known:
            part += " as expected" if known == count else f" ({known} as expected)"
        parts.append(part)
    claims = "1 claim" if len(rows) == 1 else f"{len(rows)} claims"
    return f"{claims} in {duration(record['seconds'])}: {', '.join(parts) or 'nothing'}"
