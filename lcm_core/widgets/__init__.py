"""Panels for notebooks: they hold state and callbacks, and call the other rooms.

Open `base/panel.py` first, then the `explorer.py` or `panel.py` of a folder. A folder imports only
itself, `base` and `operators`.
"""

import torch

from lcm_core.threads import default_threads
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.figure_panel import FigurePanel
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.worker import Worker
from lcm_core.widgets.cayley.explorer import CayleyExplorer
from lcm_core.widgets.depth.explorer import DepthExplorer
from lcm_core.widgets.folds.explorer import FoldExplorer
from lcm_core.widgets.graphs.explorer import FamilyGallery, PropertyExplorer
from lcm_core.widgets.laws.compare import CompareOperators
from lcm_core.widgets.laws.explorer import LawExplorer
from lcm_core.widgets.messages.explorer import MessageExplorer
from lcm_core.widgets.operators.cell_operators import offer_operator
from lcm_core.widgets.operators.menu import OperatorMenu
from lcm_core.widgets.playground.panel import OperatorPlayground
from lcm_core.widgets.polytopes.bracketings import BracketingExplorer
from lcm_core.widgets.polytopes.orders import OrderExplorer
from lcm_core.widgets.reorder.explorer import ReorderExplorer
from lcm_core.widgets.results.penalty import PenaltyExplorer
from lcm_core.widgets.results.show import show_claims, show_results
from lcm_core.widgets.training.panel import TrainingPanel
from lcm_core.widgets.training.tweak import TweakOperator
from lcm_core.widgets.trees.explorer import TreeExplorer
from lcm_core.widgets.unions.explorer import UnionExplorer

torch.set_num_threads(default_threads())  # a kernel is one of many on a machine

__all__ = [
    "BracketingExplorer",
    "CayleyExplorer",
    "CompareOperators",
    "DepthExplorer",
    "FamilyGallery",
    "FigurePanel",
    "FoldExplorer",
    "LawExplorer",
    "LiveFigure",
    "MessageExplorer",
    "OperatorMenu",
    "OperatorPlayground",
    "OrderExplorer",
    "Panel",
    "PenaltyExplorer",
    "PropertyExplorer",
    "ReadOut",
    "ReorderExplorer",
    "TrainingPanel",
    "TreeExplorer",
    "TweakOperator",
    "UnionExplorer",
    "Worker",
    "button",
    "offer_operator",
    "row",
    "show_claims",
    "show_results",
]
