"""Addresses of data in files, one word of a recipe: `csv:FILE?target=…`."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from lcm_core.errors import unknown

__all__ = ["SCHEMES", "Address", "is_address", "read_address", "write_address"]

_TABLE = (
    "smiles", "target", "kind", "split", "split_column", "group", "features", "encoding",
    "delimiter", "header",
)  # fmt: skip
#: What an address may begin with, and the options behind its question mark.
SCHEMES: Mapping[str, tuple[str, ...]] = {
    "csv": _TABLE,
    "parquet": (*_TABLE[:7], "elements"),
    "graphs": (),
    "edges": (
        "nodes", "target", "features", "ends", "group", "level", "kind", "directed", "encoding",
        "delimiter",
    ),
}  # fmt: skip
LISTS = ("target", "features", "elements", "ends")
SAFE = "/\\:+@!$'()*,;~[]"  # signs that stand for themselves in a path


@dataclass(frozen=True)
class Address:
    """Where data are, and what is said about them.

    Attributes:
        scheme: one of `SCHEMES`.
        path: of a file or folder.
        options: what is said, by name; names of columns in tuples.
    """

    scheme: str
    path: str
    options: tuple[tuple[str, str | tuple[str, ...]], ...]

    def text(self, option: str, default: str = "") -> str:
        """An option of one word."""
        value = dict(self.options).get(option, default)
        assert isinstance(value, str)
        return value

    def names(self, option: str) -> tuple[str, ...]:
        """An option that lists columns."""
        value = dict(self.options).get(option, ())
        assert isinstance(value, tuple)
        return value


def is_address(name: object) -> bool:
    """Whether this is an address and no name of a task."""
    return isinstance(name, str) and name.partition(":")[0] in SCHEMES and ":" in name


def read_address(text: str) -> Address:
    """The parts of an address.

    Spaces and other signs that would end a word or an option are written as in the address of a
    web page: `my%20file.csv`, `target=a%26b`.

    >>> address = read_address("csv:my%20file.csv?target=NR-AR,SR-p53&split=random")
    >>> address.path, address.names("target"), address.text("split")
    ('my file.csv', ('NR-AR', 'SR-p53'), 'random')

    Raises:
        ValueError: no file, an unknown option, or one without a value.
    """
    scheme, _, rest = text.partition(":")
    path, _, query = rest.partition("?")
    if not path:
        raise ValueError(f"expected {scheme}:FILE?target=COLUMN, got {text!r}: it names no file")
    options: dict[str, str | tuple[str, ...]] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in SCHEMES[scheme]:
            raise unknown(f"option of {scheme}:FILE", name, SCHEMES[scheme])
        if not value:
            raise ValueError(f"expected {name}=VALUE in {text!r}, got {part!r}")
        if name in options:
            raise ValueError(f"{name} is given twice in {text!r}")
        several = tuple(unquote(each) for each in value.split(","))
        options[name] = several if name in LISTS else unquote(value)
    return Address(scheme, unquote(path), tuple(options.items()))


def write_address(scheme: str, path: str, **options: str | tuple[str, ...]) -> str:
    """The text of an address; options without a value are left out.

    >>> write_address("csv", "my file.csv", target=("a", "b & c"), split="")
    'csv:my%20file.csv?target=a,b%20%26%20c'
    """
    parts = [
        f"{name}={','.join(quote(each, safe='*') for each in value)}"
        if isinstance(value, tuple)
        else f"{name}={quote(value, safe='')}"
        for name, value in options.items()
        if value
    ]
    return f"{scheme}:{quote(path, safe=SAFE)}" + (f"?{'&'.join(parts)}" if parts else "")
