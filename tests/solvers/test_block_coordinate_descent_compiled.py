"""Compiled runs make the steps of ordinary ones: the same choices, constants, promises and iterates."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.core.result import Status
from optlab.solvers.block_coordinate_descent import ScoreRule
from optlab.solvers.block_coordinate_descent.compiled import is_compiled

RULES = ["random", "cyclic", "lipschitz", "GS", "GSL", "GSD", "GSD-rows", "GSQ"]
COMPOSITE_RULES = ["random", "cyclic", "lipschitz", "GS-s", "GS-r", "GS-q", "GSL-s", "GSL-r", "GSL-q"]
UPDATES = ["L", "Lb", "Hb", "exact", "D", "D-rows"]
PROXIMAL = ["PG", "PG-L", "PG-D"]


def data(seed=0, m=40, n=12, sparse=False):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, n)) * np.geomspace(1, 3, n)
    A = sp.csr_array(np.where(np.abs(A) > 1.0, A, 0.0)) if sparse else A
    return A, rng.standard_normal(m)


def smooth(seed=0):
    A, b = data(seed)
    S, _ = data(seed, sparse=True)
    return {
        "dense quadratic": ol.problems.DenseQuadratic(A.T @ A, A.T @ b),
        "diagonal quadratic": ol.problems.Quadratic.spread(12),
        "least squares": ol.problems.LeastSquares(A, b),
        "sparse least squares": ol.problems.LeastSquares(S, b),
        "logistic": ol.problems.LogisticRegression(A, np.sign(b), l2=0.01),
        "sparse logistic": ol.problems.LogisticRegression(S, np.sign(b), l2=0.01, reduction="sum"),
        "sparse logistic without ridge": ol.problems.LogisticRegression(S, np.sign(b)),
    }


def composite(seed=0):
    A, b = data(seed)
    S, _ = data(seed, sparse=True)
    return {
        "lasso": ol.problems.Lasso(A, b, 10.0),
        "sparse lasso": ol.problems.Lasso(S, b, 4.0),
        "two coordinates": ol.problems.GreedyCounterexample(),
        "non-negative": ol.problems.NonNegativeLeastSquares(A, b, 3.0),
    }


def same_run(method, problem, max_iter=60, chunk=7, rng=3):
    """Run step by step and in chunks; compare everything that is recorded."""
    one = method.run(problem, max_iter=max_iter, rng=rng)
    many = method.replace(chunk=chunk).run(problem, max_iter=max_iter, rng=rng)
    assert (one.status, one.k) == (many.status, many.k)
    scale = np.abs(one.history["value"]).max()
    for exact in ("selected", "size"):
        np.testing.assert_array_equal(one.history.trace[exact], many.history.trace[exact])
    np.testing.assert_allclose(one.history.trace["lipschitz"], many.history.trace["lipschitz"], rtol=1e-12)
    promised = one.history.trace["progress"], many.history.trace["progress"]
    np.testing.assert_allclose(*promised, rtol=1e-7, atol=1e-12 * scale)
    np.testing.assert_allclose(one.x, many.x, atol=1e-10 * (1 + np.abs(one.x).max()))
    np.testing.assert_allclose(one.history["value"][1:], many.history.trace["value"], atol=1e-12 * scale)
    for oracle in ("move", "block_gradient", "follow"):
        assert one.calls[oracle] == many.calls[oracle], oracle
    return one, many


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", smooth())
def test_smooth_problems(name, rule):
    problem, compiled = smooth()[name], 0
    for update in UPDATES + PROXIMAL:
        method = ol.BlockCoordinateDescent(rule=rule, update=update)
        if is_compiled(method, problem):
            same_run(method, problem)
            compiled += 1
    dense_logistic = name == "logistic" and rule not in RULES[:3]
    expected = 9 if "logistic" not in name else 0 if dense_logistic else 8  # no exact steps
    assert compiled == expected


@pytest.mark.parametrize("rule", COMPOSITE_RULES)
@pytest.mark.parametrize("name", composite())
def test_composite_problems(name, rule):
    problem = composite()[name]
    for update in PROXIMAL:
        method = ol.BlockCoordinateDescent(rule=rule, update=update)
        assert is_compiled(method, problem)
        same_run(method, problem, max_iter=40)


@pytest.mark.parametrize("rule", RULES[:7])
@pytest.mark.parametrize("name", ["dense quadratic", "least squares"])
@pytest.mark.parametrize("blocks", [5, 1, 12])
def test_fixed_blocks(name, rule, blocks):
    for update in UPDATES[:4]:
        method = ol.BlockCoordinateDescent(rule=rule, update=update, partition="sort", block_size=blocks)
        assert is_compiled(method, smooth()[name])
        same_run(method, smooth()[name], max_iter=30 if blocks < 12 else 2)


@given(st.integers(0, 2**32), st.sampled_from(RULES), st.integers(1, 40), st.integers(1, 30))
@settings(max_examples=30)
def test_any_seed_and_any_chunk(seed, rule, chunk, refresh):
    """With the bookkeeping refreshed in the middle of chunks, too."""
    A, b = data(seed, m=15, n=5)
    for problem in (ol.problems.LeastSquares(A, b), ol.problems.LeastSquares(sp.csr_array(A), b)):
        method = ol.BlockCoordinateDescent(rule=rule, update="Lb", refresh=refresh)
        if chunk > 1:
            same_run(method, problem, max_iter=25, chunk=chunk, rng=seed)


@pytest.mark.parametrize("rule", ["random", "lipschitz", "cyclic", "GS-q"])
@pytest.mark.parametrize("name", ["dense quadratic", "least squares", "sparse logistic", "lasso", "sparse lasso"])
@pytest.mark.parametrize("refresh", [None, 4])
def test_a_compiled_run_goes_on_bit_for_bit(rule, name, refresh):
    problem = (smooth() | composite())[name]
    method = ol.BlockCoordinateDescent(rule=rule, update="PG", chunk=10, refresh=refresh)
    straight = method.run(problem, max_iter=50, rng=1)
    resumed = pickle.loads(pickle.dumps(method.run(problem, max_iter=30, rng=1))).resume(max_iter=50)
    np.testing.assert_array_equal(straight.x, resumed.x)
    np.testing.assert_array_equal(straight.history.trace["selected"], resumed.history.trace["selected"])
    cut = method.run(problem, max_iter=33, rng=1).resume(max_iter=50)  # in the middle of a chunk
    np.testing.assert_array_equal(straight.x, cut.x)
    for recorded in ("progress", "value"):
        np.testing.assert_array_equal(straight.history.trace[recorded], cut.history.trace[recorded])


@pytest.mark.parametrize("update", ["Lb", "PG"])
def test_a_compiled_run_ends_where_the_problem_is_solved(update):
    """GSL with exact steps solves one coordinate of a diagonal problem after the other."""
    problem = ol.problems.Quadratic([1.0, 2.0, 4.0, 8.0])
    for rule in ("GSL", "GS-q", "GSL-s"):
        result = ol.BlockCoordinateDescent(rule=rule, update=update, chunk=50).run(problem, max_iter=200)
        assert (result.status, result.k) == (Status.EXACT, 4)
        assert len(result.history.trace["selected"]) == 4
    drawn = ol.BlockCoordinateDescent(rule="cyclic", update=update, chunk=50, refresh=8)
    result = drawn.run(problem, max_iter=200, rng=0)
    assert (result.status, result.k) == (Status.EXACT, 8)  # found out when the bookkeeping is refreshed


def test_iterates_that_were_handed_out_stay_as_they_were():
    problem = smooth()["dense quadratic"]
    states = ol.BlockCoordinateDescent(rule="GS", update="L", chunk=5).iterate(problem, max_iter=20)
    kept = [(state, state.x.copy(), state.followed.gradient.copy()) for state in states]
    assert len(kept) == 5
    for state, x, gradient in kept:
        np.testing.assert_array_equal(state.x, x)
        np.testing.assert_allclose(gradient, problem.gradient(x), atol=1e-9)
        assert state.followed.value == pytest.approx(float(problem.value(x)), abs=1e-9)


@pytest.mark.parametrize("name", ["least squares", "sparse least squares", "logistic", "sparse logistic"])
def test_the_bookkeeping_is_up_to_date_after_a_chunk(name):
    problem = smooth()[name]
    method = ol.BlockCoordinateDescent(rule="random", update="Lb", chunk=30)
    *_, state = method.iterate(problem, max_iter=30, rng=0)
    fresh = problem.follow(state.x)
    np.testing.assert_allclose(state.followed.z, fresh.z, atol=1e-11)
    np.testing.assert_allclose(problem.block_gradient(state.followed), problem.gradient(state.x), atol=1e-10)


def test_zero_columns_and_single_coordinates():
    A, b = data(m=10, n=4)
    A[:, 2] = 0.0
    for matrix in (A, sp.csr_array(A)):
        problem = ol.problems.LeastSquares(matrix, b)
        for rule in ("random", "lipschitz", "GS", "GSL"):
            _, result = same_run(ol.BlockCoordinateDescent(rule=rule, update="Lb"), problem, max_iter=40)
            assert result.x[2] == 0.0
            if rule != "random":
                assert 2 not in result.history.trace["selected"]
    single = ol.problems.LeastSquares([[1.0], [2.0]], [1.0, 7.0])
    for rule in ("random", "cyclic", "GS"):
        many = ol.BlockCoordinateDescent(rule=rule, update="Lb", chunk=3).run(single, max_iter=3)
        assert many.x[0] == pytest.approx(3.0)


class Mine(ScoreRule):
    def scores(self, at):
        return at.gradient**2


def test_combinations_without_a_loop_make_the_same_steps_in_chunks():
    problems = smooth()
    for options, problem in (
        ({"rule": Mine()}, problems["dense quadratic"]),
        ({"rule": "GS", "update": "newton"}, problems["dense quadratic"]),
        ({"rule": "GS", "update": "LA"}, problems["dense quadratic"]),
        ({"rule": "GS", "update": "Lb", "block_size": 2}, problems["dense quadratic"]),
        ({"rule": "GSL", "update": "Lb", "lipschitz": 1e4}, problems["dense quadratic"]),  # promises are checked
        ({"rule": "GS", "update": "Lb"}, problems["logistic"]),
        ({"rule": "GS", "update": "Lb", "partition": "order"}, problems["sparse least squares"]),
        ({"rule": "GS", "update": "L"}, ol.problems.NesterovChain(d=7)),
        ({"rule": "GS", "update": "exact"}, ol.problems.QuarticHuber(3)),
        ({"rule": "random", "update": "Lb"}, ol.problems.IndefiniteQuadratic([-0.5, 1.0], rotate=True, rng=0)),
        ({"rule": "random", "update": "Lb"}, ol.problems.Quadratic(np.array([1.0, 2.0], dtype=np.float32))),
    ):
        one = ol.BlockCoordinateDescent(**options)
        assert not is_compiled(one, problem)
        straight = one.run(problem, max_iter=20, rng=0)
        many = one.replace(chunk=7).run(problem, max_iter=20, rng=0)
        np.testing.assert_array_equal(straight.x, many.x)
        assert (straight.status, straight.k, straight.calls) == (many.status, many.k, many.calls)
        for name, recorded in straight.history.trace.items():
            np.testing.assert_array_equal(recorded, many.history.trace[name])


def test_problems_that_a_loop_must_not_touch():
    """A subclass of the known problems has its own oracles; float32 and other libraries have none of the loops."""
    import array_api_strict as strict

    method = ol.BlockCoordinateDescent(rule="GS", update="L", chunk=5)
    assert not is_compiled(method, ol.problems.DenseQuadratic(strict.asarray([[2.0, 1.0], [1.0, 3.0]])))
    assert not is_compiled(method, ol.problems.DenseQuadratic(np.eye(3, dtype=np.float32)))
    assert is_compiled(method, ol.problems.DenseQuadratic(np.eye(3)))
