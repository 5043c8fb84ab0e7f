"""Section: everything the page tells about one claim."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from optlab.report._marks import badge, prose, tag, tone, typeset, verdict
from optlab.report.mathml import mathml
from optlab.report.wording import duration, finding, short

__all__ = ["controls", "figure", "formula", "section"]

Row = Mapping[str, Any]


def section(row: Row, number: int) -> str:
    """Return the section of a claim; `number` keeps the ids of its figure apart from those of the others."""
    id = escape(row["id"])
    picture = figure(row, f"c{number}-")
    layout = "wide" if len(row["series"]) > 1 else "" if picture else "bare"
    return "\n".join(
        [
            f'<section class="claim" id="{id}">',
            f'<header><h2><a href="#{id}">{id}</a></h2> {verdict(row)}',
            '<a class="up" href="#top" aria-label="back to the top">↑ top</a></header>',
            f'<p class="statement">{prose(row["statement"])}</p>',
            formula(row),
            f'<p class="source">{escape(row["source"])}</p>',
            _finding(row),
            f'<div class="columns {layout}">{picture}{_facts(row)}</div>',
            "</section>",
        ]
    )


def formula(row: Row) -> str:
    """Return the claim as a displayed formula, if it has one; it scrolls on its own where the page is narrow."""
    return f'<div class="formula" tabindex="0">{mathml(row["latex"])}</div>' if row["latex"].strip() else ""


def _finding(row: Row) -> str:
    """The reasoning behind the verdict."""
    parts = []
    if row["reason"]:
        expected = escape(row["expected"].replace("_", " "))
        parts.append(f"<p><strong>Expected to be {expected}.</strong> {prose(row['reason'])}</p>")
    if numbers := finding(row):
        parts.append(f'<p class="number">{typeset(numbers)}</p>')
    parts.append(f'<p class="message">{typeset(row["message"])}</p>')
    if row["error"]:
        parts.append(f"<details><summary>what Python said</summary><pre>{escape(row['error'])}</pre></details>")
    return f'<div class="finding {tone(row["verdict"])}">{"".join(parts)}</div>'


def figure(row: Row, prefix: str) -> str:
    """Return the measured band against the bound, one panel for each case."""
    if not row["series"]:
        return ""
    from optlab.report.plot import key, svgs

    try:
        drawn = svgs(row, prefix)
    except Exception as err:  # a figure that cannot be drawn must not cost the reader the report
        return f"<figure>{tag(f'The figure could not be drawn: {type(err).__name__}: {err}', 'warn')}</figure>"
    measured, bound = key(row)
    left = len(row["series"]) - len(drawn)
    more = tag(f"{left} more in the JSON file") if left else ""
    return (
        f'<figure><div class="panels">{"".join(drawn)}</div>'
        f'<figcaption><span class="key">{escape(measured)}</span> '
        f'<span class="key bound">{escape(bound)}</span> {more}</figcaption></figure>'
    )


def controls(row: Row) -> str:
    """Return the negative controls one by one; that they are refuted is what they are for."""
    if not row["controls"]:
        # A refutation shows by itself that the study could refute; what did not apply or crashed has nothing to show.
        open_question = row["verdict"] in ("SUPPORTED", "INCONCLUSIVE")
        return tag("none: nothing shows that the study could have failed", "warn") if open_question else ""
    items = []
    for one in row["controls"]:
        if one["verdict"] == "REFUTED":
            came = '<span class="badge supported"><i>✓</i> refuted</span>'
        else:
            came = f"{badge(one['verdict'], True)} {tag('should have been refuted', 'surprise')}"
        message = f"<br><small>{typeset(one['message'])}</small>" if one["message"] else ""
        items.append(f"{prose(one['description'])} {came}{message}")
    return _list(items)


def _facts(row: Row) -> str:
    """How the claim was judged, on what, and what was broken to see it fail."""
    facts = {
        "Kind": f"{escape(row['kind'])}: {typeset(row['asserts'])}<br><small>{typeset(row['rule'])}</small>",
        "Assumptions checked": _assumptions(row),
        "Negative controls": controls(row),
        "Tried on": _cases(row),
        "Left out": _list([escape(text) for text in row["skipped"]], fold=6),
        "Study": _study(row),
        "Remarks": prose(row["doc"]),
        "To repeat it": f"<pre><code>{escape(row['command'])}</code></pre>" if row["command"] else "",
    }
    inside = "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in facts.items() if text)
    return f'<dl class="facts">{inside}</dl>'


def _assumptions(row: Row) -> str:
    """What held on every case that was tried; nothing when there was none."""
    constants = [f"{name} is known exactly or as a certified {side} bound" for name, side in row["uses"].items()]
    sign = "✓ " if row["problems"] else ""
    return _list([sign + prose(text) for text in [*constants, *row["assumptions"]]])


def _cases(row: Row) -> str:
    tight = tuple(f": {name}" for name in row["tight"])
    cases = [escape(name) + (" <small>(tight)</small>" if name.endswith(tight) else "") for name in row["problems"]]
    return _list(cases, fold=6)


def _study(row: Row) -> str:
    seeds = "1 seed" if row["seeds"] == 1 else f"{row['seeds']} seeds"
    options = [f"{name} {_option(value)}" for name, value in row["options"].items()]
    return typeset("; ".join([seeds, f"axis: {row['axis']}", duration(row["seconds"]), *options]))


def _option(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_option, value))}]"
    return short(value) if isinstance(value, float) else str(value)


def _list(items: list[str], fold: int = 100) -> str:
    """A list; what is beyond the fold opens on a click."""
    if not items:
        return ""
    shown, rest = ("".join(f"<li>{item}</li>" for item in part) for part in (items[:fold], items[fold:]))
    more = f"<details><summary>{len(items) - fold} more</summary><ul>{rest}</ul></details>" if rest else ""
    return f"<ul>{shown}</ul>{more}"
