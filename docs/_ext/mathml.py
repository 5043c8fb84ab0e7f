"""Render mathematics as MathML: the pages need no script and no network, like the reports of `optlab verify`."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)


def mathml(node: nodes.Element, display: str) -> str:
    """Convert the LaTeX of a node; what cannot be converted is a warning, and shown as it is."""
    latex = node.astext().strip()
    try:
        return convert(latex, display=display)
    except Exception as err:  # the converter has no common base for its exceptions
        logger.warning("cannot convert %r to MathML: %s", latex, err, location=node)
        return f"<code>{nodes.unescape(latex)}</code>"


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write mathematics in a line."""
    self.body.append(mathml(node, "inline"))
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a display."""
    self.body.append(f'<div class="math-display">{mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer (`html_math_renderer = "mathml"`)."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
