"""Studies: what is run, on which seeds, and what reaches the judge."""

from dataclasses import dataclass

import numpy as np
import pytest

import optlab as ol
from optlab.claims import Assumption, Case, Claim, Measurement, collect, trajectory
from optlab.claims.study import environment, sweep

from ..core.specimens import Bowl, Breaking, Descent, Noisy, RandomStart
from .synthetic import case_data


def make(cases, **changes):
    fields = {"statement": "s", "source": "derived here", "kind": "pathwise", "bound": lambda k, c: 1.0}
    return Claim(**{"id": "a/b", "cases": cases} | fields | changes)


def test_a_trajectory_is_the_history_column():
    case = Case("bowl", Bowl(), Descent(), 20, record=5, x0=[2.0, 2.0, 2.0])
    measured = trajectory(case, case.problem, 0, "distance")
    run = Descent().run(Bowl(), max_iter=20, record=5, x0=[2.0, 2.0, 2.0])
    np.testing.assert_array_equal(measured.axis, [0, 5, 10, 15, 20])
    np.testing.assert_array_equal(measured.value, run.history["distance"])
    distance, gap = run.history["distance"][0], run.history["gap"][0]
    assert measured.known == {"first": distance, "D": distance, "gap0": gap}
    batch = trajectory(Case("bowl", RandomStart(), Noisy(), 10, record=5), RandomStart(), 0, reps=4)
    assert batch.value.shape == (4, 3) and batch.axis.shape == (3,)


def test_the_reference_stands_at_the_unfavourable_end():
    loose = ol.FunctionProblem(
        1,
        value=lambda x: float(x[0]) ** 2,
        gradient=lambda x: 2 * x,
        reference=ol.Reference(-3.0, 0.0, certificate="c"),
        x0=[1.0],
    )
    case = Case("loose", loose, Descent(), 5)
    assert trajectory(case, loose, 0).value[0] == 4.0  # a bound from above is held against the low end
    assert trajectory(case, loose, 0, upper=False).value[0] == 1.0  # and one from below against the high end
    for kind, first in (("pathwise", 4.0), ("exponent", 4.0), ("lower", 1.0)):
        (data,) = collect(make([case], kind=kind), "quick", 1, 0)
        assert data.samples[0].value[0] == first
    assert trajectory(case, loose, 0, "value", upper=False).value[0] == 1.0


def test_a_run_that_breaks_down_is_an_infinite_measurement():
    case = Case("bowl", Bowl(), Breaking(5, "nan"), 20, record=None)
    measured = trajectory(case, case.problem, 0)
    assert measured.axis.tolist() == [0, 1, 2, 3, 4, 5] and measured.value[-1] == np.inf
    assert np.isfinite(measured.value[:-1]).all()
    batch = trajectory(Case("b", Bowl(), Descent(1e200), 9), Bowl(), 0, reps=3)
    assert batch.value.shape[0] == 3 and (batch.value[:, -1] == np.inf).all()
    diverged = trajectory(Case("b", Bowl(), Descent(3.0), 9), Bowl(), 0)
    assert np.isfinite(diverged.value).all() and diverged.axis[-1] == 9


def test_a_batch_is_a_loop_over_the_seeds():
    @dataclass(frozen=True)
    class Single(Noisy):
        batched = False

    claims = [make([Case("start", RandomStart(), solver(), 12)], kind="expectation") for solver in (Noisy, Single)]
    batch, loop = (collect(claim, "quick", 9, 3)[0].samples for claim in claims)
    assert len(batch) == len(loop) == 9
    for one, other in zip(batch, loop, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-10)
        np.testing.assert_array_equal(one.axis, other.axis)
    assert len({s.value[0] for s in batch}) == 9


def test_each_case_and_seed_has_random_numbers_of_its_own():
    claim = make([Case(n, RandomStart(), Noisy(), 3) for n in "ab"])
    first = [s.value[0] for data in collect(claim, "quick", 4, 0) for s in data.samples]
    assert len(set(first)) == 8
    again = [s.value[0] for data in collect(claim, "quick", 4, 0) for s in data.samples]
    other = [s.value[0] for data in collect(claim, "quick", 4, 1) for s in data.samples]
    assert first == again and not set(first) & set(other)
    more = [s.value[0] for data in collect(claim, "quick", 6, 0) for s in data.samples]
    assert more[:4] == first[:4]


def test_a_factory_draws_a_problem_for_every_seed():
    drawn = []

    def factory(rng):
        drawn.append(rng.standard_normal())
        return Bowl(np.full(2, drawn[-1]))

    (data,) = collect(make([Case("random", factory, Noisy(), 3)]), "quick", 4, 0)
    assert data.problem == "Bowl" and len(data.samples) == 4
    starts = [s.value[0] for s in data.samples]
    np.testing.assert_allclose(starts, [d**2 for d in drawn[-4:]])
    assert len(set(starts)) == 4
    (again,) = collect(make([Case("random", factory, Noisy(), 3)]), "quick", 4, 0)
    assert [s.value[-1] for s in again.samples] == [s.value[-1] for s in data.samples]


def test_assumptions_decide_who_takes_part():
    cases = [Case("big", Bowl(np.ones(9)), Descent(), 3), Case("small", Bowl(np.ones(2)), Descent(), 3)]
    few = Assumption("few dimensions", lambda problem, case: problem.shape[0] < 5)
    named = Assumption("called small", lambda problem, case: case.name == "small")
    big, small = collect(make(cases, assumptions=[few, named]), "quick", 1, 0)
    assert big.failed == ["few dimensions", "called small"] and not big.applicable and big.samples == []
    assert small.applicable and small.failed == [] and len(small.samples) == 1
    outcome = make(cases[:1], assumptions=[few]).check()
    assert outcome.verdict.name == "NOT_APPLICABLE" and "few dimensions" in outcome.judgement.message


@pytest.mark.parametrize("kind", ["exact", "upper", "lower", "estimate"])
@pytest.mark.parametrize("side", ["upper", "lower"])
def test_constants_must_be_certified_from_the_side_they_are_used(kind, side):
    constant = getattr(ol.constants, kind)(1.0, "a test")
    problem = ol.FunctionProblem(1, value=lambda x: 0.0, gradient=lambda x: x, constants=ol.Constants(L=constant))
    (data,) = collect(make([Case("p", problem, Descent(), 2)], uses={"L": side}, measured="value"), "quick", 1, 0)
    assert data.applicable is (kind in ("exact", side))
    assert data.applicable or data.failed == [f"L is known exactly or as a certified {side} bound"]
    (data,) = collect(make([Case("p", problem, Descent(), 2)], uses={"G": side}, measured="value"), "quick", 1, 0)
    assert not data.applicable


def test_what_the_bound_knows():
    seen = {}

    def bound(k, c):
        seen.update(L=c.L, step=c.step_size, extra=c.extra, D=c.D, gap0=c.gap0, first=c.first)
        return 1.0

    collect(make([Case("bowl", Bowl([3.0, 4.0]), Descent(0.3), 3, params={"extra": 7})], bound=bound), "quick", 1, 0)
    assert seen == {"L": 1.0, "step": 0.3, "extra": 7, "D": 5.0, "gap0": 12.5, "first": 12.5}

    def overrides(k, c):
        seen["L"] = c.L
        return 1.0

    collect(make([Case("bowl", Bowl(), Descent(), 3, params={"L": 9.0})], bound=overrides), "quick", 1, 0)
    assert seen["L"] == 9.0  # the case's own numbers come last


def test_measurements_of_the_user_s_own():
    calls = []

    def measured(case, problem, seed):
        calls.append(seed)
        return Measurement(axis=[1, 2], value=[[1.0, 2.0], [3.0, 4.0]], known={"twice": 2.0})

    (data,) = collect(make([Case("c", Bowl())], measured=measured, bound=lambda k, c: c.twice * k), "quick", 3, 0)
    assert len(calls) == 3 and len(data.samples) == 6  # a measurement may hold several repetitions
    np.testing.assert_array_equal(data.samples[1].value, [3.0, 4.0])
    np.testing.assert_array_equal(data.samples[1].bound, [2.0, 4.0])
    assert [s.spawn_key for s in calls] == [s.spawn_key for s in ol.rng.spawn(ol.rng.spawn(0, 1)[0], 3)]
    point = make([Case("c", Bowl())], measured=lambda *a: Measurement(5, 2.0, bound=4.0), bound=None)
    (data,) = collect(point, "quick", 1, 0)
    assert (data.samples[0].axis, data.samples[0].value, data.samples[0].bound) == ([5.0], [2.0], [4.0])


def test_measurements_that_do_not_fit_are_named():
    none = make([Case("c", Bowl())], measured=lambda *a: Measurement(5, 2.0), bound=None)
    with pytest.raises(ValueError, match="a/b: neither the claim nor the measurement on c has a bound"):
        collect(none, "quick", 1, 0)
    wrong = make([Case("c", Bowl())], measured=lambda *a: Measurement([1, 2], [1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="a/b: 3 values for 2 axis points on c"):
        collect(wrong, "quick", 1, 0)


def test_a_bound_may_overflow_without_a_warning():
    (data,) = collect(make([Case("c", Bowl(), Descent(), 5)], bound=lambda k, c: 1.0 / k), "quick", 1, 0)
    assert data.samples[0].bound[0] == np.inf


def test_sweep_joins_the_points():
    data = [case_data([[2.0], [3.0]], 5.0, [20.0]), case_data([[1.0]], 4.0, [10.0]), case_data([[4.0]], 6.0, [20.0])]
    x, values, bounds = sweep(data)
    assert x.tolist() == [10.0, 20.0] and [v.tolist() for v in values] == [[1.0], [2.0, 3.0, 4.0]]
    assert [b.tolist() for b in bounds] == [[4.0], [5.0, 5.0, 6.0]]


def test_environment():
    found = environment()
    assert found["numpy"] == np.__version__ and {"python", "platform", "cpus", "optlab-toolkit"} <= set(found)


def test_assumptions_are_checked_on_every_draw():
    def factory(rng):
        return Bowl(np.full(2, rng.standard_normal()))

    cases = [Case("random", factory, Noisy(), 3)]
    positive = Assumption("starts above", lambda problem, case: problem.center[0] > 0)
    whole = collect(make(cases), "quick", 30, 0)[0]
    (data,) = collect(make(cases, assumptions=[positive]), "quick", 30, 0)
    assert data.applicable and 0 < data.left_out < 30 and len(data.samples) == 30 - data.left_out
    assert {s.value[0] for s in data.samples} < {s.value[0] for s in whole.samples}
    outcome = make(cases, assumptions=[positive], seeds=30, bound=lambda k, c: 1e9).check()
    assert outcome.verdict.name == "SUPPORTED" and "of 30 draws" in outcome.skipped[0]
    never = Assumption("never", lambda problem, case: False)
    (none,) = collect(make(cases, assumptions=[positive, never]), "quick", 5, 0)
    assert not none.applicable and none.left_out == 5 and set(none.failed) == {"starts above", "never"}
