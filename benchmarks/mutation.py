"""Mutation testing of the core and of the judges: small faults are put into the source, and the tests must notice.

A mutant is one changed spot: a comparison flipped, an operator swapped, a constant moved, a condition negated, a return
value dropped, a statement removed.  Mutants are drawn at random over all spots, each is written into a copy of the
project, and the tests of its room run there until the first failure.  The score is the share of mutants killed.

Annotations, docstrings, error messages' words and `__repr__` are left alone: nobody's tests should hang on them.

Usage: python benchmarks/mutation.py [--mutants N] [--seed S] [--jobs J] [--minutes M] [--json FILE] [PATTERN ...]
"""

from __future__ import annotations

import argparse
import ast
import copy
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
#: What is mutated, and the tests that have to notice.
TARGETS = {
    "optlab/core/*.py": ["tests/core"],
    "optlab/claims/judg*.py": ["tests/claims/test_judge.py"],
    "optlab/solvers/block_coordinate_descent/*.py": [
        f"tests/solvers/test_block_coordinate_descent{part}.py"
        for part in "|_partition|_line_search|_updates|_selection|_composite|_message_passing|_compiled".split("|")
    ],
}
#: The tests of a module are tried first; only what survives them meets the rest.
NEAREST = {
    "driver": "run", "constants": "known", "reference": "known", "solver": "problem", "ledger": "oracles",
    "schedule": "history",
}  # fmt: skip
#: Long tests of real clocks and processes notice nothing that the others do not.
LEFT_OUT = ["--deselect", "tests/core/test_resume.py::test_a_killed_run_goes_on_from_its_checkpoint"]
COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
REVERSE = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One changed spot: the file, the line, what is done, and where in the tree."""

    path: str
    line: int
    change: str
    index: int
    replacement: Any

    def source(self, original: str) -> str:
        """Return the mutated source."""
        tree = ast.parse(original)
        mutated = _Swap(self.index, copy.deepcopy(self.replacement)).visit(tree)
        return ast.unparse(ast.fix_missing_locations(mutated))


def _variants(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Ways to change one node: a description and the replacement (None removes a statement)."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for table in (COMPARE, REVERSE):
            if (other := table.get(type(node.ops[0]))) is not None:
                yield (
                    f"{type(node.ops[0]).__name__} -> {other.__name__}",
                    ast.Compare(node.left, [other()], node.comparators),
                )
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        other = ARITHMETIC[type(node.op)]
        yield f"{type(node.op).__name__} -> {other.__name__}", ast.BinOp(node.left, other(), node.right)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{type(node.op).__name__} -> {other.__name__}", ast.BoolOp(other(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"{type(node.op).__name__} dropped", node.operand
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield f"{node.value} -> {not node.value}", ast.Constant(not node.value)
        elif isinstance(node.value, int | float):
            yield f"{node.value} -> {node.value + 1}", ast.Constant(node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        changed = copy.copy(node)
        changed.test = ast.UnaryOp(ast.Not(), node.test)
        yield "condition negated", changed
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return None", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Assign | ast.AugAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield "statement removed", None


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _skipped(node: ast.AST) -> set[int]:
    """Ids of nodes inside annotations, docstrings, f-strings, type checking and raised errors."""
    out: set[int] = set()
    for child in ast.walk(node):
        leave: list[ast.AST | None] = []
        if isinstance(child, ast.JoinedStr | ast.Raise | ast.Assert | ast.ImportFrom | ast.Import):
            leave.append(child)
        if isinstance(child, ast.arg | ast.AnnAssign):
            leave.append(child.annotation)
        if isinstance(child, ast.FunctionDef):
            leave.append(child.returns)
            leave += child.decorator_list
            if child.name in ("__repr__", "__str__"):
                leave.append(child)
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            leave.append(child)
        if isinstance(child, ast.Assign) and any(
            "__all__" in ast.dump(t) or "TypeAlias" in ast.dump(t) for t in child.targets
        ):
            leave.append(child)
        for top in leave:
            out |= {id(n) for n in ast.walk(top)} if top is not None else set()
    return out


class _Swap(ast.NodeTransformer):
    def __init__(self, target: int, replacement: Any) -> None:
        self.target, self.replacement, self.count = target, replacement, -1

    def visit(self, node: ast.AST) -> Any:
        self.count += 1
        if self.count != self.target:
            return self.generic_visit(node)
        if self.replacement is not None:
            return ast.copy_location(self.replacement, node)
        return ast.copy_location(ast.Pass(), node)


def mutants_of(path: Path) -> list[Mutant]:
    """Return all mutants of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped, order = _skipped(tree), _Order()
    order.visit(tree)
    name = str(path.relative_to(ROOT))
    return [
        Mutant(name, getattr(node, "lineno", 0), change, index, replacement)
        for index, node in enumerate(order.nodes)
        if id(node) not in skipped
        for change, replacement in _variants(node)
    ]


class _Order(ast.NodeVisitor):
    """The nodes in the order in which `_Swap` counts them."""

    def __init__(self) -> None:
        self.nodes: list[ast.AST] = []

    def visit(self, node: ast.AST) -> None:
        self.nodes.append(node)
        self.generic_visit(node)


def _copy_project(folder: str) -> Path:
    where = Path(folder)
    for name in ("optlab", "tests", "benchmarks"):
        shutil.copytree(ROOT / name, where / name, ignore=shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc"))
    for name in ("conftest.py", "pyproject.toml", "setup.cfg"):
        shutil.copy(ROOT / name, where / name)
    return where


def run_tests(where: Path, tests: list[str], timeout: float) -> str:
    """Run the tests in a copy of the project; "killed", "survived" or "timeout"."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *LEFT_OUT, *tests]
    environment = os.environ | {
        "PYTHONPATH": str(where),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "CI": "1",
    }
    try:
        done = subprocess.run(command, cwd=where, env=environment, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return "timeout"
    return "survived" if done.returncode == 0 else "killed"


def _stages(path: str) -> list[list[str]]:
    tests = next(tests for pattern, tests in TARGETS.items() if fnmatch.fnmatch(path, pattern))
    stem = Path(path).stem
    nearest = f"{tests[0]}/test_{NEAREST.get(stem, stem)}.py"
    return [[nearest], tests] if (ROOT / nearest).is_file() else [tests]


def _outcome(where: Path, path: str, timeout: float) -> str:
    for tests in _stages(path):
        if (outcome := run_tests(where, tests, timeout)) != "survived":
            return outcome
    return "survived"


def study(chosen: list[Mutant], jobs: int, timeout: float, seconds: float) -> list[dict[str, Any]]:
    """Try the mutants, each in one of `jobs` copies of the project, until the time is up."""
    copies: Queue[Path] = Queue()
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        for j in range(jobs):
            copies.put(_copy_project(f"{folder}/{j}"))
        for tests in TARGETS.values():
            if run_tests(copies.queue[0], tests, 600) != "survived":
                raise SystemExit(f"the tests {tests} fail without any mutant: no score can be given")

        def attempt(mutant: Mutant) -> dict[str, Any] | None:
            if time.monotonic() > deadline:
                return None
            where = copies.get()
            file = where / mutant.path
            original = file.read_text(encoding="utf-8")
            try:
                file.write_text(mutant.source(original), encoding="utf-8")
                outcome = _outcome(where, mutant.path, timeout)
            finally:
                file.write_text(original, encoding="utf-8")
                copies.put(where)
            print(f"{outcome:9s}{mutant.path}:{mutant.line}  {mutant.change}", flush=True)
            return {"path": mutant.path, "line": mutant.line, "change": mutant.change, "outcome": outcome}

        with ThreadPoolExecutor(jobs) as pool:
            return [row for row in pool.map(attempt, chosen) if row is not None]


def main() -> None:
    """Draw the mutants, try them, print the score and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", help="files to mutate (all of the core and the judges when absent)")
    parser.add_argument("--mutants", type=int, default=200, help="how many are drawn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="start no mutant after so long")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds after which a mutant counts as killed")
    parser.add_argument("--quick", action="store_true", help="ten mutants")
    parser.add_argument("--json", metavar="FILE", help="write the outcomes to FILE")
    options = parser.parse_args()
    files = sorted({file for pattern in TARGETS for file in ROOT.glob(pattern)})
    if options.patterns:
        files = [f for f in files if any(fnmatch.fnmatch(str(f.relative_to(ROOT)), p) for p in options.patterns)]
    everything = [mutant for file in files for mutant in mutants_of(file)]
    drawn = np.random.default_rng(options.seed).permutation(len(everything))[: 10 if options.quick else options.mutants]
    print(f"{len(drawn)} of {len(everything)} mutants of {len(files)} files", flush=True)
    rows = study([everything[i] for i in drawn], options.jobs, options.timeout, 60 * options.minutes)
    killed = sum(row["outcome"] != "survived" for row in rows)
    print(f"\nscore {killed}/{len(rows)} = {killed / max(len(rows), 1):.1%}; survivors:")
    for row in sorted((r for r in rows if r["outcome"] == "survived"), key=lambda r: (r["path"], r["line"])):
        print(f"  {row['path']}:{row['line']}  {row['change']}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"score": killed / max(len(rows), 1), "results": rows}, file, indent=1)


if __name__ == "__main__":
    main()
