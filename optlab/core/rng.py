"""Random numbers: one `rng=` argument (SPEC 7), and named child streams that do not disturb each other.

A run needs randomness in four places.  If all of them drew from one generator, changing the solver would change the
data.  `streams` therefore derives one independent generator per role, so that common random numbers stay common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from optlab.core.validate import integer

__all__ = ["ROLES", "RNGLike", "Streams", "seed_sequence", "spawn", "streams"]

RNGLike: TypeAlias = "int | np.integer | np.random.SeedSequence | np.random.Generator | None"

#: The order is part of the reproducibility promise: append, never reorder.
ROLES = ("data", "init", "solver", "environment")


@dataclass(frozen=True)
class Streams:
    """Independent generators by role; `seed` reproduces them."""

    data: np.random.Generator
    init: np.random.Generator
    solver: np.random.Generator
    environment: np.random.Generator
    seed: np.random.SeedSequence


def seed_sequence(rng: RNGLike = None) -> np.random.SeedSequence:
    """Return the root of all streams for an ``rng=`` argument (see `streams` for what it may be)."""
    if isinstance(rng, np.random.SeedSequence):
        return rng
    if isinstance(rng, np.random.Generator):
        # A generator stands for "the next independent stream": two calls with the same generator must differ.
        return np.random.SeedSequence(int(rng.integers(0, 2**63)))
    if rng is None:
        return np.random.SeedSequence()
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool):
        if rng < 0:
            raise ValueError(f"rng must be a non-negative seed, got {rng}")
        return np.random.SeedSequence(int(rng))
    raise TypeError(f"rng must be None, an int seed, a SeedSequence or a numpy Generator, got {type(rng).__name__}")


def streams(rng: RNGLike = None) -> Streams:
    """Derive the named child streams of a seed.

    Parameters
    ----------
    rng : None, int, SeedSequence or Generator
        The seed.  None draws fresh entropy (kept in `Streams.seed`); a Generator is advanced by one draw.

    Returns
    -------
    Streams
        One generator for each of the roles data, init, solver and environment.

    Raises
    ------
    TypeError, ValueError
        If `rng` is not one of the accepted kinds, or negative.

    Examples
    --------
    >>> import optlab as ol
    >>> a, b = ol.rng.streams(0), ol.rng.streams(0)
    >>> a.solver.random() == b.solver.random(), a.data.random() == a.init.random()
    (True, False)
    """
    root = seed_sequence(rng)
    # Children by explicit key rather than `root.spawn`, which would count up inside a SeedSequence the caller holds.
    generators = {
        role: np.random.default_rng(np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, i)))
        for i, role in enumerate(ROLES)
    }
    return Streams(**generators, seed=root)


def spawn(rng: RNGLike, n: int) -> list[np.random.SeedSequence]:
    """Return `n` independent seeds derived from `rng`; repetition r of a batched run uses the r-th.

    Examples
    --------
    >>> import optlab as ol
    >>> len(ol.rng.spawn(0, 3))
    3
    """
    if integer("n", n, at_least=0) == 0:
        return []
    root = seed_sequence(rng)
    return [np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, len(ROLES) + i)) for i in range(n)]
