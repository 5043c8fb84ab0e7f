r"""How a mirror map says which feasible sets it goes with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["MissingProjection", "onto"]

Form = TypeVar("Form", bound=Callable[..., Any])


class MissingProjection(TypeError):
    """A mirror map has no form for the feasible set; the message names what would fit."""


def onto(*constraint_types: type) -> Callable[[Form], Form]:
    r"""Mark a method of a mirror map as its form for these sets and their subclasses.

    The method takes the dual points theta and the set, both checked, and returns the point of the set where
    :math:`\langle \theta, u \rangle - \psi(u)` is largest.

    Parameters
    ----------
    *constraint_types : type
        Subclasses of `ConvexSet`.

    Returns
    -------
    callable
        A decorator that returns the method as it is.

    Examples
    --------
    A map for which clipping is the projection onto a box:

    >>> import numpy as np
    >>> import optlab as ol
    >>> class Half(ol.sets.MirrorMap):
    ...     def value(self, x):
    ...         return np.sum(x * x, axis=-1)
    ...     def gradient(self, x):
    ...         return 2.0 * np.asarray(x)
    ...     def dual_gradient(self, theta):
    ...         return 0.5 * np.asarray(theta)
    ...     @ol.sets.onto(ol.sets.Box)
    ...     def _onto_box(self, theta, box):
    ...         return box.project(self.dual_gradient(theta))
    >>> Half().mirror_step([0.0, 0.0], [4.0, -1.0], step=1.0, constraint=ol.sets.Box(-1.0, 1.0))
    array([-1. ,  0.5])
    """

    def mark(form: Form) -> Form:
        form.constraint_types = constraint_types  # type: ignore[attr-defined]
        return form

    return mark
