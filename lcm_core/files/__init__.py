"""Files that are written whole or not at all: checkpoints, and copies that a machine keeps.

Open `checkpoints.py` first. Files of experiments' results are in `experiments/framework/store.py`.
"""

from lcm_core.files.cache import cache_folder, cached
from lcm_core.files.checkpoints import read_checkpoint, write_checkpoint

__all__ = [
    "cache_folder",
    "cached",
    "read_checkpoint",
    "write_checkpoint",
]
