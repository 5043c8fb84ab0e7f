"""The optimum of a problem, as an interval with a certificate: never "the best value seen"."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from optlab.core.xp import read_only

__all__ = ["Reference"]


@dataclass(frozen=True)
class Reference:
    r"""What is known about the optimal value :math:`f^\star`: an interval :math:`[lo, hi]` and why it holds.

    Parameters
    ----------
    lo, hi : float
        Certified bounds, ``lo <= f* <= hi``.  Equal when the optimum is known exactly.
    x : array, optional
        A minimiser, or the point that certifies `hi`.
    attained : bool
        Whether some point attains the optimum (the logistic loss of separable data has infimum 0, attained nowhere).
    certificate : str
        Why the interval is true: a closed form, a duality gap, an argument.

    Raises
    ------
    ValueError
        If ``lo > hi``, a bound is NaN, or the certificate is empty.

    Examples
    --------
    >>> import optlab as ol
    >>> ref = ol.Reference(0.0, 1e-9, certificate="duality gap")
    >>> ref.is_exact, ref.width
    (False, 1e-09)
    """

    lo: float
    hi: float
    x: Any = None
    attained: bool = True
    certificate: str = ""

    def __post_init__(self) -> None:
        if math.isnan(self.lo) or math.isnan(self.hi):
            raise ValueError("the reference interval holds NaN")
        if self.lo > self.hi:
            raise ValueError(f"the reference interval is empty: lo={self.lo} > hi={self.hi}")
        if not self.certificate:
            raise ValueError("a reference needs a certificate: say why the interval holds")
        object.__setattr__(self, "x", read_only(self.x))

    @classmethod
    def exact(cls, value: float, x: Any = None, *, certificate: str, attained: bool = True) -> Reference:
        """The optimum is known exactly (up to rounding)."""
        return cls(float(value), float(value), x, attained, certificate)

    @property
    def width(self) -> float:
        """Length of the interval."""
        return self.hi - self.lo

    @property
    def is_exact(self) -> bool:
        """Whether the interval is a point."""
        return self.lo == self.hi

    def __repr__(self) -> str:
        value = f"{self.lo:.10g}" if self.is_exact else f"[{self.lo:.10g}, {self.hi:.10g}]"
        return f"Reference({value}{'' if self.attained else ', not attained'}; {self.certificate})"
