"""HTML: the report as one page without script or network, and its short form for a notebook."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from optlab.report._marks import prose, tag, tone, typeset, verdict_table
from optlab.report._section import controls, figure, formula, section
from optlab.report._style import FRAGMENT, PAGE
from optlab.report.record import as_record
from optlab.report.wording import SIGNS, counts, duration, headline

__all__ = ["fragment", "page"]

_LEAD = (
    "{claims} run on problems whose constants and optima are known. Each compares what was measured with the bound of "
    "its theorem."
)
_HOW = (
    "SUPPORTED means that a study which could have refuted the claim did not: its negative controls, with an "
    "assumption broken, the bound sharpened or the solver sabotaged, came back REFUTED. It never means "
    "<em>proved</em>. REFUTED means that a measurement contradicts the claim as written. A claim that is false in its "
    "source is kept, with the reason."
)
_INTERRUPTED = "The run was interrupted: these are the claims finished by then."

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - optlab</title>
<style>{style}</style>
</head>
<body>
<header id="top">
{opening}
</header>
<main>
{table}
<div class="claims">
{sections}
</div>
</main>
<footer>Written by <code>optlab verify</code>; the numbers are also in its JSON file.</footer>
</body>
</html>
"""


def page(verification: Any) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    verification : Verification or mapping
        A verification, or the record read from its JSON file.

    Returns
    -------
    str
        The page: verdict table, and for each claim its statement, formula, figure, assumptions, controls and command.
    """
    record = as_record(verification)
    rows = record["claims"]
    return _PAGE.format(
        title=escape(headline(record)),
        style=PAGE,
        opening=_opening(record),
        table=verdict_table(rows) if rows else "",
        sections="\n".join(section(row, i) for i, row in enumerate(rows)),
    )


def fragment(verification: Any) -> str:
    """Return the verdicts as HTML for the output of a notebook cell; a single claim comes with its figure.

    Parameters
    ----------
    verification : Verification or mapping
        A verification, or the record read from its JSON file.

    Returns
    -------
    str
        A ``<div>`` with its own style.
    """
    record = as_record(verification)
    rows = record["claims"]
    calm = all(row["as_expected"] for row in rows) and not record["interrupted"]
    parts = [f"<p>{tag(headline(record), '' if calm else 'surprise')}</p>"]
    if record["interrupted"]:
        parts.append(f"<p>{_INTERRUPTED}</p>")
    if len(rows) == 1:
        row = rows[0]
        # Two cells may show the same claim: their figures' ids differ by the moment.
        prefix = "o" + re.sub(r"\W", "", row["id"] + record["date"]) + "-"
        parts += [f"<p>{prose(row['statement'])}</p>", formula(row), verdict_table(rows, link=False)]
        parts += [f"<p>{typeset(row['message'])}</p>", figure(row, prefix), controls(row)]
    elif rows:
        parts.append(verdict_table(rows, link=False))
    return f'<div class="optlab"><style>{FRAGMENT}</style>{"".join(parts)}</div>'


def _opening(record: Mapping[str, Any]) -> str:
    """The head of the page: what came out, and what ran where."""
    rows = record["claims"]
    claims = "One claim was" if len(rows) == 1 else f"{len(rows)} claims were"
    tally, bar = [], []
    for name, count in counts(record).items():
        known = sum(row["as_expected"] for row in rows if row["verdict"] == name)
        remark = f", {count - known} unexpected" if known < count else "" if name == "SUPPORTED" else " as expected"
        words = name.lower().replace("_", " ")
        tally.append(f'<li class="{tone(name)}"><b>{SIGNS[name]} {count}</b> {words}{remark}</li>')
        bar.append(f'<span class="{tone(name)}" style="--n:{count}"></span>')
    return "\n".join(
        [
            '<p class="kicker">optlab: theorems, executed</p>',
            f"<h1>{escape(headline(record))}</h1>",
            f'<p class="lead">{_LEAD.format(claims=claims)}</p>',
            f'<p class="alarm">{_INTERRUPTED}</p>' if record["interrupted"] else "",
            f'<div class="bar" aria-hidden="true">{"".join(bar)}</div>',
            f'<ul class="tally">{"".join(tally)}</ul>',
            f'<div class="run">{_command(record)}{_circumstances(record)}</div>',
            f'<p class="how">{_HOW}</p>',
        ]
    )


def _command(record: Mapping[str, Any]) -> str:
    if not record["command"]:
        return ""
    return f'<div><span class="label">to repeat it</span><pre><code>{escape(record["command"])}</code></pre></div>'


def _circumstances(record: Mapping[str, Any]) -> str:
    """Date, budget, time and the versions that matter most in sight; machine and all versions on a click."""
    where = record["environment"]
    budget = f"{record['budget']} budget" if record["budget"] else ""
    parts = [_date(record["date"]), budget, duration(record["seconds"])]
    names = {"optlab-toolkit": "optlab", "python": "Python", "numpy": "NumPy"}
    parts += [f"{word} {where[name]}" for name, word in names.items() if name in where]
    line = " · ".join(filter(None, parts))
    versions = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in where.items())
    return f"<details><summary>{escape(line)}</summary><dl>{versions}</dl></details>"


def _date(text: str) -> str:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.day} {moment:%B %Y, %H:%M %Z}".strip()
