"""An extension of Sphinx: words of the glossary are links, and show their definition on hover.

On pages of the course the first use of each word of the glossary becomes a link to it, one in bold
before others. The page's script `definitions.js` shows the definition.
"""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from course.terms import EVERYDAY, split_at_terms

__all__ = ["TermLinks", "setup"]

GLOSSARY = "glossary"
FOLDERS = ("notebooks/", "docs/teaching/")
#: No links inside these.
CLOSED = (
    nodes.FixedTextElement,
    nodes.caption,
    nodes.literal,
    nodes.math,
    nodes.reference,
    nodes.table,
    nodes.title,
    addnodes.pending_xref,
)
ANCHOR = re.compile(r'(?<=<a class=")reference internal(" href="[^"]*glossary\.html#(term-[^"]+)")')


class TermLinks(SphinxPostTransform):
    """Makes links of the words of the glossary, before references are resolved."""

    default_priority = 5

    def run(self, **_: Any) -> None:
        """Link the first use of each word, those in bold first."""
        page = self.env.current_document.docname
        if not page.startswith(FOLDERS):
            return
        objects = self.env.domains.standard_domain.objects
        terms = {name.lower(): name for kind, name in objects if kind == "term"}
        texts = [text for text in self.document.findall(nodes.Text) if not _closed(text)]
        bold = [text for text in texts if isinstance(text.parent, nodes.strong)]
        plain = [text for text in texts if not isinstance(text.parent, nodes.strong)]
        for text in bold:
            _link(text, terms, page)
        terms = {word: name for word, name in terms.items() if word not in EVERYDAY}
        for text in plain:
            _link(text, terms, page)


def _closed(text: nodes.Text) -> bool:
    above = text.parent
    while above is not None:
        if isinstance(above, CLOSED):
            return True
        above = above.parent
    return False


def _link(text: nodes.Text, terms: dict[str, str], page: str) -> None:
    pieces = split_at_terms(text.astext(), terms)
    if len(pieces) > 1:
        parts = [_term(words, term, page) if term else nodes.Text(words) for words, term in pieces]
        text.parent.replace(text, parts)


def _term(words: str, term: str, page: str) -> addnodes.pending_xref:
    return addnodes.pending_xref(
        "",
        nodes.inline("", words),
        refdomain="std",
        reftype="term",
        reftarget=term,
        refexplicit=True,
        refdoc=page,
    )


def _definitions(app: Sphinx) -> dict[str, str]:
    """The definition of each term, by the term's anchor."""
    entries = app.env.get_doctree(GLOSSARY).findall(nodes.definition_list_item)
    return {
        anchor: entry[-1].astext()
        for entry in entries
        for term in entry.findall(nodes.term)
        for anchor in term["ids"]
    }


def _add_definitions(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Give each link to the glossary its definition, for the script."""
    if page == GLOSSARY or "body" not in context:
        return
    known = _definitions(app)

    def defined(found: re.Match[str]) -> str:
        said = html.escape(known.get(found[2], ""), quote=True)
        return f'reference internal term-link{found[1]} data-definition="{said}"'

    context["body"] = ANCHOR.sub(defined, context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_post_transform(TermLinks)
    app.connect("html-page-context", _add_definitions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
