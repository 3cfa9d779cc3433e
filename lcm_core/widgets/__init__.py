"""Panels for notebooks: they hold state and callbacks, and call the layers below."""

from lcm_core.widgets.bracketing_explorer import BracketingExplorer
from lcm_core.widgets.cayley_explorer import CayleyExplorer
from lcm_core.widgets.cell_operators import offer_operator
from lcm_core.widgets.depth_explorer import DepthExplorer
from lcm_core.widgets.fold_explorer import FoldExplorer
from lcm_core.widgets.law_explorer import LawExplorer
from lcm_core.widgets.operator_playground import OperatorPlayground
from lcm_core.widgets.order_explorer import OrderExplorer
from lcm_core.widgets.property_explorer import FamilyGallery, PropertyExplorer
from lcm_core.widgets.results import show_claims, show_results
from lcm_core.widgets.training_panel import TrainingPanel
from lcm_core.widgets.tree_explorer import TreeExplorer

__all__ = [
    "BracketingExplorer",
    "CayleyExplorer",
    "DepthExplorer",
    "FamilyGallery",
    "FoldExplorer",
    "LawExplorer",
    "OperatorPlayground",
    "OrderExplorer",
    "PropertyExplorer",
    "TrainingPanel",
    "TreeExplorer",
    "offer_operator",
    "show_claims",
    "show_results",
]
