"""What a fit returns: an estimate, its interval, the window it rests on, and a sentence saying why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = Literal["sublinear", "linear", "superlinear"]
Verdict = Literal["FITTED", "INCONCLUSIVE"]

_SYMBOL = {"sublinear": "exponent", "linear": "ratio", "superlinear": "order"}


@dataclass(frozen=True, repr=False)
class RateFit:
    r"""A fitted convergence rate.

    Attributes
    ----------
    kind : {"sublinear", "linear", "superlinear"} or None
        The law fitted; None when `optlab.rates.fit` could not choose one.
    verdict : {"FITTED", "INCONCLUSIVE"}
        INCONCLUSIVE means the numbers, if any, must not be relied on.
    estimate : float
        The exponent :math:`p > 0` of :math:`C k^{-p}`, the ratio :math:`q` of :math:`C q^k`, or the order
        :math:`p` of :math:`e_{k+1} = C e_k^p`; nan when nothing was fitted.
    constant : float
        :math:`C` (at the middle of the reference interval); inf or 0 when it leaves the range of a float.
    ci : (float, float)
        Interval for the estimate: sampling error, drift of the local slope, and the unknown optimum together.
    window : (float, float) or None
        First and last `k` used.
    r2 : float
        Share of the variance of ``log e`` explained on the window.
    reason : str
        A sentence: what was fitted and cut, or why no rate can be told.
    confidence : float
        Level of `ci`.
    terminated : float or None
        The `k` from which the gap is exactly zero, when it is.
    candidates : tuple of RateFit
        The single fits `optlab.rates.fit` compared.

    Examples
    --------
    >>> import optlab as ol
    >>> fit = ol.rates.fit_linear([0.5**k for k in range(30)])
    >>> fit.verdict, round(fit.ratio, 6), fit.window
    ('FITTED', 0.5, (0.0, 29.0))
    >>> round(float(fit.predict(40) / 0.5**40), 6)
    1.0
    """

    kind: Kind | None
    verdict: Verdict
    reason: str
    estimate: float = float("nan")
    constant: float = float("nan")
    ci: tuple[float, float] = (float("nan"), float("nan"))
    window: tuple[float, float] | None = None
    r2: float = float("nan")
    confidence: float = 0.95
    terminated: float | None = None
    candidates: tuple[RateFit, ...] = ()
    # A fitted point (k, log e) of the curve: predicting from it stays finite where C itself overflows.
    _anchor: tuple[float, float] = field(default=(float("nan"), float("nan")))

    @property
    def fitted(self) -> bool:
        """Whether the verdict is FITTED."""
        return self.verdict == "FITTED"

    @property
    def exponent(self) -> float:
        """Exponent p of ``C k**-p``; nan for another kind."""
        return self.estimate if self.kind == "sublinear" else float("nan")

    @property
    def ratio(self) -> float:
        """Ratio q of ``C q**k``; nan for another kind."""
        return self.estimate if self.kind == "linear" else float("nan")

    @property
    def order(self) -> float:
        """Order p of ``e[k+1] = C e[k]**p``; nan for another kind."""
        return self.estimate if self.kind == "superlinear" else float("nan")

    def predict(self, k: ArrayLike) -> NDArray[np.float64]:
        r"""Gap the fitted law gives at `k`.

        Parameters
        ----------
        k : array_like
            Iteration numbers, positive for a sublinear fit.

        Returns
        -------
        ndarray
            Predicted :math:`v_k - f^\star`, shape of `k`.

        Raises
        ------
        ValueError
            If nothing was fitted.
        """
        if self.kind is None or not np.isfinite(self.estimate):
            raise ValueError(f"nothing was fitted, so nothing can be predicted: {self.reason}")
        at = np.asarray(k, dtype=np.float64)
        k0, log_e0 = self._anchor
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            if self.kind == "sublinear":
                log_e = log_e0 - self.estimate * np.log(at / k0)
            elif self.kind == "linear":
                log_e = log_e0 + (at - k0) * np.log(self.estimate)
            else:
                growth = self.estimate ** (at - k0)
                log_e = growth * log_e0 + np.log(self.constant) * (growth - 1) / (self.estimate - 1)
            return np.exp(log_e)

    def __repr__(self) -> str:
        if self.kind is None or not np.isfinite(self.estimate):
            return f"<RateFit {self.verdict}: {self.reason}>"
        interval = f"{self.confidence:.0%} ci [{self.ci[0]:.5g}, {self.ci[1]:.5g}]"
        where = "" if self.window is None else f", k in [{self.window[0]:g}, {self.window[1]:g}]"
        return (
            f"<RateFit {self.verdict}: {self.kind}, {_SYMBOL[self.kind]} {self.estimate:.5g}, {interval}, "
            f"constant {self.constant:.4g}, r2 {self.r2:.4f}{where}: {self.reason}>"
        )


@dataclass(frozen=True, repr=False)
class PowerLaw:
    r"""A fitted power law :math:`y \sim C x^{s}` of a parameter sweep.

    Attributes
    ----------
    slope : float
        :math:`s`, with the sign of the data (a decay is negative).
    constant : float
        :math:`C`.
    ci : (float, float)
        Confidence interval of the slope.
    r2 : float
        Share of the variance of ``log y`` explained.
    local_slopes : tuple of float
        Slope between neighbouring `x`; a trend in it means `y` is not a power law.
    bent : bool
        Whether the points depart from a straight line by more than the repetitions explain or, without repetitions,
        whether a curvature is significant; `ci` then reaches to the slopes of both halves.
    confidence : float
        Level of `ci`.

    Examples
    --------
    >>> import optlab as ol
    >>> law = ol.rates.power_law([10, 20, 40, 80], [100.0, 50.0, 25.0, 12.5])
    >>> round(law.slope, 6), law.bent, round(float(law.predict(160)), 6)
    (-1.0, False, 6.25)
    """

    slope: float
    constant: float
    ci: tuple[float, float]
    r2: float
    local_slopes: tuple[float, ...]
    bent: bool
    confidence: float = 0.95

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """Value of the fitted law at `x`."""
        out: NDArray[np.float64] = self.constant * np.asarray(x, dtype=np.float64) ** self.slope
        return out

    def __repr__(self) -> str:
        bent = ", bent" if self.bent else ""
        return (
            f"<PowerLaw slope {self.slope:.5g}, {self.confidence:.0%} ci [{self.ci[0]:.5g}, {self.ci[1]:.5g}], "
            f"constant {self.constant:.4g}, r2 {self.r2:.4f}{bent}>"
        )


def inconclusive(kind: Kind | None, reason: str, **fields: Any) -> RateFit:
    """A RateFit that says why nothing can be said."""
    return RateFit(kind, "INCONCLUSIVE", reason, **fields)
