"""Problem: what may be asked (oracles) and what is known (constants, reference, metrics)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from array_api_compat import device

from optlab.core.constants import Constants
from optlab.core.oracles import ORACLES, oracle_methods
from optlab.core.reference import Reference
from optlab.core.xp import as_float_array, namespace, read_only

__all__ = ["FunctionProblem", "Problem"]


class _Sealing(type):
    """Seals an instance when its constructor returns: attributes fixed, NumPy arrays read-only."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__call__(*args, **kwargs)
        _seal(instance)
        return instance

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's own signature, which `__call__` above would hide from `help` and editors."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])


def _seal(instance: Any) -> None:
    attributes = instance.__dict__
    for name, value in attributes.items():
        attributes[name] = read_only(value)
    attributes["_sealed"] = True


class Problem(metaclass=_Sealing):
    r"""Base class of all problems: minimise F(x), or find a point with a stated property.

    A subclass sets what it knows in its constructor and writes its oracles (`optlab.core.oracles`) as methods.  After
    the constructor the instance is immutable and its arrays are read-only; it can be pickled.

    Attributes
    ----------
    shape : tuple of int
        Shape of a point x.
    constants : Constants
        Known constants with their provenance.
    reference : Reference or None
        The optimal value as a certified interval.
    like : array or None
        Any array of the problem's data: its namespace, dtype and device are those of the iterates.
    batched : bool
        Whether the oracles accept leading axes on x (several repetitions at once).
    violates : str or None
        For the siblings that break an assumption on purpose: which one.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> class Parabola(ol.Problem):
    ...     "Half the squared distance to a point c."
    ...     def __init__(self, c):
    ...         self.c = np.asarray(c, dtype=float)
    ...         self.shape = self.c.shape
    ...         self.constants = ol.Constants(L=ol.constants.exact(1.0, "the Hessian is the identity"))
    ...         self.reference = ol.Reference.exact(0.0, self.c, certificate="a square is non-negative")
    ...     def value(self, x):
    ...         return 0.5 * float((x - self.c) @ (x - self.c))
    ...     def gradient(self, x):
    ...         return x - self.c
    >>> ol.GradientDescent().run(Parabola([1.0, 2.0]), max_iter=5).x
    array([1., 2.])
    """

    shape: tuple[int, ...] = ()
    constants: Constants = Constants()
    reference: Reference | None = None
    like: Any = None
    batched: bool = False
    violates: ClassVar[str | None] = None

    def __setattr__(self, name: str, value: Any) -> None:
        if self.__dict__.get("_sealed"):
            raise AttributeError(f"{type(self).__name__} is immutable; build a new problem instead of setting {name}")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _seal(self)  # pickling loses the read-only flag of arrays

    @property
    def name(self) -> str:
        """Name shown in tables."""
        return type(self).__name__

    @property
    def dtype(self) -> Any:
        """Floating-point type of the iterates."""
        return np.dtype(np.float64) if self.like is None else self.like.dtype

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the default start: the origin, unless the problem says otherwise."""
        if self.like is None:
            return np.zeros(self.shape)
        xp = namespace(self.like)
        return xp.zeros(self.shape, dtype=self.like.dtype, device=device(self.like))

    def as_start(self, x0: Any, reps: int | None = None) -> Any:
        """Validate a user's start point: its shape, finite entries, the problem's dtype; always a fresh copy.

        Parameters
        ----------
        x0 : array_like
            The point, of shape `shape`, or ``(reps, *shape)`` for a batched run.
        reps : int, optional
            Number of repetitions; a single point is then repeated.

        Raises
        ------
        TypeError
            If the entries are not real numbers, or live in another array library than the problem.
        ValueError
            If the shape is wrong or an entry is NaN or infinite.
        """
        x = as_float_array(x0, "x0")
        xp = namespace(x) if self.like is None else namespace(x, self.like)
        wanted = self.shape if reps is None else (reps, *self.shape)
        if reps is not None and tuple(x.shape) == tuple(self.shape):
            x = xp.stack([x] * reps)
        if tuple(x.shape) != tuple(wanted):
            raise ValueError(f"x0 must have shape {tuple(wanted)}, got {tuple(x.shape)}")
        if not bool(xp.all(xp.isfinite(x))):
            raise ValueError("x0 holds NaN or infinite values")
        if xp is namespace():
            return np.array(x, dtype=self.dtype, order="C")
        return xp.asarray(x, dtype=x.dtype if self.like is None else self.like.dtype, copy=True)

    def measure(self, x: Any) -> dict[str, Any]:
        """Return the metrics of a point by name; the driver records them, neither counted nor timed.

        The default gives the objective `value`, the `gap` to the low end of the reference interval (an upper bound of
        the true gap) and the `distance` to the reference point, as far as they are known.
        """
        out: dict[str, Any] = {}
        value = getattr(self, "value", None)
        if value is not None:
            out["value"] = value(x)
            if self.reference is not None:
                out["gap"] = out["value"] - self.reference.lo
        if self.reference is not None and self.reference.x is not None:
            xp = namespace(x)
            axes = tuple(range(-len(self.shape), 0))
            out["distance"] = xp.sqrt(xp.sum((x - self.reference.x) ** 2, axis=axes))
        return out

    def charge(self, oracle: str, count: int) -> None:
        """Count `count` oracle calls made inside a kernel (on a plain problem this does nothing, see `Ledger`)."""

    def describe(self) -> dict[str, Any]:
        """Return a row for the catalogue: name, shape, oracles, constants, reference, what it violates."""
        return {
            "name": self.name,
            "shape": tuple(self.shape),
            "oracles": oracle_methods(self),
            "constants": {k: (c.value, c.kind, c.how) for k, c in self.constants.items()},
            "reference": None if self.reference is None else repr(self.reference),
            "violates": self.violates,
        }

    def __repr__(self) -> str:
        return f"{self.name}(shape={tuple(self.shape)}, {self.constants!r})"


class FunctionProblem(Problem):
    r"""A problem made of plain functions, for a quick start in a notebook.

    Parameters
    ----------
    shape : int or tuple of int
        Shape of a point x.
    constants : Constants, optional
        Known constants.
    reference : Reference, optional
        The certified optimum.
    metrics : mapping of str to callable, optional
        Further metrics ``f(x) -> float`` to record.
    x0 : array_like, optional
        The default start; the origin when absent.
    **oracles : callable
        Oracle methods by name, e.g. ``value=f, gradient=g, prox=p``.

    Raises
    ------
    TypeError
        If an oracle name is unknown or not callable.

    Examples
    --------
    >>> import optlab as ol
    >>> problem = ol.FunctionProblem(2, value=lambda x: float(x @ x) / 2, gradient=lambda x: x)
    >>> ol.GradientDescent(step_size=0.5).run(problem, x0=[1.0, 1.0], max_iter=2).x
    array([0.25, 0.25])
    """

    def __init__(
        self,
        shape: int | tuple[int, ...],
        *,
        constants: Constants | None = None,
        reference: Reference | None = None,
        metrics: Mapping[str, Callable[[Any], Any]] | None = None,
        x0: Any = None,
        **oracles: Callable[..., Any],
    ) -> None:
        known = {name for names in ORACLES.values() for name in names}
        for name, function in oracles.items():
            if name not in known:
                raise TypeError(f"{name} is not an oracle; the oracles are {', '.join(sorted(known))}")
            if not callable(function):
                raise TypeError(f"the oracle {name} must be callable, got {type(function).__name__}")
            setattr(self, name, function)
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.constants = Constants() if constants is None else constants
        self.reference = reference
        self._metrics = dict(metrics or {})
        self._x0 = None if x0 is None else self.as_start(x0)

    def start(self, rng: np.random.Generator | None = None) -> Any:
        """Return the start given at construction, or the origin."""
        return super().start(rng) if self._x0 is None else self._x0.copy()

    def measure(self, x: Any) -> dict[str, Any]:
        """Return the default metrics and the user's own."""
        own = super().measure(x)
        return own | {name: metric(x) for name, metric in self._metrics.items()} if self._metrics else own
