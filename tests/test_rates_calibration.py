"""Coverage and wrong choices of `optlab.rates.fit` over random curves of known truth (benchmarks/rates_calibration.py).

The thresholds are far out in the binomial tails of the rates the full study shows, so any seed passes.
"""

import importlib.util
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[1] / "benchmarks" / "rates_calibration.py"
_spec = importlib.util.spec_from_file_location("rates_calibration", _SCRIPT)
calibration = importlib.util.module_from_spec(_spec)
sys.modules["rates_calibration"] = calibration  # its dataclass looks its module up there
_spec.loader.exec_module(calibration)

RUNS = 25
# Where declining is the right answer more often than not: nothing of the asymptotic law can be seen.
DECLINED = {"k^-1 + 1e-6, to k=1e6", "(1+0.5 sin(log k))/k", "random walk of log", "exp(-sqrt k)"}
# A drift that the noise hides cannot be charged to the interval: known under-coverage, kept in the table.
HIDDEN_DRIFT = {"log k / k, 10% noise", "log k / k, 50% noise"}
OFTEN_DECLINED = {"1/(k+100)", "1/(k+100), 10% noise", "k^-1 + N(0, 1e-3)"}


@pytest.mark.parametrize("case", calibration.CASES, ids=lambda case: case.name)
def test_calibration(case):
    row = calibration.study(case, RUNS, seed=1)
    assert row["wrong"] <= 0.12
    if case.name in DECLINED:
        assert row["fitted"] <= 0.2
    elif case.name in OFTEN_DECLINED:
        assert row["fitted"] >= 0.1
    else:
        assert row["fitted"] >= 0.75
        assert row["coverage"] >= (0.3 if case.name in HIDDEN_DRIFT else 0.68)


@pytest.mark.parametrize(
    ("name", "most"), [("k^-1, 10% noise", 0.04), ("0.9^k, 10% noise", 5e-4), ("0.999^k, 10% noise", 1e-4)]
)
def test_coverage_is_not_bought_by_width(name, most):
    """About twice the width of textbook intervals that are told the law, the window and independence."""
    case = next(case for case in calibration.CASES if case.name == name)
    assert calibration.study(case, RUNS, seed=2)["width"] < most


def test_textbook_least_squares_fails_where_ours_holds():
    """Power of the comparison: the traps are real."""
    for name in ("log k / k", "1/max(k,100)", "k^-1 + 1e-6, to k=1e8", "k^-1, AR(0.9) noise"):
        case = next(case for case in calibration.CASES if case.name == name)
        row = calibration.study(case, RUNS, seed=3)
        assert row["naive"] < 0.7 < row["coverage"]
