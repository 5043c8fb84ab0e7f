"""Construction: what is refused and how it is said, equality, hash, pickling, immutability."""

import pickle
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import numpy as np
import pytest

from optlab import sets


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: sets.Simplex(0.0), ValueError, "total must be a finite number > 0, got 0.0"),
        (lambda: sets.Simplex(np.inf), ValueError, "total"),
        (lambda: sets.Simplex("1"), TypeError, "total must be a real number"),
        (lambda: sets.Simplex(dim=0), ValueError, "dim must be at least 1"),
        (lambda: sets.Simplex(dim=2.0), TypeError, "dim must be an integer"),
        (lambda: sets.L1Ball(-1.0), ValueError, "radius must be a finite number >= 0, got -1.0"),
        (lambda: sets.L2Ball(np.nan), ValueError, "radius"),
        (lambda: sets.LinfBall(np.inf), ValueError, "radius"),
        (lambda: sets.L2Ball(center=np.nan), ValueError, "center"),
        (lambda: sets.L2Ball(center=[1.0, np.inf]), ValueError, "center holds NaN or infinite values"),
        (lambda: sets.L2Ball(center=np.ones((2, 2))), ValueError, r"center must be .* got shape \(2, 2\)"),
        (lambda: sets.L2Ball(center=[]), ValueError, r"center must be .* got shape \(0,\)"),
        (lambda: sets.L2Ball(center=["a"]), TypeError, "center"),
        (lambda: sets.L1Ball(center=[1.0, 2.0], dim=3), ValueError, "center must have 3 coordinates, got 2"),
        (lambda: sets.Box(1.0, 0.0), ValueError, "lower must not exceed upper"),
        (lambda: sets.Box([0.0, 2.0], 1.0), ValueError, "lower must not exceed upper"),
        (lambda: sets.Box([0.0, 0.0], [1.0, 1.0, 1.0]), ValueError, "upper must have 2 coordinates, got 3"),
        (lambda: sets.Box(lower=np.nan), ValueError, "lower"),
        (lambda: sets.Box(lower=[0.0, np.nan]), ValueError, "lower holds NaN"),
        (lambda: sets.Box(lower=np.inf), ValueError, "lower must be below"),
        (lambda: sets.Box(upper=[1.0, -np.inf]), ValueError, "upper must be above"),
        (lambda: sets.WholeSpace(dim=-1), ValueError, "dim must be at least 1"),
        (lambda: sets.L1Norm(-1.0), ValueError, "weight must be a finite number >= 0, got -1.0"),
        (lambda: sets.L2Norm(np.inf), ValueError, "weight"),
        (lambda: sets.L2Norm(group_size=0), ValueError, "group_size must be at least 1"),
        (lambda: sets.SquaredL2(True), TypeError, "weight must be a real number"),
        (lambda: sets.ElasticNet(l1=-1.0), ValueError, "l1"),
        (lambda: sets.ElasticNet(l2=-1.0), ValueError, "l2"),
        (lambda: sets.Indicator(1.0), TypeError, "constraint must be a ConvexSet, got float"),
        (lambda: sets.SupportFunction(sets.L1Norm()), TypeError, "constraint must be a ConvexSet, got L1Norm"),
    ],
)
def test_bad_parameters(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("method", ["project", "lmo", "support", "contains"])
def test_bad_points_of_sets(bounded, method):
    call = getattr(bounded.make(3), method)
    name = {"lmo": "g", "support": "y"}.get(method, "x")
    with pytest.raises(ValueError, match=rf"{name} must hold vectors along its last axis, got shape \(\)"):
        call(1.0)
    with pytest.raises(ValueError, match=rf"{name} must hold vectors along its last axis, got shape \(2, 0\)"):
        call(np.ones((2, 0)))
    with pytest.raises(TypeError, match=name):
        call(np.array([1j, 2.0, 3.0]))


@pytest.mark.parametrize(
    "C", [sets.Simplex(dim=3), sets.L2Ball(center=[1.0, 2.0, 3.0]), sets.Box(upper=np.ones(3)), sets.WholeSpace(dim=3)]
)
def test_a_known_dimension_is_insisted_on(C):
    assert C.dim == 3
    for method in (C.project, C.lmo, C.support, C.contains, sets.Indicator(C).value):
        with pytest.raises(ValueError, match="must have 3 coordinates along its last axis, got shape"):
            method(np.ones((3, 2)))


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan, np.inf])
def test_bad_steps(regularizer, step):
    with pytest.raises(ValueError, match="step"):
        regularizer.prox(np.ones(4), step)
    with pytest.raises(ValueError, match="step must hold finite numbers > 0"):
        regularizer.prox(np.ones((2, 4)), np.array([[1.0], [step]]))
    with pytest.raises(ValueError, match=r"step must be a number or an array of shape \(..., 1\), got shape \(2, 4\)"):
        regularizer.prox(np.ones((2, 4)), np.ones((2, 4)))


def test_bad_points_of_regularizers_and_mirror_maps(regularizer):
    with pytest.raises(ValueError, match="x must hold vectors"):
        regularizer.prox(1.0, 1.0)
    with pytest.raises(ValueError, match="x must hold vectors"):
        regularizer.value(1.0)
    with pytest.raises(ValueError, match="x must split into groups of 2"):
        sets.L2Norm(group_size=2).value([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="g must hold vectors"):
        sets.Euclidean().mirror_step([1.0], 1.0, 0.1)
    with pytest.raises(ValueError, match="step"):
        sets.Euclidean().mirror_step([1.0], [1.0], 0.0)


@pytest.mark.parametrize("tol", [-1.0, np.nan])
def test_bad_tolerances(tol):
    with pytest.raises(ValueError, match="tol"):
        sets.Simplex().contains([1.0], tol=tol)


def test_defaults():
    assert sets.Simplex() == sets.Simplex(total=1.0, dim=None)
    for ball in (sets.L1Ball, sets.L2Ball, sets.LinfBall):
        assert ball() == ball(radius=1.0, center=0.0, dim=None)
    assert sets.Box() == sets.Box(lower=-np.inf, upper=np.inf, dim=None)
    assert sets.L1Norm() == sets.L1Norm(weight=1.0)
    assert sets.L2Norm() == sets.L2Norm(weight=1.0, group_size=None)
    assert sets.SquaredL2() == sets.SquaredL2(weight=1.0)
    assert sets.ElasticNet() == sets.ElasticNet(l1=1.0, l2=1.0)


def test_equality_hash_and_pickle_go_by_value(any_set):
    C, D = any_set(3), any_set(3)
    assert C == D
    assert hash(C) == hash(D)
    assert pickle.loads(pickle.dumps(C)) == C
    assert C != any_set and C != 1.0


def test_objects_that_differ_are_not_equal():
    different = [
        sets.L1Ball(),
        sets.L1Ball(2.0),
        sets.L2Ball(),
        sets.L2Ball(dim=2),
        sets.L2Ball(center=1.0),
        sets.L2Ball(center=[0.0, 0.0]),
        sets.L2Ball(center=[0.0, 1.0]),
        sets.L2Ball(center=[0.0, 1.0, 2.0]),
        sets.L2Ball(center=np.array([0.0, 1.0], dtype=np.float32)),
        sets.Indicator(sets.L1Ball()),
        sets.Indicator(sets.L2Ball()),
        sets.SupportFunction(sets.L1Ball()),
        sets.Euclidean(),
        sets.Zero(),
    ]
    for i, a in enumerate(different):
        assert [b == a for b in different] == [j == i for j in range(len(different))]
    assert len(set(different)) == len(different)


def test_sets_cannot_be_changed_after_construction():
    lower = np.zeros(2)
    box = sets.Box(lower, 1.0)
    lower[:] = 5.0
    np.testing.assert_array_equal(box.project([-1.0, -1.0]), [0.0, 0.0])
    with pytest.raises(ValueError, match="read-only"):
        box.lower[0] = 3.0


def test_every_set_is_frozen(any_set):
    _assert_frozen(any_set(3))


def test_every_regularizer_and_mirror_map_is_frozen(regularizer):
    _assert_frozen(regularizer)
    _assert_frozen(sets.Euclidean())


def _assert_frozen(obj):
    for name in [*vars(obj), "anything_else"]:
        with pytest.raises(FrozenInstanceError):
            setattr(obj, name, 3.0)


def test_the_frames_cannot_be_instantiated_and_serve_a_users_set():
    for frame in (sets.ConvexSet, sets.Regularizer, sets.Norm, sets.MirrorMap):
        with pytest.raises(TypeError, match="abstract"):
            frame()

    @dataclass(frozen=True, eq=False)
    class Segment(sets.ConvexSet):
        """The segment from the origin to `end`."""

        end: Any

        def project(self, x):
            x = np.asarray(x, dtype=float)
            return np.clip(x @ self.end / (self.end @ self.end), 0.0, 1.0)[..., None] * self.end

        def lmo(self, g):
            return np.where(np.asarray(g) @ self.end < 0, 1.0, 0.0)[..., None] * self.end

        @property
        def diameter(self):
            return float(np.linalg.norm(self.end))

    segment = Segment(np.array([3.0, 4.0]))
    assert segment == Segment(np.array([3.0, 4.0])) != Segment(np.array([3.0, 5.0]))
    assert segment.support([1.0, 0.0]) == 3.0
    assert segment.contains([1.5, 2.0])
    assert not segment.contains([4.0, 0.0])
    np.testing.assert_allclose(segment.prox_support([5.0, 0.0], 1.0), [3.2, -2.4])
    np.testing.assert_allclose(sets.Indicator(segment).prox([1.0, 1.0], 2.0), [0.84, 1.12])


def test_every_public_name_is_exported_and_documented():
    for name in sets.__all__:
        assert getattr(sets, name).__doc__
    for cls in (sets.Simplex, sets.L1Ball, sets.Box, sets.WholeSpace, sets.L1Norm, sets.Euclidean):
        assert f"{cls.__name__}(" in repr(cls())
