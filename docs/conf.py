"""Sphinx configuration; `make docs` builds with warnings as errors."""

import os
import shutil
import sys
from pathlib import Path

import optlab

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "optlab"
author = "the optlab developers"
copyright = "2026, the optlab developers"
version = release = optlab.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # the pages can be read without a network
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "benchmarks_page",
    "claims_page",
]
exclude_patterns = ["_build", "_calibration", "_ext", "_scripts", "_templates", "methods/_*"]  # parts of pages
templates_path = ["_templates"]
default_role = "py:obj"  # `x` in a docstring is a name: a link where it is one of ours

autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types, with shapes and ranges
numpydoc_show_class_members = False

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make notebooks` executes them, and leaves the executed copies where they are shown

html_theme = "pydata_sphinx_theme"
html_title = "optlab"
html_static_path = ["_static"]
html_css_files = ["optlab.css"]
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("index", "which_solver", "rates", "claims", "changelog")}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}


def _forget_reference_pages() -> None:
    """Remove the generated pages: autosummary writes them anew, and would keep those of names that are gone."""
    shutil.rmtree(HERE / "generated", ignore_errors=True)


def _collect_notebooks() -> None:
    """Bring ../notebooks in; a copy that `make notebooks` executed after the last change stays, for its outputs."""
    target = HERE / "notebooks"
    target.mkdir(exist_ok=True)
    sources = {path.name: path for path in (HERE.parent / "notebooks").glob("*.ipynb")}
    for copy in target.glob("*.ipynb"):
        if copy.name not in sources:
            copy.unlink()
    for name, source in sources.items():
        copy = target / name
        if not copy.exists() or os.path.getmtime(copy) < os.path.getmtime(source):
            shutil.copy2(source, copy)


_forget_reference_pages()
_collect_notebooks()
