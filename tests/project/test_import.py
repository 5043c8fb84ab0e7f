"""`import optlab` is light: what it brings in, how long it takes, and what a bare environment needs."""

import json
import subprocess
import sys

import pytest

# Whatever else a feature needs is imported inside the function that uses it.
ALLOWED = {"optlab", "numpy", "scipy", "numba", "llvmlite", "array_api_compat"}
ALLOWED |= {"charset_normalizer"}  # numpy.f2py takes it when it is there, and array_api_compat loads numpy.f2py
ALLOWED |= {"yaml"}  # numba takes it when it is there

REPORT = """
import json, sys, time
before = set(sys.modules)
start = time.process_time()
{statement}
seconds = time.process_time() - start
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


def fresh_import(statement):
    """CPU seconds and new modules of an import statement in a fresh interpreter."""
    run = subprocess.run([sys.executable, "-c", REPORT.format(statement=statement)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    seconds, modules = json.loads(run.stdout)
    return seconds, modules


def third_party(modules):
    tops = {name.partition(".")[0] for name in modules}
    return {top for top in tops - set(sys.stdlib_module_names) if not top.startswith(("_", "cython_runtime"))}


def test_import_set():
    _, modules = fresh_import("import optlab")
    assert "optlab" in modules
    assert third_party(modules) <= ALLOWED


@pytest.mark.parametrize("heavy", ["sklearn", "rich"])
def test_the_import_set_test_can_fail(heavy):
    _, modules = fresh_import(f"import optlab, {heavy}")
    assert heavy in third_party(modules) - ALLOWED


def test_every_room_but_the_leaves_is_light():
    rooms = ["sets", "kernels", "problems", "solvers", "rates", "claims", "report", "testing", "cli"]
    _, modules = fresh_import("import " + ", ".join(f"optlab.{room}" for room in rooms))
    assert third_party(modules) <= ALLOWED


def test_import_time():
    # CPU time, best of five; NumPy and numba alone set the scale on a slow or a busy machine.
    base = min(fresh_import("import numpy, numba")[0] for _ in range(5))
    ours = min(fresh_import("import optlab")[0] for _ in range(5))
    assert ours < max(0.4, 2 * base), f"import optlab takes {ours:.2f} s; NumPy and numba alone {base:.2f} s"


def test_import_is_silent():
    run = subprocess.run([sys.executable, "-W", "error", "-c", "import optlab"], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
