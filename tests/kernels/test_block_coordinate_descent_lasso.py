"""The Lasso sweeps equal their pure twins bit for bit, agree with one another, and end at the minimiser."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.kernels import block_coordinate_descent_lasso as kernels
from optlab.kernels.registry import KERNELS

CASES = (
    st.integers(0, 10**6),
    st.integers(1, 8),
    st.integers(1, 8),
    st.booleans(),
    st.floats(0, 2),
    st.integers(0, 30),
)


def data(seed, n, k):
    rng = np.random.default_rng(seed)
    A = rng.integers(-2, 3, (n, k)).astype(float)
    return A, rng.standard_normal(n), rng.integers(-1, 2, k).astype(float)


def arguments(kind, seed, n, k, positive, l1, sweeps, l2=0.25):
    A, y, w = data(seed, n, k)
    w = np.abs(w) if positive else w
    norms, r, how = (A**2).sum(axis=0), y - A @ w, (positive, sweeps, 1e-12)
    if kind == "gram":
        Q = A.T @ A + l2 * np.eye(k)
        return Q, Q @ w - A.T @ y, w, l1, *how
    if kind == "columns":
        return np.ascontiguousarray(A.T), norms, r, w, l1, l2, *how
    C = sp.csc_array(A)
    raw = C.data, C.indices.astype(np.int32), C.indptr.astype(np.int32)
    return *raw, np.zeros(k), float(n), norms, r, 0.0, w, l1, l2, *how


def copies(args):
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["gram", "columns", "csc"]), *CASES)
def test_compiled_equals_pure(kind, seed, n, k, positive, l1, sweeps):
    kernel = KERNELS[f"lasso_sweep_{kind}"]
    args = arguments(kind, seed, n, k, positive, l1, sweeps)
    ours, pure = copies(args), copies(args)
    np.testing.assert_allclose(kernel.compiled(*ours), kernel.twin(*pure), rtol=1e-9, atol=1e-11)
    for one, other in zip(ours, pure, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


@settings(deadline=None, max_examples=60)
@given(*CASES)
def test_the_three_agree(seed, n, k, positive, l1, sweeps):
    found = []
    for kind, place in (("gram", 2), ("columns", 3), ("csc", 8)):
        args = copies(arguments(kind, seed, n, k, positive, l1, sweeps))
        KERNELS[f"lasso_sweep_{kind}"].compiled(*args)
        found.append(args[place])
    np.testing.assert_allclose(found[0], found[1], atol=1e-9)
    np.testing.assert_allclose(found[0], found[2], atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(*CASES[:-1])
def test_repeated_sweeps_end_at_the_optimality_conditions(seed, n, k, positive, l1):
    Q, g, w, *_ = arguments("gram", seed, n, k, positive, l1, 0)
    for _ in range(5000):
        if kernels.sweep_gram(Q, g, w, l1, positive, 10, 1e-12)[1] <= 1e-12:
            break
    A, y, _ = data(seed, n, k)
    np.testing.assert_allclose(g, Q @ w - A.T @ y, atol=1e-9)
    np.testing.assert_allclose(g[w != 0], -l1 * np.sign(w[w != 0]), atol=1e-9)
    assert (w >= 0).all() or not positive
    assert (g[w == 0] >= -l1 - 1e-9).all()
    assert positive or (g[w == 0] <= l1 + 1e-9).all()


@settings(deadline=None, max_examples=40)
@given(*CASES[:3], st.floats(0, 2), st.integers(0, 20))
def test_implicit_centring_equals_explicit(seed, n, k, l1, sweeps):
    A, y, w = data(seed, n, k)
    v = np.random.default_rng(seed + 1).uniform(0.5, 2.0, n)
    mass, means = v @ v, A.T @ v / (v @ v)
    centred = A - np.outer(v, means)
    y = y - v * (v @ y) / mass
    norms = np.maximum((A**2).sum(axis=0) - mass * means**2, 0)
    C = sp.csc_array(A)
    raw = C.data, C.indices.astype(np.int32), C.indptr.astype(np.int32)
    r, start = y - centred @ w, w.copy()
    *_, shift = kernels.sweep_csc(*raw, means, mass, norms, r, 0.0, w, l1, 0.25, False, sweeps, 1e-12)
    np.testing.assert_allclose(r + shift * v, y - centred @ w, atol=1e-9)
    columns = np.ascontiguousarray(centred.T)
    kernels.sweep_columns(columns, norms, y - centred @ start, start, l1, 0.25, False, sweeps, 1e-12)
    np.testing.assert_allclose(start, w, atol=1e-9)


def test_one_coordinate_by_hand():
    """min q w^2/2 - 3 w + |w| at q = 2 is at w = 1; with weight 4 at zero; a negative one needs the sign."""
    assert kernels.minimiser(0.0, -3.0, 2.0, 1.0, False) == (1.0, 2.0)
    assert kernels.minimiser(0.0, -3.0, 2.0, 4.0, False)[0] == 0.0
    assert kernels.minimiser(0.0, 3.0, 2.0, 1.0, False) == (-1.0, 2.0)
    assert kernels.minimiser(0.0, 3.0, 2.0, 1.0, True)[0] == 0.0
    assert kernels.minimiser(1.0, -1.0, 2.0, 1.0, False) == (1.0, 0.0)
