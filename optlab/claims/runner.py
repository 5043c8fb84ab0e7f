"""Runner: study claims with their controls, one after the other or through joblib."""

from __future__ import annotations

import time
import traceback
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from optlab.claims.claim import Claim
from optlab.claims.controls import ControlOutcome
from optlab.claims.judge import Judgement, judge
from optlab.claims.outcome import Outcome, Series
from optlab.claims.parts import Verdict
from optlab.claims.registry import load
from optlab.claims.study import CaseData, collect

__all__ = ["check", "check_all"]

#: How many curves, of how many points, a report gets per claim.
_CURVES, _POINTS = 6, 120


def check(claim: Claim, budget: str, seeds: int | None, rng: int) -> Outcome:
    """Study one claim and its controls; a crash becomes an ERROR outcome.

    Parameters
    ----------
    claim : Claim
        The claim.
    budget : {"quick", "standard", "full"}
        Which cases are tried, and how many seeds.
    seeds : int or None
        Number of seeds of each case, instead of the budget's.
    rng : int
        Root of all seeds: the same root gives the same outcome.

    Returns
    -------
    Outcome
        Verdict, numbers, controls and curves.

    Examples
    --------
    >>> import optlab as ol
    >>> claim = next(c for c in ol.claims.all_claims() if c.id == "nlgd/C1")
    >>> ol.claims.check(claim, "quick", seeds=None, rng=0).headline
    'SUPPORTED'
    """
    began = time.perf_counter()
    n = claim.seeds_for(budget) if seeds is None else seeds
    # Each claim has its own root, so adding one changes no other; controls share the claim's random numbers.
    root = np.random.SeedSequence([rng, zlib.crc32(claim.id.encode())])
    try:
        with _one_blas_thread():
            data = collect(claim, budget, n, root)
            found = judge(claim, data)
            # Where the theorem says nothing there is nothing whose power could be shown.
            tried = () if found.verdict is Verdict.NOT_APPLICABLE else claim.controls
            controls = tuple(_control(claim, control, budget, n, root) for control in tried)
    except Exception as err:
        message = f"{type(err).__name__}: {err}"
        judgement = Judgement(Verdict.ERROR, message=message)
        return Outcome(claim, judgement, seeds=n, seconds=time.perf_counter() - began, error=traceback.format_exc())
    return Outcome(
        claim,
        found,
        controls,
        n,
        tuple(dict.fromkeys(f"{one.problem}: {one.case.name}" for one in data if one.applicable)),
        tuple(
            f"{one.case.name} ({'; '.join(one.failed) or f'{one.left_out} of {n} draws: an assumption fails'})"
            for one in data
            if one.left_out or not one.applicable
        ),
        tuple(_series(data)),
        time.perf_counter() - began,
    )


def _control(claim: Claim, control: Any, budget: str, seeds: int, root: Any) -> ControlOutcome:
    """A control that crashes has not been refuted: it is reported as an ERROR and the claim falls short."""
    try:
        broken = claim.controlled(control)
        n = broken.seeds_for(budget) if "seeds" in control.changes else seeds
        found = judge(broken, collect(broken, budget, n, root))
    except Exception as err:
        return ControlOutcome(control.description, Verdict.ERROR, f"{type(err).__name__}: {err}")
    return ControlOutcome(control.description, found.verdict, found.message)


def _series(data: Sequence[CaseData]) -> Iterator[Series]:
    """Curves of the tightest cases, thinned for the report."""
    rated = []
    for one in data:
        same = [s for s in one.samples if s.axis.shape == one.samples[0].axis.shape]
        if not same:
            continue
        value, bound = np.stack([s.value for s in same]), np.stack([s.bound for s in same])
        with np.errstate(all="ignore"):
            tightness = float(np.nanmax(np.where(bound > 0, value / bound, -np.inf), initial=-np.inf))
        rated.append((one.case.tight, tightness, one, same[0].axis, value, bound))
    points = [entry for entry in rated if entry[3].size == 1]
    if points:  # single numbers: one series over all cases rather than a curve for each
        columns = np.array([(v.min(), np.median(v), v.max(), np.median(b)) for *_, v, b in points]).T
        axes = [float(entry[3][0]) for entry in points]
        if len(set(axes)) < len(axes):
            axes = [float(i + 1) for i in range(len(points))]
        yield Series("; ".join(entry[2].case.name for entry in points), axes, *(c.tolist() for c in columns))
    curves = sorted((entry for entry in rated if entry[3].size > 1), key=lambda e: (e[0], e[1]), reverse=True)
    for _, _, one, axis, value, bound in curves[:_CURVES]:
        keep = np.unique(np.linspace(0, axis.size - 1, min(axis.size, _POINTS)).astype(int))
        low, mid, high = value.min(axis=0), np.median(value, axis=0), value.max(axis=0)
        yield Series(one.case.name, *(a[keep].tolist() for a in (axis, low, mid, high, np.median(bound, axis=0))))


def check_all(claims: Sequence[Claim], budget: str, seeds: int | None, jobs: int, rng: int) -> Iterator[Outcome]:
    """Yield the outcome of each claim as it is finished: in order, or as the workers of joblib return them."""
    if jobs == 1 or len(claims) == 1:
        yield from (check(claim, budget, seeds, rng) for claim in claims)
        return
    import joblib

    # A claim made of lambdas does not travel by name; workers find it again by its origin (library, or a file).
    tasks = (joblib.delayed(_check_by_origin)(*_ticket(claim), budget, seeds, rng) for claim in claims)
    by_id = {claim.id: claim for claim in claims}
    try:
        results: Iterable[Any] = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks)
    except (ValueError, NotImplementedError):  # a backend that cannot stream its results
        tasks = (joblib.delayed(_check_by_origin)(*_ticket(claim), budget, seeds, rng) for claim in claims)
        results = joblib.Parallel(n_jobs=jobs)(tasks)
    for id, fields in results:
        yield Outcome(by_id[id], **fields)


def _ticket(claim: Claim) -> tuple[str, str, Any]:
    portable = claim.origin == "library" or claim.origin.endswith(".py")
    return claim.id, claim.origin, None if portable else claim


def _check_by_origin(id: str, origin: str, claim: Any, budget: str, seeds: int | None, rng: int) -> tuple[str, Any]:
    """In a worker: find the claim, check it, and send back everything but the claim itself."""
    found = load(id, origin) if claim is None else claim
    outcome = check(found, budget, seeds, rng)
    return id, {name: getattr(outcome, name) for name in outcome.__dataclass_fields__ if name != "claim"}


def _one_blas_thread() -> Any:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")
