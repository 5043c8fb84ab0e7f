r"""Mirror maps: the geometry in which a mirror-descent method takes its steps.

A mirror map is a strictly convex function :math:`\psi` on a domain.  Everything an online or offline mirror method asks
of a map and a feasible set C together is one maximisation,

.. math:: \nabla (\psi + \iota_C)^*(\theta) = \arg\max_{u \in C} \langle \theta, u \rangle - \psi(u),

`MirrorMap.dual_project` here: it brings a dual point :math:`\theta` back to C.  The rest are its uses,

* the mirror step :math:`\arg\min_{u \in C} \langle g, u \rangle + B_\psi(u, x) / \tau` is that at
  :math:`\theta = \nabla \psi(x) - \tau g` (`MirrorMap.mirror_step`);
* the Bregman projection of y is that at :math:`\theta = \nabla \psi(y)` (`MirrorMap.project`);
* a step of follow-the-regularised-leader is that at :math:`\theta = - \tau \sum_s g_s`, and the starting point
  :math:`\arg\min_C \psi` of mirror descent is that at :math:`\theta = 0`;

so one closed form for each pair of a map and a set serves them all, and nothing is lost on the way: a map whose points
underflow (entropy) or whose unprojected step does not exist (log-barrier) is projected from the dual side.

Which pairs there are is written where they are solved: a method of the map marked ``@onto(Simplex)``.  `mirror_pairs`
lists them, and a pair that is missing raises `MissingProjection`, which names the sets that go with the map and the
maps that go with the set.  A subclass of a set is solved by the form for the set.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from optlab.core.xp import namespace
from optlab.sets._inputs import points, positive_step
from optlab.sets.base import ByValue, ConvexSet
from optlab.sets.mirror_forms import MissingProjection
from optlab.sets.space import WholeSpace

__all__ = ["MirrorMap", "mirror_pairs"]


class MirrorMap(ByValue, ABC):
    r"""A strictly convex, differentiable function :math:`\psi` and the maps that come with it.

    The gradient takes points to the dual space, the gradient of the conjugate :math:`\psi^*` takes them back, and the
    Bregman divergence :math:`B_\psi(x, y) = \psi(x) - \psi(y) - \langle \nabla \psi(y), x - y \rangle` measures the
    distance between points.  A subclass is a frozen dataclass (``eq=False``, as for `ConvexSet`) with `value`,
    `gradient` and `dual_gradient`; it marks its forms for feasible sets with `onto`, or overrides `project`.

    Attributes
    ----------
    point_ndim : int
        1 where points are vectors, 2 where they are symmetric matrices along the last two axes; read (..., d) below as
        (..., n, n) then.

    Examples
    --------
    >>> import optlab as ol
    >>> mirror_map = ol.sets.Euclidean()
    >>> isinstance(mirror_map, ol.sets.MirrorMap)
    True
    >>> float(mirror_map.bregman([3.0, 4.0], [0.0, 0.0]))
    12.5
    """

    point_ndim: int = 1
    _forms: ClassVar[dict[type[ConvexSet], str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {kind: name for name, form in vars(cls).items() for kind in getattr(form, "constraint_types", ())}
        cls._forms = {**cls._forms, **own}

    @property
    def domain(self) -> ConvexSet:
        r"""Closure of the set where :math:`\psi` is finite."""
        return WholeSpace()

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.point_ndim, 0))

    @abstractmethod
    def value(self, x: Any) -> Any:
        r"""Value :math:`\psi(x)`.

        Parameters
        ----------
        x : array, shape (..., d)
            Points of the domain.

        Returns
        -------
        array, shape (...)
            The values.
        """

    @abstractmethod
    def gradient(self, x: Any) -> Any:
        r"""Gradient :math:`\nabla \psi(x)`, from the primal to the dual space.

        Parameters
        ----------
        x : array, shape (..., d)
            Points of the interior of the domain.

        Returns
        -------
        array, shape (..., d)
            Dual points.
        """

    @abstractmethod
    def dual_gradient(self, theta: Any) -> Any:
        r"""Gradient of the conjugate, :math:`\nabla \psi^*(\theta) = (\nabla \psi)^{-1}(\theta)`.

        Parameters
        ----------
        theta : array, shape (..., d)
            Dual points.

        Returns
        -------
        array, shape (..., d)
            Points of the domain.
        """

    def strong_convexity(self, constraint: ConvexSet | None = None) -> float:
        r"""Modulus of strong convexity of :math:`\psi` over a set, with respect to `norm`; 0 when none is known.

        Parameters
        ----------
        constraint : ConvexSet, optional
            The set C; by default the domain of the map.

        Returns
        -------
        float
            A number :math:`m \ge 0` with :math:`B_\psi(x, y) \ge \frac{m}{2} \|x - y\|^2` for x and y in C.
        """
        return 0.0

    def norm(self, x: Any) -> Any:
        """The norm in which the map is strongly convex; the Euclidean one unless a map says otherwise.

        Parameters
        ----------
        x : array, shape (..., d)
            Points.

        Returns
        -------
        array, shape (...)
            Their norms.
        """
        x = points(x, "x", None, self.point_ndim)
        return namespace(x).linalg.vector_norm(x, axis=self._axes)

    def dual_norm(self, g: Any) -> Any:
        r"""The dual norm :math:`\sup \{\langle g, x \rangle : \|x\| \le 1\}`, in which gradients are measured.

        Parameters
        ----------
        g : array, shape (..., d)
            Dual points.

        Returns
        -------
        array, shape (...)
            Their norms.
        """
        return MirrorMap.norm(self, g)

    @classmethod
    def constraint_types(cls) -> tuple[type[ConvexSet], ...]:
        """The kinds of sets the map has a form for.

        Returns
        -------
        tuple of type
            Subclasses of `ConvexSet`; `ConvexSet` itself stands for all of them.
        """
        return tuple(cls._forms)

    def _form(self, constraint: ConvexSet) -> Callable[[Any, Any], Any] | None:
        if not isinstance(constraint, ConvexSet):
            raise TypeError(f"constraint must be a ConvexSet, got {type(constraint).__name__}")
        if constraint.point_ndim == self.point_ndim:
            for kind in type(constraint).__mro__:
                if kind in self._forms:
                    return getattr(self, self._forms[kind])  # type: ignore[no-any-return]
        return None

    def dual_project(self, theta: Any, constraint: ConvexSet | None = None) -> Any:
        r"""Bring dual points back to C: :math:`\arg\max_{u \in C} \langle \theta, u \rangle - \psi(u)`.

        Parameters
        ----------
        theta : array, shape (..., d)
            Dual points.
        constraint : ConvexSet, optional
            The set C; by default the domain of the map.

        Returns
        -------
        array, shape (..., d)
            Points of C.

        Raises
        ------
        MissingProjection
            If the map has no form for the set.
        """
        if constraint is None:
            return self.dual_gradient(theta)
        form = self._form(constraint)
        if form is not None:
            return form(points(theta, "theta", constraint.dim, self.point_ndim), constraint)
        if not self._forms and type(self).project is not MirrorMap.project:  # a user's map that projects by itself
            return self.project(self.dual_gradient(theta), constraint)
        raise MissingProjection(_what_fits(type(self), constraint))

    def project(self, y: Any, constraint: ConvexSet) -> Any:
        r"""Bregman projection :math:`\arg\min_{x \in C} B_\psi(x, y)`.

        Parameters
        ----------
        y : array, shape (..., d)
            Points of the interior of the domain.
        constraint : ConvexSet
            The set C.

        Returns
        -------
        array, shape (..., d)
            The projections.

        Raises
        ------
        MissingProjection
            If the map has no form for the set.
        """
        return self.dual_project(self.gradient(y), constraint)

    def bregman(self, x: Any, y: Any) -> Any:
        r"""Bregman divergence :math:`B_\psi(x, y)`, from y (where the gradient is taken) to x.

        Parameters
        ----------
        x, y : array, shape (..., d)
            Points; their leading axes broadcast.

        Returns
        -------
        array, shape (...)
            The divergences, >= 0 up to rounding.
        """
        x, y = points(x, "x", None, self.point_ndim), points(y, "y", None, self.point_ndim)
        slope = namespace(x, y).sum(self.gradient(y) * (x - y), axis=self._axes)
        return self.value(x) - self.value(y) - slope

    def mirror_step(self, x: Any, g: Any, step: Any, constraint: ConvexSet | None = None) -> Any:
        r"""One step :math:`\arg\min_{s \in C} \langle g, s \rangle + B_\psi(s, x) / \tau`.

        The step is taken in the dual space and brought back: `dual_project` at :math:`\nabla \psi(x) - \tau g`.

        Parameters
        ----------
        x, g : array, shape (..., d)
            Points and (sub)gradients at them.
        step : float or array of shape (..., 1)
            The step tau > 0.
        constraint : ConvexSet, optional
            The set C; by default the domain of the mirror map.

        Returns
        -------
        array, shape (..., d)
            The next points.

        Raises
        ------
        MissingProjection
            If the map has no form for the set.
        """
        x, g = points(x, "x", None, self.point_ndim), points(g, "g", None, self.point_ndim)
        return self.dual_project(self.gradient(x) - positive_step(step, x, self.point_ndim) * g, constraint)


def _subclasses(cls: Any) -> list[type[MirrorMap]]:
    """All maps of this package, in the order of their names."""
    found = {kind for sub in cls.__subclasses__() for kind in (sub, *_subclasses(sub))}
    return sorted((kind for kind in found if kind.__module__.startswith("optlab.")), key=lambda kind: kind.__name__)


def mirror_pairs() -> dict[str, tuple[str, ...]]:
    """Which mirror map can be used over which set.

    Returns
    -------
    dict
        Names of the sets by the name of the map; "ConvexSet" stands for every set with points of the same kind.

    Examples
    --------
    >>> import optlab as ol
    >>> ol.sets.mirror_pairs()["NegativeEntropy"]
    ('BoundedSimplex', 'Box', 'Simplex', 'WholeSpace')
    """
    maps = _subclasses(MirrorMap)
    return {kind.__name__: tuple(sorted(c.__name__ for c in kind.constraint_types())) for kind in maps}


def _what_fits(kind: type[MirrorMap], constraint: ConvexSet) -> str:
    ndim, name = constraint.point_ndim, type(constraint).__name__
    own = ", ".join(sorted(c.__name__ for c in kind.constraint_types())) or "no set"
    fitting = [
        other.__name__
        for other in _subclasses(MirrorMap)
        if other.point_ndim == ndim and any(isinstance(constraint, c) for c in other.constraint_types())
    ]
    if ndim == 2:
        fitting.append("Euclidean(point_ndim=2)")
    return f"{kind.__name__} has no projection onto {name}, only onto {own}; onto {name}: {', '.join(fitting)}"
