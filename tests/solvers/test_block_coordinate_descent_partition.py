"""Partitions of block coordinate descent: hand-made cases, every cut a partition, sorting is best, bad input."""

import array_api_strict as strict
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import optlab as ol
from optlab.solvers.block_coordinate_descent.partition import (
    PARTITIONS,
    Average,
    Given,
    HessianAverage,
    HessianSort,
    Order,
    Sort,
)

BY_CONSTANTS = [Order(), Sort(), Average()]


def lists(blocks):
    return [block.tolist() for block in blocks]


def fitting(A, partition, **options):
    """The blocks that a run on the least-squares problem of A uses."""
    problem = ol.problems.LeastSquares(A, np.ones(len(A)))
    run = ol.BlockCoordinateDescent(rule="cyclic", partition=partition, **options).run(problem, max_iter=0)
    return lists(run.state.blocks)


# ---- hand-made cases


@pytest.mark.parametrize(
    ("partition", "size", "blocks"),
    [
        (Order(), 2, [[0, 1], [2, 3], [4, 5]]),
        (Order(), 4, [[0, 1, 2, 3], [4, 5]]),
        (Order(), 6, [[0, 1, 2, 3, 4, 5]]),
        (Sort(), 2, [[1, 4], [2, 5], [0, 3]]),
        (Sort(), 4, [[1, 2, 4, 5], [0, 3]]),
        (Average(), 2, [[0, 1], [3, 4], [2, 5]]),  # 1 and 6, 2 and 5, 3 and 4
        (Average(), 3, [[0, 1, 4], [2, 3, 5]]),
    ],
)
def test_six_coordinates(partition, size, blocks):
    assert lists(partition.blocks(None, np.array([6.0, 1.0, 3.0, 5.0, 2.0, 4.0]), size)) == blocks


def test_the_middle_of_an_odd_number_of_coordinates_is_kept():
    constants = np.array([30.0, 10.0, 50.0, 20.0, 40.0])
    assert lists(Average().blocks(None, constants, 1)) == [[1], [2], [3], [4], [0]]
    assert lists(Average().blocks(None, constants, 2)) == [[1, 2], [3, 4], [0]]
    assert lists(Average().blocks(None, np.ones(1), 1)) == [[0]]


def test_equal_constants_keep_their_order():
    assert lists(Sort().blocks(None, np.ones(5), 2)) == [[0, 1], [2, 3], [4]]


def test_row_sums_take_the_place_of_constants():
    A = np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 2.0, 2.0, 2.0], [0.0, 0.0, 1.0, -1.0]])  # L = 9, 4, 5, 5
    assert fitting(A, "sort", block_size=2) == [[1, 2], [0, 3]]
    assert fitting(A, "hessian-sort", block_size=2) == [[0, 1], [2, 3]]  # row sums 9, 12, 12, 12
    assert fitting(A, "hessian-average", block_size=2) == [[0, 3], [1, 2]]
    sparse = ol.problems.LeastSquares(sp.csr_array(A), np.ones(3))
    assert lists(HessianSort().blocks(sparse, np.ones(4), 2)) == [[0, 1], [2, 3]]
    assert lists(HessianAverage().blocks(sparse, np.ones(4), 2)) == [[0, 3], [1, 2]]


def test_every_name_stands_for_its_partition():
    assert {name: type(make()) for name, make in PARTITIONS.items()} == {
        "order": Order,
        "sort": Sort,
        "average": Average,
        "hessian-sort": HessianSort,
        "hessian-average": HessianAverage,
    }


# ---- properties


@given(
    st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=30),
    st.integers(1, 30),
    st.sampled_from(BY_CONSTANTS),
)
def test_the_blocks_are_disjoint_cover_everything_and_only_the_last_is_smaller(constants, size, partition):
    constants = np.array(constants)
    blocks = partition.blocks(None, constants, size)
    assert_array_equal(np.sort(np.concatenate(blocks)), np.arange(constants.size))
    assert all(len(block) == size for block in blocks[:-1]) and 1 <= len(blocks[-1]) <= size
    assert all((np.diff(block) > 0).all() for block in blocks)


def spread(blocks, constants):
    return sum(constants[block].max() / constants[block].min() for block in blocks)


@settings(max_examples=200)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=6), st.integers(1, 4), st.randoms(use_true_random=False))
def test_no_partition_into_blocks_of_equal_size_has_a_smaller_sum_of_condition_numbers(some, size, random):
    constants = np.array(some * size)[: len(some) * size] * np.linspace(1, 2, len(some) * size)
    order = list(range(constants.size))
    random.shuffle(order)
    other = np.split(np.array(order), len(some))
    best = spread(Sort().blocks(None, constants, size), constants)
    assert best <= spread(other, constants) * (1 + 1e-12)
    assert best <= spread(Average().blocks(None, constants, size), constants) * (1 + 1e-12)


def test_the_sums_of_condition_numbers_of_a_geometric_spectrum():
    spectrum = np.geomspace(1, 1000, 24)
    assert round(spread(Sort().blocks(None, spectrum, 4), spectrum), 2) == 14.77
    assert round(spread(Average().blocks(None, spectrum, 4), spectrum)) == 1429


def test_sorting_makes_the_greedy_method_faster():
    problem = ol.problems.Quadratic(np.random.default_rng(0).permutation(np.geomspace(1, 1000, 24)))
    run = lambda partition: ol.BlockCoordinateDescent(partition=partition, block_size=4).run(  # noqa: E731
        problem, max_iter=6000, stop=ol.stop.Below("gap", 1e-8 * float(problem.value(problem.start())))
    )
    assert run("sort").k < 150 and run("average").k == 6000


# ---- blocks of the user


def test_blocks_of_the_user_have_any_size_and_any_kind_of_integers():
    blocks = [range(3, 1, -1), np.array([0], dtype=np.int32), (1, 4), strict.asarray([5])]
    assert Given(blocks).given == ((3, 2), (0,), (1, 4), (5,))
    A = np.eye(6)
    assert fitting(A, blocks, block_size=3) == [[2, 3], [0], [1, 4], [5]]
    assert fitting(A, Given(blocks)) == fitting(A, blocks)
    assert hash(Given(blocks)) == hash(Given([[3, 2], [0], [1, 4], [5]]))


@pytest.mark.parametrize(
    ("partition", "error", "message"),
    [
        ([[0, 1], [2, 1]], ValueError, "coordinate 1 is in blocks 0 and 1"),
        ([[0, 2, 2], [1]], ValueError, "coordinate 2 is twice in block 0"),
        ([[0, 1], [], [2]], ValueError, "block 1 of partition is empty"),
        ([[0, 1], [-1, 2]], ValueError, "block 1 of partition holds the negative coordinate -1"),
        ([], ValueError, "partition must have at least one block"),
        ([[0, 1.5]], TypeError, r"block 0 of partition must be a sequence of integers, got \[0, 1.5\]"),
        ([[True, False, True]], TypeError, "block 0 of partition must be a sequence of integers"),
        ([0, 1, 2], TypeError, "block 0 of partition must be a sequence of integers, got 0"),
        (3, TypeError, "partition must be a sequence of blocks, got int"),
        ("sorted", ValueError, "partition must be one of 'order'"),
    ],
)
def test_bad_blocks_are_refused_when_the_solver_is_made(partition, error, message):
    with pytest.raises(error, match=message):
        ol.BlockCoordinateDescent(partition=partition)


@pytest.mark.parametrize(
    ("partition", "message"),
    [
        ([[0, 1], [2, 7]], "coordinate 7 in block 1 of partition is out of range for n = 3 coordinates"),
        ([[0], [2]], "coordinate 1 is in no block of partition"),
        ([[0, 1]], "coordinate 2 is in no block of partition"),
    ],
)
def test_blocks_that_do_not_fit_the_problem_are_refused_before_any_work(partition, message):
    problem = ol.problems.Quadratic([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=message):
        ol.BlockCoordinateDescent(partition=partition).check(problem)


def test_row_sums_need_a_bound_of_the_hessian():
    plain = ol.FunctionProblem(2, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    with pytest.raises(ol.core.oracles.MissingOracle, match="BlockCoordinateDescent with HessianSort needs BlockCurv"):
        ol.BlockCoordinateDescent(partition="hessian-sort", lipschitz=2.0).check(plain)
    ol.BlockCoordinateDescent(partition="sort", lipschitz=2.0).check(plain)
