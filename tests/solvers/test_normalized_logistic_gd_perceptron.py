"""The Perceptron: its bound, its rules, and that chunks and representations leave no mark."""

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import optlab as ol
from optlab.problems import Chain, Orthant, PlantedMargin, Separable, WorstCase

RULES = ["lowest", "cyclic", "random", "worst"]
VARIANTS = [(rule, gram) for rule in RULES for gram in (True, False)]


def textbook(Z, rule):
    """The indices of the updates, from the definition."""
    x, path, start = np.zeros(Z.shape[1]), [], 0
    while (wrong := np.flatnonzero(Z @ x <= 0)).size:
        if rule == "lowest":
            j = wrong[0]
        elif rule == "cyclic":
            j = next((i for i in wrong if i >= start), wrong[0])
        else:
            j = np.argmin(Z @ x)
        x, start = x + Z[j], j + 1
        path.append(int(j))
    return path


@pytest.mark.parametrize(("rule", "gram"), VARIANTS)
@pytest.mark.parametrize("d", [2, 4, 8, 16])
def test_chain_needs_half_the_bound_whatever_the_rule(rule, gram, d):
    problem = Chain(d)
    result = ol.Perceptron(rule, gram=gram).run(problem, max_iter=10**5, rng=d)
    assert result.success
    assert (
        result.k == sum(i * i for i in range(1, d + 1)) == round(problem.constants.R**2 / problem.constants.mu**2 / 2)
    )
    assert_array_equal(result.x, np.arange(d, 0, -1))


@pytest.mark.parametrize(("rule", "gram"), VARIANTS)
def test_orthant_attains_the_bound(rule, gram):
    assert ol.Perceptron(rule, gram=gram).run(Orthant(12), rng=0).k == 12


def test_counts_of_the_sheet():
    assert [ol.Perceptron().run(WorstCase(n)).k for n in (100, 400, 2000)] == [2, 2, 2]
    pairs = {(3, 8): 90, (1, 8): 468, (0, 1): 13}
    for (a, b), expected in pairs.items():
        problem = Separable.from_digits(a, b, certify=False)
        assert [ol.Perceptron(gram=gram).run(problem).k for gram in (True, False)] == [expected] * 2
    assert ol.Perceptron().run(Separable.from_digits(3, 8, first=9)).k == 16


@pytest.mark.parametrize("rule", ["lowest", "cyclic", "worst"])
def test_every_representation_makes_the_textbook_path(rule):
    rng = np.random.default_rng(0)
    Z = rng.integers(-9, 10, (40, 4)).astype(float)
    Z[:, 0] = 1
    expected = textbook(Z, rule)
    assert len(expected) > 10
    for data in (Z, sp.csr_array(Z)):
        for gram in (True, False):
            for chunk in (1, 3, 256):
                result = ol.Perceptron(rule, chunk=chunk, gram=gram).run(Separable(data, np.ones(40)))
                assert result.history.trace["chosen"].tolist() == expected
                assert_array_equal(result.x, Z[expected].sum(axis=0))


@pytest.mark.parametrize("gram", [True, False])
def test_random_choice_is_uniform_among_the_mistakes_and_reproducible(gram):
    problem = Orthant(5)
    solver = ol.Perceptron("random", gram=gram)
    firsts = [int(solver.run(problem, rng=seed).history.trace["chosen"][0]) for seed in range(200)]
    counts = np.bincount(firsts, minlength=5)
    assert ((counts - 40) ** 2 / 40).sum() < 23.5  # chi-squared with 4 degrees of freedom, level 1e-4
    one, other = (solver.run(problem, rng=7).history.trace["chosen"] for _ in range(2))
    assert_array_equal(one, other)


@pytest.mark.parametrize(("rule", "gram"), VARIANTS)
@pytest.mark.parametrize("stop", [1, 7, 40])
def test_resume_leaves_no_mark(rule, gram, stop):
    problem = Separable.from_digits(1, 8, certify=False)
    solver = ol.Perceptron(rule, chunk=16, gram=gram)
    straight = solver.run(problem, max_iter=90, rng=1)
    resumed = solver.run(problem, max_iter=stop, rng=1).resume(max_iter=90)
    assert_array_equal(straight.x, resumed.x)
    assert_array_equal(straight.history.trace["chosen"], resumed.history.trace["chosen"])
    assert straight.k == resumed.k == 90
    assert straight.calls == resumed.calls


@pytest.mark.parametrize(("rule", "gram"), VARIANTS)
def test_the_count_is_exact_at_the_limit(rule, gram):
    """A run stopped by max_iter exactly at the separating update still says that it separates."""
    problem = PlantedMargin(60, 4, 0.05, rng=1)
    needed = ol.Perceptron(rule, gram=gram).run(problem, rng=0).k
    assert needed > 3
    exact = ol.Perceptron(rule, chunk=needed, gram=gram).run(problem, max_iter=needed, rng=0)
    assert (exact.k, exact.status.name) == (needed, "EXACT")
    assert not ol.Perceptron(rule, gram=gram).run(problem, max_iter=needed - 1, rng=0).success


@given(
    st.integers(0, 10**6),
    st.integers(2, 60),
    st.integers(2, 8),
    st.floats(0.02, 0.6),
    st.sampled_from(VARIANTS),
    st.booleans(),
)
@settings(max_examples=60)
def test_the_bound_on_random_data(seed, n, d, margin, variant, single):
    problem = PlantedMargin(n, d, margin, rng=seed)
    if single:
        problem = Separable(np.array(problem.Z, dtype=np.float32), np.ones(n))
    result = ol.Perceptron(*variant[:1], gram=variant[1]).run(problem, max_iter=10**5, rng=seed)
    assert result.success
    assert result.k <= 1 / margin**2 * (1 + 1e-4 * single)
    assert problem.measure(result.x)["errors"] == 0
    assert result.x.dtype == problem.Z.dtype


@pytest.mark.parametrize(("rule", "gram"), VARIANTS)
def test_data_that_cannot_be_separated_are_never_reported_as_solved(rule, gram):
    result = ol.Perceptron(rule, gram=gram).run(ol.problems.Contradictory(), max_iter=500)
    assert (result.k, result.status.name) == (500, "MAX_ITER")
    assert result.history["errors"].min() > 0


@pytest.mark.parametrize(("rule", "gram"), VARIANTS)
def test_rounding_in_running_sums_cannot_fake_a_separation(rule, gram):
    """Nearly contradictory data in float32: the true margins stay below what the sums resolve."""
    z = np.array([[1.0, 0.1], [-1.0, -0.1]], dtype=np.float32)
    problem = Separable(np.concatenate([z, [[0.3, 1e-8]]]).astype(np.float32), np.ones(3))
    result = ol.Perceptron(rule, chunk=7, gram=gram).run(problem, max_iter=2000, rng=0)
    assert not result.success
    assert problem.measure(result.x)["errors"] > 0


@pytest.mark.parametrize(("rule", "gram"), VARIANTS)
def test_warm_start(rule, gram):
    problem = PlantedMargin(30, 3, 0.1, rng=4)
    done = ol.Perceptron(rule, gram=gram).run(problem, x0=problem.direction)
    assert (done.k, done.status.name) == (0, "EXACT")
    x0 = -5 * problem.direction
    result = ol.Perceptron(rule, gram=gram).run(problem, x0=x0, max_iter=10**4, rng=0)
    assert result.success
    assert_allclose(result.x, x0 + problem.Z[result.history.trace["chosen"]].sum(axis=0), atol=1e-12)


def test_a_large_problem_is_walked_through_by_visits():
    problem = PlantedMargin(5000, 5, 0.1, rng=0)
    result = ol.Perceptron("cyclic").run(problem)
    assert result.success
    assert result.state.gram is None
    assert result.calls["rows"] >= problem.n


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rule": "best"}, ValueError, "rule must be one of 'lowest', 'cyclic', 'random', 'worst', got 'best'"),
        ({"chunk": 0}, ValueError, "chunk must be at least 1"),
        ({"chunk": 2.0}, TypeError, "chunk must be an integer"),
        ({"gram": "yes"}, (TypeError, ValueError), "gram must be True or False"),
    ],
)
def test_bad_parameters(arguments, error, message):
    with pytest.raises(error, match=message):
        ol.Perceptron(**arguments)


def test_other_libraries_are_turned_away_before_any_work():
    problem = Separable(array_api_strict.asarray(np.eye(3)), [1, 1, 1])
    with pytest.raises(TypeError, match="walks through NumPy or SciPy sparse data, got array_api_strict"):
        ol.Perceptron().run(problem)
