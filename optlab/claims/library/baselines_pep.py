r"""The bounds of the classical methods against worst cases computed by PEPit, over whole classes of functions."""

from __future__ import annotations

from typing import Any

from optlab.claims import Assumption, Case, Control, Measurement, claim
from optlab.claims.pep import available, worst_case
from optlab.problems.scalar import HuberLine
from optlab.solvers.gradient_descent import GradientDescent
from optlab.solvers.nesterov import NesterovAcceleratedGradient
from optlab.solvers.proximal_gradient import ProximalGradient

INSTALLED = Assumption("PEPit is installed (extra `pep`)", lambda problem, case: available())
#: Without PEPit there is nothing to compute, and that is what is then expected.
_ABSENT = {"expected": "NOT_APPLICABLE", "reason": "PEPit is not installed; `pip install optlab-toolkit[pep]`"}
EXPECTED: dict[str, Any] = {} if available() else _ABSENT
_L, _D = 2.0, 3.0


def _computed(case: Case, problem: Any, seed: Any) -> Measurement:
    value = worst_case(case.solver, case.max_iter, L=_L, D=_D, composite=case.params.get("composite", False))
    return Measurement(case.max_iter, value)


def _cases(solver: Any, composite: bool = False) -> Any:
    """The class is the problem; the Huber function stands for its constants."""

    def of(budget: str) -> list[Case]:
        steps = {"quick": (1, 2, 4), "standard": (1, 2, 3, 4, 6), "full": (1, 2, 3, 4, 6, 8, 10)}[budget]
        return [Case(f"k = {k}", HuberLine(_L, _D, k), solver, k, {"composite": composite}, tight=True) for k in steps]

    return of


@claim(
    "base/pep-gd",
    kind="exactness",
    source="Y. Drori, M. Teboulle, Math. Program. 145 (2014), Theorem 3.1; computed here with PEPit",
    latex=r"\max_F F(x_k) - F^\star = \frac{L D^2}{4 k + 2}",
    measured=_computed,
    axis="number of steps k",
    cases=_cases(GradientDescent()),
    assumptions=[INSTALLED],
    controls=[Control("a step of 0.9/L", cases=_cases(GradientDescent(0.9 / _L)))],
    options={"tol": 1e-4},
    **EXPECTED,
)
def pep_gd(k: Any, c: Any) -> Any:
    """The worst case of gradient descent over all smooth convex functions is exactly L D^2 / (4 k + 2)."""
    return _L * _D**2 / (4 * k + 2)


@claim(
    "base/pep-nesterov",
    source="A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2 (2009), Theorem 4.4 (g = 0); computed here with PEPit",
    latex=r"\max_F F(x_k) - F^\star \le \frac{2 L D^2}{(k + 1)^2}",
    measured=_computed,
    axis="number of steps k",
    cases=_cases(NesterovAcceleratedGradient(mu=0.0)),
    assumptions=[INSTALLED],
    controls=[
        Control("half the bound", bound=lambda k, c: _L * _D**2 / (k + 1) ** 2),
        Control("a step of 2/L", cases=_cases(NesterovAcceleratedGradient(2 / _L, mu=0.0))),
    ],
    options={"slack": 1e-4},
    **EXPECTED,
)
def pep_nesterov(k: Any, c: Any) -> Any:
    """The worst case of Nesterov's method over all smooth convex functions is within 2 L D^2 / (k + 1)^2."""
    return 2 * _L * _D**2 / (k + 1) ** 2


@claim(
    "base/pep-pg",
    kind="exactness",
    source="derived here, by computation with PEPit (the constant is half of that of Beck and Teboulle, Theorem 3.1)",
    latex=r"\max_{f, g} F(x_k) - F^\star = \frac{L D^2}{4 k}",
    measured=_computed,
    axis="number of steps k",
    cases=_cases(ProximalGradient(), composite=True),
    assumptions=[INSTALLED],
    controls=[Control("no second term g", cases=_cases(ProximalGradient()))],
    options={"tol": 1e-4},
    **EXPECTED,
)
def pep_pg(k: Any, c: Any) -> Any:
    """The worst case of the proximal gradient method is L D^2 / (4 k), attained on the half-line of base/pg-convex."""
    return _L * _D**2 / (4 * k)


@claim(
    "base/pep-fista",
    source="A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2 (2009), Theorem 4.4; computed here with PEPit",
    latex=r"\max_{f, g} F(x_k) - F^\star \le \frac{2 L D^2}{(k + 1)^2}",
    measured=_computed,
    axis="number of steps k",
    cases=_cases(ProximalGradient(accelerated=True), composite=True),
    assumptions=[INSTALLED],
    controls=[
        Control("0.4 of the bound", bound=lambda k, c: 0.8 * _L * _D**2 / (k + 1) ** 2),
        Control("a step of 2/L", cases=_cases(ProximalGradient(2 / _L, accelerated=True), composite=True)),
    ],
    options={"slack": 1e-4},
    **EXPECTED,
)
def pep_fista(k: Any, c: Any) -> Any:
    """The worst case of FISTA over all composite convex functions is within 2 L D^2 / (k + 1)^2."""
    return 2 * _L * _D**2 / (k + 1) ** 2
