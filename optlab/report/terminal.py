"""Terminal: the verdicts as a table that fits the width there is, and what a reader must not miss below it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optlab.report.record import as_record
from optlab.report.wording import SIGNS, evidence, expectation, headline, summary

__all__ = ["table", "text"]

_COLOURS = {
    "SUPPORTED": "green",
    "REFUTED": "red",
    "INCONCLUSIVE": "yellow",
    "NOT_APPLICABLE": "bright_black",
    "ERROR": "magenta",
}


@dataclass(frozen=True)
class _Column:
    title: str
    cells: list[Any]
    right: bool = False

    @property
    def width(self) -> int:
        from rich.cells import cell_len

        return max(cell_len(str(cell)) for cell in [self.title, *self.cells])


def table(verification: Any, width: int | None = None, quiet: bool = False) -> Any:
    """Return the verdicts and the summary as something rich can print.

    Parameters
    ----------
    verification : Verification or mapping
        A verification, or the record read from its JSON file.
    width : int, optional
        Columns of the terminal; the less important columns of the table give way.
    quiet : bool, default False
        Only the summary, without the table.

    Returns
    -------
    rich.console.Group
        The table, the summary, and what is unexpected, falls short, or is refuted as expected.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    record = as_record(verification)
    width = width or shutil.get_terminal_size((120, 24)).columns
    out: list[Any] = []
    if record["claims"] and not quiet:
        columns = _fitting(_columns(record), width)
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for column in columns:  # folded in the last resort: half an id cannot be searched for
            grid.add_column(column.title, justify="right" if column.right else "left", overflow="fold")
        for cells in zip(*(column.cells for column in columns), strict=True):
            grid.add_row(*cells)
        out += [grid, Text()]
    return Group(*out, *_notes(record))


def _columns(record: Mapping[str, Any]) -> list[_Column]:
    """All columns from left to right."""
    from rich.text import Text

    rows = record["claims"]
    numbers = [evidence(row) for row in rows]
    controls = [_control(row) for row in rows]
    return [
        _Column("claim", [Text(row["id"], style="bold") for row in rows]),
        _Column("kind", [Text(row["kind"]) for row in rows]),
        _Column("verdict", [verdict(row) for row in rows]),
        _Column("measured, bound", [Text(cell) for cell, _ in numbers]),
        _Column("ratio, interval", [Text(cell) for _, cell in numbers]),
        _Column("seeds", [Text(str(row["seeds"])) for row in rows], right=True),
        _Column("control", controls),
        _Column("s", [Text(f"{row['seconds']:.1f}") for row in rows], right=True),
    ]


def _fitting(columns: list[_Column], width: int) -> list[_Column]:
    """Leave out the least important columns until the others fit."""
    kept = list(columns)
    for title in ("seeds", "kind", "s", "ratio, interval", "control", "measured, bound"):
        if sum(column.width + 2 for column in kept) - 2 <= width:
            break
        kept = [column for column in kept if column.title != title]
    return kept


def verdict(row: Mapping[str, Any]) -> Any:
    """The verdict with its sign; loud when it is not the expected one, calm when it is a finding."""
    from rich.text import Text

    colour = _COLOURS[row["verdict"]]
    surprise = not row["as_expected"]
    style = f"bold {colour}" if surprise else "cyan" if row["verdict"] == "REFUTED" else colour
    out = Text(f"{SIGNS[row['verdict']]} {row['verdict'].replace('_', ' ')}", style=style)
    if note := expectation(row):
        out.append(f", {note}", style="bold red" if surprise else "yellow" if row["falls_short"] else "dim")
    return out


def _control(row: Mapping[str, Any]) -> Any:
    from rich.text import Text

    controls = row["controls"]
    if not controls:
        return Text("–" if row["verdict"] == "ERROR" else "none", style="dim")
    refuted = sum(control["verdict"] == "REFUTED" for control in controls)
    if refuted == len(controls):
        return Text("refuted" if refuted == 1 else f"all {refuted} refuted", style="green")
    name = row["control"]["verdict"].replace("_", " ").lower()
    return Text(name if len(controls) == 1 else f"{refuted} of {len(controls)} refuted", style="yellow")


def _notes(record: Mapping[str, Any]) -> list[Any]:
    from rich.padding import Padding
    from rich.text import Text

    rows = record["claims"]
    out: list[Any] = [Text(summary(record))]
    bad = record["interrupted"] or not all(row["as_expected"] for row in rows)
    weak = not rows or any(row["falls_short"] for row in rows)
    out.append(Text(f"{headline(record)}.", style=f"bold {'red' if bad else 'yellow' if weak else 'green'}"))
    groups = (
        ("Not as expected", "bold red", [r for r in rows if not r["as_expected"]], "message"),
        ("Supported, power not shown", "yellow", [r for r in rows if r["falls_short"]], "power"),
        ("As expected", "cyan", [r for r in rows if r["as_expected"] and r["verdict"] != "SUPPORTED"], "reason"),
    )
    for title, style, members, what in groups:
        if members:
            out += [Text(), Text(title, style=style)]
            out += [Padding(Text(f"{r['id']}: {r['verdict']}. {_why(r, what)}"), (0, 0, 0, 2)) for r in members]
    return out


def _why(row: Mapping[str, Any], what: str) -> str:
    if what != "power":
        return row[what] or row["message"]
    if row["control"] is None:
        return "No negative control: nothing shows that the study could have refuted it."
    return f'The control "{row["control"]["description"]}" came back {row["control"]["verdict"]}, not REFUTED.'


def text(verification: Any, width: int | None = None) -> str:
    """Return the table and the summary as plain text.

    Parameters
    ----------
    verification : Verification or mapping
        A verification, or the record read from its JSON file.
    width : int, optional
        Number of columns; those of the terminal (120 where there is none) when absent.

    Returns
    -------
    str
        Without colours.
    """
    from rich.console import Console

    width = width or shutil.get_terminal_size((120, 24)).columns
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, color_system=None, highlight=False, markup=False, emoji=False)
    console.print(table(verification, width))
    return "\n".join(line.rstrip() for line in buffer.getvalue().rstrip().splitlines())
