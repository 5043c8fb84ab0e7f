"""The terminal table: every claim, whatever the width; nothing that matters is lost when columns give way."""

import re

import pytest

import optlab as ol
from optlab.report.terminal import table, text
from optlab.report.wording import duration, evidence, short


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_every_claim_and_no_line_too_long(record, width):
    shown = text(record, width)
    assert all(len(line) <= width for line in shown.splitlines())
    for row in record["claims"]:
        assert re.search(rf"^{re.escape(row['id'])} ", shown, re.MULTILINE), row["id"]


def test_columns_give_way(record):
    wide, narrow = text(record, 200).splitlines()[0], text(record, 80).splitlines()[0]
    assert {"claim", "kind", "verdict", "seeds", "control", "s"} <= set(wide.split())
    assert "verdict" in narrow
    assert "seeds" not in narrow


def test_what_a_reader_must_not_miss(verification):
    shown = str(verification)
    unexpected, _, rest = shown.partition("Not as expected")[2].partition("Supported, power not shown")
    short_of, _, known = rest.partition("As expected\n")
    short_of = " ".join(short_of.split())  # wrapped at the width of whatever terminal there is
    for name in ("refuted", "wrongly-supported", "few-seeds", "crash", "not-applicable", "infinite", "nan"):
        assert f"mine/{name}:" in unexpected
    assert "mine/no-power: SUPPORTED. No negative control" in short_of
    assert 'The control "twice the bound" came back SUPPORTED, not REFUTED.' in short_of
    assert "mine/known-false: REFUTED. It is off by a tenth." in known
    assert "verdicts are not as expected." in shown
    assert not re.search(r"mine/supported:", shown)


def test_a_good_run_has_no_alarm(claims):
    shown = str(ol.verify(claims["supported"], progress=False))
    assert shown.endswith("The verdict is as expected.")
    assert "✓ SUPPORTED" in shown
    assert "all 2 refuted" in shown


def test_falling_short_is_in_the_headline(claims):
    shown = str(ol.verify(claims["supported"], claims["no-power"], claims["bad-control"], progress=False))
    assert "All 3 verdicts are as expected, but 2 without power shown." in shown
    assert "The verdict is as expected, but power is not shown." in str(ol.verify(claims["no-power"], progress=False))


def test_colour_is_never_the_only_sign(record):
    signs = {"SUPPORTED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?", "NOT_APPLICABLE": "–", "ERROR": "!"}
    shown = text(record, 200)
    for row in record["claims"]:
        assert f"{signs[row['verdict']]} {row['verdict'].replace('_', ' ')}" in shown


def test_markup_in_names_is_text(record):
    row = {**record["claims"][0], "id": "mine/[red]x[/red]", "as_expected": False, "message": "[bold]no[/bold]"}
    shown = text({**record, "claims": [row]}, 200)
    assert "mine/[red]x[/red]" in shown
    assert "[bold]no[/bold]" in shown


def test_quiet_is_the_summary(record):
    from rich.console import Console

    console = Console(width=200, record=True, file=open("/dev/null", "w"))
    console.print(table(record, 200, quiet=True))
    shown = console.export_text()
    assert "claims in" in shown
    assert "ratio, interval" not in shown
    console.file.close()


ROW = {"kind": "pathwise", "verdict": "SUPPORTED", "statistic": 1.0, "bound": 2.0, "ratio": 0.5, "ci": [0.5, 0.5]}
SLOPE = {"kind": "exponent", "statistic": -1.02, "bound": -1.0, "ci": [-1.1, -0.9]}
SHARE = {"kind": "probability", "statistic": 0.02, "bound": 0.1, "ci": [0.0, 0.06]}


@pytest.mark.parametrize(
    ("fields", "cells"),
    [
        ({}, ("1 ≤ 2", "0.5")),
        ({"statistic": 3.0, "ratio": 1.5, "verdict": "REFUTED"}, ("3 > 2", "1.5")),
        ({"kind": "lower", "statistic": 3.0, "ratio": 1.5}, ("3 ≥ 2", "1.5")),
        ({"statistic": 2.0 + 1e-12, "ratio": 1.0}, ("2 = 2", "1")),
        ({"kind": "comparison", "statistic": 3.0, "ratio": 1.5, "ci": [1.4, 1.6]}, ("3 against 2", "1.5 [1.4, 1.6]")),
        (SLOPE, ("slope −1.02, claimed −1", "[−1.1, −0.9]")),
        (SHARE, ("share 0.02, allowed 0.1", "[0, 0.06]")),
        ({"kind": "exactness", "ci": [1e-16, 1e-16]}, ("1 for 2", "off by 1e−16")),
        ({"statistic": None, "bound": None, "ratio": None, "ci": [None, None]}, ("", "")),
        ({"statistic": None, "ratio": None, "ci": [None, None]}, ("– against 2", "")),
    ],
)
def test_evidence(fields, cells):
    assert evidence(ROW | fields) == cells


def test_numbers_and_times():
    assert [short(v) for v in (None, 0.0061728, 27631.0, 1e-13, -2.5)] == ["–", "0.006173", "27631", "1e−13", "−2.5"]
    assert [duration(t) for t in (0.01, 2.34, 51.2, 124.0)] == ["< 0.1 s", "2.3 s", "51 s", "2 min 04 s"]
