"""How blocks move: by hand, the progress lemma, Newton's method, estimated constants, constants that are too small."""

import copy
import math
import warnings
from fractions import Fraction

import array_api_strict as strict
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab as ol
from optlab.core.result import Status
from optlab.solvers.block_coordinate_descent import line_search, systems
from optlab.solvers.block_coordinate_descent.estimate import LipschitzApproximation
from optlab.solvers.block_coordinate_descent.newton import newton_direction

SMOOTH = ["L", "Lb", "Hb", "D", "D-rows", "newton", "exact", "LA"]
PROMISING = ["L", "Lb", "Hb", "D", "D-rows", "exact", "LA"]  # with a promise beyond bare descent


def solver(update, **options):
    return ol.BlockCoordinateDescent(**{"rule": "GS", **options, "update": update})


def least_squares(seed=0, m=30, n=8, rank=None):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, n)) * np.geomspace(1, 4, n)
    if rank is not None:
        A = A[:, np.arange(n) % rank]  # columns repeat
    return ol.problems.LeastSquares(A, rng.standard_normal(m))


def logistic(seed=0, m=40, n=8, l2=0.01):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, n))
    return ol.problems.LogisticRegression(A, np.sign(A[:, 0] + rng.standard_normal(m)), l2=l2, reduction="sum")


def drops(result):
    """The decrease of each step, and what rounding may have added to it."""
    values = result.history["value"]
    fall = values[:-1] - values[1:]
    return fall, 1e-12 * np.maximum(np.abs(values[:-1]), np.abs(values[0]))


def test_one_step_of_each_update_by_hand():
    """H = [[2, 1], [1, 3]], b = (4, 1), from the origin: the gradient is (-4, -1)."""
    problem = ol.problems.DenseQuadratic([[2.0, 1.0], [1.0, 3.0]], [4.0, 1.0])
    F = Fraction
    moves = {
        ("L", 1): ([F(4, 3), 0], F(3), F(16, 6)),  # L = max H_ii = 3
        ("Lb", 1): ([F(2), 0], F(2), F(16, 4)),
        ("Hb", 1): ([F(2), 0], F(2), F(16, 4)),
        ("exact", 1): ([F(2), 0], F(2), F(16, 4)),
        ("D", 1): ([F(2), 0], F(2), F(16, 4)),
        ("D-rows", 1): ([F(4, 3), 0], F(3), F(16, 6)),  # 2 + 1
        ("newton", 1): ([F(2), 0], None, None),
        ("LA", 1): ([F(2), 0], F(2), F(4)),  # 1 promises 8 and gets 0, 2 is the curvature
        ("Hb", 2): ([F(11, 5), F(-2, 5)], None, F(42, 10)),
        ("exact", 2): ([F(11, 5), F(-2, 5)], None, F(42, 10)),
        ("newton", 2): ([F(11, 5), F(-2, 5)], None, None),
        ("D", 2): ([F(1), F(1, 6)], None, F(25, 12)),  # D = 2 (2, 3)
        ("D-rows", 2): ([F(4, 3), F(1, 4)], None, F(1, 2) * (F(16, 3) + F(1, 4))),
    }
    for (update, size), (x, lipschitz, progress) in moves.items():
        result = solver(update, block_size=size).run(problem, max_iter=1)
        trace = result.history.trace
        np.testing.assert_allclose(result.x, [float(v) for v in x], rtol=1e-15, atol=1e-15, err_msg=update)
        assert trace["lipschitz"][0] == (float(lipschitz) if lipschitz else pytest.approx(math.nan, nan_ok=True))
        if progress:
            assert trace["progress"][0] == pytest.approx(float(progress), rel=1e-15)


def test_the_constants_of_gradient_steps_by_hand():
    """Eigenvalues of [[2, 1], [1, 3]] are (5 +- sqrt 5) / 2."""
    problem = ol.problems.DenseQuadratic([[2.0, 1.0], [1.0, 3.0]], [4.0, 1.0])
    largest = (5 + math.sqrt(5)) / 2
    for update in ("L", "Lb"):
        trace = solver(update, block_size=2).run(problem, max_iter=1).history.trace
        assert trace["lipschitz"][0] == pytest.approx(largest, rel=1e-14)
    three = ol.problems.Quadratic([1.0, 2.0, 4.0])
    for size, expected in ((1, 4.0), (2, 4.0), (3, 4.0)):  # not 2 + 4: the constant of the gradient is smaller
        assert solver("L", block_size=size).run(three, max_iter=1).history.trace["lipschitz"][0] == expected
    fixed = solver("L", partition=[[0, 1], [2]]).run(problem_of_three(), max_iter=1).history.trace["lipschitz"][0]
    assert fixed == pytest.approx(3.0)  # the larger of lambda_max [[1, 1], [1, 1]] = 2 and 3


def problem_of_three():
    return ol.problems.DenseQuadratic([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 3.0]], [1.0, 1.0, 1.0])


@pytest.mark.parametrize("update", SMOOTH)
@pytest.mark.parametrize("partition", [None, "sort"])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_progress_lemma(update, partition, size):
    """Every step falls at least by what it promised, on a quadratic, a singular one, and logistic regression."""
    for problem in (least_squares(), least_squares(rank=5), logistic(), ol.problems.QuarticHuber(8)):
        result = solver(update, block_size=size, partition=partition).run(problem, max_iter=40)
        fall, rounding = drops(result)
        promised = result.history.trace["progress"]
        assert (fall >= promised[: len(fall)] - rounding).all()
        assert (fall >= -rounding).all()
        if update in PROMISING:
            assert (promised >= 0).all() and promised[0] > 0


@given(st.integers(0, 2**32), st.integers(1, 7), st.booleans(), st.integers(1, 7))
@settings(max_examples=25)
def test_matrix_steps_keep_their_promise_exactly_on_quadratics(seed, size, fixed, rank):
    problem = least_squares(seed, m=12, n=7, rank=rank)
    for update in ("Hb", "exact"):
        result = solver(update, block_size=size, partition="order" if fixed else None).run(problem, max_iter=5)
        fall, rounding = drops(result)
        np.testing.assert_allclose(fall, result.history.trace["progress"][: len(fall)], rtol=1e-7, atol=rounding.max())


@pytest.mark.parametrize("update", ["Hb", "exact"])
@pytest.mark.parametrize("partition", [None, [[0, 1, 2], [3, 4, 5], [6, 7]]])
def test_exact_steps_leave_no_gradient_in_the_block(update, partition):
    problems = (least_squares(), logistic(), ol.problems.QuarticHuber(8))
    for problem in problems[: 3 if update == "exact" else 1]:
        method = solver(update, rule="cyclic", block_size=3, partition=partition)
        before, after = (list(method.iterate(problem, max_iter=k, rng=0))[-1].x for k in (1, 2))
        chosen = np.flatnonzero(after != before)
        g, first = problem.gradient(after), problem.gradient(problem.start())
        assert len(chosen) == 3
        assert np.abs(g[chosen]).max() < 1e-12 * np.abs(first).max()


def test_exact_step_on_a_quartic_agrees_with_scipy():
    problem = ol.problems.QuarticHuber(3)
    state = list(solver("exact", rule="cyclic", partition=[[0, 1], [2]]).iterate(problem, max_iter=1))[-1]
    start = problem.start()
    best = scipy.optimize.minimize(
        lambda y: float(problem.value(np.array([y[0], y[1], start[2]]))), start[:2], tol=1e-14
    ).fun
    assert float(problem.value(state.x)) <= best + 1e-12
    assert state.x[2] == start[2]


def test_newton_on_one_block_of_everything_is_newtons_method():
    problem = logistic()
    newton = solver("newton", block_size=8).run(problem, max_iter=12)
    assert np.abs(problem.gradient(newton.x)).max() < 1e-11
    assert newton.history["gap"][6] < 1e-12 * newton.history["gap"][0]  # a gradient method needs hundreds
    assert newton.calls["value_along"] <= 3 * newton.k
    one = solver("newton", block_size=8).run(least_squares(), max_iter=1)
    assert one.history["gap"][-1] < 1e-13


def test_newton_on_a_quartic_that_has_no_curvature_at_its_minimum():
    result = solver("newton", block_size=4).run(ol.problems.QuarticHuber(4), max_iter=60)
    assert result.history["gap"][-1] < 1e-30  # the error of each step is 2/3 of the last one
    assert (np.diff(result.history["value"]) <= 0).all()


class Valley(ol.Problem):
    """x^4 / 4 - x^2 / 2 + (y - x)^2 / 2: a saddle at the origin, minima at +-(1, 1)."""

    def __init__(self, start):
        self.shape = (2,)
        self.x0 = np.array(start, dtype=float)

    def start(self, rng=None):
        return self.x0.copy()

    def value(self, p):
        x, y = p
        return float(x**4 / 4 - x**2 / 2 + (y - x) ** 2 / 2)

    def gradient(self, p):
        x, y = p
        return np.array([x**3 - x - (y - x), y - x])

    def block_hessian(self, followed, block):
        x = followed.x[0]
        return np.array([[3 * x**2, -1.0], [-1.0, 1.0]])[np.ix_(block, block)]


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("start", [(0.1, -0.3), (0.4, 0.4), (1e-6, 0.0), (3.0, -2.0)])
def test_newton_descends_where_the_function_is_not_convex(size, start):
    result = solver("newton", block_size=size).run(Valley(start), max_iter=200)
    assert (np.diff(result.history["value"]) <= 1e-16).all()
    np.testing.assert_allclose(np.abs(result.x), 1.0, atol=1e-6)


def test_newton_directions_descend_whatever_the_hessian():
    g = np.array([1.0, 2.0])
    indefinite = np.array([[1.0, 0.0], [0.0, -4.0]])
    np.testing.assert_allclose(newton_direction(indefinite, g), [-1.0, -0.5])  # of |H|
    singular = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert newton_direction(singular, g) is None  # g is outside the range
    np.testing.assert_allclose(newton_direction(singular, np.array([3.0, 0.0])), [-3.0, 0.0])
    assert newton_direction(np.zeros((2, 2)), g) is None
    rng = np.random.default_rng(3)
    for _ in range(50):
        B = rng.standard_normal((4, 4))
        g = rng.standard_normal(4)
        assert float(g @ newton_direction(B + B.T, g)) < 0


def test_backtracking():
    accepted = line_search.backtrack(lambda t: (t - 1) ** 2, 1.0, -2.0, 1e-16)
    assert accepted == (1.0, 1)
    step, trials = line_search.backtrack(lambda t: (10 * t - 1) ** 2, 1.0, -20.0, 1e-16)
    assert step == pytest.approx(0.1) and trials == 2  # the parabola is the function

    def cubic(t):  # falls until t = 0.1 and rises steeply after
        return 1 - 3 * t + 1000 * t**3

    step, _ = line_search.backtrack(cubic, 1.0, -3.0, 1e-16)
    assert cubic(step) < 1
    for wild in (math.inf, math.nan):
        step, _ = line_search.backtrack(lambda t, w=wild: -t if t < 1e-3 else w, 0.0, -1.0, 1e-16)
        assert 1e-5 < step < 1e-3
    assert line_search.backtrack(lambda t: t, 0.0, -1.0, 1e-16)[0] == 0.0  # the slope is wrong


def test_backtracking_accepts_what_rounding_hides():
    """At the optimum of a function of size 1e9 a decrease of 1e-12 cannot be seen."""
    step, trials = line_search.backtrack(lambda t: 1e9 + 1e-7, 1e9, -1e-12, np.finfo(float).eps)
    assert (step, trials) == (1.0, 1)


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=30)
def test_block_systems(seed, size, rank):
    """Against the pseudo-inverse, with and without full rank."""
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((size, min(rank, size)))
    H = B @ B.T
    right = H @ rng.standard_normal(size)
    factored = systems.factor(H)
    expected = np.linalg.pinv(H, hermitian=True, rcond=1e-12) @ right
    values = np.linalg.eigvalsh(H)
    condition = values[-1] / values[size - min(rank, size)]
    level = 1e-13 * condition * np.abs(expected).max()
    np.testing.assert_allclose(systems.solve(factored, right), expected, atol=level)
    spectral = systems.factor(strict.asarray(H))
    assert spectral.lower is None
    ours = np.asarray(systems.solve(spectral, strict.asarray(right)))
    np.testing.assert_allclose(ours, expected, atol=level)


@pytest.mark.parametrize("update", ["Hb", "exact", "newton"])
def test_repeated_columns_are_no_obstacle(update):
    """Every block of four holds columns twice."""
    problem = least_squares(rank=4)
    for partition in (None, "order"):
        result = solver(update, block_size=8, partition=partition).run(problem, max_iter=2)
        assert result.history["gap"][-1] < 1e-12
        np.testing.assert_allclose(result.x[:4], result.x[4:], rtol=1e-9)  # the solution of least norm


def test_factors_of_fixed_blocks_are_made_once():
    for update, oracle in (("Hb", "block_bound"), ("exact", "block_hessian")):
        result = solver(update, rule="cyclic", block_size=3, partition="order").run(least_squares(), max_iter=30)
        assert result.calls[oracle] == 3


@pytest.mark.parametrize("update", SMOOTH)
def test_one_coordinate_and_one_block(update):
    single = ol.problems.LeastSquares([[1.0], [2.0]], [1.0, 7.0])
    result = solver(update).run(single, max_iter=60)
    assert result.x[0] == pytest.approx(3.0)
    everything = solver(update, block_size=8, partition=[list(range(8))]).run(logistic(), max_iter=30)
    assert everything.history["gap"][-1] < 0.5 * everything.history["gap"][0]


@pytest.mark.parametrize("update", SMOOTH)
@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("partition", [None, "order"])
def test_other_array_libraries(update, size, partition):
    H, b = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]]), np.array([1.0, 2.0, 3.0])
    method = solver(update, rule="cyclic", block_size=size, partition=partition)
    here = method.run(ol.problems.DenseQuadratic(H, b), max_iter=9, rng=0)
    there = method.run(ol.problems.DenseQuadratic(strict.asarray(H), strict.asarray(b)), max_iter=9, rng=0)
    np.testing.assert_allclose(np.asarray(there.x), here.x, rtol=1e-10)
    np.testing.assert_array_equal(there.history.trace["selected"], here.history.trace["selected"])
    np.testing.assert_allclose(there.history.trace["progress"], here.history.trace["progress"], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("update", SMOOTH)
def test_single_precision_is_kept(update):
    H, b = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]]), np.array([1.0, 2.0, 3.0])
    problem = ol.problems.DenseQuadratic(H.astype(np.float32), b.astype(np.float32))
    result = solver(update, block_size=2, partition="order").run(problem, max_iter=60)
    assert result.x.dtype == np.float32
    np.testing.assert_allclose(result.x, np.linalg.solve(H, b), rtol=1e-3)


@pytest.mark.parametrize("update", SMOOTH)
def test_a_run_goes_on_as_if_it_had_not_stopped(update):
    method = solver(update, rule="random", block_size=3, partition="order")
    problem = logistic()
    straight = method.run(problem, max_iter=30, rng=4)
    resumed = method.run(problem, max_iter=11, rng=4).resume(max_iter=30)
    np.testing.assert_array_equal(straight.x, resumed.x)


# ---- estimated constants


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 3, 7]), st.sampled_from([1e-3, 0.1, 1.0]))
@settings(max_examples=25)
def test_estimates_end_below_twice_the_constants(seed, size, start):
    for problem in (least_squares(seed, n=7), logistic(seed, n=7)):
        method = solver(LipschitzApproximation(start=start), rule="random", block_size=size, partition="order")
        result = method.run(problem, max_iter=60, rng=seed)
        memory = result.state.memory["LA"]
        blocks = [np.arange(i, min(i + size, 7)) for i in range(0, 7, size)]
        constants = np.array([np.linalg.eigvalsh(problem.block_bound(b))[-1] for b in blocks])
        begun = np.minimum(start, constants)
        assert (memory["estimates"] < np.maximum(2 * constants, start * (1 + 1e-12))).all()
        assert (memory["estimates"] >= start).all()
        doubled = np.log2(memory["estimates"] / start)
        np.testing.assert_allclose(doubled, np.round(doubled), atol=1e-9)
        assert memory["evaluations"] == round(doubled.sum())
        assert memory["evaluations"] <= np.log2(2 * constants / begun).sum() + 1e-9
        assert result.calls["value_along"] == 2 * result.k + memory["evaluations"]
        assert (np.diff(result.history["value"]) <= 1e-12 * np.abs(result.history["value"][:-1])).all()


def test_estimates_of_variable_blocks_spread_over_the_block():
    problem = ol.problems.DenseQuadratic(np.diag([1.0, 2.0, 64.0]), [1.0, 2.0, 640.0])
    state = list(solver("LA", block_size=2).iterate(problem, max_iter=1))[-1]
    np.testing.assert_array_equal(state.memory["LA"]["estimates"], [1.0, 64.0, 64.0])
    np.testing.assert_array_equal(state.lipschitz, [1.0, 64.0, 64.0])  # what the rules scale by


def test_rules_that_scale_by_constants_see_the_estimates():
    """After the first step the scores are 21.875^2 / 128 = 3.7, 9 and 4; with the true 100 the first were 4.8."""
    problem = ol.problems.DenseQuadratic(np.diag([100.0, 1.0, 1.0]), [100.0, 3.0, 2.0])
    for partition in (None, "order"):
        result = solver("LA", rule="GSL", partition=partition).run(problem, max_iter=4)
        assert result.history.trace["selected"][:, 0].tolist() == [0, 1, 2, 0]
        assert result.history.trace["lipschitz"][:3].tolist() == [128.0, 1.0, 1.0]


def test_estimates_start_where_they_are_told():
    problem = ol.problems.Quadratic([1.0, 2.0, 8.0])
    for start, first in ((3.0, 3.0), ("max", 8.0), ("min", 2.0)):
        method = solver(LipschitzApproximation(start=start), block_size=2)
        state = next(method.iterate(problem))
        np.testing.assert_array_equal(state.memory["LA"]["estimates"], first)
    result = solver(LipschitzApproximation(start="max")).run(problem, max_iter=20)
    assert result.state.memory["LA"]["evaluations"] == 0


def test_estimates_need_no_constants():
    plain = ol.FunctionProblem(2, value=lambda x: float(x @ x) * 50, gradient=lambda x: 100 * x, x0=[1.0, -2.0])
    result = solver("LA").run(plain, max_iter=20)
    assert result.history["value"][-1] < 1e-6
    assert (result.state.memory["LA"]["estimates"] < 200).all()
    with pytest.raises(ValueError, match="give lipschitz"):
        solver("Lb").run(plain, max_iter=1)
    with pytest.raises(ValueError, match='start="max" needs constants'):
        solver(LipschitzApproximation(start="max")).run(plain, max_iter=1)


def test_estimates_stay_where_they_are_at_the_optimum():
    """Rounding makes f rise and fall there; that is no reason to double."""
    for problem in (logistic(), least_squares()):
        method = solver("LA", block_size=3, partition="order", rule="cyclic")
        settled = method.run(problem, max_iter=2000, record=2000).state.memory["LA"]["estimates"]
        assert settled.max() < 2 * max(np.linalg.eigvalsh(problem.block_bound(np.arange(8)))[-1], 1.0)
        longer = method.run(problem, max_iter=6000, record=6000).state.memory["LA"]["estimates"]
        np.testing.assert_array_equal(settled, longer)


def test_a_gradient_that_does_not_descend_stalls_the_run():
    wrong = ol.FunctionProblem(2, value=lambda x: float(x.sum()), gradient=lambda x: -np.ones(2), x0=[1.0, 1.0])
    result = solver("LA").run(wrong, max_iter=10)
    assert result.status is Status.STALLED and "coordinate 0" in result.message
    np.testing.assert_array_equal(result.x, [1.0, 1.0])


# ---- constants of the user


@pytest.mark.parametrize("update", ["L", "Lb", "D", "LA", "PG"])
@pytest.mark.parametrize("partition", [None, "order"])
def test_good_constants_are_not_complained_about(update, partition):
    method = solver(update, rule="random", partition=partition, block_size=2, lipschitz=[5.0, 4.0, 3.0])
    problem = ol.problems.DenseQuadratic([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]], [1.0, 2.0, 3.0])
    result = method.run(problem, max_iter=300, rng=0)
    assert "violated" not in result.state.memory
    assert result.history["gap"][-1] < 1e-10


@pytest.mark.parametrize("update", ["L", "Lb", "D"])
@pytest.mark.parametrize("problem", [least_squares(), logistic()], ids=["least squares", "logistic"])
def test_constants_too_small_are_found_out(update, problem):
    true = np.asarray(problem.coordinate_lipschitz())
    options = {"rule": "cyclic", "partition": "order", "block_size": 2, "lipschitz": true / 100}
    with pytest.raises(ValueError, match="lipschitz is too small for the block of coordinate"):
        solver(update, **options, on_violation="raise").run(problem, max_iter=50)
    with pytest.warns(RuntimeWarning, match="doubled where needed") as caught:
        saved = solver(update, **options).run(problem, max_iter=400)
    assert len(caught) == 1
    fall, rounding = drops(saved)
    assert (fall >= -1e3 * rounding).all()
    assert saved.history["gap"][-1] < 1e-3 * saved.history["gap"][0]
    assert (saved.state.lipschitz <= 4 * true + 1e-12).all()  # doubled no further than needed
    with pytest.warns(RuntimeWarning, match="may not descend") as caught:
        warned = solver(update, **options, on_violation="warn").run(problem, max_iter=20)
    assert len(caught) == 1 and warned.k <= 20


def test_constants_too_small_are_found_out_with_a_penalty():
    problem = ol.problems.PlantedLasso(n=30, d=10, nnz=4, rng=1)
    true = np.asarray(problem.coordinate_lipschitz())
    for rule in ("cyclic", "GS-q"):
        options = {"rule": rule, "lipschitz": true / 64}
        with pytest.raises(ValueError, match=r"fell .* short of the promised"):
            solver("PG", **options, on_violation="raise").run(problem, max_iter=30)
        with pytest.warns(RuntimeWarning, match="too small"):
            result = solver("PG", **options).run(problem, max_iter=500, rng=0)
        assert result.history["gap"][-1] < 1e-6 * result.history["gap"][0]
        assert (result.state.lipschitz <= 2 * true + 1e-12).all()


# ---- bad input


def test_bad_input():
    for start, error, message in (
        (0.0, ValueError, "start must be a finite number > 0"),
        (-1.0, ValueError, "start must be a finite number > 0"),
        ("mean", ValueError, "start must be one of 'max', 'min'"),
        (None, TypeError, "start must be a real number"),
    ):
        with pytest.raises(error, match=message):
            LipschitzApproximation(start=start)
    with pytest.raises(ValueError, match="update must be one of"):
        solver("steepest")
    plain = ol.FunctionProblem(2, value=lambda x: 0.0, gradient=lambda x: 0 * x)
    for update, oracle in (("Hb", "BlockCurvature"), ("D-rows", "BlockCurvature"), ("newton", "BlockHessian")):
        with pytest.raises(ol.MissingOracle, match=oracle):
            solver(update).run(plain, max_iter=1)


class UnknownSaddle(ol.problems.IndefiniteQuadratic):
    def __init__(self):
        super().__init__([-0.5, 1.0, 2.0], rotate=True, rng=0)
        self.constants = ol.Constants()


def test_a_saddle_is_refused_by_exact_steps_and_left_by_newton():
    saddle = ol.problems.IndefiniteQuadratic([-0.5, 1.0, 2.0], rotate=True, rng=0)
    with pytest.raises(ValueError, match="is not convex"):
        solver("exact", block_size=3).run(saddle, max_iter=1)
    with pytest.raises(ValueError, match=r"has the curvature -0\.5.*no minimiser"):
        solver("exact", block_size=3).run(UnknownSaddle(), max_iter=1)
    values = solver("newton", block_size=3).run(saddle, max_iter=5).history["value"]
    assert (np.diff(values) < 0).all()
    falling = solver("Hb", block_size=3).run(saddle, max_iter=5).history["value"]  # its bound is no saddle
    assert (np.diff(falling) < 0).all()


def test_updates_keep_no_generators_or_functions():
    """A state can be copied between steps."""
    for update in SMOOTH:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            state = solver(update, block_size=3, partition="order").run(logistic(), max_iter=3).state
            copied = copy.deepcopy(state)
        assert copied.memory.keys() == state.memory.keys()
