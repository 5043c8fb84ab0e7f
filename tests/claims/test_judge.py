"""Each judge on data of known truth: clear cases, edges of the tolerance, broken input."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optlab.claims import KINDS, CaseData
from optlab.claims.judge import JUDGES, Judgement
from optlab.claims.judge_means import clopper_pearson
from optlab.claims.judge_slopes import slope_verdict
from optlab.claims.study import Sample

from .synthetic import a_claim, case_data, verdict

rng = np.random.default_rng  # tests draw their own data: any seed passes
OPTIONS = {"probability": {"delta": 0.1}}


def test_every_kind_has_its_judge():
    assert list(JUDGES) == list(KINDS) and all(judge.__doc__ for judge in JUDGES.values())


@pytest.mark.parametrize("kind", JUDGES)
def test_nothing_measured_is_inconclusive(kind):
    options = OPTIONS.get(kind, {})
    empty = case_data(np.ones((1, 1)))
    empty.samples = []
    assert verdict(kind, empty, **options).verdict.name == "INCONCLUSIVE"
    assert isinstance(verdict(kind, [empty, empty], **options), Judgement)


@pytest.mark.parametrize("kind", JUDGES)
@pytest.mark.parametrize("where", ["value", "bound"])
def test_nan_is_inconclusive(kind, where):
    values, bound = np.full((50, 8), 0.5), np.ones((50, 8))
    (values if where == "value" else bound)[3, 4] = np.nan
    axis = np.geomspace(1, 100, 8)
    found = verdict(kind, case_data(values, bound, axis), **OPTIONS.get(kind, {}))
    assert found.verdict.name == "INCONCLUSIVE"
    fine = case_data(np.full((50, 8), 0.5), 1.0, axis)
    again = verdict(kind, [fine, case_data(values, bound, axis, name="broken")], **OPTIONS.get(kind, {}))
    assert again.verdict.name == "INCONCLUSIVE"


@pytest.mark.parametrize("kind", JUDGES)
def test_a_case_whose_assumptions_fail_is_left_out(kind):
    good = case_data(np.full((50, 8), 1.0), 1.0, np.geomspace(1, 100, 8))
    bad = case_data(np.full((50, 8), 1e9), 1.0, np.geomspace(1, 100, 8))
    bad.failed = ["convexity", "smoothness"]
    options = OPTIONS.get(kind, {})
    assert verdict(kind, [good, bad], **options).verdict == verdict(kind, good, **options).verdict
    found = verdict(kind, bad, **options)
    assert found.verdict.name == "NOT_APPLICABLE" and found.message == "not satisfied: convexity; smoothness"


# pathwise and lower


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("pathwise", 1.0, "SUPPORTED"),
        ("pathwise", 1.0 + 0.9e-9, "SUPPORTED"),
        ("pathwise", 1.0 + 1.1e-9, "REFUTED"),
        ("pathwise", 0.0, "SUPPORTED"),
        ("pathwise", math.inf, "REFUTED"),
        ("pathwise", -math.inf, "SUPPORTED"),
        ("lower", 1.0, "SUPPORTED"),
        ("lower", 1.0 - 0.9e-9, "SUPPORTED"),
        ("lower", 1.0 - 1.1e-9, "REFUTED"),
        ("lower", 7.0, "SUPPORTED"),
        ("lower", math.inf, "SUPPORTED"),
        ("lower", -math.inf, "REFUTED"),
    ],
)
def test_the_most_unfavourable_point_decides(kind, value, expected):
    easy = 0.5 if kind == "pathwise" else 2.0
    values = np.full((3, 5), easy)
    values[1, 2] = value
    found = verdict(kind, case_data(values, 1.0, [0, 1, 2, 4, 8]))
    assert found.verdict.name == expected
    extreme = max(easy, value) if kind == "pathwise" else min(easy, value)
    assert found.ratio == found.statistic == extreme and found.bound == 1.0 and found.ci == (extreme, extreme)
    if extreme == value:
        assert "(case, 2)" in found.message and ("violates" in found.message) is (expected == "REFUTED")
    assert ("largest" if kind == "pathwise" else "smallest") in found.message


def test_the_worst_of_several_cases_decides():
    data = [
        case_data([[0.5, 0.6]], name="easy"),
        case_data([[0.9], [1.5]], name="hard"),
        case_data([[0.7]], name="late"),
    ]
    found = verdict("pathwise", data)
    assert (found.verdict.name, found.ratio) == ("REFUTED", 1.5) and "hard, 1" in found.message
    found = verdict("lower", data)
    assert (found.verdict.name, found.ratio) == ("REFUTED", 0.5) and "easy, 1" in found.message


@pytest.mark.parametrize("slack", [0.0, 1e-3, 0.5])
def test_slack(slack):
    for sign, kind in ((1, "pathwise"), (-1, "lower")):
        assert verdict(kind, case_data([[1 + sign * 0.99 * slack]]), slack=slack).verdict.name == "SUPPORTED"
        assert verdict(kind, case_data([[1 + sign * (1.01 * slack + 1e-12)]]), slack=slack).verdict.name == "REFUTED"


def test_under_the_floor_nothing_is_looked_at():
    floor = {"floor": 1e-12}
    for value, bound in ((1e-13, 1e-20), (1e-13, 0.0), (-1e-13, -1e-14), (1e-20, 1e-13)):
        assert verdict("pathwise", case_data([[value]], bound), **floor).verdict.name == "SUPPORTED"
        assert verdict("lower", case_data([[value]], bound), **floor).verdict.name == "SUPPORTED"
    assert verdict("pathwise", case_data([[1e-13]], 1e-20)).verdict.name == "REFUTED"
    assert verdict("pathwise", case_data([[2e-12]], 1e-20), **floor).verdict.name == "REFUTED"
    assert verdict("pathwise", case_data([[0.9e-12]], 0.5e-12), **floor).ratio == 0.9
    assert verdict("lower", case_data([[0.5e-12]], 3e-12), **floor).verdict.name == "REFUTED"
    assert verdict("lower", case_data([[-5.0]], 0.0), **floor).verdict.name == "REFUTED"


@pytest.mark.parametrize(
    ("value", "bound", "upper", "lower"),
    [
        (0.0, 0.0, True, True),
        (1e-300, 0.0, False, True),
        (-1.0, 0.0, True, False),
        (-5.0, -3.0, True, False),
        (-1.0, -3.0, False, True),
        (-3.0, -3.0, True, True),
        (2.0, -3.0, False, True),
        (math.inf, math.inf, True, True),
        (-math.inf, -math.inf, True, True),
        (5.0, math.inf, True, False),
        (math.inf, -math.inf, False, True),
        (-math.inf, math.inf, True, False),
        (-5.0, 3.0, True, False),
    ],
)
def test_zero_negative_and_infinite_bounds(value, bound, upper, lower):
    assert (verdict("pathwise", case_data([[value]], bound)).verdict.name == "SUPPORTED") is upper
    assert (verdict("lower", case_data([[value]], bound)).verdict.name == "SUPPORTED") is lower


@given(
    value=st.floats(-1e6, 1e6, allow_subnormal=False),
    bound=st.floats(-1e6, 1e6, allow_subnormal=False),
    floor=st.sampled_from([0.0, 1e-9]),
)
def test_pathwise_is_the_inequality(value, bound, floor):
    gap = (value - bound) / max(abs(bound), 1e-300)
    if abs(gap) > 1e-6 and max(abs(value), abs(bound)) > 1e-6 and (bound > 1e-6 or bound < 0 or value != 0):
        found = verdict("pathwise", case_data([[value]], bound), floor=floor)
        assert (found.verdict.name == "SUPPORTED") is (value <= max(bound, floor) if bound >= 0 else value <= bound)


def test_a_hidden_violation_beside_an_infinite_bound_is_found():
    assert verdict("pathwise", case_data([[math.inf, 5.0]], [math.inf, 1.0])).verdict.name == "REFUTED"
    assert verdict("lower", case_data([[math.inf, 0.5]], [math.inf, 1.0])).verdict.name == "REFUTED"


# expectation


def noisy(mean, seeds=64, points=3, scale=0.1, seed=None):
    return mean + scale * rng(seed).standard_normal((seeds, points)) / 3


@pytest.mark.parametrize(("mean", "expected"), [(0.7, "SUPPORTED"), (1.0, "INCONCLUSIVE"), (1.4, "REFUTED")])
def test_means(mean, expected):
    values = noisy(mean) - noisy(mean).mean(axis=0) + mean if mean != 1.0 else np.array([[0.0, 1.0], [2.0, 1.0]] * 20)
    found = verdict("expectation", case_data(values))
    assert found.verdict.name == expected
    assert found.ci[0] <= found.ratio <= found.ci[1] and "checkpoints" in found.message
    if mean != 1.0:
        assert found.ratio == pytest.approx(mean, abs=0.1) and found.bound == 1.0


def test_the_mean_decides_and_not_the_worst_run():
    values = np.full((40, 1), 0.2)
    values[0] = 3.0
    assert verdict("expectation", case_data(values)).verdict.name == "SUPPORTED"
    assert verdict("pathwise", case_data(values)).verdict.name == "REFUTED"


def test_the_interval_is_student_s_corrected_for_the_checkpoints():
    values = noisy(0.5, seeds=20, points=4, seed=1)
    values[:, 2] += 0.2
    found = verdict("expectation", [case_data(values), case_data(noisy(0.1, 10, 6))], alpha=0.05)
    column = values[:, 2]
    half = stats.t.ppf(1 - 0.05 / 10, 19) * column.std(ddof=1) / math.sqrt(20)
    assert found.ci == pytest.approx((column.mean() - half, column.mean() + half))
    assert found.statistic == found.ratio == pytest.approx(column.mean())
    assert "10 checkpoints, 20 seeds" in found.message and " at 3 on case" in found.message


def test_one_refuted_checkpoint_refutes_and_one_open_leaves_open():
    values = np.hstack([noisy(0.2, points=2), noisy(2.0, points=1), noisy(0.2, points=2)])
    found = verdict("expectation", case_data(values))
    assert found.verdict.name == "REFUTED" and found.ratio == pytest.approx(2.0, abs=0.1)
    open_ = case_data([[0.0], [2.0]] * 16, name="open")
    assert verdict("expectation", [case_data(noisy(0.2)), open_]).verdict.name == "INCONCLUSIVE"
    assert verdict("expectation", [case_data(noisy(3.0), name="bad"), open_]).verdict.name == "REFUTED"
    found = verdict("expectation", [open_, case_data(noisy(3.0), name="bad"), case_data(noisy(0.1))])
    assert found.verdict.name == "REFUTED" and "bad" in found.message


def test_a_mean_needs_eight_seeds_at_the_same_points():
    assert (
        verdict("expectation", case_data(noisy(0.2, seeds=7))).message == "a claim about a mean needs at least 8 seeds"
    )
    assert verdict("expectation", case_data(noisy(0.2, seeds=8))).verdict.name == "SUPPORTED"
    data = case_data(noisy(0.2))
    data.samples[3] = Sample(data.samples[3].axis + 1, data.samples[3].value, data.samples[3].bound)
    assert "different points" in verdict("expectation", data).message
    data.samples[3] = Sample(np.ones(1), np.ones(1), np.ones(1))
    assert verdict("expectation", data).verdict.name == "INCONCLUSIVE"
    few = case_data(noisy(0.2, seeds=7), name="few")
    assert verdict("expectation", [case_data(noisy(0.2)), few]).verdict.name == "INCONCLUSIVE"


def test_a_deterministic_mean_is_decided_exactly():
    for value, expected in ((1.0, "SUPPORTED"), (1.0 - 1e-12, "SUPPORTED"), (1.0 + 1e-6, "REFUTED")):
        assert verdict("expectation", case_data(np.full((8, 2), value))).verdict.name == expected
    assert verdict("expectation", case_data(np.full((8, 2), 1.05)), slack=0.1).verdict.name == "SUPPORTED"
    assert verdict("expectation", case_data(np.full((8, 2), 1.05)), slack=0.01).verdict.name == "REFUTED"
    assert verdict("expectation", case_data(np.full((8, 2), 1e-14), 1e-20), floor=1e-12).verdict.name == "SUPPORTED"


def test_infinite_means():
    values = noisy(0.2)
    values[5, 1] = math.inf
    assert verdict("expectation", case_data(values)).verdict.name == "REFUTED"
    values[5, 1] = -math.inf
    assert verdict("expectation", case_data(values)).verdict.name == "INCONCLUSIVE"


def test_a_mean_against_zero_and_against_a_negative_bound():
    sway = np.tile([[-0.5], [0.5]], (40, 1))
    for bound in (0.0, -3.0):
        for shift, expected in ((-0.5, "SUPPORTED"), (0.5, "REFUTED"), (0.0, "INCONCLUSIVE")):
            assert verdict("expectation", case_data(bound + shift + sway, bound)).verdict.name == expected


# probability


@pytest.mark.parametrize("n", [1, 5, 45, 200])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.001])
def test_clopper_pearson_inverts_the_binomial_tails(n, alpha):
    for violations in {0, 1, n // 10, n // 2, n - 1, n}:
        low, high = clopper_pearson(violations, n, alpha)
        assert 0 <= low <= violations / n <= high <= 1
        assert low == 0 if violations == 0 else stats.binom.sf(violations - 1, n, low) == pytest.approx(alpha)
        assert high == 1 if violations == n else stats.binom.cdf(violations, n, high) == pytest.approx(alpha)


def test_clopper_pearson_known_values():
    assert clopper_pearson(0, 45, 0.01) == pytest.approx((0.0, 1 - 0.01 ** (1 / 45)))
    assert clopper_pearson(10, 10, 0.05) == pytest.approx((0.05**0.1, 1.0))
    low, high = clopper_pearson(5, 50, 0.025)  # the two-sided 95 % interval of 5/50, as tabled
    assert (round(low, 4), round(high, 4)) == (0.0333, 0.2181)


def violating(count, n):
    values = np.full((n, 4), 0.5)
    values[:count, 2] = 1.5
    return case_data(values)


@pytest.mark.parametrize(
    ("count", "n", "expected"),
    [
        (0, 45, "SUPPORTED"),
        (0, 44, "INCONCLUSIVE"),
        (1, 45, "INCONCLUSIVE"),
        (1, 65, "SUPPORTED"),
        (20, 45, "REFUTED"),
        (45, 45, "REFUTED"),
        (4, 45, "INCONCLUSIVE"),
        (3, 3, "REFUTED"),
        (1, 1, "INCONCLUSIVE"),
    ],
)
def test_shares_of_violating_runs(count, n, expected):
    found = verdict("probability", violating(count, n), delta=0.1)
    assert found.verdict.name == expected
    assert found.statistic == count / n and found.bound == 0.1 and found.ratio == pytest.approx(count / n / 0.1)
    assert found.ci == clopper_pearson(count, n, 0.01)
    assert ("at least 45 seeds are needed" in found.message) is (n < 45)
    assert f"{count} violations in {n} runs on case" in found.message


def test_a_run_counts_once_however_often_it_violates():
    values = np.full((100, 6), 0.5)
    values[0] = 9.0
    found = verdict("probability", case_data(values), delta=0.1)
    assert found.statistic == 0.01 and found.verdict.name == "SUPPORTED"


def test_shares_over_several_cases():
    cases = [violating(0, 60), violating(0, 60)]
    found = verdict("probability", cases, delta=0.1)
    assert found.verdict.name == "SUPPORTED" and found.ci[1] == pytest.approx(1 - 0.005 ** (1 / 60))
    assert verdict("probability", [violating(0, 60), violating(60, 60)], delta=0.1).verdict.name == "REFUTED"
    assert verdict("probability", [violating(3, 45), violating(45, 45)], delta=0.1).verdict.name == "REFUTED"
    assert verdict("probability", [violating(0, 60), violating(5, 60)], delta=0.1).verdict.name == "INCONCLUSIVE"
    empty = violating(0, 1)
    empty.samples = []
    assert verdict("probability", [violating(0, 60), empty], delta=0.1).verdict.name == "INCONCLUSIVE"


def test_probability_slack_floor_and_level():
    close = case_data(np.full((60, 2), 1 + 1e-10))
    assert verdict("probability", close, delta=0.1).verdict.name == "SUPPORTED"
    assert verdict("probability", close, delta=0.1, slack=1e-11).verdict.name == "REFUTED"
    tiny = case_data(np.full((60, 2), 1e-14), 1e-18)
    assert verdict("probability", tiny, delta=0.1).verdict.name == "REFUTED"
    assert verdict("probability", tiny, delta=0.1, floor=1e-12).verdict.name == "SUPPORTED"
    assert verdict("probability", violating(0, 30), delta=0.1, alpha=0.05).verdict.name == "SUPPORTED"
    assert verdict("probability", violating(0, 30), delta=0.3).verdict.name == "SUPPORTED"


# exponent


AXIS = np.unique(np.geomspace(1, 10_000, 40).astype(int)).astype(float)


def power(slope, seeds=1, noise=0.0, seed=None):
    wiggle = np.exp(noise * rng(seed).standard_normal((seeds, AXIS.size)))
    return case_data(7.0 * AXIS**slope * wiggle, AXIS**-1.0, AXIS)


@pytest.mark.parametrize(
    ("slope", "expected"),
    [(-1.0, "SUPPORTED"), (-2.0, "SUPPORTED"), (-0.5, "REFUTED"), (-0.9, "REFUTED"), (-0.96, "SUPPORTED")],
)
def test_exponents(slope, expected):
    found = verdict("exponent", power(slope))
    assert found.verdict.name == expected
    assert found.statistic == pytest.approx(slope) and found.bound == pytest.approx(-1.0) and math.isnan(found.ratio)
    assert found.ci == pytest.approx((slope, slope), abs=1e-6) and f"slope {slope:.3f}" in found.message


def test_an_exponent_with_noise():
    assert verdict("exponent", power(-1.0, 30, 0.1)).verdict.name == "SUPPORTED"
    assert verdict("exponent", power(-0.6, 30, 0.1)).verdict.name == "REFUTED"
    assert verdict("exponent", power(-1.0, 8, 3.0, seed=1)).verdict.name == "INCONCLUSIVE"


def test_the_tolerance_of_an_exponent():
    assert verdict("exponent", power(-0.9), tol=0.11).verdict.name == "SUPPORTED"
    assert verdict("exponent", power(-0.96), tol=0.03).verdict.name == "REFUTED"


def test_the_window_of_an_exponent():
    values = np.where(AXIS < 100, 1.0, 100.0 / AXIS)
    assert verdict("exponent", case_data(values, 1 / AXIS, AXIS)).verdict.name == "SUPPORTED"  # default: from sqrt(max)
    assert verdict("exponent", case_data(values, 1 / AXIS, AXIS), window=(1, 100)).verdict.name == "REFUTED"
    assert verdict("exponent", case_data(values, 1 / AXIS, AXIS), window=(100, 1000)).verdict.name == "SUPPORTED"
    assert (
        "do not cover a factor 8" in verdict("exponent", case_data(values, 1 / AXIS, AXIS), window=(100, 700)).message
    )
    axis = np.append(0.0, AXIS)
    assert (
        verdict(
            "exponent", case_data(np.append(5.0, 1 / AXIS), np.append(1.0, 1 / AXIS), axis), window=(0, 1e9)
        ).verdict.name
        == "SUPPORTED"
    )


def test_an_exponent_needs_points_that_spread():
    for axis, expected in (
        ([100, 200, 300, 400, 500, 800], "SUPPORTED"),
        ([100, 200, 300, 400, 500, 799], "INCONCLUSIVE"),
        ([100, 200, 300, 400, 800], "INCONCLUSIVE"),
    ):
        axis = np.array(axis, dtype=float)
        found = verdict("exponent", case_data(1 / axis, 1 / axis, axis), window=(1, np.inf))
        assert found.verdict.name == expected


def test_zero_on_the_whole_window_is_as_fast_as_it_gets():
    zero = case_data(np.where(AXIS < 50, 1 / AXIS, 0.0), 1 / AXIS, AXIS)
    found = verdict("exponent", zero)
    assert (
        found.verdict.name == "SUPPORTED"
        and found.statistic == -math.inf
        and "zero on the whole window" in found.message
    )
    tiny = case_data(np.full(AXIS.size, 1e-15), 1 / AXIS, AXIS)
    assert verdict("exponent", tiny, floor=1e-14).verdict.name == "SUPPORTED"
    assert verdict("exponent", tiny).verdict.name == "REFUTED"
    half = case_data(np.vstack([np.zeros(AXIS.size), AXIS]), 1 / AXIS, AXIS)
    assert verdict("exponent", half).verdict.name == "INCONCLUSIVE"  # one seed at zero says nothing of the other
    assert verdict("exponent", [zero, power(-0.5)]).verdict.name == "REFUTED"


def test_the_worst_exponent_decides():
    found = verdict("exponent", [power(-1.5), power(-0.5), power(-1.0)])
    assert found.verdict.name == "REFUTED" and found.statistic == pytest.approx(-0.5)
    found = verdict("exponent", [power(-1.5), power(-1.0)])
    assert found.verdict.name == "SUPPORTED" and found.statistic == pytest.approx(-1.0)
    assert verdict("exponent", [power(-1.0), power(-1.0, 8, 3.0, seed=1)]).verdict.name == "INCONCLUSIVE"
    data = power(-1.0, 3)
    data.samples[1] = Sample(data.samples[1].axis + 1, data.samples[1].value, data.samples[1].bound)
    assert "different points" in verdict("exponent", data).message
    infinite = power(-1.0)
    infinite.samples[0].value[-1] = np.inf
    assert "not finite" in verdict("exponent", infinite).message


# scaling


def sweep_data(slope, sizes=(10, 20, 40, 80, 160), seeds=1, noise=0.0, seed=None):
    draw = rng(seed)
    values = lambda n: 3.0 * n**slope * np.exp(noise * draw.standard_normal((seeds, 1)))  # noqa: E731
    return [case_data(values(n), float(n) ** 2, [float(n)], name=f"n={n}") for n in sizes]


@pytest.mark.parametrize(
    ("slope", "upper", "both", "lower"),
    [
        (2.0, "SUPPORTED", "SUPPORTED", "SUPPORTED"),
        (1.5, "SUPPORTED", "REFUTED", "REFUTED"),
        (2.5, "REFUTED", "REFUTED", "SUPPORTED"),
        (2.04, "SUPPORTED", "SUPPORTED", "SUPPORTED"),
        (2.06, "REFUTED", "REFUTED", "SUPPORTED"),
        (1.94, "SUPPORTED", "REFUTED", "REFUTED"),
    ],
)
def test_scaling_is_one_sided_unless_theta_is_claimed(slope, upper, both, lower):
    data = sweep_data(slope)
    assert verdict("scaling", data).verdict.name == verdict("scaling", data, sides="upper").verdict.name == upper
    assert verdict("scaling", data, sides="both").verdict.name == both
    found = verdict("scaling", data, sides="lower")
    assert found.verdict.name == lower
    assert found.statistic == pytest.approx(slope) and found.bound == pytest.approx(2.0)
    assert verdict("scaling", data, tol=1.0, sides="both").verdict.name == "SUPPORTED"
    assert "1 seed each" in found.message


def test_scaling_with_noise_and_unequal_seeds():
    assert verdict("scaling", sweep_data(2.0, seeds=40, noise=0.05), sides="both").verdict.name == "SUPPORTED"
    assert verdict("scaling", sweep_data(3.0, seeds=40, noise=0.1)).verdict.name == "REFUTED"
    assert verdict("scaling", sweep_data(2.0, seeds=4, noise=2.0, seed=0), sides="both").verdict.name == "INCONCLUSIVE"
    data = sweep_data(2.0, seeds=5)
    data[0].samples.pop()
    assert "4 seeds each" in verdict("scaling", data).message


def test_a_sweep_needs_four_positive_points():
    assert "at least 4 points, got 3" in verdict("scaling", sweep_data(2.0)[:3]).message
    assert verdict("scaling", sweep_data(2.0)[:4]).verdict.name == "SUPPORTED"
    for value, bound, axis in (
        (0.0, 1.0, 320.0),
        (np.inf, 1.0, 320.0),
        (1.0, 0.0, 320.0),
        (1.0, 1.0, 0.0),
        (1.0, 1.0, -1.0),
    ):
        data = [*sweep_data(2.0), case_data([[value]], bound, [axis])]
        assert "needs positive, finite values" in verdict("scaling", data).message


# comparison


@pytest.mark.parametrize(("factor", "expected"), [(0.7, "SUPPORTED"), (1.3, "REFUTED")])
def test_comparison_is_paired(factor, expected):
    other = np.exp(3.0 * rng().standard_normal((30, 4)))  # runs differ wildly, pairs hardly
    value = factor * other * np.exp(0.02 * rng().standard_normal((30, 4)))
    found = verdict("comparison", case_data(value, other))
    assert found.verdict.name == expected and found.ratio == pytest.approx(factor, rel=0.1)
    assert (
        found.ci[0] < found.ratio < found.ci[1]
        and "geometric mean ratio" in found.message
        and "30 pairs" in found.message
    )


def test_comparison_of_signed_values_takes_differences():
    other = 5.0 * rng().standard_normal((30, 2))
    for shift, expected in ((-1.0, "SUPPORTED"), (1.0, "REFUTED")):
        found = verdict("comparison", case_data(other + shift + 0.01 * rng().standard_normal((30, 2)), other))
        assert found.verdict.name == expected and math.isnan(found.ratio) and "mean difference" in found.message
        assert found.ci[0] == pytest.approx(shift, abs=0.1)
    zero = case_data(np.zeros((30, 1)), 1.0)
    assert verdict("comparison", zero).verdict.name == "SUPPORTED"


def test_comparison_intervals_and_slack():
    other = np.ones((20, 5))
    value = np.exp(0.3 * rng(4).standard_normal((20, 5)))
    found = verdict("comparison", case_data(value, other), alpha=0.1)
    highs = np.log(value).mean(axis=0) + stats.t.ppf(1 - 0.1 / 5, 19) * np.log(value).std(axis=0, ddof=1) / math.sqrt(
        20
    )
    assert math.log(found.ci[1]) == pytest.approx(highs.max())
    for slack, expected in ((0.04, "REFUTED"), (0.06, "SUPPORTED")):
        assert verdict("comparison", case_data(1.05 * other, other), slack=slack).verdict.name == expected
        assert verdict("comparison", case_data(0.05 * other, 0 * other), slack=slack).verdict.name == expected


def test_comparison_of_deterministic_runs_needs_two_pairs_and_of_random_ones_eight():
    assert verdict("comparison", case_data([[1.0, 0.5]] * 2, [1.0, 1.0])).verdict.name == "SUPPORTED"
    assert verdict("comparison", case_data([[1.0, 1.1]] * 2, [1.0, 1.0])).verdict.name == "REFUTED"
    assert verdict("comparison", case_data([[1.0, 1.1]], [1.0, 1.0])).verdict.name == "INCONCLUSIVE"
    assert "at least 8 pairs, got 7" in verdict("comparison", case_data(0.5 + 0.01 * rng().random((7, 1)))).message
    assert verdict("comparison", case_data(0.5 + 0.01 * rng().random((8, 1)))).verdict.name == "SUPPORTED"


def test_comparison_over_cases():
    good, bad = case_data(0.5 + 0.1 * rng().random((9, 2))), case_data(2 + 0.1 * rng().random((9, 1)), name="bad")
    open_ = case_data([[0.2], [5.0]] * 6, name="open")
    assert verdict("comparison", [good, open_]).verdict.name == "INCONCLUSIVE"
    found = verdict("comparison", [good, bad, open_])
    assert found.verdict.name == "REFUTED" and "bad" in found.message
    apart = case_data(np.full((9, 2), 0.5))
    apart.samples[1] = Sample(np.ones(1), np.ones(1), np.ones(1))
    for data in (apart, [good, apart]):
        assert verdict("comparison", data).message == "nothing comparable was measured"


# exactness


def test_exactness():
    expected = np.array([0.0, 1.0, -1e6])
    for error, name in ((0.9e-9, "SUPPORTED"), (1.1e-9, "REFUTED")):
        for sign in (-1, 1):
            values = expected + np.array([0, 0, sign * error * (1 + 1e6)])
            found = verdict("exactness", case_data([values], expected, [5, 6, 7]))
            assert (
                found.verdict.name == name
                and found.ci[0] == pytest.approx(error, rel=1e-3)
                and "at 7 on case" in found.message
            )
            assert found.statistic == values[2] and found.bound == -1e6 and found.ratio == values[2] / -1e6
    assert verdict("exactness", case_data([[1e-10]], 0.0)).verdict.name == "SUPPORTED"
    assert math.isnan(verdict("exactness", case_data([[1e-10]], 0.0)).ratio)
    assert verdict("exactness", case_data([[1.01]], 1.0), tol=0.006).verdict.name == "SUPPORTED"
    assert verdict("exactness", case_data([[1.01]], 1.0), tol=0.004).verdict.name == "REFUTED"
    assert (
        verdict("exactness", [case_data([[1.0]]), case_data([[2.0]], name="off"), case_data([[1.0]])]).verdict.name
        == "REFUTED"
    )


def test_exactness_of_infinities():
    for value, expected, name in ((1, 1, "SUPPORTED"), (1, -1, "REFUTED"), (1, 0, "REFUTED"), (0, 1, "REFUTED")):
        scale = lambda s: s * math.inf if s else 3.0  # noqa: E731
        assert verdict("exactness", case_data([[scale(value)]], scale(expected))).verdict.name == name


def test_an_axis_without_points_is_nothing_measured():
    data = CaseData(case_data([[1.0]]).case, "synthetic")
    data.samples = [Sample(np.zeros(0), np.zeros(0), np.zeros(0))]
    for kind in ("pathwise", "lower", "exactness"):
        assert verdict(kind, data).message == "nothing was measured"
        assert verdict(kind, [data, case_data([[1.0]])]).verdict.name == "SUPPORTED"


def test_judge_asks_the_judge_of_the_kind():
    data = [case_data([[0.5]])]
    for kind, expected in (("pathwise", "SUPPORTED"), ("lower", "REFUTED"), ("exactness", "REFUTED")):
        assert JUDGES[kind](data, {}).verdict.name == expected
        assert verdict(kind, data).verdict.name == expected
    assert a_claim("pathwise").kind == "pathwise"


def test_at_the_floor_a_zero_bound_is_the_floor():
    assert verdict("pathwise", case_data([[2e-12]], 0.0), floor=1e-12).ratio == 2.0
    assert verdict("expectation", case_data(np.full((9, 1), 2e-12), 0.0), floor=1e-12).ratio == pytest.approx(2.0)


def test_the_reported_checkpoint_is_the_one_that_decides():
    sway = np.tile([-1.0, 1.0], 20)
    loose, tight = 0.5 + 0.3 * sway, 0.52 + 0.001 * sway  # the wide one comes nearer to the bound
    found = verdict("expectation", case_data(np.stack([tight, loose, tight], axis=1)))
    assert found.verdict.name == "SUPPORTED" and found.ratio == pytest.approx(0.5) and " at 2 on " in found.message
    found = verdict("expectation", case_data(np.stack([tight + 1, 1 + loose, tight + 1], axis=1)))
    assert found.verdict.name == "REFUTED" and found.ratio == pytest.approx(1.52) and " at 1 on " in found.message


@pytest.mark.parametrize(
    ("ci", "upper", "lower", "both"),
    [
        ((-0.1, 0.1), "SUPPORTED", "SUPPORTED", "SUPPORTED"),
        ((-0.2, 0.05), "SUPPORTED", "INCONCLUSIVE", "INCONCLUSIVE"),
        ((-0.05, 0.2), "INCONCLUSIVE", "SUPPORTED", "INCONCLUSIVE"),
        ((-0.2, 0.2), "INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE"),
        ((0.11, 0.2), "REFUTED", "SUPPORTED", "REFUTED"),
        ((0.1, 0.2), "INCONCLUSIVE", "SUPPORTED", "INCONCLUSIVE"),
        ((-0.2, -0.11), "SUPPORTED", "REFUTED", "REFUTED"),
        ((-0.2, -0.1), "SUPPORTED", "INCONCLUSIVE", "INCONCLUSIVE"),
    ],
)
def test_slope_intervals_against_the_tolerance(ci, upper, lower, both):
    for sides, expected in (("upper", upper), ("lower", lower), ("both", both)):
        assert slope_verdict(ci, 0.1, sides).name == expected


def test_two_seeds_at_each_point_are_paired_and_all_points_must_be_positive():
    data = sweep_data(2.0, seeds=2)
    assert "2 seeds each" in verdict("scaling", data).message
    data[2].samples[1] = Sample(data[2].samples[1].axis, np.zeros(1), data[2].samples[1].bound)
    assert verdict("scaling", data).verdict.name == "INCONCLUSIVE"


def test_the_interval_of_a_slope_holds_the_slope():
    found = verdict("exponent", power(-1.0, 12, 0.3, seed=3))
    assert found.ci[0] < found.statistic < found.ci[1] and found.bound == pytest.approx(-1.0)
    found = verdict("scaling", sweep_data(2.0, seeds=12, noise=0.3, seed=3))
    assert found.ci[0] < found.statistic < found.ci[1] and 1.5 < found.statistic < 2.5


def test_a_sweep_of_small_numbers():
    sizes = (0.1, 0.2, 0.4, 0.8)
    data = [case_data([[1e-3 * n**2]], 1e-4 * n**2, [n]) for n in sizes]
    assert verdict("scaling", data, sides="both").verdict.name == "SUPPORTED"


def test_just_under_the_floor_means_and_shares_are_fine_too():
    for kind in ("expectation", "probability"):
        found = verdict(kind, case_data(np.full((60, 2), 0.9e-12), 1e-20), floor=1e-12, **OPTIONS.get(kind, {}))
        assert found.verdict.name == "SUPPORTED"
