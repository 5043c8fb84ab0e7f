import numpy as np
import pytest

import optlab as ol
from optlab.solvers.nesterov import next_momentum


def textbook(problem, step, mu, steps):
    """The two sequences written down once more, without state objects."""
    x = y = problem.start()
    t, xs = 1.0, [x]
    for _ in range(steps):
        new = y - step * problem.gradient(y)
        if mu:
            beta = (1 - np.sqrt(mu * step)) / (1 + np.sqrt(mu * step))
        else:
            t, before = (1 + np.sqrt(1 + 4 * t**2)) / 2, t
            beta = (before - 1) / t
        x, y = new, new + beta * (new - x)
        xs.append(x)
    return xs


@pytest.mark.parametrize("mu", [0.0, 0.25])
def test_iterates_are_the_textbooks(mu):
    problem = ol.problems.Quadratic.spread(5, L=4.0, mu=0.25, rotate=True, rng=0)
    result = ol.NesterovAcceleratedGradient(mu=mu).run(problem, max_iter=30, store_x=True)
    for ours, theirs in zip(result.history.x, textbook(problem, 0.25, mu, 30), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_momentum_numbers():
    t = [1.0]
    for _ in range(50):
        t.append(next_momentum(t[-1]))
    t = np.array(t)
    np.testing.assert_allclose(t[1:] ** 2 - t[1:], t[:-1] ** 2)
    assert (t >= (np.arange(51) + 2) / 2).all()


@pytest.mark.parametrize("d", [5, 41])
def test_bounds_on_the_chain(d):
    problem = ol.problems.NesterovChain(d)
    c, k = problem.constants, np.arange(1, 200)
    convex, strongly = (
        ol.NesterovAcceleratedGradient(mu=mu).run(problem, max_iter=199).history["gap"] for mu in (0.0, "auto")
    )
    assert (convex[1:] <= 2 * c.L * c.D**2 / (k + 1) ** 2).all()
    bound = (1 - np.sqrt(c.mu / c.L)) ** k * (convex[0] + c.mu / 2 * c.D**2)
    assert (strongly[1:] <= bound * (1 + 1e-9) + 1e-15).all()


def test_auto_uses_a_certified_modulus_only():
    def quadratic(**constants):
        return ol.FunctionProblem(
            1, value=lambda x: float(x @ x), gradient=lambda x: 2 * x, constants=ol.Constants(**constants)
        )

    def mu_of(problem):
        return ol.NesterovAcceleratedGradient(step_size=0.1).run(problem, max_iter=1).history["mu"][0]

    assert mu_of(quadratic(mu=ol.constants.lower(0.5, "test"))) == 0.5
    assert mu_of(quadratic(mu=ol.constants.estimate(0.5, "test"))) == 0.0
    assert mu_of(quadratic(mu=ol.constants.exact(-1.0, "test"))) == 0.0
    assert mu_of(quadratic()) == 0.0


def test_strongly_convex_with_condition_number_one_ends_in_one_step():
    result = ol.NesterovAcceleratedGradient().run(ol.problems.Quadratic([3.0, 3.0]), max_iter=3)
    np.testing.assert_allclose(result.x, [1.0, 1.0])


@pytest.mark.parametrize("mu", [0.0, "auto"])
def test_resume_and_repetitions(mu):
    problem = ol.problems.Quadratic.spread(6, mu=0.05)
    solver = ol.NesterovAcceleratedGradient(mu=mu)
    straight = solver.run(problem, max_iter=20)
    np.testing.assert_array_equal(straight.x, solver.run(problem, max_iter=7).resume(max_iter=20).x)
    starts = np.random.default_rng(0).standard_normal((3, 6))
    together = solver.run(problem, x0=starts, reps=3, max_iter=20)
    for r in range(3):
        np.testing.assert_allclose(together.x[r], solver.run(problem, x0=starts[r], max_iter=20).x, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step_size": 0.0}, "step_size must be a finite number > 0"),
        ({"mu": -1.0}, "mu must be a finite number >= 0"),
        ({"mu": "guess"}, "mu must be 'auto' or a number >= 0, got 'guess'"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        ol.NesterovAcceleratedGradient(**options)


def test_bad_combinations_before_any_work():
    with pytest.raises(ValueError, match="mu must be at most 1 / step_size = 4, got 5"):
        ol.NesterovAcceleratedGradient(mu=5.0).run(ol.problems.Quadratic([1.0, 4.0]))
    with pytest.raises(ValueError, match="NesterovAcceleratedGradient: give step_size"):
        ol.NesterovAcceleratedGradient().run(ol.FunctionProblem(1, gradient=lambda x: x))
