"""Docstrings as reStructuredText: what ours write more plainly is marked up."""

from __future__ import annotations

import re

__all__ = ["as_rst"]

CODE = re.compile(r"(`[^`]*`)")
#: Code in the plural, such as `Tensor`s: a letter must not follow its mark.
PLURAL = re.compile(r"(`[^`]*`)(?=[a-z])")
#: Neither emphasis nor a substitution: (*, d), (n, *d) and |x|.
MEANT_AS_IT_IS = re.compile(r"(?<!\w)\*(?=[,)]|\w+[):])|\|")
NO_PARAGRAPH = ("..", ">>>", "- ", " ")


def as_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring, with marks before code and before stars and bars.

    Args:
        lines: without the docstring's indentation.
    """
    made: list[str] = []
    paragraph = False  # the last text is a paragraph at the margin, behind which code may come
    literal = ""  # "code" or "doctest" inside these
    for line in lines:
        indented = line.startswith("    ")
        if line.lstrip().startswith(">>>"):
            literal = "doctest"
        elif (literal == "doctest" and not line) or (literal == "code" and line and not indented):
            literal = ""
        if indented and paragraph and made[-1] == "":
            made += ["::", ""]
            literal = "code"
        if line:
            paragraph = not line.startswith(NO_PARAGRAPH)
        parts = CODE.split(line)
        if not literal and "math::" not in line:
            parts[::2] = [MEANT_AS_IT_IS.sub(r"\\\g<0>", part) for part in parts[::2]]
        made.append(PLURAL.sub(r"\1\\ ", "".join(parts)))
    return made
