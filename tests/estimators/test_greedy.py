"""GreedyLasso and GreedyElasticNet: certificates from the definition, scikit-learn's answers, hand-made cases."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import ElasticNet, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

import optlab as ol
from optlab.estimators import GreedyElasticNet, GreedyLasso


@parametrize_with_checks(
    [GreedyLasso(), GreedyLasso(alpha=0.01), GreedyElasticNet(), GreedyElasticNet(l1_ratio=0.0, positive=True)]
)
def test_scikit_learn(estimator, check):
    check(estimator)


def regression(seed, n=60, d=100, rho=0.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    for j in range(1, d):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    w = np.zeros(d)
    w[:5] = [3, -2, 1, -1, 2]
    return X, X @ w + 0.5 * rng.standard_normal(n) + 2.0


def objective(model, X, y, s, w, b):
    r = y - X @ w - b
    rho = model.l1_ratio
    penalty = model.alpha * (rho * np.abs(w).sum() + (1 - rho) / 2 * w @ w)
    return s @ r**2 / (2 * s.sum()) + penalty


def lower_bound(model, X, y, s):
    """A dual value at a feasible point, from the definition: the optimum is at least that."""
    X, s = X.toarray() if sp.issparse(X) else X, s / s.sum()
    u = s * (y - X @ model.coef_ - model.intercept_)
    if model.fit_intercept:
        u -= s * u.sum()
    z = X.T @ u
    z = z if model.positive else np.abs(z)
    l1, l2 = model.alpha * model.l1_ratio, model.alpha * (1 - model.l1_ratio)
    if l2 > 0:
        conjugate = (np.maximum(z - l1, 0) ** 2).sum() / (2 * l2)
    else:
        u, conjugate = u * min(1.0, l1 / max(z.max(), 1e-300)), 0.0
    used = s > 0
    return u @ y - (u[used] ** 2 / s[used]).sum() / 2 - conjugate


def certified(model, X, y, s=None):
    """The gap that the definition gives, and the one reported, are within the tolerance; so are the conditions."""
    s = np.ones(len(y)) if s is None else s
    value = objective(model, X, y, s, model.coef_, model.intercept_)
    null = objective(model, X, y, s, 0 * model.coef_, (s @ y) / s.sum() if model.fit_intercept else 0.0)
    slack = 1e-12 * (s @ y**2 / s.sum()) + 1e-300
    assert value - lower_bound(model, X, y, s) <= model.tol * null + slack
    assert model.dual_gap_ <= model.tol * null
    return value


settings_of_models = st.fixed_dictionaries(
    {
        "alpha": st.floats(-4, 0.5).map(lambda e: 10.0**e),
        "l1_ratio": st.sampled_from([0.0, 0.2, 0.9, 1.0]),
        "fit_intercept": st.booleans(),
        "positive": st.booleans(),
    }
)


@settings(deadline=None, max_examples=150)
@given(settings_of_models, st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 40), st.booleans(), st.booleans())
def test_any_fit_is_certified(parameters, seed, n, d, sparse, weighted):
    """Also with zero, constant, repeated and opposite columns, more features than samples, a single sample."""
    rng = np.random.default_rng(seed)
    X = np.round(rng.standard_normal((n, d)), int(rng.integers(0, 8)))
    X[:, rng.integers(d)] = 0
    X[:, rng.integers(d)] = 3.7
    X[:, rng.integers(d)] = -X[:, rng.integers(d)]
    X[:, rng.integers(d)] = X[:, rng.integers(d)]
    y = X @ rng.standard_normal(d) + rng.standard_normal(n) * rng.choice([0.0, 1.0])
    s = rng.integers(0, 3, n).astype(float) if weighted else np.ones(n)
    s[0] = 1.0
    X = sp.csc_array(X) if sparse else X
    model = GreedyElasticNet(**parameters).fit(X, y, s)
    certified(model, X, y, s)
    assert (model.coef_ >= 0).all() or not parameters["positive"]
    zero = np.asarray(abs(X).sum(axis=0)).ravel() == 0
    assert (model.coef_[zero] == 0).all()
    np.testing.assert_allclose(model.predict(X), X @ model.coef_ + model.intercept_)


@pytest.mark.parametrize("rho", [0.0, 0.9])
@pytest.mark.parametrize("divisor", [3, 30, 300, 3000])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_finite_termination(rho, divisor, fit_intercept):
    """Once the signs are right the solution is exact: the gap falls to rounding, not just below the tolerance."""
    X, y = regression(0, rho=rho)
    yc = y - y.mean() if fit_intercept else y
    alpha = np.abs((X - fit_intercept * X.mean(axis=0)).T @ yc).max() / len(y) / divisor
    model = GreedyLasso(alpha, fit_intercept=fit_intercept, tol=1e-13).fit(X, y)
    certified(model, X, y)
    S = model.coef_ != 0
    r = y - X @ model.coef_ - model.intercept_
    np.testing.assert_allclose(X[:, S].T @ r / len(y), alpha * np.sign(model.coef_[S]), rtol=1e-8)
    assert np.abs(X[:, ~S].T @ r / len(y)).max() < alpha
    assert model.n_iter_ < 60


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_scikit_learn_agrees(l1_ratio, fit_intercept, positive, weighted):
    X, y = regression(1, n=80, d=40)
    s = np.random.default_rng(1).uniform(0.1, 2.0, len(y)) if weighted else None
    options = {"alpha": 0.05, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "positive": positive}
    ours = GreedyElasticNet(**options, tol=1e-13).fit(X, y, s)
    theirs = ElasticNet(**options, tol=1e-14, max_iter=100_000).fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-7)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-7)


@pytest.mark.parametrize("shape", [(80, 20), (20, 80)])
def test_without_l1_it_is_ridge_regression(shape):
    X, y = regression(2, *shape)
    ours = GreedyElasticNet(0.3, l1_ratio=0.0, tol=1e-14).fit(X, y)
    np.testing.assert_allclose(ours.coef_, Ridge(0.3 * len(y)).fit(X, y).coef_, atol=1e-7)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.floats(0.01, 5), st.floats(0.1, 1))
@example(y=[3.94e-162], alpha=1.0, l1_ratio=1.0)  # squares are subnormal
def test_an_orthonormal_design_is_soft_thresholding(y, alpha, l1_ratio):
    y = np.array(y)
    n = len(y)
    model = GreedyElasticNet(alpha / n, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-12).fit(np.eye(n), y)
    by_hand = np.sign(y) * np.maximum(np.abs(y) - alpha * l1_ratio, 0) / (1 + alpha * (1 - l1_ratio))
    np.testing.assert_allclose(model.coef_, by_hand, atol=1e-5 * (1 + np.abs(y).max()))


def test_one_sample_and_one_feature():
    assert GreedyLasso(1.0, fit_intercept=False).fit([[2.0]], [3.0]).coef_ == pytest.approx([5 / 4])  # (2*3 - 1) / 4
    model = GreedyLasso(1.0).fit([[2.0]], [3.0])
    assert (model.coef_, model.intercept_, model.dual_gap_) == ([0.0], 3.0, 0.0)


@pytest.mark.parametrize("kind", [sp.csc_array, sp.csr_matrix, sp.coo_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n, d", [(50, 80), (900, 700)])
def test_sparse_equals_dense(kind, fit_intercept, n, d):
    """The larger one has supports that are solved by conjugate gradients."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.1)
    y, s = X @ rng.standard_normal(d) + 1, rng.uniform(0.5, 2.0, n)
    alpha = 1e-3
    dense = GreedyLasso(alpha, fit_intercept=fit_intercept, tol=1e-11).fit(X, y, s)
    sparse = GreedyLasso(alpha, fit_intercept=fit_intercept, tol=1e-11).fit(kind(X), y, s)
    certified(sparse, X, y, s)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, atol=1e-4)
    np.testing.assert_allclose(sparse.predict(kind(X)), dense.predict(X), atol=1e-3)


def test_a_working_set_too_large_for_its_gram_matrix(monkeypatch):
    from optlab.estimators import _greedy_design

    X, y = regression(4, n=400, d=600)
    expected = GreedyLasso(0.01, tol=1e-12).fit(X, y).coef_
    monkeypatch.setattr(_greedy_design, "_GRAM_COLUMNS", 20)
    np.testing.assert_allclose(GreedyLasso(0.01, tol=1e-12).fit(X, y).coef_, expected, atol=1e-6)
    monkeypatch.setattr(_greedy_design, "_GRAM_COLUMNS", 3000)
    monkeypatch.setattr(_greedy_design, "_CACHED_COLUMNS", 450)
    np.testing.assert_allclose(GreedyLasso(0.01, tol=1e-12).fit(X, y).coef_, expected, atol=1e-6)


@pytest.mark.parametrize("sparse", [False, True])
def test_weights_are_repeated_rows(sparse):
    X, y = regression(5, n=30, d=20)
    s = np.random.default_rng(5).integers(0, 4, len(y))
    kind = sp.csr_array if sparse else np.asarray
    weighted = GreedyElasticNet(0.1, l1_ratio=0.8, tol=1e-13).fit(kind(X), y, s)
    repeated = GreedyElasticNet(0.1, l1_ratio=0.8, tol=1e-13).fit(kind(np.repeat(X, s, axis=0)), np.repeat(y, s))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
    assert weighted.intercept_ == pytest.approx(repeated.intercept_, abs=1e-7)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_a_path_is_its_fits(sparse, l1_ratio):
    X, y = regression(6)
    X = sp.csc_array(X * (np.abs(X) > 0.5)) if sparse else X
    model = GreedyElasticNet(l1_ratio=l1_ratio, tol=1e-12)
    path = model.path(X, y, n_alphas=12, eps=1e-2)
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "n_features_in_")
    assert path.coefs.shape == (X.shape[1], 12)
    assert (np.diff(path.parameters) < 0).all()
    assert path.parameters[-1] == pytest.approx(path.parameters[0] / 100)
    assert (path.coefs[:, 0] == 0).all()
    assert (path.coefs[:, 1] != 0).any()
    for k in (1, 5, 11):
        alone = clone(model).set_params(alpha=path.parameters[k]).fit(X, y)
        np.testing.assert_allclose(path.coefs[:, k], alone.coef_, atol=1e-5)
        assert path.intercepts[k] == pytest.approx(alone.intercept_, abs=1e-5)
    given_grid = model.path(X, y, alphas=path.parameters[::-1])
    np.testing.assert_allclose(given_grid.coefs, path.coefs, atol=1e-5)


def test_warm_start():
    X, y = regression(7)
    model = GreedyLasso(0.02, warm_start=True).fit(X, y)
    cold, coef = model.n_iter_, model.coef_.copy()
    assert model.fit(X, y).n_iter_ == 1 < cold
    np.testing.assert_array_equal(model.coef_, coef)
    assert GreedyLasso(0.02).fit(X, y).fit(X, y).n_iter_ == cold
    assert model.fit(X[:, :50], y).coef_.shape == (50,)  # another number of features: from the beginning


def test_the_limit_on_iterations_warns_with_the_gap():
    X, y = regression(8)
    with pytest.warns(ConvergenceWarning, match=r"the duality gap is .* after 2 iterations for alpha = 0.01") as seen:
        model = GreedyLasso(0.01, max_iter=2).fit(X, y)
    assert seen[0].filename == __file__
    assert model.dual_gap_ > 1e-3
    s = np.ones(len(y))
    exact = GreedyLasso(0.01).fit(X, y)
    best = objective(exact, X, y, s, exact.coef_, exact.intercept_)
    assert 0 < objective(model, X, y, s, model.coef_, model.intercept_) - best <= model.dual_gap_


def test_a_tolerance_below_rounding_ends_with_a_warning():
    X, y = regression(9)
    with pytest.warns(ConvergenceWarning, match="near the rounding level"):
        model = GreedyLasso(0.01, tol=1e-30).fit(X, y)
    assert model.n_iter_ < 200
    assert model.dual_gap_ < 1e-12


def test_a_large_penalty_leaves_nothing():
    X, y = regression(10)
    model = GreedyLasso(1e3).fit(X, y)
    assert not model.coef_.any()
    assert model.n_iter_ == 1
    assert model.intercept_ == pytest.approx(y.mean())


def test_constants_and_offsets():
    X, y = regression(11)
    constant = GreedyLasso(0.1).fit(X, np.full(len(y), 0.1))
    assert not constant.coef_.any()
    assert constant.dual_gap_ == 0
    X[:, 3] = 7.0
    model = GreedyLasso(0.01, tol=1e-10).fit(X, y)
    assert model.coef_[3] == 0
    far = GreedyLasso(0.01, tol=1e-10).fit(X + 1000.0, y + 1e6)
    np.testing.assert_allclose(far.coef_, model.coef_, atol=1e-4)


def test_single_precision_is_kept():
    X, y = regression(12)
    model = GreedyLasso(0.05).fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    np.testing.assert_allclose(model.coef_, GreedyLasso(0.05).fit(X, y).coef_, atol=1e-4)


def test_inputs_stay_as_they_are():
    X, y = regression(13)
    s = np.full(len(y), 2.0)
    before = X.copy(), y.copy(), s.copy()
    for array in (X, y, s):
        array.flags.writeable = False
    GreedyLasso(0.01).fit(X, y, s)
    for one, other in zip((X, y, s), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"alpha": 0.0}, ValueError, "alpha must be a finite number > 0, got 0.0"),
        ({"alpha": -1.0}, ValueError, "alpha must be a finite number > 0, got -1.0"),
        ({"alpha": "1"}, TypeError, "alpha must be a real number"),
        ({"l1_ratio": 1.1}, ValueError, "l1_ratio must be"),
        ({"tol": 0.0}, ValueError, "tol must be a finite number > 0"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1"),
        ({"positive": 1}, TypeError, "positive must be True or False"),
        ({"fit_intercept": None}, TypeError, "fit_intercept must be True or False"),
        ({"warm_start": 0}, TypeError, "warm_start must be True or False"),
    ],
)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        GreedyElasticNet(**options).fit([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.parametrize(
    ("X", "y", "s", "message"),
    [
        ([[1.0], [np.nan]], [0, 1], None, "NaN"),
        ([[1.0], [np.inf]], [0, 1], None, "infinity"),
        ([[1.0], [2.0]], [0, np.nan], None, "NaN"),
        ([[1.0], [2.0]], [0, 1, 2], None, "inconsistent numbers of samples"),
        ([[1.0], [2.0]], [0, 1], [0, 0], "positive sum|zero"),
        ([[1.0], [2.0]], [0, 1], [1, -1], "[Nn]egative"),
        ([1.0, 2.0], [0, 1], None, "Expected 2D array"),
    ],
)
def test_bad_data(X, y, s, message):
    with pytest.raises(ValueError, match=message):
        GreedyLasso().fit(X, y, s)


def test_bad_paths():
    X, y = regression(14)
    with pytest.raises(ValueError, match="alphas must be a sequence of finite numbers > 0"):
        GreedyLasso().path(X, y, alphas=[1.0, -1.0])
    with pytest.raises(ValueError, match="l1_ratio is 0"):
        GreedyElasticNet(l1_ratio=0.0).path(X, y)
    with pytest.raises(ValueError, match="eps must be"):
        GreedyLasso().path(X, y, eps=1.0)
    with pytest.raises(ValueError, match="not correlated"):
        GreedyLasso().path(X, np.ones(len(y)))
    with pytest.warns(ConvergenceWarning, match="for alpha"):
        GreedyLasso(max_iter=1).path(X, y, n_alphas=3)


def test_predicting_needs_fitting_and_pickle_keeps_the_fit():
    X, y = regression(15)
    with pytest.raises(NotFittedError):
        GreedyLasso().predict(X)
    model = GreedyLasso(0.1).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_scikit_learn_is_imported_when_an_estimator_is_used():
    source = (
        "import sys, optlab as ol; ol.estimators; assert 'sklearn' not in sys.modules;"
        "ol.estimators.GreedyLasso; assert 'sklearn' in sys.modules"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", source], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert ol.estimators.GreedyLasso is GreedyLasso
