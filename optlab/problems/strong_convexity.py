r"""How strongly a quadratic is convex in the norms of greedy rules, with the starts from which the rates are attained.

For :math:`f(x) = \tfrac12 x^T H x` and a norm with dual :math:`\|\cdot\|_*`, the constant of the Polyak-Lojasiewicz
inequality :math:`\tfrac12 \|\nabla f\|_*^2 \ge \mu (f - f^\star)` is

.. math:: \mu = 1 / \max \{ v^T H^{-1} v : \|v\|_* \le 1 \},

by conjugacy.  For the norms of single coordinates it is a maximum over the corners of a box: :math:`2^n` of them, but
one when no entry of :math:`H^{-1}` is negative.  These closed forms are derived here; J. Nutini et al., "Coordinate
descent converges faster with the Gauss-Southwell rule than random selection" (ICML 2015), give that of a diagonal H.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from optlab.core.constants import Constant, exact, lower
from optlab.core.validate import one_of
from optlab.core.xp import as_data, is_sparse, to_numpy

__all__ = ["mu_block", "mu_l1", "mu_l1_scaled", "norm_constants", "tight_start", "worst_signs"]

#: Up to this dimension all sign vectors are tried.
_ENUMERATION_LIMIT = 14


def _checked(H: Any) -> Any:
    """Return H on the host: a vector (its diagonal), a dense symmetric array, or a CSC array."""
    if is_sparse(H):
        return sp.csc_array(as_data(H, "H"))
    array = to_numpy(H)
    out: Any = as_data(array, "H", ndim=1 if np.ndim(array) == 1 else 2)
    if out.ndim == 2 and out.shape[0] != out.shape[1]:
        raise ValueError(f"H must be square, got shape {out.shape}")
    if out.ndim == 1 and not (out > 0).all():
        raise ValueError("a diagonal H must be > 0 everywhere")
    return out.astype(np.float64, copy=False)


def _solve(H: Any, v: Any) -> Any:
    if H.ndim == 1:
        return v / H
    if is_sparse(H):
        from scipy.sparse.linalg import splu

        return splu(H).solve(v)
    return np.linalg.solve(H, v)


def _scale(H: Any, L: Any) -> Any:
    if L is None:
        return np.ones(H.shape[0])
    if isinstance(L, str):
        return np.sqrt(H if H.ndim == 1 else H.diagonal())
    L = as_data(to_numpy(L), "L", ndim=1)
    if L.shape[0] != H.shape[0] or not (L > 0).all():
        raise ValueError(f"L must hold {H.shape[0]} numbers > 0")
    return np.sqrt(L)


def _maximise(H: Any, scale: Any) -> tuple[Any, float, str] | None:
    """Return signs s that maximise (s scale)^T H^{-1} (s scale), the maximum and why; None when it is out of reach."""
    n = H.shape[0]
    ones = np.ones(n)
    if H.ndim == 1:
        return ones, math.fsum(scale**2 / H), "closed form of a diagonal H"
    if _is_m_matrix(H):
        return ones, float(scale @ _solve(H, scale)), "1^T H^{-1} 1 form: H^{-1} has no negative entry"
    if n > _ENUMERATION_LIMIT:
        return None
    inverse = np.linalg.inv(H.toarray() if is_sparse(H) else H) * np.outer(scale, scale)
    codes = np.arange(2 ** (n - 1), dtype=np.int64)[:, None]
    signs = np.where((codes >> np.arange(n)) & 1, -1.0, 1.0)  # the last one is +1: s and -s are worth the same
    values = np.einsum("ki,ij,kj->k", signs, inverse, signs, optimize=True)
    best = int(values.argmax())
    return signs[best], float(values[best]), f"all 2^{n} sign vectors tried"


def _is_m_matrix(H: Any) -> bool:
    """Whether the entries off the diagonal are <= 0: a positive definite one has a non-negative inverse."""
    if is_sparse(H):
        return bool((H.data[H.indices != np.repeat(np.arange(H.shape[0]), np.diff(H.indptr))] <= 0).all())
    return bool((H[~np.eye(H.shape[0], dtype=bool)] <= 0).all())


def _smallest_eigenvalue(H: Any) -> float:
    return float(H.min()) if H.ndim == 1 else float(np.linalg.eigvalsh(H.toarray() if is_sparse(H) else H)[0])


def mu_l1(H: Any) -> Constant:
    r"""Return the strong convexity constant of :math:`\tfrac12 x^T H x` in the l1 norm.

    .. math:: \mu_1 = 1 / \max_{s \in \{-1, 1\}^n} s^T H^{-1} s

    Parameters
    ----------
    H : array_like of shape (n,) or (n, n), or sparse array
        A positive definite matrix, as a vector when it is diagonal.

    Returns
    -------
    Constant
        Exact when H is diagonal, has no positive entry off the diagonal, or n <= 14; otherwise the lower bound
        :math:`\lambda_{\min} / n`.

    Raises
    ------
    TypeError, ValueError
        If H is not a real and finite square matrix.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.mu_l1([1.0, 0.5]).value
    0.3333
    """
    H = _checked(H)
    found = _maximise(H, np.ones(H.shape[0]))
    if found is not None:
        return exact(1 / found[1], found[2])
    return lower(_smallest_eigenvalue(H) / H.shape[0], "mu / n")


def mu_l1_scaled(H: Any, L: Any = None) -> Constant:
    r"""Return the strong convexity constant of :math:`\tfrac12 x^T H x` in the norm :math:`\sum_i \sqrt{L_i} |x_i|`.

    Parameters
    ----------
    H : array_like of shape (n,) or (n, n), or sparse array
        A positive definite matrix, as a vector when it is diagonal.
    L : array_like of shape (n,), optional
        The coordinate constants, > 0; the diagonal of H when absent.

    Returns
    -------
    Constant
        Exact where `mu_l1` is; otherwise the lower bound :math:`\lambda_{\min} / \sum_i L_i`.

    Raises
    ------
    TypeError, ValueError
        If H is not a real and finite square matrix, or L does not fit.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.mu_l1_scaled([1.0, 0.5]).value
    0.5
    """
    H = _checked(H)
    scale = _scale(H, "diagonal" if L is None else L)
    found = _maximise(H, scale)
    if found is not None:
        return exact(1 / found[1], found[2])
    return lower(_smallest_eigenvalue(H) / math.fsum(scale**2), "mu / sum of L_i")


def worst_signs(H: Any, L: Any = None) -> Any:
    r"""Return signs s that maximise :math:`s^T H^{-1} s`, or :math:`(s \sqrt L)^T H^{-1} (s \sqrt L)`.

    Parameters
    ----------
    H : array_like of shape (n,) or (n, n), or sparse array
        A positive definite matrix.
    L : array_like of shape (n,) or "diagonal", optional
        The scale; none when absent, the diagonal of H for "diagonal".

    Returns
    -------
    array of shape (n,)
        The signs.

    Raises
    ------
    ValueError
        If H is too large to try all signs and has no closed form.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.worst_signs([[2.0, 1.0], [1.0, 2.0]])
    array([-1., 1.])
    """
    H = _checked(H)
    found = _maximise(H, _scale(H, L))
    if found is None:
        raise ValueError(f"H has dimension {H.shape[0]}: signs are tried up to {_ENUMERATION_LIMIT} only")
    return found[0]


def tight_start(H: Any, L: Any = None) -> Any:
    r"""Return a start from which one greedy step falls no further than its rate says.

    From :math:`x_0 = H^{-1} s` with the `worst_signs` s, Gauss-Southwell with step 1/L multiplies
    :math:`\tfrac12 x^T H x` by exactly :math:`1 - \mu_1 / L` if the coordinate it chooses has :math:`L_i = L`.  From
    :math:`H^{-1} (s \sqrt L)`, Gauss-Southwell-Lipschitz multiplies it by :math:`1 - \mu_L`, for every quadratic.

    Parameters
    ----------
    H : array_like of shape (n,) or (n, n), or sparse array
        A positive definite matrix.
    L : array_like of shape (n,) or "diagonal", optional
        The scale; none when absent, the diagonal of H for "diagonal".

    Returns
    -------
    array of shape (n,)
        The start, for a quadratic with its minimum at the origin.

    Raises
    ------
    ValueError
        As `worst_signs`.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.problems.tight_start([1.0, 0.5])
    array([1., 2.])
    """
    H = _checked(H)
    return _solve(H, worst_signs(H, L) * _scale(H, L))


def mu_block(H: Any, blocks: Sequence[Any], bound: str = "H") -> Constant:
    r"""Return the constant of greedy rules on fixed blocks, for :math:`\tfrac12 x^T H x`.

    It is the largest :math:`\mu_B` with :math:`\tfrac12 \max_b \|\nabla_b f\|^2_{M_b^{-1}} \ge \mu_B (f - f^\star)`;
    a greedy step then multiplies the gap by at most :math:`1 - \mu_B`.

    Parameters
    ----------
    H : array_like of shape (n,) or (n, n), or sparse array
        A positive definite matrix, as a vector when it is diagonal.
    blocks : sequence of integer arrays
        A partition of the coordinates.
    bound : {"H", "Lb", "L", "D"}, default "H"
        What bounds the curvature of a block: the block :math:`M_b = H_{bb}` itself, its largest eigenvalue, the largest
        of these over all blocks, or the diagonal with entries :math:`\sum_j |H_{ij}|`.

    Returns
    -------
    Constant
        Exact when no entry of H joins two blocks, for two blocks with ``bound="H"``, and where every block is one
        coordinate and the signs can be tried.  Otherwise the lower bound :math:`\mu' / |B|` with
        :math:`\mu' = \lambda_{\min}(M^{-1/2} H M^{-1/2})`; the upper bound is :math:`\mu'`, named in `how`.

    Raises
    ------
    TypeError, ValueError
        If H is not a real and finite square matrix, the blocks are no partition, or `bound` is unknown.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> ol.problems.mu_block([1.0, 2.0, 3.0, 3.0], [[0, 1], [2, 3]], bound="Lb").value  # 1 / (2 + 1)
    0.3333
    """
    one_of("bound", bound, ("H", "Lb", "L", "D"))
    checked = _checked(H)
    blocks = [np.asarray(b, dtype=np.int64) for b in blocks]
    if not np.array_equal(np.sort(np.concatenate(blocks)), np.arange(checked.shape[0])):
        raise ValueError("blocks must be a partition of the coordinates")
    full = np.diag(checked) if checked.ndim == 1 else checked.toarray() if is_sparse(checked) else checked
    inside = np.zeros(full.shape, dtype=bool)
    for b in blocks:
        inside[np.ix_(b, b)] = True
    M = _block_metric(full, blocks, bound)
    if not full[~inside].any():
        total = math.fsum(_largest_ratio(M[np.ix_(b, b)], full[np.ix_(b, b)]) for b in blocks)
        return exact(1 / total, "closed form: no entry of H joins two blocks")
    root = np.linalg.inv(np.linalg.cholesky(M))
    normal = root @ full @ root.T
    if len(blocks) == 2 and bound == "H":
        angle = float(np.linalg.norm(normal[np.ix_(blocks[0], blocks[1])], 2))
        return exact((1 - angle) / 2, "(1 - sigma) / 2, sigma the cosine between the two blocks")
    if all(b.size == 1 for b in blocks):
        found = _maximise(checked, np.sqrt(M.diagonal()))
        if found is not None:
            return exact(1 / found[1], found[2])
    whole = float(np.linalg.eigvalsh(normal)[0])
    return lower(whole / len(blocks), f"mu' / |B|; it is at most mu' = {whole:.6g}")


def _block_metric(H: Any, blocks: Sequence[Any], bound: str) -> Any:
    if bound == "D":
        return np.diag(np.abs(H).sum(axis=1))
    M = np.zeros_like(H)
    tops = [float(np.linalg.eigvalsh(H[np.ix_(b, b)])[-1]) for b in blocks]
    for b, top in zip(blocks, tops, strict=True):
        size = {"Lb": top, "L": max(tops)}
        M[np.ix_(b, b)] = H[np.ix_(b, b)] if bound == "H" else size[bound] * np.eye(b.size)
    return M


def _largest_ratio(M: Any, H: Any) -> float:
    """The largest eigenvalue of H^{-1} M."""
    if np.array_equal(M, H):
        return 1.0
    from scipy.linalg import eigh

    return float(eigh(M, H, eigvals_only=True)[-1])


def norm_constants(H: Any) -> dict[str, Callable[[], Constant]]:
    """Return mu_1 and mu_L of a quadratic as constants that are worked out when wanted; H as in `mu_l1`.

    Examples
    --------
    >>> from optlab.problems.strong_convexity import norm_constants
    >>> norm_constants([1.0, 0.5])["mu_L"]().value
    0.5
    """
    return {"mu_1": lambda: mu_l1(H), "mu_L": lambda: mu_l1_scaled(H)}
