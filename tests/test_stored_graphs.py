"""Graphs in flat tables, which a device keeps: batches by number are those that the host packs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcm_core import Recipe, Trainer, make_task, register_task
from lcm_core.pyg import Batch, Data
from lcm_core.tasks.graph_table import LabelledGraphs, table_of
from lcm_core.tasks.graphs.properties import GraphProperties
from lcm_core.training import graph_steps
from lcm_core.training.capturable import why_not
from lcm_core.training.graph_steps import GraphSteps, StoredGraphSteps
from lcm_core.training.graphs_on_device import GraphsOnDevice, bytes_on_device
from tests.devices import DEVICES
from tests.static_plan import use_host_plans
from tests.test_captured import assert_close, recipe_of, trained

pytestmark = pytest.mark.usefixtures("tasks_forgotten")

SIZES = [3, 9, 1, 5, 60, 2, 7, 4] * 4


def drawn_graph(nodes, generator, whole=False):
    ends = torch.randint(nodes, (2, 2 * (nodes - 1)), generator=generator)
    if whole:
        x, edge_attr = torch.arange(nodes)[:, None] % 3, torch.arange(len(ends.T))[:, None] % 2
        return Data(x=x, edge_index=ends, edge_attr=edge_attr)
    x, edge_attr = (torch.randn(n, 3, generator=generator) for n in (nodes, len(ends.T)))
    return Data(x=x, edge_index=ends, edge_attr=edge_attr)


@pytest.fixture
def in_memory():
    """The name of a task on graphs of very different sizes."""
    draw, name = torch.Generator().manual_seed(0), "graphs_of_many_sizes"
    graphs = [drawn_graph(nodes, draw) for nodes in SIZES]
    targets = [graph.edge_index.shape[1] / graph.num_nodes for graph in graphs]
    register_task(name, graphs=graphs, targets=targets, replace=True)
    return name


def packer_of(trainer):
    run = trainer.task, trainer.model, trainer.regularisers, trainer.recipe, 3
    return graph_steps.graph_steps(*run, ahead=False)


def packers(trainer, monkeypatch):
    """What makes batches on the device, and what packs them on the host."""
    stored = packer_of(trainer)
    with monkeypatch.context() as full:
        full.setattr(graph_steps, "_free", lambda device: 0)
        packed = packer_of(trainer)
    assert type(packed) is GraphSteps
    return stored, packed


@pytest.mark.parametrize(
    "text",
    [
        "task=bbbp batch_size=16",
        "task=clintox batch_size=3 split_seed=2",
        "task=graph_properties batch_size=5",
        "task=graph_properties_original batch_size=40",
        "batch_size=7",
        "batch_size=50",
    ],
)
@pytest.mark.parametrize("device", DEVICES)
def test_a_device_makes_the_batches_that_the_host_packs(text, device, in_memory, monkeypatch):
    recipe = Recipe.parse(text if "task" in text else f"task={in_memory} {text}")
    trainer = Trainer(recipe.replace(channels=4, layers=1, device=device))
    stored, packed = packers(trainer, monkeypatch)
    assert type(stored) is StoredGraphSteps
    assert stored.bytes < packed.bytes
    fitted = 0
    for step in (*range(12), 300, 4):
        ours, theirs = stored.take(step, ()), packed.take(step, ())
        assert ours.tuples == theirs.tuples
        if ours.tuples is not None:
            fitted += 1
            on_device = {name: values.to(device) for name, values in ours.parts.items()}
            parts = stored.unpacked(on_device)
            assert parts.keys() == theirs.parts.keys() - {"step", "scalars"}
            for name, values in parts.items():
                values, wanted = values.cpu(), theirs.parts[name]
                assert values.dtype == wanted.dtype
                assert torch.equal(values.nan_to_num(-7), wanted.nan_to_num(-7)), name
        for packer, batch in ((stored, ours), (packed, theirs)):
            packer.give_back(batch, step, lambda _: ())
    assert fitted > 10


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
    st.integers(0, 2**20),
    st.booleans(),
    st.data(),
)
def test_a_table_gives_the_batches_of_pyg(sizes, seed, whole, data):
    draw = torch.Generator().manual_seed(seed)
    graphs = [drawn_graph(nodes, draw, whole) for nodes in sizes]
    table = table_of(*([getattr(g, f) for g in graphs] for f in ("x", "edge_index", "edge_attr")))
    numbers = torch.tensor(
        data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=9))
    )
    wanted = Batch.from_data_list([graphs[number] for number in numbers.tolist()])
    found = table.take(numbers).as_batch()
    one = table.graph(int(numbers[0]))
    for name in ("x", "edge_index", "edge_attr"):
        assert torch.equal(one[name], graphs[int(numbers[0])][name])
    for name in ("x", "edge_index", "edge_attr", "batch", "ptr"):
        assert torch.equal(found[name], wanted[name])
    if not table.edges:
        return
    # On a device, with room for more.
    nodes, edges = len(wanted.x), wanted.edge_index.shape[1]
    graphs = LabelledGraphs(table, torch.randn(len(sizes), 2))
    stored = GraphsOnDevice(graphs, torch.device("cpu"))
    assert bytes_on_device(graphs) == sum(values.nbytes for values in stored.held.values())
    parts = stored.parts(numbers, nodes + 4, edges + 3)
    order = wanted.edge_index[1].argsort(stable=True)
    ends = torch.stack([parts["neighbor"], parts["node"]])
    assert torch.equal(ends[:, :edges], wanted.edge_index[:, order])
    assert (ends[:, edges:] == nodes + 3).all()
    assert torch.equal(
        parts["node_ptr"].diff()[:nodes], wanted.edge_index[1].bincount(minlength=nodes)
    )
    assert (parts["neighbor"][parts["by_neighbor"][:edges]].diff() >= 0).all()


def test_no_graph_outside_the_table():
    table = table_of([torch.ones(2, 1)], [torch.zeros(2, 0).long()], [torch.ones(0, 1)])
    for number in (-1, 1):
        with pytest.raises(IndexError, match="from 0 to 0, got"):
            table.graph(number)


@pytest.mark.parametrize("text", ["batch_size=6", "batch_size=3", "batch_size=40"])
def test_graphs_in_memory_take_steps_with_room(text, in_memory, monkeypatch):
    recipe = recipe_of(f"task={in_memory} layers=2 {text}", device="cpu")
    plain, expected = trained(recipe, graphs=False)
    assert why_not(plain.task, plain.model, plain.optimizer, ()) is not None  # on a CPU
    use_host_plans(monkeypatch)
    static, records = trained(recipe, graphs=True)
    assert type(static._captured.packer) is StoredGraphSteps
    assert_close(records, expected)


@pytest.mark.parametrize("splits", [None, {"train": range(4), "validation": range(4, 8)}])
def test_training_sizes_of_graphs_in_memory(splits):
    draw = torch.Generator().manual_seed(0)
    graphs = [drawn_graph(nodes, draw) for nodes in SIZES[:8]]
    register_task(
        "few_graphs",
        graphs=graphs,
        targets=[float(n) for n in range(8)],
        splits=splits,
        replace=True,
    )
    task = make_task("few_graphs")
    sizes = [SIZES[item] for item in task.members["train"].tolist()]
    assert task.training_sizes == (min(sizes), max(sizes))
    assert task.training_graphs().table.sizes.tolist() == sizes


class Own(GraphProperties):
    """A task of somebody else, which changes the batches of the library's."""

    name = "own_batches"

    def train_batch(self, step, batch_size, seed, device="cpu"):
        batch = super().train_batch(step, batch_size, seed, device)
        batch.y = torch.where(batch.y.isnan(), batch.y, batch.y + step)
        return batch


class VirtualNodes(GraphProperties):
    """Adds a node to each graph, and says nothing of it."""

    name = "virtual_nodes"

    def train_batch(self, step, batch_size, seed, device="cpu"):
        graphs = self.training_graphs().table
        several = []
        for number in range(step, step + batch_size):
            graph = graphs.graph(number % 5120)
            nodes = graph.num_nodes + 1
            y = torch.full((nodes, 6), torch.nan)
            y[:, :3] = graph.x[:1, 1:]
            several.append(Data(x=torch.ones(nodes, 2), edge_index=graph.edge_index, y=y))
        batch = Batch.from_data_list(several)
        of_graphs = torch.full((batch_size, 6), torch.nan)
        of_graphs[:, 3:] = 0.5
        batch.y = torch.cat([batch.y, of_graphs])
        batch.largest = int(batch.ptr.diff().max())
        return batch


@pytest.mark.parametrize("cls", [Own, VirtualNodes])
def test_a_task_that_makes_its_batches_otherwise_is_packed_on_the_host(cls, monkeypatch):
    register_task(cls.name, replace=True)(cls)
    recipe = recipe_of(f"task={cls.name} batch_size=5", device="cpu", eval_every=12)
    expected = trained(recipe, graphs=False)[1]
    use_host_plans(monkeypatch)
    static, records = trained(recipe, graphs=True)
    assert type(static._captured.packer) is GraphSteps
    assert_close(records, expected)


def test_a_set_that_is_larger_than_the_task_says_takes_a_plain_step(in_memory):
    trainer = Trainer(Recipe.parse(f"task={in_memory} batch_size=4 channels=4 layers=1"))
    packer = packer_of(trainer)
    assert packer.fits(torch.tensor([1, 2, packer.largest, 1]))
    for sizes in ([1, 2, packer.largest + 1, 1], [0, 2, 1, 1], [1 + packer.elements // 4] * 4):
        assert not packer.fits(torch.tensor(sizes))


class Weighted(GraphProperties):
    """A loss that reads more of a batch than its targets."""

    name = "weighted_loss"

    def loss(self, outputs, batch):
        return super().loss(outputs, batch) * batch.edge_index.shape[1]


def test_a_loss_of_ones_own_takes_plain_steps(monkeypatch):
    register_task("weighted_loss", replace=True)(Weighted)
    use_host_plans(monkeypatch)
    recipe = recipe_of("task=weighted_loss batch_size=5", device="cpu")
    trainer, records = trained(recipe, graphs=True)
    assert trainer._captured is None
    why = why_not(trainer.task, trainer.model, trainer.optimizer, ())
    assert "a loss of its own" in why
    assert records == trained(recipe, graphs=False)[1]


def test_targets_of_nodes_are_those_of_the_graphs_that_are_taken(in_memory):
    draw = torch.Generator().manual_seed(0)
    graphs = [drawn_graph(nodes, draw) for nodes in SIZES[:12]]
    for number, graph in enumerate(graphs):
        graph.y = 100.0 * number + torch.arange(graph.num_nodes)
    register_task("targets_of_nodes", graphs=graphs, replace=True)
    task = make_task("targets_of_nodes")
    targets, taken = task.data_targets, torch.tensor([3, 0, 7])
    batch = task.batch_of(taken)
    graph = taken[batch.batch][:, None]
    own = torch.arange(len(batch.x))[:, None] - batch.ptr[batch.batch][:, None]
    difference = (batch.y - batch.y[0]) * targets.scale.float()
    assert torch.allclose(difference, 100.0 * (graph - 3.0) + own, atol=1e-2)
    assert torch.equal(task.training_graphs().as_batch().y, task.targets_of("train"))
    register_task("nodes_of_one", graphs=graphs[:2], replace=True)
    one = make_task("nodes_of_one")
    assert (one.training_sizes, one.training_graphs()) == (None, None)
    assert one.batch_of(torch.tensor([4])).y.isfinite().sum() == 1


def test_one_large_graph_among_small_ones_makes_little_room(in_memory):
    """Room is for what batches have, not for as many of the largest graphs as a batch has."""
    trainer = Trainer(Recipe.parse(f"task={in_memory} batch_size=32 channels=4 layers=1"))
    packer = packer_of(trainer)
    most = max(len(trainer.task.train_batch(step, 32, 0).x) for step in range(30))
    assert packer.largest == 60
    assert most <= packer.elements < 2 * most < 32 * 60


def test_one_enormous_graph_does_not_keep_the_others_from_steps_with_room(monkeypatch):
    draw = torch.Generator().manual_seed(0)
    graphs = [drawn_graph(nodes, draw) for nodes in (20_000, *[10] * 300)]
    register_task("one_enormous", graphs=graphs, targets=[*map(float, range(301))], replace=True)
    use_host_plans(monkeypatch)
    trainer = Trainer(Recipe.parse("task=one_enormous batch_size=256 channels=4 layers=1"))
    assert why_not(trainer.task, trainer.model, trainer.optimizer, ()) is None


def test_the_host_does_not_wait_for_a_batch(in_memory):
    """Tensors without values make it, too: nothing is read from them."""
    graphs = make_task(in_memory).training_graphs()
    stored = GraphsOnDevice(graphs, torch.device("meta"))
    parts = stored.parts(torch.zeros(4, dtype=torch.int64, device="meta"), 30, 50)
    assert parts["x"].shape == (30, 3)
    assert all(values.device.type == "meta" for values in parts.values())
