"""The house is built as designed: rooms import downwards only, modules are small, names say something."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "optlab"
ROOMS = ["core", "sets", "kernels", "problems", "solvers", "rates", "claims", "report", "estimators", "testing", "cli"]
GROUND = {"_version", "_lazy"}  # under the ground floor: every room may import them
LEAVES = {"estimators", "cli"}  # nothing imports them
LONGEST = 500
NAMELESS = {"utils", "util", "helpers", "helper", "misc", "common", "tools"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path, package=PACKAGE):
    """First name below the package; the package's own __init__ is in no room."""
    parts = path.relative_to(package).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imported_modules(path, tree, package=PACKAGE):
    """Every optlab module an AST imports, anywhere in the file: a lazy import is a dependency too."""
    here = ("optlab", *path.relative_to(package).with_suffix("").parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: -node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            if module == "optlab":
                yield from ((f"optlab.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield module, node.lineno


def violations(path, source, package=PACKAGE):
    room = room_of(path, package)
    for module, line in imported_modules(path, ast.parse(source), package):
        if module.partition(".")[0] != "optlab":
            continue
        target = module.partition(".")[2].partition(".")[0]
        if target in {room, *GROUND}:
            continue
        if target not in ROOMS:
            yield f"{path.name}:{line} imports {module}, which is no room"
        elif target in LEAVES or ROOMS.index(target) > ROOMS.index(room):
            yield f"{path.name}:{line} ({room}) imports {module}, a room below it"


def test_the_package_is_there():
    assert len(MODULES) > 30


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_module(path):
    source = path.read_text()
    room = room_of(path)
    assert room in {"", *GROUND, *ROOMS}, f"{room} is no room of the design"
    assert len(source.splitlines()) <= LONGEST
    assert path.stem.strip("_") not in NAMELESS
    if room in ROOMS:  # the front door, optlab/__init__.py, may open every room
        assert not list(violations(path, source))


@pytest.mark.parametrize(
    ("room", "source", "n_bad"),
    [
        ("solvers", "from optlab.core.solver import Solver\nimport optlab.problems\nfrom .baselines import x", 0),
        ("solvers", "from optlab.claims import claim", 1),
        ("solvers", "def f():\n    import optlab.report.html", 1),
        ("solvers", "from optlab import cli, core", 1),
        ("solvers", "from ..claims import judge", 1),
        ("solvers", "import optlab as ol", 1),
        ("testing", "from optlab.estimators import NormalizedLogisticClassifier", 1),
        ("testing", "from optlab._version import __version__\nimport numpy", 0),
    ],
)
def test_the_order_test_can_fail(room, source, n_bad):
    assert len(list(violations(PACKAGE / room / "module.py", source))) == n_bad
