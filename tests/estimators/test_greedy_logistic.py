"""GreedyLogisticRegression: certificates computed from the definition, and the answers of scikit-learn's solvers."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, xlogy
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from optlab.estimators import GreedyLogisticRegression


@parametrize_with_checks(
    [GreedyLogisticRegression(), GreedyLogisticRegression("l2"), GreedyLogisticRegression("elasticnet")]
)
def test_scikit_learn(estimator, check):
    check(estimator)


def classification(seed, n=80, d=60):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    w = np.zeros(d)
    w[:5] = [3, -2, 1, -1, 2]
    return X, X @ w + rng.standard_normal(n) + 0.5 > 0


def weights_of(model):
    ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": model.l1_ratio}[model.penalty]
    return ratio, 1 - ratio


def objective(model, X, y, s, w, b):
    l1, l2 = weights_of(model)
    sign = np.where(y, 1, -1)
    return model.C * s @ np.logaddexp(0, -sign * (X @ w + b)) + l1 * np.abs(w).sum() + l2 / 2 * w @ w


def lower_bound(model, X, y, s):
    """A dual value at a feasible point, from the definition."""
    l1, l2 = weights_of(model)
    sign = np.where(y, 1, -1)
    t = expit(-sign * (X @ model.coef_[0] + model.intercept_[0]))
    if model.fit_intercept:  # the multipliers of the two classes have to balance
        a, b = (s * t)[sign > 0].sum(), (s * t)[sign < 0].sum()
        t = t * np.where(sign > 0, min(1, b / a), min(1, a / b))
    z = np.abs(X.T @ (model.C * s * t * sign))
    if l2 > 0:
        conjugate = (np.maximum(z - l1, 0) ** 2).sum() / (2 * l2)
    else:
        t, conjugate = t * min(1.0, l1 / max(z.max(), 1e-300)), 0.0
    return -model.C * s @ (xlogy(t, t) + xlogy(1 - t, 1 - t)) - conjugate


def certified(model, X, y, s=None):
    s = np.ones(len(y)) if s is None else s
    p = s[y].sum() / s.sum() if model.fit_intercept else 0.5
    null = -model.C * s @ np.where(y, np.log(p), np.log1p(-p))
    gap = objective(model, X, y, s, model.coef_[0], model.intercept_[0]) - lower_bound(model, X, y, s)
    assert -1e-12 * null <= gap <= 1.01 * model.tol * null + 1e-12 * null
    assert model.dual_gap_[0] <= model.tol * null


@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 10**6),
    st.integers(2, 40),
    st.integers(1, 40),
    st.sampled_from(["l1", "l2", "elasticnet"]),
    st.floats(-2, 3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_any_fit_is_certified(seed, n, d, penalty, exponent, fit_intercept, sparse, weighted):
    """Separable or not, with zero, constant and repeated columns, more features than samples."""
    rng = np.random.default_rng(seed)
    X = np.round(rng.standard_normal((n, d)), int(rng.integers(0, 8)))
    X[:, rng.integers(d)] = 0
    X[:, rng.integers(d)] = 2.5
    X[:, rng.integers(d)] = X[:, rng.integers(d)]
    y = rng.random(n) < 0.5
    y[:2] = True, False
    s = rng.integers(0, 3, n).astype(float) if weighted else np.ones(n)
    s[:2] = 1.0
    X = sp.csr_array(X) if sparse else X
    model = GreedyLogisticRegression(penalty, C=10.0**exponent, fit_intercept=fit_intercept).fit(X, y, s)
    certified(model, X, y, s)
    zero = np.asarray(abs(X).sum(axis=0)).ravel() == 0
    assert (model.coef_[0, zero] == 0).all()


@pytest.mark.parametrize("C", [0.05, 1.0, 5.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_l1_agrees_with_saga_or_liblinear(C, fit_intercept):
    X, y = classification(0, n=120, d=20)
    ours = GreedyLogisticRegression(C=C, fit_intercept=fit_intercept, tol=1e-12).fit(X, y)
    certified(ours, X, y)
    solver = "saga" if fit_intercept else "liblinear"
    theirs = LogisticRegression(
        l1_ratio=1.0, C=C, fit_intercept=fit_intercept, solver=solver, tol=1e-9, max_iter=100_000, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("sparse", [False, True])
def test_l2_agrees_with_lbfgs(C, sparse):
    X, y = classification(1)
    s = np.random.default_rng(1).uniform(0.2, 2.0, len(y))
    X = sp.csr_array(X) if sparse else X
    ours = GreedyLogisticRegression("l2", C=C, tol=1e-13).fit(X, y, s)
    certified(ours, X, y, s)
    theirs = LogisticRegression(C=C, tol=1e-12, max_iter=10_000, solver="newton-cg").fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


def test_one_feature_by_hand():
    """Samples at +1 and -1 with labels to match: C sigma(-w) 2 = 1 at the solution."""
    model = GreedyLogisticRegression(C=2.0, fit_intercept=False, tol=1e-14).fit([[1.0], [-1.0]], ["b", "a"])
    assert model.coef_[0, 0] == pytest.approx(np.log(3.0), rel=1e-7)
    assert list(model.predict([[0.1], [-0.1]])) == ["b", "a"]
    np.testing.assert_allclose(model.predict_proba([[1.0]]), [[0.25, 0.75]], rtol=1e-6)


def test_superlinear_after_identification():
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    loose = GreedyLogisticRegression(C=1.0, tol=1e-5).fit(X, y)
    tight = GreedyLogisticRegression(C=1.0, tol=1e-13).fit(X, y)
    assert tight.n_iter_[0] <= loose.n_iter_[0] + 4
    certified(tight, X, y.astype(bool))


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
def test_one_class_against_the_rest(penalty):
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = GreedyLogisticRegression(penalty, C=2.0).fit(X, names)
    assert model.coef_.shape == (3, 4)
    assert model.score(X, names) > 0.9
    for k, name in enumerate(model.classes_):
        alone = GreedyLogisticRegression(penalty, C=2.0).fit(X, names == name)
        np.testing.assert_allclose(model.coef_[k], alone.coef_[0], atol=1e-12)
        assert model.n_iter_[k] == alone.n_iter_[0]
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    odds = expit(model.decision_function(X))
    np.testing.assert_allclose(p, odds / odds.sum(axis=1, keepdims=True), rtol=1e-9)
    far = model.predict_proba(-1e5 * np.ones((1, 4)))
    assert np.isfinite(far).all()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_sparse_equals_dense(fit_intercept, penalty):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((300, 500)) * (rng.random((300, 500)) < 0.1)
    y = X[:, :20].sum(axis=1) + 0.5 * rng.standard_normal(300) > 0
    options = {"C": 3.0, "fit_intercept": fit_intercept, "tol": 1e-12}
    dense = GreedyLogisticRegression(penalty, **options).fit(X, y)
    sparse = GreedyLogisticRegression(penalty, **options).fit(sp.csc_array(X), y)
    certified(sparse, X, y)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, atol=1e-4)
    np.testing.assert_allclose(sparse.intercept_, dense.intercept_, atol=1e-4)


def test_weights_are_repeated_rows():
    X, y = classification(3, n=40, d=15)
    s = np.random.default_rng(3).integers(0, 4, len(y))
    weighted = GreedyLogisticRegression(C=0.5, tol=1e-13).fit(X, y, s)
    repeated = GreedyLogisticRegression(C=0.5, tol=1e-13).fit(np.repeat(X, s, axis=0), np.repeat(y, s))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-5)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-5)


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_a_path_is_its_fits(penalty):
    X, y = classification(4)
    model = GreedyLogisticRegression(penalty, tol=1e-12)
    path = model.path(X, y, n_Cs=8)
    assert not hasattr(model, "classes_")
    assert (np.diff(path.parameters) > 0).all()
    assert (path.coefs[:, 0] == 0).all()
    assert (path.coefs[:, 1] != 0).any()
    for k in (1, 4, 7):
        alone = GreedyLogisticRegression(penalty, C=path.parameters[k], tol=1e-12).fit(X, y)
        np.testing.assert_allclose(path.coefs[:, k], alone.coef_[0], atol=1e-4)
        assert path.intercepts[k] == pytest.approx(alone.intercept_[0], abs=1e-4)


def test_warm_start():
    X, y = classification(5)
    model = GreedyLogisticRegression(warm_start=True).fit(X, y)
    assert model.n_iter_[0] > 1
    assert model.fit(X, y).n_iter_[0] == 1
    assert model.fit(X[:, :10], y).coef_.shape == (1, 10)


def test_the_limit_on_iterations_warns_with_the_gap():
    X, y = classification(6)
    with pytest.warns(ConvergenceWarning, match=r"after 2 iterations for C = 1 and class np.True_") as seen:
        model = GreedyLogisticRegression(max_iter=2).fit(X, y)
    assert seen[0].filename == __file__
    s, exact = np.ones(len(y)), GreedyLogisticRegression().fit(X, y)
    best = objective(exact, X, y, s, exact.coef_[0], exact.intercept_[0])
    assert 0 < objective(model, X, y, s, model.coef_[0], model.intercept_[0]) - best <= model.dual_gap_[0]


def test_single_precision_is_kept():
    X, y = classification(7)
    model = GreedyLogisticRegression().fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"C": 0.0}, ValueError, "C must be a finite number > 0, got 0.0"),
        ({"C": np.inf}, ValueError, "C must be a finite number > 0"),
        ({"penalty": "l0"}, ValueError, "penalty must be one of 'l1', 'l2', 'elasticnet', got 'l0'"),
        ({"l1_ratio": -0.1}, ValueError, "l1_ratio must be"),
        ({"tol": -1.0}, ValueError, "tol must be"),
        ({"max_iter": 1.5}, TypeError, "max_iter must be an integer"),
    ],
)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        GreedyLogisticRegression(**options).fit([[1.0], [2.0]], [0, 1])


@pytest.mark.parametrize(
    ("X", "y", "s", "message"),
    [
        ([[1.0], [2.0]], [1, 1], None, "y must hold at least two classes, got 1 class: "),
        ([[1.0], [2.0]], ["a", "b"], [1, 0], "sample_weight is zero for all samples of class .*'b'"),
        ([[1.0], [np.nan]], [0, 1], None, "NaN"),
        ([[1.0], [2.0]], [0.5, 1.7], None, "Unknown label type"),
    ],
)
def test_bad_data(X, y, s, message):
    with pytest.raises(ValueError, match=message):
        GreedyLogisticRegression().fit(X, y, s)


def test_bad_paths():
    X, y = classification(8)
    with pytest.raises(ValueError, match="path is for two classes, y has 3"):
        GreedyLogisticRegression().path([[1.0], [2.0], [3.0]], [0, 1, 2])
    with pytest.raises(ValueError, match="without an l1 penalty"):
        GreedyLogisticRegression("l2").path(X, y)
    with pytest.raises(ValueError, match="Cs must be a sequence"):
        GreedyLogisticRegression().path(X, y, Cs=[0.0])
    with pytest.raises(ValueError, match="not correlated"):
        GreedyLogisticRegression().path(np.zeros((4, 2)), [0, 1, 0, 1])


@pytest.mark.parametrize("C", [0.01, 1.0, 1000.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("kind", ["tall", "wide", "sparse", "shifted", "tiny scale"])
def test_l2_is_certified_in_all_precisions(kind, fit_intercept, C):
    """Conjugate gradients and Gram matrices in single precision, and data that only double precision bears."""
    X, y = classification(9, *((150, 260) if kind == "wide" else (400, 150)))
    s = np.random.default_rng(9).integers(0, 3, len(y)).astype(float)
    if kind == "sparse":
        X = sp.csr_array(X * (abs(X) > 1.0))
    elif kind == "shifted":
        X = X + 1e4
    elif kind == "tiny scale":
        X[:, ::2] *= 1e-12
    model = GreedyLogisticRegression("l2", C=C, fit_intercept=fit_intercept).fit(X, y, s)
    certified(model, X, y, s)


def test_l2_classes_share_the_data():
    """The copy in single precision is made once; what one class leaves behind changes no other."""
    X, _ = classification(10, 300, 120)
    labels = X[:, :3].argmax(axis=1)
    model = GreedyLogisticRegression("l2", C=10.0).fit(X, labels)
    for k in range(3):
        alone = GreedyLogisticRegression("l2", C=10.0).fit(X, labels == k)
        certified(alone, X, labels == k)
        np.testing.assert_array_equal(model.coef_[k], alone.coef_[0])


def test_the_gram_preconditioner_takes_over(monkeypatch):
    """An ill-conditioned Hessian is factorised once its steps take more products than that costs."""
    from optlab.estimators import _greedy_newton as newton

    X, y = classification(11, 600, 120)
    X = X * np.geomspace(1, 30, 120) @ np.linalg.qr(np.random.default_rng(11).standard_normal((120, 120)))[0]
    factors, factorise = [], newton.Hessian._factorise
    monkeypatch.setattr(newton.Hessian, "_factorise", lambda self, h: factors.append(factorise(self, h)) or factors[-1])
    for data in (X, sp.csc_array(X)):
        monkeypatch.setattr(newton, "_SPARSE_GRAM_COST", 0.1)
        before = len(factors)
        certified(GreedyLogisticRegression("l2", C=100.0).fit(data, y), X, y)
        assert len(factors) > before
        assert factors[-1] is not None
