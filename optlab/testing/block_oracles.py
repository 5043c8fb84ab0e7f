"""The checks of the block oracles: moves of a few coordinates against the whole problem, bounds against values."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np

from optlab.core import oracles as o
from optlab.core.oracles import has_oracle
from optlab.core.xp import is_sparse, namespace, put_add, to_numpy
from optlab.testing._points import as_array, points, precision
from optlab.testing._same import require

__all__ = ["block_curvature", "block_hessian", "block_moves", "bound_graph", "kink_slopes"]

Rng = np.random.Generator


def _smooth(problem: Any) -> tuple[Any, Any]:
    if has_oracle(problem, o.SmoothPart):
        return problem.smooth_value, problem.smooth_gradient
    return getattr(problem, "value", None), getattr(problem, "gradient", None)


def _indices(problem: Any, block: Any) -> Any:
    like = problem.start(np.random.default_rng(0))
    if isinstance(like, np.ndarray):
        return np.asarray(block, dtype=np.int64)
    xp: Any = namespace(like)
    return xp.asarray(np.asarray(block), dtype=xp.int64, device=like.device)


def _blocks(problem: Any, rng: Rng, count: int = 4) -> list[Any]:
    """Random blocks of all sizes: one coordinate, a few, all."""
    n = int(problem.shape[0])
    sizes = [1, n, *(int(rng.integers(1, n + 1)) for _ in range(count - 2))]
    return [_indices(problem, rng.permutation(n)[:size]) for size in sizes]


def _scale(*arrays: Any) -> float:
    return 1.0 + max((float(np.abs(to_numpy(a)).max(initial=0.0)) for a in arrays), default=0.0)


def _close(problem: Any, found: Any, wanted: Any, sentence: str, factor: float = 1e4, size: float = 0.0) -> None:
    found, wanted = np.asarray(to_numpy(found)), np.asarray(to_numpy(wanted))
    require(found.shape == wanted.shape, f"{sentence}: its shape is {found.shape}, not {wanted.shape}")
    error = float(np.abs(found - wanted).max(initial=0.0))
    allowed = factor * precision(problem) * (_scale(wanted) + size)
    require(error <= allowed, f"{sentence}: off by {error:.3g}, where rounding allows {allowed:.3g}")


def block_moves(problem: Any, rng: Rng) -> None:
    """Bookkeeping along a chain of moves is that of the point reached, worked out afresh."""
    value, gradient = _smooth(problem)
    if gradient is None:
        return
    name = problem.name
    for x in points(problem, rng, 3):
        followed = problem.follow(x)
        size = _scale(x, gradient(x)) ** 2 + abs(float(value(x)))  # of what may be lost to rounding along the way
        for asked, block in enumerate(_blocks(problem, rng, 8)):
            d = as_array(problem, rng.standard_normal(int(block.shape[0])))
            step = float(rng.standard_normal())
            along = problem.value_along(followed, block, d, step)
            require(isinstance(along, float), f"{name}: value_along gives a {type(along).__name__}, not a float")
            _close(problem, along, float(value(put_add(x, block, step * d))), f"{name}: value_along", size=size)
            x = put_add(x, block, d)
            if asked % 2:  # an oracle may work differently once the whole gradient was asked for
                problem.block_gradient(followed)
            followed = problem.move(followed, _copy(block), _copy(d))
            part = problem.block_gradient(followed, block)
            wanted = namespace(x).take(gradient(x), block)
            _close(problem, part, wanted, f"{name}: block_gradient(followed, block)", size=size)
        fresh = problem.follow(x)
        for state, title in ((followed, "after moves"), (fresh, "followed afresh")):
            _close(problem, problem.block_gradient(state), gradient(x), f"{name}: block_gradient {title}", size=size)
            still = problem.value_along(state, block, 0 * d, 0.0)
            _close(problem, still, float(value(x)), f"{name}: value_along {title}, with step 0", size=size)
        _independent(problem, x, block, d)


def _copy(array: Any) -> Any:
    return namespace(array).asarray(array, copy=True)


def _independent(problem: Any, x: Any, block: Any, d: Any) -> None:
    """The bookkeeping shares no memory with the caller's arrays, and a copy of it nothing with the original."""
    name, mine = problem.name, _copy(x)
    followed = problem.follow(mine)
    if isinstance(mine, np.ndarray):
        mine += 1.0
    before = np.array(to_numpy(problem.block_gradient(followed)))
    again = to_numpy(problem.block_gradient(problem.follow(x)))
    require(np.array_equal(before, again), f"{name}: follow(x) still works on the array it was given")
    held = problem.block_gradient(followed)
    twins = [copy.deepcopy(followed), pickle.loads(pickle.dumps(followed))]
    moved = problem.move(followed, block, d)
    after = problem.block_gradient(moved)
    require(np.array_equal(before, to_numpy(held)), f"{name}: move wrote into a gradient it had given out")
    for twin in twins:
        require(
            np.array_equal(before, to_numpy(problem.block_gradient(twin))),
            f"{name}: a copy of the bookkeeping is still connected with the original",
        )
        again = problem.block_gradient(problem.move(twin, block, d))
        same = np.array_equal(to_numpy(after), to_numpy(again))
        require(same, f"{name}: a copy of the bookkeeping moves differently")


def block_curvature(problem: Any, rng: Rng) -> None:
    """The bound H holds for random moves, and its four views agree with each other."""
    value, gradient = _smooth(problem)
    name, n = problem.name, int(problem.shape[0])
    L = problem.coordinate_lipschitz()
    require(tuple(L.shape) == (n,), f"{name}: coordinate_lipschitz() has shape {tuple(L.shape)}, not {(n,)}")
    require(bool((to_numpy(L) >= 0).all()), f"{name}: coordinate_lipschitz() holds a negative constant")
    for i in range(min(n, 5)):
        single = problem.block_bound(_indices(problem, [i]))
        _close(problem, to_numpy(single), to_numpy(L)[[[i]]], f"{name}: block_bound of one coordinate and its L_i")
    sums = to_numpy(problem.bound_row_sums())
    require(sums.shape == (n,), f"{name}: bound_row_sums() has shape {sums.shape}, not {(n,)}")
    for x in points(problem, rng, 4):
        for block in _blocks(problem, rng, 6):
            H = to_numpy(problem.block_bound(block))
            require(np.array_equal(H, H.T), f"{name}: block_bound(block) is not symmetric")
            size = _scale(H)
            least = float(np.linalg.eigvalsh(H.astype(np.float64))[0])
            allowed = -1e4 * precision(problem) * size
            require(least >= allowed, f"{name}: block_bound has the eigenvalue {least:.3g} < 0")
            short = np.abs(H).sum(axis=1) - sums[to_numpy(block)]
            require(
                float(short.max()) <= 1e4 * precision(problem) * _scale(sums),
                f"{name}: bound_row_sums is {short.max():.3g} less than the row sum of a block",
            )
            d = as_array(problem, rng.standard_normal(int(block.shape[0])))
            product = problem.bound_product(block, d)
            require(tuple(product.shape) == (n,), f"{name}: bound_product has shape {tuple(product.shape)}, not {(n,)}")
            curved = float(to_numpy(d) @ H @ to_numpy(d))
            whole = float(to_numpy(d) @ to_numpy(product)[to_numpy(block)])
            tol = 1e4 * precision(problem) * size * (1 + float(to_numpy(d) @ to_numpy(d)))
            sentence = f"{name}: bound_product curves by {whole:.9g} along a move, block_bound by {curved:.9g}"
            require(curved <= whole + tol, sentence)
            if value is not None and gradient is not None:
                _bound_holds(problem, x, block, d, curved)


def _bound_holds(problem: Any, x: Any, block: Any, d: Any, curved: float) -> None:
    value, gradient = _smooth(problem)
    base, slope = float(value(x)), float(namespace(x).take(gradient(x), block) @ d)
    for t in (1e-2, 1.0, 10.0):
        moved = float(value(put_add(x, block, t * d)))
        bound = base + t * slope + 0.5 * t * t * curved
        tol = 1e4 * precision(problem) * (1 + abs(base) + abs(moved) + abs(t * slope) + t * t * curved)
        sentence = f"{problem.name}: block_bound allows {bound:.9g} after a move, but the value is {moved:.9g}"
        require(moved <= bound + tol, sentence)


def block_hessian(problem: Any, rng: Rng) -> None:
    """The block of the Hessian is the derivative of the block gradient: its error falls like the step squared."""
    gradient = _smooth(problem)[1]
    if gradient is None:
        return
    for x in points(problem, rng, 4):
        followed = problem.follow(x)
        for block in _blocks(problem, rng):
            H = to_numpy(problem.block_hessian(followed, block))
            require(np.array_equal(H, H.T), f"{problem.name}: block_hessian(followed, block) is not symmetric")
            d = as_array(problem, rng.standard_normal(int(block.shape[0])))
            _central(problem, x, block, d, H @ to_numpy(d))
            if has_oracle(problem, o.HessianProduct):
                whole = to_numpy(problem.hessian_product(x, put_add(0 * x, block, d)))[to_numpy(block)]
                _close(problem, H @ to_numpy(d), whole, f"{problem.name}: block_hessian against hessian_product")


def _central(problem: Any, x: Any, block: Any, d: Any, product: Any) -> None:
    """Compare a product with the Hessian with central differences, whose error must fall like t^2 down to rounding."""
    gradient, inside = _smooth(problem)[1], to_numpy(block)
    errors = []
    for t in (1e-1, 1e-2, 1e-3):
        ends = [to_numpy(gradient(put_add(x, block, s * t * d)))[inside] for s in (1.0, -1.0)]
        noise = 30 * precision(problem) * _scale(*ends) / t
        errors.append(max(float(np.abs((ends[0] - ends[1]) / (2 * t) - product).max()) - noise, 0.0))
    size = _scale(product)
    fine = errors[2] <= 1e-3 * size and (errors[2] <= 0.05 * errors[0] or errors[2] <= 1e-6 * size)
    require(fine, f"{problem.name}: block_hessian is not the derivative of the gradient (errors {errors})")


def bound_graph(problem: Any, rng: Rng) -> None:
    """Both graphs are symmetric CSR arrays of one pattern with a full diagonal, and agree with the blocks."""
    graph, name = problem.bound_graph(), problem.name
    _pattern(problem, graph, "bound_graph()")
    for x in points(problem, rng, 3):
        followed = problem.follow(x)
        hessian = problem.hessian_graph(followed)
        _pattern(problem, hessian, "hessian_graph(followed)")
        same = np.array_equal(graph.indptr, hessian.indptr) and np.array_equal(graph.indices, hessian.indices)
        require(same, f"{name}: hessian_graph has another pattern than bound_graph")
        for block in _blocks(problem, rng, 3):
            inside = to_numpy(block)
            whole = graph[inside][:, inside].toarray()
            if has_oracle(problem, o.BlockCurvature):
                _close(problem, problem.block_bound(block), whole, f"{name}: block_bound against bound_graph")
            if has_oracle(problem, o.BlockHessian):
                whole = hessian[inside][:, inside].toarray()
                own = problem.block_hessian(followed, block)
                _close(problem, own, whole, f"{name}: block_hessian against hessian_graph")


def _pattern(problem: Any, graph: Any, title: str) -> None:
    n = int(problem.shape[0])
    csr = is_sparse(graph) and graph.format == "csr" and graph.shape == (n, n)
    require(csr, f"{problem.name}: {title} is not a CSR array of shape {(n, n)}")
    require(graph.has_sorted_indices, f"{problem.name}: {title} has unsorted indices")
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    require(
        np.array_equal(graph.indices[rows == graph.indices], np.arange(n)),
        f"{problem.name}: {title} does not store its whole diagonal",
    )
    require((graph != graph.T).nnz == 0, f"{problem.name}: {title} is not symmetric")


def kink_slopes(problem: Any, rng: Rng) -> None:
    """The slopes describe the non-smooth term: its values, and its proximal map."""
    low, high = (to_numpy(side).astype(np.float64) for side in problem.kink_slopes())
    name = problem.name
    for side in (low, high):
        require(side.shape == tuple(problem.shape), f"{name}: kink_slopes() has shape {side.shape}")
    ordered = (low <= high).all() and (high < np.inf).all()
    require(ordered, f"{name}: kink_slopes() must hold -inf <= l <= u < inf")
    smooth = problem.smooth_value if has_oracle(problem, o.SmoothPart) else None
    for x in [*points(problem, rng, 6), as_array(problem, np.zeros(problem.shape))]:
        own = to_numpy(x).astype(np.float64)
        if smooth is not None and has_oracle(problem, o.Value) and not (np.isinf(low) & (own < 0)).any():
            slopes = np.where(own > 0, high, np.where(own < 0, low, 0.0))
            term = float(problem.value(x)) - float(smooth(x))
            size = abs(float(smooth(x)))
            _close(problem, term, float(slopes @ own), f"{name}: F - f against kink_slopes", size=size)
        if has_oracle(problem, o.Prox):
            v = as_array(problem, own + 3 * rng.standard_normal(problem.shape))  # of any sign, feasible or not
            at = to_numpy(v).astype(np.float64)
            for step in (0.1, 3.0):
                right, left = at - step * high, at - step * low
                wanted = np.where(right > 0, right, np.where(left < 0, left, 0.0))
                _close(problem, problem.prox(v, step), wanted, f"{name}: prox against kink_slopes")
