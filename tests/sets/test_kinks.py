"""Sums of terms with one kink at zero: proximal points by subgradient inclusion, model decreases by fractions."""

import math
from fractions import Fraction

import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optlab.sets import Kinks, L1Norm

quick = settings(deadline=None, max_examples=60)
N = 5
halves = st.integers(-6, 6).map(lambda k: k / 2)
numbers = st.one_of(halves, st.floats(-50.0, 50.0))
points = arrays(np.float64, N, elements=numbers)
steps = arrays(np.float64, N, elements=st.one_of(st.just(1.0), st.floats(1e-2, 10.0)))


@st.composite
def slopes(draw):
    """Slopes of all kinds: an l1 norm, a sign constraint, a linear term, anything ordered."""
    low, high = draw(points), draw(points)
    low, high = np.minimum(low, high), np.maximum(low, high)
    kind = draw(arrays(np.int64, N, elements=st.integers(0, 3)))
    low = np.where(kind == 1, -np.inf, np.where(kind == 2, high, np.where(kind == 3, -np.abs(high), low)))
    return Kinks(low, np.where(kind == 3, np.abs(high), high))


def _inside(kinks, x, s, slack):
    low, high = kinks.slope_range(x)
    return np.all((s >= low - slack) & (s <= high + slack))


@quick
@given(kinks=slopes(), v=points, step=steps)
def test_prox_by_subgradient_inclusion(kinks, v, step):
    u = kinks.prox(v, step)
    assert np.isfinite(kinks.value(u))
    assert _inside(kinks, u, (v - u) / step, 1e-11 * (1 + np.abs(v) / step))


@quick
@given(kinks=slopes(), x=points, gradient=points, lipschitz=steps)
def test_the_step_goes_to_the_proximal_point_and_its_decrease_is_that_of_the_model(kinks, x, gradient, lipschitz):
    x = kinks.project(x)
    d = kinks.step(x, gradient, lipschitz)
    end = kinks.prox(x - gradient / lipschitz, 1 / lipschitz)
    np.testing.assert_allclose(x + d, end, rtol=1e-12, atol=1e-12 * (1 + np.abs(gradient / lipschitz)).max())
    into = (end == 0) & (np.abs(x) > 1e-12 * (1 + np.abs(gradient / lipschitz)))  # not by rounding of the difference
    assert np.all(d[into] == -x[into])
    assert np.isfinite(kinks.value(x + d))
    q = kinks.decrease(x, d, gradient, lipschitz)
    direct = -(gradient * d + lipschitz * d * d / 2 + kinks.values(x + d) - kinks.values(x))
    assert np.all(q >= 0)
    scale = np.abs(gradient * d) + lipschitz * d * d + np.abs(kinks.values(x)) + np.abs(kinks.values(x + d))
    np.testing.assert_allclose(q, direct, rtol=1e-11, atol=1e-12 * (1 + scale.max()))
    for other in (0.5 * d, -x, d + 0.25, d - 0.25):  # no step makes the model smaller
        model = gradient * other + lipschitz * other**2 / 2 + kinks.values(x + other) - kinks.values(x)
        assert np.all(model >= -q - 1e-11 * (1 + scale + np.abs(model)))


def test_the_decrease_keeps_its_digits_where_the_step_is_tiny():
    """x = 1 + 2^-40 is 2^-40 from its optimum 1: the exact decrease is 2^-81; differences of values would give 0."""
    kinks = Kinks([-1.0], [1.0])
    x = np.array([1 + 2.0**-40])
    gradient = x - 2.0  # of (x - 2)^2 / 2
    d = kinks.step(x, gradient, 1.0)
    assert d[0] == -(2.0**-40)
    assert kinks.decrease(x, d, gradient, 1.0)[0] == 2.0**-81


@pytest.mark.parametrize(
    ("low", "high", "x", "gradient", "L", "d", "q"),
    [
        (-1, 1, 0, -3, 2, "1", "1"),  # out of the kink to the right
        (-1, 1, 0, 3, 2, "-1", "1"),
        (-1, 1, 0, 1, 2, "0", "0"),  # the boundary of the subdifferential: stays
        (-1, 1, "1/2", 2, 2, "-1/2", "5/4"),  # into the kink
        (-1, 1, "1/2", 4, 2, "-3/2", "13/4"),  # through it: 1/2 - 2 is -3/2, shrunk by 1/2 to -1
        (-math.inf, 0, "1/2", 4, 2, "-1/2", "7/4"),  # stopped by the constraint
        (-math.inf, "1/2", 0, "-1/2", 2, "0", "0"),
        ("1/2", "1/2", "-1", 1, 1, "-3/2", "9/8"),  # a linear term has no kink
    ],
)
def test_single_coordinates_by_hand(low, high, x, gradient, L, d, q):
    kinks = Kinks([float(Fraction(low)) if low != -math.inf else low], [float(Fraction(high))])
    point, slope = np.array([float(Fraction(x))]), np.array([float(Fraction(gradient))])
    step = kinks.step(point, slope, float(L))
    assert step[0] == float(Fraction(d))
    assert kinks.decrease(point, step, slope, float(L))[0] == float(Fraction(q))


@quick
@given(kinks=slopes(), x=points, y=points, share=st.floats(0.0, 1.0))
def test_bregman_distance(kinks, x, y, share):
    x, y = kinks.project(x), kinks.project(y)
    low, high = kinks.slope_range(y)
    s = np.where(np.isfinite(low), share * np.where(np.isfinite(low), low, 0.0) + (1 - share) * high, high - share)
    distance = kinks.bregman(x, y, s)
    direct = kinks.values(x) - kinks.values(y) - s * (x - y)
    assert np.all(distance >= 0)
    np.testing.assert_allclose(distance, direct, rtol=1e-10, atol=1e-9)
    same_side = (np.sign(x) * np.sign(y) > 0) | (x == y)
    assert np.all(distance[same_side] == 0)


@quick
@given(kinks=slopes(), x=points, gradient=points)
def test_distance_is_zero_exactly_where_the_step_is(kinks, x, gradient):
    x = kinks.project(x)
    distance, d = kinks.distance(x, gradient), kinks.step(x, gradient, 1.0)
    assert np.all(distance >= 0)
    low, high = kinks.slope_range(x)
    nearest = np.clip(-gradient, low, high)
    np.testing.assert_array_equal(distance, np.abs(gradient + nearest))
    assert np.all((distance == 0) == (d == 0))


def test_weights_of_an_l1_norm_give_the_norm():
    x, kinks = np.array([[-2.0, 0.3], [0.0, 5.0]]), Kinks([-0.5, -0.5], [0.5, 0.5])
    np.testing.assert_array_equal(kinks.value(x), L1Norm(0.5).value(x))
    np.testing.assert_allclose(kinks.prox(x, 0.5), L1Norm(0.5).prox(x, 0.5))


def test_forbidden_values_are_infinite_and_projected():
    kinks = Kinks([-np.inf, -1.0], [2.0, 1.0])
    assert kinks.value([-1e-300, 0.0]) == np.inf
    assert kinks.value([0.0, -1.0]) == 1.0
    np.testing.assert_array_equal(kinks.project(np.array([-3.0, -3.0])), [0.0, -3.0])
    assert kinks.distance(np.array([-1.0, 0.0]), np.zeros(2))[0] == np.inf


def test_nan_is_not_answered_with_something_plausible():
    kinks, x = Kinks([-np.inf, -1.0], [0.0, 1.0]), np.array([np.nan, 2.0])
    for out in (kinks.prox(x, 1.0), kinks.values(x), kinks.project(x), kinks.distance(x, x), kinks.step(x, x, 1.0)):
        np.testing.assert_array_equal(np.isnan(out), [True, False])
    assert np.isnan(kinks.step(np.zeros(2), x, 1.0)[0])


def test_a_step_never_leaves_the_feasible_half_line_by_rounding(seed=0):
    """Near the end of the half line x - gradient / L and its rounded parts disagree about the sign."""
    rng = np.random.default_rng(seed)
    n = 20_000
    kinks = Kinks(np.full(n, -np.inf), np.zeros(n))
    x, lipschitz = rng.exponential(size=n), rng.exponential(size=n)
    gradient = x * lipschitz * (1 + rng.integers(-3, 4, n) * 2.0**-53)
    for dtype in (np.float64, np.float32):
        x, gradient, lipschitz = x.astype(dtype), gradient.astype(dtype), lipschitz.astype(dtype)
        kinks = kinks.map(lambda slopes, dtype=dtype: slopes.astype(dtype))
        d = kinks.step(x, gradient, lipschitz)
        assert d.dtype == dtype
        assert np.all(x + d >= 0)


@quick
@given(kinks=slopes(), x=points)
def test_the_term_of_a_few_coordinates(kinks, x):
    indices = np.array([3, 0])
    part = kinks.take(indices)
    np.testing.assert_array_equal(part.values(x[indices]), kinks.values(x)[indices])
    np.testing.assert_array_equal(part.prox(x[indices], 0.5), kinks.prox(x, 0.5)[indices])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("device", ["CPU_DEVICE", "device1"])
def test_array_api_strict_equals_numpy(dtype, device, seed=3):
    rng, device = np.random.default_rng(seed), strict.Device(device)
    high = rng.normal(size=6).astype(dtype)
    low = (high - rng.integers(0, 3, 6)).astype(dtype)
    low[0] = -np.inf
    kinks = Kinks(low, high)
    other = Kinks(*(strict.asarray(side, device=device) for side in (low, high)))
    x, gradient = kinks.project(rng.integers(-2, 3, 6).astype(dtype)), rng.normal(size=6).astype(dtype)
    L = rng.uniform(1, 2, 6).astype(dtype)
    y = x + kinks.step(x, gradient, L)
    calls = {
        "value": (x,), "values": (x,), "project": (x,), "prox": (x, L), "distance": (x, gradient),
        "step": (x, gradient, L), "decrease": (x, y - x, gradient, L), "bregman": (x, y, -gradient),
    }  # fmt: skip
    for name, arguments in calls.items():
        expected = getattr(kinks, name)(*arguments)
        out = getattr(other, name)(*(strict.asarray(a, device=device) for a in arguments))
        assert out.device == device, name
        out = np.asarray(strict.from_dlpack(out, device=strict.Device("CPU_DEVICE"))._array)
        assert out.dtype == np.asarray(expected).dtype == dtype, name
        np.testing.assert_array_equal(out, expected, err_msg=name)


@pytest.mark.parametrize(
    ("low", "high", "error", "match"),
    [
        ([0.0], [np.inf], ValueError, "upper holds NaN or infinite"),
        ([np.nan], [1.0], ValueError, "lower must be <= upper"),
        ([2.0], [1.0], ValueError, "lower must be <= upper"),
        ([np.inf], [1.0], ValueError, "lower must be <= upper"),
        ([0.0, 0.0], [1.0], ValueError, r"lower has shape \(2,\)"),
        (["a"], [1.0], TypeError, "lower must hold real numbers"),
        ([[0.0]], [[1.0]], ValueError, "upper must have 1 dimension"),
        ([1j], [1.0], TypeError, "lower must hold real numbers"),
    ],
)
def test_bad_slopes(low, high, error, match):
    with pytest.raises(error, match=match):
        Kinks(low, high)


def test_bad_points_and_steps():
    kinks = Kinks([-1.0, -1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="x must have 2 coordinates"):
        kinks.value([1.0])
    for step in (0.0, -1.0, math.nan, np.array([1.0, 0.0])):
        with pytest.raises(ValueError, match="step must be > 0"):
            kinks.prox([1.0, 2.0], step)
    with pytest.raises(TypeError, match="different libraries"):
        Kinks(strict.asarray([0.0]), np.array([1.0]))


def test_slopes_are_copies_and_compared_by_value(seed=1):
    low = np.array([-1.0, -2.0])
    kinks = Kinks(low, -low)
    low[:] = 5.0
    assert kinks == Kinks([-1.0, -2.0], [1.0, 2.0])
    assert kinks != Kinks([-1.0, -2.0], [1.0, 3.0])
    with pytest.raises(ValueError, match="read-only"):
        kinks.lower[0] = 0.0


@quick
@given(kinks=slopes(), x=points)
def test_arguments_are_left_alone_and_answers_are_new(kinks, x):
    assume(np.isfinite(kinks.value(x)))
    x.flags.writeable = False
    for out in (kinks.project(x), kinks.prox(x, 0.5), kinks.values(x), kinks.step(x, x, 1.0)):
        assert not np.shares_memory(out, x)
