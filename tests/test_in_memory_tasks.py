"""Tasks on data of one's own: lists of sets and of graphs, with targets of each kind."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from lcm_core.tasks import make_task, register_task, task_options
from lcm_core.tasks.registry import TASKS
from lcm_core.training import Recipe, Trainer, fit

pytestmark = pytest.mark.usefixtures("tasks_forgotten")

SMALL = "channels=8 steps=4 batch_size=8 log_every=2 eval_every=4 device=cpu"


def some_sets(count: int = 40, features: int = 3) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    sizes = torch.randint(1, 6, (count,), generator=draw).tolist()
    return [torch.randn(n, features, generator=draw) for n in sizes]


def some_graphs(count: int = 30, kind: str = "float") -> list[Data]:
    draw = torch.Generator().manual_seed(1)
    graphs = []
    for _ in range(count):
        n = int(torch.randint(2, 7, (), generator=draw))
        ring = torch.arange(n)
        edges = torch.stack([ring, (ring + 1) % n])
        x = torch.randn(n, 2, generator=draw)
        if kind == "categories":
            x = torch.randint(0, 4, (n, 2), generator=draw)
        graphs.append(Data(x=None if kind == "none" else x, edge_index=edges, num_nodes=n))
    return graphs


class TestTargets:
    def test_numbers(self) -> None:
        sets = some_sets()
        sums = [float(1000 + 50 * each.sum()) for each in sets]
        register_task("mine", sets=sets, targets=sums)
        task = make_task("mine")
        assert (task.metric_name, task.higher_is_better) == ("root mean squared error", False)
        (batch,) = task.batches("test")
        own = torch.tensor([sums[i] for i in task.members["test"]], dtype=torch.double)
        assert task.baseline("test") == pytest.approx(float(own.std(correction=0)), rel=1e-5)
        assert task.metric(batch.y, batch.y) == 0
        off = batch.y + 0.5
        everything = torch.tensor(sums, dtype=torch.double)
        assert task.metric(off, batch.y) == pytest.approx(
            0.5 * float(everything.std(correction=0)), rel=1e-4
        )

    def test_several_numbers(self) -> None:
        sets = some_sets()
        targets = torch.stack([torch.stack([s.sum(), s.max()]) for s in sets])
        register_task("mine", sets=sets, targets=targets)
        assert make_task("mine").out_features == 2
        assert len(fit(f"task=mine {SMALL}").records) == 2

    @pytest.mark.parametrize("kind", ["integers", "booleans", "texts"])
    def test_classes(self, kind: str) -> None:
        sets = some_sets()
        sizes = [len(each) for each in sets]
        targets = {
            "integers": [10 * (n > 3) + 5 for n in sizes],
            "booleans": [n > 3 for n in sizes],
            "texts": ["large" if n > 3 else "small" for n in sizes],
        }[kind]
        register_task("mine", sets=sets, targets=targets)
        task = make_task("mine")
        assert (task.metric_name, task.out_features) == ("accuracy", 2)
        (batch,) = task.batches("validation")
        assert task.metric(batch.y, batch.y) == 1
        share = np.mean([sizes[i] > 3 for i in task.members["validation"]])
        assert task.baseline("validation") == pytest.approx(max(share, 1 - share))

    @pytest.mark.parametrize(
        ("targets", "message"),
        [
            ([1.0, 2.0], "expected 40 targets, one for each item, got 2"),
            (3.0, "expected 40 targets, one for each item, got a single value"),
            ([1.0] * 39 + [float("nan")], r"finite targets, got \[nan\] for item 39"),
            ([7] * 40, "at least 2 classes, got only 7"),
            ([0.1] * 40, r"targets that differ, got \[0.1\] for all items"),
            ([1e200 * i for i in range(40)], "spread is a finite number"),
            ([[1.0], [2.0, 3.0]] * 20, "expected targets that make an array"),
            ([2.5] * 40, r"targets that differ, got \[2.5\] for all items"),
            (torch.zeros(40, 2, 2), r"got float32 of shape \(40, 2, 2\)"),
            ([None] * 40, "got object"),
        ],
    )
    def test_bad_targets_are_explained(self, targets: object, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            register_task("mine", sets=some_sets(), targets=targets)
        assert "mine" not in TASKS


class TestSets:
    def test_batches_hold_the_sets_as_they_are(self) -> None:
        sets = [*some_sets(20), torch.zeros(0, 3)]
        register_task("mine", sets=sets, targets=[*range(20), 0])
        task = make_task("mine")
        batch = task.batch_of(torch.tensor([20, 3, 3, 0]))
        assert batch.sizes.tolist() == [0, len(sets[3]), len(sets[3]), len(sets[0])]
        assert torch.equal(batch.x, torch.cat([sets[3], sets[3], sets[0]]))
        assert batch.ptr.tolist() == [0, *batch.sizes.cumsum(0).tolist()]

    def test_arrays_lists_and_single_numbers_will_do(self) -> None:
        sets = [np.arange(3.0), [1, 2], torch.ones(4, 1)] * 5
        register_task("mine", sets=sets, targets=[0, 1, 1] * 5)
        assert make_task("mine").in_features == 1
        fit(f"task=mine readout=sum {SMALL}")

    @pytest.mark.parametrize(
        ("sets", "message"),
        [
            ([], "expected a list of sets, got none"),
            ([torch.ones(2, 3), torch.ones(2, 4)], "set 0 has 3 features, set 1 has 4"),
            (
                [torch.ones(2), torch.full((1,), torch.inf)],
                r"finite elements, got \[inf\] in set 1",
            ),
            ([torch.ones(2, 2, 2)], r"set 0 of shape \(n, features\) or \(n,\), got \(2, 2, 2\)"),
            (["words"], "expected set 0 to be an array of numbers"),
        ],
    )
    def test_bad_sets_are_explained(self, sets: list, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            register_task("mine", sets=sets, targets=[0, 1][: len(sets)])

    def test_an_empty_list_is_an_empty_set_of_any_width(self) -> None:
        register_task("mine", sets=[[], [[1.0, 2.0]]] * 5, targets=[0, 1] * 5)
        assert make_task("mine").in_features == 2

    def test_sets_that_are_all_empty_can_be_trained_on(self) -> None:
        register_task("mine", sets=[torch.zeros(0, 2)] * 20, targets=[0, 1] * 10)
        assert fit(f"task=mine {SMALL}").records[-1].laws == {}

    def test_the_data_are_a_copy(self) -> None:
        sets = some_sets()
        register_task("mine", sets=sets, targets=list(range(40)))
        before = sets[0].clone()
        sets[0].zero_()
        assert torch.equal(make_task("mine").batch_of(torch.tensor([0])).x, before)

    def test_two_runs_give_the_same_records(self) -> None:
        sets = some_sets()
        register_task("mine", sets=sets, targets=[len(each) for each in sets])
        one, other = (fit(f"task=mine associativity=0.1 {SMALL}") for _ in range(2))
        assert [r.timeless() for r in one.records] == [r.timeless() for r in other.records]


class TestGraphs:
    @pytest.mark.parametrize("kind", ["float", "categories", "none"])
    def test_a_network_learns_from_each_kind_of_features(self, kind: str) -> None:
        graphs = some_graphs(kind=kind)
        register_task("mine", graphs=graphs, targets=[g.num_nodes % 2 for g in graphs])
        result = fit(f"task=mine neighbors=symmetrized_gru identity=0.1 layers=1 {SMALL}")
        assert 0 <= result.score("test") <= 1

    def test_targets_are_those_of_the_graphs_by_default(self) -> None:
        graphs = some_graphs()
        for graph in graphs:
            graph.y = torch.tensor([float(graph.num_nodes)])
        register_task("mine", graphs=graphs)
        task = make_task("mine")
        y = task.batch_of(torch.tensor([0, 5, 7])).y
        sizes = torch.tensor([graphs[i].num_nodes for i in (0, 5, 7)]).double()
        spread = torch.tensor([g.num_nodes for g in graphs]).double().std(correction=0)
        assert torch.allclose(y[:, 0].double().diff() * spread, sizes.diff(), atol=1e-5)
        assert "30 graphs of 2 to 6 nodes" in task.describe()

    def test_edges_may_have_features(self) -> None:
        graphs = some_graphs()
        for graph in graphs:
            graph.edge_attr = torch.randn(graph.edge_index.shape[1], 3)
        register_task("mine", graphs=graphs, targets=[g.num_nodes % 2 for g in graphs])
        assert make_task("mine").edge_cardinalities == 3
        fit(f"task=mine {SMALL}")

    def test_a_dataset_of_pyg_will_do(self) -> None:
        class Rings(torch.utils.data.Dataset):
            def __init__(self) -> None:
                self.graphs = some_graphs()

            def __len__(self) -> int:
                return len(self.graphs)

            def __getitem__(self, item: int) -> Data:
                return self.graphs[item]

        rings = Rings()
        register_task("mine", graphs=rings, targets=[g.num_nodes for g in rings.graphs])
        assert len(make_task("mine").data_table) == 30

    def test_bad_graphs_are_explained(self) -> None:
        graphs = some_graphs()
        with pytest.raises(ValueError, match="graph 0 has none"):
            register_task("mine", graphs=graphs)
        graphs[3].y = torch.zeros(graphs[3].num_nodes)
        graphs[0].y = graphs[1].y = graphs[2].y = torch.zeros(1)
        with pytest.raises(ValueError, match=r"graph 3 has a y of shape .*targets of nodes"):
            register_task("mine", graphs=graphs)
        with pytest.raises(ValueError, match="expected graph 1 to be a torch_geometric Data"):
            register_task("mine", graphs=[graphs[0], "no graph"], targets=[0, 1])
        graphs[2].x = None
        with pytest.raises(ValueError, match="expected all graphs to have x, or none"):
            register_task("mine", graphs=graphs, targets=list(range(30)))

    @pytest.mark.parametrize(
        ("edges", "message"),
        [
            (torch.tensor([[0, 9], [9, 0]]), "edges between nodes 0 to 1 in graph 3, got node 9"),
            (torch.tensor([[0, -1], [1, 0]]), "edges between nodes 0 to 1 in graph 3, got node -1"),
            (torch.tensor([[0, 1], [1, 0], [0, 1]]), r"shape \(2, edges\), got .* \(3, 2\)"),
            (torch.tensor([[0.0, 1.0], [1.0, 0.0]]), "whole numbers of shape"),
        ],
    )
    def test_bad_edges_are_explained(self, edges: torch.Tensor, message: str) -> None:
        graphs = some_graphs()
        graphs[3] = Data(x=torch.ones(2, 2), edge_index=edges)
        with pytest.raises(ValueError, match=message):
            register_task("mine", graphs=graphs, targets=[i % 2 for i in range(30)])

    def test_graphs_without_edges_will_do(self) -> None:
        graphs = some_graphs()
        graphs[3] = Data(x=torch.ones(2, 2), edge_index=torch.tensor([[], []]))
        register_task("mine", graphs=graphs, targets=[i % 2 for i in range(30)])
        fit(f"task=mine neighbors=symmetrized_gru associativity=0.1 {SMALL}")


class TestSplits:
    def test_by_default_a_tenth_each_drawn_by_the_recipe(self) -> None:
        register_task("mine", sets=some_sets(), targets=list(range(40)))
        assert task_options("mine") == {"split_seed": 0}
        one, other = make_task("mine"), make_task("mine", split_seed=1)
        assert {name: len(m) for name, m in one.members.items()} == {
            "validation": 4,
            "test": 4,
            "train": 32,
        }
        assert sorted(torch.cat(list(one.members.values())).tolist()) == list(range(40))
        assert one.members["test"].tolist() != other.members["test"].tolist()
        assert Recipe.parse("task=mine split_seed=1").split_seed == 1

    def test_given_splits(self) -> None:
        splits = {"train": range(20), "validation": range(20, 30), "hard": [30, 31]}
        register_task("mine", sets=some_sets(), targets=list(range(40)), splits=splits)
        assert task_options("mine") == {}
        task = make_task("mine")
        assert task.splits == ("validation", "train", "hard")
        records = fit(f"task=mine eval_splits=hard {SMALL}").records
        assert set(records[-1].metrics) == {"hard"}

    @pytest.mark.parametrize(
        ("splits", "message"),
        [
            ({"train": [0]}, "validation is missing, got train"),
            ({}, "train and validation is missing, got none"),
            ({"train": [0, 1], "validation": [1]}, "item 1 is in train and validation"),
            ({"train": [0], "validation": [40]}, "items 0 to 39 in split 'validation'"),
            ({"train": [], "validation": [1]}, "expected items in split 'train', got none"),
        ],
    )
    def test_bad_splits_are_explained(self, splits: dict, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            register_task("mine", sets=some_sets(), targets=list(range(40)), splits=splits)

    def test_masks_will_do(self) -> None:
        places = torch.arange(40)
        splits = {"train": places < 30, "validation": places >= 30}
        register_task("mine", sets=some_sets(), targets=list(range(40)), splits=splits)
        assert make_task("mine").members["validation"].tolist() == list(range(30, 40))
        short = {**splits, "train": torch.tensor([True, False, True])}
        with pytest.raises(ValueError, match="a mask of 40 items for split 'train', got 3"):
            register_task("mine", sets=some_sets(), targets=list(range(40)), splits=short)
        half = {**splits, "train": [0.5, 1.5]}
        with pytest.raises(ValueError, match="whole numbers of items in split 'train'"):
            register_task("mine", sets=some_sets(), targets=list(range(40)), splits=half)

    def test_too_few_items(self) -> None:
        with pytest.raises(ValueError, match="at least 3 items"):
            register_task("mine", sets=some_sets(2), targets=[0, 1])


class TestRegistration:
    def test_a_cell_may_run_again_with_other_data(self) -> None:
        for count in (30, 40):
            register_task("mine", sets=some_sets(count), targets=list(range(count)))
        assert len(make_task("mine").data_targets.y) == 40

    def test_the_library_keeps_its_tasks(self) -> None:
        with pytest.raises(ValueError, match="the library has the task 'parity' already"):
            register_task("parity", sets=some_sets(), targets=list(range(40)))

    def test_what_is_no_task_is_explained(self) -> None:
        from lcm_core.tasks import SetTask
        from lcm_core.tasks.sets.answers import BitsTask

        with pytest.raises(TypeError, match=r"SetTask is no complete task: .* answers, baseline"):
            register_task("mine")(SetTask)

        class NeedsMore(BitsTask):
            def __init__(self, k: int):
                super().__init__(8)

            def answers(self, sets):
                return sets.values[sets.ptr[:-1]]

            def baseline(self, split="validation"):
                return 0.0

        with pytest.raises(TypeError, match="needs 'k': give it a default"):
            register_task("mine")(NeedsMore)
        with pytest.raises(ValueError, match="sets or graphs, got both"):
            register_task("mine", sets=some_sets(), graphs=some_graphs(), targets=[1])  # type: ignore[call-overload]
        with pytest.raises(ValueError, match=r"expected sets=\[…\] or graphs=\[…\]"):
            register_task("mine", targets=[1])  # type: ignore[call-overload]

    def test_names_of_options_that_recipes_need_themselves_are_refused(self) -> None:
        from dataclasses import fields

        from lcm_core.tasks.registry import NAMES_OF_RECIPES
        from lcm_core.tasks.sets.answers import BitsTask

        public = {name for name in dir(Recipe) if not name.startswith("_")}
        assert public | {field.name for field in fields(Recipe)} <= NAMES_OF_RECIPES

        class Base(BitsTask):
            def answers(self, sets):
                return sets.values[sets.ptr[:-1]]

            def baseline(self, split="validation"):
                return 0.0

        class Steps(Base):
            def __init__(self, steps: int = 5):
                super().__init__(8)

        class Word(Base):
            def __init__(self, mode: str = "two words"):
                super().__init__(8)

        class NoKind(Base):
            kind = "set"

        for cls, message in (
            (Steps, "'steps' is a name of recipes themselves"),
            (Word, "default of 'mode' to be one word"),
            (NoKind, "NoKind.kind to be one of"),
        ):
            with pytest.raises(TypeError, match=message):
                register_task("mine")(cls)
        assert "mine" not in TASKS

    def test_a_checkpoint_keeps_the_defaults_of_its_options(self, tmp_path) -> None:
        from lcm_core.tasks.sets.second_minimum import SecondMinimum

        def define(default: int) -> None:
            class Mine(SecondMinimum):
                def __init__(self, bits: int = 8, k: int = default):
                    super().__init__(bits)
                    self.k = k

            register_task("mine", replace=True)(Mine)

        define(3)
        fit(f"task=mine {SMALL}").save(tmp_path / "run.pt")
        define(1)
        assert Trainer.load(tmp_path / "run.pt").task.k == 3

    def test_a_checkpoint_of_data_that_is_gone_says_so(self, tmp_path) -> None:
        register_task("mine", sets=some_sets(), targets=list(range(40)))
        fit(f"task=mine {SMALL}").save(tmp_path / "run.pt")
        assert Trainer.load(tmp_path / "run.pt").step == 4
        TASKS.remove("mine")
        with pytest.raises(ValueError, match="unknown task 'mine'"):
            Trainer.load(tmp_path / "run.pt")
