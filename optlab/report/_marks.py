"""Marks: the pieces of HTML that say a verdict, a number, a control, and the table made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from optlab.report.wording import SIGNS, duration, evidence, expectation

__all__ = ["badge", "control", "prose", "tag", "tone", "typeset", "verdict", "verdict_table"]

Row = Mapping[str, Any]


def typeset(text: str) -> str:
    """Return escaped text with 1.2e-07 as a product with a power of ten, and <= as a reader knows it."""
    text = escape(text.replace("<=", "≤").replace(">=", "≥"))
    return re.sub(r"(?<![\w.])(\d[\d.]*)e([+−-]?)0*(\d+)\b", _product, text)


def _product(match: re.Match[str]) -> str:
    mantissa, sign, exponent = match.groups()
    factor = "" if mantissa == "1" else f"{mantissa}\u202f·\u202f"
    return f"{factor}10<sup>{'−' if sign in '−-' and sign else ''}{exponent}</sup>"


_GREEK = dict(
    zip("alpha beta gamma delta epsilon eta theta kappa lambda mu rho sigma tau".split(), "αβγδεηθκλμρστ", strict=True)
)


def prose(text: str) -> str:
    """Return escaped text whose plain mathematics (mu^2, x_0, <=) is set as such."""
    text = escape(text.replace("<=", "≤").replace(">=", "≥").replace(" - ", " − ").replace("(-", "(−"))
    text = re.sub(rf"\b({'|'.join(_GREEK)})(?=\b|_)", lambda m: _GREEK[m[1]], text)
    text = re.sub(r"\^(?:\{([^{}]+)\}|(-?\w+|\*))", r"<sup>\1\2</sup>", text)
    return re.sub(r"\b(\w)_(?:\{([^{}]+)\}|(\w+|\*))", r"\1<sub>\2\3</sub>", text)


def tone(name: str) -> str:
    """Return the class that colours a verdict."""
    return name.lower().replace("_", "-")


def tag(text: str, kind: str = "") -> str:
    """Return a small remark; its kind is "warn", "surprise" or nothing."""
    return f'<span class="tag {kind}">{escape(text)}</span>' if kind else f'<span class="tag">{escape(text)}</span>'


def badge(name: str, surprise: bool = False) -> str:
    """Return a verdict with its sign."""
    classes = f"badge {tone(name)}" + (" surprise" if surprise else "")
    return f'<span class="{classes}"><i>{SIGNS[name]}</i> {escape(name.replace("_", " "))}</span>'


def verdict(row: Row) -> str:
    """Return a claim's verdict with what is to be said beside it."""
    note = expectation(row)
    kind = "surprise" if not row["as_expected"] else "warn" if row["falls_short"] else ""
    return badge(row["verdict"], not row["as_expected"]) + (f" {tag(note, kind)}" if note else "")


def control(row: Row) -> str:
    """Return how a claim's controls came back, all in one."""
    total = len(row["controls"])
    refuted = sum(one["verdict"] == "REFUTED" for one in row["controls"])
    if not total:
        return tag("–") if row["verdict"] == "ERROR" else tag("none", "warn")
    if refuted == total:
        return tag("✓ refuted" if total == 1 else f"✓ all {total} refuted")
    return tag(f"{refuted} of {total} refuted", "warn")


def verdict_table(rows: Iterable[Row], link: bool = True) -> str:
    """Return the table of verdicts, with links to the claims' sections; on a phone each line becomes a card."""
    head = "".join(
        f'<th scope="col"{attribute}>{name}</th>'
        for name, attribute in (
            ("claim", ""),
            ("kind", ' class="cell-kind"'),
            ("verdict", ""),
            ("measured, bound", ""),
            ("ratio, interval", ""),
            ("seeds", ' class="cell-seeds"'),
            ("control", ""),
            ("time", ' class="cell-seconds right"'),
        )
    )
    lines = "\n".join(_line(row, link) for row in rows)
    return f'<table id="verdicts">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>'


def _line(row: Row, link: bool) -> str:
    measured, ratio = evidence(row)
    claim = escape(row["id"])
    if link:
        claim = f'<a href="#{claim}">{claim}</a><p>{prose(row["statement"])}</p>'
    cells = [
        ("cell-kind", escape(row["kind"])),
        ("cell-verdict", verdict(row)),
        ("cell-measured number", typeset(measured)),
        ("cell-ratio number" + (" plain" if ratio[:1] in ("[", "o") else ""), typeset(ratio)),
        ("cell-seeds number", str(row["seeds"])),
        ("cell-control", control(row)),
        ("cell-seconds number right", escape(duration(row["seconds"]))),
    ]
    rest = "".join(f'<td class="{name}">{text}</td>' for name, text in cells)
    return f'<tr><th scope="row" class="cell-claim">{claim}</th>{rest}</tr>'
