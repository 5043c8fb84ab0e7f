"""The mutation runner changes what it says, and nothing else."""

import ast
import difflib
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("mutation", ROOT / "benchmarks" / "mutation.py")
mutation = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = mutation
spec.loader.exec_module(mutation)

FILE = ROOT / "optlab" / "core" / "validate.py"


def test_every_mutant_is_a_program_that_differs_in_one_statement():
    original = FILE.read_text(encoding="utf-8")
    plain = ast.unparse(ast.parse(original)).splitlines()
    mutants = mutation.mutants_of(FILE)
    assert len(mutants) > 40
    for mutant in mutants:
        source = mutant.source(original)
        compile(source, mutant.path, "exec")
        changed = [line for line in difflib.ndiff(plain, source.splitlines()) if line[:2] in ("- ", "+ ")]
        assert 1 <= len(changed) <= 2, (mutant, changed)
        assert mutant.path == "optlab/core/validate.py" and 1 <= mutant.line <= len(original.splitlines())


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x < 1", {"Lt -> LtE", "Lt -> GtE", "1 -> 2"}),
        ("a is b", {"Is -> IsNot"}),
        ("a + b", {"Add -> Sub"}),
        ("a and b", {"And -> Or"}),
        ("not a", {"Not dropped"}),
        ("f(True)", {"True -> False", "statement removed"}),
        ("if a: b()", {"condition negated", "statement removed"}),
        ("def f():\n    return a", {"return None"}),
        ("def f():\n    return None", set()),
        ("x = y", {"statement removed"}),
        ("'words'", set()),
    ],
)
def test_what_is_changed(source, changes):
    nodes = mutation._Order()
    nodes.visit(ast.parse(source))
    assert {change for node in nodes.nodes for change, _ in mutation._variants(node)} == changes


def test_words_and_types_are_left_alone():
    tree = ast.parse("import a\ndef f(x: int = 1) -> 2 < 3:\n    raise E('a' + 'b')\n    assert x < 1\n")
    skipped = mutation._skipped(tree)
    left = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in skipped]
    assert [n.value for n in left] == [1]


def test_each_room_has_its_tests():
    assert mutation._stages("optlab/core/history.py") == [["tests/core/test_history.py"], ["tests/core"]]
    assert mutation._stages("optlab/core/reference.py")[0] == ["tests/core/test_known.py"]
    assert mutation._stages("optlab/claims/judge.py")[-1] == ["tests/claims/test_judge.py"]
