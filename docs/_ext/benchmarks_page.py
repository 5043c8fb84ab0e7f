"""Fill the page `benchmarks` with the tables of docs/benchmarks/*.json (written by `make bench`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

MARKER = "<!-- benchmarks -->"
HEADER = """\
| case | peer | ours (s) | peer (s) | ours / peer | our error | peer's error | note |
|---|---|--:|--:|--:|--:|--:|---|"""


def number(value: Any, digits: int = 3) -> str:
    """Write a number for a table cell; what was not measured is a dash."""
    return "–" if value is None else f"{value:.{digits}g}"


def table(record: dict[str, Any]) -> str:
    """Write one benchmark's rows and where they were measured, in Markdown."""
    lines = [HEADER]
    for row in record["results"]:
        figures = (row["ours_s"], row["peer_s"], row["ratio"], row["ours_error"], row["peer_error"])
        note = str(row["note"] or "").replace("|", "\\|")
        lines.append(f"| {row['case']} | {row['peer']} | " + " | ".join(map(number, figures)) + f" | {note} |")
    env = record["environment"]
    packages = ", ".join(f"{name} {version}" for name, version in env["packages"].items())
    where = f"{env['processor']}, {env['cores']} cores, Python {env['python']}, {packages}"
    return "\n".join(lines) + f"\n\nMeasured on {env['date']}{' (quick)' if env['quick'] else ''}: {where}.\n"


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the tables in the place of the marker."""
    if docname != "benchmarks":
        return
    files = sorted(Path(app.srcdir, "benchmarks").glob("*.json"))
    tables = [f"## {file.stem}\n\n{table(json.loads(file.read_text()))}" for file in files]
    source[0] = source[0].replace(MARKER, "\n".join(tables) or "*No figures have been recorded yet.*")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("source-read", fill)
    app.connect("env-get-outdated", lambda *_: ["benchmarks"])
    return {"parallel_read_safe": True, "parallel_write_safe": True}
