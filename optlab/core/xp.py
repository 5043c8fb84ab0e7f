"""Array namespaces, dtypes and devices: where the work runs is decided by the data.

Every algebraic routine of the package asks `namespace` for the module that belongs to its inputs and uses nothing but
functions of the array-API standard from it; the same source then runs on NumPy, CuPy and torch.  Data never move
between devices silently: `to_numpy` is the one explicit door to the host.
"""

from __future__ import annotations

from typing import Any

import array_api_compat
import array_api_compat.numpy as _numpy_namespace
import numpy as np
import scipy.sparse as sp

__all__ = ["as_data", "as_float_array", "is_sparse", "namespace", "put_add", "read_only", "to_numpy"]


def is_sparse(array: Any) -> bool:
    """Whether `array` is a SciPy sparse array or matrix."""
    return bool(sp.issparse(array))


def namespace(*arrays: Any) -> Any:
    """Return the array-API namespace of the inputs.

    Parameters
    ----------
    *arrays : array_like
        Arrays of one library.  Python scalars, lists, None and SciPy sparse arrays count as NumPy.

    Returns
    -------
    module
        The namespace, with `array_api_compat` filling the gaps between a library and the standard.

    Raises
    ------
    TypeError
        If the arrays come from different libraries.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.core.xp import namespace
    >>> namespace(np.zeros(3), 1.0).__name__
    'array_api_compat.numpy'
    """
    if all(type(a) is np.ndarray for a in arrays):  # the hot path: no look-up at all
        return _numpy_namespace
    foreign = [a for a in arrays if array_api_compat.is_array_api_obj(a) and not is_sparse(a)]
    foreign = [a for a in foreign if not isinstance(a, np.ndarray | np.generic)] or foreign
    if not foreign:
        return _numpy_namespace
    if any(isinstance(a, np.ndarray) for a in arrays) and not isinstance(foreign[0], np.ndarray | np.generic):
        raise TypeError(
            f"arrays of different libraries were mixed: numpy.ndarray and {type(foreign[0]).__module__}."
            f"{type(foreign[0]).__name__}; nothing is copied between devices silently, convert one of them first"
        )
    return array_api_compat.array_namespace(*foreign)


def as_float_array(array: Any, name: str = "array") -> Any:
    """Return `array` as a real floating-point array of its own library.

    float32 and float64 are kept; integers, booleans and half precision become float64.  The input is never copied when
    it already is what is wanted.

    Parameters
    ----------
    array : array_like
        Anything NumPy can turn into an array, or an array of any array-API library.
    name : str
        How error messages call the argument.

    Returns
    -------
    array
        A float32 or float64 array.

    Raises
    ------
    TypeError
        If the values are not real numbers.

    Examples
    --------
    >>> from optlab.core.xp import as_float_array
    >>> as_float_array([1, 2, 3]).dtype
    dtype('float64')
    """
    xp = namespace(array)
    if xp is _numpy_namespace:
        try:
            out = np.asarray(array)
        except ValueError as err:
            raise TypeError(f"{name} must be an array of real numbers: {err}") from None
        if out.dtype in (np.float32, np.float64):
            return out
        if out.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got dtype {out.dtype}")
        return out.astype(np.float64)
    if array.dtype in (xp.float32, xp.float64):
        return array
    if xp.isdtype(array.dtype, "complex floating"):
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return xp.astype(array, xp.float64)


def as_data(matrix: Any, name: str = "data", ndim: int = 2, *, copy: bool = True) -> Any:
    """Validate a data array: floating point, of the stated dimension, finite; SciPy sparse becomes CSR.

    A problem keeps what this returns, so it is a copy: nobody shall change the data under certified constants.  A
    read-only NumPy array (a memory map, say) is shared.

    Parameters
    ----------
    matrix : array_like or sparse array
        The data.
    name : str
        How error messages call the argument.
    ndim : int
        Number of dimensions wanted.
    copy : bool, default True
        False for a caller that makes something new of the data anyway.

    Returns
    -------
    array or scipy.sparse.csr_array
        Floating-point data of the same library; NumPy data are read-only.

    Raises
    ------
    TypeError
        If the values are not real numbers.
    ValueError
        If the shape is wrong or a value is NaN or infinite.

    Examples
    --------
    >>> from optlab.core.xp import as_data
    >>> as_data([[1, 2], [3, 4]]).dtype
    dtype('float64')
    """
    if is_sparse(matrix):
        csr = sp.csr_array(matrix)
        if csr.dtype not in (np.float32, np.float64):
            if csr.dtype.kind not in "biuf":
                raise TypeError(f"{name} must hold real numbers, got dtype {csr.dtype}")
            csr = csr.astype(np.float64)
        if not np.isfinite(csr.data).all():
            raise ValueError(f"{name} holds NaN or infinite values")
        return csr.copy() if copy else csr
    array = as_float_array(matrix, name)
    xp = namespace(array)
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension{'s' if ndim > 1 else ''}, got shape {tuple(array.shape)}")
    if not bool(xp.all(xp.isfinite(array))):
        raise ValueError(f"{name} holds NaN or infinite values")
    fresh = isinstance(array, np.ndarray) and array is not matrix and array.base is None  # made from a list, say
    if copy and not fresh and getattr(getattr(array, "flags", None), "writeable", True):
        array = xp.asarray(array, copy=True)
    return read_only(array)


def put_add(x: Any, indices: Any, values: Any) -> Any:
    """Return a copy of the vector `x` with `values` added at `indices`, which must be different from one another.

    The standard has no scatter.  NumPy, CuPy and torch share a way to write one; array-api-strict knows none.

    Examples
    --------
    >>> import numpy as np
    >>> from optlab.core.xp import put_add
    >>> put_add(np.zeros(3), np.array([2, 0]), np.array([1.0, 5.0]))
    array([5., 0., 1.])
    """
    if type(x) is np.ndarray:
        out = x.copy()
        out[indices] += values
        return out
    out = namespace(x).asarray(x, copy=True)
    if array_api_compat.is_cupy_array(x) or array_api_compat.is_torch_array(x):
        out[indices] += values
        return out
    for position in range(indices.shape[0]):
        i = int(indices[position])
        out[i] = out[i] + values[position]
    return out


def read_only(array: Any) -> Any:
    """Return a read-only view of a NumPy array; other libraries have no such flag and are returned as they are."""
    if isinstance(array, np.ndarray):
        array = array.view()
        array.flags.writeable = False
    return array


def to_numpy(array: Any) -> np.ndarray[Any, Any]:
    """Copy an array of any library to a NumPy array on the host (explicitly, never behind the user's back)."""
    if isinstance(array, np.ndarray):
        return array
    if hasattr(array, "get"):  # CuPy
        return np.asarray(array.get())
    if hasattr(array, "detach"):  # torch
        return np.asarray(array.detach().cpu())
    return np.asarray(array)
