"""Small solvers and problems that the tests of the core run: at module level, so that they can be pickled."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import optlab as ol
from optlab.core.oracles import Gradient, StochasticGradient, Value
from optlab.core.result import Status


@dataclass(frozen=True)
class Descent(ol.Solver):
    """x <- x - step_size * gradient(x); k counts gradients."""

    step_size: float = 0.25
    requires = (Gradient,)
    batched = True

    def init(self, problem, x0, rng):
        return ol.State(x0)

    def step(self, problem, state):
        g = problem.gradient(state.x)
        state.x = state.x - self.step_size * g
        state.k += 1
        state.info = {"moved": float(np.linalg.norm(self.step_size * g))}
        return state


@dataclass
class NoisyState(ol.State):
    momentum: Any = None


@dataclass(frozen=True)
class Noisy(ol.Solver):
    """Stochastic descent with a buffer written in place and numbers from two streams; carries repetitions."""

    step_size: float = 0.1
    requires = (StochasticGradient,)
    batched = True

    def init(self, problem, x0, rng):
        return NoisyState(x0, momentum=np.zeros_like(x0))

    def step(self, problem, state):
        one = isinstance(state.rng, ol.rng.Streams)
        rngs = (state.rng,) if one else state.rng
        xi = np.stack([problem.draw(r.environment, 1)[0] for r in rngs])
        jitter = np.stack([r.solver.standard_normal(problem.shape) for r in rngs])
        if one:
            xi, jitter = xi[0], jitter[0]
        state.momentum *= 0.5
        state.momentum += problem.stochastic_gradient(state.x, xi)
        state.x = state.x - self.step_size * state.momentum + 1e-3 * jitter
        state.k += 1
        return state


@dataclass(frozen=True)
class Chunked(ol.Solver):
    """Gradient descent, `chunk` units a step, with an exact trace and its calls charged."""

    step_size: float = 0.1
    chunk: int = 8
    requires = (Gradient, Value)

    def init(self, problem, x0, rng):
        return ol.State(x0)

    def step(self, problem, state):
        m = state.units(self.chunk)
        x, values = state.x, []
        for _ in range(m):
            x = x - self.step_size * (x - problem.center)
            values.append(0.5 * ((x - problem.center) ** 2).sum())
        problem.charge("gradient", m)
        state.x, state.k = x, state.k + m
        state.trace = {"value": np.array(values)}
        return state


@dataclass(frozen=True)
class Finishing(ol.Solver):
    """Halves x and declares itself done after `after` steps."""

    after: int = 3
    status: Status = Status.EXACT
    message: str = "as small as wanted"

    def init(self, problem, x0, rng):
        return ol.State(x0, done=self.status if self.after == 0 else None, message=self.message)

    def step(self, problem, state):
        state.x = state.x / 2
        state.k += 1
        if state.k >= self.after:
            state.done = self.status
        return state


@dataclass(frozen=True)
class Breaking(ol.Solver):
    """Adds one in every step and misbehaves in step `at`: what = nan, inf, raise, interrupt, stuck, torn."""

    at: int = 3
    what: str = "nan"

    def init(self, problem, x0, rng):
        return ol.State(x0)

    def step(self, problem, state):
        if state.k + 1 == self.at:
            if self.what == "raise":
                raise ZeroDivisionError("boom")
            if self.what == "interrupt":
                raise KeyboardInterrupt
            if self.what == "stuck":
                return state
            if self.what == "torn":
                state.x = state.x + 100.0
                raise KeyboardInterrupt
        state.x = (
            state.x + {"nan": np.nan, "inf": np.inf}.get(self.what, 1.0) if state.k + 1 == self.at else state.x + 1.0
        )
        state.k += 1
        return state


class Bowl(ol.Problem):
    """Half the squared distance to `center`, with Gaussian gradient noise of scale `noise`."""

    batched = True

    def __init__(self, center=(1.0, -2.0, 3.0), noise=1.0, known=True):
        self.center = np.asarray(center, dtype=float)
        self.shape = self.center.shape
        self.noise = float(noise)
        if known:
            self.constants = ol.Constants(L=ol.constants.exact(1.0, "identity Hessian"))
            self.reference = ol.Reference.exact(0.0, self.center, certificate="a square is non-negative")

    def value(self, x):
        return 0.5 * ((x - self.center) ** 2).sum(axis=-1)

    def gradient(self, x):
        return x - self.center

    def draw(self, rng, size):
        return rng.standard_normal((size, *self.shape))

    def stochastic_gradient(self, x, xi):
        return x - self.center + self.noise * xi


class RandomStart(Bowl):
    """A bowl whose default start is drawn from the `init` stream."""

    def start(self, rng=None):
        return np.zeros(self.shape) if rng is None else rng.standard_normal(self.shape)


@dataclass
class Recorder(ol.callbacks.Callback):
    """Notes every call of a callback."""

    events: list = field(default_factory=list)

    def start(self, view):
        self.events.append(("start", view.k))

    def __call__(self, view):
        self.events.append(("row", view.k))

    def close(self, view):
        self.events.append(("close", view.k))


def same_rows(a, b, ignore=("time",)):
    """Whether two histories agree bit for bit in everything but the clock."""
    assert a.columns == b.columns, (a.columns, b.columns)
    for name in a.columns:
        if name not in ignore:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    assert a.trace.keys() == b.trace.keys()
    for name in a.trace:
        np.testing.assert_array_equal(a.trace[name], b.trace[name], err_msg=f"trace {name}")
    np.testing.assert_array_equal(a.x_k, b.x_k)
    for one, other in zip(a.x, b.x, strict=True):
        np.testing.assert_array_equal(one, other)
