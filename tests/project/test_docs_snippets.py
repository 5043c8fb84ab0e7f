"""Every Python block in the documentation and the README runs, each page from top to bottom in one namespace."""

import re
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(?:python|\{code-block\} python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

WORDS = ("problem", "solver", "claim")

PAGES = sorted(
    page
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if not {"_build", "generated", "notebooks"} & set(page.relative_to(ROOT).parts) and BLOCK.search(page.read_text())
)


def blocks(page):
    """Code blocks of a page, padded so that a traceback shows the page's own line numbers."""
    text = page.read_text()
    for match in BLOCK.finditer(text):
        yield "\n" * text.count("\n", 0, match.start(1)) + match[1]


def test_there_are_pages():
    wanted = {"README.md", "docs/index.md", "docs/which_solver.md"} | {f"docs/extend/{x}.md" for x in WORDS}
    assert wanted <= {str(page.relative_to(ROOT)) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reader = types.ModuleType("__main__")  # as in a notebook: classes of the page can be pickled by name
    monkeypatch.setitem(sys.modules, "__main__", reader)
    for code in blocks(page):
        exec(compile(code, str(page), "exec"), vars(reader))


def test_the_output_on_the_landing_page_is_what_is_printed(capsys):
    page = (ROOT / "docs/index.md").read_text()
    exec(next(blocks(ROOT / "docs/index.md")), {})
    assert capsys.readouterr().out == re.search(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
