"""Choosing between the laws, or declining to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from ._curve import prepare, read
from ._line import correlation
from ._models import Model, fit_law
from ._result import RateFit, inconclusive
from ._superlinear import fit_order, fit_single

Floats = NDArray[np.float64]

_GRID = np.concatenate([np.arange(-2.0, 4.0, 0.02), [0.0, 1.0]])


def fit(
    values: ArrayLike,
    k: ArrayLike | None = None,
    *,
    reference: float | tuple[float, float] = 0.0,
    window: tuple[float, float] | None = None,
    confidence: float = 0.95,
    rng: int | np.random.Generator | None = 0,
) -> RateFit:
    r"""Fit the sublinear, the linear and the superlinear law and choose, or say INCONCLUSIVE.

    A superlinear order above one is taken when it is established.  Otherwise both other laws are members of
    :math:`\log e_k = a - b (k^\lambda - 1)/\lambda`: :math:`\lambda = 0` is the power :math:`k^{-b}`,
    :math:`\lambda = 1` the geometric law, and :math:`\exp(-\sqrt k)` lies half-way.  A law is chosen only if, on
    its own window, the confidence interval of :math:`\lambda` stays on its side of 1/2 and the estimate is within
    1/4 of it, and if the other law is not confirmed as well.

    Parameters
    ----------
    values, k, reference, window, confidence, rng
        As in `optlab.rates.fit_sublinear`.

    Returns
    -------
    RateFit
        The chosen fit, or one with ``kind=None`` whose ``reason`` says what stood in the way; ``candidates`` holds
        the single fits either way.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> import optlab as ol
    >>> result = ol.rates.fit(0.9 ** np.arange(200))
    >>> result.kind, round(result.ratio, 6)
    ('linear', 0.9)
    >>> ol.rates.fit(np.exp(-np.sqrt(np.arange(1000)))).verdict
    'INCONCLUSIVE'
    """
    curve = read(values, k, reference, confidence)
    prepared = prepare(curve, window)
    order = fit_single(prepared, confidence) if curve.samples is None else fit_order(curve, window, confidence)
    sublinear = fit_law("sublinear", prepared, window is not None, confidence, rng)
    linear = fit_law("linear", prepared, window is not None, confidence, rng)
    candidates = (sublinear.result, linear.result, order)
    if order.fitted:
        return replace(order, candidates=candidates)
    against = {"sublinear": _against(sublinear, 0.0, confidence), "linear": _against(linear, 1.0, confidence)}
    confirmed = [m.result for m in (sublinear, linear) if against[str(m.result.kind)] is None]
    if len(confirmed) == 1:
        return replace(confirmed[0], candidates=candidates)
    if confirmed:
        reason = "a power of k and a geometric law both fit their windows: not separable"
    elif against["sublinear"] == against["linear"]:
        reason = str(against["linear"])
    else:
        reason = f"sublinear: {against['sublinear']}; linear: {against['linear']}"
    return inconclusive(None, reason, terminated=linear.result.terminated, confidence=confidence, candidates=candidates)


def _against(model: Model, wanted: float, confidence: float) -> str | None:
    """What speaks against this law on its window; None when nothing does."""
    if not model.result.fitted:
        return model.result.reason
    use = model.k > 0
    k, y, root = model.k[use], model.log_gap[use], model.root[use]
    fall = float(y.max() - y.min())
    if fall < np.log(2.0) or (k[-1] < 2 * k[0] and fall < np.log(10.0)):
        return (
            f"window too short to tell the laws apart: k from {k[0]:g} to {k[-1]:g}, gap falling by a factor "
            f"{np.exp(fall):.3g}"
        )
    best, low, high = _bending(k, y, root, confidence)
    if (low > 0.5 if wanted else high < 0.5) and abs(best - wanted) <= 0.25:
        return None
    return f"log gap bends like k^{best:.2f} (interval [{low:.2f}, {high:.2f}]), not like {'k' if wanted else 'log k'}"


def _bending(k: Floats, y: Floats, root: Floats, confidence: float) -> tuple[float, float, float]:
    """Estimate and interval of lambda, by profiling the residual sum of squares."""
    log_k = np.log(k / np.exp(np.log(k).mean()))
    grid = _GRID[:, None]
    small = np.abs(grid) < 1e-9
    x = np.where(small, log_k, np.expm1(grid * log_k) / np.where(small, 1.0, grid))
    weights = root**2 / np.sum(root**2)
    x = root * (x - (x @ weights)[:, None])
    centred = root * (y - weights @ y)
    residual = centred - (x @ centred / np.sum(x**2, axis=1))[:, None] * x
    rss = np.sum(residual**2, axis=1)
    best = int(np.argmin(rss))
    rho = correlation(residual[best])
    dof = max(len(y) * (1 - rho) / (1 + rho) - 3, 2.0)
    # Rounding of the logarithms is noise too: an exact law must not be told from itself by its last bits.
    noise = rss[best] + len(y) * (1e-14 * (1 + float(np.abs(y).max()))) ** 2
    inside = _GRID[rss <= noise * (1 + float(stdtrit(dof, (1 + confidence) / 2)) ** 2 / dof)]
    return float(_GRID[best]), float(inside.min()), float(inside.max())
