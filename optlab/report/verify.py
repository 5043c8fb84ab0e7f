"""Verify: the main job.  Run claims, show progress, and return a `Verification`; what was done is never lost."""

from __future__ import annotations

import datetime
import os
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from optlab.claims.claim import Claim
from optlab.claims.judge import Judgement
from optlab.claims.outcome import Outcome
from optlab.claims.parts import BUDGETS, Verdict
from optlab.claims.registry import resolve
from optlab.claims.runner import check_all
from optlab.claims.study import environment
from optlab.core.validate import integer, one_of
from optlab.report.progress import watch
from optlab.report.record import command, reproduce
from optlab.report.verification import Verification

__all__ = ["verify"]


def verify(
    *targets: Any,
    budget: str = "quick",
    seeds: int | None = None,
    jobs: int = 1,
    rng: int = 0,
    progress: bool | Callable[[str, int, int], None] = True,
) -> Verification:
    """Check theorems: run the claims on their cases, with their negative controls.

    Parameters
    ----------
    *targets : str or Claim
        Claims, id patterns (``"nlgd"``, ``"nlgd/C4"``, ``"base/gd-*"``) or paths of Python files that define claims;
        everything when absent.
    budget : {"quick", "standard", "full"}
        How much work.
    seeds : int, optional
        Repetitions of each case, instead of the claim's own number for the budget.
    jobs : int, default 1
        Worker processes (joblib; -1 for all cores).  Under ``joblib.parallel_config`` its backend is used.
    rng : int, default 0
        Root of all seeds: the same number gives the same bits.
    progress : bool or callable, default True
        Show progress: a bar in a terminal or a notebook, a line for each claim in a log; a callable gets
        ``(claim id, done, total)``.

    Returns
    -------
    Verification
        Verdicts, statistics and controls; ``.to_html(path)``, ``.to_json(path)``, ``.ok``, ``.exit_code``.  After
        Ctrl-C it holds the claims finished by then, and ``.interrupted`` is True.

    Raises
    ------
    ValueError
        If a pattern matches nothing, or an option is out of range.

    Examples
    --------
    >>> import optlab as ol
    >>> verification = ol.verify("nlgd/C3", progress=False)
    >>> verification["nlgd/C3"].verdict.name
    'SUPPORTED'
    """
    one_of("budget", budget, BUDGETS)
    if seeds is not None:
        integer("seeds", seeds, at_least=1)
    if integer("jobs", jobs) == 0:
        raise ValueError("jobs must be a number of processes, or -1 for all cores, got 0")
    integer("rng", rng, at_least=0)
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    claims = resolve(targets)
    settings = {"budget": budget, "seeds": seeds, "rng": rng}
    began = time.perf_counter()
    outcomes: dict[str, Outcome] = {}
    interrupted = False
    with watch(progress, [claim.id for claim in claims], jobs) as display:
        try:
            for outcome in check_all(claims, budget, seeds, jobs, rng):
                outcomes[outcome.claim.id] = outcome
                display.finished(outcome, len(outcomes))
        except KeyboardInterrupt:
            interrupted = True
        except Exception as err:  # a worker died, out of memory say: the claims it leaves behind are rows too
            outcomes |= {c.id: _lost(c, err) for c in claims if c.id not in outcomes}
    return Verification(
        tuple(outcomes[claim.id] for claim in claims if claim.id in outcomes),
        dict(environment()),
        _command(targets, settings),
        time.perf_counter() - began,
        interrupted,
        settings,
        date,
    )


def _lost(claim: Claim, err: Exception) -> Outcome:
    message = f"not checked, because the run broke off: {type(err).__name__}: {err}"
    return Outcome(claim, Judgement(Verdict.ERROR, message=message), error="".join(traceback.format_exception(err)))


def _command(targets: Sequence[Any], settings: dict[str, Any]) -> str:
    """Return the command for all targets; Python where they are objects that no command line can name."""
    objects = [target for target in targets if isinstance(target, Claim) and target.origin != "library"]
    if objects:
        return reproduce(objects[0], settings) if len(targets) == 1 else f"ol.verify(...)  # {len(targets)} targets"
    return command([target.id if isinstance(target, Claim) else os.fspath(target) for target in targets], settings)
