"""Separable data: constants against certificates, the oracles against formulas, and every bad input."""

import math
import pickle
from fractions import Fraction

import array_api_strict
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import optlab as ol
from optlab.problems._margin import certify_margin, exact_path
from optlab.problems.separable import Separable
from optlab.problems.separable_instances import EXAMPLES
from optlab.problems.signed_data import logistic

ANALYTIC = [name for name in EXAMPLES if name != "Contradictory"]


@pytest.mark.parametrize("name", ANALYTIC)
def test_closed_forms_agree_with_the_certificate(name):
    problem = EXAMPLES[name]()
    found = certify_margin(problem.Z)
    assert found.lower <= found.upper * (1 + 1e-14)
    assert_allclose([found.lower, found.upper], problem.constants.mu, rtol=1e-10)
    assert_allclose(problem.constants.R, np.linalg.norm(problem.Z, axis=1).max(), rtol=1e-14)
    assert_allclose(np.linalg.norm(problem.direction), 1, rtol=1e-14)
    assert_allclose((problem.Z @ problem.direction).min(), problem.constants.mu, rtol=1e-13)
    assert problem.constants["mu"].kind == "exact"
    assert problem.reference.is_exact
    assert not problem.reference.attained


@given(st.integers(0, 99), st.integers(2, 25), st.integers(2, 8), st.floats(1e-3, 0.9), st.integers(0, 20))
@settings(max_examples=30)
def test_planted_margin_is_what_it_says(seed, distinct, d, margin, replicate):
    problem = ol.problems.PlantedMargin(distinct + replicate, d, margin, replicate=replicate, rng=seed)
    found = certify_margin(problem.Z)
    assert problem.n == distinct + replicate == len(problem.Z)
    assert_allclose([found.lower, found.upper], margin, rtol=1e-9)
    assert_allclose(np.linalg.norm(problem.Z, axis=1).max(), 1, rtol=1e-12)
    assert len(np.unique(problem.Z.round(12), axis=0)) <= distinct


def test_the_margin_certificate_agrees_with_an_independent_solver():
    import cvxpy

    rng = np.random.default_rng(3)
    Z = rng.standard_normal((40, 6))
    Z[:, 0] = np.abs(Z[:, 0]) + 0.1
    u = cvxpy.Variable(6)
    answer = cvxpy.Problem(cvxpy.Maximize(cvxpy.min(Z @ u)), [cvxpy.norm(u) <= 1]).solve()
    found = certify_margin(Z)
    assert found.lower == pytest.approx(answer, rel=1e-5)
    assert found.upper / found.lower - 1 < 1e-10
    assert found.weights.sum() == pytest.approx(1, rel=1e-14)
    assert found.weights.min() >= 0


@pytest.mark.parametrize("seed", range(5))
def test_data_without_a_margin_are_never_certified(seed):
    rng = np.random.default_rng(seed)
    problem = Separable(rng.standard_normal((200, 5)), rng.choice([0, 1], 200), certify=True)
    assert "mu" not in problem.constants
    assert problem.constants.mu_upper < 1e-12
    assert problem.certificate.lower <= 0
    assert problem.direction is None
    assert problem.reference.lo == 0
    assert problem.reference.hi == math.log(2)


def test_digits_are_certified():
    table = {(3, 8): (357, 0.2074, 492), (1, 8): (356, 0.1070, 2018), (0, 1): (360, 0.5849, 67.5)}
    for (a, b), (n, mu, bound) in table.items():
        problem = Separable.from_digits(a, b)
        c = problem.constants
        assert problem.n == n
        assert c.mu == pytest.approx(mu, rel=1e-3)
        assert c.R**2 / c.mu**2 == pytest.approx(bound, rel=1e-3)
        assert c["mu"].kind == "lower"
        assert 0 <= c.mu_upper / c.mu - 1 < 1e-10
    assert Separable.from_digits(3, 8, first=9).n == 183


@pytest.mark.parametrize("sparse", [False, True])
def test_oracles_are_their_formulas(sparse):
    rng = np.random.default_rng(0)
    A, y = rng.standard_normal((30, 4)), rng.choice(["no", "yes"], 30)
    problem = Separable(sp.csr_matrix(A) if sparse else A, y)
    Z = A * np.where(y == "yes", 1, -1)[:, None]
    w, p = rng.standard_normal(4), rng.random(30)
    assert_allclose(problem.margins(w), Z @ w, rtol=1e-13)
    assert_allclose(problem.weighted_rows(p), Z.T @ p, rtol=1e-13)
    assert_allclose(problem.value(w), np.log1p(np.exp(-Z @ w)).mean(), rtol=1e-13)
    eps = 1e-6
    slope = [(problem.value(w + eps * e) - problem.value(w - eps * e)) / (2 * eps) for e in np.eye(4)]
    assert_allclose(problem.gradient(w), slope, rtol=1e-7, atol=1e-9)
    picked = problem.rows([2, 5])
    assert_allclose(picked.toarray() if sparse else picked, Z[[2, 5]])
    assert_allclose(problem.constants.L, np.linalg.norm(Z, 2) ** 2 / 120, rtol=1e-12)
    assert problem.measure(w) == {
        "errors": int((Z @ w <= 0).sum()),
        "min_margin": pytest.approx((Z @ w).min() / np.linalg.norm(w)),
    }
    assert problem.measure(np.zeros(4)) == {"errors": 30, "min_margin": 0.0}


def test_metrics_do_not_see_the_scale():
    problem = ol.problems.PlantedMargin(30, 4, 0.2, rng=0)
    x = np.random.default_rng(1).standard_normal(4)
    one, huge = problem.measure(x), problem.measure(1e200 * x)
    assert one["errors"] == huge["errors"]
    assert one["min_margin"] == pytest.approx(huge["min_margin"])
    assert problem.measure(problem.direction)["min_margin"] == pytest.approx(0.2)


def test_logistic_has_no_overflow():
    m = np.array([-np.inf, -1e308, -800.0, 0.0, 800.0, 1e308, np.inf])
    sigma, loss = logistic(m)
    assert_allclose(sigma, [1, 1, 1, 0.5, 0, 0, 0])
    assert_allclose(loss, [np.inf, 1e308, 800, math.log(2), 0, 0, 0])
    small = logistic(np.array([40.0]))
    assert_allclose(small, np.exp(-40) * np.ones((2, 1)), rtol=1e-15)


@pytest.mark.parametrize("sparse", [False, True])
def test_large_data_get_a_bound_for_the_smoothness(sparse, monkeypatch):
    rng = np.random.default_rng(0)
    if sparse:
        A = sp.eye_array(2100) + sp.random_array((2100, 2100), density=0.005, rng=rng)
    else:
        A = rng.standard_normal((40, 30))
        monkeypatch.setattr("optlab.problems.separable._SPECTRUM_FLOPS", 100)
    problem = Separable(A, [1] * A.shape[0])
    c = problem.constants
    largest = sp.linalg.norm(problem.Z, 2) if sparse else np.linalg.norm(A, 2)
    assert c["L"].kind == "upper"
    assert largest**2 / (4 * problem.n) <= c.L <= c.R**2 / 4


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ([1, -1, 1], [1, 0, 1]),
        ([0, 1, 1], [0, 1, 1]),
        ([True, False, True], [1, 0, 1]),
        (["b", "a", "b"], [1, 0, 1]),
        ([2.5, 7.0, 7.0], [0, 1, 1]),
        (["only"] * 3, [1, 1, 1]),
        ([1, 1, 1], [1, 1, 1]),
        ([-1, -1, -1], [0, 0, 0]),
        ([0, 0, 0], [0, 0, 0]),
        ([False] * 3, [0, 0, 0]),
        ([5, 5, 5], [1, 1, 1]),
    ],
)
def test_labels_of_any_kind(labels, positive):
    A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert_allclose(Separable(A, labels).Z, A * np.where(positive, 1, -1)[:, None])
    assert_allclose(Separable(sp.csr_array(A), np.array(labels)).Z.toarray(), A * np.where(positive, 1, -1)[:, None])


@pytest.mark.parametrize(
    ("A", "y", "error", "message"),
    [
        (np.zeros((0, 3)), [], ValueError, "A must have at least one row"),
        (np.zeros((3, 0)), [1, 1, 1], ValueError, "A must have at least one row and one column"),
        ([1.0, 2.0], [1, 1], ValueError, "A must have 2 dimensions"),
        ([[1.0], [np.nan]], [1, 1], ValueError, "A holds NaN"),
        ([[1.0], [np.inf]], [1, 1], ValueError, "A holds NaN or infinite"),
        ([["a"], ["b"]], [1, 1], TypeError, "A must hold real numbers"),
        ([[1.0, 0.0], [0.0, 0.0]], [1, 1], ValueError, "row 1 of A is zero"),
        ([[1.0], [2.0]], [1], ValueError, r"y must have shape \(2,\)"),
        ([[1.0], [2.0]], [[1], [2]], ValueError, r"y must have shape \(2,\)"),
        ([[1.0], [2.0], [3.0]], [1, 2, 3], ValueError, "at most two different labels, got 3: 1, 2, 3"),
        ([[1.0], [2.0]], [1.0, np.nan], ValueError, "y holds NaN"),
        ([[1.0], [2.0]], np.array([1, "a"], dtype=object), TypeError, "y must hold labels of one kind"),
    ],
)
def test_bad_data_get_a_specific_error(A, y, error, message):
    with pytest.raises(error, match=message):
        Separable(A, y)
    if isinstance(A, np.ndarray) and A.ndim == 2:
        with pytest.raises(error, match=message):
            Separable(sp.csr_array(A), y)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: ol.problems.WorstCase(1), ValueError, "n must be at least 2"),
        (lambda: ol.problems.Orthant(0), ValueError, "n must be at least 1"),
        (lambda: ol.problems.Chain(1), ValueError, "d must be at least 2"),
        (lambda: ol.problems.Chain(2.0), TypeError, "d must be an integer"),
        (lambda: ol.problems.Oscillator(0.0), ValueError, "mu must be a finite number > 0"),
        (lambda: ol.problems.OneSample([0.0, 0.0]), ValueError, "z must not be zero"),
        (lambda: ol.problems.Contradictory([0.0]), ValueError, "row 0 of A is zero"),
        (lambda: ol.problems.PlantedMargin(10, 3, 1.0), ValueError, "margin must be a finite number > 0 and < 1"),
        (lambda: ol.problems.PlantedMargin(10, 3, 0.5, replicate=9), ValueError, "replicate must be at most 8"),
        (lambda: ol.problems.PlantedMargin(10, 1, 0.5), ValueError, "d must be at least 2"),
        (lambda: Separable.from_digits(1, 1), ValueError, "different digits"),
        (lambda: Separable.from_digits(1, 10), ValueError, "positive must be at most 9"),
        (lambda: Separable([[1.0]], [1], certify=1), (TypeError, ValueError), "certify must be True or False"),
    ],
)
def test_bad_parameters_get_a_specific_error(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_array_api_data_stay_in_their_library():
    xp = array_api_strict
    A = np.random.default_rng(0).standard_normal((12, 3))
    labels = np.repeat([3, 8], 6)
    problem, plain = Separable(xp.asarray(A), labels), Separable(A, labels)
    w = np.array([1.0, -2.0, 0.5])
    strict = xp.asarray(w)
    assert problem.margins(strict).__array_namespace__() is xp
    assert_allclose(np.asarray(problem.gradient(strict)), plain.gradient(w), rtol=1e-13)
    assert problem.value(strict) == pytest.approx(plain.value(w))
    assert problem.measure(strict) == pytest.approx(plain.measure(w))
    assert problem.constants.L == pytest.approx(plain.constants.L)
    assert_allclose(np.asarray(Separable(xp.asarray(A), xp.asarray(labels)).Z), plain.Z)
    with pytest.raises(TypeError, match="certify needs NumPy"):
        Separable(xp.asarray(A), labels, certify=True)


def test_the_data_are_immutable_and_the_callers_are_not_touched():
    A, y = np.eye(3), np.array([1, -1, 1])
    problem = Separable(A, y)
    with pytest.raises(ValueError, match="read-only"):
        problem.Z[0, 0] = 5
    A[0, 0] = 7
    assert problem.Z[0, 0] == 1
    S = sp.csr_array(np.eye(3))
    sparse = Separable(S, y)
    S.data[:] = 9
    assert_allclose(sparse.Z.toarray(), np.diag([1, -1, 1]))
    with pytest.raises(ValueError, match="read-only"):
        sparse.Z.data[0] = 5
    for original in (problem, sparse):
        twin = pickle.loads(pickle.dumps(original))
        assert_allclose(twin.margins(np.ones(3)), original.margins(np.ones(3)))


def test_float32_is_kept():
    problem = Separable(np.eye(3, dtype=np.float32), [1, 1, -1])
    assert problem.Z.dtype == problem.start().dtype == problem.gradient(problem.start()).dtype == np.float32
    sparse = Separable(sp.csr_array(np.eye(3, dtype=np.float32)), [1, 1, -1])
    assert sparse.Z.dtype == sparse.start().dtype == np.float32


def test_contradictory_data_have_their_minimum_at_the_origin():
    problem = ol.problems.Contradictory([3.0, -1.0])
    rng = np.random.default_rng(0)
    assert problem.value(np.zeros(2)) == pytest.approx(problem.reference.lo)
    assert min(problem.value(rng.standard_normal(2)) for _ in range(50)) >= problem.reference.lo
    assert "mu" not in problem.constants
    assert "separable" in problem.violates


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4), st.sampled_from([1, 10**6, 10**12]))
def test_the_exact_path_is_that_of_fractions(seed, n, d, size):
    """Against a direct transcription in rational numbers; the largest entries need Python's integers."""
    rng = np.random.default_rng(seed)
    Z = rng.integers(-3, 4, (n, d)) * size / 4.0
    if not Z.any():
        Z[0, 0] = 1.0
    rows = [[Fraction(v) for v in row] for row in Z.tolist()]
    x = [sum(column) / (2 * n) for column in zip(*rows, strict=True)]
    updates = first_zero = None
    for k in range(1, 13):
        margins = [sum(a * b for a, b in zip(row, x, strict=True)) for row in rows]
        first_zero = k if first_zero is None and 0 in margins else first_zero
        if min(margins) > 0:
            updates = k
            break
        wrong = [row for row, m in zip(rows, margins, strict=True) if m <= 0]
        x = [a + sum(column) / n for a, column in zip(x, zip(*wrong, strict=True), strict=True)]
    path = exact_path(Z, 12)
    assert (path.updates, path.first_zero) == (updates, first_zero)
    assert path.non_degenerate is (first_zero is None)
