"""Every pair of a mirror map and a set: first-order optimality, Pythagorean inequality, batches, array libraries."""

import warnings

import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab import sets

quick = settings(deadline=None, max_examples=10)
seeds = st.integers(0, 2**32 - 1)
exponents = st.floats(-2.0, 2.0)


def inner(psi, a, b):
    return np.sum(a * b, axis=tuple(range(-psi.point_ndim, 0)))


def members(pair, rng, count):
    """Random members of the set, in the interior of the domain where the set allows it."""
    psi, C = pair.objects
    return psi.project(pair.sample(rng, (count,)), C)


@quick
@given(seed=seeds, exponent=exponents)
def test_a_mirror_step_is_feasible_and_satisfies_the_variational_inequality(pair, seed, exponent):
    """u is optimal if and only if <g + (grad psi(u) - grad psi(x)) / step, v - u> >= 0 for all v in C."""
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    x = members(pair, rng, 6)
    g = 10.0**exponent * (pair.sample(rng, (6,)) - pair.sample(rng, (6,)))
    if isinstance(psi, sets.LogBarrier | sets.NegativeEntropy):
        x, g = np.maximum(x, 1e-4), np.clip(g, -20.0, 20.0)  # an entry that underflows has no gradient
    if isinstance(psi, sets.MatrixEntropy):
        # Nor has an eigenvalue that rounding reaches: the logarithm magnifies its error by its inverse.
        x = 0.9 * x + 0.1 * np.trace(x, axis1=-2, axis2=-1)[:, None, None] * np.eye(x.shape[-1]) / x.shape[-1]
        g = np.clip(0.5 * (g + np.swapaxes(g, -1, -2)), -2.0, 2.0)
    u = psi.mirror_step(x, g, 0.5, C)
    assert np.all(C.contains(u, tol=pair.tol))
    slope = g + (psi.gradient(u) - psi.gradient(x)) / 0.5
    size = 1.0 + np.max(np.abs(g)) + np.max(np.abs(psi.gradient(u))) + np.max(np.abs(psi.gradient(x)))
    others = members(pair, rng, 50)
    for k in range(6):
        rest = others - u[k]
        gain = inner(psi, slope[k], rest)
        assert np.min(gain) >= -1e2 * pair.tol * size * (1.0 + np.max(np.abs(rest)))
    if pair.bounded:
        worst = C.lmo(slope)
        assert np.all(inner(psi, slope, worst - u) >= -1e2 * pair.tol * size * (1.0 + np.max(np.abs(worst))))


@quick
@given(seed=seeds)
def test_the_projection_is_idempotent_and_pythagorean(pair, seed):
    """B(v, y) >= B(v, u) + B(u, y) for the projection u of y and every v in C."""
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    y = pair.sample(rng, (8,))
    u = psi.project(y, C)
    assert np.all(C.contains(u, tol=pair.tol))
    np.testing.assert_allclose(psi.project(u, C), u, atol=1e2 * pair.tol * (1.0 + np.max(np.abs(u))))
    v = members(pair, rng, 8)
    far = psi.bregman(v, y)
    assert np.all(far - psi.bregman(v, u) - psi.bregman(u, y) >= -1e3 * pair.tol * (1.0 + far))


@quick
@given(seed=seeds)
def test_the_euclidean_projections_are_not_expansive(pair, seed):
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    x, y = pair.sample(rng, (2, 8))
    closer = np.sqrt(2.0 * sets.Euclidean(psi.point_ndim).bregman(C.project(x), C.project(y)))
    assert np.all(closer <= np.sqrt(2.0 * sets.Euclidean(psi.point_ndim).bregman(x, y)) * (1 + 1e-12) + 1e-12)


@quick
@given(seed=seeds)
def test_bregman_is_its_definition_and_as_strongly_convex_as_promised(pair, seed):
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    x, y = members(pair, rng, 8), members(pair, rng, 8)
    divergence = psi.bregman(x, y)
    definition = psi.value(x) - psi.value(y) - inner(psi, psi.gradient(y), x - y)
    np.testing.assert_allclose(divergence, definition, atol=1e-9 * (1.0 + np.max(np.abs(psi.gradient(y)))))
    modulus = psi.strong_convexity(C)
    assert modulus >= 0.0
    assert np.all(divergence >= 0.5 * modulus * psi.norm(x - y) ** 2 - 1e-9)
    np.testing.assert_allclose(psi.bregman(x, x), 0.0, atol=1e-9)


@quick
@given(seed=seeds)
def test_the_norms_are_dual(pair, seed):
    psi, _ = pair.objects
    rng = np.random.default_rng(seed)
    x, g = pair.sample(rng, (2, 50))
    assert np.all(inner(psi, x, g) <= psi.norm(x) * psi.dual_norm(g) * (1.0 + 1e-12))
    if not isinstance(psi, sets.NegativeEntropy | sets.MatrixEntropy | sets.LogBarrier):
        # The gradient of half the squared norm attains the bound: <grad, x> = |grad|_* |x|.
        slope = psi.gradient(x)
        np.testing.assert_allclose(inner(psi, slope, x), psi.norm(x) * psi.dual_norm(slope), rtol=1e-9)


@quick
@given(seed=seeds)
def test_the_conjugate_gradient_inverts_the_gradient(pair, seed):
    psi, _ = pair.objects
    x = pair.sample(np.random.default_rng(seed), (8,))
    np.testing.assert_allclose(psi.dual_gradient(psi.gradient(x)), x, rtol=1e-9, atol=1e-9 * np.max(np.abs(x)))
    np.testing.assert_allclose(psi.dual_project(psi.gradient(x)), x, rtol=1e-9, atol=1e-9 * np.max(np.abs(x)))


def test_a_batch_is_the_loop_over_its_members(pair, seed=3):
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    x, g = pair.sample(rng, (2, 2, 3))
    steps = np.full((2, 3) + (1,) * psi.point_ndim, 0.1)
    x = psi.project(x, C)
    batch = psi.mirror_step(x, g, steps, C)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(batch[i, j], psi.mirror_step(x[i, j], g[i, j], 0.1, C), rtol=1e-9, atol=1e-9)
    assert psi.mirror_step(x[:0], g[:0], 0.1, C).shape == x[:0].shape


def test_inputs_are_left_alone_and_float32_is_kept(pair, seed=4):
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    x = psi.project(pair.sample(rng, (5,)), C)
    g = 0.3 * pair.sample(rng, (5,))
    exact = psi.mirror_step(x, g, 0.5, C)
    x32, g32 = x.astype(np.float32), g.astype(np.float32)
    for array in (x32, g32):
        array.flags.writeable = False
    out = psi.mirror_step(x32, g32, 0.5, C)
    assert out.dtype == np.float32
    assert not np.shares_memory(out, x32)
    np.testing.assert_allclose(out, exact, rtol=2e-3, atol=2e-3)


def test_a_nan_spoils_its_own_point_and_raises_no_warning(pair, seed=5):
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    x, g = psi.project(pair.sample(rng, (3,)), C), 0.1 * pair.sample(rng, (3,))
    expected = psi.mirror_step(x, g, 0.5, C)
    g[1].flat[1] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = psi.mirror_step(x, g, 0.5, C)
    np.testing.assert_allclose(out[[0, 2]], expected[[0, 2]], rtol=1e-9, atol=1e-9)
    assert np.isnan(out[1].flat[1])
    if psi.point_ndim == 1 and not isinstance(C, sets.Box | sets.WholeSpace):
        assert np.all(np.isnan(out[1]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_array_api_strict_equals_numpy_on_every_device(portable_pair, dtype, seed=6):
    case = portable_pair
    psi, C = case.objects
    rng = np.random.default_rng(seed)
    x = psi.project(case.sample(rng, (5,)), C).astype(dtype)
    g = (0.3 * case.sample(rng, (5,))).astype(dtype)
    for device in map(strict.Device, ("CPU_DEVICE", "device1")):

        def asarray(a, device=device):
            return strict.asarray(a, device=device)

        psi_, C_ = case.psi(asarray), case.constraint(asarray)
        xs, gs = asarray(x), asarray(g)
        calls = {
            "step": lambda p, c, x, g: p.mirror_step(x, g, 0.5, c),
            "project": lambda p, c, x, g: p.project(x, c),
            "bregman": lambda p, c, x, g: p.bregman(x, x * 1.5),
            "norm": lambda p, c, x, g: p.norm(g),
            "dual_norm": lambda p, c, x, g: p.dual_norm(g),
            "value": lambda p, c, x, g: p.value(x),
            "support": lambda p, c, x, g: c.support(g),
            "contains": lambda p, c, x, g: c.contains(x),
        }
        for label, call in calls.items():
            out = call(psi_, C_, xs, gs)
            assert out.device == device, label
            host = np.asarray(strict.from_dlpack(out, device=strict.Device("CPU_DEVICE"))._array)
            expected = np.asarray(call(psi, C, x, g))
            assert host.dtype == expected.dtype, label
            np.testing.assert_allclose(host, expected, rtol=1e-5, atol=1e-5, err_msg=label)


def test_the_listed_pairs_are_the_tested_ones(all_pairs):
    tested = {name: set() for name in sets.mirror_pairs()}
    for case in all_pairs.values():
        psi, C = case.objects
        tested[type(psi).__name__].add(type(C).__name__)
    also = {"LogBarrier": {"WholeSpace", "Orthant"}, "NegativeEntropy": {"WholeSpace"}, "PNorm": {"L2Ball"}}
    for name, listed in sets.mirror_pairs().items():
        assert set(listed) - {"ConvexSet"} <= tested[name] | also.get(name, set()), name


def test_a_missing_pair_names_what_would_fit():
    with pytest.raises(sets.MissingProjection) as caught:
        sets.NegativeEntropy().mirror_step([0.5, 0.5], [1.0, 0.0], 0.1, sets.L2Ball())
    message = str(caught.value)
    assert "has no projection onto L2Ball, only onto BoundedSimplex, Box, Simplex, WholeSpace" in message
    assert message.endswith("onto L2Ball: DiagonalQuadratic, Euclidean, PNorm, Quadratic")
    with pytest.raises(sets.MissingProjection, match=r"onto Spectraplex: MatrixEntropy, Euclidean\(point_ndim=2\)"):
        sets.Euclidean().mirror_step(np.eye(2), np.eye(2), 0.1, sets.Spectraplex())
    with pytest.raises(sets.MissingProjection, match="only onto CappedSpectraplex"):
        sets.MatrixEntropy().project(np.eye(2), sets.Simplex())
    with pytest.raises(TypeError, match="constraint must be a ConvexSet, got float"):
        sets.PNorm().mirror_step([1.0], [1.0], 0.1, 2.0)
    with pytest.raises(sets.MissingProjection, match="centred ball of its own norm"):
        sets.PNorm(1.5).project([1.0], sets.LpBall(1.0, 1.2))
    with pytest.raises(sets.MissingProjection, match="centred ball of its own norm"):
        sets.PNorm(2.0).project([1.0], sets.L2Ball(1.0, center=1.0))
