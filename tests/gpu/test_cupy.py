"""The array-API path on a real device: the same source, the same answers.  Needs neither cvxpy nor matplotlib."""

import importlib.util

import numpy as np
import pytest

import optlab as ol


def _device_found():
    if importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    try:
        return cupy.cuda.runtime.getDeviceCount() > 0
    except cupy.cuda.runtime.CUDARuntimeError:
        return False


pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not _device_found(), reason="CuPy finds no CUDA device"),
]


def _planted(n=200, d=10):
    rng = np.random.default_rng(0)
    theta = rng.standard_normal(d)
    A = rng.standard_normal((n, d))
    y = np.where(A @ theta > 0, 1, -1)
    return A + 0.1 * y[:, None] * theta / np.linalg.norm(theta), y


@pytest.mark.parametrize("solver", [ol.NormalizedLRGD(gamma=10.0), ol.LRGD(gamma=10.0), ol.BatchPerceptron()])
def test_separators_agree_with_numpy(solver):
    import cupy

    A, y = _planted()
    host = solver.run(ol.problems.Separable(A, y), max_iter=5000)
    device = solver.run(ol.problems.Separable(cupy.asarray(A), y), max_iter=5000)
    assert isinstance(device.x, cupy.ndarray)
    assert device.success and host.success
    assert abs(device.k - host.k) <= 2  # a margin within rounding of zero may fall on the other side
    assert (A @ cupy.asnumpy(device.x) * y > 0).all()


def test_gradient_descent_stays_on_the_device():
    import cupy

    A, _ = _planted(50, 5)
    b = A @ np.ones(5)
    result = ol.GradientDescent().run(ol.problems.LeastSquares(cupy.asarray(A), cupy.asarray(b)), max_iter=2000)
    assert isinstance(result.x, cupy.ndarray)
    np.testing.assert_allclose(cupy.asnumpy(result.x), 1.0, atol=1e-8)


@pytest.mark.parametrize("name", ["Simplex", "L1Ball", "L2Ball", "LinfBall"])
def test_projections_agree_with_numpy(name):
    import cupy

    x = np.random.default_rng(1).standard_normal((7, 9)) * 3
    convex_set = getattr(ol.sets, name)()
    np.testing.assert_allclose(cupy.asnumpy(convex_set.project(cupy.asarray(x))), convex_set.project(x), atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [("GS", "L"), ("GSL", "Lb"), ("GSD", "Hb", 3), ("GSQ", "Hb", 2, "sort"), ("cyclic", "exact", 2, "order")],
)
def test_block_coordinate_descent_makes_the_same_steps(options):
    import cupy

    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((30, 8)), rng.standard_normal(30)
    solver = ol.BlockCoordinateDescent(*options)
    host = solver.run(ol.problems.LeastSquares(A, b), max_iter=40)
    device = solver.run(ol.problems.LeastSquares(cupy.asarray(A), cupy.asarray(b)), max_iter=40)
    assert isinstance(device.x, cupy.ndarray)
    assert np.array_equal(host.history.trace["selected"], device.history.trace["selected"])
    np.testing.assert_allclose(cupy.asnumpy(device.x), host.x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", ["GS-s", "GS-q", "GSL-q"])
def test_composite_block_coordinate_descent_makes_the_same_steps(rule):
    import cupy

    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((30, 8)), rng.standard_normal(30)
    solver = ol.BlockCoordinateDescent(rule, "PG")
    host = solver.run(ol.problems.Lasso(A, b, weight=3.0), max_iter=40)
    device = solver.run(ol.problems.Lasso(cupy.asarray(A), cupy.asarray(b), weight=3.0), max_iter=40)
    np.testing.assert_allclose(cupy.asnumpy(device.x), host.x, rtol=1e-9, atol=1e-12)
