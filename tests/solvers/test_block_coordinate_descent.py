"""The solver itself: what it refuses, what it records, coordinates without curvature, broken promises, refreshing."""

import warnings

import numpy as np
import pytest

import optlab as ol
from optlab.core.oracles import MissingOracle
from optlab.solvers.block_coordinate_descent import GS, Rule, ScoreRule, partition_names, rule_names, update_names

B = ol.BlockCoordinateDescent
A = np.random.default_rng(0).standard_normal((20, 6))
b = np.random.default_rng(1).standard_normal(20)


@pytest.fixture(scope="module")
def problem():
    return ol.problems.LeastSquares(A, b)


@pytest.fixture(scope="module")
def lasso():
    return ol.problems.Lasso(A, b, weight=0.5)


def plain(**constants):
    """A problem that offers its value and gradient and nothing else."""
    return ol.FunctionProblem(
        3,
        value=lambda x: float(x @ x),
        gradient=lambda x: 2 * x,
        x0=[1.0, 2.0, 3.0],
        constants=ol.Constants(**constants),
    )


# ---------------------------------------------------------------- refused before any work


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"rule": "gauss"}, ValueError, "rule must be one of 'random'"),
        ({"update": "newtn"}, ValueError, "update must be one of 'L'"),
        ({"partition": "sorted"}, ValueError, "partition must be one of 'order'"),
        ({"block_size": 0}, ValueError, "block_size must be at least 1, got 0"),
        ({"block_size": 2.0}, TypeError, "block_size must be an integer"),
        ({"on_violation": "ignore"}, ValueError, "on_violation must be one of"),
        ({"refresh": 0}, ValueError, "refresh must be at least 1"),
        ({"chunk": 0}, ValueError, "chunk must be at least 1"),
        ({"lipschitz": 0.0}, ValueError, "lipschitz must be one number > 0, or one for each"),
        ({"lipschitz": [1.0, np.inf]}, ValueError, "lipschitz must be"),
        ({"lipschitz": [1.0, np.nan]}, ValueError, "lipschitz must be"),
        ({"lipschitz": np.ones((2, 2))}, ValueError, "lipschitz must be"),
    ],
)
def test_arguments_are_refused_by_name(options, error, match):
    with pytest.raises(error, match=match):
        B(**options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"rule": "GSD", "block_size": 7}, "block_size must be at most n = 6, got 7"),
        ({"lipschitz": [1.0, 2.0]}, "lipschitz must have one entry for each of the 6 coordinates, got 2"),
        ({"partition": [[0, 1, 2], [2, 3], [4, 5]]}, "must not overlap, but coordinate 2 is in blocks 0 and 1"),
        ({"partition": [[0, 1], [3], [4, 5]]}, "coordinate 2 is in no block"),
    ],
)
def test_what_does_not_fit_the_problem_is_refused(problem, options, match):
    calls = {}
    with pytest.raises(ValueError, match=match):
        B(**options).run(ol.testing._overlay.counting(problem, calls), max_iter=1)
    assert not any(calls.values())


def test_parts_that_do_not_fit_a_composite_problem_are_refused_with_what_would_fit(lasso):
    with pytest.raises(ValueError, match=r"the rule 'GSL' sees the smooth part alone, .*take 'GSL-q'"):
        B().run(lasso)
    with pytest.raises(ValueError, match=r"the update 'Lb' sees the smooth part alone, .*take 'PG'"):
        B("GSL-q").run(lasso)
    with pytest.raises(ValueError, match="the rule GS sees the smooth part alone"):
        B(GS()).run(lasso)


def test_a_term_that_is_not_separable_is_refused():
    whole = ol.FunctionProblem(
        2, smooth_value=lambda x: 0.0, smooth_gradient=lambda x: 0 * x, prox=lambda x, s: x, constants=ol.Constants(
            L=ol.constants.exact(1.0, "made up"))
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"not separable with kinks at zero \(no kink_slopes\)"):
        B("random", "PG").run(whole)


def test_oracles_of_the_parts_are_asked_for_by_name():
    with pytest.raises(MissingOracle, match=r"with GSQ needs BlockCurvature"):
        B("GSQ", lipschitz=2.0).run(plain())
    with pytest.raises(MissingOracle, match=r"with TreePartition needs BoundGraph"):
        B("cyclic", partition="trees", lipschitz=2.0).run(plain())


def test_points_must_be_vectors():
    with pytest.raises(ValueError, match="works on vectors"):
        B(lipschitz=1.0).run(ol.FunctionProblem((2, 2), value=lambda x: 0.0, gradient=lambda x: x))


@pytest.mark.parametrize("kind", ["lower", "estimate"])
def test_a_constant_that_is_no_upper_bound_is_not_used(kind):
    for constants in ({}, {"L": getattr(ol.constants, kind)(2.0, "made up")}):
        with pytest.raises(ValueError, match="give lipschitz, because no constant L of FunctionProblem is known"):
            B().run(plain(**constants))
    assert B().run(plain(L=ol.constants.upper(4.0, "made up")), max_iter=60).history["value"][-1] < 1e-8
    assert B("GS", "LA").run(plain(), max_iter=60).history["value"][-1] < 1e-8


def test_every_name_stands_for_a_part():
    assert {"GS", "GSL-q", "greedy-forest-GS"} < set(rule_names())
    assert {"Lb", "TMP", "forest"} < set(update_names())
    assert {"sort", "trees"} < set(partition_names())
    for rule in rule_names():
        assert B(rule=rule).replace() == B(rule=rule) and hash(B(rule=rule)) == hash(B(rule=rule))


# ---------------------------------------------------------------- the record


def test_the_trace_tells_what_was_done_and_what_was_promised(problem):
    solver = B("GSD", "D", block_size=2)
    result = solver.run(problem, max_iter=7)
    trace = result.history.trace
    assert trace["selected"].shape == (7, 2) and (trace["size"] == 2).all()
    value = result.history["value"]
    assert (value[:-1] - value[1:] >= trace["progress"] * (1 - 1e-9)).all()
    assert (trace["progress"] > 0).all()
    first = next(s for s in solver.iterate(problem, max_iter=7) if s.k == 1)
    assert first.block.number is None and np.array_equal(first.block.indices, trace["selected"][0])


def test_with_fixed_blocks_the_trace_holds_their_numbers(problem):
    trace = B("cyclic", partition=[[5], [0, 1], [4, 3, 2]]).run(problem, max_iter=4).history.trace
    assert trace["selected"][:, 0].tolist() == [0, 1, 2, 0] and trace["size"].tolist() == [1, 2, 3, 1]


def test_the_residual_is_that_of_the_iterate_of_its_row(problem, lasso):
    result = B("GS").run(problem, max_iter=9, store_x=True)
    for x, residual in zip(result.history.x, result.history["residual"], strict=True):
        assert residual == pytest.approx(np.abs(A.T @ (A @ x - b)).max(), rel=1e-9)
    result = B("GSL-q", "PG").run(lasso, max_iter=9, store_x=True)
    L = (A * A).sum(axis=0)
    for x, residual in zip(result.history.x, result.history["residual"], strict=True):
        v = x - A.T @ (A @ x - b) / L
        prox = np.sign(v) * np.maximum(np.abs(v) - 0.5 / L, 0.0)
        assert residual == pytest.approx((L * np.abs(x - prox)).max(), rel=1e-9, abs=1e-12)


def test_a_start_at_the_optimum_ends_the_run_at_once():
    quadratic = ol.problems.Quadratic([1.0, 2.0])
    for rule in ("GS", "random"):
        result = B(rule).run(quadratic, x0=[1.0, 1.0], max_iter=5, rng=0)
        assert result.k == 0 and result.status.name == "EXACT"


def test_a_start_in_the_forbidden_half_is_projected():
    problem = ol.problems.examples()["ManifoldNonNegative"]()
    result = B("GSL-q", "PG").run(problem, x0=-np.ones(problem.shape), max_iter=0)
    assert (result.x == 0).all()


def test_refreshing_changes_nothing_but_rounding(problem):
    often = B("cyclic", refresh=1).run(problem, max_iter=50, rng=0)
    never = B("cyclic", refresh=10**6).run(problem, max_iter=50, rng=0)
    assert often.calls["follow"] == 51 and never.calls["follow"] == 1
    np.testing.assert_allclose(often.x, never.x, rtol=1e-10)


def test_rules_that_draw_end_at_the_refresh_after_they_became_stationary():
    result = B("random", refresh=3).run(ol.problems.Quadratic([2.0]), max_iter=50, rng=0)
    assert result.status.name == "EXACT" and result.k == 3


def test_plain_problems_are_moved_too():
    quadratic = ol.problems.Quadratic([1.0, 4.0, 9.0], rotate=True, rng=3)
    simple = ol.FunctionProblem(3, value=quadratic.value, gradient=quadratic.gradient)
    L = np.diag(quadratic.hessian)
    fine, coarse = (B("GSL", lipschitz=L).run(p, max_iter=40) for p in (quadratic, simple))
    np.testing.assert_allclose(fine.x, coarse.x, rtol=1e-9)
    assert np.array_equal(fine.history.trace["selected"], coarse.history.trace["selected"])


def test_a_rule_and_an_object_of_ones_own():
    class Last(ScoreRule):
        def scores(self, at):
            return (abs(at.gradient) > 1e-9) * np.arange(1.0, at.n + 1)

    class Alternate(Rule):
        def select(self, at):
            return at.variable([at.k % at.n])

    diagonal = ol.problems.Quadratic([1.0, 2.0, 3.0])
    for rule, order in ((Last(), [2, 1, 0]), (Alternate(), [0, 1, 2])):
        result = B(rule, "exact").run(diagonal, max_iter=9)
        assert result.history.trace["selected"][:3, 0].tolist() == order
        np.testing.assert_allclose(result.x, 1.0)


# ---------------------------------------------------------------- coordinates without curvature


@pytest.mark.parametrize("rule", ["random", "cyclic", "lipschitz", "GS", "GSL", "GSD", "GSQ"])
@pytest.mark.parametrize("update", ["L", "Lb", "Hb", "D", "exact", "LA"])
def test_a_zero_column_is_left_where_it_is(rule, update):
    data = A.copy()
    data[:, 2] = 0.0
    x0 = np.array([0.0, 0.0, 5.0, 0.0, 0.0, 0.0])
    result = B(rule, update).run(ol.problems.LeastSquares(data, b), x0=x0, max_iter=60, rng=0)
    assert result.x[2] == 5.0 and result.history["gap"][-1] < 0.5 * result.history["gap"][0]


@pytest.mark.parametrize("update", ["PG", "PN", "TMP"])
def test_with_a_penalty_a_zero_column_goes_to_zero_at_once(update):
    data = A.copy()
    data[:, 2] = 0.0
    result = B("GSL-q", update).run(ol.problems.Lasso(data, b, weight=0.5), x0=5 * np.ones(6), max_iter=0)
    assert result.x[2] == 0.0 and (result.x[[0, 1, 3, 4, 5]] == 5.0).all()


class Linear(ol.Problem):
    """f(x) = slope x_1 + x_2^2 / 2, by oracles that tell the truth."""

    def __init__(self, slope, curvature=0.0):
        self.slope, self.curvature, self.shape = slope, curvature, (2,)

    def value(self, x):
        return self.slope * x[0] + self.curvature * x[0] ** 2 / 2 + x[1] ** 2 / 2

    def gradient(self, x):
        return np.array([self.slope + self.curvature * x[0], x[1]])

    def coordinate_lipschitz(self):
        return np.array([self.curvature, 1.0])

    def block_bound(self, block):
        return np.diag(self.coordinate_lipschitz())[np.ix_(block, block)]

    def bound_product(self, block, d):
        return np.zeros(2)

    def bound_row_sums(self):
        return abs(self.coordinate_lipschitz())


def test_an_unbounded_direction_is_named():
    with pytest.raises(ValueError, match="unbounded: linear along coordinate 0, with slope -2"):
        B().run(Linear(-2.0))
    with pytest.raises(ValueError, match="f is concave along coordinate 0: its curvature there is -3"):
        B().run(Linear(0.0, curvature=-3.0))
    assert B().run(Linear(0.0), x0=[7.0, 1.0], max_iter=3).x.tolist() == [7.0, 0.0]


# ---------------------------------------------------------------- constants that are too small


def test_too_small_constants_are_noticed_and_doubled(problem):
    solver = B("GS", lipschitz=0.01)
    with pytest.warns(
        RuntimeWarning, match=r"too small for the block of coordinate \d; it is doubled where needed"
    ) as seen:
        result = solver.run(problem, max_iter=300)
    assert len(seen) == 1  # once is enough
    value, L = result.history["value"], (A * A).sum(axis=0)
    assert (np.diff(value) <= 1e-12).all() and result.history["gap"][-1] < 1e-9
    used, chosen = result.history.trace["lipschitz"], result.history.trace["selected"][:, 0]
    assert (used < 2 * L[chosen]).all()  # no more than needed


def test_too_small_constants_may_only_be_warned_of_or_refused(problem):
    with pytest.warns(RuntimeWarning, match="steps may not descend"):
        result = B("GS", lipschitz=5.0, on_violation="warn").run(problem, max_iter=5)
    assert (result.history.trace["lipschitz"] == 5.0).all()
    with pytest.raises(ValueError, match=r"too small for the block of coordinate .* short of the promised") as caught:
        B("GS", lipschitz=5.0, on_violation="raise").run(problem, max_iter=300)
    assert caught.value.result.k < 300 and np.isfinite(caught.value.result.x).all()


def test_a_composite_promise_is_checked_too(lasso):
    with pytest.warns(RuntimeWarning, match="too small"):
        result = B("GSL-q", "PG", lipschitz=0.1).run(lasso, max_iter=300)
    assert (np.diff(result.history["value"]) <= 1e-12).all() and result.history["residual"][-1] < 1e-7


def test_large_enough_constants_never_alarm(problem):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = B("GSL", lipschitz=(A * A).sum(axis=0)).run(problem, max_iter=3000)
    assert result.history["gap"][-1] < 1e-12
