"""What is initialised from a seed is a function of that seed, however it draws."""

# ruff: noqa: NPY002 - the global generator of numpy is what is tested

import random
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.nn import functional as F

from lcm_core.seeding import Seeded, how_seeded, initialised

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
HALF = torch.full((4, 5), 0.5)

#: Every public way to draw.
DRAWS: dict[str, Callable[[], Tensor]] = {
    "rand": lambda: torch.rand(3, 4),
    "randn": lambda: torch.randn(3, 4),
    "randint": lambda: torch.randint(1000, (20,)),
    "randint from": lambda: torch.randint(5, 1000, (20,)),
    "randperm": lambda: torch.randperm(50),
    "rand out": lambda: torch.rand(3, out=torch.empty(3)),
    "randperm out": lambda: torch.randperm(50, out=torch.empty(50, dtype=torch.long)),
    "rand_like": lambda: torch.rand_like(HALF),
    "randn_like": lambda: torch.randn_like(HALF),
    "randint_like": lambda: torch.randint_like(HALF, 1000),
    "randint_like from": lambda: torch.randint_like(HALF, 5, 1000),
    "normal": lambda: torch.normal(0.0, 1.0, (3, 4)),
    "normal of tensors": lambda: torch.normal(HALF, HALF),
    "bernoulli": lambda: torch.bernoulli(HALF.repeat(5, 1)),
    "multinomial": lambda: torch.multinomial(HALF.view(-1), 10),
    "poisson": lambda: torch.poisson(10 * HALF),
    "binomial": lambda: torch.binomial(100 * HALF, HALF),
    "uniform_": lambda: torch.empty(4).uniform_(),
    "normal_": lambda: torch.empty(4).normal_(),
    "exponential_": lambda: torch.empty(4).exponential_(),
    "cauchy_": lambda: torch.empty(4).cauchy_(),
    "log_normal_": lambda: torch.empty(4).log_normal_(),
    "geometric_": lambda: torch.empty(20).geometric_(0.1),
    "random_": lambda: torch.empty(20).random_(),
    "bernoulli_": lambda: torch.empty(50).bernoulli_(0.5),
    "rrelu": lambda: F.rrelu(-HALF, training=True),
    "dropout": lambda: F.dropout(HALF.repeat(5, 1)),
    "dropout in place": lambda: F.dropout(HALF.repeat(5, 1), inplace=True),
    "alpha_dropout": lambda: F.alpha_dropout(HALF.repeat(5, 1), training=True),
    "feature dropout": lambda: F.dropout1d(HALF.repeat(5, 1)),
    "dropout without autograd": lambda: torch.inference_mode()(F.dropout)(HALF.repeat(5, 1)),
    "gumbel_softmax": lambda: F.gumbel_softmax(HALF),
    "attention": lambda: F.scaled_dot_product_attention(*[HALF[None]] * 3, dropout_p=0.5),
    "a GRU's dropout": lambda: nn.GRU(5, 5, num_layers=2, dropout=0.5)(HALF)[0],
    "xavier": lambda: nn.init.xavier_uniform_(torch.empty(3, 4)),
    "kaiming": lambda: nn.init.kaiming_normal_(torch.empty(3, 4)),
    "orthogonal": lambda: nn.init.orthogonal_(torch.empty(4, 4)),
    "trunc_normal": lambda: nn.init.trunc_normal_(torch.empty(3, 4)),
    "sparse": lambda: nn.init.sparse_(torch.empty(10, 10), 0.5),
    "a layer": lambda: nn.Linear(3, 4).weight.detach(),
    "an embedding": lambda: nn.Embedding(3, 4).weight.detach(),
    "a Gamma": lambda: torch.distributions.Gamma(HALF, HALF).sample(),
    "a Dirichlet": lambda: torch.distributions.Dirichlet(HALF).sample(),
    "a Beta": lambda: torch.distributions.Beta(HALF, HALF).sample(),
    "a Categorical": lambda: torch.distributions.Categorical(HALF).sample((20,)),
    "random_split": lambda: torch.tensor(
        torch.utils.data.random_split(range(40), [20, 20])[0].indices  # type: ignore[arg-type]
    ),
}


@pytest.fixture
def other_threads_draw() -> Iterator[None]:
    """Another thread draws from the global generators all the time."""
    stop = threading.Event()

    def draw() -> None:
        while not stop.is_set():
            torch.rand(3)
            np.random.rand(3)
            random.random()

    thread = threading.Thread(target=draw)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", DRAWS)
def test_each_way_to_draw_is_seeded(name: str, device: str, other_threads_draw: None) -> None:
    def drawn(seed: int) -> Tensor:
        with torch.device(device), Seeded(seed):
            torch.rand(1)
            return DRAWS[name]().clone()

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    with Seeded(0):
        for draw in DRAWS.values():
            draw()
    assert torch.equal(torch.get_rng_state(), before)


def test_every_operation_of_torch_that_draws_can_be_seeded() -> None:
    """Compared with torch's own list: a new way to draw fails here."""
    cannot = {str(func) for func in operations() if how_seeded(func) == "no"}
    cannot = {name for name in cannot if not name.startswith("prims.inductor_")}  # the compiler's
    only_with_dropout = {
        name for name in cannot if any(word in name for word in ("attention", "_rnn", "_lstm_mps"))
    }
    assert cannot - only_with_dropout <= {
        "aten._cudnn_init_dropout_state.default",
        "aten._cudnn_init_dropout_state.out",
        "aten._fill_mem_eff_dropout_mask_.default",
        "aten._fused_sdp_choice.default",  # chooses a way, draws nothing
        "aten._nested_tensor_softmax_with_shape.default",
        "aten.native_dropout.out",
        *(f"aten.{name}_like.out" for name in ("rand", "randn", "randint")),  # refused in torch 2.6
        "aten.randint_like.low_dtype_out",
        "rngprims.philox_rand.default",  # a function of the seed that it is given
    }, "a new operation of torch draws without a generator: see lcm_core/seeding.py"
    assert len(operations()) > 1000, "torch lists its operations in another way"


def operations() -> list[OpOverload]:
    found = []
    for schema in torch._C._jit_get_all_schemas():
        space, name = schema.name.split("::")
        packet = getattr(getattr(torch.ops, space), name, None)
        overload = getattr(packet, schema.overload_name or "default", None)
        if isinstance(overload, OpOverload):
            found.append(overload)
    return found


@pytest.mark.parametrize("name", ["rand_like", "randn_like", "randint_like", "randint_like from"])
def test_an_older_torch_has_no_generator_for_these(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lcm_core import seeding

    monkeypatch.setattr(seeding, "_with_generator", lambda _: None)
    seeding.how_seeded.cache_clear()
    try:
        with Seeded(1):
            first = DRAWS[name]()
        with Seeded(1):
            again = DRAWS[name]()
    finally:
        seeding.how_seeded.cache_clear()
    assert torch.equal(first, again)
    assert first.shape == HALF.shape
    assert first.dtype == HALF.dtype


def test_seeded_dropout_keeps_the_mean() -> None:
    x = torch.ones(100_000)
    with Seeded(0):
        kept = F.dropout(x, 0.25)
    assert kept.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert kept.mean() == pytest.approx(1.0, abs=0.02)
    with Seeded(0):
        assert torch.equal(F.dropout(x, 1.0), torch.zeros_like(x))
        assert torch.equal(F.dropout(x, 0.25, training=False), x)


def test_a_generator_of_the_callers_own_stays_in_use() -> None:
    own = torch.Generator().manual_seed(7)
    expected = torch.rand(3, generator=torch.Generator().manual_seed(7))
    with Seeded(0):
        assert torch.equal(torch.rand(3, generator=own), expected)


def test_dropout_of_a_kernel_that_takes_no_generator_is_refused() -> None:
    q = torch.rand(1, 1, 4, 8)
    flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default
    with Seeded(0):
        flash(q, q, q, 0.0)
        with pytest.raises(RuntimeError, match=r"draws from torch's global generator.*torch\.rand"):
            flash(q, q, q, 0.5)


GLOBAL_DRAWS = {
    "numpy.random.rand": lambda: np.random.rand(3),
    "numpy.random.standard_normal": lambda: np.random.standard_normal(3),
    "numpy.random.permutation": lambda: np.random.permutation(100),
    "random.random": lambda: random.random(),
    "random.sample": lambda: random.sample(range(1000), 5),
}


class Draws(nn.Linear):
    def __init__(self, draw: Callable[[], object]):
        super().__init__(2, 2)
        self.drawn = draw()


@pytest.mark.parametrize("name", GLOBAL_DRAWS)
def test_draws_from_other_global_generators_are_refused(name: str) -> None:
    kind = name.rpartition(".")[0]
    with pytest.raises(ValueError, match=rf"Draws draws .* of {kind} while .*torch\.randn"):
        initialised(lambda: Draws(GLOBAL_DRAWS[name]), seed=0)


def test_they_are_refused_while_other_threads_draw(other_threads_draw: None) -> None:
    def make() -> nn.Module:
        made = nn.Linear(2, 2)
        nn.init.constant_(made.weight, np.random.rand())
        return made

    with pytest.raises(ValueError, match=r"numpy\.random"):
        initialised(make, seed=0)


def test_a_checker_of_types_may_draw() -> None:
    """Beartype draws which items of a list it looks at: that changes nothing."""

    class Checked(nn.Linear):
        def __init__(self) -> None:
            super().__init__(2, 2)
            random.random()

    assert isinstance(initialised(Checked, seed=0), Checked)


def test_what_other_threads_draw_meanwhile_is_not_refused(other_threads_draw: None) -> None:
    made = [initialised(lambda: nn.Linear(50, 50), seed=0) for _ in range(20)]
    assert all(torch.equal(each.weight, made[0].weight) for each in made)


def test_generators_of_numpy_and_python_of_ones_own_are_fine() -> None:
    def draw() -> None:
        np.random.default_rng(0).random(3)
        np.random.RandomState(0).rand(3)
        random.Random(0).random()

    initialised(lambda: Draws(draw), seed=0)
