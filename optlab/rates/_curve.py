"""From an array of values to a curve of gaps: validation, the reference interval, signs, floors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._line import bin_edges, bin_mean, line

Floats = NDArray[np.float64]

# A gap counts only while the two ends of the reference interval agree on it within this factor.
_AMBIGUITY = 1.25
# A detected floor F is treated as an error of the optimum of size F; gaps below this many F are not used.
_FLOOR_MARGIN = 30.0


@dataclass(frozen=True)
class Curve:
    """Gaps at the middle of the reference interval; the true gap lies in ``[gap - above, gap + below]``."""

    k: Floats
    gap: Floats
    below: float
    above: float
    rounding: float
    samples: Floats | None = None  # (reps, K) gaps of the single repetitions, gap being their mean
    notes: tuple[str, ...] = ()
    problem: str | None = None  # why no fit is possible at all
    terminated: float | None = None
    suspicious: bool = False  # a single exact zero: the mark of "reference = best value seen"

    def at(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Curve:
        """The curve at some of its points."""
        samples = None if self.samples is None else self.samples[:, index]
        return replace(self, k=self.k[index], gap=self.gap[index], samples=samples)

    def noting(self, note: str) -> Curve:
        """The curve with one more remark for the reason."""
        return replace(self, notes=(*self.notes, note))


def read(values: ArrayLike, k: ArrayLike | None, reference: float | tuple[float, float], confidence: float) -> Curve:
    """Validate the caller's input and subtract the reference."""
    raw = np.asarray(values)
    if raw.dtype.kind not in "fiub":
        raise TypeError(f"values must be real numbers, got dtype {raw.dtype}")
    if raw.ndim not in (1, 2) or raw.size == 0:
        raise ValueError(f"values must be non-empty with shape (K,) or (reps, K), got shape {raw.shape}")
    if not np.isfinite(raw).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(raw))[0])
        raise ValueError(f"values must be finite, got {raw[where]} at index {where if raw.ndim > 1 else where[0]}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    at = _read_k(k, raw.shape[-1])
    low, high = _read_reference(reference)
    eps = float(np.finfo(raw.dtype).eps) if raw.dtype.kind == "f" else float(np.finfo(np.float64).eps)
    rounding = 4.0 * eps * max(abs(low), abs(high))
    gaps = raw.astype(np.float64) - (low + high) / 2
    slack = (high - low) / 2 + rounding
    many = gaps.ndim == 2 and len(gaps) > 1
    return Curve(at, gaps.mean(axis=0) if gaps.ndim == 2 else gaps, slack, slack, rounding, gaps if many else None)


def _read_k(k: ArrayLike | None, size: int) -> Floats:
    if k is None:
        return np.arange(size, dtype=np.float64)
    at = np.asarray(k, dtype=np.float64)
    if at.shape != (size,):
        raise ValueError(f"k must have shape ({size},) like the last axis of values, got {at.shape}")
    if not np.isfinite(at).all() or at[0] < 0 or (np.diff(at) <= 0).any():
        raise ValueError("k must be finite, non-negative and strictly increasing")
    return at


def _read_reference(reference: float | tuple[float, float]) -> tuple[float, float]:
    ends = np.atleast_1d(np.asarray(reference, dtype=np.float64))
    if ends.shape not in ((1,), (2,)) or not np.isfinite(ends).all():
        raise ValueError(f"reference must be a finite number or a pair (lo, hi), got {reference!r}")
    low, high = float(ends[0]), float(ends[-1])
    if low > high:
        raise ValueError(f"reference must satisfy lo <= hi, got ({low}, {high})")
    return low, high


def prepare(curve: Curve, window: tuple[float, float] | None) -> Curve:
    """Cut what cannot inform a rate: signs, zeros, gaps the optimum's uncertainty dominates, floors."""
    if window is not None:
        start, end = window
        if not start < end:
            raise ValueError(f"window must satisfy k_start < k_end, got {window}")
        curve = curve.at((curve.k >= start) & (curve.k <= end))
    curve = _zeros(_signs(curve))
    if curve.problem is None:
        curve = _ambiguous(curve)
    if curve.problem is None and window is None:
        curve = _floor(curve)
    return curve


def _signs(curve: Curve) -> Curve:
    """Negative gaps: an oscillating error keeps its peaks, a value that stays below refutes the reference."""
    negative = curve.gap < -curve.below
    if not negative.any():
        return curve
    clear = np.flatnonzero(np.abs(curve.gap) > curve.below)
    flips = clear[1:][np.diff(np.sign(curve.gap[clear])) != 0]
    if len(flips) < 4:
        if negative[clear[-1]]:
            low = f"{-curve.gap.min() - curve.below:.3g}"
            return replace(curve, problem=f"the values fall below the reference by {low} and stay there: "
                                          "it is no lower bound of them")  # fmt: skip
        return curve
    peaks = _peaks(np.abs(curve.gap), flips)
    kept = replace(curve, gap=np.abs(curve.gap), samples=None).at(peaks)
    return kept.noting("the gap changes sign, so the peaks of |gap| between changes were fitted")


def _peaks(size: Floats, flips: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each complete half-wave peaks, after the points that stand above everything after the first change."""
    ahead = np.flatnonzero(size[: flips[0]] > size[flips[0] :].max())
    waves, offset = size[flips[0] : flips[-1]], flips[:-1] - flips[0]
    lengths = np.diff(flips)
    top = np.flatnonzero(waves == np.repeat(np.maximum.reduceat(waves, offset), lengths))
    first = np.unique(np.repeat(np.arange(len(offset)), lengths)[top], return_index=True)[1]
    return np.concatenate([ahead, flips[0] + top[first]])


def _zeros(curve: Curve) -> Curve:
    """Gaps that are zero to rounding from some k on are finite termination, or a reference read off the data."""
    if curve.above > curve.rounding:  # an interval: gaps inside it are ambiguous, not zero
        return curve
    zero = np.abs(curve.gap) <= curve.rounding
    if not zero.any():
        return curve
    if zero.all():
        return replace(curve, problem="every gap is zero", terminated=float(curve.k[0]))
    suspicious = int(zero.sum()) == 1
    if not zero[-1]:
        return replace(curve, suspicious=suspicious)
    last = int(np.flatnonzero(~zero)[-1])
    cut = replace(curve, terminated=float(curve.k[last + 1]), suspicious=suspicious)
    return cut.at(slice(0, last + 1))


def _ambiguous(curve: Curve) -> Curve:
    """Keep the gaps on which both ends of the reference interval agree, up to where most of the rest fail."""
    good = (curve.gap > curve.above) & (curve.gap + curve.below <= _AMBIGUITY * (curve.gap - curve.above))
    if good.all():
        return curve
    end = _mostly(~good)
    if end < len(good) and curve.above > curve.rounding:
        curve = curve.noting(f"gaps from k = {curve.k[end]:g} on were cut: the unknown optimum dominates them")
    good[end:] = False
    return curve.at(good)


def _mostly(bad: NDArray[np.bool_]) -> int:
    """First bad index from which on at least half are bad: one unlucky draw does not end a curve."""
    share = np.cumsum(bad[::-1])[::-1] / np.arange(len(bad), 0, -1)
    found = np.flatnonzero(bad & (share >= 0.5))
    return int(found[0]) if len(found) else len(bad)


def _floor(curve: Curve) -> Curve:
    """Cut a final plateau, whose height F is from then on an error of the optimum: the limit may be f* + F."""
    if len(curve.k) < 12:
        return curve
    steps = (curve.k - curve.k[0]) / (curve.k[1] - curve.k[0])
    log_gap = np.log(curve.gap)
    level = _plateau(np.log1p(steps), log_gap, (0.7, 1.0, 1.5, 2.0, 3.0, 4.5, 6.5, 9.0), flat=0.1, relative=0.3)
    if level is None:  # short against the run: where a geometric law has just reached rounding
        level = _plateau(steps / steps[-1], log_gap, (0.06, 0.12, 0.25, 0.35, 0.5), flat=0.4, relative=0.25)
    if level is None:
        return curve
    floor = float(np.exp(level))
    cut = curve.at(slice(0, _mostly(curve.gap < _FLOOR_MARGIN * floor)))
    cut = cut.at(cut.gap > 3 * floor)  # a lone draw this low has no gap left above the floor
    return replace(cut, above=cut.above + floor).noting(
        f"the values level off at a gap of {floor:.2g}; only gaps above {_FLOOR_MARGIN:g} times that were used"
    )


def _plateau(x: Floats, y: Floats, lengths: tuple[float, ...], flat: float, relative: float) -> float | None:
    """Level of a flat suffix of the curve: flat in itself and against the equal stretch before it."""
    edges = bin_edges(x, 128)
    xb, yb = bin_mean(x, edges), bin_mean(y, edges)
    for length in lengths:
        tail = xb > xb[-1] - length
        before = (xb > xb[-1] - 2 * length) & ~tail
        if tail.sum() < 5 or before.sum() < 3 or xb[0] > xb[-1] - 1.5 * length:
            continue
        # An approach to the plateau is smooth, not noise; but on a short stretch half a slow wave is as smooth.
        late = line(xb[tail], yb[tail], smooth=length > 1.2)
        start = yb[before][: max(1, before.sum() // 3)]
        earlier = float(np.median(start) - np.median(yb[tail])) / length
        steep = late.slope < -flat - late.se or late.slope < -relative * earlier + 2.5 * late.se
        if earlier > 0 and not steep:
            return float(np.median(yb[tail]))
    return None
