"""Result and Status, and the way to SciPy."""

import copy

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

import optlab as ol
from optlab.core.result import Status

from .specimens import Bowl, Descent, Finishing


def test_success_is_never_running_out_or_being_stopped():
    assert {s.name for s in Status if s.success} == {"CONVERGED", "EXACT", "LOCAL", "STREAM_END"}
    assert len({s.value for s in Status}) == len(Status) == 11


def test_to_scipy():
    result = Descent().run(Bowl(), max_iter=4)
    out = result.to_scipy()
    assert isinstance(out, OptimizeResult)
    np.testing.assert_array_equal(out.x, result.x)
    assert (out.nit, out.nfev, out.njev, out.nhev) == (4, 0, 4, 0)
    assert out.fun == result.history["value"][-1] and out.success is False and out.message == result.message
    assert out.execution_time == result.time and list(Status)[out.status] is Status.MAX_ITER
    assert Finishing(1).run(Bowl(), max_iter=4).to_scipy().success is True
    assert "fun" not in Finishing(1).run(ol.FunctionProblem(1), x0=[1.0]).to_scipy()


def test_to_scipy_counts_the_oracles_by_what_they_are():
    result = Descent().run(Bowl(), max_iter=1)
    result.calls = {
        "value": 1,
        "smooth_value": 2,
        "gradient": 10,
        "smooth_gradient": 20,
        "stochastic_gradient": 40,
        "subgradient": 80,
    }
    result.calls["hessian_product"] = 7
    out = result.to_scipy()
    assert (out.nfev, out.njev, out.nhev) == (3, 150, 7)


def test_to_scipy_takes_the_loss_where_there_is_no_value():
    problem = ol.FunctionProblem(1, gradient=lambda x: x, metrics={"loss": lambda x: 3 * float(x[0])}, x0=[1.0])
    assert Descent(0.5).run(problem, max_iter=1).to_scipy().fun == 1.5


def test_printing_and_copying():
    result = Descent().run(Bowl(), max_iter=4)
    assert str(result).startswith("Descent on Bowl: MAX_ITER after 4 iterations, ")
    assert str(result).endswith("(the limit of 4 iterations was reached); calls: 4 gradient")
    assert "calls: none" in str(Finishing(1).run(Bowl()))
    twin = copy.copy(result)
    assert twin is not result and twin.history is result.history and twin.success is result.success
    assert "state" not in repr(result) and "options" not in repr(result)


def test_detached_state_is_a_deep_copy():
    result = Descent().run(Bowl(), max_iter=4)
    state = result.detached_state()
    assert state is not result.state and state.x is not result.state.x
    np.testing.assert_array_equal(state.x, result.x)


def test_load_names_the_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        ol.load(tmp_path / "nothing")
