"""Anybody's data reach recipes, the command line and previews: files, addresses, graphs, sets."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from lcm_core import Recipe, fit, make_task, preview_data, register_task
from lcm_core.tasks.addresses import is_address, read_address, write_address
from lcm_core.tasks.registry import TASKS
from lcm_core.train import main
from lcm_core.training import Trainer

SMALL = "channels=8 steps=4 batch_size=8 log_every=2 eval_every=4 device=cpu"
pytestmark = pytest.mark.usefixtures("tasks_forgotten")

ENDS = ("", "O", "N", "F", "Cl", "Br", "S", "OC", "NC")
RINGS = [(f"C1{'C' * n}C1{end}", n % 2) for n in range(1, 11) for end in ENDS]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def molecules(path: str = "mine.csv", rows=RINGS, header: str = "smiles,target") -> str:
    text = "".join(f"{smiles},{y}\n" for smiles, y in rows)
    Path(path).write_text(f"{header}\n{text}", encoding="utf-8")
    return path


# --- addresses


def test_an_address_is_one_word_and_comes_back() -> None:
    options = {"target": ("a b", "c,d&e"), "split": "random", "kind": ""}
    text = write_address("csv", "my files/ä?.csv", **options)
    assert len(text.split()) == 1
    found = read_address(text)
    assert (found.path, found.names("target")) == ("my files/ä?.csv", ("a b", "c,d&e"))
    assert (found.text("split"), found.text("kind")) == ("random", "")
    assert is_address(text)
    assert not is_address("bbbp")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("csv:", "names no file"),
        ("csv:a.csv?tarket=y", r"unknown option of csv:FILE 'tarket': did you mean 'target'"),
        ("csv:a.csv?target=", "expected target=VALUE"),
        ("csv:a.csv?target=a&target=b", "target is given twice"),
        ("csv:a.csv?smiles=a&elements=b", "unknown option of csv:FILE 'elements'"),
    ],
)
def test_a_wrong_address_is_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_address(text)


# --- molecules


def test_a_file_is_a_task_of_a_recipe() -> None:
    molecules("my file.csv")
    recipe = Recipe.parse(f"task=csv:my%20file.csv?target=target&split=random split_seed=1 {SMALL}")
    assert Recipe.parse(recipe.text()) == recipe
    assert Recipe.parse(recipe.text(full=True)) == recipe
    assert recipe.split_seed == 1
    result = fit(recipe)
    assert 0 <= result.score("test") <= 1
    assert len(result.records) == 2


def test_a_file_can_be_registered_under_a_name() -> None:
    molecules()
    for _ in range(2):  # a cell may run again
        register_task("mine", file="mine.csv", target="target", split="random")
    assert len(make_task("mine")) == len(RINGS)
    fit(f"task=mine split_seed=2 {SMALL}")
    splits = {"train": range(60), "validation": range(60, 75), "test": range(75, 90)}
    register_task("given", file="mine.csv", splits=splits)
    assert make_task("given").members["test"].tolist() == list(range(75, 90))
    assert Recipe(task="given").text() == "task=given"
    register_task("hard", file="mine.csv", splits={**splits, "hard": [5], "train": range(5)})
    assert Recipe(task="hard", eval_splits="hard").further_splits == ("hard",)
    with pytest.raises(TypeError, match="has no option 'split_seed'"):
        Recipe(task="given", split_seed=1)


def test_the_task_of_an_address_follows_its_file() -> None:
    molecules()
    assert len(make_task("csv:mine.csv?split=random")) == 90
    molecules(rows=RINGS[:20])
    assert len(make_task("csv:mine.csv?split=random")) == 20


def test_numbers_and_several_targets_train() -> None:
    rows = [(f"{s},{'' if k % 4 == 0 else y},{k / 7}", k % 3 - 1) for k, (s, y) in enumerate(RINGS)]
    molecules(rows=rows, header="smiles,toxic,logS,code")
    for target, metric, width in (
        ("logS", "root mean squared error", 1),
        ("toxic,logS", "root mean squared error", 2),
        ("toxic", "ROC-AUC", 1),
    ):
        trainer = Trainer(Recipe.parse(f"task=csv:mine.csv?target={target}&split=random {SMALL}"))
        records = list(trainer.records())
        assert trainer.task.metric_name == metric
        assert trainer.task.out_features == width
        assert np.isfinite(records[-1].metric)
    scores = trainer.scores("train")
    assert set(scores) == {"train"}
    trainer = Trainer(Recipe.parse(f"task=csv:mine.csv?target=toxic,logS&split=random {SMALL}"))
    assert set(trainer.scores("train")) == {"train", "train: toxic", "train: logS"}
    assert set(trainer.constant_scores("train")) == set(trainer.scores("train"))


def test_the_command_line_trains_on_a_file(capsys) -> None:
    molecules()
    assert main([f"task=csv:mine.csv?target=target&split=random {SMALL}"]) == 0
    assert "90 molecules" in capsys.readouterr().out
    assert main([f"task=csv:none.csv {SMALL}"]) == 2
    assert "there is no file none.csv" in capsys.readouterr().err
    Path("empty.csv").write_text("")
    assert main([f"task=csv:empty.csv {SMALL}"]) == 2
    assert "expected a table in empty.csv, got an empty file" in capsys.readouterr().err


# --- previews


def test_a_preview_says_what_was_understood() -> None:
    rows = [*RINGS, ("C1CC", 1), ("OC1CC1", 0), ("CCO", ""), ("c1ccccc1", "2.5x")]
    molecules(rows=rows)
    found = preview_data("mine.csv", split="random")
    assert found.ok
    assert found.task == "csv:mine.csv?split=random"
    assert found.splits == {"train": 73, "validation": 9, "test": 9}
    assert found.found == {"smiles": "smiles", "target": ("target",), "kind": "yesno"}
    assert found.header == ["smiles", "target"]
    assert found.rows == [[s, str(y)] for s, y in RINGS[:10]]
    assert found.understood == {
        "encoding": "UTF-8",
        "delimiter": "comma",
        "columns": "2",
        "molecules": "smiles",
        "targets": "target (yes or no)",
    }
    assert found.counts == {
        "rows": 94, "tried": 94, "left out": 2, "without a target": 1, "copies": 1, "conflicts": 1,
    }  # fmt: skip
    assert found.left_out_rows == [
        {"line": 92, "text": "C1CC", "reason": "RDKit cannot read it"},
        {
            "line": 95,
            "text": "c1ccccc1",
            "reason": "column 'target': expected a number, found '2.5x'",
        },
    ]
    json.dumps(asdict(found))


def test_a_preview_shows_the_rows_where_a_column_must_be_said() -> None:
    molecules(rows=[(f"{s},{y}", y + 0.5) for s, y in RINGS], header="smiles,one,other")
    found = preview_data("mine.csv")
    assert "expected target=COLUMN" in found.error
    assert found.header == ["smiles", "one", "other"]
    assert len(found.rows) == 10
    said = preview_data("mine.csv", target="one", split="random")
    assert said.ok
    assert said.task == "csv:mine.csv?target=one&split=random"
    assert "no file" in preview_data("none.csv").error
    assert "did you mean 'target'" in preview_data("mine.csv", tarket="y").error


def test_a_preview_suggests_what_would_make_sense() -> None:
    molecules()
    found = preview_data("mine.csv")  # as training would say
    assert "too few for a scaffold split" in found.error
    assert found.suggested == {"split": "random"}
    assert preview_data("mine.csv", **found.suggested).ok
    rows = [(s, f"{y},{('train', 'VALID', 'test')[k % 3]}") for k, (s, y) in enumerate(RINGS)]
    molecules(rows=rows, header="smiles,target,part")
    found = preview_data("mine.csv")
    assert found.suggested == {"split_column": "part"}
    assert preview_data("mine.csv", **found.suggested).splits["validation"] == 30
    assert preview_data("mine.csv", split="random").suggested == {}
    write_bags(bags())
    found = preview_data("bags.csv", target="total")
    assert "expected a column of SMILES strings" in found.error
    assert found.suggested == {"group": "bag"}


def test_a_preview_of_a_long_table_reads_some_molecules(monkeypatch) -> None:
    monkeypatch.setattr("lcm_core.tasks.preview.TRIED", 20)
    molecules(rows=[*RINGS, ("nonsense", 1)])
    found = preview_data("mine.csv")
    assert (found.counts["rows"], found.counts["tried"]) == (91, 20)
    assert "first 20 rows" in found.left_out[-1]


# --- sets


def bags() -> list[tuple[str, float, float, str]]:
    draw = np.random.default_rng(0)
    rows = []
    for bag in range(40):
        points = draw.normal(size=(1 + bag % 4, 2)).round(3)
        rows += [(f"bag{bag}", float(x), float(y), f"{points.sum():.3f}") for x, y in points]
    return rows


def write_bags(rows, path: str = "bags.csv", header: str = "bag,x,y,total") -> None:
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    Path(path).write_text(f"{header}\n{text}", encoding="utf-8")


def test_rows_of_a_table_are_elements_of_sets() -> None:
    rows = bags()
    order = np.random.default_rng(1).permutation(len(rows))
    write_bags([rows[i] for i in order])
    address = "csv:bags.csv?group=bag&target=total"
    task = make_task(address)
    assert (task.kind, task.in_features, len(task.data_targets.y)) == ("sets", 2, 40)
    first = rows[order[0]][0]
    mine = [rows[i][1:3] for i in order if rows[i][0] == first]
    assert torch.allclose(task.batch_of(torch.tensor([0])).x, torch.tensor(mine))
    assert TASKS[address] is TASKS[address]
    assert np.isfinite(fit(f"task={address} associativity=0.1 {SMALL}").score("test"))


def test_what_is_wrong_in_a_table_of_sets_is_reported() -> None:
    rows = [*bags(), ("bag0", "high", 1, "3"), ("bag1", 0.5, 0.5, "77"), ("", 1, 1, "1")]
    write_bags(rows)
    task = make_task("csv:bags.csv?group=bag&target=total")
    last = len(rows) + 1
    assert [(row.line, row.reason) for row in task.left_out.rows] == [
        (last - 2, "column 'x': expected a number, found 'high'"),
        (last - 1, "its 'total' differs from earlier rows of the set; the set is left out"),
        (last, "column 'bag' is blank"),
    ]
    assert len(task.data_targets.y) == 39
    found = preview_data("bags.csv", group="bag", target="total")
    assert found.counts["left out"] == 3
    assert found.understood["features"] == "x, y"
    assert len(found.rows) == 10


def test_a_column_splits_sets() -> None:
    rows = [(*row, ("train", "valid", "test", "else")[int(row[0][3:]) % 4]) for row in bags()]
    write_bags(rows, header="bag,x,y,total,set")
    task = make_task("csv:bags.csv?group=bag&target=total&split_column=set")
    assert {name: len(m) for name, m in task.members.items()} == {
        "validation": 10, "train": 10, "test": 10,
    }  # fmt: skip
    assert len(task.left_out.rows) == 10


def test_ragged_parquet() -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    lists = [np.arange(n % 4 + 1, dtype=float) for n in range(30)]
    frame = {"values": lists, "points": [np.stack([v, -v], 1).tolist() for v in lists]}
    frame["total"] = [float(v.sum()) for v in lists]
    frame["values"][5] = None
    pandas.DataFrame(frame).to_parquet("ragged.parquet")
    task = make_task("parquet:ragged.parquet?elements=values&target=total")
    assert (task.in_features, len(task.data_targets.y)) == (1, 29)
    assert task.left_out.rows[0].line == 6
    register_task("points", file="ragged.parquet", elements="points", target="total")
    assert make_task("points").in_features == 2
    fit(f"task=points {SMALL}")


# --- graphs


def rings(count: int = 12, of_nodes: bool = False) -> list[Data]:
    graphs = []
    for number in range(count):
        n = 3 + number % 4
        ring = torch.arange(n)
        edges = torch.stack([ring, (ring + 1) % n])
        y = torch.arange(n).float() if of_nodes else torch.tensor([float(n)])
        graphs.append(Data(x=torch.ones(n, 2) * n, edge_index=edges, y=y))
    return graphs


def test_a_folder_of_graphs(tmp_path) -> None:
    for number, graph in enumerate(rings()):
        held = [graph, dict(graph.to_dict()), [graph]][number % 3]
        (tmp_path / "some").mkdir(exist_ok=True)
        torch.save(held, tmp_path / "some" / f"graph_{number}.pt")
    (tmp_path / "some" / "graph_3b.pt").write_bytes(b"half")
    task = make_task("graphs:some")
    assert task.data_table.sizes.tolist() == [3 + n % 4 for n in range(12)]
    (bad,) = task.left_out.rows
    assert (bad.line, bad.text) == (5, "graph_3b.pt")
    assert "1 row left out" in task.describe()
    fit(f"task=graphs:some {SMALL}")
    register_task("rings", file="some")
    assert make_task("rings").kind == "graphs"
    with pytest.raises(FileNotFoundError, match="there is no file or folder none"):
        make_task("graphs:none")


def change(graph: Data, **fields: Any) -> Data:
    changed = graph.clone()
    for name, value in fields.items():
        changed[name] = value
    return changed


@pytest.mark.parametrize("of_nodes", [False, True])
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"x": torch.ones(5, 3)}, "expected x with 2 features, as most graphs have, found x with"),
        ({"x": None}, "expected x with 2 features, as most graphs have, found no x"),
        ({"x": torch.ones(4, 2)}, r"expected edges between nodes 0 to 3 in the graph, got node 4"),
        ({"x": torch.full((5, 2), torch.nan)}, r"expected finite x, got \[nan, nan\]"),
        ({"edge_index": torch.tensor([[0], [9]])}, "expected edges .* in the graph, got node 9"),
        ({"edge_index": torch.ones(2, 1)}, "expected edge_index of the graph to be whole numbers"),
        ({"edge_attr": torch.ones(5, 1)}, "expected no edge_attr, as most graphs have"),
        ({"y": None}, "expected targets=.*, or a y in each graph: the graph has none"),
        ({"y": torch.tensor([1.0, 2.0])}, "expected a y with 1 for .*, as most graphs have"),
        ({"y": torch.full((5, 1), torch.nan)}, "expected finite numbers as y|a y of shape"),
        ({"y": "five"}, "expected numbers as y of the graph"),
    ],
)
def test_a_bad_graph_costs_itself_alone(tmp_path, of_nodes, fields, reason) -> None:
    graphs = rings(of_nodes=of_nodes)
    graphs[2] = change(graphs[2], **fields)
    (tmp_path / "some").mkdir()
    for number, graph in enumerate(graphs[:9]):
        held = dict(graph.to_dict()) if number == 2 else graph
        torch.save(held, tmp_path / "some" / f"graph_{number}.pt")
    torch.save([*graphs[9:], graphs[2]], tmp_path / "some" / "graph_10.pt")
    task = make_task("graphs:some")
    first, second = task.left_out.rows
    assert (first.line, first.text) == (3, "graph_2.pt")
    assert (second.line, second.text) == (10, "graph_10.pt, graph 3")
    assert re.search(reason, first.reason)
    assert second.reason == first.reason
    assert len(task.data_table) == 11
    assert task.kind == ("nodes" if of_nodes else "graphs")
    with pytest.raises(ValueError, match=r"splits count the graphs .*'graph_2.pt'"):
        register_task("bad", file="some", splits={"train": range(8), "validation": range(8, 11)})


def test_a_folder_of_bad_graphs_names_the_first(tmp_path) -> None:
    graphs = [change(graph, y=None) if n % 3 else graph for n, graph in enumerate(rings())]
    torch.save(graphs, "mine.pt")
    with pytest.raises(ValueError, match=r"8 of the 12 graphs .*'mine.pt, graph 1': .* has none"):
        make_task("graphs:mine.pt")


def test_a_file_of_graphs_can_run_no_code(tmp_path) -> None:
    class Trap:
        def __reduce__(self):
            return (Path("harm").write_text, ("done",))

    torch.save(Trap(), "trap.pt")
    with pytest.raises(ValueError, match="none of the 1 files could be read"):
        make_task("graphs:trap.pt")
    assert not Path("harm").exists()


@pytest.mark.parametrize("readout", ["symmetrized_gru associativity=0.1", "max", "gru_fold"])
def test_targets_of_nodes(readout: str) -> None:
    register_task("nodes", graphs=rings(of_nodes=True))
    task = make_task("nodes")
    assert task.kind == "nodes"
    batch = task.train_batch(0, 3, seed=0)
    assert batch.y.shape == (batch.num_nodes, 1)
    trainer = Trainer(Recipe.parse(f"task=nodes readout={readout} layers=1 {SMALL}"))
    assert np.isfinite(list(trainer.records())[-1].metric)
    outputs = trainer.model(batch)
    assert outputs.shape == batch.y.shape


def test_a_node_hears_itself_and_its_neighbours() -> None:
    register_task("nodes", graphs=rings(of_nodes=True))
    trainer = Trainer(Recipe.parse(f"task=nodes readout=sum layers=0 {SMALL}"))
    batch = trainer.task.train_batch(0, 3, seed=0)
    x, ptr = trainer.model.elements(batch)
    states = trainer.model.to_elements(trainer.model.nodes(batch))
    for node in range(len(states)):
        neighbors = batch.edge_index[0][batch.edge_index[1] == node]
        expected = torch.cat([states[node, None], states[neighbors]])
        assert torch.equal(x[ptr[node] : ptr[node + 1]], expected)


def test_one_graph_with_masks_trains_on_its_own_nodes() -> None:
    (graph,) = rings(1)
    graph = Data(
        x=torch.randn(30, 4),
        edge_index=torch.stack([torch.arange(30), (torch.arange(30) + 1) % 30]),
        y=torch.arange(30) % 3,
    )
    places = torch.arange(30)
    graph.train_mask, graph.val_mask = places < 20, (places >= 20) & (places < 25)
    graph.test_mask = places >= 25
    register_task("one", graphs=[graph])
    task = make_task("one")
    assert {name: len(m) for name, m in task.members.items()} == {
        "validation": 5, "train": 20, "test": 5,
    }  # fmt: skip
    batch = task.train_batch(0, 8, seed=0)
    known = ~batch.y[:, 0].isnan()
    assert known.sum() == 8
    assert graph.train_mask[known].all()
    (only,) = task.batches("test")
    assert (~only.y[:, 0].isnan()).nonzero()[:, 0].tolist() == list(range(25, 30))
    result = fit(f"task=one layers=1 {SMALL}")
    assert 0 <= result.score("test") <= 1
    assert task.metric(only.y.nan_to_num(0), only.y) == 1
    assert task.baseline("test") == pytest.approx(2 / 5)


def test_graphs_of_networkx() -> None:
    graphs = []
    for n in range(3, 15):
        graph = networkx.path_graph(n)
        for node in graph:
            graph.nodes[node].update(weight=float(node), kind=node % 2 == 0, name=f"n{node}")
        networkx.set_edge_attributes(graph, 2, "order")
        graph.graph["y"] = float(n)
        graphs.append(graph)
    register_task("paths", graphs=graphs)
    task = make_task("paths")
    first = task.data_table.graph(0)
    assert first.x.tolist() == [[1, 0], [0, 1], [1, 2]]  # kind, weight
    assert first.edge_index.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert first.edge_attr.tolist() == [[2]] * 4
    fit(f"task=paths {SMALL}")
    club = networkx.karate_club_graph()
    for node in club:
        club.nodes[node]["y"] = club.nodes[node]["club"] == "Officer"
    register_task("club", graphs=club)
    assert make_task("club").kind == "nodes"
    assert fit(f"task=club {SMALL}").records[-1].metric is not None


def write_edges() -> None:
    Path("edges.csv").write_text(
        "".join(
            f"{line}\n" for line in ("from;to", *(f"n{k};n{k + 1}" for k in range(29)), "n1;zz")
        )
    )
    nodes = [f"n{k};{k / 10:.1f};{k % 2};{'' if k == 7 else k * 1.5}" for k in range(30)]
    Path("nodes.csv").write_text("\n".join(["id;height;side;load", *nodes, "n3;1;1;1"]))


def test_a_table_of_edges_with_one_of_nodes() -> None:
    write_edges()
    task = make_task("edges:edges.csv?nodes=nodes.csv&target=load")
    assert task.kind == "nodes"
    assert len(task.data_table) == 1
    graph = task.data_table.graph(0)
    assert graph.x[3].tolist() == pytest.approx([0.3, 1])
    assert graph.edge_index.shape == (2, 58)
    assert [(row.line, row.reason) for row in task.left_out.rows] == [
        (32, "there is a node 'n3' already"),
        (31, "edges.csv: there is no node 'zz'"),
    ]
    assert task.left_out.unlabelled == 1
    assert task.data_targets.y.isnan().sum() == 1
    fit(f"task=edges:edges.csv?nodes=nodes.csv&target=load {SMALL}")
    one_way = make_task("edges:edges.csv?nodes=nodes.csv&target=load&directed=yes")
    assert one_way.data_table.graph(0).edge_index.T.tolist()[:2] == [[0, 1], [1, 2]]
    found = preview_data("edges.csv", nodes="nodes.csv", target="load")
    assert found.ok
    assert found.understood["features"] == "height, side"


def test_many_graphs_in_two_tables() -> None:
    nodes = [f"g{g},a{k},{k},{g % 2}" for g in range(40) for k in range(3)]
    Path("nodes.csv").write_text("\n".join(["graph,node,x,label", *nodes]))
    edges = [f"g{g},a0,a{k}" for g in range(40) for k in (1, 2)]
    Path("edges.csv").write_text("\n".join(["graph,source,target", *edges]))
    address = "edges:edges.csv?nodes=nodes.csv&group=graph&level=graph&target=label"
    task = make_task(address)
    assert (task.kind, len(task.data_table), task.metric_name) == ("graphs", 40, "ROC-AUC")
    assert task.data_table.graph(4).edge_index.T.tolist() == [[0, 1], [1, 0], [0, 2], [2, 0]]
    trainer = Trainer(Recipe.parse(f"task={address} split_seed=3 {SMALL}"))
    assert trainer.task.out_features == 1
    for problem, message in (
        ("edges:edges.csv", "expected edges:FILE"),
        ("edges:edges.csv?nodes=nodes.csv&level=graph", "expected group=COLUMN"),
        ("edges:edges.csv?nodes=nodes.csv&level=hyper", "expected level=node or level=graph"),
    ):
        with pytest.raises(ValueError, match=message):
            make_task(problem)


def test_a_task_is_an_address_in_the_panels_menu() -> None:
    from lcm_core.widgets import TrainingPanel

    molecules()
    panel = TrainingPanel(f"task=csv:mine.csv?split=random {SMALL}")
    panel.start_button.click()
    assert panel.run.wait(60)
    assert (panel.state, panel.error) == ("finished", "")
    panel.close()
