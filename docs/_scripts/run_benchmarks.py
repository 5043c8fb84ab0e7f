"""Run every benchmark; the figures go into docs/benchmarks, one JSON file each, where the documentation finds them.

    python docs/_scripts/run_benchmarks.py [--quick] [STEM ...]

A benchmark is a script `benchmarks/<stem>.py [--quick] [--json FILE]` that writes `{"results": [row, ...]}`, each row
with the fields `FIELDS`.  What is kept is that file, the first line of the script's docstring, and the machine it was
measured on.  By default all methods that have a page run; the other scripts of that folder measure no times.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TARGET = ROOT / "benchmarks", ROOT / "docs" / "benchmarks"
FIELDS = {"case", "peer", "ours_s", "peer_s", "ratio", "ours_error", "peer_error", "note"}
PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "celer", "skglm")


def processor() -> str:
    """Name of the processor, as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def environment(quick: bool) -> dict[str, object]:
    """Describe where and when the figures were measured."""
    versions = {}
    for package in ("optlab-toolkit", *PACKAGES):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": versions,
        "quick": quick,
    }


def finite(row: dict[str, object]) -> dict[str, object]:
    """Replace what is not a number by null, which is the same in every JSON reader."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def run(script: Path, quick: bool) -> None:
    """Run one benchmark and keep its rows together with the environment."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.json"
        command = [sys.executable, str(script), "--json", str(out), *(["--quick"] if quick else [])]
        subprocess.run(command, check=True, cwd=ROOT)
        rows = json.loads(out.read_text())["results"]
    for row in rows:
        if set(row) != FIELDS:
            raise ValueError(f"{script.name}: a row has the fields {sorted(row)}, expected {sorted(FIELDS)}")
    TARGET.mkdir(parents=True, exist_ok=True)
    title = (ast.get_docstring(ast.parse(script.read_text())) or script.stem).splitlines()[0]
    record = {"title": title, "environment": environment(quick), "results": [finite(row) for row in rows]}
    (TARGET / f"{script.stem}.json").write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")


def main() -> int:
    """Run the benchmarks asked for, all by default; the exit code is 1 when one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stems", nargs="*", metavar="STEM", help="benchmarks to run (default: all)")
    parser.add_argument("--quick", action="store_true", help="smaller problems, fewer repetitions")
    args = parser.parse_args()
    every = sorted(path for path in SOURCE.glob("*.py") if (ROOT / "docs" / "methods" / f"{path.stem}.md").exists())
    scripts = [SOURCE / f"{stem}.py" for stem in args.stems] or every
    failed = []
    for script in scripts:
        print(f"== {script.stem}", flush=True)
        try:
            run(script, args.quick)
        except (subprocess.CalledProcessError, OSError, LookupError, ValueError) as err:
            print(f"{script.stem} failed: {err}", file=sys.stderr)
            failed.append(script.stem)
    return bool(failed) or not scripts


if __name__ == "__main__":
    sys.exit(main())
