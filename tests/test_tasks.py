"""Tasks against independent oracles: Python's sort, brute force, PyG's `from_smiles`, counting."""

import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from torch_geometric.data import Batch
from torch_geometric.utils import from_smiles
from torch_geometric.utils.smiles import e_map, x_map

from lcm_core.tasks import BBBP, MoleculeTask, SecondMinimum, SetBatch, make_task, task_names
from lcm_core.tasks.base import seeded_generator
from lcm_core.tasks.molecules.featurise import parse, scaffold
from lcm_core.tasks.molecules.scaffold_split import scaffold_split
from lcm_core.tasks.molecules.task import roc_auc
from lcm_core.tasks.sets.second_minimum import second_minimum_distribution


def integers(bits: torch.Tensor) -> list[int]:
    """Rows of bits, positive for 1, most significant first, as Python integers."""
    return [int("".join("1" if bit > 0 else "0" for bit in row), 2) for row in bits.tolist()]


def sets_of(batch: SetBatch) -> list[list[int]]:
    values, ptr = integers(batch.x), batch.ptr.tolist()
    return [values[a:b] for a, b in itertools.pairwise(ptr)]


def same_targets(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal, and NaN (no target) in the same places."""
    return torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())


# --- the registry

# HIV's graphs are made on first use, which takes a minute.
TASKS = [pytest.param(name, marks=[pytest.mark.slow] * (name == "hiv")) for name in task_names()]


@pytest.mark.parametrize("name", TASKS)
def test_every_task_can_be_made_and_describes_itself(name):
    task = make_task(name)
    assert task.name == name
    assert task.splits[0] == "validation"
    assert len(task.describe()) > 100


def test_an_unknown_task_gets_the_nearest_names():
    with pytest.raises(ValueError, match=r"unknown task 'secnd_minimum'.*'second_minimum'"):
        make_task("secnd_minimum")


def test_an_option_that_a_task_does_not_have_is_an_error():
    with pytest.raises(TypeError, match="bits"):
        make_task("bbbp", bits=8)


@pytest.mark.parametrize("name", TASKS)
def test_an_unknown_split_lists_the_splits(name):
    task = make_task(name)
    with pytest.raises(ValueError, match="no split 'valid'; choose from validation"):
        next(iter(task.batches("valid")))
    with pytest.raises(ValueError, match="no split"):
        task.baseline("valid")


@pytest.mark.parametrize("name", TASKS)
def test_a_training_batch_is_a_function_of_seed_and_step(name):
    task = make_task(name)
    first = task.train_batch(3, 16, seed=1)
    task.train_batch(4, 16, seed=1)
    torch.manual_seed(99)  # the global generator plays no part
    again = make_task(name).train_batch(3, 16, seed=1)
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.ptr, again.ptr)
    assert same_targets(task.targets(first), task.targets(again))
    for other in (task.train_batch(4, 16, seed=1), task.train_batch(3, 16, seed=2)):
        shorter = min(len(first.x), len(other.x))
        assert not torch.equal(first.x[:shorter], other.x[:shorter])


@pytest.mark.parametrize("name", TASKS)
def test_bad_steps_seeds_and_batch_sizes_are_named(name):
    task = make_task(name)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        task.train_batch(0, 0, seed=0)
    with pytest.raises(ValueError, match="integers from 0, got -1"):
        task.train_batch(0, 4, seed=-1)
    with pytest.raises(ValueError, match="integers from 0"):
        task.train_batch(-1, 4, seed=0)


@pytest.mark.parametrize("name", TASKS)
def test_evaluation_leaves_training_and_global_randomness_alone(name):
    task = make_task(name)
    before = torch.get_rng_state()
    expected = task.train_batch(7, 8, seed=0).x
    first = [task.targets(batch) for batch in task.batches()]
    second = [task.targets(batch) for batch in task.batches()]
    assert all(same_targets(a, b) for a, b in zip(first, second, strict=True))
    assert torch.equal(task.train_batch(7, 8, seed=0).x, expected)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["second_minimum", "median", "parity", "bbbp", "bace", "clintox"])
def test_the_loss_is_that_of_chance_for_silent_logits_and_falls_towards_the_targets(name):
    task = make_task(name)
    batch = task.train_batch(0, 32, seed=0)
    silent = torch.zeros(32, task.out_features)
    assert task.loss(silent, batch).item() == pytest.approx(np.log(2), rel=1e-6)
    assert task.loss(20 * (2 * task.targets(batch) - 1), batch).item() < 1e-6


# --- the second minimum


@given(st.integers(1, 12), st.lists(st.integers(2, 20), max_size=6), st.integers(0, 1000))
def test_targets_are_the_second_of_the_sorted_elements(bits, sizes, seed):
    batch = SecondMinimum(bits).draw(sizes, torch.Generator().manual_seed(seed))
    assert [len(elements) for elements in sets_of(batch)] == sizes == batch.sizes.tolist()
    assert batch.num_sets == len(sizes)
    assert integers(batch.y) == [sorted(elements)[1] for elements in sets_of(batch)]
    assert set(batch.x.unique().tolist()) <= {-1.0, 1.0}
    assert set(batch.y.unique().tolist()) <= {0.0, 1.0}


def test_the_second_smallest_of_3_3_5_is_3():
    batch = SecondMinimum(3).from_values(torch.tensor([5, 3, 3, 7, 0]), torch.tensor([3, 2]))
    assert integers(batch.y) == [3, 7]
    assert batch.x[0].tolist() == [1, -1, 1]  # 5 is 101


def test_the_widest_integers_do_not_overflow():
    batch = SecondMinimum(24).draw([16] * 500, torch.Generator().manual_seed(0))
    assert integers(batch.y) == [sorted(elements)[1] for elements in sets_of(batch)]


def test_training_mixes_all_sizes_from_2_to_16_in_one_batch():
    sizes = Counter(SecondMinimum().train_batch(0, 1500, seed=0).sizes.tolist())
    assert sorted(sizes) == list(range(2, 17))
    assert min(sizes.values()) > 60  # 100 of each are expected
    assert max(sizes.values()) < 140


def test_elements_are_uniform():
    batch = SecondMinimum(2).draw([2] * 20_000, torch.Generator().manual_seed(0))
    counts = Counter(integers(batch.x))
    assert all(abs(counts[value] - 10_000) < 400 for value in range(4))  # over four deviations


def test_validation_has_as_many_sets_of_each_size_and_the_others_one_size():
    task = SecondMinimum()
    sizes = Counter(int(s) for batch in task.batches("validation") for s in batch.sizes)
    assert sorted(sizes) == list(range(2, 17))
    assert set(sizes.values()) == {68}
    for n in (16, 32, 128):
        assert {int(s) for batch in task.batches(f"size {n}") for s in batch.sizes} == {n}


@pytest.mark.parametrize("sizes", [(2,), (3,), (5,), (2, 4), (2, 3, 4)])
def test_the_distribution_agrees_with_every_set_of_small_integers(sizes):
    counted = np.zeros(4)
    for n in sizes:
        for elements in itertools.product(range(4), repeat=n):
            counted[sorted(elements)[1]] += 1 / 4**n / len(sizes)
    np.testing.assert_allclose(second_minimum_distribution(sizes, bits=2), counted, atol=1e-12)


def test_the_baseline_is_the_score_of_always_answering_the_likeliest_value():
    task = SecondMinimum(bits=4)
    for split in task.splits:
        targets = torch.cat([batch.y for batch in task.batches(split)])
        best = max(
            task.metric(2 * task.to_bits(torch.full((len(targets),), v)) - 1, targets)
            for v in range(16)
        )
        baseline = task.baseline(split)
        assert abs(best - baseline) <= 4 * (baseline * (1 - baseline) / len(targets)) ** 0.5 + 1e-9
    assert SecondMinimum(8).baseline("size 128") == pytest.approx(0.18, abs=0.005)


def test_one_wrong_bit_makes_a_set_wrong():
    task = SecondMinimum(bits=3)
    targets = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    outputs = 2 * targets - 1
    assert task.metric(outputs, targets) == 1.0
    outputs[2, 1] = -0.1
    assert task.metric(outputs, targets) == 0.75


@pytest.mark.parametrize("bits", [0, 25, -3])
def test_bits_out_of_range_are_refused(bits):
    with pytest.raises(ValueError, match=f"bits must be from 1 to 24, got {bits}"):
        SecondMinimum(bits)


def test_a_set_too_small_for_a_second_smallest_is_refused():
    with pytest.raises(ValueError, match="at least 2 elements, got a set of 1"):
        SecondMinimum().draw([4, 1], torch.Generator())


def test_streams_of_neighbouring_words_differ():
    def draw(*words):
        return torch.randint(2**60, (1,), generator=seeded_generator("cpu", *words)).item()

    words = list(itertools.product(range(6), repeat=3))
    assert len({draw(*w) for w in words}) == len(words)


# --- molecules


@pytest.fixture(scope="module")
def bbbp() -> BBBP:
    return BBBP()


def table_file(folder: Path, rows: list[tuple[str, object]]) -> Path:
    path = folder / "table.csv"
    path.write_text("smiles,target\n" + "".join(f"{smiles},{y}\n" for smiles, y in rows))
    return path


# Twenty scaffolds, so that a tenth of the molecules is two groups of one.
RINGS = [(f"C1{'C' * n}C1{'O' * side}", n % 2) for n in range(1, 11) for side in (0, 1)] + [
    (f"O1{'C' * n}C1", n % 2) for n in range(1, 11)
]


def test_the_shipped_copy_is_used_and_loads_without_rdkit():
    code = "import sys; from lcm_core.tasks import BBBP; BBBP(); sys.exit('rdkit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_changed_csv_file_is_read_again(tmp_path):
    path = table_file(tmp_path, RINGS)
    assert len(MoleculeTask(path)) == len(RINGS)
    table_file(tmp_path, [*RINGS, ("CCO", 1)])
    task = MoleculeTask(path)
    assert task.graph(len(RINGS)).smiles == "CCO"


def test_batches_hold_the_graphs_of_from_smiles(bbbp):
    chosen = torch.tensor([0, 5, 2038, 17, 5])  # the first has a lone chlorine; one comes twice
    batch = bbbp._labelled(chosen).as_batch()
    expected = Batch.from_data_list([from_smiles(bbbp.graph(int(i)).smiles) for i in chosen])
    for name in ("x", "edge_index", "edge_attr", "batch", "ptr"):
        assert torch.equal(batch[name], expected[name]), name
    assert batch.num_graphs == 5
    assert batch.y.shape == (5, 1)
    assert batch.x.dtype == batch.edge_attr.dtype == torch.int64


def test_single_atoms_and_salts_are_nodes_without_edges(tmp_path):
    path = table_file(tmp_path, [*RINGS, ("C", 1), ("[Na+].[Cl-]", 0)])
    task = MoleculeTask(path)
    methane, salt = task.graph(len(RINGS)), task.graph(len(RINGS) + 1)
    assert (methane.num_nodes, methane.num_edges) == (1, 0)
    assert (salt.num_nodes, salt.num_edges) == (2, 0)
    batch = task._labelled(torch.tensor([len(RINGS), 0, len(RINGS) + 1])).as_batch()
    batch.validate()
    assert batch.ptr.diff().tolist() == [1, 3, 2]
    assert batch.edge_index.unique().tolist() == [1, 2, 3]


def test_cardinalities_are_pygs_and_bound_every_feature(bbbp):
    assert bbbp.node_cardinalities == tuple(len(values) for values in x_map.values())
    assert bbbp.edge_cardinalities == tuple(len(values) for values in e_map.values())
    for values, cardinalities in (
        (bbbp._molecules.table.x, bbbp.node_cardinalities),
        (bbbp._molecules.table.edge_attr, bbbp.edge_cardinalities),
    ):
        assert values.min() >= 0
        assert (values.max(dim=0).values < torch.tensor(cardinalities)).all()


def test_bbbp_has_the_counts_of_its_provenance(bbbp):
    assert len(bbbp) == 2039
    assert int(bbbp.y.sum()) == 1560
    assert "2,039 molecules" in bbbp.describe()
    assert "Rows left out: 0." in bbbp.describe()


def test_unparsable_strings_are_counted_with_their_lines_and_rdkit_is_silent(tmp_path, capfd):
    bad = [("C1CC", 1), ("c1ccccc", 0), ("", 1), ("[Fe+7]", 0), ("C(C)(C)(C)(C)C", 1)]
    task = MoleculeTask(table_file(tmp_path, [bad[0], *RINGS, *bad[1:]]))
    assert len(task) == len(RINGS)
    after = len(RINGS) + 3  # a header line, and the first of the bad ones
    assert [row.line for row in task.unparsable] == [2, after, after + 1, after + 2, after + 3]
    assert [row.text for row in task.unparsable] == [smiles for smiles, _ in bad]
    assert "no atoms" in task.unparsable[2].reason
    assert "no category" in task.unparsable[3].reason
    assert f"5 rows left out (lines 2, {after}, " in task.describe()
    assert sum(len(members) for members in task.members.values()) == len(RINGS)
    out, err = capfd.readouterr()
    assert out + err == ""


def test_a_table_without_any_molecule_asks_about_the_column(tmp_path):
    path = table_file(tmp_path, [("nonsense", 1), ("more", 0)])
    with pytest.raises(ValueError, match=r"none of the 2 rows of table.csv.*smiles_column"):
        MoleculeTask(path)


def test_a_missing_column_gets_the_nearest_names(tmp_path):
    with pytest.raises(ValueError, match=r"unknown column of table.csv 'smile'.*'smiles'"):
        MoleculeTask(table_file(tmp_path, RINGS), smiles_column="smile")


def test_a_target_that_is_neither_of_the_classes_costs_its_row_and_names_its_line(tmp_path):
    rows = [("CCO", 1), ("CCC", "2"), ("CCN", "yes"), ("CO", ""), ("CN", "nan"), *RINGS]
    task = MoleculeTask(table_file(tmp_path, rows), classes={"0": 0, "1": 1}, split="random")
    assert [(row.line, row.reason) for row in task.unparsable] == [
        (3, "column 'target': expected 0 or 1, found '2'"),
        (4, "column 'target': expected 0 or 1, found 'yes'"),
    ]
    assert (len(task), task.left_out.unlabelled) == (len(RINGS) + 1, 2)


def test_without_rdkit_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(ImportError, match=r"RDKit.*pip install 'lcm-core\[molecules\]'"):
        MoleculeTask(table_file(tmp_path, [*RINGS, ("CCCCO", 1)]))


def test_a_second_task_shares_the_molecules_and_cannot_change_them():
    first, second = BBBP(), BBBP()
    assert second._molecules is first._molecules
    before = first._molecules.table.x.clone()
    second.train_batch(0, 8, seed=0).x.zero_()
    second.graph(3).x.zero_()
    assert torch.equal(first._molecules.table.x, before)


def test_a_molecule_out_of_range_is_refused(bbbp):
    with pytest.raises(IndexError, match="from 0 to 2038, got 2039"):
        bbbp.graph(2039)


# --- scaffolds, splits, epochs


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCO", ""),
        ("Cc1ccccc1", "c1ccccc1"),
        ("c1ccc(CCc2ccccn2)cc1C", "c1ccc(CCc2ccccn2)cc1"),
        ("[Cl].CC(C)NCC(O)COc1cccc2ccccc12", "c1ccc2ccccc2c1"),  # a salt has its base's scaffold
        ("c1ccccc1.c1ccccc1", "c1ccccc1"),
    ],
)
def test_scaffolds_are_rings_and_what_joins_them(smiles, expected):
    assert scaffold(parse(smiles)) == expected


def test_stereoisomers_share_a_scaffold():
    left, right = "C[C@H]1CCC[C@@H]2CCCC[C@H]12", "C[C@H]1CCC[C@@H]2CCCC[C@@H]12"
    assert scaffold(parse(left)) == scaffold(parse(right)) != ""


@given(st.lists(st.integers(0, 60), min_size=60, max_size=200), st.integers(0, 100))
def test_no_scaffold_crosses_the_split_and_no_molecule_is_lost(groups, seed):
    names = [str(group) for group in groups]
    try:
        split = scaffold_split(names, seed)
    except ValueError:
        assert len(set(names)) < 40  # only a table of few scaffolds can fail
        return
    assert sorted(np.concatenate(list(split.values())).tolist()) == list(range(len(names)))
    scaffolds = {part: {names[i] for i in members} for part, members in split.items()}
    assert not scaffolds["train"] & scaffolds["validation"]
    assert not scaffolds["train"] & scaffolds["test"]
    assert not scaffolds["validation"] & scaffolds["test"]
    room = round(0.1 * len(names))
    assert len(split["validation"]) <= room
    assert len(split["test"]) <= room


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bbbp_splits_80_10_10_by_scaffold(seed):
    task = BBBP(split_seed=seed)
    assert {split: len(members) for split, members in task.members.items()} == {
        "train": 1631,
        "validation": 204,
        "test": 204,
    }
    names = np.array(task.scaffolds)
    parts = [set(names[members.numpy()]) for members in task.members.values()]
    assert not any(a & b for a, b in itertools.combinations(parts, 2))
    assert "c1ccccc1" in parts[0]  # 137 molecules: more than half of 204


def test_a_scaffold_of_more_than_half_a_validation_set_is_for_training():
    names = ["six"] * 6 + ["five"] * 5 + [str(i) for i in range(89)]
    splits = [scaffold_split(names, seed) for seed in range(30)]
    assert all({0, 1, 2, 3, 4, 5} <= set(split["train"].tolist()) for split in splits)
    assert {part for split in splits for part in split if 6 in split[part]} == set(splits[0])


def test_the_split_depends_on_its_seed_alone():
    names = [str(i // 2) for i in range(400)]
    first, again, other = (scaffold_split(names, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[part], again[part]) for part in first)
    assert not np.array_equal(first["test"], other["test"])
    assert BBBP().members["test"].tolist() == BBBP(split_seed=0).members["test"].tolist()


def test_too_few_scaffolds_for_a_split_are_an_error():
    with pytest.raises(ValueError, match="30 molecules with 1 scaffolds are too few"):
        scaffold_split(["same"] * 30)


@pytest.mark.parametrize("batch_size", [7, 24, 100])
def test_each_epoch_visits_every_training_molecule_once(tmp_path, batch_size):
    task = MoleculeTask(table_file(tmp_path, RINGS))
    members = task.members["train"]
    assert len(members) == 24
    steps = -(-3 * len(members) // batch_size)
    batches = [task.train_batch(step, batch_size, seed=5) for step in range(steps)]
    assert all(batch.num_graphs == batch_size for batch in batches)
    seen = [
        tuple(map(int, (graph.x.sum() * 1000 + graph.x.shape[0], graph.edge_attr.sum())))
        for batch in batches
        for graph in split_batch(batch)
    ]
    keys = [
        tuple(map(int, (g.x.sum() * 1000 + g.x.shape[0], g.edge_attr.sum())))
        for g in map(task.graph, members.tolist())
    ]
    epochs = [seen[start : start + 24] for start in (0, 24, 48)]
    assert len(set(keys)) > 12
    assert all(Counter(epoch) == Counter(keys) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def split_batch(batch: Batch):
    """The graphs of a batch, cut by `ptr`: features of atoms, and bonds by their first atom."""
    for b, (start, end) in enumerate(itertools.pairwise(batch.ptr.tolist())):
        edges = batch.batch[batch.edge_index[0]] == b
        yield Batch(x=batch.x[start:end], edge_attr=batch.edge_attr[edges])


# --- ROC-AUC


def test_roc_auc_of_a_case_counted_by_hand():
    # Positives .8, .4; negatives .4, .1, .6. Of 6 pairs 4 are in order, 1 is tied: 4.5 / 6.
    outputs = torch.tensor([[0.8], [0.4], [0.4], [0.1], [0.6]])
    targets = torch.tensor([[1.0], [1], [0], [0], [0]])
    assert roc_auc(outputs, targets) == pytest.approx(4.5 / 6)
    assert roc_auc(-outputs, targets) == pytest.approx(1.5 / 6)


def test_a_constant_answer_has_the_baseline(bbbp):
    for split in bbbp.splits:
        targets = torch.cat([bbbp.targets(batch) for batch in bbbp.batches(split)])
        assert bbbp.baseline(split) == 0.5
        assert bbbp.metric(torch.full_like(targets, 0.3), targets) == 0.5


@given(st.integers(0, 2**31), st.integers(2, 60), st.sampled_from([2, 5, 10**6]))
def test_roc_auc_is_that_of_scikit_learn(seed, count, levels):
    draw = np.random.default_rng(seed)
    outputs = (draw.integers(levels, size=count) / levels).astype("float32")
    labels = draw.permuted(np.arange(count) % draw.integers(2, count + 1) == 0)
    ours = roc_auc(torch.from_numpy(outputs)[:, None], torch.from_numpy(labels)[:, None].float())
    assert ours == pytest.approx(roc_auc_score(labels, outputs), abs=1e-12)


def test_roc_auc_of_nan_says_so():
    outputs, targets = torch.tensor([[1.0], [torch.nan]]), torch.tensor([[0.0], [1.0]])
    with pytest.raises(ValueError, match="1 of the 2 given are NaN"):
        roc_auc(outputs, targets)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_roc_auc_of_one_class_says_so(value):
    with pytest.raises(ValueError, match=rf"needs both; the 3 targets given have \[{value}\]"):
        roc_auc(torch.rand(3, 1), torch.full((3, 1), value))
