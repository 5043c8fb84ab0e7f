"""Constants with provenance: a number is only worth what is known about how it was obtained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Constant", "Constants", "estimate", "exact", "lower", "upper"]

Kind = Literal["exact", "upper", "lower", "estimate"]
_KINDS = ("exact", "upper", "lower", "estimate")


@dataclass(frozen=True)
class Constant:
    """A constant of a problem: its value, what the value is a bound on, and how it was obtained.

    Parameters
    ----------
    value : float
        The number (or an array, for constants such as coordinate-wise smoothness).
    kind : {"exact", "upper", "lower", "estimate"}
        Whether the value is the constant itself, a certified bound on it, or an uncertified estimate.
    how : str
        One line: a formula, a theorem, or the algorithm and its certificate.

    Raises
    ------
    ValueError
        If `kind` is unknown or the value is NaN.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.Constant(4.0, "upper", "trace of the Hessian")
    Constant(value=4.0, kind='upper', how='trace of the Hessian')
    """

    value: Any
    kind: Kind
    how: str

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"kind must be one of {_KINDS}, got {self.kind!r}")
        if isinstance(self.value, float) and math.isnan(self.value):
            raise ValueError(f"the constant ({self.how}) is NaN")

    def certifies(self, side: Literal["upper", "lower"]) -> bool:
        """Whether the value may stand in a place where an upper (or lower) bound is needed."""
        return self.kind in ("exact", side)


def exact(value: Any, how: str) -> Constant:
    """A constant known exactly (up to rounding)."""
    return Constant(value, "exact", how)


def upper(value: Any, how: str) -> Constant:
    """A certified upper bound on a constant."""
    return Constant(value, "upper", how)


def lower(value: Any, how: str) -> Constant:
    """A certified lower bound on a constant."""
    return Constant(value, "lower", how)


def estimate(value: Any, how: str) -> Constant:
    """An uncertified estimate: good for choosing a step size, never for judging a theorem."""
    return Constant(value, "estimate", how)


class Constants(Mapping[str, Constant]):
    """The known constants of a problem, by name.

    `constants["L"]` is the `Constant` with its provenance, `constants.L` its plain value.

    Parameters
    ----------
    **constants : Constant or callable
        The constants by their usual symbols (`L` smoothness, `mu` strong convexity or margin, `G` gradient bound,
        `D` distance or diameter, `R` radius of the data, ...).  A callable is asked for the `Constant` the first time
        somebody wants it: for constants that cost more to compute than most users need them.

    Raises
    ------
    TypeError
        If a value is neither.

    Examples
    --------
    >>> import optlab as ol
    >>> c = ol.Constants(L=ol.constants.exact(2.0, "largest eigenvalue"))
    >>> c.L, c["L"].kind, "mu" in c
    (2.0, 'exact', False)
    """

    def __init__(self, **constants: Constant | Callable[[], Constant]) -> None:
        for name, constant in constants.items():
            if not isinstance(constant, Constant) and not callable(constant):
                raise TypeError(
                    f"constant {name} must be a Constant (use constants.exact/upper/lower/estimate), "
                    f"got {type(constant).__name__}"
                )
        object.__setattr__(self, "_items", dict(constants))

    def __getitem__(self, name: str) -> Constant:
        items: dict[str, Any] = object.__getattribute__(self, "_items")
        if name not in items:
            known = ", ".join(sorted(items)) or "none"
            raise KeyError(f"the constant {name} is not known for this problem (known: {known})")
        if not isinstance(items[name], Constant):
            items[name] = items[name]()
        constant: Constant = items[name]
        return constant

    def __contains__(self, name: object) -> bool:
        return name in object.__getattribute__(self, "_items")

    def replace(self, **constants: Constant | Callable[[], Constant]) -> Constants:
        """Return these constants with some added or changed; what was not computed yet stays so."""
        return Constants(**{**object.__getattribute__(self, "_items"), **constants})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name].value
        except KeyError as err:
            raise AttributeError(err.args[0]) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("constants are immutable")

    def __iter__(self) -> Iterator[str]:
        return iter(object.__getattribute__(self, "_items"))

    def __len__(self) -> int:
        return len(object.__getattribute__(self, "_items"))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (dict(self),))

    def __repr__(self) -> str:
        inside = ", ".join(f"{k}={_short(c)}" for k, c in self.items())
        return f"Constants({inside})"


def _short(constant: Constant) -> str:
    sign = {"exact": "", "upper": "<=", "lower": ">=", "estimate": "~"}[constant.kind]
    value = constant.value
    return f"{sign}{value:.6g}" if isinstance(value, float | int) else f"{sign}<array>"


def _rebuild(items: dict[str, Constant]) -> Constants:
    return Constants(**items)
