"""Execute every notebook from the top; the executed copies go into docs/notebooks, where the documentation shows them.

    python docs/_scripts/execute_notebooks.py [NAME ...]

A cell that fails, or a notebook that takes longer than its time, ends the run with the traceback and exit code 1.  The
notebooks themselves are not touched.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TARGET = ROOT / "notebooks", ROOT / "docs" / "notebooks"
SECONDS = 120  # for each notebook, imports and compilation included


def execute(path: Path) -> None:
    """Execute one notebook and write the executed copy."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": SOURCE}})
    start = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - start
    if seconds > SECONDS:
        raise CellTimeoutError(f"{path.name} took {seconds:.0f} s, more than its {SECONDS} s")
    TARGET.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, TARGET / path.name)
    print(f"{path.name}: {seconds:.1f} s")


def main(names: list[str]) -> int:
    """Execute the named notebooks, or all; return the exit code."""
    notebooks = [SOURCE / name for name in names] or sorted(SOURCE.glob("*.ipynb"))
    if not notebooks:
        print(f"no notebooks in {SOURCE}", file=sys.stderr)
        return 1
    failed = []
    for path in notebooks:
        try:
            execute(path)
        except (CellExecutionError, CellTimeoutError) as err:
            print(f"{path.name} failed:\n{err}", file=sys.stderr)
            failed.append(path.name)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
