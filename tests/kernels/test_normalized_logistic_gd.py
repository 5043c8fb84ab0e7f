"""The Perceptron's kernels equal their pure twins, bit for bit, in both precisions."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from optlab.kernels import normalized_logistic_gd as kernels
from optlab.kernels.registry import KERNELS

DTYPES = st.sampled_from([np.float32, np.float64])


def data(seed, n, d, dtype, integer):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, (n, d)) if integer else rng.standard_normal((n, d))
    rows[:, 0] = np.abs(rows[:, 0]) + 1
    return rows.astype(dtype), rng


def same(kernel, twin, arguments):
    ours, theirs = [[a.copy() if isinstance(a, np.ndarray) else a for a in arguments] for _ in range(2)]
    assert tuple(kernel(*ours)) == tuple(twin(*theirs))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    return ours


@given(
    st.integers(0, 10**6),
    st.integers(1, 20),
    st.integers(1, 5),
    DTYPES,
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 40),
)
def test_gram(seed, n, d, dtype, integer, rule, units):
    rows, rng = data(seed, n, d, dtype, integer)
    start = int(rng.integers(0, n))
    margins = rng.integers(-1, 2, n).astype(dtype)
    chosen = np.full(units, -7)
    arguments = (rows @ rows.T, margins, rule, start, rng.random(units), chosen)
    kernel = KERNELS["perceptron_gram"]
    *_, margins, _, _, _, chosen = same(kernel.compiled, kernel.twin, arguments)
    if units and -7 in chosen:
        assert margins.min() > 0


@given(
    st.integers(0, 10**6),
    st.integers(1, 20),
    st.integers(1, 5),
    DTYPES,
    st.booleans(),
    st.booleans(),
    st.integers(0, 40),
)
def test_dense_and_sparse(seed, n, d, dtype, integer, cyclic, units):
    rows, rng = data(seed, n, d, dtype, integer)
    start = int(rng.integers(0, n))
    csr = sp.csr_array(rows)
    w, chosen = np.zeros(d, dtype), np.full(units, -7)
    dense, sparse = KERNELS["perceptron_dense"], KERNELS["perceptron_sparse"]
    _, w_dense, _, _, chosen_dense = same(dense.compiled, dense.twin, (rows, w, cyclic, start, chosen))
    raw = (csr.data, csr.indices, csr.indptr, w, cyclic, start, chosen)
    *_, w_sparse, _, _, chosen_sparse = same(sparse.compiled, sparse.twin, raw)
    np.testing.assert_array_equal(chosen_dense, chosen_sparse)
    np.testing.assert_array_equal(w_dense, w_sparse)


@given(
    st.lists(st.integers(-2, 2), min_size=1, max_size=9),
    st.integers(0, 3),
    st.integers(0, 8),
    st.floats(0, 1, exclude_max=True),
)
def test_pick_follows_its_rule(margins, rule, start, uniform):
    margins, start = np.array(margins, dtype=float), start % len(margins)
    kernel = KERNELS["perceptron_pick"]
    j = kernel.compiled(margins, rule, start, uniform)
    assert j == kernel.twin(margins, rule, start, uniform)
    wrong = [int(i) for i in np.flatnonzero(margins <= 0)]
    if not wrong:
        assert j == -1
        return
    expected = {
        "lowest": wrong[0],
        "cyclic": next((i for i in wrong if i >= start), wrong[0]),
        "random": wrong[int(uniform * len(wrong))],
        "worst": int(np.argmin(margins)),
    }
    assert j == expected[kernels.RULES[rule]]


def test_the_dense_kernel_walks_as_the_textbook_does():
    """Against a loop written from the definition, on data whose sums are exact."""
    rng = np.random.default_rng(5)
    rows = rng.integers(-3, 4, (12, 3)).astype(float)
    rows[:, 0] = np.abs(rows[:, 0]) + 1
    for cyclic in (False, True):
        w, path, j = np.zeros(3), [], 0
        while (rows @ w <= 0).any():
            while rows[j] @ w > 0:
                j = (j + 1) % 12
            w = w + rows[j]
            path.append(j)
            j = (j + 1) % 12 if cyclic else 0
        x, chosen = np.zeros(3), np.zeros(len(path) + 5, dtype=np.int64)
        made, nxt, _ = kernels.perceptron_dense(rows, x, cyclic, 0, chosen)
        assert (made, nxt) == (len(path), -1)
        assert chosen[:made].tolist() == path
        np.testing.assert_array_equal(x, w)


@pytest.mark.parametrize("cyclic", [False, True])
def test_visits_count_each_look_at_a_row_once_however_the_loop_is_cut(cyclic):
    rows, _ = data(1, 30, 4, np.float64, False)
    w, one = np.zeros(4), np.zeros(1000, dtype=np.int64)
    made, _, visits = kernels.perceptron_dense(rows, w, cyclic, 0, one)
    w, total, start, pieces = np.zeros(4), 0, 0, []
    while start >= 0:
        piece = np.zeros(3, dtype=np.int64)
        part, start, seen = kernels.perceptron_dense(rows, w, cyclic, start, piece)
        pieces.append(piece[:part])
        total += seen
    assert np.concatenate(pieces).tolist() == one[:made].tolist()
    assert total == visits
