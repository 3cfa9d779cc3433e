"""Files of text in any encoding: found by their bytes, or asked for by name."""

import codecs
import gzip
import re
import zlib
from typing import NamedTuple

__all__ = ["BROKEN", "Decoded", "decode"]

#: Stands for bytes that are no text in the file's encoding.
BROKEN = "\N{REPLACEMENT CHARACTER}"

_MARKS = (  # byte order marks, the longer ones first
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_FOREIGN = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"%PDF", "a PDF document", "bring the table as CSV"),
    (b"PAR1", "a Parquet file", "write parquet:FILE in place of csv:FILE"),
)
SAMPLE = 4096  # bytes in which zeros are counted


class Decoded(NamedTuple):
    """A text, and the name of the encoding that it was read in."""

    text: str
    encoding: str


def decode(contents: bytes, name: str, encoding: str = "") -> Decoded:
    """The text of a file; what cannot be decoded becomes `BROKEN`.

    A byte order mark decides; without one, UTF-16 is told by its zeros, and the rest is UTF-8 if
    most of its bytes beyond ASCII are that, else Latin-1 (or Windows' cp1252, where the bytes are
    letters there alone). Files compressed by gzip are expanded.

    Args:
        contents: of the file.
        name: of the file, for error messages.
        encoding: as Python names it, such as `latin-1`; "" to find it.

    Raises:
        ValueError: an unknown encoding, or a file that holds no text.
    """
    if contents.startswith(b"\x1f\x8b"):
        try:
            contents = gzip.decompress(contents)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"{name} is compressed by gzip, and cut off or damaged: {error}"
            ) from error
    for mark, what, remedy in _FOREIGN:
        if contents.startswith(mark):
            raise ValueError(f"expected a table as text in {name}, got {what}: {remedy}")
    if encoding:
        return _asked_for(contents, name, encoding)
    for mark, codec, title in _MARKS:
        if contents.startswith(mark):
            return Decoded(contents.decode(codec, "replace"), title)
    if order := _order_of_zeros(contents):
        return Decoded(contents.decode(f"utf-16-{order}", "replace"), "UTF-16")
    try:
        return Decoded(contents.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError as error:
        return _not_quite_utf8(contents, error.start)


def _asked_for(contents: bytes, name: str, encoding: str) -> Decoded:
    try:
        found = codecs.lookup(encoding)
        text, _ = found.decode(contents, "replace")
    except (LookupError, UnicodeError, ValueError) as error:
        raise ValueError(
            f"expected the name of an encoding for {name}, such as utf-8, utf-16, latin-1 or "
            f"cp1252, got {encoding!r} ({error})"
        ) from error
    if not isinstance(text, str):
        raise ValueError(f"expected an encoding of text for {name}, got {encoding!r}")
    return Decoded(text.removeprefix("\ufeff"), found.name)


def _order_of_zeros(contents: bytes) -> str:
    """The byte order of UTF-16 without a mark: Latin letters have a zero as their second half."""
    sample = contents[: min(SAMPLE, len(contents) // 2 * 2)]
    halves = sample[::2].count(0), sample[1::2].count(0)
    few, many = len(sample) // 40, len(sample) // 5
    if halves[1] > many and halves[0] <= few:
        return "le"
    return "be" if halves[0] > many and halves[1] <= few else ""


def _not_quite_utf8(contents: bytes, first_wrong: int) -> Decoded:
    """UTF-8 with some damage, or a text of one byte a character."""
    text = contents.decode("utf-8", "replace")
    wrong = text.count(BROKEN)
    right = len(re.findall(r"[^\x00-\x7f]", text)) - wrong
    if right >= wrong or first_wrong >= len(contents) - 3:
        return Decoded(text, "UTF-8, damaged")
    if re.search(rb"[\x80-\x9f]", contents):
        return Decoded(contents.decode("cp1252", "replace"), "cp1252")
    return Decoded(contents.decode("latin-1"), "Latin-1")
