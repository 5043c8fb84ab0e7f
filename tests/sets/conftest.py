"""The catalogue of sets and regularisers that every test of this room runs over."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from optlab import sets


@dataclass(frozen=True)
class SetCase:
    """A bounded set in every dimension, with its vertices where it is a polytope."""

    make: Callable[[int], sets.ConvexSet]
    vertices: Callable[[int], np.ndarray] | None = None


def _ramp(d: int) -> np.ndarray:
    return np.linspace(-1.0, 2.0, d)


def _corners(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    return np.array(list(itertools.product(*zip(lower, upper, strict=True))))


def _cross(d: int) -> np.ndarray:
    return np.vstack([np.eye(d), -np.eye(d)])


def _hypersimplex(d: int) -> np.ndarray:
    corners = _corners(np.zeros(d), np.ones(d))
    return corners[corners.sum(axis=1) == max(d // 2, 1)]


SETS = {
    "simplex": SetCase(lambda d: sets.Simplex(), lambda d: np.eye(d)),
    "simplex total": SetCase(lambda d: sets.Simplex(total=2.5, dim=d), lambda d: 2.5 * np.eye(d)),
    "l1": SetCase(lambda d: sets.L1Ball(), _cross),
    "l1 centred": SetCase(lambda d: sets.L1Ball(0.7, center=_ramp(d)), lambda d: _ramp(d) + 0.7 * _cross(d)),
    "l1 point": SetCase(lambda d: sets.L1Ball(0.0, center=0.5), lambda d: np.full((1, d), 0.5)),
    "l2": SetCase(lambda d: sets.L2Ball(1.5)),
    "l2 centred": SetCase(lambda d: sets.L2Ball(0.7, center=_ramp(d))),
    "l2 point": SetCase(lambda d: sets.L2Ball(0.0), lambda d: np.zeros((1, d))),
    "linf": SetCase(lambda d: sets.LinfBall(1.5, dim=d), lambda d: _corners(np.full(d, -1.5), np.full(d, 1.5))),
    "linf centred": SetCase(
        lambda d: sets.LinfBall(0.7, center=_ramp(d)), lambda d: _corners(_ramp(d) - 0.7, _ramp(d) + 0.7)
    ),
    "lp": SetCase(lambda d: sets.LpBall(1.5, p=1.3)),
    "floored": SetCase(lambda d: sets.BoundedSimplex(0.1, dim=d), lambda d: 0.1 + (1.0 - 0.1 * d) * np.eye(d)),
    "choose k of d": SetCase(lambda d: sets.BoundedSimplex(upper=1.0, total=max(d // 2, 1)), _hypersimplex),
    "box": SetCase(lambda d: sets.Box(-0.5, 2.0, dim=d), lambda d: _corners(np.full(d, -0.5), np.full(d, 2.0))),
    "box vectors": SetCase(
        lambda d: sets.Box(_ramp(d), _ramp(d) + np.arange(d)), lambda d: _corners(_ramp(d), _ramp(d) + np.arange(d))
    ),
}

UNBOUNDED: dict[str, Callable[[int], sets.ConvexSet]] = {
    "orthant": lambda d: sets.Orthant(),
    "half open": lambda d: sets.Box(lower=_ramp(d), upper=np.where(np.arange(d) % 2, np.inf, 5.0)),
    "space": lambda d: sets.WholeSpace(),
    "box space": lambda d: sets.Box(dim=d),
}

REGULARIZERS: dict[str, sets.Regularizer] = {
    "zero": sets.Zero(),
    "l1": sets.L1Norm(0.7),
    "l1 weightless": sets.L1Norm(0.0),
    "l2": sets.L2Norm(0.7),
    "l2 groups": sets.L2Norm(0.7, group_size=2),
    "l2 weightless": sets.L2Norm(0.0),
    "ridge": sets.SquaredL2(0.7),
    "elastic": sets.ElasticNet(0.7, 0.3),
    "indicator": sets.Indicator(sets.Simplex()),
    "support": sets.SupportFunction(sets.L1Ball(0.7)),
    "support box": sets.SupportFunction(sets.Box(-1.0, math.inf)),
}


@pytest.fixture(scope="module", params=SETS)
def bounded(request: Any) -> SetCase:
    return SETS[request.param]


@pytest.fixture(scope="module", params=[name for name, case in SETS.items() if case.vertices])
def polytope(request: Any) -> SetCase:
    return SETS[request.param]


@pytest.fixture(scope="module", params=UNBOUNDED)
def unbounded(request: Any) -> Callable[[int], sets.ConvexSet]:
    return UNBOUNDED[request.param]


@pytest.fixture(scope="module", params=[*SETS, *UNBOUNDED])
def any_set(request: Any) -> Callable[[int], sets.ConvexSet]:
    return SETS[request.param].make if request.param in SETS else UNBOUNDED[request.param]


@pytest.fixture(scope="module", params=REGULARIZERS)
def regularizer(request: Any) -> sets.Regularizer:
    return REGULARIZERS[request.param]
