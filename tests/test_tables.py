"""Tables as people have them: encodings, delimiters, quotes, columns, broken rows, splits."""

import csv
import itertools
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.utils import from_smiles

from lcm_core.files.decoding import decode
from lcm_core.files.delimited import find_dialect, read_rows
from lcm_core.tasks import MoleculeTask
from lcm_core.tasks.molecules import build
from lcm_core.tasks.molecules import read as reading
from lcm_core.tasks.molecules.featurise import featurise, parse
from lcm_core.tasks.molecules.splits import ogb_scaffold_split, random_split
from lcm_core.tasks.molecules.texts import Texts
from lcm_core.tasks.tables.source import open_table
from lcm_core.tasks.tables.values import TargetColumns, read_number

RINGS = [(f"C1{'C' * n}C1{end}", n % 2) for n in range(1, 11) for end in ("", "O", "N")]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    reading._load.cache_clear()
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def table(folder: Path, rows, header="smiles,target", name="mine.csv") -> Path:
    path = folder / name
    path.write_text(header + "\n" + "".join(f"{s},{y}\n" for s, y in rows), encoding="utf-8")
    return path


# --- what people reported of similar projects (the small inputs of shared/field)


def test_a_users_own_npz_beside_the_table_is_neither_read_nor_changed(tmp_path):
    path = table(tmp_path, RINGS)
    np.savez(path.with_suffix(".npz"), features=np.ones((36, 5)))
    before = path.with_suffix(".npz").read_bytes()
    assert len(MoleculeTask(path, split="random")) == len(RINGS)
    assert path.with_suffix(".npz").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.csv", "mine.npz"]


@pytest.mark.parametrize("large", [False, True], ids=["in memory", "through the cache"])
def test_a_line_break_in_a_quoted_string_shifts_no_label(tmp_path, monkeypatch, large):
    monkeypatch.setattr(build, "LARGE", 1 if large else 10**9)
    rows = [(f"C1CCCCC1{'C' * (k % 50)}", k % 2) for k in range(500)]
    rows += [("c1ccccc1\nbenzene", 1)]
    rows += [(f"C1CC1{'N' * (k % 20)}C", (k + 1) % 2) for k in range(90)]
    path = tmp_path / "n.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("smiles", "target"), *rows])
    task = MoleculeTask(path, split="random")
    assert len(task) == len(rows)
    assert task.y[:, 0].tolist() == [y for _, y in rows]
    assert [task.graph(i).smiles for i in range(len(task))] == [smiles for smiles, _ in rows]
    assert [task.line(i) for i in (0, 500, 501)] == [2, 502, 504]
    assert task.graph(502).num_nodes == from_smiles(rows[502][0]).num_nodes
    assert bool(list((tmp_path / "cache").glob("*")) if large else True)


def test_a_molecule_without_a_scaffold_costs_one_row_with_its_line(tmp_path):
    metal = "c1ccc2c(c1)c(no2[Zn])CS(=O)(=O)N"
    task = MoleculeTask(table(tmp_path, [RINGS[0], (metal, 0), *RINGS[1:]]), split="random")
    (row,) = task.left_out.rows
    assert (row.line, row.text) == (3, metal)
    assert "no scaffold" in row.reason
    assert len(task) == len(RINGS)


def test_rows_without_a_label_are_skipped_for_that_target_and_counted(tmp_path):
    rows = [
        f"{'' if k % 3 == 0 else k % 2},{k % 2 if k % 4 else ''},m{k},{smiles}"
        for k, (smiles, _) in enumerate(RINGS)
    ]
    path = tmp_path / "tox21.csv"
    path.write_text("NR-AR,SR-p53,mol_id,smiles\n" + "\n".join(rows) + "\n,,empty,CCO\n")
    one = MoleculeTask(path, target_column="NR-AR", split="random")
    assert len(one) == 20
    assert one.left_out.unlabelled == 11
    assert one.left_out.blanks == {"NR-AR": 11}
    assert one.left_out.rows == []
    both = MoleculeTask(path, target_column=["NR-AR", "SR-p53"], split="random")
    assert len(both) == 30 - 3  # every twelfth row has neither
    assert both.left_out.blanks == {"NR-AR": 11, "SR-p53": 9}
    assert (both.out_features, both.metric_name) == (2, "ROC-AUC")
    assert "NR-AR 11, SR-p53 9" in both.describe()
    batch = both.train_batch(0, 8, seed=0)
    outputs = torch.randn(8, 2, requires_grad=True)
    both.loss(outputs, batch).backward()
    assert torch.equal(outputs.grad == 0, batch.y.isnan())


def test_tox21_by_the_name_of_moleculenet(tmp_path, monkeypatch):
    path = tmp_path / "tox21.csv"
    path.write_text("NR-AR,mol_id,smiles\n0,a,CCO\n,b,c1ccccc1\n1,c,C1CC1\n0,d,CC\n1,e,CO\n")
    found = (path, "smiles", ["NR-AR"])
    monkeypatch.setattr("lcm_core.tasks.molecules.task.moleculenet_file", lambda name: found)
    task = MoleculeTask.from_moleculenet("Tox21", "NR-AR", split="random")
    assert (len(task), task.left_out.unlabelled) == (4, 1)


# --- text, however it is written

WORDS = "smiles;potency;Größe\nCCO;1,5;klein é\nCCN;2,5;groß\nCCCN;0,5;µ\n"


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("latin-1", "Latin-1"),
    ],
)
def test_the_encoding_is_found(encoding, title):
    assert decode(WORDS.encode(encoding), "mine.csv") == (WORDS, title)
    assert decode(WORDS.encode(encoding), "mine.csv", encoding).text == WORDS


def test_windows_letters_are_cp1252_and_one_damaged_byte_is_no_other_encoding():
    quotes = "smiles,name\nCCO,“ethanol” – 1 €\n"
    assert decode(quotes.encode("cp1252"), "mine.csv") == (quotes, "cp1252")
    text, title = decode(WORDS.encode()[:-3] + b"\xff" + WORDS.encode()[-3:], "mine.csv")
    assert title == "UTF-8, damaged"
    assert text.count("\N{REPLACEMENT CHARACTER}") >= 1


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"PK\x03\x04...", "expected a table as text in mine.csv, got an Excel workbook .* CSV"),
        (b"PAR1...", "got a Parquet file: write parquet:FILE"),
        (b"\x1f\x8b\x08half", "compressed by gzip, and cut off"),
    ],
)
def test_what_is_no_text_says_what_it_is(contents, message):
    with pytest.raises(ValueError, match=message):
        decode(contents, "mine.csv")


def test_an_unknown_encoding_is_explained():
    with pytest.raises(ValueError, match=r"such as utf-8, .* got 'klingon'"):
        decode(b"smiles", "mine.csv", "klingon")


@given(
    rows=st.lists(
        st.lists(st.text("ab,;\t|\"'é \n\r", max_size=6), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    always=st.booleans(),
)
def test_what_csv_writes_is_read_back_with_its_lines(rows, delimiter, end, always):
    import io

    rows = [["smiles", "target", "note"], *rows]
    buffer = io.StringIO()
    breaks = any(sign in field for row in rows for field in row for sign in "\r\n")
    # Python's own writer leaves a line break of another kind without quotes.
    quoting = csv.QUOTE_ALL if always or breaks else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    lines = []
    for row in rows:
        before = buffer.getvalue()
        lines.append(1 + len(before.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1)
        writer.writerow(row)
    found = list(read_rows(buffer.getvalue(), find_dialect(buffer.getvalue(), delimiter)))
    # Spaces after a delimiter are no part of a field; rows of spaces alone are left out.
    kept = [
        (line, row) for line, row in zip(lines, rows, strict=True) if any(f.strip() for f in row)
    ]
    assert [row.line for row in found] == [line for line, _ in kept]
    assert [[f.strip() for f in row.fields] for row in found] == [
        [f.strip() for f in row] for _, row in kept
    ]
    assert not any(row.problem for row in found)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_line_ends_are_found(delimiter, end):
    text = end.join(delimiter.join(row) for row in [("smiles", "y"), ("CCO", "1"), ("CCN", "2")])
    rows = list(read_rows(text, find_dialect(text)))
    assert [(row.line, row.fields) for row in rows] == [
        (1, ["smiles", "y"]),
        (2, ["CCO", "1"]),
        (3, ["CCN", "2"]),
    ]


def test_decimal_commas_do_not_hide_the_semicolons():
    rows = list(read_rows(WORDS, find_dialect(WORDS)))
    assert rows[1].fields == ["CCO", "1,5", "klein é"]
    assert (read_number("1,5", ","), read_number("1,5"), read_number("1_000")) == (1.5, None, None)


def test_excels_first_line_and_single_quotes_are_understood():
    text = "sep=;\nsmiles;y\nCCO;1\n"
    assert [row.fields for row in read_rows(text, find_dialect(text))] == [
        ["smiles", "y"],
        ["CCO", "1"],
    ]
    text = "'smiles','y'\n'C,O','1'\n"
    assert [row.fields for row in read_rows(text, find_dialect(text))][1] == ["C,O", "1"]


def test_a_quote_that_is_not_closed_costs_its_own_row():
    text = 'smiles,y,note\nCCO,1,fine\nCCN,0,"open\nCCC,1,fine\nCO,0,"closed"\nCN,1,fine\n'
    rows = list(read_rows(text, find_dialect(text)))
    assert [row.line for row in rows if not row.problem] == [1, 2, 4, 5, 6]
    (bad,) = [row for row in rows if row.problem]
    assert (bad.line, bad.fields) == (3, ['CCN,0,"open'])


def test_another_number_of_fields_costs_the_row():
    text = "smiles,y\nCCO,1\nCCN\nCCC,1,2\nCO,0,\n"
    rows = list(read_rows(text, find_dialect(text, ",")))
    assert [row.problem for row in rows] == [
        "", "", "expected 2 fields, found 1", "expected 2 fields, found 3", "",
    ]  # fmt: skip


# --- columns and values


@pytest.mark.parametrize(
    ("header", "rows", "smiles", "target"),
    [
        ("SMILES,pIC50", [("CCO", 1.5), ("CCN", 2.5)], "SMILES", "pIC50"),
        ("id,Canonical Smiles,y", [("1,CCO", 1.5), ("2,CCN", 2.5)], "Canonical Smiles", "y"),
        (
            "drug_name,structure_text,value",
            [("a,CCO", 1.5), ("b,CCN", 2)],
            "structure_text",
            "value",
        ),
        ("compound_id,smiles,logS", [("7,CCO", 1.5), ("3,CCN", 2)], "smiles", "logS"),
    ],
)
def test_columns_are_guessed(tmp_path, header, rows, smiles, target):
    path = table(tmp_path, rows * 3, header)
    choices = reading.Choices()
    found = reading.read_rows(reading.open_molecules(path, path.read_bytes(), choices), choices)
    assert (found.smiles_column, found.target_columns) == (smiles, [target])


def test_a_table_without_a_header_is_noticed(tmp_path):
    path = tmp_path / "mine.smi"
    path.write_text("".join(f"{s} {y}.5\n" for s, y in RINGS))
    task = MoleculeTask(path, split="random")
    assert len(task) == len(RINGS)
    assert task.understood["columns"] == "2, without a header"


@pytest.mark.parametrize("gap", ["", "\n", ";;\n"])
def test_a_spreadsheets_title_above_the_header_is_no_header(tmp_path, gap):
    path = tmp_path / "mine.csv"
    rows = "".join(f"{smiles};{y};\n" for smiles, y in RINGS)
    path.write_text(f"März 2025;;\n{gap}smiles;target;remark\n{rows}", encoding="latin-1")
    task = MoleculeTask(path, split="random")
    above = 1 + gap.count("\n")
    assert task.understood["header"] == f"line {above + 1}, below the title 'März 2025'"
    assert [task.line(i) for i in (0, 29)] == [above + 2, above + 31]
    assert task.y[:, 0].tolist() == [y for _, y in RINGS]


@pytest.mark.parametrize("header", [";smiles", "smiles;", "mine;;"])
def test_a_header_with_blank_names_stays_one(header):
    table = open_table(Path("mine.csv"), f"{header}\n0;CCO;1\n1;CC;0\n".encode())
    assert table.header[: header.count(";") + 1] == header.split(";")
    assert "header" not in table.understood


def test_several_columns_that_can_be_meant_are_listed(tmp_path):
    path = table(tmp_path, [("CCO,1.5", 2.5), ("CCN,2.5", 1)], "smiles,one,other")
    with pytest.raises(ValueError, match=r"expected target=COLUMN .* 'one', 'other' can be meant"):
        MoleculeTask(path)
    rows = [(f"{s},{y}", y / 2 + 1) for s, y in RINGS]
    path = table(tmp_path, rows, "smiles,one,other")
    assert MoleculeTask(path, target_column="*", split="random").out_features == 2


def test_a_missing_column_gets_the_nearest_names(tmp_path):
    with pytest.raises(ValueError, match=r"unknown column of mine.csv 'smile'.*'smiles'"):
        MoleculeTask(table(tmp_path, RINGS), smiles_column="smile")
    with pytest.raises(ValueError, match=r"expected a column of SMILES strings in mine\.csv"):
        MoleculeTask(table(tmp_path, [("hello", 1), ("world", 2)], "word,target"))


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = table(tmp_path, [("CCO,1", 2)], "smiles,y,y")
    with pytest.raises(ValueError, match=r"expected one column 'y' .* found 2: columns 2, 3"):
        MoleculeTask(path, target_column="y")


def columns_of(values: list[str], kind: str = "") -> TargetColumns:
    rows = [[value] for value in values]
    made = TargetColumns(["y"], [0], rows, kind)
    assert [made.add(row) for row in rows] == [""] * len(rows)
    return made


@pytest.mark.parametrize(
    ("values", "kind", "y"),
    [
        (["0", "1", "", "1.0"], "yesno", [0, 1, np.nan, 1]),
        (["yes", "No", "NA"], "yesno", [1, 0, np.nan]),
        (["active", "inactive"], "yesno", [1, 0]),
        (["Aktiv", "inaktiv"], "yesno", [1, 0]),
        (["1.5", "-2", "null"], "numbers", [1.5, -2, np.nan]),
        (["0", "1", "2"], "numbers", [0, 1, 2]),
        (["red", "blue", "", "red"], "classes", [1, 0, np.nan, 1]),
    ],
)
def test_the_kind_of_targets_is_found(values, kind, y):
    found = columns_of(values).finish()
    assert found.kind == kind
    np.testing.assert_array_equal(found.y[:, 0], y)


def test_classes_are_named_with_their_counts():
    """So that a remark in a column of two answers is seen, which makes a class of its own."""
    found = columns_of(["aktiv", "inaktiv", "inaktiv", "n. b.", ""]).finish()
    assert found.words == "classes: inaktiv 2, aktiv 1, n. b. 1"
    assert columns_of(list("abcdefg")).finish().words.endswith("d 1 and 3 more")


def test_the_kind_can_be_said(tmp_path):
    assert columns_of(["0", "1", "1"], "numbers").finish().kind == "numbers"
    assert columns_of(["3", "10", "3"], "classes").finish().classes == ("3", "10")
    assert columns_of(["pass", "fail", ""], "yesno").finish().y[:2, 0].tolist() == [1, 0]
    path = table(tmp_path, RINGS)
    assert MoleculeTask(path, kind="numbers", split="random").metric_name.startswith("root mean")


def test_one_wrong_value_costs_one_row(tmp_path):
    rows = [*[(s, y + 0.5) for s, y in RINGS], ("CCO", ">10"), ("CCN", "1e999"), ("CCC", 2.5)]
    task = MoleculeTask(table(tmp_path, rows), split="random")
    assert [(row.line, row.text) for row in task.left_out.rows] == [(32, "CCO"), (33, "CCN")]
    assert task.left_out.rows[0].reason == "column 'target': expected a number, found '>10'"
    assert len(task) == 31
    assert task.metric(task.y, task.y) == 0


@pytest.mark.parametrize("words", [{"0": 0, "1": 1}, {"No": 0, "yes": 1}])
def test_what_is_no_answer_to_yes_or_no_costs_its_row(tmp_path, words):
    names = {value: word for word, value in words.items()}
    rows = [*[(s, names[y]) for s, y in RINGS], ("CCO", "2"), ("CCN", "maybe"), ("CCC", "1.0")]
    task = MoleculeTask(table(tmp_path, rows), kind="yesno", split="random")
    assert [str(row) for row in task.left_out.rows] == [
        "line 32: 'CCO': column 'target': expected yes or no, found '2'",
        "line 33: 'CCN': column 'target': expected yes or no, found 'maybe'",
    ]
    assert task.y.flatten().tolist() == [*(y for _, y in RINGS), 1]
    assert task.metric_name == "ROC-AUC"


def test_a_column_without_a_yes_or_no_is_refused(tmp_path):
    path = table(tmp_path, [(s, 2 + y) for s, y in RINGS])
    with pytest.raises(ValueError, match=r"no value in column 'target'; .* yes or no, found '3'"):
        MoleculeTask(path, kind="yesno", split="random")
    path = table(tmp_path, [(s, "abc"[n % 3]) for n, (s, _) in enumerate(RINGS)])
    with pytest.raises(ValueError, match="expected yes or no in column 'target', found"):
        MoleculeTask(path, kind="yesno", split="random")


def test_copies_and_conflicts_are_counted_and_stay_on_one_side(tmp_path):
    rows = [*RINGS, ("OC1CC1", 1), ("c1ccccc1", 1), ("C1=CC=CC=C1", 0), ("CCO", 1), ("OCC", 1)]
    task = MoleculeTask(table(tmp_path, rows), split="random")
    assert task.left_out.copies == 3
    assert task.left_out.conflicts == [34]
    assert "of which 1 with another target (line 34)" in " ".join(task.left_out.sentences())
    for seed in range(20):
        parts = MoleculeTask(table(tmp_path, rows), split="random", split_seed=seed).members
        side = {int(i): name for name, members in parts.items() for i in members}
        assert side[31] == side[32]
        assert side[33] == side[34]


# --- splits


def test_a_conflict_is_with_the_first_value_of_each_target(tmp_path):
    path = table(tmp_path, [], header="smiles,a,b")
    copies = ["CCO,,5", "OCC,1,", "CCO,0,5", "OCC,1,6", "CCO,,"]
    path.write_text(path.read_text() + "".join(f"{row}\n" for row in [*copies, "C,0,1", "CC,1,2"]))
    task = MoleculeTask(path, target_column=["a", "b"], split="random")
    assert task.left_out.copies == 3  # the last row has no target
    assert task.left_out.conflicts == [4, 5]


def test_splits_by_a_column_and_given(tmp_path):
    names = ["train", "valid", "Test"]
    rows = [(f"{s},{y}", names[k % 3]) for k, (s, y) in enumerate(RINGS)]
    path = table(tmp_path, [*rows, ("CCO,1", "elsewhere")], "smiles,target,set")
    task = MoleculeTask(path, split_column="set")
    assert task.members["validation"].tolist() == list(range(1, 30, 3))
    assert "expected train, validation or test, found 'elsewhere'" in task.left_out.rows[0].reason
    splits = {"train": range(10), "validation": range(10, 20), "hard": [25, 26]}
    task = MoleculeTask(path, target_column="target", split=splits)
    assert task.splits == ("validation", "train", "hard")
    assert task.members["hard"].tolist() == [25, 26]
    with pytest.raises(ValueError, match="item 9 is in train and validation"):
        MoleculeTask(path, target_column="target", split={"train": range(10), "validation": [9]})
    with pytest.raises(ValueError, match="unknown split 'scafold': did you mean 'scaffold'"):
        MoleculeTask(path, target_column="target", split="scafold")


def plain_ogb(scaffolds: list[str]) -> dict[str, list[int]]:
    """The rule as written: the largest first, ties by the first molecule, later ones first."""
    groups = sorted(
        ([i for i, s in enumerate(scaffolds) if s == name] for name in dict.fromkeys(scaffolds)),
        key=lambda group: (len(group), group[0]),
        reverse=True,
    )
    found: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    count = len(scaffolds)
    for group in groups:
        so_far = len(found["train"])
        if so_far + len(group) > 0.8 * count:
            both = so_far + len(found["validation"]) + len(group)
            found["test" if both > 0.9 * count else "validation"] += group
        else:
            found["train"] += group
    return {name: sorted(members) for name, members in found.items()}


@given(st.lists(st.integers(0, 40), min_size=30, max_size=120))
def test_the_deterministic_split_is_the_rule_as_written(numbers):
    scaffolds = [str(n) for n in numbers]
    expected = plain_ogb(scaffolds)
    if all(expected.values()):
        found = ogb_scaffold_split(scaffolds)
        assert {name: members.tolist() for name, members in found.items()} == expected
    else:
        with pytest.raises(ValueError, match="too few"):
            ogb_scaffold_split(scaffolds)


@given(st.lists(st.integers(0, 60), min_size=40, max_size=120), st.integers(0, 50))
def test_a_random_split_loses_nothing_and_keeps_copies_together(identities, seed):
    try:
        parts = random_split(identities, seed)
    except ValueError:
        assert len(set(identities)) < 15
        return
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(identities)))
    found = [{identities[i] for i in members} for members in parts.values()]
    assert not any(one & other for one, other in itertools.combinations(found, 2))


# --- graphs and copies


def test_our_features_are_pygs():
    smiles = [s for s, _ in RINGS] + [
        "C", "[Na+].[Cl-]", "C[C@H](N)C(=O)O", "F/C=C/F", "c1ccc2c(c1)[nH]cc2", "[2H]C([2H])=O",
        "CS(=O)(=O)N=[N+]=[N-]", "C#N", "[O-][Cl+3]([O-])([O-])O", "B(O)O", "N[Pt](N)(Cl)Cl",
    ]  # fmt: skip
    for text in smiles:
        made, expected = featurise(parse(text)), from_smiles(text)
        assert list(made.x) == expected.x.flatten().tolist()
        assert made.ends == [tuple(pair) for pair in expected.edge_index.T.tolist()]
        assert list(made.edge_attr) == expected.edge_attr.flatten().tolist()


@given(st.lists(st.text(max_size=8), max_size=8))
def test_texts_of_any_signs_come_back(texts):
    whole = [text.encode("utf-8", "replace").decode() for text in texts]
    kept = Texts.of(texts)
    assert list(kept) == whole
    assert kept == whole
    assert kept[1:3] == whole[1:3]
    assert [kept[-1 - i] for i in range(len(kept))] == whole[::-1]


def test_a_large_table_is_kept_by_contents_and_version(tmp_path, cache, monkeypatch, capfd):
    monkeypatch.setattr(build, "LARGE", 5)
    path = table(tmp_path, [*RINGS, ("nonsense", 1)])
    first = MoleculeTask(path, split="random")
    (copy,) = cache.iterdir()
    assert copy.name.startswith("molecules-mine-csv-")
    err = capfd.readouterr().err
    assert "graphs of mine.csv: 31 of 31 molecules" in err
    assert "\r" not in err

    reading._load.cache_clear()
    monkeypatch.setattr(build, "build_table", None)  # not called again
    again = MoleculeTask(path, split="random")
    assert again.left_out.rows == first.left_out.rows
    assert torch.equal(again.y, first.y)
    assert [again.graph(i).smiles for i in range(30)] == [first.graph(i).smiles for i in range(30)]
    assert again.scaffolds == first.scaffolds
    monkeypatch.undo()
    monkeypatch.setenv("LCM_CORE_CACHE", str(cache))
    monkeypatch.setattr(build, "LARGE", 5)
    table(tmp_path, RINGS[1:])
    assert len(MoleculeTask(path, split="random")) == len(RINGS) - 1
    assert len(list(cache.iterdir())) == 2


def test_a_copy_of_another_reader_that_found_other_rows_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "LARGE", 5)
    path = table(tmp_path, RINGS)
    MoleculeTask(path, split="random")
    reading._load.cache_clear()
    rows = reading.TextTable.rows

    def rejecting(self):
        for row in rows(self):
            yield row._replace(problem="a later version says so") if row.line == 4 else row

    monkeypatch.setattr(reading.TextTable, "rows", rejecting)
    task = MoleculeTask(path, split="random")
    labels = {task.graph(item).smiles: int(task.y[item]) for item in range(len(task))}
    assert labels == dict(RINGS[:2] + RINGS[3:])


def test_without_a_cache_it_is_kept_in_memory_said_once(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LCM_CORE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(build, "LARGE", 5)
    with pytest.warns(UserWarning, match="kept in memory alone"):
        assert len(MoleculeTask(table(tmp_path, RINGS), split="random")) == len(RINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = table(tmp_path, RINGS[1:], name="other.csv")
        assert len(MoleculeTask(other, split="random")) == len(RINGS) - 1


def test_a_damaged_copy_is_made_again(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(build, "LARGE", 5)
    path = table(tmp_path, RINGS)
    MoleculeTask(path, split="random")
    (copy,) = cache.iterdir()
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    reading._load.cache_clear()
    assert len(MoleculeTask(path, split="random")) == len(RINGS)
    assert len(copy.read_bytes()) == len(whole)
    assert torch.load(copy, weights_only=True)["row"].tolist() == list(range(len(RINGS)))


def test_parquet_is_read_by_pandas_and_without_it_a_sentence_names_the_command(
    tmp_path, monkeypatch
):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "mine.parquet"
    frame = pandas.DataFrame(RINGS, columns=["smiles", "target"])
    frame.loc[3, "target"] = None
    frame.to_parquet(path)
    task = MoleculeTask(path, split="random")
    assert (len(task), task.left_out.unlabelled) == (len(RINGS) - 1, 1)
    assert [task.graph(i).smiles for i in (2, 3)] == [RINGS[2][0], RINGS[4][0]]
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    reading._load.cache_clear()
    with pytest.raises(
        ImportError, match=r"Parquet needs pandas.*pip install 'lcm-core\[tables\]'"
    ):
        MoleculeTask(path, split="random")
