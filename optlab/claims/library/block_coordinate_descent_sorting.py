r"""Block coordinate descent: why to sort the coordinates by their constants before cutting them into blocks.

On a diagonal Hessian :math:`\kappa_b` is the ratio of the largest to the smallest curvature in block b.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from optlab.claims import Case, Control, Measurement, claim
from optlab.claims.library._block_descent import CAREFUL, greedy
from optlab.core.rng import streams
from optlab.core.stop import Below
from optlab.problems import Quadratic, mu_block

_CURVES = np.geomspace(1.0, 1000.0, 24)


def _from_equal_parts(solver: Any, steps: int = 400) -> Case:
    """Every coordinate has the same part of the gap at the start."""
    problem = Quadratic(_CURVES, x_star=np.zeros(24))
    how = solver.partition if isinstance(solver.partition, str) else "shuffled"
    return Case(f"24 curvatures from 1 to 1000, {how}", problem, solver, steps, x0=1 / np.sqrt(_CURVES))


def _of_four(partition: Any) -> Any:
    return greedy("GSL", "Lb", block_size=4, partition=partition)


def _shuffled(seed: int) -> list[Any]:
    return list(np.random.default_rng(seed).permutation(24).reshape(-1, 4))


def _kappa(spectrum: Any, blocks: Any) -> float:
    return math.fsum(float(spectrum[b].max() / spectrum[b].min()) for b in blocks)


def _partition_rate(case: Case, problem: Any, seed: Any) -> Measurement:
    result = case.solver.run(problem, x0=case.x0, max_iter=case.max_iter, rng=seed)
    gaps = result.history["gap"]
    known = {"kappa": _kappa(problem.spectrum, result.state.blocks)}
    return Measurement(result.history["k"][1:], gaps[1:] / gaps[0], known=known)


_SORTED = 14.772554408967753


@claim(
    "bcd/C11",
    source="derived here",
    latex=r"\Delta_k \le \Bigl(1 - \frac1{\sum_b \kappa_b}\Bigr)^k \Delta_0, \quad "
    r"\kappa_b = \max_b \lambda / \min_b \lambda",
    measured=_partition_rate,
    cases=[_from_equal_parts(_of_four(p)) for p in ("sort", "average", _shuffled(0), _shuffled(1))],
    controls=[
        Control(
            "the averaged partition held to the sorted one's rate",
            bound=lambda k, c: (1 - 1 / _SORTED) ** k,
            cases=[_from_equal_parts(_of_four("average"))],
        ),
        Control("blocks at random", cases=[_from_equal_parts(greedy("random", "L", block_size=4, partition="sort"))]),
    ],
    options=CAREFUL,
)
def sorting_rate(k: Any, c: Any) -> Any:
    """On a diagonal quadratic GSL with steps 1/L_b has the rate 1 / (sum of the condition numbers of the blocks)."""
    return (1 - 1 / c.kappa) ** k


def _sum_of_kappa(case: Case, problem: Any, seed: Any) -> Measurement:
    result = case.solver.run(problem, max_iter=1, record=[])
    constant = mu_block(problem.spectrum, result.state.blocks, "Lb").value
    return Measurement(24, 1 / constant, case.params["expected"])


def _with_sum(partition: str, expected: float) -> Case:
    return Case(partition, Quadratic(_CURVES), _of_four(partition), params={"expected": expected})


@claim(
    "bcd/C11-sums",
    kind="exactness",
    source="derived here",
    latex=r"\sum_b \kappa_b = 14.77 \text{ (sorted)}, \quad 1429 \text{ (averaged)}",
    measured=_sum_of_kappa,
    axis="dimension",
    cases=[_with_sum("sort", 14.77), _with_sum("average", 1429.0)],
    controls=[Control("the two exchanged", cases=[_with_sum("average", 14.77), _with_sum("sort", 1429.0)])],
    options={"tol": 5e-4},
)
def sums_of_condition_numbers(k: Any, c: Any) -> Any:
    """For 24 curvatures from 1 to 1000 in blocks of 4, sorting has a hundredth of the averaged partition's constant."""
    raise AssertionError("the measurement carries its own expected values")


def _all_partitions(items: tuple[int, ...], size: int) -> Any:
    """Yield every partition into blocks of this size."""
    if not items:
        yield []
        return
    for rest in itertools.combinations(items[1:], size - 1):
        left = tuple(i for i in items[1:] if i not in rest)
        for others in _all_partitions(left, size):
            yield [np.array([items[0], *rest]), *others]


def _against_all(case: Case, problem: Any, seed: Any) -> Measurement:
    """The sum of the condition numbers of the solver's partition, and of every partition there is."""
    ours = _kappa(problem.spectrum, case.solver.run(problem, max_iter=1, record=[]).state.blocks)
    n, size = problem.shape[0], case.solver.block_size
    sums = np.array([_kappa(problem.spectrum, blocks) for blocks in _all_partitions(tuple(range(n)), size)])
    return Measurement(np.arange(sums.size), np.full(sums.size, ours), sums * (1 + 1e-12))


def _curvatures(n: int) -> Any:
    return lambda rng: Quadratic(10 ** rng.uniform(-1.5, 1.5, n))


def _small(partition: str) -> list[Case]:
    shapes = ((8, 2), (8, 4), (6, 3))
    return [
        Case(
            f"{n} in blocks of {s}", _curvatures(n), greedy("GSL", "Lb", block_size=s, partition=partition), tight=True
        )
        for n, s in shapes
    ]


@claim(
    "bcd/C11-best",
    source="derived here",
    latex=r"\sum_{b \in \mathrm{Sort}} \kappa_b = \min_B \sum_{b \in B} \kappa_b",
    measured=_against_all,
    axis="partition",
    cases=_small("sort"),
    controls=[Control(f"the partition {name!r}", cases=_small(name)) for name in ("average", "order")],
    seeds={"quick": 5, "standard": 50, "full": 200},
)
def sorting_is_best(k: Any, c: Any) -> Any:
    """Of all partitions into blocks of one size, the sorted one has the least sum of condition numbers."""
    raise AssertionError("the measurement carries both sides")


def _step_counts(case: Case, problem: Any, seed: Any) -> Measurement:
    """The number of steps to a gap of 1e-8, times the claimed gain, and that of the other partition.

    The other run is cut off at `max_iter` steps, a lower bound of its number.
    """
    other = case.params["other"]
    blocks = list(streams(seed).data.permutation(24).reshape(-1, 4)) if other == "shuffled" else other
    goal = Below("gap", 1e-8 * float(problem.value(case.x0)))
    ours, theirs = (
        solver.run(problem, x0=case.x0, stop=goal, max_iter=case.max_iter, record=1)
        for solver in (case.solver, _of_four(blocks))
    )
    return Measurement(24, case.params["gain"] * ours.k if ours.success else math.inf, theirs.k)


def _race(partition: str, other: str, gain: float) -> Case:
    case = _from_equal_parts(_of_four(partition))
    params = {"other": other, "gain": gain}
    return Case(f"{partition} against {other}", case.problem, case.solver, 6000, params, x0=case.x0)


def _races(budget: str) -> list[Case]:
    return [_race("sort", "average", 60.0), *([_race("sort", "shuffled", 20.0)] if budget != "quick" else [])]


@claim(
    "bcd/C11-steps",
    source="derived here",
    latex=r"60\, T_{\mathrm{sorted}} \le T_{\mathrm{averaged}}, \quad T = \min\{k : \Delta_k \le 10^{-8} \Delta_0\}",
    measured=_step_counts,
    axis="dimension",
    cases=_races,
    controls=[Control("the two exchanged", cases=[_race("average", "sort", 1.0)])],
    seeds={"quick": 1, "standard": 5, "full": 20},
    doc="99 steps against more than 6000, where the runs are cut off.",
)
def sorting_saves_steps(k: Any, c: Any) -> Any:
    """With the sorted partition GSL needs less than a sixtieth of the steps that it needs with the averaged one."""
    raise AssertionError("the measurement carries both sides")
