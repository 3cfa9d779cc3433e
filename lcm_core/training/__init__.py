"""Training: recipes, the trainer that yields records, its regularisers, and trained models.

Open `trainer.py` first; `recipe.py` has every choice of a run, `ranks.py` the processes that share
one.
"""

from lcm_core.training.fitting import Fit, fit
from lcm_core.training.pretrained_models import pretrained
from lcm_core.training.ranks import Ranks
from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.start import pretrained_names
from lcm_core.training.table_learner import TableLearner, monoid_table
from lcm_core.training.trainer import Trainer, TrainingError

__all__ = [
    "Fit",
    "Ranks",
    "Recipe",
    "Record",
    "TableLearner",
    "Trainer",
    "TrainingError",
    "fit",
    "monoid_table",
    "pretrained",
    "pretrained_names",
]
