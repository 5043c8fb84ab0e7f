"""optlab.rates on curves of known truth: the three laws, the choice between them, and every trap."""

import dataclasses
import time

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from optlab import rates

K = np.arange(1.0, 10_001.0)
NEWTON = 0.5 ** (2.0 ** np.arange(6))


def covers(fit, truth):
    slack = 1e-9 * abs(truth)  # an exact curve has an interval of rounding width
    return fit.ci[0] - slack <= truth <= fit.ci[1] + slack


class TestExactLaws:
    @given(p=st.floats(0.1, 6), c=st.floats(1e-3, 1e3), size=st.integers(12, 3000))
    @settings(deadline=None, max_examples=25)
    def test_power(self, p, c, size):
        k = np.arange(1.0, size + 1)
        fit = rates.fit_sublinear(c * k**-p, k)
        assert fit.fitted
        assert fit.exponent == pytest.approx(p, rel=1e-8)
        assert fit.constant == pytest.approx(c, rel=1e-6)
        assert fit.ci[1] - fit.ci[0] < 1e-6
        np.testing.assert_allclose(fit.predict(k), c * k**-p, rtol=1e-6)
        assert fit.window == (1.0, float(size))

    @given(q=st.floats(0.05, 0.97), c=st.floats(1e-3, 1e3), size=st.integers(12, 200))
    @settings(deadline=None, max_examples=25)
    def test_geometric(self, q, c, size):
        k = np.arange(float(size))
        fit = rates.fit_linear(c * q**k)
        assert fit.fitted
        assert fit.ratio == pytest.approx(q, rel=1e-8)
        assert fit.constant == pytest.approx(c, rel=1e-6)
        np.testing.assert_allclose(fit.predict(k), c * q**k, rtol=1e-6)

    @pytest.mark.parametrize("order", [1.3, (1 + 5**0.5) / 2, 2.0, 3.0])
    @pytest.mark.parametrize("c", [0.5, 1.0, 1.5])
    def test_order(self, order, c):
        gaps = [0.1]
        while gaps[-1] > 1e-250:
            gaps.append(c * gaps[-1] ** order)
        fit = rates.fit_superlinear(gaps[:-1])
        assert fit.fitted, fit
        assert fit.order == pytest.approx(order, rel=1e-6)
        assert fit.constant == pytest.approx(c, rel=1e-4)
        np.testing.assert_allclose(np.log(fit.predict(np.arange(len(gaps) - 1))), np.log(gaps[:-1]), rtol=1e-6)

    @given(p=st.floats(0.3, 4), scale=st.floats(1e-6, 1e6))
    @settings(deadline=None, max_examples=15)
    def test_the_scale_of_the_values_is_immaterial(self, p, scale):
        noise = np.exp(0.1 * np.random.default_rng(0).standard_normal(500))
        k = np.arange(1.0, 501)
        one, other = (rates.fit_sublinear(s * noise * k**-p, k) for s in (1.0, scale))
        assert one.window == other.window
        np.testing.assert_allclose(one.ci, other.ci, rtol=1e-6)

    def test_a_shift_of_k_leaves_a_geometric_law_alone(self):
        values = 0.9 ** np.arange(200) * np.exp(0.05 * np.random.default_rng(0).standard_normal(200))
        one, other = rates.fit_linear(values), rates.fit_linear(values, np.arange(200) + 1e6)
        np.testing.assert_allclose(one.ci, other.ci, rtol=1e-6)
        np.testing.assert_allclose(other.predict(1e6 + np.arange(200)), one.predict(np.arange(200)), rtol=1e-6)


class TestChoice:
    @pytest.mark.parametrize(
        ("values", "kind", "truth"),
        [
            (1 / K, "sublinear", 1.0),
            (K**-0.5, "sublinear", 0.5),
            (K**-6.0, "sublinear", 6.0),
            (0.9 ** K[:300], "linear", 0.9),
            (0.999 ** K[:1000], "linear", 0.999),
            (0.5 ** K[:30], "linear", 0.5),
            (NEWTON, "superlinear", 2.0),
            (0.5 ** (1.618 ** np.arange(10)), "superlinear", 1.618),
        ],
    )
    def test_chooses(self, values, kind, truth):
        fit = rates.fit(values, np.arange(1.0, len(values) + 1))
        assert (fit.verdict, fit.kind) == ("FITTED", kind), fit
        assert covers(fit, truth)
        assert [c.kind for c in fit.candidates] == ["sublinear", "linear", "superlinear"]

    @pytest.mark.parametrize(
        ("values", "why"),
        [
            (np.exp(-np.sqrt(K)), "bends|settled|zero|short"),  # between the laws
            (1 / np.cumprod(np.arange(1, 20.0)), "bends|settled|zero"),  # faster than linear, order one
            (0.9999 ** K[:100], "short"),
            (np.exp(np.cumsum(0.1 * np.random.default_rng(3).standard_normal(1000))), "decrease|settled|usable"),
            (np.ones(100), "decrease"),
            (K[:100], "decrease"),
            (1 / K[:6], "only 6 usable points"),
        ],
    )
    def test_declines(self, values, why):
        fit = rates.fit(values, np.arange(1.0, len(values) + 1))
        assert (fit.verdict, fit.kind) == ("INCONCLUSIVE", None), fit
        assert np.isnan(fit.estimate)
        assert any(word in fit.reason for word in why.split("|")), fit.reason

    def test_a_late_stretch_alone_does_not_separate_a_power_from_a_geometric_law(self):
        fit = rates.fit(1 / K[9000:], K[9000:])
        assert not fit.fitted
        noisy = 0.99 ** K[:20] * np.exp(0.1 * np.random.default_rng(0).standard_normal(20))
        assert not rates.fit(noisy, K[:20]).fitted

    def test_exact_fit_of_the_wrong_law_is_refused(self):
        assert not rates.fit_sublinear(0.9 ** K[:300], K[:300]).fitted
        assert not rates.fit_superlinear(0.9 ** K[:300]).fitted
        assert not rates.fit_superlinear(1 / K).fitted

    def test_gradient_descent(self):
        """Real iterates: a slow transient of many modes, then the ratio of the slowest one."""
        curvature = np.geomspace(1e-2, 1, 30)
        x, values = np.ones(30), []
        for _ in range(2000):
            values.append(0.5 * float(curvature @ x**2))
            x = x - curvature * x
        fit = rates.fit(values)
        assert fit.kind == "linear"
        assert covers(fit, (1 - 1e-2) ** 2)
        assert fit.window[0] > 100


class TestUnknownOptimum:
    def test_the_best_value_seen_fakes_an_exponent(self):
        """Why there is no such default: 1/k over 1000 iterations seems to decay like k^-2.3."""
        k = K[:1000]
        values = 1 / k
        last = slice(99, 999)
        gap = values[last] - values.min()
        naive = -np.polyfit(np.log(k[last]), np.log(gap), 1)[0]
        assert naive == pytest.approx(2.275, abs=0.01)
        fit = rates.fit(values, k, reference=values.min())
        assert not fit.fitted
        assert "best value seen" in fit.reason
        honest = rates.fit(values, k, reference=(0.0, values.min()))
        assert honest.fitted
        assert honest.kind == "sublinear"
        assert covers(honest, 1.0)

    def test_a_noisy_curve_against_its_own_minimum_is_refused(self):
        values = np.exp(0.1 * np.random.default_rng(1).standard_normal(1000)) / K[:1000]
        fit = rates.fit(values, K[:1000], reference=values.min())
        assert not fit.fitted
        assert "best value seen" in fit.reason

    @pytest.mark.parametrize("width", [1e-6, 1e-5, 1e-4, 3e-4])
    @pytest.mark.parametrize("place", [0.0, 0.3, 1.0])
    def test_interval_holds_the_truth_wherever_the_optimum_lies(self, width, place):
        low = -place * width
        fit = rates.fit(1 / K, K, reference=(low, low + width))
        assert fit.kind == "sublinear"
        assert covers(fit, 1.0)
        assert fit.ci[1] - fit.ci[0] < 0.8
        assert fit.window[1] <= 1 / (4 * width) + 1

    def test_wider_ignorance_never_narrows(self):
        widths = [np.ptp(rates.fit_sublinear(1 / K, K, reference=(-w, w)).ci) for w in (0, 1e-7, 1e-6, 1e-5)]
        assert (np.diff(widths) > 0).all()

    def test_dominating_ignorance_is_inconclusive(self):
        fit = rates.fit(1 / K, K, reference=(-1.0, 1e-5))
        assert not fit.fitted
        assert "unknown optimum" in fit.reason

    def test_values_below_the_reference_refute_it(self):
        fit = rates.fit(1 / K, K, reference=1e-3)
        assert not fit.fitted
        assert "no lower bound" in fit.reason

    def test_a_reference_far_from_zero_costs_only_its_rounding(self):
        fit = rates.fit(1e6 + 0.8 ** K[:400], K[:400], reference=1e6)
        assert fit.kind == "linear"
        assert covers(fit, 0.8)
        assert 60 < fit.window[1] < 110  # gaps near eps * 1e6 are not used
        single = rates.fit((1 + 0.8 ** K[:400]).astype(np.float32), K[:400], reference=1.0)
        assert covers(single, 0.8)
        assert single.window[1] < 75


class TestTransientsAndFloors:
    @pytest.mark.parametrize(
        "values",
        [
            1 / np.maximum(K, 100),
            np.maximum(1e3 * 0.9**K, 1 / K),
            np.concatenate([np.ones(100), 1 / K[100:]]),
            1 / (K + 10),
            1 / (K + 100),
            1 / K + 5 / K**1.5,
        ],
    )
    def test_transient(self, values):
        fit = rates.fit(values, K)
        assert fit.kind == "sublinear", fit
        assert covers(fit, 1.0)
        assert fit.window[0] > 20 or fit.ci[1] - fit.ci[0] < 0.1

    def test_least_squares_on_everything_would_miss(self):
        slope = np.polyfit(np.log(K), np.log(1 / np.maximum(K, 100)), 1)[0]
        assert abs(slope + 1) > 0.02
        assert rates.fit(1 / np.maximum(K, 100), K).exponent == pytest.approx(1.0, abs=1e-6)

    @pytest.mark.parametrize("power", [1, 2])
    @pytest.mark.parametrize("size", [2000, 10_000, 100_000])
    def test_log_factor_is_not_a_tight_interval(self, power, size):
        k = np.arange(1.0, size + 1)
        fit = rates.fit_sublinear(np.log(k + 1) ** power / k, k)
        assert "drift" in fit.reason
        assert covers(fit, 1.0)
        assert fit.ci[0] < 0.95
        assert fit.ci[1] - fit.ci[0] > 0.05 * power

    @pytest.mark.parametrize("floor", [1e-6, 1e-4, 1e-3])
    def test_floor_below_a_power(self, floor):
        k = np.unique(np.round(np.geomspace(1, 1e4 / floor, 3000)))
        fit = rates.fit(1 / k + floor, k)
        assert fit.kind == "sublinear"
        assert covers(fit, 1.0)
        assert "level off" in fit.reason
        assert fit.window[1] < 0.05 / floor

    def test_half_seen_floor_is_not_a_confident_fit(self):
        k = np.unique(np.round(np.geomspace(1, 1e6, 3000)))
        fit = rates.fit(1 / k + 1e-6, k)
        assert not fit.fitted or covers(fit, 1.0)

    @pytest.mark.parametrize("size", [200, 300, 1000])
    def test_floor_below_a_geometric_law(self, size):
        fit = rates.fit(0.9 ** K[:size] + 1e-6, K[:size])
        assert fit.kind == "linear", fit
        assert covers(fit, 0.9)
        assert fit.window[1] < 120

    def test_noisy_floor_below_a_geometric_law(self):
        """Found or declined, never misread: the fit that ignores the floor would be far off."""
        found = 0
        for seed in range(20):
            floor = 1e-6 * np.exp(np.random.default_rng(seed).standard_normal(500))
            fit = rates.fit(0.9 ** K[:500] + floor, K[:500])
            found += fit.fitted
            assert not fit.fitted or (fit.kind == "linear" and covers(fit, 0.9) and fit.window[1] < 130)
        assert found >= 10

    def test_newton_stops_at_rounding(self):
        errors, x = [], 30.0
        for _ in range(15):
            errors.append(abs(x - np.sqrt(7.0)))
            x = (x + 7.0 / x) / 2
        fit = rates.fit(errors)
        assert fit.kind == "superlinear", fit
        assert covers(fit, 2.0)
        assert fit.window[1] <= 8

    def test_additive_noise(self):
        """The gap drowns in noise of both signs near k = 1000; nine fits in ten find out, the others decline."""
        found = 0
        for seed in range(20):
            fit = rates.fit(1 / K + 1e-3 * np.random.default_rng(seed).standard_normal(len(K)), K, confidence=0.9999)
            found += fit.fitted
            assert not fit.fitted or (fit.kind == "sublinear" and covers(fit, 1.0) and fit.window[1] < 200)
        assert found >= 8

    def test_floor_of_slow_convergence_is_not_invented(self):
        for p in (0.2, 0.5, 1.0):
            assert "level off" not in rates.fit(K**-p, K).reason


class TestOscillation:
    @pytest.mark.parametrize("frequency", [0.02, 0.3, 1.0, 2.5])
    def test_positive_oscillation(self, frequency):
        fit = rates.fit((1 + 0.5 * np.sin(frequency * K)) / K, K)
        assert fit.kind == "sublinear"
        assert covers(fit, 1.0)

    @pytest.mark.parametrize("frequency", [0.05, 0.3, 1.0, 2.5])
    def test_sign_changes(self, frequency):
        fit = rates.fit(np.cos(frequency * K) / K, K)
        assert fit.kind == "sublinear"
        assert covers(fit, 1.0)
        assert "changes sign" in fit.reason

    def test_sign_changes_of_a_geometric_law(self):
        k = K[:400]
        fit = rates.fit(0.95**k * np.cos(0.3 * k), k)
        assert fit.kind == "linear"
        assert covers(fit, 0.95)

    def test_log_periodic_factor_is_paid_for(self):
        values = (1 + 0.5 * np.sin(2 * np.pi * np.log10(K))) / K
        fit = rates.fit_sublinear(values, K)
        assert covers(fit, 1.0)
        assert fit.ci[1] - fit.ci[0] > 0.2


class TestZeros:
    def test_finite_termination(self):
        values = np.concatenate([1 / K[:200], np.zeros(100)])
        for fit in (rates.fit(values), rates.fit_sublinear(values)):
            assert not fit.fitted
            assert fit.terminated == 200.0
            assert "finite termination" in fit.reason

    def test_early_termination(self):
        fit = rates.fit([5, 3, 1, 0, 0, 0, 0, 0, 0, 0])
        assert not fit.fitted
        assert fit.terminated == 3.0
        assert "exactly zero from k = 3" in fit.reason

    def test_zeros_a_law_foresees_are_rounding(self):
        fit = rates.fit(0.5 ** np.arange(1200.0))  # underflows at 1075
        assert fit.kind == "linear"
        assert fit.terminated == 1075.0
        fit = rates.fit(1.0 + np.concatenate([NEWTON, np.zeros(4)]), reference=1.0)
        assert (fit.kind, fit.order) == ("superlinear", pytest.approx(2.0, rel=1e-3))

    def test_all_zero(self):
        fit = rates.fit(np.zeros(50))
        assert not fit.fitted
        assert fit.terminated == 0.0

    def test_touching_zero_now_and_then_is_no_termination(self):
        values = 1 / K[:2000]
        values[[17, 400, 1203]] = 0.0
        fit = rates.fit(values, K[:2000])
        assert fit.kind == "sublinear"
        assert fit.terminated is None
        assert covers(fit, 1.0)


class TestRepetitions:
    def noisy(self, seed, reps=20):
        rng = np.random.default_rng(seed)
        own = np.exp(0.3 * rng.standard_normal((reps, 1)) - 0.045)
        return own * np.exp(0.3 * rng.standard_normal((reps, 1000)) - 0.045) / K[:1000]

    def test_mean_is_fitted(self):
        values = self.noisy(0)
        fit = rates.fit(values, K[:1000], confidence=0.9999)
        assert fit.kind == "sublinear"
        assert covers(fit, 1.0)
        assert fit.exponent == pytest.approx(rates.fit_sublinear(values.mean(axis=0), K[:1000]).exponent)

    def test_error_of_whole_repetitions_is_seen(self):
        """Exponents differing between runs: the mean curve is smooth, only the bootstrap knows."""
        rng = np.random.default_rng(2)
        values = K[:1000] ** -(1 + 0.1 * rng.standard_normal((20, 1)))
        alone = rates.fit_sublinear(values.mean(axis=0), K[:1000])
        fit = rates.fit_sublinear(values, K[:1000])
        assert np.ptp(fit.ci) > 0.06
        assert np.ptp(fit.ci) > np.ptp(alone.ci)

    def test_one_repetition_is_a_curve(self):
        assert rates.fit(self.noisy(0, 1), K[:1000]) == rates.fit(self.noisy(0, 1)[0], K[:1000])

    def test_same_seed_same_bits(self):
        one, other = (rates.fit_sublinear(self.noisy(0), K[:1000], rng=7) for _ in range(2))
        assert one == other
        assert one.ci != rates.fit_sublinear(self.noisy(0), K[:1000], rng=8).ci

    def test_order_of_repetitions(self):
        starts = np.linspace(0.3, 0.6, 6)
        fit = rates.fit([s ** (2.0 ** np.arange(6)) for s in starts])
        assert (fit.kind, fit.order) == ("superlinear", pytest.approx(2.0, rel=1e-6))
        assert "6 of 6" in fit.reason
        mixed = [s ** (2.0 ** np.arange(6)) for s in starts[:2]] + [0.5 ** np.arange(6.0)] * 4
        assert not rates.fit_superlinear(mixed).fitted


class TestInput:
    def test_k_from_zero_and_uneven(self):
        even = rates.fit_sublinear(1 / np.maximum(np.arange(1000.0), 0.5))
        assert even.fitted
        assert even.window[0] >= 1
        k = np.unique(np.concatenate([[0.0], np.sort(np.random.default_rng(0).uniform(1, 1e4, 300))]))
        values = np.concatenate([[7.0], 3 * k[1:] ** -1.5])
        fit = rates.fit(values, k)
        assert (fit.kind, fit.exponent) == ("sublinear", pytest.approx(1.5, rel=1e-6))

    def test_order_needs_consecutive_iterates(self):
        fit = rates.fit_superlinear(NEWTON, 10 * np.arange(6))
        assert not fit.fitted
        assert "consecutive" in fit.reason

    def test_window_is_obeyed(self):
        values = np.maximum(1 / K, 1e-3)
        fit = rates.fit_sublinear(values, K, window=(20, 900))
        assert fit.window == (20.0, 900.0)
        assert fit.exponent == pytest.approx(1.0)
        whole = rates.fit_sublinear(values, K, window=(20, 10_000))
        assert whole.window == (20.0, 10_000.0)
        assert whole.exponent < 0.9
        for fitter in (rates.fit, rates.fit_linear, rates.fit_sublinear, rates.fit_superlinear):
            assert "only 0" in fitter(1 / K, K, window=(1e5, 1e6)).reason

    def test_confidence_widens(self):
        values = np.exp(0.1 * np.random.default_rng(0).standard_normal(1000)) / K[:1000]
        widths = [np.ptp(rates.fit_sublinear(values, K[:1000], confidence=c).ci) for c in (0.5, 0.9, 0.95, 0.999)]
        assert (np.diff(widths) > 0).all()

    @pytest.mark.parametrize("fitter", [rates.fit, rates.fit_linear, rates.fit_sublinear, rates.fit_superlinear])
    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"values": [1.0, np.nan, 0.1]}, ValueError, "values must be finite, got nan at index 1"),
            ({"values": [[1.0, 2.0], [np.inf, 0.1]]}, ValueError, r"values must be finite, got inf at index \(1, 0\)"),
            ({"values": []}, ValueError, "values must be non-empty"),
            ({"values": 3.0}, ValueError, "shape"),
            ({"values": np.ones((2, 3, 4))}, ValueError, "shape"),
            ({"values": [1j, 2.0]}, TypeError, "values must be real numbers, got dtype complex128"),
            ({"values": ["a"]}, TypeError, "values must be real numbers"),
            ({"values": [3.0, 2.0], "k": [1, 2, 3]}, ValueError, r"k must have shape \(2,\)"),
            ({"values": [3.0, 2.0], "k": [2, 2]}, ValueError, "k must be finite, non-negative and strictly increasing"),
            ({"values": [3.0, 2.0], "k": [-1, 2]}, ValueError, "k must be"),
            ({"values": [3.0, 2.0], "k": [1, np.nan]}, ValueError, "k must be"),
            ({"values": [3.0, 2.0], "reference": (1.0, 0.0)}, ValueError, "reference must satisfy lo <= hi"),
            ({"values": [3.0, 2.0], "reference": np.nan}, ValueError, "reference must be a finite number"),
            ({"values": [3.0, 2.0], "reference": (0.0, 1.0, 2.0)}, ValueError, "reference must be"),
            ({"values": [3.0, 2.0], "confidence": 1.0}, ValueError, r"confidence must lie in \(0, 1\), got 1.0"),
            ({"values": [3.0, 2.0], "window": (5, 5)}, ValueError, "window must satisfy k_start < k_end"),
        ],
    )
    def test_bad_input_is_named(self, fitter, arguments, error, message):
        with pytest.raises(error, match=message):
            fitter(**arguments)

    @given(
        values=st.lists(st.one_of(st.floats(-1e3, 1e3), st.just(0.0), st.floats(0, 1e-12)), min_size=1, max_size=60),
        low=st.floats(-10, 10),
        width=st.one_of(st.just(0.0), st.floats(0, 5)),
    )
    @settings(deadline=None, max_examples=150)
    def test_any_finite_values_get_an_answer(self, values, low, width):
        fit = rates.fit(values, reference=(low, low + width))
        assert fit.verdict in ("FITTED", "INCONCLUSIVE")
        assert fit.reason
        assert fit.fitted == (fit.kind is not None)
        if fit.fitted:
            assert fit.ci[0] <= fit.estimate <= fit.ci[1]
            assert np.isfinite(fit.predict(fit.window[1]))

    def test_the_callers_array_is_left_alone(self):
        values = np.cos(K) / K
        values.flags.writeable = False
        before = values.copy()
        rates.fit(values, K)
        np.testing.assert_array_equal(values, before)

    def test_integers(self):
        assert rates.fit(2 ** np.arange(40)[::-1]).ratio == pytest.approx(0.5)


class TestResult:
    def test_only_the_estimate_of_its_kind(self):
        fit = rates.fit(1 / K, K)
        assert fit.exponent == fit.estimate
        assert np.isnan(fit.ratio)
        assert np.isnan(fit.order)

    def test_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            rates.fit(1 / K, K).verdict = "PROVED"

    def test_repr_says_it_all(self):
        text = repr(rates.fit(1 / (K + 10), K))
        for part in ("FITTED", "sublinear", "exponent", "95% ci", "k in [", "r2", "drift"):
            assert part in text
        assert "INCONCLUSIVE" in repr(rates.fit(np.ones(30)))

    def test_nothing_fitted_predicts_nothing(self):
        with pytest.raises(ValueError, match="nothing was fitted"):
            rates.fit(np.ones(5)).predict(3)

    def test_prediction_far_from_one_stays_finite(self):
        k = 1e5 + np.arange(200.0)
        fit = rates.fit_linear(0.9 ** np.arange(200), k)
        assert fit.constant == np.inf  # 0.9**-1e5
        np.testing.assert_allclose(fit.predict(k), 0.9 ** np.arange(200), rtol=1e-6)


def test_a_hundred_thousand_points_are_fast():
    k = np.arange(1.0, 100_001.0)
    values = 1 / k + 1e-6
    for fitter in (rates.fit_sublinear, rates.fit_linear):
        spent = []
        for _ in range(5):
            start = time.process_time()
            fitter(values, k)
            spent.append(time.process_time() - start)
        assert min(spent) < 0.1  # about 0.02 on one core; the margin is for busy machines
