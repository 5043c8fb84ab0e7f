"""The constants L_b and the inverses of H_bb of all fixed blocks at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from array_api_compat import device

from optlab.core.xp import namespace, put_add
from optlab.solvers.block_coordinate_descent.systems import spectral_cut
from optlab.solvers.block_coordinate_descent.view import Block

__all__ = ["block_constants", "chosen", "inverse_roots"]

#: Entries of a stack of matrices that are factored together.
_STACK = 1 << 22


def block_constants(at: Any) -> Any:
    """Return the constants L_b of all fixed blocks as an array, with 1 in place of 0.

    They are worked out at the first step, when the update has said what it estimates.  Later only the block that was
    moved is looked at: a step changes no other constant (estimates that grow, constants of the user that were doubled).
    """
    kept = at.memory.get("block constants")
    if kept is None:
        like = at.lipschitz
        values = namespace(like).asarray(_all_constants(at), dtype=like.dtype, device=device(like))
        kept = at.memory["block constants"] = {"values": values, "moved": None, "was": 0.0}
    elif kept["moved"] is not None:
        now = _constant(at, at.fixed(kept["moved"]))
        if now != kept["was"]:
            change = now - kept["was"] + 0 * kept["values"][:1]
            kept["values"] = put_add(kept["values"], at.integers([kept["moved"]]), change)
            kept["was"] = now
    return kept["values"]


def chosen(at: Any, index: int) -> Block:
    """Return the fixed block that will be moved, after a note of its constant for `block_constants`."""
    block = at.fixed(index)
    at.memory["block constants"].update(moved=block.number, was=_constant(at, block))
    return block


def _constant(at: Any, block: Block) -> float:
    return float(at.block_lipschitz(block)) or 1.0


def _all_constants(at: Any) -> list[float]:
    count = len(at.state.blocks)
    if not (at.whole or at.state.given):  # all eigenvalues at once, kept where `block_lipschitz` looks for them
        known = at.memory.setdefault("block_lipschitz", {})
        wanted = (b for b in range(count) if b not in known and at.state.blocks[b].shape[0] > 1)
        for numbers, bounds in _stacks(at, wanted):
            largest = namespace(bounds).linalg.eigvalsh(bounds)[:, -1]
            known.update((number, float(largest[j])) for j, number in enumerate(numbers))
    return [_constant(at, at.fixed(b)) for b in range(count)]


def inverse_roots(at: Any) -> list[tuple[list[int], Any, Any]]:
    r"""Return for all fixed blocks matrices W with :math:`W^T W = H_{bb}^+`, in stacks of blocks of equal size.

    A stack is a triple: the numbers of its k blocks, their coordinates (k, t), and the matrices (k, t, t).
    """
    stacks = []
    for numbers, bounds in _stacks(at, range(len(at.state.blocks))):
        xp = namespace(bounds)
        values, vectors = xp.linalg.eigh(bounds)
        kept = values > spectral_cut(values)
        one, zero = xp.ones_like(values), xp.zeros_like(values)
        root = xp.where(kept, 1.0 / xp.sqrt(xp.where(kept, values, one)), zero)
        coordinates = xp.stack([at.state.blocks[b] for b in numbers])
        stacks.append((numbers, coordinates, xp.matrix_transpose(vectors) * root[:, :, None]))
    return stacks


def _stacks(at: Any, numbers: Iterable[int]) -> Iterator[tuple[list[int], Any]]:
    """Yield the bounds H_bb of these blocks in stacks of equal size: the numbers of k blocks, and an array (k, t, t).

    They are not kept: the update keeps those that it needs.
    """
    xp = namespace(at.x)
    sizes: dict[int, list[int]] = {}
    for b in numbers:
        sizes.setdefault(at.state.blocks[b].shape[0], []).append(b)
    for size, same in sizes.items():
        step = max(1, _STACK // size**2)
        for first in range(0, len(same), step):
            part = same[first : first + step]
            yield part, xp.stack([at.problem.block_bound(at.state.blocks[b]) for b in part])
