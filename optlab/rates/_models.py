"""Sublinear and linear fits: a straight line for the log-gap against log k, or against k."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from ._curve import Curve, prepare, read
from ._line import Line, bin_edges, bin_mean, bin_root, line, repetition_se, serial_se
from ._result import RateFit, inconclusive
from ._window import MIN_POINTS, Law, bending, extrapolations, window_start

Floats = NDArray[np.float64]
_BINS = 96
_SUSPECT = 0.9  # level at which a drift widens the interval: one too many costs little, one missed costs coverage


@dataclass(frozen=True)
class Model:
    """A fit together with the binned window it rests on: k, log gap and the roots of the weights."""

    result: RateFit
    k: Floats
    log_gap: Floats
    root: Floats


def fit_sublinear(
    values: ArrayLike,
    k: ArrayLike | None = None,
    *,
    reference: float | tuple[float, float] = 0.0,
    window: tuple[float, float] | None = None,
    confidence: float = 0.95,
    rng: int | np.random.Generator | None = 0,
) -> RateFit:
    r"""Fit :math:`v_k - f^\star \sim C k^{-p}`.

    The slope of ``log(v - f*)`` against ``log k`` is taken on the longest final window on which it is steady, from
    means over log-spaced bins.  The interval joins (i) the sampling error, robust to unequal and correlated
    residuals, or bootstrapped over repetitions; (ii) both ends of the reference interval; and, when the slope still
    drifts, (iii) the exponents that a factor :math:`(\log k)^r`, a shift of k or an offset of the gap would explain.

    Parameters
    ----------
    values : array_like, shape (K,) or (reps, K)
        Values :math:`v_k`; the mean over repetitions is fitted.
    k : array_like, shape (K,), optional
        Increasing iteration numbers, unevenly spaced if need be; ``0, 1, ..., K-1`` by default.  The law says
        nothing about k = 0, which is left out.
    reference : float or (lo, hi), default 0.0
        The optimal value, or an interval that holds it.  Never pass the best value seen: a curve 1/k of 1000 points
        then shows an exponent of 2.3 over its last decade.
    window : (k_start, k_end), optional
        Fit exactly these k, instead of a window chosen by the data; no floor is looked for either.
    confidence : float, default 0.95
        Level of the interval, in (0, 1).
    rng : int, Generator or None, default 0
        Randomness of the bootstrap; used only with repetitions.

    Returns
    -------
    RateFit
        With ``estimate`` the exponent p; INCONCLUSIVE when it is not known to within a factor or so.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> k = np.arange(1, 2001)
    >>> result = ol.rates.fit_sublinear(3.0 + 5.0 / (k + 10.0), k, reference=3.0)
    >>> result.verdict, round(result.exponent, 1), result.ci[0] < 1.0 < result.ci[1]
    ('FITTED', 1.0, True)
    """
    curve = prepare(read(values, k, reference, confidence), window)
    return fit_law("sublinear", curve, window is not None, confidence, rng).result


def fit_linear(
    values: ArrayLike,
    k: ArrayLike | None = None,
    *,
    reference: float | tuple[float, float] = 0.0,
    window: tuple[float, float] | None = None,
    confidence: float = 0.95,
    rng: int | np.random.Generator | None = 0,
) -> RateFit:
    r"""Fit :math:`v_k - f^\star \sim C q^k`.

    As `fit_sublinear`, with the slope of ``log(v - f*)`` against k, whose exponential is q.

    Parameters
    ----------
    values, k, reference, window, confidence, rng
        As in `fit_sublinear`.

    Returns
    -------
    RateFit
        With ``estimate`` the ratio q.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.rates.fit_linear([0.5**k + 1e-9 for k in range(60)])
    >>> result.verdict, round(result.ratio, 3)
    ('FITTED', 0.5)
    """
    curve = prepare(read(values, k, reference, confidence), window)
    return fit_law("linear", curve, window is not None, confidence, rng).result


def fit_law(kind: Law, curve: Curve, fixed: bool, confidence: float, rng: int | np.random.Generator | None) -> Model:
    """Fit a prepared curve, on all of it when the window is `fixed` by the caller."""
    if kind == "sublinear" and len(curve.k) and curve.k[0] == 0:
        curve = curve.at(slice(1, None))
    reason = _unfit(kind, curve)
    if reason is not None:
        result = inconclusive(kind, reason, terminated=curve.terminated, confidence=confidence)
        return Model(result, curve.k, curve.gap, curve.gap)
    x = np.log(curve.k) if kind == "sublinear" else curve.k
    edges = bin_edges(x, _BINS)
    root = bin_root(edges, len(x))
    xb = bin_mean(x, edges)
    gaps = [curve.gap] + ([curve.gap + curve.below, curve.gap - curve.above] if curve.below + curve.above else [])
    ends = np.log(np.stack(gaps))
    logs = bin_mean(ends, edges)
    start = 0 if fixed else window_start(kind, xb, logs[0], root)
    first, whole = int(edges[start]), (xb, logs[0], root)
    curve, x, raw = curve.at(slice(first, None)), x[first:], ends[0, first:]
    edges, xb, logs, root = edges[start:] - first, xb[start:], logs[:, start:], root[start:]
    fits = [line(xb, y, root) for y in logs]
    fitted = fits[0]
    half = max(f.half_width(confidence) for f in fits)
    counts = np.diff(np.append(edges, len(x)))
    residual = raw - fitted.level - fitted.slope * (x - fitted.centre)
    serial = serial_se(residual, np.repeat(fitted.weights / counts, counts))
    half = max(half, fitted.quantile(confidence) * serial)
    if curve.samples is not None:
        half = max(half, _over_repetitions(curve, edges, fitted.weights, confidence, rng))
    slopes = [f.slope for f in fits]
    bend = bending(xb, logs[0], root)
    if start or bend.nonzero(_SUSPECT):
        curve = curve.noting("the local slope may still drift, so the interval was widened to where that leads")
        slopes += extrapolations(kind, *whole, start, fitted.slope, confidence)
    result = _judge(kind, curve, len(xb), fitted, (min(slopes) - half, max(slopes) + half), confidence)
    return Model(result, np.exp(xb) if kind == "sublinear" else xb, logs[0], root)


def _unfit(kind: Law, curve: Curve) -> str | None:
    """Why no line can be fitted at all."""
    if curve.problem is not None:
        return curve.problem
    told = "".join(f"; {note}" for note in curve.notes)
    if len(curve.k) < MIN_POINTS:
        ended = "" if curve.terminated is None else f": the gap is exactly zero from k = {curve.terminated:g} on"
        return f"only {len(curve.k)} usable points, at least {MIN_POINTS} are needed{ended}{told}"
    if kind == "sublinear" and curve.k[-1] < 4 * curve.k[0]:
        return f"window too short: k grows only from {curve.k[0]:g} to {curve.k[-1]:g}, a power needs a factor 4{told}"
    return None


def _over_repetitions(
    curve: Curve, edges: NDArray[np.intp], weights: Floats, confidence: float, rng: int | np.random.Generator | None
) -> float:
    """Half-width of the slope from bootstrapping the repetitions."""
    assert curve.samples is not None
    reps = len(curve.samples)
    ratios = bin_mean(curve.samples / curve.gap, edges)
    spread = repetition_se(ratios, weights, np.random.default_rng(rng))
    return float(stdtrit(reps - 1, (1 + confidence) / 2)) * spread


def _judge(kind: Law, curve: Curve, bins: int, fitted: Line, slopes: tuple[float, float], confidence: float) -> RateFit:
    """From the interval of slopes to a verdict."""
    low, high = slopes
    log_constant = fitted.level - fitted.slope * fitted.centre
    if kind == "sublinear":
        estimate, ci, centre = 0.0 - fitted.slope, (-high, -low), float(np.exp(fitted.centre))
    else:
        estimate, ci, centre = float(np.exp(fitted.slope)), (float(np.exp(low)), float(np.exp(high))), fitted.centre
    with np.errstate(over="ignore"):
        constant = float(np.exp(log_constant))
    window = (float(curve.k[0]), float(curve.k[-1]))
    draft = RateFit(kind, "FITTED", "", estimate, constant, ci, window, fitted.r2, confidence, curve.terminated,
                    _anchor=(centre, fitted.level))  # fmt: skip
    doubt = _doubt(curve, draft, slopes, fitted.slope)
    what = "log-log slope" if kind == "sublinear" else "slope of log gap"
    told = "".join(f"; {note}" for note in curve.notes)
    if doubt is not None:
        return replace(draft, verdict="INCONCLUSIVE", reason=doubt + told)
    return replace(draft, reason=f"steady {what} over {bins} bins of {len(curve.k)} points{told}")


def _doubt(curve: Curve, draft: RateFit, slopes: tuple[float, float], slope: float) -> str | None:
    """What keeps a fitted line from being a rate."""
    low, high = slopes
    ended = abrupt_end(curve, draft)
    if ended is not None:
        return ended
    if high >= 0:
        return "the values do not decrease beyond doubt: the interval of the slope reaches zero"
    if high - low > abs(slope):
        return f"the slope is not settled: anything in [{low:.3g}, {high:.3g}]"
    return None


def abrupt_end(curve: Curve, draft: RateFit) -> str | None:
    """An exact zero the fitted law does not foresee: the method terminated, or the reference was read off the data."""
    if curve.terminated is None:
        return "a single gap is exactly zero: is the reference the best value seen?" if curve.suspicious else None
    eps = float(np.finfo(np.float64).eps)
    foreseen = float(draft.predict(curve.terminated))
    if foreseen <= 10 * max(curve.rounding, eps * float(curve.gap.max())):
        return None
    blame = " (or the reference is the best value seen)" if curve.suspicious else ""
    return (
        f"finite termination: the gap is exactly zero from k = {curve.terminated:g} on{blame}, where the law before "
        f"it foresees {foreseen:.2g}"
    )
