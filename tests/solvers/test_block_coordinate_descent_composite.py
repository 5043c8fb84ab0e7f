"""Composite block coordinate descent: greedy rules, proximal gradient and Newton, two-metric projection."""

import itertools
import math
from fractions import Fraction

import array_api_strict as strict
import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import optlab as ol
from optlab.core.problem import Problem
from optlab.problems._blocks import LogisticBlocks, SquaredBlocks
from optlab.sets import Kinks
from optlab.solvers.block_coordinate_descent.block_qp import BlockModel, NoMinimizer
from optlab.solvers.block_coordinate_descent.composite_selection import COMPOSITE_RULES
from optlab.solvers.block_coordinate_descent.composite_update import COMPOSITE_UPDATES

quick = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 2**32 - 1)
SCORES = ["GS-s", "GS-r", "GS-q", "GSL-s", "GSL-r", "GSL-q"]
UPDATES = list(COMPOSITE_UPDATES)


class WithKinks(Problem):
    """A smooth loss and kinks of any kind."""

    def __init__(self, A, b, kinks):
        self.A = self.like_rows = A
        self.b, self.kinks = b, kinks
        self.like, self.shape = A[0, ...], (A.shape[1],)

    def kink_slopes(self):
        return self.kinks.lower, self.kinks.upper

    def smooth_value(self, x):
        return self.value_along(self.follow(x), None, None, 0.0)

    def smooth_gradient(self, x):
        return self.block_gradient(self.follow(x))

    def value(self, x):
        return self.smooth_value(x) + float(self.kinks.value(x))


class Squared(SquaredBlocks, WithKinks):
    """Half the squared residual."""


class Logistic(LogisticBlocks, WithKinks):
    """The logistic loss; the labels are in `b`."""

    weight = 1.0

    def __init__(self, A, b, kinks):
        self.signed = A * b[:, None]
        super().__init__(A, b, kinks)


def bcd(**parts):
    return ol.BlockCoordinateDescent(**parts)


def run(problem, rule="GSL-q", update="PG", size=1, partition=None, **options):
    return bcd(rule=rule, update=update, block_size=size, partition=partition).run(problem, **options)


def mixed(n, rng, weight=0.7):
    """Coordinates of every kind in turn: l1, non-negative, free, lopsided, with a linear term."""
    kinds = np.arange(n) % 5
    low = np.array([-weight, -np.inf, 0.0, -0.2 * weight, 0.1])[kinds]
    high = np.array([weight, weight, 0.0, weight, 0.1])[kinds]
    return Kinks(low, high)


def random_problem(seed, kind=Squared, m=15, n=10):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n)) * rng.uniform(0.3, 2.0, n)
    b = rng.normal(size=m) if kind is Squared else rng.choice([-1.0, 1.0], m)
    return kind(A, b, mixed(n, rng))


def planted(seed, m=40, n=25, free=6, slack=0.2, weight=1.0, nonnegative=False, scale=1.0):
    """A problem whose optimum is known (P8): off the support A^T (b - A x*) is `slack` away from the ends."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n)) / math.sqrt(m) * np.sqrt(np.geomspace(1.0, scale, n))[rng.permutation(n)]
    x, support = np.zeros(n), rng.permutation(n)[:free]
    x[support] = 0.5 + rng.random(free)
    if nonnegative:
        kinks = Kinks(np.full(n, -np.inf), np.full(n, weight))
        s = weight - slack - rng.random(n)
    else:
        x *= rng.choice([-1.0, 1.0], n)
        kinks = Kinks(np.full(n, -weight), np.full(n, weight))
        s = (weight - slack) * rng.uniform(-1, 1, n)
    s[support] = weight * np.sign(x[support])
    problem = Squared(A, A @ x + A @ np.linalg.solve(A.T @ A, s), kinks)
    return problem, x, problem.value(x)


def kkt(problem, x):
    """How far from optimal: the largest distance of minus the gradient from the subdifferential."""
    return float(problem.kinks.distance(x, problem.smooth_gradient(x)).max())


def falls(problem, result):
    return -np.diff([problem.value(x) for x in result.history.x])


# ---------------------------------------------------------------------------------------------------------------- rules


def _exact_step(c, a, x):
    """The move with L = 1 on (a x - c)^2 / 2 + |x|, its model decrease and the score of GS-s, in fractions."""
    gradient = a * (a * x - c)
    v = x - gradient
    end = v - 1 if v > 1 else v + 1 if v < -1 else Fraction(0)
    d = end - x
    q = -(gradient * d + d * d / 2 + abs(end) - abs(x))
    return d, q, abs(gradient + (1 if x > 0 else -1))  # x is not zero here


@pytest.mark.parametrize(
    ("rule", "x2", "picks", "ratio"),
    [
        ("GS-r", "0.5", 0, 0.835052), ("GS-s", "0.5", 1, 0.164948), ("GS-q", "0.5", 1, 0.164948),
        ("GS-r", "0.01", 0, 0.086408), ("GS-s", "0.01", 1, 0.913592), ("GS-q", "0.01", 0, 0.086408),
    ],
)  # fmt: skip
def test_counterexamples_of_the_sheet(rule, x2, picks, ratio):
    """P7: F = (x_1 - 2)^2 / 2 + (0.7 x_2 + 1)^2 / 2 + |x_1| + |x_2|, optimum 2 at (1, 0), L = 1."""
    terms, x = ((Fraction(2), Fraction(1)), (Fraction(-1), Fraction("0.7"))), (Fraction("0.4"), Fraction(x2))
    steps = [_exact_step(c, a, t) for (c, a), t in zip(terms, x, strict=True)]
    scores = {"GS-r": [abs(d) for d, _, _ in steps], "GS-q": [q for _, q, _ in steps], "GS-s": [s for _, _, s in steps]}
    assert scores[rule][picks] > scores[rule][1 - picks]

    def F(point):
        return sum((a * t - c) ** 2 / 2 + abs(t) for (c, a), t in zip(terms, point, strict=True))

    after = [t + (steps[i][0] if i == picks else 0) for i, t in enumerate(x)]
    exact = (F(after) - 2) / (F(x) - 2)
    assert float(exact) == pytest.approx(ratio, abs=5e-7)
    problem = ol.problems.Lasso(np.diag([1.0, 0.7]), np.array([2.0, -1.0]), weight=1.0)
    result = run(problem, rule, "PG-L", x0=[0.4, float(x2)], max_iter=1, store_x=True)
    assert result.history.trace["selected"][0, 0] == picks
    before, value = (float(problem.value(x)) for x in result.history.x)
    assert (value - 2) / (before - 2) == pytest.approx(float(exact), rel=1e-12)
    assert before - value >= result.history.trace["progress"][0] > 0


def test_own_and_common_constants_by_hand():
    """Diagonal H = (1, 4, 16), l1 weight 1, x = 0 and gradient (-2, -4, -7): L = 16."""
    A = np.diag([1.0, 2.0, 4.0])
    problem = Squared(A, np.linalg.solve(A, np.array([2.0, 4.0, 7.0])), Kinks(-np.ones(3), np.ones(3)))
    scores = {  # without the squares
        "GS-s": [1, 3, 6], "GS-r": [1 / 16, 3 / 16, 6 / 16], "GS-q": [1 / 32, 9 / 32, 36 / 32],
        "GSL-s": [1, 3 / 2, 6 / 4], "GSL-r": [1, 3 / 4, 6 / 16], "GSL-q": [1 / 2, 9 / 8, 36 / 32],
    }  # fmt: skip
    for rule, values in scores.items():
        result = run(problem, rule, max_iter=1)
        assert result.history.trace["selected"][0, 0] == int(np.argmax(values)), rule  # ties: the first
        block = run(problem, rule, size=2, max_iter=1).history.trace["selected"][0]
        np.testing.assert_array_equal(block, np.sort(np.argsort(-np.array(values), kind="stable")[:2]), err_msg=rule)


@quick
@given(seed=seeds)
def test_fixed_blocks_are_compared_by_the_sum_over_the_block(seed):
    rng = np.random.default_rng(seed)
    problem, blocks = random_problem(seed), np.split(rng.permutation(10), [2, 5, 9])
    x = problem.kinks.project(rng.normal(size=10) * rng.integers(0, 2, 10))
    gradient, own = problem.smooth_gradient(x), problem.coordinate_lipschitz()
    for rule in SCORES:
        L = own if rule.startswith("GSL") else np.full(10, own.max())
        d = problem.kinks.prox(x - gradient / L, 1 / L) - x
        low, high = problem.kinks.slope_range(x)
        s = gradient + np.clip(-gradient, low, high)
        q = -(gradient * d + L * d * d / 2 + problem.kinks.values(x + d) - problem.kinks.values(x))
        score = {"s": s * s / L, "r": d * d, "q": q}[rule[-1]]
        sums = np.array([score[b].sum() for b in blocks])
        chosen = run(problem, rule, partition=blocks, size=4, x0=x, max_iter=1).history.trace["selected"][0]
        assert sums[chosen] >= sums.max() * (1 - 1e-9) - 1e-12, rule
        top = run(problem, rule, size=3, x0=x, max_iter=1).history.trace["selected"][0]
        assert score[top].sum() >= np.sort(score)[-3:].sum() * (1 - 1e-9) - 1e-12, rule


@pytest.mark.parametrize("update", ["PG", "PN", "TMP"])
@pytest.mark.parametrize(
    ("rule", "smooth"), [("GS-s", "GS"), ("GS-r", "GS"), ("GS-q", "GS"), ("GSL-q", "GSL"), ("GSL-s", "GSL")]
)
def test_on_smooth_problems_the_rules_are_those_of_smooth_problems(rule, smooth, update, seed=0):
    problem = ol.problems.Quadratic.spread(8, L=5.0, mu=0.5, rotate=True, rng=seed)
    plain = {"PG": "Lb", "PN": "Hb", "TMP": "Hb"}[update]
    for size in (1,) if smooth == "GSL" else (1, 3):  # GSL needs single coordinates
        ours = run(problem, rule, update, size, x0=np.arange(8.0), max_iter=30)
        theirs = run(problem, smooth, plain, size, x0=np.arange(8.0), max_iter=30)
        np.testing.assert_array_equal(ours.history.trace["selected"], theirs.history.trace["selected"])
        np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-9)


@quick
@given(seed=seeds)
def test_the_exact_rule_on_fixed_blocks_promises_most(seed):
    problem, rng = random_problem(seed), np.random.default_rng(seed)
    x = problem.kinks.project(rng.normal(size=10) * rng.integers(0, 2, 10))
    blocks = [tuple(b) for b in np.split(rng.permutation(10), [3, 4, 7])]
    result = run(problem, "GSQ-composite", "PN-bound", 3, blocks, x0=x, max_iter=1, store_x=True)
    falls_by = [
        run(
            problem, "cyclic", "PN-bound", 3, [blocks[i], *blocks[:i], *blocks[i + 1 :]], x0=x, max_iter=1, store_x=True
        )
        for i in range(4)
    ]
    best = max(float(falls(problem, r)[0]) for r in falls_by)
    assert falls(problem, result)[0] == pytest.approx(best, rel=1e-9, abs=1e-12)
    assert result.history.trace["progress"][0] == pytest.approx(best, rel=1e-9, abs=1e-12)


def test_the_exact_rule_needs_fixed_blocks():
    with pytest.raises(ValueError, match="give a partition"):
        run(random_problem(0), "GSQ-composite", "PN")


# -------------------------------------------------------------------------------------------- the model of a block, PN


def _model(seed, n, singular):
    rng = np.random.default_rng(seed)
    B = rng.integers(-2, 3, (max(1, n // 2) if singular else n + 2, n)).astype(float)
    if singular and n > 1:
        B[:, 1] = B[:, 0] * rng.choice([-1.0, 1.0])  # a column that repeats
    weight = rng.integers(0, 3, n) / 2
    low = np.where(rng.random(n) < 0.4, -np.inf, -weight)
    kinks = Kinks(low, np.where(np.isfinite(low), weight * rng.integers(0, 2, n), weight))
    kinks = Kinks(np.where(kinks.upper < kinks.lower, kinks.upper, kinks.lower), kinks.upper)
    x = kinks.project(rng.integers(-2, 3, n).astype(float))
    return BlockModel(B.T @ B, B.T @ rng.normal(size=B.shape[0]) * rng.integers(1, 4), x, kinks)


def _value(model, d):
    return model.g @ d + d @ model.H @ d / 2 + float(model.kinks.values(model.x + d).sum())


def _certificate(model, d):
    scale = np.abs(model.g) + np.abs(model.H) @ (np.abs(d) + np.abs(model.x)) + 1
    return float((model.kinks.distance(model.x + d, model.g + model.H @ d) / scale.max()).max())


@settings(deadline=None, max_examples=150)
@given(seed=seeds, n=st.integers(1, 7), singular=st.booleans())
def test_the_minimizer_of_a_block_is_certified_by_its_optimality_conditions(seed, n, singular):
    model = _model(seed, n, singular)
    d = model.minimizer()
    assert np.isfinite(model.kinks.values(model.x + d)).all()
    assert _certificate(model, d) < (1e-9 if singular else 1e-13)
    assert model.decrease(d) >= 0
    assert model.decrease(d) == pytest.approx(_value(model, 0 * d) - _value(model, d), rel=1e-8, abs=1e-8)


@settings(deadline=None, max_examples=30)
@given(seed=seeds)
def test_the_minimizer_of_a_block_against_brute_force(seed):
    """Each pattern of signs gives one candidate; the best feasible one is the minimiser."""
    model, best = _model(seed, 3, False), math.inf
    for pattern in itertools.product((-1, 0, 1), repeat=3):
        sign, d = np.array(pattern), -model.x.copy()
        W = np.flatnonzero(sign)
        slopes = np.where(sign < 0, model.kinks.lower, model.kinks.upper)[W]
        if not np.isfinite(slopes).all():
            continue
        rest = np.flatnonzero(sign == 0)
        right = -(model.g[W] + slopes + model.H[np.ix_(W, rest)] @ d[rest])
        d[W] = np.linalg.lstsq(model.H[np.ix_(W, W)], right, rcond=None)[0]
        if np.isfinite(model.kinks.values(model.x + d)).all():
            best = min(best, _value(model, d))
    assert _value(model, model.minimizer()) == pytest.approx(best, rel=1e-10, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_minimizer_of_a_block_against_cvxpy(seed, n=30):
    rng = np.random.default_rng(seed)
    B, kinks = rng.normal(size=(n, n)), mixed(n, rng)
    model = BlockModel(B.T @ B, rng.normal(size=n) * 10, kinks.project(rng.normal(size=n)), kinks)
    y = cp.Variable(n)
    low, high = np.where(np.isfinite(kinks.lower), kinks.lower, kinks.upper), kinks.upper
    quadratic = 0.5 * cp.sum_squares(B @ (y - model.x)) + model.g @ (y - model.x)
    cone = [y[np.isinf(kinks.lower)] >= 0]
    best = cp.Problem(cp.Minimize(quadratic + cp.sum(cp.maximum(cp.multiply(low, y), cp.multiply(high, y)))), cone)
    value = best.solve(solver=cp.CLARABEL)
    d = model.minimizer()
    assert _value(model, d) == pytest.approx(value, rel=1e-7, abs=1e-7)
    assert _certificate(model, d) < 1e-13


def test_large_and_badly_scaled_blocks_are_solved_to_rounding(seed=0, n=150):
    rng = np.random.default_rng(seed)
    B = rng.normal(size=(n, n)) * np.geomspace(1e-3, 1e3, n)
    kinks = Kinks(-np.full(n, 1.0), np.full(n, 1.0))
    model = BlockModel(B.T @ B, rng.normal(size=n) * np.geomspace(1e-2, 1e2, n), np.zeros(n), kinks)
    assert _certificate(model, model.minimizer()) < 1e-12


def test_two_equal_columns_of_opposite_sign_meet_at_a_kink():
    """H is singular along (1, -1), where the model has slope -2: the way ends where a coordinate reaches zero."""
    model = BlockModel(np.ones((2, 2)), np.zeros(2), np.array([3.0, -1.0]), Kinks(-np.ones(2), np.ones(2)))
    d = model.minimizer()
    y = model.x + d
    assert y[1] == 0.0
    assert y[0] == pytest.approx(1.0)  # t - 2 + 1 = 0 for the gradient (y_1 + y_2 - 2) of the model
    assert _certificate(model, d) < 1e-13


def test_models_without_minimizer_are_refused():
    free, line = Kinks(np.zeros(2), np.zeros(2)), Kinks(np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    with pytest.raises(NoMinimizer, match="falls for ever"):
        BlockModel(np.ones((2, 2)), np.zeros(2), np.zeros(2), line).minimizer()
    with pytest.raises(NoMinimizer, match="not convex"):
        BlockModel(np.diag([1.0, -1.0]), np.ones(2), np.zeros(2), free).minimizer()
    A = np.ones((3, 2))
    problem = Squared(A, np.ones(3), line)
    with pytest.raises(ValueError, match=r"block of coordinate 0: .* falls for ever"):
        run(problem, update="PN", size=2, max_iter=5)


# -------------------------------------------------------------------------------------------------------------- updates


@quick
@given(seed=seeds, size=st.integers(1, 10), kind=st.sampled_from([Squared, Logistic]), rule=st.sampled_from(SCORES))
@pytest.mark.parametrize("update", UPDATES)
def test_every_update_falls_and_keeps_its_promise(update, seed, size, kind, rule):
    problem = random_problem(seed, kind)
    x0 = np.random.default_rng(seed).normal(size=10) * 3
    result = run(problem, rule, update, size, x0=x0, max_iter=8, store_x=True)
    fall, promised = falls(problem, result), result.history.trace["progress"]
    noise = 1e-12 * (1 + abs(problem.value(result.history.x[0])))
    assert np.all(fall >= -noise)
    known = np.isfinite(promised)
    if update.startswith("PG") or update == "PN-bound" or (update == "PN" and kind is Squared):
        assert known.all()
    assert np.all(fall[known] >= promised[known] - noise)
    assert np.all(promised[known] >= 0)


@pytest.mark.parametrize("kind", [Squared, Logistic])
@pytest.mark.parametrize("size", [1, 4, 10])
@pytest.mark.parametrize("update", UPDATES)
def test_every_update_ends_with_the_certificate(update, size, kind, seed=5):
    problem = random_problem(seed, kind, m=60, n=6)
    result = run(problem, "GSL-q", update, min(size, 6), max_iter=6000, stop=ol.stop.Below("residual", 1e-9), record=10)
    assert result.status in (ol.Status.CONVERGED, ol.Status.EXACT)
    assert kkt(problem, result.x) < 1e-8
    assert np.isfinite(problem.value(result.x))


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("rule", [*SCORES, "random", "cyclic"])
def test_rules_and_updates_agree_on_the_optimum_with_fixed_blocks(rule, update, seed=2):
    problem, x, f = planted(seed, m=30, n=12, free=4)
    result = run(problem, rule, update, 4, "sort", max_iter=1500, rng=seed, record=100)
    assert problem.value(result.x) - f < 1e-11 * f
    np.testing.assert_allclose(result.x, x, atol=1e-7)


def test_proximal_gradient_by_hand():
    """H = [[2, 1], [1, 2]], L_b = 3, gradient (-4, 1) at 0, |x_1| + 1.5 |x_2|: d = (1, 0)."""
    A = np.linalg.cholesky(np.array([[2.0, 1.0], [1.0, 2.0]])).T
    problem = Squared(A, np.linalg.solve(A.T, np.array([4.0, -1.0])), Kinks([-1.0, -1.5], [1.0, 1.5]))
    expected = {"PG": (1.0, 1.5), "PG-L": (0.75, 1.125), "PG-D": (0.75, 1.125)}  # the trace, D_i = 4; d^2 M / 2
    for update, (step, progress) in expected.items():
        result = run(problem, update=update, size=2, max_iter=1)
        np.testing.assert_allclose(result.x, [step, 0.0], rtol=1e-14)
        assert result.history.trace["progress"][0] == pytest.approx(progress)
    result = run(problem, update="PN", size=2, max_iter=1)
    np.testing.assert_allclose(result.x, [11 / 6, -2 / 3], rtol=1e-14)  # 2 a + b = 3, a + 2 b = 0.5
    assert result.history.trace["progress"][0] == pytest.approx(0.5 * (3 * 11 / 6 - 0.5 * 2 / 3))


def test_a_user_who_gives_too_small_constants_is_told():
    problem = random_problem(1)
    with pytest.raises(ValueError, match="lipschitz is too small"):
        bcd(rule="GS-q", update="PG", lipschitz=1e-3, on_violation="raise").run(problem, max_iter=20)
    with pytest.warns(RuntimeWarning, match="doubled where needed"):
        result = bcd(rule="GS-q", update="PG-L", lipschitz=1e-3).run(problem, max_iter=3000)
    assert kkt(problem, result.x) < 1e-6


def test_arguments_of_the_parts_are_checked():
    from optlab.solvers.block_coordinate_descent import composite_selection as rules
    from optlab.solvers.block_coordinate_descent import composite_update as updates

    with pytest.raises(ValueError, match="step must be one of"):
        updates.ProximalStep(step="M")
    with pytest.raises(ValueError, match="curvature must be one of"):
        updates.ProximalNewtonStep(curvature="secant")
    with pytest.raises(ValueError, match="tolerance must be"):
        updates.TwoMetricStep(tolerance=-1.0)
    with pytest.raises(TypeError, match="relative"):
        updates.TwoMetricStep(relative=1.5)
    with pytest.raises(TypeError, match="own"):
        rules.DecreaseRule(own="yes")
    assert set(COMPOSITE_RULES) == {*SCORES, "GSQ-composite"}
    smooth_only = ol.FunctionProblem(2, value=lambda x: float(x @ x), gradient=lambda x: 2 * x)
    for update, oracle in (("PN", "BlockHessian"), ("PN-bound", "BlockCurvature"), ("TMP-bound", "BlockCurvature")):
        with pytest.raises(ol.MissingOracle, match=oracle):
            bcd(rule="GS-q", update=update, lipschitz=2.0).run(smooth_only)


# ------------------------------------------------------------------------------------------------ two-metric projection


@pytest.mark.parametrize("update", ["TMP", "PN", "TMP-bound"])
@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_finite_termination_with_variable_blocks_that_hold_the_support(seed, nonnegative, update):
    """C10: ten steps after identification the gap is at rounding level."""
    problem, x, f = planted(seed, m=250, n=200, free=12, nonnegative=nonnegative, scale=100.0)
    result = run(problem, "GSL-q", update, 12, max_iter=80, store_x=True)
    gap = np.array([problem.value(point) - f for point in result.history.x])
    identified = next(k for k, point in enumerate(result.history.x) if ((point != 0) == (x != 0)).all())
    assert identified <= 40
    after = gap[min(identified + 10, len(gap) - 1) :]
    assert np.all(after <= 1e-10 * gap[0])
    assert np.all(result.x[x == 0] == 0)


def test_newton_on_the_support_beats_the_gradient_and_fixed_blocks(seed=0):
    """C10, the comparison of the sheet on an instance of ours (condition 3e3)."""
    problem, _, f = planted(seed, m=500, n=400, free=20, nonnegative=True, scale=100.0)

    def steps(update, size, partition=None, most=400):
        result = run(problem, "GSL-q", update, size, partition, max_iter=most, metrics={"F": problem.value}, record=1)
        below = np.flatnonzero(result.history["F"] - f < 1e-8)
        return int(below[0]) if below.size else math.inf

    assert steps("TMP", 20) <= 10
    assert 10 < steps("TMP", 5) <= 30
    assert steps("PG", 20) == math.inf
    assert 30 < steps("TMP", 20, "sort") <= 200


def test_superlinear_on_a_logistic_loss(seed=3):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(200, 30))
    b = np.where(A[:, :4].sum(axis=1) + rng.normal(size=200) > 0, 1.0, -1.0)
    problem = Logistic(A, b, Kinks(np.full(30, -8.0), np.full(30, 8.0)))
    for update in ("TMP", "PN"):
        result = run(problem, "GSL-q", update, 30, max_iter=12, record=1)
        residual = result.history["residual"]
        assert residual[-1] < 1e-11
        assert 0 < np.count_nonzero(result.x) < 20
        at = int(np.flatnonzero(residual < 1e-2)[0])
        assert residual[at + 2] < 1e-8


def test_one_block_of_all_coordinates_solves_a_quadratic_at_once():
    problem, x, f = planted(4)
    result = run(problem, "GS-q", "PN", 25, max_iter=1)
    np.testing.assert_allclose(result.x, x, atol=1e-12)
    np.testing.assert_array_equal(result.x != 0, x != 0)
    assert result.history.trace["progress"][0] == pytest.approx(problem.value(np.zeros(25)) - f)
    result = run(problem, "GS-q", "TMP", 25, max_iter=30)
    np.testing.assert_allclose(result.x, x, atol=1e-12)


def test_sign_flips_stop_in_the_kink_and_go_on_from_there():
    """(x + 3)^2 / 2 + |x| from x = 1: Newton aims at -4, the path ends at 0, the next step reaches -2."""
    problem = Squared(np.eye(1), np.array([-3.0]), Kinks([-1.0], [1.0]))
    result = run(problem, "GS-q", "TMP", x0=[1.0], max_iter=5, store_x=True)
    np.testing.assert_array_equal(np.ravel(result.history.x), [1.0, 0.0, -2.0])
    assert result.status is ol.Status.EXACT
    result = run(problem, "GS-q", "PN", x0=[1.0], max_iter=5)
    assert (result.k, result.x[0]) == (1, -2.0)  # the exact model goes through the kink


def test_the_official_tolerance_holds_back_small_coordinates():
    """x_1 = 8e-5 with optimum 5e-5 counts as active for 1e-4: it moves by g / (L_1 + L_2) only."""
    A = np.eye(2)
    problem = Squared(A, np.array([5e-5, 0.0]), Kinks([-np.inf, -np.inf], [0.0, 1.0]))
    x0 = np.array([8e-5, 0.0])
    newton = run(problem, "GS-q", "TMP", 2, x0=x0, max_iter=1).x
    official = run(problem, "GS-q", "TMP-official", 2, x0=x0, max_iter=1).x
    np.testing.assert_allclose(newton, [5e-5, 0.0], rtol=1e-12)
    np.testing.assert_allclose(official, [8e-5 - 3e-5 / 2, 0.0], rtol=1e-12)


def test_a_newton_step_that_overshoots_is_shortened():
    """log(1 + exp(-4 x)) + 2 |x| far out, where the curvature has gone: whole Newton steps would never come back."""
    problem = Logistic(np.array([[4.0]]), np.array([1.0]), Kinks([-0.5], [0.5]))
    for update in ("TMP", "PN"):
        result = run(problem, "GS-q", update, x0=[-5.0], max_iter=60, store_x=True)
        assert np.all(falls(problem, result) >= -1e-14)
        assert kkt(problem, result.x) < 1e-12
    assert result.x[0] == pytest.approx(math.log(7) / 4)  # 4 / (1 + exp(4 x)) = 1 / 2


@pytest.mark.parametrize("update", UPDATES)
def test_the_optimum_is_recognised_without_a_step(update):
    problem = ol.problems.Lasso(np.diag([1.0, 0.5]), np.array([2.0, -1.0]), weight=1.0)
    for size in (1, 2):
        result = run(problem, "GS-q", update, size, x0=[1.0, 0.0])
        assert (result.status, result.k) == (ol.Status.EXACT, 0)


@pytest.mark.parametrize("update", ["PN", "TMP"])
@pytest.mark.parametrize("kind", [Squared, Logistic])
def test_line_searches_rest_at_the_optimum(kind, update, seed=7):
    """At rounding level no step is refused for ever: a handful of values each, and the objective stays where it is."""
    problem = random_problem(seed, kind, m=40)
    first = run(problem, "GSL-q", update, 10, max_iter=60)
    again = run(problem, "GSL-q", update, 10, x0=first.x, max_iter=40)
    assert again.calls["value_along"] <= 8 * max(again.k, 1)
    assert abs(problem.value(again.x) - problem.value(first.x)) <= 1e-13 * abs(problem.value(first.x))
    assert kkt(problem, again.x) < 1e-9


class _Broken(Squared):
    """Oracles that answer NaN once `broken` holds their names."""

    def __init__(self, A, b, kinks):
        super().__init__(A, b, kinks)
        self.broken = set()

    def block_hessian(self, followed, block):
        out = super().block_hessian(followed, block)
        return out * math.nan if "hessian" in self.broken else out

    def block_gradient(self, followed, block=None):
        out = super().block_gradient(followed, block)
        return out * math.nan if "gradient" in self.broken else out


@pytest.mark.parametrize("update", ["PG", "PN", "TMP"])
@pytest.mark.parametrize("what", ["gradient", "hessian"])
def test_nan_oracles_end_the_run_at_the_last_finite_iterate(what, update):
    whole = random_problem(3)
    problem = _Broken(whole.A, whole.b, whole.kinks)

    def break_down(view):
        if view.k == 2:
            problem.broken.add(what)

    result = run(problem, "GSL-q", update, 4, max_iter=6, record=1, callback=break_down)
    if what == "hessian" and update != "PN":  # PG does not ask; TMP falls back on it
        assert result.status is ol.Status.MAX_ITER
    else:
        assert result.status is ol.Status.NONFINITE
        assert result.k <= 3
    assert np.isfinite(result.x).all()


def test_repeated_and_empty_columns():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(6, 5))
    A[:, 1], A[:, 3] = -A[:, 0], 0.0
    for kinks in (Kinks(np.full(5, -0.3), np.full(5, 0.3)), Kinks(np.full(5, -np.inf), np.full(5, 0.2))):
        problem = Squared(A, rng.normal(size=6), kinks)
        for update in UPDATES:
            result = run(problem, "GSL-q", update, 5, x0=np.array([2.0, 1.0, 0.5, 0.5, 1.0]), max_iter=500, record=100)
            assert kkt(problem, result.x) < 1e-8, update
            assert result.x[3] == 0.0


# ----------------------------------------------------------------------------------------------- identification, limits


@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_inside_the_radius_every_coordinate_lands_on_its_kink(seed, nonnegative):
    """C9 (a): within delta / (2 L) of the optimum, L at least the constants of the step and of the gradient."""
    delta = 0.2
    problem, x, _ = planted(seed, slack=delta, nonnegative=nonnegative)
    radius = delta / (2 * float(np.linalg.eigvalsh(problem.A.T @ problem.A)[-1]))
    offset = np.random.default_rng(seed).normal(size=25)
    offset = np.abs(offset) if nonnegative else offset
    x0 = x + 0.999 * radius * offset / np.linalg.norm(offset)
    for i in np.flatnonzero(x == 0):
        order = [[i], *([j] for j in range(25) if j != i)]
        moved = run(problem, "cyclic", "PG", 1, order, x0=x0, max_iter=1).x
        assert moved[i] == 0.0
    assert np.count_nonzero(run(problem, "GSL-q", "PG", x0=x0, max_iter=3000).x) == 6


@pytest.mark.parametrize("rule", ["GS-q", "GSL-q"])
def test_greedy_rules_identify_the_support_and_stay(rule, seed=1):
    problem, x, _ = planted(seed, m=60, n=50, free=8)
    result = run(problem, rule, max_iter=3000, store_x=True)
    exact = np.array([((point != 0) == (x != 0)).all() for point in result.history.x])
    assert exact[-1]
    assert exact[np.flatnonzero(exact)[0] + 400 :].all()


@pytest.mark.parametrize("update", ["PG", "PN", "TMP"])
def test_degenerate_optimum(update, seed=0):
    """delta = 0: some inactive coordinates have their subgradient on the boundary; only identification is lost."""
    problem, x, _ = planted(seed, m=30, n=12, free=3)
    off = np.flatnonzero(x == 0)[:3]
    A, missing = problem.A, np.where(np.isin(np.arange(12), off), problem.smooth_gradient(x) + 1.0, 0.0)
    problem = Squared(A, problem.b + A @ np.linalg.solve(A.T @ A, missing), problem.kinks)
    np.testing.assert_allclose(problem.smooth_gradient(x)[off], -1.0)
    f = problem.value(x)
    for size in (1, 4, 12):
        result = run(problem, "GSL-q", update, size, max_iter=600, record=100)
        assert problem.value(result.x) - f < 1e-11 * f
        np.testing.assert_allclose(result.x, x, atol=1e-6)


# ----------------------------------------------------------------------------------------------- other array libraries


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("rule", [*SCORES, "GSQ-composite"])
def test_array_api_strict_equals_numpy(rule, update, dtype, seed=0):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(8, 6)).astype(dtype), rng.normal(size=8).astype(dtype)
    low, high = (side.astype(dtype) for side in (mixed(6, rng).lower, mixed(6, rng).upper))
    here = Squared(A, b, Kinks(low, high))
    there = Squared(strict.asarray(A), strict.asarray(b), Kinks(strict.asarray(low), strict.asarray(high)))
    partition = [[0, 3], [5, 1, 2], [4]] if rule == "GSQ-composite" else None
    for steps in (1, 6):
        ours = run(here, rule, update, 3, partition, max_iter=steps)
        theirs = run(there, rule, update, 3, partition, max_iter=steps)
        assert type(theirs.x) is type(there.like)
        assert np.asarray(theirs.x).dtype == ours.x.dtype == dtype
        np.testing.assert_array_equal(ours.history.trace["selected"], theirs.history.trace["selected"])
        np.testing.assert_allclose(np.asarray(theirs.x), ours.x, rtol=1e-9 if dtype == np.float64 else 1e-4, atol=1e-5)
        assert np.isfinite(float(here.kinks.value(ours.x)))


@quick
@given(x=arrays(np.float64, 6, elements=st.floats(-3, 3)), seed=seeds)
def test_single_precision_stays_feasible(x, seed):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(8, 6)).astype(np.float32), rng.normal(size=8).astype(np.float32)
    problem = Squared(A, b, Kinks(np.full(6, -np.inf, dtype=np.float32), np.full(6, 0.1, dtype=np.float32)))
    for update in UPDATES:
        result = run(problem, "GS-q", update, 4, x0=x, max_iter=10, store_x=True)
        assert result.x.dtype == np.float32
        assert all((point >= 0).all() for point in result.history.x)
