"""Settings of the whole test suite: the process environment, hypothesis, and where the `gpu` tests run."""

import os

# Before NumPy is imported anywhere: one BLAS thread per xdist worker, and no window for matplotlib.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import functools

import hypothesis
import pytest

if "CI" not in os.environ:  # hypothesis has a profile of its own for CI: derandomised, without a deadline
    hypothesis.settings.register_profile("optlab", deadline=None)  # the first call of a numba kernel compiles it
    hypothesis.settings.load_profile("optlab")


@functools.cache
def _cuda_device_present():
    try:
        import cupy

        return cupy.cuda.runtime.getDeviceCount() > 0
    except Exception:  # CuPy is absent, or present without a driver, which it tells in its own exceptions
        return False


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and not _cuda_device_present():
        pytest.skip("needs CuPy and a CUDA device")
