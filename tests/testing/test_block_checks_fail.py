"""Every check of a block oracle fails for a problem that breaks exactly its rule."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp

import optlab as ol
from optlab.testing import ORACLE_CHECKS, problem_checks

H = np.array([[2.0, 0.5, 0.0], [0.5, 3.0, -1.0], [0.0, -1.0, 4.0]])


def run(problem, name, rng=0):
    dict(problem_checks(problem, rng=rng))[name]()


class Sound(ol.problems.LogisticRegression):
    """Logistic regression, with every block oracle but the graph."""

    def __init__(self):
        draw = np.random.default_rng(0)
        super().__init__(draw.standard_normal((9, 4)), draw.integers(0, 2, 9), l2=0.1)


class Edges(ol.problems.LogisticPropagation):
    """Label propagation on a path."""

    def __init__(self):
        super().__init__(sp.diags_array([np.ones(3)] * 2, offsets=[-1, 1]), [0, 3], [0, 1])


class Sharp(ol.problems.ManifoldNonNegative):
    """Non-negative least squares."""

    def __init__(self):
        super().__init__(6, 4, 2, rng=0)


class StaleGradient(Sound):
    """Forgets to move the scores."""

    def move(self, followed, block, d):
        return copy.copy(followed)


class WrongBlock(Sound):
    """Gives the gradient of the first coordinates, whatever the block."""

    def block_gradient(self, followed, block=None):
        whole = super().block_gradient(followed)
        return whole if block is None else whole[: block.shape[0]]


class ForgetsStep(Sound):
    """Leaves out the length of the step."""

    def value_along(self, followed, block, d, step):
        return super().value_along(followed, block, d, 1.0 if step else 0.0)


class NotANumber(Sound):
    """Gives the value as an array."""

    def value_along(self, followed, block, d, step):
        return np.asarray(super().value_along(followed, block, d, step))


class KeepsTheCallersArray(ol.problems.DenseQuadratic):
    """Works on the point of the caller, later."""

    def __init__(self):
        super().__init__(H)

    def follow(self, x):
        return x

    def move(self, followed, block, d):
        return ol.core.xp.put_add(followed, block, d)

    def block_gradient(self, followed, block=None):
        g = self.gradient(followed)
        return g if block is None else g[block]

    def value_along(self, followed, block, d, step):
        return float(self.value(ol.core.xp.put_add(followed, block, step * d)))


class OverwritesGradient(ol.problems.DenseQuadratic):
    """Updates the gradient in place, in the hands of the caller."""

    def __init__(self):
        super().__init__(H)

    def move(self, followed, block, d):
        moved = super().move(followed, block, d)
        followed.gradient[:] = moved.gradient
        moved.gradient = followed.gradient
        return moved


class FarBelow(Sound):
    """Claims half the curvature."""

    def block_bound(self, block):
        return 0.2 * super().block_bound(block)

    def coordinate_lipschitz(self):
        return 0.2 * super().coordinate_lipschitz()


class OtherDiagonal(Sound):
    """Coordinate constants that are not the diagonal of the bound."""

    def coordinate_lipschitz(self):
        return 2 * super().coordinate_lipschitz()


class Lopsided(Sound):
    """A bound that is not symmetric."""

    def block_bound(self, block):
        return super().block_bound(block) + 1e-3 * np.triu(np.ones((block.shape[0],) * 2), 1)


class ShortSums(Sound):
    """Row sums that leave out the diagonal."""

    def bound_row_sums(self):
        return super().bound_row_sums() - self.coordinate_lipschitz()


class ShortProduct(Sound):
    """A product with less than the bound."""

    def bound_product(self, block, d):
        return 0.5 * super().bound_product(block, d)


class BoundForHessian(Sound):
    """The bound in the place of the Hessian."""

    def block_hessian(self, followed, block):
        return self.block_bound(block)


class NoDiagonal(Edges):
    """A graph that leaves out the diagonal."""

    def bound_graph(self):
        graph = super().bound_graph().copy()
        graph.setdiag(0.0)
        graph.eliminate_zeros()
        return graph


class OtherPattern(Edges):
    """A Hessian with an edge more."""

    def hessian_graph(self, followed):
        dense = super().hessian_graph(followed).toarray()
        dense[0, 3] = dense[3, 0] = 1e-3
        return sp.csr_array(dense)


class OtherValues(Edges):
    """A graph with other weights than the bound."""

    def bound_graph(self):
        return 2 * super().bound_graph()


class OneSided(Sharp):
    """Slopes that allow negative values."""

    def kink_slopes(self):
        high = super().kink_slopes()[1]
        return -high, high


class CrossedSlopes(Sharp):
    """Slopes in the wrong order."""

    def kink_slopes(self):
        high = super().kink_slopes()[1]
        return high + 1, high


@pytest.mark.parametrize("make", [Sound, Edges, Sharp])
@pytest.mark.parametrize("rng", range(3))
def test_sound_problems_pass(make, rng):
    problem = make()
    names = dict(problem_checks(problem, rng=rng))
    assert {"BlockMoves", "BlockCurvature", "BlockHessian"} <= set(names)
    for name, check in names.items():
        if name != "reference":  # a sharp bound near the optimum is not the point here
            check()


BROKEN = [
    (StaleGradient, "BlockMoves", r"block_gradient\(followed, block\): off by"),
    (WrongBlock, "BlockMoves", r"block_gradient\(followed, block\): off by"),
    (ForgetsStep, "BlockMoves", "value_along: off by"),
    (NotANumber, "BlockMoves", "value_along gives a ndarray, not a float"),
    (KeepsTheCallersArray, "BlockMoves", "still works on the array it was given"),
    (OverwritesGradient, "BlockMoves", "move wrote into a gradient it had given out"),
    (FarBelow, "BlockCurvature", "block_bound allows .* after a move, but the value is"),
    (OtherDiagonal, "BlockCurvature", "block_bound of one coordinate and its L_i: off by"),
    (Lopsided, "BlockCurvature", "is not symmetric"),
    (ShortSums, "BlockCurvature", "less than the row sum of a block"),
    (ShortProduct, "BlockCurvature", "bound_product curves by"),
    (BoundForHessian, "BlockHessian", "not the derivative of the gradient"),
    (NoDiagonal, "BoundGraph", "does not store its whole diagonal"),
    (OtherPattern, "BoundGraph", "has another pattern"),
    (OtherValues, "BoundGraph", "block_bound against bound_graph: off by"),
    (OneSided, "KinkSlopes", "prox against kink_slopes: off by"),
    (CrossedSlopes, "KinkSlopes", "must hold -inf <= l <= u < inf"),
]


@pytest.mark.parametrize(("make", "check", "sentence"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_rule_is_found(make, check, sentence):
    for rng in range(3):
        with pytest.raises(AssertionError, match=sentence):
            run(make(), check, rng)


def test_every_block_oracle_was_broken_above():
    ours = {p.__name__ for p, check in ORACLE_CHECKS.items() if check.__module__.endswith(".block_oracles")}
    assert {check for _, check, _ in BROKEN} == ours
