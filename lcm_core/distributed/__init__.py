"""Reductions past one machine: over ranks of torch.distributed, and over streams.

Open `tree_over_ranks.py` first: how the states of all ranks become one, by one tree.
"""

from lcm_core.distributed.links import Traffic, count_traffic
from lcm_core.distributed.local_ranks import LocalRanks
from lcm_core.distributed.schedule import Message, messages, rounds, tree_of_ranks
from lcm_core.distributed.sharded import reduce_sharded
from lcm_core.distributed.streams import Running, reduce_stream
from lcm_core.distributed.tree_over_ranks import all_reduce
from lcm_core.errors import RankError

__all__ = [
    "LocalRanks",
    "Message",
    "RankError",
    "Running",
    "Traffic",
    "all_reduce",
    "count_traffic",
    "messages",
    "reduce_sharded",
    "reduce_stream",
    "rounds",
    "tree_of_ranks",
]
