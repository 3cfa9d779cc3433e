import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.operators.base import Operator, register

__all__ = ["Cayley"]

SYMBOLS = 4  # by default
SHARP = 4.0  # the first lift tells elements apart: a mixture of all symbols says little
CERTAIN = 1e4  # a logit so large that the softmax is 0 and 1, exactly


@register("cayley")
class Cayley(Operator):
    """A learned multiplication table of m symbols: (x ⊕ y)ₖ = Σᵢⱼ xᵢ yⱼ T[i, j, k].

    A state is a distribution over the symbols, T[i, j] the one of the product of symbols i and j: a
    softmax of logits that i, j and j, i share, so that ⊕ commutes to the last bit. Symbol 0 is the
    identity, by construction. Associativity is learned, and can be asked for by the regulariser;
    how far it is from holding is known exactly (`worst_associativity`). A state may have several
    such distributions side by side, each with a table of its own. lift is a linear map and a
    softmax, lower a linear map.

    What it can be that the exact monoids cannot: every commutative monoid of m elements. What it
    cannot be: one of infinitely many, such as the sum or the max of any numbers.

    Args:
        channels: width of elements and answers.
        symbols: m, at least 2.
        tables: distributions in a state, which is `tables · m` wide (default: as many as make it
            `channels` wide, at least 1).
    """

    commutative = True

    def __init__(self, channels: int, symbols: int = SYMBOLS, tables: int | None = None):
        if not isinstance(symbols, int) or symbols < 2:
            raise ValueError(f"expected symbols to be an int from 2, got {symbols!r}")
        tables = max(1, channels // symbols) if tables is None else tables
        if not isinstance(tables, int) or tables < 1:
            raise ValueError(f"expected tables to be a positive int, got {tables!r}")
        width = tables * symbols
        identity = torch.eye(symbols)[0].repeat(tables)
        super().__init__(channels, state_dim=width, out_channels=channels, identity=identity)
        self.symbols, self.tables = symbols, tables
        first, second = torch.triu_indices(symbols, symbols)
        self.first: Tensor
        self.second: Tensor
        self.share: Tensor
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("second", second, persistent=False)
        share = torch.where(first == second, 0.5, 1.0)  # i and j in both orders: i = j twice
        self.register_buffer("share", share, persistent=False)
        self.into = nn.Linear(channels, width)
        self.out = nn.Linear(width, channels)
        of_pairs = symbols * (symbols - 1) // 2  # i ≤ j, without symbol 0
        self.logits = nn.Parameter(torch.empty(tables, of_pairs, symbols))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.normal_(self.logits)
        with torch.no_grad():
            self.into.weight.mul_(SHARP)

    def lift(self, x: Tensor) -> Tensor:
        return self._apart(self.into(x)).softmax(dim=-1).flatten(-2)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        (x_i, x_j), (y_i, y_j) = (
            [self._apart(state).index_select(-1, at) for at in (self.first, self.second)]
            for state in (left, right)
        )
        chances = (x_i * y_j + x_j * y_i) * self.share  # of the symbols i and j, in any order
        return torch.einsum("...tp,tpk->...tk", chances, self.products()).flatten(-2)

    def lower(self, state: Tensor) -> Tensor:
        return self.out(state)

    def products(self) -> Float[Tensor, "tables pairs m"]:
        """T[i, j] for each i ≤ j, row by row of the table."""
        symbols = torch.eye(self.symbols, dtype=self.logits.dtype, device=self.logits.device)
        with_identity = symbols.expand(self.tables, -1, -1)
        return torch.cat([with_identity, self.logits.softmax(dim=-1)], dim=1)

    def table(self) -> Float[Tensor, "tables m m m"]:
        """T: T[i, j] is the distribution of the product of symbols i and j, in each table."""
        products, m = self.products(), self.symbols
        place = torch.empty(m, m, dtype=torch.long, device=products.device)
        place[self.first, self.second] = place[self.second, self.first] = torch.arange(
            products.shape[1], device=products.device
        )
        return products[:, place]

    def set_products(self, products: Int[Tensor, "m m"]) -> None:
        """Write all tables: `products[i, j]` is the symbol i ⊕ j, with certainty.

        Raises:
            ValueError: it is not of m symbols, not symmetric, or symbol 0 is not its identity.
        """
        m = self.symbols
        if products.shape != (m, m) or not bool(((products >= 0) & (products < m)).all()):
            raise ValueError(
                f"expected a table of shape ({m}, {m}) of symbols from 0 to {m - 1}, got one of "
                f"shape {tuple(products.shape)}: {products.tolist()}"
            )
        if not torch.equal(products, products.T):
            i, j = (products != products.T).nonzero()[0].tolist()
            raise ValueError(
                f"expected a symmetric table, got {i} ⊕ {j} = {products[i, j]} and "
                f"{j} ⊕ {i} = {products[j, i]}"
            )
        if products[0].tolist() != list(range(m)):
            raise ValueError(
                f"expected symbol 0 to be the identity, a first row {list(range(m))}, got "
                f"{products[0].tolist()}"
            )
        symbols = products.to(self.first.device)[self.first, self.second][m:]
        with torch.no_grad():
            self.logits.copy_(CERTAIN * nn.functional.one_hot(symbols.long(), m))

    def _apart(self, state: Tensor) -> Tensor:
        """The distributions of a state (*, tables · m): (*, tables, m)."""
        return state.unflatten(-1, (self.tables, self.symbols))

    def extra_repr(self) -> str:
        return f"channels={self.channels}, symbols={self.symbols}, tables={self.tables}"
