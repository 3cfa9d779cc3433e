"""Which column holds what: said, or guessed by its name and its first values."""

from collections.abc import Callable, Collection, Sequence

from lcm_core.tasks.in_memory.splits import split_name
from lcm_core.tasks.tables.source import Table
from lcm_core.tasks.tables.values import is_blank, read_number

__all__ = [
    "GROUPS",
    "SAMPLE",
    "SMILES",
    "ColumnUnsaid",
    "find_by_name",
    "find_features",
    "find_smiles",
    "find_split",
    "find_targets",
]

SAMPLE = 500  # rows by which a column is judged
MOST_CLASSES = 20  # different texts of a column that is taken for classes

SMILES = (
    "smiles", "canonical_smiles", "isomeric_smiles", "smiles_canonical", "smiles_string", "smi",
    "rdkit_smiles", "cleaned_smiles", "structure", "mol", "molecule", "drug", "compound_smiles",
)  # fmt: skip
GROUPS = ("set", "set_id", "bag", "bag_id", "group", "group_id", "jet", "event", "cloud")
TARGETS = ("target", "targets", "label", "labels", "y", "class", "activity", "outcome", "value")
NOT_TARGETS = ("id", "index", "num", "no", "nr", "number", "row", "cid", "sid", "line", "", "split")


class ColumnUnsaid(ValueError):
    """No column, or several, can be meant: the reader has to say which.

    Attributes:
        option: of an address, that says it.
    """

    def __init__(self, option: str, message: str):
        super().__init__(message)
        self.option = option


def find_by_name(table: Table, names: Collection[str]) -> str:
    """The first column that has one of these names, capitals, spaces and signs aside; or ""."""
    wanted = [_plain(name) for name in names]
    found = [each for each in table.header if _plain(each) in wanted]
    return min(found, key=lambda each: wanted.index(_plain(each)), default="")


def find_smiles(
    table: Table, said: str, is_molecule: Callable[[str], bool], rows: Sequence[Sequence[str]]
) -> str:
    """The column of SMILES strings: the one that is said, named so, or whose values are.

    Args:
        table: of molecules.
        said: its name; "" to find it.
        is_molecule: whether a text can be read as a molecule.
        rows: the fields of the first rows.

    Raises:
        ValueError: there is none; the message lists the columns.
    """
    if said:
        table.column(said)
        return said
    if named := find_by_name(table, SMILES):
        return named
    for place, name in enumerate(table.header):
        texts = [row[place] for row in rows[:50] if not is_blank(row[place])]
        words = [text for text in texts if not _is_number(text, table)]
        if len(words) > len(texts) / 2 and sum(map(is_molecule, words)) > 0.7 * len(words):
            return name
    raise ColumnUnsaid(
        "smiles",
        f"expected a column of SMILES strings in {table.name}, such as one named smiles; found the "
        f"columns {_listed(table.header)}. Say smiles=COLUMN",
    )


def find_targets(
    table: Table, said: Sequence[str], others: Collection[str], rows: Sequence[Sequence[str]]
) -> list[str]:
    """The columns of targets: those that are said, or the one that can be meant.

    That is a column with a usual name, else the only one with numbers, else the only one with few
    different texts. `*` stands for all columns of numbers.

    Args:
        table: of items.
        said: their names; empty to find one.
        others: columns with another purpose.
        rows: the fields of the first rows.

    Raises:
        ValueError: an unknown column, or none or several that can be meant.
    """
    if said and tuple(said) != ("*",):
        for name in said:
            table.column(name)
        if twice := sorted({name for name in said if list(said).count(name) > 1 or name in others}):
            raise ValueError(f"expected each column in one place, got {', '.join(twice)} in two")
        return list(said)
    free = [n for n in table.header if n not in others and table.header.count(n) == 1]
    numbers = [n for n in free if _has_numbers(table, n, rows) and not _is_counter(table, n, rows)]
    if said:
        if not numbers:
            raise ValueError(
                f"target=* stands for columns of numbers, and {table.name} has none besides "
                f"{_listed(others)}: it has {_listed(table.header)}"
            )
        return numbers
    named = find_by_name(table, TARGETS)
    if named and named in free:
        return [named]
    classes = [n for n in free if n not in numbers and _has_classes(table, n, rows)]
    for candidates in (numbers, classes):
        if len(candidates) == 1:
            return candidates
        if candidates:
            break
    what = (
        f"{_listed(numbers or classes)} can be meant" if numbers or classes else "none has values"
    )
    raise ColumnUnsaid(
        "target",
        f"expected target=COLUMN for {table.name}: of its columns {_listed(table.header)}, {what}. "
        "Several are target=ONE,OTHER; all columns of numbers are target=*",
    )


def find_features(
    table: Table, said: Sequence[str], others: Collection[str], rows: Sequence[Sequence[str]]
) -> list[str]:
    """The columns of an element's features: those that are said, or all columns of numbers.

    Raises:
        ValueError: an unknown column, or no column of numbers.
    """
    if said:
        for name in said:
            table.column(name)
        return list(said)
    free = [name for name in table.header if name not in others]
    if found := [name for name in free if _has_numbers(table, name, rows)]:
        return found
    raise ValueError(
        f"expected columns of numbers in {table.name} besides {_listed(others)}, found none: it "
        f"has {_listed(table.header)}. Say features=COLUMN,COLUMN"
    )


def find_split(table: Table, others: Collection[str], rows: Sequence[Sequence[str]]) -> str:
    """The column that says train, validation or test in all of its first rows; "" without one."""
    for name in table.header:
        if name in others or table.header.count(name) > 1:
            continue
        splits = {split_name(value) for value in _values(table, name, rows)}
        if None not in splits and {"train", "validation"} <= splits:
            return name
    return ""


def _plain(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _values(table: Table, name: str, rows: Sequence[Sequence[str]]) -> list[str]:
    place = table.column(name)
    return [row[place].strip() for row in rows if not is_blank(row[place])]


def _is_number(text: str, table: Table) -> bool:
    return read_number(text, table.decimal) is not None


def _has_numbers(table: Table, name: str, rows: Sequence[Sequence[str]]) -> bool:
    values = _values(table, name, rows)
    return bool(values) and 2 * sum(_is_number(v, table) for v in values) > len(values)


def _is_counter(table: Table, name: str, rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column only numbers the rows: by its name, or as 1, 2, 3 …"""
    plain = _plain(name)
    if plain in NOT_TARGETS or plain.endswith(("id", "nr")) or plain.startswith("unnamed"):
        return True
    values = _values(table, name, rows)
    if len(values) < 3 or not all(value.isascii() and value.isdigit() for value in values):
        return False
    numbers = [int(value) for value in values]
    return all(after == before + 1 for before, after in zip(numbers, numbers[1:], strict=False))


def _has_classes(table: Table, name: str, rows: Sequence[Sequence[str]]) -> bool:
    values = _values(table, name, rows)
    return 2 <= len(set(values)) <= min(MOST_CLASSES, len(values) // 2)


def _listed(names: Collection[str]) -> str:
    shown = [repr(name) for name in list(names)[:12]]
    return ", ".join(shown) + (", …" if len(names) > 12 else "")
