"""Which aggregations of a model a weight acts on, and what it is there."""

import pytest
import torch

from lcm_core import law_penalty
from lcm_core.laws.fold_exchange import sire_penalty
from lcm_core.laws.measure import arity
from lcm_core.laws.penalties import LAW_PENALTIES, PENALTIES, holds_by_construction, level_samples
from lcm_core.models.networks import make_model
from lcm_core.seeding import Seeded
from lcm_core.tasks import make_task
from lcm_core.training.recipe import Recipe
from lcm_core.training.regularisers import Regularisers
from lcm_core.training.trainer import Trainer

TINY = "channels=8 layers=1 steps=2 batch_size=6 log_every=1 eval_splits=none device=cpu"


def generator():
    return torch.Generator().manual_seed(7)


def molecules():
    task = make_task("bbbp")
    return task, task.train_batch(0, 6, 0)


def recorded(aggregation, neighbors, layers=2, states="tree"):
    """A graph model after one pass, its regularisers, and what each aggregation met."""
    task, batch = molecules()
    with Seeded(0):
        model = make_model(task, aggregation, 8, layers, neighbors)
    found = Regularisers(model, states)
    with found.recording():
        model(batch)
    return model, found


@pytest.mark.parametrize("law", LAW_PENALTIES)
def test_a_law_is_regularised_in_the_readout_and_in_each_layer(law):
    model, found = recorded("mlp", "gru")
    drawing, each = generator(), []
    for aggregation, calls in zip(found.reductions, found._levels, strict=True):
        levels = [level for level in calls[0].states if len(level)]
        tuples = level_samples(levels, 50, arity(law), drawing)
        each.append(law_penalty(aggregation.operator, law, *tuples))
    assert found.reductions[0] is model.aggregation
    assert len(each) == 3
    assert torch.equal(found.penalty(law, 50, generator()), torch.stack(each).mean())
    found.penalty(law, 50, generator()).backward()
    for aggregation in found.reductions:
        grads = [p.grad for p in aggregation.operator.parameters() if p.grad is not None]
        assert sum(grad.abs().sum() for grad in grads) > 0


def test_operators_that_cannot_break_a_law_do_not_count():
    _, both = recorded("symmetrized_gru", "sum")
    model, alone = recorded("symmetrized_gru", "gru_fold")
    assert both.penalty("commutativity", 50, generator()) == 0
    value = both.penalty("associativity", 50, generator())
    tuples = level_samples(both._levels[0][0].states, 50, 3, generator())
    assert value > 0
    assert torch.equal(value, law_penalty(both.reductions[0].operator, "associativity", *tuples))
    assert [type(a).__name__ for a in alone.reductions] == ["LCMAggregation"]
    assert holds_by_construction("identity", recorded("sum", "sum")[1].reductions[0].operator)
    assert not holds_by_construction("identity", model.aggregation.operator)


def test_encoded_states_are_the_lifted_elements():
    _, found = recorded("gru", "sum", states="encoded")
    first = found._levels[0][0].states[:1]
    want = law_penalty("associativity", found.reductions[0].operator,
                       *level_samples(first, 50, 3, generator()))  # fmt: skip
    assert torch.equal(found.penalty("associativity", 50, generator()), want)
    assert not torch.equal(
        recorded("gru", "sum")[1].penalty("associativity", 50, generator()), want
    )


def test_sire_acts_on_the_folds_of_readout_and_neighbours():
    _, found = recorded("lstm_fold", "gru_fold")
    drawing, each = generator(), []
    for fold, calls in zip(found.folds, found._sets, strict=True):
        torch.randint(1, (), generator=drawing)
        each.append(sire_penalty(fold, *calls[0], drawing))
    assert len(each) == 3
    assert torch.equal(found.penalty("sire", 50, generator()), torch.stack(each).mean())


def test_a_fold_that_serves_several_rounds_is_regularised_once():
    trainer = Trainer(
        Recipe.parse(f"task=graph_properties {TINY} neighbors=gru_fold sire=0.5 associativity=0.1")
    )
    first = next(trainer.records())
    assert len(trainer.regularisers.folds) == 2
    assert max(len(calls) for calls in trainer.regularisers._sets) > 2
    assert set(first.penalties) == {"sire", "associativity"}


def test_graphs_without_edges_have_nothing_to_regularise():
    task, batch = molecules()
    batch.edge_index, batch.edge_attr = batch.edge_index[:, :0], batch.edge_attr[:0]
    model = make_model(task, "sum", 8, 1, "gru")
    found = Regularisers(model)
    with found.recording():
        model(batch)
    assert found.penalty("associativity", 50, generator()) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task=bbbp readout=gru sire=1", "sire regularises folds.* 'gru' and 'sum': .*sire = 0"),
        ("task=bbbp readout=gru_fold neighbors=pna associativity=1", "no operator on states"),
        ("readout=pna sire=1", "sire regularises folds"),
        ("readout=formula(x-y) @2 sire=1", "sire regularises folds"),
    ],
)
def test_weights_without_a_use_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Recipe.parse(text)


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("readout=gru_fold", {"sire"}),
        ("readout=sum", set(LAW_PENALTIES)),
        ("readout=pna neighbors=gru_fold", set()),
        ("task=bbbp readout=pna neighbors=gru_fold", {"sire"}),
        ("task=bbbp readout=pna neighbors=gru_fold layers=0", set()),
        ("task=bbbp readout=gru neighbors=lstm_fold", set(PENALTIES)),
        ("task=graph_properties readout=pna neighbors=gru_fold layers=0", {"sire"}),
    ],
)
def test_a_recipe_says_which_weights_it_has_a_use_for(text, uses):
    recipe = Recipe.parse(text)
    assert set(recipe.penalties) == uses
    for field in PENALTIES:
        if field in uses:
            assert Recipe.parse(f"{text} {field}=0.5 @3 {field}=0").live(0)[field] == 0.5
        else:
            with pytest.raises(ValueError, match=f"expected {field} = 0"):
                Recipe.parse(f"{text} {field}=0.5")
            with pytest.raises(ValueError, match=f"expected {field} = 0"):
                Recipe.parse(f"{text} @3 {field}=0.5")


def test_a_constant_rate_is_constant():
    trainer = Trainer(Recipe.parse(f"bits=4 {TINY} schedule=constant @1 rate_scale=0.5"))
    assert [record.rate for record in trainer.records()] == [3e-3, 1.5e-3]


def test_sire_makes_a_fold_depend_less_on_the_order():
    text = (
        "bits=4 channels=16 readout=gru_fold steps=40 batch_size=32 learning_rate=0.02 "
        "log_every=40 eval_every=40 eval_splits=none device=cpu"
    )
    plain, regularised = (
        next(Trainer(Recipe.parse(f"{text} sire={weight}")).records()) for weight in (0, 1)
    )
    for law in ("exchange", "order spread"):
        assert regularised.laws[law] < 0.6 * plain.laws[law], law
