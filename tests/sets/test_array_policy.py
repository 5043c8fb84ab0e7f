"""One source for every array library: batches, dtypes, devices, read-only input, new output."""

import array_api_strict as strict
import numpy as np
import pytest

from optlab import sets

MAP = sets.Euclidean()


def _calls(obj, d):
    """Every method of a set, a regulariser or a mirror map, as functions of one array of points."""
    if isinstance(obj, sets.ConvexSet):
        calls = {"project": obj.project, "contains": obj.contains, "support": obj.support}
        calls["prox_support"] = lambda x: obj.prox_support(x, 0.5)
        if np.isfinite(_diameter(obj, d)):
            calls["lmo"] = obj.lmo
        return calls
    if isinstance(obj, sets.Regularizer):
        calls = {"value": obj.value, "prox": lambda x: obj.prox(x, 0.5)}
        if isinstance(obj, sets.Norm):
            calls["dual_norm"] = obj.dual_norm
        return calls
    return {
        "value": obj.value,
        "gradient": obj.gradient,
        "dual_gradient": obj.dual_gradient,
        "bregman": lambda x: obj.bregman(x, 2 * x),
        "mirror_step": lambda x: obj.mirror_step(x, x, 0.1, sets.Simplex()),
    }


def _diameter(C, d):
    return C.diameter if not (isinstance(C, sets.Box | sets.LinfBall) and C.dim is None) else np.inf


def _points(rng, shape, dtype=np.float64):
    x = rng.normal(size=shape).astype(dtype)
    x[..., 0] = np.round(x[..., 0])  # some zeros, some ties
    return x


def test_a_batch_is_the_loop_over_its_members_for_sets(any_set, seed=0):
    _assert_batch_equals_loop(any_set(4), seed)


def test_a_batch_is_the_loop_over_its_members_for_regularizers(regularizer, seed=0):
    _assert_batch_equals_loop(regularizer, seed)


def test_a_batch_is_the_loop_over_its_members_for_mirror_maps(seed=0):
    _assert_batch_equals_loop(MAP, seed)


def _assert_batch_equals_loop(obj, seed):
    x = _points(np.random.default_rng(seed), (3, 5, 4))
    for name, call in _calls(obj, 4).items():
        batch = call(x)
        assert batch.shape[:2] == (3, 5), name
        for i, j in np.ndindex(3, 5):
            np.testing.assert_allclose(batch[i, j], call(x[i, j]), rtol=1e-14, atol=1e-14, err_msg=name)
        assert call(x[:0]).shape[:2] == (0, 5), name


def _assert_strict_equals_numpy(make, dtype, seed):
    """`make(xp, device)` builds the object with its parameters in the library of the points."""
    x = _points(np.random.default_rng(seed), (3, 4), dtype)
    for device in map(strict.Device, ("CPU_DEVICE", "device1")):
        reference = _calls(make(np.asarray), 4)
        for name, call in _calls(make(lambda a, device=device: strict.asarray(a, device=device)), 4).items():
            out = call(strict.asarray(x, device=device))
            assert out.device == device, name
            expected = np.asarray(reference[name](x))
            host = np.asarray(strict.from_dlpack(out, device=strict.Device("CPU_DEVICE"))._array)
            assert host.dtype == expected.dtype == (np.bool_ if name == "contains" else dtype), name
            np.testing.assert_array_equal(host, expected, err_msg=name)


VECTOR = np.array([0.0, 0.25, -0.5, 1.0])
STRICT = {
    "simplex": lambda asarray: sets.Simplex(1.5),
    "l1": lambda asarray: sets.L1Ball(0.7),
    "l1 centred": lambda asarray: sets.L1Ball(0.7, center=asarray(VECTOR)),
    "l2": lambda asarray: sets.L2Ball(0.7),
    "l2 centred": lambda asarray: sets.L2Ball(0.7, center=asarray(VECTOR)),
    "linf": lambda asarray: sets.LinfBall(0.7, dim=4),
    "linf centred": lambda asarray: sets.LinfBall(0.7, center=asarray(VECTOR)),
    "lp": lambda asarray: sets.LpBall(0.7, p=1.4),
    "floored": lambda asarray: sets.BoundedSimplex(lower=0.1, dim=4),
    "bounded": lambda asarray: sets.BoundedSimplex(asarray(VECTOR**2 / 4), asarray(VECTOR**2), total=1.2),
    "orthant": lambda asarray: sets.Orthant(),
    "box": lambda asarray: sets.Box(-0.5, 1.0, dim=4),
    "box vectors": lambda asarray: sets.Box(asarray(VECTOR), asarray(VECTOR + 1.0)),
    "box mixed": lambda asarray: sets.Box(asarray(VECTOR), 2.0),
    "space": lambda asarray: sets.WholeSpace(),
    "zero": lambda asarray: sets.Zero(),
    "l1 norm": lambda asarray: sets.L1Norm(0.3),
    "l2 norm": lambda asarray: sets.L2Norm(0.3),
    "l2 groups": lambda asarray: sets.L2Norm(0.3, group_size=2),
    "l1 weightless": lambda asarray: sets.L1Norm(0.0),
    "ridge": lambda asarray: sets.SquaredL2(0.3),
    "elastic": lambda asarray: sets.ElasticNet(0.3, 0.2),
    "indicator": lambda asarray: sets.Indicator(sets.LinfBall(0.7)),
    "support": lambda asarray: sets.SupportFunction(sets.Simplex()),
    "euclidean": lambda asarray: sets.Euclidean(),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", STRICT)
def test_array_api_strict_equals_numpy_on_every_device(name, dtype, seed=0):
    _assert_strict_equals_numpy(STRICT[name], dtype, seed)


def test_strict_arrays_of_parameters_of_another_library_are_refused():
    with pytest.raises(TypeError, match="different libraries"):
        sets.L2Ball(center=VECTOR).project(strict.asarray(VECTOR))
    with pytest.raises(TypeError, match="different libraries"):
        sets.Box(lower=strict.asarray(VECTOR)).project(VECTOR)


def test_strict_arrays_raise_the_same_error_where_a_minimum_is_missing():
    with pytest.raises(sets.UnboundedError, match="negative where upper"):
        sets.Box(lower=0.0).lmo(strict.asarray([-1.0]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_scalars_as_steps_keep_the_dtype(regularizer, dtype):
    x = np.ones(4, dtype=dtype)
    for step in (0.5, 1, np.float64(0.5), np.float32(0.5), np.int64(1), np.full((1,), 0.5)):
        assert regularizer.prox(x, step).dtype == dtype
    assert sets.Simplex(np.float64(2.0)).project(x).dtype == dtype
    assert sets.Box(np.zeros(4), np.ones(4)).project(x).dtype == dtype


def test_lists_integers_and_fortran_order(any_set):
    x = np.array([[1, -2, 0, 3], [0, 0, 1, 5]])
    C = any_set(4)
    expected = C.project(x.astype(float))
    assert expected.dtype == np.float64
    np.testing.assert_array_equal(C.project(x), expected)
    np.testing.assert_array_equal(C.project(x.tolist()), expected)
    np.testing.assert_array_equal(C.project(np.asfortranarray(x.astype(float))), expected)


def test_inputs_are_left_alone_and_outputs_are_new_for_sets(any_set):
    _assert_untouched(any_set(4))


def test_inputs_are_left_alone_and_outputs_are_new_for_regularizers(regularizer):
    _assert_untouched(regularizer)


def test_inputs_are_left_alone_and_outputs_are_new_for_mirror_maps():
    _assert_untouched(MAP)


def _assert_untouched(obj):
    x = np.array([[0.1, 0.2, 0.3, 0.4], [3.0, -2.0, 0.0, 1.0]])
    x.flags.writeable = False
    before = x.copy()
    for name, call in _calls(obj, 4).items():
        out = call(x)
        np.testing.assert_array_equal(x, before)
        assert not np.shares_memory(out, x), name
        assert out.flags.writeable, name


def test_the_answer_does_not_alias_a_parameter():
    center = np.array([1.0, 2.0])
    for C in (sets.L2Ball(0.0, center=center), sets.L1Ball(0.0, center=center), sets.Box(center, center)):
        for out in (C.project([9.0, 9.0]), C.lmo([1.0, 1.0]), C.lmo([0.0, 0.0])):
            out[:] = 0.0
        np.testing.assert_array_equal(C.project([9.0, 9.0]), [1.0, 2.0])
