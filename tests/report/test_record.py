"""The record: schema 1, everything the reports need, and the way through a JSON file and back."""

import json

import pytest

import optlab as ol
from optlab.report.record import as_record, load_record

KEYS = {
    *("id", "method", "source", "statement", "kind", "verdict", "expected", "statistic", "bound", "ratio", "ci"),
    *("seeds", "axis", "problem", "control", "seconds"),
}


def test_schema(record):
    assert record["schema"] == 1
    assert {"python", "numpy", "optlab-toolkit"} <= set(record["environment"])
    for row in record["claims"]:
        assert set(row) >= KEYS
        assert row["control"] is None or set(row["control"]) == {"description", "verdict"}
        assert len(row["ci"]) == 2


def test_json_is_strict_and_complete(verification, record, tmp_path):
    path = tmp_path / "deep" / "claims.json"
    text = verification.to_json(path)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    assert json.loads(text, parse_constant=refuse) == json.loads(json.dumps(record))
    assert path.read_text(encoding="utf-8") == text
    assert load_record(path) == json.loads(text)


def test_curves_take_a_line_each(verification):
    lines = verification.to_json().splitlines()
    assert sum('"axis": [' in line and "]" in line for line in lines) > 10
    assert len(lines) < 120 * len(verification)


def test_hostile_text_survives_the_layout_of_numbers(verification, record):
    assert json.loads(verification.to_json())["claims"][7]["statement"] == record["claims"][7]["statement"]


def test_a_file_with_the_keys_of_the_design_only(record, tmp_path):
    lean = {**record, "claims": [{name: row[name] for name in KEYS} for row in record["claims"]]}
    again = as_record(lean)
    for row, old in zip(again["claims"], record["claims"], strict=True):
        assert {name: row[name] for name in ("as_expected", "falls_short", "rule", "asserts")} == {
            name: old[name] for name in ("as_expected", "falls_short", "rule", "asserts")
        }
    from optlab.report.html import page

    assert "mine/supported" in page(lean)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a JSON file"),
        ("[]", "not a report of"),
        ('{"schema": 2, "claims": []}', "not a report of"),
        ('{"schema": 1, "claims": [3]}', "claim 1: expected an object"),
        ('{"schema": 1, "claims": [{"id": "a/b"}]}', "claim 1: method, .* missing"),
    ],
)
def test_other_files_are_refused(content, message, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_record(path)


def test_an_unknown_verdict_is_refused(record):
    broken = {**record, "claims": [{**record["claims"][0], "verdict": "PROVED"}]}
    with pytest.raises(ValueError, match=r"verdict must be one of .* got 'PROVED'"):
        as_record(broken)


def test_commands_repeat_what_they_name(record, claims):
    rows = {row["id"]: row for row in record["claims"]}
    assert rows["mine/supported"]["command"] == "ol.verify(claim, budget='quick')  # claim: the object mine/supported"
    verification = ol.verify(claims["supported"], budget="standard", seeds=2, rng=7, progress=False)
    assert verification.command == verification.to_dict()["claims"][0]["command"]
    assert verification.command.startswith("ol.verify(claim, budget='standard', seeds=2, rng=7)")
