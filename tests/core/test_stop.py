"""Stopping rules: when each fires, how they combine, and which of them mean convergence."""

import itertools
import pickle

import numpy as np
import pytest

import optlab as ol
from optlab.core.result import Status
from optlab.core.stop import Rule

from .specimens import Bowl, Descent

problem = Bowl([4.0])  # with step 1/2: values 8, 2, 1/2, 1/8, ...; distances 4, 2, 1, 1/2, ...


def run(rule, **options):
    return Descent(0.5).run(problem, stop=rule, **{"max_iter": 30, **options})


class Fixed(Rule):
    """Fires at k with the given status."""

    def __init__(self, k, status=Status.STOPPED):
        self.k, self._status = k, status

    @property
    def status(self):
        return self._status

    def reason(self, view):
        return f"fixed {self.k}" if view.k >= self.k else None


@pytest.mark.parametrize(
    ("rule", "k", "status"),
    [
        (ol.stop.Below("gap", 0.5), 2, Status.CONVERGED),
        (ol.stop.Below("gap", 0.4999), 3, Status.CONVERGED),
        (ol.stop.Below("distance", 1.0), 2, Status.CONVERGED),
        (ol.stop.Below("value", 0.5), 2, Status.STOPPED),
        (ol.stop.Below("value", 0.5, certifies=True), 2, Status.CONVERGED),
        (ol.stop.Below("gap", 0.5, certifies=False), 2, Status.STOPPED),
        (ol.stop.Below("moved", 1.0), 2, Status.STOPPED),
        (ol.stop.Above("value", 8.0), 0, Status.STOPPED),
        (ol.stop.Above("calls.gradient", 4), 4, Status.STOPPED),
        (ol.stop.Above("gap", 8.0, certifies=True), 0, Status.CONVERGED),
        (ol.stop.MaxIter(7), 7, Status.MAX_ITER),
        (ol.stop.MaxIter(0), 0, Status.MAX_ITER),
        (ol.stop.Calls("gradient", 5), 5, Status.STOPPED),
        (ol.stop.Calls("value", 0), 0, Status.STOPPED),
        (ol.stop.When(lambda view: view.row["distance"] < 1.5), 2, Status.STOPPED),
        (ol.stop.When(lambda view: view.row["distance"] < 1.5, converged=True), 2, Status.CONVERGED),
    ],
    # A predicate's repr holds its address, which would make the ids differ between pytest-xdist's workers.
    ids=lambda value: type(value).__name__ if isinstance(value, ol.stop.When) else str(value),
)
def test_when_it_fires(rule, k, status):
    result = run(rule)
    assert (result.k, result.status, result.success) == (k, status, status is Status.CONVERGED)
    assert rule.implies_convergence is (status is Status.CONVERGED)


@pytest.mark.parametrize("metric", ["gap", "duality_gap", "distance", "gradient_norm", "residual", "wolfe_gap"])
def test_what_certifies_by_default(metric):
    assert ol.stop.Below(metric, 1.0).implies_convergence
    assert not ol.stop.Above(metric, 1.0).implies_convergence


def test_messages_tell_the_numbers():
    assert run(ol.stop.Below("gap", 0.5)).message == "gap = 0.5 <= 0.5"
    assert run(ol.stop.Above("value", 3)).message == "value = 8 >= 3"
    assert run(ol.stop.MaxIter(3)).message == "the limit of 3 iterations was reached"
    assert run(ol.stop.Calls("gradient", 2)).message == "2 calls of gradient were made"
    assert run(ol.stop.When(lambda v: True, text="enough")).message == "enough"
    assert run(ol.stop.Below("gap", 0.5) & ol.stop.MaxIter(1)).message.startswith("gap = 0.5 <= 0.5 and the limit of 1")


@pytest.mark.parametrize(("a", "b"), list(itertools.product([1, 4, 99], repeat=2)))
def test_or_fires_with_the_first_and_and_with_the_last(a, b):
    assert run(Fixed(a) | Fixed(b)).k == min(a, b, 30)
    assert run(Fixed(a) & Fixed(b)).k == min(max(a, b), 30)


def test_a_certifying_rule_goes_first():
    stopped, converged = Fixed(3), Fixed(3, Status.CONVERGED)
    for rule in (stopped | converged, converged | stopped, stopped & converged, converged & stopped):
        assert run(rule).status is Status.CONVERGED
    assert run(Fixed(2) | converged).status is Status.STOPPED
    assert run(Fixed(3, Status.STALLED) | Fixed(3, Status.DIVERGED)).status is Status.STALLED
    assert run((Fixed(1) & Fixed(5)) | converged).status is Status.CONVERGED
    assert run((Fixed(1) | Fixed(9)) & Fixed(4)).k == 4


def test_parts_equality_and_printing():
    a, b, c = ol.stop.Below("gap", 0.1), ol.stop.MaxTime(2.0), ol.stop.MaxIter(3)
    assert list(((a | b) & c).parts()) == [a, b, c]
    assert (a | b) == (a | b) and (a | b) != (b | a) and (a | b) != (a & b) and (a | b) != a
    assert hash(a | b) == hash(a | b) and len({a | b, a | b, a & b}) == 2
    assert repr((a | b) & c).count("(") >= 5 and "|" in repr(a | b) and "&" in repr(a & b)
    assert pickle.loads(pickle.dumps((a | b) & c)) == (a | b) & c
    with pytest.raises(TypeError, match="stopping rules combine with stopping rules, got float"):
        a | 0.5
    with pytest.raises(TypeError, match="got str"):
        a & "gap"
    with pytest.raises(TypeError, match="Rule has no reason"):
        run(Rule())


def test_unknown_columns_are_named():
    for rule in (ol.stop.Below("gaps", 1), ol.stop.Above("gaps", 1)):
        with pytest.raises(ValueError, match=r"no history column 'gaps' \(columns: k, time, value, gap"):
            run(rule)
    for rule in (ol.stop.Stalled("gaps"), ol.stop.Diverged("gaps")):
        with pytest.raises(ValueError, match="no history column 'gaps'"):
            run(rule)
    with pytest.raises(ValueError, match="'hessian' is no oracle of this problem"):
        run(ol.stop.Calls("hessian", 3))


def test_facts_about_a_step_do_not_exist_at_the_start():
    for rule in (ol.stop.Below("moved", 1e9), ol.stop.Above("moved", 0.0)):
        assert run(rule).k == 1
    assert run(ol.stop.Stalled("moved", patience=4, rtol=0.999)).k == 5 + 0
    assert run(ol.stop.Diverged("moved", limit=1.5)).k == 1


def test_stalled():
    flat = Descent(0.0)
    result = flat.run(problem, stop=ol.stop.Stalled("value", patience=5))
    assert (result.k, result.status, result.success) == (5, Status.STALLED, False)
    assert "value did not improve over 5 rows" in result.message
    assert run(ol.stop.Stalled("value", patience=3)).status is Status.MAX_ITER
    assert run(ol.stop.Stalled("value", patience=2, rtol=0.9)).status is Status.MAX_ITER  # two rows: a factor 16
    assert run(ol.stop.Stalled("value", patience=1, rtol=0.8)).k == 1  # one row: a factor 4
    rising = Descent(-0.1).run(problem, stop=ol.stop.Stalled("value", patience=3), max_iter=9)
    assert rising.k == 3


def test_diverged():
    for step, factor in ((3.0, 1e3), (-1.0, 10.0)):
        result = Descent(step).run(problem, stop=ol.stop.Diverged("value", factor=factor), max_iter=99)
        values = result.history["value"]
        assert result.status is Status.DIVERGED and values[-1] > factor * values[0] >= values[-2]
        assert "value grew to" in result.message
    result = Descent(3.0).run(problem, stop=ol.stop.Diverged("value", limit=100.0), max_iter=99)
    assert result.history["value"][-1] > 100 >= result.history["value"][-2]
    assert Descent(0.5).run(problem, stop=ol.stop.Diverged("value"), max_iter=99).status is Status.MAX_ITER


def test_rules_in_batched_runs_wait_for_every_repetition():
    moving = {"reps": 2, "x0": np.array([[4.0], [9.0]]), "max_iter": 20}
    assert Descent(0.0).run(problem, stop=ol.stop.Stalled("value", patience=3), **moving).status is Status.STALLED
    assert Descent(0.5).run(problem, stop=ol.stop.Stalled("value", patience=3), **moving).status is Status.MAX_ITER
    assert Descent(3.0).run(problem, stop=ol.stop.Diverged("value", factor=10), **moving).status is Status.MAX_ITER
    moving["x0"] = np.array([[5.0], [9.0]])
    result = Descent(3.0).run(problem, stop=ol.stop.Diverged("value", factor=10), **moving)
    assert result.status is Status.DIVERGED and result.k == 2


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: ol.stop.Below("gap", np.nan), ValueError, "tol must be a finite number"),
        (lambda: ol.stop.Below("gap", "x"), TypeError, "tol must be a real number"),
        (lambda: ol.stop.Below(3, 0.1), TypeError, "metric must be the name of a history column, got int"),
        (lambda: ol.stop.Above("gap", np.inf), ValueError, "tol must be a finite number"),
        (lambda: ol.stop.MaxIter(-1), ValueError, "n must be at least 0"),
        (lambda: ol.stop.MaxIter(2.5), TypeError, "n must be an integer"),
        (lambda: ol.stop.MaxTime(-1), ValueError, "seconds must be a finite number >= 0"),
        (lambda: ol.stop.Calls("gradient", -1), ValueError, "n must be at least 0"),
        (lambda: ol.stop.Stalled("gap", patience=0), ValueError, "patience must be at least 1"),
        (lambda: ol.stop.Stalled("gap", rtol=-1.0), ValueError, "rtol must be"),
    ],
)
def test_bad_arguments(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize(
    "rule",
    [
        ol.stop.Below("gap", 1),
        ol.stop.Above("gap", 1),
        ol.stop.MaxIter(1),
        ol.stop.MaxTime(1),
        ol.stop.Calls("value", 1),
        ol.stop.Stalled("gap"),
        ol.stop.Diverged("gap"),
        ol.stop.When(len),
    ],
    ids=repr,
)
def test_rules_are_immutable_values(rule):
    assert hash(rule) == hash(pickle.loads(pickle.dumps(rule))) and rule == pickle.loads(pickle.dumps(rule))
    with pytest.raises(AttributeError):
        rule.tol = rule.n = rule.metric = rule.seconds = rule.predicate = 5


def test_at_the_limit_is_not_beyond_it_and_the_defaults():
    assert run(ol.stop.Diverged("value", limit=8.0)).status is Status.MAX_ITER
    assert run(ol.stop.Diverged("value", limit=7.99)).k == 0
    assert (ol.stop.Diverged("value").factor, ol.stop.Diverged("value").limit) == (1e10, np.inf)
    assert (ol.stop.Stalled("value").patience, ol.stop.Stalled("value").rtol) == (100, 1e-12)
