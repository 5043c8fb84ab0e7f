"""The problems of block coordinate descent: certificates, closed forms, and the traps do what they say."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.problems._positive_definite import positive_definite_solver, smallest_eigenvalue

P = ol.problems


def proximal_moves(problem, x):
    """Moves, scores of the rules GS-s, GS-r and GS-q, with the common constant L."""
    L, g = problem.constants.L, problem.smooth_gradient(x)
    d = problem.prox(x - g / L, 1 / L) - x
    steep = np.where(x != 0, np.abs(g + np.sign(x)), np.maximum(np.abs(g) - 1, 0))
    decrease = -(g * d + L / 2 * d**2 + np.abs(x + d) - np.abs(x))
    return d, {"GS-s": steep, "GS-r": np.abs(d), "GS-q": decrease}


@pytest.mark.parametrize(
    ("start", "rule", "ratio"),
    [
        ((0.4, 0.5), "GS-r", 0.835052),
        ((0.4, 0.5), "GS-s", 0.164948),
        ((0.4, 0.5), "GS-q", 0.164948),
        ((0.4, 0.01), "GS-s", 0.913592),
        ((0.4, 0.01), "GS-r", 0.086408),
        ((0.4, 0.01), "GS-q", 0.086408),
    ],
)
def test_counterexample_misleads_the_rules_it_is_made_for(start, rule, ratio):
    problem = P.GreedyCounterexample(start)
    x = problem.start()
    d, scores = proximal_moves(problem, x)
    i = int(np.argmax(scores[rule]))
    moved = x.copy()
    moved[i] += d[i]
    gap = problem.reference.lo
    assert (problem.value(moved) - gap) / (problem.value(x) - gap) == pytest.approx(ratio, abs=5e-7)
    assert 1 - problem.constants.mu_1 / problem.constants.L == pytest.approx(0.6711409, abs=1e-7)


def test_the_tied_pair_holds_coordinate_moves():
    problem, grid = P.TiedPair(), np.linspace(-3, 5, 4001)
    for t in (0.0, 0.7, 2.0):
        corner = np.array([t, t])
        for i in range(2):
            line = np.tile(corner, (grid.size, 1))
            line[:, i] = grid
            assert problem.value(line).min() >= problem.value(corner) - 1e-12
    assert problem.value(np.ones(2)) == 0.0 < problem.value(np.zeros(2))


def test_quartic_huber_is_smooth_and_flat():
    problem = P.QuarticHuber(1)
    t = np.linspace(-3, 3, 601)
    x = t[:, None]
    np.testing.assert_allclose(problem.hessian_product(x, np.ones_like(x))[:, 0], np.minimum(t**2, 1))
    np.testing.assert_allclose(np.diff(problem.value(x)) / np.diff(t), problem.gradient(x)[:-1, 0], atol=1e-2)
    inside = np.abs(t) <= 1
    np.testing.assert_allclose(problem.value(x)[inside], t[inside] ** 4 / 12)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["path", "star", "comb", "isolated", "random"]), st.integers(1, 40), st.integers(0, 1000))
def test_forests_are_forests_and_solved(kind, n, seed):
    problem = P.GraphQuadratic.forest(kind, n, rng=seed)
    graph = problem.bound_graph()
    edges = (graph.nnz - n) // 2
    components = sp.csgraph.connected_components(graph)[0]
    assert edges == n - components and components == (n if kind == "isolated" else 1)
    np.testing.assert_allclose(problem.A @ problem.reference.x, problem.b, atol=1e-12 * n)
    assert problem.constants.mu >= 1 - 1e-12 and problem.reference.width < 1e-20
    degrees = np.diff(graph.indptr) - 1
    if n > 3:
        most = {"path": 2, "star": n - 1, "comb": 3, "isolated": 0}.get(kind, n)
        assert degrees.max() <= most


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 25), st.integers(0, 10**6))
def test_certified_eigenvalue_and_solver(n, seed):
    draw = np.random.default_rng(seed)
    A = draw.standard_normal((n, n)) * (draw.random((n, n)) < 0.3)
    A = sp.csr_array(A @ A.T + 0.1 * np.eye(n))
    solve = positive_definite_solver(A)
    b = draw.standard_normal(n)
    np.testing.assert_allclose(A @ solve(b), b, atol=1e-9)
    least = float(np.linalg.eigvalsh(A.toarray())[0])
    assert smallest_eigenvalue(A, solve).value == pytest.approx(least, rel=1e-9)
    assert positive_definite_solver(sp.csr_array(A - (least + 1e-3) * sp.eye_array(n))) is None
    assert positive_definite_solver(sp.csr_array(A - (least - 1e-3) * sp.eye_array(n))) is not None


def test_large_graphs_have_a_certified_eigenvalue():
    for problem in (P.GraphQuadratic.forest("random", 700, rng=0), P.GraphQuadratic.forest("path", 600, rng=0)):
        exact = np.linalg.eigvalsh(problem.A.toarray())
        mu = problem.constants["mu"]
        assert mu.kind == "lower" and (1 - 1e-6) * exact[0] <= mu.value <= exact[0]
        assert problem.constants["L"].kind == "upper" and problem.constants.L >= exact[-1]


def test_label_propagation_is_the_problem_of_all_nodes_restricted():
    draw = np.random.default_rng(0)
    W = np.triu(draw.random((8, 8)) * (draw.random((8, 8)) < 0.6), 1)
    W = W + W.T
    labelled, y = np.array([5, 1]), np.array([2.0, -1.0])
    problem = P.LabelPropagation(sp.csr_array(W), labelled, y)
    full = np.zeros(8)
    full[labelled] = y
    constant = 0.5 * float((W[np.ix_(problem.unlabelled, labelled)] * y**2).sum()) + 0.5 * W[5, 1] * 9.0
    for _ in range(5):
        x = full[problem.unlabelled] = draw.standard_normal(6)
        energy = 0.25 * float((W * (full[:, None] - full[None, :]) ** 2).sum())
        assert problem.value(x) + constant == pytest.approx(energy)


def test_a_component_without_a_label_is_reported():
    problem = P.LabelPropagation(
        sp.csr_array(np.array([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 2, 0], [0, 0, 2, 0, 0], [0] * 5], float)),
        [0],
        [3.0],
    )
    assert problem.floating.tolist() == [1, 2, 3] and problem.constants.mu == 0.0
    assert problem.constants.mu_PL == pytest.approx(1.0)  # of [1] and of [[2, -2], [-2, 2]]
    np.testing.assert_allclose(problem.reference.x, [3.0, 0.0, 0.0, 0.0])
    assert problem.value(problem.reference.x + np.array([0.0, 5.0, 5.0, -7.0])) == pytest.approx(problem.reference.hi)


def test_logistic_propagation_is_solved():
    problem = P.LogisticPropagation(sp.diags_array([np.ones(9)] * 2, offsets=[-1, 1]), [0, 4, 9], [1, 0, 1])
    assert problem.reference.width < 1e-20 and np.abs(problem.gradient(problem.reference.x)).max() < 1e-12


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.0, 0.1, 2.0]), st.integers(0, 10**6))
def test_non_negative_least_squares_is_certified(m, n, weight, seed):
    draw = np.random.default_rng(seed)
    A, b = draw.standard_normal((m, n)), draw.standard_normal(m)
    if n > 1 and seed % 3 == 0:
        A[:, -1] = A[:, 0]
    problem = P.NonNegativeLeastSquares(A, b, weight)
    x = problem.reference.x
    slope = A.T @ (A @ x - b) + weight
    scale = 1 + np.abs(A.T @ b).max() + weight
    assert (x >= 0).all() and slope.min() >= -1e-10 * scale and np.abs(slope[x > 0]).max(initial=0) <= 1e-9 * scale
    if weight:
        assert problem.reference.width <= 1e-9 * (1 + problem.reference.hi)
        for _ in range(5):
            y = np.abs(draw.standard_normal(n))
            assert problem.duality_gap(y) >= problem.value(y) - problem.reference.hi - 1e-10


def test_non_negative_least_squares_against_scipy_and_sparse():
    from scipy.optimize import nnls

    draw = np.random.default_rng(1)
    A = draw.standard_normal((20, 40)) * (draw.random((20, 40)) < 0.4)
    b = draw.standard_normal(20)
    problem = P.NonNegativeLeastSquares(A, b)
    assert problem.reference.hi == pytest.approx(nnls(A, b)[1] ** 2 / 2, abs=1e-12)
    assert problem.reference.lo == 0.0
    assert P.NonNegativeLeastSquares(sp.csr_array(A), b, 0.3).reference.hi == pytest.approx(
        P.NonNegativeLeastSquares(A, b, 0.3).reference.hi, rel=1e-12
    )
    assert np.isinf(problem.value(-np.ones(40))) and problem.value(np.zeros((3, 40))).shape == (3,)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(0, 6), st.data(), st.integers(0, 10**6))
def test_planted_manifolds_satisfy_the_optimality_conditions(n, extra, data, seed):
    nnz = data.draw(st.integers(0, n))
    lasso = P.ManifoldLasso(n + extra, n, nnz, weight=1.5, delta=0.3, condition=50.0, rng=seed)
    positive = P.ManifoldNonNegative(n + extra, n, nnz, weight=1.5, delta=0.3, condition=50.0, rng=seed)
    for problem in (lasso, positive):
        x = problem.reference.x
        assert (x != 0).sum() == nnz and problem.value(x) == pytest.approx(problem.reference.hi, rel=1e-9)
        assert problem.duality_gap(x) <= 1e-9 * (1 + problem.reference.hi)
        eigenvalues = np.linalg.eigvalsh(problem.A.T @ problem.A)
        assert eigenvalues[0] >= problem.constants.mu * (1 - 1e-8) and eigenvalues[-1] <= 1 + 1e-12
        low, high = problem.kink_slopes()
        slope, zero = problem.smooth_gradient(x), x == 0
        margin = np.minimum(-slope - low, high + slope)[zero]
        if zero.any():
            assert margin.min() == pytest.approx(0.3, abs=1e-8)
        assert problem.measure(x)["misidentified"] == 0.0
        assert problem.measure(np.zeros(n))["misidentified"] == nnz


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_zeros_are_found_within_the_radius_and_not_when_degenerate(seed):
    draw = np.random.default_rng(seed)
    problem = P.ManifoldLasso(20, 12, 4, delta=0.25, rng=seed)
    degenerate = P.DegenerateLasso(20, 12, 4, rng=seed)
    assert degenerate.constants.delta == 0.0 and degenerate.violates
    u = draw.standard_normal(12)
    x = problem.reference.x + problem.constants.radius * u / np.linalg.norm(u)
    landed = problem.prox(x - problem.smooth_gradient(x), 1.0)
    assert (landed[problem.reference.x == 0] == 0).all()
    active = np.abs(degenerate.smooth_gradient(degenerate.reference.x))
    tight = (degenerate.reference.x == 0) & (active > 1 - 1e-9)
    assert tight.any()


@pytest.mark.parametrize("classes", [1, 2, 3, 5])
def test_softmax_bound_is_the_kronecker_form_and_sharper_on_few_classes(classes):
    draw = np.random.default_rng(classes)
    A = draw.standard_normal((9, 3))
    problem = P.SoftmaxRegression(A, draw.integers(0, classes, 9), n_classes=classes)
    n = 3 * classes
    full = np.kron(A.T @ A, 0.5 * (np.eye(classes) - 1 / classes))
    everything = np.arange(n)
    np.testing.assert_allclose(problem.block_bound(everything), full, atol=1e-12)
    np.testing.assert_allclose(problem.bound_row_sums(), np.abs(full).sum(axis=1), atol=1e-12)
    product = np.stack([problem.bound_product(np.array([i]), np.ones(1)) for i in everything])
    np.testing.assert_allclose(product, full, atol=1e-12)
    for size in range(1, n + 1):
        block = draw.permutation(n)[:size]
        sharper = full[np.ix_(block, block)] - problem.block_bound(block)
        assert np.linalg.eigvalsh(sharper)[0] >= -1e-12
        for _ in range(5):
            followed = problem.follow(3 * draw.standard_normal(n))
            room = problem.block_bound(block) - problem.block_hessian(followed, block)
            assert np.linalg.eigvalsh(room)[0] >= -1e-10


def test_softmax_of_two_classes_is_logistic_regression():
    draw = np.random.default_rng(0)
    A, y = draw.standard_normal((12, 4)), draw.integers(0, 2, 12)
    soft, two = P.SoftmaxRegression(A, y), P.LogisticRegression(A, y, reduction="sum")
    X = draw.standard_normal((4, 2))
    assert soft.value(X.reshape(-1)) == pytest.approx(float(two.value(X[:, 1] - X[:, 0])))


def test_softmax_references():
    draw = np.random.default_rng(2)
    A, y = draw.standard_normal((30, 3)), draw.integers(0, 3, 30)
    solved = P.SoftmaxRegression(A, y, l2=0.1)
    assert solved.reference.width < 1e-15 and np.abs(solved.gradient(solved.reference.x)).max() < 1e-10
    open_end = P.SoftmaxRegression(A, y)
    assert (open_end.reference.lo, open_end.reference.hi) == (0.0, pytest.approx(30 * np.log(3)))
    assert P.SoftmaxRegression(A, np.zeros(30, dtype=int)).reference.is_exact  # a single class
    wide = P.SoftmaxRegression(draw.standard_normal((5, 8)), [0, 1, 2, 0, 1])
    assert wide.reference.is_exact and not wide.reference.attained


def test_sum_and_mean_of_the_logistic_losses():
    draw = np.random.default_rng(3)
    A, y, x = draw.standard_normal((20, 3)), draw.integers(0, 2, 20), draw.standard_normal(3)
    total, mean = P.LogisticRegression(A, y, l2=2.0, reduction="sum"), P.LogisticRegression(A, y, l2=0.1)
    assert total.value(x) == pytest.approx(20 * mean.value(x))
    np.testing.assert_allclose(total.reference.x, mean.reference.x, atol=1e-9)
    assert total.reference.hi == pytest.approx(20 * mean.reference.hi) and total.reference.width < 1e-12
    np.testing.assert_allclose(total.coordinate_lipschitz(), 0.25 * (A**2).sum(axis=0) + 2.0)
    bare = [P.LogisticRegression(A, y, reduction=r).constants.G for r in ("sum", "mean")]
    assert bare[0] == pytest.approx(20 * bare[1])


def test_many_features_that_separate_are_noticed(monkeypatch):
    from optlab.problems import logistic

    monkeypatch.setattr(logistic, "_NEWTON_LIMIT", 5)
    draw = np.random.default_rng(4)
    wide = P.LogisticRegression(draw.standard_normal((8, 12)), draw.integers(0, 2, 8))
    assert wide.reference.is_exact and not wide.reference.attained
    row = draw.standard_normal(12)
    both = P.LogisticRegression(np.stack([row, row]), [0, 1])
    assert both.reference.hi == pytest.approx(np.log(2.0)) and both.reference.lo == 0.0


@pytest.mark.parametrize("signs", list(itertools.product((1.0, -1.0), repeat=2)))
def test_indefinite_quadratics_are_bounded_by_absolute_values(signs):
    problem = P.IndefiniteQuadratic([-2.0, *(3.0 * s for s in signs)], rotate=True, rng=1)
    room = problem.block_bound(np.arange(3)) - problem.hessian
    assert np.linalg.eigvalsh(room)[0] >= -1e-12 and (problem.coordinate_lipschitz() > 0).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: P.SoftmaxRegression(np.eye(2), [0.0, 1.0]), "y must hold integer labels >= 0"),
        (lambda: P.SoftmaxRegression(np.eye(2), [0]), r"y must have shape \(2,\)"),
        (
            lambda: P.SoftmaxRegression(np.eye(2), [0, 3], n_classes=3),
            "n_classes must be more than the largest label 3",
        ),
        (lambda: P.LogisticRegression(np.eye(2), [0, 1], reduction="max"), "reduction must be one of"),
        (lambda: P.NonNegativeLeastSquares(np.eye(2), [1.0]), "b must have one entry"),
        (lambda: P.NonNegativeLeastSquares(np.eye(2), [1.0, 2.0], -1.0), "weight must be a finite number >= 0"),
        (lambda: P.ManifoldLasso(3, 4, 1), "m must be at least 4"),
        (lambda: P.ManifoldLasso(5, 4, 1, delta=2.0), "delta must be a finite number > 0 and <= 1"),
        (lambda: P.DegenerateLasso(5, 4, 4), "nnz must be at most 3"),
        (lambda: P.ManifoldNonNegative(5, 4, 5), "nnz must be at most 4"),
        (lambda: P.GreedyCounterexample((1.0, 2.0, 3.0)), "start must hold two numbers"),
        (lambda: P.LabelPropagation(sp.eye_array(3), [0], [1.0]), "W must have an empty diagonal"),
        (lambda: P.LabelPropagation(sp.csr_array([[0.0, -1.0], [-1.0, 0.0]]), [0], [1.0]), "edge weights >= 0"),
        (lambda: P.LabelPropagation(sp.csr_array([[0.0, 1.0], [1.0, 0.0]]), [0, 0], [1.0, 1.0]), "different nodes"),
        (lambda: P.LabelPropagation(sp.csr_array([[0.0, 1.0], [1.0, 0.0]]), [2], [1.0]), "between 0 and 1"),
        (lambda: P.LabelPropagation(sp.csr_array([[0.0, 1.0], [1.0, 0.0]]), [0], [1.0, 2.0]), "one value for each"),
        (lambda: P.LabelPropagation(sp.csr_array([[0.0, 1.0], [1.0, 0.0]]), [0, 1], [1.0, 2.0]), "every node"),
        (lambda: P.LabelPropagation.lattice(3, 3, variant="book"), "variant must be one of"),
        (lambda: P.LabelPropagation.two_moons(5), "n must be at least 7"),
        (lambda: P.data_set_A(10, 10, penalty="l2"), "penalty must be one of"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
