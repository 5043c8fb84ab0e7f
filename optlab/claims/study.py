"""Study: carry out the measurements of a claim on its cases and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from optlab.claims.claim import Claim
from optlab.claims.parts import Assumption, Case, Known, Measurement, as_points
from optlab.core.rng import RNGLike, spawn, streams

__all__ = ["CaseData", "Sample", "collect", "trajectory"]

Floats: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Sample:
    """One run of one case.

    Parameters
    ----------
    axis, value, bound : array, shape (A,)
        Where it was measured, what was measured, and what it is compared with.

    Examples
    --------
    >>> import optlab as ol
    >>> claim = next(c for c in ol.claims.all_claims() if c.id == "base/gd-convex")
    >>> sample = ol.claims.collect(claim, "quick", seeds=1, rng=0)[0].samples[0]
    >>> bool((sample.value <= sample.bound * (1 + 1e-9)).all())
    True
    """

    axis: Floats
    value: Floats
    bound: Floats


@dataclass
class CaseData:
    """All runs of one case.

    Parameters
    ----------
    case : Case
        The case.
    problem : str
        Name of its problem.
    samples : list of Sample
        One for each seed; none where an assumption fails.
    failed : list of str
        The assumptions that fail (for a problem drawn anew for every seed: that fail on every draw).
    left_out : int
        Draws of the problem that were left out because an assumption fails on them.

    Examples
    --------
    >>> import optlab as ol
    >>> claim = next(c for c in ol.claims.all_claims() if c.id == "nlgd/C10-flat")
    >>> {(data.problem, data.applicable) for data in ol.claims.collect(claim, "quick", seeds=1, rng=0)}
    {('WorstCase', True)}
    """

    case: Case
    problem: str
    samples: list[Sample] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left_out: int = 0

    @property
    def applicable(self) -> bool:
        """Whether every assumption held."""
        return not self.failed


def trajectory(
    case: Case, problem: Any, seed: Any, column: str = "gap", *, reps: int | None = None, upper: bool = True
) -> Measurement:
    """Run ``case.solver`` on the problem and return a history column along the iterations.

    For a lower bound (``upper=False``) the gap is taken to the high end of the reference interval: the reference always
    stands at the end that is unfavourable for the claim.

    Parameters
    ----------
    case : Case
        Solver, number of steps, schedule, start.
    problem : Problem
        The problem of this seed.
    seed : seed-like
        Seed of the run.
    column : str
        The history column.
    reps : int, optional
        Repetitions on a leading axis.
    upper : bool
        Whether the column is to be bounded from above.

    Returns
    -------
    Measurement
        With the initial distance `D`, initial `gap0` and initial value of the column (`first`) among its known numbers.

    Examples
    --------
    >>> import optlab as ol
    >>> case = ol.claims.Case("quadratic", ol.problems.Quadratic([1.0, 10.0]), ol.GradientDescent(), 20)
    >>> measured = ol.claims.trajectory(case, case.problem, seed=0)
    >>> float(measured.axis[-1]), measured.known["gap0"]
    (20.0, 5.5)
    """
    options = {"max_iter": case.max_iter, "record": case.record, "rng": seed, "x0": case.x0}
    if reps is not None:
        options["reps"] = reps
    result = case.solver.run(problem, **options)
    history = result.history
    axis, value = history["k"].astype(float), history[column].astype(float)
    if column == "gap" and not upper and problem.reference is not None:
        value = value - problem.reference.width
    known = {"first": float(np.ravel(value[0])[0])}
    for name, symbol in (("distance", "D"), ("gap", "gap0")):
        if name in history:
            known[symbol] = float(np.max(history[name][0]))
    if not result.status.success and result.status.name in ("NONFINITE", "DIVERGED"):
        axis, value = np.append(axis, result.k + 1), np.append(value, np.full((1, *value.shape[1:]), np.inf), axis=0)
    return Measurement(axis, np.moveaxis(value, 0, -1), known=known)


def _assumptions(claim: Claim) -> list[Assumption]:
    return [*(_certified(name, side) for name, side in claim.uses.items()), *claim.assumptions]


def _certified(name: str, side: Any) -> Assumption:
    def holds(problem: Any, case: Case) -> bool:
        return name in problem.constants and bool(problem.constants[name].certifies(side))

    return Assumption(f"{name} is known exactly or as a certified {side} bound", holds)


def _known(problem: Any, case: Case, measurement: Measurement) -> Known:
    constants = {name: c.value for name, c in getattr(problem, "constants", {}).items()}
    hyper = {k: v for k, v in vars(case.solver).items() if isinstance(v, int | float)} if case.solver else {}
    return Known(hyper, measurement.known, constants, case.params)


def _samples(claim: Claim, case: Case, problem: Any, measurement: Measurement) -> list[Sample]:
    axis = as_points(measurement.axis)
    values = np.atleast_2d(np.asarray(measurement.value, dtype=float))
    if measurement.bound is not None:
        bound = np.asarray(measurement.bound, dtype=float)
    elif claim.bound is not None:
        with np.errstate(all="ignore"):
            bound = np.asarray(claim.bound(axis, _known(problem, case, measurement)), dtype=float)
    else:
        raise ValueError(f"{claim.id}: neither the claim nor the measurement on {case.name} has a bound")
    if values.shape[1] != axis.size:
        raise ValueError(f"{claim.id}: {values.shape[1]} values for {axis.size} axis points on {case.name}")
    bounds = np.broadcast_to(bound, values.shape)
    return [Sample(axis, v, b) for v, b in zip(values, bounds, strict=True)]


def _measure(claim: Claim, case: Case, problem: Any, seed: Any, reps: int | None) -> Measurement:
    if isinstance(claim.measured, str):
        return trajectory(case, problem, seed, claim.measured, reps=reps, upper=claim.kind != "lower")
    return claim.measured(case, problem, seed)


def collect(claim: Claim, budget: str, seeds: int, rng: RNGLike) -> list[CaseData]:
    """Measure every case of a claim on `seeds` seeds.

    Repetitions of a solver that can carry them run as one batch; the others go seed by seed.  Both use the same seeds.

    Parameters
    ----------
    claim : Claim
        The claim.
    budget : {"quick", "standard", "full"}
        Which cases.
    seeds : int
        Repetitions of each case.
    rng : seed-like
        Root of all seeds.

    Returns
    -------
    list of CaseData
        In the order of the cases; a case whose assumptions fail has no samples.

    Examples
    --------
    >>> import optlab as ol
    >>> claim = next(c for c in ol.claims.all_claims() if c.id == "base/sgd-constant")
    >>> {len(data.samples) for data in ol.claims.collect(claim, "quick", seeds=3, rng=0)}
    {3}
    """
    assumptions = _assumptions(claim)
    cases = claim.cases_for(budget)
    return [
        _study(claim, case, assumptions, seeds, root) for case, root in zip(cases, spawn(rng, len(cases)), strict=True)
    ]


def _study(claim: Claim, case: Case, assumptions: list[Assumption], seeds: int, root: Any) -> CaseData:
    """Measure one case; draws of a problem on which an assumption fails are left out."""
    children = spawn(root, seeds)
    drawn = _is_factory(case.problem)
    problem = case.problem(streams(children[0]).data) if drawn else case.problem
    data = CaseData(case, getattr(problem, "name", type(problem).__name__))
    if not drawn:
        data.failed = [a.name for a in assumptions if not a.holds(problem, case)]
        if not data.applicable:
            return data
        if isinstance(claim.measured, str) and seeds > 1 and case.solver.batched and problem.batched:
            data.samples = _samples(claim, case, problem, _measure(claim, case, problem, root, seeds))
            return data
    failed: list[str] = []
    for child in children:
        if drawn:
            problem = case.problem(streams(child).data)
            wrong = [a.name for a in assumptions if not a.holds(problem, case)]
            if wrong:
                data.left_out += 1
                failed += wrong
                continue
        data.samples += _samples(claim, case, problem, _measure(claim, case, problem, child, None))
    if not data.samples:
        data.failed = list(dict.fromkeys(failed))
    return data


def _is_factory(problem: Any) -> bool:
    return callable(problem) and not hasattr(problem, "measure")


def sweep(data: list[CaseData]) -> tuple[Floats, list[Floats], list[Floats]]:
    """Join single-point cases into one sweep: axis (P,), and for each point the values and bounds over seeds."""
    points: dict[float, tuple[list[float], list[float]]] = {}
    for one in data:
        for sample in one.samples:
            for x, v, b in zip(sample.axis, sample.value, sample.bound, strict=True):
                values, bounds = points.setdefault(float(x), ([], []))
                values.append(float(v))
                bounds.append(float(b))
    xs = sorted(points)
    return np.array(xs), [np.array(points[x][0]) for x in xs], [np.array(points[x][1]) for x in xs]


def environment() -> Mapping[str, str]:
    """Return the versions and the machine a study ran on."""
    import os
    import platform
    from importlib import metadata

    packages = ("optlab-toolkit", "numpy", "scipy", "numba", "scikit-learn", "cvxpy", "joblib")
    out = {"python": platform.python_version(), "platform": platform.platform(), "cpus": str(os.cpu_count())}
    for package in packages:
        try:
            out[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            out[package] = "not installed"
    return out
