"""Sphinx's settings for the book; `make book` builds it."""

import sys
import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from course.docstrings import as_rst  # noqa: E402 - the path comes first

project = "Learnable commutative monoids"
author = "The lcm-core authors"
copyright = "The lcm-core authors; code MIT, prose and pictures CC BY 4.0"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
language = "en-GB"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinxcontrib.bibtex",
    "sphinx_copybutton",
    "course.definitions",
]
default_role = "literal"  # docstrings write `code`
highlight_language = "default"

nb_execution_mode = "off"  # course.executed ran the notebooks
nb_render_markdown_format = "gfm"
nb_merge_streams = True
nb_code_prompt_show = "Show the imports"  # no other cell is folded
nb_code_prompt_hide = "Hide the imports"
nb_ipywidgets_js = {
    "panels/require.js": {},
    "panels/plotly.js": {},
    "widgets.js": {},
    "panels/html-manager.js": {},
}
myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

mathjax_path = "panels/mathjax.js"
mathjax3_config = {"options": {"enableMenu": False}}

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrt"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Shapes", ("Attributes", "params_style")]  # `sets, elements: …`

html_context = {"default_mode": "auto"}
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = ["definitions.js", "names.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_persistent": [],  # search is in the sidebar
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def _mark_up(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    lines[:] = as_rst(lines)


def _no_list_of_citations(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """docutils calls citations a list of entries; for screen readers a list has list items only."""
    context["body"] = context.get("body", "").replace(
        '<div role="list" class="citation-list">', '<div class="citation-list">'
    )


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.config.html_static_path.append(str(app.srcdir / "_scripts"))
    app.connect("html-page-context", _no_list_of_citations)
    app.connect("autodoc-process-docstring", _mark_up, priority=400)  # before napoleon
