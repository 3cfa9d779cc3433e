"""Puts buttons for Colab and Binder at the head of the notebooks.

    python -m course.buttons

`REPOSITORY` is the one setting; after a change of it run the command again. The chapters of the
book have the buttons from the same setting, and copied notebooks their links to what stays behind.
Neither service has been tried yet, which the buttons say; docs/colab.md has the cell that Colab
needs first.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

from course import NOTEBOOKS
from course.command import finish, take_no_arguments

__all__ = ["BRANCH", "REPOSITORY", "address", "buttons", "put_on", "with_buttons"]

#: Where the project lies on GitHub, as "owner/name". None is known yet: "" means no buttons.
REPOSITORY = ""
BRANCH = "main"

OWNER_AND_NAME = re.compile(r"[\w.-]+/[\w.-]+")
WORDS = "Run it elsewhere (not tried yet):"
LINE = re.compile(rf"{re.escape(WORDS)}.*\n\n")
HEADING = re.compile(r"^# .+\n\n?", re.MULTILINE)


def address(path: str) -> str:
    """The address on GitHub of a file of the project, or "" where `REPOSITORY` is not known.

    Raises:
        ValueError: `REPOSITORY` is no address.
    """
    if not REPOSITORY:
        return ""
    _check_repository()
    return f"https://github.com/{REPOSITORY}/blob/{BRANCH}/{path}"


def buttons(name: str) -> str:
    """The line of buttons of a notebook, in Markdown; `name` is its file's name.

    Raises:
        ValueError: `REPOSITORY` is no address.
    """
    _check_repository()
    path = f"notebooks/{name}"
    colab = f"https://colab.research.google.com/github/{REPOSITORY}/blob/{BRANCH}/{path}"
    binder = (
        f"https://mybinder.org/v2/gh/{REPOSITORY}/{BRANCH}?urlpath={quote(f'lab/tree/{path}', '')}"
    )
    return (
        f"{WORDS} [Colab]({colab}), where [one cell](../docs/colab.md) comes first, or "
        f"[Binder]({binder})."
    )


def with_buttons(opening: str, name: str) -> str:
    """The first cell of a notebook with its buttons below the heading, once.

    Where no address is known it has none.

    Raises:
        ValueError: the cell has no heading, or `REPOSITORY` is no address.
    """
    plain = LINE.sub("", opening)
    heading = HEADING.search(plain)
    if heading is None:
        raise ValueError(
            f"expected a heading `# …` in the first cell of {name}, got {plain[:40]!r}"
        )
    if not REPOSITORY:
        return plain
    above, below = plain[: heading.end()].rstrip("\n"), plain[heading.end() :]
    return f"{above}\n\n{buttons(name)}\n\n{below}"


def put_on(path: Path) -> bool:
    """Write the buttons into a notebook; returns whether anything changed."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    first = notebook["cells"][0]
    opening = with_buttons("".join(first["source"]), path.name)
    first["source"] = opening.splitlines(keepends=True)
    fresh = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    if fresh != text:
        path.write_text(fresh, encoding="utf-8")
    return fresh != text


def _check_repository() -> None:
    if not OWNER_AND_NAME.fullmatch(REPOSITORY):
        raise ValueError(
            f'expected REPOSITORY in course/buttons.py as "owner/name", got {REPOSITORY!r}'
        )


def main() -> None:
    """Put the buttons on all notebooks, the start page included, and say on which."""
    take_no_arguments("course.buttons", __doc__)
    if not REPOSITORY:
        print('REPOSITORY in course/buttons.py is "": write "owner/name" there to have buttons')
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if put_on(path):
            print(path.name)


if __name__ == "__main__":
    finish(main)
