"""Links of a notebook that is copied elsewhere: those whose targets stay behind."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from course.buttons import address

__all__ = ["with_living_links"]

#: A link to a notebook beside this one, or out of the folder.
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\((\w+\.ipynb|\.\./[^)\s#]+)(#[^)\s]*)?\)")


def with_living_links(text: str, page: Path, beside: Collection[str]) -> str:
    """The text of a copied notebook, whose links lead only to what is copied along, or online.

    Other links become their words, or addresses if `REPOSITORY` in course/buttons.py is known.

    Args:
        text: a Markdown cell.
        page: the original notebook, in a folder of the project.
        beside: the names of the files in the folder of the copy.
    """

    def living(found: re.Match[str]) -> str:
        words, target, place = found.groups()
        if target in beside:
            return found[0]
        project = page.parent.parent
        online = address(Path(os.path.relpath(page.parent / target, project)).as_posix())
        return f"[{words}]({online}{place or ''})" if online else words

    return LINK.sub(living, text)
