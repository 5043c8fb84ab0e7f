r"""GSL for a function of A x as a search for the nearest neighbour of the gradient of the outer function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from optlab.core.validate import boolean
from optlab.core.xp import is_sparse, to_numpy
from optlab.solvers.block_coordinate_descent.parts import Rule
from optlab.solvers.block_coordinate_descent.view import Block

__all__ = ["LinearModel", "NearestNeighbour"]

#: How much farther than the nearest one, relatively, the neighbours are that are compared exactly.
_NEAR = 1e-9


@runtime_checkable
class LinearModel(Protocol):
    r"""What `NearestNeighbour` asks of a problem :math:`f(x) = \varphi(A x)`.

    `design_matrix()` is A, shape (m, n), a NumPy or SciPy sparse array; `outer_gradient(followed)` is
    :math:`\nabla \varphi(A x)`, shape (m,), at the followed point.
    """

    def design_matrix(self) -> Any: ...

    def outer_gradient(self, followed: Any) -> Any: ...


@dataclass(frozen=True)
class NearestNeighbour(Rule):
    r"""GSL by a ball tree: exact, without the gradient.

    With :math:`f(x) = \varphi(A x)`, :math:`r = \nabla \varphi(A x)` and constants :math:`L_i = \gamma \|a_i\|^2` the
    coordinate of `GSL` belongs to the column that is nearest to r, up to scale and sign,

    .. math::
        \arg\max_i \frac{|a_i^T r|}{\|a_i\|} =
        \arg\min_i \min_{\pm} \left\| \frac{r}{\|r\|} \mp \frac{a_i}{\|a_i\|} \right\|

    (Nutini, Schmidt, Laradji, Friedlander and Koepke, 2015).  The tree is built once, by scikit-learn; a search in few
    dimensions m looks at a small part of the columns, in many dimensions at all of them.  Near ties are decided by
    the scores themselves, among equals for the lowest index.

    Parameters
    ----------
    normalize : bool, default True
        False searches the columns as they are, an **inexact** rule (Dhillon, Ravikumar and Tewari, 2011): nearest to r
        is then the column of :math:`\arg\max_i |a_i^T r| - \tfrac12 \|a_i\|^2`, which is neither GS nor GSL unless all
        columns are of equal norm.

    Raises
    ------
    TypeError
        If `normalize` is not True or False; before any step, if the problem does not offer its matrix (see
        `LinearModel`) or is not on NumPy.
    ValueError
        Before any step, with a partition or blocks of several coordinates, with constants of the user, or if the
        :math:`L_i` are not proportional to the squared norms of the columns or the gradient is not :math:`A^T r`.

    Notes
    -----
    A sparse matrix is made dense for the tree.

    Examples
    --------
    >>> import numpy as np, optlab as ol
    >>> A = np.random.default_rng(0).standard_normal((3, 50))
    >>> problem = ol.problems.LeastSquares(A, [1.0, 2.0, 3.0])
    >>> near = ol.BlockCoordinateDescent(rule="GSL-nearest").run(problem, max_iter=8)
    >>> full = ol.BlockCoordinateDescent(rule="GSL").run(problem, max_iter=8)
    >>> bool((near.history.trace["selected"] == full.history.trace["selected"]).all())
    True
    """

    normalize: bool = True

    fits: ClassVar[str] = "variable"

    def __post_init__(self) -> None:
        boolean("normalize", self.normalize)

    def check(self, solver: Any, problem: Any) -> None:
        if not isinstance(problem, LinearModel):
            raise TypeError(
                f"the rule NearestNeighbour needs design_matrix() and outer_gradient(followed), and {problem.name} "
                f"does not offer them"
            )
        if solver.block_size > 1:
            raise ValueError(
                f"the rule NearestNeighbour chooses single coordinates, got block_size {solver.block_size}"
            )
        if solver.lipschitz is not None:
            raise ValueError("the rule NearestNeighbour takes its constants from the columns: leave out lipschitz")

    def prepare(self, at: Any) -> None:
        if type(at.x) is not np.ndarray:
            raise TypeError(f"the rule NearestNeighbour works on NumPy data, got {type(at.x).__module__}")
        from sklearn.neighbors import BallTree

        A = at.problem.design_matrix()
        points = np.array((A.toarray() if is_sparse(A) else to_numpy(A)).T, dtype=np.float64, order="C")
        norms = np.linalg.norm(points, axis=1)
        present = np.flatnonzero(norms > 0)
        _check_model(at, points, norms, present)
        points, norms = points[present], norms[present]
        if self.normalize:
            points /= norms[:, None]
        at.memory["nearest"] = {"tree": BallTree(points), "present": present, "norms": norms}

    def select(self, at: Any) -> Block:
        own = at.memory["nearest"]
        r = np.asarray(at.problem.outer_gradient(at.state.followed), dtype=np.float64)
        length = float(np.linalg.norm(r))
        if length == 0.0:
            return at.variable(own["present"][:1])
        if self.normalize:  # the scale of r plays no part, and at length one few columns are about as near
            r = r / length
        tree, both = own["tree"], np.stack([r, -r])
        nearest = float(np.min(tree.query(both)[0]))
        near = np.unique(np.concatenate(tree.query_radius(both, nearest * (1 + _NEAR))))
        scores = np.abs(np.sum(np.asarray(tree.data)[near] * r, axis=1))  # equal columns have equal scores
        if not self.normalize:
            scores -= 0.5 * own["norms"][near] ** 2
        return at.variable(own["present"][near[np.argmax(scores)]][None])


def _check_model(at: Any, points: Any, norms: Any, present: Any) -> None:
    """Raise unless the problem is what the equivalence assumes."""
    eps = float(np.finfo(at.x.dtype).eps)
    gradient, r = to_numpy(at.gradient), at.problem.outer_gradient(at.state.followed)
    scale = norms * float(np.linalg.norm(r))
    if np.any(np.abs(gradient - points @ r) > 1e3 * eps * points.shape[1] * (scale + np.max(scale))):
        raise ValueError(
            "the rule NearestNeighbour needs a function of A x, whose gradient is A^T r, and nothing beside"
        )
    ratios = to_numpy(at.lipschitz)[present] / norms[present] ** 2
    if present.size == 0 or np.ptp(ratios) > 1e3 * eps * points.shape[1] * np.max(ratios):
        raise ValueError(
            "the rule NearestNeighbour needs constants L_i proportional to the squared norms of the columns"
        )
