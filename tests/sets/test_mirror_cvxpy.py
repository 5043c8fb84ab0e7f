"""Mirror steps against a conic solver, which shares no line with ours."""

import cvxpy as cp
import numpy as np
import pytest

from optlab import sets

PRECISE = {"solver": "CLARABEL", "tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}


def constraints(C, u):
    """The set as constraints on a cvxpy variable."""
    if isinstance(C, sets.BoundedSimplex):
        upper = [u <= C.upper] if np.all(np.isfinite(C.upper)) else []
        return [u >= C.lower, cp.sum(u) == C.total, *upper]
    if isinstance(C, sets.Simplex):
        return [u >= 0, cp.sum(u) == C.total]
    if isinstance(C, sets.Box):
        return [u >= C.lower] + ([u <= C.upper] if np.all(np.isfinite(C.upper)) else [])
    if isinstance(C, sets.L2Ball):
        return [cp.norm2(u - C.center) <= C.radius]
    if isinstance(C, sets.L1Ball):
        return [cp.norm1(u) <= C.radius]
    if isinstance(C, sets.LpBall):
        return [cp.pnorm(u, C.p) <= C.radius]
    if isinstance(C, sets.HalfSpace):
        return [u @ C.normal <= C.offset]
    if isinstance(C, sets.Affine):
        return [C.matrix @ u == C.rhs]
    if isinstance(C, sets.Polytope):
        return [C.matrix @ u <= C.rhs] + ([C.eq_matrix @ u == C.eq_rhs] if C.eq_matrix is not None else [])
    if isinstance(C, sets.Spectraplex):
        return [u >> 0, cp.trace(u) == C.total]
    if isinstance(C, sets.CappedSpectraplex):
        return [u >> 0, C.cap * np.eye(u.shape[0]) - u >> 0, cp.trace(u) == C.total]
    if isinstance(C, sets.SemidefiniteCone):
        return [u >> 0]
    assert isinstance(C, sets.WholeSpace)
    return []


def potential(psi, u):
    if isinstance(psi, sets.NegativeEntropy):
        return -cp.sum(cp.entr(u))
    if isinstance(psi, sets.PNorm):
        return 0.5 * cp.square(cp.pnorm(u, psi.p))
    if isinstance(psi, sets.LogBarrier):
        return -cp.sum(cp.log(u))
    if isinstance(psi, sets.Quadratic):
        return 0.5 * cp.sum_squares(np.linalg.cholesky(psi.matrix).T @ u)
    if isinstance(psi, sets.DiagonalQuadratic):
        return 0.5 * cp.sum_squares(cp.multiply(np.sqrt(psi.weights), u))
    return 0.5 * cp.sum_squares(u)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mirror_steps_agree_with_cvxpy(pair, seed=7):
    """Of both answers ours must have the smaller objective, up to the solver's accuracy, and the points must agree."""
    psi, C = pair.objects
    rng = np.random.default_rng(seed)
    x, g = psi.project(pair.sample(rng, ()), C), pair.sample(rng, ()) - 0.5 * pair.sample(rng, ())
    theta = psi.gradient(x) - 0.4 * g
    ours = psi.mirror_step(x, g, 0.4, C)
    if isinstance(psi, sets.MatrixEntropy):
        # Its conic form needs a quantum relative entropy; the eigenvalues are enough: with theta = Q diag(t) Q^T the
        # largest <theta, u> - tr(u ln u) is attained by Q diag(v) Q^T (von Neumann), v the answer for the eigenvalues.
        t, q = np.linalg.eigh(theta)
        v = cp.Variable(t.size)
        cap = [v <= C.cap] if isinstance(C, sets.CappedSpectraplex) else []
        trace = [cp.sum(v) == C.total] if not isinstance(C, sets.SemidefiniteCone) else []
        cp.Problem(cp.Minimize(-cp.sum(cp.entr(v)) - t @ v), [*cap, *trace]).solve(**PRECISE)
        np.testing.assert_allclose(ours, (q * v.value) @ q.T, atol=1e-4 * (1.0 + np.max(np.abs(ours))))
        return
    u = cp.Variable(x.shape, symmetric=True) if psi.point_ndim == 2 else cp.Variable(x.shape)
    objective = cp.Minimize(potential(psi, u) - cp.sum(cp.multiply(theta, u)))
    problem = cp.Problem(objective, constraints(C, u))
    problem.solve(**PRECISE)
    axes = tuple(range(-psi.point_ndim, 0))
    value = psi.value(ours) - np.sum(theta * ours, axis=axes)
    assert value <= problem.value + 1e-6 * (1.0 + abs(problem.value))
    np.testing.assert_allclose(ours, u.value, atol=2e-4 * (1.0 + np.max(np.abs(ours))))


def test_the_simplex_projection_agrees_to_the_sheets_accuracy(seed=8):
    rng = np.random.default_rng(seed)
    for d in (2, 7, 20):
        x = rng.normal(size=d)
        u = cp.Variable(d)
        problem = cp.Problem(cp.Minimize(cp.sum_squares(u - x)), [u >= 0, cp.sum(u) == 1])
        problem.solve(solver="CLARABEL", tol_gap_abs=1e-14, tol_gap_rel=1e-14, tol_feas=1e-14)
        np.testing.assert_allclose(sets.Simplex().project(x), u.value, atol=5e-9)
