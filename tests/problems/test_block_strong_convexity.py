"""The constants of greedy rules, against their definition: no vector undercuts the ratio, and one attains it."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.problems import strong_convexity

P = ol.problems


def spd(seed, n, condition=30.0):
    problem = P.DenseQuadratic.random(n, condition, spread=3.0, rng=seed)
    return np.array(problem.H)


def gap_ratio(v, H):
    """v^T H^{-1} v, twice the gap at a point with gradient v."""
    return float(v @ np.linalg.solve(H, v))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(0, 10**6))
def test_l1_constants_are_the_largest_that_hold(n, seed):
    H = spd(seed, n)
    L = np.diag(H)
    one, scaled = P.mu_l1(H), P.mu_l1_scaled(H)
    assert one.kind == scaled.kind == "exact"
    signs = [np.array(s) for s in itertools.product((-1.0, 1.0), repeat=n)]
    assert one.value == pytest.approx(1 / max(gap_ratio(s, H) for s in signs), rel=1e-10)
    assert scaled.value == pytest.approx(1 / max(gap_ratio(s * np.sqrt(L), H) for s in signs), rel=1e-10)
    mu = float(np.linalg.eigvalsh(H)[0])
    assert mu / n <= one.value * (1 + 1e-10) and one.value <= mu * (1 + 1e-10)
    assert max(mu / L.sum(), one.value / L.max()) <= scaled.value * (1 + 1e-10)
    assert scaled.value <= one.value / L.min() * (1 + 1e-10)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 8), st.integers(0, 10**6))
def test_tight_starts_fall_exactly_as_the_rate_says(n, seed):
    H = spd(seed, n)
    L = np.diag(H)
    x = P.tight_start(H, "diagonal")
    g = H @ x
    i = int(np.argmax(g**2 / L))
    drop = g[i] ** 2 / (2 * L[i])
    assert drop / (0.5 * x @ H @ x) == pytest.approx(P.mu_l1_scaled(H).value, rel=1e-9)
    equal = H / np.sqrt(np.outer(L, L))  # all L_i = 1: the selected one has the largest
    x = P.tight_start(equal)
    g = equal @ x
    assert 0.5 * np.max(g**2) / (0.5 * x @ equal @ x) == pytest.approx(P.mu_l1(equal).value, rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 30), st.integers(0, 10**6))
def test_graphs_have_a_closed_form(n, seed):
    problem = P.GraphQuadratic.forest("random", n, rng=seed)
    dense = problem.A.toarray()
    inverse = np.linalg.inv(dense)
    assert inverse.min() > -1e-12
    assert problem.constants.mu_1 == pytest.approx(1 / inverse.sum(), rel=1e-10)
    assert P.mu_l1(dense).value == pytest.approx(problem.constants.mu_1, rel=1e-10)
    root = np.sqrt(np.diag(dense))
    assert problem.constants.mu_L == pytest.approx(1 / (root @ inverse @ root), rel=1e-10)
    np.testing.assert_array_equal(P.worst_signs(problem.A), np.ones(n))


def test_beyond_enumeration_there_is_a_lower_bound_only(monkeypatch):
    H = spd(3, 10)
    exact = P.mu_l1(H).value, P.mu_l1_scaled(H).value
    monkeypatch.setattr(strong_convexity, "_ENUMERATION_LIMIT", 5)
    for found, value in zip((P.mu_l1(H), P.mu_l1_scaled(H)), exact, strict=True):
        assert found.kind == "lower" and 0 < found.value <= value
    with pytest.raises(ValueError, match="dimension 10: signs are tried up to 5"):
        P.tight_start(H)


def metric(H, blocks, bound):
    M = np.zeros_like(H)
    tops = [np.linalg.eigvalsh(H[np.ix_(b, b)])[-1] for b in blocks]
    for b, top in zip(blocks, tops, strict=True):
        M[np.ix_(b, b)] = {"H": H[np.ix_(b, b)], "Lb": top * np.eye(len(b)), "L": max(tops) * np.eye(len(b))}.get(
            bound, 0
        )
    return np.diag(np.abs(H).sum(axis=1)) if bound == "D" else M


def best_block(v, M, blocks):
    return max(float(v[b] @ np.linalg.solve(M[np.ix_(b, b)], v[b])) for b in blocks)


@pytest.mark.parametrize("bound", ["H", "Lb", "L", "D"])
@settings(max_examples=15, deadline=None)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_no_vector_undercuts_the_block_constant(bound, data, seed):
    draw = np.random.default_rng(seed)
    n = data.draw(st.integers(2, 8))
    cuts = sorted(data.draw(st.sets(st.integers(1, n - 1), max_size=3)))
    blocks = [b.tolist() for b in np.split(draw.permutation(n), cuts)]
    H = spd(seed, n)
    if data.draw(st.booleans()):  # no entries between the blocks: a closed form, which is attained
        H = sum(np.outer(e, e) * H for e in (np.isin(np.arange(n), b).astype(float) for b in blocks))
    found, M = P.mu_block(H, blocks, bound), metric(H, blocks, bound)
    ratios = [best_block(v, M, blocks) / gap_ratio(v, H) for v in draw.standard_normal((300, n))]
    assert min(ratios) >= found.value * (1 - 1e-9)
    if found.how.startswith("closed form"):
        v = np.zeros(n)
        for b in blocks:  # on each block the vector that fits its own metric worst
            part, whole = M[np.ix_(b, b)], H[np.ix_(b, b)]
            root = np.linalg.cholesky(part)
            v[b] = root @ np.linalg.eigh(root.T @ np.linalg.solve(whole, root))[1][:, -1]
        assert best_block(v, M, blocks) / gap_ratio(v, H) == pytest.approx(found.value, rel=1e-8)


def test_block_constants_of_the_sheet():
    spectrum = np.geomspace(1, 1000, 24)
    low, high = np.arange(12), np.arange(12, 24)[::-1]
    interleaved = np.stack([low, high], axis=1).reshape(-1)
    sums = [1 / P.mu_block(spectrum, np.split(order, 6), "Lb").value for order in (np.arange(24), interleaved)]
    assert sums == pytest.approx([14.77, 1429], rel=1e-3)


@pytest.mark.parametrize("sigma", [0.0, 0.3, 0.9, 0.999])
def test_two_blocks_fall_as_slowly_as_they_may(sigma):
    problem = P.TwoBlockQuadratic(sigma, size=3, rng=4)
    H = np.array(problem.H)
    assert P.mu_block(H, problem.partition).value == pytest.approx((1 - sigma) / 2, rel=1e-9)
    x, gaps = problem.start(), []
    for _ in range(4):
        gaps.append(float(problem.value(x)))
        g = problem.gradient(x)
        b = max(problem.partition, key=lambda b: float(g[b] @ np.linalg.solve(H[np.ix_(b, b)], g[b])))
        x[b] -= np.linalg.solve(H[np.ix_(b, b)], g[b])
    shares = [1.0, (1 + sigma) / 2, (1 + sigma) / 2 * sigma**2, (1 + sigma) / 2 * sigma**4]
    np.testing.assert_allclose(gaps, gaps[0] * np.array(shares), rtol=1e-9, atol=1e-25)


def test_partitioned_quadratics_know_all_their_rates():
    spectrum, blocks = np.array([1.0, 4.0, 2.0, 10.0, 5.0]), [[0, 2], [1, 3], [4]]
    c = P.PartitionedQuadratic(spectrum, blocks).constants
    assert c.mu_B == pytest.approx(1 / 3)
    assert c.mu_B_Lb == pytest.approx(1 / (2 + 2.5 + 1))
    assert c.mu_B_L == pytest.approx(1 / (10 * (1 + 1 / 4 + 1 / 5)))
    assert c.mu_B_D == pytest.approx(1 / 3)
    assert c.rate_random == pytest.approx((1 / 2.5) / 3) and c.rate_lipschitz == pytest.approx(1 / 17)
    assert c.mu_1 == pytest.approx(1 / math.fsum(1 / spectrum)) and c.mu_L == pytest.approx(0.2)
    whole = P.PartitionedQuadratic.blockwise([2.0, 8.0], 3)
    assert whole.constants.mu_B_Lb == pytest.approx(0.5) and len(whole.partition) == 2
    assert [b.tolist() for b in P.PartitionedQuadratic(spectrum, 2).partition] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: P.mu_l1([1.0, 0.0]), "a diagonal H must be > 0"),
        (lambda: P.mu_l1(np.ones((2, 3))), "H must be square"),
        (lambda: P.mu_l1_scaled([1.0, 1.0], [1.0]), "L must hold 2 numbers > 0"),
        (lambda: P.mu_block(np.eye(3), [[0, 1], [1, 2]]), "blocks must be a partition"),
        (lambda: P.mu_block(np.eye(3), [[0, 1]]), "blocks must be a partition"),
        (lambda: P.mu_block(np.eye(2), [[0], [1]], "M"), "bound must be one of"),
        (lambda: P.TwoBlockQuadratic(1.0), "sigma must be a finite number >= 0 and < 1"),
        (lambda: P.PartitionedQuadratic([1.0, 0.0], 1), "spectrum must be > 0 everywhere"),
        (lambda: P.PartitionedQuadratic([1.0, 2.0], 3), "partition must be at most 2"),
        (lambda: P.DenseQuadratic([[1.0, 2.0], [0.0, 1.0]]), "H must be symmetric"),
        (lambda: P.DenseQuadratic([[1.0, 0.0], [0.0, -1.0]]), "H must be positive semidefinite"),
        (lambda: P.DenseQuadratic([[1.0, 0.0], [0.0, 0.0]], [0.0, 1.0]), "unbounded below along the null space"),
        (lambda: P.DenseQuadratic(np.eye(2), [1.0]), r"b must have shape \(2,\)"),
        (lambda: P.GraphQuadratic(sp.csr_array([[1.0, -1.0], [-1.0, 1.0]])), "A must be positive definite"),
        (lambda: P.GraphQuadratic(sp.csr_array([[1.0, -1.0], [0.0, 1.0]])), "A must be symmetric"),
        (lambda: P.GraphQuadratic(sp.csr_array([[1.0, 2.0], [2.0, 1.0]])), "A must be positive definite"),
        (lambda: P.GraphQuadratic.forest("ring", 4), "kind must be one of 'path'"),
    ],
)
def test_bad_input(build, message):
    with pytest.raises(ValueError, match=message):
        build()
