"""The contract of a problem, as named checks."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from optlab.core.oracles import ORACLES, StochasticGradient, has_oracle, oracle_methods
from optlab.core.xp import namespace, to_numpy
from optlab.testing import _knowledge
from optlab.testing._points import as_array, points, precision
from optlab.testing._same import require, same_point
from optlab.testing.oracles import ORACLE_CHECKS

__all__ = ["problem_checks"]

Check = Callable[[], None]


def problem_checks(problem: Any, *, rng: int = 0) -> Iterator[tuple[str, Check]]:
    """Yield the named checks of a problem; each is a callable that raises AssertionError.

    Parameters
    ----------
    problem : Problem
        The problem.
    rng : int, default 0
        Seed of the points at which the oracles are asked.

    Yields
    ------
    (str, callable)
        Name and check: one for each oracle the problem offers, and the general ones.

    Examples
    --------
    >>> import optlab as ol
    >>> [name for name, check in ol.testing.problem_checks(ol.problems.Quadratic([1.0, 10.0]))][-3:]
    ['BlockCurvature', 'BlockHessian', 'BoundGraph']
    """
    yield "immutable", partial(_immutable, problem)
    yield "description", partial(_description, problem)
    for name, check in (
        ("pickle", _pickle),
        ("start", _start),
        ("metrics", _metrics),
        ("leading axes", _leading_axes),
        ("reference", _knowledge.reference),
        ("constants", _knowledge.constants),
    ):
        yield name, partial(_with_rng, check, problem, rng)
    for oracle, oracle_check in ORACLE_CHECKS.items():
        if has_oracle(problem, oracle):
            yield oracle.__name__, partial(_with_rng, oracle_check, problem, rng)


def _with_rng(check: Callable[[Any, np.random.Generator], None], problem: Any, rng: int) -> None:
    with np.errstate(over="ignore"):  # a far point may overflow to infinity
        check(problem, np.random.default_rng(rng))


def _immutable(problem: Any) -> None:
    for name in ("shape", "constants", "something_new"):
        try:
            setattr(problem, name, None)
        except AttributeError:
            continue
        raise AssertionError(f"{problem.name}: the attribute {name} can be set after construction")
    for name, value in vars(problem).items():
        if isinstance(value, np.ndarray):
            require(not value.flags.writeable, f"{problem.name}: the array {name} can be written to")


def _description(problem: Any) -> None:
    row = problem.describe()
    wanted = {"name", "shape", "oracles", "constants", "reference", "violates"}
    require(wanted <= set(row), f"{problem.name}: describe() lacks {', '.join(sorted(wanted - set(row)))}")
    require(row["oracles"] == oracle_methods(problem), f"{problem.name}: describe() does not list the oracles it has")
    require(
        set(row["constants"]) == set(problem.constants),
        f"{problem.name}: describe() does not list the constants it has",
    )
    require(isinstance(repr(problem), str) and problem.name in repr(problem), f"{problem.name}: repr does not name it")
    require((type(problem).__doc__ or "").strip(), f"{problem.name}: the class has no docstring")
    half = [
        p.__name__ for p, names in ORACLES.items() if not has_oracle(problem, p) and set(names) & set(row["oracles"])
    ]
    require(not half, f"{problem.name}: has only some of the methods of {', '.join(half)}")


def _pickle(problem: Any, rng: np.random.Generator) -> None:
    twin = pickle.loads(pickle.dumps(problem))
    asked = _asked(problem, points(problem, rng, 2)[0], rng)
    for name, arguments in asked.items():
        one, two = getattr(problem, name)(*arguments), getattr(twin, name)(*arguments)
        require(
            same_point(np.asarray(to_numpy(one)), np.asarray(to_numpy(two))),
            f"{problem.name}: {name} differs after pickling",
        )
    _immutable(twin)


def _start(problem: Any, rng: np.random.Generator) -> None:
    one, two = (problem.start(np.random.default_rng(7)) for _ in range(2))
    require(
        tuple(one.shape) == tuple(problem.shape),
        f"{problem.name}: start() has shape {tuple(one.shape)}, not {problem.shape}",
    )
    require(one.dtype == problem.dtype, f"{problem.name}: start() is {one.dtype}, the problem {problem.dtype}")
    require(bool(np.isfinite(to_numpy(one)).all()), f"{problem.name}: start() is not finite")
    require(same_point(one, two), f"{problem.name}: start(rng) differs for the same rng")
    require(same_point(problem.as_start(one), one), f"{problem.name}: as_start() changes its own start")


def _metrics(problem: Any, rng: np.random.Generator) -> None:
    for x in points(problem, rng, 3):
        before = np.array(to_numpy(x))
        metrics = problem.measure(x)
        require(np.array_equal(before, to_numpy(x)), f"{problem.name}: measure(x) wrote into x")
        for name, value in metrics.items():
            require(np.ndim(to_numpy(value)) == 0, f"{problem.name}: the metric {name} is not a number")
            require(name not in ("k", "time"), f"{problem.name}: the metric {name} has the name of a history column")


def _asked(problem: Any, x: Any, rng: np.random.Generator) -> dict[str, tuple[Any, ...]]:
    """Arguments for every oracle that acts on a point; the arrays are read-only, so writing into them is an error."""
    v = as_array(problem, rng.standard_normal(problem.shape))
    two = {"hessian_product": v, "line_minimum": v, "prox": 0.7}
    one = ("value", "gradient", "subgradient", "smooth_value", "smooth_gradient", "project", "lmo")
    asked = dict.fromkeys(one, (x,)) | {name: (x, second) for name, second in two.items()}
    if has_oracle(problem, StochasticGradient):
        asked["stochastic_gradient"] = (x, problem.draw(rng, 1)[0, ...])
    return {name: arguments for name, arguments in asked.items() if getattr(problem, name, None) is not None}


def _leading_axes(problem: Any, rng: np.random.Generator) -> None:
    """With ``batched = True`` every oracle runs over leading axes of x (and of v, xi) together."""
    if not problem.batched:
        return
    each = [_asked(problem, x, rng) for x in points(problem, rng, 6)]
    xp: Any = namespace(problem.start(rng))
    for name in each[0]:
        oracle = getattr(problem, name)
        loop = np.stack([to_numpy(oracle(*arguments[name])) for arguments in each])
        stacked = []
        for column in zip(*(arguments[name] for arguments in each), strict=True):
            stacked.append(column[0] if isinstance(column[0], float) else xp.stack([xp.asarray(a) for a in column]))
        for lead in ((6,), (2, 3)):
            arguments = [a if isinstance(a, float) else xp.reshape(a, (*lead, *a.shape[1:])) for a in stacked]
            batch = np.asarray(to_numpy(oracle(*arguments)))
            require(
                batch.shape == (*lead, *loop.shape[1:]),
                f"{problem.name}: {name} of points with leading axes {lead} has shape {batch.shape}",
            )
            scale = 1e3 * precision(problem) * (1 + float(np.abs(loop).max(initial=0.0)))
            close = np.abs(batch.reshape(loop.shape) - loop) <= scale
            require(bool(close.all()), f"{problem.name}: {name} over leading axes is not the loop over the points")
