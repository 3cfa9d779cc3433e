"""Where a text uses words of the glossary."""

from __future__ import annotations

import re

__all__ = ["EVERYDAY", "split_at_terms"]

#: Words that are often meant in their everyday sense: linked only where they are bold.
EVERYDAY = set(
    "application bit block chain degree depth deviation edge element event fold interchange "
    "inverse jump law lift lower parameter plan rank record root round score seed span spread "
    "state stream swap task tree weight witness work".split()
)


def split_at_terms(text: str, terms: dict[str, str]) -> list[tuple[str, str]]:
    """A text in pieces, each with the term that it is to link to, or "".

    Args:
        text: plain text.
        terms: the words that are still to be linked, in lower case, and their terms; those found
            are removed.
    """
    pieces, done = [], 0
    words = sorted(terms, key=len, reverse=True)
    pattern = rf"(?<![\w-])({'|'.join(map(re.escape, words))})s?(?![\w-])"
    for found in re.finditer(pattern, text, re.IGNORECASE) if words else ():
        term = terms.pop(found[1].lower(), "")
        if term:
            pieces += [(text[done : found.start()], ""), (found[0], term)]
            done = found.end()
    return [*pieces, (text[done:], "")]
