"""MathML: LaTeX formulas as markup that a browser sets by itself, without script, font or network."""

from __future__ import annotations

import html
import re
import unicodedata
import xml.etree.ElementTree as ET

__all__ = ["mathml"]

_ELEMENTS = frozenset(
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle "
    "mpadded mphantom menclose mmultiscripts mprescripts".split()
)
#: Attributes that change how a formula looks, and nothing else (no href, no style, no handlers).
_ATTRIBUTES = frozenset(
    "display displaystyle scriptlevel stretchy fence form separator lspace rspace width height depth minsize maxsize "
    "linethickness accent accentunder mathvariant movablelimits largeop symmetric columnalign rowspacing columnspacing "
    "columnlines rowlines notation".split()
)
#: Operators that carry their subscript below themselves in a display.
_LIMITS = ("max", "min", "sup", "inf", "lim", "lim sup", "lim inf", "lim\u2006sup", "lim\u2006inf", "argmin", "argmax")


def mathml(latex: str, display: bool = True) -> str:
    r"""Return a formula as MathML; as its source in ``<code>`` when it cannot be converted.

    Parameters
    ----------
    latex : str
        The formula, with or without its dollars.
    display : bool, default True
        A display of its own, or a formula in a line.

    Examples
    --------
    >>> from optlab.report.mathml import mathml
    >>> mathml("x_k", display=False)
    '<math display="inline"><mrow><msub><mi>x</mi><mi>k</mi></msub></mrow></math>'
    """
    source = latex.strip().strip("$").strip()
    try:
        from latex2mathml.converter import convert_to_element

        root = convert_to_element(_understood(source), display="block" if display else "inline")
        for element in root.iter():
            _make_plain(element)
        for element in root.iter():
            _set_like_tex(element, display)
    except Exception:  # the converter has no common base for its exceptions; the source is readable too
        return f"<code>{html.escape(source)}</code>"
    return ET.tostring(root, encoding="unicode", short_empty_elements=False)


def _understood(source: str) -> str:
    """Write in the converter's dialect what it would misread."""
    source = re.sub(r"\\(mathcal|mathbb|mathbf|mathrm)\s+([A-Za-z])", r"\\\1{\2}", source)
    return source.replace("{aligned}", "{split}")


def _make_plain(element: ET.Element) -> None:
    """Keep nothing but elements of MathML with attributes of its own, and resolve the converter's entities.

    The converter writes characters as entities and does not escape the text in between; here the text is made text
    again, which the serialiser then escapes.
    """
    if element.tag not in _ELEMENTS:
        raise ValueError(f"{element.tag} is no element of MathML")
    for name in set(element.attrib) - _ATTRIBUTES:
        del element.attrib[name]
    element.text = html.unescape(element.text) if element.text else None
    if element.tag == "mo" and element.text in ("\\{", "\\}"):  # what the converter makes of a sized brace
        element.text = element.text[1]
    first = (element.text or "")[:1]
    if (element.tag in ("mi", "mo") and first == "\\") or (element.tag == "mi" and first == "&"):
        raise ValueError(f"{element.text} is not understood")


def _set_like_tex(element: ET.Element, display: bool) -> None:
    """Space relations and brackets as such, and put limits under max, sup, lim in a display."""
    if element.tag == "mi" and element.text and unicodedata.category(element.text[0])[0] in "PS":
        element.tag = "mo"
        element.set("stretchy", "false")
    base = element[0] if len(element) else None
    if display and element.tag == "msub" and base is not None and base.tag == "mo" and base.text in _LIMITS:
        element.tag = "munder"
