"""The command line: exit codes, messages without tracebacks, files, and what is left after Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import optlab as ol
from optlab import cli
from optlab.claims import BUDGETS

HEAD = """
import numpy as np
import optlab as ol
from optlab.claims import Case, Claim, Control, Measurement

parabola = ol.FunctionProblem(1, value=lambda x: float(x @ x) / 2)
K = np.arange(10.0)

def gap(case, problem, seed):
    return Measurement(K, np.random.default_rng(seed).uniform(0.5, 1.0) / (K + 1))

def crash(case, problem, seed):
    raise RuntimeError("no luck today")

def claim(name, factor, measured=gap, **fields):
    bound = lambda k, c: factor / (k + 1)
    sharper = [Control("a tenth of the bound", bound=lambda k, c: 0.1 * bound(k, c))]
    fields |= {"bound": bound, "measured": measured, "controls": sharper, "seeds": 4}
    return Claim(f"mine/{name}", f"About {name}.", "derived here", "pathwise", [Case("parabola", parabola)], **fields)
"""
TRUE = 'true = claim("true", 1.0)\n'
FALSE = 'false = claim("false", 0.2)\n'
KNOWN = 'known = claim("known", 0.2, expected="REFUTED", reason="too sharp")\n'
CRASHING = 'crashing = claim("crashing", 1.0, measured=crash)\n'


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Write a file of claims and return its name; the working directory is its folder."""
    monkeypatch.chdir(tmp_path)

    def write(*parts):
        (tmp_path / "mine.py").write_text(HEAD + "".join(parts))
        return "mine.py"

    return write


def run(*arguments, **options):
    command = [sys.executable, "-W", "error", "-m", "optlab.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    ("parts", "code"),
    [((TRUE,), 0), ((TRUE, KNOWN), 0), ((TRUE, FALSE), 1), ((TRUE, CRASHING), 2), ((TRUE, FALSE, CRASHING), 2)],
)
def test_exit_codes(mine, capsys, parts, code):
    assert cli.main(["verify", mine(*parts), "--jobs", "1"]) == code
    captured = capsys.readouterr()
    assert "mine/true" in captured.out
    assert captured.err.startswith(f"optlab {ol.__version__}: collecting the claims\n[1/{len(parts)}]")


def test_reports_are_written_crash_or_not(mine, tmp_path, capsys):
    files = ["--json", "out/deep/claims.json", "--html", "out/index.html"]
    assert cli.main(["verify", mine(TRUE, FALSE, CRASHING), "--jobs", "1", "--quiet", *files]) == 2
    record = json.loads((tmp_path / "out/deep/claims.json").read_text())
    assert [row["verdict"] for row in record["claims"]] == ["SUPPORTED", "REFUTED", "ERROR"]
    assert record["command"] == "optlab verify mine.py --budget quick"
    assert record["claims"][0]["command"] == record["command"]
    assert "RuntimeError: no luck today" in record["claims"][2]["error"]
    page = (tmp_path / "out/index.html").read_text()
    assert all(f'id="mine/{name}"' in page for name in ("true", "false", "crashing"))
    captured = capsys.readouterr()
    assert "measured, bound" not in captured.out
    assert "wrote out/index.html" in captured.err


def test_options_reach_the_study(mine, tmp_path):
    options = ["--seeds", "3", "--rng", "5", "--budget", "standard", "--quiet", "--json", "a.json"]
    assert cli.main(["verify", mine(TRUE), *options]) == 0
    record = json.loads((tmp_path / "a.json").read_text())
    assert (record["budget"], record["seeds"], record["rng"]) == ("standard", 3, 5)
    assert record["claims"][0]["seeds"] == 3
    assert record["command"] == "optlab verify mine.py --budget standard --seeds 3 --rng 5"


def test_two_jobs_find_what_one_finds(mine, tmp_path):
    name = mine(TRUE, FALSE, KNOWN, CRASHING)
    rows = []
    for jobs in "12":
        cli.main(["verify", name, "--jobs", jobs, "--quiet", "--json", f"{jobs}.json"])
        claims = json.loads((tmp_path / f"{jobs}.json").read_text())["claims"]
        rows.append([{key: value for key, value in row.items() if key not in ("seconds", "error")} for row in claims])
    assert rows[0] == rows[1]
    assert len({row["statistic"] for row in rows[0]}) > 1


def test_the_command_of_a_report_gives_the_same_numbers(mine, tmp_path):
    cli.main(["verify", mine(TRUE), "--rng", "3", "--quiet", "--json", "a.json"])
    first = json.loads((tmp_path / "a.json").read_text())
    again = first["command"].split()[1:]
    cli.main([*again, "--quiet", "--json", "b.json"])
    second = json.loads((tmp_path / "b.json").read_text())
    assert first["claims"][0]["statistic"] == second["claims"][0]["statistic"]
    assert first["claims"][0]["series"] == second["claims"][0]["series"]


def test_report_shows_a_file_again(mine, tmp_path, capsys):
    cli.main(["verify", mine(TRUE, FALSE, CRASHING), "--jobs", "1", "--json", "a.json", "--html", "a.html"])
    table = capsys.readouterr().out
    assert cli.main(["report", "a.json", "--html", "b.html"]) == 0
    assert capsys.readouterr().out == table
    assert (tmp_path / "a.html").read_text() == (tmp_path / "b.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "nothing-like-this"], "no claim matches 'nothing-like-this'; methods: "),
        (["verify", "absent.py"], "there is no file absent.py"),
        (["verify", "empty.py"], "empty.py defines no claim"),
        (["verify", "twice.py"], "two claims have the same id: mine/true"),
        (["verify", "broken.py"], "broken.py, line 2: SyntaxError"),
        (["verify", "wrong.py"], "wrong.py, line 3: NameError: name 'nonsense' is not defined"),
        (["verify", "bad_claim.py"], "bad_claim.py, line "),
        (["verify", "--seeds", "0"], "seeds must be at least 1, got 0"),
        (["verify", "--jobs", "0"], "jobs must be a number of processes"),
        (["verify", "--rng", "-1"], "rng must be at least 0, got -1"),
        (["verify", "--html", "folder"], "cannot write folder: it is a folder"),
        (["verify", "--json", "empty.py/a.json"], "cannot make the folder"),
        (["report", "absent.json"], "No such file or directory: absent.json"),
        (["report", "empty.py"], "empty.py is not a JSON file"),
        (["info", "GradientDescnt"], "did you mean GradientDescent"),
        (["list", "nothing-like-this"], "no claim, solver or problem 'nothing-like-this'"),
    ],
)
def test_usage_errors_are_one_sentence(mine, tmp_path, capsys, arguments, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.py").write_text("x = 1\n")
    (tmp_path / "twice.py").write_text(HEAD + TRUE + 'again = claim("true", 2.0)\n')
    (tmp_path / "broken.py").write_text("x = 1\ndef f(:\n")
    (tmp_path / "wrong.py").write_text("\n\nnonsense + 1\n")
    (tmp_path / "bad_claim.py").write_text(HEAD + 'claim("with a space", 1.0)\n')
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    last = captured.err.splitlines()[-1]
    assert last.startswith("optlab: ")
    assert message in last
    assert "Traceback" not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("arguments", ["", "dance", "verify --budget huge", "verify --seeds x", "report"])
def test_argument_errors(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments.split())
    assert stop.value.code == 2
    assert "usage: optlab" in capsys.readouterr().err


def test_a_bug_of_ours_is_no_verdict(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_check_writable", lambda path: {}["missing"])
    assert cli.main(["verify"]) == 2
    assert "KeyError: 'missing'" in capsys.readouterr().err


def test_budgets_are_the_ones_of_the_claims(capsys):
    with pytest.raises(SystemExit):
        cli.main(["verify", "--help"])
    assert f"{{{','.join(BUDGETS)}}}" in capsys.readouterr().out


def test_version_is_quick_and_light():
    code = (
        "import sys; from optlab.cli import main\n"
        "try: main(['--version'])\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'rich', 'joblib', 'matplotlib', 'cvxpy', 'sklearn', 'optlab.claims', 'optlab.report'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, f"optlab {ol.__version__}"), done.stderr


def test_a_reader_that_leaves_early(mine, tmp_path):
    command = f"{sys.executable} -m optlab.cli verify {mine(TRUE, FALSE)} --jobs 1 --html a.html | true"
    done = subprocess.run(["bash", "-c", command + "; exit ${PIPESTATUS[0]}"], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "a.html").exists()


def test_list_and_info_name_everything(capsys):
    from optlab.core.problem import Problem
    from optlab.core.solver import Solver

    assert cli.main(["list"]) == 0
    shown = capsys.readouterr().out
    for claim in ol.claims.all_claims():
        assert f"  {claim.id} " in shown
        assert claim.statement in shown
    for room, base in ((ol.solvers, Solver), (ol.problems, Problem)):
        for name in room.__all__:
            value = getattr(room, name)
            if isinstance(value, type) and issubclass(value, base):
                assert f"  {name} " in shown
    assert cli.main(["list", "nesterovaccel*"]) == 0
    assert capsys.readouterr().out.startswith("solvers (1)\n  NesterovAcceleratedGradient  needs ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GradientDescent", ["solver GradientDescent", "hyper-parameters", "step_size", "needs", "Quadratic"]),
        ("quadratic", ["problem Quadratic", "oracles", "gradient", "L = ", "optimum", "GradientDescent"]),
        ("base/gd-convex", ["claim base/gd-convex", "formula", "pathwise", "controls", "optlab verify base/gd-convex"]),
    ],
)
def test_info(capsys, name, words):
    assert cli.main(["info", name]) == 0
    shown = capsys.readouterr().out
    for word in words:
        assert word in shown


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_keeps_what_was_done(mine, tmp_path, jobs):
    sleeping = (
        "import time\n"
        "def sleepy(case, problem, seed):\n    time.sleep(60)\n    return gap(case, problem, seed)\n"
        'slow = [claim(f"slow{i}", 1.0, measured=sleepy) for i in range(2)]\n'
    )
    command = [sys.executable, "-m", "optlab.cli", "verify", mine(TRUE, sleeping), "--jobs", jobs]
    command += ["--json", "a.json", "--html", "a.html"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, start_new_session=True, **pipes)
    for line in process.stderr:  # its progress tells when the first claim is done
        if line.startswith("[1/3]"):
            break
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert "Interrupted, so far the verdict is as expected" in out
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["interrupted"]
    assert [row["id"] for row in record["claims"]] == ["mine/true"]
    assert 'id="mine/true"' in (tmp_path / "a.html").read_text()


def test_the_module_runs(mine):
    done = run("verify", mine(TRUE, FALSE), "--jobs", "1")
    assert done.returncode == 1, done.stderr
    assert "1 of 2 verdicts is not as expected." in done.stdout
