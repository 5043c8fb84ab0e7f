"""Power law of a quantity in a parameter: the slope of a sweep, with its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtri, stdtrit

from ._line import repetition_se
from ._result import PowerLaw

Floats = NDArray[np.float64]


def power_law(
    x: ArrayLike,
    y: ArrayLike,
    *,
    confidence: float = 0.95,
    rng: int | np.random.Generator | None = 0,
) -> PowerLaw:
    r"""Fit :math:`y \sim C x^{s}` to a parameter sweep.

    Parameters
    ----------
    x : array_like, shape (n,)
        Positive, distinct parameter values, n >= 3.
    y : array_like, shape (n,) or (reps, n)
        Positive measurements; with repetitions in rows their mean is fitted and the interval comes from a bootstrap
        over the rows (which may share random numbers across x).  A single zero repetition is fine, a zero mean not.
    confidence : float, default 0.95
        Level of the interval, in (0, 1).
    rng : int, Generator or None, default 0
        Randomness of the bootstrap.

    Returns
    -------
    PowerLaw
        Slope with the sign of the data.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    With one row the interval is the t interval of least squares: it knows only the scatter about the line.  With
    repetitions, scatter beyond what they explain (an F-type test at 1 %) marks the law as bent.  The interval of a bent
    law is the wider of the two and reaches to the slopes of both halves of the sweep.

    Examples
    --------
    >>> import optlab as ol
    >>> result = ol.rates.power_law([10, 20, 40, 80], [3.0, 12.0, 48.0, 192.0])
    >>> round(result.slope, 6), [round(s, 6) for s in result.local_slopes]
    (2.0, [2.0, 2.0, 2.0])
    """
    at, sweep = _read(x, y, confidence)
    order = np.argsort(at)
    log_x, sweep = np.log(at[order]), sweep[:, order]
    mean = sweep.mean(axis=0)
    log_y = np.log(mean)
    centred = log_x - log_x.mean()
    weights = centred / np.sum(centred**2)
    slope = float(weights @ log_y)
    level = float(log_y.mean())
    residual = log_y - level - slope * centred
    n, reps = len(log_x), len(sweep)
    tail = (1 + confidence) / 2
    rss = float(residual @ residual)
    half = float(stdtrit(n - 2, tail)) * float(np.sqrt(rss / (n - 2) / np.sum(centred**2)))
    if reps > 1:
        ratios = sweep / mean
        sampling = float(stdtrit(reps - 1, tail)) * repetition_se(ratios, weights, np.random.default_rng(rng))
        bent = _lack_of_fit(ratios, centred, rss)
        half = max(half, sampling) if bent else sampling
    else:
        bent = _curved(centred, log_y)
    slopes = [slope]
    if bent:
        middle = (n + 1) // 2
        slopes += [float(np.polyfit(log_x[part], log_y[part], 1)[0]) for part in (slice(middle), slice(n - middle, n))]
    total = float(np.sum((log_y - level) ** 2))
    return PowerLaw(
        slope=slope,
        constant=float(np.exp(level - slope * log_x.mean())),
        ci=(min(slopes) - half, max(slopes) + half),
        r2=1 - rss / total if total > 0 else float("nan"),
        local_slopes=tuple(float(s) for s in np.diff(log_y) / np.diff(log_x)),
        bent=bent,
        confidence=confidence,
    )


def _read(x: ArrayLike, y: ArrayLike, confidence: float) -> tuple[Floats, Floats]:
    at, sweep = np.asarray(x), np.asarray(y)
    for name, array in (("x", at), ("y", sweep)):
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name} must be real numbers, got dtype {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite")
    if at.ndim != 1 or len(at) < 3:
        raise ValueError(f"x must have shape (n,) with n >= 3, got {at.shape}")
    if (at <= 0).any() or len(np.unique(at)) < len(at):
        raise ValueError("x must be positive and distinct")
    if sweep.ndim not in (1, 2) or sweep.shape[-1] != len(at) or sweep.size == 0:
        raise ValueError(f"y must have shape ({len(at)},) or (reps, {len(at)}), got {sweep.shape}")
    sweep = np.atleast_2d(sweep.astype(np.float64))
    if (sweep < 0).any() or (sweep.mean(axis=0) <= 0).any():
        raise ValueError("y must not be negative and its mean at each x must be positive: a power law has a logarithm")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    return at.astype(np.float64), sweep


def _lack_of_fit(ratios: Floats, centred: Floats, rss: float) -> bool:
    """Whether the residuals exceed what the repetitions explain: Satterthwaite's F for their quadratic form."""
    reps, n = ratios.shape
    basis = np.stack([np.full(n, n**-0.5), centred / np.linalg.norm(centred)])
    project = np.eye(n) - basis.T @ basis
    form = project @ np.cov(ratios, rowvar=False) @ project / reps
    mean, square = float(np.trace(form)), float(np.sum(form**2))
    if mean <= 0:
        return rss > 1e-24
    return rss / mean > float(fdtri(mean**2 / square, reps - 1, 0.99))


def _curved(centred: Floats, log_y: Floats) -> bool:
    """Whether a quadratic term is significant at 1 % (five points at least)."""
    n = len(centred)
    if n < 5:
        return False
    design = np.stack([np.ones(n), centred, centred**2], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, log_y)
    residual = log_y - design @ coefficients
    noise = float(residual @ residual) / (n - 3) + (1e-14 * (1 + float(np.abs(log_y).max()))) ** 2
    spread = np.sqrt(noise * np.linalg.inv(design.T @ design)[2, 2])
    return bool(abs(coefficients[2]) > float(stdtrit(n - 3, 0.995)) * spread)
