"""Every check of a solver fails for a solver that breaks exactly its rule, and says which one and how."""

import pickle
from dataclasses import dataclass, field

import numpy as np
import pytest

import optlab as ol
from optlab.core.result import Status
from optlab.testing import check_solver, solver_checks

from ..core.specimens import Bowl, Chunked, Descent, Noisy, RandomStart


def failing(solver, problem=None, **options):
    """Names of the checks that fail, with their sentences."""
    out = {}
    for name, check in solver_checks(solver, Bowl() if problem is None else problem, **options):
        try:
            check()
        except AssertionError as err:
            out[name] = str(err)
    return out


@pytest.mark.parametrize("solver", [Descent(), Noisy(), Chunked(), Chunked(chunk=5)], ids=repr)
@pytest.mark.parametrize("problem", [Bowl(), RandomStart(), Bowl([2.0]), Bowl(known=False)], ids=repr)
def test_good_solvers_pass(solver, problem):
    check_solver(solver, problem)
    check_solver(solver, problem, rng=3, max_iter=20)


CLOCK = {"ticks": 0}


@dataclass(frozen=True)
class Ticking(Descent):
    "Depends on a global."

    def step(self, problem, state):
        CLOCK["ticks"] += 1
        state = super().step(problem, state)
        state.x = state.x + 1e-9 * CLOCK["ticks"]
        return state


@dataclass(frozen=True)
class InPlace(Descent):
    "Writes into x."

    def step(self, problem, state):
        state.x -= self.step_size * problem.gradient(state.x)
        state.k += 1
        return state


@dataclass(frozen=True)
class Looking(Descent):
    "Counts on an attribute of the driver's schedule: its steps depend on how far it is allowed to go."

    def step(self, problem, state):
        far = 1.0 if state.k_max is None else 1.0 / state.k_max
        state.x = state.x - self.step_size * far * problem.gradient(state.x)
        state.k += 1
        return state


@dataclass(frozen=True)
class Unpicklable(Descent):
    "Keeps a lambda in its state."

    def init(self, problem, x0, rng):
        state = super().init(problem, x0, rng)
        state.info = {}
        state.message = lambda: ""
        return state


@dataclass(frozen=True)
class Forgetful(Chunked):
    "Does not charge the calls made inside its kernel in proportion."

    def step(self, problem, state):
        m = state.units(self.chunk)
        x = state.x
        for _ in range(m):
            x = x - self.step_size * (x - problem.center)
        problem.charge("gradient", 1)
        state.x, state.k, state.trace = x, state.k + m, {"value": np.zeros(m)}
        return state


@dataclass(frozen=True)
class Embellishing(Descent):
    "Goes round the ledger."

    def step(self, problem, state):
        state.x = state.x - self.step_size * problem.problem.gradient(state.x)
        state.k += 1
        return state


@dataclass(frozen=True)
class Boastful(Descent):
    "Calls itself done whatever happened."

    def step(self, problem, state):
        state = super().step(problem, state)
        state.done = Status.EXACT if state.k >= 6 or not np.isfinite(state.x).all() else None
        state.x = np.nan_to_num(state.x, posinf=1.0, neginf=-1.0)
        return state


@dataclass(frozen=True)
class Swallowing(Descent):
    "Swallows exceptions."

    def step(self, problem, state):
        try:
            return super().step(problem, state)
        except Exception:
            state.k += 1
            return state


@dataclass(frozen=True)
class Restless(Descent):
    "Divides by the norm of the gradient."

    def step(self, problem, state):
        g = problem.gradient(state.x)
        state.x = state.x - self.step_size * g / np.sqrt((g * g).sum(axis=-1, keepdims=True))
        state.k += 1
        return state


class Thawed(Descent):
    "Can be changed."

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Learning(Descent):
    "Writes notes into itself."

    notes: list = field(default_factory=list)

    def step(self, problem, state):
        self.notes.append(state.k)
        return super().step(problem, state)


@dataclass(frozen=True)
class Undeclared(Descent):
    "Does not say that it needs gradients."

    requires = ()


@dataclass(frozen=True)
class Mixing(Descent):
    "Lets repetitions see each other."

    def step(self, problem, state):
        state = super().step(problem, state)
        state.x = state.x - 1e-3 * state.x.mean()
        return state


@dataclass(frozen=True)
class Doubling(Descent):
    "Computes in double precision whatever it is given."

    def step(self, problem, state):
        state.x = np.asarray(state.x, dtype=np.float64) - self.step_size * problem.gradient(state.x)
        state.k += 1
        return state


@dataclass(frozen=True)
class Untraced(Chunked):
    "Leaves units out of its trace."

    def step(self, problem, state):
        state = super().step(problem, state)
        state.trace = {"value": state.trace["value"][1:]}
        return state


@dataclass(frozen=True)
class Overshooting(Descent):
    "Goes past the limit."

    def step(self, problem, state):
        state = super().step(problem, state)
        state.k += 6
        return state


class Lenient(Bowl):
    "Takes any start."

    def as_start(self, x0, reps=None):
        x = np.asarray(x0, dtype=float)
        x = np.nan_to_num(np.ravel(x)[:3], posinf=0.0)
        return x


class Grasping(Bowl):
    "Uses the user's own array as the start."

    def as_start(self, x0, reps=None):
        return np.asarray(x0)


class Single(Bowl):
    "Data that can be given in float32."

    def __init__(self, center=(1.0, -2.0, 3.0)):
        super().__init__(center)
        self.like = self.center


@pytest.mark.parametrize(
    ("solver", "problem", "check", "sentence"),
    [
        (Ticking(), None, "determinism", "two runs with the same seed returned different iterates"),
        (InPlace(), None, "old iterates", "wrote into the iterate of k=0; step must assign a new x"),
        (Looking(), None, "resume", "the iterate differs from that of the straight run"),
        (Forgetful(), None, "counters", "with chunk=8 the calls are"),
        (Embellishing(), None, "counters", "the ledger says .*'gradient': 0.* an independent count"),
        (Boastful(), None, "NaN oracle", "an oracle that answers NaN from step 3 on led to EXACT"),
        (Boastful(), None, "exploding oracle", "turned round and growing tenfold led to EXACT"),
        (Swallowing(), None, "raising oracle", "the exception was swallowed"),
        (Restless(), None, "optimal start", "started at the optimum: ended as NONFINITE"),
        (Thawed(), None, "frozen", "the hyper-parameter step_size can be changed after construction"),
        (Learning(), None, "frozen", "a run on Bowl changed the solver object"),
        (Mixing(), RandomStart(), "repetitions", "repetition 0 of a batched run is not the single run"),
        (Doubling(), Single(), "precision", "float32 data gave a float64 iterate"),
        (Untraced(), None, "history", "the trace 'value' does not have one entry per unit"),
        (Overshooting(), None, "history", "the last row is not the returned iterate"),
        (Descent(), Lenient(), "refused starts", "x0 of the wrong shape was accepted"),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, ol.Solver | ol.Problem) else v,
)
def test_a_broken_rule_is_named(solver, problem, check, sentence):
    with pytest.raises(AssertionError, match=sentence) as caught:
        dict(solver_checks(solver, Bowl() if problem is None else problem))[check]()
    assert type(solver).__name__ in str(caught.value)


def test_a_start_that_is_written_to():
    solver, problem = InPlace(), Grasping()
    with pytest.raises(AssertionError, match=r"\[kinds of start\] .*(was changed|read-only)"):
        check_solver(solver, problem)


def test_one_error_names_everything_that_is_broken():
    with pytest.raises(AssertionError) as caught:
        check_solver(Boastful(), Bowl())
    text = str(caught.value)
    assert text.count("\n") >= 1 and "[NaN oracle]" in text and "[exploding oracle]" in text


def test_crashes_are_sentences_too():
    with pytest.raises(AssertionError, match=r"\[missing oracle\]|\[checkpoint\]"):
        check_solver(Unpicklable(), Bowl())
    with pytest.raises(TypeError, match="solver must be an optlab Solver object"):
        check_solver(Descent, Bowl())


def test_an_undeclared_need_shows_as_a_crash():
    class Bare(Bowl):
        gradient = None

    assert not failing(Undeclared()) and not failing(Descent())
    with pytest.raises(AssertionError, match=r"\[determinism\] .*TypeError|AttributeError"):
        check_solver(Undeclared(), Bare())


class Early(Descent):
    "Works before the start has been looked at."

    def check(self, problem):
        super().check(problem)
        problem.gradient(np.zeros(3))


def test_oracles_called_too_early_are_found():
    found = failing(Early())
    assert "x0 of the wrong shape was refused only after oracles had been called" in found["refused starts"]


def test_the_names_are_those_of_the_table():
    names = [name for name, _ in solver_checks(Descent(), Bowl())]
    assert len(names) == len(set(names)) == 19
    assert pickle.loads(pickle.dumps(Descent())) == Descent()
