"""optlab: numerical optimisation whose theorems are executable.

Solvers, problems and claims share one small vocabulary:

>>> import optlab as ol
>>> problem = ol.problems.PlantedMargin(n=200, d=10, margin=0.1, rng=0)
>>> result = ol.NormalizedLRGD(gamma=100.0).run(problem, max_iter=10_000)
>>> result.success
True

Names are loaded on first use, so ``import optlab`` stays fast and needs nothing beyond NumPy, SciPy and numba.
"""

from __future__ import annotations

import importlib
from typing import Any

from optlab._version import __version__
from optlab.core import callbacks, constants, history, rng, stop
from optlab.core.constants import Constant, Constants
from optlab.core.history import History
from optlab.core.ledger import Ledger
from optlab.core.oracles import MissingOracle
from optlab.core.problem import FunctionProblem, Problem
from optlab.core.reference import Reference
from optlab.core.result import Result, Status, load
from optlab.core.run import iterate, resume, run
from optlab.core.schedule import At, Every, LogSpaced
from optlab.core.solver import Solver, State

#: Public names that live in rooms loaded on first use.
_LAZY = {
    "problems": "optlab.problems",
    "sets": "optlab.sets",
    "solvers": "optlab.solvers",
    "rates": "optlab.rates",
    "claims": "optlab.claims",
    "report": "optlab.report",
    "estimators": "optlab.estimators",
    "testing": "optlab.testing",
    "oracles": "optlab.core.oracles",
    "claim": "optlab.claims:claim",
    "verify": "optlab.report:verify",
    "warmup": "optlab.kernels:warmup",
    "NormalizedLRGD": "optlab.solvers:NormalizedLRGD",
    "LRGD": "optlab.solvers:LRGD",
    "Perceptron": "optlab.solvers:Perceptron",
    "BatchPerceptron": "optlab.solvers:BatchPerceptron",
    "NormalizedBatchPerceptron": "optlab.solvers:NormalizedBatchPerceptron",
    "RiskAdaptiveGD": "optlab.solvers:RiskAdaptiveGD",
    "BlockCoordinateDescent": "optlab.solvers:BlockCoordinateDescent",
    "GradientDescent": "optlab.solvers:GradientDescent",
    "NesterovAcceleratedGradient": "optlab.solvers:NesterovAcceleratedGradient",
    "ProximalGradient": "optlab.solvers:ProximalGradient",
    "SubgradientDescent": "optlab.solvers:SubgradientDescent",
    "SGD": "optlab.solvers:SGD",
}

__all__ = [
    "At",
    "Constant",
    "Constants",
    "Every",
    "FunctionProblem",
    "History",
    "Ledger",
    "LogSpaced",
    "MissingOracle",
    "Problem",
    "Reference",
    "Result",
    "Solver",
    "State",
    "Status",
    "__version__",
    "callbacks",
    "constants",
    "history",
    "iterate",
    "load",
    "resume",
    "rng",
    "run",
    "stop",
    *_LAZY,
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'optlab' has no attribute {name!r}")
    module, _, attribute = _LAZY[name].partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


def __dir__() -> list[str]:
    return sorted(__all__)
