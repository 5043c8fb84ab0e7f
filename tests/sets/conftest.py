"""The catalogue of sets, regularisers and pairs of a mirror map and a set that every test of this room runs over."""

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


# --- pairs of a mirror map and a feasible set, in dimension 4 (matrices: 3 by 3) ---

D = 4
N = 3
_ROOT = np.array([[2.0, 0.3, 0.0, -0.5], [0.1, 1.0, 0.4, 0.0], [0.0, 0.2, 0.5, 0.1], [0.7, 0.0, 0.0, 1.5]])
METRIC = _ROOT @ _ROOT.T
WEIGHTS = np.array([0.5, 2.0, 1.0, 4.0])
NORMAL = np.array([1.0, -2.0, 0.5, 1.0])
TRIANGLE = np.vstack([-np.eye(D), np.arange(1.0, D + 1)])  # x >= 0, x_1 + 2 x_2 + 3 x_3 + 4 x_4 <= 2
TRIANGLE_RHS = np.array([0.0, 0.0, 0.0, 0.0, 2.0])
EQUATIONS = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, -1.0, 2.0]])


@dataclass(frozen=True)
class Pair:
    """Builds the map and the set from arrays made by `asarray`; `sample` draws points of the interior of the domain."""

    psi: Callable[[Any], sets.MirrorMap]
    constraint: Callable[[Any], sets.ConvexSet]
    sample: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    numpy_only: bool = False
    bounded: bool = True
    tol: float = 1e-11

    @property
    def objects(self) -> tuple[sets.MirrorMap, sets.ConvexSet]:
        return self.psi(np.asarray), self.constraint(np.asarray)


def normal(rng, batch):
    return 2.0 * rng.normal(size=(*batch, D))


def positive(rng, batch):
    return rng.gamma(1.0, size=(*batch, D)) + 1e-3


def definite(rng, batch):
    root = rng.normal(size=(*batch, N, N))
    return root @ np.swapaxes(root, -1, -2) + 1e-3 * np.eye(N)


def symmetric(rng, batch):
    root = rng.normal(size=(*batch, N, N))
    return root + np.swapaxes(root, -1, -2)


def _simplex(asarray):
    return sets.Simplex(1.5)


def _bounded(asarray):
    return sets.BoundedSimplex(asarray(np.array([0.0, 0.1, 0.0, 0.3])), asarray(np.array([0.5, 0.6, 0.4, 2.0])), 1.2)


def _floored(asarray):
    return sets.BoundedSimplex(lower=0.02, dim=D)


def _capped(asarray):
    return sets.BoundedSimplex(upper=0.4, dim=D)


def _box(asarray):
    return sets.Box(asarray(np.array([-1.0, 0.1, -0.2, -3.0])), asarray(np.array([1.0, 0.6, 0.4, 0.0])))


def _positive_box(asarray):
    return sets.Box(asarray(np.array([0.0, 0.1, 0.5, 0.0])), asarray(np.array([1.0, 0.6, 0.5, 0.2])))


def _ball(asarray):
    return sets.L2Ball(0.7, center=asarray(np.array([0.5, 0.0, -0.5, 1.0])))


def _half(asarray):
    return sets.HalfSpace(asarray(NORMAL), -0.5)


def _flat(asarray):
    return sets.Affine(asarray(EQUATIONS), asarray(np.array([1.0, 0.5])))


def _euclidean(asarray):
    return sets.Euclidean()


def _quadratic(asarray):
    return sets.Quadratic(asarray(METRIC))


def _diagonal(asarray):
    return sets.DiagonalQuadratic(asarray(WEIGHTS))


PAIRS = {
    "euclid half-space": Pair(_euclidean, _half, normal, bounded=False),
    "euclid affine": Pair(_euclidean, _flat, normal, bounded=False),
    "euclid orthant": Pair(_euclidean, lambda a: sets.Orthant(), normal, bounded=False),
    "euclid bounded simplex": Pair(_euclidean, _bounded, normal),
    "euclid lp ball": Pair(_euclidean, lambda a: sets.LpBall(0.9, 1.3), normal),
    "euclid polytope": Pair(_euclidean, lambda a: sets.Polytope(TRIANGLE, TRIANGLE_RHS), normal, numpy_only=True),
    "euclid polytope with equations": Pair(
        _euclidean,
        lambda a: sets.Polytope(TRIANGLE, TRIANGLE_RHS, EQUATIONS[:1], [0.6]),
        normal,
        numpy_only=True,
    ),
    "euclid spectraplex": Pair(lambda a: sets.Euclidean(point_ndim=2), lambda a: sets.Spectraplex(), symmetric),
    "euclid capped spectraplex": Pair(
        lambda a: sets.Euclidean(point_ndim=2), lambda a: sets.CappedSpectraplex(0.4), symmetric
    ),
    "euclid cone": Pair(
        lambda a: sets.Euclidean(point_ndim=2), lambda a: sets.SemidefiniteCone(), symmetric, bounded=False
    ),
    "entropy simplex": Pair(lambda a: sets.NegativeEntropy(), _simplex, positive),
    "entropy floored": Pair(lambda a: sets.NegativeEntropy(), _floored, positive),
    "entropy capped": Pair(lambda a: sets.NegativeEntropy(), _capped, positive),
    "entropy bounded": Pair(lambda a: sets.NegativeEntropy(), _bounded, positive),
    "entropy box": Pair(lambda a: sets.NegativeEntropy(), _positive_box, positive),
    "entropy orthant": Pair(lambda a: sets.NegativeEntropy(), lambda a: sets.Orthant(), positive, bounded=False),
    "p-norm space": Pair(lambda a: sets.PNorm(1.3), lambda a: sets.WholeSpace(), normal, bounded=False, tol=1e-9),
    "p-norm lp ball": Pair(lambda a: sets.PNorm(1.3), lambda a: sets.LpBall(0.9, 1.3), normal, tol=1e-10),
    "p-norm simplex": Pair(lambda a: sets.PNorm(1.3), _simplex, normal, tol=1e-10),
    "p-norm box": Pair(lambda a: sets.PNorm(1.3), _box, normal, tol=1e-9),
    "p-norm Euclidean box": Pair(lambda a: sets.PNorm(2.0), _box, normal),
    "p-norm Euclidean simplex": Pair(lambda a: sets.PNorm(2.0), _simplex, normal),
    "barrier simplex": Pair(lambda a: sets.LogBarrier(), _simplex, positive),
    "barrier box": Pair(lambda a: sets.LogBarrier(), _positive_box, positive),
    "quadratic space": Pair(_quadratic, lambda a: sets.WholeSpace(), normal, bounded=False),
    "quadratic ball": Pair(_quadratic, _ball, normal),
    "quadratic simplex": Pair(_quadratic, _simplex, normal),
    "quadratic bounded simplex": Pair(_quadratic, _bounded, normal),
    "quadratic box": Pair(_quadratic, _box, normal),
    "quadratic half-space": Pair(_quadratic, _half, normal, bounded=False),
    "quadratic affine": Pair(_quadratic, _flat, normal, bounded=False),
    "quadratic l1 ball": Pair(_quadratic, lambda a: sets.L1Ball(0.8), normal),
    "quadratic polytope": Pair(_quadratic, lambda a: sets.Polytope(TRIANGLE, TRIANGLE_RHS), normal, numpy_only=True),
    "diagonal space": Pair(_diagonal, lambda a: sets.WholeSpace(), normal, bounded=False),
    "diagonal box": Pair(_diagonal, _box, normal),
    "diagonal ball": Pair(_diagonal, _ball, normal),
    "diagonal simplex": Pair(_diagonal, _simplex, normal),
    "diagonal bounded simplex": Pair(_diagonal, _bounded, normal),
    "diagonal half-space": Pair(_diagonal, _half, normal, bounded=False),
    "matrix entropy spectraplex": Pair(lambda a: sets.MatrixEntropy(), lambda a: sets.Spectraplex(1.5), definite),
    "matrix entropy capped": Pair(lambda a: sets.MatrixEntropy(), lambda a: sets.CappedSpectraplex(0.4), definite),
    "matrix entropy cone": Pair(
        lambda a: sets.MatrixEntropy(), lambda a: sets.SemidefiniteCone(), definite, bounded=False
    ),
}


@pytest.fixture(scope="module", params=PAIRS)
def pair(request: Any) -> Pair:
    return PAIRS[request.param]


@pytest.fixture(scope="module", params=[name for name, case in PAIRS.items() if not case.numpy_only])
def portable_pair(request: Any) -> Pair:
    return PAIRS[request.param]


@pytest.fixture(scope="module")
def all_pairs() -> dict[str, Pair]:
    return PAIRS
