import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol

VARIANTS = {
    "plain": ol.ProximalGradient(),
    "backtracking": ol.ProximalGradient(backtracking=True, step_size=1.0),
    "fista": ol.ProximalGradient(accelerated=True),
    "fista, backtracking": ol.ProximalGradient(accelerated=True, backtracking=True),
    "fista, monotone": ol.ProximalGradient(accelerated=True, monotone=True),
    "fista, monotone, backtracking": ol.ProximalGradient(accelerated=True, monotone=True, backtracking=True),
}


@pytest.fixture(scope="module")
def problem():
    return ol.problems.PlantedLasso(n=25, d=40, nnz=5, weight=0.8, rng=11)


@pytest.mark.parametrize("name", VARIANTS)
def test_reaches_the_certified_optimum(problem, name):
    result = VARIANTS[name].run(problem, stop=ol.stop.Below("duality_gap", 1e-10), max_iter=20_000, record=10)
    assert result.status is ol.Status.CONVERGED
    np.testing.assert_allclose(result.x, problem.reference.x, atol=1e-5)
    dual = problem.A.T @ (problem.b - problem.A @ result.x)
    on = result.x != 0
    np.testing.assert_array_equal(on, problem.reference.x != 0)
    np.testing.assert_allclose(dual[on], 0.8 * np.sign(result.x[on]), atol=1e-4)
    assert (np.abs(dual) <= 0.8 + 1e-4).all()


def test_same_objective_as_scikit_learn():
    from sklearn.linear_model import Lasso

    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((30, 20)), rng.standard_normal(30)
    problem = ol.problems.Lasso(A, b, weight=3.0)
    result = ol.ProximalGradient(accelerated=True).run(problem, stop=ol.stop.Below("duality_gap", 1e-12))
    peer = Lasso(alpha=3.0 / 30, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(A, b)
    assert problem.value(result.x) == pytest.approx(float(problem.value(peer.coef_)), rel=1e-11)


def test_one_step_by_hand():
    problem = ol.problems.Lasso([[2.0, 0.0], [0.0, 1.0]], [4.0, 0.1], weight=1.0)
    result = ol.ProximalGradient().run(problem, max_iter=1)  # L = 4: x = S_{1/4}(A^T b / 4)
    np.testing.assert_allclose(result.x, [2.0 - 0.25, 0.0])
    assert result.calls["smooth_gradient"] == result.calls["prox"] == 1


def test_fista_momentum_by_hand(problem):
    states = list(VARIANTS["fista"].iterate(problem, max_iter=3))
    step = 1 / problem.constants.L

    def p(y):
        return problem.prox(y - step * problem.smooth_gradient(y), step)

    x1 = p(states[0].x)
    x2 = p(x1)  # t_0 = 1: the first extrapolation is none
    t1 = (1 + 5**0.5) / 2
    t2 = (1 + (1 + 4 * t1**2) ** 0.5) / 2
    x3 = p(x2 + (t1 - 1) / t2 * (x2 - x1))
    for state, expected in zip(states, [problem.start(), x1, x2, x3], strict=True):
        np.testing.assert_allclose(state.x, expected, rtol=1e-13)


def test_monotone_variant_never_increases_and_plain_fista_does(problem):
    monotone, plain = (
        VARIANTS[name].run(problem, max_iter=400).history["value"] for name in ("fista, monotone", "fista")
    )
    assert (np.diff(monotone) <= 0).all()
    assert (np.diff(plain) > 1e-9).any()


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sampled_from(list(VARIANTS)))
def test_bounds_hold_with_backtracking_and_without(seed, name):
    problem = ol.problems.PlantedLasso(n=8, d=12, nnz=3, rng=seed)
    solver = VARIANTS[name]
    gap = solver.run(problem, max_iter=60).history["gap"][1:]
    k = np.arange(1, 61)
    c = problem.constants
    alpha = max(1 / solver.shrink, 1 / c.L) if solver.backtracking else 1.0
    bound = 2 / (k + 1) ** 2 if solver.accelerated else 1 / (2 * k)
    assert (gap <= alpha * c.L * c.D**2 * bound * (1 + 1e-9)).all()


def test_backtracking_steps_only_shrink_and_stay_above_the_guarantee(problem):
    sizes = (
        ol.ProximalGradient(backtracking=True, step_size=10.0, shrink=0.7)
        .run(problem, max_iter=50)
        .history["step_size"]
    )
    assert (np.diff(sizes) <= 0).all()
    assert sizes[-1] >= 0.7 / problem.constants.L


def test_smooth_problems_are_composite_problems_without_a_second_part():
    problem = ol.problems.Quadratic.spread(5, mu=0.1)
    pairs = [
        (ol.ProximalGradient(), ol.GradientDescent()),
        (ol.ProximalGradient(accelerated=True), ol.NesterovAcceleratedGradient(mu=0.0)),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.run(problem, max_iter=9).x, theirs.run(problem, max_iter=9).x, rtol=1e-14)


def test_a_feasible_set_makes_it_projected_gradient_descent():
    ball = ol.sets.L2Ball(1.0)
    target = np.array([3.0, 4.0])
    problem = ol.FunctionProblem(
        2, value=lambda x: 0.5 * float((x - target) @ (x - target)), gradient=lambda x: x - target, project=ball.project
    )
    np.testing.assert_allclose(ol.ProximalGradient(step_size=0.5).run(problem, max_iter=100).x, [0.6, 0.8])


@pytest.mark.parametrize("name", VARIANTS)
def test_resume_repetitions_and_float32(name):
    solver = VARIANTS[name]
    rng = np.random.default_rng(5)
    A, b = rng.standard_normal((6, 4)), rng.standard_normal(6)
    problem = ol.problems.Lasso(A, b, weight=0.3)
    straight = solver.run(problem, max_iter=25)
    np.testing.assert_array_equal(straight.x, solver.run(problem, max_iter=9).resume(max_iter=25).x)
    starts = rng.standard_normal((3, 4))
    together = solver.run(problem, x0=starts, reps=3, max_iter=25)
    for r in range(3):
        alone = solver.run(problem, x0=starts[r], max_iter=25)
        np.testing.assert_allclose(together.x[r], alone.x, rtol=1e-9, atol=1e-12)
    single = ol.problems.Lasso(A.astype(np.float32), b.astype(np.float32), weight=0.3)
    assert solver.run(single, max_iter=5).x.dtype == np.float32
    assert solver.run(single, max_iter=5, reps=2).x.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"monotone": True}, ValueError, "set accelerated=True too"),
        ({"accelerated": 1}, TypeError, "accelerated must be True or False, got 1"),
        ({"step_size": -2.0}, ValueError, "step_size must be a finite number > 0"),
        ({"shrink": 0.0}, ValueError, "shrink must be a finite number > 0"),
    ],
)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        ol.ProximalGradient(**options)


def test_missing_parts_are_named_before_any_work(problem):
    half = ol.FunctionProblem(1, smooth_value=lambda x: 0.0, smooth_gradient=lambda x: x)
    with pytest.raises(ol.MissingOracle, match="Prox"):
        ol.ProximalGradient(step_size=1.0).run(half)
    with pytest.raises(ol.MissingOracle, match=r"SmoothPart \(smooth_value, smooth_gradient\) or Gradient"):
        ol.ProximalGradient(step_size=1.0).run(ol.problems.AbsoluteLine())
    with pytest.raises(ol.MissingOracle, match="Value"):
        ol.ProximalGradient(backtracking=True).run(ol.FunctionProblem(1, gradient=lambda x: x))
    with pytest.raises(ValueError, match="ProximalGradient: give step_size"):
        ol.ProximalGradient().run(ol.FunctionProblem(1, gradient=lambda x: x))


def test_backtracking_that_finds_nothing_says_so():
    crooked = ol.FunctionProblem(1, value=lambda x: float("nan"), gradient=lambda x: np.ones(1))
    result = ol.ProximalGradient(backtracking=True).run(crooked, x0=[1.0], max_iter=50)
    assert result.status is ol.Status.STALLED
