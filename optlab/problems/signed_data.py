"""Samples signed by their labels, and the logistic function of their margins."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import device

from optlab.core.xp import is_sparse, namespace, to_numpy

__all__ = ["as_signs", "logistic", "signed"]


def as_signs(y: Any, A: Any) -> Any:
    """Map at most two labels to -1 and +1, in the library of A; the labels themselves are read on the host."""
    labels = to_numpy(y)
    if labels.shape != (A.shape[0],):
        raise ValueError(f"y must have shape ({A.shape[0]},), one label for each row of A, got {labels.shape}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError("y holds NaN or infinite labels")
    try:
        kinds = np.unique(labels).tolist()
    except TypeError:
        raise TypeError("y must hold labels of one kind, which can be sorted") from None
    if len(kinds) > 2:
        shown = ", ".join([*map(repr, kinds[:4]), *(["..."] if len(kinds) > 4 else [])])
        raise ValueError(f"y must hold at most two different labels, got {len(kinds)}: {shown}")
    negative = kinds[0] if len(kinds) == 2 or kinds[0] in (-1, 0) else None
    signs = np.where(labels == negative, -1.0, 1.0)
    return signs if is_sparse(A) else namespace(A).asarray(signs, dtype=A.dtype, device=device(A))


def signed(A: Any, signs: Any) -> Any:
    """Return the rows of A, each times its sign; CSR stays CSR."""
    if not is_sparse(A):
        return A * signs[:, None]
    Z = A.copy()
    Z.data *= np.repeat(signs, np.diff(Z.indptr)).astype(Z.dtype)
    Z.data.flags.writeable = False
    return Z


def logistic(margins: Any) -> tuple[Any, Any]:
    """Return sigma(-m) and log(1 + exp(-m)) for every margin, exact for any sign and size (infinities included)."""
    xp = namespace(margins)
    q = xp.exp(-xp.abs(margins))
    half = 1 / (1 + q)
    wrong = xp.where(margins < 0, -margins, xp.zeros_like(margins))
    return xp.where(margins > 0, q * half, half), xp.log1p(q) + wrong
