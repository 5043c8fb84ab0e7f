import pickle

import numpy as np
import pytest

import optlab as ol
from optlab.core.oracles import Project, has_oracle
from optlab.problems import stochastic


def moments(problem, x, size=40_000, seed=0):
    """Mean of the estimates, its standard error, and the second moment of their length, at the point x."""
    xi = problem.draw(np.random.default_rng(seed), size)
    g = problem.stochastic_gradient(np.broadcast_to(x, (size, *x.shape)), xi)
    return g.mean(axis=0), g.std(axis=0) / size**0.5, g


@pytest.mark.parametrize("name", ["NoisyQuadratic", "NoisyAbsolute", "NoisyAbsolute(projected)"])
def test_estimates_are_unbiased(name):
    problem = stochastic.EXAMPLES[name]()
    x = problem.start() + 0.3
    mean, error, _ = moments(problem, x)
    truth = problem.gradient(x) if hasattr(problem, "gradient") else problem.subgradient(x)
    assert (np.abs(mean - truth) < 6 * error + 1e-12).all()


def test_variance_of_the_noise_is_the_declared_one():
    problem = ol.problems.NoisyQuadratic([1.0, 2.0, 3.0, 4.0], sigma=0.7)
    x = np.zeros(4)
    _, _, g = moments(problem, x)
    squares = np.sum((g - problem.gradient(x)) ** 2, axis=1)
    assert abs(squares.mean() - 0.49) < 6 * squares.std() / len(squares) ** 0.5
    assert problem.constants.sigma == 0.7


def test_second_moment_is_attained_away_from_the_axes():
    problem = ol.problems.NoisyAbsolute(d=4, G=3.0, sigma=4.0)
    _, _, g = moments(problem, np.full(4, 2.0))
    squares = np.sum(g**2, axis=1)
    assert abs(squares.mean() - problem.constants.M**2) < 6 * squares.std() / len(squares) ** 0.5
    line = ol.problems.NoisyAbsolute(d=1, G=3.0, sigma=4.0)
    lengths = set(np.abs(moments(line, np.ones(1))[2][:, 0]).tolist())
    assert lengths == {1.0, 7.0}


def test_a_sigma_of_zero_is_the_deterministic_problem():
    problem = ol.problems.NoisyQuadratic([1.0, 2.0], sigma=0.0)
    noisy = ol.SGD(step_size=0.1, schedule="constant").run(problem, max_iter=10, rng=0)
    plain = ol.GradientDescent(step_size=0.1).run(problem, max_iter=10)
    np.testing.assert_allclose(noisy.x, plain.x, rtol=1e-14)


def test_heavy_tails_have_no_variance():
    problem = stochastic.EXAMPLES["HeavyTailedQuadratic"]()
    xi = problem.draw(np.random.default_rng(0), 100_000)[:, 0]
    t = np.array([1.0, 10.0, 100.0])
    tail = (np.abs(xi)[:, None] > t).mean(axis=0)
    np.testing.assert_allclose(tail, (1 + t) ** -1.5, rtol=0.2)
    assert abs(np.mean(xi > 0) - 0.5) < 0.01
    assert set(problem.constants) == {"L", "mu"}


def test_bias_is_the_declared_one():
    problem = ol.problems.BiasedAbsolute(bias=0.5, d=4)
    x = problem.start()
    mean, error, g = moments(problem, x)
    assert (np.abs(mean - problem.subgradient(x) + 0.25) < 6 * error).all()
    assert np.mean(np.sum(g**2, axis=1)) <= problem.constants.M**2


def test_feasible_set_is_optional():
    free, boxed = ol.problems.NoisyAbsolute(d=2, D=3.0), ol.problems.NoisyAbsolute(d=2, D=3.0, project=True)
    assert not has_oracle(free, Project)
    assert has_oracle(pickle.loads(pickle.dumps(boxed)), Project)
    np.testing.assert_allclose(boxed.project(np.array([30.0, 40.0])), [1.8, 2.4])
    assert boxed.constants.diameter == 6.0
    walk = ol.SGD(step_size=5.0, schedule="constant").run(boxed, max_iter=50, rng=0, store_x=True)
    assert max(np.linalg.norm(x) for x in walk.history.x) <= 3.0 * (1 + 1e-12)


def test_batched_oracles(assert_batched):
    rng = np.random.default_rng(3)
    for name in ("NoisyAbsolute", "BiasedAbsolute"):
        assert_batched(stochastic.EXAMPLES[name](), ["value", "subgradient"], rng)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ol.problems.NoisyQuadratic([1.0], sigma=-1.0), "sigma must be a finite number >= 0"),
        (lambda: ol.problems.HeavyTailedQuadratic([1.0], tail=1.0), "tail must be a finite number > 1 and <= 2"),
        (lambda: ol.problems.NoisyAbsolute(d=0), "d must be at least 1"),
        (lambda: ol.problems.NoisyAbsolute(G=0.0), "G must be a finite number > 0"),
        (lambda: ol.problems.NoisyAbsolute(project=1), "project must be True or False"),
        (lambda: ol.problems.BiasedAbsolute(bias=0.0), "bias must be a finite number > 0"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build()
