"""The loops of coordinate descent equal their pure twins, and loops written from the definitions."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.kernels import block_coordinate_descent as scalars
from optlab.kernels import block_coordinate_descent_linear as linear
from optlab.kernels import block_coordinate_descent_quadratic as quadratic
from optlab.kernels.registry import KERNELS

SEEDS = st.integers(0, 2**32)
KINDS = st.sampled_from(range(6))
PENALTIES = st.sampled_from(["none", "l1", "sign", "slope"])


def slopes(penalty, n, rng):
    w = rng.random(n)
    return {
        "none": (np.zeros(n), np.zeros(n)),
        "l1": (-w, w),
        "sign": (np.full(n, -np.inf), w - 0.5),
        "slope": (w, w),
    }[penalty]


def instance(seed, n, kind, penalty, units):
    """Return a quadratic, a point and what the loops want to know."""
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((n, n)) * (rng.random((n, n)) < 0.5)
    H = B @ B.T + np.diag(rng.random(n) + 0.1)
    lower, upper = slopes(penalty, n, rng)
    x = rng.standard_normal(n) * (rng.random(n) < 0.7)
    x = np.abs(x) if penalty == "sign" else x
    b, order = rng.standard_normal(n), rng.integers(n, size=units)
    constants = scalars.still(order, np.diagonal(H), np.diagonal(H), lower, upper)
    record = (np.zeros(units, dtype=np.int64), np.zeros(units), np.zeros(units), np.zeros(units))
    value = 0.5 * x @ H @ x - b @ x
    return H, b, x, value, (kind, *constants, penalty != "none"), record


def same(name, arguments, rtol=0.0):
    """Run kernel and twin; they return and write the same numbers."""
    ours, theirs = writable_copies(arguments), writable_copies(arguments)
    kernel = KERNELS[name]
    first, second = kernel.compiled(*ours), kernel.twin(*theirs)
    compare(first, second, rtol)
    compare(ours, theirs, rtol)
    return first, ours


def writable_copies(arguments):
    if isinstance(arguments, tuple | list):
        return tuple(writable_copies(argument) for argument in arguments)
    return arguments.copy() if isinstance(arguments, np.ndarray) and arguments.flags.writeable else arguments


def compare(a, b, rtol):
    if isinstance(a, tuple | list):
        for one, other in zip(a, b, strict=True):
            compare(one, other, rtol)
    else:
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", [name for name in KERNELS if name.startswith("bcd_")])
def test_samples(name):
    same(name, KERNELS[name].sample(), rtol=1e-15)


@given(SEEDS, PENALTIES)
def test_coordinate_formulas_are_those_of_the_penalty(seed, penalty):
    rng = np.random.default_rng(seed)
    n = 6
    lower, upper = slopes(penalty, n, rng)
    kinks = ol.sets.Kinks(lower, upper)
    x, g, L = rng.standard_normal(n) * (rng.random(n) < 0.7), rng.standard_normal(n), rng.random(n) + 0.1
    x = np.abs(x) if penalty == "sign" else x
    d, distance = kinks.step(x, g, L), kinks.distance(x, g)
    falls = kinks.decrease(x, d, g, L)
    expected = {
        scalars.MAGNITUDE: np.abs(g),
        scalars.GRADIENT: g * g / L,
        scalars.SUBGRADIENT: distance * distance / L,
        scalars.STEP: d * d,
        scalars.DECREASE: falls,
    }
    for i in range(n):
        here = (x[i], g[i], L[i], lower[i], upper[i])
        assert scalars.penalty(x[i], lower[i], upper[i]) == kinks.values(x)[i]
        for kind, scores in expected.items():
            assert scalars.score(kind, *here) == pytest.approx(scores[i], rel=1e-13, abs=1e-16)
            assert KERNELS["bcd_score"].twin(kind, *here) == scalars.score(kind, *here)
        assert scalars.move(True, *here) == pytest.approx((d[i], falls[i]), rel=1e-13, abs=1e-16)
        assert scalars.move(False, *here) == (-g[i] / L[i], g[i] * g[i] / (2 * L[i]))


def test_a_step_from_nowhere_goes_nowhere():
    assert np.isnan(scalars.proximal_step(1.0, np.nan, 1.0, -1.0, 1.0))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9))
def test_best_is_argmax(scores):
    assert scalars.best(np.array(scores)) == np.argmax(scores)


@given(SEEDS, st.integers(0, 13))
def test_dot(seed, n):
    a, b = np.random.default_rng(seed).standard_normal((2, n))
    assert scalars.dot(*scalars.still(a), b) == pytest.approx(a @ b, abs=1e-13)


def textbook(H, b, x, how, units):
    """Coordinate descent from its definition: a fresh gradient and fresh values at each step."""
    kind, order, score_by, step_by, lower, upper, composite = how
    kinks, x = ol.sets.Kinks(lower, upper), x.copy()
    selected, progress, values = [], [], []
    for k in range(units):
        g = H @ x - b
        d = kinks.step(x, g, step_by)
        scores = {
            scalars.MAGNITUDE: np.abs(g),
            scalars.GRADIENT: g * g / score_by,
            scalars.SUBGRADIENT: kinks.distance(x, g) ** 2 / score_by,
            scalars.STEP: kinks.step(x, g, score_by) ** 2,
            scalars.DECREASE: kinks.decrease(x, kinks.step(x, g, score_by), g, score_by),
        }.get(kind)
        i = int(order[k] if scores is None else np.argmax(scores))
        if not composite:
            d = -g / step_by
        progress.append(kinks.decrease(x, d, g, step_by)[i])
        x[i] += d[i]
        selected.append(i)
        values.append(0.5 * x @ H @ x - b @ x + float(kinks.value(x)))
    return x, selected, progress, values


@given(SEEDS, st.integers(2, 8), KINDS, PENALTIES, st.integers(1, 6))
@settings(max_examples=60)
def test_quadratics_dense_and_sparse(seed, n, kind, penalty, units):
    H, b, x, value, how, record = instance(seed, n, kind, penalty, units)
    x_end, selected, progress, values = textbook(H, b, x, how, units)
    csr = sp.csr_array(H)
    runs = (
        ("bcd_quadratic_dense", (*scalars.still(H),)),
        ("bcd_quadratic_sparse", (scalars.still(csr.data, csr.indices, csr.indptr),)),
    )
    for name, matrix in runs:
        level = value, float(ol.sets.Kinks(*how[4:6]).value(x))
        (done, *end), (*_, x_ours, g_ours, _, _, written) = same(name, (*matrix, x, H @ x - b, level, how, record))
        assert done == units or max(progress[done:]) < 1e-20  # ends early only where nothing is left to do
        for ours, expected, promised in zip(written[0][:done], selected, progress, strict=False):
            assert ours == expected or promised < 1e-20  # solved: rounding decides between scores of nothing
        np.testing.assert_allclose(x_ours, x_end, atol=1e-10)
        np.testing.assert_allclose(g_ours, H @ x_ours - b, atol=1e-10)
        np.testing.assert_allclose(written[2][:done], progress[:done], atol=1e-10)
        np.testing.assert_allclose(written[3][:done], values[:done], atol=1e-10)
        assert end[0] == pytest.approx(0.5 * x_ours @ H @ x_ours - b @ x_ours, abs=1e-10)
        assert end[0] + end[1] == written[3][done - 1]


@given(SEEDS, st.integers(2, 8), st.integers(1, 4), st.booleans(), st.booleans())
@settings(max_examples=40)
def test_quadratic_blocks(seed, n, width, greedy, exact):
    H, b, x, value, how, record = instance(seed, n, scalars.GRADIENT, "none", 5)
    blocks = [np.arange(i, min(i + width, n)) for i in range(0, n, width)]
    table, inverses = np.full((len(blocks), width), n), np.zeros((len(blocks), width, width))
    constants = np.array([np.linalg.eigvalsh(H[np.ix_(c, c)])[-1] for c in blocks])
    for number, c in enumerate(blocks):
        table[number, : len(c)] = c
        inverses[number, : len(c), : len(c)] = np.linalg.inv(H[np.ix_(c, c)])
    order = np.random.default_rng(seed).integers(len(blocks), size=5)
    kind = scalars.GRADIENT if greedy else scalars.DRAWN
    how = (kind, *scalars.still(order, np.ones(n), constants, constants))
    arrays = scalars.still(H, table, inverses if exact else np.empty((0, width, width)))
    (done, end), (*_, x_ours, _, _, _, written) = same(
        "bcd_quadratic_blocks", (*arrays, x, H @ x - b, value, how, record), rtol=1e-14
    )
    point = x.copy()
    for k in range(done):
        g = H @ point - b
        scores = [g[c] @ g[c] / constants[j] for j, c in enumerate(blocks)]
        chosen = int(np.argmax(scores)) if greedy else order[k]
        assert written[0][k] == chosen or scores[chosen] < 1e-16
        c = blocks[written[0][k]]
        d = -np.linalg.solve(H[np.ix_(c, c)], g[c]) if exact else -g[c] / constants[written[0][k]]
        assert written[2][k] == pytest.approx(-0.5 * g[c] @ d, abs=1e-10)
        point[c] += d
        assert written[3][k] == pytest.approx(0.5 * point @ H @ point - b @ point, abs=1e-10)
    np.testing.assert_allclose(x_ours, point, atol=1e-10)
    assert end == pytest.approx(0.5 * point @ H @ point - b @ point, abs=1e-10)


def model_functions(A, loss, weight, l2):
    """Value and gradient of the smooth part, from the definition."""

    def value(x, z):
        each = 0.5 * z**2 if loss == linear.SQUARED else np.logaddexp(0.0, -z)
        return weight * each.sum() + 0.5 * l2 * x @ x

    def gradient(x, z):
        slope = z if loss == linear.SQUARED else -1 / (1 + np.exp(z))
        return weight * A.T @ slope + l2 * x

    return value, gradient


@given(SEEDS, KINDS, PENALTIES, st.sampled_from([linear.SQUARED, linear.LOGISTIC]), st.sampled_from([0.0, 0.3]))
@settings(max_examples=60)
def test_linear_models(seed, kind, penalty, loss, l2):
    m, n, units, weight = 7, 5, 5, 0.5
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, n)) * (rng.random((m, n)) < 0.6)
    value, gradient = model_functions(A, loss, weight, l2)
    _, _, x, _, how, record = instance(seed, n, kind, penalty, units)
    z, L = A @ x - (rng.standard_normal(m) if loss == linear.SQUARED else 0.0), weight * (A**2).sum(0) + l2 + 0.1
    how = (kind, how[1], *scalars.still(L, L), *how[4:])
    columns, rows = sp.csr_array(A.T), sp.csr_array(A)
    matrices = tuple(scalars.still(a.data, a.indices, a.indptr) for a in (columns, rows))
    start, g = (value(x, z), float(ol.sets.Kinks(*how[4:6]).value(x))), gradient(x, z)
    point = (x, g, start, how, record)
    runs = [same("bcd_linear_sparse", (*matrices, z, (loss, weight, l2), *point), rtol=1e-13)]
    if kind == scalars.DRAWN:
        dense = (*scalars.still(A.T), z, (loss, weight, l2), x, start, how, record)
        runs.append(same("bcd_linear_dense", dense, rtol=1e-13))
    for (done, end, _), arguments in runs:
        selected, _, progress, values = arguments[-1]
        check_walk(A, (value, gradient), x, z, how, (selected[:done], progress[:done], values[:done]))
        z_end, x_end = (arguments[1], arguments[3]) if len(arguments) == 7 else (arguments[2], arguments[4])
        np.testing.assert_allclose(z_end, z + A @ (x_end - x), atol=1e-10)
        assert end == pytest.approx(value(x_end, z_end), abs=1e-10)


def check_walk(A, functions, x, z, how, record):
    """Follow the record of a run: each choice was right, each promise and each value is that of the definition."""
    value, gradient = functions
    kind, order, score_by, step_by, lower, upper, composite = how
    kinks, x = ol.sets.Kinks(lower, upper), x.copy()
    z = z.copy()
    for k, (i, promised, level) in enumerate(zip(*record, strict=True)):
        g = gradient(x, z)
        if kind == scalars.DRAWN:
            assert i == order[k]
        else:
            scores = [scalars.score(kind, x[j], g[j], score_by[j], lower[j], upper[j]) for j in range(len(x))]
            assert scores[i] >= max(scores) * (1 - 1e-9) - 1e-15
        d, promise = scalars.move(composite, x[i], g[i], step_by[i], lower[i], upper[i])
        assert promised == pytest.approx(promise, rel=1e-9, abs=1e-12)
        x[i] += d
        z += d * A[:, i]
        assert level == pytest.approx(value(x, z) + float(kinks.value(x)), abs=1e-10)


def test_losses_do_not_overflow():
    for z in (-800.0, -1.0, 0.0, 1.0, 800.0):
        slope, value = linear.losses(linear.LOGISTIC, 2.0, z)
        assert value == pytest.approx(2 * np.logaddexp(0.0, -z), rel=1e-15)
        assert slope == pytest.approx(-2 * np.exp(-np.logaddexp(0.0, z)), rel=1e-14, abs=1e-300)
    assert linear.losses(linear.SQUARED, 2.0, 3.0) == (6.0, 9.0)


def test_greedy_loops_end_where_nothing_is_left_to_do():
    H = np.diag([1.0, 2.0, 4.0])
    ones, order = np.ones(3), np.zeros(9, dtype=np.int64)
    how = (scalars.GRADIENT, *scalars.still(order, np.diagonal(H), np.diagonal(H), 0 * ones, 0 * ones), False)
    for matrix in (H, sp.csr_array(H)):
        x, g = np.zeros(3), -ones.copy()
        record = (np.zeros(9, dtype=np.int64), np.zeros(9), np.zeros(9), np.zeros(9))
        if matrix is H:
            done, *level = quadratic.quadratic_dense(*scalars.still(H), x, g, (0.0, 0.0), how, record)
        else:
            arrays = scalars.still(matrix.data, matrix.indices, matrix.indptr)
            done, *level = quadratic.quadratic_sparse(arrays, x, g, (0.0, 0.0), how, record)
        assert done == 3 and record[0][:3].tolist() == [0, 1, 2]
        np.testing.assert_array_equal(x, [1.0, 0.5, 0.25])
        assert level == [-0.875, 0.0]


COMPILED_ONCE = """
import numpy as np, scipy.sparse as sp, optlab as ol
from optlab.kernels.registry import KERNELS
from optlab.solvers.block_coordinate_descent.compiled import is_compiled
ol.warmup()
A = np.random.default_rng(0).standard_normal((9, 4))
problems = [
    ol.problems.DenseQuadratic(A.T @ A),
    ol.problems.Quadratic([1.0, 2.0]),
    ol.problems.LeastSquares(A, A[:, 0]),
    ol.problems.LeastSquares(sp.csr_array(A), A[:, 0]),
    ol.problems.LogisticRegression(A, np.sign(A[:, 1])),
    ol.problems.Lasso(sp.csr_array(A), A[:, 0], 0.1),
]
parts = ("random", "PG", {}), ("GS-q", "PG", {}), ("GSL", "Hb", {"partition": "order"})
runs = 0
for problem in problems:
    for rule, update, more in parts[: 3 - isinstance(problem, ol.problems.Lasso)]:
        method = ol.BlockCoordinateDescent(rule=rule, update=update, chunk=5, **more)
        method.check(problem)
        method.run(problem, max_iter=10)
        runs += is_compiled(method, problem)
print(runs, [name for name, k in KERNELS.items() if name.startswith("bcd_") and len(k.compiled.signatures) != 1])
"""


def test_loops_are_compiled_once():
    """Read-only arguments are a type of their own: samples and runs must agree, or users wait twice."""
    done = subprocess.run([sys.executable, "-c", COMPILED_ONCE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "13 []"
