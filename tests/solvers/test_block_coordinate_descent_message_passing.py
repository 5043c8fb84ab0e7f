"""Message passing: partitions, rules and updates on graphs, against dense solves and the definitions."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

import optlab as ol
from optlab.core.rng import streams
from optlab.problems.label_propagation import EXAMPLES
from optlab.solvers.block_coordinate_descent import BlockCoordinateDescent
from optlab.solvers.block_coordinate_descent.graph_partition import Colouring, LatticeTrees, RedBlack, TreePartition
from optlab.solvers.block_coordinate_descent.message_passing import ForestNewton, General, GreedyForest, RandomForest
from optlab.solvers.block_coordinate_descent.names import as_rule
from optlab.solvers.block_coordinate_descent.view import At


class Graph(ol.Problem):
    """x'Ax/2 - b'x + weight * sum_i log cosh x_i, with everything asked of it worked out by dense algebra."""

    def __init__(self, A, b, weight=0.0, shift=0.0, nodes=None, grid=None, dtype=np.float64):
        self.matrix = sp.csr_array(A, dtype=dtype)
        self.matrix.sort_indices()
        self.b, self.weight, self.shift, self.shape = np.asarray(b, dtype=dtype), weight, shift, (len(b),)
        self.unlabelled, self.grid = nodes, grid
        self.like = self.b
        if not weight and not shift:
            x = np.linalg.solve(self.matrix.toarray().astype(float), self.b)
            self.reference = ol.Reference.exact(float(-0.5 * self.b @ x), x, certificate="linear system")

    def value(self, x):
        return 0.5 * float(x @ (self.matrix @ x)) - float(self.b @ x) + self.weight * float(np.log(np.cosh(x)).sum())

    def gradient(self, x):
        return self.matrix @ x - self.b + self.dtype.type(self.weight) * np.tanh(x)

    def follow(self, x):
        return x.copy()

    def move(self, followed, block, d):
        followed[block] += d
        return followed

    def block_gradient(self, followed, block=None):
        return self.gradient(followed) if block is None else self.gradient(followed)[block]

    def value_along(self, followed, block, d, step):
        return self.value(self.move(followed.copy(), block, step * d))

    def _dense(self, curvature):
        return self.matrix.toarray() + np.diag(np.broadcast_to(curvature, self.shape))

    def coordinate_lipschitz(self):
        return np.diag(self._dense(self.weight)).copy()

    def block_bound(self, block):
        return self._dense(self.weight)[np.ix_(block, block)]

    def bound_product(self, block, d):
        return self._dense(self.weight)[:, block] @ d

    def bound_row_sums(self):
        return abs(self._dense(self.weight)).sum(axis=1)

    def bound_graph(self):
        return self._with_diagonal(self.coordinate_lipschitz())

    def hessian_graph(self, followed):
        return self._with_diagonal(self.matrix.diagonal() + self.weight / np.cosh(followed) ** 2 - self.shift)

    def _with_diagonal(self, values):
        graph = self.matrix.copy()
        rows = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
        graph.data[rows == graph.indices] = values
        return graph


def forest_matrix(kind, n=12):
    if kind in ("single", "isolated"):
        return np.diag([2.0, 3.0][: 1 if kind == "single" else 2])
    i = np.arange(1, n)
    above = {"path": i - 1, "star": 0 * i, "comb": i - np.where(i % 2, 1, 2)}[kind]
    off = np.zeros((n, n))
    off[i, above] = off[above, i] = np.linspace(-1.0, 2.0, n - 1) + 0.1
    return off + np.diag(abs(off).sum(axis=1) + 0.5)


def lattice_matrix(nr, nc, rng):
    n = nr * nc
    i = np.arange(n)
    off = np.zeros((n, n))
    for one, other in ((i[i % nr < nr - 1], 1), (i[i // nr < nc - 1], nr)):
        off[one, one + other] = -rng.uniform(0.5, 1.5, len(one))
    off += off.T
    return off + np.diag(abs(off).sum(axis=1) + rng.uniform(0.05, 3.0, n))


def lattice(nr=6, nc=7, seed=0, **options):
    rng = np.random.default_rng(seed)
    return Graph(lattice_matrix(nr, nc, rng), rng.standard_normal(nr * nc), **options)


def is_forest(problem, block):
    pattern = problem.matrix[block][:, block]
    return (pattern.nnz - len(block)) // 2 == len(block) - connected_components(pattern)[0]


def blocks(partition, problem):
    partition.check(None, problem)
    cut = partition.blocks(problem, problem.coordinate_lipschitz(), 1)
    assert sorted(np.concatenate(cut)) == list(range(problem.shape[0]))
    return cut


def steps(solver, problem, count, rng=0):
    """Make steps; for each give the iterate before it, the block, and the state after it."""
    state = solver.init(problem, problem.start(), streams(rng))
    rule = as_rule(solver.rule)
    for _ in range(count):
        before = state.x.copy()
        block = rule.select(At(problem, problem, copy.deepcopy(state), solver.block_size)).indices
        state = solver.step(problem, state)
        outside = np.setdiff1d(np.arange(len(before)), block)
        np.testing.assert_array_equal(state.x[outside], before[outside])
        yield before, block, state


GREEDY = ("greedy-forest-GS", "greedy-forest-GSL", "greedy-forest-GSD", "random-forest")
FIXED = {
    "red-black": RedBlack((6, 7)),
    "combs": LatticeTrees((6, 7)),
    "colouring": "colouring",
    "colouring by index": Colouring("index"),
    "trees": "trees",
    "trees by index": TreePartition("index"),
}


# ---------------------------------------------------------------- forest problems: one step solves them


@pytest.mark.parametrize("kind", ["path", "star", "comb", "single", "isolated"])
@pytest.mark.parametrize("rule", [*GREEDY, "trees"])
def test_a_forest_is_solved_in_one_step(kind, rule):
    A = forest_matrix(kind)
    problem = Graph(A, np.cos(np.arange(len(A))))
    parts = {"rule": "cyclic", "partition": rule} if rule == "trees" else {"rule": rule}
    result = BlockCoordinateDescent(**parts, update="forest").run(problem, max_iter=1, rng=1)
    np.testing.assert_allclose(result.x, problem.reference.x, rtol=1e-13)


def test_a_block_of_1536_coordinates_of_the_lattice_of_data_set_d():
    """Against the dense solver, to a relative error of some units of the last place."""
    rng = np.random.default_rng(0)
    problem = Graph(lattice_matrix(50, 50, rng), rng.standard_normal(2500))
    from optlab.kernels.block_coordinate_descent_graph import greedy_forest

    graph = problem.bound_graph()
    block = greedy_forest(graph.indptr, graph.indices, np.arange(2500))[:1536]
    given = [block, np.setdiff1d(np.arange(2500), block)]
    with pytest.raises(ValueError, match=f"the block of coordinate {given[1][0]} is no forest"):
        next(BlockCoordinateDescent("cyclic", "forest", partition=given).iterate(problem))
    rest = [[i] for i in given[1]]
    states = BlockCoordinateDescent("cyclic", "forest", partition=[block, *rest]).iterate(problem)
    assert next(states).k == 0
    y = next(states).x[block]
    exact = np.linalg.solve(problem.matrix.toarray()[np.ix_(block, block)], problem.b[block])
    assert np.linalg.norm(y - exact) <= 4e-15 * np.linalg.norm(exact)


# ---------------------------------------------------------------- on a lattice


@pytest.mark.parametrize("parts", [*GREEDY, *FIXED])
def test_each_step_is_the_exact_minimiser_over_a_forest(parts):
    problem = lattice()
    fixed = FIXED.get(parts)
    solver = BlockCoordinateDescent(rule="GS" if fixed else parts, update="forest", partition=fixed)
    for before, moved, state in steps(solver, problem, 12, rng=3):
        assert is_forest(problem, moved)
        g = problem.gradient(before)
        exact = -np.linalg.solve(problem.block_bound(moved), g[moved])
        np.testing.assert_allclose((state.x - before)[moved], exact, rtol=1e-10, atol=1e-13)
        assert abs(problem.gradient(state.x)[moved]).max() <= 1e-12
        fall = problem.value(before) - problem.value(state.x)
        np.testing.assert_allclose(state.trace["progress"], fall, rtol=1e-9, atol=1e-12)  # with equality
        assert fall > 0


@pytest.mark.parametrize("parts", [*GREEDY, *FIXED])
@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_every_combination_converges_to_the_minimiser_and_never_rises(parts, weight):
    problem = lattice(weight=weight)
    fixed = FIXED.get(parts)
    update = "forest-newton" if weight else "forest"
    solver = BlockCoordinateDescent(rule="cyclic" if fixed else parts, update=update, partition=fixed)
    result = solver.run(problem, max_iter=400, rng=0)
    assert abs(problem.gradient(result.x)).max() <= 1e-10
    values = np.asarray(result.history["value"])
    assert (np.diff(values) <= 1e-13 * abs(values).max()).all()


@pytest.mark.parametrize("score", ["GS", "GSL", "GSD"])
def test_the_greedy_forest_goes_by_its_score(score):
    problem = lattice()
    for before, block, _ in steps(BlockCoordinateDescent(rule=GreedyForest(score), update="forest"), problem, 5):
        g = abs(problem.gradient(before))
        scale = {"GS": 1.0, "GSL": np.sqrt(problem.coordinate_lipschitz()), "GSD": np.sqrt(problem.bound_row_sums())}
        taken = []
        for i in np.argsort(-g / scale[score], kind="stable"):
            if is_forest(problem, [*taken, i]):
                taken.append(int(i))
        assert block.tolist() == sorted(taken)


def test_scores_that_differ_give_different_forests():
    solvers = [BlockCoordinateDescent(f"greedy-forest-{score}", "forest") for score in ("GS", "GSL", "GSD")]
    first, second, third = ([b.tolist() for _, b, _ in steps(solver, lattice(), 3)] for solver in solvers)
    assert first != second != third != first


def test_the_random_forest_is_drawn_anew_and_can_be_repeated():
    solver = BlockCoordinateDescent(rule=RandomForest(), update="forest")
    runs = [[b.tolist() for _, b, _ in steps(solver, lattice(), 4, rng=seed)] for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    assert runs[0][0] != runs[0][1]


@pytest.mark.parametrize("parts", ["greedy-forest-GSL", "random-forest"])
def test_a_resumed_run_is_the_straight_run(parts, tmp_path):
    solver, problem = BlockCoordinateDescent(rule=parts, update="forest-newton"), lattice(weight=1.0)
    straight = solver.run(problem, max_iter=9, rng=5)
    first = solver.run(problem, max_iter=4, rng=5)
    np.testing.assert_array_equal(straight.x, first.resume(max_iter=9).x)
    assert pickle.loads(pickle.dumps(first.state)).k == 4


def test_a_general_baseline_takes_the_cube_root():
    for n, size in ((7, 1), (8, 2), (26, 2), (27, 3), (63, 3), (64, 4), (125, 5)):
        rng = np.random.default_rng(n)
        problem = Graph(np.diag(rng.uniform(1.0, 2.0, n)), rng.standard_normal(n))
        ((before, block, _),) = steps(BlockCoordinateDescent(rule=General(), update="Hb"), problem, 1)
        largest = np.sort(np.argsort(-abs(problem.gradient(before)), kind="stable")[:size])
        assert block.tolist() == largest.tolist()


def test_float32_is_kept():
    problem = lattice(dtype=np.float32)
    result = BlockCoordinateDescent("greedy-forest-GS", "forest").run(problem, max_iter=60)
    assert result.x.dtype == np.float32
    np.testing.assert_allclose(result.x, problem.reference.x, rtol=1e-4, atol=1e-5)


def test_a_coordinate_without_curvature_stays():
    path = sp.coo_array(forest_matrix("path", 4))
    A = sp.csr_array((np.append(path.data, 0.0), (np.append(path.row, 4), np.append(path.col, 4))), shape=(5, 5))
    b = np.array([1.0, -1.0, 2.0, 0.5, 0.0])
    for parts in ({"rule": "greedy-forest-GSD"}, {"rule": "cyclic", "partition": "trees"}):
        problem = Graph(A, b, shift=1e-300)
        x0 = np.array([0.0, 0.0, 0.0, 0.0, 7.0])
        result = BlockCoordinateDescent(**parts, update="forest").run(problem, max_iter=3, x0=x0)
        np.testing.assert_allclose(result.x, [*np.linalg.solve(path.toarray(), b[:4]), 7.0], rtol=1e-13)


# ---------------------------------------------------------------- partitions


def test_the_blocks_of_the_partitions():
    problem = lattice()
    n = problem.shape[0]
    for partition in (RedBlack((6, 7)), Colouring(), Colouring("index")):
        for block in blocks(partition, problem):
            assert problem.matrix[block][:, block].nnz == len(block)
    for partition in (LatticeTrees((6, 7)), TreePartition(), TreePartition("index")):
        assert all(is_forest(problem, block) for block in blocks(partition, problem))
    assert [len(b) for b in blocks(RedBlack((6, 7)), problem)] == [n // 2, n // 2]
    assert len(blocks(LatticeTrees((6, 7)), problem)) == 2
    assert len(blocks(RedBlack((1, 1)), Graph([[2.0]], [1.0]))) == 1  # no empty block


def test_the_order_of_the_first_choice():
    """The first coordinate in the order gets block 0; the path 0 - 1 - 2 is coloured from its middle or its end."""
    A = np.array([[2.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 2.0]])
    problem = Graph(A, np.ones(3))
    assert [b.tolist() for b in blocks(Colouring(), problem)] == [[1], [0, 2]]
    assert [b.tolist() for b in blocks(Colouring("index"), problem)] == [[0, 2], [1]]
    A[0, 2] = A[2, 0] = -1.0  # a triangle
    assert [b.tolist() for b in blocks(TreePartition(), Graph(A, np.ones(3)))] == [[0, 1], [2]]
    A[2, 2] = 4.0
    assert [b.tolist() for b in blocks(TreePartition(), Graph(A, np.ones(3)))] == [[1, 2], [0]]
    assert [b.tolist() for b in blocks(TreePartition("index"), Graph(A, np.ones(3)))] == [[0, 1], [2]]


def test_a_lattice_with_some_nodes_taken_out():
    rng = np.random.default_rng(1)
    nodes = np.sort(rng.permutation(42)[:30])
    A = lattice_matrix(6, 7, rng)[np.ix_(nodes, nodes)]
    problem = Graph(A, rng.standard_normal(30), nodes=nodes)
    red, black = blocks(RedBlack((6, 7)), problem)
    assert ((nodes[red] % 6 + nodes[red] // 6) % 2 == 0).all() and (
        (nodes[black] % 6 + nodes[black] // 6) % 2 == 1
    ).all()
    for block in blocks(LatticeTrees((6, 7)), problem):
        assert is_forest(problem, block)
    for named, given in ((RedBlack(), RedBlack((6, 7))), (LatticeTrees(), LatticeTrees((6, 7)))):
        knows = Graph(A, problem.b, nodes=nodes, grid=(6, 7))
        assert list(map(list, blocks(named, knows))) == list(map(list, blocks(given, problem)))
    with pytest.raises(ValueError, match=f"shape \\(5, 5\\) has 25 nodes, and Graph node {nodes.max()}"):
        RedBlack((5, 5)).check(None, problem)
    with pytest.raises(ValueError, match="give shape, because Graph does not say"):
        RedBlack().check(None, problem)


# ---------------------------------------------------------------- bad inputs


def test_a_cycle_is_named_before_the_first_step():
    problem = lattice()
    square = [0, 1, 6, 7]
    rest = [[i] for i in range(42) if i not in square]
    with pytest.raises(ValueError, match="the block of coordinate 0 is no forest") as error:
        BlockCoordinateDescent("cyclic", "forest", partition=[square, *rest]).run(problem, max_iter=1)
    named = str(error.value).split("coordinates ")[1].split(" form")[0].split(" - ")
    assert sorted(named[:-1]) == ["0", "1", "6", "7"] and named[0] == named[-1]
    whole = [range(42)]
    with pytest.raises(ValueError, match="form a cycle"):
        next(BlockCoordinateDescent("cyclic", "forest", partition=whole).iterate(problem))


def test_a_cycle_in_a_variable_block_is_named_when_it_is_met():
    with pytest.raises(ValueError, match="form a cycle"):
        BlockCoordinateDescent("GS", "forest", block_size=42).run(lattice(), max_iter=1)


def test_a_long_cycle_is_cut_short_in_the_message():
    n = 50
    A = 3 * np.eye(n) - np.roll(np.eye(n), 1, axis=0) - np.roll(np.eye(n), -1, axis=0)
    with pytest.raises(ValueError, match=r"the 50 coordinates \d+ - .* - \.\.\. - \d+ form a cycle"):
        next(BlockCoordinateDescent("cyclic", "forest", partition=[range(n)]).iterate(Graph(A, np.ones(n))))


def laplacian(kind):
    off = np.ceil(abs(forest_matrix(kind))) * (1 - np.eye(12))
    return np.diag(off.sum(axis=1)) - off


@pytest.mark.parametrize("kind", ["path", "star", "comb"])
def test_a_tree_without_a_label(kind):
    """Its Laplacian is singular: there are many minimisers when b sums to zero, and none otherwise."""
    A, b = laplacian(kind), np.cos(np.arange(12))
    solver = BlockCoordinateDescent("greedy-forest-GS", "forest")
    result = solver.run(Graph(A, b - b.mean(), shift=1e-300), max_iter=1)
    np.testing.assert_allclose(A @ result.x, b - b.mean(), atol=1e-13)
    with pytest.raises(np.linalg.LinAlgError, match=r"falls for ever along the block: the tree of coordinate \d+"):
        solver.run(Graph(A, b, shift=1e-300), max_iter=1)


def test_what_is_indefinite_is_refused():
    with pytest.raises(np.linalg.LinAlgError, match=r"not positive definite, as the pivot of coordinate \d+"):
        problem = Graph(laplacian("path") - 0.25 * np.eye(12), np.ones(12), shift=1e-300)
        BlockCoordinateDescent("greedy-forest-GS", "forest").run(problem, max_iter=1)


def test_where_the_hessian_is_indefinite_the_newton_step_is_that_of_the_bound():
    """As for f that is not convex: here the Hessian is lowered by hand, in the graph alone."""
    problem = lattice(shift=50.0)
    runs = [
        BlockCoordinateDescent("greedy-forest-GS", u).run(problem, max_iter=4).x for u in ("forest", "forest-newton")
    ]
    np.testing.assert_array_equal(*runs)


def test_the_newton_step_is_shortened_when_it_is_too_long():
    """Far out log cosh is flat, so that Newton's step goes too far; the bound's step does not."""
    A = 1e-3 * forest_matrix("path")
    problem = Graph(A, np.zeros(12), weight=1.0)
    states = BlockCoordinateDescent("greedy-forest-GS", ForestNewton()).iterate(problem, x0=np.full(12, 4.0))
    before = next(states).x.copy()
    newton = -np.linalg.solve(A + np.diag(np.cosh(before) ** -2.0), problem.gradient(before))
    assert problem.value(before + newton) > problem.value(before)
    state = next(states)
    ratio = (state.x - before) / newton
    assert np.ptp(ratio) < 1e-9 and 0 < ratio[0] < 1 and problem.value(state.x) < problem.value(before)


def test_a_matrix_that_is_not_symmetric_is_refused():
    A = forest_matrix("path")
    A[0, 1] *= 1 + 1e-15
    with pytest.raises(ValueError, match="not symmetric to the last bit"):
        BlockCoordinateDescent("greedy-forest-GS", "forest").run(Graph(A, np.ones(12)), max_iter=1)


@pytest.mark.parametrize("partition", [RedBlack, LatticeTrees])
def test_lattices_that_are_none(partition):
    with pytest.raises(ValueError, match=r"a lattice of shape \(6, 6\) has 36 nodes, and Graph node 41"):
        BlockCoordinateDescent("cyclic", "forest", partition=partition((6, 6))).run(lattice(), max_iter=1)
    with pytest.raises(ValueError, match=r"no lattice of shape \(7, 6\): it has an edge between the nodes \d+ and \d+"):
        BlockCoordinateDescent("cyclic", "forest", partition=partition((7, 6))).run(lattice(), max_iter=1)
    for shape in (5, (5,), (0, 3)):
        with pytest.raises(ValueError, match="shape"):
            partition(shape)


def test_unknown_names_and_missing_oracles():
    with pytest.raises(ValueError, match="order"):
        Colouring("size")
    with pytest.raises(ValueError, match="score"):
        GreedyForest("GSQ")
    plain = ol.FunctionProblem(2, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    for options in (
        {"rule": "random-forest"},
        {"rule": "GS", "update": "forest"},
        {"rule": "cyclic", "partition": "trees"},
    ):
        with pytest.raises(ol.MissingOracle, match="BoundGraph"):
            BlockCoordinateDescent(**options).run(plain, max_iter=1)
    with pytest.raises(ValueError, match="builds its own blocks"):
        BlockCoordinateDescent("random-forest", "forest", partition="trees").run(lattice(), max_iter=1)


# ---------------------------------------------------------------- the problems of the package


def test_data_set_d_by_greedy_forests():
    problem = ol.problems.LabelPropagation.lattice()
    forest = BlockCoordinateDescent("greedy-forest-GS", "forest").run(problem, max_iter=500)
    general = BlockCoordinateDescent("general", "Hb").run(problem, max_iter=500)
    assert forest.history["gap"][-1] <= 1e-3 < 1e7 < general.history["gap"][-1]
    for partition in ("red-black", "lattice-trees"):
        states = BlockCoordinateDescent("cyclic", "forest", partition=partition).iterate(problem)
        assert len(next(states).blocks) == 2


@pytest.mark.parametrize("parts", [*GREEDY, "trees", "colouring"])
def test_logistic_propagation_by_newton_steps(parts):
    rng = np.random.default_rng(0)
    W = -lattice_matrix(5, 6, rng) * (1 - np.eye(30))
    problem = ol.problems.LogisticPropagation(sp.csr_array(W), np.arange(0, 30, 4), rng.permutation([-1, 1] * 4))
    fixed = {"rule": "cyclic", "partition": parts} if parts in ("trees", "colouring") else {"rule": parts}
    for update in ("forest", "forest-newton"):
        result = BlockCoordinateDescent(**fixed, update=update).run(
            problem, max_iter=150 if parts in GREEDY[:3] else 1500, rng=0
        )
        assert abs(problem.gradient(result.x)).max() <= 1e-9
        assert np.diff(result.history["value"]).max() <= 1e-12


def test_a_component_without_a_label_gets_one_of_its_minimisers():
    problem = EXAMPLES["LabelPropagation(component without a label)"]()
    result = BlockCoordinateDescent("greedy-forest-GS", "forest").run(problem, max_iter=50)
    assert result.history["gap"][-1] <= 1e-12


@pytest.mark.parametrize("rule", ["general", "greedy-forest-GS", "random-forest"])
@pytest.mark.parametrize("update", ["L", "PG-L"])
def test_the_common_constant_holds_for_blocks_whose_size_the_rule_decides(rule, update):
    path = ol.problems.GraphQuadratic.forest("path", 27, rng=0)
    dense = ol.problems.DenseQuadratic(np.eye(27) + 3 * np.ones((27, 27)), np.arange(27.0))
    for problem in (path, dense):
        result = ol.BlockCoordinateDescent(rule, update).run(problem, max_iter=30, rng=0)
        fall = -np.diff(result.history["value"])
        promised = result.history.trace["progress"]
        assert (fall >= promised * (1 - 1e-9) - 1e-9).all()
