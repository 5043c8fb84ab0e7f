"""MathML: formulas of the kind claims have, and nothing else gets through."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.claims import all_claims
from optlab.report.mathml import mathml


def plain(text):
    return "".join(ET.fromstring(text).itertext())


@pytest.mark.parametrize(
    ("latex", "read"),
    [
        (r"f(x_k)-f^\star \le \frac{L D^2}{4k+2}", "f(xk)−f⋆≤LD24k+2"),
        (r"$\mathbb{E}\left[\|x\|^2\right] \geq 0$", "𝔼[‖x‖2]≥0"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a=bc=d"),
        (r"\mathcal X", "𝒳"),
        (r"\max\Bigl\{a, b\Bigr\}", "max{a,b}"),
    ],
)
def test_conversion(latex, read):
    assert plain(mathml(latex)) == read


def test_the_formulas_of_all_claims_are_understood():
    for claim in all_claims():
        text = mathml(claim.latex)
        assert not text.startswith("<code>") and "\\" not in text, claim.id


def test_limits_stand_below_in_a_display_only():
    assert "<munder>" in mathml(r"\max_{t} a_t")
    assert "<munder>" not in mathml(r"\max_{t} a_t", display=False)


@pytest.mark.parametrize("latex", [r"\frac{", r"\nosuchcommand{x}", "a & b", r"\left( x"])
def test_what_cannot_be_set_is_shown_as_it_is(latex):
    text = mathml(latex)
    assert text.startswith("<code>")
    assert plain(text) == latex


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{x}{y}",
        r"\text{&lt;b onclick=x&gt;}",
    ],
)
def test_nothing_active_gets_through(latex):
    root = ET.fromstring(mathml(latex))
    names = {name for element in root.iter() for name in element.attrib}
    assert not names & {"href", "style", "onclick", "class", "id"}
    assert "script" not in {element.tag for element in root.iter()}


@given(st.text(alphabet=r"\{}^_&<>$abc frac2\"'/;=", max_size=30))
def test_always_well_formed(latex):
    ET.fromstring(mathml(latex))
