"""The oracles: what a solver may ask of a problem.  One Protocol each, one meaning in the whole package.

A problem *has* an oracle when it has the Protocol's methods; nothing is inherited or registered.  A solver lists what
it needs in `requires`, and `check_requirements` compares the two before any work is done.

Conventions.  `x` is a point in the problem's own shape and namespace; problems that declare ``batched = True`` accept
any leading axes and return values with the same leading axes.  No oracle modifies its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np

__all__ = [
    "ORACLES",
    "BlockCurvature",
    "BlockHessian",
    "BlockMoves",
    "BoundGraph",
    "Gradient",
    "HessianProduct",
    "KinkSlopes",
    "LineMinimum",
    "LinearMinimization",
    "Margins",
    "MissingOracle",
    "Project",
    "Prox",
    "Rows",
    "SmoothPart",
    "StochasticGradient",
    "Subgradient",
    "Value",
    "check_requirements",
    "counted_methods",
    "has_oracle",
    "oracle_methods",
]


@runtime_checkable
class Value(Protocol):
    """`value(x)`: the objective F(x) that is minimised, all of it; in the problem's own units."""

    def value(self, x: Any) -> Any: ...


@runtime_checkable
class Gradient(Protocol):
    """`gradient(x)`: the gradient of the whole objective F; exists only where F is differentiable everywhere."""

    def gradient(self, x: Any) -> Any: ...


@runtime_checkable
class Subgradient(Protocol):
    """`subgradient(x)`: some element of the subdifferential of F at x, the same one for the same x."""

    def subgradient(self, x: Any) -> Any: ...


@runtime_checkable
class HessianProduct(Protocol):
    """`hessian_product(x, v)`: the Hessian of F at x applied to v."""

    def hessian_product(self, x: Any, v: Any) -> Any: ...


@runtime_checkable
class LineMinimum(Protocol):
    """`line_minimum(x, direction)`: a minimiser t of F(x + t direction) over the real line."""

    def line_minimum(self, x: Any, direction: Any) -> Any: ...


@runtime_checkable
class SmoothPart(Protocol):
    """`smooth_value(x)`, `smooth_gradient(x)`: the differentiable term f of a composite objective F = f + g."""

    def smooth_value(self, x: Any) -> Any: ...

    def smooth_gradient(self, x: Any) -> Any: ...


@runtime_checkable
class Prox(Protocol):
    """`prox(x, step)`: argmin_u g(u) + ||u - x||^2 / (2 step) for the non-smooth term g of F = f + g; step > 0."""

    def prox(self, x: Any, step: Any) -> Any: ...


@runtime_checkable
class Project(Protocol):
    """`project(x)`: the Euclidean projection of x onto the feasible set."""

    def project(self, x: Any) -> Any: ...


@runtime_checkable
class LinearMinimization(Protocol):
    """`lmo(g)`: a point of the feasible set that MINIMISES <g, s>; never the maximiser."""

    def lmo(self, g: Any) -> Any: ...


@runtime_checkable
class StochasticGradient(Protocol):
    """Unbiased gradient estimates, with the randomness outside the formula.

    `draw(rng, size)` returns `size` independent samples xi along its first axis; `stochastic_gradient(x, xi)` is the
    estimate at x for one sample (leading axes of x and xi run together).  E[stochastic_gradient(x, xi)] is a
    (sub)gradient of F at x.  Two solvers given the same xi see common random numbers.
    """

    def draw(self, rng: np.random.Generator, size: int) -> Any: ...

    def stochastic_gradient(self, x: Any, xi: Any) -> Any: ...


@runtime_checkable
class Margins(Protocol):
    """Linear margins of signed data Z (n, d): `margins(w)` = Z w and `weighted_rows(p)` = Z^T p, p of shape (n,)."""

    def margins(self, w: Any) -> Any: ...

    def weighted_rows(self, p: Any) -> Any: ...


@runtime_checkable
class Rows(Protocol):
    """`rows(indices)`: the rows Z[indices] of the data matrix; all of them for ``indices=None``.

    For kernels that walk through the samples one by one; such a solver charges each row it touches to the ledger.
    """

    def rows(self, indices: Any = None) -> Any: ...


@runtime_checkable
class BlockMoves(Protocol):
    """The smooth part f (all of F when there is no other part) along moves of a few coordinates, at their own cost.

    `follow(x)` works everything out afresh and returns the bookkeeping, an object that can be copied and pickled.
    `move(followed, block, d)` returns that of x + U_b d and may reuse the buffers of the one it was given; `block` is
    an array of different indices, `d` has one entry for each.  `block_gradient(followed, block)` is the gradient of f
    restricted to the block, all of it for ``block=None``.  `value_along(followed, block, d, step)` is the number
    f(x + step U_b d), without moving.
    """

    def follow(self, x: Any) -> Any: ...

    def move(self, followed: Any, block: Any, d: Any) -> Any: ...

    def block_gradient(self, followed: Any, block: Any = None) -> Any: ...

    def value_along(self, followed: Any, block: Any, d: Any, step: float) -> float: ...


@runtime_checkable
class BlockCurvature(Protocol):
    """A bound H of the Hessian of f that holds everywhere: f(x + U_b d) <= f(x) + <g_b, d> + d^T H_bb d / 2.

    `coordinate_lipschitz()` is the diagonal of H, the constants L_i, shape (n,); `block_bound(block)` is H_bb, a
    symmetric matrix; `bound_product(block, d)` is H U_b d, shape (n,); `bound_row_sums()` is ``sum_j |H_ij|``, (n,).
    H_bb may be sharper than the block of one matrix H for all blocks (softmax), never less than valid for its block.
    """

    def coordinate_lipschitz(self) -> Any: ...

    def block_bound(self, block: Any) -> Any: ...

    def bound_product(self, block: Any, d: Any) -> Any: ...

    def bound_row_sums(self) -> Any: ...


@runtime_checkable
class BlockHessian(Protocol):
    """`block_hessian(followed, block)`: the block H_bb of the Hessian of f at the followed point, symmetric."""

    def block_hessian(self, followed: Any, block: Any) -> Any: ...


@runtime_checkable
class BoundGraph(Protocol):
    """The sparsity graph of the Hessian of f, as symmetric SciPy CSR arrays with sorted indices and a full diagonal.

    `bound_graph()` holds the bound H of `BlockCurvature` (for a quadratic, the Hessian itself);
    `hessian_graph(followed)` the Hessian at the followed point, in the same pattern.
    """

    def bound_graph(self) -> Any: ...

    def hessian_graph(self, followed: Any) -> Any: ...


@runtime_checkable
class KinkSlopes(Protocol):
    """`kink_slopes()`: the slopes (l, u), two arrays of shape (n,), of the term g(x) = sum_i max(l_i x_i, u_i x_i).

    So g_i has one kink, at zero: l = -w, u = w is the norm ``w |x_i|``, l = -inf forbids negative values, l = u is a
    linear term.  ``-inf <= l <= u < inf``; the objective is F = f + g.
    """

    def kink_slopes(self) -> Any: ...


#: Every oracle of the package with its methods; the ledger counts exactly these.
ORACLES: dict[type, tuple[str, ...]] = {
    protocol: tuple(name for name in vars(protocol) if not name.startswith("_"))
    for protocol in (
        Value,
        Gradient,
        Subgradient,
        HessianProduct,
        LineMinimum,
        SmoothPart,
        Prox,
        Project,
        LinearMinimization,
        StochasticGradient,
        Margins,
        Rows,
        BlockMoves,
        BlockCurvature,
        BlockHessian,
        BoundGraph,
        KinkSlopes,
    )
}


class MissingOracle(TypeError):
    """A solver was given a problem that lacks an oracle it needs.

    Raised before any work.  The message names what is missing and the solvers that would fit the problem.
    """


def has_oracle(problem: Any, oracle: type) -> bool:
    """Whether the problem offers the oracle (has all its methods, none of them set to None)."""
    return all(getattr(problem, name, None) is not None for name in ORACLES[oracle])


def oracle_methods(problem: Any) -> list[str]:
    """Names of all oracle methods the problem offers."""
    return [name for names in ORACLES.values() for name in names if getattr(problem, name, None) is not None]


def counted_methods(problem: Any) -> list[str]:
    """Names of the oracle methods whose calls are counted: all but `draw`, which asks nothing about the problem.

    A batched run draws once for each repetition; counting that would make the counts depend on the batch.
    """
    return [name for name in oracle_methods(problem) if name != "draw"]


def _missing(problem: Any, requires: Iterable[Any]) -> list[str]:
    missing = []
    for need in requires:
        options = need if isinstance(need, tuple) else (need,)
        if not any(has_oracle(problem, option) for option in options):
            missing.append(" or ".join(f"{o.__name__} ({', '.join(ORACLES[o])})" for o in options))
    return missing


def check_requirements(problem: Any, requires: Iterable[Any], solver: str, candidates: Iterable[Any] = ()) -> None:
    """Raise `MissingOracle` unless the problem offers everything in `requires`.

    Parameters
    ----------
    problem : Problem
        The problem to be solved.
    requires : iterable of oracle Protocols
        What is needed; a tuple inside means "any of these".
    solver : str
        Name of the solver, for the message.
    candidates : iterable of solver classes
        Where to look for solvers that would fit.

    Raises
    ------
    MissingOracle
        Naming the missing oracles and the solvers that would fit.
    """
    missing = _missing(problem, requires)
    if not missing:
        return
    fitting = sorted(c.__name__ for c in candidates if not _missing(problem, c.requires))
    advice = f"; solvers that fit this problem: {', '.join(fitting)}" if fitting else ""
    has = ", ".join(oracle_methods(problem)) or "no oracle at all"
    raise MissingOracle(
        f"{solver} needs {' and '.join(missing)}, which {type(problem).__name__} does not offer (it has {has}){advice}"
    )
