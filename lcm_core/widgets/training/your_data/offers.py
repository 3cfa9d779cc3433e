"""What menus offer for a file, from its preview; and what is said by what is chosen in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lcm_core.tasks import DataPreview
from lcm_core.tasks.addresses import Address, read_address, write_address

__all__ = ["ROWS", "SEVERAL", "Offer", "missing", "offers", "row_of", "said_by"]

Options = list[tuple[str, str]]

#: What a row of the file is: in words, and what can then be said.
ROWS = {
    "molecule": ("a molecule", ("smiles", "target", "targets", "kind", "split")),
    "element": ("an element of a set", ("group", "target", "targets", "kind", "split")),
    "set": ("a whole set, in lists", ("elements", "target", "targets", "kind")),
    "edge": ("an edge of a graph", ("nodes", "group", "level", "target", "targets", "kind")),
}
#: What must be chosen before a file can be read like this.
NEEDED = {
    "element": ("group", "the column that says which set a row belongs to"),
    "set": ("elements", "the column that holds the lists"),
    "edge": ("nodes", "the file with the nodes, their features and targets"),
}
KINDS = {"yesno": "yes or no", "numbers": "numbers", "classes": "classes"}
SPLITS: Options = [
    ("by scaffold", "scaffold"),
    ("by scaffold, largest first", "ogb_scaffold"),
    ("at random", "random"),
]
SEVERAL = "…"  # is chosen where the list of targets has them
COLUMN = "column "  # before the name of a column that splits
IN_MENUS = (
    "smiles", "target", "kind", "split", "split_column", "group", "elements", "nodes", "level",
)  # fmt: skip


class Offer(NamedTuple):
    """The options of a menu, as (words, value), and the one that is chosen."""

    options: Options
    value: Any


def row_of(address: Address) -> str:
    """What a row is, of `ROWS`; "" for a folder of graphs."""
    if address.scheme in ("graphs", "edges"):
        return "edge" if address.scheme == "edges" else ""
    if address.scheme == "parquet" and address.names("elements"):
        return "set"
    return "element" if address.text("group") else "molecule"


def offers(
    found: DataPreview, said: Mapping[str, Any], row: str, several: bool = False
) -> dict[str, Offer]:
    """What each menu offers, by its name; others make no sense.

    The first option of a menu is what was found by itself.

    Args:
        found: of the file.
        said: options that the reader gave.
        row: one of `ROWS`; "" for a folder of graphs.
        several: whether several targets are being chosen.
    """
    if not row:
        return {}
    address = read_address(found.task)
    columns, head = _columns(found.columns), _columns(found.header)
    target = _names(said, "target")
    several = several or len(target) > 1
    answers = [option for option in columns if option[1] != found.found.get("smiles")]
    every = {
        "rows": Offer(_rows(address), row),
        "smiles": Offer(_found(found, said, "smiles") + columns, said.get("smiles", "")),
        "elements": Offer([("choose …", ""), *columns], (_names(said, "elements") or ("",))[0]),
        "nodes": Offer([], said.get("nodes", "")),
        "group": Offer(
            [("one graph" if row == "edge" else "choose …", ""), *head], said.get("group", "")
        ),
        "level": Offer(
            [("each node", ""), ("each graph", "graph")], said.get("level", "").replace("node", "")
        ),
        "target": Offer(
            [
                *_found(found, said, "target"),
                ("all columns of numbers", "*"),
                ("several …", SEVERAL),
                *answers,
            ],
            SEVERAL if several else (target or ("",))[0],
        ),
        "targets": Offer(answers, target if several else ()),
        "kind": Offer(
            _found(found, said, "kind") + [(words, kind) for kind, words in KINDS.items()],
            said.get("kind", ""),
        ),
        "split": Offer(_splits(address, said, row) + _by_column(columns), _split(said)),
        "options": Offer([], _others(said)),
    }
    used = ("rows", *ROWS[row][1], "options")
    return {name: every[name] for name in used if name != "targets" or several}


def missing(chosen: Mapping[str, Any]) -> str:
    """What must be chosen first, in a sentence; "" if nothing must.

    Args:
        chosen: the value of each menu.
    """
    name, what = NEEDED.get(chosen["rows"], ("", ""))
    if name and not chosen[name].strip():
        return f"Choose {what}."
    if chosen["target"] == SEVERAL and not chosen["targets"]:
        return "Choose the columns that are to be learned: hold Ctrl or ⌘ for several."
    return ""


def said_by(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Options for `preview_data`, from what is chosen in each menu.

    Raises:
        ValueError: a further option that is unknown, or no `name=value`.
    """
    row = chosen["rows"]
    said = {name: chosen[name] for name in ROWS[row][1] if name in IN_MENUS}
    if said["target"] == SEVERAL:
        said["target"] = tuple(chosen["targets"])
    split = said.get("split", "")
    if split.startswith(COLUMN):
        said["split_column"] = split.removeprefix(COLUMN)
    if row != "molecule" or split.startswith(COLUMN):
        said.pop("split", None)
    scheme = {"edge": "edges", "set": "parquet"}.get(row, "csv")
    words = "&".join(chosen["options"].split())
    said |= dict(read_address(f"{scheme}:x?{words}").options) if words else {}
    return {name: value for name, value in said.items() if value}


def _names(said: Mapping[str, Any], option: str) -> tuple[str, ...]:
    names = said.get(option, ())
    return (names,) if isinstance(names, str) else tuple(names)


def _rows(address: Address) -> Options:
    """What a row of such a file can be."""
    without = "edge" if address.scheme == "parquet" else "set"
    return [(words, name) for name, (words, _) in ROWS.items() if name != without]


def _columns(names: list[str]) -> Options:
    return [(name, name) for name in dict.fromkeys(names) if name]


def _found(found: DataPreview, said: Mapping[str, Any], name: str) -> Options:
    """The option that says nothing."""
    value = found.found.get(name, "")
    if name in said:
        return [("as found", "")]
    if not value:
        return [("choose …", "")]
    if isinstance(value, tuple):
        value = value[0] if len(value) == 1 else f"{len(value)} columns"
    return [(f"{KINDS.get(value, value)} (found)", "")]


def _by_column(columns: Options) -> Options:
    return [(f"by column {name}", COLUMN + name) for name, _ in columns]


def _splits(address: Address, said: Mapping[str, Any], row: str) -> Options:
    """The option that says nothing, and those without a column."""
    others = SPLITS if row == "molecule" else []
    column, split = address.text("split_column"), address.text("split", "scaffold")
    words = f"by column {column}" if column else {value: words for words, value in SPLITS}[split]
    if "split" in said or "split_column" in said:
        return [("as found", ""), *others]
    return [(f"{words if column or others else 'drawn'} (found)", ""), *others]


def _split(said: Mapping[str, Any]) -> str:
    if column := said.get("split_column"):
        return COLUMN + str(column)
    return str(said.get("split", ""))


def _others(said: Mapping[str, Any]) -> str:
    others = {name: value for name, value in said.items() if name not in IN_MENUS}
    return write_address("csv", "x", **others).partition("?")[2].replace("&", " ")
