"""JavaScript modules and style sheets of the page, in files of their own."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["LOOK", "PAGE", "module"]

_IMPORT = re.compile(
    r'^import\s.*?\sfrom\s+"(\./|\.\./)(?P<path>[^"]+)";\n', re.MULTILINE | re.DOTALL
)
_EXPORT = re.compile(r"^export (?=(async )?(function|const|let|class) )", re.MULTILINE)

PAGE = Path(__file__).parent / "page"
#: The style sheet of all panels.
LOOK = PAGE / "panel.css"


@cache
def module(path: Path) -> str:
    """One ES module of a file and of all that it imports, for a page that finds no other files.

    Files import each other by relative paths and by the names that are exported; only the last one
    keeps its exports. Node reads the same files as they are.

    Args:
        path: of a file `.js`.
    """
    files: dict[Path, str] = {}

    def read(file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        for found in _IMPORT.finditer(text):
            needed = (file.parent / (found[1] + found["path"])).resolve()
            if needed not in files:
                read(needed)
        files[file] = _IMPORT.sub("", text)

    read(path.resolve())
    *needed, last = files.values()
    return "\n".join([*(_EXPORT.sub("", text) for text in needed), last])
