"""Initialisation that is a function of a seed, whatever other threads draw meanwhile.

Uses private parts of torch; `tests/test_seeding.py` compares it with torch's own list of the
operations that draw.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from lcm_core.imports import uncompiled

__all__ = ["Seeded", "how_seeded", "initialised"]

TRIES = 4  # to see whether a constructor makes something else each time

Module = TypeVar("Module", bound=torch.nn.Module)


class Seeded(TorchDispatchMode):
    """Within it, all that this thread draws by torch comes from `seed` alone.

    `torch.random.fork_rng` with `manual_seed` would do for one thread; but the global generator
    belongs to all, and a panel initialises a model while other cells draw. A generator of the
    caller's own stays in use.

    >>> with Seeded(0):
    ...     first = torch.nn.Linear(2, 2), torch.randn(3)
    >>> with Seeded(0):
    ...     again = torch.nn.Linear(2, 2), torch.randn(3)
    >>> torch.equal(first[0].weight, again[0].weight), torch.equal(first[1], again[1])
    (True, True)

    Args:
        seed: of a generator for each device.

    Attributes:
        drew: whether anything was drawn from it so far.

    Raises:
        RuntimeError: an operation draws, and torch lets no generator be given to it.
    """

    def __init__(self, seed: int):
        super().__init__()
        self._seed = seed
        self._generators: dict[torch.device, torch.Generator] = {}
        self.drew = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: torch would import `torch._dynamo` for it, where `uncompiled` waits."""
        return False

    @uncompiled
    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        match how_seeded(func):
            case "generator":
                names = [argument.name for argument in func._schema.arguments]
                place = names.index("generator")
                if place < len(args):
                    given |= dict(zip(names[place:], args[place:], strict=False))
                    args = args[:place]
                if _is_global(given.get("generator")):
                    self.drew = True
                    given["generator"] = self._generator(args, given)
            case "overload":
                self.drew = True
                func = _with_generator(func) or func
                given["generator"] = self._generator(args, given)
            case "rewritten":
                with self:
                    return _REWRITTEN[func](*args, **given)
            case "parts":
                with self:
                    return func.decompose(*args, **given)
            case "no" if _draws_now(func, args, given):
                raise RuntimeError(
                    f"{func} draws from torch's global generator, and takes no other: the same "
                    "seed would not give the same numbers. Draw with torch.rand, torch.randn, … "
                    "or use dropout apart from this operation"
                )
        return func(*args, **given)

    def _generator(self, args: Sequence[Any], given: Mapping[str, Any]) -> torch.Generator | None:
        device = _device(args, given)
        if device.type == "meta":
            return None
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self._seed)
        return self._generators[device]


def initialised(make: Callable[[], Module], seed: int) -> Module:
    """A module whose initialisation is a function of the seed alone.

    >>> first, again = (initialised(lambda: torch.nn.Linear(2, 2), seed=0) for _ in range(2))
    >>> torch.equal(first.weight, again.weight)
    True

    Args:
        make: makes the module; it may be called several times.
        seed: of all that it draws by torch.

    Raises:
        ValueError: it draws from the global generator of numpy or of Python.
    """
    before = _states()
    with Seeded(seed):
        made = make()
    now = _states()
    changed = [kind for kind in now if now[kind] != before[kind]]
    if not changed:
        return made
    for _ in range(TRIES):  # perhaps another thread drew, or a checker of types: nothing differs
        with Seeded(seed):
            again = make()
        if not _equal(made, again):
            break
    else:
        return made
    raise ValueError(
        f"{type(made).__name__} draws from the global generator of {' and '.join(changed)} "
        "while it is made: the same seed would not give the same numbers. Draw with torch.rand, "
        "torch.randn, torch.randint or torch.randperm, which are seeded here"
    )


@cache
def how_seeded(func: OpOverload) -> str:
    """How `Seeded` seeds an operation of torch.

    Returns: "plain", it draws nothing; "generator", it is given one; "overload", another overload
    is; "rewritten", by operations that can be seeded; "parts", its parts are seeded; or "no".
    """
    if any(argument.name == "generator" for argument in func._schema.arguments):
        return "generator"
    if torch.Tag.nondeterministic_seeded not in func.tags:
        return "plain"
    if _with_generator(func) is not None:
        return "overload"
    if func in _REWRITTEN:
        return "rewritten"
    return "parts" if func._can_decompose() else "no"


@cache
def _with_generator(func: OpOverload) -> OpOverload | None:
    """The overload that takes the same arguments, and a generator."""
    wanted = _signature(func)
    for name in func.overloadpacket.overloads():
        other = getattr(func.overloadpacket, name)
        names = [argument.name for argument in other._schema.arguments]
        if "generator" in names and _signature(other) == wanted:
            return other
    return None


def _signature(func: OpOverload) -> list[tuple[str, str]]:
    return [(a.name, str(a.type)) for a in func._schema.arguments if a.name != "generator"]


def _draws_now(func: OpOverload, args: Sequence[Any], given: Mapping[str, Any]) -> bool:
    """Whether an operation that cannot be seeded draws: not with dropout 0."""
    if func in _DRAW_NOTHING:
        return False
    names = [argument.name for argument in func._schema.arguments]
    values = {**dict(zip(names, args, strict=False)), **given}
    shares = [values.get(name, 0.0) for name in names if name in ("dropout_p", "dropout")]
    return not shares or any(shares)


def _device(args: Sequence[Any], given: Mapping[str, Any]) -> torch.device:
    """The device of the result: `device=`, or that of the tensors given."""
    tensors = (each for each in (*args, *given.values()) if isinstance(each, Tensor))
    device = given.get("device") or next((tensor.device for tensor in tensors), "cpu")
    device = torch.device(device)
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return device


def _is_global(generator: torch.Generator | None) -> bool:
    """Whether it is none, or the global one of a device; torch wraps it anew for each call."""
    everywhere = (torch.default_generator, *torch.cuda.default_generators)
    return generator is None or generator._cdata in {each._cdata for each in everywhere}  # type: ignore[attr-defined]


def _dropout(x: Tensor, p: float, train: bool | None = True) -> tuple[Tensor, Tensor]:
    if train is False or p == 0:
        return x.clone(), torch.ones_like(x, dtype=torch.bool)
    keep = torch.empty_like(x, dtype=torch.bool).bernoulli_(1 - p)
    return x * keep * (1 / (1 - p) if p < 1 else 0.0), keep


def _integers_like(x: Tensor, *bounds: int, **options: Any) -> Tensor:
    low, high = bounds if len(bounds) == 2 else (0, *bounds)
    return torch.empty_like(x, **options).random_(low, high)


#: Operations that draw without a generator, in some version of torch.
_REWRITTEN: Mapping[OpOverload, Callable[..., Any]] = {
    torch.ops.aten.native_dropout.default: _dropout,
    torch.ops.aten.rand_like.default: lambda x, **o: torch.empty_like(x, **o).uniform_(),
    torch.ops.aten.randn_like.default: lambda x, **o: torch.empty_like(x, **o).normal_(),
    torch.ops.aten.randint_like.default: _integers_like,
    torch.ops.aten.randint_like.low_dtype: _integers_like,
}

#: Operations that torch lists as drawing, and that do not.
_DRAW_NOTHING = {torch.ops.aten._fused_sdp_choice.default}


def _states() -> dict[str, object]:
    """The states of the global generators of numpy and of Python."""
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    return {
        "numpy.random": (kind, np.asarray(keys).tobytes(), *rest),
        "random": random.getstate(),
    }


def _equal(one: Any, other: Any) -> bool:
    """Whether two modules have equal parameters, buffers and plain attributes; or two values."""
    if isinstance(one, torch.nn.Module):
        return type(one) is type(other) and _equal(vars(one), vars(other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, Tensor):
        return torch.equal(one.isnan(), other.isnan()) and torch.equal(
            one.nan_to_num(), other.nan_to_num()
        )
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    plain = isinstance(one, bool | int | float | complex | str | np.generic | set | frozenset)
    return not plain or one == other or (one != one and other != other)  # NaN differs from itself
