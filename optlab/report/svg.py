"""SVG: a matplotlib figure as markup for inside a page, small, in the page's own colours, light or dark."""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
import zlib
from typing import Any

import numpy as np

__all__ = ["BOUND", "COLOURS", "INK", "MEASURED", "inline_svg"]

#: Ink becomes the colour of the text around the figure, the others variables of the page with these as defaults.
INK, MEASURED, BOUND = "#1d2025", "#0b68a3", "#bd4b0d"
COLOURS = (MEASURED, BOUND, "#12805f", "#95438e", "#8a6c00", "#56616d")
_IN_A_PAGE = {
    INK: "currentColor",
    MEASURED: f"var(--measured, {MEASURED})",
    BOUND: f"var(--bound, {BOUND})",
}
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_COORDINATES = ("d", "x", "y", "width", "height", "transform", "points")


def inline_svg(figure: Any, title: str, prefix: str = "") -> str:
    """Return a figure as an ``<svg>`` element with ids of its own and a title for those who cannot see it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn with the colours of this module.
    title : str
        What the figure shows, in words.
    prefix : str, optional
        Start of its ids; derived from the drawing when absent.
    """
    import matplotlib

    buffer = io.StringIO()
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "optlab"}),
        warnings.catch_warnings(),
        np.errstate(invalid="ignore"),  # matplotlib takes the difference of infinite extents where nothing is drawn
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # the browser has more letters
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    root = ET.fromstring(text)
    _strip(root)
    _rename(root, prefix or f"f{zlib.crc32(text.encode()):08x}")
    root.set("xmlns", _SVG.strip("{}"))
    root.set("role", "img")
    root.set("aria-label", title)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    heading = ET.Element("title")
    heading.text = title
    root.insert(0, heading)
    return ET.tostring(root, encoding="unicode")


def _strip(root: ET.Element) -> None:
    """Drop namespaces, metadata, styles of the document and digits nobody sees; translate the colours."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (_SVG + "metadata", _SVG + "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.text = (element.text or "").strip() or None
        element.tail = None
        for name, value in list(element.attrib.items()):
            if name.startswith(_XLINK):
                del element.attrib[name]
                element.set(name.removeprefix(_XLINK), value)
            elif name == "style":
                element.set("style", _style(value))
            elif name in _COORDINATES:
                element.set(name, _rounded(value))


def _style(style: str) -> str:
    """Translate the colours, and leave the font to the page."""
    style = re.sub(r"font-family:[^;]*;?", "", style)
    style = re.sub(r"font: (?:\w+ )*?([\d.]+px) [^;]*", r"font-size: \1", style)
    for ours, theirs in _IN_A_PAGE.items():
        style = style.replace(ours, theirs)
    return style.replace(": ", ":").replace("; ", ";").strip("; ")


def _rounded(value: str) -> str:
    """A tenth of a unit is finer than a screen, and no space is needed beside a letter."""
    value = re.sub(r"-?\d+\.\d+", lambda m: f"{round(float(m[0]), 1) + 0.0:g}", value)
    return re.sub(r"\s*\n\s*|\s+(?=[MLCQz])|(?<=[MLCQz])\s+", "", value.strip())


def _rename(root: ET.Element, prefix: str) -> None:
    """Keep only the ids that are referred to, renamed so that no two figures of a page share one."""
    everything = ET.tostring(root, encoding="unicode")
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', everything))
    names = {name: f"{prefix}-{i}" for i, name in enumerate(sorted({a or b for a, b in used}))}
    for element in root.iter():
        id = element.attrib.pop("id", None)
        if id in names:
            element.set("id", names[id])
        for attribute in ("clip-path", "href"):
            if attribute in element.attrib:
                old = element.attrib[attribute]
                new = re.sub(r"#([^)]+)", lambda m: "#" + names[m[1]], old)
                element.set(attribute, new)
