from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.operators.base import Operator, register

LEAST_SYMBOLS = 8  # by default
CERTAIN = 1e4  # a logit so large that the softmax is 0 and 1, exactly


@register("cayley")
class Cayley(Operator):
    """A learned multiplication table of m symbols: (x ⊕ y)ₖ = Σᵢⱼ xᵢ yⱼ T[i, j, k].

    A state is a distribution over the symbols, T[i, j] the one of the product of symbols i and j: a
    softmax of logits that i, j and j, i share, so that ⊕ commutes to the last bit. Symbol 0 is the
    identity, by construction. Associativity is learned, and can be asked for by the regulariser;
    how far it is from holding is known exactly: `worst_associativity`. lift is a linear map and a
    softmax, lower a linear map.

    It can be every commutative monoid of m elements, where the exact monoids cannot. What it cannot
    be: one of more elements, such as max on all numbers; and a state holds no more than the
    distribution of one symbol. Each combination takes about m³ / 2 multiplications.

    Args:
        channels: width of elements and answers.
        symbols: m, at least 1 (default: half of `channels`, but no fewer than 8).
    """

    commutative = True

    def __init__(self, channels: int, symbols: int | None = None):
        m = max(LEAST_SYMBOLS, channels // 2) if symbols is None else symbols
        if not isinstance(m, int) or m < 1:
            raise ValueError(f"expected symbols to be a positive int, got {m!r}")
        identity = torch.eye(m)[0]
        super().__init__(channels, state_dim=m, out_channels=channels, identity=identity)
        self.symbols = m
        first, second = torch.triu_indices(m, m)
        self.first: Tensor
        self.second: Tensor
        self.share: Tensor
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("second", second, persistent=False)
        share = torch.where(first == second, 0.5, 1.0)  # i and j in both orders: i = j twice
        self.register_buffer("share", share, persistent=False)
        self.into = nn.Linear(channels, m)
        self.out = nn.Linear(m, channels)
        self.logits = nn.Parameter(torch.empty(m * (m - 1) // 2, m))  # of i ≤ j, without symbol 0
        self.reset_parameters()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.normal_(self.logits)

    def lift(self, x: Tensor) -> Tensor:
        return self.into(x).softmax(dim=-1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        (x_i, x_j), (y_i, y_j) = (
            [state.index_select(-1, place) for place in (self.first, self.second)]
            for state in (left, right)
        )
        return ((x_i * y_j + x_j * y_i) * self.share) @ self.products()

    def lower(self, state: Tensor) -> Tensor:
        return self.out(state)

    def products(self) -> Float[Tensor, "pairs m"]:
        """T[i, j] for each i ≤ j, row by row of the table."""
        with_identity = torch.eye(self.symbols, dtype=self.logits.dtype, device=self.logits.device)
        return torch.cat([with_identity, self.logits.softmax(dim=-1)])

    def table(self) -> Float[Tensor, "m m m"]:
        """T: T[i, j] is the distribution of the product of symbols i and j."""
        m, products = self.symbols, self.products()
        place = torch.empty(m, m, dtype=torch.long, device=products.device)
        place[self.first, self.second] = place[self.second, self.first] = torch.arange(
            len(products), device=products.device
        )
        return products[place]

    def set_products(self, products: Int[Tensor, "m m"]) -> None:
        """Write a table: `products[i, j]` is the symbol of i ⊕ j, with certainty.

        Raises:
            ValueError: it is not of m symbols, not symmetric, or symbol 0 is not its identity.
        """
        m = self.symbols
        if products.shape != (m, m) or not bool(((products >= 0) & (products < m)).all()):
            raise ValueError(
                f"expected a table of shape ({m}, {m}) of symbols from 0 to {m - 1}, got one of "
                f"shape {tuple(products.shape)} from {products.min()} to {products.max()}"
            )
        if not torch.equal(products, products.T):
            i, j = (products != products.T).nonzero()[0].tolist()
            raise ValueError(
                f"expected a symmetric table, got {i} ⊕ {j} = {products[i, j]} and "
                f"{j} ⊕ {i} = {products[j, i]}"
            )
        if not torch.equal(products[0], torch.arange(m).to(products)):
            raise ValueError(
                f"expected symbol 0 to be the identity: products[0] = {list(range(m))}, got "
                f"{products[0].tolist()}"
            )
        symbols = products[self.first, self.second][m:].to(self.logits.device)
        with torch.no_grad():
            self.logits.copy_(CERTAIN * nn.functional.one_hot(symbols, m))

    def extra_repr(self) -> str:
        return f"channels={self.channels}, symbols={self.symbols}"


@dataclass(frozen=True)
class WorstTriple:
    """The largest error of associativity that any three states of a `Cayley` operator have.

    Args:
        error: ½ Σₖ |(x ⊕ y) ⊕ z − x ⊕ (y ⊕ z)|ₖ, from 0 to 1: how often, at least, the two
            products are different symbols.
        triple: the symbols x, y and z at which it is.
        left, right: the distributions (x ⊕ y) ⊕ z and x ⊕ (y ⊕ z) there.
        mean: the mean error of all m³ triples of symbols.
    """

    error: float
    triple: tuple[int, int, int]
    left: Float[Tensor, " m"]
    right: Float[Tensor, " m"]
    mean: float


@torch.no_grad()
def worst_associativity(operator: Cayley) -> WorstTriple:
    """The exact worst case of associativity over all states, found among m³ triples of symbols.

    Proof. (x ⊕ y) ⊕ z − x ⊕ (y ⊕ z) is linear in each of x, y and z, so that a norm of it is convex
    in each. A convex function on a simplex is largest at a corner: moving x, then y, then z to a
    corner, which is a symbol, makes the error no smaller. So no states do worse than some symbols.

    Takes m⁵ multiplications, in double precision.
    """
    table = operator.table().double()
    left = torch.einsum("ija,akl->ijkl", table, table)  # (i ⊕ j) ⊕ k
    right = left.permute(2, 0, 1, 3)  # ⊕ commutes: i ⊕ (j ⊕ k) = (j ⊕ k) ⊕ i
    errors = 0.5 * (left - right).abs().sum(-1)
    i, j, k = (int(v) for v in torch.unravel_index(errors.argmax(), errors.shape))
    return WorstTriple(
        float(errors[i, j, k]), (i, j, k), left[i, j, k], right[i, j, k], float(errors.mean())
    )
