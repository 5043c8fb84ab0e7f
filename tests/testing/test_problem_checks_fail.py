"""Every check of a problem fails for a problem that breaks exactly its rule."""

import numpy as np
import pytest
import scipy.sparse as sp

import optlab as ol
from optlab.core.oracles import ORACLES
from optlab.testing import ORACLE_CHECKS, check_problem, problem_checks

from ..core.specimens import Bowl, RandomStart

Z = np.random.default_rng(0).standard_normal((5, 3))


def box_bowl(**changes):
    """Half the squared distance to a point, over the box [-1, 1]^3, with every oracle, some of them replaced."""
    center, spread = np.array([0.5, -2.0, 3.0]), np.array([1.0, 2.0, 4.0])
    oracles = {
        "value": lambda x: 0.5 * float((spread * (x - center) ** 2).sum()),
        "gradient": lambda x: spread * (x - center),
        "hessian_product": lambda x, v: spread * v,
        "line_minimum": lambda x, d: -float(spread * (x - center) @ d) / float(d @ (spread * d)),
        "draw": lambda rng, size: rng.standard_normal((size, 3)),
        "stochastic_gradient": lambda x, xi: spread * (x - center) + xi,
        "project": lambda x: np.clip(x, -1, 1),
        "lmo": lambda g: -np.sign(g),
        "margins": lambda w: Z @ w,
        "weighted_rows": lambda p: p @ Z,
        "rows": lambda indices=None: Z if indices is None else Z[indices],
    }
    knowledge = {
        "constants": ol.Constants(L=ol.constants.exact(4.0, "largest curvature")),
        "reference": ol.Reference(9.0, 100.0, certificate="the box"),
    }
    return ol.FunctionProblem(3, **(oracles | knowledge | changes))


def lasso(**changes):
    """Squares with an l1 penalty."""
    oracles = {
        "value": lambda x: 0.5 * float(x @ x) + float(np.abs(x).sum()),
        "smooth_value": lambda x: 0.5 * float(x @ x),
        "smooth_gradient": lambda x: x,
        "subgradient": lambda x: x + np.sign(x),
        "prox": lambda x, step: np.sign(x) * np.maximum(np.abs(x) - step, 0),
    }
    return ol.FunctionProblem(3, **(oracles | changes))


def run(problem, name, rng=0):
    dict(problem_checks(problem, rng=rng))[name]()


@pytest.mark.parametrize("rng", range(3))
@pytest.mark.parametrize("make", [box_bowl, lasso, Bowl, RandomStart])
def test_good_problems_pass(make, rng):
    problem = make()
    for name, check in problem_checks(problem, rng=rng):
        if name != "pickle" or (make is not box_bowl and make is not lasso):  # lambdas cannot be pickled, which it says
            check()


def test_lambdas_cannot_be_pickled_and_the_error_says_so():
    with pytest.raises(AssertionError, match=r"^\[pickle\] (PicklingError|AttributeError): .*lambda"):
        check_problem(lasso())


@pytest.mark.parametrize(
    ("make", "changes", "check", "sentence"),
    [
        (box_bowl, {"value": lambda x: np.array([1.0])}, "Value", r"value\(x\) is not a number but of shape \(1,\)"),
        (box_bowl, {"value": lambda x: np.nan}, "Value", "value\\(x\\) is NaN at a finite point"),
        (box_bowl, {"value": lambda x: np.random.default_rng().random()}, "Value", "differs between two calls"),
        (
            box_bowl,
            {"gradient": lambda x: 1.001 * box_bowl().gradient(x)},
            "Gradient",
            r"gradient is not the gradient: .* t\^1\.0",
        ),
        (box_bowl, {"gradient": lambda x: box_bowl().gradient(x) + 1e-4}, "Gradient", "Taylor remainder"),
        (box_bowl, {"gradient": lambda x: x[:2]}, "Gradient", r"gradient\(x\) has shape \(2,\), not \(3,\)"),
        (box_bowl, {"hessian_product": lambda x, v: v}, "HessianProduct", "is not the derivative of the gradient"),
        (box_bowl, {"hessian_product": lambda x, v: np.tri(3) @ v}, "HessianProduct", "the Hessian is not symmetric"),
        (box_bowl, {"hessian_product": lambda x, v: v + 0.1}, "HessianProduct", "not symmetric|not linear"),
        (box_bowl, {"line_minimum": lambda x, d: 0.1}, "LineMinimum", "line_minimum gives t=0.1, F=.*, but t="),
        (box_bowl, {"project": lambda x: x / max(1.0, np.linalg.norm(x))}, "LinearMinimization", "not feasible"),
        (
            box_bowl,
            {"project": lambda x: np.clip(x, -1, 1) * 0.9},
            "Project",
            r"project\(project\(x\)\) is not project\(x\)",
        ),
        (box_bowl, {"project": lambda x: np.sign(x)}, "Project", "is not the nearest point"),
        (box_bowl, {"lmo": lambda g: np.sign(g)}, "LinearMinimization", "does not minimise"),
        (box_bowl, {"lmo": lambda g: -2 * np.sign(g)}, "LinearMinimization", "not feasible"),
        (
            box_bowl,
            {"stochastic_gradient": lambda x, xi: box_bowl().gradient(x) + xi + 0.3},
            "StochasticGradient",
            "is biased, by 0.3",
        ),
        (box_bowl, {"stochastic_gradient": lambda x, xi: x[:1]}, "StochasticGradient", "has shape"),
        (box_bowl, {"draw": lambda rng, size: rng.random((2, 3))}, "StochasticGradient", r"draw\(rng, 1\) returned 2"),
        (box_bowl, {"weighted_rows": lambda p: p @ np.ones((5, 3))}, "Margins", "is not the adjoint of margins"),
        (box_bowl, {"margins": lambda w: np.abs(Z @ w)}, "Margins", "adjoint|linear"),
        (box_bowl, {"margins": lambda w: np.ones((5, 1))}, "Margins", r"has shape \(5, 1\), not \(n,\)"),
        (box_bowl, {"rows": lambda i=None: np.ones((5, 3))}, "Rows", "are not those rows|is not rows"),
        (
            box_bowl,
            {"rows": lambda i=None: sp.csr_array(2 * Z)[range(5) if i is None else i]},
            "Rows",
            r"margins\(w\) is not rows\(None\) @ w",
        ),
        (lasso, {"smooth_gradient": lambda x: 2 * x}, "SmoothPart", "smooth_gradient is not the gradient"),
        (lasso, {"subgradient": lambda x: x}, "Subgradient", "subgradient\\(x\\) breaks F\\(y\\) >="),
        (
            lasso,
            {"subgradient": lambda x: np.random.default_rng().random(3)},
            "Subgradient",
            "differs between two calls",
        ),
        (lasso, {"subgradient": lambda x: x[:1]}, "Subgradient", "has shape"),
        (
            lasso,
            {"prox": lambda x, step: np.sign(x) * np.maximum(np.abs(x) - 1.01 * step, 0)},
            "Prox",
            "is not the minimiser",
        ),
        (lasso, {"prox": lambda x, step: x}, "Prox", "is not the minimiser"),
        (lasso, {"prox": lambda x, step: x[:1]}, "Prox", r"prox\(x, step\) has shape \(1,\)"),
    ],
)
def test_a_wrong_oracle_is_named(make, changes, check, sentence):
    for rng in range(2):
        with pytest.raises(AssertionError, match=sentence) as caught:
            run(make(**changes), check, rng)
        assert "FunctionProblem" in str(caught.value)


def test_every_oracle_was_broken_above():
    both = {p.__name__ for problem in (box_bowl(), lasso()) for p in ORACLES if ol.oracles.has_oracle(problem, p)}
    blocks = {p.__name__ for p, check in ORACLE_CHECKS.items() if check.__module__.endswith(".block_oracles")}
    assert both == {p.__name__ for p in ORACLE_CHECKS} - blocks  # those are broken in test_block_checks_fail.py


L4 = ol.constants.exact(4.0, "largest curvature")


@pytest.mark.parametrize(
    ("changes", "check", "sentence"),
    [
        (
            {"constants": ol.Constants(L=ol.constants.upper(3.9, "wrong"))},
            "constants",
            r"L = 3.9, but two gradients differ",
        ),
        ({"constants": ol.Constants(L=ol.constants.exact(4.0, " "))}, "constants", "the constant L does not say how"),
        (
            {"constants": ol.Constants(R=ol.constants.exact(float("inf"), "x"))},
            "constants",
            "the constant R is not finite",
        ),
        ({"constants": ol.Constants(G=ol.constants.upper(0.5, "x"))}, "constants", r"G = 0.5, but F changes by"),
        (
            {
                "constants": ol.Constants(mu=ol.constants.lower(1.1, "x")),
                "margins": None,
                "weighted_rows": None,
                "rows": None,
            },
            "constants",
            r"mu = 1.1 is too large",
        ),
        ({"reference": ol.Reference(12.0, 99.0, certificate="wrong")}, "reference", "lies below the certified 12"),
        ({"reference": ol.Reference(0.0, 1.0, np.ones(3), certificate="w")}, "reference", r"outside \[0, 1\]"),
        ({"reference": ol.Reference(0.0, 99.0, certificate=" ")}, "reference", "no certificate"),
    ],
)
def test_wrong_knowledge_is_contradicted(changes, check, sentence):
    if "margins" in changes:
        changes = {k: v for k, v in changes.items() if v is not None}
        whole = box_bowl()
        keep = ("value", "gradient")
        problem = ol.FunctionProblem(3, **{n: getattr(whole, n) for n in keep}, **changes)
    else:
        problem = box_bowl(**changes)
    with pytest.raises(AssertionError, match=sentence):
        run(problem, check)


def test_a_margin_that_is_too_small():
    data = {
        "margins": lambda w: np.array([w[0], w[0] + 0.5 * w[1]]),
        "weighted_rows": lambda p: np.array([p.sum(), p[1] / 2]),
    }
    for mu in (0.5, 1.2):
        problem = ol.FunctionProblem(2, constants=ol.Constants(mu=ol.constants.upper(mu, "x")), **data)
        if mu > 1:
            run(problem, "constants")
        else:
            with pytest.raises(AssertionError, match=r"mu = 0\.5, but a direction has margin"):
                run(problem, "constants")


def test_an_optimum_that_is_attained_though_it_is_said_not_to_be():
    problem = ol.FunctionProblem(
        2, value=lambda x: 0.0, reference=ol.Reference.exact(0.0, certificate="flat", attained=False)
    )
    with pytest.raises(AssertionError, match="said not to be attained"):
        run(problem, "reference")


def test_a_distance_that_is_too_short():
    known = {"reference": ol.Reference.exact(0.0, np.full(2, 3.0), certificate="c")}
    problem = ol.FunctionProblem(2, constants=ol.Constants(D=ol.constants.exact(4.0, "short")), **known)
    with pytest.raises(AssertionError, match=r"D = 4, but the start lies at 4\.24"):
        run(problem, "constants")
    run(ol.FunctionProblem(2, constants=ol.Constants(D=ol.constants.exact(4.3, "long")), **known), "constants")


def test_only_certified_sides_are_contradicted():
    for kind in ("lower", "estimate"):
        run(box_bowl(constants=ol.Constants(L=getattr(ol.constants, kind)(0.1, "x"))), "constants")


class Undocumented(Bowl):
    pass


class Writing(Bowl):
    "Writes into its argument."

    def value(self, x):
        x *= 1.0
        return super().value(x)


class MeasureWriting(Bowl):
    "A metric that is a vector."

    def measure(self, x):
        return {"vector": x}


class Timing(Bowl):
    "A metric with a reserved name."

    def measure(self, x):
        return {"time": 0.0}


class Unbatched(Bowl):
    "Claims leading axes that its value does not take."

    def value(self, x):
        return 0.5 * float(((x - self.center) ** 2).sum())


class MixedUp(Bowl):
    "Leading axes see each other."

    def gradient(self, x):
        return x - self.center + (1e-3 if x.ndim > 1 else 0.0)


class Wandering(Bowl):
    "A start that no seed fixes."

    def start(self, rng=None):
        return np.random.default_rng().standard_normal(3)


class Square(Bowl):
    "A start of another shape."

    def start(self, rng=None):
        return np.zeros((3, 3))


class Coarse(Bowl):
    "A start of another precision."

    def start(self, rng=None):
        return np.zeros(3, np.float32)


class Half(Bowl):
    "Has one of the two methods of an oracle."

    def margins(self, w):
        return w


class Silent(Bowl):
    "A description that leaves things out."

    def describe(self):
        return {"name": self.name}


class Soft(Bowl):
    "Can be changed."

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


class Changed(Bowl):
    "Loses its centre when pickled."

    def __setstate__(self, state):
        super().__setstate__(state | {"center": np.zeros(3)})


@pytest.mark.parametrize(
    ("make", "check", "sentence"),
    [
        (Undocumented, "description", "Undocumented: the class has no docstring"),
        (Half, "description", "has only some of the methods of Margins"),
        (Silent, "description", r"describe\(\) lacks constants, oracles"),
        (Soft, "immutable", "the attribute shape can be set"),
        (Changed, "pickle", "differs after pickling"),
        (Writing, "Value", "read-only|output array"),
        (MeasureWriting, "metrics", "the metric vector is not a number"),
        (Timing, "metrics", "the metric time has the name of a history column"),
        (Unbatched, "leading axes", r"value of points with leading axes \(6,\) has shape \(\)"),
        (MixedUp, "leading axes", "gradient over leading axes is not the loop"),
        (Wandering, "start", r"start\(rng\) differs for the same rng"),
        (Square, "start", r"start\(\) has shape \(3, 3\)"),
        (Coarse, "start", r"start\(\) is float32, the problem float64"),
    ],
)
def test_a_broken_problem_is_named(make, check, sentence):
    with pytest.raises(AssertionError, match=sentence):
        try:
            run(make(), check)
        except ValueError as err:  # NumPy's own words when a read-only array is written to
            raise AssertionError(str(err)) from None
    with pytest.raises(AssertionError, match=rf"\[{check}\]"):
        check_problem(make())


def test_what_is_not_a_problem():
    with pytest.raises(TypeError, match="problem must be an optlab Problem object"):
        check_problem(3)
