"""Theorems as executable objects: claims, the studies that measure them, the judges that decide, the controls."""

from optlab.claims.claim import Claim, claim
from optlab.claims.controls import Control
from optlab.claims.judge import JUDGES, Judgement, judge
from optlab.claims.outcome import Outcome
from optlab.claims.parts import BUDGETS, KINDS, Assumption, Case, Known, Measurement, Verdict
from optlab.claims.registry import all_claims, load_file
from optlab.claims.runner import check
from optlab.claims.study import CaseData, Sample, collect, trajectory

__all__ = [
    "BUDGETS",
    "JUDGES",
    "KINDS",
    "Assumption",
    "Case",
    "CaseData",
    "Claim",
    "Control",
    "Judgement",
    "Known",
    "Measurement",
    "Outcome",
    "Sample",
    "Verdict",
    "all_claims",
    "check",
    "claim",
    "collect",
    "judge",
    "load_file",
    "trajectory",
]
