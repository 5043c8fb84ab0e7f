"""optlab.rates.power_law: slope of a parameter sweep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab import rates

X = 2.0 ** np.arange(8)


@given(slope=st.floats(-4, 4), constant=st.floats(1e-3, 1e3), order=st.permutations(range(8)))
@settings(deadline=None, max_examples=25)
def test_exact_law_in_any_order(slope, constant, order):
    x = X[order]
    fit = rates.power_law(x, constant * x**slope)
    assert fit.slope == pytest.approx(slope, abs=1e-9)
    assert fit.constant == pytest.approx(constant, rel=1e-8)
    assert not fit.bent
    np.testing.assert_allclose(fit.local_slopes, slope, atol=1e-9)
    np.testing.assert_allclose(fit.predict(x), constant * x**slope, rtol=1e-8)
    assert np.ptp(fit.ci) < 1e-6


@pytest.mark.parametrize("reps", [1, 3, 10, 40])
@pytest.mark.parametrize("common", [0.0, 1.0])
def test_coverage(reps, common):
    """95 % nominal: between 85 % and always in 300 sweeps, whether or not the repetitions share their noise."""
    rng, held, width = np.random.default_rng(reps), [], []
    for seed in range(300):
        noise = rng.standard_normal((reps, 8)) + common * rng.standard_normal((reps, 1))
        fit = rates.power_law(X, X**1.5 * np.exp(0.2 * noise), rng=seed)
        held.append(fit.ci[0] <= 1.5 <= fit.ci[1])
        width.append(np.ptp(fit.ci))
    assert np.mean(held) > 0.85
    exact = 2 * 1.96 * 0.2 / np.sqrt(reps) / np.linalg.norm(np.log(X) - np.log(X).mean())
    assert np.median(width) < exact * {1: 2.0, 3: 3.0, 10: 1.5, 40: 1.2}[reps]


def test_repetitions_reveal_a_bend():
    noise = np.exp(0.02 * np.random.default_rng(0).standard_normal((30, 8)))
    straight, bent = rates.power_law(X, X * noise), rates.power_law(X, (X + 5) * noise)
    assert not straight.bent
    assert straight.ci[0] <= 1 <= straight.ci[1]
    assert bent.bent
    assert np.diff(bent.local_slopes)[:-1].mean() > 0.05
    assert bent.ci[0] < bent.local_slopes[1] < bent.ci[1]
    assert bent.ci[1] > 0.85  # reaches to the upper half, whose slope is nearest to the limit
    assert rates.power_law(X, X * np.log(X + 1)).bent
    assert "bent" in repr(bent)


def test_false_alarms_of_the_bend_are_rare():
    rng = np.random.default_rng(5)
    alarms = [rates.power_law(X, X * np.exp(0.2 * rng.standard_normal((10, 8)))).bent for _ in range(200)]
    assert np.mean(alarms) < 0.06  # nominal 1 %


def test_same_seed_same_interval():
    y = X * np.exp(0.2 * np.random.default_rng(0).standard_normal((10, 8)))
    assert rates.power_law(X, y, rng=3) == rates.power_law(X, y, rng=3)
    assert rates.power_law(X, y, rng=3).ci != rates.power_law(X, y, rng=4).ci


def test_zeros_in_single_repetitions():
    y = np.tile(X, (12, 1))
    y[:2, 3] = 0.0
    fit = rates.power_law(X, y)
    assert np.isfinite(fit.ci).all()
    assert fit.ci[0] <= 1 <= fit.ci[1]


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ([1, 2], [1, 2], ValueError, r"x must have shape \(n,\) with n >= 3"),
        ([1, 2, 2], [1, 2, 3], ValueError, "positive and distinct"),
        ([0, 1, 2], [1, 2, 3], ValueError, "positive and distinct"),
        ([1, 2, 3], [1, 2], ValueError, r"y must have shape \(3,\)"),
        ([1, 2, 3], [1, 0, 2], ValueError, "y must not be negative"),
        ([1, 2, 3], [1, np.nan, 2], ValueError, "y must be finite"),
        ([1, 2, np.inf], [1, 1, 2], ValueError, "x must be finite"),
        ([1, 2, 3], ["a", "b", "c"], TypeError, "y must be real"),
    ],
)
def test_bad_input_is_named(x, y, error, message):
    with pytest.raises(error, match=message):
        rates.power_law(x, y)


def test_bad_confidence():
    with pytest.raises(ValueError, match="confidence"):
        rates.power_law(X, X, confidence=0.0)
