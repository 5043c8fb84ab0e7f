"""Forest kernels equal their pure twins, dense solves, and what the definitions say."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from optlab.kernels import block_coordinate_descent_forest as forest
from optlab.kernels import block_coordinate_descent_graph as graph
from optlab.kernels.registry import KERNELS

SEEDS = st.integers(0, 10**6)


def same(name, *arguments):
    """Call kernel and twin on copies; return the kernel's answer and the arrays as it left them."""
    ours, theirs = [[a.copy() if isinstance(a, np.ndarray) else a for a in arguments] for _ in range(2)]
    one, other = KERNELS[name].compiled(*ours), KERNELS[name].twin(*theirs)
    np.testing.assert_equal(one, other)
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, its)
    return one, ours


def random_graph(rng, n, edges):
    """A symmetric, diagonally dominant matrix with up to `edges` random edges."""
    i, j = rng.integers(0, n, (2, edges))
    i, j = i[i != j], j[i != j]
    pattern = sp.coo_array((np.ones(len(i)), (np.minimum(i, j), np.maximum(i, j))), shape=(n, n)).tocsr()
    pattern.data[:] = rng.standard_normal(pattern.nnz)
    off = pattern + pattern.T
    a = (off + sp.diags_array(abs(off).sum(axis=1) + rng.uniform(0.1, 2.0, n))).tocsr()
    a.sort_indices()
    return a


def is_forest(a, block):
    pattern = a[block][:, block]
    edges = (pattern.nnz - np.count_nonzero(pattern.diagonal())) // 2
    return edges == len(block) - connected_components(pattern)[0]


def solve(a, block, right):
    workspace = forest.forest_workspace(a.shape[0])
    workspace[1][...], workspace[2][...] = 0, 0.0
    block = np.asarray(block, dtype=np.int64)
    answer, after = same("forest_solve", a.indptr, a.indices, a.data, block, right, np.zeros(len(block)), *workspace)
    assert (after[6] == -1).all()  # clean for the next call
    return *answer, after[5]


def named(kind, n=12):
    """The forests of P11 as matrices: path, star, comb, single node, two isolated nodes."""
    if kind in ("single", "isolated"):
        return sp.csr_array(np.diag([2.0, 3.0][: 1 if kind == "single" else 2]))
    i = np.arange(1, n)
    above = {"path": i - 1, "star": 0 * i, "comb": i - np.where(i % 2, 1, 2)}[kind]
    w = np.linspace(-1.0, 2.0, n - 1) + 0.1
    off = sp.coo_array((w, (i, above)), shape=(n, n))
    off = (off + off.T).tocsr()
    return (off + sp.diags_array(abs(off).sum(axis=1) + 0.5)).tocsr()


# ---------------------------------------------------------------- solving


@given(SEEDS, st.integers(1, 40), st.integers(0, 80))
@settings(deadline=None)
def test_a_forest_block_is_solved_as_by_a_dense_solver(seed, n, edges):
    rng = np.random.default_rng(seed)
    a = random_graph(rng, n, edges)
    block = rng.permutation(graph.greedy_forest(a.indptr, a.indices, rng.permutation(n)))
    right = rng.standard_normal(len(block))
    status, node, y = solve(a, block, right)
    assert (status, node) == (forest.SOLVED, -1)
    np.testing.assert_allclose(y, np.linalg.solve(a.toarray()[np.ix_(block, block)], right), rtol=1e-9, atol=1e-12)


@given(SEEDS, st.integers(1, 30), st.integers(0, 60))
@settings(deadline=None)
def test_any_block_is_solved_or_its_cycle_is_named(seed, n, edges):
    rng = np.random.default_rng(seed)
    a = random_graph(rng, n, edges)
    block = rng.permutation(n)[: rng.integers(1, n + 1)]
    status, _, _ = solve(a, block, np.ones(len(block)))
    cycle, _ = same("forest_cycle", a.indptr, a.indices, block)
    assert status == (forest.SOLVED if is_forest(a, block) else forest.CYCLE)
    assert (len(cycle) == 0) == is_forest(a, block)
    if len(cycle):
        assert len(cycle) >= 3 and len(set(cycle)) == len(cycle) and set(cycle) <= set(block)
        dense = a.toarray()
        assert all(dense[i, j] != 0 for i, j in zip(cycle, np.roll(cycle, 1), strict=True))


@pytest.mark.parametrize("kind", ["path", "star", "comb", "single", "isolated"])
def test_the_forests_of_the_sheet(kind):
    a = named(kind)
    right = np.cos(np.arange(a.shape[0]))
    status, _, y = solve(a, np.arange(a.shape[0]), right)
    assert status == forest.SOLVED
    np.testing.assert_allclose(y, np.linalg.solve(a.toarray(), right), rtol=1e-13)


def test_a_block_of_1536_nodes_of_the_lattice_is_solved_to_the_last_digits():
    a = lattice(50, 50, np.random.default_rng(1))
    block = graph.greedy_forest(a.indptr, a.indices, np.arange(2500))[:1536]
    dense, y_true = a.toarray()[np.ix_(block, block)], np.random.default_rng(3).standard_normal(1536)
    status, _, y = solve(a, block, dense @ y_true)
    assert status == forest.SOLVED
    assert np.linalg.norm(y - y_true) <= 4e-15 * np.linalg.norm(y_true)
    assert np.linalg.norm(y - np.linalg.solve(dense, dense @ y_true)) <= 4e-15 * np.linalg.norm(y_true)


@given(SEEDS, st.integers(2, 25), st.floats(0.05, 3.0))
@settings(deadline=None)
def test_what_is_not_positive_definite_is_refused(seed, n, shift):
    rng = np.random.default_rng(seed)
    a = random_graph(rng, n, 2 * n)
    block = graph.greedy_forest(a.indptr, a.indices, np.arange(n))
    dense = a.toarray()[np.ix_(block, block)]
    least = np.linalg.eigvalsh(dense)[0]
    lower = (a - (least + shift) * sp.eye_array(n)).tocsr()
    lower.sort_indices()
    status, node, _ = solve(lower, block, np.ones(len(block)))
    assert status == forest.INDEFINITE and node in block


@given(SEEDS, st.integers(1, 60))
@settings(deadline=None)
def test_the_laplacian_of_a_tree_is_singular(seed, n):
    """Its last pivot is a rounding error of either sign; there is a solution when the right side sums to zero."""
    rng = np.random.default_rng(seed)
    i = np.arange(1, n)
    off = sp.coo_array((rng.uniform(0.1, 1.0, n - 1), (i, (rng.random(n - 1) * i).astype(int))), shape=(n, n))
    off = sp.csr_array(off + off.T)
    a = laplacian_of(off)
    right = rng.standard_normal(n)
    assert solve(a, np.arange(n), right)[0] == forest.UNSOLVABLE
    status, _, y = solve(a, np.arange(n), right - right.mean())
    assert status == forest.SOLVED
    np.testing.assert_allclose(a @ y, right - right.mean(), rtol=1e-9, atol=1e-10)


def laplacian_of(off):
    """With a full diagonal, also where a node has no edge."""
    n, off = off.shape[0], sp.coo_array(off)
    own = np.arange(n)
    entries = np.concatenate([off.sum(axis=1), -off.data])
    a = sp.csr_array((entries, (np.concatenate([own, off.row]), np.concatenate([own, off.col]))), shape=(n, n))
    a.sort_indices()
    return a


def test_an_indefinite_root_is_no_singular_one():
    a = named("path")
    y = np.linalg.eigvalsh(a.toarray())
    lower = (a - (y[0] + 1e-6) * sp.eye_array(12)).tocsr()
    lower.sort_indices()
    assert solve(lower, np.arange(12), np.zeros(12))[0] == forest.INDEFINITE


def test_a_node_that_comes_twice_is_named():
    assert solve(named("path"), [3, 1, 3], np.ones(3))[:2] == (forest.REPEATED, 3)


def test_what_is_not_symmetric_is_refused():
    values = named("path").copy()
    values.data[1] *= 1 + 1e-15
    assert solve(values, np.arange(12), np.ones(12))[0] == forest.ASYMMETRIC
    n = 7
    for i in range(n):
        for j in set(range(n)) - {i}:  # an edge in one direction only
            a = sp.csr_array(np.diag(np.full(n, 4.0)) + sp.coo_array(([1.0], ([i], [j])), shape=(n, n)).toarray())
            assert solve(a, np.arange(n), np.ones(n))[0] == forest.ASYMMETRIC


def test_an_empty_block_and_frozen_arrays():
    a = named("comb")
    for array in (a.indptr, a.indices, a.data):
        array.flags.writeable = False
    assert solve(a, [], np.ones(0))[0] == forest.SOLVED
    right, y, work = np.ones(12), np.empty(12), forest.forest_workspace(12)
    assert forest.forest_solve(a.indptr, a.indices, a.data, np.arange(12), right, y, *work) == (forest.SOLVED, -1)
    np.testing.assert_allclose(a @ y, right, rtol=1e-13)


# ---------------------------------------------------------------- blocks from the graph


def lattice(nr, nc, rng):
    i = np.arange(nr * nc)
    down, right = i[i % nr < nr - 1], i[i // nr < nc - 1]
    one, other = np.concatenate([down, right]), np.concatenate([down + 1, right + nr])
    off = sp.coo_array((-rng.uniform(0.5, 1.5, len(one)), (one, other)), shape=(nr * nc, nr * nc))
    off = (off + off.T).tocsr()
    a = (off + sp.diags_array(abs(off).sum(axis=1) + rng.uniform(0.1, 1.0, nr * nc))).tocsr()
    a.sort_indices()
    return a


@given(SEEDS, st.integers(1, 30), st.integers(0, 70))
@settings(deadline=None)
def test_the_greedy_forest_takes_every_node_that_closes_no_cycle(seed, n, edges):
    rng = np.random.default_rng(seed)
    a, order = random_graph(rng, n, edges), rng.permutation(n)
    block, _ = same("greedy_forest", a.indptr, a.indices, order)
    taken = []
    for i in order:
        if is_forest(a, [*taken, i]):
            taken.append(i)
    assert block.tolist() == sorted(taken)
    part, _ = same("greedy_forest", a.indptr, a.indices, order[: n // 2])
    assert set(part) <= set(order[: n // 2])


@given(SEEDS, st.integers(1, 30), st.integers(0, 120))
@settings(deadline=None)
def test_the_tree_partition_is_first_fit(seed, n, edges):
    rng = np.random.default_rng(seed)
    a, order = random_graph(rng, n, edges), rng.permutation(n)
    label, _ = same("tree_partition", a.indptr, a.indices, order)
    forests = []
    for i in order:
        for one in forests:
            if is_forest(a, [*one, i]):
                one.append(i)
                break
        else:
            forests.append([i])
    assert [sorted(one) for one in forests] == [np.flatnonzero(label == t).tolist() for t in range(len(forests))]


@given(SEEDS, st.integers(1, 30), st.integers(0, 120))
@settings(deadline=None)
def test_the_colouring_takes_the_least_used_admissible_colour(seed, n, edges):
    rng = np.random.default_rng(seed)
    a, order = random_graph(rng, n, edges), rng.permutation(n)
    label, _ = same("greedy_colouring", a.indptr, a.indices, order)
    dense, classes = a.toarray() != 0, []
    for i in order:
        open_ones = [c for c in classes if not dense[i, c].any()]
        if open_ones:
            min(open_ones, key=len).append(i)  # the first of the smallest
        else:
            classes.append([i])
    assert [sorted(c) for c in classes] == [np.flatnonzero(label == t).tolist() for t in range(len(classes))]


@given(SEEDS, st.integers(1, 12))
@settings(deadline=None)
def test_union_find(seed, n):
    rng = np.random.default_rng(seed)
    above, size, groups = np.arange(n), np.ones(n, np.int64), np.arange(n)
    for i, j in rng.integers(0, n, (2 * n, 2)):
        p, _ = same("find", above, i)
        q, _ = same("find", above, j)
        assert (p == q) == (groups[i] == groups[j])
        if p != q:
            _, (above, size, _, _) = same("unite", above, size, p, q)
            groups[groups == groups[i]] = groups[j]
    roots = [graph.find(above, i) for i in range(n)]
    assert [size[r] for r in roots] == [np.count_nonzero(groups == g) for g in groups]


@pytest.mark.parametrize("nr", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("nc", [1, 2, 3, 4, 6])
def test_the_blocks_of_a_lattice(nr, nc):
    a = lattice(nr, nc, np.random.default_rng(0))
    colour, tree = graph.lattice_red_black(nr, nc), graph.lattice_trees(nr, nc)
    assert colour.shape == tree.shape == (nr * nc,)
    for t in (0, 1):
        inside = np.flatnonzero(colour == t)
        assert is_forest(a, inside) and a[inside][:, inside].nnz == len(inside)
        comb = np.flatnonzero(tree == t)
        assert is_forest(a, comb) and (len(comb) == 0 or connected_components(a[comb][:, comb])[0] == 1)
    assert abs(np.count_nonzero(colour == 0) - nr * nc / 2) <= 0.5
    for i in range(nr * nc):
        r, c = i % nr, i // nr
        assert colour[i] == (r + c) % 2
        if nr > 1:
            white = r == 0 or (c % 2 == 0 and r <= nr - 2)
            assert tree[i] == (0 if white and r != nr - 1 else 1)


def test_the_combs_of_the_50_by_50_lattice_are_halves():
    assert np.bincount(graph.lattice_trees(50, 50)).tolist() == [1250, 1250]


@pytest.mark.parametrize("name", ["forest_enter", "forest_eliminate", "forest_solve", "forest_cycle", "greedy_forest"])
def test_the_samples_run(name):
    same(name, *KERNELS[name].sample())
