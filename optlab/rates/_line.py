"""Straight lines through few binned points, with errors that stay honest when residuals are correlated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]


# A bin of n points weighs n / (n + 10): single early points neither dominate a slope nor fade against a full bin.
_FULL = 10.0


@dataclass(frozen=True)
class Line:
    """Least squares of y on (1, x - centre [, z]); `slope` and `se` belong to the column asked for."""

    slope: float
    se: float
    dof: float
    centre: float  # weighted mean of x
    level: float  # fitted y there
    weights: Floats  # slope = weights @ y
    r2: float

    def half_width(self, confidence: float) -> float:
        """Half the confidence interval of the slope."""
        return self.quantile(confidence) * self.se

    def quantile(self, confidence: float) -> float:
        """Two-sided t quantile."""
        return float(stdtrit(self.dof, (1 + confidence) / 2))

    def nonzero(self, confidence: float) -> bool:
        """Whether the slope differs from zero at this level."""
        return abs(self.slope) > self.half_width(confidence)


def line(
    x: Floats,
    y: Floats,
    root: Floats | float = 1.0,
    *,
    z: Floats | None = None,
    column: int = 1,
    smooth: bool = False,
) -> Line:
    r"""Fit and judge a line, `root` being the square roots of the weights.

    The variance of a coefficient :math:`\sum_i w_i y_i` is :math:`\sum_i w_i^2 r_i^2/(1-h_i)^2` (bins hold unequal
    numbers of points, so HC3), times :math:`(1+\rho)/(1-\rho)` for the lag-one correlation of the residuals, which
    also shrinks the degrees of freedom.  A smooth departure from the line has :math:`\rho` near one: it is charged
    as if it were a few independent errors instead of many.  With `smooth` the noise is judged about a low-degree
    polynomial instead, so that such a departure is signal (needed to see curvature), and oscillation still is noise.
    """
    n = len(x)
    root = np.broadcast_to(root, (n,))
    total = float(np.sum(root**2))
    centre = float(np.sum(root**2 * x)) / total
    columns = [np.ones(n), x - centre] + ([] if z is None else [z - z.mean()])
    scales = [1.0] + [float(np.linalg.norm(c)) or 1.0 for c in columns[1:]]
    design = np.stack([root * c / s for c, s in zip(columns, scales, strict=True)], axis=1)
    inverse = np.linalg.pinv(design)
    coefficients = inverse @ (root * y)
    residual = root * y - design @ coefficients
    weights = inverse[column] / scales[column]
    spread = root * (y - float(np.sum(root**2 * y)) / total)
    r2 = 1 - float(residual @ residual) / float(spread @ spread) if spread.any() else float("nan")
    if smooth:
        design = root[:, None] * _polynomial(x)
        inverse = np.linalg.pinv(design)
        residual = root * y - design @ (inverse @ (root * y))
    leverage = np.clip(np.einsum("ij,ji->i", design, inverse), 0.0, 1 - 1e-9)
    rho = correlation(residual)
    fitted = design.shape[1]
    dof = max(n * (1 - rho) / (1 + rho), 3.0 + fitted) - fitted
    variance = float(np.sum((weights * residual / (1 - leverage)) ** 2)) * (1 + rho) / (1 - rho)
    return Line(
        slope=float(coefficients[column] / scales[column]),
        se=float(np.sqrt(variance)),
        dof=min(dof, float(max(n - fitted, 1))),
        centre=centre,
        level=float(coefficients[0]),
        weights=weights * root,
        r2=r2,
    )


def _polynomial(x: Floats) -> Floats:
    """Low-degree polynomials of x: what a smooth bend, but no oscillation, looks like."""
    degree = min(4, len(x) // 4 + 1)
    out: Floats = np.polynomial.legendre.legvander(2 * (x - x[0]) / (x[-1] - x[0]) - 1, degree)
    return out


def explains(x: Floats, y: Floats, root: Floats, z: Floats) -> bool:
    """Whether (1, x, z) leaves nothing but noise of y: no trace of order, and no more than a freer polynomial."""
    residuals = []
    for design in (np.stack([np.ones(len(x)), x, z], axis=1), _polynomial(x)):
        design = root[:, None] * design / np.linalg.norm(design, axis=0)
        residuals.append(root * y - design @ (np.linalg.pinv(design) @ (root * y)))
    ours, freer = (float(r @ r) for r in residuals)
    return correlation(residuals[0]) < 0.4 and ours <= freer * (1 + 10 / max(len(x) - 5, 1))  # F at about 1 %


def correlation(residual: Floats, most: float = 0.97) -> float:
    """Lag-one correlation of residuals of a line, corrected for the bias of short series, in [0, most]."""
    power = float(residual @ residual)
    if power == 0.0:
        return 0.0
    rho = float(residual[1:] @ residual[:-1]) / power
    return float(np.clip(rho + (2 + 4 * rho) / len(residual), 0.0, most))


def serial_se(residual: Floats, weights: Floats) -> float:
    r"""Standard error of :math:`\sum_k a_k y_k` when the errors follow a first-order autoregression in k.

    The correlation lives on the scale of single points: bins of one point share it, bins of a thousand do not, so
    binned residuals alone cannot show it.
    """
    n = len(residual)
    rho = min(correlation(residual, 1.0), 1 - 2 / n)
    overlap = float(weights @ weights)
    if rho > 0:
        size = 1 << (2 * n - 1).bit_length()
        overlaps = np.fft.irfft(np.abs(np.fft.rfft(weights, size)) ** 2, size)[1:n]
        overlap += 2 * float(rho ** np.arange(1, n) @ overlaps)
    variance = float(residual @ residual) / max(n - 2, 1) * overlap
    return float(np.sqrt(max(variance, 0.0)))


def bin_edges(x: Floats, bins: int) -> NDArray[np.intp]:
    """First index of each non-empty of `bins` equal cells over the sorted `x`."""
    span = x[-1] - x[0]
    cell = np.minimum(((x - x[0]) / (span if span > 0 else 1.0) * bins).astype(np.intp), bins - 1)
    return np.concatenate([[0], np.flatnonzero(np.diff(cell)) + 1])


def bin_mean(a: Floats, edges: NDArray[np.intp]) -> Floats:
    """Mean of `a` over each bin along the last axis: averaging, not picking, so fast oscillations do not alias."""
    counts = np.diff(np.append(edges, a.shape[-1]))
    out: Floats = np.add.reduceat(a, edges, axis=-1) / counts
    return out


def bin_root(edges: NDArray[np.intp], size: int) -> Floats:
    """Square roots of the weights of the bins."""
    counts = np.diff(np.append(edges, size)).astype(np.float64)
    return np.sqrt(counts / (counts + _FULL))


def repetition_se(ratios: Floats, weights: Floats, rng: np.random.Generator, resamples: int = 1000) -> float:
    """Bootstrap standard error, over the rows of `ratios` (each column of mean one), of ``weights @ log(mean)``."""
    reps = len(ratios)
    picks = rng.multinomial(reps, np.full(reps, 1 / reps), size=resamples) / reps
    means = picks @ ratios
    slopes = np.log(np.where(means > 0, means, 1.0)) @ weights
    # A resample whose mean is not positive has no logarithm; the plug-in variance is short by (reps - 1) / reps.
    return float(np.std(slopes[(means > 0).all(axis=1)]) * np.sqrt(reps / (reps - 1)))
