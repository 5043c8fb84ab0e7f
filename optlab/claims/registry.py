"""Where claims are found: the library, a user's file, or an object in hand."""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from optlab.claims.claim import Claim

__all__ = ["all_claims", "load", "load_file", "resolve"]


@cache
def all_claims() -> tuple[Claim, ...]:
    """Return every claim of the library, sorted by method and id.

    Examples
    --------
    >>> import optlab as ol
    >>> "nlgd/C4" in [claim.id for claim in ol.claims.all_claims()]
    True
    """
    import optlab.claims.library as library

    found: list[Claim] = []
    for module in pkgutil.iter_modules(library.__path__):
        found += _claims_in(importlib.import_module(f"{library.__name__}.{module.name}"))
    _unique(found)
    return tuple(sorted((dataclasses.replace(c, origin="library") for c in found), key=_rank))


def _rank(claim: Claim) -> tuple[Any, ...]:
    """Put the classical baselines first, and C2 before C10."""
    pieces = re.split(r"(\d+)", claim.id)
    return claim.method != "base", [int(piece) if piece.isdigit() else piece for piece in pieces]


def _claims_in(module: Any) -> list[Claim]:
    seen: dict[int, Claim] = {}
    for value in vars(module).values():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, Claim):
                seen[id(item)] = item
    return list(seen.values())


def _unique(claims: Sequence[Claim]) -> None:
    ids = [claim.id for claim in claims]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise ValueError(f"two claims have the same id: {', '.join(twice)}")


def load_file(path: str | os.PathLike[str]) -> tuple[Claim, ...]:
    """Run a Python file and return the claims it defines.

    Parameters
    ----------
    path : str or path-like
        The file; it is executed.

    Returns
    -------
    tuple of Claim
        The claims among its global names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it defines no claim, or two with one id.

    Examples
    --------
    >>> import os, tempfile
    >>> import optlab as ol
    >>> source = '''
    ... import optlab as ol
    ... case = ol.claims.Case("quadratic", ol.problems.Quadratic([1.0, 10.0]), ol.GradientDescent())
    ... @ol.claim("mine/no-ascent", cases=[case])
    ... def no_ascent(k, c):
    ...     "The gap never exceeds its first value."
    ...     return c.gap0 + 0 * k
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "mine.py")
    ...     with open(path, "w") as file:
    ...         _ = file.write(source)
    ...     [claim.id for claim in ol.claims.load_file(path)]
    ['mine/no-ascent']
    """
    full = os.path.abspath(path)
    if not os.path.isfile(full):
        raise FileNotFoundError(f"there is no file {path}")
    name = "optlab_user_claims_" + hashlib.sha256(full.encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(name, full)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    claims = _claims_in(module)
    if not claims:
        raise ValueError(f"{path} defines no claim (decorate a bound with optlab.claim)")
    _unique(claims)
    return tuple(dataclasses.replace(c, origin=full) for c in claims)


def load(id: str, origin: str) -> Claim:
    """Find a claim again by id, in the library or in the file it came from."""
    for claim in all_claims() if origin == "library" else load_file(origin):
        if claim.id == id:
            return claim
    raise ValueError(f"there is no claim {id} in {origin}")


def resolve(targets: Sequence[Any]) -> list[Claim]:
    """Turn claims, id patterns and file names into a list of claims without repetition.

    Raises
    ------
    ValueError
        If a pattern matches nothing (the message lists the methods there are).
    TypeError
        If a target is neither a claim nor a string.
    """
    if not targets:
        return list(all_claims())
    out: dict[str, Claim] = {}
    for target in targets:
        if isinstance(target, Claim):
            found: Sequence[Claim] = [target]
        elif not isinstance(target, str | os.PathLike):
            raise TypeError(f"a target is a claim, a pattern or a file name, got {type(target).__name__}")
        elif str(target).endswith(".py"):
            found = load_file(target)
        else:
            pattern = str(target)
            found = [c for c in all_claims() if c.method == pattern or fnmatch.fnmatchcase(c.id, pattern)]
            if not found:
                methods = sorted({c.method for c in all_claims()})
                raise ValueError(f"no claim matches {pattern!r}; methods: {', '.join(methods)} (see `optlab list`)")
        for claim in found:
            out[claim.id] = claim
    return list(out.values())
