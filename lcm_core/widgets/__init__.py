"""Panels for notebooks: they hold state and callbacks, and call the layers below."""

from lcm_core.widgets.law_explorer import LawExplorer
from lcm_core.widgets.training_panel import TrainingPanel
from lcm_core.widgets.tree_explorer import TreeExplorer

__all__ = ["LawExplorer", "TrainingPanel", "TreeExplorer"]
