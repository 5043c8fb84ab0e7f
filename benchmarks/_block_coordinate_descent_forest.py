"""Rows of benchmarks/block_coordinate_descent.py: solving on forests, and 500 iterations with greedy forests.

The peers of a forest solve are SciPy's sparse LU (`spsolve`) and, up to 2000 nodes, a dense Cholesky factorisation.
The error is the relative distance from the known solution.  Small blocks are solved many times on different data, so
that each size does the same work from the same distance in memory: a loop over one small block would run in the cache
nearest to the processor and make the large ones look worse than linear.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

import optlab as ol
from optlab.kernels.block_coordinate_descent_forest import forest_solve, forest_workspace
from optlab.kernels.block_coordinate_descent_graph import greedy_forest

Row = dict[str, Any]

#: Nodes that are solved for in one measurement, at least.
_NODES = 200_000
#: Up to this many nodes a dense matrix is factored.
_DENSE = 2000


def _matrix(one: Any, other: Any, n: int, rng: np.random.Generator) -> Any:
    """A diagonally dominant matrix with these edges."""
    w = -rng.uniform(0.5, 1.5, len(one))
    off = sp.csr_array(sp.coo_array((np.tile(w, 2), (np.r_[one, other], np.r_[other, one])), shape=(n, n)))
    a = sp.csr_array(off + sp.diags_array(abs(off).sum(axis=1) + rng.uniform(0.1, 1.0, n)))
    a.sort_indices()
    return a


def path(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """All nodes of a path."""
    i = np.arange(1, n)
    return _matrix(i - 1, i, n, rng), np.arange(n)


def comb(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """All nodes of a comb: every other node is a tooth."""
    i = np.arange(1, n)
    return _matrix(i - np.where(i % 2, 1, 2), i, n, rng), np.arange(n)


def lattice(nr: int, nc: int, rng: np.random.Generator) -> Any:
    """A matrix on a lattice."""
    i = np.arange(nr * nc)
    down, right = i[i % nr < nr - 1], i[i // nr < nc - 1]
    return _matrix(np.r_[down, right], np.r_[down + 1, right + nr], nr * nc, rng)


def random_trees(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """About n nodes of a square lattice: the forest that grows when they come in random order."""
    side = round((n / 0.61) ** 0.5)
    a = lattice(side, side, rng)
    return a, greedy_forest(a.indptr, a.indices, rng.permutation(side * side))


def shuffled_tree(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """All nodes of a random recursive tree: neighbours lie anywhere in memory."""
    i = np.arange(1, n)
    return _matrix((rng.random(n - 1) * i).astype(np.int64), i, n, rng), np.arange(n)


FORESTS: dict[str, Callable[[int, np.random.Generator], tuple[Any, Any]]] = {
    "path": path,
    "comb": comb,
    "random forest of a lattice": random_trees,
    "random recursive tree": shuffled_tree,
}


def _instances(kind: str, n: int) -> list[tuple[Any, Any, Any, Any, Any]]:
    """Blocks with right sides and known solutions; matrix, block, the block's matrix, right side, solution."""
    out = []
    for seed in range(max(1, _NODES // n)):
        rng = np.random.default_rng(seed)
        a, block = FORESTS[kind](n, rng)
        inside = sp.csc_array(a[block][:, block])
        y = rng.standard_normal(len(block))
        out.append((a, block, inside, inside @ y, y))
    return out


def _ours(instances: list[Any]) -> Callable[[], list[Any]]:
    workspace = forest_workspace(max(a.shape[0] for a, *_ in instances))
    solutions = [np.empty_like(y) for *_, y in instances]

    def solve() -> list[Any]:
        for (a, block, _, right, _), solution in zip(instances, solutions, strict=True):
            forest_solve(a.indptr, a.indices, a.data, block, right, solution, *workspace)
        return solutions

    return solve


def _sparse_lu(instances: list[Any]) -> list[Any]:
    from scipy.sparse.linalg import spsolve

    return [spsolve(inside, right) for _, _, inside, right, _ in instances]


def _dense_cholesky(matrices: list[Any], instances: list[Any]) -> list[Any]:
    from scipy.linalg import cho_factor, cho_solve

    return [cho_solve(cho_factor(m), right) for m, (*_, right, _) in zip(matrices, instances, strict=True)]


def _error(instances: list[Any], solutions: list[Any]) -> float:
    return max(np.linalg.norm(s - y) / np.linalg.norm(y) for (*_, y), s in zip(instances, solutions, strict=True))


def _timed(function: Callable[[], Any], repetitions: int) -> tuple[float, float, Any]:
    """Median and least seconds of a call, after one that is not counted, and the last value."""
    value, seconds = function(), []
    for _ in range(repetitions):
        began = time.perf_counter()
        value = function()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), min(seconds), value


def _row(case: str, peer: str, ours: tuple[Any, Any] = (None, None), other: Any = (None, None), note: str = "") -> Row:
    ratio = None if ours[0] is None or other[0] is None else ours[0] / other[0]
    names = ("ours_s", "peer_s", "ratio", "ours_error", "peer_error")
    figures = zip(names, (ours[0], other[0], ratio, ours[1], other[1]), strict=True)
    return {"case": case, "peer": peer, **dict(figures), "note": note}


def forest_rows(quick: bool) -> list[Row]:
    """Seconds of one solve by the size of the block, against sparse LU and dense Cholesky; the slope of ours.

    The slope is that of the least seconds: what else the machine does can only add to them.
    """
    sizes = (1000, 10_000, 100_000) if quick else (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    rows = []
    for kind in FORESTS:
        nodes, seconds = [], []
        for n in sizes:
            instances = _instances(kind, n)
            one, count = len(instances), sum(len(block) for _, block, *_ in instances)
            case = f"forest solve, {kind}, |b| = {n}"
            spent, least, solutions = _timed(_ours(instances), 10)
            ours = (spent / one, _error(instances, solutions))
            nodes.append(count / one)
            seconds.append(least / one)
            some = instances[: max(1, one // 20)]
            spent, _, solutions = _timed(lambda some=some: _sparse_lu(some), 3)
            peers = {"scipy spsolve": (spent / len(some), _error(some, solutions))}
            if n <= _DENSE:
                matrices = [inside.toarray() for _, _, inside, *_ in some[:3]]
                spent, _, solutions = _timed(lambda m=matrices, s=some[:3]: _dense_cholesky(m, s), 3)
                peers["scipy cho_solve, dense"] = (spent / len(matrices), _error(some[:3], solutions))
            rows += [_row(case, name, ours, peer) for name, peer in peers.items()]
            best = min(peers, key=lambda name: peers[name][0])
            rows.append(_row(case, "best", ours, peers[best], best))
        slope = np.polyfit(np.log(nodes), np.log(seconds), 1)[0]
        rows.append(_row(f"forest solve, {kind}, slope", "goal: 1.0 within 0.1", note=f"slope {slope:.3f}"))
    return rows


def lattice_rows(quick: bool) -> list[Row]:
    """Seconds of a whole run on data set D, recorded at its end only; the error is the gap relative to the optimum."""
    problem = ol.problems.LabelPropagation.lattice()
    steps = 100 if quick else 500
    solvers = {name: (name, "forest", None) for name in ("greedy-forest-GS", "greedy-forest-GSL", "random-forest")}
    solvers |= {name: ("cyclic", "forest", name) for name in ("lattice-trees", "trees", "red-black", "colouring")}
    solvers["general, dense solve"] = ("general", "Hb", None)
    optimum = abs(problem.reference.hi)
    figures = {}
    for name, (rule, update, partition) in solvers.items():
        solver = ol.BlockCoordinateDescent(rule, update, partition=partition)
        spent, _, result = _timed(lambda s=solver: s.run(problem, max_iter=steps, rng=0, record=[steps]), 3)
        figures[name] = (spent, float(result.history["gap"][-1]) / optimum)
    case = f"data set D, {steps} iterations"
    ours = figures.pop("greedy-forest-GS")
    rows = [_row(case, f"ours, {name}", ours, other) for name, other in figures.items()]
    rows.append(_row(case, "goal: 1 s for 500", ours, (steps / 500, None)))
    return rows


def run(quick: bool) -> list[Row]:
    """All rows."""
    return forest_rows(quick) + lattice_rows(quick)
