from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol


def test_iterates_on_a_quadratic_are_the_closed_form():
    problem = ol.problems.Quadratic([0.5, 1.0, 4.0], x_star=[1.0, -2.0, 3.0])
    x0 = np.array([5.0, 5.0, 5.0])
    result = ol.GradientDescent().run(problem, x0=x0, max_iter=25, store_x=True)
    for k, x in enumerate(result.history.x):
        expected = problem.x_star + (1 - problem.spectrum / 4.0) ** k * (x0 - problem.x_star)
        np.testing.assert_allclose(x, expected, rtol=1e-13, atol=1e-13)


def test_exact_line_search_in_rational_arithmetic():
    eigenvalues, x = [Fraction(1), Fraction(4)], [Fraction(4), Fraction(1)]
    result = ol.GradientDescent(line_search="exact").run(
        ol.problems.Quadratic([1.0, 4.0], x_star=[0.0, 0.0]), x0=[4.0, 1.0], max_iter=6, store_x=True
    )
    for state, size in zip(result.history.x, [None, *result.history["step_size"][1:]], strict=True):
        np.testing.assert_allclose(state, [float(v) for v in x], rtol=1e-12)
        g = [e * v for e, v in zip(eigenvalues, x, strict=True)]
        step = sum(a * a for a in g) / sum(e * a * a for e, a in zip(eigenvalues, g, strict=True))
        x = [v - step * a for v, a in zip(x, g, strict=True)]
        if size is not None:
            assert size == pytest.approx(float(step))
    # From (L/mu, 1) both eigenvalues shrink by (L - mu)/(L + mu) = 3/5 a step: the tight start.
    gaps = result.history["gap"]
    np.testing.assert_allclose(gaps[1:] / gaps[:-1], 9 / 25, rtol=1e-12)


def test_backtracking_takes_the_first_step_that_decreases_enough():
    problem = ol.problems.Quadratic([1.0, 10.0])
    solver = ol.GradientDescent(line_search="backtracking", step_size=2.0, shrink=0.5, armijo=0.5)
    result = solver.run(problem, max_iter=10, store_x=True)

    def accepts(x, size):
        g = problem.gradient(x)
        return problem.value(x - size * g) <= problem.value(x) - 0.5 * size * (g @ g) * (1 - 1e-12)

    for before, size in zip(result.history.x, result.history["step_size"][1:], strict=False):
        assert accepts(before, size)
        assert size == 2.0 or not accepts(before, 2 * size)
    trials = np.log2(2.0 / result.history["step_size"][1:]) + 1
    assert result.calls["value"] == 10 + trials.sum()  # F(x) once a step, and every trial
    assert result.calls["gradient"] == 10


def test_backtracking_at_the_end_of_precision_neither_hangs_nor_breaks():
    problem = ol.problems.NesterovChain(10)
    result = ol.GradientDescent(line_search="backtracking").run(problem, max_iter=3000, record="log")
    assert result.status in (ol.Status.STALLED, ol.Status.MAX_ITER)
    assert abs(result.history["gap"][-1]) < 1e-14


def test_backtracking_that_cannot_decrease_says_so():
    uphill = ol.FunctionProblem(1, value=lambda x: -float(x[0]), gradient=lambda x: np.ones(1))
    result = ol.GradientDescent(line_search="backtracking").run(uphill, x0=[1.0], max_iter=50)
    assert result.status is ol.Status.STALLED
    assert result.x[0] == 1.0
    assert "no step decreases" in result.message
    nowhere = ol.FunctionProblem(1, value=lambda x: float("nan"), gradient=lambda x: np.ones(1))
    assert ol.GradientDescent(line_search="backtracking").run(nowhere, x0=[1.0], max_iter=5).status is ol.Status.STALLED


def test_polyak_step_on_a_parabola_halves_the_distance():
    problem = ol.problems.Quadratic([3.0], x_star=[0.0])
    result = ol.GradientDescent(line_search="polyak").run(problem, x0=[8.0], max_iter=3, store_x=True)
    np.testing.assert_allclose([x[0] for x in result.history.x], [8.0, 4.0, 2.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(result.history["step_size"][1:], 1 / 6)
    own = ol.FunctionProblem(1, value=lambda x: 1.5 * float(x[0] ** 2) + 7.0, gradient=lambda x: 3.0 * x)
    np.testing.assert_allclose(
        ol.GradientDescent(line_search="polyak", f_star=7.0).run(own, x0=[8.0], max_iter=3).x, 1.0
    )


@pytest.mark.parametrize("line_search", [None, "exact", "backtracking", "polyak"])
def test_a_minimiser_is_left_alone(line_search):
    problem = ol.problems.Quadratic([1.0, 2.0])
    result = ol.GradientDescent(line_search=line_search).run(problem, x0=[1.0, 1.0], max_iter=4)
    np.testing.assert_array_equal(result.x, [1.0, 1.0])


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, "exact", "backtracking", "polyak"]))
def test_repetitions_equal_single_runs(seed, line_search):
    rng = np.random.default_rng(seed)
    problem = ol.problems.Quadratic(rng.uniform(0.1, 3.0, 4), rotate=True, rng=seed)
    starts = rng.standard_normal((3, 4))
    solver = ol.GradientDescent(line_search=line_search)
    together = solver.run(problem, x0=starts, reps=3, max_iter=8)
    for r in range(3):
        alone = solver.run(problem, x0=starts[r], max_iter=8)
        np.testing.assert_allclose(together.x[r], alone.x, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(together.history["gap"][:, r], alone.history["gap"], rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("line_search", [None, "exact", "backtracking", "polyak"])
def test_resume_is_bit_identical_and_float32_is_kept(line_search):
    problem = ol.problems.Quadratic(np.array([0.3, 1.0, 2.0], dtype=np.float32))
    solver = ol.GradientDescent(line_search=line_search)
    straight = solver.run(problem, max_iter=12)
    resumed = solver.run(problem, max_iter=5).resume(max_iter=12)
    np.testing.assert_array_equal(straight.x, resumed.x)
    np.testing.assert_array_equal(straight.history["gap"], resumed.history["gap"])
    assert straight.x.dtype == np.float32


def test_the_resolved_step_is_recorded():
    history = ol.GradientDescent().run(ol.problems.Quadratic([1.0, 8.0]), max_iter=2).history
    np.testing.assert_array_equal(history["step_size"], [0.125] * 3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"step_size": -1.0}, ValueError, "step_size must be a finite number > 0, got -1.0"),
        ({"step_size": "big"}, TypeError, "step_size must be a real number, got str"),
        ({"line_search": "wolfe"}, ValueError, "line_search must be one of None, 'exact', 'backtracking', 'polyak'"),
        ({"line_search": "exact", "step_size": 1.0}, ValueError, "step_size has no meaning with line_search='exact'"),
        ({"shrink": 1.0}, ValueError, "shrink must be a finite number > 0 and < 1"),
        ({"armijo": 0.0}, ValueError, "armijo must be a finite number > 0"),
        ({"f_star": float("nan")}, ValueError, "f_star must be a finite number"),
    ],
)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        ol.GradientDescent(**options)


def test_missing_knowledge_is_named_before_any_work():
    def never(x):
        raise AssertionError("an oracle was called")

    bare = ol.FunctionProblem(1, value=never, gradient=never)
    with pytest.raises(
        ValueError, match=r"GradientDescent: give step_size, because the smoothness constant L .* not known"
    ):
        ol.GradientDescent().run(bare)
    with pytest.raises(ValueError, match=r"only a lower bound of L is known for QuarticLine"):
        ol.GradientDescent().run(ol.problems.QuarticLine())
    with pytest.raises(ValueError, match=r"give f_star, because the optimal value of FunctionProblem is not known"):
        ol.GradientDescent(line_search="polyak").run(bare)
    with pytest.raises(ol.MissingOracle, match="LineMinimum"):
        ol.GradientDescent(line_search="exact").run(bare)
    with pytest.raises(ValueError, match="L = 0 of LeastSquares gives no step"):
        ol.GradientDescent().run(ol.problems.LeastSquares(np.zeros((1, 1)), [1.0]))
    with pytest.raises(ol.MissingOracle, match="Gradient"):
        ol.GradientDescent(step_size=1.0).run(ol.problems.AbsoluteLine())
