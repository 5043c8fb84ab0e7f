r"""Worst cases by performance estimation: the largest gap a solver can have, over *all* functions of a class.

A claim tries its bound on instances.  PEPit (the extra ``pep``) maximises over the whole class instead, by semidefinite
programming.  The solver is not written down a second time for it: its own `init` and `step` run on symbolic points, so
what is cross-checked is the implementation.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from typing import Any

from optlab.core.constants import Constants, exact
from optlab.core.solver import Solver
from optlab.core.validate import boolean, integer, number

__all__ = ["available", "worst_case"]


def available() -> bool:
    """Whether PEPit is installed.

    Examples
    --------
    >>> from optlab.claims import pep
    >>> isinstance(pep.available(), bool)
    True
    """
    return importlib.util.find_spec("PEPit") is not None


class _Symbolic:
    """A problem as a solver sees it, on PEPit's symbolic points; g is None for a smooth F."""

    name = "symbolic function"

    def __init__(self, f: Any, g: Any, L: float) -> None:
        self._f, self._g = f, g
        self.constants = Constants(L=exact(L, "the class of functions"))
        self._penalty: Any = None
        if g is None:
            self.gradient = f.gradient
        else:
            self.smooth_value, self.smooth_gradient, self.prox = f, f.gradient, self._prox

    def _prox(self, x: Any, step: float) -> Any:
        from PEPit.primitive_steps import proximal_step

        point, _, self._penalty = proximal_step(x, self._g, step)
        return point

    def last_value(self, x: Any) -> Any:
        """F at the point the last proximal step returned."""
        return self._f(x) if self._g is None else self._f(x) + self._penalty


def worst_case(solver: Solver, k: int, *, L: float = 1.0, D: float = 1.0, composite: bool = False) -> float:
    r"""Return the largest gap after k steps over all functions of a class.

    .. math:: \max \{ F(x_k) - F^\star : F = f + g, \; f \text{ convex and } L\text{-smooth}, \; g \text{ convex}, \;
              \|x_0 - x^\star\| \le D \}

    Parameters
    ----------
    solver : Solver
        A solver whose steps are linear in points, gradients and proximal points, with coefficients that do not depend
        on them: gradient descent with a constant step, Nesterov's method, the proximal gradient method and FISTA.
    k : int
        Number of steps, >= 1.  The cost grows quickly; k up to about 10 takes seconds.
    L, D : float, default 1
        Smoothness of f, and distance of the start from a minimiser.
    composite : bool, default False
        Whether there is a non-smooth term g, known by its proximal map; otherwise g = 0.

    Returns
    -------
    float
        The worst case, up to the accuracy of the semidefinite solver (about six digits).

    Raises
    ------
    ModuleNotFoundError
        If PEPit is not installed (``pip install optlab-toolkit[pep]``).
    TypeError, ValueError
        If an argument is out of range.

    References
    ----------
    A. B. Taylor, J. M. Hendrickx, F. Glineur, Smooth strongly convex interpolation and exact worst-case performance of
    first-order methods, Mathematical Programming 161 (2017).

    Examples
    --------
    The worst case of gradient descent after two steps is 1 / (4 * 2 + 2):

    >>> import optlab as ol
    >>> from optlab.claims.pep import worst_case
    >>> worst_case(ol.GradientDescent(), 2)  # doctest: +SKIP
    0.1
    """
    k = integer("k", k, at_least=1)
    L, D = number("L", L, above=0), number("D", D, above=0)
    boolean("composite", composite)
    if not available():
        raise ModuleNotFoundError("PEPit is not installed; it comes with `pip install optlab-toolkit[pep]`")
    from PEPit import PEP
    from PEPit.functions import ConvexFunction, SmoothConvexFunction

    estimation = PEP()
    f = estimation.declare_function(SmoothConvexFunction, L=L)
    g = estimation.declare_function(ConvexFunction) if composite else None
    F = f if g is None else f + g
    minimiser = F.stationary_point()
    optimum = F(minimiser)
    start = estimation.set_initial_point()
    estimation.set_initial_condition((start - minimiser) ** 2 <= D**2)
    problem = _Symbolic(f, g, L)
    state = solver.init(problem, start, None)
    for _ in range(k):  # symbolic points are no arrays: the driver, which measures and records, has nothing to do here
        state = solver.step(problem, state)
    estimation.set_performance_metric(problem.last_value(state.x) - optimum)
    with contextlib.redirect_stdout(io.StringIO()):  # PEPit prints its doubts, which the tolerance of the claim covers
        return float(estimation.solve(verbose=0))
