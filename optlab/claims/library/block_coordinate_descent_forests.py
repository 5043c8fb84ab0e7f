r"""Block coordinate descent with blocks that are forests, by message passing."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.problems.graph_quadratics import GraphQuadratic
from optlab.problems.label_propagation import LabelPropagation
from optlab.solvers.block_coordinate_descent import BlockCoordinateDescent
from optlab.solvers.block_coordinate_descent.graph_partition import Colouring, TreePartition

_PAPER = "J. Nutini, I. Laradji, M. Schmidt, JMLR 23(131), 2022"
_CODE = "the rule is that of the authors' code (IssamLaradji/BlockCoordinateDescent)"


# ---------------------------------------------------------------- C13: message passing


def _forest_error(case: Case, problem: Any, seed: Any) -> Measurement:
    """The first step from the origin against a dense solution of the system of its block, relative."""
    x = case.solver.run(problem, x0=np.zeros(problem.shape), max_iter=1, rng=seed).x
    block = np.flatnonzero(x)
    dense = np.linalg.solve(problem.block_bound(block), -problem.gradient(0 * x)[block])
    return Measurement(block.size, np.abs(x[block] - dense).max() / np.abs(dense).max())


def _on_forests(budget: str, update: str = "forest") -> list[Case]:
    size, side = {"quick": (300, 15), "standard": (1000, 50), "full": (3000, 50)}[budget]
    greedy, random = (BlockCoordinateDescent(rule, update) for rule in ("greedy-forest-GS", "random-forest"))
    trees = BlockCoordinateDescent("cyclic", update, partition=TreePartition())
    moons = partial(_two_moons, size)
    shapes = {kind: partial(_forest, kind, size) for kind in ("path", "star", "comb", "random")}
    return [
        *(Case(f"{kind} of {size} nodes", draw, greedy) for kind, draw in shapes.items()),
        Case("lattice, greedy forest", LabelPropagation.lattice(side, side), greedy),
        Case("two moons, random forest", moons, random),
        Case("two moons, cyclic over a partition", moons, trees),
    ]


def _forest(kind: str, size: int, rng: np.random.Generator) -> GraphQuadratic:
    return GraphQuadratic.forest(kind, size, rng=rng)


def _two_moons(n: int, rng: np.random.Generator) -> LabelPropagation:
    """Draw data set E, or a smaller one of its kind."""
    return LabelPropagation.two_moons(n, n // 20, rng=rng)


@claim(
    "bcd/C13-exact",
    kind="exactness",
    source="derived here (leaf elimination is Gaussian elimination without fill); the blocks are those of the source",
    latex=r"d = -H_{bb}^{-1} \nabla_b f \text{ in } O(|b|), \text{ if the graph of } H_{bb} \text{ is a forest}",
    measured=_forest_error,
    axis="size of the block",
    cases=_on_forests,
    controls=[
        Control("the diagonal in place of the matrix", cases=lambda budget: _on_forests(budget, "D")),
        Control("the gradient step of the block", cases=lambda budget: _on_forests(budget, "Lb")),
    ],
    seeds={"quick": 1, "standard": 3, "full": 10},
    options={"tol": 1e-11},
)
def forest_exact(n: Any, c: Any) -> Any:
    """Message passing on a forest solves the system of the block exactly, up to rounding."""
    return 0 * n


BLOCKS = {
    "greedy forest": BlockCoordinateDescent("greedy-forest-GS", "forest"),
    "trees by L_i": BlockCoordinateDescent("cyclic", "forest", partition=TreePartition()),
    "trees in order": BlockCoordinateDescent("cyclic", "forest", partition=TreePartition("index")),
    "random forest": BlockCoordinateDescent("random-forest", "forest"),
    "colours by L_i": BlockCoordinateDescent("cyclic", "forest", partition=Colouring()),
    "colours in order": BlockCoordinateDescent("cyclic", "forest", partition=Colouring("index")),
    "general": BlockCoordinateDescent("general", "Hb"),
}


def _by_blocks(case: Case, problem: Any, seed: Any) -> Measurement:
    """The gaps that two kinds of blocks each leave; pair by pair."""
    pairs = case.params["pairs"]
    gaps = {
        name: BLOCKS[name].run(problem, max_iter=case.max_iter, rng=seed, record=[]).history["gap"][-1]
        for name in sorted({name for pair in pairs for name in pair})
    }
    better, worse = ([[gaps[pair[side]] for pair in pairs]] for side in (0, 1))
    return Measurement(np.arange(1, len(pairs) + 1), better, bound=np.array(worse))


def _compared(*chains: tuple[str, ...], size: int = 2000, steps: int = 120) -> Any:
    """Cases by budget: in each chain every kind of block against the next one; at full the size of the source."""
    pairs = [pair for chain in chains for pair in pairwise(chain)]
    words = "; ".join(" < ".join(chain) for chain in chains)

    def cases(budget: str) -> list[Case]:
        n, k = (size, steps) if budget == "quick" else (2000, 500)
        draw = partial(_two_moons, n)
        return [Case(words, draw, max_iter=k, params={"pairs": pairs})]

    return cases


_OBSERVED: dict[str, Any] = {
    "kind": "comparison",
    "source": f"observed in {_PAPER}, on its data set E (here drawn anew from the same law); not a theorem",
    "measured": _by_blocks,
    "axis": "pair",
}


@claim(
    "bcd/C13",
    latex=r"\Delta_{\text{greedy}} < \Delta_{\text{trees}} < \Delta_{\text{random}} < \Delta_{\text{colours}} "
    r"< \Delta_{\text{general}}",
    cases=_compared(
        ("greedy forest", "trees by L_i", "random forest", "colours by L_i", "general"), size=400, steps=150
    ),
    controls=[
        Control(
            "the other way round",
            cases=_compared(("general", "colours by L_i", "trees by L_i"), size=400, steps=50),
        )
    ],
    seeds={"quick": 8, "standard": 10, "full": 30},
    **_OBSERVED,
)
def forests_first(k: Any, c: Any) -> Any:
    """On two moons larger forests leave smaller gaps: greedy, then a partition into trees, random, colours, general."""
    return 0 * k


@claim(
    "bcd/C13-sorted",
    latex=r"\Delta_{\text{by } L_i} < \Delta_{\text{in order}}",
    cases=_compared(("trees by L_i", "trees in order"), ("colours by L_i", "colours in order")),
    controls=[Control("the other way round", cases=_compared(("colours in order", "colours by L_i")), seeds=8)],
    seeds={"quick": 10, "standard": 20, "full": 60},
    **_OBSERVED,
)
def sorted_trees(k: Any, c: Any) -> Any:
    """On average over such graphs, trees and colours that start with the nodes of largest degree are better."""
    return 0 * k
