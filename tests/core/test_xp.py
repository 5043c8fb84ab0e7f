"""Namespaces, dtypes and data validation; the same algebra on NumPy and on array-api-strict."""

import array_api_strict as strict
import numpy as np
import pytest
import scipy.sparse as sp

import optlab as ol
from optlab.core import xp

from .specimens import Bowl, Descent


def test_namespaces():
    assert xp.namespace() is xp.namespace(np.zeros(2)) is xp.namespace(1.0, None, [1, 2]) is xp.namespace(np.float64(1))
    assert xp.namespace(sp.csr_array(np.eye(2))) is xp.namespace(np.zeros(1), sp.eye_array(2)) is xp.namespace()
    assert xp.namespace(strict.zeros(2)) is strict is xp.namespace(strict.zeros(2), 1.0, None, strict.ones(1))

    class Sub(np.ndarray):
        pass

    assert xp.namespace(np.zeros(2).view(Sub)) is xp.namespace()
    for mixed in ((np.zeros(2), strict.zeros(2)), (strict.zeros(2), np.zeros(2))):
        with pytest.raises(
            TypeError, match=r"different libraries were mixed: numpy.ndarray and array_api_strict\..*Array"
        ):
            xp.namespace(*mixed)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_kept_without_a_copy(dtype):
    for module in (np, strict):
        array = module.zeros(3, dtype=getattr(module, dtype))
        assert xp.as_float_array(array) is array


@pytest.mark.parametrize("dtype", ["float16", "int8", "uint16", "int64", "bool", "longdouble"])
def test_other_numbers_become_double(dtype):
    array = np.array([0, 1], dtype=dtype)
    out = xp.as_float_array(array)
    assert out.dtype == np.float64 and out.tolist() == [0.0, 1.0] and array.dtype == dtype


def test_other_libraries_and_plain_python():
    assert xp.as_float_array(strict.asarray([1, 2])).dtype == strict.float64
    assert xp.as_float_array(strict.asarray([True])).dtype == strict.float64
    assert xp.as_float_array(3).shape == () and xp.as_float_array([[1], [2]]).shape == (2, 1)
    for bad in (["a"], [1j], [None], [object()]):
        with pytest.raises(TypeError, match="weights must hold real numbers, got dtype"):
            xp.as_float_array(bad, "weights")
    with pytest.raises(TypeError, match="weights must be an array of real numbers"):
        xp.as_float_array([[1.0], [1.0, 2.0]], "weights")
    with pytest.raises(TypeError, match="array must hold real numbers"):
        xp.as_float_array(strict.asarray([1j]))


def test_as_data():
    mine = np.ones((2, 2))
    out = xp.as_data(mine)
    assert not out.flags.writeable and mine.flags.writeable and not np.shares_memory(out, mine)
    assert np.shares_memory(xp.as_data(mine, copy=False), mine)
    assert not np.shares_memory(xp.as_data(mine.view(np.matrix)), mine)
    frozen = xp.read_only(mine.copy())
    assert np.shares_memory(xp.as_data(frozen), frozen)  # nobody can change it: it is shared
    theirs = strict.ones((2, 2))
    kept = xp.as_data(theirs)
    theirs[0, 0] = 5.0
    assert float(kept[0, 0]) == 1.0
    assert xp.as_data([1, 2], ndim=1).dtype == np.float64
    assert xp.as_data(np.ones((2, 2), np.float32)).dtype == np.float32
    assert xp.as_data(strict.ones((2, 2))).shape == (2, 2)
    with pytest.raises(ValueError, match=r"A must have 2 dimensions, got shape \(3,\)"):
        xp.as_data(np.ones(3), "A")
    with pytest.raises(ValueError, match=r"A must have 1 dimension, got shape \(1, 1\)"):
        xp.as_data([[1.0]], "A", ndim=1)
    for bad in (np.nan, np.inf, -np.inf):
        for matrix in ([[1.0, bad]], strict.asarray([[1.0, bad]]), sp.csr_array([[1.0, bad]])):
            with pytest.raises(ValueError, match="A holds NaN or infinite values"):
                xp.as_data(matrix, "A")


@pytest.mark.parametrize("kind", ["csr_array", "csc_array", "coo_array", "csr_matrix", "lil_matrix"])
def test_sparse_data_becomes_csr(kind):
    dense = np.array([[0.0, 2.0], [3.0, 0.0]])
    matrix = getattr(sp, kind)(dense)
    assert xp.is_sparse(matrix) and not xp.is_sparse(dense)
    out = xp.as_data(matrix)
    assert isinstance(out, sp.csr_array) and out.dtype == np.float64
    np.testing.assert_array_equal(out.toarray(), dense)
    if kind.startswith("csr"):
        assert not np.shares_memory(out.data, matrix.data)
        assert np.shares_memory(xp.as_data(matrix, copy=False).data, matrix.data)
    assert xp.as_data(matrix.astype(np.float32)).dtype == np.float32
    assert xp.as_data(matrix.astype(int)).dtype == np.float64
    with pytest.raises(TypeError, match="data must hold real numbers"):
        xp.as_data(matrix.astype(complex))


def test_read_only_and_to_numpy():
    array = np.ones(2)
    view = xp.read_only(array)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 2.0
    array[0] = 2.0
    other = strict.ones(2)
    assert xp.read_only(other) is other and xp.read_only("text") == "text"
    assert xp.to_numpy(array) is array and xp.to_numpy([1, 2]).tolist() == [1, 2]
    assert isinstance(xp.to_numpy(strict.ones(2)), np.ndarray)

    class OnDevice:
        def get(self):
            return [1.0, 2.0]

    class Tensor:
        def detach(self):
            return self

        def cpu(self):
            return np.array([3.0])

    assert xp.to_numpy(OnDevice()).tolist() == [1.0, 2.0] and xp.to_numpy(Tensor()).tolist() == [3.0]


class StrictBowl(ol.Problem):
    """A bowl in whatever library its centre lives in."""

    batched = True

    def __init__(self, center):
        self.center = self.like = center
        self.shape = tuple(center.shape)
        self.reference = ol.Reference.exact(0.0, center, certificate="a square is non-negative")

    def value(self, x):
        return 0.5 * xp.namespace(x).sum((x - self.center) ** 2, axis=-1)

    def gradient(self, x):
        return x - self.center


class StrictDescent(Descent):
    def step(self, problem, state):
        state.x = state.x - self.step_size * problem.gradient(state.x)
        state.k += 1
        return state


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reps", [None, 2])
def test_a_run_lives_in_the_library_of_the_data(dtype, reps):
    problem = StrictBowl(strict.asarray([1.0, -2.0], dtype=getattr(strict, dtype)))
    stop = ol.stop.Below("gap", 1e-6) & ol.stop.Below("distance", 1e-2)
    result = StrictDescent().run(problem, stop=stop, max_iter=100, store_x=True, reps=reps)
    assert xp.namespace(result.x) is strict and str(result.x.dtype).endswith(dtype) and result.success
    twin = StrictDescent().run(StrictBowl(np.array([1.0, -2.0], dtype)), stop=stop, max_iter=100, reps=reps)
    np.testing.assert_array_equal(xp.to_numpy(result.x), twin.x)
    np.testing.assert_allclose(result.history["gap"], twin.history["gap"], rtol=1e-6)
    assert result.history["gap"].dtype.kind == "f"
    assert result.history.to_json() and len(result.history.x) == len(result.history)


def test_starts_in_other_libraries():
    problem = StrictBowl(strict.asarray([1.0, -2.0], dtype=strict.float32))
    start = problem.start()
    assert start.dtype == strict.float32 and problem.dtype == strict.float32
    assert problem.as_start(strict.asarray([1.0, 2.0], dtype=strict.float64)).dtype == strict.float32
    assert problem.as_start(strict.asarray([1, 2]), reps=3).shape == (3, 2)
    mine = strict.asarray([1.0, 2.0], dtype=strict.float32)
    fresh = problem.as_start(mine)
    fresh[0] = 9.0
    assert float(mine[0]) == 1.0
    with pytest.raises(TypeError, match="different libraries were mixed"):
        problem.as_start(np.zeros(2))
    with pytest.raises(ValueError, match="x0 holds NaN"):
        problem.as_start(strict.asarray([1.0, float("nan")]))
    foreign = ol.FunctionProblem(2, gradient=lambda x: x)
    assert xp.namespace(foreign.as_start(strict.zeros(2))) is strict
    with pytest.raises(ValueError, match="x0 must have shape"):
        problem.as_start(strict.zeros(3))


def test_nan_in_other_libraries_is_seen():
    problem = StrictBowl(strict.asarray([1.0, -2.0]))
    result = StrictDescent(1e200).run(problem, max_iter=9, record=[])
    assert result.status.name == "NONFINITE" and bool(strict.all(strict.isfinite(result.x)))


def test_float32_is_kept():
    problem = StrictBowl(np.array([1.0, 2.0], np.float32))
    for x0 in (None, [0, 0], np.zeros(2)):
        assert StrictDescent().run(problem, x0=x0, max_iter=5).x.dtype == np.float32
    assert Bowl().dtype == np.float64 == Descent().run(Bowl(), x0=np.zeros(3, np.float32), max_iter=2).x.dtype
