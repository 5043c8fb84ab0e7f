"""NormalizedLogisticClassifier: a scikit-learn citizen, and the same algorithm as the solver it is a facade of."""

import math
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import optlab as ol
from optlab.estimators import NormalizedLogisticClassifier, NotSeparatedWarning

OR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 1]
XOR = OR[0], [0, 1, 1, 0]


@pytest.fixture(scope="module")
def digits():
    pixels, labels = load_digits(return_X_y=True)
    return pixels / 16, labels


def pair(digits, negative, positive):
    X, y = digits
    chosen = (y == negative) | (y == positive)
    return X[chosen], y[chosen]


def planted(seed, n=60, d=4):
    """Points of a Gaussian cloud that are not too near to a random hyperplane off the origin, labelled by its sides."""
    rng = np.random.default_rng(seed)
    normal, X = rng.normal(size=d), rng.normal(size=(n, d))
    score = X @ normal / np.linalg.norm(normal) + 0.3
    keep = np.abs(score) > 0.05
    y = score[keep] > 0
    return X[keep], np.where(y, "right", "left")


# scikit-learn's checks fit random labels, which no hyperplane separates; all other warnings are errors here too.
@pytest.mark.filterwarnings("ignore::optlab.estimators.normalized_logistic_gd.NotSeparatedWarning")
@parametrize_with_checks(
    [
        NormalizedLogisticClassifier(),
        NormalizedLogisticClassifier(gamma=math.inf),
        NormalizedLogisticClassifier(gamma=0.1, max_iter=50),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("digit_pair", [(3, 8), (1, 8), (0, 1)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_digits_are_separated(digits, digit_pair, fit_intercept):
    X, y = pair(digits, *digit_pair)
    for gamma in (1.0, 100.0, math.inf):
        classifier = NormalizedLogisticClassifier(gamma, fit_intercept=fit_intercept).fit(X, y)
        assert classifier.separated_.all()
        assert classifier.score(X, y) == 1.0
        assert 0 < classifier.margin_[0]
        assert (classifier.intercept_ != 0).all() == fit_intercept


@pytest.mark.parametrize("gamma", [0.1, 100.0, math.inf])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_solver(seed, gamma):
    X, y = planted(seed)
    classifier = NormalizedLogisticClassifier(gamma, max_iter=100_000).fit(X, y)
    problem = ol.problems.Separable(np.column_stack([X, np.ones(len(X))]), y, certify=True)
    result = ol.NormalizedLRGD(gamma=gamma).run(problem, max_iter=100_000)
    assert result.success
    assert classifier.n_iter_ == [result.k]
    found = np.append(classifier.coef_[0], classifier.intercept_)
    np.testing.assert_allclose(found, result.x / np.linalg.norm(result.x), rtol=1e-12)
    np.testing.assert_allclose(classifier.margin_[0], result.history["min_margin"][-1], rtol=1e-9)
    assert classifier.margin_[0] <= problem.constants.mu_upper * (1 + 1e-12)
    c = problem.constants
    assert classifier.n_iter_[0] <= c.R**2 / c.mu**2 + 2 * math.log(2 * c.n - 1) / (gamma * c.mu**2)


def test_intercept_is_a_constant_feature():
    X, y = planted(0)
    appended = np.column_stack([X, np.ones(len(X))])
    with_intercept = NormalizedLogisticClassifier().fit(X, y)
    without = NormalizedLogisticClassifier(fit_intercept=False).fit(appended, y)
    assert with_intercept.coef_.shape == (1, X.shape[1])
    np.testing.assert_array_equal(np.append(with_intercept.coef_[0], with_intercept.intercept_), without.coef_[0])
    np.testing.assert_array_equal(without.intercept_, [0.0])
    assert with_intercept.n_iter_ == without.n_iter_


def test_one_hyperplane_for_each_class_against_the_rest(digits):
    X, y = digits
    chosen = y < 4
    X, y = X[chosen], y[chosen]
    classifier = NormalizedLogisticClassifier(max_iter=5000).fit(X, y)
    assert classifier.separated_.all()
    assert classifier.score(X, y) == 1.0
    scores = classifier.decision_function(X)
    assert scores.shape == (len(y), 4)
    np.testing.assert_array_equal(scores > 0, y[:, None] == np.arange(4))
    for k in range(4):
        alone = NormalizedLogisticClassifier(max_iter=5000).fit(X, y == k)
        np.testing.assert_array_equal(alone.coef_[0], classifier.coef_[k])
        assert alone.n_iter_[0] == classifier.n_iter_[k]
        assert alone.margin_[0] == pytest.approx(classifier.margin_[k], rel=1e-9)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_matrix])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_sparse_equals_dense(kind, fit_intercept):
    X, y = planted(3)
    X = np.where(np.abs(X) < 0.4, 0.0, X)
    options = {"fit_intercept": fit_intercept, "max_iter": 20}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        dense = NormalizedLogisticClassifier(**options).fit(X, y)
        sparse = NormalizedLogisticClassifier(**options).fit(kind(X), y)
    assert len(seen) in (0, 2)
    np.testing.assert_array_equal(sparse.n_iter_, dense.n_iter_)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-9)
    np.testing.assert_allclose(sparse.decision_function(kind(X)), dense.decision_function(X), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(sparse.predict(kind(X)), dense.predict(X))


def test_text_pipeline_stays_sparse():
    texts = ["good film", "bad film", "good plot", "bad plot", "very good", "very bad"]
    model = make_pipeline(CountVectorizer(), NormalizedLogisticClassifier())
    assert list(model.fit(texts, list("+-+-+-")).predict(["good good", "bad"])) == ["+", "-"]


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([0.3, 1e3, 1e300, math.inf]))
def test_separated_means_that_training_accuracy_is_one(seed, gamma):
    X, y = planted(seed)
    classifier = NormalizedLogisticClassifier(gamma, max_iter=200_000).fit(X, y)
    assert classifier.separated_.all()
    assert classifier.score(X, y) == 1.0
    assert (np.where(y == "right", 1, -1) * classifier.decision_function(X)).min() == classifier.margin_[0] > 0
    assert np.hypot(np.linalg.norm(classifier.coef_), classifier.intercept_[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("gamma", [0.1, 100.0, math.inf])
def test_what_is_not_separable_is_never_reported_as_solved(gamma):
    with pytest.warns(NotSeparatedWarning, match=r"not separated after 30 .*: classes 0 and 1 \(\d mistakes left\)"):
        classifier = NormalizedLogisticClassifier(gamma, max_iter=30).fit(*XOR)
    assert not classifier.separated_.any()
    assert classifier.n_iter_ == [30]
    assert classifier.margin_[0] <= 0
    assert classifier.score(*XOR) < 1
    assert issubclass(NotSeparatedWarning, ConvergenceWarning)


def test_the_warning_names_the_classes_left():
    X, y = [[-1.0], [-0.9], [0.0], [0.1], [1.0], [0.9]], list("aabbcc")
    with pytest.warns(NotSeparatedWarning, match=r"class 'b' against the rest \(\d mistakes left\)\.") as seen:
        classifier = NormalizedLogisticClassifier().fit(X, y)
    assert "'a'" not in str(seen[0].message)
    assert seen[0].filename == __file__
    np.testing.assert_array_equal(classifier.separated_, [True, False, True])


def test_a_limit_that_is_too_small_is_said_too():
    X, y = planted(2)
    needed = int(NormalizedLogisticClassifier(gamma=0.1, max_iter=10_000).fit(X, y).n_iter_[0])
    assert needed > 1
    with pytest.warns(NotSeparatedWarning, match=f"after {needed - 1} updates"):
        assert not NormalizedLogisticClassifier(gamma=0.1, max_iter=needed - 1).fit(X, y).separated_.any()
    assert NormalizedLogisticClassifier(gamma=0.1, max_iter=needed).fit(X, y).separated_.all()


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_the_size_of_the_features_does_not_hurt(scale):
    X, y = np.array([[2.0, 1.0], [1.0, -1.0], [-1.0, 0.5]]) * scale, [1, 1, 0]
    classifier = NormalizedLogisticClassifier(math.inf, fit_intercept=False).fit(X, y)
    assert classifier.separated_.all()
    assert np.linalg.norm(classifier.coef_) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"gamma": 0.0}, ValueError, "gamma must be a number > 0, got 0.0"),
        ({"gamma": -1.0}, ValueError, "gamma must be"),
        ({"gamma": math.nan}, ValueError, "gamma must be"),
        ({"gamma": "auto"}, TypeError, "gamma must be a real number, got str"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1, got 0"),
        ({"max_iter": 10.0}, TypeError, "max_iter must be an integer"),
        ({"fit_intercept": "yes"}, TypeError, "fit_intercept must be True or False"),
    ],
)
def test_bad_parameters(options, error, message):
    if "fit_intercept" in options:
        error = (TypeError, ValueError)
    with pytest.raises(error, match=message):
        NormalizedLogisticClassifier(**options).fit(*OR)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0], [2.0]], [1, 1], "y must hold at least two classes, got 1 class: "),
        ([[1.0], [np.nan]], [0, 1], "NaN"),
        ([[1.0], [np.inf]], [0, 1], "infinity"),
        ([[1.0], [2.0]], [0.5, 1.7], "Unknown label type"),
        ([[1.0], [2.0]], [0, 1, 1], "inconsistent numbers of samples"),
        ([1.0, 2.0], [0, 1], "Expected 2D array"),
        (np.empty((0, 2)), [], "minimum of 1 is required"),
    ],
)
def test_bad_data(X, y, message):
    with pytest.raises(ValueError, match=message):
        NormalizedLogisticClassifier().fit(X, y)


@pytest.mark.parametrize("kind", [np.array, sp.csr_array])
def test_a_zero_row_needs_an_intercept(kind):
    X, y = OR
    with pytest.raises(ValueError, match=r"row 0 of X is zero, .* use fit_intercept=True"):
        NormalizedLogisticClassifier(fit_intercept=False).fit(kind(X), y)
    assert NormalizedLogisticClassifier().fit(kind(X), y).score(kind(X), y) == 1.0


def test_predicting_needs_fitting_and_the_same_features():
    with pytest.raises(NotFittedError):
        NormalizedLogisticClassifier().predict([[1.0]])
    with pytest.raises(ValueError, match="expecting 2 features"):
        NormalizedLogisticClassifier().fit(*OR).predict([[1.0]])


def test_single_precision_is_kept():
    X, y = planted(2)
    classifier = NormalizedLogisticClassifier(max_iter=10_000).fit(X.astype(np.float32), y)
    assert classifier.coef_.dtype == classifier.intercept_.dtype == np.float32
    assert classifier.separated_.all()


def test_pickle_and_clone():
    X, y = planted(4)
    classifier = NormalizedLogisticClassifier(gamma=math.inf).fit(X, y)
    back = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(back.decision_function(X), classifier.decision_function(X))
    fresh = clone(classifier)
    assert fresh.get_params() == {"gamma": math.inf, "fit_intercept": True, "max_iter": 1000}
    assert not hasattr(fresh, "coef_")


def test_it_does_not_keep_the_training_data():
    X, y = planted(0, n=2000)
    assert len(pickle.dumps(NormalizedLogisticClassifier(max_iter=20_000).fit(X, y))) < 2000


def test_pipeline_and_grid_search(digits):
    X, y = pair(digits, 0, 1)
    model = make_pipeline(StandardScaler(), NormalizedLogisticClassifier())
    grid = {"normalizedlogisticclassifier__gamma": [0.1, 100.0, math.inf]}
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.97
    assert search.best_estimator_.score(X, y) == 1.0


def test_probabilities_by_calibration(digits):
    X, y = pair(digits, 3, 8)
    assert not hasattr(NormalizedLogisticClassifier().fit(X, y), "predict_proba")
    calibrated = CalibratedClassifierCV(NormalizedLogisticClassifier(), cv=3).fit(X, y)
    assert calibrated.predict_proba(X).shape == (len(y), 2)


def test_scikit_learn_is_imported_when_the_classifier_is_used():
    source = (
        "import sys, optlab as ol; ol.estimators; assert 'sklearn' not in sys.modules;"
        "ol.estimators.NormalizedLogisticClassifier; assert 'sklearn' in sys.modules"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", source], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
