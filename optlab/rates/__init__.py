r"""Convergence rates of any array of values, with confidence intervals.

Three laws for the gap :math:`e_k = v_k - f^\star` of a run, and one for a parameter sweep:

=================  ===================================  ===============================
function           law                                  estimate
=================  ===================================  ===============================
`fit_sublinear`    :math:`e_k \sim C k^{-p}`            exponent :math:`p`
`fit_linear`       :math:`e_k \sim C q^k`               ratio :math:`q`
`fit_superlinear`  :math:`e_{k+1} \sim C e_k^{p}`       order :math:`p`
`fit`              whichever the data can tell apart    one of the above, or none
`power_law`        :math:`y \sim C x^{s}`               slope :math:`s`
=================  ===================================  ===============================

A fit is FITTED or INCONCLUSIVE.  The optimum is never taken to be the best value seen: it is a number the caller
knows, or an interval ``(lo, hi)`` known to hold it.
"""

from ._choose import fit
from ._models import fit_linear, fit_sublinear
from ._result import PowerLaw, RateFit
from ._superlinear import fit_superlinear
from ._sweep import power_law

__all__ = ["PowerLaw", "RateFit", "fit", "fit_linear", "fit_sublinear", "fit_superlinear", "power_law"]
