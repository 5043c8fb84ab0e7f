"""The asymptotic window of a log-gap, and where its slope may lead beyond it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._line import Line, explains, line

Floats = NDArray[np.float64]
Law = Literal["sublinear", "linear"]

MIN_POINTS = 8
_STEADY = 0.02  # a local slope that changes by less than this share over the window counts as constant


def window_start(kind: Law, x: Floats, y: Floats, root: Floats) -> int:
    """First bin of the longest final window with a steady slope; the shortest one allowed when none is steady."""
    span = x[-1] - x[0]
    if kind == "sublinear":
        shortest = min(span, max(np.log(4.0), min(np.log(10.0), span / 2)))
    else:
        shortest = span / 4
    lengths = np.linspace(span, shortest, 13)
    starts = [int(np.searchsorted(x, x[-1] - length * (1 + 1e-12))) for length in lengths]
    starts = [s for s in starts if len(x) - s >= MIN_POINTS] or [0]
    for i, start in enumerate(starts):
        if _steady(x[start:], y[start:], root[start:]):
            # A transient that has just become invisible still biases: go a little beyond where it was last seen.
            return starts[min(i + 2, len(starts) - 1)] if i else start
    return starts[-1]


def _steady(x: Floats, y: Floats, root: Floats) -> bool:
    """Whether the local slope is constant, to 2 % or to what noise hides.

    Curvature sees smooth bends; comparing with the late slope sees an early kink, which no parabola follows.
    """
    whole, bend = line(x, y, root), bending(x, y, root)
    if abs(bend.slope) * 2 * (x[-1] - x[0]) > _STEADY * abs(whole.slope) and bend.nonzero(0.99):
        return False
    for share in (0.6, 0.8):
        late = x >= x[0] + share * (x[-1] - x[0])
        if late.sum() >= MIN_POINTS // 2:
            end = line(x[late], y[late], root[late])
            if abs(end.slope - whole.slope) > max(_STEADY * abs(end.slope), end.half_width(0.995)):
                return False
    return True


def bending(x: Floats, y: Floats, root: Floats) -> Line:
    """The curvature of y over x: half the change of the local slope per unit of x."""
    centred = x - x.mean()
    return line(x, y, root, z=centred**2, column=2, smooth=True)


def extrapolations(
    kind: Law, x: Floats, y: Floats, root: Floats, start: int, slope: float, confidence: float
) -> list[float]:
    """Slopes under the classical corrections to a pure law, to first order, and the slope at the end of the window.

    A correction is fitted on the window, which starts at bin `start`.  Noise may hide it there, so it is fitted as well
    on the longest window, with half of the bins cut at least, all of whose bend it explains: what accounts for the
    bend that was cut may go on.  There its own sampling error counts.
    """
    bend = bending(x[start:], y[start:], root[start:])
    found = [slope + 2 * bend.slope * (x[-1] - x[start:].mean())]
    positive = np.log(np.maximum(x, 0.7 if kind == "sublinear" else 1e-9))  # log log k, or log k, must exist
    offset = np.exp(np.clip(-slope * (x - x[-1]), -700, 700))
    corrections = [positive, offset] + ([np.exp(x[0] - x)] if kind == "sublinear" else [])  # the last: a shift of k
    least = int(np.searchsorted(x, 0.7 if kind == "sublinear" else 0.5))
    for z in corrections:
        first = least if z is positive else 0
        for s in np.unique(np.linspace(first, (first + start) / 2, 4).astype(int)):
            if s < start and explains(x[s:], y[s:], root[s:], z[s:]):
                explained = line(x[s:], y[s:], root[s:], z=z[s:])
                found += [explained.slope + sign * explained.half_width(confidence) for sign in (-1, 1)]
                break
        s = max(first, start)
        if len(x) - s >= 5:
            found.append(line(x[s:], y[s:], root[s:], z=z[s:]).slope)
    return found
