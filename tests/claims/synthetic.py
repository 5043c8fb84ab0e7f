"""Measurements of known truth, and claims made of them: what the judges are tried on."""

import numpy as np

from optlab.claims import Case, CaseData, Claim, Sample, judge


def case_data(values, bound=1.0, axis=None, name="case"):
    """One case: `values` of shape (seeds, A), the bound broadcast to it."""
    values = np.atleast_2d(np.asarray(values, dtype=float))
    axis = np.arange(1.0, values.shape[1] + 1) if axis is None else np.asarray(axis, dtype=float)
    bounds = np.broadcast_to(np.asarray(bound, dtype=float), values.shape)
    data = CaseData(Case(name, None), "synthetic")
    data.samples = [Sample(axis, v, b) for v, b in zip(values, bounds, strict=True)]
    return data


def a_claim(kind, **options):
    return Claim("test/claim", "a statement", "derived here", kind, [Case("case", None)], options=options)


def verdict(kind, data, **options):
    """Judge one or several cases of data."""
    data = [data] if isinstance(data, CaseData) else data
    return judge(a_claim(kind, **options), data)
