import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.core.rng import streams


def test_noise_comes_from_the_environment_stream_sample_by_sample():
    problem = ol.problems.NoisyQuadratic([1.0, 2.0], sigma=0.5)
    result = ol.SGD(step_size=0.1, schedule="constant").run(problem, max_iter=20, rng=3, store_x=True)
    xi = streams(3).environment.standard_normal((20, 2))
    z = problem.start()
    for k in range(20):
        z = z - 0.1 * (problem.gradient(z) + 0.5 / 2**0.5 * xi[k])
        np.testing.assert_allclose(result.history.x[k + 1], z, rtol=1e-12)


@settings(max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["constant", "sqrt", "linear"]),
    st.sampled_from(["last", "average", "weighted"]),
)
def test_repetition_r_equals_the_single_run_with_its_seed(seed, schedule, output):
    problem = ol.problems.NoisyAbsolute(d=2, sigma=2.0, project=True)
    solver = ol.SGD(schedule=schedule, horizon=30, output=output)
    together = solver.run(problem, rng=seed, reps=4, max_iter=30)
    for r, child in enumerate(ol.rng.spawn(seed, 4)):
        alone = solver.run(problem, rng=child, max_iter=30)
        np.testing.assert_allclose(together.x[r], alone.x, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(together.history["gap"][:, r], alone.history["gap"], rtol=1e-10, atol=1e-15)


def test_repetitions_over_several_blocks_and_with_row_samples():
    quadratic = ol.problems.NoisyQuadratic([1.0, 2.0])
    rows = ol.problems.LogisticRegression(np.random.default_rng(0).standard_normal((9, 2)), [1, -1, 1] * 3, l2=0.1)
    for problem in (quadratic, rows):
        together = ol.SGD(step_size=0.1).run(problem, rng=1, reps=2, max_iter=1200, record=400)
        for r, child in enumerate(ol.rng.spawn(1, 2)):
            alone = ol.SGD(step_size=0.1).run(problem, rng=child, max_iter=1200, record=400)
            np.testing.assert_allclose(together.x[r], alone.x, rtol=1e-11)


@pytest.mark.parametrize("output", ["last", "average", "weighted"])
@pytest.mark.parametrize("reps", [None, 3])
def test_resume_is_bit_identical_across_blocks_and_pickles(output, reps, tmp_path):
    problem = ol.problems.NoisyAbsolute(d=300, sigma=1.0)  # blocks of 109 samples
    solver = ol.SGD(output=output)
    straight = solver.run(problem, rng=5, reps=reps, max_iter=250, record=50)
    part = solver.run(problem, rng=5, reps=reps, max_iter=117, record=50)
    np.testing.assert_array_equal(straight.x, part.resume(max_iter=250).x)
    part.save(tmp_path / "run.pkl")
    loaded = ol.load(tmp_path / "run.pkl").resume(max_iter=250)
    np.testing.assert_array_equal(straight.x, loaded.x)
    np.testing.assert_array_equal(straight.history["gap"], loaded.history["gap"])
    assert pickle.loads(pickle.dumps(straight)).x.shape == straight.x.shape


def test_common_random_numbers_across_solvers():
    problem = ol.problems.NoisyQuadratic([1.0], sigma=1.0)
    a = ol.SGD(step_size=0.1, schedule="constant").run(problem, rng=0, max_iter=1)
    b = ol.SGD(step_size=0.2, schedule="constant").run(problem, rng=0, max_iter=1)
    start = problem.start()
    np.testing.assert_allclose(2 * (a.x - start), b.x - start)


def test_default_scales_use_the_second_moment():
    problem = ol.problems.NoisyAbsolute(G=3.0, sigma=4.0, D=10.0)

    def first(**options):
        return ol.SGD(**options).run(problem, max_iter=1, rng=0).history["step_size"][-1]

    assert first() == 2.0
    assert first(schedule="constant", horizon=3) == 1.0
    assert first(schedule="linear", horizon=3) == 0.75


def test_linear_decay_ends_at_its_horizon():
    result = ol.SGD(schedule="linear", horizon=7).run(ol.problems.NoisyAbsolute(), max_iter=50, rng=0)
    assert (result.k, result.status) == (7, ol.Status.MAX_ITER)


def test_stationary_variance_on_a_quadratic():
    # z' = (1 - s) z - s sigma xi: the variance settles at s sigma^2 / (2 - s) for curvature 1.
    problem = ol.problems.NoisyQuadratic([1.0], sigma=2.0, x_star=[0.0])
    x = ol.SGD(step_size=0.5, schedule="constant").run(problem, max_iter=60, rng=0, reps=4000, record=60).x[:, 0]
    expected = 0.5 * 4.0 / 1.5
    assert abs(np.mean(x**2) - expected) < 6 * np.std(x**2) / 4000**0.5


def test_calls_are_counted_once_per_step():
    result = ol.SGD(step_size=0.1).run(ol.problems.NoisyAbsolute(), max_iter=30, rng=0, reps=5)
    assert result.calls["stochastic_gradient"] == 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "linear"}, "give horizon"),
        ({"schedule": "polyak"}, "schedule must be one of 'constant', 'sqrt', 'linear', got 'polyak'"),
        ({"output": "best"}, "output must be one of 'last', 'average', 'weighted'"),
        ({"step_size": -0.1}, "step_size must be a finite number > 0"),
        ({"horizon": 0}, "horizon must be at least 1"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        ol.SGD(**options)


def test_missing_knowledge_is_named_before_any_work():
    with pytest.raises(ValueError, match="SGD: give step_size, because NoisyQuadratic does not know a bound M or G"):
        ol.SGD().run(ol.problems.NoisyQuadratic([1.0]))
    with pytest.raises(ValueError, match="give step_size or horizon"):
        ol.SGD(schedule="constant").run(ol.problems.NoisyAbsolute())
    with pytest.raises(ol.MissingOracle, match="StochasticGradient"):
        ol.SGD(step_size=0.1).run(ol.problems.Quadratic([1.0]))
