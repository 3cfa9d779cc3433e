"""Mutated tables of molecules against an independent reader: python -m tests.fuzz_tables.

Each file is written with some encoding, delimiter, quotes and line ends, and then damaged: bytes
are changed, cut out or put in, lines are doubled, quotes opened, SMILES strings broken. The oracle
does not use Python's `csv`: it is the scanner below, which knows how the file was written. What is
asked: every molecule that was read has the string and the label of its own line; every row that is
whole is read; every other row is reported with its line; nothing raises but sentences.
"""

import argparse
import math
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path

from lcm_core.tasks.molecules.build import build_table
from lcm_core.tasks.molecules.read import Choices, gather_molecules, open_molecules, read_rows

__all__ = ["check_file", "main"]

SMILES = [f"{'C' * n}{end}" for n in range(1, 9) for end in ("O", "N", "c1ccccc1", "C1CC1", "Cl")]
BROKEN = ["C1CC", "c1ccccc", "C(C", "[Fe+7", "Xx", "C=#C", "(C)", "CC)"]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252")
DELIMITERS = (",", ";", "\t", "|")
LINE_ENDS = ("\n", "\r\n", "\r")
COMMENTS = ("", "fine", "très beau", "a, b; c", 'a "quoted" word', "two\nlines", "µ", "x" * 40)

#: What an exception may say: of a row, with its line; or of the file as a whole.
SENTENCES = re.compile(
    r"line \d+|expected a column of SMILES|expected target=COLUMN|unknown column of|"
    r"expected a table|expected rows of molecules|no value in|column .* holds texts|"
    r"expected one column|at least 2 classes|"
    r"targets that differ|compressed by gzip|no row of .* has both|spread is a finite number"
)


@dataclass
class File:
    """A table as it was written, and how."""

    contents: bytes
    encoding: str
    delimiter: str
    smiles: str
    target: str
    said: bool


def make_file(draw: random.Random) -> File:
    """A whole table, with one broken SMILES string or blank label here and there."""
    delimiter, end = draw.choice(DELIMITERS), draw.choice(LINE_ENDS)
    smiles, target = draw.choice(
        (("smiles", "target"), ("SMILES", "y"), ("canonical smiles", "pIC50"))
    )
    columns = [smiles, target, "comment"]
    draw.shuffle(columns)
    numbers = draw.random() < 0.5
    rows = [columns]
    for _ in range(draw.randint(3, 25)):
        text = draw.choice(BROKEN) if draw.random() < 0.1 else draw.choice(SMILES)
        label = f"{draw.uniform(-9, 9):.3f}" if numbers else draw.choice("01")
        label = draw.choice(("", "nan", "?")) if draw.random() < 0.1 else label
        values = {smiles: text, target: label, "comment": draw.choice(COMMENTS)}
        rows.append([values[name] for name in columns])
    always = draw.random() < 0.3

    def written(value: str) -> str:
        special = any(sign in value for sign in (delimiter, '"', "\n", "\r"))
        return '"' + value.replace('"', '""') + '"' if special or always else value

    text = "".join(delimiter.join(map(written, row)) + end for row in rows)
    encoding = draw.choice(ENCODINGS)
    if encoding in ("latin-1", "cp1252"):
        text = text.replace("\N{BULLET}", "")
    return File(text.encode(encoding), encoding, delimiter, smiles, target, draw.random() < 0.5)


def mutate(file: File, draw: random.Random) -> bytes:
    """The contents with up to three kinds of damage."""
    found = bytearray(file.contents)
    wide = 2 if "16" in file.encoding else 1
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        place = draw.randrange(len(found) + 1)
        place -= place % wide
        kind = draw.randrange(7)
        if kind == 0:
            del found[draw.randrange(len(found) // 2, len(found) + 1) :]  # cut off
        elif kind == 1 and place < len(found):
            found[place] = draw.randrange(256)
        elif kind == 2:
            del found[place : place + wide * draw.randint(1, 8)]
        elif kind == 3:
            sign = draw.choice(('"', file.delimiter, "\n", "\r", "\x00", " ", "é", "'", "0"))
            codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(file.encoding, file.encoding)
            found[place:place] = sign.encode(codec)
        elif kind == 4:
            found[place:place] = found[place : place + wide * draw.randint(1, 60)]  # doubled
        elif kind == 5:
            found[place:place] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 4)))
        elif kind == 6 and place < len(found):
            found[place] ^= 1 << draw.randrange(8)
        if not found:
            break
    return bytes(found)


def scan(text: str, delimiter: str) -> dict[int, list[str] | None]:
    """By the line where it begins, the fields of each row; None for one whose quotes are wrong.

    A row whose quotes do not close, or that runs over lines and has another number of fields than
    the header, costs its first line alone.
    """
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)
    rows: dict[int, list[str] | None] = {}
    width = number = 0
    while number < len(lines):
        fields, used = _row(lines, number, delimiter)
        if fields is not None and used > 1 and width and len(fields) != width:
            fields = None
        if fields is None:
            used = 1
        if fields is None or any(field.strip() for field in fields):
            rows[number + 1] = fields
            width = width or len(fields or ())
        number += used
    return rows


def _row(lines: list[str], number: int, delimiter: str) -> tuple[list[str] | None, int]:
    fields, field, state, used = [], "", "start", 0
    while number + used < len(lines):
        line = lines[number + used]
        used += 1
        for sign in line:
            if state == "start" and sign == '"':
                state = "quoted"
            elif state == "quoted":
                state, field = ("closing", field) if sign == '"' else (state, field + sign)
                if len(field) > 131072:
                    return None, 1
            elif state == "closing" and sign == '"':
                state, field = "quoted", field + '"'
            elif sign in "\r\n" and state != "quoted":
                break
            elif sign == delimiter:
                fields.append(field)
                field, state = "", "start"
            elif state == "closing":
                return None, 1
            elif state == "start" and sign == " " and delimiter != "\t":
                continue
            else:
                state, field = "plain", field + sign
        if state != "quoted":
            return [*fields, field], used
    return None, 1


def check_file(seed: int) -> str:
    """Make, damage and read a file; how it ended: "read", "read otherwise" or "refused".

    Raises:
        AssertionError: a label is not that of its line, a row is missing without a word, or a file
            that was not damaged was not read as it was written.
    """
    draw = random.Random(seed)
    file = make_file(draw)
    contents = mutate(file, draw)
    end = _check_contents(seed, file, contents)
    whole = contents == file.contents and _labels_differ(file)
    assert end == "read" or not whole, f"seed {seed}: a file without damage was {end}"
    return end


def _labels_differ(file: File) -> bool:
    """Whether a file as it was written has something to learn."""
    header, *rows = scan(_decoded(file, file.contents), file.delimiter).values()
    at, label_at = header.index(file.smiles), header.index(file.target)
    return len({row[label_at] for row in rows if row[at] in SMILES} - {"", "nan", "?"}) > 1


def _decoded(file: File, contents: bytes) -> str:
    codec = {"utf-8-sig": "utf-8"}.get(file.encoding, file.encoding)
    return contents.decode(codec, "replace").removeprefix("\ufeff")


def _check_contents(seed: int, file: File, contents: bytes) -> str:
    said = Choices(smiles=file.smiles, target=(file.target,)) if file.said else Choices()
    try:
        table = open_molecules(Path("mine.csv"), contents, said)
        rows = read_rows(table, said)
        values = rows.targets.finish()
        molecules = gather_molecules(rows, build_table(rows.smiles, "mine.csv"))
    except ValueError as error:
        if not SENTENCES.search(str(error)):
            raise AssertionError(f"seed {seed}: {error}") from error
        return "refused"
    kept = molecules.left_out
    assert len(molecules) + len(kept.rows) + kept.unlabelled == molecules.rows, f"seed {seed}"
    assert all(row.line > 0 and row.reason for row in kept.rows), f"seed {seed}"
    expected = scan(_decoded(file, contents), file.delimiter)
    header = next(iter(expected.values())) or []
    names = [name.strip() for name in header]
    at, label_at = (
        names.index(name) if name in names else -1
        for name in (rows.smiles_column, rows.target_columns[0])
    )
    same = (
        table.understood["delimiter"][0]
        == {",": "c", ";": "s", "\t": "t", "|": "b"}[file.delimiter]
    )
    if at < 0 or label_at < 0 or not same:
        return "read otherwise"  # the header itself is damaged
    raw = {line: values.y[row, 0] for row, line in enumerate(rows.lines)}
    read = set()
    for place in range(len(molecules)):
        line = int(molecules.lines[place])
        fields = expected.get(line)
        smiles = molecules.table.smiles[int(molecules.places[place])]
        assert fields is not None, f"seed {seed}: line {line} is no row"
        assert _same(fields[at], smiles), f"seed {seed}: line {line}: {fields} but {smiles!r}"
        label = raw[line]
        assert _means(fields[label_at], label, values.classes), (
            f"seed {seed}: line {line}: {fields} but {label}"
        )
        read.add(line)
    for line, fields in list(expected.items())[1:]:
        whole = fields is not None and len(fields) == len(header)
        if (
            whole
            and fields[at].strip() in SMILES
            and re.fullmatch(r"-?\d+(\.\d+)?", fields[label_at].strip())
        ):
            reported = any(row.line == line for row in kept.rows)
            assert line in read or (reported and values.kind != "numbers"), (
                f"seed {seed}: line {line} is missing: {fields}"
            )
    return "read"


def _same(one: str, other: str) -> bool:
    """Equal, signs beyond ASCII aside: a damaged file may be read in another encoding."""
    return [c for c in one.strip() if c < "\x80"] == [c for c in other.strip() if c < "\x80"]


def _means(text: str, value: float, classes: tuple[str, ...]) -> bool:
    if classes:
        return _same(text, classes[int(value)])
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return text.strip().lower() in ("yes", "true", "no", "false")
    return math.isclose(number, value, rel_tol=1e-9)


def main() -> None:
    """Check many files; prints how they ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first file")
    options = parser.parse_args()
    ends: dict[str, int] = {}
    started = time.perf_counter()
    for seed in range(options.first, options.first + options.files):
        end = check_file(seed)
        ends[end] = ends.get(end, 0) + 1
    seconds = time.perf_counter() - started
    said = ", ".join(f"{count:,} {end}" for end, count in sorted(ends.items()))
    print(f"{options.files:,} files in {seconds:.0f} s: {said}; no label of another line")


if __name__ == "__main__":
    main()
