"""Directory: what the package has, by name, for `optlab list` and `optlab info`."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import inspect
from typing import Any

import optlab.problems
import optlab.solvers
from optlab.claims.claim import Claim
from optlab.claims.parts import BUDGETS, KINDS
from optlab.claims.registry import all_claims
from optlab.core.oracles import has_oracle, oracle_methods
from optlab.core.problem import Problem
from optlab.core.solver import Solver
from optlab.problems.catalogue import examples

__all__ = ["describe", "listing"]


def _classes(room: Any, base: type) -> dict[str, Any]:
    """The public classes of a room that are solvers, or problems."""
    values = {name: getattr(room, name) for name in room.__all__}
    return {name: value for name, value in values.items() if inspect.isclass(value) and issubclass(value, base)}


def _solvers() -> dict[str, Any]:
    return _classes(optlab.solvers, Solver)


def _problems() -> dict[str, Any]:
    return _classes(optlab.problems, Problem)


def listing(pattern: str = "") -> dict[str, list[tuple[str, str, str]]]:
    """Return claims, solvers and problems as (name, facts, one line), those that match.

    Parameters
    ----------
    pattern : str
        A part of a name, or a pattern such as ``base/gd-*``; everything when empty.

    Raises
    ------
    ValueError
        If nothing matches, naming what comes close.
    """
    everything = {
        "claims": [(claim.id, _kind(claim), claim.statement) for claim in all_claims()],
        "solvers": [(name, f"needs {_needs(cls)}", _first_line(cls)) for name, cls in _solvers().items()],
        "problems": [(name, _breaks(cls), _first_line(cls)) for name, cls in _problems().items()],
    }
    found = {title: [row for row in rows if _matches(pattern, row[0])] for title, rows in everything.items()}
    if not any(found.values()):
        raise ValueError(_unknown(pattern))
    return {title: rows for title, rows in found.items() if rows}


def _matches(pattern: str, name: str) -> bool:
    low, name = pattern.lower(), name.lower()
    return low in name or fnmatch.fnmatchcase(name, low)


def _kind(claim: Claim) -> str:
    return claim.kind if claim.expected == "SUPPORTED" else f"{claim.kind}, {claim.expected}"


def _breaks(cls: Any) -> str:
    return f"breaks: {cls.violates}" if cls.violates else ""


def _first_line(cls: Any) -> str:
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def _options(solver: Any) -> list[tuple[type, ...]]:
    """For each thing a solver asks for, the oracles any one of which will do."""
    return [need if isinstance(need, tuple) else (need,) for need in solver.requires]


def _needs(solver: Any) -> str:
    return ", ".join(" or ".join(oracle.__name__ for oracle in options) for options in _options(solver)) or "nothing"


def _fits(solver: Any, problem: Any) -> bool:
    return all(any(has_oracle(problem, oracle) for oracle in options) for options in _options(solver))


def _unknown(name: str) -> str:
    names = [c.id for c in all_claims()] + list(_solvers()) + list(_problems())
    close = difflib.get_close_matches(name, names, 3, 0.5)
    return f"there is no claim, solver or problem {name!r}" + (f"; did you mean {', '.join(close)}?" if close else "")


def describe(name: str) -> dict[str, str]:
    """Return what is known about a claim, a solver or a problem, as titled paragraphs.

    Parameters
    ----------
    name : str
        An id such as ``base/gd-convex``, or the name of a class; upper and lower case are alike.

    Raises
    ------
    ValueError
        If there is no such thing, naming what comes close.
    """
    for claim in all_claims():
        if claim.id.lower() == name.lower():
            return _describe_claim(claim)
    for kind, classes, words in (("solver", _solvers(), _describe_solver), ("problem", _problems(), _describe_problem)):
        for candidate, cls in classes.items():
            if candidate.lower() == name.lower():
                return {kind: candidate, "": inspect.getdoc(cls) or "", **words(cls)}
    raise ValueError(_unknown(name))


def _describe_claim(claim: Claim) -> dict[str, str]:
    seeds = {budget: claim.seeds_for(budget) for budget in BUDGETS}
    constants = [f"{name} is known exactly or as a certified {side} bound" for name, side in claim.uses.items()]
    facts = {
        "claim": claim.id,
        "": claim.statement,
        "formula": claim.latex,
        "source": claim.source,
        "kind": f"{claim.kind}: {KINDS[claim.kind]}",
        "expected": claim.expected + (f", because {claim.reason}" if claim.reason else ""),
        "assumptions": "\n".join([*constants, *(assumption.name for assumption in claim.assumptions)]),
        "cases": "\n".join(case.name + (" (tight)" if case.tight else "") for case in claim.cases_for("quick")),
        "controls": "\n".join(control.description for control in claim.controls) or "none",
        "seeds": ", ".join(f"{budget} {count}" for budget, count in seeds.items()),
        "judge": ", ".join(f"{option} {value}" for option, value in claim.options.items()),
        "remarks": claim.doc,
        "check it": f"optlab verify {claim.id}",
    }
    return {title: text for title, text in facts.items() if text}


def _describe_solver(cls: Any) -> dict[str, str]:
    missing = dataclasses.MISSING
    fields = [f.name if f.default is missing else f"{f.name} = {f.default!r}" for f in dataclasses.fields(cls)]
    fitting = [name for name, problem in _problems().items() if _fits(cls, problem)]
    return {
        "hyper-parameters": ", ".join(fields) or "none",
        "needs": _needs(cls),
        "fits": ", ".join(fitting) or "no problem here",
    }


def _describe_problem(cls: Any) -> dict[str, str]:
    """Constants and optimum are those of the example instances of the catalogue."""
    facts = {"breaks": cls.violates} if cls.violates else {}
    facts["oracles"] = ", ".join(oracle_methods(cls))
    facts["solvers"] = ", ".join(name for name, solver in _solvers().items() if _fits(solver, cls)) or "none here"
    for label, make in examples().items():
        if label.partition("(")[0] == cls.__name__:
            problem = make()
            lines = [f"shape {tuple(problem.shape)}"]
            lines += [f"{name} {_size(constant)}: {constant.how}" for name, constant in problem.constants.items()]
            facts[f"example {label}"] = "\n".join([*lines, f"optimum: {problem.reference}"])
    return facts


def _size(constant: Any) -> str:
    sign = {"exact": "=", "upper": "<=", "lower": ">=", "estimate": "~"}[constant.kind]
    value = constant.value
    return f"{sign} {value:.6g}" if isinstance(value, int | float) else f"{sign} an array"
