"""Constants with provenance and the reference interval."""

import copy
import math
import pickle

import numpy as np
import pytest

import optlab as ol
from optlab import constants
from optlab.core.constants import Constant, Constants


@pytest.mark.parametrize(
    ("kind", "sides"), [("exact", "upper lower"), ("upper", "upper"), ("lower", "lower"), ("estimate", "")]
)
def test_what_a_constant_certifies(kind, sides):
    made = getattr(constants, kind)(2.0, "a formula")
    assert made == Constant(2.0, kind, "a formula")
    assert [side for side in ("upper", "lower") if made.certifies(side)] == sides.split()


def test_bad_constants():
    with pytest.raises(ValueError, match=r"kind must be one of .*got 'about'"):
        Constant(1.0, "about", "")
    with pytest.raises(ValueError, match=r"the constant \(0/0\) is NaN"):
        constants.exact(math.nan, "0/0")
    with pytest.raises(TypeError, match=r"constant L must be a Constant .*, got float"):
        Constants(L=1.0)


def test_constants_by_name():
    c = Constants(
        L=constants.exact(2.0, "max"), mu=constants.upper(1.0, "min"), w=constants.estimate(np.ones(3), "run")
    )
    assert c.L == 2.0 and c["mu"].kind == "upper" and list(c) == ["L", "mu", "w"] and len(c) == 3 and "G" not in c
    with pytest.raises(KeyError, match=r"the constant G is not known for this problem \(known: L, mu, w\)"):
        c["G"]
    with pytest.raises(AttributeError, match="the constant G is not known"):
        c.G  # noqa: B018
    with pytest.raises(AttributeError, match="constants are immutable"):
        c.L = 3.0
    assert not hasattr(c, "__array__")
    with pytest.raises(KeyError, match="known: none"):
        Constants()["L"]
    assert repr(c) == "Constants(L=2, mu=<=1, w=~<array>)"
    assert repr(Constants(D=constants.lower(1, "x"))) == "Constants(D=>=1)"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_constants_travel(again):
    c = Constants(L=constants.exact(2.0, "max"))
    assert dict(again(c)) == dict(c) and again(c).L == 2.0


def test_reference():
    ref = ol.Reference(1.0, 3.0, certificate="a gap")
    assert (ref.width, ref.is_exact, ref.attained, ref.x) == (2.0, False, True, None)
    assert repr(ref) == "Reference([1, 3]; a gap)"
    exact = ol.Reference.exact(2, np.zeros(1), certificate="closed form", attained=False)
    assert (exact.lo, exact.hi, exact.is_exact, exact.width) == (2.0, 2.0, True, 0.0) and type(exact.lo) is float
    assert repr(exact) == "Reference(2, not attained; closed form)"
    assert ol.Reference(-math.inf, 1.0, certificate="x").width == math.inf
    for lo, hi, text in (
        (2.0, 1.0, "interval is empty: lo=2.0 > hi=1.0"),
        (math.nan, 1.0, "NaN"),
        (0.0, math.nan, "NaN"),
    ):
        with pytest.raises(ValueError, match=text):
            ol.Reference(lo, hi, certificate="x")
    with pytest.raises(ValueError, match="a reference needs a certificate"):
        ol.Reference(0.0, 1.0)


def test_a_constant_may_be_computed_when_first_asked_for():
    asked = []

    def costly():
        asked.append(1)
        return ol.constants.upper(3.0, "by hand")

    constants = ol.Constants(L=costly, mu=ol.constants.exact(1.0, "given"))
    assert "L" in constants and "G" not in constants and len(constants) == 2 and not asked
    more = constants.replace(G=ol.constants.exact(2.0, "given"), mu=ol.constants.exact(0.5, "sharper"))
    assert (more.G, more.mu, constants.mu) == (2.0, 0.5, 1.0) and not asked
    assert constants.L == constants.L == 3.0 and constants["L"].kind == "upper" and asked == [1]
    assert pickle.loads(pickle.dumps(more)).L == 3.0 and asked == [1, 1]
    with pytest.raises(TypeError, match="constant L must be a Constant"):
        ol.Constants(L=3.0)
