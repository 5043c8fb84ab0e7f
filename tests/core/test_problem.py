"""Problems: sealed after construction, picklable, measured on the raw oracles."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import optlab as ol
from optlab.core.solver import Solver

from .specimens import Bowl, Descent, RandomStart


def test_a_problem_is_sealed_when_its_constructor_returns():
    problem = Bowl()
    for name in ("center", "noise", "new"):
        with pytest.raises(AttributeError, match=f"Bowl is immutable; build a new problem instead of setting {name}"):
            setattr(problem, name, 1.0)
    with pytest.raises(AttributeError, match="Bowl is immutable"):
        del problem.center
    with pytest.raises(ValueError, match="read-only"):
        problem.center[0] = 5.0


def test_subclasses_seal_once_all_constructors_are_through():
    class Deeper(Bowl):
        def __init__(self):
            super().__init__()
            self.extra = np.zeros(2)

    deeper = Deeper()
    assert not deeper.extra.flags.writeable
    with pytest.raises(AttributeError):
        deeper.extra = 3


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_copies_are_sealed_too(again):
    problem = again(Bowl())
    assert not problem.center.flags.writeable
    with pytest.raises(AttributeError, match="immutable"):
        problem.noise = 2.0
    x = np.ones(3)
    assert problem.value(x) == Bowl().value(x) and problem.constants.L == 1.0


def test_defaults_of_the_base_class():
    class Bare(ol.Problem):
        shape = (2, 3)

    bare = Bare()
    assert bare.start().shape == (2, 3) and bare.dtype == np.float64 and bare.measure(bare.start()) == {}
    assert (bare.reference, bare.like, bare.batched, bare.violates, len(bare.constants), bare.name) == (
        None, None, False, None, 0, "Bare",
    )  # fmt: skip
    assert bare.describe() == {
        "name": "Bare", "shape": (2, 3), "oracles": [], "constants": {}, "reference": None, "violates": None,
    }  # fmt: skip
    assert repr(bare) == "Bare(shape=(2, 3), Constants())"


def test_describe():
    row = Bowl().describe()
    assert row["oracles"] == ["value", "gradient", "draw", "stochastic_gradient"]
    assert row["constants"] == {"L": (1.0, "exact", "identity Hessian")}
    assert row["reference"] == "Reference(0; a square is non-negative)"


def test_metrics():
    problem = Bowl([3.0, 4.0])
    assert problem.measure(np.zeros(2)) == {"value": 12.5, "gap": 12.5, "distance": 5.0}
    batch = problem.measure(np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(batch["distance"], [5.0, 0.0])
    np.testing.assert_array_equal(batch["gap"], [12.5, 0.0])
    assert Bowl(known=False).measure(np.zeros(3)).keys() == {"value"}
    low = ol.FunctionProblem(1, value=lambda x: float(x[0]), reference=ol.Reference(-3.0, -1.0, certificate="c"))
    assert low.measure(np.zeros(1)) == {"value": 0.0, "gap": 3.0}  # against the low end: the unfavourable one
    matrix = ol.FunctionProblem((2, 2), reference=ol.Reference.exact(0, np.zeros((2, 2)), certificate="c"))
    assert matrix.measure(np.ones((2, 2))) == {"distance": 2.0}
    np.testing.assert_array_equal(matrix.measure(np.ones((5, 2, 2)))["distance"], np.full(5, 2.0))


def test_function_problem():
    seen = ol.FunctionProblem(
        2, value=lambda x: float(x @ x), gradient=lambda x: 2 * x, metrics={"first": lambda x: x[0]}, x0=[1, 2]
    )
    assert seen.shape == (2,) and seen.measure(seen.start()) == {"value": 5.0, "first": 1.0}
    start = seen.start()
    start[0] = 9.0
    assert seen.start()[0] == 1.0
    assert Descent().run(seen, max_iter=1).x.tolist() == [0.5, 1.0]
    assert ol.FunctionProblem((2, 3)).start().shape == (2, 3)
    with pytest.raises(AttributeError, match="FunctionProblem is immutable"):
        seen.value = None
    with pytest.raises(TypeError, match=r"valu is not an oracle; the oracles are block_bound, .*, gradient, "):
        ol.FunctionProblem(1, valu=lambda x: 0)
    with pytest.raises(TypeError, match="the oracle value must be callable, got float"):
        ol.FunctionProblem(1, value=1.0)
    with pytest.raises(ValueError, match="x0 must have shape"):
        ol.FunctionProblem(1, x0=[1.0, 2.0])


def test_as_start():
    problem = Bowl()
    np.testing.assert_array_equal(problem.as_start([1, 2, 3], 2), [[1.0, 2.0, 3.0]] * 2)
    column = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    out = problem.as_start(column, 2)
    assert out.flags.c_contiguous and out.flags.writeable and not np.shares_memory(out, column)
    assert problem.as_start(np.zeros(3)).flags.owndata
    with pytest.raises(ValueError, match=r"x0 must have shape \(3,\), got \(2, 3\)"):
        problem.as_start(column)


def test_random_starts_come_from_the_stream_they_are_given():
    problem = RandomStart()
    np.testing.assert_array_equal(problem.start(np.random.default_rng(1)), problem.start(np.random.default_rng(1)))


def test_solvers_are_frozen_values():
    solver = Descent(0.5)
    with pytest.raises(AttributeError):
        solver.step_size = 1.0
    assert (
        solver.replace(step_size=0.1) == Descent(0.1) and solver == Descent(0.5) and hash(solver) == hash(Descent(0.5))
    )
    assert pickle.loads(pickle.dumps(solver)) == solver
    assert isinstance(solver, Solver) and Solver.requires == () and Solver.batched is False
    with pytest.raises(TypeError):
        solver.replace(nothing=1)


def test_help_shows_the_constructor_of_a_problem():
    assert str(inspect.signature(Bowl)) == "(center=(1.0, -2.0, 3.0), noise=1.0, known=True)"


def test_unknown_class_arguments_are_refused():
    with pytest.raises(TypeError):
        type("Odd", (Solver,), {}, nothing=1)
