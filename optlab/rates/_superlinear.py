"""Order of superlinear convergence, from consecutive gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from ._curve import Curve, prepare, read
from ._line import line
from ._models import abrupt_end
from ._result import RateFit, inconclusive

Floats = NDArray[np.float64]

# Newton's method passes from 1e-1 to rounding in five gaps: asking for more would forbid the main use.
MIN_GAPS = 5
_FALL = 1e3  # factor the gap must fall by: two or three lucky steps are no order


def fit_superlinear(
    values: ArrayLike,
    k: ArrayLike | None = None,
    *,
    reference: float | tuple[float, float] = 0.0,
    window: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> RateFit:
    r"""Fit :math:`e_{k+1} \sim C e_k^{p}`, with :math:`e_k = v_k - f^\star` and order p > 1.

    The slope of ``log e[k+1]`` against ``log e[k]`` is taken on the longest final stretch on which it is steady and
    the contraction ``e[k+1] / e[k]`` keeps improving.  The interval joins the t interval of the slope and the slopes
    of the later part of the window.  Repetitions are fitted one by one and their orders averaged.

    Parameters
    ----------
    values : array_like, shape (K,) or (reps, K)
        Values :math:`v_k`.
    k : array_like, shape (K,), optional
        Iteration numbers; only neighbours one apart are paired.
    reference, window, confidence
        As in `optlab.rates.fit_sublinear`.

    Returns
    -------
    RateFit
        With ``estimate`` the order p; INCONCLUSIVE when order one is not excluded.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.rates.fit_superlinear([0.5 ** (2**k) for k in range(9)])
    >>> result.verdict, round(result.order, 6)
    ('FITTED', 2.0)
    """
    return fit_order(read(values, k, reference, confidence), window, confidence)


def fit_order(curve: Curve, window: tuple[float, float] | None, confidence: float) -> RateFit:
    """Fit one curve, or each repetition."""
    if curve.samples is None:
        return fit_single(prepare(curve, window), confidence)
    single = [replace(curve, gap=gap, samples=None) for gap in curve.samples]
    fits = [fit_single(prepare(one, window), confidence) for one in single]
    good = [f for f in fits if f.fitted]
    told = f"{len(good)} of {len(fits)} repetitions show an order above one"
    if len(good) < max(2, 2 * len(fits) / 3):
        return inconclusive("superlinear", told, confidence=confidence)
    orders = np.array([f.order for f in good])
    half = float(stdtrit(len(good) - 1, (1 + confidence) / 2) * orders.std(ddof=1) / np.sqrt(len(good)))
    mean = float(orders.mean())
    ends = np.mean([f.ci for f in good], axis=0)
    typical = good[int(np.argmin(np.abs(orders - mean)))]
    ci = (min(mean - half, float(ends[0])), max(mean + half, float(ends[1])))
    return replace(typical, estimate=mean, ci=ci, reason=f"mean order: {told}")


def fit_single(curve: Curve, confidence: float) -> RateFit:
    """Fit one prepared curve."""
    if curve.problem is not None:
        return inconclusive("superlinear", curve.problem, terminated=curve.terminated, confidence=confidence)
    paired = np.flatnonzero(np.abs(np.diff(curve.k) - 1.0) < 1e-9)
    if len(paired) < MIN_GAPS - 1:
        reason = f"only {len(paired)} pairs of usable consecutive gaps, at least {MIN_GAPS - 1} are needed"
        return inconclusive("superlinear", reason, terminated=curve.terminated, confidence=confidence)
    log_gap = np.log(curve.gap)
    x, y, at = log_gap[paired], log_gap[paired + 1], curve.k[paired]
    x, y, at = _accelerating(x, y, at)
    if len(x) < MIN_GAPS - 1:
        reason = f"the contraction e[k+1]/e[k] improves for {len(x)} steps only: linear or slower"
        return inconclusive("superlinear", reason, terminated=curve.terminated, confidence=confidence)
    start = _steady_start(x, y)
    x, y, at = x[start:], y[start:], at[start:]
    fitted = line(x, y)
    parts = np.unique(np.linspace(1, max(1, len(x) // 2), 8).astype(int))
    later = [line(x[j:], y[j:]).slope for j in parts]
    half = fitted.half_width(confidence)
    ci = (min([fitted.slope, *later]) - half, max([fitted.slope, *later]) + half)
    with np.errstate(over="ignore", under="ignore"):
        constant = float(np.exp(fitted.level - fitted.slope * fitted.centre))
    draft = RateFit("superlinear", "FITTED", "", fitted.slope, constant, ci, (float(at[0]), float(at[-1]) + 1),
                    fitted.r2, confidence, curve.terminated, _anchor=(float(at[0]), float(x[0])))  # fmt: skip
    doubt = None
    if x[0] - y[-1] < np.log(_FALL):
        doubt = f"the gap falls by less than {_FALL:g} while the contraction improves"
    elif ci[0] <= 1.0:
        doubt = "order one is not excluded: linear or slower"
    elif ci[1] - ci[0] > fitted.slope:
        doubt = f"the order is not settled: anything in [{ci[0]:.3g}, {ci[1]:.3g}]"
    doubt = doubt or abrupt_end(curve, draft)
    told = "".join(f"; {note}" for note in curve.notes)
    if doubt is not None:
        return replace(draft, verdict="INCONCLUSIVE", reason=doubt + told)
    return replace(draft, reason=f"steady order over {len(x)} consecutive pairs{told}")


def _accelerating(x: Floats, y: Floats, at: Floats) -> tuple[Floats, Floats, Floats]:
    """The stretch of improving contractions that ends at the best one."""
    contraction = y - x
    end = int(np.argmin(contraction)) + 1
    worse = np.flatnonzero(np.diff(contraction[:end]) >= 0)
    begin = int(worse[-1]) + 1 if len(worse) else 0
    if end < len(x) and end - begin > 2:
        # Rounding stopped the descent later on and may already have blunted the best step.
        expected = y[end - 2] + (y[end - 2] - x[end - 2]) * (y[end - 2] - y[end - 3]) / (x[end - 2] - x[end - 3])
        end -= bool(y[end - 1] > expected + 0.05 * abs(expected - y[end - 2]))
    return x[begin:end], y[begin:end], at[begin:end]


def _steady_start(x: Floats, y: Floats) -> int:
    """Start of the longest final stretch whose slope agrees with that of its later half."""
    last = len(x) - (MIN_GAPS - 1)
    for start in np.unique(np.linspace(0, last, 24).astype(int))[:-1]:
        half = start + (len(x) - start) // 2
        if half > len(x) - 3:
            break
        whole, late = line(x[start:], y[start:]).slope, line(x[half:], y[half:]).slope
        if abs(whole - late) <= 0.02 * abs(late):
            return int(start)
    return last
