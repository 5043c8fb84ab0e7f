r"""How many updates the methods that separate data need at most, from the constants of the data.

They count the updates from the origin to the first iterate with all margins positive.  The claims ``nlgd/C1`` to
``nlgd/C7`` check the same formulas, written out there once more: a theorem does not borrow its bound from the solver.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["novikoff", "smooth_excess"]


def novikoff(problem: Any) -> tuple[float, float]:
    r"""Return :math:`R^2/\mu^2` and :math:`1/\mu^2` of the problem's certified constants."""
    constants = problem.constants
    for name, side in (("mu", "lower"), ("R", "upper")):
        if name not in constants or not constants[name].certifies(side):
            raise ValueError(
                f"the bound needs {name}, which is not certified for this {problem.name}; "
                "Separable computes the margin with certify=True"
            )
    return float(constants.R**2 / constants.mu**2), float(1 / constants.mu**2)


def smooth_excess(n: int) -> float:
    r"""Return :math:`c_n = \frac{2(n-1)}{2n-1} W\bigl(\frac{2n-1}{e}\bigr)`, W being Lambert's function."""
    from scipy.special import lambertw  # slow to import, and needed by few

    return float(2 * (n - 1) / (2 * n - 1) * lambertw((2 * n - 1) / math.e).real)
