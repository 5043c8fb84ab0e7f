"""Where claims are found, and how they are run: alone, with controls, in workers, and when they crash."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import optlab as ol
from optlab.claims import Case, Claim, Control, Measurement, Outcome, Verdict, registry
from optlab.claims.controls import ControlOutcome, summarise
from optlab.claims.judge import Judgement
from optlab.claims.runner import check, check_all

from ..core.specimens import Bowl, Descent, Noisy

FILE = Path(__file__).with_name("library_of_one.py")
IDS = ["user/mean", "user/crash", "user/item0", "user/item1"]


def make(id="a/b", **changes):
    fields = {
        "statement": "s",
        "source": "derived here",
        "kind": "pathwise",
        "cases": [Case("bowl", Bowl(), Descent(), 9)],
    }
    return Claim(**{"id": id, "bound": lambda k, c: 10 * 0.6**k} | fields | changes)


# the registry


def test_a_file_of_claims():
    claims = ol.claims.load_file(FILE)
    assert [c.id for c in claims] == IDS and {c.origin for c in claims} == {str(FILE)}
    assert registry.load("user/mean", str(FILE)).statement == "The mean of n steps is small."
    with pytest.raises(ValueError, match=r"there is no claim user/none in .*library_of_one\.py"):
        registry.load("user/none", str(FILE))


def test_files_that_hold_no_claims(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nothing.py"):
        ol.claims.load_file(tmp_path / "nothing.py")
    with pytest.raises(FileNotFoundError):
        ol.claims.load_file(tmp_path)
    (tmp_path / "empty.py").write_text("x = [1, 2]")
    with pytest.raises(ValueError, match=r"empty.py defines no claim \(decorate a bound with optlab.claim\)"):
        ol.claims.load_file(tmp_path / "empty.py")
    (tmp_path / "claims.txt").write_text("x = 1")
    with pytest.raises(ValueError, match=r"claims.txt is not a Python file"):
        ol.claims.load_file(tmp_path / "claims.txt")
    (tmp_path / "twice.py").write_text(
        "from optlab.claims import Case, Claim\n"
        "a, b = (Claim('u/same', 's', 'derived here', 'pathwise', [Case('c', None)]) for _ in range(2))\n"
        "also_a = [a, a]\n"
    )
    with pytest.raises(ValueError, match=r"two claims have the same id: u/same$"):
        ol.claims.load_file(tmp_path / "twice.py")
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        ol.claims.load_file(tmp_path / "broken.py")


def test_two_files_of_one_name_do_not_disturb_each_other(tmp_path):
    files = []
    for folder in "ab":
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "mine.py")
        files[-1].write_text(
            "from optlab.claims import Case, Claim\n"
            f"c = Claim('u/{folder}', 's', 'derived here', 'pathwise', [Case('c', None)])\n"
        )
    assert [ol.claims.load_file(f)[0].id for f in files] == ["u/a", "u/b"]
    assert len([name for name in sys.modules if name.startswith("optlab_user_claims_")]) >= 2


@pytest.fixture
def library(monkeypatch):
    ids = ["nlgd/C10", "base/nesterov", "nlgd/C2", "nlgd/C4a", "base/gd-convex", "eig/rate"]
    claims = tuple(sorted((make(i) for i in ids), key=registry._rank))
    monkeypatch.setattr(registry, "all_claims", lambda: claims)
    return claims


def test_the_library_is_sorted_as_people_count(library):
    assert [c.id for c in library] == ["base/gd-convex", "base/nesterov", "eig/rate", "nlgd/C2", "nlgd/C4a", "nlgd/C10"]


@pytest.mark.parametrize(
    ("targets", "ids"),
    [
        (("nlgd",), ["nlgd/C2", "nlgd/C4a", "nlgd/C10"]),
        (("base/gd-*",), ["base/gd-convex"]),
        (("*/C?",), ["nlgd/C2"]),
        (("eig/rate", "base", "eig"), ["eig/rate", "base/gd-convex", "base/nesterov"]),
        ((), ["base/gd-convex", "base/nesterov", "eig/rate", "nlgd/C2", "nlgd/C4a", "nlgd/C10"]),
    ],
)
def test_patterns(library, targets, ids):
    assert [c.id for c in registry.resolve(targets)] == ids


def test_files_and_objects_and_what_is_neither(library):
    mine = make("my/own")
    assert [c.id for c in registry.resolve([mine, str(FILE), FILE, mine])] == ["my/own", *IDS]
    with pytest.raises(ValueError, match=r"no claim matches 'NLGD'; methods: base, eig, nlgd \(see `optlab list`\)"):
        registry.resolve(["NLGD"])
    with pytest.raises(TypeError, match="a target is a claim, a pattern or a file name, got int"):
        registry.resolve([3])


def test_the_library_has_unique_ids_and_finds_each_claim_again():
    claims = ol.claims.all_claims()
    assert len({c.id for c in claims}) == len(claims) and {c.origin for c in claims} <= {"library"}
    for claim in claims[:3]:
        assert registry.load(claim.id, "library") is claim


# the runner


def test_an_outcome_with_its_controls():
    claim = make(controls=[Control("bound / 100", bound=lambda k, c: 0.1 * 0.6**k)])
    outcome = claim.check()
    assert outcome.verdict is Verdict.SUPPORTED and outcome.control.verdict is Verdict.REFUTED
    assert outcome.as_expected and outcome.power_shown and not outcome.falls_short and outcome.headline == "SUPPORTED"
    assert outcome.seeds == 1 and outcome.problems == ("Bowl: bowl",) and outcome.skipped == () and outcome.seconds > 0
    (series,) = outcome.series
    assert series.label == "bowl" and series.axis == list(range(10)) and series.low == series.mid == series.high
    row = json.loads(json.dumps(outcome.row(), allow_nan=False))
    assert row["verdict"] == row["expected"] == "SUPPORTED" and row["control"] == {
        "description": "bound / 100",
        "verdict": "REFUTED",
    }
    assert row["ratio"] == outcome.judgement.ratio and row["ci"] == list(outcome.judgement.ci) and row["error"] == ""
    assert (row["id"], row["method"], row["kind"], row["seeds"], row["axis"]) == (
        "a/b",
        "a",
        "pathwise",
        1,
        "iteration",
    )


def test_supported_without_power_falls_short():
    weak = Control("nothing to speak of", bound=lambda k, c: 1e9)
    strong = Control("bound / 100", bound=lambda k, c: 0.1 * 0.6**k)
    outcome = make().check()
    assert outcome.falls_short and outcome.control is None and outcome.headline == "SUPPORTED, power not shown"
    outcome = make(controls=[strong, weak]).check()
    assert outcome.falls_short and outcome.control.description == "nothing to speak of"
    assert make(controls=[strong, strong]).check().control.description == "bound / 100; bound / 100"
    refuted = make(bound=lambda k, c: 0.0).check()
    assert refuted.verdict is Verdict.REFUTED and not refuted.falls_short and not refuted.as_expected
    assert make(bound=lambda k, c: 0.0, expected="REFUTED", reason="it is false").check().as_expected


def test_controls_ignore_the_assumptions_and_may_have_seeds_of_their_own():
    sound = ol.claims.Assumption("not sabotaged", lambda problem, case: case.name != "sabotaged")
    drawn = []

    def measured(case, problem, seed):
        drawn.append(case.name)
        return Measurement(1.0, 2.0)

    control = Control("sabotaged", cases=[Case("sabotaged", Bowl())], seeds={"quick": 3, "standard": 5, "full": 7})
    outcome = make(measured=measured, bound=lambda k, c: 3.0, assumptions=[sound], controls=[control], seeds=2).check()
    assert outcome.verdict is Verdict.SUPPORTED and outcome.control.verdict is Verdict.SUPPORTED
    assert drawn == ["bowl"] * 2 + ["sabotaged"] * 3 and outcome.skipped == ()
    drawn.clear()
    never = ol.claims.Assumption("never", lambda problem, case: False)
    outcome = make(measured=measured, bound=lambda k, c: 3.0, assumptions=[never], controls=[control]).check()
    assert outcome.verdict is Verdict.NOT_APPLICABLE and outcome.controls == () and not drawn
    assert outcome.skipped == ("bowl (never)",) and outcome.problems == ()
    drawn.clear()
    other = Control("other", bound=lambda k, c: 0.5)
    make(measured=measured, bound=lambda k, c: 3.0, controls=[other], seeds=2).check(seeds=4)
    assert drawn == ["bowl"] * 8


def test_crashes_are_errors_and_never_lost():
    outcome = make(measured=lambda *a: 1 / 0).check()
    assert outcome.verdict is Verdict.ERROR and outcome.judgement.message == "ZeroDivisionError: division by zero"
    assert "Traceback" in outcome.error and not outcome.as_expected and outcome.headline == "ERROR"
    assert outcome.row()["statistic"] is None
    crashing = Control("crashes", measured=lambda *a: 1 / 0)
    outcome = make(controls=[crashing]).check()
    assert outcome.verdict is Verdict.SUPPORTED and outcome.control.verdict is Verdict.ERROR and outcome.falls_short
    assert outcome.control.message == "ZeroDivisionError: division by zero"

    def interrupted(*a):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(measured=interrupted).check()


def test_a_claim_has_one_root_and_shares_it_with_its_controls():
    seen = []

    def measured(case, problem, seed):
        seen.append(tuple(seed.generate_state(2)))
        return Measurement(1.0, 1.0)

    same = Control("same", options={"slack": -1.0})
    make(measured=measured, bound=lambda k, c: 1.0, controls=[same], seeds=3).check()
    assert seen[:3] == seen[3:] and len(set(seen)) == 3
    make("other/id", measured=measured, bound=lambda k, c: 1.0, seeds=3).check()
    make(measured=measured, bound=lambda k, c: 1.0, seeds=3).check(rng=1)
    assert len(set(seen)) == 9


def strip(outcome):
    row = outcome.row()
    return {k: v for k, v in row.items() if k not in ("seconds", "error")}, outcome.series


def test_two_workers_find_what_one_finds():
    claims = list(ol.claims.load_file(FILE)) + [make("lambda/claim", bound=lambda k, c: 10 * 0.6**k, seeds=2)]
    one = {o.claim.id: strip(o) for o in check_all(claims, "quick", None, 1, 0)}
    two = {o.claim.id: strip(o) for o in check_all(claims, "quick", None, 2, 0)}
    assert list(one) == [*IDS, "lambda/claim"] and one == two
    assert {i: row["verdict"] for i, (row, _) in one.items()} == {
        "user/mean": "SUPPORTED", "user/crash": "ERROR", "user/item0": "SUPPORTED", "user/item1": "SUPPORTED",
        "lambda/claim": "SUPPORTED",
    }  # fmt: skip
    assert one["user/mean"][0]["control"]["verdict"] == "REFUTED" and one["user/mean"][0]["seeds"] == 16


def test_outcomes_come_one_by_one():
    outcomes = check_all([make("a/one"), make("a/two")], "quick", 3, 1, 0)
    assert next(outcomes).claim.id == "a/one" and next(outcomes).seeds == 3


def test_series_of_curves_and_of_single_points():
    cases = [Case(f"case {i}", Bowl(), Noisy(), 300, record=1, tight=i == 7) for i in range(8)]
    outcome = check(make(cases=cases, bound=lambda k, c: 1e3, seeds=2), "quick", None, 0)
    assert len(outcome.series) == 6 and outcome.series[0].label == "case 7"
    series = outcome.series[0]
    assert len(series.axis) <= 120 and series.axis[0] == 0 and series.axis[-1] == 300
    assert (
        all(a <= m <= b for a, m, b in zip(series.low, series.mid, series.high, strict=True))
        and series.low != series.high
    )
    points = [Case(f"n={n}", Bowl(), params={"n": n}) for n in (10, 20, 40)]
    measured = lambda case, problem, seed: Measurement(case.params["n"], 2.0 * case.params["n"])  # noqa: E731
    (series,) = check(make(cases=points, measured=measured, bound=lambda n, c: 3 * n), "quick", None, 0).series
    assert series.axis == [10, 20, 40] and series.mid == [20, 40, 80] and series.bound == [30, 60, 120]
    assert series.label == "n=10; n=20; n=40"
    (series,) = check(
        make(cases=points, measured=lambda *a: Measurement(1.0, 2.0), bound=lambda n, c: 3.0), "quick", None, 0
    ).series
    assert series.axis == [1.0, 2.0, 3.0]


def test_summarise():
    good, bad = ControlOutcome("good", Verdict.REFUTED, "m"), ControlOutcome("bad", Verdict.INCONCLUSIVE)
    assert summarise([]) is None and summarise([good, bad]) is bad and summarise([good]).refuted
    assert summarise([good, good]) == ControlOutcome("good; good", Verdict.REFUTED, "m")


def test_rows_hold_no_infinities():
    row = Outcome(make(), Judgement(Verdict.REFUTED, math.inf, math.nan, -math.inf, (1.0, math.inf))).row()
    assert [row[k] for k in ("statistic", "bound", "ratio", "ci")] == [None, None, None, [1.0, None]]
    assert row["control"] is None and row["controls"] == []


def test_the_same_verdicts_for_every_seed():
    for claim in (c for c in ol.claims.load_file(FILE) if c.id == "user/mean"):
        for rng in np.random.default_rng().integers(0, 2**31, 3):
            assert claim.check(seeds=64, rng=int(rng)).verdict is Verdict.SUPPORTED
