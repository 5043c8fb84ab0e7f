"""Fill the page `benchmarks` with the tables of docs/benchmarks/*.json (written by `make bench`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

MARKER = "<!-- benchmarks -->"
LABELS = {
    "ours_s": "ours (s)",
    "peer_s": "peer (s)",
    "ratio": "ours / peer",
    "ours_error": "our error",
    "peer_error": "peer's error",
}


def cell(value: Any) -> str:
    """Write one value; what was not measured is a dash."""
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def table(record: dict[str, Any]) -> str:
    """Write one benchmark's rows and where they were measured, in Markdown."""
    rows = record["results"]
    figures = [any(isinstance(row[name], int | float) for row in rows) for name in rows[0]]
    lines = [[LABELS.get(name, name) for name in rows[0]], ["--:" if numeric else "---" for numeric in figures]]
    lines += [[cell(value) for value in row.values()] for row in rows]
    env = record["environment"]
    packages = ", ".join(f"{name} {version}" for name, version in env["packages"].items())
    where = f"{env['processor']}, {env['cores']} cores, Python {env['python']}, {packages}"
    return (
        f"{record['title']}\n\n"
        + "\n".join("| " + " | ".join(line) + " |" for line in lines)
        + f"\n\nMeasured on {env['date']}{' (quick)' if env['quick'] else ''}: {where}.\n"
    )


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
