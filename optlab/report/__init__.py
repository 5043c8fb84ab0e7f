"""Reports: the terminal table, the self-contained HTML page, the JSON file, the plots."""

import importlib
from typing import Any

from optlab.report.verification import Verification
from optlab.report.verify import verify

__all__ = ["Verification", "plot", "verify"]


def __getattr__(name: str) -> Any:
    if name == "plot":
        return importlib.import_module("optlab.report.plot")
    raise AttributeError(f"module 'optlab.report' has no attribute {name!r}")
