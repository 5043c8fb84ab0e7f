from fractions import Fraction

import array_api_strict as strict
import numpy as np
import pytest

import optlab as ol
from optlab.solvers._steps import SCHEDULES, scheduled


def walk(problem, sizes):
    """The raw points of the method, written down once more."""
    z, points = problem.start(), []
    for size in sizes:
        points.append(z)
        z = z - size * problem.subgradient(z)
    return [*points, z]


@pytest.mark.parametrize("schedule", ["constant", "sqrt", "linear"])
@pytest.mark.parametrize("output", ["best", "last", "average", "weighted"])
def test_outputs_are_what_they_say(schedule, output):
    problem = ol.problems.InfinityNorm(d=4, G=2.0, D=3.0)
    solver = ol.SubgradientDescent(step_size=0.3, schedule=schedule, horizon=12, output=output)
    result = solver.run(problem, max_iter=12, store_x=True)
    sizes = np.array([scheduled(schedule, 0.3, k, 12) for k in range(13)])
    points = np.array(walk(problem, sizes[:-1]))
    for k, x in enumerate(result.history.x):
        so_far = points[: k + 1]
        expected = {
            "last": so_far[-1],
            "best": so_far[np.argmin([problem.value(z) for z in so_far])],
            "average": so_far.mean(axis=0),
            "weighted": so_far[0] if k == 0 else np.average(so_far, axis=0, weights=sizes[: k + 1]),
        }[output]
        np.testing.assert_allclose(x, expected, rtol=1e-12, atol=1e-14)
    assert result.calls["subgradient"] == 12
    assert result.calls["value"] == (13 if output == "best" else 0)


def test_schedules_by_hand():
    assert [SCHEDULES["sqrt"](k, 0) for k in (0, 3, 8)] == [1.0, 0.5, 1 / 3]
    assert [SCHEDULES["linear"](k, 3) for k in range(5)] == [0.75, 0.5, 0.25, 0.0, 0.0]
    assert SCHEDULES["constant"](7, 3) == 1.0


def test_default_scales_are_those_of_the_theory():
    problem = ol.problems.InfinityNorm(d=4, G=2.0, D=3.0)

    def first(**options):
        return ol.SubgradientDescent(**options).run(problem, max_iter=1).history["step_size"][-1]

    assert first() == 1.5
    assert first(schedule="constant", horizon=8) == 0.5
    assert first(schedule="linear", horizon=8) == pytest.approx(0.5 * 8 / 9)


def test_best_point_in_rational_arithmetic():
    # F = |x|, x_0 = 7/4, unit steps: 7/4, 3/4, -1/4, 3/4, -1/4, ...
    x, seen = Fraction(7, 4), []
    for _ in range(6):
        seen.append(abs(x))
        x -= 1 if x > 0 else -1
    result = ol.SubgradientDescent(step_size=1.0, schedule="constant").run(ol.problems.AbsoluteLine(D=1.75), max_iter=5)
    np.testing.assert_array_equal(result.history["gap"], np.minimum.accumulate([float(s) for s in seen]))


def test_polyak_steps_end_at_the_minimum_of_the_absolute_value():
    result = ol.SubgradientDescent(schedule="polyak", output="last").run(
        ol.problems.AbsoluteLine(G=3.0, D=2.0), max_iter=1
    )
    assert result.x[0] == 0.0
    assert result.history["step_size"][-1] == pytest.approx(2 / 3)
    still = ol.SubgradientDescent(schedule="polyak").run(ol.problems.AbsoluteLine(), x0=[0.0], max_iter=2)
    assert still.x[0] == 0.0


def test_the_linear_schedule_ends_at_its_horizon():
    problem = ol.problems.AbsoluteLine()
    result = ol.SubgradientDescent(schedule="linear", horizon=9, output="last").run(problem, max_iter=100)
    assert (result.k, result.status, result.success) == (9, ol.Status.MAX_ITER, False)
    assert "horizon of 9 steps" in result.message


def test_smooth_problems_and_feasible_sets_are_welcome():
    problem = ol.problems.Quadratic([1.0, 2.0])
    assert ol.SubgradientDescent(step_size=0.3).run(problem, max_iter=50).history["gap"][-1] < 1e-3
    boxed = ol.problems.NoisyAbsolute(d=2, D=3.0, project=True)
    result = ol.SubgradientDescent(step_size=50.0, output="last").run(boxed, max_iter=3, store_x=True)
    assert max(np.linalg.norm(x) for x in result.history.x) <= 3.0 * (1 + 1e-12)
    assert result.calls["project"] == 3


@pytest.mark.parametrize("output", ["best", "last", "average", "weighted"])
def test_resume_repetitions_and_strict_arrays(output):
    problem = ol.problems.InfinityNorm(d=5)
    solver = ol.SubgradientDescent(output=output, step_size=0.2)
    straight = solver.run(problem, max_iter=15)
    np.testing.assert_array_equal(straight.x, solver.run(problem, max_iter=6).resume(max_iter=15).x)
    starts = np.random.default_rng(0).standard_normal((3, 5))
    together = solver.run(problem, x0=starts, reps=3, max_iter=15)
    for r in range(3):
        np.testing.assert_allclose(together.x[r], solver.run(problem, x0=starts[r], max_iter=15).x, rtol=1e-12)
    lasso = ol.problems.Lasso(strict.asarray([[1.0, 2.0], [0.0, 1.0]]), strict.asarray([1.0, 3.0]), weight=0.5)
    twin = ol.problems.Lasso(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([1.0, 3.0]), weight=0.5)
    ours, theirs = solver.run(lasso, max_iter=10), solver.run(twin, max_iter=10)
    np.testing.assert_allclose(np.asarray(ours.x), theirs.x, rtol=1e-12)


def test_polyak_with_repetitions():
    problem = ol.problems.InfinityNorm(d=3)
    starts = np.random.default_rng(1).standard_normal((4, 3))
    solver = ol.SubgradientDescent(schedule="polyak")
    together = solver.run(problem, x0=starts, reps=4, max_iter=9)
    for r in range(4):
        alone = solver.run(problem, x0=starts[r], max_iter=9)
        np.testing.assert_allclose(together.x[r], alone.x, rtol=1e-12)
        np.testing.assert_allclose(together.history["step_size"][1:, r], alone.history["step_size"][1:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "linear"}, "schedule='linear' decays to zero at a horizon: give horizon"),
        ({"schedule": "cosine"}, "schedule must be one of 'constant', 'sqrt', 'linear', 'polyak'"),
        ({"horizon": 0}, "horizon must be at least 1"),
        ({"output": "first"}, "output must be one of 'best', 'last', 'average', 'weighted'"),
        ({"step_size": 0.0}, "step_size must be a finite number > 0"),
        ({"schedule": "polyak", "step_size": 1.0}, "step_size has no meaning with schedule='polyak'"),
        ({"schedule": "polyak", "output": "weighted"}, "output='weighted' needs step sizes known beforehand"),
        ({"f_star": float("inf")}, "f_star must be a finite number"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        ol.SubgradientDescent(**options)


def test_missing_knowledge_is_named_before_any_work():
    bare = ol.FunctionProblem(1, value=lambda x: abs(float(x[0])), subgradient=np.sign)
    with pytest.raises(ValueError, match="does not know a bound M or G on the subgradients"):
        ol.SubgradientDescent().run(bare)
    with pytest.raises(ValueError, match="give step_size or horizon for schedule='constant'"):
        ol.SubgradientDescent(schedule="constant").run(ol.problems.AbsoluteLine())
    with pytest.raises(ValueError, match="does not know the distance D of the start"):
        ol.SubgradientDescent().run(ol.problems.LogisticRegression([[1.0], [1.0]], [1, -1]))
    with pytest.raises(ValueError, match="give f_star"):
        ol.SubgradientDescent(schedule="polyak").run(bare)
    with pytest.raises(ol.MissingOracle, match="Subgradient"):
        ol.SubgradientDescent(step_size=1.0).run(ol.FunctionProblem(1, value=lambda x: 0.0))
    with pytest.raises(ol.MissingOracle, match="Value"):
        ol.SubgradientDescent(step_size=1.0).run(ol.FunctionProblem(1, subgradient=np.sign))
