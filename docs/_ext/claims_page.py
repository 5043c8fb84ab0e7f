"""Fill pages with the theorems of the claim registry, so that no statement is ever written down twice.

`<!-- claims -->` becomes every claim, by method, with its mathematics; `<!-- claims: nlgd -->` becomes a table of the
claims of one prefix, each linked to its full statement; and so is the id of a claim in `code`, on any page.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from optlab.claims import all_claims

EVERYTHING = "<!-- claims -->"
ONE_PREFIX = re.compile(r"<!-- claims: (\w+) -->")
TITLES = {
    "base": "Classical baselines",
    "bcd": "Block coordinate descent",
    "nlgd": "Normalized LR+GD and the perceptrons",
}
CODE = re.compile(r"(?<!`)`([\w.-]+/[\w.+-]+)`(?!`)")


def anchor(claim: Any) -> str:
    """Name of the target in front of a claim's full statement."""
    return "claim-" + claim.id.replace("/", "-").lower()


def entry(claim: Any) -> str:
    """Write one claim in full."""
    lines = [f"({anchor(claim)})=", f"### {claim.id}", "", claim.statement, ""]
    if claim.latex:
        lines += ["$$", claim.latex.strip().strip("$").strip(), "$$", ""]
    facts = f"**{claim.kind}** · {claim.source}"
    if claim.expected != "SUPPORTED":
        facts += f"\n\n:::{{admonition}} Expected: {claim.expected}\n{claim.reason}\n:::"
    return "\n".join([*lines, facts, ""])


def row(claim: Any) -> str:
    """Write one claim as a row of a table."""
    statement = " ".join(claim.statement.split()).replace("|", "\\|")
    if claim.expected != "SUPPORTED":
        statement += f" **Expected: {claim.expected}.**"
    return f"| {{ref}}`{claim.id} <{anchor(claim)}>` | {statement} | {claim.kind} |"


def everything() -> str:
    """Write all claims, grouped by method."""
    groups = groupby(all_claims(), key=lambda claim: claim.method)  # they come sorted
    return "\n".join(f"## {TITLES[method]}\n\n" + "\n".join(map(entry, members)) for method, members in groups)


def of_prefix(match: re.Match[str]) -> str:
    """Write the table of one prefix."""
    members = [claim for claim in all_claims() if claim.id.startswith(match[1] + "/")]
    if not members:
        raise ValueError(f"there are no claims {match[1]}/...")
    return "\n".join(["| claim | statement | kind |", "|---|---|---|", *map(row, members)])


def linked(match: re.Match[str]) -> str:
    """Link an id in code to the claim, when it is one."""
    for claim in all_claims():
        if claim.id == match[1]:
            return f"{{ref}}`{claim.id} <{anchor(claim)}>`"
    return match[0]


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the claims in the place of the markers, and link the ids."""
    if app.env.doc2path(docname).suffix != ".md":
        return
    source[0] = ONE_PREFIX.sub(of_prefix, CODE.sub(linked, source[0]))
    if EVERYTHING in source[0]:
        source[0] = source[0].replace(EVERYTHING, everything())


def with_claims(app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
    """Name the pages that may have changed because a claim did."""
    return [name for name in env.found_docs if name == "claims" or name.startswith("methods/")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("source-read", fill)
    app.connect("env-get-outdated", with_claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
