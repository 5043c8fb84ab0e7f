from fractions import Fraction

import numpy as np
import pytest

import optlab as ol
from optlab.problems import nonsmooth, scalar

EXAMPLES = scalar.EXAMPLES | nonsmooth.EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_derivatives_batches_and_reference(name, assert_derivative, assert_batched):
    problem = EXAMPLES[name]()
    rng = np.random.default_rng(2)
    oracle = "gradient" if hasattr(problem, "gradient") else "subgradient"
    x, v = problem.start() + 0.1 * rng.standard_normal(problem.shape), 0.05 * np.eye(*problem.shape, 1)[:, 0]
    assert_derivative(problem.value, getattr(problem, oracle), x, v)
    assert_batched(problem, ["value", oracle], rng)
    assert problem.value(np.zeros(problem.shape)) == problem.reference.lo == 0.0
    distance = problem.measure(problem.start())["distance"]
    assert distance == pytest.approx(problem.constants.D, rel=1e-15)


@pytest.mark.parametrize("k", [0, 1, 2, 7, 100])
@pytest.mark.parametrize(("L", "D"), [(1.0, 1.0), (0.3, 5.0)])
def test_gradient_descent_attains_its_worst_case_on_huber(k, L, D):
    problem = ol.problems.HuberLine(L=L, D=D, k=k)
    gap = ol.GradientDescent().run(problem, max_iter=k).history["gap"][-1]
    assert gap == pytest.approx(L * D**2 / (4 * k + 2), rel=1e-12)


def test_huber_worst_case_in_rational_arithmetic():
    k, L, D = 5, Fraction(2), Fraction(11)
    threshold = D / (2 * k + 1)
    x = D
    for _ in range(k):
        assert x > threshold
        x -= threshold
    assert L * threshold * (x - threshold / 2) == L * D**2 / (4 * k + 2)


def test_huber_is_smooth_and_lipschitz_as_declared():
    problem = ol.problems.HuberLine(L=3.0, D=2.0, k=4)
    x = np.linspace(-3, 3, 2001)[:, None]
    slopes = problem.gradient(x)[:, 0]
    assert np.abs(np.diff(slopes) / np.diff(x[:, 0])).max() <= problem.constants.L * (1 + 1e-9)
    assert np.abs(slopes).max() == problem.constants.G


def test_exact_line_search_ends_at_once_in_one_dimension():
    for problem in (ol.problems.HuberLine(k=3), ol.problems.QuarticLine()):
        result = ol.GradientDescent(line_search="exact").run(problem, max_iter=1)
        assert problem.value(result.x) < 1e-30
    still = ol.GradientDescent(line_search="exact").run(ol.problems.HuberLine(), x0=[0.0], max_iter=3)
    assert still.x[0] == 0.0


def test_the_wave_is_not_convex_and_the_quartic_not_smooth():
    wave = ol.problems.CosineLine()
    a, b = np.array([2.0]), np.array([3.1])
    assert wave.value(0.5 * (a + b)) > 0.5 * (wave.value(a) + wave.value(b))
    quartic = ol.problems.QuarticLine(L=2.0)
    assert quartic.constants["L"].kind == "lower"
    assert (quartic.gradient(np.array([10.0])) - quartic.gradient(np.array([9.0])))[0] > quartic.constants.L


def test_wave_value_has_no_cancellation():
    assert ol.problems.CosineLine().value(np.array([1e-9])) == pytest.approx(5e-19, rel=1e-12)


def test_infinity_norm_resists_span_methods():
    problem = ol.problems.InfinityNorm(d=6, G=2.0, D=3.0)
    result = ol.SubgradientDescent(schedule="constant", horizon=5, output="best").run(problem, max_iter=5)
    assert result.history["gap"][-1] == pytest.approx(2.0 * 3.0 / 6**0.5, rel=1e-12)
    assert problem.span_bound(5) == pytest.approx(2.0 * 3.0 / 6**0.5)
    assert problem.span_bound(6) == 0.0
    x = np.array([1.0, -3.0, 3.0, 0.0, 2.0, 1.0])
    g = problem.subgradient(x)
    for y in np.random.default_rng(0).standard_normal((50, 6)) * 5:
        assert problem.value(y) >= problem.value(x) + g @ (y - x) - 1e-12


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ol.problems.HuberLine(L=-1.0), "L must be a finite number > 0, got -1.0"),
        (lambda: ol.problems.HuberLine(D=0.0), "D must be a finite number > 0"),
        (lambda: ol.problems.HuberLine(k=-1), "k must be at least 0"),
        (lambda: ol.problems.AbsoluteLine(G=0.0), "G must be a finite number > 0"),
        (lambda: ol.problems.CosineLine(D=3.2), "D must be a finite number > 0 and < 3.14159"),
        (lambda: ol.problems.QuarticLine(L=float("inf")), "L must be a finite number > 0"),
        (lambda: ol.problems.InfinityNorm(0), "d must be at least 1"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
