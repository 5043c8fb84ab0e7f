"""The level of the judges: wrong verdicts are no more frequent than promised, on synthetic data of known truth.

Counts are compared with a quantile of the binomial that a correct judge passes once in a thousand million times, so any
seed passes.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "judges_calibration.py"
spec = importlib.util.spec_from_file_location("judges_calibration", BENCHMARK)
calibration = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = calibration
spec.loader.exec_module(calibration)

NAMES = [f"{s.kind}: {s.name}" for s in calibration.SETTINGS]


def studies(setting):
    return (
        1 if setting.level == 0.0 else {"expectation": 200, "comparison": 200, "probability": 60}.get(setting.kind, 20)
    )


@pytest.mark.parametrize(
    "setting", [s for s in calibration.SETTINGS if s.level is not None], ids=lambda s: f"{s.kind}: {s.name}"
)
def test_wrong_verdicts_are_as_rare_as_promised(setting):
    n = studies(setting)
    row = calibration.calibrate(setting, n, np.random.SeedSequence())
    wrong = row["false_alarm"] if setting.holds else row["miss"]
    assert round(wrong * n) <= stats.binom.ppf(1 - 1e-9, n, setting.level)


@pytest.mark.parametrize(
    "name",
    [
        "expectation: mean = 0.8 bound, normal, sd 0.3, 64 seeds",
        "expectation: mean = 1.2 bound, normal, sd 0.3, 64 seeds",
        "probability: violations 0.01 against 0.1, 256 seeds",
        "probability: violations 0.4 against 0.1, 64 seeds",
        "exponent: excess 0, 16 seeds, 20% noise",
        "exponent: excess 0.3, 16 seeds, 20% noise",
        "exponent: log k times the bound, exact",
        "scaling: slope 2.3, claimed at most 2, 16 seed(s), noise 0.1",
        "scaling: slope 1.7, claimed equal to 2, 16 seed(s), noise 0.1",
        "scaling: slope 2, claimed equal to 2, 16 seed(s), noise 0.1",
        "comparison: geometric mean ratio 0.8, 32 pairs",
        "comparison: geometric mean ratio 1.2, 32 pairs",
    ],
)
def test_clear_cases_are_decided(name):
    setting = calibration.SETTINGS[NAMES.index(name)]
    row = calibration.calibrate(setting, 20, np.random.SeedSequence())
    assert row["power"] >= 0.7  # nearly 1 in the table of the documentation


def test_the_table(tmp_path, capsys, monkeypatch):
    some = [calibration.SETTINGS[0], calibration.SETTINGS[-2]]
    monkeypatch.setattr(calibration, "SETTINGS", some)
    arguments = ["judges_calibration.py", "--quick", "--json", str(tmp_path / "j"), "--markdown", str(tmp_path / "m")]
    monkeypatch.setattr(sys, "argv", arguments)
    calibration.main()
    assert "100 studies a row" in capsys.readouterr().out
    text = (tmp_path / "m").read_text(encoding="utf-8")
    assert text.count("\n| ") == 4 and "**expectation**" in text and "**exactness**" in text
    assert '"results"' in (tmp_path / "j").read_text(encoding="utf-8")
