"""The bookkeeping of blocks on data of all kinds: dense and sparse, wide and tall, of other array libraries."""

import pickle

import array_api_strict as strict
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.kernels.registry import KERNELS
from optlab.problems import _rows
from optlab.testing import block_oracles

CHECKS = (block_oracles.block_moves, block_oracles.block_curvature, block_oracles.block_hessian)


def data(seed, m, n, density=1.0):
    draw = np.random.default_rng(seed)
    A = draw.standard_normal((m, n)) * (draw.random((m, n)) < density)
    return A, draw.standard_normal(m), draw


def models(A, b, draw):
    yield ol.problems.LeastSquares(A, b)
    yield ol.problems.LogisticRegression(A, draw.integers(0, 2, b.size), l2=0.3)
    yield ol.problems.LogisticRegression(A, draw.integers(0, 2, b.size), reduction="sum")
    yield ol.problems.SoftmaxRegression(A, draw.integers(0, 4, b.size), n_classes=4, l2=0.2)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 12), st.integers(1, 30), st.booleans(), st.integers(0, 10**6))
def test_dense_and_sparse_data(m, n, sparse, seed):
    A, b, draw = data(seed, m, n, 0.4 if sparse else 1.0)
    for problem in models(sp.csr_array(A) if sparse else A, b, draw):
        for check in CHECKS:
            check(problem, np.random.default_rng(seed))


def test_duplicates_in_sparse_data_are_added_up():
    A = sp.csr_array((np.array([1.0, 2.0, 4.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
    assert not A.has_canonical_format
    problem = ol.problems.LeastSquares(A, [1.0, 1.0])
    np.testing.assert_allclose(problem.coordinate_lipschitz(), [9.0, 16.0])
    block_oracles.block_moves(problem, np.random.default_rng(0))


def test_a_zero_column_has_the_constant_zero_and_never_a_gradient():
    A = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 1.0]])
    for problem in models(A, np.array([1.0, -1.0]), np.random.default_rng(0)):
        if problem.shape != (3,) or getattr(problem, "l2", 0.0):
            continue
        assert problem.coordinate_lipschitz()[1] == 0.0
        followed = problem.follow(np.ones(3))
        assert problem.block_gradient(followed)[1] == 0.0 and problem.block_bound(np.array([1]))[0, 0] == 0.0


@pytest.mark.parametrize("n", [3, 499, 501])  # with and without the Gram matrix
def test_many_moves_agree_with_a_fresh_start(n):
    A, b, draw = data(1, 40, n)
    problem = ol.problems.LeastSquares(A, b)
    x = draw.standard_normal(n)
    followed = problem.follow(x)
    for _ in range(300):
        block = draw.permutation(n)[:3]
        d = draw.standard_normal(block.size) * 0.1
        problem.block_gradient(followed)
        followed, x = problem.move(followed, block, d), ol.core.xp.put_add(x, block, d)
    fresh = problem.follow(x)
    np.testing.assert_allclose(
        problem.block_gradient(followed), problem.block_gradient(fresh), atol=1e-11 * (1 + np.abs(A.T @ b).max()) * n
    )
    assert problem.value_along(followed, block, d, 0.0) == pytest.approx(problem.value(x), rel=1e-12)


def test_whether_the_gram_matrix_is_used_does_not_depend_on_the_past():
    A, b, draw = data(2, 30, 12)
    one, two = ol.problems.LeastSquares(A, b), ol.problems.LeastSquares(A, b)
    one.bound_product(np.arange(12), np.ones(12)), one.block_bound(np.arange(12)), one.bound_row_sums()
    for problem in (one, pickle.loads(pickle.dumps(one))):
        ours, theirs = problem.follow(np.ones(12)), two.follow(np.ones(12))
        for _ in range(20):
            block, d = draw.permutation(12)[:4], draw.standard_normal(4)
            problem.block_gradient(ours), two.block_gradient(theirs)
            ours, theirs = problem.move(ours, block, d), two.move(theirs, block, d)
            np.testing.assert_array_equal(problem.block_gradient(ours), two.block_gradient(theirs))
            np.testing.assert_array_equal(problem.block_bound(block), two.block_bound(block))


def test_a_line_search_may_change_its_direction_in_place():
    A, b, _ = data(3, 10, 6)
    problem = ol.problems.LeastSquares(A, b)
    x, block, d = np.ones(6), np.array([4, 1]), np.array([1.0, -1.0])
    followed = problem.follow(x)
    problem.value_along(followed, block, d, 0.5)
    d *= 2.0
    block[:] = [0, 2]
    moved = ol.core.xp.put_add(x, block, 0.5 * d)
    assert problem.value_along(followed, block, d, 0.5) == pytest.approx(float(problem.value(moved)))


def test_single_precision_is_kept():
    A, b, draw = data(4, 12, 5)
    for problem in models(A.astype(np.float32), b.astype(np.float32), draw):
        x, block = problem.start(), np.array([0, 3])
        d = np.ones(2, dtype=np.float32)
        followed = problem.move(problem.follow(x), block, d)
        arrays = [problem.block_gradient(followed), problem.block_gradient(followed, block), problem.block_bound(block)]
        arrays += [problem.bound_product(block, d), problem.coordinate_lipschitz(), problem.bound_row_sums()]
        assert {a.dtype for a in [*arrays, problem.block_hessian(followed, block)]} == {np.dtype(np.float32)}


def test_strict_array_library():
    A, b, _ = data(5, 9, 5)
    spd = A.T @ A
    ours = [
        *models(strict.asarray(A), strict.asarray(b), np.random.default_rng(0)),
        ol.problems.Lasso(strict.asarray(A), strict.asarray(b), weight=0.3),
        ol.problems.Quadratic(strict.asarray([1.0, 2.0, 5.0])),
        ol.problems.Quadratic(strict.asarray([1.0, 2.0, 5.0]), rotate=True, rng=0),
        ol.problems.IndefiniteQuadratic(strict.asarray([-1.0, 2.0]), rotate=True, rng=0),
        ol.problems.DenseQuadratic(strict.asarray(spd), strict.asarray(np.ones(5))),
    ]
    for problem in ours:
        for check in CHECKS:
            check(problem, np.random.default_rng(1))
    theirs = ol.problems.SoftmaxRegression(A, np.random.default_rng(0).integers(0, 4, 9), n_classes=4, l2=0.2)
    assert theirs.reference.lo > 0.0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 10**6))
def test_rows_of_a_matrix(n, m, seed):
    draw = np.random.default_rng(seed)
    T = draw.standard_normal((n, m)) * (draw.random((n, m)) < 0.5)
    block, v, d = draw.permutation(n)[: draw.integers(1, n + 1)], draw.standard_normal(m), draw.standard_normal(n)
    weights = draw.random(m)
    for rows in (T, sp.csr_array(T)):
        np.testing.assert_allclose(_rows.row_products(rows, block, v), T[block] @ v, atol=1e-12)
        out = _rows.add_rows(v.copy(), rows, block, d[: block.size])
        np.testing.assert_allclose(out, v + d[: block.size] @ T[block], atol=1e-12)
        np.testing.assert_allclose(_rows.gram(rows, block), T[block] @ T[block].T, atol=1e-12)
        np.testing.assert_allclose(_rows.gram(rows, block, weights), (T[block] * weights) @ T[block].T, atol=1e-12)
        np.testing.assert_allclose(_rows.gram_row_sums(rows), np.abs(T @ T.T).sum(axis=1), atol=1e-11)
        np.testing.assert_allclose(_rows.squared_norms(rows), (T * T).sum(axis=1), atol=1e-12)


@pytest.mark.parametrize("sparse", [True, False])
def test_pieces_and_compiled_loops_sum_the_same_rows(monkeypatch, sparse):
    A, _, _ = data(6, 50, 80, 0.3)
    wanted = np.abs(A.T @ A).sum(axis=1)
    monkeypatch.setattr(_rows, "_COMPILED_WORK", 10)
    monkeypatch.setattr(_rows, "_PIECE", 200)
    monkeypatch.setattr(_rows, "_DENSE_ENTRIES", 10)
    T = _rows.columns(sp.csr_array(A) if sparse else A)
    np.testing.assert_allclose(_rows.gram_row_sums(T), wanted, rtol=1e-12)
    np.testing.assert_allclose(_rows.gram(T, np.array([3, 9])), (A.T @ A)[[3, 9]][:, [3, 9]], atol=1e-12)
    kernel = KERNELS["gram_row_sums"] if sparse else None
    if kernel:
        parts = (T.indptr, T.indices, T.data, *(getattr(sp.csr_array(T.T), a) for a in ("indptr", "indices", "data")))
        np.testing.assert_allclose(kernel.compiled(*parts), kernel.twin(*parts), rtol=1e-13)
